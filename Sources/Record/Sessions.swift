// Reading the records of a data directory: sessions, their exchanges, and the bodies in the segment files.

import Foundation
import GRDB

/// The exchanges of one identity on one connection, with less than half an hour between two.
public struct Session: Sendable, Equatable, Codable {
    /// The id of its first exchange.
    public var id: ExchangeID
    public var identity: String
    public var connection: String
    public var startedAt: Timestamp
    public var lastAt: Timestamp
    public var exchanges: Int
}

/// One exchange as the index knows it.
public struct RecordedExchange: Sendable, Codable {
    public var id: ExchangeID
    /// Nil where the request had no identity or named no connection.
    public var session: ExchangeID?
    public var identity: String?
    public var groups: [String]
    public var connection: String?
    public var method: String
    /// Path and query, masked.
    public var target: String
    public var peer: String
    public var decision: ExchangeStart.Decision
    public var policy: String?
    public var review: String?
    public var policyVersion: String?
    public var corpusHash: String?
    public var startedAt: Timestamp
    public var endedAt: Timestamp?
    /// Of the response; nil where there was none.
    public var status: Int?
    /// Nil while it is under way.
    public var outcome: Outcome?
    public var evidence: Evidence?
}

/// What the segment files hold of one exchange.
public struct Transcript: Sendable, Equatable {
    public var requestHeaders: [HeaderField] = []
    /// Masked; as much as was kept.
    public var requestBody: [UInt8] = []
    public var responseHeaders: [HeaderField] = []
    /// As sent, but for tokens, which are kept as the vendor wrote them; as much as was kept.
    public var responseBody: [UInt8] = []
}

/// The records of one data directory, for reading. A server may be writing to it meanwhile.
public struct Sessions: Sendable {
    private let index: Index
    private let files: SegmentFiles

    public init(_ index: Index) {
        self.index = index
        files = SegmentFiles(in: index.directory)
    }

    /// Newest first.
    public func list(identity: String? = nil, connection: String? = nil, limit: Int = 100) async throws -> [Session] {
        try await index.database.read { database in
            try Row.fetchAll(
                database,
                sql: """
                    SELECT * FROM sessions WHERE (:identity IS NULL OR identity = :identity) AND (:connection IS NULL OR connection = :connection)
                    ORDER BY last_at DESC, id LIMIT :limit
                    """, arguments: ["identity": identity, "connection": connection, "limit": limit]
            ).map(Session.init)
        }
    }

    /// Nil if there is none of that id.
    public func session(_ id: ExchangeID) async throws -> Session? {
        try await index.database.read { database in
            try Row.fetchOne(database, sql: "SELECT * FROM sessions WHERE id = ?", arguments: [id.description]).map(Session.init)
        }
    }

    /// Oldest first. With no session: those that belong to none, such as requests without a valid key.
    public func exchanges(of session: ExchangeID?) async throws -> [RecordedExchange] {
        try await index.database.read { database in
            try Row.fetchAll(
                database, sql: "SELECT * FROM exchanges WHERE session IS ? ORDER BY started_at, id", arguments: [session?.description]
            ).map(RecordedExchange.init)
        }
    }

    /// How many exchanges belong to no session.
    public func countWithoutSession() async throws -> Int {
        try await index.database.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM exchanges WHERE session IS NULL") ?? 0 }
    }

    /// Nil if there is none of that id.
    public func exchange(_ id: ExchangeID) async throws -> RecordedExchange? {
        try await index.database.read { database in
            try Row.fetchOne(database, sql: "SELECT * FROM exchanges WHERE id = ?", arguments: [id.description]).map(RecordedExchange.init)
        }
    }

    /// What was kept of the exchange's heads and bodies. Reads the segments that it runs over, from its beginning to its end.
    ///
    /// - Throws: ``RecordError`` if it is unknown, or a segment file is missing.
    public func transcript(of id: ExchangeID) async throws -> Transcript {
        let place = try await index.database.read { database in
            try Row.fetchOne(
                database, sql: "SELECT begin_segment, begin_offset, end_segment, end_offset FROM exchanges WHERE id = ?",
                arguments: [id.description]
            ).map { row -> (begin: Position, end: Position?) in
                let end = (row["end_segment"] as Int?).map { Position(segment: $0, offset: row["end_offset"]) }
                return (Position(segment: row["begin_segment"], offset: row["begin_offset"]), end)
            }
        }
        guard let place else { throw RecordError("there is no exchange \(id)", hint: "sluice session list shows what there is") }
        var transcript = Transcript()
        let last = try place.end?.segment ?? files.numbers().last ?? place.begin.segment
        for segment in place.begin.segment...max(last, place.begin.segment) {
            let contents = try files.contents(segment)
            let from = segment == place.begin.segment ? place.begin.offset : 0
            _ = contents.withUnsafeBytes { file in
                SegmentFiles.frames(in: file, from: from) { frame in
                    guard frame.exchange == id else { return }
                    let payload = UnsafeRawBufferPointer(rebasing: file[frame.payload])
                    var reader = PayloadReader(payload)
                    switch frame.kind {
                    case .begin: transcript.requestHeaders = (try? reader.start())?.headers ?? []
                    case .requestBody: transcript.requestBody += payload
                    case .responseHead:
                        _ = try? reader.number()
                        transcript.responseHeaders = (try? reader.headers()) ?? []
                    case .responseBody: transcript.responseBody += payload
                    case .review, .responseCount, .end: break
                    }
                }
            }
        }
        return transcript
    }
}

extension Session {
    fileprivate init(_ row: Row) throws {
        guard let id = ExchangeID(row["id"] as String) else { throw RecordError("the index holds a session that this version cannot read") }
        self.init(
            id: id, identity: row["identity"], connection: row["connection"], startedAt: Timestamp(microseconds: row["started_at"]),
            lastAt: Timestamp(microseconds: row["last_at"]), exchanges: row["exchanges"])
    }
}

extension RecordedExchange {
    fileprivate init(_ row: Row) throws {
        guard let id = ExchangeID(row["id"] as String), let decision = ExchangeStart.Decision(rawValue: row["decision"]) else {
            throw RecordError("the index holds an exchange that this version cannot read")
        }
        let decoder = JSONDecoder()
        self.init(
            id: id, session: (row["session"] as String?).flatMap { ExchangeID($0) }, identity: row["identity"],
            groups: try decoder.decode([String].self, from: Data((row["groups"] as String).utf8)), connection: row["connection"],
            method: row["method"], target: row["target"], peer: row["peer"], decision: decision, policy: row["policy"],
            review: row["review"], policyVersion: row["policy_version"], corpusHash: row["corpus_hash"], startedAt: Timestamp(microseconds: row["started_at"]),
            endedAt: (row["ended_at"] as Int64?).map(Timestamp.init(microseconds:)), status: row["status"],
            outcome: (row["outcome"] as String?).flatMap { Outcome.Kind(rawValue: $0) }.map { Outcome($0, row["outcome_detail"]) },
            evidence: try (row["evidence"] as String?).map { try decoder.decode(Evidence.self, from: Data($0.utf8)) })
    }
}
