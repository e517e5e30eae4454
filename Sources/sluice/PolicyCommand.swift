// `sluice policy`: what policies decide, and why, before an agent finds out.

import ArgumentParser
import Foundation
import Logging
import Proxy

struct PolicyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "policy", abstract: "Explain and test what policies decide.", subcommands: [Explain.self, Test.self])

    struct Explain: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "explain",
            abstract: "Say what would become of a request, and why.",
            discussion: """
                The request is decided on by the code that serves, with this configuration; nothing is sent, asked or recorded. Credentials and keys are not \
                read, so this can run where they are not. The URL is what stands in the request: the connection's name, then the path at the vendor. docs/POLICY.md says more.

                Examples:
                  sluice policy explain --as research-agent GET /billing/customers/7
                  sluice policy explain --as ada --groups agents,leads DELETE /billing/customers/7
                  sluice policy explain --as research-agent POST /warehouse/query '{"sql": "DROP TABLE users"}'
                  sluice policy explain --as research-agent POST /warehouse/query --body request.json --header 'Content-Type: application/json' --json

                Exit status: 0 explained, 2 wrong usage or configuration.
                """)

        @OptionGroup var options: PolicyOptions

        @Option(name: .customLong("as"), help: ArgumentHelp("Who asks: the name of a key, or any name with --groups.", valueName: "name"))
        var name: String

        @Option(help: ArgumentHelp("The groups they are in (default: those of the key).", valueName: "a,b"))
        var groups: String?

        @Option(name: [.customLong("header"), .customShort("H")], help: ArgumentHelp("A header field; give it again to add another.", valueName: "name: value"))
        var headers: [String] = []

        @Option(name: .customLong("body"), help: ArgumentHelp("The body, from a file or, with -, from standard input.", valueName: "file"))
        var file: String?

        @Option(name: .customLong("at"), help: ArgumentHelp("When, for example 2027-01-04T09:30:00+01:00 (default: now).", valueName: "time"))
        var time: String?

        @Argument(help: ArgumentHelp("In upper case.", valueName: "method"))
        var method: String

        @Argument(help: ArgumentHelp("As the agent asks the gateway: /<connection>/<path>.", valueName: "url"))
        var url: String

        @Argument(help: ArgumentHelp("The body.", valueName: "body"))
        var body: String?

        func validate() throws {
            if let time, Rehearsal.Request.time(time) == nil { throw ValidationError("--at \(time) is not a moment such as 2027-01-04T09:30:00+01:00") }
            if body != nil, file != nil { throw ValidationError("give the body as an argument or with --body, not both") }
        }

        func run() async throws {
            let configuration = try options.load()
            var request = Rehearsal.Request(identity: try identity(configuration), method: method, target: url)
            request.headers = try headers.map(Self.field)
            request.body = try content()
            if let moment = time.flatMap(Rehearsal.Request.time) { request.time = moment }
            let rehearsal = try options.rehearse(configuration, as: [request.identity])
            let explanation = try await rehearsal.explain(request)
            if options.json { return try printJSON(explanation) }
            print(explanation.text(of: request))
        }

        private func identity(_ configuration: Configuration) throws -> Identity {
            do {
                return try configuration.identity(named: name, groups: groups?.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) })
            } catch {
                throw CommandError(error.message, hint: error.hint)
            }
        }

        private static func field(_ text: String) throws -> (name: String, value: String) {
            guard let colon = text.firstIndex(of: ":"), colon > text.startIndex, !text[..<colon].contains(" ") else {
                throw CommandError("--header has no name", hint: "for example  --header 'Content-Type: application/json'")
            }
            return (String(text[..<colon]), text[text.index(after: colon)...].trimmingCharacters(in: .whitespaces))
        }

        private func content() throws -> [UInt8] {
            if let body { return Array(body.utf8) }
            guard let file else { return [] }
            let source = try ByteSource(path: file)
            var bytes: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 64 << 10)
            while case let count = try buffer.withUnsafeMutableBytes({ try source.fill($0) }), count > 0 { bytes += buffer.prefix(count) }
            return bytes
        }
    }

    struct Test: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "test",
            abstract: "Compare what policies decide with what they are meant to.",
            discussion: """
                Each file lists requests with the decision that is expected; each is decided on as  sluice policy explain  would:

                  tests:
                    - name: agents do not delete customers
                      as: research-agent
                      method: DELETE
                      url: /billing/customers/7
                      expect: approve              # allow, deny, approve, block or refuse
                      policy: deletions need a lead

                docs/POLICY.md has every setting.

                Examples:
                  sluice policy test policy-tests.yaml
                  sluice policy test --config /etc/sluice/sluice.yaml tests/*.yaml --json

                Exit status: 0 all as expected, 1 something else was decided, 2 wrong usage or configuration.
                """)

        @OptionGroup var options: PolicyOptions

        @Argument(help: ArgumentHelp("Files of expected decisions.", valueName: "file"))
        var files: [String]

        func run() async throws {
            let configuration = try options.load()
            var problems: [ConfigurationProblem] = []
            var tests: [ExpectedDecision] = []
            for file in files {
                do {
                    tests += try ExpectedDecision.load(file, for: configuration)
                } catch {
                    problems += error.problems
                }
            }
            guard problems.isEmpty else { throw ConfigurationError(problems) }
            let rehearsal = try options.rehearse(configuration, as: Set(tests.map(\.request.identity)))
            var results: [Result] = []
            for test in tests {
                let explanation = try await rehearsal.explain(test.request)
                let differences = test.differences(from: explanation)
                results.append(Result(file: test.file, line: test.line, name: test.name, passed: differences.isEmpty, differences: differences, explanation: explanation))
                guard !options.json, !differences.isEmpty else { continue }
                print("\(test.file):\(test.line): \(test.name): \(differences.joined(separator: "; "))")
                print(explanation.text(of: test.request).split(separator: "\n", omittingEmptySubsequences: false).map { "  " + $0 }.joined(separator: "\n"))
            }
            let failed = results.count { !$0.passed }
            if options.json {
                try printJSON(Report(passed: results.count - failed, failed: failed, tests: results))
            } else {
                print("\(counted(results.count, "test")), \(failed == 0 ? "all as expected" : "\(failed) not as expected")")
            }
            if failed > 0 { throw ExitCode(ExitStatus.findings) }
        }

        private struct Report: Encodable {
            var passed: Int
            var failed: Int
            var tests: [Result]
        }

        private struct Result: Encodable {
            var file: String
            var line: Int
            var name: String
            var passed: Bool
            var differences: [String]
            var explanation: PolicyExplanation
        }
    }
}

/// Which policies a command asks.
struct PolicyOptions: ParsableArguments {
    @OptionGroup var configuration: ConfigurationOption

    @Flag(help: "Print one JSON object.")
    var json = false

    @Flag(help: "Compile the rules anew, and keep nothing of it.")
    var noCache = false

    func load() throws -> Configuration { try Configuration.load(configuration.file, readsSecrets: false) }

    func rehearse(_ configuration: Configuration, as identities: Set<Identity>) throws -> Rehearsal {
        var logger = Logger(label: "sluice") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = .error
        return try Rehearsal(configuration, as: identities) { try Gateway($0, noCache: noCache, logger: logger) }
    }
}

extension PolicyExplanation {
    /// For people. Holds no control characters of the request.
    func text(of request: Rehearsal.Request) -> String {
        var by = policy.map { " by \"\($0)\"" } ?? ""
        if let operation { by += " because of \(operation)" + (policy == nil ? " (the catalogue)" : "") }
        if policy == nil, operation == nil, decision == .deny { by = ": no policy allows it" }
        if decision == .refuse || decision == .block, let reason { by = ": \(reason)" }
        let groups = request.identity.groups.isEmpty ? "in no group" : "in \(request.identity.groups.joined(separator: ", "))"
        var lines = ["\(decision.rawValue)\(by)", "  \(request.identity.name), \(groups): \(request.method) \(request.target)"]
        if let access { lines.append("  read as \(access.method) \(access.path) at \(access.connection), \(access.time)") }
        if !policies.isEmpty {
            lines.append("policies, version \(version):")
            let width = policies.map(\.name.count).max() ?? 0
            for one in policies {
                let name = "\"\(one.name)\"" + String(repeating: " ", count: width - one.name.count)
                let effect = one.effect.padding(toLength: 7, withPad: " ", startingAt: 0)
                lines.append("  \(effect)  \(name)  \(one.obstacle.map(Self.sentence) ?? "applies")\(one.isAboutOperations ? " (operations)" : "")\(one.mode == .report ? " (only reports)" : "")")
            }
        }
        if !operations.isEmpty {
            lines.append("operations:")
            for one in operations {
                let by = one.policy.map { "by \"\($0)\"" } ?? "by the catalogue"
                lines.append("  \(one.name)\(one.object.isEmpty ? "" : " \(one.object)") (\(one.severity), \(one.verdict)): \(one.outcome.rawValue) \(by)")
            }
            if operationCount > operations.count { lines.append("  and \(operationCount - operations.count) more") }
        }
        if masksRequest, !request.body.isEmpty { lines.append("the vendor gets the body masked") }
        if let dryRun {
            lines.append("if the policies that only report were enforced: \(dryRun.decision.rawValue)\(dryRun.policy.map { " by \"\($0)\"" } ?? "")")
        }
        if let answer {
            lines.append("the agent is told (with ids of its own):")
            lines.append("  HTTP \(answer.status)")
            lines += answer.headers.filter { $0.name.hasPrefix("sluice-") }.map { "  \($0.name): \($0.value)" }
            lines.append("  \(answer.body)")
        }
        return terminalText(lines.joined(separator: "\n"))
    }

    private static func sentence(_ obstacle: Policy.Obstacle) -> String {
        switch obstacle {
        case .group: "for other groups"
        case .connection: "for other connections"
        case .method: "for other methods"
        case .path: "for other paths"
        case .time: "at other times"
        case .operation: "the request asks for no such operation"
        case .severity: "for graver operations"
        case .object: "for other objects"
        case .unread: "not asked: the request was not read for operations"
        }
    }
}
