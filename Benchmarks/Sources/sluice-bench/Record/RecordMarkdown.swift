// A record as people read it.

import Foundation

extension Record {
    var markdown: String { [heading, speeds, beside, costs, delays, gauntlets, holds, states, starts, barTable].filter { !$0.isEmpty }.joined(separator: "\n") }

    private var heading: String {
        let sets = ruleSets.filter { $0.point == nil }.map { "\($0.rules) rules of `\($0.profile)`\($0.fields.map { " with the fields `\($0.joined(separator: "`, `"))`" } ?? ""), set `\($0.hash.prefix(16))`" }
        var text = """
            # Engine benchmark, \(date)

            \(machine.processor) (\(machine.instructions.joined(separator: ", "))), \(machine.cores) cores, \(machine.system); \(machine.swift), Hyperscan \(machine.hyperscan).
            Commit \(machine.commit). \(sets.joined(separator: "; ")); corpus `\(corpusHash.prefix(16))`. \
            It had a core for \(Int((processorShare * 100).rounded())) % of the time\(processorShare < Self.quietShare ? ": **the machine was busy, do not publish**" : ""); load before the run: \(machine.load.map(shown) ?? "unknown").

            One thread. GB is 10⁹ bytes, MB 10⁶, KB 10³. Medians of \(patience.rounds) alternating rounds, in brackets the least and the most. Matches and the SHA-256 of the output
            were as expected, for every chunk size and at random cuts, before anything was timed.

            """
        if isQuick { text += "\nA quick run: short rounds, and sweeps with their ends only.\n" }
        if !missing.isEmpty { text += "\nNot in this record: \(missing.joined(separator: "; ")).\n" }
        return text
    }

    private var speeds: String {
        table(
            "Speed", ["workload, chunk", "GB/s in", "GB/s out", "ns/byte", "ticks/byte", "matches/KB", "allocations/MB", "allocated bytes/MB"],
            measurements.map { measurement in
                let speed = measurement.speed
                let ticks = machine.ticksPerNanosecond.map { shown(speed.nanosecondsPerByte * $0) } ?? "–"
                let heap = measurement.allocations
                return [
                    measurement.title, shown(speed.engine), shown(speed.gigabytesOut), shown(speed.nanosecondsPerByte), ticks, shown(speed.matchesPerKB),
                    heap.map { shown($0.perMB) } ?? "–", heap.map { shown($0.bytesPerMB) } ?? "–",
                ]
            }, below: "A tick is one of the time stamp counter\(machine.ticksPerNanosecond.map { ", \(shown($0)) a nanosecond" } ?? "").")
    }

    private var beside: String {
        let set = ruleSets.first { $0.point == nil }
        return table(
            "Beside it, in the same rounds (GB/s)",
            ["workload, chunk", "engine", "memcpy", "literals only", "one database", "engine ÷ literals", "engine ÷ one database"],
            measurements.map { measurement in
                let speed = measurement.speed
                return [
                    measurement.title, shown(speed.engine.median), shown(speed.copy), speed.literals.map(shown) ?? "–", shown(speed.oneDatabase),
                    speed.literals.map { shown((speed.engine / $0).median) } ?? "–", shown(speed.engine / speed.oneDatabase),
                ]
            },
            below: """
                One database: the same rules in one Hyperscan block database (\(set?.oneDatabasePatterns ?? 0) patterns), look-around dropped, reports only counted\
                \(set.map { $0.leftOut.isEmpty ? "" : ", without \($0.leftOut.joined(separator: ", ")), which it cannot compile" } ?? "").
                Literals only: of these the \(set?.literalPatterns ?? 0) whose every match contains a literal of at least \(RequiredLiteral.leastLength) bytes.
                """)
    }

    /// What rules cost beside others, in the same rounds.
    private var costs: String {
        let compared = measurements.filter { $0.speed.beside != nil }
        if compared.isEmpty { return "" }
        return table(
            "With and without a profile, in the same rounds (GB/s)", ["workload, chunk", "with", "without", "with ÷ without"],
            compared.map { [$0.title, shown($0.speed.engine), $0.speed.beside.map(shown) ?? "–", $0.speed.ofBeside.map(shown) ?? "–"] },
            below: "The profile is `commands`, beside `default`: what answers propose to run is read, and held until it is judged.")
    }

    private var delays: String {
        table(
            "Delay of a chunk (µs)", ["workload, chunk", "chunks timed", "p50", "p90", "p99", "max", "at most 1", "at most 16", "at most 131"],
            measurements.map { measurement in
                let delay = measurement.delay
                let shares = [1023, 16383, 131_071].map { percent(delay.share(upTo: $0)) }
                return [measurement.title, "\(delay.samples)"] + [delay.p50, delay.p90, delay.p99, delay.max].map { shown(Double($0) / 1000) } + shares
            }, below: "Each from the call of `feed` to its return. The JSON file has the histogram by powers of two.")
    }

    /// Rules listed; the JSON file has all.
    private static let listed = 25

    private var gauntlets: String {
        let inputs = gauntlet ?? []
        if inputs.isEmpty { return "" }
        return table(
            "Gauntlet: each rule's slowest input", ["rule", "input", "chunk", "GB/s", "typical, GB/s", "ratio"],
            inputs.prefix(Self.listed).map { input in
                [input.rule, input.input, "\(input.chunk)", shown(input.engine.median), shown(input.typical.median), shown(input.ratio)]
            },
            below: """
                Inputs made from the rule's own pattern, masked by all rules of \(gauntletProfile.map { "`\($0)`" } ?? "the corpus") together; typical is vendor-json in chunks of the same size, in the same rounds. \
                The slowest \(min(inputs.count, Self.listed)) of \(inputs.count) rules; median ratio \(shown(Rounds(inputs.map(\.ratio.median)).median)).
                """)
    }

    private var holds: String {
        table(
            "Bytes held at random cuts", ["workload", "cuts", "p50", "p90", "p99", "max", "0", "at most 3", "at most 15", "at most 63"],
            held.map { held in
                let bytes = held.bytes
                let name = held.point.map { "\(held.workload) \($0)" } ?? held.workload
                return [name, "\(bytes.samples)"] + [bytes.p50, bytes.p90, bytes.p99, bytes.max].map { "\($0)" }
                    + [0, 3, 15, 63].map { percent(bytes.share(upTo: $0)) }
            }, below: "Event streams hold the event that is not complete.")
    }

    private var states: String {
        table(
            "State of a stream (bytes)", ["workload", "streams open", "just opened", "idle", "at most", "GB/s in, all in turn"],
            streams.map { state in
                [state.workload, "\(state.streams)", "\(state.opened)", state.idle.map { "\($0)" } ?? "–", "\(state.most)", shown(state.engine)]
            },
            below:
                "The masker and its heap blocks; what all streams share (tables, one workspace a thread) is not in it. Idle: between two chunks, nothing held.")
    }

    private var starts: String {
        guard let startUp else { return "" }
        func milliseconds(_ rounds: Rounds) -> String { shown(Rounds(rounds.values.map { $0 * 1000 })) }
        var rows = [
            ["reading the corpus", milliseconds(startUp.corpus)], ["compiling the rules", milliseconds(startUp.compile)],
            ["the first 16 KiB", milliseconds(startUp.firstChunk)],
            ["`sluice mask` of two bytes, all in all", startUp.program.map(milliseconds) ?? "not measured"],
        ]
        rows += ruleSets.map { ["compiling \($0.rules) rules, once", shown($0.compileSeconds * 1000)] }
        rows += ruleSets.map { ["Hyperscan compiling the same \($0.rules) into one database, once", shown($0.oneDatabaseCompileSeconds * 1000)] }
        return table("Start (ms)", ["", "ms"], rows, below: "")
    }

    private var barTable: String {
        table("Bars", ["bar", "measured", "held"], bars.map { [$0.demand, $0.measured, $0.verdict.rawValue] }, below: "Computed from this record.")
    }

    // MARK: Form

    private func table(_ title: String, _ columns: [String], _ rows: [[String]], below: String) -> String {
        guard !rows.isEmpty else { return "" }
        func line(_ cells: [String]) -> String { "| " + cells.joined(separator: " | ") + " |\n" }
        var text = "## \(title)\n\n" + line(columns) + line(["---"] + columns.dropFirst().map { _ in "---:" })
        for row in rows { text += line(row) }
        return text + (below.isEmpty ? "" : "\n\(below)\n")
    }

    private func percent(_ share: Double) -> String { "\(Int((share * 100).rounded())) %" }
}

/// Three digits that matter, or all before the point.
func shown(_ value: Double) -> String {
    let size = abs(value)
    if size == 0 { return "0" }
    return String(format: size >= 100 ? "%.0f" : size >= 10 ? "%.1f" : size >= 1 ? "%.2f" : size >= 0.001 ? "%.3f" : "%.5f", value)
}

/// The median, and the least and the most in brackets.
func shown(_ rounds: Rounds) -> String { "\(shown(rounds.median)) (\(shown(rounds.least))–\(shown(rounds.most)))" }
