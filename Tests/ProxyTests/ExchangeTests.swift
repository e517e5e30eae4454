// One exchange from end to end over real sockets: what goes to the vendor, what comes back, what is refused, what is on record.

import Engine
import Foundation
import Record
import Testing

@testable import Proxy

@Suite("An exchange", .timeLimit(.minutes(2)))
struct ExchangeTests {
    @Test("a response is masked, and its framing re-made")
    func masked() async throws {
        let vendor = try FakeVendor.answering { _ in
            response("card \(TestRules.cardNumber), thanks", headers: "ETag: \"1\"\r\nX-Kept: yes\r\nAccept-Ranges: bytes\r\nContent-MD5: x\r\n")
        }
        defer { vendor.stop() }
        try await withGateway(to: vendor.port) { gateway in
            let answer = try gateway.exchange("GET /v/pay?x=1")
            #expect(answer.status == 200)
            #expect(answer.text == "card \(TestRules.label), thanks")
            #expect(answer["transfer-encoding"] == "chunked")
            for dropped in ["content-length", "etag", "accept-ranges", "content-md5"] { #expect(answer[dropped] == nil) }
            #expect(answer["x-kept"] == "yes")
            #expect(vendor.requests.first?.startLine == "GET /pay?x=1 HTTP/1.1")

            let (exchange, transcript) = try gateway.record(of: answer)
            #expect(exchange.identity == "agent")
            #expect(exchange.outcome == Outcome(.completed))
            #expect(exchange.status == 200)
            #expect(exchange.evidence?.response.masked == ["test-card": 1])
            #expect(exchange.evidence?.response.bytesScanned == 29)
            #expect(String(decoding: transcript.responseBody, as: UTF8.self) == answer.text)
        }
    }

    @Test("the masked result is the same however the vendor cuts its body", arguments: [1, 2, 3, 7, 16, 40])
    func cuts(size: Int) async throws {
        let body = "a \(TestRules.cardNumber) b \(TestRules.cardNumber.dropLast()) c \(TestRules.cardNumber)"
        let vendor = try FakeVendor { vendor, connection in
            _ = try vendor.receive(from: connection)
            try connection.send("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
            let bytes = Array(body.utf8)
            for start in stride(from: 0, to: bytes.count, by: size) {
                let piece = bytes[start..<min(start + size, bytes.count)]
                try connection.send("\(String(piece.count, radix: 16))\r\n\(String(decoding: piece, as: UTF8.self))\r\n")
            }
            try connection.send("0\r\nX-Trailer: \(TestRules.cardNumber)\r\n\r\n")
            _ = try connection.receive()
        }
        defer { vendor.stop() }
        try await withGateway(to: vendor.port) { gateway in
            let client = try gateway.client()
            try client.send(gateway.request("GET /v/x", ["Connection: close"]))
            let raw = String(decoding: client.receiveToEnd().bytes, as: UTF8.self)
            #expect(!raw.contains(TestRules.cardNumber), "trailers are dropped, and nothing else leaks")
            let again = try gateway.exchange("GET /v/x")
            #expect(again.isComplete)
            #expect(again.text == "a \(TestRules.label) b \(TestRules.cardNumber.dropLast()) c \(TestRules.label)")
        }
    }

    @Test("credentials of the agent stay here; the connection's is injected, and never comes back")
    func credentials() async throws {
        let vendor = try FakeVendor.answering { request in
            let seen = request["authorization"] ?? ""
            return response("you sent \(seen) and \(Data("vendor-secret-1".utf8).base64EncodedString())", headers: "X-Echo: \(seen)\r\n")
        }
        defer { vendor.stop() }
        try await withGateway(to: vendor.port) { gateway in
            let answer = try gateway.exchange("GET /v/x", ["X-Api-Key: \(gateway.key)", "Proxy-Authorization: x", "Cookie: a=b"])
            let request = try #require(vendor.requests.first)
            #expect(request["authorization"] == "Bearer vendor-secret-1")
            #expect(request.headers.filter { $0.name.lowercased() == "authorization" }.count == 1)
            #expect(request["x-api-key"] == nil)
            #expect(request["proxy-authorization"] == nil)
            #expect(!request.description.contains(gateway.key))
            #expect(!answer.description.contains("vendor-secret-1"))
            #expect(!answer.description.contains(Data("vendor-secret-1".utf8).base64EncodedString()))
            #expect(answer.text.contains("[REDACTED:INJECTED_CREDENTIAL]"))
            #expect(answer["x-echo"]?.contains("REDACTED") == true)
        }
    }

    @Test("a credential that goes into the query replaces one of the agent's")
    func queryCredential() async throws {
        let vendor = try FakeVendor.answering { _ in response("ok") }
        defer { vendor.stop() }
        try await withGateway(to: vendor.port, credential: Credential(form: .query(name: "key"), secret: Secret("a b"))) { gateway in
            _ = try gateway.exchange("GET /v/x?%6Bey=mine&y=2")
            #expect(vendor.requests.first?.startLine == "GET /x?y=2&key=a%20b HTTP/1.1")
        }
    }

    @Test("fields for one hop, codings, ranges and routes are not forwarded")
    func requestFields() async throws {
        let vendor = try FakeVendor.answering { _ in response("ok", headers: "Connection: X-Hop\r\nX-Hop: 1\r\nAlt-Svc: h3\r\nKeep-Alive: timeout=5\r\n") }
        defer { vendor.stop() }
        try await withGateway(to: vendor.port) { gateway in
            let answer = try gateway.exchange(
                "GET /v/x",
                [
                    "Connection: keep-alive, X-Mine", "X-Mine: 1", "Range: bytes=0-1", "If-Range: x", "Accept-Encoding: gzip, compress", "TE: trailers",
                    "X-Forwarded-For: 10.0.0.1", "Accept: text/plain",
                ])
            let request = try #require(vendor.requests.first)
            for dropped in ["connection", "x-mine", "range", "if-range", "te", "x-forwarded-for"] { #expect(request[dropped] == nil, "\(dropped)") }
            #expect(request["accept-encoding"] == "gzip")
            #expect(request["accept"] == "text/plain")
            #expect(request["host"] == "127.0.0.1:\(vendor.port)")
            #expect(request["via"] == "1.1 sluice")
            for dropped in ["x-hop", "alt-svc", "keep-alive", "connection"] { #expect(answer[dropped] == nil, "\(dropped)") }
        }
    }

    @Test("a request body arrives whole, re-framed, and masked on record only")
    func requestBody() async throws {
        let vendor = try FakeVendor.answering { _ in response("ok") }
        defer { vendor.stop() }
        try await withGateway(to: vendor.port) { gateway in
            let client = try gateway.client()
            try client.send(gateway.request("POST /v/x", ["Content-Type: application/json", "Transfer-Encoding: chunked"]))
            for piece in ["{\"card\":\"", String(TestRules.cardNumber.prefix(7)), String(TestRules.cardNumber.dropFirst(7)), "\"}"] {
                try client.send("\(String(piece.utf8.count, radix: 16))\r\n\(piece)\r\n")
            }
            try client.send("0\r\n\r\n")
            let answer = try client.receiveMessage()
            #expect(answer.status == 200)
            let request = try #require(vendor.requests.first)
            #expect(request.text == "{\"card\":\"\(TestRules.cardNumber)\"}")
            #expect(request["content-length"] == "27")
            #expect(request["transfer-encoding"] == nil)
            let (exchange, transcript) = try gateway.record(of: answer)
            #expect(String(decoding: transcript.requestBody, as: UTF8.self) == "{\"card\":\"\(TestRules.label)\"}")
            #expect(exchange.evidence?.request.bytesIn == 27)
        }
    }

    @Test("with mask_requests the vendor gets the masked body")
    func maskedRequest() async throws {
        let vendor = try FakeVendor.answering { _ in response("ok") }
        defer { vendor.stop() }
        try await withGateway(to: vendor.port, configure: { $0.connections[0].masksRequests = true }) { gateway in
            _ = try gateway.exchange("POST /v/x", ["Content-Type: text/plain"], body: "pay \(TestRules.cardNumber) now")
            #expect(vendor.requests.first?.text == "pay \(TestRules.label) now")
            #expect(vendor.requests.first?["content-length"] == "23")
        }
    }

    @Test("masked numbers are what the connection says", arguments: [(NumberPolicy.string, "\"\(TestRules.label)\""), (.zero, "0"), (.null, "null")])
    func numbers(policy: NumberPolicy, written: String) async throws {
        let vendor = try FakeVendor.answering { _ in response("{\"card\":\(TestRules.cardNumber.filter(\.isNumber))}", type: "application/json") }
        defer { vendor.stop() }
        try await withGateway(to: vendor.port, configure: { $0.connections[0].numbers = policy }) { gateway in
            let answer = try gateway.exchange("GET /v/x")
            #expect(answer.text == "{\"card\":\(written)}")
        }
    }

    @Test("the vendor sees no byte of a request that a rule blocks", arguments: ["body", "form", "query", "late", "end"])
    func blockedRequest(place: String) async throws {
        let vendor = try FakeVendor.answering { _ in response("ok") }
        defer { vendor.stop() }
        try await withGateway(to: vendor.port) { gateway in
            let answer =
                switch place {
                case "body": try gateway.exchange("POST /v/sql", ["Content-Type: text/plain"], body: "\(TestRules.dropTable) users")
                case "form":
                    try gateway.exchange(
                        "POST /v/sql", ["Content-Type: application/x-www-form-urlencoded"],
                        body: "q=" + TestRules.dropTable.replacing(" ", with: "+") + "+users")
                case "end": try gateway.exchange("POST /v/sql", ["Content-Type: text/plain"], body: "now HALT")
                case "query": try gateway.exchange("GET /v/sql?q=" + TestRules.dropTable.replacing(" ", with: "%20"))
                default:
                    try gateway.exchange(
                        "POST /v/sql", ["Content-Type: text/plain"], body: String(repeating: "x", count: 3_000_000) + TestRules.dropTable)
                }
            #expect(answer.status == 403)
            #expect(answer["sluice-denied"] == "blocked-by-rule")
            #expect(answer["content-type"] == "application/problem+json")
            let rule = place == "end" ? "test-last" : "test-command"
            #expect(answer.text.contains("\"rule\":\"\(rule)\""))
            #expect(!answer.text.contains(TestRules.dropTable))
            #expect(vendor.connections == 0)
            #expect(try gateway.record(of: answer).exchange.outcome == Outcome(.blocked, rule))
        }
    }

    @Test("a blocked response becomes a refusal while nothing of it was released, and is cut where something was")
    func blockedResponse() async throws {
        let vendor = try FakeVendor.answering { request in
            switch request.startLine.split(separator: " ")[1] {
            case "/early": response(TestRules.dropTable)
            case "/last": response("HALT")
            default: response("some text, \(TestRules.dropTable)")
            }
        }
        defer { vendor.stop() }
        try await withGateway(to: vendor.port) { gateway in
            let early = try gateway.exchange("GET /v/early")
            #expect(early.status == 502)
            #expect(early["sluice-denied"] == "blocked")
            #expect(!early.text.contains(TestRules.dropTable))

            let late = try gateway.exchange("GET /v/late")
            #expect(late.status == 200)
            #expect(late.text == "some text, ")
            #expect(!late.isComplete)
            #expect(try gateway.record(of: late).exchange.outcome == Outcome(.blocked, "test-command"))

            let last = try gateway.exchange("GET /v/last")
            #expect(last.status == 502)
            #expect(last["sluice-denied"] == "blocked")
        }
    }

    @Test(
        "what cannot be scanned is refused, passed or scanned as the connection says",
        arguments: [
            (Connection.UnknownContent.block, "Content-Type: image/png", 502, "content-type"),
            (.block, "Content-Type: text/plain\r\nContent-Encoding: compress", 502, "content-encoding"),
            (.block, "Content-Type: text/plain; charset=utf-16", 502, "content-encoding"),
            (.pass, "Content-Type: image/png", 200, nil),
            (.pass, "Content-Type: text/plain\r\nContent-Encoding: gzip, x-own", 200, nil),
            (.text, "Content-Type: image/png", 200, nil),
            (.text, "Content-Type: text/plain\r\nContent-Encoding: compress", 502, "content-encoding"),
        ] as [(Connection.UnknownContent, String, Int, String?)])
    func unknownContent(policy: Connection.UnknownContent, headers: String, status: Int, reason: String?) async throws {
        let body = "card \(TestRules.cardNumber)"
        let vendor = try FakeVendor.answering { _ in "HTTP/1.1 200 OK\r\n\(headers)\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)" }
        defer { vendor.stop() }
        try await withGateway(to: vendor.port, configure: { $0.connections[0].unknownContent = policy }) { gateway in
            let answer = try gateway.exchange("GET /v/x")
            #expect(answer.status == status)
            #expect(answer["sluice-denied"] == reason)
            guard status == 200 else { return }
            #expect(answer.text == (policy == .pass ? body : "card \(TestRules.label)"))
            let evidence = try #require(try gateway.record(of: answer).exchange.evidence)
            #expect(evidence.response.bytesUnscanned == (policy == .pass ? body.utf8.count : 0))
            #expect(evidence.response.bytesScanned == (policy == .pass ? 0 : body.utf8.count))
        }
    }

    @Test("HEAD, 204 and 304 have no body, an empty body needs no type, and the connection goes on")
    func withoutBody() async throws {
        let vendor = try FakeVendor.answering { request in
            switch request.startLine.split(separator: " ")[1] {
            case "/204": "HTTP/1.1 204 No Content\r\n\r\n"
            case "/304": "HTTP/1.1 304 Not Modified\r\nETag: \"x\"\r\n\r\n"
            case "/empty": "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
            case "/interim": "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + response("final")
            default: "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\n" + (request.startLine.hasPrefix("HEAD") ? "" : "hello")
            }
        }
        defer { vendor.stop() }
        try await withGateway(to: vendor.port) { gateway in
            let client = try gateway.client()
            for (line, status) in [("HEAD /v/x", 200), ("GET /v/204", 204), ("GET /v/304", 304), ("GET /v/empty", 200), ("GET /v/interim", 200)] {
                try client.send(gateway.request(line))
                let answer = try client.receiveMessage(toHead: line.hasPrefix("HEAD"))
                #expect(answer.status == status, "\(line)")
                if line.hasSuffix("interim") { #expect(answer.text == "final") }
            }
            #expect(vendor.connections == 1, "one upstream connection carries them all")
        }
    }

    @Test("a value in a response's header is masked; a field whose name made the match is dropped")
    func maskedHeaders() async throws {
        let vendor = try FakeVendor.answering { _ in
            response("ok", headers: "Location: /cards/\(TestRules.cardNumber)?a=1\r\nX-Plain: 7\r\n")
        }
        defer { vendor.stop() }
        try await withGateway(to: vendor.port) { gateway in
            let answer = try gateway.exchange("GET /v/x")
            #expect(answer["location"] == "/v/cards/\(TestRules.label)?a=1")
            #expect(answer["x-plain"] == "7")
            #expect(try gateway.record(of: answer).exchange.evidence?.response.masked == ["test-card": 1])
        }
    }

    @Test("redirections within the vendor lead back through the proxy", arguments: [
        ("http://127.0.0.1:PORT/base/a?b", "/v/a?b"), ("/base/a", "/v/a"), ("/base", "/v"), ("/elsewhere", "/elsewhere"), ("/based", "/based"),
        ("https://other.example/base/a", "https://other.example/base/a"), ("//other.example/a", "//other.example/a"), ("a", "a"),
    ])
    func redirections(location: String, expected: String) async throws {
        let vendor = try FakeVendor { vendor, connection in
            _ = try vendor.receive(from: connection)
            try connection.send(
                response("", status: "302 Found", headers: "Location: \(location.replacing("PORT", with: String(vendor.port)))\r\nSluice-Denied: x\r\n"))
        }
        defer { vendor.stop() }
        try await withGateway(to: vendor.port, configure: { $0.connections[0].upstream.basePath = "/base" }) { gateway in
            let answer = try gateway.exchange("GET /v/x")
            #expect(vendor.requests.first?.startLine == "GET /base/x HTTP/1.1")
            #expect(answer.status == 302)
            #expect(answer["location"] == expected)
            #expect(answer["sluice-denied"] == nil)
        }
    }

    @Test("HTTP/1.0 clients get an unframed body and the end of the connection")
    func http10() async throws {
        let vendor = try FakeVendor.answering { _ in response("hello \(TestRules.cardNumber)") }
        defer { vendor.stop() }
        try await withGateway(to: vendor.port) { gateway in
            let client = try gateway.client()
            try client.send("GET /v/x HTTP/1.0\r\nAuthorization: Bearer \(gateway.key)\r\n\r\n")
            let answer = try client.receiveMessage()
            #expect(answer["transfer-encoding"] == nil)
            #expect(answer.text == "hello \(TestRules.label)")
            #expect(answer.isComplete)
        }
    }

    @Test("100 Continue comes once the request may have a body, and a refusal instead where it may not")
    func expectContinue() async throws {
        let vendor = try FakeVendor.answering { _ in response("ok") }
        defer { vendor.stop() }
        try await withGateway(to: vendor.port) { gateway in
            let client = try gateway.client()
            try client.send(gateway.request("POST /v/x", ["Content-Type: text/plain", "Content-Length: 5", "Expect: 100-continue"]))
            #expect(try client.receiveMessage().status == 100)
            try client.send("hello")
            #expect(try client.receiveMessage().status == 200)
            #expect(vendor.requests.first?.text == "hello")
            #expect(vendor.requests.first?["expect"] == nil)

            let refused = try gateway.client()
            try refused.send(gateway.request("POST /v/forbidden/x", ["Content-Type: text/plain", "Content-Length: 5", "Expect: 100-continue"]))
            #expect(try refused.receiveMessage().status == 403)
            let end = refused.receiveToEnd()
            #expect(end.bytes.isEmpty)
            #expect(end.orderly, "a body that was not asked for is not waited for")
        }
    }

    @Test(
        "who may not is told so, in the form of a problem document, and the vendor hears nothing",
        arguments: [
            ("GET /v/x", "no-such-key", 401, "unauthenticated"), ("GET /nowhere/x", nil, 404, "unknown-connection"),
            ("GET /v/forbidden/x", nil, 403, "policy"), ("GET /v/../x", nil, 400, "ambiguous-target"),
            ("GET /v/%2e%2e/x", nil, 400, "ambiguous-target"), ("GET /v//x", nil, 400, "ambiguous-target"),
            ("GET /v/a%2Fb", nil, 400, "ambiguous-target"), ("GET http://vendor/v/x", nil, 400, "ambiguous-target"),
            ("OPTIONS *", nil, 400, "ambiguous-target"), ("TRACE /v/x", nil, 501, "method-not-supported"),
        ] as [(String, String?, Int, String)])
    func refused(line: String, key: String?, status: Int, reason: String) async throws {
        let vendor = try FakeVendor.answering { _ in response("ok") }
        defer { vendor.stop() }
        try await withGateway(to: vendor.port) { gateway in
            let answer = try gateway.exchange(line, key: key)
            #expect(answer.status == status)
            #expect(answer["sluice-denied"] == reason)
            #expect(answer["content-type"] == "application/problem+json")
            #expect((answer["www-authenticate"] != nil) == (status == 401))
            let document = try #require(try JSONSerialization.jsonObject(with: Data(answer.body)) as? [String: Any])
            #expect(document["status"] as? Int == status)
            #expect(document["type"] as? String == "urn:sluice:problem:\(reason)")
            #expect(vendor.connections == 0)
            if status == 403 || status == 404 || status == 401 {
                #expect(try gateway.record(of: answer).exchange.outcome == Outcome(.refused, reason))
            }
        }
    }

    @Test("a stranger to every policy is denied by default")
    func defaultDeny() async throws {
        let vendor = try FakeVendor.answering { _ in response("ok") }
        defer { vendor.stop() }
        try await withGateway(to: vendor.port) { gateway in
            let answer = try gateway.exchange("GET /v/x", key: gateway.otherKey)
            #expect(answer.status == 403)
            #expect(answer["sluice-denied"] == "policy")
            #expect(vendor.connections == 0)
        }
    }

    @Test("a body over the limit is refused, whether its length is told or found out")
    func tooLarge() async throws {
        let vendor = try FakeVendor.answering { _ in response("ok") }
        defer { vendor.stop() }
        try await withGateway(to: vendor.port, configure: { $0.limits.requestBodyBytes = 1000 }) { gateway in
            let told = try gateway.exchange("POST /v/x", ["Content-Type: text/plain"], body: String(repeating: "x", count: 1001))
            #expect(told.status == 413)
            #expect(told["sluice-denied"] == "body-too-large")
            let client = try gateway.client()
            try client.send(gateway.request("POST /v/x", ["Content-Type: text/plain", "Transfer-Encoding: chunked"]))
            try client.send("3e9\r\n" + String(repeating: "x", count: 1001) + "\r\n0\r\n\r\n")
            #expect(try client.receiveMessage().status == 413)
            #expect(vendor.connections == 0)
            #expect(try gateway.exchange("POST /v/x", ["Content-Type: text/plain"], body: String(repeating: "x", count: 1000)).status == 200)
        }
    }

    @Test("a head over the limit is refused with 431")
    func headTooLarge() async throws {
        let vendor = try FakeVendor.answering { _ in response("ok") }
        defer { vendor.stop() }
        try await withGateway(to: vendor.port, configure: { $0.limits.headerBytes = 4096 }) { gateway in
            let answer = try gateway.exchange("GET /v/x", ["X-Long: " + String(repeating: "x", count: 5000)])
            #expect(answer.status == 431)
            #expect(answer["sluice-denied"] == "header-too-large")
        }
    }

    @Test("the health page needs no key")
    func health() async throws {
        try await withGateway(to: 1) { gateway in
            let client = try gateway.client()
            try client.send("GET /.well-known/sluice/health HTTP/1.1\r\nHost: x\r\n\r\n")
            let answer = try client.receiveMessage()
            #expect(answer.status == 200)
            #expect(answer.text == "ok\n")
        }
    }
}
