// Checks of identifiers of Asia, Turkey and the Middle East included.

extension Check {
    static let asian: [Check] = [
        Check("in-aadhaar", isAadhaar),
        Check("cn-id", isChineseID),
        Check("tw-id", isTaiwaneseID),
        Check("hk-id", isHongKongID),
        Check("jp-my-number", isMyNumber),
        Check("kr-rrn", isRRN),
        Check("kr-brn", isKoreanBRN),
        Check("sg-nric", isNRIC),
        Check("sg-uen", isUEN),
        Check("th-tnin", isThaiID),
        Check("my-nric", isMalaysianNRIC),
        Check("id-nik", isNIK),
        Check("tr-tckn", isTCKN),
        Check("il-id", isIsraeliID),
        Check("ir-melli", isMelliCode),
        Check("kz-iin", isIIN),
        Check("kw-civil-id", isKuwaitiCivilID),
    ]
}

/// Whether `value` is an Aadhaar number: twelve digits from 2 on, no palindrome, that pass the Verhoeff check.
///
/// Source: UIDAI, "Aadhaar Number" (structure, and no number that reads the same backwards).
private func isAadhaar(_ value: UnsafeRawBufferPointer) -> Bool {
    guard let number = Identifier(value), number.isDigits(12), number.digit(0) > 1 else { return false }
    if (0..<6).allSatisfy({ number[$0] == number[11 - $0] }) { return false }
    return verhoeff(number, 0..<12) == 0
}

/// Whether `value` is a Chinese resident identity number: six digits of a place, a day, three digits, and a check character of ISO 7064 MOD 11-2.
///
/// Source: GB 11643-1999.
private func isChineseID(_ value: UnsafeRawBufferPointer) -> Bool {
    guard let number = Identifier(value), number.count == 18, number.isDigits(in: 0..<17), 11...91 ~= number.number(0..<2),
        isDay(number.number(12..<14), month: number.number(10..<12), year: number.number(6..<10))
    else { return false }
    let sum = (0..<17).reduce(0) { ($0 + number.digit($1)) * 2 % 11 }
    let check = (12 - sum) % 11
    return number[17] == (check == 10 ? UInt8(ascii: "X") : UInt8(ascii: "0") + UInt8(check))
}

/// Whether `value` is a Taiwanese identity or residence number: a letter of a place, a digit (1, 2 for citizens, 8, 9 for residents) or a letter A…D,
/// seven digits and a check digit.
///
/// Source: Ministry of the Interior, Household Registration; National Immigration Agency, "New UI No." (2021).
private func isTaiwaneseID(_ value: UnsafeRawBufferPointer) -> Bool {
    guard let number = Identifier(value), number.count == 10, number.isLetter(0), number.isDigits(in: 2..<10) else { return false }
    // A…Z; the order in which places were numbered.
    let places = [10, 11, 12, 13, 14, 15, 16, 17, 34, 18, 19, 20, 21, 22, 35, 23, 24, 25, 26, 27, 28, 29, 32, 30, 31, 33]
    let place = places[number.value(0) - 10]
    let second: Int
    switch number[1] {
    case UInt8(ascii: "1"), UInt8(ascii: "2"), UInt8(ascii: "8"), UInt8(ascii: "9"): second = number.digit(1)
    case UInt8(ascii: "A")...UInt8(ascii: "D"): second = places[number.value(1) - 10] % 10
    default: return false
    }
    let sum = place / 10 + place % 10 * 9 + second * 8 + number.sum([7, 6, 5, 4, 3, 2, 1, 1], from: 2)
    return sum % 10 == 0
}

/// Whether `value` is a number of a Hong Kong identity card: one or two letters, six digits, a check character (0…9 or A).
///
/// Source: Immigration Department, HKSAR, "Check digit of HKID" (modulus 11; a missing first letter counts as 36).
private func isHongKongID(_ value: UnsafeRawBufferPointer) -> Bool {
    guard let number = Identifier(value), 8...9 ~= number.count else { return false }
    let letters = number.count - 7
    guard number.isLetters(in: 0..<letters), number.isDigits(in: letters..<letters + 6) else { return false }
    var sum = letters == 2 ? number.value(0) * 9 + number.value(1) * 8 : 36 * 9 + number.value(0) * 8
    sum += number.sum([7, 6, 5, 4, 3, 2], from: letters)
    let check = (11 - sum % 11) % 11
    return number[number.count - 1] == (check == 10 ? UInt8(ascii: "A") : UInt8(ascii: "0") + UInt8(check))
}

/// Whether `value` is a Japanese individual number ("My Number"): twelve digits, the last a check digit.
///
/// Source: Ordinance of the Ministry of Internal Affairs and Communications No. 85 of 2014, article 5.
private func isMyNumber(_ value: UnsafeRawBufferPointer) -> Bool {
    guard let number = Identifier(value), number.isDigits(12), !number.isUniform else { return false }
    let rest = number.sum([6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11
    return (rest < 2 ? 0 : 11 - rest) == number.digit(11)
}

/// Whether `value` is a Korean resident or foreigner registration number: a day, a digit of century and sex (0…9), six digits.
///
/// Its last digit checks numbers that were issued up to October 2020, for foreigners as 13 less the remainder; later ones are random and are told only
/// by their date. What was born before is not known to have a new number: both are taken.
/// Source: Enforcement Rules of the Resident Registration Act; Ministry of the Interior and Safety (2020).
private func isRRN(_ value: UnsafeRawBufferPointer) -> Bool {
    guard let number = Identifier(value), number.isDigits(13), 1...8 ~= number.digit(6) else { return false }
    return isDay(number.number(4..<6), month: number.number(2..<4), shortYear: number.number(0..<2))
}

/// Whether `value` is a Korean business registration number: ten digits, the last a check digit.
///
/// Source: National Tax Service (weights 1, 3, 7, 1, 3, 7, 1, 3, 5, and the tens of the last product).
private func isKoreanBRN(_ value: UnsafeRawBufferPointer) -> Bool {
    guard let number = Identifier(value), number.isDigits(10), !number.isUniform else { return false }
    let sum = number.sum([1, 3, 7, 1, 3, 7, 1, 3, 5]) + number.digit(8) * 5 / 10
    return (10 - sum % 10) % 10 == number.digit(9)
}

/// Whether `value` is a Singaporean NRIC or FIN: S, T, F, G or M, seven digits, a check letter.
///
/// Source: Immigration & Checkpoints Authority; series M since 2022.
private func isNRIC(_ value: UnsafeRawBufferPointer) -> Bool {
    guard let number = Identifier(value), number.count == 9, number.isDigits(in: 1..<8), number.isLetter(8) else { return false }
    let sum = number.sum([2, 7, 6, 5, 4, 3, 2], from: 1)
    func letter(_ letters: StaticString, plus offset: Int) -> Bool { letters.withUTF8Buffer { $0[(sum + offset) % 11] } == number[8] }
    switch number[0] {
    case UInt8(ascii: "S"): return letter("JZIHGFEDCBA", plus: 0)
    case UInt8(ascii: "T"): return letter("JZIHGFEDCBA", plus: 4)
    case UInt8(ascii: "F"): return letter("XWUTRQPNMLK", plus: 0)
    case UInt8(ascii: "G"): return letter("XWUTRQPNMLK", plus: 4)
    case UInt8(ascii: "M"): return letter("XWUTRQPNJLK", plus: 3)
    default: return false
    }
}

/// Whether `value` is a Singaporean unique entity number, in the form of businesses (nnnnnnnnX), companies (yyyynnnnnX) or others (TyyPQnnnnX).
///
/// Source: Accounting and Corporate Regulatory Authority, "Unique Entity Number".
private func isUEN(_ value: UnsafeRawBufferPointer) -> Bool {
    guard let number = Identifier(value), 9...10 ~= number.count, number.isLetter(number.count - 1) else { return false }
    let last = number[number.count - 1]
    if number.isDigits(in: 0..<8), number.count == 9 {
        let sum = number.sum([10, 4, 9, 3, 8, 2, 7, 1])
        return ("XMKECAWLJDB" as StaticString).withUTF8Buffer { $0[sum % 11] } == last
    }
    guard number.count == 10 else { return false }
    if number.isDigits(in: 0..<9) {
        guard 1800...2199 ~= number.number(0..<4) else { return false }
        let sum = number.sum([10, 8, 6, 4, 9, 7, 5, 3, 1])
        return ("ZKCMDNERGWH" as StaticString).withUTF8Buffer { $0[sum % 11] } == last
    }
    guard number.has("R", at: 0) || number.has("S", at: 0) || number.has("T", at: 0), number.isDigits(in: 1..<3), number.isLetter(3), number.isDigits(in: 5..<9)
    else { return false }
    let alphabet: StaticString = "ABCDEFGHJKLMNPQRSTUVWX0123456789"
    let weights = [4, 3, 5, 3, 10, 2, 2, 5, 7]
    var sum = -5
    for index in 0..<9 {
        guard let place = alphabet.withUTF8Buffer({ $0.firstIndex(of: number[index]) }) else { return false }
        sum += place * weights[index]
    }
    return alphabet.withUTF8Buffer { $0[(sum % 11 + 11) % 11] } == last
}

/// Whether `value` is a Thai identity number: thirteen digits, the first 1…8, the last a check digit.
///
/// Source: Department of Provincial Administration.
private func isThaiID(_ value: UnsafeRawBufferPointer) -> Bool {
    guard let number = Identifier(value), number.isDigits(13), 1...8 ~= number.digit(0), !number.isUniform else { return false }
    return (11 - number.sum([13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11) % 10 == number.digit(12)
}

/// Whether `value` is a Malaysian NRIC: a day, a place of birth in use, four digits.
///
/// Source: National Registration Department, "Kod negeri" (00, 17–20, 69, 70, 73, 80, 81, 94–97 are not in use).
private func isMalaysianNRIC(_ value: UnsafeRawBufferPointer) -> Bool {
    guard let number = Identifier(value), number.isDigits(12) else { return false }
    let place = number.number(6..<8)
    if place == 0 || 17...20 ~= place || [69, 70, 73, 80, 81].contains(place) || 94...97 ~= place { return false }
    return isDay(number.number(4..<6), month: number.number(2..<4), shortYear: number.number(0..<2))
}

/// Whether `value` is an Indonesian NIK: six digits of a place, a day (that of women plus 40), four digits.
///
/// Source: Peraturan Pemerintah 37/2007, pasal 37.
private func isNIK(_ value: UnsafeRawBufferPointer) -> Bool {
    guard let number = Identifier(value), number.isDigits(16), 11...94 ~= number.number(0..<2), number.number(12..<16) > 0 else { return false }
    let day = number.number(6..<8)
    return isDay(day > 40 ? day - 40 : day, month: number.number(8..<10), shortYear: number.number(10..<12))
}

/// Whether `value` is a Turkish identity number: eleven digits, the first not 0, the last two check digits.
///
/// Source: Nüfus ve Vatandaşlık İşleri Genel Müdürlüğü.
private func isTCKN(_ value: UnsafeRawBufferPointer) -> Bool {
    guard let number = Identifier(value), number.isDigits(11), number.digit(0) != 0 else { return false }
    let tenth = number.sum([7, -1, 7, -1, 7, -1, 7, -1, 7]) % 10
    return (tenth + 10) % 10 == number.digit(9) && number.sum([1, 1, 1, 1, 1, 1, 1, 1, 1, 1]) % 10 == number.digit(10)
}

/// Whether `value` is an Israeli identity number: nine digits that pass the Luhn check.
///
/// Source: Population and Immigration Authority.
private func isIsraeliID(_ value: UnsafeRawBufferPointer) -> Bool {
    guard let number = Identifier(value), number.isDigits(9), !number.isUniform else { return false }
    return luhnSum(number, 0..<9) % 10 == 0
}

/// Whether `value` is an Iranian national code: ten digits, the last a check digit.
///
/// Source: National Organization for Civil Registration of Iran.
private func isMelliCode(_ value: UnsafeRawBufferPointer) -> Bool {
    guard let number = Identifier(value), number.isDigits(10), !number.isUniform else { return false }
    let rest = number.sum([10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11
    return (rest < 2 ? rest : 11 - rest) == number.digit(9)
}

/// Whether `value` is a Kazakh individual or business number: twelve digits, a month in the third and fourth, the last a check digit of two rounds.
///
/// Source: Law 223-III of 2007-01-12 on national registers of identification numbers.
private func isIIN(_ value: UnsafeRawBufferPointer) -> Bool {
    guard let number = Identifier(value), number.isDigits(12), 1...12 ~= number.number(2..<4) else { return false }
    var rest = number.sum([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]) % 11
    if rest == 10 { rest = number.sum([3, 4, 5, 6, 7, 8, 9, 10, 11, 1, 2]) % 11 }
    return rest == number.digit(11)
}

/// Whether `value` is a Kuwaiti civil number: a century (2, 3), a day, four digits, a check digit.
///
/// Source: Public Authority for Civil Information.
private func isKuwaitiCivilID(_ value: UnsafeRawBufferPointer) -> Bool {
    guard let number = Identifier(value), number.isDigits(12), 2...3 ~= number.digit(0),
        isDay(number.number(5..<7), month: number.number(3..<5), year: (number.digit(0) == 2 ? 1900 : 2000) + number.number(1..<3))
    else { return false }
    return 11 - number.sum([2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]) % 11 == number.digit(11)
}
