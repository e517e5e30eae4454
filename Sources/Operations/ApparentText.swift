// A command as a person takes it who reads it: without characters that look like others, or like nothing.

enum ApparentText {
    /// `text` with look-alikes as what they look like, and the offset in `text` of each byte and of the end; nil if there are none.
    static func resolved(_ text: [UInt8]) -> (bytes: [UInt8], offsets: [Int])? {
        guard let first = firstAlike(in: text) else { return nil }
        var bytes = Array(text[..<first])
        var offsets = Array(0..<first)
        var at = first
        while at < text.count {
            let (scalar, length) = UTF8Scalars.decode(text, at: at)
            defer { at += length }
            var plain: UInt8?
            if scalar >= 0x80 {
                switch LookAlikes.meaning(of: scalar) {
                case .nothing: continue
                case .space: plain = scalar == 0x85 || scalar == 0x2028 || scalar == 0x2029 ? UInt8(ascii: "\n") : UInt8(ascii: " ")
                case .letter(let letter): plain = letter
                case .other: plain = sign(scalar)
                }
            }
            if let plain {
                bytes.append(plain)
                offsets.append(at)
            } else {
                for byte in text[at..<at + length] {
                    bytes.append(byte)
                    offsets.append(at)
                }
            }
        }
        offsets.append(text.count)
        return (bytes, offsets)
    }

    /// Where the first of them stands.
    private static func firstAlike(in text: [UInt8]) -> Int? {
        var at = 0
        while let next = text[at...].firstIndex(where: { $0 >= 0x80 }) {
            let (scalar, length) = UTF8Scalars.decode(text, at: next)
            if LookAlikes.meaning(of: scalar) != .other || sign(scalar) != nil { return next }
            at = next + length
        }
        return nil
    }

    /// The sign of ASCII that a character looks like (UTS #39, confusables; the wide forms of the Halfwidth and Fullwidth Forms block).
    private static func sign(_ scalar: UInt32) -> UInt8? {
        switch scalar {
        case 0x2010...0x2015, 0x2212, 0x2043, 0xFE58, 0xFE63: UInt8(ascii: "-")
        case 0x2044, 0x2215, 0x29F8: UInt8(ascii: "/")
        case 0x37E: UInt8(ascii: ";")
        case 0x2217: UInt8(ascii: "*")
        case 0x223C: UInt8(ascii: "~")
        case 0x1D7CE...0x1D7FF: UInt8((scalar - 0x1D7CE) % 10 + 0x30)
        case 0xFF01...0xFF0F, 0xFF1A...0xFF20, 0xFF3B...0xFF40, 0xFF5B...0xFF5E: UInt8(scalar - 0xFF01 + 0x21)
        default: nil
        }
    }
}
