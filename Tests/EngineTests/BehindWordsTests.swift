// Rules that are sought from words, many at once: the result is that of the reference masker.

import Testing

@testable import Engine

@Suite struct BehindWordsTests {
    private static let words = ["pin", "pin code", "code", "card number", "number", "no", "id", "passport", "key", "secret key"]
    private static let shapes = ["[0-9]{4}", "[0-9]{2,6}", "(?<![a-z])[A-Z]{2}[0-9]{3}", "(?<![0-9])[0-9]{5}(?![0-9])", "[a-f0-9]{8}", "\\b[a-z]{3}_[0-9]{1,5}", "[A-Z]"]

    /// More rules than go into one group, that share words; texts full of these, close together.
    @Test("Many rules behind the same words mask like the reference, at random cuts", arguments: Effort.seeds(30))
    func many(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let rules = (0..<150).map { number in
            // Most of them never match, so that the reference has an end.
            let shape = number < 12 ? generator.pick(Self.shapes) : generator.pick(Self.shapes) + "#\(number)"
            let words = (0..<generator.within(1...4)).map { _ in generator.pick(Self.words) }
            return Rule(id: "r\(number)", entity: "E\(number)", pattern: shape, context: .init(words: Array(Set(words)).sorted(), within: generator.within(3...100)))
        }
        let set = try RuleSet(compiled: rules.map { try CompiledRule($0, preferring: .words) })
        #expect(set.compiled.allSatisfy { $0.plan.chosen.map(\.lane) == [.words] })
        let live = Array(rules.prefix(12))
        for format in [Format.text, .json] {
            var text = ""
            while text.utf8.count < 300 {
                let piece = generator.oneIn(2) ? generator.pick(Self.words) : generator.pick(["1234", "77", "AB123", "deadbeef", "55555", "abc_9", "x", "Pins", "PIN"])
                text += piece + generator.pick([" ", " ", ": ", "", ", ", format == .json ? "\", \"" : "\n"])
            }
            let body = Array((format == .json ? "[\"\(text)\"]" : text).utf8)
            let expected = try ReferenceMasker(live, format: format).mask(body)
            for cuts in [Cuts.whole, .random(of: body.count, using: &generator)] {
                guard let difference = difference(try MaskerRun(set, format, body, cuts).result, expected) else { continue }
                Issue.record("seed \(seed): \(format.rawValue) body \(shown(body)) with \(cuts):\n\(difference)\nrules:\n\(shown(live))")
            }
        }
    }
}
