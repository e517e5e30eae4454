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
    let stateCount: Int
    let symbolCount: Int
    /// Byte value → symbol; 256 entries.
    let classes: UnsafeMutablePointer<UInt8>
    /// The symbol of the edge of the text.
    var edge: Int { symbolCount - 1 }

    fileprivate init(rows: [[UInt16]], classes byteClasses: ByteClasses) {
        stateCount = rows.count
        symbolCount = byteClasses.symbolCount
        entries = .allocate(capacity: rows.count * symbolCount)
        for (state, row) in rows.enumerated() {
            (entries + state * symbolCount).initialize(from: row, count: symbolCount)
        }
        classes = .allocate(capacity: 256)
        classes.initialize(from: byteClasses.table, count: 256)
    }

    /// A copy of the tables of another one: `stateCount` × `symbolCount` entries, 256 classes.
    init(symbolCount: Int, stateCount: Int, entries: UnsafeRawBufferPointer, classes: UnsafeRawBufferPointer) {
        precondition(entries.count == stateCount * symbolCount * MemoryLayout<UInt16>.stride && classes.count == 256)
        self.stateCount = stateCount
        self.symbolCount = symbolCount
        self.entries = .allocate(capacity: stateCount * symbolCount)
        UnsafeMutableRawPointer(self.entries).copyMemory(from: entries.baseAddress.unsafelyUnwrapped, byteCount: entries.count)
        self.classes = .allocate(capacity: 256)
        UnsafeMutableRawPointer(self.classes).copyMemory(from: classes.baseAddress.unsafelyUnwrapped, byteCount: 256)
    }

    deinit {
        entries.deallocate()
        classes.deallocate()
    }

    @inline(__always)
    func entry(_ state: UInt16, _ symbol: Int) -> UInt16 { entries[Int(state) * symbolCount + symbol] }

    @inline(__always)
    func symbol(_ byte: UInt8) -> Int { Int(classes[Int(byte)]) }

    /// The symbol left of the gap at `gap`; `before` stands left of `bytes`, nil at the edge of the text.
    @inline(__always)
    func symbol(leftOf gap: Int, in bytes: UnsafeBufferPointer<UInt8>, before: UInt8?) -> Int {
        gap > 0 ? symbol(bytes[gap - 1]) : before.map(symbol) ?? edge
    }
}

/// The pattern would need more states than ``StateTable/mostStates``.
struct TooManyStates: Error {}

/// Reads forward from where a match may begin; a mark says that a match may end at the gap just crossed.
final class ForwardAutomaton: Sendable {
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

    init(table: StateTable, starts: [UInt16], accepts: [Bool], isDecided: [Bool], canGoOn: [Bool], isInMask: [Bool]) {
        (self.table, self.starts, self.isInMask) = (table, starts, isInMask)
        (self.accepts, self.isDecided, self.canGoOn) = (accepts, isDecided, canGoOn)
    }

    init(_ wiring: Wiring) throws(TooManyStates) {
        let symbols = wiring.symbolCount
        var states = States(symbols, most: StateTable.mostStates)
        var inMask = [false]

        func state(_ positions: PositionSet, before: Int) throws(TooManyStates) -> UInt16 {
            let number = try states.number(of: positions, beside: positions.intersects(wiring.looksAtBefore) ? before : -1, at: before)
            if states.rows.count > inMask.count { inMask.append(positions.intersects(wiring.masked)) }
            return number
        }

        var next = PositionSet(count: wiring.count)
        // The state before any byte depends on the byte before the start only.
        var starts = [UInt16](repeating: 0, count: symbols)
        for before in 0..<symbols {
            var row = [UInt16](repeating: 0, count: symbols)
            for symbol in 0..<wiring.classes.count {
                next.become(wiring.firstUngated)
                for way in wiring.firstGated where wiring.allows(way.gate, before: before, after: symbol) { next.insert(way.position) }
                next.formIntersection(wiring.readers[symbol])
                row[symbol] = try state(next, before: symbol)
            }
            starts[before] = states.number(ofRow: row)
            if states.rows.count > inMask.count { inMask.append(false) }
        }

        var (positions, reached) = (next, next)
        var gated: [Wiring.Way] = []
        while let (number, before) = states.takePending(&positions) {
            reached.removeAll()
            gated.removeAll(keepingCapacity: true)
            positions.forEach { position in
                reached.formUnion(wiring.followingUngated[position])
                gated += wiring.followingGated[position]
            }
            var row = [UInt16](repeating: 0, count: symbols)
            for symbol in 0..<symbols {
                if wiring.mayEnd(atOneOf: positions, before: before, after: symbol) { row[symbol] = StateTable.mark }
                if symbol == wiring.classes.edge { continue }
                next.become(reached)
                for way in gated where wiring.allows(way.gate, before: before, after: symbol) { next.insert(way.position) }
                next.formIntersection(wiring.readers[symbol])
                row[symbol] |= try state(next, before: symbol)
            }
            states.rows[number] = row
        }
        let rows = states.rows
        table = StateTable(rows: rows, classes: wiring.classes)
        self.starts = starts
        accepts = rows.map { row in row.allSatisfy { $0 & StateTable.mark != 0 } }
        isDecided = rows.map { row in row.allSatisfy { $0 & StateTable.stateMask == 0 && $0 == row[0] } }
        canGoOn = rows.map { row in row.contains { $0 & StateTable.stateMask != 0 } }
        isInMask = inMask
    }
}

/// Reads backward from some place in the text; a mark says that a match may begin at the gap just crossed.
final class ReverseAutomaton: Sendable {
    let table: StateTable
    /// Symbol right of the place → state. The same for all where the place is the end of what has arrived.
    let initial: [UInt16]

    init(table: StateTable, initial: [UInt16]) { (self.table, self.initial) = (table, initial) }

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
        var states = States(symbols, most: mostStates)
        let looksAtAfter = cutsAtEnds ? wiring.looksAtAfter.union(wiring.followsGatedEnd) : wiring.looksAtAfter

        func state(_ positions: PositionSet, after: Int) throws(TooManyStates) -> UInt16 {
            try states.number(of: positions, beside: positions.intersects(looksAtAfter) ? after : -1, at: after)
        }

        var initial = [UInt16](repeating: 0, count: symbols)
        for after in 0..<(knowsAfter ? symbols : 1) {
            var row = [UInt16](repeating: 0, count: symbols)
            for symbol in 0..<wiring.classes.count {
                var reached = PositionSet(count: wiring.count)
                wiring.readers[symbol].forEach { if isAt($0, symbol, after) { reached.insert($0) } }
                row[symbol] = try state(reached, after: symbol)
            }
            initial[after] = states.number(ofRow: row)
        }
        if !knowsAfter { initial = [UInt16](repeating: initial[0], count: symbols) }

        var next = PositionSet(count: wiring.count)
        var (positions, reached) = (next, next)
        var gated: [Wiring.Way] = []
        while let (number, after) = states.takePending(&positions) {
            reached.removeAll()
            gated.removeAll(keepingCapacity: true)
            positions.forEach { position in
                reached.formUnion(wiring.precedingUngated[position])
                gated += wiring.precedingGated[position]
            }
            let begins = positions.intersects(wiring.firstUngated)
            var row = [UInt16](repeating: 0, count: symbols)
            for symbol in 0..<symbols {
                if begins
                    || wiring.firstGated.contains(where: { positions.contains($0.position) && wiring.allows($0.gate, before: symbol, after: after) })
                {
                    row[symbol] = StateTable.mark
                }
                if symbol == wiring.classes.edge { continue }
                next.become(reached)
                for way in gated where wiring.allows(way.gate, before: symbol, after: after) { next.insert(way.position) }
                next.formIntersection(wiring.readers[symbol])
                if cutsAtEnds { next.subtract(wiring.ends(before: symbol, after: after)) }
                row[symbol] |= try state(next, after: symbol)
            }
            states.rows[number] = row
        }
        table = StateTable(rows: states.rows, classes: wiring.classes)
        self.initial = initial
    }
}

/// A set of positions.
struct PositionSet: Hashable {
    fileprivate var words: [UInt64]

    init(count: Int) { words = Array(repeating: 0, count: (count + 63) / 64) }

    mutating func removeAll() { for index in words.indices { words[index] = 0 } }
    /// The same as assigning, without giving up the memory.
    mutating func become(_ other: PositionSet) { for index in words.indices { words[index] = other.words[index] } }
    mutating func insert(_ position: Int) { words[position >> 6] |= 1 << UInt64(position & 63) }
    func contains(_ position: Int) -> Bool { words[position >> 6] >> UInt64(position & 63) & 1 == 1 }
    var isEmpty: Bool { words.allSatisfy { $0 == 0 } }
    mutating func formUnion(_ other: PositionSet) { for index in words.indices { words[index] |= other.words[index] } }
    mutating func formIntersection(_ other: PositionSet) { for index in words.indices { words[index] &= other.words[index] } }
    mutating func subtract(_ other: PositionSet) { for index in words.indices { words[index] &= ~other.words[index] } }
    func union(_ other: PositionSet) -> PositionSet {
        var union = self
        union.formUnion(other)
        return union
    }
    func intersects(_ other: PositionSet) -> Bool {
        for index in words.indices where words[index] & other.words[index] != 0 { return true }
        return false
    }

    @inline(__always)
    func forEach(_ body: (Int) -> Void) {
        for index in words.indices {
            var word = words[index]
            while word != 0 {
                body(index << 6 + word.trailingZeroBitCount)
                word &= word - 1
            }
        }
    }
}

/// The states found so far while an automaton is built.
///
/// What tells two states apart are the positions, and the neighbouring symbol where an assertion looks at it. They lie one behind the other in one array,
/// found again through a table of open addresses: a dictionary of sets took half of the time that building took.
private struct States {
    /// State → its row; empty while it is pending.
    var rows: [[UInt16]]
    /// States whose rows are to be filled, with the symbol beside them.
    private var pending: [(known: Int, symbol: Int)] = []
    /// Words of each known set of positions, and the neighbour.
    private var keys: [UInt64] = []
    /// Known set → its state.
    private var numbers: [UInt16] = []
    /// Hash → known set + 1; a power of two, never more than half full.
    private var slots = [UInt32](repeating: 0, count: 256)
    private var knownRows: [[UInt16]: UInt16] = [:]
    private let most: Int

    init(_ symbols: Int, most: Int) {
        let dead = [UInt16](repeating: 0, count: symbols)
        rows = [dead]
        knownRows[dead] = 0
        self.most = most
    }

    mutating func number(of positions: PositionSet, beside neighbour: Int, at symbol: Int) throws(TooManyStates) -> UInt16 {
        if positions.isEmpty { return 0 }
        let last = UInt64(bitPattern: Int64(neighbour))
        var slot = Self.hash(positions.words[...], last) & (slots.count - 1)
        while slots[slot] != 0 {
            let known = Int(slots[slot]) - 1
            if isKnown(known, positions, last) { return numbers[known] }
            slot = (slot + 1) & (slots.count - 1)
        }
        if rows.count >= most { throw TooManyStates() }
        slots[slot] = UInt32(numbers.count + 1)
        keys += positions.words
        keys.append(last)
        pending.append((numbers.count, symbol))
        numbers.append(UInt16(rows.count))
        rows.append([])
        if numbers.count * 2 > slots.count { growSlots(width: positions.words.count + 1) }
        return numbers[numbers.count - 1]
    }

    /// A state whose row is to be filled, its positions, and the symbol beside them.
    mutating func takePending(_ positions: inout PositionSet) -> (number: Int, symbol: Int)? {
        guard let (known, symbol) = pending.popLast() else { return nil }
        let width = positions.words.count + 1
        for index in positions.words.indices { positions.words[index] = keys[known * width + index] }
        return (Int(numbers[known]), symbol)
    }

    private func isKnown(_ known: Int, _ positions: PositionSet, _ last: UInt64) -> Bool {
        let start = known * (positions.words.count + 1)
        for index in positions.words.indices where keys[start + index] != positions.words[index] { return false }
        return keys[start + positions.words.count] == last
    }

    private mutating func growSlots(width: Int) {
        slots = Array(repeating: 0, count: slots.count * 2)
        for known in numbers.indices {
            let key = keys[known * width..<(known + 1) * width]
            var slot = Self.hash(key.dropLast(), key.last ?? 0) & (slots.count - 1)
            while slots[slot] != 0 { slot = (slot + 1) & (slots.count - 1) }
            slots[slot] = UInt32(known + 1)
        }
    }

    /// Multiplied and folded for each word, as in wyhash: patterns come from operators, not from attackers.
    private static func hash(_ words: ArraySlice<UInt64>, _ last: UInt64) -> Int {
        var hash = last &+ 0x9E37_79B9_7F4A_7C15
        for word in words {
            let product = (hash ^ word).multipliedFullWidth(by: 0xA076_1D64_78BD_642F)
            hash = product.high ^ product.low
        }
        return Int(truncatingIfNeeded: hash ^ hash >> 32)
    }

    /// The state with exactly that row.
    mutating func number(ofRow row: [UInt16]) -> UInt16 {
        if let number = knownRows[row] { return number }
        knownRows[row] = UInt16(rows.count)
        rows.append(row)
        return UInt16(rows.count - 1)
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
    // The same ways as sets, those without a condition apart from the others.
    let firstUngated: PositionSet
    let firstGated: [Way]
    let followingUngated: [PositionSet]
    let followingGated: [[Way]]
    let precedingUngated: [PositionSet]
    let precedingGated: [[Way]]
    /// Positions at which a match ends whatever follows, and those at which it depends.
    private let lastUngated: PositionSet
    private let lastGated: [Way]
    /// Symbol → positions that can read it and still reach, or have, an end.
    private(set) var readers: [PositionSet] = []
    /// Positions in the masked part.
    let masked: PositionSet
    /// Positions behind which a condition looks at the byte that they read.
    let looksAtBefore: PositionSet
    /// Positions before which a condition looks at the byte that they read.
    let looksAtAfter: PositionSet
    /// Positions that follow one at which an end depends on the next byte.
    let followsGatedEnd: PositionSet
    private var gates: [[Bool]]
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
        let count = positions.count
        func set(_ members: [Int]) -> PositionSet {
            var set = PositionSet(count: count)
            for member in members { set.insert(member) }
            return set
        }
        func ungated(_ ways: [Way]) -> PositionSet { set(ways.filter { $0.gate == 0 }.map(\.position)) }
        func gated(_ ways: [Way]) -> [Way] { ways.filter { $0.gate != 0 } }
        firstUngated = ungated(first)
        firstGated = gated(first)
        followingUngated = following.map(ungated)
        followingGated = following.map(gated)
        precedingUngated = preceding.map(ungated)
        precedingGated = preceding.map(gated)
        let lastGate = self.lastGate
        let lastGated = (0..<count).compactMap { position in lastGate[position].map { Way(position: position, gate: $0) } }.filter { $0.gate != 0 }
        self.lastGated = lastGated
        lastUngated = set((0..<count).filter { lastGate[$0] == 0 })
        masked = set((0..<count).filter { positions.isMasked[$0] })
        let (following, firstWays) = (self.following, first)
        looksAtBefore = set((0..<count).filter { (lastGate[$0] ?? 0) != 0 || following[$0].contains { $0.gate != 0 } })
        looksAtAfter = set(firstWays.filter { $0.gate != 0 }.map(\.position) + following.joined().filter { $0.gate != 0 }.map(\.position))
        followsGatedEnd = set(lastGated.flatMap { following[$0.position].map(\.position) })
        symbolsOfPosition = positions.sets.map { set in (0..<classes.count).filter { set.contains(classes.sample[$0]) } }
        let neighbours: [UInt8?] = classes.sample + [nil]
        gates = gaps.map { gap in neighbours.flatMap { before in neighbours.map { gap.allows(before: before, after: $0) } } }
        self.positions = positions
        self.classes = classes
        useful = findUseful()
        readers = (0..<classes.count).map { symbol in set((0..<count).filter { isUseful($0, symbol) }) }
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

    func mayEnd(atOneOf positions: PositionSet, before: Int, after: Int) -> Bool {
        positions.intersects(lastUngated) || lastGated.contains { positions.contains($0.position) && allows($0.gate, before: before, after: after) }
    }

    /// The positions at which a match ends between these symbols.
    func ends(before: Int, after: Int) -> PositionSet {
        var ends = lastUngated
        for way in lastGated where allows(way.gate, before: before, after: after) { ends.insert(way.position) }
        return ends
    }

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
