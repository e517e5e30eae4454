// The gauntlet of every rule, run by the whole set: how slow a body made to hurt can be, beside typical traffic in the same chunks.

import Engine
import Foundation

/// The input of a rule's gauntlet that is slowest.
struct SlowestInput: Codable {
    var rule: String
    /// What the input is made of.
    var input: String
    /// Bytes in each chunk.
    var chunk: Int
    /// GB/s of the input, of typical traffic in chunks of that size, and one by the other, from the same rounds.
    var engine, typical, ratio: Rounds
}

struct GauntletRun {
    /// Rules in the set: all of the corpus, so that every shipped rule is judged.
    var rules: [Rule]
    var typical: Body
    var patience: Patience
    /// Leaves out chunks of one byte, and times once what is looked at first.
    var isQuick: Bool

    /// Bytes of text in an input, and in one that comes byte by byte.
    private static let bytes = 32 << 10
    private static let bytesOneByOne = 4 << 10
    private static let chunk = 16 << 10
    /// Inputs of a rule that are timed again, in turns with typical traffic.
    private static let finalists = 2

    /// The slowest input of each rule, the slowest first.
    ///
    /// - Parameter progress: called with the number of rules done.
    func measure(progress: (Int) -> Void) throws -> [SlowestInput] {
        // A block would end the body where the work begins.
        let set = try RuleSet(
            rules.map { rule in
                var rule = rule
                if rule.action == .block { rule.action = .redact(label: nil) }
                return rule
            })
        let usual = [Self.chunk, 1].map { Timed(Run(typical, set, .json, .bytes($0)).shortened(to: $0 == 1 ? 64 << 10 : 1 << 20)) }
        var slowest: [SlowestInput] = []
        for (number, rule) in rules.enumerated() {
            // Rules for fields and for commands have no pattern to make inputs of.
            if rule.pattern.isEmpty { continue }
            var timed: [(name: String, run: Timed, usual: Timed, ratio: Double)] = []
            for input in try Gauntlet(rule, bytes: Self.bytes).inputs where !isQuick || input.chunk == nil {
                let run = Run(Body(input.bytes), set, input.format, .bytes(input.chunk ?? Self.chunk))
                let subject = Timed(input.chunk == nil ? run : run.shortened(to: Self.bytesOneByOne))
                let other = input.chunk == nil ? usual[0] : usual[1]
                // The best of three: what disturbs a pass makes it slower only.
                let speed = try (0..<3).map { _ in try subject.gigabytesPerSecond() }.max()!
                timed.append((input.name, subject, other, speed / (try other.known())))
            }
            timed.sort { $0.ratio < $1.ratio }
            let finals = try timed.prefix(isQuick ? 1 : Self.finalists).map { subject in
                var (engine, typical): ([Double], [Double]) = ([], [])
                for _ in 0..<patience.rounds {
                    engine.append(try subject.run.gigabytesPerSecond())
                    typical.append(try subject.usual.gigabytesPerSecond())
                }
                return SlowestInput(
                    rule: rule.id, input: subject.name, chunk: subject.run.chunk, engine: Rounds(engine), typical: Rounds(typical),
                    ratio: Rounds(engine) / Rounds(typical))
            }
            if let worst = finals.min(by: { $0.ratio.median < $1.ratio.median }) { slowest.append(worst) }
            progress(number + 1)
        }
        return slowest.sorted { $0.ratio.median < $1.ratio.median }
    }

    /// A run that is timed again and again.
    private final class Timed {
        private let run: Run
        private var speed: Double?

        init(_ run: Run) { self.run = run }

        var chunk: Int { run.longestChunk }

        func gigabytesPerSecond() throws -> Double {
            let start = now()
            _ = try run.mask()
            return Double(run.bytes) / Double(max(now() - start, 1))
        }

        /// The median of a few passes, taken once.
        func known() throws -> Double {
            if let speed { return speed }
            let found = Rounds(try (0..<5).map { _ in try gigabytesPerSecond() }).median
            speed = found
            return found
        }
    }
}
