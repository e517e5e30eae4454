// Checks (validators): conditions on a matched value that a pattern cannot say.

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// A condition on the part to mask. Pure, bounded, and false when in doubt about the shape.
public enum Check: Sendable, Hashable {
    /// Payment cards and others: the digits pass ISO/IEC 7812-1 Annex B and are not all the same.
    case luhn
    /// Digits and letters pass ISO 7064 MOD 97-10 after the first four characters moved to the end (ISO 13616, IBAN).
    case iban
    /// The digits begin with an issuer range in use, and their number fits it.
    case cardIssuer
    /// Four numbers of 0…255 separated by dots, without leading zeros (RFC 6943 §3.1.1, strict form).
    case ipv4Octets
    /// A valid IPv6 address (RFC 4291 §2.2) with at least two colons.
    case ipv6
    /// A US social security number that can have been issued: area not 000, 666 or 900–999, group not 00, serial not 0000 (20 CFR 422.103, SSA randomization 2011).
    case ssnArea
    /// At least this many bits per byte (Shannon entropy of the byte histogram).
    case entropy(Double)

    /// Names in corpus files: `luhn`, `iban`, `card-issuer`, `ipv4-octets`, `ipv6`, `ssn-area`, `entropy`.
    public static let names = ["luhn", "iban", "card-issuer", "ipv4-octets", "ipv6", "ssn-area", "entropy"]

    /// The check of that name; `number` is the argument of `entropy`, refused elsewhere.
    public init?(name: String, number: Double? = nil) {
        switch (name, number) {
        case ("luhn", nil): self = .luhn
        case ("iban", nil): self = .iban
        case ("card-issuer", nil): self = .cardIssuer
        case ("ipv4-octets", nil): self = .ipv4Octets
        case ("ipv6", nil): self = .ipv6
        case ("ssn-area", nil): self = .ssnArea
        case ("entropy", let bits?): self = .entropy(bits)
        default: return nil
        }
    }

    /// Whether `value` meets the condition.
    ///
    /// - Parameter value: the bytes of the part to mask, as a reader of the text sees them. Separators that the pattern let
    ///   through (spaces, hyphens, dots) may still be in it.
    /// - Complexity: O(`value.count`); does not allocate.
    public func passes(_ value: UnsafeRawBufferPointer) -> Bool {
        switch self {
        case .luhn: passesLuhn(value)
        case .iban: passesIBAN(value)
        case .cardIssuer: hasCardIssuer(value)
        case .ipv4Octets: isIPv4(value)
        case .ipv6: isIPv6(value)
        case .ssnArea: isIssuableSSN(value)
        case .entropy(let bits): entropyPerByte(value) >= bits - 1e-9
        }
    }
}

// MARK: - Digit strings

/// Whether the digits of `value` pass the Luhn check and are not all the same digit; other bytes are passed over.
///
/// At least two digits. Numbers of one repeated digit pass the sum often (`0000…`) and identify nothing.
///
/// Source: ISO/IEC 7812-1, Annex B.
private func passesLuhn(_ value: UnsafeRawBufferPointer) -> Bool {
    var sum = 0
    var count = 0
    var last: UInt8 = 0
    var varied = false
    for byte in value.reversed() {
        guard let digit = digitValue(byte) else { continue }
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
        guard let digit = digitValue(byte) else { continue }
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

/// Whether the nine digits of `value` are a social security number that can have been issued; other bytes are passed over.
///
/// Sources: 20 CFR 422.103(b); SSA, "Social Security Number Randomization" (2011); IRS Publication 1915 for 900–999 (ITIN).
private func isIssuableSSN(_ value: UnsafeRawBufferPointer) -> Bool {
    var number = 0
    var count = 0
    for byte in value {
        guard let digit = digitValue(byte) else { continue }
        count += 1
        if count > 9 { return false }
        number = number * 10 + digit
    }
    let area = number / 1_000_000
    let group = number / 10_000 % 100
    let serial = number % 10_000
    return count == 9 && area != 0 && area != 666 && area < 900 && group != 0 && serial != 0
}

// MARK: - IBAN

/// Whether `value` is an IBAN: a country of the registry, its length there, and the check digits; spaces and hyphens are passed over.
///
/// Letters count in both cases. Sources: ISO 13616-1; SWIFT, IBAN Registry (lengths); ISO 7064 (MOD 97-10).
private func passesIBAN(_ value: UnsafeRawBufferPointer) -> Bool {
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
        case UInt8(ascii: " "), UInt8(ascii: "-"): continue
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

// MARK: - Addresses

/// Whether `value` is four decimal numbers of 0…255 between dots, none with a leading zero.
///
/// Source: RFC 6943 §3.1.1 (strict form).
private func isIPv4(_ value: UnsafeRawBufferPointer) -> Bool {
    var octets = 0
    var at = 0
    while true {
        let start = at
        var octet = 0
        while at < value.count, at - start < 4, let digit = digitValue(value[at]) {
            octet = octet * 10 + digit
            at += 1
        }
        let digits = at - start
        guard digits > 0, octet <= 255, digits == 1 || value[start] != UInt8(ascii: "0") else { return false }
        octets += 1
        if at == value.count { return octets == 4 }
        guard octets < 4, value[at] == UInt8(ascii: ".") else { return false }
        at += 1
    }
}

/// Whether `value` is an IPv6 address: eight groups of one to four hexadecimal digits, the last two of them possibly as an IPv4
/// address, and at most one `::` for one or more groups of zeros.
///
/// Source: RFC 4291 §2.2.
private func isIPv6(_ value: UnsafeRawBufferPointer) -> Bool {
    let colon = UInt8(ascii: ":")
    var groups = 0
    var compressed = false
    var at = 0
    if value.count >= 2, value[0] == colon {
        guard value[1] == colon else { return false }
        compressed = true
        at = 2
        if at == value.count { return true }
    }
    while true {
        let start = at
        while at < value.count, at - start < 4, isHexDigit(value[at]) { at += 1 }
        if at < value.count, value[at] == UInt8(ascii: ".") {
            guard isIPv4(UnsafeRawBufferPointer(rebasing: value[start...])) else { return false }
            groups += 2
            break
        }
        guard at > start else { return false }
        groups += 1
        if at == value.count { break }
        guard groups < 8, value[at] == colon else { return false }
        at += 1
        if at < value.count, value[at] == colon {
            guard !compressed else { return false }
            compressed = true
            at += 1
            if at == value.count { break }
        }
    }
    return compressed ? groups < 8 : groups == 8
}

// MARK: - Entropy

/// Shannon entropy of the bytes of `value`, in bits per byte: 0 when empty or all the same, at most 8.
private func entropyPerByte(_ value: UnsafeRawBufferPointer) -> Double {
    guard value.count > 0 else { return 0 }
    // 1 KiB: small enough for the compiler to take it from the stack.
    return withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 256) { histogram in
        histogram.initialize(repeating: 0)
        for byte in value { histogram[Int(byte)] += 1 }
        var sum = 0.0
        for count in histogram where count > 1 { sum += Double(count) * log2(Double(count)) }
        let total = Double(value.count)
        return log2(total) - sum / total
    }
}

// MARK: - Characters

private func digitValue(_ byte: UInt8) -> Int? {
    let digit = byte &- UInt8(ascii: "0")
    return digit < 10 ? Int(digit) : nil
}

private func isHexDigit(_ byte: UInt8) -> Bool {
    digitValue(byte) != nil || (byte | 0x20) &- UInt8(ascii: "a") < 6
}
