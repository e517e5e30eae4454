// C1, one meaning: what comes out depends on the body, never on how it was cut.

import Engine
import Testing

@Suite struct ChunkingTests {
    private func compare(_ rules: RuleSet, _ format: Format, _ body: [UInt8], _ cuts: Cuts, _ whole: MaskResult, seed: UInt64) throws -> Bool {
        let run = try MaskerRun(rules, format, body, cuts)
        guard let difference = difference(run.result, whole) else { return true }
        Issue.record(
            """
            seed \(seed): \(format.rawValue) body \(shown(body)) with \(cuts):
            \(difference)
            rules:
            \(shown(rules.rules))
            """)
        return false
    }

    private func everyCut(_ format: Format, seed: UInt64) throws {
        let (rules, set) = try RandomRules.loaded(seed: seed, kinds: .all)
        var bodies = try RandomBodies(seed: seed, rules: rules)
        let body = format == .text ? bodies.text(longest: 90) : bodies.json(longest: 50)
        let whole = try MaskerRun(set, format, body).result
        var generator = SeededGenerator(seed: seed ^ 0xC075)
        var cuts = (0...body.count).map { Cuts(offsets: [$0]) }
        cuts += (1...64).filter { $0 <= body.count }.map { .every($0, of: body.count) }
        cuts += (0..<8).map { _ in .random(of: body.count, using: &generator) }
        for cut in cuts where try !compare(set, format, body, cut, whole, seed: seed) { break }
    }

    @Test("Text comes out the same for every cut in two, every chunk size from 1 to 64 and random cuts", arguments: Effort.seeds(40))
    func text(seed: UInt64) throws { try everyCut(.text, seed: seed) }

    @Test("JSON comes out the same for every cut in two, every chunk size from 1 to 64 and random cuts", arguments: Effort.seeds(40))
    func json(seed: UInt64) throws { try everyCut(.json, seed: seed) }

    @Test("Longer bodies come out the same for random cuts", arguments: Effort.seeds(10))
    func longer(seed: UInt64) throws {
        let (rules, set) = try RandomRules.loaded(seed: seed &+ 7_000_000, kinds: .all)
        var bodies = try RandomBodies(seed: seed, rules: rules)
        var generator = SeededGenerator(seed: seed)
        for format in [Format.text, .json] {
            var body: [UInt8] = []
            for _ in 0..<12 { body += format == .text ? bodies.text(longest: 400) : bodies.validJSON(longest: 200) + [0x0A] }
            let whole = try MaskerRun(set, format, body).result
            for _ in 0..<6 {
                if try !compare(set, format, body, .random(of: body.count, using: &generator), whole, seed: seed) { break }
            }
        }
    }
}
