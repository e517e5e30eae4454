// The check of a corpus: it holds for the shipped one, and notices what is wrong with others.

import Testing

@testable import Corpus

@Suite("The check of a corpus") struct CheckTests {
    @Test func theShippedCorpusHolds() async throws {
        let result = try await Corpus(directory: shippedCorpus).check()
        #expect(result.problems == [], "\(result.problems.map(\.description).joined(separator: "\n"))")
        #expect(result.rules >= 40)
    }

    @Test func theShippedRulesAreProvenAndExplained() throws {
        let corpus = try Corpus(directory: shippedCorpus)
        for entry in corpus.entries {
            #expect(entry.examples.count >= 2, "\(entry.rule.id)")
            #expect(entry.counterexamples.count >= 2, "\(entry.rule.id)")
            #expect(!entry.references.isEmpty, "\(entry.rule.id)")
            #expect(entry.description.hasSuffix("."), "\(entry.rule.id)")
        }
        #expect(Set(corpus.profiles.map(\.name)).isSuperset(of: ["commands", "default", "gdpr", "germany", "hipaa", "pci", "secrets", "strict", "united-states"]))
    }

    @Test func bareValuesAreLeftToStrict() throws {
        let corpus = try Corpus(directory: shippedCorpus)
        #expect(try corpus.rules(profiles: ["default"]).allSatisfy { !$0.id.hasSuffix("-bare") })
        for entry in corpus.entries where entry.rule.id.hasSuffix("-bare") { #expect(entry.rule.context == nil, "\(entry.rule.id)") }
    }

    @Test func defaultMasksAndOnlyCommandsBlock() throws {
        let corpus = try Corpus(directory: shippedCorpus)
        #expect(try corpus.rules(profiles: ["default"]).allSatisfy { $0.action != .block })
        #expect(try corpus.rules(profiles: ["commands"]).allSatisfy { $0.action == .block })
        #expect(try corpus.rules(profiles: ["strict"]).count == corpus.entries.count)
    }

    @Test func mistakesAreFoundAtTheirExamples() async throws {
        let folder = try Folder([
            "pii/a.yaml": """
                rules:
                  - id: a
                    entity: A
                    pattern: 'ab+'
                    examples: [xaby, cd]
                    counterexamples: [ac, zab]
                  - id: b
                    entity: B
                    pattern: 'zz'
                    action: report
                """
        ])
        let result = try await Corpus(directory: folder.path).check()
        #expect(
            result.problems.map(\.description).joined(separator: "\n").replacing(folder.path, with: "C") == """
                C/pii/a.yaml:5:22: rule "a" does not match this example
                C/pii/a.yaml:6:27: rule "a" matches this counterexample at bytes 1..<3, as text
                C/pii/a.yaml:7:9: rule "b" has no example
                  hint: add  examples: ['…']  in which it must match
                C/pii/a.yaml:7:9: rule "b" has no counterexample
                  hint: add  counterexamples: ['…']  that look alike and must not match
                """)
        #expect(result.rules == 2 && result.examples == 2 && result.counterexamples == 2)
    }

    @Test func rulesThatOthersMakeIdleAreWarnedOf() async throws {
        func rule(_ id: String, _ entity: String, _ pattern: String, _ more: String = "") -> String {
            "  - {id: \(id), entity: \(entity), pattern: '\(pattern)', examples: ['x key1 y', 'key2'], counterexamples: [none, other]\(more)}\n"
        }
        let folder = try Folder([
            "profiles/default.yaml": "name: default\ninclude: ['pii/*']\n",
            "pii/a.yaml": "rules:\n" + rule("a", "A", "key[0-9]", ", priority: 2") + rule("b", "A", "key[0-9]") + rule("c", "C", "key[12]") + rule("d", "D", "key(?:1|2)"),
            "other/a.yaml": "rules:\n" + "  - {id: e, entity: E, pattern: 'other[0-9]', examples: [other1], counterexamples: [other]}\n",
        ])
        let result = try await Corpus(directory: folder.path).check()
        #expect(result.problems.isEmpty)
        #expect(
            result.warnings.map(\.message).map { $0.replacing(folder.path, with: "C") } == [
                #"rule "e" is in no profile, so nothing uses it"#,
                #"rule "b" finds exactly what "a" at C/pii/a.yaml:2:10 finds"#,
                #"rule "b" is shadowed: among all rules what it finds in its examples bears another label, of "a""#,
                #"rule "c" is shadowed: among all rules what it finds in its examples bears another label, of "a""#,
                #"rule "d" is shadowed: among all rules what it finds in its examples bears another label, of "a""#,
            ])
        let tied = try Folder(["pii/a.yaml": "rules:\n" + rule("c", "C", "key[12]") + rule("d", "D", "key(?:1|2)") + rule("f", "F", "[a-z]{3}[0-9]", ", priority: -1")])
        #expect(
            try await Corpus(directory: tied.path).check().warnings.map(\.message) == [
                #"rule "d" is ambiguous: "c" finds the same bytes with the same priority, and only the order of their ids decides which label they bear"#,
                #"rule "f" is shadowed: among all rules what it finds in its examples bears another label, of "c""#,
            ])
    }

    @Test func everyRefusedRuleIsListed() async throws {
        let folder = try Folder(["a.yaml": "rules: [{id: a, entity: A, pattern: 'a('}, {id: b, entity: B, pattern: '(b'}]\n"])
        #expect(try await Corpus(directory: folder.path).check().problems.count == 2)
    }

    @Test func anExampleThatIsJSONIsReadAsJSONToo() async throws {
        let folder = try Folder([
            "a.yaml": """
                rules:
                  - id: a
                    entity: A
                    pattern: '^secret$'
                    examples: ['{"a": "secret"}']
                    counterexamples: ['{"a": "secrets"}']
                """
        ])
        #expect(try await Corpus(directory: folder.path).check().problems == [])
    }
}
