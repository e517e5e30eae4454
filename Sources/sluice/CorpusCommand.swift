// `sluice corpus`: tools for those who tune the rules.

import ArgumentParser
import Corpus
import Foundation

struct CorpusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "corpus",
        abstract: "Tools for those who tune the rules.",
        subcommands: [
            Check.self, CorpusExplainCommand.self, CorpusCostCommand.self, CorpusScoreCommand.self, CorpusDiffCommand.self,
            CorpusGenerateCommand.self, CorpusSchemaCommand.self,
        ])

    struct Check: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "check",
            abstract: "Prove every rule on its examples, at every cut.",
            discussion: """
                Each example is masked whole, byte by byte and cut in two at every place: by its rule alone and by all rules together, as
                text, in a JSON string and in a JSON string of escapes. All must agree, the rule must match, and what it matched must be
                masked. No counterexample may match.

                Warnings do not change the exit status: rules that find exactly what another one finds (duplicate), whose every example bears another rule's label
                (shadowed), that share bytes and priority with a rule of another entity (ambiguous), or that no profile selects (unreachable).

                Examples:
                  sluice corpus check
                  sluice corpus check --corpus ./my-rules

                Exit status: 0 sound, 1 an example failed, 2 the corpus cannot be read.
                """)

        @Option(help: ArgumentHelp("The folder of the corpus (default: $SLUICE_CORPUS, ./corpus, the one shipped with sluice).", valueName: "dir"))
        var corpus: String?

        func run() async throws {
            let corpus = try Corpus.open(corpus)
            let clock = ContinuousClock()
            let start = clock.now
            let progress = Progress(corpus.entries.count, "rules")
            let result = await corpus.check { progress.reach($0) }
            progress.end()
            for warning in result.warnings { FileHandle.standardError.write(Data("warning: \(warning)\n".utf8)) }
            for problem in result.problems { FileHandle.standardError.write(Data("error: \(problem)\n".utf8)) }
            let seconds = ((clock.now - start) / .milliseconds(100)).rounded() / 10
            print(
                "\(result.rules) rules, \(result.examples) examples, \(result.counterexamples) counterexamples, "
                    + "\(result.bodies) bodies in \(seconds) s: " + (result.problems.isEmpty ? "all hold" : "\(result.problems.count) problems")
                    + (result.warnings.isEmpty ? "" : ", \(result.warnings.count) warnings"))
            if !result.problems.isEmpty { throw ExitCode(ExitStatus.findings) }
        }
    }
}
