import Testing

@testable import sluice_bench

@Suite struct DefinitionTests {
    static let text = """
        # A comment stays.
        workloads:
          - name: plain
            why: because
            body: {generator: vendor-json, seed: 7, bytes: 1000, density: 15}
            format: json
            chunks: [1, event]

          - name: swept
            why: because
            body: {generator: prose}
            format: text
            chunks: [16384]
            sweep: {density: [0, 100]}
            expected:
              0: {matches: 0, output: aa}
              100: {matches: 3, output: bb}

          - name: last
            why: because
            body: {payload: twitter.json}
            format: json
            chunks: [64]
            expected: {matches: 1, output: cc}

        """

    @Test func aDefinitionIsReadWithItsSweepAndItsAnswers() throws {
        let file = DefinitionFile(name: "x.yaml", text: Self.text)
        #expect(file.problems.map(\.description) == [])
        #expect(file.workloads.map(\.name) == ["plain", "swept", "last"])
        #expect(file.workloads[0].chunks == [.bytes(1), .events])
        #expect(file.workloads[0].source == .generated(.vendorJSON, BodyShape(seed: 7, bytes: 1000, density: 15)))
        #expect(file.workloads[1].points.map(\.title) == ["swept 0", "swept 100"])
        #expect(file.workloads[1].expected == [0: .init(matches: 0, output: "aa"), 100: .init(matches: 3, output: "bb")])
        #expect(file.workloads[2].expected == [nil: .init(matches: 1, output: "cc")])
    }

    @Test(arguments: [
        ("    colour: red", "x.yaml:3:5: unknown key \"colour\" in a workload"),
        ("    format: yaml", "x.yaml:3:13: \"format\" cannot be \"yaml\""),
        ("    body: {generator: prose, bites: 3}", "x.yaml:3:30: unknown key \"bites\" in \"body\""),
        ("    body: {generator: prose, density: 101}", "x.yaml:3:39: \"density\" must be a whole number from 0 to 100"),
        ("    body: {payload: a.json, seed: 3}", "x.yaml:3:11: a payload is taken as it is"),
        ("    chunks: [0]", "x.yaml:3:14: an entry of \"chunks\" must be a whole number"),
        ("    sweep: {density: [1], rules: [2]}", "x.yaml:3:12: \"sweep\" varies one thing"),
        ("    name: b", "x.yaml:2:5: the mapping that begins here has a key twice: name"),
        ("    why: a: b", "x.yaml:3:11: this is not YAML"),
        ("    expected: {matches: 1}", "x.yaml:3:15: \"expected\" needs"),
    ])
    func whatDoesNotFitIsRefusedWithItsPlace(line: String, problem: String) {
        let problems = DefinitionFile(name: "x.yaml", text: "workloads:\n  - name: a\n\(line)\n").problems.map(\.description)
        #expect(problems.contains { $0.hasPrefix(problem) }, "\(problems)")
    }

    @Test func newAnswersReplaceOldOnesAndLeaveTheRestOfTheFile() {
        let new = ExpectedAnswers.rewritten(
            Self.text,
            with: [
                "plain": [nil: .init(matches: 5, output: "dd")], "swept": [0: .init(matches: 0, output: "aa"), 100: .init(matches: 4, output: "ee")],
                "last": [nil: .init(matches: 1, output: "ff")],
            ])
        let wanted = Self.text
            .replacing("    chunks: [1, event]\n", with: "    chunks: [1, event]\n    expected: {matches: 5, output: dd}\n")
            .replacing("100: {matches: 3, output: bb}", with: "100: {matches: 4, output: ee}").replacing("output: cc", with: "output: ff")
        #expect(new == wanted)
        let read = DefinitionFile(name: "x.yaml", text: new)
        #expect(read.workloads.map { $0.expected.values.map(\.matches).max() } == [5, 4, 1])
    }
}
