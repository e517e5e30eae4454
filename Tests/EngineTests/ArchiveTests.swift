// Compiled rules as bytes: the same rules come back, and nothing but them is taken for them.

import Cryptography
import Testing

@testable import Engine

@Suite struct ArchiveTests {
    /// Rules with every kind of table: a part to mask with something behind it, an unbounded tail, a context, an open automaton in parts, a core for Hyperscan.
    private static let rules = [
        Rule(id: "mail", entity: "MAIL", pattern: #"\b[a-z.]{1,64}@(?:[a-z-]{1,63}\.){1,8}[a-z]{2,24}\b"#),
        Rule(id: "login", entity: "PASSWORD", pattern: #"[a-z]{2,10}://[^\s:/@"]{1,9}:(?<mask>[^\s@"]{1,9})@"#, priority: 1),
        Rule(id: "token", entity: "TOKEN", pattern: #"(?i)\btok_[a-z0-9]{4,}"#),
        Rule(id: "account", entity: "ACCOUNT", pattern: #"(?<![0-9])[0-9]{6,12}(?![0-9])"#, checks: [.luhn], context: .init(words: ["account"], within: 20)),
        Rule(id: "sign", entity: "SIGN", pattern: #"é[^a-z]{1,4}"#, action: .remove), inTheMiddle,
    ]

    /// Nothing rare but in its middle.
    private static let inTheMiddle = Rule(id: "middle", entity: "MIDDLE", pattern: #"\w{1,30}zeb\w{2}"#)

    /// Few and small tables, for tests that try every byte.
    private static let fewRules = [
        inTheMiddle, Rule(id: "a", entity: "A", pattern: #"\bab?(?<mask>c[d-f]{1,2})g"#), Rule(id: "b", entity: "B", pattern: #"1[0-9]{2,}"#, action: .report),
    ]

    private static let texts = [
        "write to ann.lee@mail.example, or ftp://me:secret@host/ with tok_ABCD1234xyz; my account 00000018, é123, anzebra and é",
        "{\"account\": 79927398713, \"to\": \"ann\\u0040mail.example\", \"t\": \"tok_aaaa\"}", "acdg abcefg 1234567 xxzebyy ac", "",
    ]

    private static func load(_ rules: [Rule], _ archive: [UInt8]) throws -> RuleSet {
        try archive.withUnsafeBytes { try RuleSet(rules, archive: $0) }
    }

    /// What two sets make of the same bodies, in all formats and some cuts.
    private static func agree(_ a: RuleSet, _ b: RuleSet) throws {
        for text in texts {
            for format in [Format.text, .json] {
                for cuts in [Cuts.whole, .every(1, of: text.utf8.count), .every(7, of: text.utf8.count)] {
                    let (one, other) = (try MaskerRun(a, format, Array(text.utf8), cuts), try MaskerRun(b, format, Array(text.utf8), cuts))
                    #expect(difference(other.result, one.result) == nil, "\(format) \(text) \(cuts)")
                    #expect(one.held == other.held)
                }
            }
        }
    }

    @Test("What is loaded is what was compiled: the same tables, the same hash, the same masking")
    func roundTrip() throws {
        let compiled = try RuleSet(Self.rules)
        #expect(compiled.compiled.contains { $0.plan.isForHyperscan } && compiled.compiled.contains { !$0.plan.isForHyperscan })
        let archive = try compiled.archive()
        let loaded = try Self.load(Self.rules, archive)
        #expect(try loaded.archive() == archive)
        #expect(loaded.hash == compiled.hash && loaded.rules == Self.rules)
        try Self.agree(compiled, loaded)
        #expect(try RuleSet(Self.rules).archive() == archive, "compiling twice gives the same bytes")
    }

    @Test("A set without rules has an archive too")
    func empty() throws { #expect(try Self.load([], try RuleSet([]).archive()).rules.isEmpty) }

    @Test("An archive is for its rules only, in their order, with all that they say")
    func otherRules() throws {
        let archive = try RuleSet(Self.rules).archive()
        var changed = Self.rules
        changed[4].action = .report
        for other in [Array(Self.rules.reversed()), Array(Self.rules.dropLast()), changed] {
            #expect(throws: ArchiveError.foreign) { try Self.load(other, archive) }
            #expect(RuleSet.archiveKey(of: other) != RuleSet.archiveKey(of: Self.rules))
        }
    }

    @Test("An archive of another format or version is not read")
    func otherVersion() throws {
        let archive = try RuleSet(Self.fewRules).archive()
        // The key holds both; one that differs in any bit is another version's.
        for byte in 16..<48 {
            var other = archive
            other[byte] ^= 1
            #expect(throws: ArchiveError.foreign) { try Self.load(Self.fewRules, Self.sealed(other)) }
        }
        var other = archive
        other[0] ^= 1
        #expect(throws: ArchiveError.damaged) { try Self.load(Self.fewRules, Self.sealed(other)) }
    }

    @Test("With any one byte changed it is not loaded")
    func everyByte() throws {
        let archive = try RuleSet(Self.fewRules).archive()
        for index in archive.indices {
            var damaged = archive
            damaged[index] ^= 1 << UInt8(index % 8)
            #expect(throws: ArchiveError.self, "byte \(index)") { try Self.load(Self.fewRules, damaged) }
        }
    }

    @Test("Cut off anywhere, or longer than it was, it is not loaded")
    func everyLength() throws {
        let archive = try RuleSet(Self.fewRules).archive()
        for length in archive.indices { #expect(throws: ArchiveError.damaged) { try Self.load(Self.fewRules, Array(archive[..<length])) } }
        #expect(throws: ArchiveError.damaged) { try Self.load(Self.fewRules, archive + [0]) }
    }

    /// The digest keeps damage out; this is about what is left should it ever match: no number of the content may lead out of a table.
    @Test("Wrong numbers under a right digest are refused, or lead nowhere that may not be read")
    func boundsWithoutDigest() throws {
        let archive = try RuleSet(Self.fewRules).archive()
        var refused = 0
        for index in 88..<archive.count {
            for value in [archive[index] &+ 1, archive[index] &+ 2, 0x7F, 0xFF] where archive[index] != value {
                var wrong = archive
                wrong[index] = value
                guard let set = try? Self.load(Self.fewRules, Self.sealed(wrong)) else {
                    refused += 1
                    continue
                }
                for text in Self.texts { _ = try MaskerRun(set, .text, Array(text.utf8), .every(5, of: text.utf8.count)) }
            }
        }
        #expect(refused > 0)
    }

    /// With the digest that belongs to its bytes: magic 16, key 32, length 8, digest 32, content.
    private static func sealed(_ archive: [UInt8]) -> [UInt8] {
        archive[..<56] + SHA256.digest(of: Array(archive[..<56] + archive[88...])) + archive[88...]
    }

    @Test("Rules added to compiled ones mean what they mean compiled together")
    func adding() throws {
        let base = try RuleSet(Array(Self.rules[..<3]))
        let whole = try RuleSet(Self.rules)
        let together = try RuleSet(base, adding: Array(Self.rules[3...]))
        #expect(together.hash == whole.hash && together.rules == whole.rules)
        try Self.agree(whole, together)
        try Self.agree(base, try RuleSet(base, adding: []))
        try Self.agree(whole, try RuleSet(RuleSet([]), adding: Self.rules))
        try Self.agree(whole, try RuleSet(RuleSet([Self.rules[0]]), adding: Array(Self.rules[1...])))
        var one = try RuleSet([Self.inTheMiddle])
        for rule in Self.rules.dropLast() { one = try RuleSet(one, adding: [rule]) }
        try Self.agree(try RuleSet([Self.inTheMiddle] + Self.rules.dropLast()), one)
        try Self.agree(whole, try Self.load(Self.rules, try together.archive()))
        #expect(throws: RuleError.self) { try RuleSet(base, adding: [Self.rules[0]]) }
    }
}
