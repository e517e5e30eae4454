// The approvals of a data directory. Every change of state is one transaction, on disk before the call returns.

import Cryptography
import Foundation
import GRDB

/// Shared by the server and the command line, which may run at the same time on the same directory.
///
///     pending ──▶ approved ──▶ used
///        │            │
///        ├──▶ denied  │
///        └──▶ expired ◀
public final class Reviews: Sendable {
    private let database: DatabasePool
    private let now: @Sendable () -> Timestamp

    /// - Parameter now: the clock; another one for tests.
    public init(_ index: Index, now: @escaping @Sendable () -> Timestamp = { .now }) {
        database = index.database
        self.now = now
    }

    // MARK: For the server

    /// What the request may do now: run if it was approved, wait for the review that stands or that this call opens, or not at all.
    ///
    /// Of any number of identical requests at the same time, one gets `.run`; the approval is used up before this returns, so if the
    /// process ends before the request reaches the upstream, it has not run and needs a new approval: at most once, never twice.
    ///
    /// - Parameter exchange: the one that asks.
    public func admit(_ request: ReviewRequest, exchange: ExchangeID) async throws -> Admission {
        let now = now()
        return try await database.write { database in
            try Self.expire(now, database)
            let standing = try Row.fetchOne(
                database.cachedStatement(sql: "SELECT * FROM reviews WHERE fingerprint = ? AND live = 1"),
                arguments: [request.fingerprint.hash])
            guard let standing else { return .wait(try Self.open(request, exchange, now, database)) }
            var review = try Review(standing, at: now)
            switch review.state {
            case .pending: return .wait(review)
            case .denied: return .denied(review)
            case .approved:
                review.state = .used
                review.usedBy = exchange
                try database.execute(
                    sql: "UPDATE reviews SET state = 'used', live = 0, used_by = ? WHERE id = ?", arguments: [exchange.description, review.id])
                try Self.note(review.id, .used, at: now, by: review.identity, database)
                return .run(review)
            case .expired, .used:
                throw RecordError("review \(review.id) is over and still live", hint: "the index was changed by something else than Sluice")
            }
        }
    }

    /// The review once it is no longer pending, or as it is when `timeout` has passed; nil if there is none of that id.
    ///
    /// Looks every 250 ms: the decision is usually made by another process.
    public func wait(for id: String, timeout: Duration) async throws -> Review? {
        let clock = ContinuousClock()
        let end = clock.now + timeout
        while true {
            guard let review = try await review(id) else { return nil }
            let left = clock.now.duration(to: end)
            if review.state != .pending || left <= .zero { return review }
            try await Task.sleep(for: min(left, .milliseconds(250)))
        }
    }

    // MARK: For people

    /// The review of that id, or nil.
    public func review(_ id: String) async throws -> Review? {
        let now = now()
        return try await database.read { database in
            try Row.fetchOne(database, sql: "SELECT * FROM reviews WHERE id = ?", arguments: [id]).map { try Review($0, at: now) }
        }
    }

    /// Newest first; all states if `states` is empty.
    public func list(_ states: Set<Review.State> = [], limit: Int = 1000) async throws -> [Review] {
        let now = now()
        return try await database.read { database in
            var reviews: [Review] = []
            let rows = try Row.fetchCursor(database, sql: "SELECT * FROM reviews ORDER BY opened_at DESC, id")
            while reviews.count < limit, let row = try rows.next() {
                let review = try Review(row, at: now)
                if states.isEmpty || states.contains(review.state) { reviews.append(review) }
            }
            return reviews
        }
    }

    /// Every change of the review's state, oldest first.
    public func history(of id: String) async throws -> [ReviewEvent] {
        try await database.read { database in
            try Row.fetchAll(database, sql: "SELECT * FROM review_events WHERE review = ? ORDER BY id", arguments: [id]).map { row in
                ReviewEvent(
                    at: Timestamp(microseconds: row["at"]), state: Review.State(rawValue: row["state"]) ?? .expired, by: row["by"],
                    proof: row["proof"], note: row["note"])
            }
        }
    }

    /// Lets the request run, once, until its deadline.
    ///
    /// - Throws: ``ReviewError`` if it is not this approver's to decide, or not any more.
    public func approve(_ id: String, by approver: Approver, note: String? = nil) async throws -> Review {
        try await decide(id, .approved, approver, note)
    }

    /// Refuses the request until its deadline.
    ///
    /// - Throws: ``ReviewError`` if it is not this approver's to decide, or not any more.
    public func deny(_ id: String, by approver: Approver, note: String? = nil) async throws -> Review {
        try await decide(id, .denied, approver, note)
    }

    private func decide(_ id: String, _ state: Review.State, _ approver: Approver, _ note: String?) async throws -> Review {
        let now = now()
        return try await database.write { database in
            try Self.expire(now, database)
            guard let row = try Row.fetchOne(database, sql: "SELECT * FROM reviews WHERE id = ?", arguments: [id]) else {
                throw ReviewError.unknown(id: id)
            }
            var review = try Review(row, at: now)
            guard review.state == .pending else { throw ReviewError.settled(id: id, review.state) }
            guard approver.name != review.identity, approver.name != review.owner else { throw ReviewError.ownRequest(id: id) }
            guard review.approvers.contains(where: approver.groups.contains) else {
                throw ReviewError.notApprover(id: id, groups: review.approvers)
            }
            review.state = state
            review.decidedBy = approver.name
            review.decidedAt = now
            review.note = note
            try database.execute(
                sql: "UPDATE reviews SET state = ?, decided_by = ?, decided_at = ?, note = ? WHERE id = ?",
                arguments: [state.rawValue, approver.name, now.microseconds, note, id])
            try Self.note(id, state, at: now, by: approver.name, proof: approver.proof, note: note, database)
            return review
        }
    }

    // MARK: Inside a transaction

    private static func open(_ request: ReviewRequest, _ exchange: ExchangeID, _ now: Timestamp, _ database: Database) throws -> Review {
        let review = Review(
            id: newID(), state: .pending, identity: request.identity, owner: request.owner, connection: request.connection,
            method: request.method, target: request.target, policy: request.policy, reason: request.reason, approvers: request.approvers,
            exchange: exchange, openedAt: now, expiresAt: now + request.deadline)
        try database.execute(
            sql: """
                INSERT INTO reviews (id, state, live, fingerprint, identity, owner, connection, method, target, policy, reason, approvers,
                    exchange, opened_at, expires_at)
                VALUES (?, 'pending', 1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                review.id, request.fingerprint.hash, review.identity, review.owner, review.connection, review.method, review.target,
                review.policy, review.reason, json(review.approvers), exchange.description, now.microseconds,
                review.expiresAt.microseconds,
            ])
        try note(review.id, .pending, at: now, by: review.identity, database)
        return review
    }

    /// Ends what is past its deadline. First in every transaction, so that no decision and no run can come after it.
    private static func expire(_ now: Timestamp, _ database: Database) throws {
        let over = try Row.fetchAll(
            database.cachedStatement(sql: "SELECT id, state FROM reviews WHERE live = 1 AND expires_at <= ?"), arguments: [now.microseconds])
        for row in over {
            let id: String = row["id"]
            // A denied review stays denied; it only no longer stands in the way of a new one.
            guard row["state"] as String != Review.State.denied.rawValue else {
                try database.execute(sql: "UPDATE reviews SET live = 0 WHERE id = ?", arguments: [id])
                continue
            }
            try database.execute(sql: "UPDATE reviews SET live = 0, state = 'expired' WHERE id = ?", arguments: [id])
            try note(id, .expired, at: now, by: nil, database)
        }
    }

    private static func note(
        _ review: String, _ state: Review.State, at time: Timestamp, by name: String?, proof: String? = nil, note: String? = nil,
        _ database: Database
    ) throws {
        try database.execute(
            sql: "INSERT INTO review_events (review, at, state, by, proof, note) VALUES (?, ?, ?, ?, ?, ?)",
            arguments: [review, time.microseconds, state.rawValue, name, proof, note])
    }

    /// `r-` and fifty random bits in letters and digits that are not mistaken for each other.
    private static func newID() -> String {
        let alphabet = Array("0123456789abcdefghjkmnpqrstvwxyz".utf8)
        return "r-" + String(decoding: randomBytes(10).map { alphabet[Int($0 & 31)] }, as: UTF8.self)
    }
}

/// One change of a review's state.
public struct ReviewEvent: Sendable, Equatable, Codable {
    public var at: Timestamp
    public var state: Review.State
    public var by: String?
    /// How it was known who they are.
    public var proof: String?
    public var note: String?
}

extension Review {
    /// A row of `reviews`, as it stands at `now`: past its deadline it is expired, whether or not that has been written down.
    fileprivate init(_ row: Row, at now: Timestamp) throws {
        guard let state = State(rawValue: row["state"]), let exchange = ExchangeID(row["exchange"] as String) else {
            throw RecordError("the index holds a review that this version cannot read")
        }
        let expiresAt = Timestamp(microseconds: row["expires_at"])
        let isOver = (state == .pending || state == .approved) && expiresAt <= now
        self.init(
            id: row["id"], state: isOver ? .expired : state, identity: row["identity"], owner: row["owner"], connection: row["connection"],
            method: row["method"], target: row["target"], policy: row["policy"], reason: row["reason"],
            approvers: try JSONDecoder().decode([String].self, from: Data((row["approvers"] as String).utf8)), exchange: exchange,
            openedAt: Timestamp(microseconds: row["opened_at"]), expiresAt: expiresAt, decidedBy: row["decided_by"],
            decidedAt: (row["decided_at"] as Int64?).map(Timestamp.init(microseconds:)), note: row["note"],
            usedBy: (row["used_by"] as String?).flatMap { ExchangeID($0) })
    }
}
