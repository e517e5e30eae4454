// What a rule costs in counts, which are the same on every machine and on every run.

import Engine

/// The cost of one rule without a clock: what a gate can hold against an earlier score.
public struct SteadyCost: Sendable, Codable, Equatable {
    /// Places in 1,000 bytes of generated traffic at which the rule is looked at.
    public var hitsPerKB: Double
    /// Units of work a byte on the hardest input of its gauntlet: see ``Gauntlet/hardest(_:)``.
    public var worstWork: Double
    /// Bytes held behind random cuts in that traffic, by the rule alone: the median and the 99th of 100.
    public var heldMedian: Int
    public var held99: Int
}

extension CostMeter {
    /// The costs by rule.
    ///
    /// - Parameter progress: called with the number of rules done, from any thread.
    /// - Throws: ``MaskError``, ``RuleError``.
    public func steady(progress: @Sendable @escaping (Int) -> Void = { _ in }) async throws -> [String: SteadyCost] {
        let kilobytes = Double(body.count) / 1000
        let hits = Dictionary(uniqueKeysWithValues: try set.survey(body).map { ($0.rule, Double($0.hits) / kilobytes) })
        let costs = try await inParallel(set.rules, progress: progress) { [self] rule -> (String, SteadyCost)? in
            guard let alone = try set.alone(rule.id) else { return nil }
            let held = try holds(alone).held
            let cost = SteadyCost(
                hitsPerKB: hits[rule.id] ?? 0, worstWork: try Gauntlet.hardest(rule).unitsPerByte, heldMedian: held[held.count / 2],
                held99: held[held.count * 99 / 100])
            return (rule.id, cost)
        }
        return Dictionary(uniqueKeysWithValues: costs.compactMap { $0 })
    }
}

extension Score {
    /// Takes up the costs of the rules.
    public mutating func setCosts(_ costs: [String: SteadyCost]) {
        for index in rules.indices { rules[index].cost = costs[rules[index].rule] }
    }
}
