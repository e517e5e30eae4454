// What a record says about one exchange: how it began, what came of it, and the evidence.

import Engine

/// What is known when a request's head has been read and judged.
public struct ExchangeStart: Sendable, Equatable, Codable {
    /// The identity's name; nil where the request had none.
    public var identity: String?
    public var groups: [String]
    /// The connection's name; nil where the request named none that exists.
    public var connection: String?
    public var method: String
    /// Path and query as received, masked by the caller: it stands in records and on approvers' screens.
    public var target: String
    /// The client's address.
    public var peer: String
    /// Masked header fields worth keeping, in order. Never one that carries a credential.
    public var headers: [HeaderField]
    public var decision: Decision
    /// The policy that decided, where one applied.
    public var policy: String?
    /// Version of the policies in force; nil in records of versions that did not keep it.
    public var policyVersion: String?
    /// Hash of the rules in force; nil where none were.
    public var corpusHash: String?

    public enum Decision: String, Sendable, Codable { case allow, deny, approve }

    public init(
        identity: String?, groups: [String] = [], connection: String?, method: String, target: String, peer: String,
        headers: [HeaderField] = [], decision: Decision, policy: String? = nil, policyVersion: String? = nil, corpusHash: String? = nil
    ) {
        self.identity = identity
        self.groups = groups
        self.connection = connection
        self.method = method
        self.target = target
        self.peer = peer
        self.headers = headers
        self.decision = decision
        self.policy = policy
        self.policyVersion = policyVersion
        self.corpusHash = corpusHash
    }
}

public struct HeaderField: Sendable, Equatable, Codable {
    public var name: String
    public var value: String

    public init(name: String, value: String) {
        self.name = name
        self.value = value
    }
}

/// How an exchange ended.
public struct Outcome: Sendable, Equatable, Codable {
    public enum Kind: String, Sendable, Codable {
        /// The whole response was sent.
        case completed
        /// Sluice answered in the upstream's place; `detail` is the value of `Sluice-Denied`.
        case refused
        /// A `block` rule ended the body, or an operation of the request is not to be had; `detail` is the rule, or the operation.
        case blocked
        /// Waits for an approval.
        case review
        /// The client went away before the end.
        case clientGone = "client-gone"
        /// The upstream could not be reached, broke off or broke its protocol.
        case upstreamFailed = "upstream-failed"
        /// A limit of time was reached; `detail` names it.
        case timedOut = "timed-out"
        /// The engine failed, and the response with it.
        case engineFailed = "engine-failed"
        /// Sluice stopped in the middle: found when it started again, or when it had to end the exchange on shutdown.
        case interrupted
    }

    public var kind: Kind
    /// A word or two for people and filters; never anything out of a body.
    public var detail: String?

    public init(_ kind: Kind, _ detail: String? = nil) {
        self.kind = kind
        self.detail = detail
    }
}

/// What one body went through.
public struct BodyEvidence: Sendable, Equatable, Codable {
    /// Bytes received, sent on, scanned by the engine, and passed unscanned.
    public var bytesIn = 0
    public var bytesOut = 0
    public var bytesScanned = 0
    public var bytesUnscanned = 0
    /// The most bytes held back after any chunk.
    public var mostHeld = 0
    /// Replacements by rule.
    public var masked: [String: Int] = [:]
    /// Findings of `report` rules by rule.
    public var reported: [String: Int] = [:]
    /// Where a JSON body stopped being JSON.
    public var brokenJSONAt: Int?

    public init() {}

    /// The evidence of a body that went through the engine.
    public init(_ statistics: MaskStatistics) {
        bytesIn = statistics.bytesIn
        bytesOut = statistics.bytesOut
        bytesScanned = statistics.bytesIn - statistics.bytesUnscanned
        bytesUnscanned = statistics.bytesUnscanned
        mostHeld = statistics.mostHeld
        masked = statistics.masked
        reported = statistics.reported
        brokenJSONAt = statistics.brokenJSONAt
    }
}

/// The operations that a request asks for, and what was decided about them.
public struct CommandEvidence: Sendable, Equatable, Codable {
    public enum Decision: String, Sendable, Codable {
        case pass, approve, refuse
        /// It passed all the same: the connection only reports.
        case report
    }

    /// One operation that was found.
    public struct Operation: Sendable, Equatable, Codable {
        public var name: String
        /// Masked by the caller, and cut.
        public var object: String
        public var severity: String
        /// What the catalogue says of it.
        public var verdict: String

        public init(name: String, object: String, severity: String, verdict: String) {
            self.name = name
            self.object = object
            self.severity = severity
            self.verdict = verdict
        }
    }

    public var decision: Decision
    /// The operation that decided, and the policy that did where one applied.
    public var rule: String
    public var policy: String?
    /// Those that were found, in the order of the request, as far as they are kept.
    public var operations: [Operation]
    /// How many were found.
    public var count: Int

    public init(decision: Decision, rule: String, policy: String?, operations: [Operation], count: Int) {
        self.decision = decision
        self.rule = rule
        self.policy = policy
        self.operations = operations
        self.count = count
    }
}

/// What policies decide about a request.
public struct PolicyOutcome: Sendable, Equatable, Codable {
    public var decision: ExchangeStart.Decision
    /// The policy that decides, where one does.
    public var policy: String?

    public init(decision: ExchangeStart.Decision, policy: String?) {
        self.decision = decision
        self.policy = policy
    }
}

/// What the end of an exchange adds to its record.
public struct ExchangeEnd: Sendable, Equatable, Codable {
    public var outcome: Outcome
    /// Nil where nothing was found.
    public var commands: CommandEvidence?
    /// What policies that only report would have decided; nil where it is the same.
    public var dryRun: PolicyOutcome?
    public var request: BodyEvidence
    public var response: BodyEvidence

    public init(
        outcome: Outcome, commands: CommandEvidence? = nil, dryRun: PolicyOutcome? = nil, request: BodyEvidence = .init(), response: BodyEvidence = .init()
    ) {
        self.outcome = outcome
        self.commands = commands
        self.dryRun = dryRun
        self.request = request
        self.response = response
    }
}
