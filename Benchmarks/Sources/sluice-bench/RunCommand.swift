// Runs the workloads: first every answer is checked, then everything is measured, then the record is written.

import ArgumentParser
import Corpus
import Foundation

struct RunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "run", abstract: "Checks all answers, measures, and writes a record.")

    @Option(help: "Folder of payload files. (default: payloads/ in $SLUICE_SHARED or in ../shared)")
    var payloads: String?

    @Option(help: "Folder of the rules.")
    var corpus = SluiceBench.root.appending(path: "corpus").path

    @Option(help: "Folder of definition files.")
    var workloads = SluiceBench.root.appending(path: "Benchmarks/workloads").path

    @Option(help: "Folder of records.")
    var record = SluiceBench.root.appending(path: "Benchmarks/record").path

    @Option(parsing: .upToNextOption, help: "Only these workloads.")
    var only: [String] = []

    @Option(help: "Rounds of which the median is taken.")
    var rounds = 5

    @Option(help: "Milliseconds that the engine is measured in one round.")
    var roundMilliseconds: Int?

    @Flag(help: "Under a minute: short rounds, and sweeps with their ends only.")
    var quick = false

    @Flag(inversion: .prefixedNo, help: "Run the gauntlet of every rule. (default: unless --only is given)")
    var gauntlet: Bool?

    @Option(help: "Run the gauntlet with the rules of this profile. (default: all of the corpus)")
    var gauntletProfile: String?

    @Flag(help: "Print the record and do not write it.")
    var noRecord = false

    @Flag(help: "Write what comes out now into the definition files as expected, say what changed, and measure nothing.")
    var updateExpected = false

    func validate() throws {
        guard rounds > 0, roundMilliseconds ?? 1 > 0 else { throw ValidationError("--rounds and --round-milliseconds take a number above 0") }
    }

    func run() throws {
        let shared = ProcessInfo.processInfo.environment["SLUICE_SHARED"] ?? SluiceBench.root.deletingLastPathComponent().appending(path: "shared").path
        let bench = try Bench(
            definitions: try DefinitionFile.readAll(in: URL(filePath: workloads)), only: only, payloads: URL(filePath: payloads ?? shared + "/payloads"),
            corpus: corpus, isQuick: quick && !updateExpected, gauntlet: gauntlet ?? (only.isEmpty || gauntletProfile != nil), gauntletProfile: gauntletProfile,
            patience: Patience(rounds: rounds, roundMilliseconds: roundMilliseconds ?? (quick ? 20 : 100)))
        let answers = try bench.answers()
        if updateExpected { return try update(bench, answers) }
        let wrong = bench.wrong(answers)
        guard wrong.isEmpty else {
            throw Failure(
                wrong.joined(separator: "\n"),
                hint: "the engine, or the corpus, gives other answers than expected; if that is on purpose, run sluice-bench --update-expected")
        }
        let result = try bench.measure(answers)
        // Kept before it is shown.
        let place = noRecord ? nil : try result.write(to: URL(filePath: record))
        print("\n" + result.markdown)
        if let place { tell("written: \(place.lastPathComponent).json and .md in \(record)") }
    }

    private func update(_ bench: Bench, _ answers: [Bench.Checked]) throws {
        let changes = bench.changes(answers)
        for name in Set(bench.points.map(\.workload.location.file)).sorted() {
            let file = URL(filePath: workloads).appending(path: name)
            let text = try String(contentsOf: file, encoding: .utf8)
            let new = ExpectedAnswers.rewritten(text, with: bench.expected(answers, inFile: name))
            if new != text { try Data(new.utf8).write(to: file) }
        }
        print(changes.isEmpty ? "nothing changed" : changes.joined(separator: "\n"))
    }
}
