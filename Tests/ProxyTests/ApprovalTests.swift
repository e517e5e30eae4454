// Requests that need approval: refused with a review, then run exactly once.

import Foundation
import Record
import Testing

@testable import Proxy

@Suite("Approval", .timeLimit(.minutes(2)))
struct ApprovalTests {
    static let chief = Approver(name: "chief", groups: ["chiefs"], proof: "test")

    @Test("a request that needs approval waits for it, then runs once for the byte-identical request")
    func approved() async throws {
        let vendor = try FakeVendor.answering { _ in response("deleted") }
        defer { vendor.stop() }
        try await withGateway(to: vendor.port) { gateway in
            let asked = try gateway.exchange("DELETE /v/customers/7")
            #expect(asked.status == 403)
            #expect(asked["sluice-denied"] == "approval-required")
            let review = try #require(asked["sluice-review"])
            let document = try #require(try JSONSerialization.jsonObject(with: Data(asked.body)) as? [String: Any])
            #expect(document["next"] as? String == "wait")
            let address = try #require(document["wait"] as? String)
            #expect(address == "/.well-known/sluice/reviews/\(review)?wait=55s")
            #expect(try gateway.record(of: asked).exchange.outcome == Outcome(.review, review))

            // Asking again opens no second review, and the page shows the first to its owner only.
            #expect(try gateway.exchange("DELETE /v/customers/7")["sluice-review"] == review)
            #expect(try gateway.exchange("GET /.well-known/sluice/reviews/\(review)").text.contains(#""next":"wait""#))
            let foreign = try gateway.exchange("GET /.well-known/sluice/reviews/\(review)?wait=55s", key: gateway.otherKey)
            let unknown = try gateway.exchange("GET /.well-known/sluice/reviews/r-nothing", key: gateway.otherKey)
            #expect(foreign.status == 404)
            #expect(unknown.status == 404)
            #expect(foreign.text == unknown.text)
            #expect(vendor.connections == 0)

            // The long poll ends with the decision.
            let waiting = try gateway.client()
            try waiting.send(gateway.request("GET \(address)"))
            usleep(200_000)
            let reviews = gateway.reviews
            _ = try awaiting { try await reviews.approve(review, by: Self.chief) }
            #expect(try waiting.receiveMessage().text.contains(#""next":"resend""#))

            // Other bytes are another request.
            let other = try gateway.exchange("DELETE /v/customers/7?force=1")
            #expect(other.status == 403)
            #expect(other["sluice-review"] != review)
            #expect(vendor.connections == 0)

            let ran = try gateway.exchange("DELETE /v/customers/7")
            #expect(ran.status == 200)
            #expect(ran.text == "deleted")
            #expect(vendor.requests.count == 1)
            let again = try gateway.exchange("DELETE /v/customers/7")
            #expect(again.status == 403)
            #expect(again["sluice-review"] != review)
            #expect(vendor.requests.count == 1)
        }
    }

    @Test("of many resends that race, one runs")
    func race() async throws {
        let vendor = try FakeVendor.answering { _ in response("deleted") }
        defer { vendor.stop() }
        try await withGateway(to: vendor.port) { gateway in
            let review = try #require(try gateway.exchange("DELETE /v/x", ["Content-Type: text/plain"], body: "why")["sluice-review"])
            let reviews = gateway.reviews
            _ = try awaiting { try await reviews.approve(review, by: Self.chief) }
            let clients = try (0..<8).map { _ in try gateway.client() }
            for client in clients { try client.send(gateway.request("DELETE /v/x", ["Content-Type: text/plain"], body: "why")) }
            let answers = try clients.map { try $0.receiveMessage().status }
            #expect(answers.filter { $0 == 200 }.count == 1)
            #expect(answers.filter { $0 == 403 }.count == 7)
            #expect(vendor.requests.count == 1)
        }
    }

    @Test("a denied request stays denied, and one that a rule blocks opens no review")
    func denied() async throws {
        let vendor = try FakeVendor.answering { _ in response("deleted") }
        defer { vendor.stop() }
        try await withGateway(to: vendor.port) { gateway in
            let review = try #require(try gateway.exchange("DELETE /v/x")["sluice-review"])
            let reviews = gateway.reviews
            _ = try awaiting { try await reviews.deny(review, by: Self.chief, note: "not today") }
            let answer = try gateway.exchange("DELETE /v/x")
            #expect(answer.status == 403)
            #expect(answer["sluice-denied"] == "review-denied")
            #expect(answer.text.contains("not today"))

            let blocked = try gateway.exchange("DELETE /v/y", ["Content-Type: text/plain"], body: TestRules.dropTable)
            #expect(blocked["sluice-denied"] == "blocked-by-rule")
            #expect(blocked["sluice-review"] == nil)
            #expect(vendor.connections == 0)
        }
    }

    @Test("an approved request is sent once even if the vendor drops the connection")
    func neverTwice() async throws {
        // The first connection answers once and dies on its second request: just where an idempotent request would be sent again.
        let vendor = try FakeVendor { vendor, connection in
            _ = try vendor.receive(from: connection)
            try connection.send(response("ok"))
            _ = try vendor.receive(from: connection)
        }
        defer { vendor.stop() }
        try await withGateway(to: vendor.port) { gateway in
            let client = try gateway.client()
            try client.send(gateway.request("DELETE /v/x"))
            let review = try #require(try client.receiveMessage()["sluice-review"])
            let reviews = gateway.reviews
            _ = try awaiting { try await reviews.approve(review, by: Self.chief) }
            try client.send(gateway.request("GET /v/warm-up"))
            #expect(try client.receiveMessage().status == 200)
            try client.send(gateway.request("DELETE /v/x"))
            #expect(try client.receiveMessage().status == 502)
            #expect(vendor.requests.filter { $0.startLine.hasPrefix("DELETE") }.count == 1)
        }
    }
}
