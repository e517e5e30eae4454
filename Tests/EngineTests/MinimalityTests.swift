// C3, least delay: what is held could still become part of a match, and a continuation that makes it one is shown.

import Testing

@testable import Engine

@Suite struct MinimalityTests {
    private func heldBytes(_ format: Format, seed: UInt64) throws {
        let (rules, set) = try RandomRules.loaded(seed: seed, kinds: .context)
        let reference = try ReferenceMasker(rules, format: format)
        var bodies = try RandomBodies(seed: seed, rules: rules)
        let body = format == .text ? bodies.text(longest: 80) : bodies.validJSON(longest: 30)
        let held = try MaskerRun(set, format, body, .every(1, of: body.count)).held
        for (index, held) in zip(body.indices, held) {
            let prefix = Array(body[...index])
            let bound = reference.holdBound(prefix)
            if held > prefix.count - bound.from {
                Issue.record(
                    """
                    seed \(seed): \(format.rawValue) after \(shown(prefix)): holds \(held) bytes where \(prefix.count - bound.from) could still matter
                    rules:
                    \(shown(rules))
                    """)
                return
            }
            guard held > 0, !bound.endsInEscape, case .start(let rule, let start, let residuals)? = bound.reason else { continue }
            guard let witness = residuals.witness(rule.alphabet, longest: 60) else {
                // Assertions can contradict each other, as in `\B\b`; nothing else makes a pattern impossible.
                #expect(rule.pattern.whole.hasAssertions, "seed \(seed): after \(shown(prefix)): no continuation makes start \(start) of \(rule.rule.id) a match\n\(shown(rules))")
                return
            }
            var continued = prefix + witness
            var text = ReferenceText(kind: .plain, raw: 0..<continued.count, of: continued)
            if format == .json, let last = ReferenceDocuments(prefix, goesOn: true).texts.last {
                let times = last.depth + (last.kind == .plain ? 0 : 1)
                continued = prefix + (0..<times).reduce(witness) { witness, _ in escapedForString(witness) }
                text = ReferenceDocuments(continued, goesOn: true).texts.last!
            }
            let matches = reference.matches(of: rule, in: text)
            #expect(
                matches.contains { $0.whole.contains(start) },
                "seed \(seed): after \(shown(prefix)) the continuation \(shown(witness)) makes no match of \(rule.rule.id) at \(start)\n\(shown(rules))")
        }
    }

    private func escapedForString(_ bytes: [UInt8]) -> [UInt8] {
        bytes.flatMap { byte -> [UInt8] in
            byte == 0x22 || byte == 0x5C ? [0x5C, byte] : [byte]
        }
    }

    @Test("In text, every held byte can still become part of a match, and nothing live means nothing held", arguments: Effort.seeds(60))
    func text(seed: UInt64) throws { try heldBytes(.text, seed: seed) }

    @Test("In JSON, every held byte can still become part of a match, and nothing live means nothing held", arguments: Effort.seeds(60))
    func json(seed: UInt64) throws { try heldBytes(.json, seed: seed) }

    @Test("Holds exactly what the rules of everyday need", arguments: [
        (#"AKIA[0-9A-Z]{16}"#, "xAK", 2), (#"AKIA[0-9A-Z]{16}"#, "xAKx", 0), (#"AKIA[0-9A-Z]{16}"#, "AKIAAKIA", 8),
        (#"\b[0-9]{3}-[0-9]{2}-[0-9]{4}\b"#, "id 078-05-1120", 11), (#"\b[0-9]{3}-[0-9]{2}-[0-9]{4}\b"#, "id 078-05-1120 ", 0),
        (#"\b[0-9]{3}-[0-9]{2}-[0-9]{4}\b"#, "id 1078-05", 2), (#"[a-z]{1,20}@[a-z]{1,20}\.com"#, "mail joe", 3),
        (#"[a-z]{1,20}@[a-z]{1,20}\.com"#, "mail joe@x.co", 8), (#"[a-z]{1,20}@[a-z]{1,20}\.com"#, "mail joe@x.com", 0), (#"Bearer [a-z0-9]{4,}"#, "Bearer abcd", 0),
        (#"Bearer [a-z0-9]{4,}"#, "Bearer abc", 10), (#"key=(?<mask>[a-z]{3})"#, "a key=ab", 6), (#"x$"#, "yx", 1), (#"ab|abcd"#, "ab", 2),
    ])
    func everyday(pattern: String, body: String, held: Int) throws {
        let set = try RuleSet([Rule(id: "r", entity: "R", pattern: pattern)])
        for cuts in [Cuts.whole, .every(1, of: body.utf8.count)] {
            #expect(try MaskerRun(set, .text, Array(body.utf8), cuts).held.last == held)
        }
        let json = Array(("[\"" + body).utf8)
        #expect(try MaskerRun(set, .json, json, .every(1, of: json.count)).held.last == held)
    }

    @Test("Nothing is held where no word of the context stands", arguments: [
        ("pin 12", 2), ("pin: 0 12", 2), ("bin 12", 0), ("pin and then a long way to 12", 0), ("pinned 12", 0), ("12", 0), ("pin 12 ", 0), ("pin 12345", 0),
    ])
    func context(body: String, held: Int) throws {
        // Found from words, from the first byte, and from a pivot.
        for pattern in [#"\b[0-9]{4}\b"#, #"\b[0-9]{1,9}@"#] {
            let rule = Rule(id: "r", entity: "R", pattern: pattern, context: .init(words: ["pin"], within: 8))
            if pattern.hasSuffix("@"), body.hasSuffix("5") { continue }
            for lane in Plan.Lane.allCases {
                let set = try RuleSet(compiled: [CompiledRule(rule, preferring: lane)])
                for cuts in [Cuts.whole, .every(1, of: body.utf8.count)] {
                    #expect(try MaskerRun(set, .text, Array(body.utf8), cuts).held.last == held, "\(lane.rawValue)")
                }
            }
        }
    }
}
