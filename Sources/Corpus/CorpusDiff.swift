// What changes if one corpus takes the place of another: in the rules, and in what is found in given traffic.

import Engine

/// The difference between two selections of rules. Carries no byte of what was found.
public struct CorpusDiff: Sendable, Encodable {
    public var added: [String] = []
    public var removed: [String] = []
    public var changed: [ChangedRule] = []
    /// Nil where no traffic was given.
    public var traffic: Traffic?

    /// A rule that both have, but not alike.
    public struct ChangedRule: Sendable, Encodable {
        public var rule: String
        /// Keys of the rule file: `pattern`, `checks`, ….
        public var keys: [String]
    }

    /// What the change comes to in given traffic.
    public struct Traffic: Sendable, Encodable {
        public var bodies = 0
        /// Masked bytes of all.
        public var maskedBefore = Proportion()
        public var maskedAfter = Proportion()
        public var newlyMasked = Proportion()
        public var newlyReadable = Proportion()
        /// Rules whose findings differ.
        public var rules: [Row] = []
        /// The first of each rule and kind, in the order of the traffic.
        public var samples: [Sample] = []
    }

    /// Findings of one rule. A replacement that several rules share counts for the one that labels it.
    public struct Row: Sendable, Encodable {
        public var rule: String
        public var before = 0
        public var after = 0
        /// Where nothing was found before.
        public var added = 0
        /// Where nothing is found any more.
        public var removed = 0
        /// Where something was found before, but of another rule, extent or action.
        public var changed = 0
    }

    /// A place where findings differ.
    public struct Sample: Sendable, Encodable {
        public enum Kind: String, Sendable, Encodable { case added, removed, changed }

        public var kind: Kind
        public var rule: String
        /// For a change: the rule that stood there before, where it was another.
        public var ruleBefore: String?
        public var file: String
        public var line: Int?
        /// Byte offsets into the body.
        public var start: Int
        public var end: Int
    }

    /// Whether anything differs: in the traffic if there is any, else in the rules.
    public var isEmpty: Bool {
        guard let traffic else { return added.isEmpty && removed.isEmpty && changed.isEmpty }
        return traffic.rules.allSatisfy { $0.added + $0.removed + $0.changed == 0 }
    }

    /// Compares rules by id.
    public init(_ old: [Rule], _ new: [Rule]) {
        let before = Dictionary(uniqueKeysWithValues: old.map { ($0.id, $0) })
        let after = Dictionary(uniqueKeysWithValues: new.map { ($0.id, $0) })
        added = after.keys.filter { before[$0] == nil }.sorted()
        removed = before.keys.filter { after[$0] == nil }.sorted()
        changed = new.compactMap { rule in
            guard let other = before[rule.id], other != rule else { return nil }
            var keys: [String] = []
            if rule.entity != other.entity { keys.append("entity") }
            if rule.pattern != other.pattern { keys.append("pattern") }
            if rule.checks != other.checks { keys.append("checks") }
            if rule.context != other.context { keys.append("context") }
            if rule.fields != other.fields { keys.append("fields") }
            if rule.readsCommands != other.readsCommands { keys.append("commands") }
            if rule.action != other.action { keys.append("action") }
            if rule.priority != other.priority { keys.append("priority") }
            return ChangedRule(rule: rule.id, keys: keys)
        }.sorted { $0.rule < $1.rule }
    }

    /// Finds in `bodies` with both sets, on all cores, and compares.
    ///
    /// - Parameters:
    ///   - old: with `redact` for `block`, as `new`: see ``Scorer/maskingOnly(_:)``.
    ///   - most: samples of each rule and kind.
    ///   - progress: called with the number of bodies done, from any thread.
    /// - Throws: ``MaskError``.
    public mutating func compare(
        _ old: RuleSet, _ new: RuleSet, on bodies: [TrafficBody], samples most: Int = 3, progress: @Sendable @escaping (Int) -> Void = { _ in }
    ) async throws {
        let found = try await inParallel(bodies, progress: progress) {
            (before: try old.findings(in: $0.bytes, as: $0.format), after: try new.findings(in: $0.bytes, as: $0.format))
        }
        let actions = Dictionary(uniqueKeysWithValues: old.rules.map { ($0.id, $0.action) })
        let otherAction = Set(new.rules.filter { rule in actions[rule.id].map { $0 != rule.action } ?? false }.map(\.id))
        var comparison = Comparison(otherAction: otherAction, most: most)
        for (body, findings) in zip(bodies, found) { comparison.add(body, before: findings.before, after: findings.after) }
        traffic = comparison.traffic
    }
}

/// Counts over bodies, in their order.
private struct Comparison {
    private var total = CorpusDiff.Traffic()
    private var rows: [String: CorpusDiff.Row] = [:]
    private var sampled: [String: Int] = [:]
    /// Rules that do something else with what they find.
    private let otherAction: Set<String>
    private let most: Int

    init(otherAction: Set<String>, most: Int) {
        self.otherAction = otherAction
        self.most = most
    }

    var traffic: CorpusDiff.Traffic {
        var traffic = total
        traffic.rules = rows.values.filter { $0.added + $0.removed + $0.changed > 0 }.sorted { $0.rule < $1.rule }
        return traffic
    }

    mutating func add(_ body: TrafficBody, before: [Finding], after: [Finding]) {
        total.bodies += 1
        let (masked, maskedAfter) = (Self.masked(before), Self.masked(after))
        func share(_ set: RangeSet<Int>) -> Proportion { Proportion(set.ranges.reduce(0) { $0 + $1.count }, of: body.bytes.count) }
        total.maskedBefore += share(masked)
        total.maskedAfter += share(maskedAfter)
        total.newlyMasked += share(maskedAfter.subtracting(masked))
        total.newlyReadable += share(masked.subtracting(maskedAfter))
        let (touched, touchedAfter) = (RangeSet(before.map(\.range)), RangeSet(after.map(\.range)))
        for finding in before {
            rows[finding.rule, default: CorpusDiff.Row(rule: finding.rule)].before += 1
            if !touchedAfter.overlaps(finding.range) {
                rows[finding.rule]?.removed += 1
                sample(.removed, finding, body)
            }
        }
        let same = Set(before.map(Place.init))
        for finding in after {
            rows[finding.rule, default: CorpusDiff.Row(rule: finding.rule)].after += 1
            if !touched.overlaps(finding.range) {
                rows[finding.rule]?.added += 1
                sample(.added, finding, body)
            } else if !same.contains(Place(finding)) || otherAction.contains(finding.rule) {
                rows[finding.rule]?.changed += 1
                sample(.changed, finding, body) { before.first { $0.range.overlaps(finding.range) }?.rule }
            }
        }
    }

    /// What two findings have in common that are the same.
    private struct Place: Hashable {
        var rule: String
        var range: Range<Int>
        var action: Finding.Outcome

        init(_ finding: Finding) { (rule, range, action) = (finding.rule, finding.range, finding.action) }
    }

    /// - Parameter before: the rule that stood there; asked only for a sample that is kept.
    private mutating func sample(_ kind: CorpusDiff.Sample.Kind, _ finding: Finding, _ body: TrafficBody, before: () -> String? = { nil }) {
        let key = "\(kind.rawValue) \(finding.rule)"
        guard sampled[key, default: 0] < most else { return }
        sampled[key, default: 0] += 1
        let other = before()
        total.samples.append(
            CorpusDiff.Sample(
                kind: kind, rule: finding.rule, ruleBefore: other == finding.rule ? nil : other, file: body.file, line: body.line,
                start: finding.range.lowerBound, end: finding.range.upperBound))
    }

    private static func masked(_ findings: [Finding]) -> RangeSet<Int> { RangeSet(findings.filter { $0.action == .masked }.map(\.range)) }
}

extension RangeSet<Int> {
    /// Whether some member lies in `range`. O(log n).
    fileprivate func overlaps(_ range: Range<Int>) -> Bool {
        var (low, high) = (ranges.startIndex, ranges.endIndex)
        while low < high {
            let middle = low + (high - low) / 2
            if ranges[middle].upperBound <= range.lowerBound { low = middle + 1 } else { high = middle }
        }
        return low < ranges.endIndex && ranges[low].lowerBound < range.upperBound
    }
}
