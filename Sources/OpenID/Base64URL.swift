// base64url as JOSE writes it: without padding, and in one way only.

enum Base64URL {
    /// The bytes that `text` writes; nil for padding, line breaks, characters of another alphabet, impossible lengths, and bits behind the last byte that are not
    /// zero. So two different texts never write the same bytes, and a token cannot be changed without being another one.
    ///
    /// Source: RFC 7515 §2, RFC 4648 §3.5, §5.
    static func decode(_ text: some Sequence<UInt8>) -> [UInt8]? {
        var bytes: [UInt8] = []
        var bits = 0
        var value: UInt32 = 0
        for character in text {
            let digit: UInt8
            switch character {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): digit = character - 0x41
            case UInt8(ascii: "a")...UInt8(ascii: "z"): digit = character - 0x61 + 26
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = character - 0x30 + 52
            case UInt8(ascii: "-"): digit = 62
            case UInt8(ascii: "_"): digit = 63
            default: return nil
            }
            value = value << 6 | UInt32(digit)
            bits += 6
            if bits >= 8 {
                bits -= 8
                bytes.append(UInt8(truncatingIfNeeded: value >> UInt32(bits)))
                value &= 1 << UInt32(bits) - 1
            }
        }
        // Six bits over are a lone character.
        return bits < 6 && value == 0 ? bytes : nil
    }
}
