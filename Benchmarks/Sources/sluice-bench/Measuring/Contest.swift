// Engine and baselines, in turns.

import Engine
import Foundation

/// How long is measured.
struct Patience: Codable {
    var rounds = 5
    /// Of the engine in one round; baselines get half.
    var roundMilliseconds = 100
}

/// The speed of one workload with one way of cutting it.
struct Speed: Codable {
    /// GB/s (10⁹ bytes) of input. Literals: nil where no rule holds one.
    var engine: Rounds
    /// The engine with the rules of ``Workload/beside``.
    var beside: Rounds?
    var copy, oneDatabase: Rounds
    var literals: Rounds?
    /// Bytes of one pass of the engine: less than the body's where it would take too long.
    var bytesIn, bytesOut: Int
    /// Of one pass of the engine.
    var matches, chunks: Int
    /// What the databases report; they report every end of a match.
    var oneDatabaseReportsPerKB: Double
    var literalReportsPerKB: Double?

    /// The engine's speed by what it is with the rules beside.
    var ofBeside: Rounds? { beside.map { engine / $0 } }
    var nanosecondsPerByte: Double { 1 / engine.median }
    var gigabytesOut: Double { engine.median * Double(bytesOut) / Double(bytesIn) }
    var matchesPerKB: Double { Double(matches) * 1000 / Double(bytesIn) }
}

enum Contest {
    /// Each round times every contestant once, one right after the other, so that a busy machine slows all of them.
    ///
    /// - Parameters:
    ///   - run: already passed once, so that the engine's buffers have grown.
    ///   - beside: the same with other rules.
    static func hold(_ run: Run, beside: Run?, _ baselines: Baselines, _ patience: Patience) throws -> Speed {
        let budget = Double(patience.roundMilliseconds) * 1e-3
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: max(run.longestChunk, 1), alignment: 64)
        defer { buffer.deallocate() }
        var totals = Run.Totals()
        var oneReports = 0.0
        var literalReports = 0.0
        let engine = try Contestant(run, budget) { totals = try $0.mask() }
        let copy = try Contestant(run, budget / 4) { $0.copy(into: buffer) }
        let one = try Contestant(run, budget / 2) { oneReports = reportsPerKB(baselines.oneDatabase, $0) }
        let literals = try baselines.literals.map { database in
            try Contestant(run, budget / 2) { literalReports = reportsPerKB(database, $0) }
        }
        let other = try beside.map { try Contestant($0, budget) { _ = try $0.mask() } }
        let contestants = [engine] + (other.map { [$0] } ?? []) + [copy, one] + (literals.map { [$0] } ?? [])
        var speeds = [[Double]](repeating: [], count: contestants.count)
        for _ in 0..<patience.rounds {
            for (index, contestant) in contestants.enumerated() { speeds[index].append(try contestant.gigabytesPerSecond()) }
        }
        var rounds = speeds.map(Rounds.init)[...]
        return Speed(
            engine: rounds.removeFirst(), beside: other.map { _ in rounds.removeFirst() }, copy: rounds.removeFirst(), oneDatabase: rounds.removeFirst(),
            literals: literals.map { _ in rounds.removeFirst() },
            bytesIn: engine.run.bytes, bytesOut: totals.bytesOut, matches: totals.matches, chunks: engine.run.ends.count,
            oneDatabaseReportsPerKB: oneReports, literalReportsPerKB: literals.map { _ in literalReports })
    }

    private static func reportsPerKB(_ database: HyperscanDatabase, _ run: Run) -> Double {
        Double(database.reports(in: run)) * 1000 / Double(run.bytes)
    }

    /// One way to go over the bytes, with as many passes as fill its time.
    private struct Contestant {
        private(set) var run: Run
        private var passes = 1
        private let pass: (Run) throws -> Void

        /// Warms up, and takes the body's beginning in place of all of it where one pass would take four times the time meant for it.
        ///
        /// - Parameter budget: seconds in one round.
        init(_ run: Run, _ budget: Double, pass: @escaping (Run) throws -> Void) throws {
            (self.run, self.pass) = (run, pass)
            let start = run.shortened(to: 65536)
            self.run = start
            let estimate = try seconds() * Double(run.bytes) / Double(max(start.bytes, 1))
            self.run = estimate > 4 * budget ? run.shortened(to: Int(Double(run.bytes) * 2 * budget / estimate)) : run
            // Twice: a pass that is much shorter than a reading of the clock is first judged too roughly.
            for _ in 0..<2 { passes = max(Int(Double(passes) * budget / (try seconds())), 1) }
        }

        private func seconds() throws -> Double {
            let start = now()
            for _ in 0..<passes { try pass(run) }
            return Double(max(now() - start, 1)) * 1e-9
        }

        func gigabytesPerSecond() throws -> Double { Double(run.bytes * passes) / (try seconds()) / 1e9 }
    }
}
