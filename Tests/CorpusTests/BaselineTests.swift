// What the gate calls worse.

import Foundation
import Testing

@testable import Corpus
@testable import Engine

@Suite struct BaselineTests {
    private static let cases = [
        #"{"id":"1","source":"s","kind":"labelled","exhaustive":true,"text":"to ada@example.org, eve@example.net","labels":[[3,18,"EMAIL_ADDRESS","pattern"],[20,35,"EMAIL_ADDRESS","pattern"]]}"#,
        #"{"id":"2","source":"s","kind":"labelled","exhaustive":true,"text":"version a@b.1 of 10 000 bytes","labels":[]}"#,
        #"{"id":"3","source":"s","kind":"validator","entity":"EMAIL_ADDRESS","text":"ada@example.net","valid":true}"#,
        #"{"id":"4","source":"s","kind":"text","entity":"EMAIL_ADDRESS","text":"bob@example.net","expect":"detect","spans":[[0,15]],"bare":true}"#,
    ]
    private static let clean = TrafficBody(file: "c", bytes: Array("all quiet, q@r.7 aside".utf8), format: .text)
    private static let good = "  - {id: mail, entity: EMAIL_ADDRESS, pattern: '[a-z]{1,20}@[a-z]{1,20}\\.(?:org|net)'}\n"

    private func score(_ rules: String, cases: [String] = Self.cases, cost: Bool = false) async throws -> Score {
        let folder = try Folder(["pii/a.yaml": "rules:\n" + rules])
        let corpus = try Corpus(directory: folder.path)
        let set = try RuleSet(corpus.rules(profiles: ["default"]))
        var score = try await Scorer(corpus, rules: set) { _ in .text }.score(try cases.flatMap { try LabelledCase.cases(line: Array($0.utf8)) })
        try await score.setClean([Self.clean], set)
        if cost { score.setCosts(try await CostMeter(set, body: TypicalBody.json(bytes: 20_000)).steady()) }
        return score
    }

    @Test("A score is not worse than itself, read from a file or not")
    func same() async throws {
        let score = try await score(Self.good, cost: true)
        #expect(try score.regressions(since: score).isEmpty)
        #expect(try score.regressions(since: JSONDecoder().decode(Score.self, from: JSONEncoder().encode(score))).isEmpty)
        #expect(try await score.rules.map(\.cost) == self.score(Self.good, cost: true).rules.map(\.cost))
    }

    @Test("A rule that hides less is named where its entity, source and domain lose")
    func recall() async throws {
        let worse = try await score("  - {id: mail, entity: EMAIL_ADDRESS, pattern: '[a-z]{1,20}@[a-z]{1,20}\\.org'}\n").regressions(since: score(Self.good))
        #expect(worse.filter { $0.measure == .recall }.map(\.name) == ["personalData", "s", "EMAIL_ADDRESS"])
        #expect(worse.filter { $0.measure == .found }.map(\.name) == ["personalData", "s", "EMAIL_ADDRESS", "mail"])
        #expect(worse.filter { $0.measure == .bareRecall }.map(\.subject) == [.domain, .source, .entity])
        #expect(worse.contains { $0.measure == .validators && $0.name == "s EMAIL_ADDRESS" && $0.after == 0 })
        #expect(worse.filter { $0.measure == .recall }.allSatisfy { $0.rules == ["mail"] && $0.before == 1 && $0.after == 0.5 })
    }

    @Test("A rule on trial that reports less is named too")
    func reports() async throws {
        func reporting(_ ending: String) async throws -> Score {
            try await score("  - {id: mail, entity: EMAIL_ADDRESS, pattern: '[a-z]{1,20}@[a-z]{1,20}\\.\(ending)', action: report}\n")
        }
        let worse = try await reporting("org").regressions(since: reporting("(?:org|net)"))
        #expect(worse.contains { $0.subject == .rule && $0.name == "mail" && $0.measure == .found } && !worse.contains { $0.measure == .recall })
    }

    @Test("A rule that is gone is named; one whose work another does is not")
    func gone() async throws {
        let two = Self.good + "  - {id: wide, entity: EMAIL_ADDRESS, pattern: '[a-z]{1,30}@[a-z.]{1,30}(?:org|net)', priority: -1}\n"
        #expect(try await score(Self.good).regressions(since: score(two)).isEmpty)
        let other = "  - {id: other, entity: WORD, pattern: 'nothing like it'}\n"
        let worse = try await score(other).regressions(since: score(Self.good + other))
        #expect(worse.first { $0.subject == .domain && $0.measure == .recall }?.rules == ["mail"])
    }

    @Test("False findings and over-masking of a new rule show in the totals, by its name")
    func falseFindings() async throws {
        let worse = try await score(Self.good + "  - {id: loose, entity: EMAIL_ADDRESS, pattern: '[a-z]@[a-z]\\.[0-9]'}\n").regressions(since: score(Self.good))
        #expect(Set(worse.map(\.measure)) == [.cleanFindings, .overMasking, .precision])
        #expect(worse.allSatisfy { $0.rules == ["loose"] })
        #expect(worse.first?.subject == .all)
    }

    @Test("A rule's own false findings and costs count against it")
    func costs() async throws {
        let wide = "  - {id: mail, entity: EMAIL_ADDRESS, pattern: '[a-z0-9]{1,60}@[a-z]{1,20}\\.(?:[a-z]{2,9}|[0-9])'}\n"
        let worse = try await score(wide, cost: true).regressions(since: score(Self.good, cost: true)).filter { $0.subject == .rule }
        #expect(worse.allSatisfy { $0.name == "mail" && $0.rules == ["mail"] })
        #expect(Set(worse.map(\.measure)).isSuperset(of: [.precision, .cleanFindings, .work]), "\(worse)")
    }

    @Test("A new rule that costs more, or holds more, than all did before fails the gate by its name")
    func newCosts() async throws {
        let before = try await score(Self.good, cost: true)
        let holding = "  - {id: greedy, entity: WORD, pattern: '[ -~]{1,300}!!'}\n"
        let worse = try await score(Self.good + holding, cost: true).regressions(since: before).filter { $0.subject == .all }
        #expect(Set(worse.map(\.measure)) == [.hits, .work, .held] && worse.allSatisfy { $0.rules == ["greedy"] && $0.name == "rules" }, "\(worse)")
        // One that is rare and short is looked at nowhere and holds nothing more; its hardest input may still be harder than that of the one rule before.
        let rare = try await score(Self.good + "  - {id: rare, entity: WORD, pattern: 'xyzzy[0-9]{4}'}\n", cost: true).regressions(since: before)
        #expect(rare.allSatisfy { $0.measure == .work }, "\(rare)")
    }

    @Test("What is worse by no more than the tolerance passes")
    func tolerance() async throws {
        let worse = try await score("  - {id: mail, entity: EMAIL_ADDRESS, pattern: '[a-z]{1,20}@[a-z]{1,20}\\.org'}\n")
        let before = try await score(Self.good)
        #expect(try worse.regressions(since: before, tolerance: 49).contains { $0.measure == .recall })
        #expect(try !worse.regressions(since: before, tolerance: 51).contains { $0.measure == .recall })
    }

    @Test("Scores of other cases are not compared")
    func otherCases() async throws {
        let (few, all) = (try await score(Self.good, cases: Array(Self.cases.dropLast())), try await score(Self.good))
        #expect("\(try #require(throws: BaselineMismatch.self) { try all.regressions(since: few) })" == "it was made on other cases (3, here 4)")
        var other = all
        other.clean?.hash = "x"
        #expect(throws: BaselineMismatch.self) { try all.regressions(since: other) }
        other = all
        other.version = 7
        #expect(throws: BaselineMismatch.self) { try all.regressions(since: other) }
    }
}
