// The engine against the reference masker, which shares no code with it: on random rules and random bodies both give the same bytes.

import Engine
import Testing

@Suite struct ReferenceTests {
    /// Masks the body once with the reference, and with the engine for each of these cuts.
    private func compare(_ rules: [Rule], _ set: RuleSet, _ format: Format, _ body: [UInt8], _ allCuts: [Cuts], seed: UInt64) throws {
        let expected = try ReferenceMasker(rules, format: format).mask(body)
        for cuts in allCuts {
            guard let difference = difference(try MaskerRun(set, format, body, cuts).result, expected) else { continue }
            Issue.record(
                """
                seed \(seed): \(format.rawValue) body \(shown(body)) with \(cuts):
                \(difference)
                rules:
                \(shown(rules))
                """)
        }
    }

    private func randomCase(_ format: Format, seed: UInt64) throws {
        let (rules, set) = try RandomRules.loaded(seed: seed, kinds: .all)
        var bodies = try RandomBodies(seed: seed, rules: rules)
        var generator = SeededGenerator(seed: seed ^ 0xFEED)
        for _ in 0..<3 {
            let body = format == .text ? bodies.text() : bodies.json()
            try compare(rules, set, format, body, [.whole, .random(of: body.count, using: &generator)], seed: seed)
        }
    }

    @Test("The engine masks random texts like the reference", arguments: Effort.seeds(250))
    func text(seed: UInt64) throws { try randomCase(.text, seed: seed) }

    @Test("The engine masks random JSON like the reference", arguments: Effort.seeds(250))
    func json(seed: UInt64) throws { try randomCase(.json, seed: seed) }

    @Test("An escape that stands for two bytes is not cut through in the document of its string, whatever a rule begins with", arguments: [
        #"["{\"a\" \q1234 \q12 q1234\q1234\q"]"#, #"{"k":"{\"a\":\"x\\\q1234\",\"b\":1\q1234"}"#, #""[\"\\\q1234\\\q12""#, #"["{\"a\":\"\u00e9q1234\u20ac\"} \u00e9q12"]"#,
    ])
    func wideEscapes(text: String) throws {
        let rules = [Rule(id: "q", entity: "Q", pattern: "q[0-9]{4}"), Rule(id: "w", entity: "W", pattern: #"[^a]q1"#, action: .remove)]
        for rules in [[rules[0]], [rules[1]], rules] {
            let body = Array(text.utf8)
            let cuts = [.whole, .every(1, of: body.count), .every(2, of: body.count), .every(3, of: body.count)] + body.indices.map { Cuts(offsets: [$0]) }
            try compare(rules, RuleSet(rules), .json, body, cuts, seed: 0)
        }
    }

    @Test("Matches around the longest hold come out like the reference's", arguments: Effort.seeds(8))
    func longMatches(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        // Rules with checks begin with a byte that stands only in front of a run: a failed check is tried again from every start.
        let patterns: [(String, [Check], Rule.Action)] = [
            ("a[ab1]+", [], .redact(label: nil)), ("a[ab1]+", [], .mask(.init(keepLast: 2))), ("k[ab1]+", [.entropy(1.2)], .remove),
            ("ab(?<mask>[ab1]{2,})", [], .mask(.init(keepLast: 1))), ("k(?<mask>(?:[ab]{1,900}-){1,4}[ab]{0,90})c?", [], .mask(.init())),
            ("k(?:[ab]{2})*", [.entropy(0.5)], .block), ("b[ab1]{3,}", [], .report), ("k(?:[ab-]{900}){4}", [], .remove),
            ("k(?<mask>[ab-]+)c?", [], .redact(label: "TAIL")), ("k[ab1]{3,}", [.entropy(0.1)], .block), ("k[ab1]{3,}", [.entropy(0.1)], .report),
            ("k(?<mask>[ab-]{5,})", [.entropy(1)], .redact(label: "LONG")), ("1[ab]{2,}", [], .remove), ("[ab]{40}", [], .redact(label: nil)),
        ]
        let rules = (0..<generator.within(1...3)).map { index in
            let (pattern, checks, action) = generator.pick(patterns)
            return Rule(id: "r\(index)", entity: "E\(index)", pattern: pattern, checks: checks, action: action, priority: generator.below(2))
        }
        let set = try RuleSet(rules)
        for format in [Format.text, .json] {
            var body = Array(generator.pick(["", "b1 ", "kab-"]).utf8)
            for _ in 0..<2 {
                let length = generator.pick([4090, 4094, 4095, 4096, 4097, 4098, 4100, 4500, 8191, 8192, 8193]) + generator.within(-1...1)
                var run = Array(generator.pick(["k", "a", "1a", "kab", "b1a"]).utf8)
                let alphabet = Array(generator.pick(["ab", "a", "ab1", "aaaaaaaaaaaaaaaab-"]).utf8)
                while run.count < length { run.append(generator.pick(alphabet)) }
                body += run + Array(generator.pick([" ", "é ", "c", ".b1aaa "]).utf8)
            }
            if format == .json { body = [UInt8(ascii: "\"")] + body + [UInt8(ascii: "\"")] }
            let random = Cuts.random(of: body.count, using: &generator)
            try compare(rules, set, format, body, [.whole, random, .every(generator.within(90...1500), of: body.count)], seed: seed)
        }
    }

    @Test("Starts with more ends than are checked come out like the reference's", arguments: Effort.seeds(40))
    func manyEnds(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let patterns: [(String, [Check])] = [
            ("[12]{3,}", [.luhn]), ("k[ab]{1,90}", [.entropy(0.999)]), ("k(?<mask>[ab]{2,})a?", [.entropy(0.999)]), ("[ab]{2,70}", [.entropy(0.9995)]),
            ("k[ab]{40,}", [.entropy(1.2)]), ("1(?:-?[12]){10,80}", [.luhn]),
        ]
        let actions: [Rule.Action] = [.redact(label: nil), .mask(.init(keepLast: 2)), .remove, .report, .block]
        let rules = (0..<generator.within(1...2)).map { index in
            let (pattern, checks) = generator.pick(patterns)
            return Rule(id: "r\(index)", entity: "E\(index)", pattern: pattern, checks: checks, action: generator.pick(actions), priority: generator.below(2))
        }
        let set = try RuleSet(rules)
        for format in [Format.text, .json] {
            var body: [UInt8] = []
            for _ in 0..<3 {
                let alphabet = Array(generator.pick(["1", "a", "ab", "aaaaaaab", "1111112", "11-"]).utf8)
                body += Array(generator.pick(["k", "", "1", " "]).utf8)
                for _ in 0..<generator.pick([3, 60, 63, 64, 65, 66, 67, 68, 100, 150]) { body.append(generator.pick(alphabet)) }
                body += Array(generator.pick([" ", "é", "b. "]).utf8)
            }
            if format == .json { body = [UInt8(ascii: "\"")] + body + [UInt8(ascii: "\"")] }
            let random = Cuts.random(of: body.count, using: &generator)
            try compare(rules, set, format, body, [.whole, random, .every(generator.within(1...40), of: body.count)], seed: seed)
        }
    }

    @Test("The reference's two matchers find the same ends", arguments: Effort.seeds(60))
    func matchersAgree(seed: UInt64) throws {
        for rule in RandomRules.make(seed: seed, kinds: .all) {
            let pattern = try ReferencePattern(rule.pattern).whole
            var bodies = try RandomBodies(seed: seed, rules: [rule])
            let text = bodies.text(longest: 40)
            let finder = EndFinder(text: text)
            for start in text.indices {
                var residuals = Residuals(pattern, previous: start > 0 ? text[start - 1] : nil)
                var ends: Set<Int> = []
                for at in start..<text.count {
                    residuals.take(text[at])
                    if residuals.isEnd(next: at + 1 < text.count ? text[at + 1] : nil) { ends.insert(at + 1) }
                }
                #expect(finder.ends(of: pattern, from: start) == ends, "seed \(seed): /\(rule.pattern)/ at \(start) of \(shown(text))")
            }
        }
    }
}
