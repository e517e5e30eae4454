// What `sluice corpus cost` and `explain` measure and say.

import Testing

@testable import Corpus
@testable import Engine

@Suite struct CostTests {
    private static let rules: [Rule] = [
        Rule(id: "card", entity: "CARD", pattern: #"(?<![0-9])[0-9]{15,16}(?![0-9])"#, checks: [.luhn]),
        Rule(id: "email", entity: "EMAIL", pattern: #"[a-z.]{1,64}@[a-z]{1,60}\.example"#, action: .block),
        Rule(id: "token", entity: "TOKEN", pattern: "tok_[A-Za-z0-9]{8,}"),
        Rule(id: "pin", entity: "PIN", pattern: "[0-9]{4}", context: .init(words: ["pin"], within: 20)),
    ]

    @Test("Typical traffic is JSON, the same each time, and about as long as asked")
    func typical() throws {
        let body = TypicalBody.json(bytes: 50_000)
        #expect(body == TypicalBody.json(bytes: 50_000))
        #expect((50_000..<52_000).contains(body.count))
        var masker = Masker(try RuleSet(Self.rules), format: .json)
        _ = try body.withUnsafeBytes { try masker.feed($0) }
        #expect(masker.statistics.brokenJSONAt == nil)
    }

    @Test("Every rule is measured: hits, findings, held bytes, its hardest input")
    func measured() throws {
        var done: [Int] = []
        let body = TypicalBody.json(bytes: 30_000)
        let result = try CostMeter(Self.rules, body: body).measure(withoutEach: true) { done.append($0) }
        #expect(done == [1, 2, 3, 4])
        #expect(Set(result.rules.map(\.rule)) == Set(Self.rules.map(\.id)))
        #expect(result.rules.map(\.alone) == result.rules.map(\.alone).sorted(by: >))
        #expect(result.bytes == body.count && result.everything > 0 && result.nothing > 0)
        for cost in result.rules {
            #expect(cost.alone > 0 && cost.worst > 0 && cost.worstInput != "none" && cost.saved != nil)
            #expect(cost.heldMedian <= cost.held99)
        }
        let email = try #require(result.rules.first { $0.rule == "email" })
        #expect(email.hitsPerKB > 0.1 && email.findingsPerKB > 0.1)
        let token = try #require(result.rules.first { $0.rule == "token" })
        #expect(token.hitsPerKB == 0 && token.findingsPerKB == 0 && token.looksWithEnd == nil)
        #expect(try CostMeter(Self.rules, body: body).measure(only: ["card"]).rules.map(\.rule) == ["card"])
    }

    @Test("A survey counts the places of grams and what the first look comes to")
    func survey() throws {
        let set = try RuleSet(Self.rules)
        let surveys = try set.survey(Array(#"["tok_abcdefgh","tok_ab","xtok_123456789","a.b@c.example","pin 1234"]"#.utf8))
        let token = try #require(surveys.first { $0.rule == "token" })
        #expect(token.ends == 2 && token.hits >= 2 && token.looks == token.hits)
        #expect(try #require(surveys.first { $0.rule == "email" }).ends >= 1)
        #expect(try #require(surveys.first { $0.rule == "pin" }).ends >= 1)
        #expect(try set.survey([]).allSatisfy { $0.hits == 0 })
    }

    @Test("A report says where a rule went, why, and what it knows of it")
    func report() throws {
        let set = try RuleSet(Self.rules)
        let token = try #require(try set.report(on: "token"))
        #expect(token.lane == "sieve" && token.isPrompt)
        #expect(token.shortestMatch == 12 && token.longestMatch == nil)
        #expect(token.chosen.first?.grams.first?.hasPrefix("tok_[0-9A-Za-z]{") == true)
        #expect(token.buckets.reduce(0) { $0 + $1.grams } == token.chosen.reduce(0) { $0 + $1.grams.count })
        let card = try #require(try set.report(on: "card"))
        #expect(card.checks == ["luhn"] && !card.isPrompt && card.shortestMatch == 15 && card.longestMatch == 16)
        #expect(card.chosen.first?.grams.first?.hasPrefix("(?<=[^0-9])") == true || card.chosen.first?.grams.first?.hasPrefix("(?<=") == true)
        let pin = try #require(try set.report(on: "pin"))
        #expect(pin.contextWords == ["pin"] && pin.contextWithin == 20)
        #expect(try set.report(on: "nobody") == nil)
    }

    @Test(
        "Sets are written as classes of a pattern",
        arguments: [
            (ByteSet.digits, "[0-9]"), (~ByteSet.digits, "[^0-9]"), (ByteSet(UInt8(ascii: ".")), "\\."), (ByteSet(ascii: "ab"), "[ab]"), (.all, "."),
            (ByteSet(ascii: "-]^"), "[\\-\\]\\^]"), (ByteSet(0x80...0xBF), "[\\x80-\\xbf]"), (ByteSet(UInt8(ascii: "\n")), "\\n"),
        ])
    func sets(set: ByteSet, written: String) { #expect(set.written == written) }

    @Test("An unknown rule is answered with the ids nearest to it")
    func unknownRule() throws {
        let corpus = try Corpus.open()
        #expect(try corpus.entry("email-address").rule.id == "email-address")
        let error = try #require(throws: CorpusError.self) { try corpus.entry("emial") }
        #expect(error.problems.first?.message.contains("there is no rule \"emial\"") == true)
        #expect(error.problems.first?.hint?.contains("\"email-address\"") == true)
    }
}
