// Frames and payloads: what is written is read back, and nothing else is.

import Foundation
import Testing

@testable import Engine
@testable import Record

@Suite struct FrameTests {
    private let id = ExchangeID(at: .now)

    @Test func aFrameIsReadBack() throws {
        for count in [0, 1, 7, 8, 1000, 70_000] {
            let payload = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) }
            let time = Timestamp.now
            let bytes = Array("before".utf8) + Frame.bytes(kind: .responseBody, time: time, exchange: id, payload: payload) + Array("after".utf8)
            try bytes.withUnsafeBytes { file in
                let frame = try #require(Frame(in: file, at: 6))
                #expect(frame.kind == .responseBody && frame.time == time && frame.exchange == id)
                #expect(Array(file[frame.payload]) == payload)
                #expect(frame.range == 6..<(6 + count + Frame.overhead))
            }
        }
    }

    @Test func noBitOfAFrameCanChangeUnnoticed() {
        let bytes = Frame.bytes(kind: .begin, time: .now, exchange: id, payload: Array("some payload".utf8))
        for index in bytes.indices {
            for bit in 0..<8 {
                var damaged = bytes
                damaged[index] ^= 1 << bit
                damaged.withUnsafeBytes { #expect(Frame(in: $0, at: 0) == nil, "byte \(index), bit \(bit)") }
            }
        }
    }

    @Test func aFrameThatIsCutOffIsNone() {
        let bytes = Frame.bytes(kind: .begin, time: .now, exchange: id, payload: Array("some payload".utf8))
        for count in bytes.indices { bytes.prefix(count).withUnsafeBytes { #expect(Frame(in: $0, at: 0) == nil) } }
    }

    @Test func payloadsAreReadBack() throws {
        var writer = PayloadWriter()
        var evidence = BodyEvidence()
        evidence.bytesIn = .max
        evidence.masked = ["a": 1, "b": 2]
        evidence.reported = ["c": 3]
        evidence.brokenJSONAt = 0
        let commands = CommandEvidence(
            decision: .refuse, rule: "a.b:protected", policy: "p", operations: [.init(name: "a.b", object: "ünï", severity: "high", verdict: "block")], count: 7)
        let end = EndPayload(
            end: ExchangeEnd(outcome: Outcome(.blocked, "rule-x"), commands: commands, dryRun: PolicyOutcome(decision: .approve, policy: "later"), request: BodyEvidence(), response: evidence),
            request: BodyRecord(bytes: 1, kept: 1, sha256: "ab"), response: BodyRecord(bytes: 2, kept: 0, sha256: nil))
        let starts = [start(), start("", identity: nil, connection: nil), start("/ünï/\u{0}")]
        for start in starts { writer.write(start) }
        writer.write(end)
        try writer.bytes.withUnsafeBytes { (bytes) throws in
            var reader = PayloadReader(bytes)
            for start in starts { #expect(try reader.start() == start) }
            #expect(try reader.end() == end)
        }
    }

    @Test func anEndFromBeforeCommandsWereJudgedIsReadBack() throws {
        let end = EndPayload(end: ExchangeEnd(outcome: Outcome(.completed)))
        var writer = PayloadWriter()
        writer.write(end)
        // The last two numbers say that there are none, and no policies that only report.
        for later in [8, 16] {
            try writer.bytes.dropLast(later).withUnsafeBytes { (bytes) throws in
                var reader = PayloadReader(bytes)
                #expect(try reader.end() == end)
            }
        }
    }

    /// A payload with a good check was written by us; a reader of another version must still not crash on it.
    @Test func payloadsThatAreSomethingElseAreRefused() {
        var writer = PayloadWriter()
        writer.write(start())
        // Without the last number it is one from before versions of policies were kept.
        let older = writer.bytes.count - 8
        for count in 0..<writer.bytes.count {
            writer.bytes.prefix(count).withUnsafeBytes { bytes in
                var reader = PayloadReader(bytes)
                if count == older { #expect((try? reader.start()) == start()) } else { #expect(throws: PayloadReader.Malformed.self) { try reader.start() } }
            }
        }
        for index in writer.bytes.indices {
            var bytes = writer.bytes
            bytes[index] = 0xFF
            bytes.withUnsafeBytes { bytes in
                var reader = PayloadReader(bytes)
                _ = try? reader.start()
            }
        }
    }
}
