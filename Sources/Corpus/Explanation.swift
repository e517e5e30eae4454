// What became of a text, rule by rule: who matched, who nearly did and why not, who took the place, and how long it was held.

import Engine

/// What every rule of a set did on one body. Carries no byte of it.
public struct Explanation: Sendable, Encodable {
    /// What became of an attempt.
    public enum Outcome: String, Sendable, Encodable {
        /// The pattern stopped before its end.
        case began
        case checkFailed
        case contextMissing
        /// It matched, and another rule labels the replacement.
        case covered
        /// The bytes match as they lie, but no text of the body holds them as one: JSON is read string by string.
        case apart
        case masked, blocked, reported
    }

    /// One rule at one place.
    public struct Line: Sendable, Encodable {
        public var rule: String
        public var entity: String
        public var outcome: Outcome
        /// Byte offsets into the body.
        public var start, end: Int
        /// In words: what stopped it, or who stands in its place and why.
        public var reason: String?
        /// How many bytes behind its end had to come before it was decided; 0 where it was decided with its last byte, nil where it only was at the end of the body.
        public var decidedAfter: Int?
        /// Of the bytes read, those of a fixed keyword.
        public var literal: Int
    }

    public var lines: [Line] = []
    /// Bytes held at most while the body came byte by byte.
    public var mostHeld = 0

    /// - Parameters:
    ///   - rules: with `redact` for `block`; what a block rule finds is called blocked all the same.
    ///   - original: the rules as they stand in the corpus.
    ///   - range: bytes of the body of which attempts are shown; nil for all.
    ///   - names: rules that are shown; nil for all.
    /// - Throws: ``MaskError``.
    public init(_ body: [UInt8], as format: Format, rules: RuleSet, original: [Rule], range: Range<Int>? = nil, only names: Set<String>? = nil) throws {
        let byId = Dictionary(uniqueKeysWithValues: original.map { ($0.id, $0) })
        let (findings, mostHeld) = try Self.byteByByte(body, format, rules)
        self.mostHeld = mostHeld
        // An attempt that reaches into the range begins no further in front of it than a match can be long.
        let starts = range.map { max($0.lowerBound - RuleSet.longestHold, 0)..<$0.upperBound }
        for trace in rules.traces(of: body, startingIn: starts, rules: names) {
            let extent = trace.start..<max(trace.end, trace.start + 1)
            if let range, !range.overlaps(extent) { continue }
            lines.append(Self.line(trace, extent, findings, byId))
        }
        // What the engine found in the texts of the body and the trace, which reads it as it lies, did not.
        for (finding, after) in findings where names?.contains(finding.rule) ?? true && range?.overlaps(finding.range) ?? true {
            let isKnown = lines.contains { $0.rule == finding.rule && ($0.start..<$0.end).overlaps(finding.range) && $0.outcome != .began }
            if !isKnown {
                lines.append(
                    Line(
                        rule: finding.rule, entity: finding.entity, outcome: Self.outcome(finding, byId), start: finding.range.lowerBound, end: finding.range.upperBound,
                        decidedAfter: after, literal: 0))
            }
        }
        lines.sort { ($0.start, $0.end, $0.rule) < ($1.start, $1.end, $1.rule) }
    }

    private static func line(_ trace: RuleTrace, _ extent: Range<Int>, _ findings: [(finding: Finding, after: Int?)], _ rules: [String: Rule]) -> Line {
        var line = Line(rule: trace.rule, entity: trace.entity, outcome: .began, start: trace.start, end: trace.end, literal: trace.literal)
        switch trace.stage {
        case .pattern:
            line.reason = trace.wanted.map { "stopped at byte \(trace.end): wanted \($0); the shortest match has \(trace.shortest) bytes" }
                ?? "the text ends; the shortest match has \(trace.shortest) bytes"
        case .checks:
            line.outcome = .checkFailed
            line.reason = trace.failedChecks.joined(separator: ", ")
        case .context:
            line.outcome = .contextMissing
            let words = rules[trace.rule]?.context?.words ?? []
            let shown = words.prefix(6).joined(separator: ", ") + (words.count > 6 ? ", … (\(words.count) words)" : "")
            line.reason = "none of \(shown) in the \(trace.within ?? 0) bytes before"
        case .matched:
            if let own = findings.first(where: { $0.finding.rule == trace.rule && $0.finding.range.overlaps(extent) }) {
                line.outcome = outcome(own.finding, rules)
                line.decidedAfter = own.after
            } else if let other = findings.first(where: { $0.finding.action == .masked && $0.finding.range.overlaps(extent) })?.finding {
                line.outcome = .covered
                line.reason = "by \(other.rule), \(reason(other, over: trace, rules))"
            } else {
                line.outcome = .apart
            }
        }
        return line
    }

    private static func outcome(_ finding: Finding, _ rules: [String: Rule]) -> Outcome {
        if finding.action == .reported { return .reported }
        return rules[finding.rule]?.action == .block ? .blocked : .masked
    }

    /// Why one rule labels a replacement and another does not: decision 0001, "From matches to replacements".
    private static func reason(_ winner: Finding, over loser: RuleTrace, _ rules: [String: Rule]) -> String {
        let (high, low) = (rules[winner.rule]?.priority ?? 0, rules[loser.rule]?.priority ?? 0)
        if high != low { return "priority \(high) over \(low)" }
        if winner.range.count > loser.end - loser.start { return "which is longer" }
        return "which comes first, by its id or its start"
    }

    /// What is found when the body comes byte by byte, with how many bytes behind each end had come when it was decided, and the most bytes held.
    private static func byteByByte(_ body: [UInt8], _ format: Format, _ rules: RuleSet) throws -> ([(finding: Finding, after: Int?)], Int) {
        var masker = Masker(rules, format: format)
        var findings: [(Finding, Int?)] = []
        try body.withUnsafeBytes { body in
            for at in body.indices {
                let step = try masker.feed(UnsafeRawBufferPointer(rebasing: body[at...at]))
                findings += step.findings.map { ($0, max(at + 1 - $0.range.upperBound, 0)) }
            }
        }
        let mostHeld = masker.statistics.mostHeld
        findings += try masker.finish().findings.map { ($0, nil) }
        return (findings, mostHeld)
    }
}
