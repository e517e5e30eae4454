// Explanations of decisions: the same as the gateway's for any request, with the reasons of every policy.

import Foundation
import Logging
import Operations
import Testing

@testable import Proxy

@Suite("Rehearsal", .serialized, .timeLimit(.minutes(3)))
struct RehearsalTests {
    private static let agent = Identity(name: "agent", groups: ["agents"])
    private static let truncate = "TRUNCATE " + "TABLE users"
    private static let json = ["Content-Type: application/json"]

    private static func rehearsal(_ configuration: Configuration, as identities: Set<Identity> = [agent]) throws -> Rehearsal {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        return try Rehearsal(configuration, as: identities) { configuration in
            try Gateway(configuration, logger: logger) { _ in TestRules.all } catalogue: { try shippedCatalogue.get() }
        }
    }

    private static func request(_ line: String, _ headers: [String] = [], body: String? = nil, as identity: Identity = agent) -> Rehearsal.Request {
        let words = line.split(separator: " ", maxSplits: 1).map(String.init)
        var request = Rehearsal.Request(identity: identity, method: words[0], target: words[1])
        request.headers = headers.map { header in
            let parts = header.split(separator: ":", maxSplits: 1)
            return (String(parts[0]), parts[1].trimmingCharacters(in: .whitespaces))
        }
        request.body = body.map { Array($0.utf8) } ?? []
        return request
    }

    /// Targets that mean one thing to one reader and another to the next, and requests of every fate.
    private static let requests: [(line: String, headers: [String], body: String?)] =
        [
            "/v/x", "/v", "/v/", "/v?x=1", "/v/forbidden/x", "/v/forbidden", "/v/Forbidden/x", "/v//forbidden/x", "//v/forbidden/x", "/v/./forbidden/x", "/v/%2e/x",
            "/v/a/../forbidden/x", "/v/a/%2e%2e/forbidden/x", "/v/a/%2E%2e;x=1/forbidden/x", "/v/forbidden%2Fx", "/v/forbidden%2fx", "/v/forbidden%5Cx", "/v/%66orbidden/x",
            "/v/%2566orbidden/x", "/v/forbidden;a=b/x", "/v/forbidden/x;a=b", "/v/x%00", "/v/%zz", "/v/forbidden/", "/%76/forbidden/x", "/V/forbidden/x", "/nowhere/x",
            "http://gateway.test/v/forbidden/x", "http://gateway.test/v/x", "*", "/v/\u{E9}", "/v/x#y", "/v/" + String(repeating: "a", count: 60_000), "/.well-known/sluice/health",
            "/.well-known/sluice/reviews/r-none", "/.well-known/sluice/other", "/v/x?sql=TRUNCATE%20" + "TABLE%20users",
        ].map { ("GET \($0)", [], nil) }
        + [
            ("DELETE /v/customers/7", [], nil), ("DELETE /v/forbidden/7", [], nil), ("BREW /v/x", [], nil), ("TRACE /v/x", [], nil),
            ("POST /v/run", json, #"{"sql": "\#(truncate)"}"#), ("POST /v/run", json, #"{"sql": "SELECT 1"}"#), ("POST /v/run", ["Content-Type: text/plain"], "please \(TestRules.dropTable) now"),
            ("POST /v/run", ["Content-Type: image/png"], "x"), ("POST /v/run", json + ["Content-Encoding: compress"], "{}"), ("POST /v/run", json + ["Content-Encoding: gzip"], "{}"),
            ("POST /v/run", [], "no type"), ("POST /v/run", [], #"{"sql": "\#(truncate)"}"#), ("POST /v/run", json, #"{"sql": "\#(truncate)", "pad": "\#(String(repeating: "a", count: 9000))"}"#),
            ("PUT /v/customers?_method=DELETE", [], nil),
        ]

    @Test("every request is decided as the gateway decides it, and the vendor hears nothing of it")
    func sameAsTheGateway() async throws {
        let vendor = try FakeVendor.answering { _ in response("done") }
        defer { vendor.stop() }
        try await withGateway(to: vendor.port) { gateway in
            let rehearsal = try Self.rehearsal(gateway.configuration)
            var fates: Set<String> = []
            for one in Self.requests {
                let answer = try gateway.exchange(one.line, one.headers, body: one.body)
                let heard = vendor.requests.count
                let explanation = try awaiting { [request = Self.request(one.line, one.headers, body: one.body)] in try await rehearsal.explain(request) }
                #expect(vendor.requests.count == heard)
                // What is no HTTP at all ends at the codec, before there is anything to decide.
                if answer["sluice-denied"] == "malformed-request" {
                    #expect(explanation.decision == .refuse, "\(one.line.prefix(80))")
                    continue
                }
                #expect(explanation.reason == answer["sluice-denied"], "\(one.line.prefix(80))")
                #expect(explanation.answer?.status ?? 200 == answer.status, "\(one.line.prefix(80))")
                fates.insert(explanation.decision.rawValue)
            }
            #expect(fates == Set(PolicyExplanation.Decision.allCases.map(\.rawValue)))
        }
    }

    /// Configurations without a gateway that serves them: nothing listens at the vendor's port.
    private static func configuration(_ policies: [Policy]) -> Configuration {
        Configuration(
            file: "test.yaml", listen: .init(host: "127.0.0.1", port: 0, tls: nil), dataDirectory: "/nowhere", corpusDirectory: nil, limits: .init(), timeouts: .init(), record: .init(),
            connections: [
                Connection(
                    name: "v", upstream: Upstream(tls: false, host: "127.0.0.1", port: 1, basePath: ""), credential: nil, certificateAuthorityFile: nil, serverName: nil, profiles: ["test"],
                    unknownContent: .block, masksRequests: false, contentCoding: .keep)
            ], keys: KeyRing([]), people: [], policies: PolicySet(policies))
    }

    private static func policy(
        _ name: String, groups: [String] = ["agents"], connections: [String] = ["v"], methods: [String] = ["*"], path: String = "/**", _ effect: Policy.Effect, on scope: OperationScope? = nil
    ) -> Policy {
        Policy(name: name, groups: groups, connections: connections, methods: methods, paths: [PathPattern(path)!], operations: scope, effect: effect)
    }

    private static let terms = ApprovalTerms(approvers: ["leads"], reason: nil, deadline: .seconds(60))

    @Test("every policy is named, with what keeps it from applying")
    func obstacles() async throws {
        let rehearsal = try Self.rehearsal(
            Self.configuration([
                Self.policy("use", .allow), Self.policy("leads", groups: ["leads"], .deny(reason: nil)), Self.policy("elsewhere", connections: ["w"], .deny(reason: nil)),
                Self.policy("puts", methods: ["PUT"], .deny(reason: nil)), Self.policy("admin", path: "/admin/**", .deny(reason: nil)),
                Self.policy("git", .deny(reason: nil), on: OperationScope(names: [Glob("git.*")])), Self.policy("grave", .deny(reason: nil), on: OperationScope(names: [Glob("sql.*")], severity: .critical)),
                Self.policy("orders", .deny(reason: nil), on: OperationScope(objects: [Glob("orders")])), Self.policy("truncations", .approve(Self.terms), on: OperationScope(names: [Glob("sql.truncate-table")])),
            ]))
        let explanation = try await rehearsal.explain(Self.request("POST /v/run", Self.json, body: #"{"sql": "\#(Self.truncate)"}"#))
        #expect(explanation.policies.map(\.name) == ["use", "leads", "elsewhere", "puts", "admin", "git", "grave", "orders", "truncations"])
        #expect(explanation.policies.map(\.obstacle) == [nil, .group, .connection, .method, .path, .operation, .severity, .object, nil])
        #expect((explanation.decision, explanation.policy, explanation.operation) == (.approve, "truncations", "sql.truncate-table"))
        #expect(explanation.operations.map(\.name) == ["sql.truncate-table"])
        #expect(explanation.operations.first?.outcome == .approve && explanation.operations.first?.policy == "truncations" && explanation.operations.first?.verdict == "block")
        #expect(explanation.answer?.body.contains(#""next":"wait""#) == true)
        let bodiless = try await rehearsal.explain(Self.request("GET /v/x"))
        #expect((bodiless.decision, bodiless.policy, bodiless.operation) == (.allow, "use", nil))
        #expect(bodiless.policies.last?.obstacle == .operation)
    }

    @Test("a request that is refused before its body is read says so of the policies about operations")
    func unread() async throws {
        let rehearsal = try Self.rehearsal(
            Self.configuration([Self.policy("use", path: "/a/**", .allow), Self.policy("truncations", .allow, on: OperationScope(names: [Glob("sql.*")]))]))
        let explanation = try await rehearsal.explain(Self.request("POST /v/b", Self.json, body: #"{"sql": "\#(Self.truncate)"}"#))
        #expect((explanation.decision, explanation.policy, explanation.reason) == (.deny, nil, "policy"))
        #expect(explanation.policies.map(\.obstacle) == [.path, .unread])
        #expect(explanation.operations.isEmpty)
        // The policy that lifts what the catalogue says is the one that decides.
        let lifted = try await rehearsal.explain(Self.request("POST /v/a/b", Self.json, body: #"{"sql": "\#(Self.truncate)"}"#))
        #expect((lifted.decision, lifted.policy) == (.allow, "truncations"))
    }

    @Test("groups are those of the identity that asks, and what is rehearsed leaves no files behind")
    func identities() async throws {
        let lead = Identity(name: "agent", groups: ["leads"])
        func left() throws -> Set<String> { Set(try FileManager.default.contentsOfDirectory(atPath: NSTemporaryDirectory()).filter { $0.hasPrefix("sluice-policy-") }) }
        let before = try left()
        do {
            let rehearsal = try Self.rehearsal(Self.configuration([Self.policy("use", .allow), Self.policy("no", groups: ["leads"], .deny(reason: "not you"))]), as: [Self.agent, lead])
            #expect(try await rehearsal.explain(Self.request("GET /v/x")).decision == .allow)
            let denied = try await rehearsal.explain(Self.request("GET /v/x", as: lead))
            #expect((denied.decision, denied.policy) == (.deny, "no"))
            #expect(denied.answer?.body.contains("not you") == true)
        }
        #expect(try left().subtracting(before).isEmpty)
    }

    // MARK: Expected decisions

    private static let text = """
        listen: {port: 8080}
        data: data
        connections: [{name: v, upstream: "http://127.0.0.1:1", credential: {kind: basic, from: env:NOT_SET}}]
        keys: [{name: agent, hash: "sha256:\(String(repeating: "ab", count: 32))", groups: [agents], owner: ada}]
        people: [{name: ada, groups: [leads]}]
        policies:
          - {name: use, groups: [agents], connections: [v], methods: [GET, POST], decision: allow}
        """

    private static func configuration() throws -> Configuration { try Configuration.parse(text, file: "sluice.yaml", environment: [:], readsSecrets: false) }

    @Test("a file of expected decisions is read, and says what is otherwise")
    func expected() async throws {
        let configuration = try Self.configuration()
        let tests = try ExpectedDecision.parse(
            """
            tests:
              - {as: agent, method: GET, url: /v/x, expect: allow, policy: use}
              - {name: others, as: ada, groups: [leads], method: GET, url: /v/x, expect: deny, reason: policy}
              - name: a statement
                as: agent
                method: POST
                url: /v/run
                headers: {Content-Type: application/json}
                body: '{"sql": "\(Self.truncate)"}'
                expect: deny
                operation: sql.truncate-table
              - {name: wrong in everything, as: agent, method: GET, url: /v/x, expect: deny, operation: sql.select, reason: policy}
            """, file: "t.yaml", for: configuration)
        #expect(tests.map(\.name) == ["GET /v/x", "others", "a statement", "wrong in everything"])
        #expect(tests[0].request.identity == Identity(name: "agent", groups: ["agents"], owner: "ada"))
        let rehearsal = try Self.rehearsal(configuration, as: Set(tests.map(\.request.identity)))
        var differences: [[String]] = []
        for test in tests { differences.append(test.differences(from: try await rehearsal.explain(test.request))) }
        #expect(differences == [[], [], [], ["expected decision deny, got allow", "expected operation sql.select, got none", "expected reason policy, got none"]])
    }

    @Test(
        "mistakes in a file of expected decisions are told with line and hint",
        arguments: [
            ("{as: agent, method: GET, url: /v/x, expect: alow}", "\"tests[1].expect\" cannot be \"alow\"", "did you mean \"allow\"?"),
            ("{as: agnt, method: GET, url: /v/x, expect: allow}", "there is no key \"agnt\"", "did you mean \"agent\"?"),
            ("{as: x, groups: [agnts], method: GET, url: /v/x, expect: allow}", "there is no group \"agnts\"", "did you mean \"agents\"?"),
            ("{as: agent, method: GET, url: /v/x, expect: allow, policy: us}", "there is no policy \"us\"", "did you mean \"use\"?"),
            ("{as: agent, method: GET, url: /v/x, expect: deny, reason: polcy}", "Sluice-Denied never says \"polcy\"", "did you mean \"policy\"?"),
            ("{as: agent, method: GET, url: /v/x, expects: allow}", "unknown setting \"expects\"", "did you mean \"expect\"?"),
            ("{as: agent, method: GET, expect: allow}", "\"tests[1].url\" is missing", "/billing/customers/7"),
            ("{as: agent, method: GET, url: /v/x, expect: allow, headers: [a]}", "must be a mapping", "Content-Type"),
        ])
    func mistakes(entry: String, message: String, hint: String) throws {
        let configuration = try Self.configuration()
        do {
            _ = try ExpectedDecision.parse("tests:\n  - \(entry)\n", file: "t.yaml", for: configuration)
            Issue.record("it was accepted")
        } catch {
            #expect(error.problems.contains { $0.line == 2 && $0.message.contains(message) && ($0.hint ?? "").contains(hint) }, "\(error)")
        }
        #expect(throws: ConfigurationError.self) { try ExpectedDecision.parse("tests: []\n", file: "t.yaml", for: configuration) }
    }
}
