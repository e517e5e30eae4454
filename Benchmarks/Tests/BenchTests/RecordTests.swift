import Foundation
import Testing

@testable import sluice_bench

@Suite struct RecordTests {
    /// A record with these speeds of the engine at 16 KiB, three rounds each.
    static func record(_ speeds: [String: [Double]], output: String = "aa") -> Record {
        var record = Record(
            date: "2026-01-02T03:04:05Z", machine: Machine(root: URL(filePath: "/nowhere")), corpusHash: "c", patience: Patience(rounds: 3), isQuick: false)
        for (name, values) in speeds.sorted(by: { $0.key < $1.key }) {
            let steady = Rounds(values.map { _ in 0.05 })
            record.measurements.append(
                .init(
                    workload: name, point: nil, chunk: "16384", rules: 1,
                    speed: Speed(
                        engine: Rounds(values), copy: steady, oneDatabase: steady, literals: nil, bytesIn: 1000, bytesOut: 900, matches: 2, chunks: 1,
                        oneDatabaseReportsPerKB: 1, literalReportsPerKB: nil),
                    delay: Histogram([1]), allocations: nil, output: output))
        }
        return record
    }

    @Test func aComparisonShowsLosingCasesFirstAndFlagsOnlyWhatLiesOutsideOfTheSpread() {
        let before = Self.record(["a": [1, 1.1, 1.2], "b": [1, 1.1, 1.2], "c": [1, 1.1, 1.2], "gone": [1, 1, 1]])
        let after = Self.record(["a": [2, 2.2, 2.4], "b": [0.5, 0.55, 0.6], "c": [1.15, 1.25, 1.3], "new": [1, 1, 1]])
        let comparison = Comparison(before, after)
        #expect(comparison.rows.map(\.title) == ["b, 16384", "c, 16384", "a, 16384"])
        #expect(comparison.rows.map(\.verdict) == [.slower, .same, .faster])
        #expect(abs(comparison.engine - geometricMean([2, 0.5, 1.25 / 1.1])) < 1e-9)
        #expect(comparison.copy == 1)
        #expect(comparison.onlyBefore == ["gone, 16384"] && comparison.onlyAfter == ["new, 16384"])
        #expect(comparison.rows.allSatisfy { $0.remarks.isEmpty })
        #expect(Comparison(before, Self.record(["a": [1, 1, 1]], output: "bb")).rows[0].remarks == ["the output differs"])
    }

    @Test func aRecordReadsBackAsItWasWritten() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "sluice-bench-\(UUID())")
        defer { try? FileManager.default.removeItem(at: folder) }
        let record = Self.record(["a": [1, 2, 3]])
        let place = try record.write(to: folder)
        #expect(place.lastPathComponent == "2026-01-02T030405Z")
        let read = try Record(reading: place.path + ".json")
        #expect(read.measurements[0].speed.engine == Rounds([1, 2, 3]))
        #expect(throws: UnreadableRecord.self) { try Record(reading: place.path + ".md") }
        try Data("{\"rounds\": 5}".utf8).write(to: folder.appending(path: "old.json"))
        #expect(throws: UnreadableRecord.self) { try Record(reading: folder.path + "/old.json") }
    }

    @Test func barsAreJudgedByTheRecordAndOnlyByWhatIsInIt() throws {
        var record = Self.record(["vendor-json": [1.2, 1.3, 1.4], "dense-json": [0.5, 0.5, 0.5]])
        func verdict(_ start: String) -> Bar.Verdict? { Bar.all(of: record).first { $0.demand.hasPrefix(start) }?.verdict }
        // One of the two chunk sizes is missing.
        #expect(verdict("vendor-json, 16 and 64 KiB: ≥ 1.25") == .notMeasured)
        #expect(verdict("canada, 1 KiB") == .notMeasured)
        #expect(verdict("dense-json") == .held)
        var large = record.measurements[1]
        large.chunk = "65536"
        record.measurements.append(large)
        #expect(verdict("vendor-json, 16 and 64 KiB: ≥ 1.25") == .held)
        #expect(verdict("vendor-json, 16 and 64 KiB: ≥ 20 ×") == .held)
        record.measurements[2].speed.engine = Rounds([0.9, 0.9, 0.9])
        #expect(verdict("vendor-json, 16 and 64 KiB: ≥ 1.25") == .missed)
        #expect(verdict("vendor-json, 16 and 64 KiB: ≥ 20 ×") == .missed)
    }
}
