// `identity:` of a configuration, and what is said about every mistake in it; and what an operator is told about a token.

import Foundation
import Testing

@testable import OpenID
@testable import Proxy

@Suite struct IdentityConfigurationTests {
    private static func text(_ identity: String, keys: String = "", people: String = "") -> String {
        """
        listen: {port: 8080}
        data: data
        connections: [{name: vendor, upstream: "https://vendor.example"}]
        policies: [{groups: ["*"], connections: [vendor], decision: allow}]
        \(keys)
        \(people)
        identity:
        \(identity)
        """
    }

    private func parse(_ text: String) throws(ConfigurationError) -> Configuration {
        try Configuration.parse(text, file: "sluice.yaml", environment: ["SECRET": "client-" + "secret"])
    }

    @Test func anIssuerNeedsNoMoreThanItsNameAndAnAudience() throws {
        let identity = try parse(Self.text("  issuers: [{issuer: \"https://login.example\", audience: sluice}]")).identity
        #expect(identity.issuers == [Issuer(url: "https://login.example", audiences: ["sluice"])])
        #expect(identity.onExpiry == .finish && identity.issuers[0].algorithms.count == Algorithm.allCases.count && identity.issuers[0].clockSkew == .seconds(60))
    }

    @Test func everySettingIsRead() throws {
        let issuer = try parse(
            Self.text(
                """
                  on_expiry: cut
                  issuers:
                    - issuer: https://login.example
                      audience: [sluice, other]
                      authorized_parties: [agent]
                      algorithms: [ES256, EdDSA]
                      subject_claim: preferred_username
                      groups_claim: [resource_access, my.client, roles]
                      groups: {agents: [one, two], leads: three}
                      default_groups: [employees]
                      clock_skew: 5s
                      discovery: https://login.example/metadata
                      jwks: https://login.example/keys
                      keys: {refresh: 10m, refetch: 5s, keep: 2h}
                      introspection: {endpoint: "https://login.example/introspect", client_id: me, client_secret: env:SECRET, cache: 0s}
                """)
        ).identity.issuers[0]
        var expected = Issuer(url: "https://login.example", audiences: ["sluice", "other"])
        expected.parties = ["agent"]
        expected.algorithms = [.es256, .edDSA]
        expected.subjectClaim = ClaimPath("preferred_username")
        expected.groupsClaim = ClaimPath(names: ["resource_access", "my.client", "roles"])
        expected.groups = ["agents": ["one", "two"], "leads": ["three"]]
        expected.defaultGroups = ["employees"]
        expected.clockSkew = .seconds(5)
        expected.discovery = Endpoint("https://login.example/metadata")
        expected.keys = Endpoint("https://login.example/keys")
        (expected.keyTimes.refresh, expected.keyTimes.refetch, expected.keyTimes.keep) = (.seconds(600), .seconds(5), .seconds(7200))
        expected.introspection = .init(endpoint: Endpoint("https://login.example/introspect"), client: ClientCredential(id: "me", secret: "client-" + "secret"))
        expected.introspection?.cache = .zero
        #expect(issuer == expected)
        #expect(!"\(issuer)".contains("client-" + "secret"))
    }

    /// What is written under an issuer or under `identity`, and what must be said about it.
    static let mistakes: [(under: String, line: Int, message: String, hint: String)] = [
        ("  issuers: [{audience: x}]", 8, "\"identity.issuers[1].issuer\" is missing", "for example"), ("  issuers: [{issuer: \"https://login.example\"}]", 8, "\"identity.issuers[1].audience\" is missing", "audience: [sluice]"),
        ("  issuers: [{issuer: \"http://login.example\", audience: x}]", 8, "not an https:// URL", "http:// is for this machine only"),
        ("  issuers: [{issuer: \"https://login.example?tenant=1\", audience: x}]", 8, "not an https:// URL without a query", "iss claim"),
        ("  issuers: [{issuer: login.example, audience: x}]", 8, "not an https:// URL", ""), ("  issuers: [{issuer: \"https://login.example\", audience: []}]", 8, "is empty", ""),
        ("  issuers: [{issuer: \"https://login.example\", audience: x, algorithms: [HS256]}]", 8, "proves nothing about who made a token", "RS256"),
        ("  issuers: [{issuer: \"https://login.example\", audience: x, algorithms: [none]}]", 8, "proves nothing", ""),
        ("  issuers: [{issuer: \"https://login.example\", audience: x, algorithms: [RS255]}]", 8, "there is no signature algorithm \"RS255\"", "one of: RS256"),
        ("  issuers: [{issuer: \"https://login.example\", audience: x, group_claim: roles}]", 8, "unknown setting \"group_claim\"", "did you mean \"groups_claim\"?"),
        ("  issuers: [{issuer: \"https://login.example\", audience: x, groups_claim: roles}]", 8, "puts nobody into a group", "groups: [agents]"),
        ("  issuers: [{issuer: \"https://login.example\", audience: x, groups: [\"*\"]}]", 8, "\"*\" cannot be a group", "name the group"),
        ("  issuers: [{issuer: \"https://login.example\", audience: x, groups: {agents: []}}]", 8, "\"identity.issuers[1].groups.agents\" is empty", ""),
        ("  issuers: [{issuer: \"https://login.example\", audience: x, skip_audience_check: true}]", 8, "tokens are always verified in full", "remove it"),
        ("  issuers: [{issuer: \"https://login.example\", audience: x, clock_skew: 1h}]", 8, "outside 0ms to 5m", ""),
        ("  issuers: [{issuer: \"https://login.example\", audience: x, jwks: \"http://login.example/keys\"}]", 8, "is not an https:// URL", "this machine only"),
        ("  issuers: [{issuer: \"https://login.example\", audience: x, ca_file: /nowhere/ca.pem}]", 8, "/nowhere/ca.pem cannot be read", ""),
        ("  issuers: [{issuer: \"https://login.example\", audience: x, keys: {refresh: 1h, keep: 30m}}]", 8, "given up before they are fetched again", "longer than refresh, which is 1h"),
        ("  issuers: [{issuer: \"https://login.example\", audience: x, introspection: {client_id: me, client_secret: hunter2}}]", 8, "must begin with env: or file:", "env:SLUICE_CLIENT_SECRET"),
        ("  issuers: [{issuer: \"https://login.example\", audience: x, introspection: {client_secret: env:SECRET}}]", 8, "client_id\" is missing", ""),
        ("  issuers: [{issuer: \"https://a.example\", audience: x}, {issuer: \"https://a.example\", audience: y}]", 8, "a second issuer \"https://a.example\"", "its audience can be a list"),
        ("  issuers:\n    - {issuer: \"https://a.example\", audience: x, introspection: {client_id: a, client_secret: env:SECRET}}\n    - {issuer: \"https://b.example\", audience: x, introspection: {client_id: a, client_secret: env:SECRET}}", 10,
         "a second issuer that is asked about opaque tokens; the first is on line 9", "none is shown to two issuers"),
        ("  on_expiry: stop\n  issuers: [{issuer: \"https://a.example\", audience: x}]", 8, "cannot be \"stop\"", "finish, cut"),
    ]

    @Test(arguments: mistakes.indices) func mistakesAreSaidWithLineAndHint(_ index: Int) {
        let mistake = Self.mistakes[index]
        do {
            _ = try parse(Self.text(mistake.under))
            Issue.record("accepted: \(mistake.under)")
        } catch {
            #expect(error.problems.count == 1, "\(error)")
            #expect(error.problems[0].line == mistake.line && error.problems[0].message.contains(mistake.message), "\(error)")
            #expect(mistake.hint.isEmpty || error.problems[0].hint?.contains(mistake.hint) == true, "\(error)")
            #expect(!"\(error)".contains("hunter2"))
        }
    }

    @Test func namesOfKeysAndSubjectsOfPeopleFitTheIssuers() {
        let issuers = "  issuers: [{issuer: \"https://a.example\", audience: x, groups: [agents]}]"
        let hash = "sha256:" + String(repeating: "0", count: 64)
        for (keys, people, message) in [
            ("keys: [{name: \"https://a.example#ada\", hash: \"\(hash)\", groups: [agents]}]", "", "has a name that a token or certificate could have"),
            ("", "people: [{name: ada, groups: [leads], subjects: [\"https://b.example#ada\"]}]", "is not the subject of an issuer"),
            ("", "people: [{name: ada, groups: [leads], subjects: [\"https://a.example#\"]}]", "is not the subject of an issuer"), ("", "people: [{name: ada, groups: [leads], subjects: [ada]}]", "is not the subject"),
        ] {
            do {
                _ = try parse(Self.text(issuers, keys: keys, people: people))
                Issue.record("accepted: \(keys) \(people)")
            } catch { #expect(error.problems.count == 1 && error.problems[0].message.contains(message), "\(error)") }
        }
        #expect(throws: Never.self) { try parse(Self.text(issuers, people: "people: [{name: ada, groups: [leads], subjects: [\"https://a.example#ada\"]}]")) }
        #expect(throws: Never.self) { try parse(Self.text(issuers).replacing("groups: [\"*\"], c", with: "groups: [agents], c")) }
        #expect(throws: ConfigurationError.self) { try parse(Self.text(issuers).replacing("groups: [\"*\"], c", with: "groups: [agent], c")) }
    }

    @Test("An operator is told why a token is refused, and never sees the token")
    func explanations() async throws {
        let provider = try FakeProvider()
        let configuration = try parse(
            Self.text("  issuers: [{issuer: \"\(provider.url)\", audience: sluice, groups: [agents], subject_claim: sub}]", people: "people: [{name: Ada, groups: [leads]}]"))
        func check(_ token: String) async throws -> TokenCheck {
            let check = try await TokenCheck(token, configuration)
            for part in token.split(separator: ".") where part.utf8.count > 20 { #expect(!"\(check)".contains(part)) }
            return check
        }
        let good = try await check(TestKeys.p256.token("ES256", provider.claims()))
        #expect(good.identity?.name == "\(provider.url)#ada" && good.identity?.groups == ["agents"] && good.identity?.owner == "Ada" && good.refusal == nil && good.notes.isEmpty)
        #expect(good.facts.contains(.init(name: "audience", value: "sluice")) && good.facts.contains(.init(name: "algorithm", value: "ES256")))
        for (members, refusal, hint) in [
            (["aud": ["a", "b"]], TokenError.audience, "add it to  audience"), (["exp": 1], .expired, "get a new token"), (["iss": "https://a.example"], .issuer, "identity.issuers"),
            (["sub": "a\u{1B}[2J"], .subject, "subject_claim"),
        ] as [([String: Any], TokenError, String)] {
            let check = try await check(TestKeys.p256.token("ES256", provider.claims(members)))
            #expect(check.identity == nil && check.refusal == refusal.rawValue && check.hint?.contains(hint) == true)
            #expect(!check.facts.contains { $0.value.contains("\u{1B}") })
        }
        #expect(try await check(TestKeys.p256.token("ES256", provider.claims(["iss": "https://a.example"]))).notes == ["the configuration has the issuers \(provider.url): an iss must be the same in every character"])
        for (members, note) in [
            (["groups": NSNull()], "the claims have no groups; there are:"), (["groups": ["x"]], "none of its groups is under groups:"), (["groups": NSNull(), "_claim_names": ["groups": "src1"]], "overage"),
        ] as [([String: Any], String)] {
            let check = try await check(TestKeys.p256.token("ES256", provider.claims(members)))
            #expect(check.identity != nil && check.notes.contains { $0.contains(note) }, "\(check.notes)")
        }
        for (token, fact) in [("opaque", "no signed token"), ("a.b.c", "not well-formed"), ("a.b.c.d.e", "5 parts"), (APIKey().secret.exposed, "an API key")] {
            let check = try await check(token)
            #expect(check.identity == nil && check.facts.count == 1 && check.facts[0].value.contains(fact))
        }
        provider.stop()
        let silent = try await check(TestKeys.p256.token("ES256", provider.claims()))
        #expect(silent.refusal == TokenError.unavailable.rawValue && silent.notes.first?.contains("cannot be reached") == true)
    }
}
