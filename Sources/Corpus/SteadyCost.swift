// What a rule costs in counts, which are the same on every machine and on every run.

import Engine

/// The cost of one rule, or of all together, without a clock: what a gate can hold against an earlier score.
public struct SteadyCost: Sendable, Codable, Equatable {
    /// Places in 1,000 bytes of generated traffic at which the rule is looked at; of all rules the sum.
    public var hitsPerKB: Double
    /// Units of work a byte on the hardest input of its gauntlet, see ``Gauntlet/hardest(_:)``; of all rules the most.
    public var worstWork: Double
    /// Bytes held behind random cuts in that traffic, by the rule alone or by all together: the median and the 99th of 100.
    public var heldMedian: Int
    public var held99: Int
}

extension CostMeter {
    /// The costs by rule, and of all together.
    ///
    /// - Parameter progress: called with the number of rules done, from any thread.
    /// - Throws: ``MaskError``, ``RuleError``.
    public func steady(progress: @Sendable @escaping (Int) -> Void = { _ in }) async throws -> (rules: [String: SteadyCost], all: SteadyCost) {
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
        let rules = Dictionary(uniqueKeysWithValues: costs.compactMap { $0 })
        let held = try holds(set).held
        let all = SteadyCost(
            hitsPerKB: hits.values.sorted().reduce(0, +), worstWork: rules.values.map(\.worstWork).max() ?? 0, heldMedian: held[held.count / 2], held99: held[held.count * 99 / 100])
        return (rules, all)
    }
}

extension Score {
    /// Takes up the costs of the rules.
    public mutating func setCosts(_ costs: (rules: [String: SteadyCost], all: SteadyCost)) {
        for index in rules.indices { rules[index].cost = costs.rules[rules[index].rule] }
        cost = costs.all
    }
}
