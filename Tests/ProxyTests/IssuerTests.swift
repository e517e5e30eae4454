// What issuers publish, and how it changes: discovery, keys that rotate, providers that are down; and what they say of opaque tokens.

import Cryptography
import Foundation
import Synchronization
import Testing

@testable import OpenID

/// A clock that a test moves.
private final class Clock: Sendable {
    private let moment = Mutex(ContinuousClock.now)

    func advance(_ duration: Duration) { moment.withLock { $0 += duration } }
    var now: ContinuousClock.Instant { moment.withLock { $0 } }
}

@Suite struct IssuerTests {
    private let clock = Clock()
    private let provider: FakeProvider

    init() throws { provider = try FakeProvider() }

    private func verifier(_ issuer: Issuer? = nil, log: @escaping @Sendable (String) -> Void = { _ in }) throws -> TokenVerifier {
        try TokenVerifier([issuer ?? provider.issuer], now: { [clock] in clock.now }, log: log)
    }

    private func token(_ key: SigningKey = TestKeys.p256, _ members: [String: Any] = [:], header: [String: Any] = [:]) -> String {
        key.token(key === TestKeys.rsa || key === TestKeys.otherRSA ? "RS256" : "ES256", provider.claims(members), header: header)
    }

    /// Waits without holding a thread that the awaited work may need.
    private func soon(_ condition: () -> Bool) async throws -> Bool {
        for _ in 0..<1000 {
            if condition() { return true }
            try await Task.sleep(for: .milliseconds(10))
        }
        return false
    }

    @Test("Keys are fetched once, however many tokens ask for them at the same time")
    func oneFetch() async throws {
        let verifier = try verifier()
        provider.change { $0.delay = 0.2 }
        await withTaskGroup { group in
            for number in 0..<50 { group.addTask { [self] in #expect(await verifier.refusal(of: token(TestKeys.p256, ["jti": "\(number)"])) == nil) } }
        }
        #expect(provider.requests("/keys").count == 1)
        #expect(provider.requests("/.well-known/openid-configuration").count == 1)
    }

    @Test("A new key is found at once, but invented key ids ask no more than one question in the time set")
    func rotation() async throws {
        provider.change { $0.keys = [json(TestKeys.rsa.jwk())] }
        let verifier = try verifier()
        let old = token(TestKeys.rsa)
        #expect(await verifier.refusal(of: old) == nil)
        provider.change { $0.keys = [json(TestKeys.rsa.jwk()), json(TestKeys.otherRSA.jwk())] }
        // So soon after the last answer nothing is asked.
        #expect(await verifier.refusal(of: token(TestKeys.otherRSA)) == .unknownKey)
        #expect(provider.requests("/keys").count == 1)
        clock.advance(.seconds(31))
        #expect(await verifier.refusal(of: token(TestKeys.otherRSA)) == nil)
        #expect(provider.requests("/keys").count == 2)
        for number in 0..<20 { #expect(await verifier.refusal(of: token(TestKeys.rsa, header: ["kid": "made-up-\(number)"])) == .unknownKey) }
        #expect(provider.requests("/keys").count == 2)
        clock.advance(.seconds(31))
        for number in 0..<20 { #expect(await verifier.refusal(of: token(TestKeys.rsa, header: ["kid": "made-up-\(number)"])) == .unknownKey) }
        #expect(provider.requests("/keys").count == 3)

        // The old key is still there, and then withdrawn: what was accepted with it, and is remembered, is not any more.
        let digest = SHA256.digest(of: Array(old.utf8))
        #expect(await verifier.refusal(of: old) == nil)
        #expect(verifier.remembered(digest) != nil)
        provider.change { $0.keys = [json(TestKeys.otherRSA.jwk())] }
        clock.advance(.seconds(31))
        #expect(await verifier.refusal(of: token(TestKeys.rsa, header: ["kid": "made-up"])) == .unknownKey)
        #expect(verifier.remembered(digest) == nil)
        #expect(await verifier.refusal(of: old) == .unknownKey)
    }

    @Test("Without a key id the keys are fetched again too, when none of them has signed")
    func rotationWithoutIDs() async throws {
        let (first, second) = (SigningKey(.elliptic(.p256)), SigningKey(.elliptic(.p256)))
        provider.change { $0.keys = [json(first.jwk())] }
        let verifier = try verifier()
        #expect(await verifier.refusal(of: token(first)) == nil)
        provider.change { $0.keys = [json(first.jwk()), json(second.jwk())] }
        clock.advance(.seconds(31))
        #expect(await verifier.refusal(of: token(second)) == nil)
    }

    @Test("Keys are fetched again in the background when they are old")
    func refresh() async throws {
        let verifier = try verifier()
        let good = token()
        #expect(await verifier.refusal(of: good) == nil)
        clock.advance(.seconds(3601))
        #expect(verifier.remembered(SHA256.digest(of: Array(good.utf8))) != nil)
        #expect(try await soon { provider.requests("/keys").count == 2 })
    }

    @Test("While the provider is down the old keys hold for the time set, and then nothing does")
    func outage() async throws {
        let said = Mutex<[String]>([])
        let verifier = try verifier { text in said.withLock { $0.append(text) } }
        let good = token()
        let digest = SHA256.digest(of: Array(good.utf8))
        #expect(await verifier.refusal(of: good) == nil)
        provider.change { $0.answers["/keys"] = response("", status: "500 Internal Server Error") }
        clock.advance(.seconds(23 * 3600))
        #expect(await verifier.refusal(of: token(TestKeys.p256, ["jti": "another"])) == nil)
        #expect(verifier.remembered(digest) != nil)
        #expect(try await soon { said.withLock { $0.count } == 1 })
        clock.advance(.seconds(3600))
        #expect(verifier.remembered(digest) == nil)
        #expect(await verifier.refusal(of: good) == .unavailable)
        #expect(said.withLock { $0.allSatisfy { $0.contains("status 500") && !$0.contains(good) } })
        provider.change { $0.answers = [:] }
        clock.advance(.seconds(61))
        #expect(await verifier.refusal(of: good) == nil)
    }

    @Test("After a failure questions wait, longer each time, and up to a minute")
    func backOff() async throws {
        provider.change { $0.answers["/keys"] = response("", status: "503 Service Unavailable") }
        let verifier = try verifier()
        for (round, (least, most)) in [(0.5, 1.0), (1, 2), (2, 4), (4, 8), (8, 16), (16, 32), (30, 60), (30, 60)].enumerated() {
            #expect(await verifier.refusal(of: token()) == .unavailable)
            #expect(provider.requests("/keys").count == round + 1)
            clock.advance(.milliseconds(least * 1000 - 1))
            #expect(await verifier.refusal(of: token()) == .unavailable)
            #expect(provider.requests("/keys").count == round + 1)
            clock.advance(.milliseconds((most - least) * 1000 + 2))
        }
    }

    @Test("Metadata and keys that are not what they should be are not used")
    func wrongAnswers() async throws {
        let metadata = "/.well-known/openid-configuration"
        let other = try FakeProvider()
        let wrong: [(String, (inout FakeProvider.Script) -> Void)] = [
            ("another issuer", { $0.metadata["issuer"] = #""https://issuer.example""# }), ("a slash behind the issuer", { [url = provider.url] in $0.metadata["issuer"] = "\"\(url)/\"" }),
            ("no issuer", { $0.metadata["issuer"] = "null" }), ("no address of keys", { $0.metadata["jwks_uri"] = "null" }),
            ("an address in clear text", { $0.metadata["jwks_uri"] = #""http://issuer.example/keys""# }), ("an address of a file", { $0.metadata["jwks_uri"] = #""file:///etc/passwd""# }),
            ("an address with a user", { $0.metadata["jwks_uri"] = #""https://a:b@issuer.example/keys""# }), ("metadata that is no JSON", { $0.answers[metadata] = response("<html>", type: "text/html") }),
            ("metadata that is a list", { $0.answers[metadata] = response("[]") }), ("a redirection", { $0.answers["/keys"] = response("", status: "302 Found", headers: "Location: \(other.url)/keys\r\n") }),
            ("keys that are no JSON", { $0.answers["/keys"] = response("keys") }), ("no keys", { $0.keys = [] }), ("keys that are not a list", { $0.answers["/keys"] = response(#"{"keys": {}}"#) }),
            ("only a shared secret", { $0.keys = [#"{"kty":"oct","k":"c2VjcmV0","kid":"p256"}"#] }), ("a member twice", { $0.answers["/keys"] = response(#"{"keys": [], "keys": [\#(json(TestKeys.p256.jwk()))]}"#) }),
            ("too much", { $0.answers["/keys"] = response(String(repeating: " ", count: 513 << 10)) }), ("half of an answer", { $0.answers["/keys"] = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{" + String(repeating: " ", count: 99) }),
            ("no HTTP", { $0.answers["/keys"] = "220 mail.example ESMTP\r\n" }), ("a coding", { $0.answers["/keys"] = response("{}", headers: "Content-Encoding: gzip\r\n") }),
        ]
        for (name, change) in wrong {
            provider.change { script in
                script = FakeProvider.Script()
                change(&script)
            }
            #expect(await (try verifier()).refusal(of: token()) == .unavailable, "\(name)")
        }
        provider.change { $0 = FakeProvider.Script() }
        #expect(await (try verifier()).refusal(of: token()) == nil)
    }

    @Test("Addresses that are configured are not asked of the metadata")
    func configuredAddresses() async throws {
        provider.change { $0.answers["/.well-known/openid-configuration"] = response("", status: "404 Not Found") }
        var issuer = provider.issuer
        issuer.keys = Endpoint(provider.url + "/keys")
        #expect(await (try verifier(issuer)).refusal(of: token()) == nil)
        issuer.keys = nil
        issuer.discovery = Endpoint(provider.url + "/elsewhere")
        provider.change { [url = provider.url] in $0.answers["/elsewhere"] = response("{\"issuer\": \"\(url)\", \"jwks_uri\": \"\(url)/keys\"}") }
        #expect(await (try verifier(issuer)).refusal(of: token()) == nil)
    }

    @Test("A reload keeps the keys of issuers whose settings are the same")
    func reload() async throws {
        let old = try verifier()
        let good = token()
        #expect(await old.refusal(of: good) == nil)
        provider.stop()
        let same = try TokenVerifier([provider.issuer], previous: old, now: { [clock] in clock.now }, log: { _ in })
        #expect(await same.refusal(of: good) == nil)
        var changed = provider.issuer
        changed.keyTimes.keep = .seconds(7200)
        let other = try TokenVerifier([changed], previous: old, now: { [clock] in clock.now }, log: { _ in })
        #expect(await other.refusal(of: good) == .unavailable)
    }

    @Test("Addresses cross no network in clear text")
    func addresses() {
        for text in ["https://issuer.example", "https://issuer.example:8443/a?b=c", "http://localhost:8080/x", "http://127.0.0.1", "http://127.8.9.1/", "http://[::1]:80/"] { #expect(Endpoint(text) != nil, "\(text)") }
        for text in [
            "", "issuer.example", "http://issuer.example", "ftp://issuer.example", "https://", "https://a@issuer.example", "https://a:b@issuer.example", "https://issuer.example#x", "http://127.0.0.1.example", "http://127.1",
            "http://localhost.example", "https://issuer.example:0", "https://issuer.example:65536", "https://issuer.example/ x", "file:///etc/passwd", "http://[::2]/", "https://issuer.example/é",
        ] { #expect(Endpoint(text) == nil, "\(text)") }
        #expect(Endpoint.metadata(of: "https://issuer.example/tenant/")?.description == "https://issuer.example/tenant/.well-known/openid-configuration")
        #expect(Endpoint.metadata(of: "https://issuer.example?x") == nil)
    }

    // MARK: Opaque tokens

    private func opaque(_ change: (inout Issuer) -> Void = { _ in }) -> Issuer {
        var issuer = provider.issuer
        issuer.introspection = Issuer.Introspection(endpoint: nil, client: ClientCredential(id: "slu:ice", secret: "p&ss wörd"))
        change(&issuer)
        return issuer
    }

    private func says(_ token: String, _ members: [String: Any] = [:]) {
        let answer = json(["active": true, "sub": "ada", "aud": "sluice", "groups": "agents", "exp": Int(Date().timeIntervalSince1970) + 600].merging(members) { $1 }.filter { !($0.value is NSNull) })
        provider.change { $0.tokens[token] = answer }
    }

    @Test("An opaque token is asked about, as a client that proves itself, and not again while the answer holds")
    func introspection() async throws {
        let verifier = try verifier(opaque())
        says("opaque-1")
        let digest = SHA256.digest(of: Array("opaque-1".utf8))
        #expect(try await verifier.verify("opaque-1", digest: digest).name == "\(provider.url)#ada")
        #expect(try verifier.remembered(digest)?.get().groups == ["agents"])
        #expect(verifier.remembered(digest, now: Date().addingTimeInterval(61)) == nil)
        let asked = try #require(provider.requests("/introspect").first)
        #expect(asked.text == "token=opaque-1&token_type_hint=access_token")
        #expect(asked["authorization"] == "Basic " + Data("slu%3Aice:p%26ss%20w%C3%B6rd".utf8).base64EncodedString())

        // One that is not active is refused for a while without asking.
        #expect(await verifier.refusal(of: "opaque-2") == .inactive)
        #expect(throws: TokenError.inactive) { try verifier.remembered(SHA256.digest(of: Array("opaque-2".utf8)))?.get() }
        // It expires before the answer would.
        says("opaque-3", ["exp": Int(Date().timeIntervalSince1970) - 50])
        #expect(await verifier.refusal(of: "opaque-3") == nil)
        #expect(verifier.remembered(SHA256.digest(of: Array("opaque-3".utf8)), now: Date().addingTimeInterval(11)) == nil)
        // Signed tokens of the same issuer are not asked about.
        #expect(await verifier.refusal(of: token()) == nil)
        #expect(provider.requests("/introspect").count == 3)
    }

    @Test("What an issuer says of an opaque token must be complete, and fit")
    func wrongIntrospection() async throws {
        let verifier = try verifier(opaque())
        for (name, members, expected) in [
            ("active as text", ["active": "true"], .unavailable), ("no active", ["active": NSNull()], .unavailable), ("for another", ["aud": "other"], .audience), ("for nobody", ["aud": NSNull()], .audience),
            ("of another issuer", ["iss": "https://issuer.example"], .issuer), ("expired", ["exp": 1], .expired), ("to come", ["nbf": 4_000_000_000], .notYetValid), ("without a subject", ["sub": NSNull()], .subject),
            ("of another type", ["token_type": "DPoP"], .bound), ("bound", ["cnf": ["jkt": "x"]], .bound), ("no expiry", ["exp": NSNull()], nil), ("Bearer", ["token_type": "Bearer"], nil),
        ] as [(String, [String: Any], TokenError?)] {
            says(name.replacing(" ", with: "-"), members)
            #expect(await verifier.refusal(of: name.replacing(" ", with: "-")) == expected, "\(name)")
        }
        // Who it was issued to takes the place of the audience, if the configuration says so.
        let parties = try self.verifier(opaque { $0.parties = ["agent"] })
        says("opaque-4", ["aud": NSNull(), "client_id": "agent"])
        #expect(await parties.refusal(of: "opaque-4") == nil)
        says("opaque-5", ["aud": NSNull(), "client_id": "other"])
        #expect(await parties.refusal(of: "opaque-5") == .party)
        for token in ["a b", "a\"b", "é", "a\u{7F}"] where token != "a\"b" { #expect(await verifier.refusal(of: token) == .malformed, "\(token)") }
    }

    @Test("Without an answer an opaque token is refused, and nobody is asked about it where that is not configured")
    func unanswered() async throws {
        let plain = try verifier()
        #expect(!plain.mayKnow("opaque"))
        #expect(await plain.refusal(of: "opaque") == .malformed)
        let said = Mutex<[String]>([])
        let verifier = try verifier(opaque()) { text in said.withLock { $0.append(text) } }
        says("opaque-secret")
        for answer in [response("", status: "401 Unauthorized"), response("yes"), "HTTP/1.1 200 OK\r\n"] {
            provider.change { $0.answers["/introspect"] = answer }
            #expect(await verifier.refusal(of: "opaque-secret") == .unavailable)
        }
        #expect(said.withLock { $0.count == 3 && $0.allSatisfy { !$0.contains("opaque-secret") && !$0.contains("p&ss") } })
        #expect(!"\(opaque())".contains("p&ss"))
        provider.change { $0.answers = [:] }
        #expect(await verifier.refusal(of: "opaque-secret") == nil)
    }
}
