// Random rules and bodies: small alphabets and strings made from the patterns, so that matches, near-matches and overlaps are common.

import Cryptography
import Engine
import Foundation

/// SplitMix64 (Steele, Lea, Flood 2014): the same seed gives the same run on every machine.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    mutating func below(_ limit: Int) -> Int { Int.random(in: 0..<limit, using: &self) }

    mutating func within(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &self) }

    /// True once in `odds` times.
    mutating func oneIn(_ odds: Int) -> Bool { below(odds) == 0 }

    mutating func pick<T>(_ choices: [T]) -> T { choices[below(choices.count)] }
}

/// How much the property tests do. `SLUICE_ITERATIONS` scales every test: 100 is the default amount, 1000 ten times as much.
/// `SLUICE_SEED` starts from another seed; with the seed that a failure prints, and `SLUICE_ITERATIONS=1`, that case alone is repeated.
enum Effort {
    static let firstSeed = ProcessInfo.processInfo.environment["SLUICE_SEED"].flatMap { UInt64($0) } ?? 1
    private static let percent = ProcessInfo.processInfo.environment["SLUICE_ITERATIONS"].flatMap { Int($0) } ?? 100

    /// Seeds of a test that by default runs `count` cases.
    static func seeds(_ count: Int) -> Range<UInt64> {
        firstSeed..<firstSeed + UInt64(max(1, count * percent / 100))
    }
}

/// Which kinds of rules a test wants.
struct RuleKinds: OptionSet {
    let rawValue: Int
    static let checks = RuleKinds(rawValue: 1)
    static let context = RuleKinds(rawValue: 2)
    static let block = RuleKinds(rawValue: 4)
    static let report = RuleKinds(rawValue: 8)
    static let all: RuleKinds = [.checks, .context, .block, .report]
}

struct RandomRules {
    private var generator: SeededGenerator
    private let kinds: RuleKinds

    static func make(seed: UInt64, kinds: RuleKinds) -> [Rule] {
        var maker = RandomRules(generator: SeededGenerator(seed: seed), kinds: kinds)
        let count = maker.generator.within(1...4)
        return (0..<count).map { maker.rule($0) }
    }

    /// Such rules, compiled; now and then a pattern needs more states or more work than the engine allows, and another one is made.
    static func loaded(seed: UInt64, kinds: RuleKinds) throws -> (rules: [Rule], set: RuleSet) {
        for attempt in 0..<10 {
            let rules = make(seed: seed &+ UInt64(attempt) << 40, kinds: kinds)
            do {
                return (rules, try RuleSet(RuleSet(rules), numbers: .string, hashKey: HMACSHA256(key: ReferenceHash.key)))
            } catch {
                guard error.message.contains("states") || error.message.contains("units of work") else { throw error }
            }
        }
        preconditionFailure("ten rule sets in a row need too much")
    }

    private mutating func rule(_ index: Int) -> Rule {
        var rule = Rule(id: generator.pick(["a", "b", "c", "d"]) + "-\(index)", entity: "E\(index)", pattern: pattern())
        rule.priority = generator.oneIn(3) ? generator.within(-1...2) : 0
        rule.action = action()
        if kinds.contains(.checks), generator.oneIn(5) {
            (rule.pattern, rule.checks) = generator.pick([
                (#"\d[\d-]{2,8}"#, [.luhn]), (#"(?<![0-9])\d{3,9}"#, [.luhn]), (#"[a-c1]{3,9}"#, [.entropy(1.4)]),
                (#"\d{1,3}(?:\.\d{1,3}){3}"#, [.ipv4Octets]), (#"\b\d{3}-?\d\d-?\d{4}"#, [.ssnArea]), (#"a(?<mask>[1-4]{2,6})b?"#, [.luhn]),
            ])
        }
        if kinds.contains(.context), generator.oneIn(5) {
            rule.context = .init(words: generator.pick([["card"], ["ab"], ["key", "c"]]), within: generator.pick([3, 8, 50, 100]))
        }
        return rule
    }

    private mutating func action() -> Rule.Action {
        switch generator.below(16) {
        case 0: .redact(label: generator.pick(["", "*", "\"\\\n\u{1}", "é{}"]))
        case 1, 2: .remove
        case 3, 4, 5: .mask(maskStyle())
        case 6: .hash
        case 7 where kinds.contains(.block): .block
        case 8, 9: kinds.contains(.report) ? .report : .remove
        default: .redact(label: nil)
        }
    }

    private mutating func maskStyle() -> Rule.MaskStyle {
        Rule.MaskStyle(
            fill: generator.pick(["*", "#", "•", "\""]), keepFirst: generator.pick([0, 0, 1, 2]), keepLast: generator.pick([0, 0, 1, 4]),
            keepPunctuation: !generator.oneIn(3))
    }

    // MARK: Patterns that load

    private mutating func pattern() -> String {
        var text = generator.oneIn(8) ? "(?i)" : ""
        if generator.oneIn(4) { text += generator.oneIn(6) ? "^" : assertion() }
        let hasMask = generator.oneIn(4)
        if hasMask {
            text += atoms(0...3)
            text += "(?<mask>" + required() + atoms(0...2)
            if generator.oneIn(3) { text += ")" + tail() + (generator.oneIn(3) ? assertionAfter() : "") } else { text += unbounded() + ")" }
        } else {
            text += required() + atoms(0...3)
            if generator.oneIn(3) { text += unbounded() } else if generator.oneIn(3) { text += assertionAfter() }
        }
        return text
    }

    private mutating func atoms(_ count: ClosedRange<Int>) -> String {
        (0..<generator.within(count)).map { _ in atom() }.joined()
    }

    private mutating func tail() -> String { generator.oneIn(2) ? "" : atoms(1...2) }

    /// An unbounded repeat: only at the end, so that a match can never stay open without an end.
    private mutating func unbounded() -> String {
        generator.pick([
            oneByte() + "*", oneByte() + "+", oneByte() + "{2,}", "(?:\(required())){1,}", "(?:\(oneByte())\(oneByte()))*",
            oneByte() + "+(?:\(oneByte())\(assertionAfter()))?",
        ])
    }

    private mutating func atom() -> String {
        switch generator.below(12) {
        case 0, 1, 2: generator.pick(["a", "b", "1", "-", "ab", "11", "é", "aé", "\\.", "\\x31", "4"])
        case 3, 4, 5, 6: oneByte()
        case 7: oneByte() + repeats()
        case 8: "(?:" + required() + "|" + required() + ")"
        case 9: "(?:" + required() + required() + ")" + repeats()
        case 10: generator.oneIn(3) ? assertion() : oneByte()
        default: oneByte() + "?"
        }
    }

    /// An atom that takes at least one byte.
    private mutating func required() -> String {
        switch generator.below(6) {
        case 0: generator.pick(["ab", "a", "1", "c-", "é", "b1"])
        case 1: oneByte() + generator.pick(["{2}", "{1,3}", "{2,4}"])
        case 2: "(?:" + generator.pick(["a", "1", "ab"]) + "|" + oneByte() + "b)"
        default: oneByte()
        }
    }

    private mutating func repeats() -> String { generator.pick(["?", "{2}", "{0,2}", "{1,3}", "{2,5}"]) }

    private mutating func oneByte() -> String {
        generator.pick(["a", "b", "[ab]", "[a-c]", "[a-c1-3]", "\\d", "\\w", "[^a]", "[^\\d-]", ".", "[-1]", "\\s", "\\W", "[b\\d]", "1", "-", "[@./]"])
    }

    private mutating func assertion() -> String {
        generator.pick(["\\b", "\\b", "\\B", "(?<=-)", "(?<![a1])", "(?<!\\w)", "(?<=[^a])", "(?=[a1])"])
    }

    private mutating func assertionAfter() -> String {
        generator.pick(["\\b", "\\b", "\\B", "$", "(?=-)", "(?![a1])", "(?!\\w)", "(?=[^a])", "(?<=[a1])"])
    }
}

extension Syntax {
    /// Some string of the pattern, if its assertions allow it.
    func sample(using generator: inout SeededGenerator) -> [UInt8] {
        switch self {
        case .bytes(let set):
            let favourites = set.members.filter { "ab1-cA4 .é@".utf8.contains($0) }
            return [generator.pick(favourites.isEmpty || generator.oneIn(8) ? set.members : favourites)]
        case .sequence(let items): return items.flatMap { $0.sample(using: &generator) }
        case .alternatives(let items): return generator.pick(items).sample(using: &generator)
        case .repeated(let item, let least, let most):
            let count = generator.within(least...min(most ?? .max, least + generator.pick([0, 1, 3, 6])))
            return (0..<count).flatMap { _ in item.sample(using: &generator) }
        case .assertion: return []
        }
    }
}

/// Random bodies for a rule set.
struct RandomBodies {
    private var generator: SeededGenerator
    private let patterns: [Syntax]
    /// Documents in strings around the value that is made.
    private var nesting = 0

    /// Names that members have now and then.
    private let names: [String]

    init(seed: UInt64, rules: [Rule], names: [String] = []) throws {
        self.names = names
        generator = SeededGenerator(seed: seed ^ 0xB0D1)
        patterns = try rules.map { try ReferencePattern($0.pattern).whole }
    }

    /// Near-matches strung together.
    mutating func text(longest: Int = 120) -> [UInt8] {
        var result: [UInt8] = []
        let length = generator.below(longest)
        while result.count < length {
            var piece: [UInt8]
            switch generator.below(10) {
            case 0...5: piece = generator.pick(patterns).sample(using: &generator)
            case 6: piece = Array(generator.pick(["card ", "key=", "ab: ", "cards", "myCard", "é", "€", "😀", "\u{FFFD}", "\n"]).utf8)
            case 7: piece = (0..<generator.below(4)).map { _ in generator.pick(Array("ab1-c4. é".utf8)) }
            case 8: piece = [generator.oneIn(4) ? UInt8(generator.below(256)) : generator.pick([0xC3, 0xA9, 0x80, 0xE2, 0x22, 0x5C])]
            default: piece = Array(generator.pick([" ", "-", "12", "411-1", "78-05-1120", "10.0.0.1", ", "]).utf8)
            }
            if generator.oneIn(5), !piece.isEmpty { piece.removeLast(generator.below(piece.count)) }
            if generator.oneIn(5), !piece.isEmpty { piece.removeFirst(generator.below(piece.count)) }
            if generator.oneIn(8), !piece.isEmpty { piece[generator.below(piece.count)] = generator.pick(Array("ab1-".utf8)) }
            result += piece
        }
        return result
    }

    /// JSON with such texts in strings, keys and numbers, escaped at random; now and then broken, cut or not UTF-8.
    mutating func json(longest: Int = 60) -> [UInt8] {
        var result: [UInt8] = generator.oneIn(20) ? [0xEF, 0xBB, 0xBF] : []
        for _ in 0..<(generator.oneIn(4) ? generator.within(2...3) : 1) {
            result += value(depth: 0, longest: longest)
            result += generator.pick([[], [0x0A], [0x20]])
        }
        if generator.oneIn(5), !result.isEmpty { result.removeLast(generator.below(result.count)) }
        if generator.oneIn(6), !result.isEmpty {
            let at = generator.below(result.count)
            result.insert(contentsOf: generator.pick([[0x22], [0x5C], [0x2C], [0x7D], [0x2D], [0x61], [0x31], [0x0A], [0xC3], [0x80]]), at: at)
        }
        return result
    }

    /// JSON that parses, with texts that are UTF-8.
    mutating func validJSON(longest: Int = 60) -> [UInt8] {
        let text = String(decoding: value(depth: 0, longest: longest), as: UTF8.self)
        return Array(text.utf8)
    }

    private mutating func value(depth: Int, longest: Int) -> [UInt8] {
        func space(_ generator: inout SeededGenerator) -> [UInt8] { generator.oneIn(4) ? Array(generator.pick([" ", "\n  ", "\t"]).utf8) : [] }
        switch generator.below(depth > 3 ? 7 : 12) {
        case 0...3: return generator.oneIn(4) && nesting < 5 ? document(longest) : string(longest)
        case 4, 5: return number()
        case 6: return Array(generator.pick(["true", "false", "null"]).utf8)
        case 7...9:
            var result: [UInt8] = [UInt8(ascii: "{")]
            for index in 0..<generator.below(4) {
                if index > 0 { result.append(UInt8(ascii: ",")) }
                result += space(&generator) + key(longest / 3) + space(&generator) + [UInt8(ascii: ":")] + space(&generator)
                result += value(depth: depth + 1, longest: longest)
            }
            return result + space(&generator) + [UInt8(ascii: "}")]
        default:
            var result: [UInt8] = [UInt8(ascii: "[")]
            for index in 0..<generator.below(4) {
                if index > 0 { result.append(UInt8(ascii: ",")) }
                result += space(&generator) + value(depth: depth + 1, longest: longest)
            }
            return result + [UInt8(ascii: "]")]
        }
    }

    private mutating func number() -> [UInt8] {
        var digits = text(longest: 14).filter(isDigit)
        if digits.first == UInt8(ascii: "0") || digits.isEmpty { digits = [UInt8(ascii: "1")] + digits }
        var result = generator.oneIn(4) ? [UInt8(ascii: "-")] + digits : digits
        if generator.oneIn(4) { result += Array(generator.pick([".5", ".11", "e3", "E-12", "e+1"]).utf8) }
        return result
    }

    private mutating func string(_ longest: Int) -> [UInt8] { string(of: text(longest: longest + 1), escapeOdds: generator.pick([2, 5, 1000])) }

    private mutating func key(_ longest: Int) -> [UInt8] {
        if names.isEmpty || generator.oneIn(4) { return string(longest) }
        var name = generator.pick(names)
        if generator.oneIn(6) { name = name.uppercased() }
        if generator.oneIn(8) { name = generator.pick(["_", "-"]) + name + generator.pick(["", " "]) }
        return string(of: Array(name.utf8), escapeOdds: generator.pick([4, 1000, 1000]))
    }

    /// A string that says JSON, or nearly.
    private mutating func document(_ longest: Int) -> [UInt8] {
        nesting += 1
        defer { nesting -= 1 }
        var text = Array(generator.pick(["", "", "", " ", "\n", "[", "{"]).utf8)
        text += value(depth: 2, longest: longest / 2)
        if generator.oneIn(6) { text.removeLast(generator.below(text.count)) }
        if generator.oneIn(8), !text.isEmpty {
            text.insert(contentsOf: generator.pick([[0x22], [0x5C], [0x5C, 0x71], [0x61], [0x31], [0x0A], [0xC3]]), at: generator.below(text.count))
        }
        return string(of: text, escapeOdds: generator.pick([3, 30, 1000, 1000]))
    }

    private mutating func string(of bytes: [UInt8], escapeOdds: Int) -> [UInt8] {
        var result: [UInt8] = [UInt8(ascii: "\"")]
        var at = 0
        while at < bytes.count {
            let byte = bytes[at]
            if byte >= 0x80, generator.oneIn(escapeOdds), let (scalar, length) = scalar(in: bytes, at: at) {
                for unit in String(scalar).utf16 { result += escape(unit) }
                at += length
                continue
            }
            at += 1
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): result += generator.oneIn(2) ? [UInt8(ascii: "\\"), byte] : escape(UInt16(byte))
            case 0x0A: result += generator.oneIn(2) ? Array("\\n".utf8) : escape(0x0A)
            case 0x00..<0x20: result += escape(UInt16(byte))
            case UInt8(ascii: "/") where generator.oneIn(2): result += Array("\\/".utf8)
            case 0x00..<0x80 where generator.oneIn(escapeOdds): result += escape(UInt16(byte))
            default: result.append(byte)
            }
        }
        if generator.oneIn(40) { result += Array(generator.pick(["\\ud83d", "\\udE00", "\\q", "\\u12", "\\u12g4", "\\ud83d\\ud83d\\ude00"]).utf8) }
        return result + [UInt8(ascii: "\"")]
    }

    private mutating func escape(_ unit: UInt16) -> [UInt8] {
        let digits = String(unit, radix: 16, uppercase: generator.oneIn(2))
        return Array(("\\u" + String(repeating: "0", count: 4 - digits.count) + digits).utf8)
    }

    private func scalar(in bytes: [UInt8], at start: Int) -> (Unicode.Scalar, Int)? {
        for length in 2...4 where start + length <= bytes.count {
            if let text = String(validating: bytes[start..<start + length], as: UTF8.self), text.unicodeScalars.count == 1 {
                return (text.unicodeScalars.first!, length)
            }
        }
        return nil
    }
}
