// Where matches begin that are still open at the end of what has arrived, for many rules in one run backwards.
//
// The reverse automata of all rules are stepped as one (ENGINE: exact hold-back): a state of the whole is the set of their states, made when
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

    /// - Parameter belongs: which of the rules to take.
    init(_ rules: [CompiledRule], where belongs: (CompiledRule) -> Bool) {
        parts = rules.enumerated().filter { belongs($0.element) }.flatMap { index, rule in
            rule.open.map { Part(rule: index, table: $0.table, initial: $0.initial[0]) }
        }
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
    /// State × symbol; the symbol behind the last class is the edge of the text.
    private var steps: [Step] = []
    /// State → the states of the parts that are not dead, as part × 2¹⁶ + state.
    private var members: [[UInt32]] = []
    private var known: [[UInt32]: UInt16] = [:]
    /// Rules that have a start between two bytes.
    private var ruleLists: [[Int]] = []
    private var knownLists: [[Int]: UInt16] = [:]
    private let symbolCount: Int
    /// Class of each byte.
    private let classes: [UInt8]

    private struct Step {
        var next: UInt16
        /// Index into `ruleLists`; 0 for none.
        var starts: UInt16
    }

    private static let dead: UInt16 = 0
    private static let first: UInt16 = 1
    private static let unknown: UInt16 = 0xFFFF
    /// Beyond this all are forgotten: about 2 MiB.
    private static let mostStates = 4096

    init(_ automata: OpenAutomata) {
        self.automata = automata
        classes = automata.classes
        symbolCount = automata.samples.count + 1
        forget()
    }

    private func forget() {
        steps.removeAll(keepingCapacity: true)
        members.removeAll(keepingCapacity: true)
        known.removeAll(keepingCapacity: true)
        ruleLists = [[]]
        knownLists = [[]: 0]
        _ = state(of: [])
        _ = state(of: automata.parts.indices.map { UInt32($0) << 16 | UInt32(automata.parts[$0].initial) })
    }

    private func state(of list: [UInt32]) -> UInt16 {
        if let state = known[list] { return state }
        let state = UInt16(members.count)
        known[list] = state
        members.append(list)
        steps.append(contentsOf: repeatElement(Step(next: list.isEmpty ? Self.dead : Self.unknown, starts: 0), count: symbolCount))
        return state
    }

    /// Runs back from the end of `bytes` and calls `body` with gaps at which matches begin that are open there, and the rules that have one at each of them,
    /// from right to left. Gaps that follow on each other and have the same rules come together: a long word is one call.
    ///
    /// - Parameters:
    ///   - lowest: no gap before it is looked at.
    ///   - before: the byte before `bytes`; nil at the start of the text.
    func run(_ bytes: UnsafeBufferPointer<UInt8>, downTo lowest: Int, before: UInt8?, _ body: ([Int], ClosedRange<Int>) -> Void) {
        if automata.parts.isEmpty { return }
        if members.count >= Self.mostStates { forget() }
        var state = Self.first
        var gap = bytes.count
        var starts: UInt16 = 0
        var highest = gap
        while gap >= lowest {
            let symbol: Int
            if gap > 0 {
                symbol = Int(classes[Int(bytes[gap &- 1])])
            } else {
                symbol = before.map { Int(classes[Int($0)]) } ?? symbolCount - 1
            }
            var step = steps[Int(state) &* symbolCount &+ symbol]
            if step.next == Self.unknown { step = make(state, symbol) }
            if step.starts != starts {
                if starts != 0 { body(ruleLists[Int(starts)], gap + 1...highest) }
                starts = step.starts
                highest = gap
            }
            state = step.next
            gap &-= 1
            if state == Self.dead { break }
        }
        if starts != 0 { body(ruleLists[Int(starts)], gap + 1...highest) }
    }

    private func make(_ state: UInt16, _ symbol: Int) -> Step {
        var next: [UInt32] = []
        var starts: [Int] = []
        let byte = symbol < automata.samples.count ? automata.samples[symbol] : nil
        for member in members[Int(state)] {
            let part = automata.parts[Int(member >> 16)]
            let entry = part.table.entry(UInt16(member & 0xFFFF), byte.map(part.table.symbol) ?? part.table.edge)
            if entry & StateTable.mark != 0, starts.last != part.rule { starts.append(part.rule) }
            if entry & StateTable.stateMask != 0 { next.append(member & 0xFFFF_0000 | UInt32(entry & StateTable.stateMask)) }
        }
        let list = knownLists[starts] ?? UInt16(ruleLists.count)
        if Int(list) == ruleLists.count {
            ruleLists.append(starts)
            knownLists[starts] = list
        }
        let step = Step(next: self.state(of: next), starts: list)
        steps[Int(state) * symbolCount + symbol] = step
        return step
    }
}
