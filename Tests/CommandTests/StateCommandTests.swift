// The commands for configuration, keys, approvals and records, as the built program runs them.

import Engine
import Cryptography
import Foundation
import Record
import Testing

@testable import Proxy
@testable import sluice

@Suite struct StateCommandTests {
    private let directory: String
    private let user: String

    init() throws {
        directory = FileManager.default.temporaryDirectory.path + "/sluice-test-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: directory + "/corpus/profiles", withIntermediateDirectories: true)
        user = String(cString: getpwuid(getuid()).pointee.pw_name)
        try write("corpus/profiles/default.yaml", "name: default\ndescription: for tests\ninclude: ['pii/*']\n")
        try FileManager.default.createDirectory(atPath: directory + "/corpus/pii", withIntermediateDirectories: true)
        try write(
            "corpus/pii/mail.yaml",
            """
            rules:
              - id: mail
                entity: EMAIL_ADDRESS
                pattern: '[a-z]{1,20}@[a-z]{1,20}\\.org'
                examples: ['ada@example.org']
                counterexamples: ['ada at example.org']

            """)
        try write(
            "sluice.yaml",
            """
            listen: {port: 8080}
            data: data
            corpus: corpus
            connections:
              - {name: vendor, upstream: "http://127.0.0.1:1"}
            keys:
              - {name: agent, hash: "sha256:\(String(repeating: "ab", count: 32))", groups: [agents], owner: alice}
            people:
              - {name: alice, os_user: nobody-at-all, groups: [leads]}
              - {name: bob, os_user: \(user), groups: [leads]}
            policies:
              - {groups: [agents], connections: [vendor], decision: approve, approvers: [leads]}

            """)
    }

    private func write(_ name: String, _ text: String) throws {
        try text.write(toFile: directory + "/" + name, atomically: true, encoding: .utf8)
    }

    /// Runs the program in the test's directory.
    private func sluice(_ arguments: String...) throws -> (status: Int32, output: String, error: String) { try sluice(arguments) }

    private func sluice(_ arguments: [String]) throws -> (status: Int32, output: String, error: String) {
        let process = Process()
        // Beside the test bundle, where the build puts both.
        let folder = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
        process.executableURL = folder.appending(path: "sluice")
        process.arguments = arguments
        process.currentDirectoryURL = URL(filePath: directory)
        let output = directory + "/stdout"
        let error = directory + "/stderr"
        for path in [output, error] { try Data().write(to: URL(filePath: path)) }
        process.standardOutput = try FileHandle(forWritingTo: URL(filePath: output))
        process.standardError = try FileHandle(forWritingTo: URL(filePath: error))
        try process.run()
        process.waitUntilExit()
        return (
            process.terminationStatus, try String(contentsOfFile: output, encoding: .utf8), try String(contentsOfFile: error, encoding: .utf8)
        )
    }

    private func object(_ text: some StringProtocol) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    }

    @Test func aKeyGoesIntoTheConfigurationAsPrinted() throws {
        let made = try sluice("key", "new", "--name", "research agent", "--groups", "agents, readers", "--expires", "2099-12-31")
        #expect(made.status == 0)
        let key = try #require(made.output.firstMatch(of: /slk_[A-Za-z0-9_-]{43}/)).output
        let lines = try #require(made.output.range(of: "  - name:"))
        let yaml = try String(contentsOfFile: directory + "/sluice.yaml", encoding: .utf8)
            .replacing("people:", with: made.output[lines.lowerBound...] + "people:")
        let configuration = try Configuration.parse(yaml, file: directory + "/sluice.yaml", environment: [:])
        let identity = try configuration.keys.identify(digest: SHA256.digest(of: Array(key.utf8)))
        #expect(identity == Identity(name: "research agent", groups: ["agents", "readers"], expires: KeyRing.expiry("2099-12-31")))

        let json = try object(try sluice("key", "new", "--name", "a", "--groups", "b", "--json").output)
        #expect((json["hash"] as? String)?.hasPrefix("sha256:") == true)
        #expect(json["groups"] as? [String] == ["b"])
    }

    @Test(arguments: [
        ["key", "new", "--name", "a", "--groups", ","], ["key", "new", "--name", "a"], ["key", "new", "--name", "a", "--groups", "*"],
        ["key", "new", "--name", "a", "--groups", "b", "--expires", "soon"], ["key", "new", "--name", "a", "--groups", "b", "--expires", "2001-01-01"],
        ["session", "show", "not-an-id"], ["session", "export"], ["review", "list", "--state", "open"], ["session", "list"],
        ["review", "show", "r-0"], ["review", "list", "--config", "absent.yaml"], ["config", "check", "--config", "absent.yaml"],
        ["policy", "explain", "GET", "/vendor/x"], ["policy", "explain", "--as", "nobody", "GET", "/vendor/x"], ["policy", "explain", "--as", "a", "--groups", "agnets", "GET", "/vendor/x"],
        ["policy", "explain", "--as", "agent", "-H", "no colon", "GET", "/vendor/x"], ["policy", "test"], ["policy", "test", "absent.yaml"],
    ])
    func wrongUsageIsStatus2(_ arguments: [String]) throws {
        let result = try sluice(arguments)
        #expect(result.status == 2)
        #expect(result.error.lowercased().hasPrefix("error:"), "\(result.error)")
        #expect(result.output.isEmpty)
    }

    @Test func aDecisionIsExplainedAndTested() throws {
        // Operations are the shipped ones; credentials need not be there.
        let text = try String(contentsOfFile: directory + "/sluice.yaml", encoding: .utf8)
        try write(
            "sluice.yaml",
            text.replacing("127.0.0.1:1\"}", with: "127.0.0.1:1\", credential: {kind: bearer, from: env:NOT_SET_HERE}}")
                .replacing("policies:\n", with: "policies:\n  - {name: never, groups: ['*'], connections: [vendor], paths: [/secret/**], decision: deny, reason: not for agents}\n"))
        let asked = try sluice("policy", "explain", "--as", "agent", "POST", "/vendor/run", #"{"note": "hello"}"#)
        #expect(asked.status == 0 && asked.error.isEmpty, "\(asked.error)")
        #expect(asked.output.hasPrefix("approve by \"policy 2\"\n") && asked.output.contains("sluice-denied: approval-required"), "\(asked.output)")
        try write("body.json", #"{"sql": "TRUNCATE \#("TABLE") users"}"#)
        let json = try object(try sluice("policy", "explain", "--as", "x", "--groups", "agents", "--json", "POST", "/vendor/run", "--body", "body.json", "-H", "Content-Type: application/json").output)
        #expect(json["decision"] as? String == "deny" && json["operation"] as? String == "sql.truncate-table")
        #expect((json["policies"] as? [[String: Any]])?.map { $0["obstacle"] as? String } == ["path", nil])
        #expect(!FileManager.default.fileExists(atPath: directory + "/data"), "nothing is recorded")

        try write("tests.yaml", "tests:\n  - {as: agent, method: GET, url: /vendor/x, expect: approve}\n  - {name: s, as: agent, method: GET, url: /vendor/secret/x, expect: deny, policy: never}\n")
        let right = try sluice("policy", "test", "tests.yaml")
        #expect(right.status == 0 && right.output == "2 tests, all as expected\n", "\(right)")
        try write("more.yaml", "tests:\n  - {name: t, as: agent, method: GET, url: /vendor/secret/%66, expect: allow}\n")
        let wrong = try sluice("policy", "test", "tests.yaml", "more.yaml")
        #expect(wrong.status == 1)
        #expect(wrong.output.hasPrefix("more.yaml:2: t: expected decision allow, got deny\n  deny by \"never\"\n") && wrong.output.hasSuffix("\n3 tests, 1 not as expected\n"), "\(wrong.output)")
        let report = try sluice("policy", "test", "--json", "tests.yaml", "more.yaml")
        #expect(report.status == 1)
        #expect(try object(report.output)["failed"] as? Int == 1)
        try write("more.yaml", "tests:\n  - {as: agent, method: GET, url: /vendor/x, expects: allow}\n")
        let refused = try sluice("policy", "test", "more.yaml")
        #expect(refused.status == 2 && refused.error.contains("more.yaml:2: unknown setting \"expects\""), "\(refused.error)")
    }

    @Test func aConfigurationIsChecked() throws {
        let right = try sluice("config", "check")
        #expect(right.status == 0 && right.error.isEmpty)
        #expect(right.output == "sluice.yaml is right: 127.0.0.1:8080, 1 connection, 1 key, 1 policy, 1 rule\n")

        let text = try String(contentsOfFile: directory + "/sluice.yaml", encoding: .utf8)
        try write("sluice.yaml", text.replacing("{port: 8080}", with: "{prot: 8080}"))
        let wrong = try sluice("config", "check")
        #expect(wrong.status == 2 && wrong.output.isEmpty)
        #expect(wrong.error.hasPrefix("error: sluice.yaml:1: unknown setting \"prot\" in listen\nhint: did you mean \"port\"?\n"))
        let json = try sluice("config", "check", "--json")
        #expect(json.status == 2 && json.error.isEmpty)
        #expect(try object(json.output)["ok"] as? Bool == false)

        try write("sluice.yaml", text.replacing("name: vendor,", with: "name: vendor, profiles: [defualt],"))
        let profile = try sluice("config", "check")
        #expect(profile.status == 2)
        #expect(profile.error.contains("connection \"vendor\": there is no profile \"defualt\"") && profile.error.contains("did you mean \"default\"?"))
    }

    @Test func reviewsAreListedShownAndDecided() async throws {
        let recorder = try Recorder(directory: directory + "/data")
        let reviews = Reviews(recorder.index)
        // The target tries to redraw the approver's screen.
        let target = "/customers/7\u{1b}[2J\u{202e}"
        func ask(_ number: Int) async throws -> Review {
            let exchange = try recorder.begin(
                ExchangeStart(identity: "agent", connection: "vendor", method: "DELETE", target: target, peer: "127.0.0.1", decision: .approve))
            let builder = RequestFingerprint.Builder(identity: "agent", connection: "vendor", method: "DELETE", target: "\(number)")
            let admission = try await reviews.admit(
                ReviewRequest(
                    fingerprint: builder.finish(), identity: "agent", owner: "alice", connection: "vendor", method: "DELETE", target: target,
                    policy: "policy 1", reason: "for good", approvers: ["leads"], deadline: .seconds(600)), exchange: exchange.id)
            try exchange.end(ExchangeEnd(outcome: Outcome(.review)))
            recorder.flush()
            guard case .wait(let review) = admission else { throw RecordError("runs at once") }
            return review
        }
        let first = try await ask(1)
        let second = try await ask(2)

        let list = try sluice("review", "list")
        #expect(list.status == 0 && list.output.contains(first.id) && list.output.contains(second.id))
        #expect(!list.output.contains("\u{1b}") && list.output.contains("\\u{1b}[2J\\u{202e}"))
        let lines = try sluice("review", "list", "--json").output.split(separator: "\n")
        #expect(try lines.map { try object($0)["state"] as? String } == ["pending", "pending"])
        #expect(try object(lines[0])["expires_at"] is String)

        // While the server has the directory open.
        let approved = try sluice("review", "approve", first.id, "--note", "ticket 4711")
        #expect(approved.status == 0 && approved.output.hasPrefix("\(first.id) approved"), "\(approved.error)")
        #expect(try await reviews.review(first.id)?.decidedBy == "bob")
        #expect(try await reviews.history(of: first.id).last?.proof == "os-user \(user)")
        let again = try sluice("review", "deny", first.id)
        #expect(again.status == 2 && again.error == "error: review \(first.id) is approved and can no longer be decided\n")

        let asAlice = try sluice("review", "deny", second.id, "--as", "alice")
        #expect(asAlice.status == 2)
        #expect(asAlice.error.contains(getuid() == 0 ? "is your own request" : "cannot decide as alice"))
        let denied = try sluice("review", "deny", second.id, "--json")
        #expect(try object(denied.output)["state"] as? String == "denied")
        #expect(try sluice("review", "list").output == "nothing waits for approval\n")
        #expect(try sluice("review", "list", "--all", "--json").output.split(separator: "\n").count == 2)

        let shown = try sluice("review", "show", first.id).output
        #expect(shown.contains("ticket 4711") && shown.contains("approved by bob (os-user \(user)): ticket 4711") && !shown.contains("\u{1b}"))
        let json = try object(try sluice("review", "show", first.id, "--json").output)
        #expect((json["history"] as? [[String: Any]])?.count == 2)
        #expect((json["review"] as? [String: Any])?["decided_by"] as? String == "bob")
        recorder.close()
    }

    @Test func recordsAreListedShownAndExported() throws {
        let recorder = try Recorder(directory: directory + "/data")
        var masker = Masker(try RuleSet([Rule(id: "mail", entity: "EMAIL_ADDRESS", pattern: "[a-z]{1,20}@[a-z]{1,20}\\.org")]), format: .text)
        func begin(_ identity: String?) throws -> ExchangeRecord {
            try recorder.begin(
                ExchangeStart(identity: identity, connection: identity == nil ? nil : "vendor", method: "GET", target: "/people", peer: "127.0.0.1", decision: identity == nil ? .deny : .allow))
        }
        let exchange = try begin("agent")
        try exchange.response(status: 200, headers: [HeaderField(name: "content-type", value: "text/plain")])
        let body = "write to ada@example.org today"
        try Array(body.utf8).withUnsafeBytes { try exchange.response(try masker.feed($0), chunk: $0) }
        try exchange.response(try masker.finish(), chunk: UnsafeRawBufferPointer(start: nil, count: 0))
        try exchange.end(ExchangeEnd(outcome: Outcome(.completed), response: BodyEvidence(masker.statistics)))
        let binary = try begin("agent")
        try ([0xFF, 0xFE] as [UInt8]).withUnsafeBytes { try binary.ownResponse($0) }
        try binary.end(ExchangeEnd(outcome: Outcome(.completed)))
        try begin(nil).end(ExchangeEnd(outcome: Outcome(.refused, "no-key")))
        recorder.close()

        let list = try sluice("session", "list")
        #expect(list.status == 0 && list.output.contains("\(exchange.id)") && list.output.contains("without a valid key or connection: 1 request,"))
        #expect(try sluice("session", "list", "--identity", "other").output == "no sessions\n")
        let session = try sluice("session", "show", "\(exchange.id)")
        #expect(session.output.contains("\(binary.id)") && session.output.contains("completed"))
        let shown = try sluice("session", "show", "\(binary.id)")
        #expect(shown.output.contains("response, as sent:"))
        #expect(try sluice("session", "show", "without-session").output.contains("refused (no-key)"))

        let lines = try sluice("session", "export", "--all", "--data", directory + "/data").output.split(separator: "\n").map { try object($0) }
        #expect(lines.count == 3)
        let response = try #require(lines[0]["response"] as? [String: Any])
        #expect(response["body"] as? String == "write to [REDACTED:EMAIL_ADDRESS] today")
        #expect((response["sha256"] as? String)?.count == 64)
        let evidence = try #require((lines[0]["evidence"] as? [String: Any])?["response"] as? [String: Any])
        #expect(evidence["bytes_in"] as? Int == body.utf8.count)
        #expect(evidence["masked"] as? [String: Int] == ["mail": 1])
        #expect((lines[1]["response"] as? [String: Any])?["body_b64"] as? String == "//4=")
        #expect((lines[2]["outcome"] as? [String: Any])?["kind"] as? String == "refused")
        #expect(try sluice("session", "export", "\(binary.id)").output.split(separator: "\n").count == 1)
    }

    @Test func helpTeaches() throws {
        for command in [["review"], ["session"], ["key", "new"], ["config", "check"]] {
            let help = try sluice(command + ["--help"])
            #expect(help.status == 0 && help.output.contains("Examples:"))
        }
    }

    @Test func throughSudoTheCallerDecides() throws {
        #expect(try DecisionOptions.osUser(environment: ["SUDO_USER": "alice"]) == ("alice", false))
        #expect(try DecisionOptions.osUser(environment: [:]) == (user, getuid() == 0))
    }

    @Test func whoDecidesIsTheUserAndNobodyElse() throws {
        let people = [
            Person(name: "alice", osUser: "alice", groups: ["leads"]), Person(name: "bob", osUser: "shared", groups: ["leads"]),
            Person(name: "carol", osUser: "shared", groups: ["security"]),
        ]
        func approver(_ user: String, _ name: String? = nil) throws -> Approver {
            try DecisionOptions.approver(among: people, user: user, isRoot: user == "root", as: name, file: "sluice.yaml")
        }
        #expect(try approver("alice") == Approver(name: "alice", groups: ["leads"], proof: "os-user alice"))
        #expect(try approver("shared", "carol") == Approver(name: "carol", groups: ["security"], proof: "os-user shared"))
        #expect(try approver("root", "alice") == Approver(name: "alice", groups: ["leads"], proof: "os-user root as alice"))
        for (user, name) in [("shared", nil), ("mallory", nil), ("alice", "bob"), ("mallory", "alice"), ("root", "dave"), ("root", nil)] as [(String, String?)] {
            #expect(throws: CommandError.self) { try approver(user, name) }
        }
    }
}
