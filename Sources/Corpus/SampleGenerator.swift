// Samples of a rule: texts in which it must match, and near misses in which it must not, made from its pattern, checks and context.

import Engine
import Foundation

/// A text made from a rule, as a labelled case.
public struct GeneratedCase: Sendable, Encodable {
    public var id: String
    public var source = "generated"
    public var file: String
    public var rule: String
    public var entity: String
    /// Absent for credentials, as in files of cases.
    public var kind: String?
    public var text: String
    /// `detect` or `ignore`.
    public var expect: String
    /// Byte offsets of what the rule takes.
    public var spans: [[Int]]
    public var values: [String]
    /// Stands alone: the rule needs no words in front.
    public var bare: Bool
    /// Of a near miss: what is wrong with it.
    public var note: String?

    private enum CodingKeys: String, CodingKey { case id, source, file, rule, entity, kind, text, expect, spans, values, bare, note }
}

/// Why fewer samples were made than were asked for.
public struct GenerationFailure: Error, CustomStringConvertible {
    public var description: String
}

/// Makes samples of one rule: the same for the same rule, seed and number on every machine.
///
/// A string is drawn from the pattern. Where checks refuse it, bytes are changed within what the pattern allows until they pass; where that does not succeed in
/// ``mostTries``, a value of the rule's own examples is changed step by step so that each step passes. Whatever is made is tried with the rule itself
/// before it is given out.
public struct SampleGenerator {
    /// Tests of checks for one sample.
    static let mostTries = 200_000
    /// Strings drawn for them, and variations of examples tried.
    private static let mostDraws = 40
    private static let mostVariations = 20

    private let entry: Entry
    private let rules: RuleSet
    private let matches: SampleMatches
    private var random: SplitMix64
    private let seed: UInt64
    private var made = 0
    /// Values of the examples that pass the checks.
    private let known: [SampleMatches.Draw]

    /// - Throws: that the engine refuses the rule.
    public init(_ entry: Entry, corpus: Corpus, seed: UInt64) throws(CorpusError) {
        self.entry = entry
        self.seed = seed
        random = SplitMix64(seed: "\(entry.rule.id)/\(seed)")
        let rules = try corpus.compile(Scorer.maskingOnly([entry.rule]))
        self.rules = rules
        do { matches = try SampleMatches(entry.rule) } catch { throw CorpusError([corpus.problem(of: error)]) }
        known = entry.examples.flatMap { example -> [SampleMatches.Draw] in
            let bytes = Array(example.text.utf8)
            let found = (try? rules.findings(in: bytes, as: .text)) ?? []
            return found.map { SampleMatches.Draw(example: Array(bytes[$0.range])) }
        }
    }

    // MARK: Samples

    /// The next text in which the rule matches.
    ///
    /// - Throws: ``GenerationFailure``, with what stood in the way.
    public mutating func sample() throws -> GeneratedCase {
        var isChecked = false
        for round in 0..<Self.mostDraws + Self.mostVariations {
            guard let draw = round < Self.mostDraws ? checked(matches.draw(&random), tries: Self.mostTries / Self.mostDraws) : moved() else { continue }
            isChecked = true
            if let text = try placed(draw) { return text }
        }
        let checks = entry.rule.checks.map { "\($0)" }.joined(separator: ", ")
        throw GenerationFailure(
            description: isChecked
                ? "what was drawn from the pattern of \"\(entry.rule.id)\" is not found where it stands: an assertion inside it, or a wider match, is in the way"
                : "no value drawn from the pattern of \"\(entry.rule.id)\" passed its checks (\(checks)) in \(Self.mostTries) tries, and no example could be varied")
    }

    private func passed(_ draw: SampleMatches.Draw) -> Int {
        draw.bytes[draw.mask].withUnsafeBytes { part in entry.rule.checks.count { $0.passes(part) } }
    }

    /// The string, changed until all checks pass; nil where they do not in so many tries.
    private mutating func checked(_ draw: SampleMatches.Draw, tries: Int) -> SampleMatches.Draw? {
        var draw = draw
        var best = passed(draw)
        let free = draw.mask.filter { draw.choices[$0].count > 1 }
        for _ in 0..<tries where best < entry.rule.checks.count {
            guard !free.isEmpty else { return nil }
            var changed = draw
            for _ in 0...Int.random(in: 0...2, using: &random) {
                let place = free.randomElement(using: &random) ?? 0
                changed.bytes[place] = changed.choices[place].randomElement(using: &random) ?? 0
            }
            let count = passed(changed)
            if count >= best { (draw, best) = (changed, count) }
        }
        return best == entry.rule.checks.count ? draw : nil
    }

    /// A value of an example, moved away from it by changes of one byte or two that keep the checks passed.
    private mutating func moved() -> SampleMatches.Draw? {
        guard var draw = known.randomElement(using: &random) else { return nil }
        let free = draw.mask.filter { draw.choices[$0].count > 1 }
        guard !free.isEmpty else { return draw }
        let all = entry.rule.checks.count
        for _ in 0..<2 * free.count {
            var changed = draw
            let first = free.randomElement(using: &random) ?? 0
            changed.bytes[first] = changed.choices[first].randomElement(using: &random) ?? 0
            if passed(changed) < all {
                let second = free.randomElement(using: &random) ?? 0
                let fitting = changed.choices[second].first { byte in
                    changed.bytes[second] = byte
                    return passed(changed) == all
                }
                if fitting == nil { continue }
            }
            draw = changed
        }
        return passed(draw) == all ? draw : nil
    }

    /// The string in a text in which the rule finds it; nil where there is none.
    private mutating func placed(_ draw: SampleMatches.Draw) throws -> GeneratedCase? {
        for (before, after) in surroundings() {
            let text = before + draw.bytes + after
            // Commands would take it for JSON.
            if text.first == UInt8(ascii: "{") || text.first == UInt8(ascii: "[") { continue }
            let part = draw.mask.lowerBound + before.count..<draw.mask.upperBound + before.count
            let found = try rules.findings(in: text, as: .text)
            guard found.count == 1, let range = found.first?.range, range.lowerBound <= part.lowerBound, range.upperBound >= part.upperBound,
                range.upperBound <= before.count + draw.bytes.count, String(validating: text, as: UTF8.self) != nil
            else { continue }
            return generated(text, "detect", [range])
        }
        return nil
    }

    /// What may stand around a match: a word of the context if there is one, then what separates values in texts.
    private mutating func surroundings() -> [([UInt8], [UInt8])] {
        guard let context = entry.rule.context else { return [("", ""), ("see ", " there"), ("\"", "\""), ("\n", "\n")].map { (Array($0.utf8), Array($1.utf8)) } }
        let words = context.words.filter { $0.utf8.count <= context.within }.shuffled(using: &random)
        return words.prefix(4).flatMap { word in
            [("\(word) ", ""), ("\(word): ", ""), (word, ""), (word, "\""), ("\(word)=\"", "\""), ("\(word) ", " there")].map { (Array($0.utf8), Array($1.utf8)) }
        }
    }

    private mutating func generated(_ text: [UInt8], _ expect: String, _ spans: [Range<Int>], note: String? = nil) -> GeneratedCase {
        made += 1
        return GeneratedCase(
            id: "generated:\(entry.rule.id):\(seed):\(made)", file: entry.location.file, rule: entry.rule.id, entity: entry.rule.entity,
            kind: entry.folder.hasPrefix("secrets") ? nil : "text", text: String(decoding: text, as: UTF8.self), expect: expect,
            spans: spans.map { [$0.lowerBound, $0.upperBound] }, values: spans.map { String(decoding: text[$0], as: UTF8.self) },
            bare: entry.rule.context == nil, note: note)
    }

    // MARK: Near misses

    /// Ways to spoil a match.
    private enum Spoil: String, CaseIterable {
        case check = "a byte replaced by one of its kind: the checks fail"
        case byte = "a byte replaced by one of another kind"
        case short = "a repeat cut one short"
        case before = "a letter or digit in front"
        case behind = "a letter or digit behind"
        case word = "without the words in front"
    }

    /// The next text that is nearly a match and is none.
    ///
    /// - Throws: ``GenerationFailure`` where nothing near the pattern could be made that the rule leaves alone.
    public mutating func nearMiss() throws -> GeneratedCase {
        for turn in 0..<4 * Spoil.allCases.count {
            // In turn, so that each way that works is shown.
            let way = Spoil.allCases[(made + turn) % Spoil.allCases.count]
            for _ in 0..<8 {
                guard let text = try spoiled(way), String(validating: text, as: UTF8.self) != nil, try rules.findings(in: text, as: .text).isEmpty else { continue }
                return generated(text, "ignore", [], note: way.rawValue)
            }
        }
        throw GenerationFailure(description: "nothing near the pattern of \"\(entry.rule.id)\" could be made that the rule leaves alone")
    }

    private mutating func spoiled(_ way: Spoil) throws -> [UInt8]? {
        if way == .short {
            guard let draw = matches.drawTooShort(&random), let (before, after) = surroundings().randomElement(using: &random) else { return nil }
            return before + draw.bytes + after
        }
        let whole = try sample()
        made -= 1
        guard let span = whole.spans.first else { return nil }
        var text = Array(whole.text.utf8)
        let range = span[0]..<span[1]
        let place = Int.random(in: range, using: &random)
        switch way {
        case .check:
            guard !entry.rule.checks.isEmpty else { return nil }
            let kind = SampleMatches.Draw.like(text[place]).filter { $0 != text[place] }
            guard let other = kind.randomElement(using: &random) else { return nil }
            text[place] = other
        case .byte:
            let others: [UInt8] = SampleMatches.Draw.like(text[place]).first == UInt8(ascii: "0") ? Array("xK_".utf8) : Array("#~ 7\"".utf8)
            guard let other = others.randomElement(using: &random) else { return nil }
            text[place] = other
        case .before: text.insert(Array("a7Z".utf8).randomElement(using: &random) ?? 0x61, at: range.lowerBound)
        case .behind: text.insert(Array("a7Z".utf8).randomElement(using: &random) ?? 0x61, at: range.upperBound)
        case .word:
            guard entry.rule.context != nil else { return nil }
            text = Array(text[range])
        case .short: return nil
        }
        return text
    }
}

extension SampleMatches.Draw {
    /// A value as it stands in an example, whose letters and digits may be others of their kind.
    fileprivate init(example: [UInt8]) {
        self.init(bytes: example, choices: example.map(Self.like), mask: 0..<example.count)
    }

    /// The digits, small letters or capital letters that the byte is one of; else the byte alone.
    fileprivate static func like(_ byte: UInt8) -> [UInt8] {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): Array("0123456789".utf8)
        case UInt8(ascii: "a")...UInt8(ascii: "z"): Array("abcdefghijklmnopqrstuvwxyz".utf8)
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ".utf8)
        default: [byte]
        }
    }
}

extension SplitMix64: RandomNumberGenerator {}
