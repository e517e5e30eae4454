// What `sluice corpus diff` finds different.

import Testing

@testable import Corpus
@testable import Engine

@Suite struct DiffTests {
    private static let old: [Rule] = [
        Rule(id: "a", entity: "A", pattern: "aa[0-9]"),
        Rule(id: "b", entity: "B", pattern: "bb[0-9]"),
        Rule(id: "c", entity: "C", pattern: "cc[0-9]"),
        Rule(id: "d", entity: "D", pattern: "dd[0-9]"),
        Rule(id: "same", entity: "S", pattern: "ss[0-9]"),
    ]
    /// `a` takes more, `b` is gone, `c` takes what `b` took too, `d` does something else, `e` is new.
    private static let new: [Rule] = [
        Rule(id: "a", entity: "A", pattern: "aa[0-9]{1,4}"),
        Rule(id: "c", entity: "C", pattern: "(?:cc|bb)[1-9]"),
        Rule(id: "d", entity: "D", pattern: "dd[0-9]", action: .report),
        Rule(id: "e", entity: "E", pattern: "ee[0-9]"),
        Rule(id: "same", entity: "S", pattern: "ss[0-9]"),
    ]

    private func diff(on bodies: [TrafficBody], samples: Int = 3) async throws -> CorpusDiff {
        var diff = CorpusDiff(Self.old, Self.new)
        try await diff.compare(RuleSet(Self.old), RuleSet(Self.new), on: bodies, samples: samples)
        return diff
    }

    private func body(_ text: String, line: Int? = nil) -> TrafficBody { TrafficBody(file: "f", line: line, bytes: Array(text.utf8), format: .text) }

    @Test("Rules are compared by id and key")
    func rules() {
        let diff = CorpusDiff(Self.old, Self.new)
        #expect(diff.added == ["e"] && diff.removed == ["b"])
        #expect(diff.changed.map(\.rule) == ["a", "c", "d"] && diff.changed.map(\.keys) == [["pattern"], ["pattern"], ["action"]])
        #expect(!diff.isEmpty && CorpusDiff(Self.old, Self.old.reversed()).isEmpty)
    }

    @Test("Findings are added, removed or changed, each for its rule; bytes are counted on both sides")
    func findings() async throws {
        let diff = try await diff(on: [body("aa1 aa234 bb0 bb1 cc1 dd1 ee1 ss1", line: 7)])
        let traffic = try #require(diff.traffic)
        func row(_ rule: String) -> [Int]? { traffic.rules.first { $0.rule == rule }.map { [$0.before, $0.after, $0.added, $0.removed, $0.changed] } }
        #expect(row("a") == [2, 2, 0, 0, 1])
        #expect(row("b") == [2, 0, 0, 1, 0])
        #expect(row("c") == [1, 2, 0, 0, 1])
        #expect(row("d") == [1, 1, 0, 0, 1])
        #expect(row("e") == [0, 1, 1, 0, 0])
        #expect(row("same") == nil)
        #expect(traffic.newlyMasked == Proportion(2 + 3, of: 33) && traffic.newlyReadable == Proportion(3 + 3, of: 33))
        #expect(traffic.maskedBefore.count - 1 == traffic.maskedAfter.count)
        let moved = try #require(traffic.samples.first { $0.rule == "c" })
        #expect(moved.kind == .changed && moved.ruleBefore == "b" && moved.line == 7 && moved.start == 14 && moved.end == 17)
        #expect(traffic.samples.first { $0.rule == "a" }?.ruleBefore == nil)
    }

    @Test("Traffic in which nothing differs is no difference, whatever the rules")
    func nothing() async throws {
        #expect(try await diff(on: [body("aa1 ss1 cc9")]).isEmpty)
        #expect(try await !diff(on: [body("aa1 ss1 cc9"), body("ee1")]).isEmpty)
    }

    @Test("Samples are the first of each rule and kind")
    func samples() async throws {
        let diff = try await diff(on: (1...5).map { (number: Int) in body("ee\(number)", line: number) }, samples: 2)
        #expect(diff.traffic?.samples.map(\.line) == [1, 2] && diff.traffic?.rules.first?.added == 5)
    }
}
