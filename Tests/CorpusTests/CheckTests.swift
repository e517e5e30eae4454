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
