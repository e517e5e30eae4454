// The reference masker's own checks and context words.
//
// Slow and plain on purpose, and written another way than the engine's: over arrays, from a table that says of each check what its standard says,
// with the calendar of Foundation. `ChecksTests` compares the two on values made from published ones.

import Cryptography
import Engine
import Foundation

enum ReferenceChecks {
    static func passes(_ check: Check, _ value: ArraySlice<UInt8>) -> Bool {
        switch check.name {
        case "entropy": entropy(value) >= check.number!
        case "ipv4-octets": ipv4(value)
        default:
            if let test = table[check.name] {
                test(Value(value))
            } else {
                fatalError("the reference has no \(check); leave it out of random rules")
            }
        }
    }

    /// Whether ``passes(_:_:)`` knows the check.
    static func knows(_ check: Check) -> Bool { ["entropy", "ipv4-octets"].contains(check.name) || table[check.name] != nil }

    // MARK: The table

    /// The letters and digits of a value, and the value itself.
    private struct Value {
        let raw: [UInt8]
        /// Capital letters and digits.
        let text: [Character]
        init(_ bytes: ArraySlice<UInt8>) {
            raw = Array(bytes)
            text = bytes.filter { isDigit($0) || isLetter($0) }.map { Character(UnicodeScalar(isLetter($0) ? $0 & 0xDF : $0)) }
        }
        /// The digits if there are that many and nothing else, else an empty array.
        func digits(_ counts: Int...) -> [Int] { counts.contains(text.count) && text.allSatisfy(\.isNumber) ? text.map { $0.wholeNumberValue! } : [] }
        /// Digits count themselves, letters from ten on.
        var numbers: [Int] { text.map { Int(String($0), radix: 36)! } }
        var string: String { String(text) }
        /// Whether the characters have that shape: `9` a digit, `A` a letter, `*` either, others themselves.
        func has(_ shape: String) -> Bool {
            text.count == shape.count
                && zip(text, shape).allSatisfy { character, kind in
                    switch kind {
                    case "9": character.isNumber
                    case "A": character.isLetter
                    case "*": true
                    default: character == kind
                    }
                }
        }
        func number(_ range: Range<Int>) -> Int { Int(String(text[range]))! }
    }

    private static let table: [String: @Sendable (Value) -> Bool] = [
        // Sums in which the whole number, its check digit included, is a multiple.
        "luhn": { luhn($0.text.compactMap(\.wholeNumberValue)) },
        "br-cns": { v in v.digits(15).first.map { [1, 2, 7, 8, 9].contains($0) } ?? false && dot(v.digits(15), Array((1...15).reversed())) % 11 == 0 },
        "au-abn": { v in
            guard var digits = Optional(v.digits(11)), let first = digits.first, first > 0 else { return false }
            digits[0] -= 1
            return dot(digits, [10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19]) % 89 == 0
        },
        "au-tfn": { v in
            guard varied(v) else { return false }
            if v.text.count == 8 { return multiple(v.digits(8), [10, 7, 8, 4, 6, 3, 5, 1], 11) }
            return multiple(v.digits(9), [1, 4, 3, 7, 5, 8, 6, 9, 10], 11)
        },
        "us-routing-number": { v in
            let allowed = Array(0...12) + Array(21...32) + Array(61...72) + [80]
            return multiple(v.digits(9), [3, 7, 1, 3, 7, 1, 3, 7, 1], 10) && allowed.contains(v.number(0..<2))
        },
        "ch-ahv": { v in v.string.hasPrefix("756") && multiple(v.digits(13), [1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1], 10) },
        "mod-97-10": { v in v.text.count > 4 && remainder(Array(v.text[4...]) + Array(v.text[..<4]), 97) == 1 },
        "iban": { v in
            v.raw.allSatisfy { isDigit($0) || isLetter($0) || [0x20, 0x2D].contains($0) || $0 > 0x7F }
                && v.text.count == ibanLengths[String(v.string.prefix(2))] && remainder(Array(v.text[4...]) + Array(v.text[..<4]), 97) == 1
        },
        "uk-nhs": { v in varied(v) && multiple(v.digits(10), Array((1...10).reversed()), 11) },
        "pl-pesel": { v in multiple(v.digits(11), [1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1], 10) && v.number(0..<10) > 9 },
        "nl-bsn": { v in
            let padded = String(repeating: "0", count: max(0, 9 - v.text.count)).map { _ in 0 } + v.digits(7, 8, 9)
            return v.text.count >= 7 && varied(v) && multiple(padded, [9, 8, 7, 6, 5, 4, 3, 2, -1], 11)
        },
        "hu-taj": { v in varied(v) && v.digits(9).count == 9 && dot(v.digits(9), [3, 7, 3, 7, 3, 7, 3, 7]) % 10 == v.digits(9)[8] },
        "in-aadhaar": { v in v.digits(12).count == 12 && v.digits(12)[0] >= 2 && v.text != v.text.reversed() && verhoeff(v.digits(12)) },
        "verhoeff": { v in v.text.count > 1 && varied(v) && v.text.allSatisfy(\.isNumber) && verhoeff(v.text.map { $0.wholeNumberValue! }) },
        "il-id": { v in v.digits(9).count == 9 && luhn(v.digits(9)) },
        "ssn-area": { v in
            let d = v.digits(9)
            return d.count == 9 && !["000", "666"].contains(String(v.text[..<3])) && d[0] != 9 && v.number(3..<5) > 0 && v.number(5..<9) > 0
        },
        "ca-sin": { v in v.digits(9).count == 9 && ![0, 8].contains(v.digits(9)[0]) && luhn(v.digits(9)) },
        "us-npi": { v in v.digits(10).count == 10 && [1, 2].contains(v.digits(10)[0]) && luhn([8, 0, 8, 4, 0] + v.digits(10)) },
        "ec-ci": { v in v.digits(10).count == 10 && (Array(1...24) + [30]).contains(v.number(0..<2)) && v.digits(10)[2] < 7 && luhn(v.digits(10)) },
        // Check digits by weights: the check is what a function makes of the remainder.
        "mx-clabe": { v in varied(v) && ends(v.digits(18), by: (0..<17).map { [3, 7, 1][$0 % 3] }, 10) { (10 - $0) % 10 } },
        "au-acn": { v in varied(v) && ends(v.digits(9), by: [8, 7, 6, 5, 4, 3, 2, 1], 10) { (10 - $0) % 10 } },
        "br-cpf": { v in
            let d = v.digits(11)
            return varied(v) && ends(Array(d.prefix(10)), by: Array((2...10).reversed()), 11, underTwo) && ends(d, by: Array((2...11).reversed()), 11, underTwo)
        },
        "br-pis": { v in varied(v) && ends(v.digits(11), by: [3, 2, 9, 8, 7, 6, 5, 4, 3, 2], 11, underTwo) },
        "br-renavam": { v in varied(v) && ends(v.digits(11), by: [3, 2, 9, 8, 7, 6, 5, 4, 3, 2], 11) { $0 * 10 % 11 % 10 } },
        "br-cnpj": { v in
            guard v.has("************99"), varied(v) else { return false }
            let codes = v.text.map { Int($0.asciiValue!) - 48 }
            return ends(Array(codes[..<13]), by: [5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2], 11, underTwo)
                && ends(codes, by: [6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2], 11, underTwo)
        },
        "ar-cuit": { v in
            ["20", "23", "24", "25", "26", "27", "30", "33", "34"].contains(String(v.string.prefix(2)))
                && ends(v.digits(11), by: [5, 4, 3, 2, 7, 6, 5, 4, 3, 2], 11) { $0 == 0 ? 0 : $0 == 1 ? 9 : 11 - $0 }
        },
        "pe-ruc": { v in
            ["10", "15", "16", "17", "20"].contains(String(v.string.prefix(2)))
                && ends(v.digits(11), by: [5, 4, 3, 2, 7, 6, 5, 4, 3, 2], 11) { (11 - $0) % 10 }
        },
        "jp-my-number": { v in varied(v) && ends(v.digits(12), by: [6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2], 11, underTwo) },
        "th-tnin": { v in varied(v) && (1...8).contains(v.digits(13).first ?? 0) && ends(v.digits(13), by: Array((2...13).reversed()), 11) { (11 - $0) % 10 } },
        "ir-melli": { v in varied(v) && ends(v.digits(10), by: Array((2...10).reversed()), 11) { $0 < 2 ? $0 : 11 - $0 } },
        "pl-nip": { v in varied(v) && ends(v.digits(10), by: [6, 5, 7, 2, 3, 4, 5, 6, 7], 11) { $0 } },
        "pt-nif": { v in
            let kinds = ["1", "2", "3", "5", "6", "8", "45", "70", "71", "72", "74", "75", "77", "78", "79", "90", "91", "98", "99"]
            return varied(v) && kinds.contains { v.string.hasPrefix($0) } && ends(v.digits(9), by: Array((2...9).reversed()), 11, underTwo)
        },
        "gr-afm": { v in varied(v) && ends(v.digits(9), by: (1...8).reversed().map { 1 << $0 }, 11) { $0 % 10 } },
        "ua-rnokpp": { v in varied(v) && ends(v.digits(10), by: [-1, 5, 7, 9, 4, 6, 10, 5, 7], 11) { $0 % 10 } },
        "ru-inn": { v in
            guard varied(v), !v.string.hasPrefix("00") else { return false }
            let d = v.digits(10, 12)
            if d.count == 10 { return ends(d, by: [2, 4, 10, 3, 5, 9, 4, 6, 8], 11) { $0 % 10 } }
            return ends(Array(d.prefix(11)), by: [7, 2, 4, 10, 3, 5, 9, 4, 6, 8], 11) { $0 % 10 } && ends(d, by: [3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8], 11) { $0 % 10 }
        },
        "ru-snils": { v in
            let d = v.digits(11)
            return d.count == 11 && v.number(0..<9) > 1_001_998 && dot(d, Array((1...9).reversed())) % 101 % 100 == v.number(9..<11)
        },
        "cz-ico": { v in varied(v) && ends(v.digits(8), by: Array((2...8).reversed()), 11) { (11 - $0) % 10 } },
        "si-tax-id": { v in varied(v) && !v.string.hasPrefix("0") && ends(v.digits(8), by: Array((2...8).reversed()), 11) { $0 == 0 ? -1 : (11 - $0) % 10 } },
        "pl-regon": { v in
            let d = v.digits(9, 14)
            guard varied(v), ends(Array(d.prefix(9)), by: [8, 9, 2, 3, 4, 5, 6, 7], 11, { $0 % 10 }) else { return false }
            return d.count == 9 || ends(d, by: [2, 4, 8, 5, 0, 9, 7, 3, 6, 1, 2, 4, 8], 11) { $0 % 10 }
        },
        "kr-brn": { v in
            let d = v.digits(10)
            return varied(v) && d.count == 10 && (dot(d, [1, 3, 7, 1, 3, 7, 1, 3, 5]) + d[8] * 5 / 10 + d[9]) % 10 == 0
        },
        // With a day in them.
        "es-nif": { v in
            guard v.has("*9999999A"), let first = ["X": 0, "Y": 1, "Z": 2, "K": 0, "L": 0, "M": 0][v.text[0]] ?? v.text[0].wholeNumberValue else { return false }
            return Array("TRWAGMYFPDXBNJZSQVHLCKE")[Int("\(first)" + String(v.text[1..<8]))! % 23] == v.text[8]
        },
        "za-id": { v in day(v, "yymmdd") && v.digits(13).count == 13 && v.digits(13)[10] <= 2 && luhnOnly(v.digits(13)) },
        "gr-amka": { v in v.digits(11).count == 11 && day(v, "ddmmyy") && luhnOnly(v.digits(11)) },
        "dk-cpr": { v in v.digits(10).count == 10 && day(v, "ddmmyy") && v.number(6..<10) > 0 },
        "my-nric": { v in
            let unused = [0, 17, 18, 19, 20, 69, 70, 73, 80, 81, 94, 95, 96, 97]
            return v.digits(12).count == 12 && day(v, "yymmdd") && !unused.contains(v.number(6..<8))
        },
        "kr-rrn": { v in v.digits(13).count == 13 && day(v, "yymmdd") && (1...8).contains(v.digits(13)[6]) },
        "ro-cnp": { v in v.digits(13).count == 13 && day(v, " yymmdd") && v.text[0] != "0" && ends(v.digits(13), by: [2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9], 11) { $0 == 10 ? 1 : $0 } },
        "cn-id": { v in
            guard v.has("99999999999999999*"), (11...91).contains(v.number(0..<2)), day(v, "      yyyymmdd") else { return false }
            return (dot(v.text[..<17].map { $0.wholeNumberValue! }, (1...17).reversed().map { (1 << $0) % 11 }) + (v.text[17] == "X" ? 10 : v.text[17].wholeNumberValue ?? 99)) % 11 == 1
                && (v.text[17].isNumber || v.text[17] == "X")
        },
        "lu-nin": { v in
            let d = v.digits(13)
            return d.count == 13 && day(v, "yyyymmdd") && luhnOnly(Array(d[..<12])) && verhoeff(Array(d[..<11]) + [d[12]])
        },
        // Letters.
        "sg-nric": { v in
            guard v.has("A9999999A") else { return false }
            let sum = dot(v.text[1..<8].map { $0.wholeNumberValue! }, [2, 7, 6, 5, 4, 3, 2])
            let series: [Character: (Int, String)] = [
                "S": (0, "JZIHGFEDCBA"), "T": (4, "JZIHGFEDCBA"), "F": (0, "XWUTRQPNMLK"), "G": (4, "XWUTRQPNMLK"), "M": (3, "XWUTRQPNJLK"),
            ]
            return series[v.text[0]].map { Array($0.1)[(sum + $0.0) % 11] == v.text[8] } ?? false
        },
        "us-dea": { v in
            guard v.has("AA9999999") || v.has("A99999999") && v.text[1] == "9" else { return false }
            let d = v.text[2...].map { $0.wholeNumberValue! }
            return (d[0] + d[2] + d[4] + 2 * (d[1] + d[3] + d[5])) % 10 == d[6]
        },
        "de-vat": { v in v.has("DE999999999") && v.text[2] != "0" && hybrid(v.text[2...].map { $0.wholeNumberValue! }) },
        "de-tax-id": { v in v.digits(11).count == 11 && v.text[0] != "0" && varied(v) && hybrid(v.digits(11)) },
        "mod-11-10": { v in v.text.count > 1 && v.text.allSatisfy(\.isNumber) && varied(v) && hybrid(v.text.map { $0.wholeNumberValue! }) },
        "de-physician": { v in v.digits(9).count == 9 && v.number(0..<6) > 0 && (dot(v.digits(9), [4, 9, 4, 9, 4, 9]) + v.digits(9)[6]) % 10 == 0 },
        "pl-id-card": { v in v.has("AAA999999") && dot(v.numbers, [7, 3, 1, 9, 7, 3, 1, 7, 3]) % 10 == 0 },
        "pl-passport": { v in v.has("AA9999999") && dot(v.numbers, [7, 3, 9, 1, 7, 3, 1, 7, 3]) % 10 == 0 },
        "fr-nir": { v in
            guard v.has("999999999999999") || v.has("999999A99999999") && v.text[5] == "2" && "AB".contains(v.text[6]), "123478".contains(v.text[0]) else { return false }
            let body = String(v.text[..<13]).replacingOccurrences(of: "2A", with: "19").replacingOccurrences(of: "2B", with: "18")
            return (Int(body)! + v.number(13..<15)) % 97 == 0 && v.number(13..<15) > 0 && v.number(13..<15) <= 97
        },
        "fr-spi": { v in v.digits(13).count == 13 && varied(v) && "0123".contains(v.text[0]) && v.number(0..<10) % 511 == v.number(10..<13) },
        "base58check": { v in
            let alphabet = Array("123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz".utf8)
            let trimmed = String(decoding: v.raw, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
            var big: [Int] = Array(repeating: 0, count: 40)
            for character in trimmed.utf8 {
                guard var carry = alphabet.firstIndex(of: character) else { return false }
                for index in big.indices {
                    carry += big[index] * 58
                    big[index] = carry % 256
                    carry /= 256
                }
            }
            guard big[25...].allSatisfy({ $0 == 0 }), trimmed.utf8.count < 54 else { return false }
            let bytes = big[..<25].reversed().map { UInt8($0) }
            return SHA256.digest(of: SHA256.digest(of: Array(bytes[..<21]))).prefix(4) == bytes[21...]
        },
    ]

    // MARK: Arithmetic

    private static func dot(_ digits: [Int], _ weights: [Int]) -> Int { zip(digits, weights).map { $0 * $1 }.reduce(0, +) }

    private static func multiple(_ digits: [Int], _ weights: [Int], _ modulus: Int) -> Bool {
        digits.count == weights.count && dot(digits, weights) % modulus == 0
    }

    /// Whether the last digit is what `check` makes of the remainder of the others' weighted sum.
    private static func ends(_ digits: [Int], by weights: [Int], _ modulus: Int, _ check: (Int) -> Int) -> Bool {
        guard digits.count == weights.count + 1 else { return false }
        let rest = dot(digits, weights) % modulus
        return digits.last == check(rest < 0 ? rest + modulus : rest)
    }

    private static func underTwo(_ rest: Int) -> Int { rest < 2 ? 0 : 11 - rest }

    /// The remainder of a number written with letters of two digits each, by long division.
    private static func remainder(_ text: [Character], _ modulus: Int) -> Int {
        text.map { String(Int(String($0), radix: 36)!) }.joined().reduce(0) { ($0 * 10 + $1.wholeNumberValue!) % modulus }
    }

    private static func luhnOnly(_ digits: [Int]) -> Bool {
        var sum = 0
        for (place, digit) in digits.reversed().enumerated() {
            sum += place % 2 == 0 ? digit : (digit * 2 > 9 ? digit * 2 - 9 : digit * 2)
        }
        return !digits.isEmpty && sum % 10 == 0
    }

    private static func luhn(_ digits: [Int]) -> Bool { luhnOnly(digits) && Set(digits).count > 1 }

    private static func varied(_ value: Value) -> Bool { Set(value.text).count > 1 }

    /// ISO 7064 MOD 11,10 with its tables of products.
    private static func hybrid(_ digits: [Int]) -> Bool {
        var carry = 10
        for digit in digits.dropLast() {
            carry = (carry + digit) % 10
            if carry == 0 { carry = 10 }
            carry = carry * 2 % 11
        }
        return (11 - carry) % 10 == digits.last
    }

    /// The Verhoeff check with its printed tables.
    private static func verhoeff(_ digits: [Int]) -> Bool {
        let product = [
            "0123456789", "1234067895", "2340178956", "3401289567", "4012395678", "5987604321", "6598710432", "7659821043", "8765932104", "9876543210",
        ].map { $0.map { $0.wholeNumberValue! } }
        let permutation = ["0123456789", "1576283094", "5803796142", "8916043527", "9453126870", "4286573901", "2793806415", "7046913258"].map {
            $0.map { $0.wholeNumberValue! }
        }
        return digits.reversed().enumerated().reduce(0) { product[$0][permutation[$1.offset % 8][$1.element]] } == 0
    }

    /// Whether there is a day where the shape has `y`, `m` and `d`; a year of two digits is one of 1900…2099.
    private static func day(_ value: Value, _ shape: String) -> Bool {
        func part(_ letter: Character) -> Int? { Int(zip(shape, value.text).filter { $0.0 == letter }.map { String($0.1) }.joined()) }
        guard let year = part("y"), let month = part("m"), let day = part("d") else { return false }
        let years = shape.contains("yyyy") ? [year] : [1900 + year, 2000 + year]
        return years.contains { year in
            (1800..<2200).contains(year) && DateComponents(calendar: Calendar(identifier: .gregorian), year: year, month: month, day: day).isValidDate
        }
    }

    private static let ibanLengths = ["DE": 22, "GB": 22, "NO": 15, "FR": 27, "MT": 31, "KZ": 20, "BR": 29, "AD": 24, "LC": 32]

    private static func entropy(_ value: ArraySlice<UInt8>) -> Double {
        var counts = [Double](repeating: 0, count: 256)
        for byte in value { counts[Int(byte)] += 1 }
        return counts.reduce(0) { $1 == 0 ? $0 : $0 - $1 / Double(value.count) * log2($1 / Double(value.count)) }
    }

    private static func ipv4(_ value: ArraySlice<UInt8>) -> Bool {
        let text = String(decoding: value, as: UTF8.self).split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        if text.count == 2 { guard (1...3).contains(text[1].utf8.count), text[1].utf8.allSatisfy(isDigit), Int(text[1])! <= 32 else { return false } }
        let parts = text[0].utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return text.count <= 2 && parts.count == 4
            && parts.allSatisfy { part in
                (1...3).contains(part.count) && part.allSatisfy(isDigit) && (part.count == 1 || part.first != UInt8(ascii: "0"))
                    && Int(String(Substring(part)))! <= 255
            }
    }

    // MARK: Context words

    /// Whether one of the words stands in `window`, the bytes right before a match and one more in front of them.
    static func holds(_ context: Rule.Context, window: ArraySlice<UInt8>) -> Bool {
        let window = Array(window)
        return context.words.contains { word in
            let word = Array(word.utf8)
            return window.indices.suffix(context.within).contains { start in stands(word, at: start, in: window) }
        }
    }

    private static func stands(_ word: [UInt8], at start: Int, in window: [UInt8]) -> Bool {
        let end = start + word.count
        guard end <= window.count else { return false }
        for (offset, byte) in word.enumerated() where lowercase(window[start + offset]) != lowercase(byte) { return false }
        if touches(window, start) { return false }
        if !touches(window, end) { return true }
        return lowercase(window[end]) == UInt8(ascii: "s") && !touches(window, end + 1)
    }

    /// Whether letters on both sides of `boundary` belong to one word: no edge, no other byte, no step from lower to upper case.
    private static func touches(_ window: [UInt8], _ boundary: Int) -> Bool {
        guard boundary > 0, boundary < window.count else { return false }
        let (left, right) = (window[boundary - 1], window[boundary])
        return isLetter(left) && isLetter(right) && !((0x61...0x7A).contains(left) && (0x41...0x5A).contains(right))
    }

    private static func lowercase(_ byte: UInt8) -> UInt8 { isLetter(byte) ? byte | 0x20 : byte }
}
