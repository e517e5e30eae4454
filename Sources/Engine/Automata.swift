// Deterministic automata of one pattern, built whole when the rule loads: tables only, shared by all threads.
//
// Both kinds read one symbol a step (a byte's class, or the edge of the text) and give back a state with a mark on it. The mark
// belongs to the gap just crossed, since assertions need the bytes on both of its sides.

/// A table of states × symbols. Entries are a state number with ``mark`` set or not; state 0 is the end of all hope.
///
/// Its memory never changes after `init`, which is why it may be shared.
final class StateTable: @unchecked Sendable {
    static let mark: UInt16 = 0x8000
    static let stateMask: UInt16 = 0x7FFF
    /// A rule that needs more states than this does not load.
    static let mostStates = 30_000

    let entries: UnsafeMutablePointer<UInt16>
    let symbolCount: Int
    let stateCount: Int
    /// Byte value → symbol; 256 entries.
    let classes: UnsafeMutablePointer<UInt8>
    /// The symbol of the edge of the text.
    var edge: Int { symbolCount - 1 }

    fileprivate init(rows: [[UInt16]], classes byteClasses: ByteClasses) {
        symbolCount = byteClasses.symbolCount
        stateCount = rows.count
        entries = .allocate(capacity: rows.count * symbolCount)
        for (state, row) in rows.enumerated() {
            (entries + state * symbolCount).initialize(from: row, count: symbolCount)
        }
        classes = .allocate(capacity: 256)
        classes.initialize(from: byteClasses.table, count: 256)
    }

    deinit {
        entries.deallocate()
        classes.deallocate()
    }

    @inline(__always)
    func entry(_ state: UInt16, _ symbol: Int) -> UInt16 { entries[Int(state) * symbolCount + symbol] }

    @inline(__always)
    func symbol(_ byte: UInt8) -> Int { Int(classes[Int(byte)]) }
}

/// The pattern would need more states than ``StateTable/mostStates``.
struct TooManyStates: Error {}

/// Reads forward from where a match may begin; a mark says that a match may end at the gap just crossed.
struct ForwardAutomaton: Sendable {
    let table: StateTable
    /// Symbol left of the start → state.
    let starts: [UInt16]
    /// State → a match ends here whatever comes.
    let accepts: [Bool]
    /// State → what comes decides nothing any more: a match ends here or it does not, and none is longer.
    let isDecided: [Bool]
    /// State → more bytes can make the match longer, or make it one.
    let canGoOn: [Bool]
    /// State → some way to read the bytes so far has its last byte in the masked part.
    let isInMask: [Bool]

    init(_ wiring: Wiring) throws(TooManyStates) {
        let symbols = wiring.symbolCount
        var rows: [[UInt16]] = [[UInt16](repeating: 0, count: symbols)]
        var pending: [(row: Int, positions: [UInt16], before: Int)] = []
        var known: [StateKey: UInt16] = [:]
        var inMask = [false]

        func state(_ positions: [UInt16], before: Int) throws(TooManyStates) -> UInt16 {
            if positions.isEmpty { return 0 }
            let key = StateKey(positions: positions, neighbour: positions.contains(where: wiring.looksAtBefore) ? before : -1)
            if let number = known[key] { return number }
            if rows.count >= StateTable.mostStates { throw TooManyStates() }
            let number = UInt16(rows.count)
            known[key] = number
            pending.append((rows.count, positions, before))
            rows.append([])
            inMask.append(positions.contains { wiring.positions.isMasked[Int($0)] })
            return number
        }

        // The state before any byte depends on the byte before the start only.
        var starts = [UInt16](repeating: 0, count: symbols)
        var rowsOfStarts: [[UInt16]: UInt16] = [:]
        var buckets = Buckets(symbols: symbols, positions: wiring.count)
        for before in 0..<symbols {
            for way in wiring.first { wiring.forEachSymbol(of: way, before: before) { buckets.add(way.position, to: $0) } }
            var row = [UInt16](repeating: 0, count: symbols)
            for symbol in 0..<symbols { row[symbol] = try state(buckets.take(symbol), before: symbol) }
            if row.allSatisfy({ $0 == 0 }) { continue }
            if let same = rowsOfStarts[row] {
                starts[before] = same
                continue
            }
            starts[before] = UInt16(rows.count)
            rowsOfStarts[row] = starts[before]
            rows.append(row)
            inMask.append(false)
        }

        while let (row, positions, before) = pending.popLast() {
            for position in positions {
                for way in wiring.following[Int(position)] { wiring.forEachSymbol(of: way, before: before) { buckets.add(way.position, to: $0) } }
            }
            var entries = [UInt16](repeating: 0, count: symbols)
            for symbol in 0..<symbols {
                entries[symbol] = try state(buckets.take(symbol), before: symbol)
                if positions.contains(where: { wiring.mayEnd(at: Int($0), before: before, after: symbol) }) { entries[symbol] |= StateTable.mark }
            }
            rows[row] = entries
        }
        table = StateTable(rows: rows, classes: wiring.classes)
        self.starts = starts
        accepts = rows.map { row in row.allSatisfy { $0 & StateTable.mark != 0 } }
        isDecided = rows.map { row in row.allSatisfy { $0 & StateTable.stateMask == 0 && $0 == row[0] } }
        canGoOn = rows.map { row in row.contains { $0 & StateTable.stateMask != 0 } }
        isInMask = inMask
    }
}

/// Reads backward from some place in the text; a mark says that a match may begin at the gap just crossed.
struct ReverseAutomaton: Sendable {
    let table: StateTable
    /// Symbol right of the place → state. The same for all where the place is the end of what has arrived.
    let initial: [UInt16]

    /// The matches that end at the place; `initial` is by the symbol that follows.
    static func matchesEnding(_ wiring: Wiring) throws(TooManyStates) -> ReverseAutomaton {
        try ReverseAutomaton(wiring, knowsAfter: true, cutsAtEnds: false, mostStates: StateTable.mostStates) { position, symbol, after in
            wiring.mayEnd(at: position, before: symbol, after: after)
        }
    }

    /// The matches that are still open at the place, because more bytes could make them one, or make them longer
    /// (ENGINE: exact hold-back). With `committing`, a match is closed as soon as it has an end.
    ///
    /// One automaton for all positions that a run may have reached can need a state for each pair of two counts (how far into the local part of
    /// an address, how far into a label of its domain). Then the positions are divided, between two elements of the pattern's sequence, and each part gets
    /// an automaton of its own: states add up instead of multiplying.
    ///
    /// - Parameter elements: position ranges of the elements of the pattern's outermost sequence, in order.
    static func matchesOpen(_ wiring: Wiring, elements: ArraySlice<Range<Int>>, committing: Bool) throws(TooManyStates) -> [ReverseAutomaton] {
        guard let reached = elements.first.map({ $0.lowerBound..<elements.last!.upperBound }) else { return [] }
        let mostStates = elements.count > 1 ? 2_000 : StateTable.mostStates
        do {
            return [try matchesOpen(wiring, reached: reached, committing: committing, mostStates: mostStates)]
        } catch {
            if elements.count == 1 { throw error }
            let middle = elements.startIndex + elements.count / 2
            return try matchesOpen(wiring, elements: elements[..<middle], committing: committing)
                + matchesOpen(wiring, elements: elements[middle...], committing: committing)
        }
    }

    private static func matchesOpen(
        _ wiring: Wiring, reached: Range<Int>, committing: Bool, mostStates: Int
    ) throws(TooManyStates) -> ReverseAutomaton {
        try ReverseAutomaton(wiring, knowsAfter: false, cutsAtEnds: committing, mostStates: mostStates) { position, symbol, _ in
            guard reached.contains(position) else { return false }
            let ends = (0..<wiring.symbolCount).map { wiring.mayEnd(at: position, before: symbol, after: $0) }
            if committing && !ends.contains(false) { return false }
            if ends.contains(true) && ends.contains(false) { return true }
            return wiring.following[position].contains { way in
                var isOpen = false
                wiring.forEachSymbol(of: way, before: symbol) { after in
                    if !(committing && ends[after]) { isOpen = true }
                }
                return isOpen
            }
        }
    }

    /// - Parameter isAt: whether a run whose last byte, of the given symbol, was read at the given position counts at the place
    ///   with the given symbol behind it.
    private init(
        _ wiring: Wiring, knowsAfter: Bool, cutsAtEnds: Bool, mostStates: Int, isAt: (_ position: Int, _ symbol: Int, _ after: Int) -> Bool
    ) throws(TooManyStates) {
        let symbols = wiring.symbolCount
        var rows: [[UInt16]] = [[UInt16](repeating: 0, count: symbols)]
        var pending: [(row: Int, positions: [UInt16], after: Int)] = []
        var known: [StateKey: UInt16] = [:]

        func state(_ positions: [UInt16], after: Int) throws(TooManyStates) -> UInt16 {
            if positions.isEmpty { return 0 }
            let key = StateKey(positions: positions, neighbour: cutsAtEnds || positions.contains(where: wiring.looksAtAfter) ? after : -1)
            if let number = known[key] { return number }
            if rows.count >= mostStates { throw TooManyStates() }
            let number = UInt16(rows.count)
            known[key] = number
            pending.append((rows.count, positions, after))
            rows.append([])
            return number
        }

        var initial = [UInt16](repeating: 0, count: symbols)
        var rowsOfInitial: [[UInt16]: UInt16] = [:]
        for after in 0..<(knowsAfter ? symbols : 1) {
            var row = [UInt16](repeating: 0, count: symbols)
            for symbol in 0..<wiring.classes.count {
                let positions = (0..<wiring.count).filter { wiring.isUseful($0, symbol) && isAt($0, symbol, after) }
                row[symbol] = try state(positions.map(UInt16.init), after: symbol)
            }
            if let same = rowsOfInitial[row] {
                initial[after] = same
                continue
            }
            initial[after] = UInt16(rows.count)
            rowsOfInitial[row] = initial[after]
            rows.append(row)
        }
        if !knowsAfter { initial = [UInt16](repeating: initial[0], count: symbols) }

        var buckets = Buckets(symbols: symbols, positions: wiring.count)
        while let (row, positions, after) = pending.popLast() {
            var entries = [UInt16](repeating: 0, count: symbols)
            for position in positions {
                for way in wiring.preceding[Int(position)] {
                    for symbol in wiring.symbols(of: way.position) where wiring.allows(way.gate, before: symbol, after: after) {
                        if cutsAtEnds && wiring.mayEnd(at: way.position, before: symbol, after: after) { continue }
                        if wiring.isUseful(way.position, symbol) { buckets.add(way.position, to: symbol) }
                    }
                }
                if let gate = wiring.firstGate[Int(position)] {
                    for symbol in 0..<symbols where wiring.allows(gate, before: symbol, after: after) { entries[symbol] |= StateTable.mark }
                }
            }
            for symbol in 0..<symbols { entries[symbol] |= try state(buckets.take(symbol), after: symbol) }
            rows[row] = entries
        }
        table = StateTable(rows: rows, classes: wiring.classes)
        self.initial = initial
    }
}

/// A position automaton with its bytes reduced to symbols and its gaps to look-up tables: what both constructions read.
struct Wiring {
    struct Way {
        var position: Int
        /// Index of the condition on the gap; 0 is always open.
        var gate: Int
    }

    let positions: Positions
    let classes: ByteClasses
    let first: [Way]
    let following: [[Way]]
    let preceding: [[Way]]
    /// Position → gate of the gap before a match that begins there; nil where none can.
    let firstGate: [Int?]
    private var gates: [[Bool]]
    private let gatedBefore: [Bool]
    private let gatedAfter: [Bool]
    private let symbolsOfPosition: [[Int]]
    /// Position → gate of the gap behind a match that ends there; nil where none can.
    private let lastGate: [Int?]
    private var useful: [Bool] = []

    var count: Int { positions.count }
    var symbolCount: Int { classes.symbolCount }

    init(_ positions: Positions) {
        let classes = ByteClasses(positions)
        var numbers: [Gap: Int] = [.always: 0]
        var gaps: [Gap] = [.always]
        func gate(_ gap: Gap) -> Int {
            if let number = numbers[gap] { return number }
            numbers[gap] = gaps.count
            gaps.append(gap)
            return gaps.count - 1
        }
        func wire(_ ways: [Positions.Way]) -> [Way] { ways.map { Way(position: $0.position, gate: gate($0.gap)) } }

        first = wire(positions.first)
        following = positions.following.map(wire)
        var lastGap = [Gap](repeating: .never, count: positions.count)
        for way in positions.last { lastGap[way.position] = lastGap[way.position].or(way.gap) }
        lastGate = lastGap.map { $0.isNever ? nil : gate($0) }
        var preceding = [[Way]](repeating: [], count: positions.count)
        for (position, ways) in following.enumerated() {
            for way in ways { preceding[way.position].append(Way(position: position, gate: way.gate)) }
        }
        self.preceding = preceding
        var firstGate = [Int?](repeating: nil, count: positions.count)
        for way in first { firstGate[way.position] = way.gate }
        self.firstGate = firstGate
        let (following, lastGate) = (self.following, self.lastGate)
        gatedBefore = (0..<positions.count).map { (lastGate[$0] ?? 0) != 0 || following[$0].contains { $0.gate != 0 } }
        gatedAfter = (0..<positions.count).map { (firstGate[$0] ?? 0) != 0 || preceding[$0].contains { $0.gate != 0 } }
        symbolsOfPosition = positions.sets.map { set in (0..<classes.count).filter { set.contains(classes.sample[$0]) } }
        let neighbours: [UInt8?] = classes.sample + [nil]
        gates = gaps.map { gap in neighbours.flatMap { before in neighbours.map { gap.allows(before: before, after: $0) } } }
        self.positions = positions
        self.classes = classes
        useful = findUseful()
    }

    /// Whether a run that read a byte of that symbol at that position can still reach, or has, an end.
    func isUseful(_ position: Int, _ symbol: Int) -> Bool { useful[position * classes.count + symbol] }

    func symbols(of position: Int) -> [Int] { symbolsOfPosition[position] }

    @inline(__always)
    func allows(_ gate: Int, before: Int, after: Int) -> Bool { gate == 0 || gates[gate][before * symbolCount + after] }

    /// Whether a match may end at this position, between these symbols.
    func mayEnd(at position: Int, before: Int, after: Int) -> Bool {
        guard let gate = lastGate[position] else { return false }
        return allows(gate, before: before, after: after)
    }

    /// Whether a match ends at this position after each of its bytes, whatever follows.
    func alwaysEnds(at position: Int) -> Bool {
        symbols(of: position).allSatisfy { before in (0..<symbolCount).allSatisfy { mayEnd(at: position, before: before, after: $0) } }
    }

    func looksAtBefore(_ position: UInt16) -> Bool { gatedBefore[Int(position)] }
    func looksAtAfter(_ position: UInt16) -> Bool { gatedAfter[Int(position)] }

    /// The symbols that can be read at the end of a way, with `before` left of its gap.
    @inline(__always)
    func forEachSymbol(of way: Way, before: Int, _ body: (Int) -> Void) {
        for symbol in symbolsOfPosition[way.position] where isUseful(way.position, symbol) && allows(way.gate, before: before, after: symbol) {
            body(symbol)
        }
    }

    private func findUseful() -> [Bool] {
        var useful = [Bool](repeating: false, count: count * classes.count)
        var found: [(Int, Int)] = []
        for position in 0..<count {
            for symbol in symbols(of: position) where (0..<symbolCount).contains(where: { mayEnd(at: position, before: symbol, after: $0) }) {
                useful[position * classes.count + symbol] = true
                found.append((position, symbol))
            }
        }
        while let (position, after) = found.popLast() {
            for way in preceding[position] {
                for symbol in symbols(of: way.position)
                where !useful[way.position * classes.count + symbol] && allows(way.gate, before: symbol, after: after) {
                    useful[way.position * classes.count + symbol] = true
                    found.append((way.position, symbol))
                }
            }
        }
        return useful
    }
}

/// What tells two states apart: the positions, and the neighbouring symbol where an assertion looks at it.
private struct StateKey: Hashable {
    var positions: [UInt16]
    var neighbour: Int
}

/// Collects the positions that each symbol leads to.
private struct Buckets {
    private var lists: [[UInt16]]
    private var isIn: [Bool]
    private let positionCount: Int

    init(symbols: Int, positions: Int) {
        lists = Array(repeating: [], count: symbols)
        isIn = Array(repeating: false, count: symbols * positions)
        positionCount = positions
    }

    mutating func add(_ position: Int, to symbol: Int) {
        if isIn[symbol * positionCount + position] { return }
        isIn[symbol * positionCount + position] = true
        lists[symbol].append(UInt16(position))
    }

    /// The positions of one symbol in ascending order; the bucket is empty afterwards.
    mutating func take(_ symbol: Int) -> [UInt16] {
        for position in lists[symbol] { isIn[symbol * positionCount + Int(position)] = false }
        let list = lists[symbol].sorted()
        lists[symbol].removeAll(keepingCapacity: true)
        return list
    }
}
