// Measures how long commands take to be judged: first every verdict is checked, then everything is measured.

import ArgumentParser
import CInstruments
import Corpus
import Foundation
import Operations

struct CommandsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "commands", abstract: "Measures the judging of commands, at 1 KiB and as they grow.")

    @Option(help: "Folder of the catalogue.")
    var corpus = SluiceBench.root.appending(path: "corpus").path

    @Option(help: "File of definitions.")
    var definitions = SluiceBench.root.appending(path: "Benchmarks/commands.yaml").path

    @Option(parsing: .upToNextOption, help: "Only these commands.")
    var only: [String] = []

    @Option(help: "Rounds of which the median is taken; each measures every command once.")
    var rounds = 9

    @Option(help: "Milliseconds that a command is measured in one round.")
    var roundMilliseconds = 5

    /// The smallest is what the bar is about, the largest what its growth is told from.
    private static let sizes = [1 << 10, 1 << 16]
    /// The bars of issue 7.
    private static let mostMicroseconds = 50.0
    private static let mostGrowth = 1.5

    func run() throws {
        sluice_keep_heap()
        let judge = Judge(try Corpus.catalogue(directory: corpus))
        let workloads = try CommandWorkload.read(URL(filePath: definitions)).filter { only.isEmpty || only.contains($0.name) }
        let commands = workloads.map { workload in Self.sizes.map { workload.command(bytes: $0) } }
        var wrong: [String] = []
        for (workload, commands) in zip(workloads, commands) {
            for command in commands {
                let verdict = judge.judge(command, domain: workload.domain)
                if verdict.decision == workload.verdict, verdict.operation?.name == workload.operation { continue }
                wrong.append("\(workload.name), \(command.utf8.count) bytes: \(verdict.decision.rawValue) \(verdict.operation?.name ?? "without an operation")")
            }
        }
        guard wrong.isEmpty else {
            throw Failure(wrong.joined(separator: "\n"), hint: "the judge answers otherwise than \(definitions) says; a wrong answer is not measured")
        }
        // Microseconds by workload and size, and round.
        var times = workloads.map { _ in Self.sizes.map { _ in [Double]() } }
        for _ in 0..<rounds {
            for (index, workload) in workloads.enumerated() {
                for size in Self.sizes.indices { times[index][size].append(microseconds(judge, commands[index][size], workload.domain)) }
            }
        }
        print("| command | 1 KiB, µs | least | 64 KiB, µs | growth by byte |\n| --- | ---: | ---: | ---: | ---: |")
        var slow = 0
        var steep = 0
        for (index, workload) in workloads.enumerated() {
            let (small, large) = (Rounds(times[index][0]), Rounds(times[index][1]))
            let bytes = commands[index].map { Double($0.utf8.count) }
            let growth = (large.median / bytes[1]) / (small.median / bytes[0])
            if small.median > Self.mostMicroseconds { slow += 1 }
            if growth > Self.mostGrowth { steep += 1 }
            print("| \(workload.name) | \(shown(small.median)) | \(shown(small.least)) | \(shown(large.median)) | \(shown(growth)) |")
        }
        print("\n\(workloads.count) commands; above \(Int(Self.mostMicroseconds)) µs at 1 KiB: \(slow); growing faster than their bytes × \(Self.mostGrowth): \(steep)")
    }

    /// Of one verdict, over as many as fill the round's time: of the processor, so that others' work on the machine does not count.
    private func microseconds(_ judge: Judge, _ command: String, _ domain: String) -> Double {
        let start = processorTime()
        var passes = 0
        repeat {
            for _ in 0..<4 { precondition(judge.judge(command, domain: domain).decision <= .block) }
            passes += 4
        } while processorTime() - start < roundMilliseconds * 1_000_000
        return Double(processorTime() - start) * 1e-3 / Double(passes)
    }
}
