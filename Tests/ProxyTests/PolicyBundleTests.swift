// Policies in a folder of files: what is read, under which version, and what is said of mistakes.

import Cryptography
import Foundation
import Testing

@testable import Proxy

@Suite("Policies in a folder", .timeLimit(.minutes(2)))
struct PolicyBundleTests {
    private static func parse(_ policies: String = "{folder: policies}", in directory: TemporaryDirectory) throws -> Configuration {
        try Configuration.parse(
            """
            listen: {port: 8080}
            data: data
            connections: [{name: v, upstream: "http://127.0.0.1:1"}]
            keys: [{name: agent, hash: "sha256:\(String(repeating: "ab", count: 32))", groups: [agents]}]
            policies: \(policies)

            """, file: directory.path + "/sluice.yaml", environment: [:])
    }

    private static func directory(_ files: [String: String]) throws -> TemporaryDirectory {
        let directory = try TemporaryDirectory()
        try FileManager.default.createDirectory(atPath: directory.path + "/policies", withIntermediateDirectories: false)
        for (name, text) in files { try text.write(toFile: directory.path + "/policies/" + name, atomically: true, encoding: .utf8) }
        return directory
    }

    private static let use = "policies:\n  - {groups: [agents], connections: [v], decision: allow}\n"
    private static let stop = "policies:\n  - {groups: [agents], connections: [v], paths: [/x], decision: deny}\n  - {name: y, groups: [agents], connections: [v], paths: [/y], decision: deny}\n"

    @Test func filesAreReadInTheOrderOfTheirNames() throws {
        let directory = try Self.directory(["20-stop.yml": Self.stop, "10-use.yaml": Self.use, ".hidden.yaml": "nonsense", "README.md": "nonsense", "old.yaml~": "nonsense"])
        let configuration = try Self.parse(in: directory)
        #expect(configuration.policies.policies.map(\.name) == ["10-use 1", "20-stop 1", "y"])
        #expect(configuration.policies.policies[2].place == .init(file: directory.path + "/policies/20-stop.yml", line: 3))
        let digest = hexadecimal(SHA256.digest(of: Array((Self.use + Self.stop).utf8)))
        #expect(configuration.policies.version == String(digest.prefix(12)))
        let folder = try #require(configuration.policyFolder)
        #expect(folder.watch && folder.version == configuration.policies.version)
        try (Self.stop + "\n").write(toFile: directory.path + "/policies/20-stop.yml", atomically: true, encoding: .utf8)
        #expect(folder.version != configuration.policies.version)
        #expect(try Self.parse("{folder: policies, watch: false}", in: directory).policyFolder?.watch == false)
    }

    @Test func policiesOfTheConfigurationHaveItsVersion() throws {
        let directory = try Self.directory([:])
        let list = "[{groups: [agents], connections: [v], decision: allow}]"
        let first = try Self.parse(list, in: directory)
        #expect(first.policyFolder == nil && first.policies.version.count == 12)
        #expect(try Self.parse(list, in: directory).policies.version == first.policies.version)
        #expect(try Self.parse(list + " # a word", in: directory).policies.version != first.policies.version)
    }

    @Test func mistakesAreToldWithTheirFile() throws {
        func problems(_ files: [String: String], _ policies: String = "{folder: policies}") throws -> (String, [ConfigurationProblem]) {
            let directory = try Self.directory(files)
            let error = #expect(throws: ConfigurationError.self) { try Self.parse(policies, in: directory) }
            return (directory.path, error?.problems ?? [])
        }
        let (path, wrong) = try problems([
            "a.yaml": Self.use, "b.yaml": "policies:\n  - {groups: [agnts], connections: [v], methods: [GTE], decision: deny}\nrules: []\n", "c.yaml": "", "d.yaml": "policies: [\n",
        ])
        #expect(wrong.map { $0.file.dropFirst(path.count) } == ["/policies/b.yaml", "/policies/b.yaml", "/policies/b.yaml", "/policies/c.yaml", "/policies/d.yaml"])
        #expect(wrong.prefix(3).map(\.line) == [2, 2, 3])
        #expect(wrong.contains { $0.message.contains("there is no group \"agnts\"") } && wrong.contains { $0.hint == "did you mean \"GET\"?" } && wrong.contains { $0.message == "the file is empty" })
        // What one file makes of a policy in another.
        let (_, dead) = try problems(["a.yaml": Self.use, "b.yaml": "policies:\n  - {name: more, groups: [agents], connections: [v], paths: [/a], decision: allow}\n"])
        #expect(dead.count == 1 && dead[0].file.hasSuffix("/b.yaml") && dead[0].line == 2 && dead[0].message.contains("\"a 1\" does"))
        let (_, twice) = try problems(["a.yaml": Self.use + "  - {name: y, groups: [agents], connections: [v], paths: [/z], decision: deny}\n", "b.yaml": Self.stop])
        #expect(twice.contains { $0.file.hasSuffix("/b.yaml") && $0.line == 3 && $0.message.contains("the first is on line 3 of ") && $0.message.hasSuffix("/a.yaml") })
        for (files, policies, message) in [
            ([:], "{folder: policies}", "holds no policy files"), ([:], "{folder: nowhere}", "there is no folder"), ([:], "{}", "\"policies.folder\" is missing"),
            (["a.yaml": Self.use], "{floder: policies}", "unknown setting \"floder\""),
        ] as [([String: String], String, String)] {
            let (path, found) = try problems(files, policies)
            #expect(found.contains { $0.file == path + "/sluice.yaml" && $0.line == 5 && $0.message.contains(message) && $0.hint != nil }, "\(found)")
        }
    }

    /// A bundle is read while the gateway serves: whatever is in it, it is refused in words or taken.
    @Test func brokenPoliciesAreRefusedInWords() throws {
        let whole = """
            policies:
              - &one {name: use, groups: [agents], connections: [v], methods: [GET, POST], paths: ["/a/**", "/b*/c"], when: {days: [mon-fri], hours: ["22:00-06:00"], time_zone: Europe/Berlin}, decision: allow}
              - name: ask
                groups: ['*']
                connections: ['*']
                operations: ['sql.*', 'git.push-force']
                severity: high
                objects: ['dev_*']
                mode: report
                decision: deny
                reason: "no"
            """
        let pieces = ["\n", " ", "*", "&", "[", "]", "{", "}", ":", "'", "\"", "#", "/", "-", "**", "null", "*one", "<<: *one", "\t", "\u{0}", "é", "99999999999999999999", "true", "!!binary ", "2027-01-01", "|\n", "? "]
        let directory = try Self.directory(["a.yaml": whole])
        _ = try Self.parse(in: directory)
        var refused = 0
        for seed in UInt64(0)..<1500 {
            var generator = SeededGenerator(seed: seed)
            var text = Array(whole.unicodeScalars)
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                let at = Int.random(in: 0..<text.count, using: &generator)
                let until = min(text.count, at + Int.random(in: 0...12, using: &generator))
                switch Int.random(in: 0..<3, using: &generator) {
                case 0: text.removeSubrange(at..<until)
                case 1: text.insert(contentsOf: pieces.randomElement(using: &generator)!.unicodeScalars, at: at)
                default: text.insert(contentsOf: text[at..<until], at: Int.random(in: 0...text.count, using: &generator))
                }
            }
            var broken = String.UnicodeScalarView()
            broken.append(contentsOf: text)
            try String(broken).write(toFile: directory.path + "/policies/a.yaml", atomically: false, encoding: .utf8)
            do {
                _ = try Self.parse(in: directory)
            } catch let error as ConfigurationError {
                refused += 1
                #expect(!error.problems.isEmpty && error.problems.allSatisfy { !$0.message.isEmpty && $0.file.hasPrefix(directory.path) }, "seed \(seed): \(error)")
            }
        }
        #expect(refused > 300)
    }

    @Test("every record names the version that decided, and so does an explanation")
    func records() async throws {
        let vendor = try FakeVendor.answering { _ in response("done") }
        defer { vendor.stop() }
        try await withGateway(to: vendor.port) { configuration in
            configuration.policies = PolicySet(configuration.policies.policies, version: "0123456789ab")
        } _: { gateway in
            for line in ["GET /v/x", "GET /v/forbidden/x", "DELETE /v/x", "GET /nowhere"] {
                let answer = try gateway.exchange(line)
                #expect(try gateway.record(of: answer).exchange.policyVersion == "0123456789ab", "\(line)")
            }
        }
    }
}
