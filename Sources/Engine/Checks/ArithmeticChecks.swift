// Checks that are only arithmetic: the systems of check characters that many identifiers share, and entropy.

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

extension Check {
    static let arithmetic: [Check] = [
        Check("luhn", passesLuhn),
        Check("verhoeff", passesVerhoeff),
        Check("mod-11-2", passesMod11_2),
        Check("mod-11-10", passesMod11_10),
        Check("mod-97-10", passesMod97_10),
        Check("varied", isVaried),
    ]

    /// At least this many bits per byte (Shannon entropy of the byte histogram).
    public static func entropy(_ bits: Double) -> Check {
        Check("entropy", number: bits) { entropyPerByte($0) >= bits - 1e-9 }
    }
}

/// Whether the digits of `value` pass the Luhn check and are not all the same digit; other bytes are passed over.
///
/// At least two digits. Numbers of one repeated digit pass the sum often (`0000…`) and identify nothing.
///
/// Source: ISO/IEC 7812-1, Annex B.
func passesLuhn(_ value: UnsafeRawBufferPointer) -> Bool {
    var sum = 0
    var count = 0
    var last: UInt8 = 0
    var varied = false
    for byte in value.reversed() {
        guard let digit = Identifier.digit(byte) else { continue }
        if count & 1 == 0 {
            sum += digit
        } else {
            let doubled = digit * 2
            sum += doubled > 9 ? doubled - 9 : doubled
        }
        if count > 0, byte != last { varied = true }
        last = byte
        count += 1
    }
    return varied && sum % 10 == 0
}

/// The Luhn sum of the digits in `range`, 0 modulo ten where the last of them is their check digit.
func luhnSum(_ number: Identifier, _ range: Range<Int>) -> Int {
    range.reversed().enumerated().reduce(0) { sum, place in
        let digit = number.digit(place.element)
        return sum + (place.offset % 2 == 0 ? digit : digit * 2 / 10 + digit * 2 % 10)
    }
}

/// Whether the digits of `value`, at least two and not all the same, pass the Verhoeff check.
///
/// Source: J. Verhoeff, Error Detecting Decimal Codes (Mathematical Centre Tracts 29, 1969): the dihedral group D5.
func passesVerhoeff(_ value: UnsafeRawBufferPointer) -> Bool {
    guard let number = Identifier(value), number.count >= 2, number.isDigits(number.count), !number.isUniform else { return false }
    return verhoeff(number, 0..<number.count) == 0
}

/// The Verhoeff sum over the digits in `range`, 0 where the last of them is their check digit.
func verhoeff(_ number: Identifier, _ range: Range<Int>) -> Int {
    var sum = 0
    for (place, index) in range.reversed().enumerated() {
        // The permutation (1 5 8 9 4 2 7 0)(3 6), applied as often as the place says.
        var digit = number.digit(index)
        for _ in 0..<place % 8 { digit = permutation(digit) }
        sum = product(sum, digit)
    }
    return sum

    func permutation(_ digit: Int) -> Int {
        // 0 1 2 3 4 5 6 7 8 9 → 1 5 7 6 2 8 3 0 9 4
        (0x4903_8267_51 >> (digit * 4)) & 15
    }

    /// In D5, 0…4 are rotations and 5…9 reflections.
    func product(_ a: Int, _ b: Int) -> Int {
        switch (a < 5, b < 5) {
        case (true, true): (a + b) % 5
        case (true, false): (a + b - 5) % 5 + 5
        case (false, true): (a - 5 - b + 5) % 5 + 5
        case (false, false): (a - b + 5) % 5
        }
    }
}

/// Whether the digits of `value`, of which the last may be an X for ten, pass ISO 7064 MOD 11-2.
private func passesMod11_2(_ value: UnsafeRawBufferPointer) -> Bool {
    guard let number = Identifier(value), number.count >= 2, number.isDigits(in: 0..<number.count - 1), !number.isUniform else { return false }
    let last = number.count - 1
    let sum = (0..<last).reduce(0) { ($0 + number.digit($1)) * 2 % 11 }
    let check = (12 - sum) % 11
    return number[last] == (check == 10 ? UInt8(ascii: "X") : UInt8(ascii: "0") + UInt8(check))
}

/// Whether the digits of `value`, not all the same, pass ISO 7064 MOD 11,10.
private func passesMod11_10(_ value: UnsafeRawBufferPointer) -> Bool {
    guard let number = Identifier(value), number.count >= 2, number.isDigits(number.count), !number.isUniform else { return false }
    return mod11_10(number, 0..<number.count)
}

/// Whether the digits in `range` pass ISO 7064 MOD 11,10.
func mod11_10(_ number: Identifier, _ range: Range<Int>) -> Bool {
    var product = 10
    for index in range.dropLast() {
        let sum = (product + number.digit(index)) % 10
        product = (sum == 0 ? 10 : sum) * 2 % 11
    }
    return (product + number.digit(range.upperBound - 1)) % 10 == 1
}

/// Whether letters and digits pass ISO 7064 MOD 97-10 as an IBAN does, its first four characters moved to the end; of any country and length.
///
/// For values that software made up with the wrong length: their name says what they are.
private func passesMod97_10(_ value: UnsafeRawBufferPointer) -> Bool {
    var first = InlineArray<4, UInt64>(repeating: 0)
    var (count, remainder): (Int, UInt64) = (0, 0)
    func take(_ character: UInt64) {
        remainder = remainder &* (character < 10 ? 10 : 100) &+ character
        // There is room for two digits more.
        if remainder >> 56 != 0 { remainder %= 97 }
    }
    for byte in value {
        let character: UInt64
        if let digit = Identifier.digit(byte) {
            character = UInt64(digit)
        } else if Identifier.isLetter(byte) {
            character = UInt64(byte & 0xDF &- UInt8(ascii: "A")) + 10
        } else {
            continue
        }
        if count < 4 { first[count] = character } else { take(character) }
        count += 1
    }
    for index in 0..<4 { take(first[index]) }
    return 5...Identifier.longest ~= count && remainder % 97 == 1
}

/// Whether the letters and digits of `value` are not all the same, and do not count up or down by one (`1234567890`, `987654321`).
///
/// Such values stand in documentation and forms; the check is for rules that have no check digit.
private func isVaried(_ value: UnsafeRawBufferPointer) -> Bool {
    guard let number = Identifier(value), number.count > 1 else { return false }
    // Up and down wrap around at ten, so that 7890123 counts too.
    func counts(by step: Int) -> Bool {
        (1..<number.count).allSatisfy { (number.value($0) - number.value($0 - 1) - step) % 10 == 0 }
    }
    return !number.isUniform && !counts(by: 1) && !counts(by: -1)
}

/// n log₂ n for the counts of most values.
private let entropyTerms = (0...256).map { entropyTerm(UInt32($0)) }

private func entropyTerm(_ count: UInt32) -> Double { count > 1 ? Double(count) * log2(Double(count)) : 0 }

/// Shannon entropy of the bytes of `value`, in bits per byte: 0 when empty or all the same, at most 8.
private func entropyPerByte(_ value: UnsafeRawBufferPointer) -> Double {
    guard value.count > 0 else { return 0 }
    // 1 KiB: small enough for the compiler to take it from the stack.
    return withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 256) { histogram in
        histogram.initialize(repeating: 0)
        for byte in value { histogram[Int(byte)] += 1 }
        var sum = 0.0
        entropyTerms.withUnsafeBufferPointer { terms in
            // By the bytes there are, each counted once: of 256 that there could be most are not.
            for byte in value {
                let count = histogram[Int(byte)]
                if count > 1 { sum += count < terms.count ? terms[Int(count)] : entropyTerm(count) }
                histogram[Int(byte)] = 0
            }
        }
        let total = Double(value.count)
        return log2(total) - sum / total
    }
}
