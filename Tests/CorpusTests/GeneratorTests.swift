// What `sluice corpus generate` makes of a rule.

import Foundation
import Testing

@testable import Corpus
@testable import Engine

@Suite struct GeneratorTests {
    private static let ruleFile = #"""
        rules:
          - {id: card, entity: CREDIT_CARD, pattern: '(?<![0-9])[0-9]{15,16}(?![0-9])', checks: [luhn, card-issuer]}
          - {id: iban, entity: IBAN_CODE, pattern: '\b[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}\b', checks: [iban]}
          - {id: pin, entity: PIN, pattern: '[0-9]{4}', context: {words: [pin, code], within: 8}}
          - {id: field, entity: SECRET, pattern: '[^"\\]{3,40}', context: {words: ['secret": "'], within: 10}}
          - {id: host, entity: HOST, pattern: 'https?://(?<mask>[a-z]{2,9})\.(?:org|net)/'}
          - {id: inner, entity: INNER, pattern: 'x(?<![a-z])y'}
          - {id: list, entity: LIST, pattern: '\[[a-z]{4}\]'}
          - {id: never, entity: NEVER, pattern: '[a-z]{4,8}', checks: [luhn]}
          - id: rare
            entity: RARE
            pattern: '[0-9A-F]{12}'
            checks: [{entropy: 3.5}]
            examples: ['0123456789AB']
        """#

    private func generator(_ id: String, seed: UInt64 = 1) throws -> SampleGenerator {
        let folder = try Folder(["secrets/a.yaml": Self.ruleFile])
        let corpus = try Corpus(directory: folder.path)
        return try SampleGenerator(corpus.entry(id), corpus: corpus, seed: seed)
    }

    private func rule(_ id: String) throws -> RuleSet {
        let folder = try Folder(["secrets/a.yaml": Self.ruleFile])
        return try RuleSet([Corpus(directory: folder.path).entry(id).rule])
    }

    @Test("Samples are found where they say, and near misses are not", arguments: ["card", "iban", "pin", "field", "host", "rare", "list"])
    func samples(id: String) throws {
        var generator = try generator(id)
        let rules = try rule(id)
        var texts = Set<String>()
        for _ in 0..<25 {
            let one = try generator.sample()
            let found = try rules.findings(in: Array(one.text.utf8), as: .text)
            #expect(found.map { [$0.range.lowerBound, $0.range.upperBound] } == one.spans && one.spans.count == 1)
            #expect(one.text.first != "[" && one.expect == "detect" && one.values.count == 1 && one.bare == (id != "pin" && id != "field"))
            texts.insert(one.text)
        }
        #expect(texts.count > 15)
        var notes = Set<String>()
        for _ in 0..<25 {
            let one = try generator.nearMiss()
            #expect(try rules.findings(in: Array(one.text.utf8), as: .text).isEmpty)
            #expect(one.expect == "ignore" && one.spans.isEmpty)
            notes.insert(try #require(one.note))
        }
        #expect(notes.count >= 2, "\(notes)")
    }

    @Test("The same seed gives the same texts, another one others")
    func seeds() throws {
        func texts(_ seed: UInt64) throws -> [String] {
            var generator = try generator("card", seed: seed)
            return try (0..<5).map { _ in try generator.sample().text } + (0..<5).map { _ in try generator.nearMiss().text }
        }
        #expect(try texts(1) == texts(1) && texts(1) != texts(2))
    }

    @Test("What cannot be made is said")
    func impossible() throws {
        var never = try generator("never")
        #expect("\(try #require(throws: GenerationFailure.self) { try never.sample() })".contains("passed its checks (luhn)"))
        var inner = try generator("inner")
        #expect("\(try #require(throws: GenerationFailure.self) { try inner.sample() })".contains("an assertion inside it"))
    }

    @Test("A generated text is a labelled case")
    func cases() throws {
        for (id, seed) in [("card", UInt64(3)), ("pin", 4)] {
            var generator = try generator(id, seed: seed)
            let sample = try #require(try LabelledCase.cases(line: JSONEncoder().encode(generator.sample())).first)
            #expect(sample.labels.count == 1 && sample.domain == .secrets && sample.entity == id)
            #expect(try LabelledCase.cases(line: JSONEncoder().encode(generator.nearMiss())).first?.isIgnored == true)
        }
    }

    @Test("A string that is too short lacks one repeat that the pattern asks for")
    func tooShort() throws {
        let matches = try SampleMatches(Rule(id: "a", entity: "A", pattern: "(?:ab){3}c[0-9]{2,}"))
        var random = SplitMix64(seed: "short")
        for _ in 0..<30 {
            let text = String(decoding: try #require(matches.drawTooShort(&random)).bytes, as: UTF8.self)
            #expect(text.wholeMatch(of: /(ab){2}c[0-9]{2,}|(ab){3}c[0-9]/) != nil, "\(text)")
            #expect(String(decoding: matches.draw(&random).bytes, as: UTF8.self).wholeMatch(of: /(ab){3}c[0-9]{2,}/) != nil)
        }
        #expect(try SampleMatches(Rule(id: "a", entity: "A", pattern: "abc?")).drawTooShort(&random) == nil)
    }
}
