// Backslash escapes as the shell's $'…', printf, echo -e and the string literals of scripting languages have them.

enum Escapes {
    /// Appends what the escape stands for whose backslash is in front of `at`.
    ///
    /// - Returns: how many bytes it takes after the backslash; at least one.
    static func resolve(_ text: [UInt8], at: Int, into bytes: inout [UInt8]) -> Int {
        switch text[at] {
        case UInt8(ascii: "n"): bytes.append(10)
        case UInt8(ascii: "t"): bytes.append(9)
        case UInt8(ascii: "r"): bytes.append(13)
        case UInt8(ascii: "a"): bytes.append(7)
        case UInt8(ascii: "b"): bytes.append(8)
        case UInt8(ascii: "e"), UInt8(ascii: "E"): bytes.append(27)
        case UInt8(ascii: "f"): bytes.append(12)
        case UInt8(ascii: "v"): bytes.append(11)
        case UInt8(ascii: "c") where at + 1 < text.count:
            bytes.append(text[at + 1] & 0x1F)
            return 2
        case UInt8(ascii: "x"):
            let (value, count) = number(text, at + 1, base: 16, most: 2)
            guard count > 0 else {
                bytes.append(text[at])
                return 1
            }
            bytes.append(UInt8(truncatingIfNeeded: value))
            return 1 + count
        case UInt8(ascii: "u"), UInt8(ascii: "U"):
            let (value, count) = number(text, at + 1, base: 16, most: text[at] == UInt8(ascii: "u") ? 4 : 8)
            guard count > 0, let scalar = UnicodeScalar(value) else {
                bytes.append(text[at])
                return 1
            }
            bytes.append(contentsOf: UTF8.encode(scalar)!)
            return 1 + count
        case UInt8(ascii: "0")...UInt8(ascii: "7"):
            // printf and echo also write \0NNN.
            let (value, count) = number(text, at, base: 8, most: text[at] == UInt8(ascii: "0") ? 4 : 3)
            bytes.append(UInt8(truncatingIfNeeded: value))
            return count
        default: bytes.append(text[at])
        }
        return 1
    }

    private static func number(_ text: [UInt8], _ start: Int, base: UInt32, most: Int) -> (value: UInt32, count: Int) {
        var value: UInt32 = 0
        var count = 0
        while count < most, start + count < text.count, let digit = Hex.value(text[start + count]), UInt32(digit) < base {
            value = value &* base &+ UInt32(digit)
            count += 1
        }
        return (value, count)
    }
}

/// Hexadecimal digits.
enum Hex {
    static func value(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}

/// Encodings that commands are hidden in.
enum Decoding {
    /// Base64 (RFC 4648, also its URL alphabet); white space is passed over; nil if it is something else.
    static func base64(_ text: some Sequence<UInt8>) -> [UInt8]? {
        packed(text, bitsEach: 6) { byte in
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): byte - UInt8(ascii: "A")
            case UInt8(ascii: "a")...UInt8(ascii: "z"): byte - UInt8(ascii: "a") + 26
            case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0") + 52
            case UInt8(ascii: "+"), UInt8(ascii: "-"): 62
            case UInt8(ascii: "/"), UInt8(ascii: "_"): 63
            default: nil
            }
        }
    }

    /// Base32 (RFC 4648), in either case; otherwise like ``base64(_:)``.
    static func base32(_ text: some Sequence<UInt8>) -> [UInt8]? {
        packed(text, bitsEach: 5) { byte in
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): byte - UInt8(ascii: "A")
            case UInt8(ascii: "a")...UInt8(ascii: "z"): byte - UInt8(ascii: "a")
            case UInt8(ascii: "2")...UInt8(ascii: "7"): byte - UInt8(ascii: "2") + 26
            default: nil
            }
        }
    }

    /// The bytes whose bits digits stand for, the highest first; padding and white space are passed over.
    private static func packed(_ text: some Sequence<UInt8>, bitsEach: Int, _ value: (UInt8) -> UInt8?) -> [UInt8]? {
        var bytes: [UInt8] = []
        var buffer: UInt32 = 0
        var bits = 0
        for byte in text where ![UInt8(ascii: "="), 9, 10, 13, 32].contains(byte) {
            guard let value = value(byte) else { return nil }
            buffer = buffer << UInt32(bitsEach) | UInt32(value)
            bits += bitsEach
            if bits >= 8 {
                bits -= 8
                bytes.append(UInt8(truncatingIfNeeded: buffer >> UInt32(bits)))
            }
        }
        return bytes
    }

    /// Pairs of hexadecimal digits; white space is passed over; nil if there is anything else.
    static func hexadecimal(_ text: some Sequence<UInt8>) -> [UInt8]? {
        var bytes: [UInt8] = []
        var high: UInt8?
        for byte in text where byte > 32 {
            guard let digit = Hex.value(byte) else { return nil }
            if let first = high {
                bytes.append(first << 4 | digit)
                high = nil
            } else {
                high = digit
            }
        }
        return high == nil ? bytes : nil
    }

    /// UTF-16, little-endian, as PowerShell's -EncodedCommand has it, as UTF-8.
    static func utf16(_ bytes: [UInt8]) -> [UInt8] {
        let units = stride(from: 0, to: bytes.count - 1, by: 2).map { UInt16(bytes[$0]) | UInt16(bytes[$0 + 1]) << 8 }
        return Array(String(decoding: units, as: UTF16.self).utf8)
    }
}
