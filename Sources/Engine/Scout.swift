// The scout: the first look at a place where a match of a rule may start. Most places fail it, within a few bytes.

/// The forward automata of all rules, as bare tables: what a scout reads is a pointer away, without a class in between.
///
/// Its memory never changes after `init`: hence unchecked.
final class Scout: @unchecked Sendable {
    private struct Tables {
        /// Row + symbol → entry: see ``StateTable``. A state is given as the offset of its row where `isFlat`, which spares a multiplication a byte.
        var entries: UnsafePointer<UInt16>
        /// Byte → symbol.
        var classes: UnsafePointer<UInt8>
        var symbolCount: Int
        /// Symbol left of the start → state.
        var starts: UnsafePointer<UInt16>
        var isFlat: Bool
        /// State → see ``ForwardAutomaton/canGoOn``.
        var canGoOn: UnsafePointer<Bool>
    }

    private let rules: [CompiledRule]
    private let tables: UnsafeMutableBufferPointer<Tables>
    /// Whose tables come first, and are not ours to free.
    private let base: Scout?

    /// - Parameter base: knows the first of the rules.
    init(_ rules: [CompiledRule], behind base: Scout? = nil) {
        self.rules = rules
        self.base = base
        tables = .allocate(capacity: rules.count)
        let known = base?.tables.count ?? 0
        for index in 0..<known { (tables.baseAddress! + index).initialize(to: base!.tables[index]) }
        for (index, rule) in rules.enumerated().dropFirst(known) {
            let table = rule.forward.table
            let isFlat = table.stateCount * table.symbolCount <= Int(StateTable.stateMask)
            func moved(_ entry: UInt16) -> UInt16 {
                isFlat ? entry & StateTable.mark | (entry & StateTable.stateMask) * UInt16(table.symbolCount) : entry
            }
            let entries = UnsafeMutableBufferPointer<UInt16>.allocate(capacity: table.stateCount * table.symbolCount)
            _ = entries.initialize(from: UnsafeBufferPointer(start: table.entries, count: entries.count).lazy.map(moved))
            let starts = UnsafeMutableBufferPointer<UInt16>.allocate(capacity: table.symbolCount)
            _ = starts.initialize(from: rule.forward.starts.lazy.map(moved))
            let canGoOn = UnsafeMutableBufferPointer<Bool>.allocate(capacity: table.stateCount)
            _ = canGoOn.initialize(from: rule.forward.canGoOn)
            (tables.baseAddress! + index).initialize(
                to: Tables(
                    entries: UnsafePointer(entries.baseAddress!), classes: table.classes, symbolCount: table.symbolCount,
                    starts: UnsafePointer(starts.baseAddress!), isFlat: isFlat, canGoOn: UnsafePointer(canGoOn.baseAddress!)))
        }
    }

    deinit {
        for table in tables.dropFirst(base?.tables.count ?? 0) {
            table.entries.deallocate()
            table.starts.deallocate()
            table.canGoOn.deallocate()
        }
        tables.deallocate()
    }

    /// What a scout comes upon.
    struct Sight {
        /// Ends of matches; one at the end of the text counts as if nothing followed.
        var ends = 0
        /// The last of them.
        var lastEnd = 0
        /// Where the run stopped.
        var stop = 0
        /// The automaton was still alive at the end of the text.
        var isAlive = false
    }

    /// What became of a match by the end of what has arrived.
    enum Fate {
        case dead
        /// It has had no end, and more bytes can make it one.
        case open
        /// It may have ended.
        case unclear
    }

    /// Looks from a place near the end of what has arrived.
    ///
    /// - Parameter before: the byte before `bytes`; nil at the start of the text.
    func look(_ rule: Int, from start: Int, in bytes: UnsafeBufferPointer<UInt8>, before: UInt8?) -> Fate {
        let tables = self.tables[rule]
        let width = tables.isFlat ? 1 : tables.symbolCount
        let left = start > 0 ? bytes[start - 1] : before
        var state = Int(tables.starts[left.map { Int(tables.classes[Int($0)]) } ?? tables.symbolCount - 1])
        for index in start..<bytes.count {
            let entry = tables.entries[state &* width &+ Int(tables.classes[Int(bytes[index])])]
            if entry & StateTable.mark != 0 { return .unclear }
            state = Int(entry & StateTable.stateMask)
            if state == 0 { return .dead }
        }
        return tables.canGoOn[tables.isFlat ? state / tables.symbolCount : state] ? .open : .unclear
    }

    /// Whether no match begins at a place, as far as its first bytes say.
    ///
    /// - Parameter before: the byte before `bytes`; nil at the start of the text.
    @inline(__always)
    func failsSoon(_ rule: Int, from start: Int, in bytes: UnsafeBufferPointer<UInt8>, before: UInt8?) -> Bool {
        let tables = self.tables[rule]
        let width = tables.isFlat ? 1 : tables.symbolCount
        let base = bytes.baseAddress.unsafelyUnwrapped
        let left = start > 0 ? base[start &- 1] : before
        var state = Int(tables.starts[left.map { Int(tables.classes[Int($0)]) } ?? tables.symbolCount &- 1])
        for index in start..<min(bytes.count, start &+ Self.soon) {
            let entry = tables.entries[state &* width &+ Int(tables.classes[Int(base[index])])]
            if entry == 0 { return true }
            if entry & StateTable.mark != 0 { return false }
            state = Int(entry)
        }
        return false
    }

    /// Bytes in ``failsSoon(_:from:in:before:)``. One more costs less than what follows on a place that does not fail.
    static var soon: Int { 24 }

    /// Runs a rule's automaton to where no match can get longer, or to the end of the text.
    ///
    /// - Parameters:
    ///   - start: offset into `bytes`.
    ///   - before: the byte before `bytes`; nil at the start of the text.
    @inline(__always)
    func run(_ rule: Int, from start: Int, in bytes: UnsafeBufferPointer<UInt8>, before: UInt8?) -> Sight {
        let tables = self.tables[rule]
        return tables.isFlat
            ? run(tables, from: start, in: bytes, before, width: 1)
            : run(tables, from: start, in: bytes, before, width: tables.symbolCount)
    }

    @inline(__always)
    private func run(_ tables: Tables, from start: Int, in bytes: UnsafeBufferPointer<UInt8>, _ before: UInt8?, width: Int) -> Sight {
        let edge = tables.symbolCount &- 1
        let base = bytes.baseAddress.unsafelyUnwrapped
        let count = bytes.count
        let left = start > 0 ? base[start &- 1] : before
        var state = Int(tables.starts[left.map { Int(tables.classes[Int($0)]) } ?? edge])
        var sight = Sight()
        var index = start
        while index < count {
            let entry = tables.entries[state &* width &+ Int(tables.classes[Int(base[index])])]
            if entry & StateTable.mark != 0 {
                sight.ends &+= 1
                sight.lastEnd = index
            }
            state = Int(entry & StateTable.stateMask)
            if state == 0 {
                sight.stop = index
                return sight
            }
            index &+= 1
        }
        if tables.entries[state &* width &+ edge] & StateTable.mark != 0 {
            sight.ends &+= 1
            sight.lastEnd = index
        }
        sight.stop = index
        sight.isAlive = true
        return sight
    }
}
