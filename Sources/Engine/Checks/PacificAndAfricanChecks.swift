// Checks of identifiers of Australia, New Zealand and Africa.

extension Check {
    static let pacificAndAfrican: [Check] = [
        Check("au-abn", isABN),
        Check("au-acn", isACN),
        Check("au-tfn", isTFN),
        Check("au-medicare", isMedicare),
        Check("nz-ird", isIRD),
        Check("nz-nhi", isNHI),
        Check("za-id", isSouthAfricanID),
        Check("eg-id", isEgyptianID),
    ]
}

/// Whether `value` is an Australian business number: eleven digits, a multiple of 89 by their weights after 1 is taken from the first.
///
/// Source: Australian Business Register, "Format of the ABN".
private func isABN(_ value: UnsafeRawBufferPointer) -> Bool {
    guard let number = Identifier(value), number.isDigits(11), number.digit(0) != 0 else { return false }
    return (number.sum([10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19]) - 10) % 89 == 0
}

/// Whether `value` is an Australian company number: nine digits, the last a check digit.
///
/// Source: ASIC, "Australian Company Number (ACN) check digit".
private func isACN(_ value: UnsafeRawBufferPointer) -> Bool {
    guard let number = Identifier(value), number.isDigits(9), !number.isUniform else { return false }
    return (10 - number.sum([8, 7, 6, 5, 4, 3, 2, 1]) % 10) % 10 == number.digit(8)
}

/// Whether `value` is an Australian tax file number: eight or nine digits, a multiple of 11 by their weights.
///
/// Source: Australian Taxation Office, "Tax file number check digit algorithm".
private func isTFN(_ value: UnsafeRawBufferPointer) -> Bool {
    guard let number = Identifier(value), number.isDigits(number.count), !number.isUniform else { return false }
    switch number.count {
    case 9: return number.sum([1, 4, 3, 7, 5, 8, 6, 9, 10]) % 11 == 0
    case 8: return number.sum([10, 7, 8, 4, 6, 3, 5, 1]) % 11 == 0
    default: return false
    }
}

/// Whether `value` is an Australian Medicare number: eight digits from 2…6 on and their check digit; the issue and the person may follow.
///
/// Source: Services Australia, "Medicare card number"; Healthcare Identifiers, weights 1, 3, 7, 9.
private func isMedicare(_ value: UnsafeRawBufferPointer) -> Bool {
    guard let number = Identifier(value), 9...11 ~= number.count, number.isDigits(number.count), 2...6 ~= number.digit(0) else { return false }
    return number.sum([1, 3, 7, 9, 1, 3, 7, 9]) % 10 == number.digit(8)
}

/// Whether `value` is a New Zealand IRD number: eight or nine digits in the range that is issued, the last a check digit.
///
/// Source: Inland Revenue, "Resident withholding tax: IRD number validation".
private func isIRD(_ value: UnsafeRawBufferPointer) -> Bool {
    guard let number = Identifier(value), 8...9 ~= number.count, number.isDigits(number.count) else { return false }
    guard 10_000_000...150_000_000 ~= number.number(0..<number.count) else { return false }
    let skip = 9 - number.count
    func check(_ weights: [Int]) -> Int { (11 - number.sum(Array(weights.dropFirst(skip))) % 11) % 11 }
    let first = check([3, 2, 7, 6, 5, 4, 3, 2])
    let digit = first == 10 ? check([7, 4, 3, 2, 5, 2, 7, 6]) : first
    return digit == number.digit(number.count - 1)
}

/// Whether `value` is a New Zealand NHI number: three letters (no I or O), then three digits and a check digit, or two digits, a letter and a check letter.
///
/// Source: HISO 10046:2023 (modulus 11, and modulus 23 for the form in use since 2026).
private func isNHI(_ value: UnsafeRawBufferPointer) -> Bool {
    guard let number = Identifier(value), number.count == 7, number.isLetters(in: 0..<3), number.isDigits(in: 3..<5) else { return false }
    let alphabet: StaticString = "ABCDEFGHJKLMNPQRSTUVWXYZ"
    var sum = 0
    for index in 0..<6 {
        let value: Int
        if number.isLetter(index) {
            guard let place = alphabet.withUTF8Buffer({ $0.firstIndex(of: number[index]) }) else { return false }
            value = place + 1
        } else {
            value = number.digit(index)
        }
        sum += value * (7 - index)
    }
    if number.isDigits(in: 5..<7) { return sum % 11 != 0 && (11 - sum % 11) % 10 == number.digit(6) }
    guard number.isLetter(5), number.isLetter(6) else { return false }
    return alphabet.withUTF8Buffer { $0[22 - sum % 23] } == number[6]
}

/// Whether `value` is a South African identity number: a day, four digits of order, a digit of citizenship (0…2), one that was of race, and a Luhn check digit.
///
/// Source: Department of Home Affairs, Identification Act 68 of 1997, regulation 5.
private func isSouthAfricanID(_ value: UnsafeRawBufferPointer) -> Bool {
    guard let number = Identifier(value), number.isDigits(13), number.digit(10) <= 2,
        isDay(number.number(4..<6), month: number.number(2..<4), shortYear: number.number(0..<2))
    else { return false }
    return luhnSum(number, 0..<13) % 10 == 0
}

/// Whether `value` is an Egyptian national identity number: a century (2, 3), a day, a governorate, five digits.
///
/// Source: Ministry of Interior, Civil Status Organization. Its check digit is not published.
private func isEgyptianID(_ value: UnsafeRawBufferPointer) -> Bool {
    guard let number = Identifier(value), number.isDigits(14), 2...3 ~= number.digit(0), 1...35 ~= number.number(7..<9) || number.number(7..<9) == 88
    else { return false }
    return isDay(number.number(5..<7), month: number.number(3..<5), year: (number.digit(0) == 2 ? 1900 : 2000) + number.number(1..<3))
}
