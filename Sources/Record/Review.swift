// A request that waits for a person: what it is, and the states it goes through.

import Cryptography

/// The identity of a request for approval and replay: equal only for the byte-identical request by the same identity.
///
/// SHA-256 over every part with its length before it, so that no two requests run together. Feed the body as *received*, before masking.
public struct RequestFingerprint: Sendable, Hashable {
    /// Lower-case hexadecimal.
    public let hash: String

    public init(hash: String) { self.hash = hash }

    /// Collects a request.
    public final class Builder {
        private let digest = SHA256()
        private var bodyBytes: UInt64 = 0

        /// - Parameters:
        ///   - target: path and query exactly as received.
        ///   - headers: those that change what the request means (`content-type`, `content-encoding`, …), names in lower case, in order.
        public init(identity: String, connection: String, method: String, target: String, headers: [HeaderField] = []) {
            for part in [identity, connection, method, target] { add(part) }
            add(UInt64(headers.count))
            for header in headers {
                add(header.name)
                add(header.value)
            }
        }

        /// The next bytes of the body.
        public func body(_ bytes: UnsafeRawBufferPointer) {
            bodyBytes += UInt64(bytes.count)
            digest.update(bytes)
        }

        public func finish() -> RequestFingerprint {
            // The body is last, so its length may follow it.
            add(bodyBytes)
            return RequestFingerprint(hash: hexadecimal(digest.finish()))
        }

        private func add(_ text: String) {
            let bytes = Array(text.utf8)
            add(UInt64(bytes.count))
            digest.update(bytes)
        }

        private func add(_ number: UInt64) {
            withUnsafeBytes(of: number.littleEndian) { digest.update($0) }
        }
    }
}

/// A request that waits for approval, or waited.
public struct Review: Sendable, Equatable, Codable {
    /// `r-` and ten characters, for people to type.
    public var id: String
    public var state: State
    public var identity: String
    /// The person the identity's key belongs to.
    public var owner: String?
    public var connection: String
    public var method: String
    /// Path and query, masked.
    public var target: String
    public var policy: String
    public var reason: String?
    /// Groups whose members may decide.
    public var approvers: [String]
    /// The exchange in which it was asked for; its record holds the masked request.
    public var exchange: ExchangeID
    public var openedAt: Timestamp
    /// After this moment it can neither be decided nor run.
    public var expiresAt: Timestamp
    public var decidedBy: String?
    public var decidedAt: Timestamp?
    /// What the approver wrote.
    public var note: String?
    /// The exchange that ran under it.
    public var usedBy: ExchangeID?

    public enum State: String, Sendable, Codable, CaseIterable {
        case pending, approved, denied
        /// Nobody decided, or nobody ran it, in time.
        case expired
        /// Approved and run; it cannot run again.
        case used
    }
}

/// What is asked for.
public struct ReviewRequest: Sendable, Equatable {
    public var fingerprint: RequestFingerprint
    public var identity: String
    public var owner: String?
    public var connection: String
    public var method: String
    /// Masked.
    public var target: String
    public var policy: String
    public var reason: String?
    public var approvers: [String]
    /// From now to the moment it expires.
    public var deadline: Duration

    public init(
        fingerprint: RequestFingerprint, identity: String, owner: String?, connection: String, method: String, target: String,
        policy: String, reason: String?, approvers: [String], deadline: Duration
    ) {
        self.fingerprint = fingerprint
        self.identity = identity
        self.owner = owner
        self.connection = connection
        self.method = method
        self.target = target
        self.policy = policy
        self.reason = reason
        self.approvers = approvers
        self.deadline = deadline
    }
}

/// What a request that needs approval may do now.
public enum Admission: Sendable, Equatable {
    /// Run, now and once: the approval is used up.
    case run(Review)
    /// Wait for a decision.
    case wait(Review)
    /// Someone said no; asking again before the review expires changes nothing.
    case denied(Review)
}

/// Someone who decides.
public struct Approver: Sendable, Equatable {
    public var name: String
    public var groups: [String]
    /// How it is known who they are, for the record: `os-user alice`.
    public var proof: String

    public init(name: String, groups: [String], proof: String) {
        self.name = name
        self.groups = groups
        self.proof = proof
    }
}

/// Why a decision on a review was not taken.
public enum ReviewError: Error, Sendable, Equatable, CustomStringConvertible {
    case unknown(id: String)
    /// It is no longer pending.
    case settled(id: String, Review.State)
    /// The approver asked for it, or owns the key that did.
    case ownRequest(id: String)
    /// The approver is in none of the groups that may decide.
    case notApprover(id: String, groups: [String])

    public var description: String {
        switch self {
        case .unknown(let id): "error: there is no review \"\(id)\"\nhint: sluice review list shows those that wait"
        case .settled(let id, let state): "error: review \(id) is \(state.rawValue) and can no longer be decided"
        case .ownRequest(let id): "error: review \(id) is your own request; someone else must decide on it"
        case .notApprover(let id, let groups):
            "error: review \(id) is for members of \(groups.joined(separator: ", ")) to decide\nhint: groups are given to people in the configuration, under people:"
        }
    }
}
