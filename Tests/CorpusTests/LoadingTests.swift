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

    @Test(arguments: [
        ("redact", Rule.Action.redact(label: nil)), ("{redact: {label: '***'}}", .redact(label: "***")), ("mask", .mask(Rule.MaskStyle())),
        ("hash", .hash), ("remove", .remove), ("block", .block), ("report", .report),
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
