// The reference masker's labels for `hash`: HMAC as RFC 2104 writes it down, over nothing but SHA-256.

import Cryptography

enum ReferenceHash {
    /// Of all tests that compare with the reference.
    static let key = Array("a key that the tests share, 32 by".utf8)

    static func label(_ entity: String, _ value: [UInt8], key: [UInt8] = key) -> [UInt8] {
        let text = String(decoding: value, as: UTF8.self)
        // Once a label, always the same label.
        if text.wholeMatch(of: try! Regex("\\[\(entity):hmac:[a-p]{8}-[a-p]{8}\\]")) != nil { return value }
        let letters = code(value, key: key).prefix(8).map { byte in
            let digits = String(byte, radix: 16)
            return (digits.count == 1 ? "0" + digits : digits).map { String(UnicodeScalar(UInt8(97 + $0.hexDigitValue!))) }.joined()
        }.joined()
        return Array("[\(entity):hmac:\(letters.prefix(8))-\(letters.suffix(8))]".utf8)
    }

    static func code(_ value: [UInt8], key: [UInt8]) -> [UInt8] {
        var block = key.count > 64 ? SHA256.digest(of: key) : key
        block += Array(repeating: 0, count: 64 - block.count)
        let inner = SHA256.digest(of: block.map { $0 ^ 0x36 } + value)
        return SHA256.digest(of: block.map { $0 ^ 0x5C } + inner)
    }
}
