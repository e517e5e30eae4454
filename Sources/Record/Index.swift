// The SQLite index of a data directory: sessions, exchanges, approvals.
//
// Segment files hold what happened; for sessions and exchanges this file only says where to find it, and can be made again from them. Approvals live
// here alone.

import Foundation
import GRDB

/// Something that happened to an exchange, as the index needs to know it. In the order of the segment files.
enum IndexEvent: Sendable {
    case begin(ExchangeID, Timestamp, ExchangeStart, Position)
    case review(ExchangeID, String)
    case responseHead(ExchangeID, Int)
    case end(ExchangeID, Timestamp, EndPayload, Position)
}

/// One database, which the server and the command line may have open at the same time.
public final class Index: Sendable {
    /// The data directory.
    public let directory: String
    let database: DatabasePool

    /// Between two exchanges of one identity on one connection, this much quiet begins a new session.
    static let sessionGap = Duration.seconds(30 * 60)

    /// Opens the index of `directory`, and makes it if `create` says so.
    ///
    /// - Throws: ``RecordError`` if it is not there or cannot be used.
    public init(directory: String, create: Bool = false) throws(RecordError) {
        self.directory = directory
        let path = directory + "/sluice.sqlite"
        if create {
            // Made here and not by SQLite, so that only its owner can read it; SQLite gives its other files the same mode.
            let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
            if descriptor >= 0 { close(descriptor) }
        } else if access(path, F_OK) != 0 {
            throw RecordError("there are no records in \(directory)", hint: "name the data directory of a server that has run, with --config or --data")
        }
        var configuration = GRDB.Configuration()
        configuration.busyMode = .timeout(10)
        do {
            database = try DatabasePool(path: path, configuration: configuration)
            // An approval that was acknowledged must survive the machine. Set after opening: the pool itself sets NORMAL.
            try database.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = FULL") }
            try Self.migrations.migrate(database)
        } catch {
            throw RecordError.database(error, path)
        }
    }

    private static var migrations: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1") { database in
            try database.execute(
                sql: """
                    CREATE TABLE sessions (
                        id TEXT PRIMARY KEY,
                        identity TEXT NOT NULL,
                        connection TEXT NOT NULL,
                        started_at INTEGER NOT NULL,
                        last_at INTEGER NOT NULL,
                        exchanges INTEGER NOT NULL
                    ) STRICT;
                    CREATE INDEX sessions_who ON sessions (identity, connection, last_at);

                    CREATE TABLE exchanges (
                        id TEXT PRIMARY KEY,
                        session TEXT REFERENCES sessions (id),
                        identity TEXT,
                        groups TEXT NOT NULL,
                        connection TEXT,
                        method TEXT NOT NULL,
                        target TEXT NOT NULL,
                        peer TEXT NOT NULL,
                        decision TEXT NOT NULL,
                        policy TEXT,
                        review TEXT,
                        corpus_hash TEXT,
                        status INTEGER,
                        started_at INTEGER NOT NULL,
                        ended_at INTEGER,
                        outcome TEXT,
                        outcome_detail TEXT,
                        evidence TEXT,
                        begin_segment INTEGER NOT NULL,
                        begin_offset INTEGER NOT NULL,
                        end_segment INTEGER,
                        end_offset INTEGER
                    ) STRICT;
                    CREATE INDEX exchanges_session ON exchanges (session, started_at);
                    CREATE INDEX exchanges_open ON exchanges (begin_segment, begin_offset) WHERE outcome IS NULL;

                    -- Where the index ends: everything before is in it. One row.
                    CREATE TABLE watermark (
                        only INTEGER PRIMARY KEY CHECK (only = 1),
                        segment INTEGER NOT NULL,
                        offset INTEGER NOT NULL
                    ) STRICT;

                    CREATE TABLE reviews (
                        id TEXT PRIMARY KEY,
                        state TEXT NOT NULL,
                        -- 1 while the same request finds this review again: until it is used or its deadline has passed.
                        live INTEGER NOT NULL,
                        fingerprint TEXT NOT NULL,
                        identity TEXT NOT NULL,
                        owner TEXT,
                        connection TEXT NOT NULL,
                        method TEXT NOT NULL,
                        target TEXT NOT NULL,
                        policy TEXT NOT NULL,
                        reason TEXT,
                        approvers TEXT NOT NULL,
                        exchange TEXT NOT NULL,
                        opened_at INTEGER NOT NULL,
                        expires_at INTEGER NOT NULL,
                        decided_by TEXT,
                        decided_at INTEGER,
                        note TEXT,
                        used_by TEXT
                    ) STRICT;
                    CREATE UNIQUE INDEX reviews_live ON reviews (fingerprint) WHERE live = 1;
                    CREATE INDEX reviews_expiry ON reviews (expires_at) WHERE live = 1;
                    CREATE INDEX reviews_opened ON reviews (opened_at);

                    -- Every change of a review's state, for good.
                    CREATE TABLE review_events (
                        id INTEGER PRIMARY KEY,
                        review TEXT NOT NULL REFERENCES reviews (id),
                        at INTEGER NOT NULL,
                        state TEXT NOT NULL,
                        by TEXT,
                        proof TEXT,
                        note TEXT
                    ) STRICT;
                    CREATE INDEX review_events_review ON review_events (review);
                    """)
        }
        migrator.registerMigration("2") { database in
            try database.execute(sql: "ALTER TABLE exchanges ADD COLUMN policy_version TEXT")
        }
        return migrator
    }

    // MARK: Writing

    /// Brings the index up to date with `events`, and notes that everything before the last one's end is in it: one transaction.
    func apply(_ events: ArraySlice<QueuedEvent>) throws {
        guard let watermark = events.last?.end else { return }
        try database.write { database in
            for event in events { try Self.apply(event.event, database) }
            try database.cachedStatement(sql: """
                INSERT INTO watermark (only, segment, offset) VALUES (1, ?, ?)
                ON CONFLICT DO UPDATE SET segment = excluded.segment, offset = excluded.offset
                """).execute(arguments: [watermark.segment, watermark.offset])
        }
    }

    private static func apply(_ event: IndexEvent, _ database: Database) throws {
        switch event {
        case .begin(let id, let time, let start, let position):
            let session = try session(of: start, exchange: id, at: time, database)
            try database.cachedStatement(sql: """
                INSERT INTO exchanges (id, session, identity, groups, connection, method, target, peer, decision, policy, policy_version,
                    corpus_hash, started_at, begin_segment, begin_offset)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING
                """).execute(arguments: [
                    id.description, session, start.identity, json(start.groups), start.connection, start.method, start.target, start.peer,
                    start.decision.rawValue, start.policy, start.policyVersion, start.corpusHash, time.microseconds, position.segment, position.offset,
                ])
        case .review(let id, let review):
            try database.cachedStatement(sql: "UPDATE exchanges SET review = ? WHERE id = ?").execute(arguments: [review, id.description])
        case .responseHead(let id, let status):
            try database.cachedStatement(sql: "UPDATE exchanges SET status = ? WHERE id = ?").execute(arguments: [status, id.description])
        case .end(let id, let time, let payload, let position):
            let evidence = Evidence(
                request: payload.end.request, response: payload.end.response, recordedRequest: payload.request,
                recordedResponse: payload.response, commands: payload.end.commands, dryRun: payload.end.dryRun)
            try database.cachedStatement(sql: """
                UPDATE exchanges SET ended_at = ?, outcome = ?, outcome_detail = ?, evidence = ?, end_segment = ?, end_offset = ?
                WHERE id = ?
                """).execute(arguments: [
                    time.microseconds, payload.end.outcome.kind.rawValue, payload.end.outcome.detail, json(evidence), position.segment,
                    position.offset, id.description,
                ])
            try database.cachedStatement(sql: """
                UPDATE sessions SET last_at = max(last_at, ?) WHERE id = (SELECT session FROM exchanges WHERE id = ?)
                """).execute(arguments: [time.microseconds, id.description])
        }
    }

    /// The session that an exchange belongs to, begun if need be; nil where it has no identity or no connection.
    ///
    /// A session has the id of its first exchange, so an index made again from the segments has the same ones.
    private static func session(of start: ExchangeStart, exchange: ExchangeID, at time: Timestamp, _ database: Database) throws -> String? {
        guard let identity = start.identity, let connection = start.connection else { return nil }
        let earliest = time.microseconds - Int64(sessionGap.seconds * 1_000_000)
        let known = try String.fetchOne(
            database.cachedStatement(sql: """
                SELECT id FROM sessions WHERE identity = ? AND connection = ? AND last_at >= ? ORDER BY last_at DESC LIMIT 1
                """), arguments: [identity, connection, earliest])
        if let known {
            try database.cachedStatement(sql: "UPDATE sessions SET last_at = max(last_at, ?), exchanges = exchanges + 1 WHERE id = ?")
                .execute(arguments: [time.microseconds, known])
            return known
        }
        try database.cachedStatement(sql: """
            INSERT INTO sessions (id, identity, connection, started_at, last_at, exchanges) VALUES (?, ?, ?, ?, ?, 1)
            """).execute(arguments: [exchange.description, identity, connection, time.microseconds, time.microseconds])
        return exchange.description
    }

    // MARK: For recovery

    /// Where the index ends; nil for an empty one.
    func watermark() throws -> Position? {
        try database.read { database in
            try Row.fetchOne(database, sql: "SELECT segment, offset FROM watermark").map { Position(segment: $0["segment"], offset: $0["offset"]) }
        }
    }

    /// Exchanges that have begun and not ended, and where.
    func openExchanges() throws -> [ExchangeID: Position] {
        try database.read { database in
            let rows = try Row.fetchAll(database, sql: "SELECT id, begin_segment, begin_offset FROM exchanges WHERE outcome IS NULL")
            return Dictionary(
                rows.compactMap { row in
                    ExchangeID(row["id"] as String).map { ($0, Position(segment: row["begin_segment"], offset: row["begin_offset"])) }
                }, uniquingKeysWith: { first, _ in first })
        }
    }
}

/// The evidence of one exchange: what the proxy measured on both bodies, and what the recorder counted of them.
public struct Evidence: Sendable, Equatable, Codable {
    public var request: BodyEvidence
    public var response: BodyEvidence
    public var recordedRequest: BodyRecord
    public var recordedResponse: BodyRecord
    /// Nil where no operation was found.
    public var commands: CommandEvidence?
    /// What policies that only report would have decided; nil where it is the same.
    public var dryRun: PolicyOutcome?
}

func json(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(value), as: UTF8.self)
}

extension RecordError {
    /// A failure of SQLite, without the statement or its arguments.
    static func database(_ error: any Error, _ path: String) -> RecordError {
        let what = (error as? DatabaseError).map { $0.message ?? "\($0.resultCode)" } ?? "\(error)"
        return RecordError("\(path): \(what)", hint: "check the free space and who may read and write the data directory")
    }
}
