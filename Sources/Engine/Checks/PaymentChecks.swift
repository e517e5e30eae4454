// Checks of card numbers and bank accounts.

extension Check {
    static let payment: [Check] = [
        Check("card-issuer", hasCardIssuer),
        Check("iban", isIBAN),
        Check("us-routing-number", isUSRoutingNumber),
        Check("mx-clabe", isCLABE),
    ]
}

/// Issuer ranges in use, ascending and disjoint: the first six digits, inclusive, and the numbers of digits that cards in the range have.
///
/// Sources: ISO/IEC 7812-1 (structure); the networks' own range announcements: Visa, Mastercard (2221–2720 since 2016), American
/// Express, Discover and Diners Club (Discover Global Network IIN table), JCB, UnionPay, Maestro, Mir, RuPay, Troy, Verve, Elo,
/// Dankort, Humo, UzCard, BORICA. The wide Maestro block 56–69 is left to the sub-ranges in use, because eighteen-digit
/// message ids begin with the same digits. Retired ranges (Bankcard, Solo, Switch, Laser) are left out.
let cardIssuers: [(first: Int, last: Int, lengths: [Int])] = [
    (220000, 220499, [16, 17, 18, 19]),  // Mir
    (220500, 220599, [16]),  // BORICA
    (222100, 272099, [16]),  // Mastercard
    (300000, 305999, [14, 16]),  // Diners Club
    (309500, 309599, [14, 16]),  // Diners Club
    (340000, 349999, [15]),  // American Express
    (352800, 358999, [16, 17, 18, 19]),  // JCB
    (360000, 369999, [14, 16]),  // Diners Club
    (370000, 379999, [15]),  // American Express
    (380000, 399999, [14, 16]),  // Diners Club
    (400000, 499999, [13, 16, 19]),  // Visa, Visa Electron, Elo, co-branded Dankort
    (500000, 501799, [16]),  // Maestro and national debit schemes
    (501800, 501899, [12, 13, 14, 15, 16, 17, 18, 19]),  // Maestro
    (501900, 501999, [16]),  // Dankort
    (502000, 502099, [12, 13, 14, 15, 16, 17, 18, 19]),  // Maestro
    (502100, 503799, [16]),  // Maestro and national debit schemes
    (503800, 503899, [12, 13, 14, 15, 16, 17, 18, 19]),  // Maestro
    (503900, 506098, [16]),  // Elo, national debit schemes
    (506099, 506198, [16, 18, 19]),  // Verve
    (506199, 507864, [16]),  // Elo
    (507865, 507964, [16, 18, 19]),  // Verve
    (507965, 509999, [16]),  // Elo, RuPay
    (510000, 559999, [16]),  // Mastercard
    (560000, 589299, [16]),  // Maestro
    (589300, 589399, [12, 13, 14, 15, 16, 17, 18, 19]),  // Maestro
    (589400, 589999, [16]),  // Maestro
    (601100, 601199, [16, 17, 18, 19]),  // Discover
    (603265, 609999, [16]),  // RuPay, Hipercard
    (620000, 629999, [16, 17, 18, 19]),  // UnionPay
    (630400, 630499, [12, 13, 14, 15, 16, 17, 18, 19]),  // Maestro
    (636000, 639999, [16]),  // InterPayment, InstaPayment, Elo
    (644000, 659999, [16, 17, 18, 19]),  // Discover, Elo, RuPay, Verve
    (675900, 675999, [12, 13, 14, 15, 16, 17, 18, 19]),  // Maestro
    (676100, 676399, [12, 13, 14, 15, 16, 17, 18, 19]),  // Maestro
    (676770, 676774, [16, 18, 19]),  // Maestro UK
    (810000, 817199, [16, 17, 18, 19]),  // UnionPay, RuPay
    (817200, 829999, [16]),  // RuPay
    (860000, 860099, [16]),  // UzCard
    (979200, 979299, [16]),  // Troy
    (986000, 986099, [16]),  // Humo
]

/// Whether the digits of `value` begin with an issuer range in use and are as many as its cards have; other bytes are passed over.
private func hasCardIssuer(_ value: UnsafeRawBufferPointer) -> Bool {
    var prefix = 0
    var count = 0
    for byte in value {
        guard let digit = Identifier.digit(byte) else { continue }
        if count < 6 { prefix = prefix * 10 + digit }
        count += 1
    }
    guard count >= 12, count <= 19 else { return false }
    return cardIssuers.withUnsafeBufferPointer { issuers in
        for issuer in issuers where issuer.first <= prefix {
            if prefix <= issuer.last { return issuer.lengths.contains(count) }
        }
        return false
    }
}

/// Whether `value` is an IBAN: a country of the registry, its length there, and the check digits; spaces, hyphens and bytes outside ASCII (no-break spaces) are passed over.
///
/// Letters count in both cases. Sources: ISO 13616-1; SWIFT, IBAN Registry (lengths); ISO 7064 (MOD 97-10).
private func isIBAN(_ value: UnsafeRawBufferPointer) -> Bool {
    var count = 0
    // First four characters as numbers 0…35; they are appended after the rest.
    var head: (Int, Int, Int, Int) = (0, 0, 0, 0)
    var remainder = 0
    for byte in value {
        let number: Int
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): number = Int(byte &- UInt8(ascii: "0"))
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): number = Int(byte &- UInt8(ascii: "A")) + 10
        case UInt8(ascii: "a")...UInt8(ascii: "z"): number = Int(byte &- UInt8(ascii: "a")) + 10
        case UInt8(ascii: " "), UInt8(ascii: "-"), 0x80...0xFF: continue
        default: return false
        }
        switch count {
        case 0: head.0 = number
        case 1: head.1 = number
        case 2: head.2 = number
        case 3: head.3 = number
        default: remainder = mod97(remainder, appending: number)
        }
        count += 1
        if count > 34 { return false }
    }
    guard count >= 15, head.0 >= 10, head.1 >= 10, head.2 < 10, head.3 < 10,
        count == ibanLength(of: UInt16(head.0 - 10) * 26 + UInt16(head.1 - 10))
    else { return false }
    remainder = mod97(remainder, appending: head.0)
    remainder = mod97(remainder, appending: head.1)
    remainder = mod97(remainder, appending: head.2)
    remainder = mod97(remainder, appending: head.3)
    return remainder == 1
}

/// `remainder` after one more character, a number of 0…35 that counts as one or two decimal digits.
private func mod97(_ remainder: Int, appending number: Int) -> Int {
    (remainder * (number < 10 ? 10 : 100) + number) % 97
}

/// Characters of an IBAN of that country, or 0 where the registry has none.
///
/// - Parameter country: the two letters of ISO 3166-1 as a number in base 26, `AA` = 0.
private func ibanLength(of country: UInt16) -> Int {
    ibanLengths.withUnsafeBufferPointer { Int($0[Int(country)]) }
}

/// By country as in ``ibanLength(of:)``. Source: SWIFT, IBAN Registry, releases to 2025.
private let ibanLengths: [UInt8] = {
    let registry: [(String, UInt8)] = [
        ("AD", 24), ("AE", 23), ("AL", 28), ("AT", 20), ("AZ", 28), ("BA", 20), ("BE", 16), ("BG", 22), ("BH", 22), ("BI", 27),
        ("BR", 29), ("BY", 28), ("CH", 21), ("CR", 22), ("CY", 28), ("CZ", 24), ("DE", 22), ("DJ", 27), ("DK", 18), ("DO", 28),
        ("EE", 20), ("EG", 29), ("ES", 24), ("FI", 18), ("FK", 18), ("FO", 18), ("FR", 27), ("GB", 22), ("GE", 22), ("GI", 23),
        ("GL", 18), ("GR", 27), ("GT", 28), ("HN", 28), ("HR", 21), ("HU", 28), ("IE", 22), ("IL", 23), ("IQ", 23), ("IS", 26),
        ("IT", 27), ("JO", 30), ("KW", 30), ("KZ", 20), ("LB", 28), ("LC", 32), ("LI", 21), ("LT", 20), ("LU", 20), ("LV", 21),
        ("LY", 25), ("MC", 27), ("MD", 24), ("ME", 22), ("MK", 19), ("MN", 20), ("MR", 27), ("MT", 31), ("MU", 30), ("NI", 28),
        ("NL", 18), ("NO", 15), ("OM", 23), ("PK", 24), ("PL", 28), ("PS", 29), ("PT", 25), ("QA", 29), ("RO", 24), ("RS", 22),
        ("RU", 33), ("SA", 24), ("SC", 31), ("SD", 18), ("SE", 24), ("SI", 19), ("SK", 24), ("SM", 27), ("SO", 23), ("ST", 25),
        ("SV", 28), ("TL", 23), ("TN", 24), ("TR", 26), ("UA", 29), ("VA", 22), ("VG", 24), ("XK", 20), ("YE", 30),
    ]
    var lengths = [UInt8](repeating: 0, count: 26 * 26)
    for (country, length) in registry {
        let letters = Array(country.utf8).map { Int($0 - UInt8(ascii: "A")) }
        lengths[letters[0] * 26 + letters[1]] = length
    }
    return lengths
}()

/// Whether `value` is an ABA routing transit number: nine digits, the first two of a Federal Reserve district or its kin, and a check digit
/// by the weights 3, 7, 1.
///
/// Source: American Bankers Association, Routing Number Policy & Procedures.
private func isUSRoutingNumber(_ value: UnsafeRawBufferPointer) -> Bool {
    guard let number = Identifier(value), number.isDigits(9) else { return false }
    let district = number.number(0..<2)
    guard district <= 12 || 21...32 ~= district || 61...72 ~= district || district == 80 else { return false }
    return number.sum([3, 7, 1, 3, 7, 1, 3, 7, 1]) % 10 == 0
}

/// Whether `value` is a CLABE, the number of a Mexican bank account: eighteen digits, the last of them a check digit.
///
/// Source: Banco de México, Circular 3/2012; ABM, "Clave Bancaria Estandarizada".
private func isCLABE(_ value: UnsafeRawBufferPointer) -> Bool {
    guard let number = Identifier(value), number.isDigits(18), !number.isUniform else { return false }
    let weights = [3, 7, 1]
    let sum = (0..<17).reduce(0) { $0 + number.digit($1) * weights[$1 % 3] % 10 }
    return (10 - sum % 10) % 10 == number.digit(17)
}
