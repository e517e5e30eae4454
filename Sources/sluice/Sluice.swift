// The command `sluice`: its subcommands, its exit statuses, and how it says that something went wrong.

import ArgumentParser
import Corpus
import Engine
import Foundation
import Proxy
import Record

@main
struct Sluice: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sluice",
        abstract: "Masks personal data and secrets in what vendors send, while it streams.",
        discussion: """
            Try it:
              echo 'mail ada@example.org, card 4111 1111 1111 1111' | sluice mask
              sluice scan access.log
              sluice corpus check

            Exit status: 0 done, 1 findings, 2 wrong usage or configuration, 3 blocked.
            """,
        subcommands: [
            ServeCommand.self, MaskCommand.self, ScanCommand.self, JudgeCommand.self, CorpusCommand.self, ReviewCommand.self, SessionCommand.self, KeyCommand.self, TokenCommand.self,
            PolicyCommand.self, ConfigCommand.self, DemoVendorCommand.self,
        ])

    static func main() async {
        // A reader that goes away is no failure: writes then fail with EPIPE, which ends the command quietly.
        signal(SIGPIPE, SIG_IGN)
        do {
            var command = try parseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch {
            Foundation.exit(status(of: error))
        }
    }

    /// Says what went wrong, on standard error, and gives the exit status for it.
    private static func status(of error: any Error) -> Int32 {
        switch error {
        case let exit as ExitCode:
            return exit.rawValue
        case ReaderGone.readerGone:
            return 0
        case let error as CorpusError:
            for problem in error.problems { complain(problem.description) }
            return ExitStatus.usage
        case let error as CommandError:
            complain(error.description)
            return ExitStatus.usage
        case let error as SecretReference.Failure:
            complain(error.description)
            return ExitStatus.usage
        case is ConfigurationError, is RecordError, is ReviewError:
            FileHandle.standardError.write(Data("\(error)\n".utf8))
            return ExitStatus.usage
        default:
            let message = fullMessage(for: error)
            // Help and the version are "errors" of the parser with status 0.
            if exitCode(for: error).isSuccess {
                print(message)
                return ExitStatus.done
            }
            FileHandle.standardError.write(Data((message.hasPrefix("Error:") ? "error:" + message.dropFirst(6) : message).utf8 + [10]))
            return ExitStatus.usage
        }
    }

    private static func complain(_ text: String) {
        FileHandle.standardError.write(Data("error: \(text)\n".utf8))
    }
}

/// What the command's exit status says.
enum ExitStatus {
    static let done: Int32 = 0
    static let findings: Int32 = 1
    static let usage: Int32 = 2
    static let blocked: Int32 = 3
}

/// What a command cannot do, and what to type instead.
struct CommandError: Error, CustomStringConvertible {
    var message: String
    var hint: String?

    init(_ message: String, hint: String? = nil) {
        self.message = message
        self.hint = hint
    }

    var description: String { hint.map { "\(message)\n  hint: \($0)" } ?? message }
}

/// Which rules a command uses.
struct RuleOptions: ParsableArguments {
    @Option(name: [.customLong("profile"), .customShort("p")], help: ArgumentHelp("A profile of the corpus; give it again to add another.", valueName: "name"))
    var profiles: [String] = []

    @Option(help: ArgumentHelp("The folder of the corpus (default: $SLUICE_CORPUS, ./corpus, the one shipped with sluice).", valueName: "dir"))
    var corpus: String?

    @Flag(help: "Compile the rules anew, and keep nothing of it. (Else ~/.cache/sluice holds them compiled.)")
    var noCache = false

    var cache: RuleSetCache? { noCache ? nil : .standard() }

    var profileNames: [String] { profiles.isEmpty ? [Corpus.defaultProfile] : profiles }
}
