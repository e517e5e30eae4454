// Why a request is decided as it is: which policies were asked, what they said, what the body was read to hold.

import Foundation
import NIOHTTP1
import Operations
import Record

/// A decision of the gateway, explained. Made by ``Rehearsal``; holds values of the request only as masked as a record does.
public struct PolicyExplanation: Sendable, Encodable {
    public enum Decision: String, Sendable, CaseIterable, Encodable {
        /// It is sent to the vendor.
        case allow
        /// A policy, the catalogue of operations, or the want of a policy forbids it.
        case deny
        /// A person has to agree first.
        case approve
        /// A rule of the corpus with the action `block` matches it.
        case block
        /// It is not a request that the gateway takes, whoever sends it: see ``reason``.
        case refuse
    }

    public var decision: Decision
    /// The policy that decided; where an operation did, the one about it. Nil where none did.
    public var policy: String?
    /// The operation that decided.
    public var operation: String?
    /// Of the policies in force.
    public var version: String
    /// What `Sluice-Denied` would say; nil for a request that is sent on.
    public var reason: String?
    /// The request as policies saw it; nil where it came to no question of policy.
    public var access: Access?
    /// Every policy, in the order of the configuration. Empty where it came to no question of policy.
    public var policies: [Considered] = []
    /// What the request would do, as far as records keep it, in its order; and how much that is in all.
    public var operations: [Operation] = []
    public var operationCount = 0
    /// Whether the vendor would get the body masked.
    public var masksRequest = false
    /// What would be decided if the policies that only report were enforced; nil where that changes nothing.
    public var dryRun: PolicyOutcome?
    /// What the agent is told; nil for a request that is sent on.
    public var answer: Answer?

    /// What policies were asked about.
    public struct Access: Sendable, Equatable, Encodable {
        public var identity: String
        public var groups: [String]
        public var connection, method, path, time: String
    }

    /// A policy, and why it did not apply.
    public struct Considered: Sendable, Equatable, Encodable {
        public var name: String
        public var effect: String
        /// It decides about operations, not about requests.
        public var isAboutOperations: Bool
        public var mode: Policy.Mode
        /// Nil if it applies.
        public var obstacle: Policy.Obstacle?
    }

    /// An operation that was found in the request.
    public struct Operation: Sendable, Equatable, Encodable {
        public var name: String
        /// Masked.
        public var object: String
        public var severity: String
        /// What the catalogue says of it.
        public var verdict: String
        public var outcome: Outcome
        /// The policy that decided about it; nil for the catalogue.
        public var policy: String?

        public enum Outcome: String, Sendable, Encodable { case pass, approve, refuse }
    }

    public struct Answer: Sendable, Equatable, Encodable {
        public var status: Int
        public var headers: [HeaderField]
        public var body: String
    }
}

extension PolicyExplanation {
    /// - Parameters:
    ///   - exchange: at its end, or at the point where it would be sent on.
    ///   - answer: what it answered; nil if it would be sent on.
    init(_ exchange: Exchange, _ answer: Exchange.Answer?, needsApproval: Bool, policies set: PolicySet) {
        version = set.version
        reason = answer?.headers.first(name: "sluice-denied")
        self.answer = answer.map { Answer(status: Int($0.status.code), headers: $0.headers.recorded, body: String(decoding: $0.body, as: UTF8.self)) }
        switch reason.flatMap({ Problem.Reason(rawValue: $0) }) {
        case nil: decision = .allow
        case .policy, .operation: decision = .deny
        case .approval: decision = .approve
        case .blockedByRule: decision = .block
        default: decision = .refuse
        }
        switch (decision, exchange.admission) {
        case (.block, _), (.refuse, _), (_, nil): break
        case (_, .allow(let name)), (_, .approve(let name, _)): policy = name
        case (_, .deny(let name, _)): policy = name
        }
        guard let access = exchange.access else { return }
        self.access = Access(identity: access.identity.name, groups: access.identity.groups, connection: access.connection, method: access.method, path: access.path, time: access.time.formatted(.iso8601))
        dryRun = exchange.dryRun
        masksRequest = exchange.masksRequest
        self.policies = set.policies.map { policy in
            var obstacle = policy.obstacle(to: access)
            if obstacle == nil, let scope = policy.operations { obstacle = exchange.verdicts.map(scope.obstacle(toAllOf:)) ?? .unread }
            return Considered(name: policy.name, effect: policy.effect.name, isAboutOperations: policy.operations != nil, mode: policy.mode, obstacle: obstacle)
        }
        guard let admission = exchange.admission, let verdicts = exchange.verdicts, let commands = exchange.commands else { return }
        operationCount = commands.count
        let about = set.enforced.filter { $0.operations != nil && $0.applies(to: access) }
        operations = zip(verdicts.filter { $0.operation != nil }, commands.operations).map { verdict, shown in
            var operation = Operation(name: shown.name, object: shown.object, severity: shown.severity, verdict: shown.verdict, outcome: .pass)
            switch PolicySet.effect(on: verdict, of: about, admission) {
            case .pass(let policy): operation.policy = policy
            case .approve(let policy, _): (operation.outcome, operation.policy) = (.approve, policy)
            case .approverless: operation.outcome = .refuse
            case .refuse(let policy, _): (operation.outcome, operation.policy) = (.refuse, policy)
            }
            return operation
        }
        switch commands.decision {
        // A policy lifted what the catalogue says; where the whole request needs a person, the one who asks for that decides.
        case .pass: policy = needsApproval ? policy : commands.policy ?? policy
        case .approve, .refuse: (policy, operation) = (commands.policy, verdicts.first { $0.rule == commands.rule }?.operation?.name)
        case .report: break
        }
    }
}

extension OperationScope {
    /// Why it is about none of these operations: the obstacle of the one that comes nearest to being covered; nil if it is about one of them.
    func obstacle(toAllOf verdicts: [Verdict]) -> Policy.Obstacle? {
        let order = Policy.Obstacle.allCases
        var nearest = Policy.Obstacle.operation
        for verdict in verdicts {
            guard let obstacle = obstacle(to: verdict) else { return nil }
            if order.firstIndex(of: obstacle)! > order.firstIndex(of: nearest)! { nearest = obstacle }
        }
        return nearest
    }
}

extension Policy.Effect {
    /// As the configuration writes it.
    var name: String {
        switch self {
        case .allow: "allow"
        case .deny: "deny"
        case .approve: "approve"
        }
    }
}
