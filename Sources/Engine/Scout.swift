// The scout: the first look at a place where a match of a rule may start. Most places fail it, within a few bytes.

/// The forward automata of all rules, as bare tables: what a scout reads is a pointer away, without a class in between.
///
/// Its memory never changes after `init`, and the tables that it points into belong to `rules`: hence unchecked.
final class Scout: @unchecked Sendable {
    private struct Tables {
        /// State × symbol → entry: see ``StateTable``.
        var entries: UnsafePointer<UInt16>
        /// Byte → symbol.
        var classes: UnsafePointer<UInt8>
        var symbolCount: Int
        /// Symbol left of the start → state.
        var starts: UnsafeMutablePointer<UInt16>
    }

    private let rules: [CompiledRule]
    private let tables: UnsafeMutableBufferPointer<Tables>

    init(_ rules: [CompiledRule]) {
        self.rules = rules
        tables = .allocate(capacity: rules.count)
        for (index, rule) in rules.enumerated() {
            let table = rule.forward.table
            let starts = UnsafeMutablePointer<UInt16>.allocate(capacity: table.symbolCount)
            starts.initialize(from: rule.forward.starts, count: table.symbolCount)
            (tables.baseAddress! + index).initialize(
                to: Tables(entries: table.entries, classes: table.classes, symbolCount: table.symbolCount, starts: starts))
        }
    }

    deinit {
        for table in tables { table.starts.deallocate() }
        tables.deallocate()
    }

    /// Whether a run of a rule's automaton comes upon an end of a match.
    ///
    /// - Parameters:
    ///   - start: offset into `bytes`, a text or the rest of one that is all there.
    ///   - before: the byte before `bytes`; nil at the start of the text.
    @inline(__always)
    func findsEnd(_ rule: Int, from start: Int, in bytes: UnsafeBufferPointer<UInt8>, before: UInt8?) -> Bool {
        let tables = self.tables[rule]
        let symbolCount = tables.symbolCount
        let left = start > 0 ? Int(tables.classes[Int(bytes[start - 1])]) : before.map { Int(tables.classes[Int($0)]) } ?? symbolCount - 1
        var state = Int(tables.starts[left])
        var index = start
        while index < bytes.count {
            let entry = tables.entries[state * symbolCount + Int(tables.classes[Int(bytes[index])])]
            if entry & StateTable.mark != 0 { return true }
            state = Int(entry)
            if state == 0 { return false }
            index += 1
        }
        return tables.entries[state * symbolCount + symbolCount - 1] & StateTable.mark != 0
    }
}
