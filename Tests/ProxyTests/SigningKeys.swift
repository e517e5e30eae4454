// Keys of an issuer for tests: made at run time, by OpenSSL.

import COpenSSL
import Cryptography
import Foundation

@testable import OpenID

/// A private key, its public half as a JWK, and tokens signed with it.
final class SigningKey: Sendable {
    enum Kind: Sendable { case rsa(Int), elliptic(PublicKey.Curve), edwards(PublicKey.EdwardsCurve) }

    let kind: Kind
    let id: String?
    /// Only read after `init`.
    nonisolated(unsafe) private let key: OpaquePointer

    init(_ kind: Kind, id: String? = nil) {
        self.kind = kind
        self.id = id
        let name =
            switch kind {
            case .rsa: "RSA"
            case .elliptic: "EC"
            case .edwards(let curve): curve == .ed25519 ? "ED25519" : "ED448"
            }
        let context = EVP_PKEY_CTX_new_from_name(nil, name, nil)
        defer { EVP_PKEY_CTX_free(context) }
        precondition(EVP_PKEY_keygen_init(context) == 1)
        switch kind {
        case .rsa(let bits): precondition(EVP_PKEY_CTX_set_rsa_keygen_bits(context, Int32(bits)) == 1)
        case .elliptic(let curve): precondition(EVP_PKEY_CTX_set_group_name(context, curve.jwkName) == 1)
        case .edwards: break
        }
        var key: OpaquePointer?
        precondition(EVP_PKEY_generate(context, &key) == 1)
        self.key = key!
    }

    deinit { EVP_PKEY_free(key) }

    /// The public key as a JWK, with `members` added or put in their place.
    func jwk(_ members: [String: Any] = [:]) -> [String: Any] {
        var jwk: [String: Any] = ["use": "sig"]
        if let id { jwk["kid"] = id }
        switch kind {
        case .rsa:
            jwk["kty"] = "RSA"
            for name in ["n", "e"] {
                var number: OpaquePointer?
                precondition(EVP_PKEY_get_bn_param(key, name, &number) == 1)
                var bytes = [UInt8](repeating: 0, count: Int(BN_num_bits(number) + 7) / 8)
                BN_bn2bin(number, &bytes)
                BN_free(number)
                jwk[name] = base64URL(bytes)
            }
        case .elliptic(let curve):
            var point = [UInt8](repeating: 0, count: 1 + 2 * curve.coordinateBytes)
            precondition(EVP_PKEY_get_octet_string_param(key, "encoded-pub-key", &point, point.count, nil) == 1 && point[0] == 4)
            jwk["kty"] = "EC"
            jwk["crv"] = curve.jwkName
            jwk["x"] = base64URL(Array(point[1...curve.coordinateBytes]))
            jwk["y"] = base64URL(Array(point[(1 + curve.coordinateBytes)...]))
        case .edwards(let curve):
            var bytes = [UInt8](repeating: 0, count: curve.keyBytes)
            var count = bytes.count
            precondition(EVP_PKEY_get_raw_public_key(key, &bytes, &count) == 1)
            jwk["kty"] = "OKP"
            jwk["crv"] = curve == .ed25519 ? "Ed25519" : "Ed448"
            jwk["x"] = base64URL(bytes)
        }
        return jwk.merging(members) { $1 }
    }

    /// The public key as PEM, which mistaken verifiers take for a shared secret.
    var pem: [UInt8] {
        let output = BIO_new(BIO_s_mem())
        defer { BIO_free(output) }
        PEM_write_bio_PUBKEY(output, key)
        var bytes = [UInt8](repeating: 0, count: 4096)
        return Array(bytes.prefix(Int(BIO_read(output, &bytes, 4096))))
    }

    /// The signature of `message` by `algorithm`, or by whatever of this key's schemes has the digest that its name ends with.
    func sign(_ message: [UInt8], _ algorithm: String) -> [UInt8] {
        let digest: String? = if case .edwards = kind { nil } else { algorithm.hasSuffix("384") ? "SHA384" : algorithm.hasSuffix("512") ? "SHA512" : "SHA256" }
        let context = EVP_MD_CTX_new()
        defer { EVP_MD_CTX_free(context) }
        var parameters: OpaquePointer?
        precondition(EVP_DigestSignInit_ex(context, &parameters, digest, nil, nil, key, nil) == 1)
        if algorithm.hasPrefix("PS") {
            EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING)
            EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, RSA_PSS_SALTLEN_DIGEST)
        }
        var count = 0
        precondition(EVP_DigestSign(context, nil, &count, message, message.count) == 1)
        var signature = [UInt8](repeating: 0, count: count)
        precondition(EVP_DigestSign(context, &signature, &count, message, message.count) == 1)
        signature.removeLast(signature.count - count)
        guard case .elliptic(let curve) = kind else { return signature }
        return signature.withUnsafeBufferPointer { buffer in
            var start = buffer.baseAddress
            let pair = d2i_ECDSA_SIG(nil, &start, buffer.count)
            defer { ECDSA_SIG_free(pair) }
            var halves = [UInt8](repeating: 0, count: 2 * curve.coordinateBytes)
            halves.withUnsafeMutableBufferPointer {
                BN_bn2binpad(ECDSA_SIG_get0_r(pair), $0.baseAddress, Int32(curve.coordinateBytes))
                BN_bn2binpad(ECDSA_SIG_get0_s(pair), $0.baseAddress! + curve.coordinateBytes, Int32(curve.coordinateBytes))
            }
            return halves
        }
    }

    /// A token with these members, and this key's id and signature.
    func token(_ algorithm: String, _ claims: [String: Any], header: [String: Any] = [:]) -> String {
        var members: [String: Any] = ["alg": algorithm, "typ": "JWT"]
        if let id { members["kid"] = id }
        return token(rawHeader: json(members.merging(header) { $1 }), rawClaims: json(claims), by: algorithm)
    }

    func token(rawHeader: String, rawClaims: String, by algorithm: String) -> String {
        let message = base64URL(Array(rawHeader.utf8)) + "." + base64URL(Array(rawClaims.utf8))
        return message + "." + base64URL(sign(Array(message.utf8), algorithm))
    }
}

extension PublicKey.Curve {
    fileprivate var jwkName: String { self == .p256 ? "P-256" : self == .p384 ? "P-384" : "P-521" }
}

func base64URL(_ bytes: some Sequence<UInt8>) -> String {
    Data(bytes).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
}

func json(_ value: Any) -> String {
    String(decoding: try! JSONSerialization.data(withJSONObject: value, options: [.sortedKeys, .withoutEscapingSlashes]), as: UTF8.self)
}

/// The keys of one issuer, made once for all tests.
enum TestKeys {
    static let rsa = SigningKey(.rsa(2048), id: "rsa")
    static let otherRSA = SigningKey(.rsa(2048), id: "other")
    static let shortRSA = SigningKey(.rsa(1024), id: "short")
    static let p256 = SigningKey(.elliptic(.p256), id: "p256")
    static let p384 = SigningKey(.elliptic(.p384), id: "p384")
    static let p521 = SigningKey(.elliptic(.p521), id: "p521")
    static let ed25519 = SigningKey(.edwards(.ed25519), id: "ed25519")
    static let ed448 = SigningKey(.edwards(.ed448), id: "ed448")
    static let all = [rsa, p256, p384, p521, ed25519, ed448]

    static func set(_ keys: [SigningKey] = all) -> KeySet { KeySet(JSON(Array(json(["keys": keys.map { $0.jwk() }]).utf8))!)! }
}
