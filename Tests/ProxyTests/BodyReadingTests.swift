// Bodies whose type says too little or something wrong: read by their first bytes.

import ContentCoding
import Foundation
import Record
import Testing

@testable import Proxy

@Suite("A body's type", .timeLimit(.minutes(2)))
struct BodyReadingTests {
    /// The card number with an escape in it: found in JSON, not in text.
    private static let escaped = "\\u0034" + TestRules.cardNumber.dropFirst()
    private static let json = "{\"card\":\"\(escaped)\"}"
    /// The card number over two deltas: found in events alone.
    private static let events = [TestRules.cardNumber.prefix(7), TestRules.cardNumber.dropFirst(7)]
        .map { "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"\($0)\"}}]}\n\n" }.joined() + "data: [DONE]\n\n"

    /// Sends `body` in pieces of `size` bytes.
    private static func vendor(_ fields: String, _ body: String, size: Int) throws -> FakeVendor {
        try FakeVendor { vendor, connection in
            while true {
                _ = try vendor.receive(from: connection)
                try connection.send("HTTP/1.1 200 OK\r\n\(fields)Transfer-Encoding: chunked\r\n\r\n")
                let bytes = Array(body.utf8)
                for start in stride(from: 0, to: bytes.count, by: size) {
                    let piece = bytes[start..<min(start + size, bytes.count)]
                    try connection.send(Array("\(String(piece.count, radix: 16))\r\n".utf8) + piece + Array("\r\n".utf8))
                }
                try connection.send("0\r\n\r\n")
            }
        }
    }

    @Test(
        "that is wrong does not hide a value, however the body is cut",
        arguments: ["Content-Type: text/plain\r\n", "Content-Type: application/json\r\n", "Content-Type: text/event-stream\r\n", "Content-Type: application/x-own\r\n", ""],
        [1, 5, 1000])
    func wrong(fields: String, size: Int) async throws {
        for (body, expected) in [(Self.json, "{\"card\":\"\(TestRules.label)\"}"), (Self.events, TestRules.label)] {
            let vendor = try Self.vendor(fields, body, size: size)
            defer { vendor.stop() }
            try await withGateway(to: vendor.port) { gateway in
                let answer = try gateway.exchange("GET /v/x")
                #expect(answer.status == 200 && answer.isComplete)
                #expect(answer.text.contains(expected), "\(answer.text)")
                #expect(!answer.text.contains(TestRules.cardNumber.dropFirst(7)))
            }
        }
    }

    @Test("that is missing is refused, passed or scanned as the connection says, unless the body is JSON or events", arguments: [1, 1000])
    func missing(size: Int) async throws {
        let text = "card \(TestRules.cardNumber)"
        let vendor = try Self.vendor("ETag: \"a\"\r\n", text, size: size)
        defer { vendor.stop() }
        for (policy, status, body) in [(Connection.UnknownContent.block, 502, nil), (.pass, 200, text), (.text, 200, "card \(TestRules.label)")] {
            try await withGateway(to: vendor.port, configure: { $0.connections[0].unknownContent = policy }) { gateway in
                let answer = try gateway.exchange("GET /v/x")
                #expect(answer.status == status && answer.isComplete)
                if let body { #expect(answer.text == body) } else { #expect(answer["sluice-denied"] == "content-type") }
                #expect((answer["etag"] != nil) == (policy == .pass))
                let evidence = try #require(try gateway.record(of: answer).exchange.evidence?.response)
                #expect(evidence.bytesUnscanned == (policy == .pass ? text.utf8.count : 0))
            }
        }
    }

    @Test("that is missing from a coded body is told from what it decodes to, and what passes unscanned passes decoded")
    func missingAndCoded() async throws {
        for (text, expected) in [(Self.json, "{\"card\":\"\(TestRules.label)\"}"), ("card \(TestRules.cardNumber)", "card \(TestRules.cardNumber)")] {
            let encoder = try ContentEncoder(.zstd)
            var body: [UInt8] = []
            try Array(text.utf8).withUnsafeBytes { text in try encoder.encode(text, .finish) { body += $0 } }
            let coded = body
            let vendor = try FakeVendor { vendor, connection in
                _ = try vendor.receive(from: connection)
                try connection.send(Array("HTTP/1.1 200 OK\r\nContent-Encoding: zstd\r\nContent-Length: \(coded.count)\r\n\r\n".utf8) + coded)
                _ = try connection.receive()
            }
            defer { vendor.stop() }
            try await withGateway(to: vendor.port, configure: { $0.connections[0].unknownContent = .pass }) { gateway in
                let answer = try gateway.exchange("GET /v/x")
                #expect(answer.text == expected && answer.isComplete)
                #expect(answer["content-encoding"] == nil)
            }
        }
    }

    @Test("of a request is told the same way: JSON that curl calls a form is read as JSON, and what is neither is refused")
    func requests() async throws {
        let vendor = try FakeVendor.answering { _ in response("ok") }
        defer { vendor.stop() }
        try await withGateway(to: vendor.port, configure: { $0.connections[0].masksRequests = true }) { gateway in
            for type in ["application/x-www-form-urlencoded", "text/plain", "application/x-own"] {
                #expect(try gateway.exchange("POST /v/x", ["Content-Type: \(type)"], body: Self.json).status == 200)
                #expect(vendor.requests.last?.text == "{\"card\":\"\(TestRules.label)\"}")
            }
            #expect(try gateway.exchange("POST /v/x", [], body: Self.json).status == 200)
            let count = vendor.requests.count
            let refused = try gateway.exchange("POST /v/x", [], body: "card \(TestRules.cardNumber)")
            #expect((refused.status, refused["sluice-denied"]) == (415, "request-content"))
            #expect(vendor.requests.count == count)
        }
    }
}
