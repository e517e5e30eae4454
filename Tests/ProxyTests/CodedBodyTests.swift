// Compressed bodies through the proxy: decoded, scanned, coded again; refused where they cannot be.

import ContentCoding
import Foundation
import NIOHTTP1
import Record
import Testing

@testable import Proxy

private func encoded(_ text: String, _ codings: [ContentCoding]) throws -> [UInt8] {
    try codings.reduce(Array(text.utf8)) { bytes, coding in
        let encoder = try ContentEncoder(coding)
        var made: [UInt8] = []
        try bytes.withUnsafeBytes { bytes in try encoder.encode(bytes, .finish) { made += $0 } }
        return made
    }
}

/// Decodes what has come so far, and says whether the coding has ended.
private func decoded(_ bytes: [UInt8], _ coding: ContentCoding) throws -> (text: String, isWhole: Bool) {
    let decoder = ContentDecoder([coding], limits: .init(decodedBytes: 1 << 28))
    var output = [UInt8](repeating: 0, count: 1 << 16)
    var text: [UInt8] = []
    var rest = bytes[...]
    while true {
        let step = try output.withUnsafeMutableBytes { output in try rest.withUnsafeBytes { try decoder.decode($0, into: output) } }
        rest = rest.dropFirst(step.consumed)
        text += output[..<step.produced]
        if !step.mayHaveMore { break }
    }
    return (String(decoding: text, as: UTF8.self), (try? decoder.finish()) != nil)
}

private func head(_ fields: String, length: Int) -> [UInt8] { Array("HTTP/1.1 200 OK\r\n\(fields)\r\nContent-Length: \(length)\r\n\r\n".utf8) }

extension FakeVendor {
    /// A vendor that gives every request the same body.
    fileprivate static func sending(_ fields: String, _ body: [UInt8]) throws -> FakeVendor {
        try FakeVendor { vendor, connection in
            while true {
                let request = try vendor.receive(from: connection)
                try connection.send(head(fields, length: body.count) + (request.startLine.hasPrefix("HEAD") ? [] : body))
            }
        }
    }
}

@Suite("A coded body", .serialized, .timeLimit(.minutes(2)))
struct CodedBodyTests {
    private static let text = "the card is \(TestRules.cardNumber), that is all"
    private static let masked = "the card is \(TestRules.label), that is all"

    @Test("is decoded, masked, and coded again for a client that accepts it", arguments: ContentCoding.allCases)
    func recoded(coding: ContentCoding) async throws {
        let body = try encoded(Self.text, [coding])
        let vendor = try FakeVendor.sending(
            "Content-Type: text/plain\r\nContent-Encoding: \(coding.rawValue)\r\nETag: \"a\"\r\nAccept-Ranges: bytes\r\nContent-Digest: x", body)
        defer { vendor.stop() }
        try await withGateway(to: vendor.port) { gateway in
            let answer = try gateway.exchange("GET /v/x", ["Accept-Encoding: \(coding.rawValue)"])
            #expect(answer.status == 200 && answer.isComplete)
            #expect(answer["content-encoding"] == coding.rawValue)
            #expect(answer["vary"] == "Accept-Encoding")
            for dropped in ["etag", "accept-ranges", "content-digest", "content-length"] { #expect(answer[dropped] == nil) }
            #expect(try decoded(answer.body, coding) == (Self.masked, true))
            #expect(vendor.requests.last?["accept-encoding"] == coding.rawValue)
            let (exchange, transcript) = try gateway.record(of: answer)
            #expect(String(decoding: transcript.responseBody, as: UTF8.self) == Self.masked)
            let evidence = try #require(exchange.evidence?.response)
            #expect((evidence.bytesIn, evidence.bytesScanned, evidence.bytesUnscanned) == (body.count, Self.text.utf8.count, 0))
            #expect(evidence.masked == ["test-card": 1])

            let plain = try gateway.exchange("GET /v/x")
            #expect(plain.text == Self.masked)
            #expect(plain["content-encoding"] == nil)
            #expect(vendor.requests.last?["accept-encoding"] == "identity")

            let old = try gateway.client()
            try old.send("GET /v/x HTTP/1.0\r\nAuthorization: Bearer \(gateway.key)\r\nAccept-Encoding: \(coding.rawValue)\r\n\r\n")
            let untilClose = try old.receiveMessage()
            #expect(untilClose.isComplete)
            #expect(try decoded(untilClose.body, coding) == (Self.masked, true))
        }
    }

    @Test("is sent on decoded, or not asked for, where the connection says so")
    func choices() async throws {
        let vendor = try FakeVendor.sending("Content-Type: text/plain\r\nContent-Encoding: gzip\r\nVary: Origin, Accept-Encoding", try encoded(Self.text, [.gzip]))
        defer { vendor.stop() }
        for choice in [Connection.CodingChoice.decode, .off] {
            try await withGateway(to: vendor.port, configure: { $0.connections[0].contentCoding = choice }) { gateway in
                let answer = try gateway.exchange("GET /v/x", ["Accept-Encoding: gzip"])
                #expect(answer.text == Self.masked)
                #expect(answer["content-encoding"] == nil)
                #expect(answer["vary"] == "Origin, Accept-Encoding")
                #expect(vendor.requests.last?["accept-encoding"] == (choice == .off ? "identity" : "gzip"))
            }
        }
    }

    @Test("that went through several codings is read, and leaves in the last one that the client accepts")
    func several() async throws {
        let vendor = try FakeVendor.sending(
            "Content-Type: text/plain\r\nContent-Encoding: deflate\r\nContent-Encoding: identity, X-GZIP, br", try encoded(Self.text, [.deflate, .gzip, .br]))
        defer { vendor.stop() }
        try await withGateway(to: vendor.port) { gateway in
            #expect(try gateway.exchange("GET /v/x").text == Self.masked)
            let answer = try gateway.exchange("GET /v/x", ["Accept-Encoding: gzip, deflate"])
            #expect(answer["content-encoding"] == "gzip")
            #expect(try decoded(answer.body, .gzip) == (Self.masked, true))
        }
        let four = try FakeVendor.sending("Content-Type: text/plain\r\nContent-Encoding: gzip, gzip, gzip, gzip", try encoded(Self.text, [.gzip, .gzip, .gzip, .gzip]))
        defer { four.stop() }
        try await withGateway(to: four.port) { gateway in
            let answer = try gateway.exchange("GET /v/x")
            #expect((answer.status, answer["sluice-denied"]) == (502, "content-encoding"))
        }
    }

    @Test("is the same however the vendor cuts it", arguments: [1, 2, 7, 30])
    func cuts(size: Int) async throws {
        let body = try encoded(String(repeating: Self.text + "\n", count: 20), [.gzip])
        let vendor = try FakeVendor { vendor, connection in
            _ = try vendor.receive(from: connection)
            try connection.send("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n")
            for start in stride(from: 0, to: body.count, by: size) {
                let piece = body[start..<min(start + size, body.count)]
                try connection.send(Array("\(String(piece.count, radix: 16))\r\n".utf8) + piece + Array("\r\n".utf8))
            }
            try connection.send("0\r\n\r\n")
            _ = try connection.receive()
        }
        defer { vendor.stop() }
        try await withGateway(to: vendor.port) { gateway in
            let answer = try gateway.exchange("GET /v/x")
            #expect(answer.isComplete)
            #expect(answer.text == String(repeating: Self.masked + "\n", count: 20))
        }
    }

    @Test("of events gives each event at once, coded or not", arguments: ["gzip", "deflate", "br", "zstd", "identity"])
    func events(accepted: String) async throws {
        let coding = ContentCoding(name: accepted) ?? .gzip
        let vendor = try FakeVendor { vendor, connection in
            _ = try vendor.receive(from: connection)
            try connection.send(
                "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Encoding: \(coding.rawValue)\r\nTransfer-Encoding: chunked\r\n\r\n")
            let encoder = try ContentEncoder(coding)
            for number in 1...3 {
                var made: [UInt8] = []
                try Array("data: {\"n\":\(number)}\n\n".utf8).withUnsafeBytes { event in try encoder.encode(event, .flush) { made += $0 } }
                try connection.send(Array("\(String(made.count, radix: 16))\r\n".utf8) + made + Array("\r\n".utf8))
                // The next event waits until the client has this one.
                guard eventually({ vendor.requests.count > number }) else { return }
            }
        }
        defer { vendor.stop() }
        try await withGateway(to: vendor.port) { gateway in
            let client = try gateway.client()
            try client.send(gateway.request("GET /v/x", ["Accept-Encoding: \(accepted)"]))
            let head = String(decoding: try client.receive(upTo: "\r\n\r\n"), as: UTF8.self).lowercased()
            #expect(head.contains("content-encoding: \(coding.rawValue)") == (accepted != "identity"))
            var body: [UInt8] = []
            for number in 1...3 {
                let expected = (1...number).map { "data: {\"n\":\($0)}\n\n" }.joined()
                repeat {
                    let line = String(decoding: try client.receive(upTo: "\r\n"), as: UTF8.self)
                    let size = try #require(Int(line.trimmingCharacters(in: .whitespacesAndNewlines), radix: 16))
                    body += try client.receive(exactly: size)
                    _ = try client.receive(exactly: 2)
                } while try (accepted == "identity" ? String(decoding: body, as: UTF8.self) : decoded(body, coding).text) != expected
                // Another request tells the vendor that this event is here.
                Thread.detachNewThread { _ = try? gateway.exchange("GET /v/next") }
            }
        }
    }

    @Test("that is corrupt or ends early is refused, or broken off where some of it is on its way, and the record says so", arguments: ContentCoding.allCases)
    func corrupt(coding: ContentCoding) async throws {
        var random = SystemRandomNumberGenerator()
        let long = (0..<100_000).map { _ in String(UInt8.random(in: 0...255, using: &random), radix: 16) }.joined()
        let short = try encoded(Self.text, [coding])
        let whole = try encoded(long, [coding])
        var broken = whole
        for place in whole.count - 2000..<whole.count - 1000 { broken[place] = 0xFF }
        let undamaged = [
            "/noise": Array("no such coding, and more".utf8), "/short": Array(short.dropLast()), "/trailing": short + [7],
            "/long": Array(whole.dropLast(100)),
        ]
        // Brotli alone has no checksum, so damage may go unseen: by us as by everyone.
        let bodies = undamaged.merging(coding == .br ? [:] : ["/broken": broken]) { one, _ in one }
        let vendor = try FakeVendor { vendor, connection in
            while true {
                let request = try vendor.receive(from: connection)
                let body = bodies[String(request.startLine.split(separator: " ")[1])]!
                try connection.send(head("Content-Type: text/plain\r\nContent-Encoding: \(coding.rawValue)", length: body.count) + body)
            }
        }
        defer { vendor.stop() }
        try await withGateway(to: vendor.port) { gateway in
            for path in bodies.keys.sorted() {
                for fields in [[], ["Accept-Encoding: \(coding.rawValue)"]] {
                    let answer = try gateway.exchange("GET /v\(path)", fields)
                    if answer.status == 502 {
                        #expect(answer["sluice-denied"] == "content-corrupt")
                        #expect(answer["content-encoding"] == nil)
                    } else {
                        #expect(answer.status == 200 && !answer.isComplete, "\(path)")
                        let text = fields.isEmpty ? answer.text : (try? decoded(answer.body, coding))?.text ?? ""
                        // What was released was part of the body; where there is no checksum, damage may read like one.
                        #expect(path == "/broken" || long.hasPrefix(text) || Self.masked.hasPrefix(text), "\(path)")
                        if !fields.isEmpty { #expect((try? decoded(answer.body, coding))?.isWhole != true, "\(path)") }
                    }
                    if path == "/noise" { #expect(answer.status == 502) }
                    if path == "/long" { #expect(answer.status == 200) }
                    #expect(try gateway.record(of: answer).exchange.outcome == Outcome(.upstreamFailed, "content-corrupt"), "\(path)")
                }
            }
        }
    }

    @Test("that expands without end is stopped at the limit", arguments: ContentCoding.allCases)
    func bomb(coding: ContentCoding) async throws {
        let body = try encoded(String(repeating: " ", count: 10 << 20), [coding])
        let vendor = try FakeVendor.sending("Content-Type: text/plain\r\nContent-Encoding: \(coding.rawValue)", body)
        defer { vendor.stop() }
        try await withGateway(to: vendor.port, configure: { $0.limits.expansion = 20 }) { gateway in
            let answer = try gateway.exchange("GET /v/x")
            #expect(!answer.isComplete)
            #expect(answer.body.count <= (8 << 20) + 20 * body.count + CodedBody.pieceSize)
            #expect(try gateway.record(of: answer).exchange.outcome == Outcome(.refused, "content-expansion"))
        }
        try await withGateway(to: vendor.port, configure: { $0.limits.decodedResponseBytes = 1 << 20; $0.limits.expansion = 1_000_000 }) { gateway in
            let answer = try gateway.exchange("GET /v/x")
            #expect(!answer.isComplete && answer.body.count <= 1 << 20)
        }
        try await withGateway(to: vendor.port, configure: { $0.limits.expansion = 1_000_000 }) { gateway in
            let answer = try gateway.exchange("GET /v/x")
            #expect(answer.isComplete && answer.body.count == 10 << 20)
        }
    }

    @Test("is decoded no further than the client takes it")
    func backPressure() async throws {
        let encoder = try ContentEncoder(.gzip)
        var body: [UInt8] = []
        let block = [UInt8](repeating: 0x78, count: 1 << 20)
        for number in 1...256 { try block.withUnsafeBytes { block in try encoder.encode(block, number == 256 ? .finish : .run) { body += $0 } } }
        let vendor = try FakeVendor.sending("Content-Type: text/plain\r\nContent-Encoding: gzip", body)
        defer { vendor.stop() }
        try await withGateway(to: vendor.port, configure: { $0.limits.expansion = 1_000_000 }) { gateway in
            let client = try gateway.client(receiveBuffer: 65536)
            try client.send(gateway.request("GET /v/x"))
            let head = String(decoding: try client.receive(upTo: "\r\n\r\n"), as: UTF8.self)
            usleep(1_500_000)
            client.reset()
            let id = try #require(head.components(separatedBy: "\r\n").first { $0.lowercased().hasPrefix("sluice-exchange: ") }?.dropFirst(17))
            let answer = RawMessage(startLine: "", headers: [("sluice-exchange", String(id))], body: [])
            let exchange = try gateway.record(of: answer).exchange
            #expect(exchange.outcome == Outcome(.clientGone))
            let scanned = try #require(exchange.evidence?.response.bytesScanned)
            #expect(scanned > 0 && scanned < 64 << 20)
        }
    }

    @Test("that nobody sent is no body: HEAD, 204, 304, a length of nothing, and chunks of nothing")
    func withoutBody() async throws {
        let vendor = try FakeVendor.answering { request in
            let coded = "Content-Type: text/plain\r\nContent-Encoding: gzip\r\n"
            return switch request.startLine.split(separator: " ")[1] {
            case "/204": "HTTP/1.1 204 No Content\r\n\(coded)\r\n"
            case "/304": "HTTP/1.1 304 Not Modified\r\n\(coded)\r\n"
            case "/empty": "HTTP/1.1 200 OK\r\n\(coded)Content-Length: 0\r\n\r\n"
            case "/chunks": "HTTP/1.1 200 OK\r\n\(coded)Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
            default: "HTTP/1.1 200 OK\r\n\(coded)Content-Length: 55\r\n\r\n"
            }
        }
        defer { vendor.stop() }
        try await withGateway(to: vendor.port) { gateway in
            for accepted in ["gzip", "identity"] {
                let client = try gateway.client()
                for (line, status) in [("HEAD /v/x", 200), ("GET /v/204", 204), ("GET /v/304", 304), ("GET /v/empty", 200), ("GET /v/chunks", 200)] {
                    try client.send(gateway.request(line, ["Accept-Encoding: \(accepted)"]))
                    let answer = try client.receiveMessage(toHead: line.hasPrefix("HEAD"))
                    #expect(answer.status == status && answer.isComplete, "\(line)")
                    if answer["content-encoding"] == "gzip", !answer.body.isEmpty {
                        #expect(try decoded(answer.body, .gzip) == ("", true))
                    } else {
                        #expect(answer.body.isEmpty, "\(line)")
                    }
                    if line == "HEAD /v/x" { #expect(answer["content-encoding"] == (accepted == "gzip" ? "gzip" : nil)) }
                    if line == "GET /v/empty" { #expect(answer["content-encoding"] == nil) }
                }
            }
        }
    }

    @Test("of a type that passes unscanned keeps its coding, and its bytes")
    func passed() async throws {
        let body = try encoded(Self.text, [.gzip])
        let vendor = try FakeVendor.sending("Content-Type: image/svg\r\nContent-Encoding: gzip\r\nETag: \"a\"", body)
        defer { vendor.stop() }
        try await withGateway(to: vendor.port, configure: { $0.connections[0].unknownContent = .pass }) { gateway in
            let answer = try gateway.exchange("GET /v/x")
            #expect(answer.body == body)
            #expect(answer["content-encoding"] == "gzip" && answer["etag"] == "\"a\"")
            #expect(try gateway.record(of: answer).exchange.evidence?.response.bytesUnscanned == body.count)
        }
    }

    @Test("of a request reaches the vendor decoded, scanned and masked", arguments: ContentCoding.allCases)
    func request(coding: ContentCoding) async throws {
        let vendor = try FakeVendor.answering { _ in response("ok") }
        defer { vendor.stop() }
        for masks in [false, true] {
            try await withGateway(to: vendor.port, configure: { $0.connections[0].masksRequests = masks }) { gateway in
                let client = try gateway.client()
                let body = try encoded(Self.text, [coding])
                let fields = ["Content-Type: text/plain", "Content-Encoding: \(coding.rawValue)", "Content-Digest: x"]
                try client.send(Array(gateway.request("POST /v/x", fields + ["Content-Length: \(body.count)"]).utf8) + body)
                let answer = try client.receiveMessage()
                #expect(answer.status == 200)
                let request = try #require(vendor.requests.last)
                #expect(request.text == (masks ? Self.masked : Self.text))
                #expect(request["content-encoding"] == nil && request["content-digest"] == nil)
                #expect(request["content-length"] == String(request.body.count))
                let (exchange, transcript) = try gateway.record(of: answer)
                #expect(String(decoding: transcript.requestBody, as: UTF8.self) == Self.masked)
                #expect(exchange.evidence?.request.bytesIn == body.count)
                #expect(exchange.evidence?.request.bytesScanned == Self.text.utf8.count)
            }
        }
    }

    @Test("of a request that is forbidden, corrupt, too large or unknown is refused, and the vendor hears nothing", arguments: ContentCoding.allCases)
    func refusedRequest(coding: ContentCoding) async throws {
        let vendor = try FakeVendor.answering { _ in response("ok") }
        defer { vendor.stop() }
        let whole = try encoded(Self.text, [coding])
        let cases: [(coding: String, body: [UInt8], status: Int, reason: String)] = [
            (coding.rawValue, try encoded("first \(TestRules.dropTable) users", [coding]), 403, "blocked-by-rule"),
            (coding.rawValue, Array(whole.dropLast()), 400, "request-content"),
            (coding.rawValue, whole + [7], 400, "request-content"),
            (coding.rawValue, Array("plain text".utf8), 400, "request-content"),
            (coding.rawValue, try encoded(String(repeating: "x", count: 200_000), [coding]), 413, "body-too-large"),
            ("\(coding.rawValue), unknown", whole, 415, "request-content"),
            ("compress", whole, 415, "request-content"),
        ]
        try await withGateway(to: vendor.port, configure: { $0.limits.requestBodyBytes = 100_000 }) { gateway in
            for one in cases {
                let client = try gateway.client()
                let fields = ["Content-Type: text/plain", "Content-Encoding: \(one.coding)", "Content-Length: \(one.body.count)"]
                try client.send(Array(gateway.request("POST /v/x", fields).utf8) + one.body)
                let answer = try client.receiveMessage()
                #expect((answer.status, answer["sluice-denied"]) == (one.status, one.reason))
                if one.status == 415 { #expect(answer["accept-encoding"] == "gzip, deflate, br, zstd") }
            }
            #expect(vendor.connections == 0)
        }
    }

    @Test("what the vendor is asked for is what the client accepts and the proxy reads", arguments: [
        (nil, "identity"), ("", "identity"), ("gzip", "gzip"), ("gzip, deflate, br, zstd, compress", "gzip, deflate, br, zstd"), ("sdch, X-GZIP;q=0.5", "gzip;q=0.5"),
        ("gzip;q=0, br; q=1.0", "br;q=1.0"), ("*", "gzip, deflate, br, zstd"), ("br, *;q=0.1", "br, gzip;q=0.1, deflate;q=0.1, zstd;q=0.1"),
        ("gzip, *;q=0", "gzip"), ("identity;q=0", "identity"), ("gzip;q=nonsense", "identity"), ("gzip, gzip;q=0", "gzip"),
    ] as [(String?, String)])
    func accepted(field: String?, expected: String) {
        var headers = HTTPHeaders()
        if let field { headers.add(name: "Accept-Encoding", value: field) }
        #expect(AcceptedCodings(headers).field == expected)
    }
}
