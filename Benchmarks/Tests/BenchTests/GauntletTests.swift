import Engine
import Testing

@testable import sluice_bench

@Suite struct GauntletTests {
    /// Rules for fields and for commands are in the set, but there is nothing to make hard inputs of.
    @Test func rulesWithoutPatternAreLeftOut() throws {
        let rules = [
            Rule(id: "commands", entity: "COMMAND", readsCommands: true), Rule(id: "field", entity: "FIELD", fields: [try FieldPath("pin")]),
            Rule(id: "code", entity: "CODE", pattern: "K-[0-9]{4,6}"),
        ]
        var done: [Int] = []
        let run = GauntletRun(
            rules: rules, typical: Body(Array("[\"plain text\", 1]".utf8)), patience: Patience(rounds: 1, roundMilliseconds: 1), isQuick: true)
        #expect(try run.measure { done.append($0) }.map(\.rule) == ["code"])
        #expect(done.last == rules.count)
    }
}
