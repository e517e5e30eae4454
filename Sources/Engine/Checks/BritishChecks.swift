// Checks of identifiers of the United Kingdom and Ireland.

extension Check {
    static let british: [Check] = [
        Check("uk-nhs", isNHSNumber),
        Check("uk-nino", isNINO),
        Check("uk-utr", isUTR),
        Check("uk-driving-licence", isDrivingLicence),
        Check("ie-pps", isPPS),
    ]
}

/// Whether `value` is an NHS number: ten digits, the last a check digit by modulus 11.
///
/// Source: NHS Data Model and Dictionary, "NHS NUMBER".
private func isNHSNumber(_ value: UnsafeRawBufferPointer) -> Bool {
    guard let number = Identifier(value), number.isDigits(10), !number.isUniform else { return false }
    return (11 - number.sum([10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11) % 11 == (number.digit(9))
}

/// Whether `value` is a national insurance number: two letters of a prefix in use, six digits, A…D.
///
/// Source: HMRC, National Insurance Manual NIM39110.
private func isNINO(_ value: UnsafeRawBufferPointer) -> Bool {
    guard let number = Identifier(value), number.count == 9, number.isLetters(in: 0..<2), number.isDigits(in: 2..<8),
        UInt8(ascii: "A")...UInt8(ascii: "D") ~= number[8]
    else { return false }
    for letter: Unicode.Scalar in ["D", "F", "I", "Q", "U", "V"] where number.has(letter, at: 0) || number.has(letter, at: 1) { return false }
    if number.has("O", at: 1) { return false }
    let unused: [(Unicode.Scalar, Unicode.Scalar)] = [("B", "G"), ("G", "B"), ("K", "N"), ("N", "K"), ("N", "T"), ("T", "N"), ("Z", "Z")]
    return !unused.contains { number.has($0.0, at: 0) && number.has($0.1, at: 1) }
}

/// Whether `value` is a unique taxpayer reference: ten digits, the first a check digit; three digits of a tax office may stand in front.
///
/// Source: HMRC, "Unique Taxpayer Reference: check digit" (weights 6, 7, 8, 9, 10, 5, 4, 3, 2; the remainder of 11 picks from 21987654321).
private func isUTR(_ value: UnsafeRawBufferPointer) -> Bool {
    guard let number = Identifier(value), number.isDigits(10) || number.isDigits(13), !number.isUniform else { return false }
    let start = number.count - 10
    let rest = number.sum([6, 7, 8, 9, 10, 5, 4, 3, 2], from: start + 1) % 11
    return [2, 1, 9, 8, 7, 6, 5, 4, 3, 2, 1][rest] == number.digit(start)
}

/// Whether `value` is the number of a driving licence of Great Britain: five letters of the name (filled up with 9), a birth date whose month may
/// count from 51 on, two initials (or 9), and three characters; two of an issue may follow.
///
/// Source: DVLA, "Driver number"; Road Traffic Act 1988.
private func isDrivingLicence(_ value: UnsafeRawBufferPointer) -> Bool {
    guard let number = Identifier(value), number.count == 16 || number.count == 18, number.isLetter(0), number.isDigits(in: 5..<11) else { return false }
    // Nines fill the name from its end.
    for index in 1..<5 where !number.isLetter(index) {
        guard (index..<5).allSatisfy({ number.has("9", at: $0) }) else { return false }
    }
    let month = number.number(6..<8)
    return isDay(number.number(8..<10), month: month > 50 ? month - 50 : month, shortYear: number.digit(5) * 10 + number.digit(10))
}

/// Whether `value` is an Irish PPS number: seven digits, a check letter, and possibly a second one: A…I since 2013, which counts, or W, T, X before, which does not.
///
/// Source: Department of Social Protection; Revenue, "PPS number check character" (modulus 23).
private func isPPS(_ value: UnsafeRawBufferPointer) -> Bool {
    guard let number = Identifier(value), 8...9 ~= number.count, number.isDigits(in: 0..<7), number.isLetter(7) else { return false }
    var sum = number.sum([8, 7, 6, 5, 4, 3, 2])
    if number.count == 9 {
        switch number[8] {
        case UInt8(ascii: "A")...UInt8(ascii: "I"): sum += (number.value(8) - 9) * 9
        case UInt8(ascii: "W"), UInt8(ascii: "T"), UInt8(ascii: "X"): break
        default: return false
        }
    }
    let rest = sum % 23
    return number[7] == (rest == 0 ? UInt8(ascii: "W") : UInt8(ascii: "A") + UInt8(rest - 1))
}
