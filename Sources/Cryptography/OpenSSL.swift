// The system's OpenSSL, behind the few functions that this project needs of it: digests, codes, random bytes. Beside it only `PublicKey.swift` and `Certificate.swift` import the library.

import COpenSSL

/// SHA-256 (FIPS 180-4) over bytes that arrive in pieces. Not shared between threads.
public final class SHA256 {
    /// Bytes in a digest.
    public static let digestLength = 32

    private let context: OpaquePointer
    private var digest: [UInt8]?

    public init() {
        guard let context = EVP_MD_CTX_new(), EVP_DigestInit_ex2(context, Self.algorithm, nil) == 1 else {
            fatalError("OpenSSL offers no SHA-256")
        }
        self.context = context
    }

    deinit { EVP_MD_CTX_free(context) }

    /// Adds `bytes`; after ``finish()`` this is a programming error.
    public func update(_ bytes: UnsafeRawBufferPointer) {
        precondition(digest == nil, "the digest is finished")
        guard bytes.count > 0 else { return }
        precondition(EVP_DigestUpdate(context, bytes.baseAddress, bytes.count) == 1)
    }

    public func update(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { update($0) }
    }

    /// The digest of all bytes so far; the same on every later call.
    public func finish() -> [UInt8] {
        if let digest { return digest }
        var output = [UInt8](repeating: 0, count: Self.digestLength)
        precondition(EVP_DigestFinal_ex(context, &output, nil) == 1)
        digest = output
        return output
    }

    /// The digest of `bytes`.
    public static func digest(of bytes: UnsafeRawBufferPointer) -> [UInt8] {
        var output = [UInt8](repeating: 0, count: digestLength)
        output.withUnsafeMutableBytes { digest(of: bytes, into: $0) }
        return output
    }

    public static func digest(of bytes: [UInt8]) -> [UInt8] {
        bytes.withUnsafeBytes { digest(of: $0) }
    }

    /// Writes the digest of `bytes` to the first 32 bytes of `output`, without allocating.
    public static func digest(of bytes: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer) {
        precondition(output.count >= digestLength)
        var empty: UInt8 = 0
        let result = withUnsafePointer(to: &empty) { fallback in
            EVP_Digest(
                bytes.baseAddress ?? UnsafeRawPointer(fallback), bytes.count,
                output.baseAddress?.assumingMemoryBound(to: UInt8.self), nil, algorithm, nil)
        }
        precondition(result == 1)
    }

    /// Fetched once: OpenSSL 3 looks an algorithm up in its providers on every use of `EVP_sha256()`.
    /// Immutable after the fetch, which is why sharing the pointer is safe.
    nonisolated(unsafe) private static let algorithm: OpaquePointer? = EVP_MD_fetch(nil, "SHA256", nil)
}

/// HMAC with SHA-256 (RFC 2104, FIPS 198-1) under one key. Shared by all threads.
///
/// The key goes to OpenSSL, is wiped there in the end, and cannot be had back: nothing that prints or mirrors this shows it.
public final class HMACSHA256: Sendable {
    /// Bytes in a code.
    public static let codeLength = SHA256.digestLength

    /// Keyed, and never fed: each code is made in a copy. Only read after `init`, which is why sharing the pointer is safe.
    nonisolated(unsafe) private let keyed: OpaquePointer

    /// - Parameter key: a byte at least.
    public init(key: [UInt8]) {
        precondition(!key.isEmpty, "a code without a key proves nothing")
        guard let keyed = EVP_MAC_CTX_new(Self.algorithm) else { fatalError("OpenSSL offers no HMAC") }
        var digest = Array("SHA256".utf8CString)
        let result = digest.withUnsafeMutableBufferPointer { digest in
            var parameters = [OSSL_PARAM_construct_utf8_string("digest", digest.baseAddress, 0), OSSL_PARAM_construct_end()]
            return EVP_MAC_init(keyed, key, key.count, &parameters)
        }
        precondition(result == 1, "OpenSSL offers no HMAC with SHA-256")
        self.keyed = keyed
    }

    deinit { EVP_MAC_CTX_free(keyed) }

    /// The code of `bytes`.
    public func code(of bytes: UnsafeRawBufferPointer) -> [UInt8] {
        guard let context = EVP_MAC_CTX_dup(keyed) else { fatalError("OpenSSL has no memory") }
        defer { EVP_MAC_CTX_free(context) }
        var output = [UInt8](repeating: 0, count: Self.codeLength)
        if bytes.count > 0 { precondition(EVP_MAC_update(context, bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), bytes.count) == 1) }
        precondition(EVP_MAC_final(context, &output, nil, output.count) == 1)
        return output
    }

    /// Fetched once, immutable after.
    nonisolated(unsafe) private static let algorithm: OpaquePointer? = EVP_MAC_fetch(nil, "HMAC", nil)
}

/// Whether two byte strings are equal, in a time that depends on their lengths only.
public func equalInConstantTime(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    guard left.count == right.count else { return false }
    return CRYPTO_memcmp(left, right, left.count) == 0
}

/// `count` bytes from the operating system's generator, through OpenSSL's.
public func randomBytes(_ count: Int) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    // Without entropy no key may be made: there is nothing to carry on with.
    precondition(RAND_bytes(&bytes, Int32(count)) == 1, "OpenSSL has no entropy")
    return bytes
}

/// `bytes` in base64 (RFC 4648 §4), padded.
public func base64(_ bytes: [UInt8]) -> [UInt8] {
    // It writes a zero byte behind the text.
    var text = [UInt8](repeating: 0, count: (bytes.count + 2) / 3 * 4 + 1)
    text.removeLast(text.count - Int(EVP_EncodeBlock(&text, bytes, Int32(bytes.count))))
    return text
}

/// The bytes that `text` spells in base64, or nil if it is not just as ``base64(_:)`` writes them.
public func bytes(base64 text: [UInt8]) -> [UInt8]? {
    var decoded = [UInt8](repeating: 0, count: text.count / 4 * 3 + 3)
    let count = Int(EVP_DecodeBlock(&decoded, text, Int32(text.count)))
    let padding = text.suffix(2).count { $0 == UInt8(ascii: "=") }
    guard count >= padding else { return nil }
    decoded.removeLast(decoded.count - count + padding)
    return base64(decoded) == text ? decoded : nil
}
