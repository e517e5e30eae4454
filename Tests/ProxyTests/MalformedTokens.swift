// Tokens that nobody may accept, each wrong in one way; what is signed at all is signed by the issuer's own key where nothing else is said.

import Cryptography
import Foundation

@testable import OpenID

struct MalformedToken: Sendable {
    var name: String
    var token: String
    /// Why it is refused; nil where that does not matter.
    var reason: TokenError?
}

enum MalformedTokens {
    static func all(_ provider: FakeProvider) -> [MalformedToken] {
        forms(provider) + headers(provider) + forged(provider) + claims(provider) + documents(provider)
    }

    /// The parts and their base64url.
    private static func forms(_ provider: FakeProvider) -> [MalformedToken] {
        let valid = TestKeys.rsa.token("RS256", provider.claims())
        let parts = valid.split(separator: ".").map(String.init)
        let (header, claims, signature) = (parts[0], parts[1], parts[2])
        var table: [(String, String)] = [
            ("nothing", ""), ("one dot", "."), ("two dots", ".."), ("three dots", "..."), ("a word", "token"), ("a space before", " " + valid), ("a space behind", valid + " "),
            ("a line break behind", valid + "\n"), ("a null byte behind", valid + "\0"), ("a dot behind", valid + "."), ("a dot before", "." + valid),
            ("no header", ".\(claims).\(signature)"), ("no claims", "\(header)..\(signature)"), ("no signature and no dot", "\(header).\(claims)"),
            ("five parts, as an encrypted token has", "\(valid).\(claims).\(signature)"), ("four parts", "\(valid).\(signature)"), ("the header twice", "\(header).\(header).\(claims).\(signature)"),
            ("parts in another order", "\(claims).\(header).\(signature)"), ("header and signature swapped", "\(signature).\(claims).\(header)"), ("only claims", "..\(claims)"),
            ("a detached payload", "\(header)..\(signature)"), ("bearer before it", "Bearer \(valid)"), ("quotes around it", "\"\(valid)\""),
            ("a comma and another", "\(valid),\(valid)"), ("two of them", valid + valid), ("in percent coding", valid.replacing(".", with: "%2E")), ("full stops of another width", valid.replacing(".", with: "．")),
            ("a letter that looks alike", "е" + valid.dropFirst()), ("a byte order mark", "\u{FEFF}" + valid), ("a direction mark inside", "\(header)\u{202E}.\(claims).\(signature)"),
        ]
        for (index, part) in parts.enumerated() {
            func with(_ changed: String) -> String { (parts[..<index] + [changed] + parts[(index + 1)...]).joined(separator: ".") }
            let name = ["header", "claims", "signature"][index]
            table += [
                ("padding behind the \(name)", with(part + "=")), ("two of padding behind the \(name)", with(part + "==")), ("+ in the \(name)", with("+" + part.dropFirst())),
                ("/ in the \(name)", with("/" + part.dropFirst())), ("a line break in the \(name)", with(part.prefix(8) + "\r\n" + part.dropFirst(8))),
                ("a tab in the \(name)", with(part.prefix(8) + "\t" + part.dropFirst(8))), ("* in the \(name)", with("*" + part.dropFirst())),
                ("an é in the \(name)", with("é" + part.dropFirst())), ("a lone character behind the \(name)", with(String(repeating: "A", count: 4 * (part.count / 4) + 1))),
                ("the \(name) without its first character", with(String(part.dropFirst()))), ("the \(name) without its last character", with(String(part.dropLast()))),
                ("the \(name) cut in half", with(String(part.prefix(part.count / 2)))),
            ]
        }
        // The last character of 256 bytes carries two bits of nothing: a lenient reader takes four texts for the same signature.
        let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
        if let last = signature.last, let place = digits.firstIndex(of: last) {
            for other in 1...3 { table.append(("bits behind the signature, \(other)", "\(header).\(claims).\(signature.dropLast())\(digits[place ^ other])")) }
        }
        return table.map { MalformedToken(name: $0.0, token: $0.1) } + [
            MalformedToken(name: "an empty signature", token: "\(header).\(claims).", reason: .signature),
            MalformedToken(name: "too long by its claims", token: TestKeys.rsa.token("RS256", provider.claims(["x": String(repeating: "x", count: 16 << 10)])), reason: .tooLong),
            MalformedToken(name: "a megabyte", token: String(repeating: "A", count: 1 << 20), reason: .tooLong),
            MalformedToken(name: "a megabyte of dots", token: String(repeating: ".", count: 1 << 20), reason: .tooLong),
        ]
    }

    /// What the header demands.
    private static func headers(_ provider: FakeProvider) -> [MalformedToken] {
        let claims = json(provider.claims())
        func token(_ name: String, _ header: String, _ reason: TokenError?) -> MalformedToken {
            MalformedToken(name: name, token: TestKeys.rsa.token(rawHeader: header, rawClaims: claims, by: "RS256"), reason: reason)
        }
        var table: [MalformedToken] = []
        for algorithm in ["none", "None", "NONE", "nOnE", "", "HS256", "HS384", "HS512", "hs256", "RS1", "RS257", "rs256", "RS256 ", " RS256", "RS256\\u0000", "ES256K", "A128KW", "dir", "RSA-OAEP", "ＲＳ256", "null"] {
            table.append(token("alg \(algorithm)", #"{"alg":"\#(algorithm)","kid":"rsa"}"#, .algorithm))
        }
        for value in ["null", "true", "1", "[\"RS256\"]", "{\"RS256\":1}"] { table.append(token("alg is \(value)", #"{"alg":\#(value),"kid":"rsa"}"#, .malformed)) }
        table += [
            token("no alg", #"{"kid":"rsa"}"#, .malformed), token("an empty header", "{}", .malformed), token("alg twice, none first", #"{"alg":"none","alg":"RS256","kid":"rsa"}"#, .malformed),
            token("alg twice, none last", #"{"alg":"RS256","alg":"none","kid":"rsa"}"#, .malformed), token("alg twice, the same", #"{"alg":"RS256","alg":"RS256","kid":"rsa"}"#, .malformed),
            token("alg twice, once escaped", #"{"alg":"none","\u0061lg":"RS256","kid":"rsa"}"#, .malformed), token("kid twice", #"{"alg":"RS256","kid":"rsa","kid":"other"}"#, .malformed),
            token("crit unknown", #"{"alg":"RS256","kid":"rsa","crit":["x"],"x":1}"#, .extended), token("crit empty", #"{"alg":"RS256","kid":"rsa","crit":[]}"#, .extended),
            token("crit null", #"{"alg":"RS256","kid":"rsa","crit":null}"#, .extended), token("crit with b64", #"{"alg":"RS256","kid":"rsa","crit":["b64"],"b64":false}"#, .extended),
            token("b64 without crit", #"{"alg":"RS256","kid":"rsa","b64":false}"#, .extended), token("compressed", #"{"alg":"RS256","kid":"rsa","zip":"DEF"}"#, .extended),
            token("nested", #"{"alg":"RS256","kid":"rsa","cty":"JWT"}"#, .extended), token("kid a number", #"{"alg":"RS256","kid":1}"#, .malformed),
            token("kid null", #"{"alg":"RS256","kid":null}"#, .malformed), token("kid a list", #"{"alg":"RS256","kid":["rsa"]}"#, .malformed),
            token("kid unknown", #"{"alg":"RS256","kid":"nobody"}"#, .unknownKey), token("kid empty", #"{"alg":"RS256","kid":""}"#, .unknownKey),
            token("kid a path", #"{"alg":"RS256","kid":"../../../dev/null"}"#, .unknownKey), token("kid a statement", #"{"alg":"RS256","kid":"rsa' OR '1'='1"}"#, .unknownKey),
            token("kid in another case", #"{"alg":"RS256","kid":"RSA"}"#, .unknownKey), token("kid with a null byte", #"{"alg":"RS256","kid":"rsa\u0000"}"#, .unknownKey),
            token("kid with a space", #"{"alg":"RS256","kid":"rsa "}"#, .unknownKey), token("kid of another key of the set", #"{"alg":"RS256","kid":"p256"}"#, .unknownKey),
            token("kid of 15,000 bytes", #"{"alg":"RS256","kid":"\#(String(repeating: "k", count: 11_000))"}"#, nil),
            token("the set's RSA key for ES256", #"{"alg":"ES256","kid":"rsa"}"#, .unknownKey), token("the set's RSA key for EdDSA", #"{"alg":"EdDSA","kid":"rsa"}"#, .unknownKey),
        ]
        for type in ["logout+jwt", "secevent+jwt", "dpop+jwt", "application/logout+jwt", "JWE", "JOSE", "at+jwt ", "", "refresh+jwt", "oauth-authz-req+jwt", "token-introspection+jwt"] {
            table.append(token("typ \(type)", #"{"alg":"RS256","kid":"rsa","typ":"\#(type)"}"#, .type))
        }
        for value in ["null", "1", "[]"] { table.append(token("typ is \(value)", #"{"alg":"RS256","kid":"rsa","typ":\#(value)}"#, .malformed)) }
        return table
    }

    /// Signatures of somebody else, or of something else.
    private static func forged(_ provider: FakeProvider) -> [MalformedToken] {
        let claims = provider.claims()
        let valid = TestKeys.rsa.token("RS256", claims).split(separator: ".").map(String.init)
        func unsigned(_ header: String, _ signature: [UInt8]) -> String { base64URL(Array(header.utf8)) + "." + valid[1] + "." + base64URL(signature) }
        func shared(_ secret: [UInt8], _ id: String, _ algorithm: String = "HS256") -> String {
            let message = base64URL(Array(#"{"alg":"\#(algorithm)","kid":"\#(id)"}"#.utf8)) + "." + valid[1]
            return message + "." + base64URL(Array(message.utf8).withUnsafeBytes { HMACSHA256(key: secret).code(of: $0) })
        }
        var table: [MalformedToken] = [
            .init(name: "signed by another key under its own id", token: TestKeys.otherRSA.token("RS256", claims), reason: .unknownKey),
            .init(name: "signed by another key under the issuer's id", token: TestKeys.otherRSA.token("RS256", claims, header: ["kid": "rsa"]), reason: .signature),
            .init(name: "its own key in the header (jwk)", token: TestKeys.otherRSA.token("RS256", claims, header: ["kid": "rsa", "jwk": TestKeys.otherRSA.jwk()]), reason: .signature),
            .init(name: "its own key in the header under its own id", token: TestKeys.otherRSA.token("RS256", claims, header: ["jwk": TestKeys.otherRSA.jwk()]), reason: .unknownKey),
            .init(name: "an address of keys (jku)", token: TestKeys.otherRSA.token("RS256", claims, header: ["kid": "rsa", "jku": provider.url + "/keys"]), reason: .signature),
            .init(name: "an address of a certificate (x5u)", token: TestKeys.otherRSA.token("RS256", claims, header: ["kid": "rsa", "x5u": provider.url + "/keys"]), reason: .signature),
            .init(name: "a certificate (x5c)", token: TestKeys.otherRSA.token("RS256", claims, header: ["kid": "rsa", "x5c": ["MIIB"]]), reason: .signature),
            .init(name: "the public key (PEM) as a shared secret", token: shared(TestKeys.rsa.pem, "rsa"), reason: .algorithm),
            .init(name: "the modulus as a shared secret", token: shared(Array((TestKeys.rsa.jwk()["n"] as? String ?? "").utf8), "rsa"), reason: .algorithm),
            .init(name: "an elliptic public key as a shared secret", token: shared(TestKeys.p256.pem, "p256"), reason: .algorithm),
            .init(name: "a shared secret called RS256", token: shared(TestKeys.rsa.pem, "rsa", "RS256"), reason: .signature),
            .init(name: "a shared secret called EdDSA", token: shared(TestKeys.ed25519.pem, "ed25519", "EdDSA"), reason: .signature),
            .init(name: "none with the signature of another token", token: unsigned(#"{"alg":"none"}"#, Array("x".utf8)), reason: .algorithm),
            .init(name: "RS256 signed as PS256", token: TestKeys.rsa.token(rawHeader: #"{"alg":"RS256","kid":"rsa"}"#, rawClaims: json(claims), by: "PS256"), reason: .signature),
            .init(name: "PS256 signed as RS256", token: TestKeys.rsa.token(rawHeader: #"{"alg":"PS256","kid":"rsa"}"#, rawClaims: json(claims), by: "RS256"), reason: .signature),
            .init(name: "RS512 signed as RS256", token: TestKeys.rsa.token(rawHeader: #"{"alg":"RS512","kid":"rsa"}"#, rawClaims: json(claims), by: "RS256"), reason: .signature),
            .init(name: "a key of 1,024 bits", token: TestKeys.shortRSA.token("RS256", claims), reason: .unknownKey),
            .init(name: "ES256 by the P-384 key", token: TestKeys.p384.token("ES256", claims), reason: .unknownKey),
            .init(name: "ES384 by the P-256 key", token: TestKeys.p256.token("ES384", claims), reason: .unknownKey),
            .init(name: "ES512 by the P-256 key", token: TestKeys.p256.token("ES512", claims), reason: .unknownKey),
            .init(name: "Ed25519 by the Ed448 key", token: TestKeys.ed448.token("Ed25519", claims), reason: .unknownKey),
            .init(name: "other claims under a signature", token: valid[0] + "." + base64URL(Array(json(provider.claims(["sub": "mallory"])).utf8)) + "." + valid[2], reason: .signature),
            .init(name: "another header over a signature", token: base64URL(Array(#"{"alg":"RS256","kid":"rsa","x":1}"#.utf8)) + "." + valid[1] + "." + valid[2], reason: .signature),
            .init(name: "a signature of zeros", token: unsigned(#"{"alg":"RS256","kid":"rsa"}"#, Array(repeating: 0, count: 256)), reason: .signature),
            .init(name: "a signature of one", token: unsigned(#"{"alg":"RS256","kid":"rsa"}"#, Array(repeating: 0, count: 255) + [1]), reason: .signature),
            .init(name: "a longer signature", token: valid[0] + "." + valid[1] + "." + base64URL(Base64URL.decode(valid[2].utf8)! + [0]), reason: .signature),
            .init(name: "a shorter signature", token: valid[0] + "." + valid[1] + "." + base64URL(Base64URL.decode(valid[2].utf8)!.dropLast()), reason: .signature),
            .init(name: "a zero before the signature", token: valid[0] + "." + valid[1] + "." + base64URL([0] + Base64URL.decode(valid[2].utf8)!), reason: .signature),
        ]
        // Numbers of zero once passed for a signature of everything (CVE-2022-21449).
        for (id, algorithm, length) in [("p256", "ES256", 64), ("p384", "ES384", 96), ("p521", "ES512", 132), ("ed25519", "EdDSA", 64), ("ed448", "EdDSA", 114)] {
            let header = #"{"alg":"\#(algorithm)","kid":"\#(id)"}"#
            for (name, signature) in [
                ("of zeros", [UInt8](repeating: 0, count: length)), ("of ones", [UInt8](repeating: 1, count: length)), ("all bits set", [UInt8](repeating: 0xFF, count: length)),
                ("a byte short", [UInt8](repeating: 1, count: length - 1)), ("a byte long", [UInt8](repeating: 1, count: length + 1)), ("in DER", [0x30, 0x06, 0x02, 0x01, 0x01, 0x02, 0x01, 0x01]),
            ] { table.append(.init(name: "\(algorithm) of \(id), \(name)", token: unsigned(header, signature), reason: .signature)) }
        }
        return table
    }

    /// Claims of a well-signed token.
    private static func claims(_ provider: FakeProvider) -> [MalformedToken] {
        let now = Int(Date().timeIntervalSince1970)
        let null = NSNull()
        let table: [(String, [String: Any], TokenError)] = [
            ("no iss", ["iss": null], .issuer), ("another iss", ["iss": "https://issuer.example"], .issuer), ("iss with a slash behind", ["iss": provider.url + "/"], .issuer),
            ("iss in capitals", ["iss": provider.url.uppercased()], .issuer), ("iss a list", ["iss": [provider.url]], .issuer), ("iss empty", ["iss": ""], .issuer),
            ("iss as a prefix", ["iss": provider.url + ".evil.example"], .issuer), ("no aud", ["aud": null], .audience), ("another aud", ["aud": "other"], .audience),
            ("aud empty", ["aud": ""], .audience), ("aud an empty list", ["aud": [String]()], .audience), ("aud a number", ["aud": 1], .claims), ("aud with a number", ["aud": ["sluice", 1] as [Any]], .claims),
            ("aud an object", ["aud": ["sluice": true]], .claims), ("aud in capitals", ["aud": "SLUICE"], .audience), ("aud as a part", ["aud": "sluice-admin"], .audience),
            ("aud with a comma", ["aud": "sluice,other"], .audience), ("aud with a space", ["aud": "sluice other"], .audience), ("azp a number", ["azp": 7], .claims),
            ("no exp", ["exp": null], .noExpiry), ("expired", ["exp": now - 61], .expired), ("expired long ago", ["exp": 1], .expired), ("exp zero", ["exp": 0], .expired),
            ("exp a string", ["exp": "\(now + 600)"], .claims), ("exp negative", ["exp": -1], .claims), ("exp after the year 9999", ["exp": 253_402_300_800], .claims), ("exp in milliseconds", ["exp": (now + 600) * 1000], .claims),
            ("exp a list", ["exp": [now + 600]], .claims), ("exp true", ["exp": true], .claims), ("nbf to come", ["nbf": now + 120], .notYetValid), ("nbf a string", ["nbf": "0"], .claims),
            ("iat to come", ["iat": now + 120], .notYetValid), ("iat a string", ["iat": "now"], .claims), ("no sub", ["sub": null], .subject), ("sub empty", ["sub": ""], .subject),
            ("sub a number", ["sub": 42], .subject), ("sub a list", ["sub": ["ada"]], .subject), ("sub of 256 bytes", ["sub": String(repeating: "a", count: 256)], .subject),
            ("sub with a line break", ["sub": "ada\nroot"], .subject), ("sub with a null byte", ["sub": "ada\0"], .subject), ("sub with an escape", ["sub": "ada\u{1B}[31m"], .subject),
            ("sub with a direction mark", ["sub": "ada\u{202E}toor"], .subject), ("sub with nothing visible between", ["sub": "a\u{200B}da"], .subject), ("sub with a line separator", ["sub": "ada\u{2028}"], .subject),
            ("groups a number", ["groups": 1], .claims), ("groups with a number", ["groups": ["agents", 1] as [Any]], .claims), ("groups an object", ["groups": ["agents": true]], .claims),
            ("an event of signing out", ["events": ["http://schemas.openid.net/event/backchannel-logout": [String: Any]()]], .type),
            ("bound to a key (DPoP)", ["cnf": ["jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"]], .bound), ("bound to nothing", ["cnf": [String: Any]()], .bound), ("bound by a word", ["cnf": "x"], .bound),
        ]
        return table.map { name, members, reason in
            MalformedToken(name: name, token: TestKeys.rsa.token("RS256", provider.claims(members)), reason: reason)
        }
    }

    /// Claims that are no JSON, or not the same JSON to everybody; well-signed.
    private static func documents(_ provider: FakeProvider) -> [MalformedToken] {
        let valid = json(provider.claims())
        let inside = String(valid.dropFirst().dropLast())
        func deep(_ count: Int) -> String { String(repeating: "[", count: count) + String(repeating: "]", count: count) }
        let table: [(String, String)] = [
            ("nothing", ""), ("null", "null"), ("a list", "[\(valid)]"), ("a string", json([valid]).dropFirst().dropLast().description), ("a number", "1"), ("true", "true"), ("cut off", String(valid.dropLast())),
            ("two documents", valid + valid), ("something behind", valid + "x"), ("a comma behind", valid + ","), ("a null byte behind", valid + "\0"), ("a byte order mark", "\u{FEFF}" + valid),
            ("a comment", "{/* */" + inside + "}"), ("a trailing comma", "{" + inside + ",}"), ("a leading comma", "{," + inside + "}"), ("single quotes", valid.replacing("\"", with: "'")),
            ("sub twice", "{\"sub\":\"mallory\"," + inside + "}"), ("sub twice, last", "{" + inside + ",\"sub\":\"mallory\"}"), ("exp twice", "{" + inside + ",\"exp\":9999999999}"),
            ("aud twice", "{" + inside + ",\"aud\":\"other\"}"), ("iss twice", "{\"iss\":\"https://issuer.example\"," + inside + "}"), ("sub twice, once escaped", "{" + inside + #","\u0073ub":"mallory"}"#),
            ("groups twice", "{" + inside + ",\"groups\":[\"leads\"]}"), ("twice in something inside", "{" + inside + ",\"x\":{\"a\":1,\"a\":2}}"), ("twice in equal letters of two codings", "{" + inside + ",\"é\":1,\"e\u{301}\":2}"),
            ("deep lists", "{" + inside + ",\"x\":\(deep(100))}"), ("very deep lists", "{" + inside + ",\"x\":\(deep(5000))}"), ("deep objects", "{" + inside + ",\"x\":" + String(repeating: "{\"x\":", count: 60) + "1" + String(repeating: "}", count: 61)),
            ("an open list", "{" + inside + ",\"x\":[1"), ("a control character in a string", "{" + inside + ",\"x\":\"\u{1}\"}"), ("a line break in a string", "{" + inside + ",\"x\":\"\n\"}"),
            ("half a surrogate pair", "{" + inside + #","x":"\ud800"}"#), ("the other half", "{" + inside + #","x":"\udc00"}"#), ("a pair the wrong way round", "{" + inside + #","x":"\udc00\ud800"}"#),
            ("an unknown escape", "{" + inside + #","x":"\q"}"#), ("a short escape", "{" + inside + #","x":"\u12"}"#), ("digits of another script in an escape", "{" + inside + ",\"x\":\"\\u００４１\"}"),
            ("a leading zero", "{" + inside + ",\"x\":01}"), ("a plus", "{" + inside + ",\"x\":+1}"), ("a lone minus", "{" + inside + ",\"x\":-}"), ("no digits behind the point", "{" + inside + ",\"x\":1.}"),
            ("an empty exponent", "{" + inside + ",\"x\":1e}"), ("NaN", "{" + inside + ",\"x\":NaN}"), ("Infinity", "{" + inside + ",\"x\":Infinity}"), ("too large a number", "{" + inside + ",\"x\":1e999}"),
            ("hexadecimal", "{" + inside + ",\"x\":0x10}"), ("True", "{" + inside + ",\"x\":True}"), ("a name without quotes", "{" + inside + ",x:1}"), ("no colon", "{" + inside + ",\"x\" 1}"),
        ]
        var tokens = table.map { MalformedToken(name: "claims: " + $0.0, token: TestKeys.p256.token(rawHeader: #"{"alg":"ES256","kid":"p256"}"#, rawClaims: $0.1, by: "ES256")) }
        // Bytes that are not UTF-8: an overlong slash, a surrogate, a lone continuation.
        for bytes in [[0xC0, 0xAF], [0xED, 0xA0, 0x80], [0x80], [0xF5, 0x80, 0x80, 0x80], [0xFF]] as [[UInt8]] {
            let claims = Array(("{" + inside + ",\"x\":\"").utf8) + bytes + Array("\"}".utf8)
            let message = base64URL(Array(#"{"alg":"ES256","kid":"p256"}"#.utf8)) + "." + base64URL(claims)
            tokens.append(MalformedToken(name: "claims: bytes \(bytes)", token: message + "." + base64URL(TestKeys.p256.sign(Array(message.utf8), "ES256"))))
        }
        return tokens
    }
}
