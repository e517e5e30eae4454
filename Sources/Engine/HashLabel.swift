// The label that the action `hash` writes: the same for the same value, wherever it stands.

import Cryptography

/// `[EMAIL_ADDRESS:hmac:abcdefgh-ijklmnop]`.
///
/// The letters are the first 64 bits of HMAC-SHA-256 over the value as its reader sees it, each half byte written as a letter from `a` to `p` in place of a
/// hexadecimal digit: so a label holds no digit that a rule for numbers could find, and no run that could be a token. Two of a million values share a label with a
/// probability of 3 in 100 million, two of a hundred million with 3 in ten thousand.
///
/// Decision 0001, "From matches to replacements", has the meaning and the command line that makes the same letters.
enum HashLabel {
    /// What stands for `value`; nil without a key.
    ///
    /// A value that is such a label of the same entity stays as it is, so that a body may come through twice.
    static func written(_ entity: String, of value: UnsafeBufferPointer<UInt8>, _ key: HMACSHA256?) -> [UInt8]? {
        guard let key else { return nil }
        let head = Array("[\(entity):hmac:".utf8)
        if isLabel(value, head) { return Array(value) }
        return label(entity, "hmac", key.code(of: UnsafeRawBufferPointer(value)))
    }

    /// - Parameter code: of which the first eight bytes are shown.
    static func label(_ entity: String, _ kind: String, _ code: [UInt8]) -> [UInt8] {
        Array("[\(entity):\(kind):".utf8) + letters(code[0..<4]) + [UInt8(ascii: "-")] + letters(code[4..<8]) + [UInt8(ascii: "]")]
    }

    private static func letters(_ code: ArraySlice<UInt8>) -> [UInt8] { code.flatMap { [first + $0 >> 4, first + $0 & 15] } }

    private static func isLabel(_ value: UnsafeBufferPointer<UInt8>, _ head: [UInt8]) -> Bool {
        guard value.count == head.count + 18, value.starts(with: head) else { return false }
        return value.dropFirst(head.count).enumerated().allSatisfy { index, byte in
            switch index {
            case 8: byte == UInt8(ascii: "-")
            case 17: byte == UInt8(ascii: "]")
            default: byte &- first < 16
            }
        }
    }

    private static let first = UInt8(ascii: "a")
}
