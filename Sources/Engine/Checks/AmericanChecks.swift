// Checks of identifiers of the Americas.

extension Check {
    static let american: [Check] = [
        Check("ssn-area", isIssuableSSN),
        Check("us-ssn-in-use", isNoSampleSSN),
        Check("us-npi", isNPI),
        Check("us-dea", isDEA),
        Check("ca-sin", isSIN),
        Check("mx-curp", isCURP),
        Check("mx-rfc", isRFC),
        Check("br-cpf", isCPF),
        Check("br-cnpj", isCNPJ),
        Check("br-pis", isPIS),
        Check("br-voter", isBrazilianVoter),
        Check("br-cns", isCNS),
        Check("br-renavam", isRENAVAM),
        Check("br-cnh", isCNH),
        Check("ar-cuit", isCUIT),
        Check("cl-rut", isRUT),
        Check("co-nit", isNIT),
        Check("pe-ruc", isRUC),
        Check("uy-ci", isUruguayanCI),
        Check("ec-ci", isEcuadorianCI),
    ]
}

// MARK: - United States

/// Whether the nine digits of `value` are a social security number that can have been issued; other bytes are passed over.
///
/// Sources: 20 CFR 422.103(b); SSA, "Social Security Number Randomization" (2011); IRS Publication 1915 for 900–999 (ITIN).
private func isIssuableSSN(_ value: UnsafeRawBufferPointer) -> Bool {
    guard let number = Identifier(value), number.isDigits(9) else { return false }
    let area = number.number(0..<3)
    return area != 0 && area != 666 && area < 900 && number.number(3..<5) != 0 && number.number(5..<9) != 0
}

/// Whether `value` is none of the social security numbers that stand in documentation and advertisements.
///
/// Sources: SSA, "Social Security Cards Issued by Woolworth" (078-05-1120, and 219-09-9999 of a pamphlet of 1940), both void; 123-45-6789 is what
/// forms show.
private func isNoSampleSSN(_ value: UnsafeRawBufferPointer) -> Bool {
    guard let number = Identifier(value), number.isDigits(9) else { return false }
    return ![78_05_1120, 219_09_9999, 123_45_6789].contains(number.number(0..<9))
}

/// Whether `value` is a national provider identifier: ten digits from 1 or 2 on that pass the Luhn check behind the prefix 80840.
///
/// Source: CMS, "Requirements for National Provider Identifier (NPI) and NPI Check Digit".
private func isNPI(_ value: UnsafeRawBufferPointer) -> Bool {
    guard let number = Identifier(value), number.isDigits(10), 1...2 ~= number.digit(0) else { return false }
    // 24 is what the prefix adds.
    return (luhnSum(number, 0..<10) + 24) % 10 == 0
}

/// Whether `value` is a number of the Drug Enforcement Administration: the kind of registrant, a letter of the name (or 9), six digits and a check digit.
///
/// Source: 21 CFR 1301; DEA Diversion Control Division, "DEA number" (d1 + d3 + d5 + 2 (d2 + d4 + d6), its last digit).
private func isDEA(_ value: UnsafeRawBufferPointer) -> Bool {
    guard let number = Identifier(value), number.count == 9, number.isLetter(0), number.isLetter(1) || number.has("9", at: 1), number.isDigits(in: 2..<9)
    else { return false }
    return number.sum([1, 2, 1, 2, 1, 2], from: 2) % 10 == number.digit(8)
}

// MARK: - Canada

/// Whether `value` is a social insurance number: nine digits, the first neither 0 nor 8, that pass the Luhn check.
///
/// Source: Employment and Social Development Canada, "The SIN Code of Practice".
private func isSIN(_ value: UnsafeRawBufferPointer) -> Bool {
    guard let number = Identifier(value), number.isDigits(9), number.digit(0) != 0, number.digit(0) != 8, !number.isUniform else { return false }
    return luhnSum(number, 0..<9) % 10 == 0
}

// MARK: - Mexico

/// Whether `value` is a CURP: its eighteenth character is the check digit of the others, and its date is a day.
///
/// Source: Secretaría de Gobernación, "Instructivo Normativo para la Asignación de la CURP" (DOF 2006-06-23, 2021-10-18).
private func isCURP(_ value: UnsafeRawBufferPointer) -> Bool {
    guard let number = Identifier(value), number.count == 18, number.isLetters(in: 0..<4), number.isDigits(in: 4..<10), number.isDigits(in: 17..<18),
        isDay(number.number(8..<10), month: number.number(6..<8), shortYear: number.number(4..<6))
    else { return false }
    // Letters behind N count one more, since Ñ stands between.
    let sum = (0..<17).reduce(0) { sum, index in
        let value = number.value(index)
        return sum + (value > 23 ? value + 1 : value) * (18 - index)
    }
    return (10 - sum % 10) % 10 == number.digit(17)
}

/// Whether `value` is an RFC, the number of a taxpayer: three (companies) or four letters, a day, and three characters, of which the last is 0…9 or A.
///
/// Its check character is left alone: the tax office has issued many that do not agree with it. An & or Ñ among the letters is passed over.
/// Source: Servicio de Administración Tributaria, Anexo 1-A, ficha 81/CFF.
private func isRFC(_ value: UnsafeRawBufferPointer) -> Bool {
    guard let number = Identifier(value), 11...13 ~= number.count else { return false }
    let letters = number.count - 9
    return number.isLetters(in: 0..<letters) && number.isDigits(in: letters..<letters + 6)
        && isDay(number.number(letters + 4..<letters + 6), month: number.number(letters + 2..<letters + 4), shortYear: number.number(letters..<letters + 2))
}

// MARK: - Brazil

/// Whether `value` is a CPF: eleven digits, the last two of them check digits.
///
/// Source: Receita Federal, Instrução Normativa RFB 2172/2024.
private func isCPF(_ value: UnsafeRawBufferPointer) -> Bool {
    guard let number = Identifier(value), number.isDigits(11), !number.isUniform else { return false }
    return elevenMinus(number.sum([10, 9, 8, 7, 6, 5, 4, 3, 2])) == number.digit(9)
        && elevenMinus(number.sum([11, 10, 9, 8, 7, 6, 5, 4, 3, 2])) == number.digit(10)
}

/// Whether `value` is a CNPJ: twelve digits or, since 2026, capital letters, and two check digits.
///
/// Source: Receita Federal, Instrução Normativa RFB 2229/2024 (alphanumeric: each character counts as its ASCII code less 48).
private func isCNPJ(_ value: UnsafeRawBufferPointer) -> Bool {
    guard let number = Identifier(value), number.count == 14, number.isDigits(in: 12..<14), !number.isUniform else { return false }
    func check(_ length: Int) -> Int {
        var sum = 0
        for index in 0..<length { sum += (Int(number[index]) - 48) * (2 + (length - 1 - index) % 8) }
        return elevenMinus(sum)
    }
    return check(12) == number.digit(12) && check(13) == number.digit(13)
}

/// Whether `value` is a PIS, PASEP, NIT or NIS: eleven digits, the last a check digit.
///
/// Source: Caixa Econômica Federal, "Cadastro NIS".
private func isPIS(_ value: UnsafeRawBufferPointer) -> Bool {
    guard let number = Identifier(value), number.isDigits(11), !number.isUniform else { return false }
    return elevenMinus(number.sum([3, 2, 9, 8, 7, 6, 5, 4, 3, 2])) == number.digit(10)
}

/// Whether `value` is a título eleitoral: eight digits, the state (01–28), two check digits.
///
/// Source: Tribunal Superior Eleitoral, Resolução 21.538/2003, art. 12.
private func isBrazilianVoter(_ value: UnsafeRawBufferPointer) -> Bool {
    guard let number = Identifier(value), number.isDigits(12), 1...28 ~= number.number(8..<10) else { return false }
    // São Paulo and Minas Gerais write 1 where others write 0.
    let isLarge = number.number(8..<10) <= 2
    func digit(_ sum: Int) -> Int {
        let rest = sum % 11
        return rest == 10 ? 0 : rest == 0 && isLarge ? 1 : rest
    }
    let first = digit(number.sum([2, 3, 4, 5, 6, 7, 8, 9]))
    return first == number.digit(10) && digit(number.sum([7, 8], from: 8) + first * 9) == number.digit(11)
}

/// Whether `value` is a number of the Cartão Nacional de Saúde: fifteen digits from 1, 2, 7, 8 or 9 on, their sum by the weights 15…1 a multiple of 11.
///
/// Source: DATASUS, "Rotina de validação do número do CNS".
private func isCNS(_ value: UnsafeRawBufferPointer) -> Bool {
    guard let number = Identifier(value), number.isDigits(15), [1, 2, 7, 8, 9].contains(number.digit(0)) else { return false }
    return number.sum([15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1]) % 11 == 0
}

/// Whether `value` is a RENAVAM, the number of a registered vehicle: eleven digits, the last a check digit.
///
/// Source: SENATRAN, Portaria 1.125/2010.
private func isRENAVAM(_ value: UnsafeRawBufferPointer) -> Bool {
    guard let number = Identifier(value), number.isDigits(11), !number.isUniform else { return false }
    return number.sum([3, 2, 9, 8, 7, 6, 5, 4, 3, 2]) * 10 % 11 % 10 == number.digit(10)
}

/// Whether `value` is a CNH, a driving licence: eleven digits, the last two check digits.
///
/// Source: SENATRAN, Resolução CONTRAN 886/2021.
private func isCNH(_ value: UnsafeRawBufferPointer) -> Bool {
    guard let number = Identifier(value), number.isDigits(11), !number.isUniform else { return false }
    let first = number.sum([9, 8, 7, 6, 5, 4, 3, 2, 1]) % 11
    let second = number.sum([1, 2, 3, 4, 5, 6, 7, 8, 9]) % 11
    // A first digit of ten is written as 0 and takes two from the second.
    let borrowed = first == 10 ? (second + 9) % 11 : second
    return (first == 10 ? 0 : first) == number.digit(9) && (borrowed == 10 ? 0 : borrowed) == number.digit(10)
}

/// 11 less the remainder of `sum`, and 0 where that has two digits.
private func elevenMinus(_ sum: Int) -> Int {
    let rest = sum % 11
    return rest < 2 ? 0 : 11 - rest
}

// MARK: - Other countries

/// Whether `value` is an Argentine CUIT or CUIL: a kind, a number of eight digits, a check digit.
///
/// Source: AFIP, Resolución General 10/1997.
private func isCUIT(_ value: UnsafeRawBufferPointer) -> Bool {
    guard let number = Identifier(value), number.isDigits(11), [20, 23, 24, 25, 26, 27, 30, 33, 34].contains(number.number(0..<2)) else { return false }
    // A check digit of ten is written as 9.
    let check = (11 - number.sum([5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11) % 11
    return (check == 10 ? 9 : check) == number.digit(10)
}

/// Whether `value` is a Chilean RUT or RUN: seven or eight digits and a check character, 0…9 or K.
///
/// Source: Servicio de Impuestos Internos, "Dígito verificador" (modulus 11, weights 2…7 from the right).
private func isRUT(_ value: UnsafeRawBufferPointer) -> Bool {
    guard let number = Identifier(value), 8...9 ~= number.count, number.isDigits(in: 0..<number.count - 1), !number.isUniform else { return false }
    let last = number.count - 1
    let sum = (0..<last).reduce(0) { $0 + number.digit($1) * (2 + (last - 1 - $1) % 6) }
    let check = (11 - sum % 11) % 11
    return number[last] == (check == 10 ? UInt8(ascii: "K") : UInt8(ascii: "0") + UInt8(check))
}

/// Whether `value` is a Colombian NIT: nine or ten digits, the last a check digit.
///
/// Source: DIAN, Orden Administrativa 4 de 1989 (weights 3, 7, 13, 17, 19, 23, 29, 37, 41 from the right).
private func isNIT(_ value: UnsafeRawBufferPointer) -> Bool {
    guard let number = Identifier(value), 9...10 ~= number.count, number.isDigits(number.count), !number.isUniform else { return false }
    let weights = [3, 7, 13, 17, 19, 23, 29, 37, 41]
    let last = number.count - 1
    let rest = (0..<last).reduce(0) { $0 + number.digit($1) * weights[last - 1 - $1] } % 11
    return (rest < 2 ? rest : 11 - rest) == number.digit(last)
}

/// Whether `value` is a Peruvian RUC: a kind (10, 15, 16, 17, 20), eight digits, a check digit.
///
/// Source: SUNAT, Resolución de Superintendencia 210-2004.
private func isRUC(_ value: UnsafeRawBufferPointer) -> Bool {
    guard let number = Identifier(value), number.isDigits(11), [10, 15, 16, 17, 20].contains(number.number(0..<2)) else { return false }
    return (11 - number.sum([5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11) % 10 == number.digit(10)
}

/// Whether `value` is a Uruguayan cédula: six or seven digits and a check digit.
///
/// Source: Dirección Nacional de Identificación Civil (weights 2, 9, 8, 7, 6, 3, 4).
private func isUruguayanCI(_ value: UnsafeRawBufferPointer) -> Bool {
    guard let number = Identifier(value), 7...8 ~= number.count, number.isDigits(number.count), !number.isUniform else { return false }
    let sum = number.count == 8 ? number.sum([2, 9, 8, 7, 6, 3, 4]) : number.sum([9, 8, 7, 6, 3, 4])
    return (10 - sum % 10) % 10 == number.digit(number.count - 1)
}

/// Whether `value` is an Ecuadorian cédula: a province (01–24, 30), a digit up to 6, and a Luhn check digit.
///
/// Source: Dirección General de Registro Civil.
private func isEcuadorianCI(_ value: UnsafeRawBufferPointer) -> Bool {
    guard let number = Identifier(value), number.isDigits(10), 1...24 ~= number.number(0..<2) || number.number(0..<2) == 30, number.digit(2) <= 6
    else { return false }
    return luhnSum(number, 0..<10) % 10 == 0
}
