// What becomes of a request by the operations that it asks for: policies first, then the catalogue's own verdict.

import Operations

/// Which operations a policy is about. A policy with one says nothing about requests without such operations.
public struct OperationScope: Sendable, Equatable {
    /// Names of the catalogue; one must match, and where there is none, every name does.
    public var names: [Glob] = []
    /// Operations that are less grave are none of its business.
    public var severity = Catalogue.Severity.low
    /// What it is done to: one must match, and where there is none, everything does.
    public var objects: [Glob] = []
    /// Where its names stand in the file.
    var line: Int?

    /// Why it is not about an operation; nil if it is.
    func obstacle(to verdict: Verdict) -> Policy.Obstacle? {
        guard let operation = verdict.operation, names.isEmpty || names.contains(where: { $0.matches(operation.name) }) else { return .operation }
        if verdict.severity ?? .low < severity { return .severity }
        return objects.isEmpty || objects.contains { $0.matches(operation.object) } ? nil : .object
    }
}

/// What becomes of a request by what it would do.
struct CommandRuling {
    enum Effect {
        /// By a policy, or where it names none, since the catalogue has nothing against it.
        case pass(policy: String?)
        /// A person must agree, by the terms of a policy.
        case approve(policy: String, ApprovalTerms)
        /// A person must agree, and no policy says who.
        case approverless
        /// By a policy, or where it names none, by the catalogue.
        case refuse(policy: String?, reason: String?)

        fileprivate var rank: Int {
            switch self {
            case .pass: 0
            case .approve: 1
            case .approverless: 2
            case .refuse: 3
            }
        }
    }

    var effect = Effect.pass(policy: nil)
    /// The operation that decided.
    var verdict: Verdict?
    /// Names of the operations that do not simply pass, each once, in the order of the request.
    var grave: [String] = []
}

extension PolicySet {
    /// What becomes of a request that asks for these operations: of all the gravest outcome, and of equals the gravest operation.
    ///
    /// For one operation the policies whose scope covers it decide, the most restrictive first; where there is none, what the catalogue says of it.
    ///
    /// - Parameter admission: what ``decide(_:)`` said, whose terms hold where the catalogue wants a person to agree.
    func rule(on verdicts: [Verdict], admission: Decision, request: AccessRequest) -> CommandRuling {
        Self.rule(on: verdicts, admission: admission, request: request, by: enforced)
    }

    static func rule(on verdicts: [Verdict], admission: Decision, request: AccessRequest, by policies: [Policy]) -> CommandRuling {
        let policies = policies.filter { $0.operations != nil && $0.applies(to: request) }
        var ruling = CommandRuling()
        for verdict in verdicts {
            let effect = effect(on: verdict, of: policies, admission)
            let isGraver = effect.rank > ruling.effect.rank || effect.rank == ruling.effect.rank && verdict.severity ?? .low > ruling.verdict?.severity ?? .low
            if ruling.verdict == nil || isGraver { (ruling.effect, ruling.verdict) = (effect, verdict) }
            if effect.rank > 0, let name = verdict.operation?.name, !ruling.grave.contains(name) { ruling.grave.append(name) }
        }
        return ruling
    }

    /// What becomes of one operation by `policies`, which apply to its request; where none covers it, by the catalogue.
    static func effect(on verdict: Verdict, of policies: [Policy], _ admission: Decision) -> CommandRuling.Effect {
        policies.filter { $0.operations?.obstacle(to: verdict) == nil }.map { policy -> CommandRuling.Effect in
            switch policy.effect {
            case .allow: .pass(policy: policy.name)
            case .approve(let terms): .approve(policy: policy.name, terms)
            case .deny(let reason): .refuse(policy: policy.name, reason: reason)
            }
            // Of equals the first in the file.
        }.reduce(nil) { last, next in last.map { next.rank > $0.rank ? next : $0 } ?? next } ?? effect(of: verdict, admission)
    }

    private static func effect(of verdict: Verdict, _ admission: Decision) -> CommandRuling.Effect {
        switch verdict.decision {
        case .allow: .pass(policy: nil)
        case .approve, .unreadable: if case .approve(let policy, let terms) = admission { .approve(policy: policy, terms) } else { .approverless }
        case .block: .refuse(policy: nil, reason: nil)
        }
    }

    /// Whether a request could need approval because of what it asks for.
    func asksApprovalOfOperations(_ request: AccessRequest) -> Bool {
        enforced.contains { policy in
            guard policy.operations != nil, case .approve = policy.effect else { return false }
            return policy.applies(to: request)
        }
    }
}
