// What an identity may do: a list of policies, and the one pure function that applies them.

import Foundation

/// One entry of `policies:`: to whom and to what it applies, and what follows.
public struct Policy: Sendable, Equatable {
    /// For records and refusals; `policy <n>` where the configuration gives none.
    public var name: String
    /// The identity must be in one of them. `*` is anyone who is authenticated.
    public var groups: [String]
    /// Connection names; `*` is every one.
    public var connections: [String]
    /// Methods in upper case; `*` is every one.
    public var methods: [String]
    /// One must match; `/**` is every path.
    public var paths: [PathPattern]
    /// Operations that it decides about, in requests that other policies admit; nil if it decides which requests are admitted.
    public var operations: OperationScope?
    /// When it applies; nil for always.
    public var when: Schedule?
    public var mode = Mode.enforce
    /// Request bodies are masked on their way to the upstream wherever it applies, also where the connection sends them as they are.
    public var masksRequests = false
    public var effect: Effect
    /// Where it is written; nil for one that is not.
    var place: Place?

    public enum Mode: String, Sendable, CaseIterable, Encodable {
        case enforce
        /// It decides nothing; where it would, the record says so.
        case report
    }

    struct Place: Sendable, Equatable {
        var file: String
        var line: Int
    }

    public enum Effect: Sendable, Equatable {
        case allow
        /// Refused, for this reason.
        case deny(reason: String?)
        case approve(ApprovalTerms)
    }

    /// Why a policy says nothing about a request, or about an operation: the first that does not fit.
    public enum Obstacle: String, Sendable, CaseIterable, Encodable {
        case group, connection, method, path, time
        /// See ``OperationScope/obstacle(to:)``.
        case operation, severity, object
        /// The request was decided on before it was read for operations, or its connection does not look for them.
        case unread
    }

    /// Why this policy is not about `request`; nil if it is.
    func obstacle(to request: AccessRequest) -> Obstacle? {
        if !groups.contains("*"), !groups.contains(where: request.identity.groups.contains) { return .group }
        if !connections.contains("*"), !connections.contains(request.connection) { return .connection }
        if !methods.contains("*"), !methods.contains(request.method) { return .method }
        if !paths.contains(where: { $0.matches(request.path) }) { return .path }
        return when?.contains(request.time) == false ? .time : nil
    }

    func applies(to request: AccessRequest) -> Bool { obstacle(to: request) == nil }
}

/// A request as policies see it.
public struct AccessRequest: Sendable, Equatable {
    public var identity: Identity
    public var connection: String
    /// In upper case.
    public var method: String
    /// At the connection (without its name), normalised: no `.` or `..` segments, unreserved characters decoded, no query.
    public var path: String
    /// When it began.
    public var time: Date

    public init(identity: Identity, connection: String, method: String, path: String, time: Date) {
        self.identity = identity
        self.connection = connection
        self.method = method
        self.path = path
        self.time = time
    }
}

/// What must happen before a request that needs approval may run.
public struct ApprovalTerms: Sendable, Equatable {
    /// Groups whose members may decide.
    public var approvers: [String]
    /// Shown to the agent and to the approver.
    public var reason: String?
    /// From the request to the latest moment at which it may run.
    public var deadline: Duration
}

/// What is decided about a request before its body is looked at.
public enum Decision: Sendable, Equatable {
    /// The name of the policy that allowed it.
    case allow(policy: String)
    /// The name of the policy that denied it, nil where none applied; and the operator's reason.
    case deny(policy: String?, reason: String?)
    case approve(policy: String, ApprovalTerms)
}

/// All policies of a configuration.
public struct PolicySet: Sendable, Equatable {
    public let policies: [Policy]
    /// Those that do more than report.
    let enforced: [Policy]

    /// A digest of what they were read from: of the folder's files, or of the configuration. On every record.
    public let version: String

    public init(_ policies: [Policy], version: String = "") {
        self.policies = policies
        self.version = version
        enforced = policies.filter { $0.mode == .enforce }
    }

    /// Whether a policy has the body of this request masked.
    func masksRequest(_ request: AccessRequest) -> Bool { enforced.contains { $0.masksRequests && $0.applies(to: request) } }

    /// What is decided for this request.
    ///
    /// Of all policies that apply, the most restrictive holds: `deny` before `approve` before `allow`; of several of the same effect the first in
    /// the file. So adding a `deny` is always enough to stop something, wherever it stands. Where none applies, the request is denied. What is said of operations
    /// is asked when the body has been read: ``rule(on:admission:request:)``.
    ///
    /// - Complexity: O(policies × path length), without I/O.
    public func decide(_ request: AccessRequest) -> Decision { Self.decide(request, by: enforced) }

    static func decide(_ request: AccessRequest, by policies: [Policy]) -> Decision {
        var allowed: Decision?
        var approvable: Decision?
        for policy in policies where policy.operations == nil && policy.applies(to: request) {
            switch policy.effect {
            case .deny(let reason): return .deny(policy: policy.name, reason: reason)
            case .approve(let terms): approvable = approvable ?? .approve(policy: policy.name, terms)
            case .allow: allowed = allowed ?? .allow(policy: policy.name)
            }
        }
        return approvable ?? allowed ?? .deny(policy: nil, reason: nil)
    }
}
