// Checks of identifiers of the continent of Europe.

extension Check {
    static let european: [Check] = western + northern + eastern + southern

    private static let western: [Check] = [
        Check("de-tax-id", isGermanTaxID),
        Check("de-document", isGermanDocument),
        Check("de-pension", isGermanPensionNumber),
        Check("de-health", isGermanHealthNumber),
        Check("de-physician", isLANR),
        Check("de-vat", isGermanVAT),
        Check("at-svnr", isAustrianSocialSecurity),
        Check("ch-ahv", isAHV),
        Check("fr-nir", isNIR),
        Check("fr-spi", isSPI),
        Check("nl-bsn", isBSN),
        Check("be-nrn", isBelgianNationalNumber),
        Check("lu-nin", isLuxembourgNIN),
    ]

    private static let northern: [Check] = [
        Check("se-personnummer", isPersonnummer),
        Check("se-organisation", isSwedishOrganisation),
        Check("no-fodselsnummer", isNorwegianNumber),
        Check("dk-cpr", isCPR),
        Check("fi-hetu", isHETU),
        Check("is-kennitala", isKennitala),
        Check("ee-isikukood", isBalticCode),
        Check("lv-personas-kods", isLatvianCode),
    ]

    private static let eastern: [Check] = [
        Check("pl-pesel", isPESEL),
        Check("pl-nip", isNIP),
        Check("pl-regon", isREGON),
        Check("pl-id-card", isPolishIDCard),
        Check("pl-passport", isPolishPassport),
        Check("cz-rodne-cislo", isBirthNumber),
        Check("cz-ico", isICO),
        Check("cz-dic", isDIC),
        Check("hu-tax-id", isHungarianTaxID),
        Check("hu-taj", isTAJ),
        Check("hu-personal-id", isHungarianPersonalID),
        Check("ro-cnp", isCNP),
        Check("bg-egn", isEGN),
        Check("ru-inn", isINN),
        Check("ru-snils", isSNILS),
        Check("ua-rnokpp", isRNOKPP),
    ]

    private static let southern: [Check] = [
        Check("it-fiscal-code", isFiscalCode),
        Check("es-nif", isNIF),
        Check("es-cif", isCIF),
        Check("es-nuss", isNUSS),
        Check("pt-nif", isPortugueseNIF),
        Check("gr-afm", isAFM),
        Check("gr-amka", isAMKA),
        Check("si-emso", isEMSO),
        Check("si-tax-id", isSlovenianTaxID),
    ]
}

// MARK: - Germany, Austria, Switzerland

/// Whether `value` is a German tax identification number: eleven digits, the first not 0, that pass ISO 7064 MOD 11,10.
///
/// How often a digit may stand in it has changed (2016) and is left alone. Source: Bundeszentralamt für Steuern, § 139b AO.
private func isGermanTaxID(_ value: UnsafeRawBufferPointer) -> Bool {
    guard let number = Identifier(value), number.isDigits(11), number.digit(0) != 0, !number.isUniform else { return false }
    return mod11_10(number, 0..<11)
}

/// Whether the last character of `value`, nine or ten letters and digits, is the check digit of the others by the weights 7, 3, 1.
///
/// Source: ICAO Doc 9303 part 3 §4.9; the first letter is that of an authority, the others are digits and consonants (PassV, Anlage).
private func isGermanDocument(_ value: UnsafeRawBufferPointer) -> Bool {
    guard let number = Identifier(value), 9...10 ~= number.count, number.isLetter(0) else { return false }
    let last = number.count - 1
    guard number.isDigits(in: last..<last + 1) else { return false }
    for index in 0..<last {
        for letter: Unicode.Scalar in ["A", "B", "D", "E", "I", "O", "Q", "S", "U"] where number.has(letter, at: index) { return false }
    }
    let weights = [7, 3, 1]
    return (0..<last).reduce(0) { $0 + number.value($1) * weights[$1 % 3] } % 10 == number.digit(last)
}

/// Whether `value` is a German pension insurance number: area, birth date, letter of the birth name, serial number, check digit.
///
/// Source: § 147 SGB VI; Verordnung über die Versicherungsnummer (VKVV) § 2 (weights 2 1 2 5 7 1 2 1 2 1 2 1, sums of digits).
private func isGermanPensionNumber(_ value: UnsafeRawBufferPointer) -> Bool {
    guard let number = Identifier(value), number.count == 12, number.isDigits(in: 0..<8), number.isLetter(8), number.isDigits(in: 9..<12),
        isDay(number.number(2..<4), month: number.number(4..<6), shortYear: number.number(6..<8)), number.number(0..<2) >= 2
    else { return false }
    let letter = number.value(8) - 9
    let weights = [2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1]
    var sum = 0
    for (place, weight) in weights.enumerated() {
        let digit = switch place {
        case 0..<8: number.digit(place)
        case 8: letter / 10
        case 9: letter % 10
        default: number.digit(place - 1)
        }
        sum += digit * weight / 10 + digit * weight % 10
    }
    return sum % 10 == number.digit(11)
}

/// Whether `value` is the part of a German health insurance number that never changes: a letter, eight digits and a check digit.
///
/// Source: GKV-Spitzenverband, Richtlinie nach § 290 SGB V, Anlage 1 (weights 1, 2; the letter counts as two digits).
private func isGermanHealthNumber(_ value: UnsafeRawBufferPointer) -> Bool {
    guard let number = Identifier(value), number.count == 10, number.isLetter(0), number.isDigits(in: 1..<10) else { return false }
    let letter = number.value(0) - 9
    var sum = letter / 10 + letter % 10 * 2 / 10 + letter % 10 * 2 % 10
    for index in 1..<9 {
        let product = number.digit(index) * (index % 2 == 1 ? 1 : 2)
        sum += product / 10 + product % 10
    }
    return sum % 10 == number.digit(9)
}

/// Whether `value` is the number of a German physician: six digits, a check digit, two digits of the specialty.
///
/// Source: Kassenärztliche Bundesvereinigung, Arztnummern-Richtlinie nach § 75 Abs. 7 SGB V (weights 4, 9).
private func isLANR(_ value: UnsafeRawBufferPointer) -> Bool {
    guard let number = Identifier(value), number.isDigits(9), number.number(0..<6) > 0 else { return false }
    return (10 - number.sum([4, 9, 4, 9, 4, 9]) % 10) % 10 == number.digit(6)
}

/// Whether `value` is a German VAT number: DE and nine digits that pass ISO 7064 MOD 11,10.
///
/// Source: Bundeszentralamt für Steuern, § 27a UStG.
private func isGermanVAT(_ value: UnsafeRawBufferPointer) -> Bool {
    guard let number = Identifier(value), number.count == 11, number.has("D", at: 0), number.has("E", at: 1), !number.has("0", at: 2), number.isDigits(in: 2..<11) else { return false }
    return mod11_10(number, 2..<11)
}

/// Whether `value` is an Austrian social insurance number: three digits, a check digit, the birth date (its month may be 13…15).
///
/// Source: Dachverband der Sozialversicherungsträger, "Versicherungsnummer" (weights 3 7 9 – 5 8 4 2 1 6).
private func isAustrianSocialSecurity(_ value: UnsafeRawBufferPointer) -> Bool {
    guard let number = Identifier(value), number.isDigits(10), number.digit(0) != 0 else { return false }
    let month = number.number(6..<8)
    guard isDay(number.number(4..<6), month: month > 12 ? 12 : month, shortYear: number.number(8..<10)), month <= 15 else { return false }
    return number.sum([3, 7, 9, 0, 5, 8, 4, 2, 1, 6]) % 11 == number.digit(3)
}

/// Whether `value` is a Swiss AHV number: 756, nine digits, a check digit as in EAN-13.
///
/// Source: Bundesgesetz über die AHV (SR 831.10) art. 50c; GS1 General Specifications §7.9.
private func isAHV(_ value: UnsafeRawBufferPointer) -> Bool {
    guard let number = Identifier(value), number.isDigits(13), number.number(0..<3) == 756 else { return false }
    return number.sum([1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1]) % 10 == 0
}

// MARK: - France, Benelux

/// Whether `value` is a French NIR: sex, year, month, place, order, and a key of two digits.
///
/// Source: INSEE, Répertoire national d'identification des personnes physiques (key = 97 − n mod 97; 2A counts as 19, 2B as 18).
private func isNIR(_ value: UnsafeRawBufferPointer) -> Bool {
    guard let number = Identifier(value), number.count == 15, number.isDigits(in: 0..<6), number.isDigits(in: 7..<15), [1, 2, 3, 4, 7, 8].contains(number.digit(0))
    else { return false }
    let sixth: Int
    if number.isLetter(6) {
        guard number.digit(5) == 2 else { return false }
        if number.has("A", at: 6) { sixth = 19 } else if number.has("B", at: 6) { sixth = 18 } else { return false }
    } else {
        sixth = number.number(5..<7)
    }
    let body = (number.number(0..<5) * 100 + sixth) * 1_000_000 + number.number(7..<13)
    return 97 - body % 97 == number.number(13..<15)
}

/// Whether `value` is a French tax number (SPI): thirteen digits from 0…3 on, the last three the remainder of the others by 511.
///
/// Source: OECD, "Information on Tax Identification Numbers: France".
private func isSPI(_ value: UnsafeRawBufferPointer) -> Bool {
    guard let number = Identifier(value), number.isDigits(13), number.digit(0) <= 3, !number.isUniform else { return false }
    return number.number(0..<10) % 511 == number.number(10..<13)
}

/// Whether `value` is a Dutch BSN: up to nine digits, leading zeros left out or not, that pass the test of eleven.
///
/// Source: Rijksdienst voor Identiteitsgegevens, "Logisch ontwerp BSN" (weights 9…2, −1).
private func isBSN(_ value: UnsafeRawBufferPointer) -> Bool {
    guard let number = Identifier(value), 7...9 ~= number.count, number.isDigits(number.count), !number.isUniform else { return false }
    let last = number.count - 1
    let sum = (0..<last).reduce(0) { $0 + number.digit($1) * (last - $1 + 1) } - number.digit(last)
    return sum % 11 == 0
}

/// Whether `value` is a Belgian national register number: a birth date (months of bis numbers count 20 or 40 more), a serial number, and 97 less the remainder.
///
/// Source: Arrêté royal du 3 avril 1984 relatif au numéro d'identification; for those born since 2000 a 2 stands in front of the sum.
private func isBelgianNationalNumber(_ value: UnsafeRawBufferPointer) -> Bool {
    guard let number = Identifier(value), number.isDigits(11), number.number(2..<4) % 20 <= 12, number.number(4..<6) <= 31 else { return false }
    let body = number.number(0..<9)
    let key = number.number(9..<11)
    return 97 - body % 97 == key || 97 - (2_000_000_000 + body) % 97 == key
}

/// Whether `value` is a Luxembourg identification number: a birth date of eight digits, three digits, a Luhn and a Verhoeff check digit.
///
/// Source: Règlement grand-ducal du 28 novembre 2013 relatif à l'identification des personnes physiques.
private func isLuxembourgNIN(_ value: UnsafeRawBufferPointer) -> Bool {
    guard let number = Identifier(value), number.isDigits(13), isDay(number.number(6..<8), month: number.number(4..<6), year: number.number(0..<4)),
        luhnSum(number, 0..<12) % 10 == 0
    else { return false }
    // The last digit is the Verhoeff digit of the first eleven, not of the Luhn digit before it.
    return verhoeff(number.removing(11), 0..<12) == 0
}

// MARK: - Nordic and Baltic countries

/// Whether `value` is a Swedish personnummer or coordination number (its day counts 60 more), with or without the century: Luhn over the last ten digits.
///
/// Source: Skatteverket, SKV 704 and SKV 707.
private func isPersonnummer(_ value: UnsafeRawBufferPointer) -> Bool {
    guard let number = Identifier(value), number.isDigits(10) || number.isDigits(12) else { return false }
    let start = number.count - 10
    if start == 2, !(18...20 ~= number.number(0..<2)) { return false }
    let day = number.number(start + 4..<start + 6) % 60
    let month = number.number(start + 2..<start + 4)
    let year = number.number(start..<start + 2)
    let isDated = start == 2 ? isDay(day, month: month, year: number.number(0..<4)) : isDay(day, month: month, shortYear: year)
    return isDated && number.number(start + 4..<start + 6) != 60 && luhnSum(number, start..<number.count) % 10 == 0
}

/// Whether `value` is a Swedish organisation number: ten digits, the third at least 2, that pass the Luhn check; 16 may stand in front.
///
/// Source: Skatteverket, SKV 709; Lag (1974:174) om identitetsbeteckning för juridiska personer.
private func isSwedishOrganisation(_ value: UnsafeRawBufferPointer) -> Bool {
    guard let number = Identifier(value), number.isDigits(10) || number.isDigits(12), !number.isUniform else { return false }
    let start = number.count - 10
    return (start == 0 || number.number(0..<2) == 16) && number.digit(start + 2) >= 2 && number.digit(start) != 0 && luhnSum(number, start..<number.count) % 10 == 0
}

/// Whether `value` is a Norwegian birth or D number (its day counts 40 more): a date, three digits, two check digits.
///
/// Source: Skatteetaten, "Fødselsnummer"; months of test and helper numbers count 40, 65 or 80 more.
private func isNorwegianNumber(_ value: UnsafeRawBufferPointer) -> Bool {
    guard let number = Identifier(value), number.isDigits(11) else { return false }
    let day = number.number(0..<2)
    let month = number.number(2..<4)
    let plain = month > 80 ? month - 80 : month > 65 ? month - 65 : month > 40 ? month - 40 : month
    guard isDay(day > 40 ? day - 40 : day, month: plain, shortYear: number.number(4..<6)) else { return false }
    return (number.sum([3, 7, 6, 1, 8, 9, 4, 5, 2]) + number.digit(9)) % 11 == 0
        && (number.sum([5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) + number.digit(10)) % 11 == 0
}

/// Whether `value` is a Danish CPR number: a date and four digits. Numbers issued since 2007 need not pass modulus 11.
///
/// Source: CPR-kontoret, "Personnumre uden kontrolciffer (modulus 11 kontrol)".
private func isCPR(_ value: UnsafeRawBufferPointer) -> Bool {
    guard let number = Identifier(value), number.isDigits(10), number.number(6..<10) > 0 else { return false }
    return isDay(number.number(0..<2), month: number.number(2..<4), shortYear: number.number(4..<6))
}

/// Whether `value` is a Finnish personal identity code: a date, a sign of the century, three digits, and the remainder by 31 as a character.
///
/// Source: Digital and Population Data Services Agency, "The personal identity code" (new signs since 2023).
private func isHETU(_ value: UnsafeRawBufferPointer) -> Bool {
    guard value.count == 11, let number = Identifier(value) else { return false }
    // The sign is the seventh byte; of the signs only letters are among the characters.
    let sign = value[6] & (Identifier.isLetter(value[6]) ? 0xDF : 0xFF)
    let century: Int
    switch sign {
    case UInt8(ascii: "+"): century = 1800
    case UInt8(ascii: "-"), UInt8(ascii: "U")...UInt8(ascii: "Y"): century = 1900
    case UInt8(ascii: "A")...UInt8(ascii: "F"): century = 2000
    default: return false
    }
    let serial = number.count - 4
    guard 10...11 ~= number.count, number.isDigits(in: 0..<6), number.isDigits(in: serial..<serial + 3),
        isDay(number.number(0..<2), month: number.number(2..<4), year: century + number.number(4..<6)), number.number(serial..<serial + 3) >= 2
    else { return false }
    let rest = (number.number(0..<6) * 1000 + number.number(serial..<serial + 3)) % 31
    return ("0123456789ABCDEFHJKLMNPRSTUVWXY" as StaticString).withUTF8Buffer { $0[rest] } == number[number.count - 1]
}

/// Whether `value` is an Icelandic kennitala: a date, two digits, a check digit, the century (8, 9, 0).
///
/// Source: Þjóðskrá, "Kennitala" (weights 3 2 7 6 5 4 3 2); the day of companies counts 40 more.
private func isKennitala(_ value: UnsafeRawBufferPointer) -> Bool {
    guard let number = Identifier(value), number.isDigits(10), [8, 9, 0].contains(number.digit(9)) else { return false }
    let day = number.number(0..<2)
    let century = number.digit(9) == 0 ? 2000 : 1000 + number.digit(9) * 100
    guard isDay(day > 40 ? day - 40 : day, month: number.number(2..<4), year: century + number.number(4..<6)) else { return false }
    return (number.sum([3, 2, 7, 6, 5, 4, 3, 2]) + number.digit(8)) % 11 == 0
}

/// Whether `value` is an Estonian or Lithuanian personal code: century and sex (1…8), a date, three digits, a check digit of two rounds.
///
/// Sources: Estonian standard EVS 585:2007; Lithuanian Law on the Population Register, article 8.
private func isBalticCode(_ value: UnsafeRawBufferPointer) -> Bool {
    guard let number = Identifier(value), number.isDigits(11), 1...8 ~= number.digit(0) else { return false }
    let year = 1800 + (number.digit(0) - 1) / 2 * 100 + number.number(1..<3)
    guard isDay(number.number(5..<7), month: number.number(3..<5), year: year) else { return false }
    var rest = number.sum([1, 2, 3, 4, 5, 6, 7, 8, 9, 1]) % 11
    if rest == 10 { rest = number.sum([3, 4, 5, 6, 7, 8, 9, 1, 2, 3]) % 11 }
    return rest % 10 == number.digit(10)
}

/// Whether `value` is a Latvian personal code: of the first kind with a date and a check digit, or eleven digits from 32…39 on, issued since 2017.
///
/// Source: Pilsonības un migrācijas lietu pārvalde, "Personas kods".
private func isLatvianCode(_ value: UnsafeRawBufferPointer) -> Bool {
    guard let number = Identifier(value), number.isDigits(11) else { return false }
    if 32...39 ~= number.number(0..<2) { return true }
    guard number.digit(6) <= 2, isDay(number.number(0..<2), month: number.number(2..<4), year: 1800 + number.digit(6) * 100 + number.number(4..<6))
    else { return false }
    return (1101 - number.sum([1, 6, 3, 7, 9, 10, 5, 8, 4, 2])) % 11 % 10 == number.digit(10)
}

// MARK: - Eastern Europe

/// Whether `value` is a PESEL: eleven digits, the last a check digit.
///
/// Source: Ustawa z dnia 24 września 2010 r. o ewidencji ludności, art. 15 (weights 1, 3, 7, 9).
private func isPESEL(_ value: UnsafeRawBufferPointer) -> Bool {
    guard let number = Identifier(value), number.isDigits(11), number.number(0..<10) > 9 else { return false }
    return number.sum([1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1]) % 10 == 0
}

/// Whether `value` is a Polish tax number (NIP): ten digits, the last a check digit.
///
/// Source: Ustawa z dnia 13 października 1995 r. o zasadach ewidencji i identyfikacji podatników.
private func isNIP(_ value: UnsafeRawBufferPointer) -> Bool {
    guard let number = Identifier(value), number.isDigits(10), !number.isUniform else { return false }
    return number.sum([6, 5, 7, 2, 3, 4, 5, 6, 7]) % 11 == number.digit(9)
}

/// Whether `value` is a REGON: nine or fourteen digits with their check digits.
///
/// Source: Główny Urząd Statystyczny, "Numer identyfikacyjny REGON".
private func isREGON(_ value: UnsafeRawBufferPointer) -> Bool {
    guard let number = Identifier(value), number.isDigits(9) || number.isDigits(14), !number.isUniform else { return false }
    guard number.sum([8, 9, 2, 3, 4, 5, 6, 7]) % 11 % 10 == number.digit(8) else { return false }
    return number.count == 9 || number.sum([2, 4, 8, 5, 0, 9, 7, 3, 6, 1, 2, 4, 8]) % 11 % 10 == number.digit(13)
}

/// Whether `value` is a number of a Polish identity card: three letters, a check digit, five digits.
///
/// Source: Rozporządzenie MSWiA w sprawie dowodów osobistych (weights 7 3 1 – 7 3 1 7 3).
private func isPolishIDCard(_ value: UnsafeRawBufferPointer) -> Bool {
    guard let number = Identifier(value), number.count == 9, number.isLetters(in: 0..<3), number.isDigits(in: 3..<9) else { return false }
    let sum = number.value(0) * 7 + number.value(1) * 3 + number.value(2) + number.sum([7, 3, 1, 7, 3], from: 4)
    return sum % 10 == number.digit(3)
}

/// Whether `value` is a number of a Polish passport: two letters, a check digit, six digits.
///
/// Source: Rozporządzenie MSWiA w sprawie dokumentów paszportowych (weights 7 3 – 1 7 3 1 7 3).
private func isPolishPassport(_ value: UnsafeRawBufferPointer) -> Bool {
    guard let number = Identifier(value), number.count == 9, number.isLetters(in: 0..<2), number.isDigits(in: 2..<9) else { return false }
    return (number.value(0) * 7 + number.value(1) * 3 + number.sum([1, 7, 3, 1, 7, 3], from: 3)) % 10 == number.digit(2)
}

/// Whether `value` is a Czech or Slovak birth number: a date (months of women count 50 more, or 20 more where numbers ran out), a serial number;
/// since 1954 a multiple of 11.
///
/// Source: Zákon č. 133/2000 Sb. § 13; Zákon č. 301/1995 Z. z.
private func isBirthNumber(_ value: UnsafeRawBufferPointer) -> Bool {
    guard let number = Identifier(value), number.isDigits(9) || number.isDigits(10), number.number(2..<4) % 50 != 0 else { return false }
    let month = number.number(2..<4) % 50
    guard isDay(number.number(4..<6), month: month > 20 ? month - 20 : month, shortYear: number.number(0..<2)) else { return false }
    if number.count == 9 { return number.number(0..<2) < 54 && number.number(6..<9) > 0 }
    // Until 1985 a remainder of ten was written as 0.
    return number.number(0..<10) % 11 == 0 || number.number(0..<9) % 11 == 10 && number.digit(9) == 0
}

/// Whether `value` is a Czech or Slovak IČO: eight digits, the last a check digit.
///
/// Source: Český statistický úřad, "Identifikační číslo" (weights 8…2).
private func isICO(_ value: UnsafeRawBufferPointer) -> Bool {
    guard let number = Identifier(value), number.isDigits(8), !number.isUniform else { return false }
    return (11 - number.sum([8, 7, 6, 5, 4, 3, 2]) % 11) % 10 == number.digit(7)
}

/// Whether `value` is a Czech DIČ: CZ, which may be left out, and the number of a company or the birth number of a person.
///
/// Source: Zákon č. 280/2009 Sb. § 130.
private func isDIC(_ value: UnsafeRawBufferPointer) -> Bool {
    guard let number = Identifier(value), number.count > 2 else { return false }
    let hasPrefix = number.has("C", at: 0) && number.has("Z", at: 1)
    let digits = UnsafeRawBufferPointer(rebasing: value[(hasPrefix ? 2 : 0)...])
    return isICO(digits) || isBirthNumber(digits)
}

/// Whether `value` is the tax number of a Hungarian person (8 and nine digits, modulus 11) or the first eight digits of a company's.
///
/// Source: 2017. évi CL. törvény az adózás rendjéről, 1. melléklet.
private func isHungarianTaxID(_ value: UnsafeRawBufferPointer) -> Bool {
    guard let number = Identifier(value), number.isDigits(number.count), !number.isUniform else { return false }
    switch number.count {
    case 10: return number.digit(0) == 8 && number.sum([1, 2, 3, 4, 5, 6, 7, 8, 9]) % 11 == number.digit(9)
    case 8, 11: return (10 - number.sum([9, 7, 3, 1, 9, 7, 3]) % 10) % 10 == number.digit(7)
    default: return false
    }
}

/// Whether `value` is a Hungarian TAJ number: nine digits, the last a check digit.
///
/// Source: 1996. évi XX. törvény, melléklet (weights 3, 7).
private func isTAJ(_ value: UnsafeRawBufferPointer) -> Bool {
    guard let number = Identifier(value), number.isDigits(9), !number.isUniform else { return false }
    return number.sum([3, 7, 3, 7, 3, 7, 3, 7]) % 10 == number.digit(8)
}

/// Whether `value` is a Hungarian personal number: sex and century (1…8), a date, three digits, a check digit.
///
/// Source: 1996. évi XX. törvény, melléklet (weights 1…10 for those born since 1997, 10…1 before).
private func isHungarianPersonalID(_ value: UnsafeRawBufferPointer) -> Bool {
    guard let number = Identifier(value), number.isDigits(11), 1...8 ~= number.digit(0),
        isDay(number.number(5..<7), month: number.number(3..<5), shortYear: number.number(1..<3))
    else { return false }
    return number.sum([10, 9, 8, 7, 6, 5, 4, 3, 2, 1]) % 11 == number.digit(10) || number.sum([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]) % 11 == number.digit(10)
}

/// Whether `value` is a Romanian CNP: sex and century (1…9), a date, a county, three digits, a check digit.
///
/// Source: Legea nr. 105/1996; OUG 97/2005 (weights 2 7 9 1 4 6 3 5 8 2 7 9).
private func isCNP(_ value: UnsafeRawBufferPointer) -> Bool {
    guard let number = Identifier(value), number.isDigits(13), number.digit(0) != 0,
        isDay(number.number(5..<7), month: number.number(3..<5), shortYear: number.number(1..<3))
    else { return false }
    let rest = number.sum([2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9]) % 11
    return (rest == 10 ? 1 : rest) == number.digit(12)
}

/// Whether `value` is a Bulgarian EGN: a date (months count 20 more before 1900, 40 more since 2000), three digits, a check digit.
///
/// Source: ГРАО, "Единен граждански номер" (weights 2 4 8 5 10 9 7 3 6).
private func isEGN(_ value: UnsafeRawBufferPointer) -> Bool {
    guard let number = Identifier(value), number.isDigits(10) else { return false }
    let month = number.number(2..<4)
    let century = month > 40 ? 2000 : month > 20 ? 1800 : 1900
    guard isDay(number.number(4..<6), month: month % 20, year: century + number.number(0..<2)) else { return false }
    return number.sum([2, 4, 8, 5, 10, 9, 7, 3, 6]) % 11 % 10 == number.digit(9)
}

/// Whether `value` is a Russian INN: ten digits with one check digit (companies) or twelve with two (persons).
///
/// Source: Приказ ФНС России от 29.06.2012 № ММВ-7-6/435@.
private func isINN(_ value: UnsafeRawBufferPointer) -> Bool {
    guard let number = Identifier(value), number.isDigits(10) || number.isDigits(12), !number.isUniform, number.number(0..<2) > 0 else { return false }
    if number.count == 10 { return number.sum([2, 4, 10, 3, 5, 9, 4, 6, 8]) % 11 % 10 == number.digit(9) }
    return number.sum([7, 2, 4, 10, 3, 5, 9, 4, 6, 8]) % 11 % 10 == number.digit(10)
        && number.sum([3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8]) % 11 % 10 == number.digit(11)
}

/// Whether `value` is a Russian SNILS: nine digits and the sum of them by the weights 9…1, modulo 101.
///
/// Source: Постановление Правления ПФ РФ от 13.06.2019 № 335п.
private func isSNILS(_ value: UnsafeRawBufferPointer) -> Bool {
    guard let number = Identifier(value), number.isDigits(11), number.number(0..<9) > 1_001_998 else { return false }
    return number.sum([9, 8, 7, 6, 5, 4, 3, 2, 1]) % 101 % 100 == number.number(9..<11)
}

/// Whether `value` is a Ukrainian RNOKPP: ten digits, the last a check digit.
///
/// Source: Міністерство фінансів України, наказ № 822 від 29.09.2017 (weights −1 5 7 9 4 6 10 5 7).
private func isRNOKPP(_ value: UnsafeRawBufferPointer) -> Bool {
    guard let number = Identifier(value), number.isDigits(10), !number.isUniform else { return false }
    let rest = (number.sum([-1, 5, 7, 9, 4, 6, 10, 5, 7]) % 11 + 11) % 11
    return rest % 10 == number.digit(9)
}

// MARK: - Southern Europe

/// Whether `value` is an Italian fiscal code of a person: letters of the names, a date, a place, a check letter. Digits may be replaced by letters where
/// two persons would share a code (omocodia).
///
/// Source: Decreto Ministeriale 23 dicembre 1976.
private func isFiscalCode(_ value: UnsafeRawBufferPointer) -> Bool {
    guard let number = Identifier(value), number.count == 16, number.isLetter(15) else { return false }
    // Values of 0…9 and A…Z in odd places, counted from one.
    let odd = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23]
    var sum = 0
    for index in 0..<15 {
        let place = number.isLetter(index) ? number.value(index) - 10 : number.digit(index)
        sum += index % 2 == 0 ? odd[place] : place
    }
    return number[15] == UInt8(ascii: "A") + UInt8(sum % 26)
}

/// Whether `value` is a Spanish NIF or NIE of a person: eight digits, or X, Y, Z and seven, and a check letter. K, L and M begin those of minors and others.
///
/// Source: Real Decreto 1553/2005; Orden EHA/451/2008.
private func isNIF(_ value: UnsafeRawBufferPointer) -> Bool {
    guard let number = Identifier(value), number.count == 9, number.isDigits(in: 1..<8), number.isLetter(8) else { return false }
    let first: Int
    switch number[0] {
    case UInt8(ascii: "X"), UInt8(ascii: "K"), UInt8(ascii: "L"), UInt8(ascii: "M"): first = 0
    case UInt8(ascii: "Y"): first = 1
    case UInt8(ascii: "Z"): first = 2
    case let character: guard let digit = Identifier.digit(character) else { return false }
        first = digit
    }
    let rest = (first * 10_000_000 + number.number(1..<8)) % 23
    return ("TRWAGMYFPDXBNJZSQVHLCKE" as StaticString).withUTF8Buffer { $0[rest] } == number[8]
}

/// Whether `value` is a Spanish NIF of an organisation (CIF): a letter, seven digits, a check digit or letter.
///
/// Source: Orden EHA/451/2008.
private func isCIF(_ value: UnsafeRawBufferPointer) -> Bool {
    guard let number = Identifier(value), number.count == 9, number.isLetter(0), number.isDigits(in: 1..<8) else { return false }
    for letter: Unicode.Scalar in ["I", "K", "L", "M", "O", "T", "X", "Y", "Z"] where number.has(letter, at: 0) { return false }
    // As in the Luhn check, with every first digit doubled.
    let sum = (1..<8).reduce(0) { sum, index in
        let product = number.digit(index) * (index % 2 == 1 ? 2 : 1)
        return sum + product / 10 + product % 10
    }
    let check = (10 - sum % 10) % 10
    if Identifier.digit(number[8]) != nil { return number.digit(8) == check }
    return ("JABCDEFGHI" as StaticString).withUTF8Buffer { $0[check] } == number[8]
}

/// Whether `value` is a Spanish social security number: province, eight digits (seven before a leading zero), and the remainder by 97.
///
/// Source: Tesorería General de la Seguridad Social.
private func isNUSS(_ value: UnsafeRawBufferPointer) -> Bool {
    guard let number = Identifier(value), number.isDigits(12), 1...66 ~= number.number(0..<2) else { return false }
    let serial = number.number(2..<10)
    let body = number.number(0..<2) * (serial < 10_000_000 ? 10_000_000 : 100_000_000) + serial
    return body % 97 == number.number(10..<12)
}

/// Whether `value` is a Portuguese NIF: nine digits, the first of a kind in use, the last a check digit.
///
/// Source: Decreto-Lei n.º 14/2013; Autoridade Tributária (weights 9…2).
private func isPortugueseNIF(_ value: UnsafeRawBufferPointer) -> Bool {
    guard let number = Identifier(value), number.isDigits(9), !number.isUniform else { return false }
    guard [1, 2, 3, 5, 6, 8].contains(number.digit(0)) || [45, 70, 71, 72, 74, 75, 77, 78, 79, 90, 91, 98, 99].contains(number.number(0..<2)) else { return false }
    let rest = number.sum([9, 8, 7, 6, 5, 4, 3, 2]) % 11
    return (rest < 2 ? 0 : 11 - rest) == number.digit(8)
}

/// Whether `value` is a Greek tax number (AFM): nine digits, the last a check digit by powers of two.
///
/// Source: Independent Authority for Public Revenue; OECD, "Information on Tax Identification Numbers: Greece".
private func isAFM(_ value: UnsafeRawBufferPointer) -> Bool {
    guard let number = Identifier(value), number.isDigits(9), !number.isUniform else { return false }
    return number.sum([256, 128, 64, 32, 16, 8, 4, 2]) % 11 % 10 == number.digit(8)
}

/// Whether `value` is a Greek AMKA: a date, four digits and a Luhn check digit.
///
/// Source: ΗΔΙΚΑ, "ΑΜΚΑ".
private func isAMKA(_ value: UnsafeRawBufferPointer) -> Bool {
    guard let number = Identifier(value), number.isDigits(11) else { return false }
    return isDay(number.number(0..<2), month: number.number(2..<4), shortYear: number.number(4..<6)) && luhnSum(number, 0..<11) % 10 == 0
}

/// Whether `value` is an EMŠO or JMBG, as in the countries of former Yugoslavia: a date with three digits of the year, a region, three digits, a check digit.
///
/// Source: Zakon o centralnem registru prebivalstva (weights 7…2, 7…2).
private func isEMSO(_ value: UnsafeRawBufferPointer) -> Bool {
    guard let number = Identifier(value), number.isDigits(13) else { return false }
    let year = number.number(4..<7)
    guard isDay(number.number(0..<2), month: number.number(2..<4), year: year < 800 ? 2000 + year : 1000 + year) else { return false }
    let rest = number.sum([7, 6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11
    return (rest < 2 ? 0 : 11 - rest) == number.digit(12)
}

/// Whether `value` is a Slovenian tax number: eight digits, the first not 0, the last a check digit.
///
/// Source: Finančna uprava; OECD, "Information on Tax Identification Numbers: Slovenia" (weights 8…2).
private func isSlovenianTaxID(_ value: UnsafeRawBufferPointer) -> Bool {
    guard let number = Identifier(value), number.isDigits(8), number.digit(0) != 0, !number.isUniform else { return false }
    let rest = number.sum([8, 7, 6, 5, 4, 3, 2]) % 11
    return rest != 0 && (11 - rest) % 10 == number.digit(7)
}
