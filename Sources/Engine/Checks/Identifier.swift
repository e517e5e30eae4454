// The letters and digits of a value that a check looks at.

/// A value without its separators: ASCII letters, in capitals, and digits. Every other byte is passed over.
///
/// Kept in place, so that checks do not allocate.
struct Identifier {
    /// Longer values are no identifier.
    static let longest = 40

    private var characters = InlineArray<40, UInt8>(repeating: 0)
    private(set) var count = 0

    /// Nil if there are more than ``longest`` letters and digits.
    init?(_ value: UnsafeRawBufferPointer) {
        for byte in value {
            guard Self.digit(byte) != nil || Self.isLetter(byte) else { continue }
            if count == Self.longest { return nil }
            characters[count] = Self.isLetter(byte) ? byte & 0xDF : byte
            count += 1
        }
    }

    /// The value of an ASCII digit, or nil.
    static func digit(_ byte: UInt8) -> Int? {
        let digit = byte &- UInt8(ascii: "0")
        return digit < 10 ? Int(digit) : nil
    }

    static func isLetter(_ byte: UInt8) -> Bool { (byte | 0x20) &- UInt8(ascii: "a") < 26 }

    subscript(_ index: Int) -> UInt8 { characters[index] }

    /// The digit at `index`, which must be one.
    func digit(_ index: Int) -> Int { Int(characters[index] &- UInt8(ascii: "0")) }

    /// 0…9 for digits, 10…35 for letters.
    func value(_ index: Int) -> Int {
        Self.digit(characters[index]) ?? Int(characters[index] &- UInt8(ascii: "A")) + 10
    }

    func isLetter(_ index: Int) -> Bool { Self.isLetter(characters[index]) }

    func isDigits(in range: Range<Int>) -> Bool { range.upperBound <= count && range.allSatisfy { Self.digit(characters[$0]) != nil } }

    func isLetters(in range: Range<Int>) -> Bool { range.upperBound <= count && range.allSatisfy(isLetter) }

    /// Whether there are `length` characters and all are digits.
    func isDigits(_ length: Int) -> Bool { count == length && isDigits(in: 0..<length) }

    /// Whether all characters are the same, as in 000…, which passes many sums and identifies nothing.
    var isUniform: Bool { (1..<max(count, 1)).allSatisfy { characters[$0] == characters[0] } }

    /// The digits in `range` as a number.
    func number(_ range: Range<Int>) -> Int { range.reduce(0) { $0 * 10 + digit($1) } }

    /// The sum of digit times weight, from the digit at `start` on.
    func sum(_ weights: [Int], from start: Int = 0) -> Int {
        var sum = 0
        for index in weights.indices { sum += digit(start + index) * weights[index] }
        return sum
    }

    /// The same without the character at `index`.
    func removing(_ index: Int) -> Identifier {
        var shorter = self
        for place in index..<count - 1 { shorter.characters[place] = characters[place + 1] }
        shorter.count -= 1
        return shorter
    }

    /// Whether the character at `index` is that ASCII letter or digit.
    func has(_ character: Unicode.Scalar, at index: Int) -> Bool { index < count && characters[index] == UInt8(ascii: character) }
}

/// Whether there is such a day in the Gregorian calendar, in the years 1800…2199.
func isDay(_ day: Int, month: Int, year: Int) -> Bool {
    guard 1...12 ~= month, 1800...2199 ~= year, day >= 1 else { return false }
    let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
    let days = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    return day <= days[month - 1]
}

/// Whether there is such a day in 19yy or 20yy.
func isDay(_ day: Int, month: Int, shortYear: Int) -> Bool {
    isDay(day, month: month, year: 1900 + shortYear) || isDay(day, month: month, year: 2000 + shortYear)
}
