// What is read from rule files, profiles and examples.

import Engine
import Foundation
import Testing

@testable import Corpus

@Suite("Rules and profiles are read as they are written") struct LoadingTests {
    @Test func aRuleWithEverything() throws {
        let folder = try Folder([
            "pii/de/a.yaml": """
                rules:
                  - id: card
                    entity: CREDIT_CARD
                    description: 'Cards: all of them.'
                    pattern: '\\b[0-9]{16}\\b'
                    checks: [luhn, {entropy: 2}]
                    context: {words: [card, visa], within: 20, required: true}
                    action: {mask: {fill: '#', keep_first: 2, keep_last: 4, keep_punctuation: false}}
                    priority: -3
                    references: ['ISO/IEC 7812-1']
                    examples: ['card ${0-9:16}']
                    counterexamples: ['$${x}']
                """
        ])
        let corpus = try Corpus(directory: folder.path)
        let entry = try #require(corpus.entries.first)
        let action = Rule.Action.mask(Rule.MaskStyle(fill: "#", keepFirst: 2, keepLast: 4, keepPunctuation: false))
        #expect(
            entry.rule
                == Rule(
                    id: "card", entity: "CREDIT_CARD", pattern: #"\b[0-9]{16}\b"#, checks: [.luhn, .entropy(2)],
                    context: Rule.Context(words: ["card", "visa"], within: 20), action: action, priority: -3))
        #expect(entry.folder == "pii/de")
        #expect(entry.description == "Cards: all of them.")
        #expect(entry.references == ["ISO/IEC 7812-1"])
        #expect(entry.examples.map(\.text.count) == [21])
        #expect(entry.counterexamples.map(\.text) == ["${x}"])
        #expect(entry.location.line == 2 && entry.location.column == 9)
    }

    @Test("Words and names of fields beyond ASCII are read with their capitals, and with either apostrophe")
    func spellings() throws {
        let folder = try Folder([
            "a.yaml": "rules: [{id: a, entity: A, pattern: '[0-9]{4}', context: {words: [инн, d'identité, pin], within: 20}, fields: [имя, user.prénom]}]\n"
        ])
        let rule = try Corpus(directory: folder.path).entries[0].rule
        #expect(rule.context?.words == ["инн", "ИНН", "Инн", "d'identité", "D'IDENTITÉ", "d’identité", "D’IDENTITÉ", "pin"])
        #expect(rule.fields.map(\.description) == ["имя", "ИМЯ", "Имя", "user.prénom", "USER.PRÉNOM"])
        let rules = try RuleSet([rule])
        for text in ["инн 1234", "ИНН: 1234", "CARTE D’IDENTITÉ 1234", "Pin 1234"] { #expect(try rules.findings(in: Array(text.utf8), as: .text).count == 1, "\(text)") }
        #expect(try rules.findings(in: Array(#"{"ИМЯ":"x","User":{"PRÉNOM":"y"}}"#.utf8), as: .json).count == 2)
    }

    @Test("A profile gives actions by rule id before entity before all; of two profiles the one that releases least holds")
    func overrides() throws {
        let folder = try Folder([
            "pii/a.yaml": """
                rules:
                  - {id: a, entity: E, pattern: ab, action: remove}
                  - {id: b, entity: E, pattern: bc}
                  - {id: c, entity: F, pattern: cd}
                  - {id: d, entity: G, pattern: de, action: block}
                """,
            "profiles/one.yaml": "name: one\ninclude: ['pii/*']\nactions: {a: {mask: {keep_last: 2}}, E: hash, '*': report}\n",
            "profiles/two.yaml": "name: two\ninclude: [c, d]\naction: hash\nactions: {c: block}\n", "profiles/three.yaml": "name: three\ninclude: ['pii/*']\n",
        ])
        let corpus = try Corpus(directory: folder.path)
        func actions(_ names: String...) throws -> [Rule.Action] { try corpus.rules(profiles: names).map(\.action) }
        #expect(try actions("one") == [.mask(Rule.MaskStyle(keepLast: 2)), .hash, .report, .report])
        #expect(try actions("two") == [.block, .hash])
        #expect(try actions("one", "two") == [.mask(Rule.MaskStyle(keepLast: 2)), .hash, .block, .hash])
        #expect(try actions("three", "one") == [.remove, .redact(label: nil), .redact(label: nil), .block])
        let chosen = try corpus.rules(profiles: ["three"])
        #expect(try Corpus.overrides(["E=hash", "a={redact: {label: '=x'}}"], of: chosen).applied(to: chosen).map(\.action) == [.redact(label: "=x"), .hash, .redact(label: nil), .block])
        #expect(try Corpus.overrides(["*=report"], of: chosen).applied(to: chosen).allSatisfy { $0.action == .report })
        for (option, message) in [
            ("E", "gives no rule an action\n  hint: write RULE=ACTION"), ("EE=hash", "select no rule or entity \"EE\"\n  hint: did you mean \"E\"?"),
            ("E=hush", "unknown action \"hush\"\n  hint: did you mean \"hash\"?"),
        ] {
            do {
                _ = try Corpus.overrides([option], of: chosen)
                Issue.record("\(option) is accepted")
            } catch { #expect("\(error.problems[0])".contains(message), "\(error.problems[0])") }
        }
    }

    @Test(arguments: [
        ("redact", Rule.Action.redact(label: nil)), ("{redact: {label: '***'}}", .redact(label: "***")), ("mask", .mask(Rule.MaskStyle())),
        ("hash", .hash), ("token", .token), ("remove", .remove), ("block", .block), ("report", .report),
    ])
    func actions(_ text: String, _ action: Rule.Action) throws {
        let folder = try Folder(["a.yaml": "rules: [{id: a, entity: A, pattern: ab, action: \(text)}]\n"])
        #expect(try Corpus(directory: folder.path).entries.map(\.rule.action) == [action])
    }

    @Test func profilesSelectByFolderIdAndEntityAndAddUp() throws {
        let folder = try Folder([
            "pii/a.yaml": "rules: [{id: us-ssn, entity: US_SSN, pattern: ab}, {id: card, entity: CREDIT_CARD, pattern: cd}]\n",
            "secrets/b.yml": "rules: [{id: aws-key, entity: AWS_KEY, pattern: ef}]\n",
            "profiles/people.yaml": "name: people\ninclude: ['pii/*']\nexclude: [card]\n",
            "profiles/money.yaml": "name: money\ninclude: ['entity:CREDIT_*']\n",
            "profiles/keys.yaml": "name: keys\ninclude: ['*-key']\naction: report\n",
            "profiles/stop.yaml": "name: stop\ninclude: [aws-key]\naction: block\n",
        ])
        let corpus = try Corpus(directory: folder.path)
        func ids(_ profiles: String...) throws -> [String] { try corpus.rules(profiles: profiles).map(\.id) }
        #expect(try ids("people") == ["us-ssn"])
        #expect(try ids("money") == ["card"])
        #expect(try ids("money", "people") == ["us-ssn", "card"])
        #expect(try ids("keys", "money", "keys") == ["card", "aws-key"])
        #expect(try corpus.rules(profiles: ["keys"]).map(\.action) == [.report])
        #expect(try corpus.rules(profiles: ["keys", "stop"]).map(\.action) == [.block])
        #expect(try corpus.rules(profiles: ["stop", "keys"]).map(\.action) == [.block])
    }

    @Test func generatorsGiveTheSameTextEverywhere() throws {
        #expect(try expandExample("x-${a-f0-9:8}", seed: "a/examples/0") == "x-61e29d5c")
        #expect(try expandExample("x-${a-f0-9:8}", seed: "a/examples/1") != expandExample("x-${a-f0-9:8}", seed: "a/examples/0"))
        #expect(try expandExample("a$b $$ $${c} ${x:3}${-:2}", seed: "") == "a$b $$ ${c} xxx--")
        let text = try expandExample("${a-c_-:200}", seed: "s")
        #expect(Set(text) == Set("abc_-"))
    }

    @Test(arguments: ["${}", "${a}", "${a:}", "${a:0}", "${a:x}", "${:3}", "${z-a:3}", "${a-z:5000}", "${a-z:3", "x${"])
    func wrongGeneratorsAreRefused(_ text: String) {
        #expect(throws: ExampleError.self) { try expandExample(text, seed: "") }
    }

    @Test func aLinkedFolderIsReadAndHiddenFoldersAreNot() throws {
        let folder = try Folder([
            "pii/a.yaml": "rules: [{id: a, entity: A, pattern: ab}]\n", ".copy/pii/a.yaml": "rules: [{id: a, entity: A, pattern: ab}]\n",
        ])
        let link = folder.path + "-link"
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: folder.path)
        defer { try? FileManager.default.removeItem(atPath: link) }
        let corpus = try Corpus(directory: link)
        #expect(corpus.entries.map(\.rule.id) == ["a"])
        #expect(corpus.entries.first?.location.file == link + "/pii/a.yaml")
    }

    @Test func theCorpusIsFoundByNameThenByEnvironment() throws {
        let folder = try Folder(["pii/a.yaml": "rules: []\n"])
        #expect(try Corpus.locate(folder.path, environment: ["SLUICE_CORPUS": "/nowhere"]) == folder.path)
        #expect(try Corpus.locate(environment: ["SLUICE_CORPUS": folder.path]) == folder.path)
    }
}
