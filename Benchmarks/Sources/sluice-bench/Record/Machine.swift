// Where and with what a record was made: what a reader needs to judge the numbers. No host name, no user, no path.

import CInstruments
import Foundation
import HyperscanBaseline

struct Machine: Codable, Equatable {
    var processor: String
    /// Instruction sets that matter here, of those the processor has.
    var instructions: [String]
    var cores: Int
    var system: String
    var swift, hyperscan: String
    /// Of this repository; "-dirty" behind it where the work tree differs.
    var commit: String
    /// Processes that ran or waited on average over the last minute before the run.
    var load: Double?
    /// Ticks of the time stamp counter per nanosecond, if there is one. It ticks at a constant rate, whatever the clock of the core.
    var ticksPerNanosecond: Double?

    init(root: URL) {
        let information = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
        func field(_ name: String) -> String? {
            information.split(separator: "\n").first { $0.hasPrefix(name) }?.split(separator: ":").last?.trimmingCharacters(in: .whitespaces)
        }
        processor = field("model name") ?? "unknown processor"
        let flags = Set((field("flags") ?? field("Features") ?? "").split(separator: " ").map(String.init))
        instructions = ["asimd", "sse4_2", "avx2", "avx512f", "avx512bw", "avx512vbmi", "avx512_vbmi2", "gfni"].filter(flags.contains)
        cores = ProcessInfo.processInfo.activeProcessorCount
        let kernel = try? String(contentsOfFile: "/proc/sys/kernel/osrelease", encoding: .utf8)
        system = "Linux \(kernel?.trimmingCharacters(in: .whitespacesAndNewlines) ?? "?")"
        hyperscan = String(cString: hs_version())
        swift = Self.output("swift", "--version")?.split(separator: "\n").first { $0.contains("Swift version") }.map(String.init) ?? "Swift"
        commit = Self.output("git", "-C", root.path, "describe", "--always", "--dirty") ?? "unknown"
        load = (try? String(contentsOfFile: "/proc/loadavg", encoding: .utf8)).flatMap { $0.split(separator: " ").first }.flatMap { Double($0) }
        ticksPerNanosecond = Self.tickRate()
    }

    private static func tickRate() -> Double? {
        let start = (ticks: sluice_time_stamp(), time: now())
        guard start.ticks > 0 else { return nil }
        while now() - start.time < 20_000_000 {}
        return Double(sluice_time_stamp() - start.ticks) / Double(now() - start.time)
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
