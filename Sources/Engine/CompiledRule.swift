// A rule made ready: its automata, and what its pattern allows the scanner to do.

/// One rule with everything that confirming its matches needs. Immutable, shared by all threads.
final class CompiledRule: Sendable {
    let rule: Rule
    /// How the places are found where matches may start.
    let plan: Plan
    /// What Hyperscan looks for if the plan leaves the rule to it.
    let core: Core
    let label: [UInt8]
    /// The label as it stands in a JSON string.
    let escapedLabel: [UInt8]
    /// Nil without a context condition.
    let context: ContextWords?

    /// Longest end of a match from a given start.
    let forward: ForwardAutomaton
    /// Starts of matches that have the end of a core at a given place; nil if the plan does without.
    let starts: ReverseAutomaton?
    /// Starts of matches from a pivot, one for each prefix that the plan uses.
    let prefixes: [ReverseAutomaton?]
    /// Starts of matches that are still open at the end of what has arrived; none where the plan finds them.
    let open: [ReverseAutomaton]
    /// For a pattern that goes on behind its masked part: where that rest may begin, seen from the end of the match.
    let rest: Rest?
    let hasMask: Bool
    /// Commits at its first end: later bytes can lengthen a match, and no more ("prompt" in the decision page).
    let isPrompt: Bool
    /// Bytes of the shortest match.
    let shortest: Int
    /// The last byte value → whether a match can be open behind it.
    let opensAfter: ByteSet

    struct Rest: Sendable {
        let automaton: ReverseAutomaton
        let emptyGap: Gap
        /// Whether the byte behind the match has a say in where it begins.
        let looksAhead: Bool
    }

    /// What takes long to make, and so is kept in archives.
    struct Tables {
        var plan: Plan
        var forward: ForwardAutomaton
        var starts: ReverseAutomaton?
        var prefixes: [ReverseAutomaton?]
        var open: [ReverseAutomaton]
        /// Of ``Rest``.
        var rest: ReverseAutomaton?
    }

    var isChecked: Bool { !rule.checks.isEmpty }
    /// A match that has one end only is known by it.
    var isSimple: Bool { !hasMask && !isPrompt }

    /// The most bytes of text that a match may be held for.
    static let longestHold = 4096
    /// Ends of one start that checks are tried on, the longest first; if there are more, the longest is a match without them.
    static let mostEndsChecked = 64
    static let mostPositions = 4000

    /// - Parameters:
    ///   - tables: those of the same rule, made before; nil to make them.
    ///   - lane: for tests: see ``Plan``.
    init(_ rule: Rule, tables: Tables? = nil, preferring lane: Plan.Lane? = nil) throws(RuleError) {
        self.rule = rule
        label = Array((rule.action.label ?? "[REDACTED:\(rule.entity)]").utf8)
        escapedLabel = JSONEscapes.escaped(label)
        context = rule.context.map(ContextWords.init)
        if let context = rule.context {
            if context.words.isEmpty || context.words.contains("") {
                throw RuleError(rule: rule.id, message: "the context has no words", hint: "name at least one, or leave the context out")
            }
            if !(1...Rule.Context.widest).contains(context.within) {
                throw RuleError(rule: rule.id, message: "the context looks \(context.within) bytes back", hint: "1 to \(Rule.Context.widest) are possible")
            }
        }

        let pattern: Pattern
        do { pattern = try PatternParser.parse(rule.pattern) } catch {
            throw RuleError(rule: rule.id, message: error.message, hint: error.hint, patternOffset: error.offset)
        }
        if pattern.canBeEmpty {
            throw RuleError(rule: rule.id, message: "the pattern can match nothing at all", hint: "ask for at least one byte, for example with + in place of *")
        }
        if pattern.positionCount > Self.mostPositions {
            throw RuleError(
                rule: rule.id, message: "the pattern is \(pattern.positionCount) bytes wide, more than \(Self.mostPositions)",
                hint: "make the bounds of its repeats smaller")
        }
        core = Core(pattern)
        shortest = pattern.shortestLength
        let parts = pattern.aroundMask
        hasMask = parts != nil
        let after = parts?.after ?? .empty
        isPrompt = pattern.isUnbounded && rule.checks.isEmpty && after.positionCount == 0 && !rule.action.needsWholeValue
        let tables = if let tables { tables } else { try Tables(rule, pattern, context, core, after: after, committing: isPrompt, preferring: lane) }
        plan = tables.plan
        (forward, starts, prefixes, open) = (tables.forward, tables.starts, tables.prefixes, tables.open)
        rest = tables.rest.map { automaton in
            let emptyGap = Positions(after).emptyGap
            return Rest(
                automaton: automaton, emptyGap: emptyGap, looksAhead: Set(automaton.initial).count > 1 || !(emptyGap.isAlways || emptyGap.isNever))
        }
        var opensAfter = ByteSet()
        for byte in UInt8.min...UInt8.max where open.contains(where: { $0.table.entry($0.initial[0], $0.table.symbol(byte)) != 0 }) {
            opensAfter.insert(byte)
        }
        self.opensAfter = opensAfter
    }

    var tables: Tables {
        Tables(plan: plan, forward: forward, starts: starts, prefixes: prefixes, open: open, rest: rest?.automaton)
    }
}

extension CompiledRule.Tables {
    fileprivate init(
        _ rule: Rule, _ pattern: Pattern, _ context: ContextWords?, _ core: Core, after: Pattern, committing: Bool,
        preferring lane: Plan.Lane?
    ) throws(RuleError) {
        var positions = Positions(pattern)
        positions.startOnWholeCharacters()
        let wiring = Wiring(positions)
        if let way = wiring.endlessWait {
            throw RuleError(
                rule: rule.id, message: "the pattern can stay alive without an end for as long as such bytes come: \(way)",
                hint: "bound the repeat, as in {0,200}, or let the pattern end inside it: a repeat without bound may only be followed by what may be missing")
        }
        plan = Plan(pattern, context, core: core, preferring: lane)
        do {
            forward = try ForwardAutomaton(wiring)
            open = plan.findsOpenStarts ? [] : try ReverseAutomaton.matchesOpen(wiring, elements: pattern.elements[...], committing: committing)
            starts = plan.isForHyperscan ? try .matchesEnding(Wiring(Positions(core.whole))) : nil
            let pivots = Set(plan.entries.map(\.anchor))
            var prefixes: [ReverseAutomaton?] = []
            for (number, prefix) in plan.prefixes.enumerated() {
                prefixes.append(pivots.contains(.pivot(prefix: number)) ? try .matchesEnding(Wiring(Positions(prefix))) : nil)
            }
            self.prefixes = prefixes
            rest = after.positionCount == 0 ? nil : try .matchesEnding(Wiring(Positions(after)))
        } catch {
            throw RuleError(
                rule: rule.id, message: "the pattern needs more than \(StateTable.mostStates) states",
                hint: "make the bounds of repeats smaller, or the classes on both sides of a repeat different")
        }
    }
}

extension Rule.Action {
    var label: String? { if case .redact(let label?) = self { label } else { nil } }
    /// Whether the replacement depends on all of the value.
    var needsWholeValue: Bool {
        switch self {
        case .mask, .hash, .token: true
        case .redact, .remove, .block, .report: false
        }
    }
}

extension Wiring {
    /// A sample of bytes that a match could go on with for ever without reaching an end; nil if there are none.
    fileprivate var endlessWait: String? {
        // A cycle among the positions at which no match surely ends.
        var state = [UInt8](repeating: 0, count: count)  // 0 new, 1 on the way, 2 done
        let waits = (0..<count).map { !alwaysEnds(at: $0) }
        for root in 0..<count where waits[root] && state[root] == 0 {
            var path: [(position: Int, next: Int)] = [(root, 0)]
            state[root] = 1
            while let (position, next) = path.last {
                if next == following[position].count {
                    state[position] = 2
                    path.removeLast()
                    continue
                }
                path[path.count - 1].next += 1
                let way = following[position][next]
                guard waits[way.position], isOpen(way, from: position) else { continue }
                if state[way.position] == 1 {
                    let cycle = path.drop { $0.position != way.position }
                    return cycle.prefix(20).map { Self.shown(positions.sets[$0.position]) }.joined() + " and so on"
                }
                if state[way.position] == 0 {
                    state[way.position] = 1
                    path.append((way.position, 0))
                }
            }
        }
        return nil
    }

    private func isOpen(_ way: Way, from position: Int) -> Bool {
        symbols(of: position).contains { before in
            var found = false
            forEachSymbol(of: way, before: before) { _ in found = true }
            return found
        }
    }

    private static func shown(_ set: ByteSet) -> String {
        for byte in Array("a0 x-.\"".utf8) + Array(UInt8(0x21)...0x7E) where set.contains(byte) { return "\"\(Character(UnicodeScalar(byte)))\"" }
        return "a byte"
    }
}
