// The reference masker's own checks and context words.

import Engine
import Foundation

enum ReferenceChecks {
    static func passes(_ check: Check, _ value: ArraySlice<UInt8>) -> Bool {
        switch check {
        case .luhn: luhn(value.filter(isDigit).map { Int($0 - 0x30) })
        case .entropy(let bits): entropy(value) >= bits
        case .ipv4Octets: ipv4(value)
        case .ssnArea: ssn(value.filter(isDigit).map { Int($0 - 0x30) })
        case .iban, .cardIssuer, .ipv6: fatalError("the reference has no \(check); leave it out of random rules")
        }
    }

    private static func luhn(_ digits: [Int]) -> Bool {
        var sum = 0
        for (place, digit) in digits.reversed().enumerated() {
            sum += place % 2 == 0 ? digit : (digit * 2 > 9 ? digit * 2 - 9 : digit * 2)
        }
        return !digits.isEmpty && sum % 10 == 0 && Set(digits).count > 1
    }

    private static func entropy(_ value: ArraySlice<UInt8>) -> Double {
        var counts = [Double](repeating: 0, count: 256)
        for byte in value { counts[Int(byte)] += 1 }
        return counts.reduce(0) { $1 == 0 ? $0 : $0 - $1 / Double(value.count) * log2($1 / Double(value.count)) }
    }

    private static func ipv4(_ value: ArraySlice<UInt8>) -> Bool {
        let parts = value.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return parts.count == 4
            && parts.allSatisfy { part in
                (1...3).contains(part.count) && part.allSatisfy(isDigit) && (part.count == 1 || part.first != UInt8(ascii: "0"))
                    && Int(String(decoding: part, as: UTF8.self))! <= 255
            }
    }

    private static func ssn(_ digits: [Int]) -> Bool {
        guard digits.count == 9 else { return false }
        let area = digits[0] * 100 + digits[1] * 10 + digits[2]
        return area != 0 && area != 666 && area < 900 && digits[3...4] != [0, 0] && digits[5...8] != [0, 0, 0, 0]
    }

    /// Whether one of the words stands in `window`, the bytes right before a match.
    static func holds(_ context: Rule.Context, window: ArraySlice<UInt8>) -> Bool {
        let window = Array(window)
        return context.words.contains { word in
            let word = Array(word.utf8)
            return window.indices.contains { start in stands(word, at: start, in: window) }
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
