// What a string of JSON says.

enum JSONString {
    /// What a string says, without its quotes.
    ///
    /// Source: RFC 8259 §7.
    static func unescaped(_ bytes: some RandomAccessCollection<UInt8>) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity(bytes.count)
        var i = bytes.startIndex
        while i < bytes.endIndex {
            let run = bytes[i...].firstIndex(of: UInt8(ascii: "\\")) ?? bytes.endIndex
            text.append(contentsOf: bytes[i..<run])
            i = run
            guard i < bytes.endIndex else { break }
            i = bytes.index(after: i)
            guard i < bytes.endIndex else { break }
            let escape = bytes[i]
            i = bytes.index(after: i)
            switch escape {
            case UInt8(ascii: "n"): text.append(0x0A)
            case UInt8(ascii: "t"): text.append(0x09)
            case UInt8(ascii: "r"): text.append(0x0D)
            case UInt8(ascii: "b"): text.append(0x08)
            case UInt8(ascii: "f"): text.append(0x0C)
            case UInt8(ascii: "u"):
                guard var scalar = unit(bytes, &i) else { continue }
                if scalar & 0xFC00 == 0xD800, bytes[i...].starts(with: "\\u".utf8) {
                    var next = bytes.index(i, offsetBy: 2)
                    if let low = unit(bytes, &next), low & 0xFC00 == 0xDC00 {
                        scalar = 0x10000 + (scalar & 0x3FF) << 10 + (low & 0x3FF)
                        i = next
                    }
                }
                text.append(contentsOf: String(Character(Unicode.Scalar(scalar) ?? "\u{FFFD}")).utf8)
            default: text.append(escape)
            }
        }
        return text
    }

    private static func unit<Bytes: RandomAccessCollection<UInt8>>(_ bytes: Bytes, _ i: inout Bytes.Index) -> UInt32? {
        guard let end = bytes.index(i, offsetBy: 4, limitedBy: bytes.endIndex), let value = UInt32(String(decoding: bytes[i..<end], as: UTF8.self), radix: 16) else { return nil }
        i = end
        return value
    }
}
