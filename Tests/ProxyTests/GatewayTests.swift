// What connections share, and what must never be shared.

import Engine
import Foundation
import Logging
import Operations
import Testing

@testable import Proxy

@Suite struct GatewayTests {
    @Test("Connections with the same rules share one compiled set, which knows no credential")
    func sharing() throws {
        let configuration = try Configuration.parse(
            """
            listen: {host: 127.0.0.1, port: 0}
            data: data
            connections:
              - {name: one, upstream: "https://one.example.com", credential: {kind: bearer, from: env:ONE}, profiles: [a]}
              - {name: two, upstream: "https://two.example.com", credential: {kind: bearer, from: env:TWO}, profiles: [b]}
              - {name: bare, upstream: "https://bare.example.com", profiles: [a]}
              - {name: other, upstream: "https://other.example.com", profiles: [c]}
            keys:
              - {name: agent, groups: [agents], hash: "sha256:\(String(repeating: "0", count: 64))"}
            policies:
              - {groups: [agents], connections: ["*"], decision: allow}
            """, file: "sluice.yaml", environment: ["ONE": "first-" + "credential", "TWO": "second-" + "credential"])
        var compiled: [[Rule]] = []
        var set: RuleSet?
        let gateway = try Gateway(configuration, logger: Logger(label: "test")) { profiles in
            profiles == ["c"] ? [TestRules.card] : TestRules.all
        } compile: { rules in
            compiled.append(rules)
            let made = try RuleSet(rules)
            if rules == TestRules.all { set = made }
            return made
        } catalogue: {
            Catalogue()
        }
        #expect(compiled == [TestRules.all, [TestRules.card]])
        #expect(try #require(gateway.route(named: "bare")).rules === set)
        for (name, secret, foreign) in [("one", "first-", "second-"), ("two", "second-", "first-")] {
            let rules = try #require(gateway.route(named: name)).rules
            #expect(rules !== set && rules.rules.starts(with: TestRules.all))
            #expect(Self.masked("a \(secret)credential, \(foreign)credential, \(TestRules.cardNumber)", rules)
                == "a [REDACTED:INJECTED_CREDENTIAL], \(foreign)credential, \(TestRules.label)")
        }
    }

    @Test("A rule that hashes needs a key before anything is served, and has it on every connection")
    func hashing() throws {
        var rule = TestRules.card
        rule.action = .hash
        func gateway(_ key: String, _ environment: [String: String] = [:]) throws -> Gateway {
            let configuration = try Configuration.parse(
                """
                listen: {host: 127.0.0.1, port: 0}
                data: data
                \(key)
                connections:
                  - {name: one, upstream: "https://one.example.com", credential: {kind: bearer, from: env:ONE}, numbers: zero}
                  - {name: two, upstream: "https://two.example.com"}
                keys:
                  - {name: agent, groups: [agents], hash: "sha256:\(String(repeating: "0", count: 64))"}
                policies:
                  - {groups: [agents], connections: ["*"], decision: allow}
                """, file: "sluice.yaml", environment: environment.merging(["ONE": "first-" + "credential"]) { $1 })
            return try Gateway(configuration, logger: Logger(label: "test")) { _ in [rule] } catalogue: { Catalogue() }
        }
        do {
            _ = try gateway("")
            Issue.record("there is no key")
        } catch let error as ConfigurationError {
            #expect(error.problems.map(\.message) == ["connection \"one\": the rule \"test-card\" has the action hash, and there is no key for it"])
            #expect(error.problems[0].hint?.contains("hash_key: env:") == true)
        }
        let keyed = try gateway("hash_key: env:KEY", ["KEY": String(repeating: "k1", count: 20)])
        let (one, two) = (try #require(keyed.route(named: "one")).rules, try #require(keyed.route(named: "two")).rules)
        let label = Self.masked(TestRules.cardNumber, one)
        #expect(label.hasPrefix("[CARD:hmac:") && Self.masked(TestRules.cardNumber, two) == label)
    }

    @Test("Connections with the same profiles and other actions do not share rules")
    func actions() throws {
        let configuration = try Configuration.parse(
            """
            listen: {host: 127.0.0.1, port: 0}
            data: data
            connections:
              - {name: one, upstream: "https://one.example.com", actions: {CARD: {mask: {keep_last: 4}}, test-last: report}}
              - {name: two, upstream: "https://two.example.com"}
            keys:
              - {name: agent, groups: [agents], hash: "sha256:\(String(repeating: "0", count: 64))"}
            policies:
              - {groups: [agents], connections: ["*"], decision: allow}
            """, file: "sluice.yaml", environment: [:])
        let gateway = try Gateway(configuration, logger: Logger(label: "test")) { _ in TestRules.all } catalogue: { Catalogue() }
        let (one, two) = (try #require(gateway.route(named: "one")).rules, try #require(gateway.route(named: "two")).rules)
        #expect(Self.masked(TestRules.cardNumber + " HALT", one) == "************4242 HALT")
        #expect(Self.masked(TestRules.cardNumber, two) == TestRules.label)
        #expect(throws: ConfigurationError.self) { try Gateway(configuration, logger: Logger(label: "test")) { _ in [TestRules.command] } catalogue: { Catalogue() } }
    }

    @Test("Tokens need requests that are masked")
    func tokens() throws {
        var rule = TestRules.card
        rule.action = .token
        func gateway(_ setting: String) throws -> Gateway {
            let configuration = try Configuration.parse(
                """
                listen: {host: 127.0.0.1, port: 0}
                data: data
                connections:
                  - {name: one, upstream: "https://one.example.com"\(setting)}
                keys:
                  - {name: agent, groups: [agents], hash: "sha256:\(String(repeating: "0", count: 64))"}
                policies:
                  - {groups: [agents], connections: ["*"], decision: allow}
                """, file: "sluice.yaml", environment: [:])
            return try Gateway(configuration, logger: Logger(label: "test")) { _ in [rule] } catalogue: { Catalogue() }
        }
        do {
            _ = try gateway("")
            Issue.record("accepted")
        } catch let error as ConfigurationError {
            #expect(error.problems.map(\.message) == ["connection \"one\": the rule \"test-card\" has the action token, and requests are not masked"])
            #expect(error.problems[0].hint?.contains("mask_requests: true") == true)
        }
        #expect(try #require(gateway(", mask_requests: true").route(named: "one")).issuesTokens)
    }

    private static func masked(_ text: String, _ rules: RuleSet) -> String {
        var masker = Masker(rules, format: .text)
        var output: [UInt8] = []
        do {
            try Array(text.utf8).withUnsafeBytes { try masker.feed($0).append(to: &output, chunk: $0) }
            try masker.finish().append(to: &output, chunk: UnsafeRawBufferPointer(start: nil, count: 0))
        } catch { Issue.record("\(error)") }
        return String(decoding: output, as: UTF8.self)
    }
}
