// Random numbers that are the same on every machine.

/// SplitMix64 (Steele, Lea, Flood 2014).
struct SplitMix {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// 0 ..< `limit`, close enough to even for small limits.
    mutating func below(_ limit: Int) -> Int { Int(next() % UInt64(limit)) }

    /// True in `percent` of 100 calls.
    mutating func percent(_ percent: Int) -> Bool { below(100) < percent }

    mutating func pick<Element>(_ elements: [Element]) -> Element { elements[below(elements.count)] }

    /// `count` characters, each of `alphabet`.
    mutating func string(_ count: Int, of alphabet: [UInt8]) -> String {
        String(decoding: (0..<count).map { _ in alphabet[below(alphabet.count)] }, as: UTF8.self)
    }
}

/// ASCII alphabets of identifiers and tokens.
enum Alphabet {
    static let digits = Array("0123456789".utf8)
    static let lower = Array("abcdefghijklmnopqrstuvwxyz".utf8)
    static let hexadecimal = Array("0123456789abcdef".utf8)
    static let alphanumeric = Array("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789".utf8)
    /// RFC 4648 §6.
    static let base32 = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".utf8)
    static let upperAndDigits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789".utf8)
}
