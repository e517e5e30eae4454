// What rules cost: each measured alone and in the set, on typical traffic and on what its own pattern makes hardest.

import Engine
import Foundation

/// The measured cost of one rule. KB are 1,000 bytes of the body.
public struct RuleCost: Sendable, Encodable {
    public var rule: String
    /// Places at which the rule is looked at, and findings of the rule alone.
    public var hitsPerKB, findingsPerKB: Double
    /// Of the starts looked at, how many have an end; nil where none was.
    public var looksWithEnd: Double?
    /// Nanoseconds a byte of a set of this rule alone, and what of it a rule that is never looked at would not take.
    public var alone, confirm: Double
    /// Nanoseconds a byte that the whole set takes less without the rule; nil where that was not measured.
    public var saved: Double?
    /// Bytes held behind random cuts, 200 bytes apart on average, by the rule alone.
    public var heldMedian, held99: Int
    /// Nanoseconds a byte of the rule alone on the hardest input of its gauntlet, and how often that is what typical traffic takes.
    public var worst, worstRatio: Double
    /// What that input is made of.
    public var worstInput: String
    /// What is out of line, in words.
    public var flags: [String] = []
}

/// The costs of a set of rules.
public struct CostResult: Sendable, Encodable {
    /// Bytes of the body that was measured.
    public var bytes: Int
    /// Nanoseconds a byte of the whole set, and of a rule that is never looked at.
    public var everything, nothing: Double
    /// Rules whose hardest input takes more than four times what typical traffic takes.
    public var slowerThanFourTimes: Int { rules.count { $0.worstRatio > CostMeter.mostTimesTypical } }
    /// The dearest first.
    public var rules: [RuleCost]
}

/// Measures what rules cost.
public struct CostMeter: Sendable {
    /// Above these a rule is out of line: times the set's median, times typical traffic; nanoseconds a byte and hits a KB that count at all.
    static let mostTimesMedian = 4.0
    static let mostTimesTypical = 4.0
    static let leastThatCounts = 0.2
    static let leastHitsThatCount = 1.0

    let set: RuleSet
    let body: [UInt8]
    private let format: Format
    private let nothing: RuleSet
    private static let chunk = 16 << 10
    private static let rounds = 7
    private static let gauntletBytes = 16 << 10

    /// - Parameters:
    ///   - rules: what `block` rules find is only masked, since a body that ends says nothing about speed.
    ///   - body: nil for generated traffic like that of vendors.
    public init(_ rules: [Rule], body: [UInt8]? = nil) throws(RuleError) {
        try self.init(RuleSet(Scorer.maskingOnly(rules)), body: body)
    }

    /// - Parameter rules: compiled with `redact` for `block`.
    public init(_ rules: RuleSet, body: [UInt8]? = nil) throws(RuleError) {
        set = rules
        self.body = body ?? TypicalBody.json(bytes: 200_000)
        let first = self.body.first { ![0x20, 0x09, 0x0A, 0x0D].contains($0) }
        format = first == UInt8(ascii: "{") || first == UInt8(ascii: "[") ? .json : .text
        nothing = try RuleSet([Rule(id: "nothing", entity: "NOTHING", pattern: #"\x01\x02\x03\x04\x05"#)])
    }

    /// Measures rules of the set, those named or all.
    ///
    /// - Parameters:
    ///   - withoutEach: also measures the set without each of them.
    ///   - progress: called after each rule with the number done.
    /// - Throws: ``MaskError``, ``RuleError``.
    public func measure(only names: Set<String>? = nil, withoutEach: Bool = false, progress: (Int) -> Void = { _ in }) throws -> CostResult {
        let surveys = Dictionary(uniqueKeysWithValues: try set.survey(body).map { ($0.rule, $0) })
        var costs: [RuleCost] = []
        for rule in set.rules where names?.contains(rule.id) ?? true {
            guard let survey = surveys[rule.id], let alone = try set.alone(rule.id) else { continue }
            costs.append(try cost(of: rule, alone, survey, without: withoutEach ? set.without(rule.id) : nil))
            progress(costs.count)
        }
        let times = try inTurns([set, nothing]).map { $0.median }
        flag(&costs)
        costs.sort { ($1.alone, $0.rule) < ($0.alone, $1.rule) }
        return CostResult(bytes: body.count, everything: times[0], nothing: times[1], rules: costs)
    }

    private func cost(of rule: Rule, _ alone: RuleSet, _ survey: Survey, without: RuleSet?) throws -> RuleCost {
        let kilobytes = Double(body.count) / 1000
        let times = try inTurns([alone, nothing] + (without.map { [set, $0] } ?? []))
        let own = times[0].median
        let (held, findings) = try holds(alone)
        let worst = try slowest(rule, alone)
        return RuleCost(
            rule: rule.id, hitsPerKB: Double(survey.hits) / kilobytes, findingsPerKB: Double(findings) / kilobytes,
            looksWithEnd: survey.looks > 0 ? Double(survey.ends) / Double(survey.looks) : nil, alone: own,
            confirm: max(zip(times[0], times[1]).map { $0 - $1 }.median, 0),
            saved: without == nil ? nil : zip(times[2], times[3]).map { $0 - $1 }.median, heldMedian: held[held.count / 2], held99: held[held.count * 99 / 100],
            worst: worst.time, worstRatio: worst.time / own, worstInput: worst.input)
    }

    private func flag(_ costs: inout [RuleCost]) {
        // The median of a few rules says nothing.
        let isSet = costs.count >= 10
        let confirm = isSet ? costs.map(\.confirm).median : 0
        let hits = isSet ? costs.map(\.hitsPerKB).median : 0
        let worst = isSet ? costs.map(\.worstRatio).median : 0
        for index in costs.indices {
            let cost = costs[index]
            if isSet, cost.confirm > max(Self.mostTimesMedian * confirm, Self.leastThatCounts) {
                costs[index].flags.append("confirming takes \(rounded(cost.confirm)) ns a byte; the set's median is \(rounded(confirm))")
            }
            if isSet, cost.hitsPerKB > max(Self.mostTimesMedian * hits, Self.leastHitsThatCount) {
                costs[index].flags.append("looked at \(rounded(cost.hitsPerKB)) times a KB; the set's median is \(rounded(hits))")
            }
            if cost.worstRatio > max(Self.mostTimesTypical, Self.mostTimesMedian * worst) {
                costs[index].flags.append("\(rounded(cost.worstRatio)) × typical on: \(cost.worstInput)")
            }
        }
    }

    private func rounded(_ value: Double) -> String { String(format: value >= 10 ? "%.0f" : "%.2f", value) }

    // MARK: Measuring

    /// Nanoseconds a byte of each set in each round, one right after the other, so that a busy machine slows all of them.
    private func inTurns(_ sets: [RuleSet]) throws -> [[Double]] {
        for set in sets { _ = try time(set, body, format, Self.chunk) }
        var times = sets.map { _ in [Double]() }
        for _ in 0..<Self.rounds {
            for (index, set) in sets.enumerated() { times[index].append(try time(set, body, format, Self.chunk)) }
        }
        return times
    }

    /// Nanoseconds a byte of one pass.
    private func time(_ rules: RuleSet, _ body: [UInt8], _ format: Format, _ chunk: Int) throws -> Double {
        try body.withUnsafeBytes { body in
            let clock = ContinuousClock()
            let start = clock.now
            var masker = Masker(rules, format: format)
            for at in stride(from: 0, to: body.count, by: chunk) {
                _ = try masker.feed(UnsafeRawBufferPointer(rebasing: body[at..<min(at + chunk, body.count)]))
            }
            _ = try masker.finish()
            return max((clock.now - start) / .nanoseconds(1), 1) / Double(max(body.count, 1))
        }
    }

    /// The input of a rule's gauntlet that takes longest beside typical traffic in the same chunks. The best of three passes counts: what disturbs one
    /// makes it slower only.
    private func slowest(_ rule: Rule, _ alone: RuleSet) throws -> (input: String, time: Double) {
        var slowest = (input: "none", time: 0.0)
        // Byte by byte all is slow, typical traffic too: `Benchmarks` compares that.
        for input in try Gauntlet(rule, bytes: Self.gauntletBytes).inputs where input.chunk == nil {
            let best = try (0..<3).map { _ in try time(alone, input.bytes, input.format, Self.chunk) }.min() ?? 0
            if best > slowest.time { slowest = (input.name, best) }
        }
        return slowest
    }

    /// Bytes held behind each of many cuts, ascending, and the number of findings.
    func holds(_ rules: RuleSet) throws -> (held: [Int], findings: Int) {
        try body.withUnsafeBytes { body in
            var random = SplitMix64(seed: "cuts")
            var masker = Masker(rules, format: format)
            var held: [Int] = [0]
            var at = 0
            while at < body.count {
                let end = min(at + 1 + Int(random.next() % 400), body.count)
                _ = try masker.feed(UnsafeRawBufferPointer(rebasing: body[at..<end]))
                held.append(masker.statistics.held)
                at = end
            }
            _ = try masker.finish()
            let statistics = masker.statistics
            return (held.sorted(), statistics.masked.values.reduce(0, +) + statistics.reported.values.reduce(0, +))
        }
    }
}

extension [Double] {
    fileprivate var median: Double { isEmpty ? 0 : sorted()[count / 2] }
}

extension Corpus {
    /// The rule of that id.
    ///
    /// - Throws: that there is none, with the ids nearest to it.
    public func entry(_ id: String) throws(CorpusError) -> Entry {
        if let entry = entries.first(where: { $0.rule.id == id }) { return entry }
        let near = id.nearest(3, in: entries.map(\.rule.id)).map { "\"\($0)\"" }
        throw CorpusError([
            Problem(at: nil, "there is no rule \"\(id)\" in \(directory)", hint: near.isEmpty ? nil : "did you mean \(near.joined(separator: " or "))?")
        ])
    }
}
