// The keys that an issuer publishes (JWK Set).

import Cryptography

/// The public keys of an issuer by which tokens can be verified; others in the document are passed over (RFC 7517 §5).
struct KeySet: Sendable {
    struct Key: Sendable {
        /// `kid`.
        let id: String?
        /// `alg`: the one algorithm that the issuer uses the key with, if it says so.
        let algorithm: String?
        let key: PublicKey
    }

    let keys: [Key]
    /// The document, by which one set is told from another.
    let document: JSON

    /// Keys that are looked at in one document, and keys of one token that are tried.
    static let mostKeys = 100
    static let mostTried = 8

    /// - Returns: nil if the document is no key set, or has no key that could be used.
    init?(_ document: JSON) {
        guard let list = document["keys"]?.elements, list.count <= Self.mostKeys else { return nil }
        keys = list.compactMap(Self.key)
        guard !keys.isEmpty else { return nil }
        self.document = document
    }

    /// Nil for a key that is not for verifying signatures, of an unknown kind or too short. Shared secrets (`oct`) are of an unknown kind here.
    private static func key(_ entry: JSON) -> Key? {
        guard entry.isObject, entry["use"] == nil || entry["use"]?.string == "sig" else { return nil }
        if let operations = entry["key_ops"] { guard operations.strings?.contains("verify") == true else { return nil } }
        // A member of another type than the standard's makes the key another one than it says.
        for name in ["kid", "alg"] where entry[name] != nil && entry[name]?.string == nil { return nil }
        func bytes(_ name: String) -> [UInt8]? { entry[name]?.string.flatMap { Base64URL.decode($0.utf8) } }
        let key: PublicKey?
        switch (entry["kty"]?.string, entry["crv"]?.string) {
        case ("RSA", _):
            guard let modulus = bytes("n"), let exponent = bytes("e") else { return nil }
            key = .rsa(modulus: modulus, exponent: exponent)
        case ("EC", let curve?):
            guard let curve = ["P-256": PublicKey.Curve.p256, "P-384": .p384, "P-521": .p521][curve], let x = bytes("x"), let y = bytes("y") else { return nil }
            key = .elliptic(curve, x: x, y: y)
        case ("OKP", let curve?):
            guard let curve = ["Ed25519": PublicKey.EdwardsCurve.ed25519, "Ed448": .ed448][curve], let x = bytes("x") else { return nil }
            key = .edwards(curve, x)
        default: return nil
        }
        return key.map { Key(id: entry["kid"]?.string, algorithm: entry["alg"]?.string, key: $0) }
    }

    /// The keys by which a token with this header may be signed: of its id, if it names one, of a kind that its algorithm is for, and not kept for another algorithm.
    func candidates(for header: SignedToken.Header) -> [(key: PublicKey, scheme: PublicKey.Scheme)] {
        var found: [(key: PublicKey, scheme: PublicKey.Scheme)] = []
        for entry in keys {
            if let wanted = header.keyID { guard let id = entry.id, id.utf8.elementsEqual(wanted.utf8) else { continue } }
            if let algorithm = entry.algorithm, algorithm != header.algorithm.rawValue { continue }
            if let scheme = header.algorithm.scheme(for: entry.key.kind) { found.append((entry.key, scheme)) }
        }
        return Array(found.prefix(Self.mostTried))
    }
}
