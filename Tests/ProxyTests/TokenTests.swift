// Which tokens are accepted, and as whom; which are refused, and why.

import Cryptography
import Foundation
import Testing

@testable import OpenID

@Suite struct TokenTests {
    private static func verifier(_ issuers: [Issuer]) throws -> TokenVerifier { try TokenVerifier(issuers) { _ in } }

    @Test("The signatures of the standards' examples verify, and with one bit changed they do not")
    func vectors() throws {
        func bytes(_ text: String) throws -> [UInt8] { try #require(Base64URL.decode(text.utf8)) }
        // RFC 8037, Appendix A.4, and RFC 7515, Appendix A.3.
        let edwards = try #require(PublicKey.edwards(.ed25519, bytes("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")))
        let elliptic = try #require(
            PublicKey.elliptic(.p256, x: bytes("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"), y: bytes("x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0")))
        for (key, scheme, message, signature) in [
            (edwards, PublicKey.Scheme.edwards(.ed25519), "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc",
             "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"),
            (elliptic, .ecdsa(.p256, .sha256), "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ",
             "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"),
        ] {
            var signature = try bytes(signature)
            #expect(key.verifies(signature, of: Array(message.utf8), by: scheme))
            signature[7] ^= 1
            #expect(!key.verifies(signature, of: Array(message.utf8), by: scheme))
        }
    }

    @Test("Each algorithm verifies with its own kind of key and with no other")
    func algorithms() async throws {
        let provider = try FakeProvider()
        let verifier = try Self.verifier([provider.issuer])
        let own: [Algorithm: SigningKey] = [
            .rs256: TestKeys.rsa, .rs384: TestKeys.rsa, .rs512: TestKeys.rsa, .ps256: TestKeys.rsa, .ps384: TestKeys.rsa, .ps512: TestKeys.rsa, .es256: TestKeys.p256,
            .es384: TestKeys.p384, .es512: TestKeys.p521, .ed25519: TestKeys.ed25519, .ed448: TestKeys.ed448,
        ]
        for algorithm in Algorithm.allCases {
            for key in TestKeys.all {
                let isOwn = own[algorithm] === key || algorithm == .edDSA && (key === TestKeys.ed25519 || key === TestKeys.ed448)
                let refusal = await verifier.refusal(of: key.token(algorithm.rawValue, provider.claims()))
                #expect(refusal == (isOwn ? nil : .unknownKey), "\(algorithm) by \(key.id ?? "")")
            }
        }
        // An issuer's list may be shorter.
        var strict = provider.issuer
        strict.algorithms = [.es256]
        let picky = try Self.verifier([strict])
        #expect(await picky.refusal(of: TestKeys.rsa.token("RS256", provider.claims())) == .algorithm)
        #expect(await picky.refusal(of: TestKeys.p256.token("ES256", provider.claims())) == nil)
    }

    @Test("No malformed or forged token is accepted")
    func malformed() async throws {
        let provider = try FakeProvider()
        let verifier = try Self.verifier([provider.issuer])
        #expect(await verifier.refusal(of: TestKeys.rsa.token("RS256", provider.claims())) == nil)
        let table = MalformedTokens.all(provider)
        #expect(table.count >= 250)
        for one in table {
            let refusal = await verifier.refusal(of: one.token)
            #expect(refusal != nil && refusal == one.reason ?? refusal, "\(one.name): \(refusal.map { "\($0)" } ?? "accepted")")
        }
    }

    @Test("No valid token that was changed anywhere is accepted")
    func mutations() async throws {
        let provider = try FakeProvider()
        let verifier = try Self.verifier([provider.issuer])
        let seed = UInt64.random(in: 0 ... .max)
        var random = SeededGenerator(seed: seed)
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ \n\0é".utf8)
        let valid = zip(TestKeys.all, ["RS256", "ES256", "ES384", "ES512", "EdDSA", "EdDSA"]).map { Array($0.token($1, provider.claims()).utf8) }
        for round in 0..<10_000 {
            let original = valid.randomElement(using: &random)!
            var token = original
            for _ in 0...Int.random(in: 0..<3, using: &random) {
                let place = Int.random(in: 0..<token.count, using: &random)
                switch Int.random(in: 0..<6, using: &random) {
                case 0: token[place] = alphabet.randomElement(using: &random)!
                case 1: token.insert(alphabet.randomElement(using: &random)!, at: place)
                case 2: token.remove(at: place)
                case 3: token.removeSubrange(place..<min(token.count, place + Int.random(in: 1..<64, using: &random)))
                case 4: token.swapAt(place, Int.random(in: 0..<token.count, using: &random))
                default: token.insert(contentsOf: token[place..<min(token.count, place + Int.random(in: 1..<64, using: &random))], at: Int.random(in: 0...token.count, using: &random))
                }
                if token.isEmpty { token = [0x2E] }
            }
            guard token != original else { continue }
            #expect(await verifier.refusal(of: String(decoding: token, as: UTF8.self)) != nil, "seed \(seed), round \(round)")
        }
    }

    @Test("What the strict reader of JSON accepts, Foundation's reads as the same")
    func documents() throws {
        func isSame(_ value: JSON, _ other: Any) -> Bool {
            switch value {
            case .null: other is NSNull
            case .boolean(let boolean): other as? Bool == boolean
            case .number(let number): other as? Double == number
            case .string(let text): (other as? String).map { $0.utf8.elementsEqual(text.utf8) } ?? false
            case .array(let elements): (other as? [Any]).map { $0.count == elements.count && zip(elements, $0).allSatisfy { isSame($0, $1) } } ?? false
            case .object(let members): (other as? [String: Any]).map { other in other.count == members.count && members.allSatisfy { member in other[member.name].map { isSame(member.value, $0) } ?? false } } ?? false
            }
        }
        let seed = UInt64.random(in: 0 ... .max)
        var random = SeededGenerator(seed: seed)
        let original = Array(#"{"iss":"https://a.example","aud":["x","y\n\u00e9"],"exp":1.8e9,"nbf":-0.5,"n":null,"t":true,"o":{"a":[[],{}],"b":"\ud83d\ude00é"},"x":12345}"#.utf8)
        let pieces = [#"""#, "{", "}", "[", "]", ",", ":", "\\", "\\u", "00e9", "\\ud800", "e", "E+", "-", ".", "0", "1", "\n", " ", "\u{0}", "\u{7F}", "null", "true", "a"].map { Array($0.utf8) } + [[0x80], [0xC3], [0xFF], [0xED, 0xA0, 0x80]]
        var read = 0
        for round in 0..<20_000 {
            var bytes = original
            for _ in 0...Int.random(in: 0..<2, using: &random) {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: bytes.insert(contentsOf: pieces.randomElement(using: &random)!, at: place)
                case 1: bytes.remove(at: place)
                default: bytes.replaceSubrange(place...place, with: pieces.randomElement(using: &random)!)
                }
            }
            guard let value = JSON(bytes) else { continue }
            read += 1
            let other = try? JSONSerialization.jsonObject(with: Data(bytes))
            #expect(other.map { isSame(value, $0) } == true, "seed \(seed), round \(round): \(String(decoding: bytes, as: UTF8.self))")
        }
        #expect(read > 1000)
    }

    @Test("The token of one issuer is never taken for another's, whoever's keys it names")
    func swapped() async throws {
        let (one, two) = (try FakeProvider(), try FakeProvider())
        one.change { $0.keys = [json(TestKeys.rsa.jwk())] }
        two.change { $0.keys = [json(TestKeys.otherRSA.jwk(["kid": "rsa"]))] }
        var first = one.issuer
        var second = two.issuer
        first.audiences = ["one"]
        second.audiences = ["two"]
        let verifier = try Self.verifier([first, second])
        func token(_ key: SigningKey, _ provider: FakeProvider, _ audience: String) -> String { key.token("RS256", provider.claims(["aud": audience]), header: ["kid": "rsa"]) }
        #expect(await verifier.refusal(of: token(TestKeys.rsa, one, "one")) == nil)
        #expect(await verifier.refusal(of: token(TestKeys.otherRSA, two, "two")) == nil)
        #expect(await verifier.refusal(of: token(TestKeys.rsa, two, "two")) == .signature)
        #expect(await verifier.refusal(of: token(TestKeys.otherRSA, one, "one")) == .signature)
        #expect(await verifier.refusal(of: token(TestKeys.rsa, one, "two")) == .audience)
        #expect(await verifier.refusal(of: token(TestKeys.otherRSA, two, "one")) == .audience)
    }

    @Test("Clocks may differ by the skew and no more")
    func skew() throws {
        var issuer = Issuer(url: "https://issuer.example", audiences: ["sluice"])
        issuer.clockSkew = .seconds(60)
        let now = Date(timeIntervalSince1970: 1_800_000_000)
        for (members, expected) in [
            (["exp": 1_799_999_941], nil), (["exp": 1_799_999_940], .expired), (["exp": 1_800_000_600, "nbf": 1_800_000_060], nil), (["exp": 1_800_000_600, "nbf": 1_800_000_061], .notYetValid),
            (["exp": 1_800_000_600, "iat": 1_800_000_060], nil), (["exp": 1_800_000_600, "iat": 1_800_000_061], .notYetValid), (["exp": 1_800_000_000.5], nil), (["exp": 1.8000006e9], nil),
        ] as [([String: Any], TokenError?)] {
            let claims = try #require(JSON(Array(json(["iss": issuer.url, "sub": "ada", "aud": "sluice"].merging(members) { $1 }).utf8)))
            var refusal: TokenError?
            do throws(TokenError) { _ = try issuer.identity(of: claims, isComplete: true, now: now) } catch { refusal = error }
            #expect(refusal == expected, "\(members)")
        }
    }

    @Test("Groups come from the claim that is named, in any of its usual forms, and only those that are listed")
    func groups() throws {
        let claims = try #require(
            JSON(
                Array(
                    #"""
                    {"iss":"https://issuer.example","aud":["other","sluice"],"sub":"ada","exp":4000000000,"groups":["agents","root","2f1c"],"scope":"read agents",
                     "roles":"leads, agents","one":"agents","realm_access":{"roles":["leads"]},"https://example.com/groups":["agents"],"empty":[],"nothing":null,
                     "resource_access":{"my.client":{"roles":["leads","agents"]}},"a.b":["leads"],"a":{"b":["agents"]},"AGENTS":["AGENTS"],"email":"ada@example.org","email_verified":true}
                    """#.utf8)))
        for (claim, expected) in [
            (ClaimPath("groups"), ["agents", "guests", "leads"]), (ClaimPath("scope"), ["agents"]), (ClaimPath("roles"), ["agents", "leads"]), (ClaimPath("one"), ["agents"]),
            (ClaimPath("realm_access.roles"), ["leads"]), (ClaimPath("https://example.com/groups"), ["agents"]), (ClaimPath("empty"), []), (ClaimPath("nothing"), []), (ClaimPath("missing"), []),
            (ClaimPath("missing.too"), []), (ClaimPath("one.two"), []), (ClaimPath(names: ["resource_access", "my.client", "roles"]), ["agents", "leads"]),
            (ClaimPath("resource_access.my.client.roles"), []), (ClaimPath("a.b"), ["leads"]), (ClaimPath(names: ["a", "b"]), ["agents"]), (ClaimPath("AGENTS"), []),
        ] {
            var issuer = Issuer(url: "https://issuer.example", audiences: ["sluice"])
            issuer.groupsClaim = claim
            issuer.groups = ["agents": ["agents"], "leads": ["leads", "2f1c"], "guests": ["root"]]
            #expect(try issuer.identity(of: claims, isComplete: true, now: Date()).groups.sorted() == expected, "\(claim)")
            issuer.defaultGroups = ["employees", "agents"]
            #expect(Set(try issuer.identity(of: claims, isComplete: true, now: Date()).groups) == Set(expected + ["employees", "agents"]))
        }
        var issuer = Issuer(url: "https://issuer.example", audiences: ["sluice"])
        issuer.subjectClaim = ClaimPath("email")
        #expect(try issuer.identity(of: claims, isComplete: true, now: Date()).name == "https://issuer.example#ada@example.org")
    }

    @Test("An address that nobody verified names nobody")
    func unverifiedAddress() throws {
        var issuer = Issuer(url: "https://issuer.example", audiences: ["sluice"])
        issuer.subjectClaim = ClaimPath("email")
        for (verified, isAccepted) in [("true", true), (#""true""#, true), ("false", false), (#""false""#, false), ("1", false), ("null", false)] {
            let claims = try #require(JSON(Array(#"{"iss":"https://issuer.example","aud":"sluice","exp":4000000000,"email":"ada@example.org","email_verified":\#(verified)}"#.utf8)))
            #expect(((try? issuer.identity(of: claims, isComplete: true, now: Date())) != nil) == isAccepted, "\(verified)")
            var byAddress = Issuer(url: "https://issuer.example", audiences: ["sluice"])
            byAddress.subjectClaim = ClaimPath("iss")
            byAddress.groupsClaim = ClaimPath("email")
            byAddress.groups = ["agents": ["ada@example.org"]]
            #expect(try byAddress.identity(of: claims, isComplete: true, now: Date()).groups == (isAccepted ? ["agents"] : []), "\(verified)")
        }
    }

    @Test("Where clients are listed, a token must have been issued to one of them")
    func parties() throws {
        var issuer = Issuer(url: "https://issuer.example", audiences: ["sluice"])
        issuer.parties = ["portal", "agent"]
        for (members, expected) in [
            (#""azp":"portal""#, nil), (#""client_id":"agent""#, nil), (#""appid":"agent""#, nil), (#""cid":"portal""#, nil), (#""azp":"other""#, .party), (#""azp":"Portal""#, .party), (#""x":1"#, .party),
            (#""azp":"other","client_id":"agent""#, .party), (#""azp":null"#, .claims),
        ] as [(String, TokenError?)] {
            let claims = try #require(JSON(Array(#"{"iss":"https://issuer.example","sub":"ada","aud":["sluice"],"exp":4000000000,\#(members)}"#.utf8)))
            var refusal: TokenError?
            do throws(TokenError) { _ = try issuer.identity(of: claims, isComplete: true, now: Date()) } catch { refusal = error }
            #expect(refusal == expected, "\(members)")
        }
    }

    @Test("Keys that could not prove anything are passed over")
    func keySets() {
        let rsa = TestKeys.rsa.jwk()
        func usable(_ keys: [[String: Any]]) -> Int { JSON(Array(json(["keys": keys]).utf8)).flatMap { KeySet($0) }?.keys.count ?? 0 }
        #expect(usable([rsa, TestKeys.p256.jwk(), TestKeys.ed448.jwk()]) == 3)
        #expect(usable([rsa.filter { $0.key != "use" && $0.key != "kid" }]) == 1)
        let point = TestKeys.p256.jwk()
        for wrong in [
            TestKeys.rsa.jwk(["use": "enc"]), TestKeys.rsa.jwk(["use": 1]), TestKeys.rsa.jwk(["key_ops": ["encrypt"]]), TestKeys.rsa.jwk(["key_ops": "verify"]), TestKeys.rsa.jwk(["kty": "oct", "k": "c2VjcmV0"]), TestKeys.rsa.jwk(["kty": "rsa"]),
            TestKeys.rsa.jwk(["e": "AQ"]), TestKeys.rsa.jwk(["e": "Ag"]), TestKeys.rsa.jwk(["e": "AQAAAAAB"]), TestKeys.rsa.jwk(["e": ""]), TestKeys.rsa.jwk(["n": ""]), TestKeys.rsa.jwk(["n": "AQAB"]), TestKeys.rsa.jwk(["n": "=="]),
            TestKeys.rsa.jwk(["n": base64URL([UInt8](repeating: 0xFF, count: 1025))]), TestKeys.rsa.jwk(["kid": 1]), TestKeys.rsa.jwk(["alg": 1]), TestKeys.shortRSA.jwk(),
            TestKeys.p256.jwk(["crv": "P-384"]), TestKeys.p256.jwk(["crv": "secp256k1"]), TestKeys.p256.jwk(["x": point["y"]!]), TestKeys.p256.jwk(["y": base64URL([UInt8](repeating: 0, count: 32))]),
            TestKeys.p256.jwk(["x": base64URL([UInt8](repeating: 0, count: 32)), "y": base64URL([UInt8](repeating: 0, count: 32))]), TestKeys.p256.jwk(["x": base64URL([UInt8](repeating: 0xFF, count: 32))]),
            TestKeys.ed25519.jwk(["x": "AAAA"]), TestKeys.ed25519.jwk(["crv": "X25519"]), TestKeys.ed25519.jwk(["crv": "Ed448"]), [:],
        ] { #expect(usable([wrong]) == 0, "\(wrong)") }
        #expect(usable([TestKeys.shortRSA.jwk(), rsa]) == 1)
        #expect(usable((0..<101).map { TestKeys.ed25519.jwk(["kid": "\($0)"]) }) == 0)
        // One key is kept for one algorithm by its issuer.
        let kept = JSON(Array(json(["keys": [TestKeys.rsa.jwk(["alg": "RS256"])]]).utf8)).flatMap { KeySet($0) }
        #expect(kept?.candidates(for: .init(algorithm: .rs256, keyID: "rsa")).count == 1)
        #expect(kept?.candidates(for: .init(algorithm: .ps256, keyID: "rsa")).count == 0)
    }
}
