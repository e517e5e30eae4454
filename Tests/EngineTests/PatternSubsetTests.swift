// Which patterns load, which are refused, and that a refusal says where and what to type instead.

import Engine
import Testing

@Suite struct PatternSubsetTests {
    private func load(_ pattern: String) throws -> RuleSet { try RuleSet([Rule(id: "r", entity: "R", pattern: pattern)]) }

    @Test("Loads and matches as the documentation says", arguments: [
        ("a", "xay", [1..<2]), ("é", "aé", [1..<3]), ("é+", "éé", [0..<4]), (#"\x41\n"#, "A\n", [0..<2]), (#"\."#, "a.b", [1..<2]),
        (#"\d+"#, "a12", [1..<3]), (#"\D"#, "1a", [1..<2]), (#"\w+"#, "-a_1-", [1..<4]), (#"\W"#, "a-", [1..<2]),
        (#"\s"#, "a\u{B}b", [1..<2]), (#"\S+"#, " ab ", [1..<3]), ("a.b", "a\nb axb", [4..<7]), ("[a-c-]+", "xb-", [1..<3]),
        ("[^a-z]+", "ab12", [2..<4]), ("[]a]+", "x]a", [1..<3]), ("[^]a]", "]ab", [2..<3]), (#"[\d\-x]+"#, "a1-x", [1..<4]),
        ("ab*", "abbb", [0..<4]), ("ab?c", "ac abc", [0..<2, 3..<6]), ("a{2}", "aaaaa", [0..<2, 2..<4]), ("a{2,3}", "aaaaa", [0..<3, 3..<5]),
        ("(?:ab|a)c?", "abc", [0..<3]), ("a|ab|abc", "abcd", [0..<3]), ("(ab)+", "ababa", [0..<4]), ("(?:a|)b", "b ab", [0..<1, 2..<4]),
        ("x(?<mask>y{1,9})z", "xyyz", [1..<3]), (#"\bab"#, "xab ab", [4..<6]), (#"ab\b"#, "abx ab", [4..<6]), (#"\Bb"#, "b ab", [3..<4]),
        ("^ab", "abab", [0..<2]), ("ab$", "abab", [2..<4]), ("a(?=b)", "aab", [1..<2]), ("a(?!b)", "aba", [2..<3]), ("(?<=a)b", "bab", [2..<3]),
        ("(?<!a)b", "abb", [2..<3]), ("a(?=b)", "a", []), ("a(?!b)", "a", [0..<1]), ("(?<=b)a", "a", []), ("(?<!b)a", "a", [0..<1]),
        ("(?i)aB1", "AB1 ab1", [0..<3, 4..<7]), ("(?i)[^a]", "AaB", [2..<3]), ("(?i)é", "É", []), ("(?=[ab])[b-z]", "cb", [1..<2]),
        ("a]b}", "a]b}", [0..<4]), (#"\{a\}"#, "{a}", [0..<3]), (#"[^\x00-\x7F]+"#, "aé€b", [1..<6]), (#"\0"#, "a\0", [1..<2]),
    ] as [(String, String, [Range<Int>])])
    func accepted(pattern: String, body: String, expected: [Range<Int>]) throws {
        let set = try load(pattern)
        // One finding for every match: touching matches are one replacement, but reports stay apart.
        var reporting = set.rules[0]
        reporting.action = .report
        let reported = try MaskerRun(RuleSet([reporting]), .text, Array(body.utf8)).result.findings.map(\.range)
        if !pattern.contains("(?<mask>") { #expect(reported == expected) }
        var merged: [Range<Int>] = []
        for range in expected {
            if let last = merged.last, last.upperBound == range.lowerBound { merged[merged.count - 1] = last.lowerBound..<range.upperBound } else { merged.append(range) }
        }
        #expect(try MaskerRun(set, .text, Array(body.utf8)).result.findings.map(\.range) == merged)
        #expect(try ReferenceMasker(set.rules, format: .text).mask(Array(body.utf8)).findings.map(\.range) == merged)
    }

    @Test("Refuses what is outside of the subset, with the place and a hint", arguments: [
        ("a+?", 2), ("a++", 2), ("a*?", 2), ("a{1,2}?", 6), (#"(a)\1"#, 3), ("(?<name>a)", 0), ("(?P<mask>a)", 0), ("a(?i)b", 1),
        (#"\x80"#, 0), (#"\xZZ"#, 0), (#"a\q"#, 1), (#"\Ab"#, 0), (#"b\Z"#, 1), ("(a", 0), ("a)", 1), ("[a", 0), ("a{1001}", 1), ("a{3,2}", 1),
        ("*a", 0), ("a|*", 2), ("a**", 2), ("[z-a]", 1), ("[é]", 1), ("(?=ab)c", 0), ("(?=é)c", 0), ("(?:(?<mask>a)b)", 3),
        ("(?<mask>a)+", 0), ("(?<mask>a)(?<mask>b)", 10), ("a|(?<mask>b)", 2), ("(?>ab)", 0), ("a{", 1), ("a{,3}", 1), ("a{2}{3}", 4),
        (#"\b*a"#, 2), (#"a\"#, 1), ("(?#x)a", 0), ("[[:alpha:]]", 1), ("a(?<!bc)", 1),
    ])
    func refused(pattern: String, offset: Int) {
        do {
            _ = try load(pattern)
            Issue.record("/\(pattern)/ was not refused")
        } catch let error as RuleError {
            #expect(error.rule == "r")
            #expect(!error.message.isEmpty)
            #expect(error.hint?.isEmpty == false, "\(error)")
            guard let place = error.patternOffset else {
                Issue.record("no offset: \(error)")
                return
            }
            // The place is the construct at fault, its operand or its inside: near enough to see it.
            #expect(abs(place - offset) <= 3 && place <= pattern.utf8.count, "\(error)")
        } catch {
            Issue.record("another error: \(error)")
        }
    }

    @Test("Refuses patterns that can match nothing at all", arguments: ["", "a*", "a?", "(?:)", "(?:a|)", #"\b"#, "^$", "(?=a)", "(?:a*)*", "a{0,3}", "(?i)"])
    func empty(pattern: String) {
        #expect(throws: RuleError.self) { try load(pattern) }
    }

    @Test("Refuses a mask group that can match nothing", arguments: ["a(?<mask>b*)", "a(?<mask>)b", "a(?<mask>b?)c"])
    func emptyMask(pattern: String) {
        #expect(throws: RuleError.self) { try load(pattern) }
    }

    @Test("Refuses a pattern that can stay alive without bound before it reaches an end", arguments: [
        "a+b", "a.*b", "[a-z]+@x", #"\w+\b"#, "a(?:b*c)?", "x(?<mask>a+)b", "(?:a{1000}){5}", "a(?:(?:b{1000}){5}c)?",
    ])
    func unbounded(pattern: String) {
        do {
            _ = try load(pattern)
            Issue.record("/\(pattern)/ was not refused")
        } catch {
            #expect((error as? RuleError)?.hint?.isEmpty == false, "\(error)")
        }
    }

    @Test("Loads patterns with unbounded tails", arguments: ["a+", "ab*", "a[^b]*", "(?:ab)+", "x(?<mask>a{3,})", "a(?:bc|d)*", "-----BEGIN [A-Z ]{1,30}-----[^-]*"])
    func tails(pattern: String) throws { _ = try load(pattern) }

    @Test("Refuses two rules with one id, and says which")
    func duplicate() {
        #expect(throws: RuleError.self) { try RuleSet([Rule(id: "x", entity: "X", pattern: "a"), Rule(id: "x", entity: "X", pattern: "b")]) }
    }

    @Test("No rules mask nothing")
    func noRules() throws {
        let run = try MaskerRun(try RuleSet([]), .json, Array(#"{"a":"b"}"#.utf8), .every(1, of: 9))
        #expect(run.result.output == Array(#"{"a":"b"}"#.utf8))
        #expect(run.statistics.mostHeld <= 1)
    }

    @Test("The same rules have the same hash, others another")
    func hashes() throws {
        let rules = JSONShapeTests.ordinaryRules
        #expect(try RuleSet(rules).hash == RuleSet(rules).hash)
        #expect(try RuleSet(rules).hash != RuleSet(Array(rules.dropLast())).hash)
        var changed = rules
        changed[0].priority += 1
        #expect(try RuleSet(rules).hash != RuleSet(changed).hash)
    }
}
