// `sluice token`: why a token is accepted or refused.

import ArgumentParser
import Foundation
import Proxy

struct TokenCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "token", abstract: "Explain tokens.", subcommands: [Check.self])

    struct Check: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "check",
            abstract: "Say why a token or key is accepted or refused.",
            discussion: """
                Reads one token from standard input and judges it as `sluice serve` would with this configuration, asking its issuer. Shows what \
                the token claims and never the token itself. How to connect an issuer: docs/IDENTITY.md.

                Examples:
                  sluice token check < token.txt
                  printf '%s' "$TOKEN" | sluice token check --config /etc/sluice/sluice.yaml --json

                Exit status: 0 accepted, 1 refused, 2 wrong usage or configuration.
                """)

        @OptionGroup var configuration: ConfigurationOption

        @Flag(help: "Print one JSON object.")
        var json = false

        /// More than a token can have is not read.
        private static let longestInput = 1 << 20

        func run() async throws {
            let settings = try Configuration.load(configuration.file)
            let input = try FileHandle.standardInput.read(upToCount: Self.longestInput) ?? Data()
            var token = String(decoding: input, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
            // As it is often copied.
            if token.lowercased().hasPrefix("bearer ") { token = String(token.dropFirst(7)).trimmingCharacters(in: .whitespaces) }
            guard !token.isEmpty else { throw CommandError("there is no token on standard input", hint: "for example  printf '%s' \"$TOKEN\" | sluice token check") }
            let check = try await TokenCheck(token, settings)
            if json {
                try printJSON(
                    Verdict(
                        accepted: check.identity != nil, identity: check.identity?.name, groups: check.identity?.groups, owner: check.identity?.owner,
                        until: check.identity?.expires.map { $0.formatted(.iso8601) }, refusal: check.refusal, hint: check.hint, notes: check.notes,
                        facts: Dictionary(check.facts.map { ($0.name, $0.value) }) { first, _ in first }))
            } else {
                let width = check.facts.map(\.name.count).max() ?? 0
                for fact in check.facts { print("\(fact.name.padding(toLength: width, withPad: " ", startingAt: 0))  \(fact.value)") }
                if let identity = check.identity {
                    print("accepted as \(identity.name), in \(identity.groups.isEmpty ? "no group" : identity.groups.joined(separator: ", "))")
                    if let owner = identity.owner { print("it belongs to \(owner), who cannot approve what it asks for") }
                } else {
                    print("refused: \(check.refusal ?? "")")
                    if let hint = check.hint { print("hint: \(hint)") }
                }
                for note in check.notes { print("note: \(note)") }
            }
            if check.identity == nil { throw ExitCode(ExitStatus.findings) }
        }

        private struct Verdict: Encodable {
            var accepted: Bool
            var identity: String?
            var groups: [String]?
            var owner: String?
            var until: String?
            var refusal: String?
            var hint: String?
            var notes: [String]
            var facts: [String: String]
        }
    }
}
