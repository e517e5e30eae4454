// Hundreds of rules together find what each of them finds alone: in sieves that are full, beside literals and words by the hundred.

import ByteKernels
import Testing

@testable import Engine

@Suite struct ManyRulesTests {
    @Test("A set of hundreds of rules finds what they find one by one", arguments: Effort.seeds(3))
    func likeAlone(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let letters = Array("abcdefghijklmnopqrstuvwxyz")
        func word(_ count: Int, _ generator: inout SeededGenerator) -> String { String((0..<count).map { _ in generator.pick(letters) }) }
        var rules: [Rule] = []
        var samples: [String] = []
        for index in 0..<800 {
            let (pattern, context, sample): (String, [String], String)
            switch generator.below(5) {
            case 0:
                // Sought by a sieve, and, where it begins like a word, among the words.
                let prefix = word(generator.within(4...7), &generator)
                let (front, first) = generator.pick([("", prefix), (#"\b"#, prefix), ("(?<![A-Za-z])", prefix), ("(?<![A-Z0-9])", prefix.uppercased())])
                (pattern, context, sample) = ("\(front)\(first)_[a-z0-9]{4,9}", [], first + "_" + word(6, &generator))
            case 1:
                let prefix = word(3, &generator)
                (pattern, context, sample) = ("(?i)\(prefix)[0-9a-f]{8}", [], generator.pick([prefix, prefix.uppercased()]) + "00ff12ab")
            case 2:
                let (a, b) = (generator.within(2...5), generator.within(2...6))
                (pattern, context, sample) = (#"\b[0-9]{\#(a)}-[0-9]{\#(b)}\b"#, [], String(repeating: "4", count: a) + "-" + String(repeating: "7", count: b))
            case 3:
                let (first, last) = (generator.pick(letters), generator.pick(letters))
                (pattern, context, sample) = (#"\b[\#(first)-z][0-9]{3}\#(last)\b"#, [], "\(first)123\(last)")
            default:
                let own = word(generator.within(2...9), &generator)
                let digits = generator.within(4...6)
                let shape = generator.pick([own, own.uppercased(), own.prefix(1).uppercased() + own.dropFirst(), "é" + own, "my" + own.prefix(1).uppercased() + own.dropFirst()])
                (pattern, context, sample) = (#"\b[0-9]{\#(digits)}\b"#, [own, "é" + own], shape + generator.pick([": ", " ", "s: "]) + String(repeating: "5", count: digits))
            }
            rules.append(
                Rule(
                    id: "r\(index)", entity: "E", pattern: pattern, context: context.isEmpty ? nil : .init(words: context, within: generator.within(8...40)),
                    action: .report))
            samples.append(sample)
        }
        var text = ""
        while text.utf8.count < 16_000 { text += samples[generator.below(samples.count)] + generator.pick([" ", ", ", "\n", "", "x", " a longer stretch of words that mean nothing at all; "]) }
        let body = Array(text.utf8)
        let set = try RuleSet(rules)
        #expect(set.finder.sieves.count > 1)
        let together = try MaskerRun(set, .text, body, .random(of: body.count, using: &generator)).result.findings
        var oneByOne: [MaskResult.Found] = []
        for rule in rules {
            let alone = try set.alone(rule.id)
            oneByOne += try MaskerRun(try #require(alone), .text, body).result.findings
        }
        #expect(together == oneByOne.sorted(), "seed \(seed)")
        #expect(together.count > 300)
        let sought = set.compiled.flatMap(\.plan.entries).filter { !$0.anchor.isWord }
        #expect(sought.contains { $0.isSoughtWithWords } && sought.contains { !$0.isSoughtWithWords })
    }

    @Test("The kernels find the same places for words, and every word among them", arguments: Effort.seeds(40))
    func words(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let pool = Array("aebcdXYZ\"_ -sé1")
        func word() -> String { String((0..<generator.within(1...9)).map { _ in generator.pick(pool) }) }
        let words = Array(Set((0..<generator.within(1...60)).map { _ in word().lowercased() }))
        var filter = word_filter()
        for word in words { Array(word.utf8).withUnsafeBufferPointer { word_filter_add(&filter, $0.baseAddress, $0.count) } }
        var text = ""
        while text.utf8.count < 600 { text += generator.oneIn(3) ? generator.pick(words) : word() }
        let body = Array(text.utf8)
        let slack = [UInt8](repeating: 0, count: Int(KERNEL_SLACK))
        let padded = slack + body + slack
        func places(_ variant: kernel_variant) -> [UInt32] {
            var places = [UInt32](repeating: 0, count: body.count + 1)
            let count = padded.withUnsafeBufferPointer { word_filter_run(&filter, variant, $0.baseAddress! + slack.count, body.count, &places) }
            return Array(places[..<count])
        }
        let expected = places(KERNEL_PORTABLE)
        for variant in LaneTests.variants { #expect(places(variant) == expected, "seed \(seed), variant \(variant.rawValue)") }
        // What may begin there: a word of up to three bytes, of four or five, of more.
        let lengths = Dictionary(uniqueKeysWithValues: expected.map { (Int($0 & (1 << UInt32(WORD_PLACE_BITS) - 1)), $0 >> UInt32(WORD_PLACE_BITS)) })
        for start in body.indices {
            let isSeparate = body.withUnsafeBufferPointer { ContextWords.separates(start, in: $0) }
            guard isSeparate else { continue }
            for word in words where lengths[start, default: 0] & (word.utf8.count < 4 ? 1 : word.utf8.count < 6 ? 2 : 4) == 0 {
                let stands = body[start...].count >= word.utf8.count
                    && zip(body[start...], word.utf8).allSatisfy { (ContextWords.isLetter($0) ? $0 | 0x20 : $0) == $1 }
                #expect(!stands, "seed \(seed): a word at \(start) is not found")
            }
        }
    }
}
