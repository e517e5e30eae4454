// C7, no cliffs: the gauntlet of a rule is answered the same however it is cut, work is bounded, and what cannot be bounded does not load.

import Testing

@testable import Engine

@Suite struct GauntletTests {
    private static let rules: [Rule] = [
        Rule(id: "tail", entity: "T", pattern: "secret[a-z0-9]{4,}"),
        Rule(id: "keep-last", entity: "K", pattern: "key[a-z0-9]{4,}", action: .mask(.init(keepLast: 4))),
        Rule(id: "card", entity: "C", pattern: #"(?<![0-9])[0-9](?:[ -]?[0-9]){12,18}(?![0-9])"#, checks: [.luhn, .cardIssuer], action: .mask(.init(keepLast: 4))),
        Rule(id: "digits", entity: "D", pattern: "[0-9]{3,}", checks: [.luhn]),
        Rule(id: "email", entity: "E", pattern: #"[a-z.]{1,64}@[a-z.]{1,200}\.com"#),
        Rule(id: "pin", entity: "P", pattern: "[0-9]{4,6}", context: .init(words: ["pin", "code"], within: 30)),
        Rule(id: "masked", entity: "M", pattern: "(?:api|app)_?key[=:](?<mask>[A-Za-z0-9=]{12,})", checks: [.entropy(3)]),
        Rule(id: "block", entity: "B", pattern: #"(?i)drop\s{1,9}table\b"#, action: .block),
        Rule(id: "report", entity: "R", pattern: #"\b[a-f0-9]{32}\b"#, action: .report),
        Rule(id: "name", entity: "N", pattern: "(?:é|[^\\x00-\\x7f]{2})x{1,9}"),
    ]

    @Test("A rule's gauntlet comes out the same whole and cut", arguments: rules)
    func everyCut(rule: Rule) throws {
        let set = try RuleSet([rule])
        for input in try Gauntlet(rule, bytes: 5000).inputs {
            let whole = try MaskerRun(set, input.format, input.bytes)
            for chunk in input.chunk.map({ [$0] }) ?? [7, 1000, 4096] {
                let cut = try MaskerRun(set, input.format, input.bytes, .every(chunk, of: input.bytes.count))
                if let difference = difference(cut.result, whole.result) { Issue.record("\(rule.id), \(input.name), chunks of \(chunk):\n\(difference)") }
            }
        }
    }

    @Test("A rule's gauntlet comes out like the reference's", arguments: rules.filter { $0.id != "card" })
    func reference(rule: Rule) throws {
        let (set, reference) = (try RuleSet([rule]), try ["text": Format.text, "json": .json].mapValues { try ReferenceMasker([rule], format: $0) })
        for input in try Gauntlet(rule, bytes: 300).inputs where input.chunk == nil {
            let run = try MaskerRun(set, input.format, input.bytes)
            if let difference = difference(run.result, reference[input.format.rawValue]!.mask(input.bytes)) {
                Issue.record("\(rule.id), \(input.name):\n\(difference)")
            }
        }
    }

    @Test("A gauntlet is the same each time, and its inputs have names of their own", arguments: rules)
    func deterministic(rule: Rule) throws {
        let (first, second) = (try Gauntlet(rule, bytes: 1000).inputs, try Gauntlet(rule, bytes: 1000).inputs)
        #expect(first.map(\.bytes) == second.map(\.bytes))
        #expect(Set(first.map(\.name)).count == first.count)
        #expect(first.allSatisfy { $0.format == .json || $0.bytes.count == 1000 })
    }

    @Test("A gauntlet holds matches, near-matches and live prefixes")
    func holdsWhatItSays() throws {
        let rule = Rule(id: "card", entity: "C", pattern: "card[0-9]{13,16}", checks: [.luhn])
        let set = try RuleSet([rule])
        let inputs = try Gauntlet(rule, bytes: 2000).inputs
        func findings(_ name: String) throws -> Int { try set.mask(try #require(inputs.first { $0.name == name }).bytes) }
        #expect(try findings("longest live prefix repeated") == 0)
        #expect(try findings("matches that fail the checks repeated") == 0)
        let email = try RuleSet([Self.rules[4]])
        let matches = try Gauntlet(Self.rules[4], bytes: 2000).inputs.first { $0.name == "longest match repeated" }
        #expect(try email.mask(try #require(matches).bytes) >= 5)
    }

    @Test("No input of a rule that loads takes more than the work allowed", arguments: rules)
    func bounded(rule: Rule) throws {
        #expect(try Gauntlet.hardest(rule).unitsPerByte <= Gauntlet.mostWork)
    }

    @Test(
        "Rules that some input makes too slow are refused, with that input",
        arguments: [
            Rule(id: "every-start", entity: "A", pattern: "(?:[a-z]{1,1000}-){3}z"),
            Rule(id: "starts-inside", entity: "W", pattern: "w(?:[a-z]{1,1000}-){3}z"),
            Rule(id: "checked-everywhere", entity: "C", pattern: "[0-9]{500,560}", checks: [.luhn]),
        ])
    func refused(rule: Rule) throws {
        let error = try #require(throws: RuleError.self) { try RuleSet([rule]) }
        #expect(error.rule == rule.id)
        #expect(error.message.contains("units of work a byte") && error.message.contains(" repeated, "), "\(error)")
        #expect(error.hint != nil)
    }

    @Test(
        "Digits that fail their check cost linear work",
        arguments: [Rule(id: "digits", entity: "D", pattern: "[0-9]{3,}", checks: [.luhn]), Rule(id: "d", entity: "D", pattern: "[0-9]{3,60}", checks: [.luhn])])
    func failingDigits(rule: Rule) throws {
        let set = try RuleSet([rule])
        for count in [1000, 4000, 64_000] {
            let before = set.work
            try set.mask([UInt8](repeating: UInt8(ascii: "1"), count: count))
            #expect(set.work - before <= count * Int(Gauntlet.mostWork), "\(count) digits")
        }
    }

    @Test("A flood of matches, back to back, costs linear work and no memory", arguments: [Format.text, .json])
    func flood(format: Format) throws {
        let set = try RuleSet([Rule(id: "a", entity: "A", pattern: "[0-9]{4}"), Rule(id: "b", entity: "B", pattern: "4[0-9]{3}", priority: 1)])
        let quote: [UInt8] = format == .json ? [UInt8(ascii: "\"")] : []
        var work: [Int] = []
        for count in [250_000, 1_000_000] {
            let digits = Array(repeatElement(Array("4711".utf8), count: count / 4).joined())
            let before = set.work
            let run = try MaskerRun(set, format, quote + digits + quote, .every(4096, of: count))
            work.append(set.work - before)
            #expect(run.result.output == quote + Array("[REDACTED:B]".utf8) + quote)
            #expect(run.result.findings.map(\.range) == [quote.count..<count + quote.count])
            #expect(run.statistics.mostHeld <= 2 * RuleSet.longestHold)
        }
        #expect(work[1] <= 5 * work[0])
        #expect(work[1] <= 100 * 1_000_000)
    }
}
