// Where matches begin that are still open at the end of what has arrived, for many rules in one run backwards.
//
// The reverse automata of many rules are stepped as one (ENGINE: exact hold-back): a state of the whole is the set of their states, made when
// it is first met and kept. Most ends of chunks need a look-up for each byte of the last word.

/// What the runs of all threads share.
final class OpenAutomata: Sendable {
    struct Part: Sendable {
        var rule: Int
        var table: StateTable
        var initial: UInt16
    }
    let parts: [Part]
    /// Byte → class of bytes that no automaton tells apart.
    let classes: [UInt8]
    /// Class → one byte of it.
    let samples: [UInt8]

    /// States of the automata that are stepped as one: of more the sets would be too many to be kept.
    private static let mostTogether = 6000

    /// The automata of those rules that belong to them, in as many groups as it takes.
    static func groups(of rules: [CompiledRule], where belongs: (CompiledRule) -> Bool) -> [OpenAutomata] {
        var groups: [(parts: [Part], size: Int)] = []
        let sized = rules.enumerated().filter { belongs($0.element) }.map { index, rule in
            (parts: rule.open.map { Part(rule: index, table: $0.table, initial: $0.initial[0]) }, size: rule.open.reduce(0) { $0 + $1.table.stateCount })
        }
        for rule in sized.sorted(by: { $0.size > $1.size }) {
            let group = groups.firstIndex { $0.size + rule.size <= mostTogether } ?? groups.count
            if group == groups.count { groups.append(([], 0)) }
            groups[group].parts += rule.parts
            groups[group].size += rule.size
        }
        return groups.map { OpenAutomata($0.parts) }
    }

    private init(_ parts: [Part]) {
        self.parts = parts
        var classes = [Int](repeating: 0, count: 256)
        for part in parts {
            var numbers: [Int: Int] = [:]
            for byte in 0..<256 {
                let key = classes[byte] << 8 | part.table.symbol(UInt8(byte))
                let number = numbers[key] ?? numbers.count
                numbers[key] = number
                classes[byte] = number
            }
        }
        self.classes = classes.map { UInt8($0) }
        samples = (0...classes.max()!).map { wanted in UInt8(classes.firstIndex(of: wanted)!) }
    }
}

/// The states met so far, and the runs over them. One per thread at a time.
final class OpenStarts {
    private let automata: OpenAutomata
    /// State × symbol; the symbol behind the last class is the edge of the text. Bare memory, since most of a small chunk's time goes by here.
    private let steps: UnsafeMutablePointer<Step>
    /// State → the states of the parts that are not dead, as part × 2¹⁶ + state.
    private var members: [[UInt32]] = []
    private var known: [[UInt32]: UInt16] = [:]
    /// Rules that have a start between two bytes, one list after the other, and where each list ends.
    private var listed: [Int32] = []
    private var listEnds: [Int] = []
    private var knownLists: [[Int32]: UInt16] = [:]
    /// What the latest run came upon, from right to left: the number of a list, and gaps.
    private var runs: [(starts: UInt16, gaps: ClosedRange<Int>)] = []
    private let symbolCount: Int
    /// Class of each byte.
    private let classes: UnsafeMutablePointer<UInt8>

    private struct Step {
        var next: UInt16
        /// Number of a list; 0 for none.
        var starts: UInt16
    }

    private static let dead: UInt16 = 0
    private static let first: UInt16 = 1
    private static let unknown: UInt16 = 0xFFFF
    /// Beyond this all are forgotten: about 1 MiB.
    private static let mostStates = 2048
    /// States that one run may add before it is asked whether there are too many.
    private static let mostInRun = CompiledRule.longestHold + 2

    init(_ automata: OpenAutomata) {
        self.automata = automata
        classes = .allocate(capacity: 256)
        classes.initialize(from: automata.classes, count: 256)
        symbolCount = automata.samples.count + 1
        // What is not met is never touched, and takes no memory.
        steps = .allocate(capacity: (Self.mostStates + Self.mostInRun) * symbolCount)
        forget()
    }

    deinit {
        steps.deallocate()
        classes.deallocate()
    }

    private func forget() {
        members.removeAll(keepingCapacity: true)
        known.removeAll(keepingCapacity: true)
        listed.removeAll(keepingCapacity: true)
        listEnds = [0]
        knownLists = [[]: 0]
        _ = state(of: [])
        _ = state(of: automata.parts.indices.map { UInt32($0) << 16 | UInt32(automata.parts[$0].initial) })
    }

    private func state(of list: [UInt32]) -> UInt16 {
        if let state = known[list] { return state }
        let state = UInt16(members.count)
        known[list] = state
        members.append(list)
        (steps + Int(state) * symbolCount).initialize(repeating: Step(next: list.isEmpty ? Self.dead : Self.unknown, starts: 0), count: symbolCount)
        return state
    }

    /// Runs back from the end of `bytes`, and keeps for ``forEachRun(_:)`` at which gaps matches begin that are open there.
    ///
    /// - Parameters:
    ///   - lowest: no gap before it is looked at; at most ``CompiledRule/longestHold`` before the end.
    ///   - before: the byte before `bytes`; nil at the start of the text.
    func run(_ bytes: UnsafeBufferPointer<UInt8>, downTo lowest: Int, before: UInt8?) {
        runs.removeAll(keepingCapacity: true)
        if members.count >= Self.mostStates || listEnds.count > Int(Self.unknown) / 2 { forget() }
        let (steps, classes, symbolCount) = (self.steps, self.classes, self.symbolCount)
        let edge = before.map { Int(classes[Int($0)]) } ?? symbolCount &- 1
        var state = Int(Self.first)
        var gap = bytes.count
        var starts: UInt16 = 0
        var highest = gap
        while gap >= lowest {
            let symbol = gap > 0 ? Int(classes[Int(bytes[gap &- 1])]) : edge
            var step = steps[state &* symbolCount &+ symbol]
            if step.next == Self.unknown { step = make(state, symbol) }
            if step.starts != starts {
                if starts != 0 { runs.append((starts, gap + 1...highest)) }
                starts = step.starts
                highest = gap
            }
            state = Int(step.next)
            gap &-= 1
            if state == Int(Self.dead) { break }
        }
        if starts != 0 { runs.append((starts, gap + 1...highest)) }
    }

    /// Calls `body` with the gaps at which matches begin that are open at the end of the latest run's bytes, and the rules that have one at each of them, from left to right,
    /// for as long as it says to go on. Gaps that follow on each other and have the same rules come together: a long word is one call.
    @inline(__always)
    func forEachRun(_ body: (UnsafeBufferPointer<Int32>, ClosedRange<Int>) -> Bool) {
        listed.withUnsafeBufferPointer { listed in
            for run in runs.reversed() {
                let list = Int(run.starts)
                if !body(UnsafeBufferPointer(rebasing: listed[listEnds[list - 1]..<listEnds[list]]), run.gaps) { break }
            }
        }
    }

    @inline(never)
    private func make(_ state: Int, _ symbol: Int) -> Step {
        var next: [UInt32] = []
        var starts: [Int32] = []
        let byte = symbol < automata.samples.count ? automata.samples[symbol] : nil
        for member in members[state] {
            let part = automata.parts[Int(member >> 16)]
            let entry = part.table.entry(UInt16(member & 0xFFFF), byte.map(part.table.symbol) ?? part.table.edge)
            if entry & StateTable.mark != 0, starts.last != Int32(part.rule) { starts.append(Int32(part.rule)) }
            if entry & StateTable.stateMask != 0 { next.append(member & 0xFFFF_0000 | UInt32(entry & StateTable.stateMask)) }
        }
        let list = knownLists[starts] ?? UInt16(listEnds.count)
        if Int(list) == listEnds.count {
            listed += starts
            listEnds.append(listed.count)
            knownLists[starts] = list
        }
        let step = Step(next: self.state(of: next), starts: list)
        steps[state * symbolCount + symbol] = step
        return step
    }
}
