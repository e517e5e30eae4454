// Corpora that extend another one: rules and profiles that inherit, take a place, or are left out.

import Engine
import Foundation
import Testing

@testable import Corpus

@Suite("A corpus extends another one") struct ExtendingTests {
    private static let base = [
        "pii/a.yaml": """
            rules:
              - {id: card, entity: CARD, description: Cards., pattern: 'c[0-9]{4}', checks: [luhn], priority: 3, references: [R], examples: [c0000], counterexamples: [c0001]}
              - {id: name, entity: NAME, fields: [name], action: remove}
              - {id: old, entity: OLD, pattern: 'o[0-9]'}
            """,
        "secrets/b.yaml": "rules: [{id: key, entity: KEY, pattern: 'k[0-9]{3}', context: {words: [key], within: 9}}]\n",
        "profiles/default.yaml": "name: default\ndescription: All.\ninclude: ['pii/*', key]\nexclude: [old]\nactions: {KEY: report}\n",
        "profiles/money.yaml": "name: money\ninclude: [card]\n",
    ]

    /// A corpus that extends `base`, whose path stands for `BASE` in the files.
    private static func corpus(_ files: [String: String], over base: Folder) throws -> Folder {
        var files = files.mapValues { $0.replacing("BASE", with: base.path) }
        if files["corpus.yaml"] == nil { files["corpus.yaml"] = "extends: \(base.path)\n" }
        // Keeps `Folder` from adding a default profile of its own.
        files["profiles/own.yaml"] = files["profiles/own.yaml"] ?? "name: own\ninclude: ['*']\n"
        return try Folder(files)
    }

    @Test("A rule with another's id takes its place and its folder, and has its keys where its own are missing")
    func inheriting() throws {
        let base = try Folder(Self.base)
        let own = try Self.corpus(
            [
                "acme/a.yaml": """
                    rules:
                      - {id: card, extends: card, pattern: 'd[0-9]{4}', action: hash}
                      - {id: acme-key, extends: key, entity: ACME_KEY, context: {words: [acme]}}
                      - {id: acme-card, extends: card, checks: [], priority: 0}
                    """
            ], over: base)
        let corpus = try Corpus(directory: own.path)
        #expect(corpus.directory == own.path)
        #expect(corpus.entries.map(\.rule.id) == ["card", "name", "old", "key", "acme-key", "acme-card"])
        #expect(corpus.entries.map(\.folder) == ["pii", "pii", "pii", "secrets", "acme", "acme"])
        let card = corpus.entries[0]
        #expect(card.rule == Rule(id: "card", entity: "CARD", pattern: "d[0-9]{4}", checks: [.luhn], action: .hash, priority: 3))
        #expect(card.description == "Cards." && card.references == ["R"] && card.examples.map(\.text) == ["c0000"] && card.counterexamples.map(\.text) == ["c0001"])
        #expect(card.location.file == own.path + "/acme/a.yaml" && card.extends == "card")
        // Read behind the change of the rule that it extends, so it has the new pattern.
        #expect(corpus.entries[5].rule == Rule(id: "acme-card", entity: "CARD", pattern: "d[0-9]{4}", checks: [], action: .hash, priority: 0))
        #expect(corpus.entries[4].rule == Rule(id: "acme-key", entity: "ACME_KEY", pattern: "k[0-9]{3}", context: Rule.Context(words: ["acme"], within: 50)))
        #expect(try corpus.rules(profiles: ["default"]).map(\.id) == ["card", "name", "key"])
        #expect(try corpus.rules(profiles: ["own"]).count == 6)
    }

    @Test("What is disabled is gone from every profile, and is no mistake in those that name it")
    func disabling() throws {
        let base = try Folder(Self.base)
        let own = try Self.corpus(["corpus.yaml": "extends: BASE\ndisable: [card, 'entity:KE?']\n"], over: base)
        let corpus = try Corpus(directory: own.path)
        #expect(corpus.entries.map(\.rule.id) == ["name", "old"])
        #expect(try corpus.rules(profiles: ["default"]).map(\.id) == ["name"])
        #expect(try corpus.rules(profiles: ["money"]).isEmpty)
    }

    @Test("A disabled rule can still be extended, under another id too")
    func extendingWhatIsDisabled() throws {
        let base = try Folder(Self.base)
        let own = try Self.corpus(["corpus.yaml": "extends: BASE\ndisable: [card]\n", "pii/a.yaml": "rules: [{id: acme-card, extends: card, entity: ACME}]\n"], over: base)
        let corpus = try Corpus(directory: own.path)
        #expect(corpus.entries.map(\.rule.id) == ["name", "old", "key", "acme-card"])
        #expect(try corpus.rules(profiles: ["default"]).map(\.id) == ["name", "key", "acme-card"])
    }

    @Test("A profile adds to the one that it extends")
    func profiles() throws {
        let base = try Folder(Self.base)
        let own = try Self.corpus(
            [
                "acme/a.yaml": "rules: [{id: acme, entity: ACME, pattern: 'a[0-9]'}]\n",
                "profiles/default.yaml": "name: default\nextends: default\ninclude: ['acme/*']\nexclude: [name]\nactions: {CARD: hash}\n",
                "profiles/own.yaml": "name: own\nextends: money\naction: block\n",
            ], over: base)
        let corpus = try Corpus(directory: own.path)
        let chosen = try corpus.rules(profiles: ["default"])
        #expect(chosen.map(\.id) == ["card", "key", "acme"])
        #expect(chosen.map(\.action) == [.hash, .report, .redact(label: nil)])
        #expect(try corpus.rules(profiles: ["own"]).map(\.action) == [.block])
        #expect(corpus.profiles.map(\.name) == ["default", "money", "own"] && corpus.profiles[0].description == "All.")
    }

    @Test("Three folders, named relative to the file")
    func threeLayers() throws {
        let base = try Folder(Self.base)
        let team = try Self.corpus(["pii/t.yaml": "rules: [{id: team, extends: old, pattern: 't[0-9]'}]\n"], over: base)
        let own = try Self.corpus(
            ["corpus.yaml": "extends: ../\(URL(filePath: team.path).lastPathComponent)\ndisable: [key]\n", "pii/o.yaml": "rules: [{id: team, extends: team, priority: 9}]\n", "profiles/mine.yaml": "name: mine\ninclude: [team]\n", "profiles/own.yaml": "name: own\nextends: own\nexclude: [card]\n"],
            over: base)
        let corpus = try Corpus(directory: own.path)
        #expect(corpus.entries.map(\.rule.id) == ["card", "name", "old", "team"])
        #expect(corpus.entries[3].rule == Rule(id: "team", entity: "OLD", pattern: "t[0-9]", priority: 9))
    }

    @Test("Mistakes are refused with their place", arguments: [
        ("corpus.yaml", "disable: [card]\n", "C/corpus.yaml:1:1: a corpus that extends no other needs no corpus.yaml\n  hint: write  extends: shipped  or a folder, or remove the file"),
        ("corpus.yaml", "extends: nowhere\n", "C/corpus.yaml:1:10: there is no folder C/nowhere to extend"),
        ("corpus.yaml", "extends: .\n", "C/corpus.yaml:1:10: the corpus extends itself"),
        ("corpus.yaml", "extends: BASE\ndisable: [crad]\n", "C/corpus.yaml:2:11: \"crad\" selects no rule\n  hint: did you mean \"card\"?"),
        ("corpus.yaml", "extend: BASE\n", "unknown key \"extend\" in corpus.yaml\n  hint: did you mean \"extends\"?"),
        ("pii/o.yaml", "rules: [{id: card, entity: E, pattern: ab}]\n", "C/pii/o.yaml:1:14: the rule id \"card\" is already used at BASE/pii/a.yaml:2:10\n  hint: to change that rule write  extends: card"),
        ("pii/o.yaml", "rules: [{id: card, extends: card}, {id: card, extends: card}]\n", "C/pii/o.yaml:1:41: the rule id \"card\" is already used at C/pii/o.yaml:1:14\n  hint: give one of the two another name"),
        ("pii/o.yaml", "rules: [{id: card, extends: name}]\n", "the rule id \"card\" is already used"),
        ("pii/o.yaml", "rules: [{id: own, extends: crad}]\n", "C/pii/o.yaml:1:28: there is no rule \"crad\" to extend\n  hint: did you mean \"card\"?"),
        ("pii/o.yaml", "rules: [{id: own, extends: name, checks: [luhn]}]\n", "checks and context are for a pattern, and this rule has none"),
        ("profiles/default.yaml", "name: default\ninclude: ['*']\n", "C/profiles/default.yaml:1:7: the profile \"default\" is already at BASE/profiles/default.yaml:1:7\n  hint: to add to it write  extends: default"),
        ("profiles/x.yaml", "name: x\nextends: defualt\n", "there is no profile \"defualt\" below to extend\n  hint: did you mean \"default\"?"),
    ])
    func mistakes(file: String, text: String, message: String) throws {
        let base = try Folder(Self.base)
        let found = try Self.corpus([file: text], over: base).complaints().replacing(base.path, with: "BASE")
        #expect(found.contains(message), "\(found)")
    }

    @Test("What the cache keeps the rules under changes with the corpus below, and with what is left out")
    func digest() throws {
        let base = try Folder(Self.base)
        let own = try Self.corpus([:], over: base)
        let first = try CorpusFiles(directory: own.path).digest
        #expect(try CorpusFiles(directory: own.path).digest == first)
        try Data("rules: []\n".utf8).write(to: URL(filePath: base.path + "/secrets/c.yaml"))
        let second = try CorpusFiles(directory: own.path).digest
        try Data("extends: \(base.path)\ndisable: [card]\n".utf8).write(to: URL(filePath: own.path + "/corpus.yaml"))
        #expect(try Set([first, second, CorpusFiles(directory: own.path).digest]).count == 3)
    }

    @Test("Operations come from the uppermost folder that has them")
    func operations() throws {
        let base = try Folder(Self.base.merging(["operations/a.yaml": "operations: [{name: thing.drop, severity: high, verdict: block, sentence: It drops.}]\n"]) { $1 })
        let own = try Self.corpus([:], over: base)
        for catalogue in [try Corpus.catalogue(orShippedWith: own.path, environment: [:]), try Corpus.catalogue(directory: own.path)] {
            #expect(Array(catalogue.entries.keys) == ["thing.drop"])
        }
    }

    @Test("The shipped corpus can be extended, and every rule of it stays")
    func shipped() throws {
        let own = try Folder(["corpus.yaml": "extends: \(shippedCorpus)\n", "pii/own.yaml": "rules: [{id: acme-phone, extends: phone-number-international, entity: ACME_PHONE}]\n", "profiles/own.yaml": "name: own\ninclude: [acme-phone]\n"])
        let shipped = try Corpus(directory: shippedCorpus)
        let corpus = try Corpus(directory: own.path)
        #expect(corpus.entries.map(\.rule.id) == shipped.entries.map(\.rule.id) + ["acme-phone"])
        #expect(try corpus.rules(profiles: ["default"]).count == shipped.rules(profiles: ["default"]).count + 1)
    }
}
