// What rules do instead of their own actions: of a profile, a connection, a command.

/// Actions by rule id, by entity, or for all rules (`*`); of those that hold for a rule the most specific counts.
public struct ActionOverrides: Sendable, Equatable {
    /// Rule id, entity or ``all`` → action. Ids are written small and entities large, so that none is both.
    public var actions: [String: Rule.Action]

    public static let all = "*"

    public init(_ actions: [String: Rule.Action] = [:]) { self.actions = actions }

    /// What the rule does instead; nil where nothing is said about it.
    public func action(for rule: Rule) -> Rule.Action? { actions[rule.id] ?? actions[rule.entity] ?? actions[Self.all] }

    /// The rules with these actions.
    public func applied(to rules: [Rule]) -> [Rule] {
        if actions.isEmpty { return rules }
        return rules.map { rule in
            var rule = rule
            rule.action = action(for: rule) ?? rule.action
            return rule
        }
    }

    /// What is said about rules and entities that are not among `rules`, in the order of the alphabet.
    public func unknown(in rules: [Rule]) -> [String] {
        if actions.isEmpty { return [] }
        let known = Set(rules.lazy.flatMap { [$0.id, $0.entity] })
        return actions.keys.filter { $0 != Self.all && !known.contains($0) }.sorted()
    }
}
