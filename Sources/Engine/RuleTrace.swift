// How far each rule gets in a text, and what stops it: for those who tune rules. Slow and thorough; nothing here is on the way of a body.

/// One attempt of a rule on a text.
public struct RuleTrace: Sendable, Encodable {
    public enum Stage: String, Sendable, Encodable {
        /// The pattern began to match and could not go on.
        case pattern
        /// The pattern matches, but a check refuses the value: every end of it that is tried.
        case checks
        /// Pattern and checks hold, but no word of the context stands in front.
        case context
        case matched
    }

    public var rule: String
    public var entity: String
    public var stage: Stage
    /// Byte offsets into the text; what was read of the pattern, or the longest match.
    public var start, end: Int
    /// For a pattern that stopped: what it would have read there, as a class; nil where the text ends.
    public var wanted: String?
    /// Bytes that the shortest match has.
    public var shortest: Int
    /// Those that refuse the longest value.
    public var failedChecks: [String]
    /// Bytes looked back for a word of the context, where none was found.
    public var within: Int?
    /// Of the bytes read, those at which the pattern allowed one character only, in either case: a keyword, if there are some.
    public var literal: Int
}

extension RuleSet {
    /// The attempts of every rule on a text, in order of rules and starts; of those that overlap the one that got furthest.
    ///
    /// Rules are tried from every start, as the meaning of masking has it, whatever the planner would look at. Matches of more than
    /// ``longestHold`` bytes are judged like shorter ones. Competition between rules is not looked at.
    ///
    /// - Parameters:
    ///   - range: starts that are tried; nil for all.
    ///   - names: rules that are tried; nil for all.
    public func traces(of text: [UInt8], startingIn range: Range<Int>? = nil, rules names: Set<String>? = nil) -> [RuleTrace] {
        text.withUnsafeBufferPointer { text in
            compiled.flatMap { rule in
                names?.contains(rule.rule.id) ?? true ? Tracer(rule, text).traces(from: (range ?? 0..<text.count).clamped(to: 0..<text.count)) : []
            }
        }
    }
}

/// One rule on one text.
private struct Tracer {
    private let compiled: CompiledRule
    private let table: StateTable
    private let text: UnsafeBufferPointer<UInt8>
    private let shortest: Int

    init(_ compiled: CompiledRule, _ text: UnsafeBufferPointer<UInt8>) {
        self.compiled = compiled
        self.text = text
        table = compiled.forward.table
        shortest = (try? compiled.pattern.shortestLength) ?? 1
    }

    func traces(from starts: Range<Int>) -> [RuleTrace] {
        var traces: [RuleTrace] = []
        var start = starts.lowerBound
        while start < starts.upperBound {
            guard let trace = trace(from: start) else {
                start += 1
                continue
            }
            if let last = traces.last, last.end > trace.start {
                if Self.rank(trace) > Self.rank(last) { traces[traces.count - 1] = trace }
            } else {
                traces.append(trace)
            }
            start = trace.stage == .matched ? trace.end : start + 1
        }
        return traces
    }

    private static func rank(_ trace: RuleTrace) -> (Int, Int) {
        let stages: [RuleTrace.Stage] = [.pattern, .checks, .context, .matched]
        return (stages.firstIndex(of: trace.stage) ?? 0, trace.end - trace.start)
    }

    /// What comes of a match that begins at `start`; nil if not a byte of the pattern can be read there.
    private func trace(from start: Int) -> RuleTrace? {
        let forward = compiled.forward
        var state = forward.starts[start > 0 ? table.symbol(text[start - 1]) : table.edge]
        var ends: [Int] = []
        var part = -1
        var literal = 0
        var index = start
        while index < text.count {
            let entry = table.entry(state, table.symbol(text[index]))
            if entry & StateTable.mark != 0 { ends.append(index) }
            let next = entry & StateTable.stateMask
            if next == 0 { break }
            if allowed(state).inOneLetter { literal += 1 }
            if part < 0, forward.isInMask[Int(next)] { part = index }
            state = next
            index += 1
        }
        if index == text.count, table.entry(state, table.edge) & StateTable.mark != 0 { ends.append(index) }
        if index == start { return nil }
        func trace(_ stage: RuleTrace.Stage, end: Int, wanted: String? = nil, failed: [String] = [], within: Int? = nil) -> RuleTrace {
            RuleTrace(
                rule: compiled.rule.id, entity: compiled.rule.entity, stage: stage, start: start, end: end, wanted: wanted, shortest: shortest, failedChecks: failed,
                within: within, literal: literal)
        }
        guard let longest = ends.last else {
            return trace(.pattern, end: index, wanted: index < text.count ? allowed(state).written : nil)
        }
        let tried = ends.suffix(CompiledRule.mostEndsChecked).reversed()
        let passing = tried.first { failedChecks(part < 0 ? start : part, end: $0).isEmpty } ?? (ends.count > tried.count ? longest : nil)
        guard let passing else { return trace(.checks, end: longest, failed: failedChecks(part < 0 ? start : part, end: longest)) }
        if let context = compiled.context {
            let before = UnsafeBufferPointer(rebasing: text[max(start - context.within, 0)..<start])
            if !context.stand(in: before) { return trace(.context, end: passing, within: context.within) }
        }
        return trace(.matched, end: passing)
    }

    /// The bytes that can be read from a state.
    private func allowed(_ state: UInt16) -> ByteSet {
        var set = ByteSet()
        for byte in UInt8.min...UInt8.max where table.entry(state, table.symbol(byte)) & StateTable.stateMask != 0 { set.insert(byte) }
        return set
    }

    private func failedChecks(_ start: Int, end: Int) -> [String] {
        guard compiled.isChecked else { return [] }
        let value = UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: text[start..<partEnd(start, end: end)]))
        return compiled.rule.checks.filter { !$0.passes(value) }.map { "\($0)" }
    }

    /// Where the part to mask ends in a match that ends at `end`.
    private func partEnd(_ part: Int, end: Int) -> Int {
        guard let rest = compiled.rest else { return end }
        let after = end < text.count ? text[end] : nil
        if rest.emptyGap.allows(before: text[end - 1], after: after) { return end }
        let table = rest.automaton.table
        var last = end
        TextScanner.backwards(table, from: end, state: rest.automaton.initial[after.map(table.symbol) ?? table.edge], downTo: part + 1, in: text, before: nil) { start in
            last = start
            return false
        }
        return last
    }
}

extension ByteSet {
    /// Whether it is one character, or the two cases of a letter.
    fileprivate var inOneLetter: Bool {
        guard let first else { return false }
        return isSubset(of: ByteSet(first).inBothCases)
    }
}
