// Tokens at the gateway's door: who a request is by its token, on each request anew, in records and approvals, and when it expires on the way.

import Foundation
import Record
import Synchronization
import Testing

@testable import OpenID
@testable import Proxy

@Suite struct TokenGatewayTests {
    private let provider: FakeProvider
    private let vendor: FakeVendor

    init() throws {
        provider = try FakeProvider()
        vendor = try FakeVendor.answering { _ in response("hello") }
    }

    private func issuers(_ configuration: inout Configuration) {
        var issuer = provider.issuer
        issuer.clockSkew = .zero
        configuration.identity.issuers = [issuer]
    }

    private func token(_ members: [String: Any] = [:]) -> String { TestKeys.p256.token("ES256", provider.claims(members)) }

    @Test("A token is taken where API keys are, and both are known side by side")
    func places() async throws {
        try await withGateway(to: vendor.port, configure: issuers) { [self] gateway in
            #expect(try gateway.exchange("GET /v/x").status == 200)
            let token = token()
            for field in ["Authorization: Bearer \(token)", "x-api-key: \(token)", "api-key: \(token)", "x-goog-api-key: \(token)"] {
                let client = try gateway.client()
                try client.send("GET /v/x HTTP/1.1\r\nHost: gateway.test\r\n\(field)\r\n\r\n")
                #expect(try client.receiveMessage().status == 200, "\(field.prefix(16))")
            }
            // The vendor sees nothing of it.
            #expect(vendor.requests.allSatisfy { request in !request.headers.contains { $0.value.contains(token) } && request["authorization"] == "Bearer vendor-secret-1" })
        }
    }

    @Test("The record names issuer and subject, with the groups, and nothing of the token")
    func record() async throws {
        try await withGateway(to: vendor.port, configure: issuers) { [self] gateway in
            let token = token(["groups": ["agents", "root"]])
            let accepted = try gateway.record(of: gateway.exchange("GET /v/x", key: token)).exchange
            #expect(accepted.identity == "\(provider.url)#ada" && accepted.groups == ["agents"])
            let refused = try gateway.exchange("GET /v/x", key: token + "A")
            #expect(refused.status == 401 && refused["sluice-denied"] == "invalid-token")
            #expect(refused["www-authenticate"] == #"Bearer realm="sluice", error="invalid_token""#)
            let (exchange, transcript) = try gateway.record(of: refused)
            #expect(exchange.identity == nil && exchange.decision == .deny)
            for part in token.split(separator: ".") { #expect(!"\(refused) \(exchange) \(transcript)".contains(part)) }
        }
    }

    @Test("What a token may do is decided by its groups, on every request of a connection anew")
    func everyRequest() async throws {
        try await withGateway(to: vendor.port, configure: issuers) { [self] gateway in
            let client = try gateway.client()
            for (token, status) in [
                (token(), 200), (token(["groups": ["others"]]), 403), (token(["groups": NSNull()]), 403), (token(["exp": 1]), 401), (token(["aud": "other"]), 401), (token(), 200), ("no-such-key", 401),
                (gateway.key, 200), (token(["iss": "https://issuer.example"]), 401), (token(["sub": "bob"]), 200),
            ] {
                try client.send(gateway.request("POST /v/x", ["Content-Type: text/plain"], body: "a body that follows at once", key: token))
                #expect(try client.receiveMessage().status == status)
            }
            // It expires between two requests.
            let brief = token(["exp": Date().timeIntervalSince1970 + 4])
            try client.send(gateway.request("GET /v/x", key: brief))
            #expect(try client.receiveMessage().status == 200)
            usleep(4_100_000)
            try client.send(gateway.request("GET /v/x", key: brief))
            #expect(try client.receiveMessage().text.contains("the token has expired"))
        }
    }

    @Test("Requests that are sent ahead are answered in order, with bodies, while the first one's keys are fetched")
    func pipelined() async throws {
        provider.change { $0.delay = 0.3 }
        try await withGateway(to: vendor.port, configure: issuers) { [self] gateway in
            let client = try gateway.client()
            let body = String(repeating: "x", count: 100_000)
            try client.send(
                gateway.request("POST /v/1", ["Content-Type: text/plain"], body: body, key: token()) + gateway.request("GET /v/2", key: gateway.key)
                    + gateway.request("POST /v/3", ["Content-Type: text/plain"], body: body, key: token(["sub": "bob"])))
            for _ in 1...3 { #expect(try client.receiveMessage().status == 200) }
            #expect(vendor.requests.map { String($0.startLine.split(separator: " ")[1]) } == ["/1", "/2", "/3"])
            #expect(vendor.requests.map(\.body.count) == [100_000, 0, 100_000])
        }
    }

    @Test("While keys cannot be had a token is refused as a failure of the gateway's, to be tried again")
    func unavailable() async throws {
        provider.stop()
        try await withGateway(to: vendor.port, configure: issuers) { [self] gateway in
            let refused = try gateway.exchange("GET /v/x", key: token())
            #expect(refused.status == 503 && refused["sluice-denied"] == "identity-unavailable" && refused["retry-after"] == "5")
            #expect(try gateway.exchange("GET /v/x").status == 200)
            #expect(vendor.requests.count == 1)
        }
    }

    @Test("A person cannot approve what their own token asked for, and a token sees the reviews of its own identity")
    func approvals() async throws {
        try await withGateway(to: vendor.port) { configuration in
            issuers(&configuration)
            configuration.people = [
                Person(name: "Ada Lovelace", osUser: "ada", groups: ["chiefs"], subjects: ["\(provider.url)#ada"]), Person(name: "bob", osUser: "bob", groups: ["chiefs"]),
                Person(name: "carol", osUser: "carol", groups: ["chiefs"]),
            ]
        } _: { [self] gateway in
            for (subject, person) in [("ada", "Ada Lovelace"), ("BOB", "bob")] {
                let asked = try gateway.exchange("DELETE /v/x", key: token(["sub": subject]))
                let id = try #require(asked["sluice-review"])
                #expect(throws: ReviewError.ownRequest(id: id)) { try awaiting { try await gateway.reviews.approve(id, by: Approver(name: person, groups: ["chiefs"], proof: "test")) } }
                #expect(try gateway.exchange("GET /.well-known/sluice/reviews/\(id)", key: token(["sub": subject])).status == 200)
                #expect(try gateway.exchange("GET /.well-known/sluice/reviews/\(id)", key: token(["sub": "mallory"])).status == 404)
                #expect(try gateway.exchange("GET /.well-known/sluice/reviews/\(id)", key: token(["exp": 1])).status == 401)
                // The approval is for this identity: the same subject of nobody else can use it.
                _ = try awaiting { try await gateway.reviews.approve(id, by: Approver(name: "carol", groups: ["chiefs"], proof: "test")) }
                #expect(try gateway.exchange("DELETE /v/x", key: token(["sub": "mallory"])).status == 403)
                #expect(try gateway.exchange("DELETE /v/x").status == 403)
                #expect(try gateway.exchange("DELETE /v/x", key: token(["sub": subject, "jti": "a new token"])).status == 200)
                #expect(try gateway.exchange("DELETE /v/x", key: token(["sub": subject])).status == 403)
            }
        }
    }

    @Test("A stream goes on, or is cut, when the token with which it began expires", arguments: [Configuration.IdentitySettings.OnExpiry.finish, .cut])
    func expiryOnTheWay(_ choice: Configuration.IdentitySettings.OnExpiry) async throws {
        let expiry = Mutex(Double.infinity)
        let slow = try FakeVendor { vendor, connection in
            _ = try vendor.receive(from: connection)
            try connection.send("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n")
            while Date().timeIntervalSince1970 < expiry.withLock({ $0 }) + 1 {
                try connection.send("6\r\nhello\n\r\n")
                usleep(200_000)
            }
            try connection.send("4\r\nend\n\r\n0\r\n\r\n")
        }
        try await withGateway(to: slow.port) { configuration in
            issuers(&configuration)
            configuration.identity.onExpiry = choice
        } _: { [self] gateway in
            let end = Date().timeIntervalSince1970 + 5
            expiry.withLock { $0 = end }
            let answer = try gateway.exchange("GET /v/x", key: token(["exp": end]))
            #expect(answer.isComplete == (choice == .finish))
            #expect(answer.text.hasPrefix("hello\n") && answer.text.hasSuffix("end\n") == (choice == .finish))
            let record = try gateway.record(of: answer).exchange
            #expect(record.outcome == (choice == .finish ? Outcome(.completed) : Outcome(.refused, "invalid-token")))
        }
    }

    @Test("A token that ends in the year 9999 is none to set an alarm for")
    func farExpiry() async throws {
        try await withGateway(to: vendor.port) { configuration in
            issuers(&configuration)
            configuration.identity.onExpiry = .cut
        } _: { [self] gateway in
            let answer = try gateway.exchange("GET /v/x", key: token(["exp": 253_402_300_799]))
            #expect(answer.text == "hello")
        }
    }
}
