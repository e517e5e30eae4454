// What is recorded, what is kept of it, and what happens when it cannot be written.

import Cryptography
import Foundation
import Testing

@testable import Engine
@testable import Record

@Suite struct RecorderTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    @Test func anExchangeIsOnRecordAsItWasMaskedAndSent() async throws {
        let recorder = try Recorder(directory: directory.path)
        let exchange = try recorder.begin(start())
        try passed("{\"a\":1}") { try exchange.request($0, chunk: $1) }
        try exchange.response(status: 200, headers: [HeaderField(name: "content-type", value: "text/plain")])
        // Held bytes, a replacement, and the middle of the chunk.
        var masked = MaskedBytes()
        masked.pieces = [.bytes(Array("held ".utf8)), .bytes(Array("[REDACTED:X]".utf8)), .passed(2..<5)]
        try Array("..end..".utf8).withUnsafeBytes { try exchange.response(masked, chunk: $0) }
        var evidence = BodyEvidence()
        evidence.bytesIn = 30
        evidence.mostHeld = 5
        evidence.masked = ["rule-one": 1]
        try exchange.end(ExchangeEnd(outcome: Outcome(.completed), response: evidence))
        recorder.flush()

        let sessions = Sessions(recorder.index)
        let recorded = try await sessions.only()
        #expect(recorded.id == exchange.id)
        #expect(recorded.identity == "agent")
        #expect(recorded.groups == ["agents"])
        #expect(recorded.status == 200)
        #expect(recorded.outcome == Outcome(.completed))
        #expect(recorded.evidence?.response == evidence)
        #expect(recorded.evidence?.recordedResponse == BodyRecord(bytes: 20, kept: 20, sha256: digest("held [REDACTED:X]end")))
        #expect(recorded.evidence?.recordedRequest == BodyRecord(bytes: 7, kept: 7, sha256: digest("{\"a\":1}")))
        let transcript = try await sessions.transcript(of: exchange.id)
        #expect(transcript.requestHeaders == start().headers)
        #expect(String(decoding: transcript.requestBody, as: UTF8.self) == "{\"a\":1}")
        #expect(transcript.responseHeaders == [HeaderField(name: "content-type", value: "text/plain")])
        #expect(String(decoding: transcript.responseBody, as: UTF8.self) == "held [REDACTED:X]end")
        recorder.close()
    }

    @Test func bytesAboveTheLimitAreCountedAndHashedButNotKept() async throws {
        var settings = Recorder.Settings()
        settings.bodyLimit = 10
        let recorder = try Recorder(directory: directory.path, settings: settings)
        let exchange = try recorder.begin(start())
        try passed("1234567") { try exchange.response($0, chunk: $1) }
        // The limit falls into the second piece of a step.
        var masked = MaskedBytes()
        masked.pieces = [.bytes(Array("89".utf8)), .passed(0..<4)]
        try Array("0abc".utf8).withUnsafeBytes { try exchange.response(masked, chunk: $0) }
        try passed("def") { try exchange.response($0, chunk: $1) }
        try exchange.end(ExchangeEnd(outcome: Outcome(.completed)))
        recorder.close()
        let sessions = Sessions(recorder.index)
        #expect(try await sessions.only().evidence?.recordedResponse == BodyRecord(bytes: 16, kept: 10, sha256: digest("1234567890abcdef")))
        #expect(String(decoding: try await sessions.transcript(of: exchange.id).responseBody, as: UTF8.self) == "1234567890")
    }

    @Test func unscannedBytesAreNeverKept() async throws {
        let recorder = try Recorder(directory: directory.path)
        let exchange = try recorder.begin(start())
        try Array("binary".utf8).withUnsafeBytes { try exchange.unscannedResponse($0) }
        try exchange.end(ExchangeEnd(outcome: Outcome(.completed)))
        recorder.close()
        #expect(try await Sessions(recorder.index).only().evidence?.recordedResponse == BodyRecord(bytes: 6, kept: 0, sha256: digest("binary")))
        let segments = try Data(contentsOf: URL(fileURLWithPath: SegmentFiles(in: directory.path).path(1)))
        #expect(segments.range(of: Data("binary".utf8)) == nil)
    }

    @Test func anExchangeThatIsDroppedIsInterrupted() async throws {
        let recorder = try Recorder(directory: directory.path)
        do {
            let exchange = try recorder.begin(start())
            try exchange.response(status: 200, headers: [])
        }
        recorder.close()
        #expect(try await Sessions(recorder.index).only().outcome == Outcome(.interrupted, "abandoned"))
    }

    @Test func manyThreadsShareOneRecorderAndSegmentsRotate() async throws {
        var settings = Recorder.Settings()
        settings.segmentBytes = 20_000
        let recorder = try Recorder(directory: directory.path, settings: settings)
        let ids = try await withThrowingTaskGroup(of: [ExchangeID].self) { group in
            for worker in 0..<4 {
                group.addTask {
                    try (0..<25).map { number in
                        let exchange = try recorder.begin(start("/\(worker)/\(number)", identity: "agent-\(worker)"))
                        for piece in 0..<10 { try passed("\(worker)-\(number)-\(piece);") { try exchange.response($0, chunk: $1) } }
                        try exchange.end(ExchangeEnd(outcome: Outcome(.completed)))
                        return exchange.id
                    }
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        recorder.close()
        #expect(try SegmentFiles(in: directory.path).numbers().count > 3)
        let sessions = Sessions(recorder.index)
        #expect(try await sessions.list().map(\.exchanges) == [25, 25, 25, 25])
        for id in ids {
            let exchange = try #require(try await sessions.exchange(id))
            let parts = exchange.target.split(separator: "/")
            let expected = (0..<10).map { "\(parts[0])-\(parts[1])-\($0);" }.joined()
            #expect(String(decoding: try await sessions.transcript(of: id).responseBody, as: UTF8.self) == expected)
            #expect(exchange.outcome == Outcome(.completed))
        }
    }

    @Test func aRecordThatCannotBeWrittenStopsTheExchange() async throws {
        var settings = Recorder.Settings()
        settings.segmentBytes = 2000
        let recorder = try Recorder(directory: directory.path, settings: settings)
        let exchange = try recorder.begin(start())
        let segments = SegmentFiles(in: directory.path).directory
        try FileManager.default.moveItem(atPath: segments, toPath: segments + "-gone")
        let long = String(repeating: "x", count: 1900)
        #expect(throws: RecordError.self) { try passed(long) { try exchange.response($0, chunk: $1) } }
        #expect(throws: RecordError.self) { try passed(long) { try exchange.response($0, chunk: $1) } }
        // Back again, and so is the recorder: nothing half-written stands in the way.
        try FileManager.default.moveItem(atPath: segments + "-gone", toPath: segments)
        try passed(long) { try exchange.response($0, chunk: $1) }
        try exchange.end(ExchangeEnd(outcome: Outcome(.completed)))
        recorder.close()
        #expect(throws: RecordError.self) { try recorder.begin(start()) }
        #expect(try await Sessions(recorder.index).only().outcome == Outcome(.completed))
    }

    @Test func aDirectoryHasOneServer() throws {
        let recorder = try Recorder(directory: directory.path)
        #expect { try Recorder(directory: directory.path) } throws: { "\($0)".contains("in use by another server") }
        recorder.close()
        try Recorder(directory: directory.path).close()
    }

    @Test func filesAreTheirOwnersAlone() throws {
        let recorder = try Recorder(directory: directory.path + "/new")
        let exchange = try recorder.begin(start())
        try exchange.end(ExchangeEnd(outcome: Outcome(.completed)))
        recorder.flush()
        for name in try FileManager.default.subpathsOfDirectory(atPath: directory.path) {
            let mode = try FileManager.default.attributesOfItem(atPath: directory.path + "/" + name)[.posixPermissions] as? NSNumber
            #expect((mode?.intValue ?? 0o777) & 0o077 == 0, "\(name)")
        }
        recorder.close()
    }

    @Test func aSessionEndsAfterHalfAnHourOfQuiet() async throws {
        let recorder = try Recorder(directory: directory.path)
        let begin = Timestamp(microseconds: 1_800_000_000_000_000)
        // No ends: an end would move the session's last moment to the real now.
        let exchanges = try [0, 29, 58, 89, 90].map { try recorder.begin(start(), at: begin + .seconds($0 * 60)) }
        let other = try recorder.begin(start(identity: "other"), at: begin)
        let nobody = try recorder.begin(start(identity: nil), at: begin)
        recorder.flush()
        let sessions = Sessions(recorder.index)
        #expect(try await sessions.list(identity: "agent").map(\.exchanges) == [2, 3])
        #expect(try await sessions.list(identity: "agent").map(\.id) == [exchanges[3].id, exchanges[0].id])
        #expect(try await sessions.list(identity: "other").map(\.id) == [other.id])
        #expect(try await sessions.exchanges(of: nil).map(\.id) == [nobody.id])
        withExtendedLifetime((exchanges, other, nobody)) {}
    }

    @Test func idsAreSortedByTimeAndReadBack() {
        var last = ExchangeID(at: Timestamp(microseconds: 0))
        for milliseconds in 1..<200 {
            let id = ExchangeID(at: Timestamp(microseconds: Int64(milliseconds) * 1_000_000_000))
            #expect(last < id)
            #expect(ExchangeID(id.description) == id)
            #expect(id.description.wholeMatch(of: /[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/) != nil)
            last = id
        }
        for text in ["", "x", "00000000-0000-7000-8000-00000000000", "00000000-0000-7000-8000-00000000000g", "+0000000-0000-7000-8000-000000000000"] {
            #expect(ExchangeID(text) == nil)
        }
    }

    private func digest(_ text: String) -> String { hexadecimal(SHA256.digest(of: Array(text.utf8))) }
}
