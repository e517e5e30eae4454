// The signature algorithms that a token may name.

import Cryptography

/// An `alg` of JWS that is accepted anywhere. `none` and the codes with a shared secret (`HS…`) are not among them, so nothing can choose them.
///
/// Source: RFC 7518 §3.1, RFC 8037 §3.1, RFC 9864 §2.
public enum Algorithm: String, Sendable, CaseIterable {
    case rs256 = "RS256", rs384 = "RS384", rs512 = "RS512"
    case ps256 = "PS256", ps384 = "PS384", ps512 = "PS512"
    case es256 = "ES256", es384 = "ES384", es512 = "ES512"
    case edDSA = "EdDSA", ed25519 = "Ed25519", ed448 = "Ed448"

    /// How a key of this kind signs by the algorithm; nil where the algorithm is for other keys. The key decides, and not the token alone.
    func scheme(for kind: PublicKey.Kind) -> PublicKey.Scheme? {
        switch (self, kind) {
        case (.rs256, .rsa): .rsaPKCS1(.sha256)
        case (.rs384, .rsa): .rsaPKCS1(.sha384)
        case (.rs512, .rsa): .rsaPKCS1(.sha512)
        case (.ps256, .rsa): .rsaPSS(.sha256)
        case (.ps384, .rsa): .rsaPSS(.sha384)
        case (.ps512, .rsa): .rsaPSS(.sha512)
        case (.es256, .elliptic(.p256)): .ecdsa(.p256, .sha256)
        case (.es384, .elliptic(.p384)): .ecdsa(.p384, .sha384)
        case (.es512, .elliptic(.p521)): .ecdsa(.p521, .sha512)
        case (.edDSA, .edwards(let curve)): .edwards(curve)
        case (.ed25519, .edwards(.ed25519)): .edwards(.ed25519)
        case (.ed448, .edwards(.ed448)): .edwards(.ed448)
        default: nil
        }
    }
}
