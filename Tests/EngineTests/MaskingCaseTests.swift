// Runs the table of masking cases.

import Engine
import Testing

@Suite struct MaskingCaseTests {
    @Test("Masks as the table says, for every cut", arguments: MaskingCase.all)
    func engine(_ masking: MaskingCase) throws {
        let set = try RuleSet(masking.rules)
        let body = Array(masking.body.utf8)
        let whole = try MaskerRun(set, masking.format, body)
        check(whole.result, masking)
        let cuts: [Cuts] =
            body.count > 500
            ? [7, 64, 4095, 4096, 4097].map { .every($0, of: body.count) }
            : (0...body.count).map { Cuts(offsets: [$0]) } + (1...64).filter { $0 < body.count }.map { .every($0, of: body.count) }
        for cut in cuts {
            if let difference = difference(try MaskerRun(set, masking.format, body, cut).result, whole.result) {
                Issue.record("\(masking.name), \(cut):\n\(difference)")
                break
            }
        }
    }

    @Test("The reference agrees with the table", arguments: MaskingCase.all)
    func reference(_ masking: MaskingCase) throws {
        check(try ReferenceMasker(masking.rules, format: masking.format).mask(Array(masking.body.utf8)), masking)
    }

    @Test("In a JSON string the same text is masked the same", arguments: MaskingCase.all.filter { $0.format == .text && !$0.body.contains("\"") })
    func inString(_ masking: MaskingCase) throws {
        let run = try MaskerRun(try RuleSet(masking.rules), .json, Array(("\"" + masking.body + "\"").utf8))
        let end = masking.blocked == nil ? "\"" : ""
        #expect(String(decoding: run.result.output, as: UTF8.self) == "\"" + masking.output + end)
    }

    @Test("Statistics count what happened")
    func statistics() throws {
        let rules = [
            Rule(id: "a", entity: "A", pattern: "a+"), Rule(id: "b", entity: "B", pattern: "b", action: .report),
            Rule(id: "c", entity: "C", pattern: "c", action: .remove),
        ]
        let body = Array("aa b c a, ac".utf8)
        let run = try MaskerRun(try RuleSet(rules), .text, body, .every(1, of: body.count))
        #expect(run.statistics.masked == ["a": 3, "c": 1])
        #expect(run.statistics.reported == ["b": 1])
        #expect(run.statistics.bytesIn == body.count)
        #expect(run.statistics.bytesOut == run.result.output.count)
        #expect(run.statistics.chunks == body.count)
        #expect(run.statistics.held == 0)
        #expect(run.statistics.brokenJSONAt == nil)
    }

    private func check(_ result: MaskResult, _ masking: MaskingCase) {
        #expect(String(decoding: result.output, as: UTF8.self) == masking.output)
        if let findings = masking.findings {
            #expect(result.findings.map(\.rule) == findings.map(\.0))
            #expect(result.findings.map(\.range) == findings.map(\.1))
        }
        #expect(result.blocked?.range == masking.blocked)
    }
}
