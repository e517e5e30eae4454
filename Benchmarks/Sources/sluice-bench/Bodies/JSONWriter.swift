// Writes JSON bytes, with a chosen share of characters in string values spelled as escapes.

struct JSONWriter {
    private(set) var bytes: [UInt8] = []
    /// Characters of string values, of 100, that are written as `\uXXXX` though they need not be.
    let escapes: Int
    private var random: SplitMix

    /// - Parameter seed: decides which characters are escaped.
    init(escapes: Int, seed: UInt64, capacity: Int) {
        self.escapes = escapes
        random = SplitMix(state: seed ^ 0xE5CA_9E5E)
        bytes.reserveCapacity(capacity)
    }

    /// Structure, keys and numbers, as they are.
    mutating func raw(_ text: String) { bytes.append(contentsOf: text.utf8) }

    /// A string value with its quotes.
    mutating func string(_ value: String) {
        bytes.append(UInt8(ascii: "\""))
        for scalar in value.unicodeScalars {
            if escapes > 0, random.percent(escapes) {
                for unit in String(scalar).utf16 { escape(unit) }
            } else if scalar == "\"" || scalar == "\\" {
                bytes.append(UInt8(ascii: "\\"))
                bytes.append(UInt8(scalar.value))
            } else if scalar == "\n" {
                bytes.append(contentsOf: #"\n"#.utf8)
            } else if scalar.value < 0x20 {
                escape(UInt16(scalar.value))
            } else {
                bytes.append(contentsOf: UTF8.encode(scalar).unsafelyUnwrapped)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private mutating func escape(_ unit: UInt16) {
        bytes.append(contentsOf: #"\u"#.utf8)
        for shift in [12, 8, 4, 0] { bytes.append(Alphabet.hexadecimal[Int(unit >> UInt16(shift)) & 15]) }
    }
}
