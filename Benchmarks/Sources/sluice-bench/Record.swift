// A dated record of one run, as JSON for programs and as Markdown for people. Nobody edits one.

import Foundation
import HyperscanBaseline

struct Record: Codable {
    struct Row: Codable {
        var input: String
        var chunk: Int
        /// GB/s of input, 10⁹ bytes a second: median, least and most of the rounds.
        var engine, copy, oneDatabase: Repeated
        var bytesIn, bytesOut, findings: Int
        /// Reports of the one database, which counts every end of a match.
        var reports: Int
        var delayNanoseconds: Percentiles

        var findingsPerKB: Double { Double(findings) * 1000 / Double(bytesIn) }
    }

    struct Held: Codable {
        var input: String
        var bytes: Percentiles
    }

    var date: String
    var machine: Machine
    var rules: Int
    var ruleSetHash: String
    var rulesLeftOutOfOneDatabase: [String]
    var rounds: Int
    var rows: [Row]
    var held: [Held]

    var markdown: String {
        var text = """
            # Engine benchmark, \(date)

            \(machine.processor), \(machine.cores) cores, \(machine.system); \(machine.swift), Hyperscan \(machine.hyperscan); commit \(machine.commit).
            \(rules) rules, set `\(ruleSetHash.prefix(16))`. One core. GB/s of input (10⁹ bytes), median of \(rounds) alternating rounds, in brackets the least and the most.
            The output's hash was the same for every chunk size before anything was timed.
            "One database": the same patterns in one Hyperscan block database, look-around dropped, matches only counted\(rulesLeftOutOfOneDatabase.isEmpty ? "" : ", without \(rulesLeftOutOfOneDatabase.joined(separator: ", ")), which it cannot compile").

            | input | chunk | engine | memcpy | one database | engine ÷ one database | findings/KB | delay p50 | delay p99 |
            | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |

            """
        for row in rows {
            let ratio = row.engine.median / row.oneDatabase.median
            text += "| \(row.input) | \(row.chunk) | \(shown(row.engine)) | \(shown(row.copy)) | \(shown(row.oneDatabase)) | \(shown(ratio)) "
            text += "| \(shown(row.findingsPerKB)) | \(shown(Double(row.delayNanoseconds.p50) / 1000)) µs | \(shown(Double(row.delayNanoseconds.p99) / 1000)) µs |\n"
        }
        text += """

            Bytes held at random cuts, about 700 bytes apart:

            | input | cuts | nothing held | p50 | p90 | p99 | max |
            | --- | ---: | ---: | ---: | ---: | ---: | ---: |

            """
        for held in held {
            let bytes = held.bytes
            text += "| \(held.input) | \(bytes.samples) | \(Int((bytes.zeroShare * 100).rounded())) % | \(bytes.p50) | \(bytes.p90) | \(bytes.p99) | \(bytes.max) |\n"
        }
        return text
    }

    /// Writes `DATE.json` and `DATE.md`; gives back the path without the ending.
    func write(to folder: URL) throws -> URL {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let place = folder.appendingPathComponent(date.replacingOccurrences(of: ":", with: ""))
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        try encoder.encode(self).write(to: place.appendingPathExtension("json"))
        try Data(markdown.utf8).write(to: place.appendingPathExtension("md"))
        return place
    }

    private func shown(_ value: Double) -> String { String(format: value < 10 ? "%.3f" : "%.1f", value) }
    private func shown(_ value: Repeated) -> String { "\(shown(value.median)) (\(shown(value.least))–\(shown(value.most)))" }
}

/// What a reader needs to judge the numbers. No host name, no user, no path.
struct Machine: Codable {
    var processor, system, swift, hyperscan, commit: String
    var cores: Int

    init() {
        let information = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
        let model = information.split(separator: "\n").first { $0.hasPrefix("model name") }?.split(separator: ":").last
        processor = model.map { $0.trimmingCharacters(in: .whitespaces) } ?? "unknown processor"
        let kernel = (try? String(contentsOfFile: "/proc/sys/kernel/osrelease", encoding: .utf8))?.trimmingCharacters(in: .whitespacesAndNewlines)
        system = "Linux \(kernel ?? "?")"
        cores = ProcessInfo.processInfo.activeProcessorCount
        hyperscan = String(cString: hs_version())
        swift = Self.output("swift", "--version")?.split(separator: "\n").first { $0.contains("Swift version") }.map(String.init) ?? "Swift"
        commit = Self.output("git", "describe", "--always", "--dirty") ?? "unknown"
    }

    private static func output(_ command: String...) -> String? {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = command
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return nil }
        let data = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return process.terminationStatus == 0 ? String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines) : nil
    }
}
