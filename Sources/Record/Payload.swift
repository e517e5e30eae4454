// The payloads of frames as bytes: numbers of eight bytes, little-endian, and UTF-8 with its length before it.
//
// Written on the event loop at every begin and end of an exchange, where a JSON encoder would cost more than the rest of the record.

/// What the end of an exchange puts on record: what the proxy said, and what the recorder itself counted.
struct EndPayload: Sendable, Equatable {
    var end: ExchangeEnd
    var request = BodyRecord()
    var response = BodyRecord()
}

/// What the recorder knows of one body.
public struct BodyRecord: Sendable, Equatable, Codable {
    /// Bytes recorded or counted, and how many of them are kept.
    public internal(set) var bytes = 0
    public internal(set) var kept = 0
    /// SHA-256 over all of them in hexadecimal; nil where the exchange was cut short.
    public internal(set) var sha256: String?
}

struct PayloadWriter {
    private(set) var bytes: [UInt8] = []

    mutating func write(_ number: Int) {
        withUnsafeBytes(of: Int64(number).littleEndian) { bytes.append(contentsOf: $0) }
    }

    mutating func write(_ text: String) {
        var text = text
        text.withUTF8 { utf8 in
            write(utf8.count)
            bytes.append(contentsOf: utf8)
        }
    }

    mutating func write<Value>(_ value: Value?, _ body: (inout PayloadWriter, Value) -> Void) {
        write(value == nil ? 0 : 1)
        if let value { body(&self, value) }
    }

    mutating func write<Element>(_ list: some Collection<Element>, _ body: (inout PayloadWriter, Element) -> Void) {
        write(list.count)
        for element in list { body(&self, element) }
    }
}

/// Reads what ``PayloadWriter`` wrote; throws where the bytes are something else.
struct PayloadReader {
    private let bytes: UnsafeRawBufferPointer
    private var offset = 0

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    struct Malformed: Error {}

    var isAtEnd: Bool { offset == bytes.count }

    mutating func number() throws -> Int {
        guard bytes.count - offset >= 8 else { throw Malformed() }
        defer { offset += 8 }
        return Int(Int64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: Int64.self)))
    }

    mutating func text() throws -> String {
        let count = try number()
        guard count >= 0, bytes.count - offset >= count else { throw Malformed() }
        defer { offset += count }
        return String(decoding: bytes[offset..<offset + count], as: UTF8.self)
    }

    mutating func optional<Value>(_ body: (inout PayloadReader) throws -> Value) throws -> Value? {
        try number() == 0 ? nil : try body(&self)
    }

    mutating func list<Element>(_ body: (inout PayloadReader) throws -> Element) throws -> [Element] {
        let count = try number()
        guard count >= 0, count <= bytes.count - offset else { throw Malformed() }
        return try (0..<count).map { _ in try body(&self) }
    }
}

// MARK: What is written

extension PayloadWriter {
    mutating func write(_ start: ExchangeStart) {
        write(start.identity) { $0.write($1) }
        write(start.groups) { $0.write($1) }
        write(start.connection) { $0.write($1) }
        write(start.method)
        write(start.target)
        write(start.peer)
        write(start.headers)
        write(start.decision.rawValue)
        write(start.policy) { $0.write($1) }
        write(start.corpusHash) { $0.write($1) }
        write(start.policyVersion) { $0.write($1) }
    }

    mutating func write(_ headers: [HeaderField]) {
        write(headers) { writer, field in
            writer.write(field.name)
            writer.write(field.value)
        }
    }

    mutating func write(_ payload: EndPayload) {
        write(payload.end.outcome.kind.rawValue)
        write(payload.end.outcome.detail) { $0.write($1) }
        write(payload.end.request)
        write(payload.end.response)
        write(payload.request)
        write(payload.response)
        write(payload.end.commands) { $0.write($1) }
        write(payload.end.dryRun) { writer, outcome in
            writer.write(outcome.decision.rawValue)
            writer.write(outcome.policy) { $0.write($1) }
        }
    }

    private mutating func write(_ commands: CommandEvidence) {
        write(commands.decision.rawValue)
        write(commands.rule)
        write(commands.policy) { $0.write($1) }
        write(commands.operations) { writer, operation in
            for text in [operation.name, operation.object, operation.severity, operation.verdict] { writer.write(text) }
        }
        write(commands.count)
    }

    private mutating func write(_ evidence: BodyEvidence) {
        write(evidence.bytesIn)
        write(evidence.bytesOut)
        write(evidence.bytesScanned)
        write(evidence.bytesUnscanned)
        write(evidence.mostHeld)
        for counts in [evidence.masked, evidence.reported] {
            write(counts) { writer, entry in
                writer.write(entry.key)
                writer.write(entry.value)
            }
        }
        write(evidence.brokenJSONAt) { $0.write($1) }
    }

    private mutating func write(_ body: BodyRecord) {
        write(body.bytes)
        write(body.kept)
        write(body.sha256) { $0.write($1) }
    }
}

extension PayloadReader {
    mutating func start() throws -> ExchangeStart {
        let identity = try optional { try $0.text() }
        let groups = try list { try $0.text() }
        let connection = try optional { try $0.text() }
        let method = try text()
        let target = try text()
        let peer = try text()
        let headers = try headers()
        guard let decision = ExchangeStart.Decision(rawValue: try text()) else { throw Malformed() }
        var start = ExchangeStart(
            identity: identity, groups: groups, connection: connection, method: method, target: target, peer: peer, headers: headers,
            decision: decision, policy: try optional { try $0.text() }, corpusHash: try optional { try $0.text() })
        // Records of versions that did not keep it end here.
        if !isAtEnd { start.policyVersion = try optional { try $0.text() } }
        return start
    }

    mutating func headers() throws -> [HeaderField] {
        try list { HeaderField(name: try $0.text(), value: try $0.text()) }
    }

    mutating func end() throws -> EndPayload {
        guard let kind = Outcome.Kind(rawValue: try text()) else { throw Malformed() }
        let outcome = Outcome(kind, try optional { try $0.text() })
        let end = ExchangeEnd(outcome: outcome, request: try evidence(), response: try evidence())
        var payload = EndPayload(end: end, request: try body(), response: try body())
        // Records of versions that judged no commands end here.
        if !isAtEnd { payload.end.commands = try optional { try $0.commands() } }
        // Those of versions without policies that only report, here.
        if !isAtEnd { payload.end.dryRun = try optional { try $0.policyOutcome() } }
        return payload
    }

    private mutating func policyOutcome() throws -> PolicyOutcome {
        guard let decision = ExchangeStart.Decision(rawValue: try text()) else { throw Malformed() }
        return PolicyOutcome(decision: decision, policy: try optional { try $0.text() })
    }

    private mutating func commands() throws -> CommandEvidence {
        guard let decision = CommandEvidence.Decision(rawValue: try text()) else { throw Malformed() }
        return CommandEvidence(
            decision: decision, rule: try text(), policy: try optional { try $0.text() },
            operations: try list { CommandEvidence.Operation(name: try $0.text(), object: try $0.text(), severity: try $0.text(), verdict: try $0.text()) }, count: try number())
    }

    private mutating func evidence() throws -> BodyEvidence {
        var evidence = BodyEvidence()
        evidence.bytesIn = try number()
        evidence.bytesOut = try number()
        evidence.bytesScanned = try number()
        evidence.bytesUnscanned = try number()
        evidence.mostHeld = try number()
        evidence.masked = try counts()
        evidence.reported = try counts()
        evidence.brokenJSONAt = try optional { try $0.number() }
        return evidence
    }

    private mutating func counts() throws -> [String: Int] {
        Dictionary(try list { (try $0.text(), try $0.number()) }, uniquingKeysWith: +)
    }

    private mutating func body() throws -> BodyRecord {
        BodyRecord(bytes: try number(), kept: try number(), sha256: try optional { try $0.text() })
    }
}
