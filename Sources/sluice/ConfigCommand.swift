// `sluice config`: whether a configuration is right, before a server has to find out.

import ArgumentParser
import Corpus
import Engine
import Foundation
import Proxy

struct ConfigCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "config", abstract: "Check configurations.", subcommands: [Check.self])

    struct Check: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "check",
            abstract: "Say everything that is wrong with a configuration, with line and hint.",
            discussion: """
                Checks what `sluice serve` would: every setting, the certificates, keys and credentials that it names, and that the rules \
                of every profile compile. Run it as the user and in the environment that the server will have.

                Examples:
                  sluice config check
                  sluice config check --config /etc/sluice/sluice.yaml

                Exit status: 0 right, 2 wrong.
                """)

        @OptionGroup var configuration: ConfigurationOption

        @Flag(help: "Print one JSON object.")
        var json = false

        func run() async throws {
            do {
                let summary = try Self.check(configuration.file)
                if json { return try printJSON(summary) }
                print(
                    "\(configuration.file) is right: \(summary.listen), \(counted(summary.connections, "connection")), "
                        + "\(counted(summary.keys, "key")), \(counted(summary.policies, "policy", "policies")), \(counted(summary.rules, "rule"))")
            } catch let error as ConfigurationError where json {
                try printJSON(Wrong(ok: false, problems: error.problems.map { .init(file: $0.file, line: $0.line, message: $0.message, hint: $0.hint) }))
                throw ExitCode(ExitStatus.usage)
            }
        }

        private static func check(_ file: String) throws -> Right {
            let configuration = try Configuration.load(file)
            let corpus = try MaskingRules(of: configuration)
            // Connections with the same rules have them compiled once, as for serving.
            var compiled: [[Rule]: RuleSet] = [:]
            var rules: Set<String> = []
            for connection in configuration.connections {
                do {
                    let chosen = try configuration.override(corpus.rules(profiles: connection.profiles), for: connection)
                    let set = try compiled[chosen] ?? corpus.compile(chosen)
                    compiled[chosen] = set
                    rules.formUnion(try configuration.prepare(set, for: connection).rules.map(\.id))
                } catch let error as CorpusError {
                    throw ConfigurationError(
                        error.problems.map {
                            ConfigurationProblem(
                                file: file, line: nil, message: "connection \"\(connection.name)\": \($0.message)", hint: $0.hint)
                        })
                }
            }
            _ = try configuration.checkedCatalogue { try Corpus.catalogue(orShippedWith: configuration.corpusDirectory) }
            let tls = configuration.listen.tls == nil ? "" : " (TLS)"
            return Right(
                ok: true, listen: "\(configuration.listen.host):\(configuration.listen.port)\(tls)", connections: configuration.connections.count,
                keys: configuration.keys.entries.count, policies: configuration.policies.policies.count, policyVersion: configuration.policies.version, rules: rules.count)
        }

        private struct Right: Encodable {
            var ok: Bool
            var listen: String
            var connections: Int
            var keys: Int
            var policies: Int
            var policyVersion: String
            var rules: Int
        }

        private struct Wrong: Encodable {
            struct Problem: Encodable {
                var file: String
                var line: Int?
                var message: String
                var hint: String?
            }

            var ok: Bool
            var problems: [Problem]
        }
    }
}
