// A signed token taken apart: JWS in compact form with claims in it (JWT).

/// A token whose parts are well-formed, and whose signature is not verified yet.
///
/// Of the header only what chooses the key is read, and only to choose among keys that the configured issuer publishes: keys and addresses of keys in the header
/// itself (`jwk`, `jku`, `x5u`, `x5c`) are not looked at.
///
/// Source: RFC 7515 §3.1, §5.2, RFC 7519 §7.2, RFC 8725.
struct SignedToken: Sendable {
    struct Header: Sendable {
        var algorithm: Algorithm
        var keyID: String?
    }

    let header: Header
    let claims: JSON
    /// What was signed.
    let message: [UInt8]
    let signature: [UInt8]

    /// Longest token, in bytes: those with a few hundred groups have ten thousand.
    static let longest = 16 << 10
    /// Types of tokens with which one calls: none given, `JWT`, and `at+jwt` (RFC 9068 §2.1), with or without `application/`. So tokens for signing out, event notices,
    /// proofs of possession and the like are none, whoever signed them.
    private static let types = ["jwt", "at+jwt"]

    init(_ token: String) throws(TokenError) {
        guard token.utf8.count <= Self.longest else { throw .tooLong }
        let bytes = Array(token.utf8)
        let parts = bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 3, let headerBytes = Base64URL.decode(parts[0]), let claimBytes = Base64URL.decode(parts[1]),
            let signature = Base64URL.decode(parts[2]), let header = JSON(headerBytes), let claims = JSON(claimBytes), header.isObject, claims.isObject
        else { throw .malformed }
        guard let name = header["alg"]?.string else { throw .malformed }
        guard let algorithm = Algorithm(rawValue: name) else { throw .algorithm }
        // None of the extensions that a header can demand is known here; `b64` and compressed or nested contents are such.
        guard header["crit"] == nil, header["b64"] == nil, header["zip"] == nil, header["cty"] == nil else { throw .extended }
        if let type = header["typ"] {
            guard var type = type.string?.lowercased() else { throw .malformed }
            if type.hasPrefix("application/") { type.removeFirst("application/".count) }
            guard Self.types.contains(type) else { throw .type }
        }
        if let id = header["kid"] { guard id.string != nil else { throw .malformed } }
        guard !signature.isEmpty else { throw .signature }
        self.header = Header(algorithm: algorithm, keyID: header["kid"]?.string)
        self.claims = claims
        self.signature = signature
        message = Array(bytes[..<parts[2].startIndex.advanced(by: -1)])
    }

    /// Whether a text has the shape of one: three parts, where opaque tokens have one.
    static func resembles(_ token: String) -> Bool {
        token.utf8.count { $0 == UInt8(ascii: ".") } == 2
    }

    /// Proves that one of the keys has signed it.
    func verify(by keys: KeySet) throws(TokenError) {
        let candidates = keys.candidates(for: header)
        guard !candidates.isEmpty else { throw .unknownKey }
        guard candidates.contains(where: { $0.key.verifies(signature, of: message, by: $0.scheme) }) else { throw .signature }
    }
}
