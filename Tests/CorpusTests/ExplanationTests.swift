// What `sluice corpus explain --text` says became of a text.

import Testing

@testable import Corpus
@testable import Engine

@Suite struct ExplanationTests {
    private static let rules: [Rule] = [
        Rule(id: "card", entity: "CARD", pattern: #"(?<![0-9])[0-9]{15,16}(?![0-9])"#, checks: [.luhn, .cardIssuer], priority: 5),
        Rule(id: "number", entity: "NUMBER", pattern: #"[0-9]{8,20}"#),
        Rule(id: "token", entity: "TOKEN", pattern: "tok_[a-f]{8}"),
        Rule(id: "pin", entity: "PIN", pattern: "[0-9]{4}(?![0-9])", context: .init(words: ["pin"], within: 8)),
        Rule(id: "drop", entity: "SQL", pattern: "DROP TABLE", action: .block),
        Rule(id: "watch", entity: "WORD", pattern: "watch", action: .report),
        Rule(id: "pass", entity: "PASSWORD", pattern: #"pass=(?<mask>[a-z0-9]{1,20});"#, checks: [.entropy(2)]),
    ]

    private func explain(_ text: String, _ format: Format = .text, range: Range<Int>? = nil, only names: Set<String>? = nil) throws -> Explanation {
        try Explanation(
            Array(text.utf8), as: format, rules: RuleSet(Scorer.maskingOnly(Self.rules)), original: Self.rules, range: range, only: names)
    }

    /// The furthest that a rule got.
    private func line(_ explanation: Explanation, _ rule: String) -> Explanation.Line? {
        explanation.lines.first { $0.rule == rule && $0.outcome != .began } ?? explanation.lines.first { $0.rule == rule }
    }

    @Test("A match is masked, blocked or reported, with how late it was decided")
    func matches() throws {
        let explained = try explain("watch tok_abcdefab now DROP TABLE x")
        let token = try #require(line(explained, "token"))
        #expect(token.outcome == .masked && token.start == 6 && token.end == 18 && token.literal == 4 && token.decidedAfter != nil)
        #expect(line(explained, "drop")?.outcome == .blocked && line(explained, "watch")?.outcome == .reported)
        #expect(explained.mostHeld >= 11)
        #expect(try line(explain("x tok_abcdefa"), "token")?.outcome == .began)
    }

    @Test("A pattern that stops says where and what it wanted")
    func stops() throws {
        let stopped = try #require(try line(explain("see tok_abcx", only: ["token"]), "token"))
        #expect(stopped.outcome == .began && stopped.start == 4 && stopped.end == 11)
        #expect(stopped.reason == "stopped at byte 11: wanted [a-f]; the shortest match has 12 bytes")
        #expect(try line(explain("see tok_abc", only: ["token"]), "token")?.reason == "the text ends; the shortest match has 12 bytes")
    }

    @Test("Of checks those are named that fail; the part to mask is what they see")
    func checks() throws {
        let card = try #require(try line(explain("n 4111111111111112", only: ["card"]), "card"))
        #expect(card.outcome == .checkFailed && card.reason == "\(Check.luhn)" && card.start == 2 && card.end == 18)
        #expect(try line(explain("n 1234567890123452", only: ["card"]), "card")?.reason == "\(Check.cardIssuer)")
        #expect(try line(explain("pass=aaaaaa;", only: ["pass"]), "pass")?.outcome == .checkFailed)
        #expect(try line(explain("pass=a1b2c3;", only: ["pass"]), "pass")?.outcome == .masked)
    }

    @Test("A missing word is a missing context")
    func context() throws {
        let missing = try #require(try line(explain("code 1234", only: ["pin"]), "pin"))
        #expect(missing.outcome == .contextMissing && missing.reason == "none of pin in the 8 bytes before")
        #expect(try line(explain("pin: 1234"), "pin")?.outcome == .masked)
    }

    @Test("A match whose place another rule takes says who and why")
    func covered() throws {
        let covered = try #require(try line(explain("n 4111111111111111"), "number"))
        #expect(covered.outcome == .covered && covered.reason == "by card, priority 5 over 0")
        #expect(try line(explain("n 4111111111111111"), "card")?.outcome == .masked)
        #expect(try line(explain("4111111111111112"), "number")?.outcome == .masked)
    }

    @Test("A range leaves out what does not touch it; rules that are not named are left out")
    func ranges() throws {
        let text = "tok_abcdefab and tok_abcdefab"
        #expect(try explain(text, range: 17..<20).lines.map(\.start) == [17])
        #expect(try explain(text, only: ["card"]).lines.isEmpty)
    }

    @Test("What only the resolved text shows is listed too")
    func escapes() throws {
        let explained = try explain(#"{"a":"tok_abcdefa\u0062"}"#, .json)
        let token = try #require(explained.lines.first { $0.rule == "token" && $0.outcome == .masked })
        #expect(token.start == 6 && token.end == 23)
    }

    @Test("What lies across two strings of JSON is no match of the body")
    func apart() throws {
        #expect(try line(explain(#"["pass=a1b2","c3d4;"]"#, .json), "pass")?.outcome != .masked)
        let rule = Rule(id: "two", entity: "TWO", pattern: #"[a-z]","[a-z]"#)
        let explained = try Explanation(Array(#"["a","b"]"#.utf8), as: .json, rules: RuleSet([rule]), original: [rule])
        #expect(explained.lines.map(\.outcome) == [.apart])
    }

    @Test("Traces and the engine agree on what matches", arguments: ["4111111111111111 4111111111111112", "pin 1234 1234 tok_abcdefabcd watchwatch", "pass=x1y2;pass=;"])
    func agreement(text: String) throws {
        let bytes = Array(text.utf8)
        for rule in Self.rules {
            let alone = try RuleSet(Scorer.maskingOnly([rule]))
            let traced = alone.traces(of: bytes).filter { $0.stage == .matched }.count
            #expect(traced == (try alone.findings(in: bytes, as: .text)).count, "\(rule.id)")
        }
    }
}
