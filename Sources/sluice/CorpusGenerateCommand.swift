// `sluice corpus generate`: samples and near misses of a rule, as labelled cases.

import ArgumentParser
import Corpus
import Foundation

struct CorpusGenerateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "generate",
        abstract: "Make samples and near misses from a rule.",
        discussion: """
            Walks the rule's pattern, makes its checks pass, puts a word of its context in front, and tries each text with the rule before printing it. Prints JSON Lines
            that `sluice corpus score` reads: "expect" is "detect" with the place in "spans", or for a near miss "ignore" with what is wrong with it in
            "note". The same rule, seed and number give the same texts on every machine. Values are made up; some may look like live credentials.

            Where the checks cannot be made to pass, or nothing near the pattern is left alone by the rule, fewer are printed, and the reason on standard error.

            Examples:
              sluice corpus generate payment-card -n 20
              sluice corpus generate payment-card --near-miss --seed 7
              sluice corpus generate iban -n 1000 > cases.jsonl; sluice corpus score cases.jsonl

            Exit status: 0 done, 1 fewer than asked for, 2 wrong usage or configuration.
            """)

    @Argument(help: ArgumentHelp("Id of a rule.", valueName: "rule"))
    var rule: String

    @Option(name: .shortAndLong, help: ArgumentHelp("How many.", valueName: "n"))
    var number = 10

    @Flag(help: "Texts that nearly match and must not be found.")
    var nearMiss = false

    @Option(help: ArgumentHelp("Another one gives other texts.", valueName: "n"))
    var seed: UInt64 = 1

    @Option(help: ArgumentHelp("The folder of the corpus (default: $SLUICE_CORPUS, ./corpus, the one shipped with sluice).", valueName: "dir"))
    var corpus: String?

    func validate() throws {
        if number < 1 { throw ValidationError("--number must be at least 1") }
    }

    func run() throws {
        let corpus = try Corpus.open(corpus)
        var generator = try SampleGenerator(corpus.entry(rule), corpus: corpus, seed: seed)
        for made in 0..<number {
            do {
                try writeAll(encodedLine(nearMiss ? generator.nearMiss() : generator.sample()))
            } catch let failure as GenerationFailure {
                FileHandle.standardError.write(Data("made \(made) of \(number): \(failure)\n".utf8))
                throw ExitCode(ExitStatus.findings)
            }
        }
    }
}
