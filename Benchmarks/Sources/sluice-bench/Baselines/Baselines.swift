// What stands beside the engine in every round.

import Engine

struct Baselines {
    /// All rules.
    let oneDatabase: HyperscanDatabase
    /// Only those rules of which each match contains a literal, see ``RequiredLiteral``; nil if there are none.
    let literals: HyperscanDatabase?

    init(_ rules: [Rule]) throws {
        oneDatabase = try HyperscanDatabase(rules)
        let held = rules.filter { RequiredLiteral.isHeld(by: $0.pattern) }
        literals = held.isEmpty ? nil : try HyperscanDatabase(held)
    }
}
