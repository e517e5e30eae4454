// sluice-bench: how fast the engine masks, how long it delays a chunk, how much it holds back, and what it takes for that.

import ArgumentParser
import Foundation

@main
struct SluiceBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sluice-bench", abstract: "Measures the masking engine, and the judging of commands.", subcommands: [RunCommand.self, CommandsCommand.self, CompareCommand.self],
        defaultSubcommand: RunCommand.self)

    /// The repository.
    static let root = (0..<4).reduce(URL(filePath: #filePath)) { url, _ in url.deletingLastPathComponent() }
}

/// Says how far the run has come, on standard error.
func tell(_ line: String) { FileHandle.standardError.write(Data((line + "\n").utf8)) }

/// Stops the command: said on standard error with what to do, and told by the exit status.
struct Failure: Error, CustomStringConvertible {
    var description: String

    init(_ message: String, hint: String) { description = "\(message)\nhint: \(hint)" }
}
