// One rule set serves any number of maskers on any thread.

import Engine
import Testing

@Suite struct ConcurrencyTests {
    @Test("Maskers on many threads that share a rule set give the same results")
    func sharedRuleSet() async throws {
        let rules = try RuleSet(JSONShapeTests.ordinaryRules)
        let record = #"{"id":4111111111111111,"mail":"joe\u0040example.com","ip":"10.0.0.1","ssn":"078-05-1120","note":"Bearer abcdefghij0123456789"}"#
        let body = Array((0..<40).map { record + "\($0)\n" }.joined().utf8)
        let expected = try MaskerRun(rules, .json, body).result
        try await withThrowingTaskGroup(of: MaskResult.self) { group in
            for task in 0..<16 {
                group.addTask {
                    var latest = MaskResult()
                    for round in 0..<3 { latest = try MaskerRun(rules, .json, body, .every(17 * task + round + 1, of: body.count)).result }
                    return latest
                }
            }
            for try await result in group { #expect(difference(result, expected) == nil) }
        }
    }

    @Test("A masker interleaved with others keeps its own state")
    func interleaved() throws {
        let rules = try RuleSet(JSONShapeTests.ordinaryRules)
        let bodies = ["mail joe@example.com and", "card 4111-1111-1111-1111 or", "token bearer 0123456789abcdefXYZ end"].map { Array($0.utf8) }
        var maskers = bodies.map { _ in Masker(rules, format: .text) }
        var outputs = bodies.map { _ in [UInt8]() }
        for offset in 0..<bodies.map(\.count).max()! {
            for (index, body) in bodies.enumerated() where offset < body.count {
                try [body[offset]].withUnsafeBytes { chunk in try maskers[index].feed(chunk).append(to: &outputs[index], chunk: chunk) }
            }
        }
        for index in bodies.indices {
            try maskers[index].finish().append(to: &outputs[index], chunk: UnsafeRawBufferPointer(start: nil, count: 0))
            #expect(try outputs[index] == MaskerRun(rules, .text, bodies[index]).result.output)
        }
    }
}
