// Public keys and the signatures that they verify: RSA, ECDSA and EdDSA, by OpenSSL.

import COpenSSL

/// A key that verifies signatures. Shared by all threads.
///
/// A signature is verified by one scheme alone, which the key and the caller must agree on: ``verifies(_:of:by:)`` is false for a scheme of another kind of key, or of
/// another curve, whatever the bytes are.
public final class PublicKey: Sendable {
    /// What the key is; decides which schemes it can be used with.
    public enum Kind: Sendable, Hashable {
        case rsa(bits: Int)
        case elliptic(Curve)
        case edwards(EdwardsCurve)
    }

    /// The curves of FIPS 186-5 for ECDSA.
    public enum Curve: Sendable, Hashable, CaseIterable {
        case p256, p384, p521

        /// Bytes of a coordinate, and of each half of a signature (RFC 7518 §3.4, §6.2.1.2).
        public var coordinateBytes: Int {
            switch self {
            case .p256: 32
            case .p384: 48
            case .p521: 66
            }
        }

        /// Its object identifier, encoded (RFC 5480 §2.1.1.1).
        fileprivate var identifier: [UInt8] {
            switch self {
            case .p256: [0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07]
            case .p384: [0x06, 0x05, 0x2B, 0x81, 0x04, 0x00, 0x22]
            case .p521: [0x06, 0x05, 0x2B, 0x81, 0x04, 0x00, 0x23]
            }
        }
    }

    /// The curves of RFC 8032.
    public enum EdwardsCurve: Sendable, Hashable, CaseIterable {
        case ed25519, ed448

        public var keyBytes: Int { self == .ed25519 ? 32 : 57 }
    }

    public enum Digest: String, Sendable { case sha256 = "SHA256", sha384 = "SHA384", sha512 = "SHA512" }

    public enum Scheme: Sendable, Equatable {
        /// RSASSA-PKCS1-v1_5 (RFC 8017 §8.2).
        case rsaPKCS1(Digest)
        /// RSASSA-PSS with a salt as long as the digest (RFC 8017 §8.1, RFC 7518 §3.5).
        case rsaPSS(Digest)
        /// ECDSA; a signature is both numbers one behind the other, each as long as a coordinate (RFC 7518 §3.4).
        case ecdsa(Curve, Digest)
        /// EdDSA (RFC 8032).
        case edwards(EdwardsCurve)
    }

    public let kind: Kind
    /// Only read after `init`, which is why sharing the pointer is safe.
    nonisolated(unsafe) private let key: OpaquePointer

    private init(kind: Kind, key: OpaquePointer) {
        self.kind = kind
        self.key = key
    }

    deinit { EVP_PKEY_free(key) }

    /// The smallest modulus, in bits, that RFC 7518 §3.3 allows, and the largest that is worth the time.
    public static let modulusBits = 2048...8192

    /// - Parameters: unsigned numbers, most significant byte first.
    /// - Returns: nil if the modulus is shorter or longer than ``modulusBits``, or the exponent even, 1, or longer than 32 bits.
    public static func rsa(modulus: [UInt8], exponent: [UInt8]) -> PublicKey? {
        let modulus = Array(modulus.drop { $0 == 0 })
        let exponent = Array(exponent.drop { $0 == 0 })
        guard (1...4).contains(exponent.count), exponent.last! & 1 == 1, exponent != [1] else { return nil }
        let bits = modulus.count * 8 - (modulus.first?.leadingZeroBitCount ?? 0)
        guard modulusBits.contains(bits) else { return nil }
        // rsaEncryption with its NULL, and RSAPublicKey (RFC 3279 §2.3.1).
        return make(
            .rsa(bits: bits), algorithm: [0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x01, 0x05, 0x00],
            key: DER.sequence(DER.integer(modulus) + DER.integer(exponent)))
    }

    /// - Parameters x, y: the coordinates, as long as the curve's (RFC 7518 §6.2.1).
    /// - Returns: nil if the point is not on the curve.
    public static func elliptic(_ curve: Curve, x: [UInt8], y: [UInt8]) -> PublicKey? {
        guard x.count == curve.coordinateBytes, y.count == curve.coordinateBytes else { return nil }
        // id-ecPublicKey with the curve, and the point uncompressed (RFC 5480 §2.1.1, §2.2).
        return make(.elliptic(curve), algorithm: [0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01] + curve.identifier, key: [4] + x + y)
    }

    public static func edwards(_ curve: EdwardsCurve, _ bytes: [UInt8]) -> PublicKey? {
        guard bytes.count == curve.keyBytes else { return nil }
        // id-Ed25519 and id-Ed448 (RFC 8410 §3).
        return make(.edwards(curve), algorithm: [0x06, 0x03, 0x2B, 0x65, curve == .ed25519 ? 0x70 : 0x71], key: bytes)
    }

    /// From a SubjectPublicKeyInfo (RFC 5280 §4.1.2.7), which is the one form in which OpenSSL takes keys of all kinds. It refuses points that are not on their curve.
    private static func make(_ kind: Kind, algorithm: [UInt8], key bytes: [UInt8]) -> PublicKey? {
        defer { ERR_clear_error() }
        let info = DER.sequence(DER.sequence(algorithm) + DER.value(0x03, [0] + bytes))
        let key = info.withUnsafeBufferPointer { buffer in
            var start = buffer.baseAddress
            return d2i_PUBKEY(nil, &start, buffer.count)
        }
        return key.map { PublicKey(kind: kind, key: $0) }
    }

    /// Whether `signature` is this key's signature of `message`. False, too, where the scheme is not for this kind of key.
    public func verifies(_ signature: [UInt8], of message: [UInt8], by scheme: Scheme) -> Bool {
        var signature = signature
        var digest: Digest?
        var isPSS = false
        switch (scheme, kind) {
        case (.rsaPKCS1(let chosen), .rsa): digest = chosen
        case (.rsaPSS(let chosen), .rsa): (digest, isPSS) = (chosen, true)
        case (.ecdsa(let curve, let chosen), .elliptic(let own)) where curve == own:
            guard let encoded = Self.encoded(signature, curve) else { return false }
            (signature, digest) = (encoded, chosen)
        case (.edwards(let curve), .edwards(let own)) where curve == own: break
        default: return false
        }
        guard let context = EVP_MD_CTX_new() else { return false }
        defer {
            EVP_MD_CTX_free(context)
            // What OpenSSL has to say about a wrong signature is not asked for, and would stay with the thread.
            ERR_clear_error()
        }
        var parameters: OpaquePointer?
        guard EVP_DigestVerifyInit_ex(context, &parameters, digest?.rawValue, nil, nil, key, nil) == 1 else { return false }
        if isPSS {
            guard EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING) == 1,
                EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, RSA_PSS_SALTLEN_DIGEST) == 1
            else { return false }
        }
        return EVP_DigestVerify(context, signature, signature.count, message, message.count) == 1
    }

    /// The pair of numbers in the form in which OpenSSL takes it (RFC 3279 §2.2.3); nil if it is not as long as the curve's.
    private static func encoded(_ signature: [UInt8], _ curve: Curve) -> [UInt8]? {
        let half = curve.coordinateBytes
        guard signature.count == 2 * half else { return nil }
        return DER.sequence(DER.integer(signature[..<half]) + DER.integer(signature[half...]))
    }
}

/// The few forms of the Distinguished Encoding Rules (X.690) that keys and signatures need.
private enum DER {
    static func value(_ tag: UInt8, _ content: [UInt8]) -> [UInt8] {
        var length: [UInt8] = []
        var rest = content.count
        repeat {
            length.insert(UInt8(rest & 0xFF), at: 0)
            rest >>= 8
        } while rest > 0
        return (content.count < 0x80 ? [tag] : [tag, 0x80 | UInt8(length.count)]) + length + content
    }

    static func sequence(_ content: [UInt8]) -> [UInt8] { value(0x30, content) }

    /// - Parameter bytes: an unsigned number, most significant byte first.
    static func integer(_ bytes: some Sequence<UInt8>) -> [UInt8] {
        let digits = Array(bytes.drop { $0 == 0 })
        // Without the zero a first bit that is set would be a sign.
        return value(0x02, digits.first.map { $0 < 0x80 } ?? false ? digits : [0] + digits)
    }
}
