// Requests by what they would do: refused, approved, reported, or let pass, by policy and catalogue.

import ContentCoding
import Engine
import Foundation
import Operations
import Record
import Testing

@testable import Proxy

@Suite("Operations of requests", .serialized, .timeLimit(.minutes(3)))
struct OperationTests {
    private static let truncate = "TRUNCATE " + "TABLE users"
    private static let json = ["Content-Type: application/json"]
    private static let form = ["Content-Type: application/x-www-form-urlencoded"]

    /// A request that a catalogue's verdict or a policy is about.
    struct Asked: Sendable, CustomStringConvertible {
        var description: String
        var line = "POST /v/run"
        var headers = OperationTests.json
        var body: String?
        /// Nil if the request passes.
        var operation: String?
    }

    private static let asked: [Asked] = [
        Asked(description: "SQL in a member", body: #"{"job": {"sql": "\#(truncate)"}}"#, operation: "sql.truncate-table"),
        Asked(description: "a member with an escaped name", body: #"{"s\u0071l": "\#(truncate)"}"#, operation: "sql.truncate-table"),
        Asked(description: "a member whose name stands twice", body: #"{"sql": "\#(truncate)", "sql": "SELECT 1"}"#, operation: "sql.truncate-table"),
        Asked(description: "a list of statements", body: #"{"statements": [{"statement": "SELECT 1"}, {"statement": "\#(truncate)"}]}"#, operation: "sql.truncate-table"),
        Asked(description: "arguments behind their program", body: #"{"args": ["-rf", "/srv/data"], "command": "rm"}"#, operation: "files.remove-recursively"),
        Asked(description: "words of one command", body: #"{"action": {"command": ["bash", "-lc", "rm -rf /srv/data"]}}"#, operation: "files.remove-recursively"),
        Asked(description: "one of several commands", body: #"{"commands": ["ls", "rm -rf /srv/data"]}"#, operation: "files.remove-recursively"),
        Asked(description: "code of a named language", body: #"{"language": "bash", "code": "rm -rf /srv/data"}"#, operation: "files.remove-recursively"),
        Asked(description: "JSON in a string", body: #"{"body": "{\"sql\": \"\#(truncate)\"}"}"#, operation: "sql.truncate-table"),
        Asked(description: "JSON in a string, its bracket escaped", body: #"{"body": "\u007b\"sql\": \"\#(truncate)\"}"}"#, operation: "sql.truncate-table"),
        Asked(description: "deep JSON", body: String(repeating: #"{"a":["#, count: 100) + #"{"sql":"\#(truncate)"}"# + String(repeating: "]}", count: 100), operation: "sql.truncate-table"),
        Asked(description: "too deep JSON", body: String(repeating: "[", count: 2000) + String(repeating: "]", count: 2000), operation: "unreadable.too-deep"),
        Asked(description: "a line of NDJSON", headers: ["Content-Type: application/x-ndjson"], body: "{\"a\":1}\n{\"sql\":\"\(truncate)\"}\n", operation: "sql.truncate-table"),
        Asked(description: "JSON that says nothing of it", headers: ["Content-Type: text/plain"], body: #" {"sql": "\#(truncate)"}"#, operation: "sql.truncate-table"),
        Asked(description: "a field of a form", headers: form, body: "x=1&job%5Bsql%5D=TRUNCATE+TABLE%20users", operation: "sql.truncate-table"),
        Asked(description: "a form that begins like JSON", headers: form, body: "{=1&sql=TRUNCATE+TABLE+users", operation: "sql.truncate-table"),
        Asked(description: "a field of a form that is JSON", headers: form, body: "payload=%7B%22sql%22%3A%22TRUNCATE+TABLE+users%22%7D", operation: "sql.truncate-table"),
        Asked(
            description: "a part", headers: ["Content-Type: multipart/form-data; boundary=xy"],
            body: "--xy\r\nContent-Disposition: form-data; name=\"sql\"\r\n\r\n\(truncate)\r\n--xy--\r\n", operation: "sql.truncate-table"),
        Asked(description: "a parameter", line: "GET /v/run?sql=TRUNCATE%20TABLE%20users", operation: "sql.truncate-table"),
        Asked(description: "a statement as the body", headers: ["Content-Type: application/sql"], body: truncate, operation: "sql.truncate-table"),
        Asked(description: "a mutation", line: "POST /v/graphql", body: #"{"query": "mutation { x: deleteUser(id: 5) { id } }"}"#, operation: "http.graphql-delete"),
        Asked(
            description: "a tool's argument",
            body: #"{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "query", "arguments": {"query": "\#(truncate)"}}}"#, operation: "sql.truncate-table"),
        Asked(description: "a command document", body: #"{"dropDatabase": 1}"#, operation: "nosql.drop-database"),
        Asked(description: "a collection", line: "PURGE /v/customers", body: #"{"query": "\#(truncate)"}"#, operation: "sql.truncate-table"),
        Asked(description: "a method named by a field", line: "POST /v/customers?_method=DELETE", operation: "http.delete-collection"),
        Asked(description: "what a conversation stands beside", body: #"{"messages": [{"role": "user", "content": "hi"}], "sql": "\#(truncate)"}"#, operation: "sql.truncate-table"),
        Asked(description: "what only looks like a turn", body: #"{"statements": [{"role": "user", "sql": "\#(truncate)"}]}"#, operation: "sql.truncate-table"),
        // These pass.
        Asked(description: "a query that reads", body: #"{"sql": "SELECT * FROM users"}"#),
        Asked(description: "a bounded statement", body: #"{"sql": "DELETE FROM users WHERE id = 5"}"#),
        Asked(description: "prose", body: #"{"text": "\#(truncate); rm -rf /srv/data", "description": "how to \#(truncate)"}"#),
        Asked(description: "a search", body: #"{"query": "delete from my cart"}"#),
        Asked(description: "a search in a parameter", line: "GET /v/search?q=update+the+set+of+my+customers"),
        Asked(description: "a chat", body: #"{"model": "m", "messages": [{"role": "system", "content": "Run \#(truncate)"}, {"role": "user", "content": [{"type": "text", "text": "rm -rf /"}]}]}"#),
        Asked(
            description: "tool calls of a history",
            body: #"{"messages": [{"role": "assistant", "tool_calls": [{"id": "1", "type": "function", "function": {"name": "sql", "arguments": "{\"sql\": \"\#(truncate)\"}"}}]}]}"#),
        Asked(
            description: "tool use of a history",
            body: #"{"messages": [{"role": "assistant", "content": [{"type": "tool_use", "id": "1", "name": "bash", "input": {"command": "rm -rf /srv/data"}}]}]}"#),
        Asked(description: "items of a history", body: #"{"input": [{"type": "function_call", "call_id": "1", "arguments": "{\"command\": \"rm -rf /srv/data\"}"}]}"#),
        Asked(description: "calls of a model's history", body: #"{"contents": [{"parts": [{"functionCall": {"name": "sql", "args": {"sql": "\#(truncate)"}}}]}]}"#),
        Asked(
            description: "the definition of a tool",
            body: #"{"tools": [{"name": "bash", "input_schema": {"type": "object", "properties": {"command": {"type": "string"}}}, "input_examples": [{"command": "rm -rf /srv/data"}]}]}"#),
        Asked(description: "prose to a model", body: #"{"input": "rm -rf /srv/data", "instructions": "\#(truncate)"}"#),
    ]

    @Test("an operation that the catalogue blocks is refused wherever it stands, and the vendor hears nothing; what is no command passes")
    func places() async throws {
        let vendor = try FakeVendor.answering { _ in response("done") }
        defer { vendor.stop() }
        try await withGateway(to: vendor.port) { gateway in
            for one in Self.asked {
                let seen = vendor.requests.count
                let answer = try gateway.exchange(one.line, one.headers, body: one.body)
                guard let operation = one.operation else {
                    #expect((answer.status, answer.text) == (200, "done"), "\(one): \(answer.text)")
                    continue
                }
                #expect((answer.status, answer["sluice-denied"], vendor.requests.count) == (403, "operation", seen), "\(one): \(answer.text)")
                let problem = try #require(try JSONSerialization.jsonObject(with: Data(answer.body)) as? [String: Any])
                #expect(problem["operation"] as? String == operation, "\(one)")
                #expect(problem["hint"] as? String != nil)
            }
        }
    }

    @Test("a refusal names operation, severity and what happens, and so does the record")
    func refusal() async throws {
        let vendor = try FakeVendor.answering { _ in response("done") }
        defer { vendor.stop() }
        try await withGateway(to: vendor.port) { gateway in
            let answer = try gateway.exchange("POST /v/run", Self.json, body: #"{"sql": "\#(Self.truncate)"}"#)
            let problem = try #require(try JSONSerialization.jsonObject(with: Data(answer.body)) as? [String: Any])
            #expect(problem["rule"] as? String == "sql.truncate-table")
            #expect(problem["severity"] as? String == "high")
            #expect(problem["detail"] as? String == "This removes every row of users, which cannot be undone in most databases.")
            #expect(problem["type"] as? String == "urn:sluice:problem:operation")
            let record = try gateway.record(of: answer).exchange
            #expect(record.outcome == Outcome(.blocked, "sql.truncate-table"))
            #expect(
                record.evidence?.commands
                    == CommandEvidence(
                        decision: .refuse, rule: "sql.truncate-table", policy: nil,
                        operations: [.init(name: "sql.truncate-table", object: "users", severity: "high", verdict: "block")], count: 1))
        }
    }

    @Test("an object is masked by the connection's rules before anyone sees it")
    func maskedObject() async throws {
        let vendor = try FakeVendor.answering { _ in response("done") }
        defer { vendor.stop() }
        try await withGateway(to: vendor.port) { gateway in
            let answer = try gateway.exchange("POST /v/run", Self.json, body: #"{"sql": "TRUNCATE \#("TABLE") \"\#(TestRules.cardNumber)\""}"#)
            #expect(answer.status == 403)
            #expect(answer.text.contains(TestRules.label) && !answer.text.contains(TestRules.cardNumber), "\(answer.text)")
            let record = try gateway.record(of: answer)
            #expect(record.exchange.evidence?.commands?.operations.first?.object == TestRules.label)
        }
    }

    /// A policy about operations.
    private static func policy(_ name: String, groups: [String] = ["*"], _ names: [String], severity: Catalogue.Severity = .low, objects: [String] = [], _ effect: Policy.Effect) -> Policy {
        Policy(
            name: name, groups: groups, connections: ["*"], methods: ["*"], paths: [PathPattern("/**")!],
            operations: OperationScope(names: names.map { Glob($0) }, severity: severity, objects: objects.map { Glob($0) }), effect: effect)
    }

    private static func admitAll(_ configuration: inout Configuration, _ policies: [Policy]) {
        let all = Policy(name: "all", groups: ["*"], connections: ["*"], methods: ["*"], paths: [PathPattern("/**")!], effect: .allow)
        configuration.policies = PolicySet([all] + policies)
    }

    @Test("policies decide by group, name, severity and object, the most restrictive first, before the catalogue")
    func policies() async throws {
        let vendor = try FakeVendor.answering { _ in response("done") }
        defer { vendor.stop() }
        try await withGateway(
            to: vendor.port,
            configure: {
                Self.admitAll(
                    &$0,
                    [
                        Self.policy("agents truncate", groups: ["agents"], ["sql.truncate-*"], .allow),
                        Self.policy("not the ledger", ["sql.*"], objects: ["ledger"], .deny(reason: "the ledger is for good")),
                        Self.policy("nothing critical", ["*"], severity: .critical, .deny(reason: nil)),
                        Self.policy("no reading of salaries", ["sql.select"], objects: ["salaries"], .deny(reason: nil)),
                    ])
            }
        ) { gateway in
            func ask(_ sql: String, key: String? = nil) throws -> (status: Int, text: String) {
                let answer = try gateway.exchange("POST /v/run", Self.json, body: #"{"sql": "\#(sql)"}"#, key: key)
                return (answer.status, answer.text)
            }
            let allowed = try gateway.exchange("POST /v/run", Self.json, body: #"{"sql": "\#(Self.truncate)"}"#)
            #expect(allowed.status == 200)
            let commands = try gateway.record(of: allowed).exchange.evidence?.commands
            #expect(commands?.decision == .pass && commands?.policy == "agents truncate" && commands?.operations.first?.verdict == "block")
            #expect(try ask(Self.truncate, key: gateway.otherKey).status == 403)
            let ledger = try ask("TRUNCATE " + "TABLE ledger")
            #expect(ledger.status == 403 && ledger.text.contains("the ledger is for good"))
            #expect(try ask("DROP " + "DATABASE users").status == 403)
            // One bad operation is enough, wherever it stands.
            #expect(try ask("\(Self.truncate); DELETE FROM \(Self.truncate.suffix(5))").status == 403)
            #expect(vendor.requests.count == 1)
        }
    }

    @Test("an operation that needs approval waits for it, with its sentence, and runs once")
    func approval() async throws {
        let vendor = try FakeVendor.answering { _ in response("done") }
        defer { vendor.stop() }
        let terms = ApprovalTerms(approvers: ["chiefs"], reason: "ask first", deadline: .seconds(60))
        try await withGateway(to: vendor.port, configure: { Self.admitAll(&$0, [Self.policy("statements", ["sql.*"], severity: .high, .approve(terms))]) }) { gateway in
            let body = #"{"sql": "\#(Self.truncate)"}"#
            let asked = try gateway.exchange("POST /v/run", Self.json, body: body)
            #expect((asked.status, asked["sluice-denied"]) == (403, "approval-required"))
            let id = try #require(asked["sluice-review"])
            let problem = try #require(try JSONSerialization.jsonObject(with: Data(asked.body)) as? [String: Any])
            #expect(problem["operation"] as? String == "sql.truncate-table")
            let reviews = gateway.reviews
            let review = try #require(try awaiting { try await reviews.review(id) })
            #expect(review.policy == "statements")
            #expect(review.reason == "sql.truncate-table: This removes every row of users, which cannot be undone in most databases. (ask first)")
            #expect(try gateway.record(of: asked).exchange.evidence?.commands?.decision == .approve)
            _ = try awaiting { try await reviews.approve(id, by: ApprovalTests.chief) }
            // Another statement is another request.
            #expect(try gateway.exchange("POST /v/run", Self.json, body: #"{"sql": "TRUNCATE \#("TABLE") orders"}"#).status == 403)
            #expect(vendor.requests.isEmpty)
            #expect(try gateway.exchange("POST /v/run", Self.json, body: body).text == "done")
            #expect(try gateway.exchange("POST /v/run", Self.json, body: body).status == 403)
            #expect(vendor.requests.count == 1)
            #expect(try gateway.exchange("POST /v/run", Self.json, body: #"{"sql": "SELECT 1"}"#).text == "done")
            // One approval is for all that the request would do, and says so.
            let several = try gateway.exchange("POST /v/run", Self.json, body: #"{"sql": "DELETE FROM orders; \#(Self.truncate); DROP \#("DATABASE") old"}"#)
            #expect(several.text.contains("sql.drop-database: ") && several.text.contains(" With it: sql.delete-all, sql.truncate-table. (ask first)"), "\(several.text)")
        }
    }

    @Test("what needs a person is refused with a hint where no policy says who, and asked by the terms of the policy that admits the request where it has some")
    func approverless() async throws {
        let vendor = try FakeVendor.answering { _ in response("done") }
        defer { vendor.stop() }
        try await withGateway(to: vendor.port) { gateway in
            let refused = try gateway.exchange("POST /v/customers/7?_method=DELETE")
            #expect((refused.status, refused["sluice-denied"]) == (403, "operation"))
            #expect(refused.text.contains("operations: [http.delete]") && refused.text.contains("approvers"), "\(refused.text)")
            let asked = try gateway.exchange("DELETE /v/customers/7")
            #expect((asked.status, asked["sluice-denied"]) == (403, "approval-required"))
            #expect(asked.text.contains("This deletes /customers/7 at the service."))
            #expect(vendor.connections == 0)
        }
    }

    @Test("an endpoint is known by the vendor's host and the base path of its interface")
    func endpoint() async throws {
        let allow = Self.policy("deletions", ["http.delete"], .allow)
        try await withGateway(
            to: 1,
            configure: {
                Self.admitAll(&$0, [allow])
                $0.connections[0].upstream = Upstream(tls: true, host: "github.example.net", port: 443, basePath: "/api/v3")
                var github = $0.connections[0]
                github.name = "github"
                github.upstream = Upstream(tls: true, host: "api.github.com", port: 443, basePath: "")
                $0.connections.append(github)
            }
        ) { gateway in
            let answer = try gateway.exchange("DELETE /github/repos/octo/cat")
            #expect((answer.status, answer["sluice-denied"]) == (403, "operation"))
            #expect(answer.text.contains("http.delete-repository") && answer.text.contains("octo/cat"))
            #expect(try gateway.record(of: answer).exchange.evidence?.commands?.operations.first?.object == "octo/cat")
        }
    }

    @Test("a connection that reports lets everything pass and records it; one that is off looks at nothing", arguments: [Connection.CommandChoice.report, .off])
    func reported(choice: Connection.CommandChoice) async throws {
        let vendor = try FakeVendor.answering { _ in response("done") }
        defer { vendor.stop() }
        try await withGateway(to: vendor.port, configure: { $0.connections[0].commands = choice }) { gateway in
            let answer = try gateway.exchange("POST /v/run", Self.json, body: #"{"sql": "\#(Self.truncate)"}"#)
            #expect(answer.status == 200)
            let commands = try gateway.record(of: answer).exchange.evidence?.commands
            #expect(commands?.decision == (choice == .report ? .report : nil))
            #expect(commands?.rule == (choice == .report ? "sql.truncate-table" : nil))
        }
    }

    @Test("a large body is read away from the event loop, with the same outcome")
    func large() async throws {
        let vendor = try FakeVendor.answering { _ in response("done") }
        defer { vendor.stop() }
        try await withGateway(to: vendor.port) { gateway in
            let rows = String(repeating: #"{"name": "x", "values": [1, 2, 3]},"#, count: 20_000)
            let padding = "\"rows\": [\(rows) 0]"
            #expect(try gateway.exchange("POST /v/run", Self.json, body: "{\(padding)}").text == "done")
            let answer = try gateway.exchange("POST /v/run", Self.json, body: #"{\#(padding), "sql": "\#(Self.truncate)"}"#)
            #expect((answer.status, answer["sluice-denied"]) == (403, "operation"))
            #expect(vendor.requests.count == 1)
            // More commands than are read.
            let many = "{\"commands\": [" + Array(repeating: "\"ls\"", count: 10_000).joined(separator: ",") + "]}"
            let tooMany = try gateway.exchange("POST /v/run", Self.json, body: many)
            #expect(tooMany.status == 403 && tooMany.text.contains("unreadable.too-long"))
        }
    }

    @Test("the verdict does not depend on how the body was cut into chunks or coded")
    func chunksAndCodings() async throws {
        let vendor = try FakeVendor.answering { _ in response("done") }
        defer { vendor.stop() }
        let seed = UInt64.random(in: 0 ... .max)
        try await withGateway(to: vendor.port) { gateway in
            var random = SeededGenerator(seed: seed)
            let cases = Self.asked.filter { $0.body != nil }
            for _ in 0..<120 {
                let one = cases.randomElement(using: &random)!
                var body = Array(one.body!.utf8)
                var headers = one.headers + ["Transfer-Encoding: chunked"]
                if let coding = ([nil] + ContentCoding.allCases).randomElement(using: &random)! {
                    let encoder = try ContentEncoder(coding)
                    var coded: [UInt8] = []
                    try body.withUnsafeBytes { bytes in try encoder.encode(bytes, .finish) { coded += $0 } }
                    body = coded
                    headers.append("Content-Encoding: \(coding.rawValue)")
                }
                let client = try gateway.client()
                try client.send(gateway.request(one.line, headers))
                var rest = body[...]
                while !rest.isEmpty {
                    let piece = rest.prefix(Int.random(in: 1...40, using: &random))
                    rest = rest.dropFirst(piece.count)
                    try client.send(Array("\(String(piece.count, radix: 16))\r\n".utf8) + piece + Array("\r\n".utf8))
                }
                try client.send("0\r\n\r\n")
                let answer = try client.receiveMessage()
                #expect(answer.status == (one.operation == nil ? 200 : 403), "seed \(seed): \(one) \(headers)")
                if let operation = one.operation { #expect(answer.text.contains("\"\(operation)\""), "seed \(seed): \(one)") }
            }
        }
    }

    @Test("a policy about operations that do not exist is refused at the start")
    func unknownOperations() throws {
        let text = """
            listen: {port: 0}
            data: /tmp/x
            connections:
              - {name: a, upstream: "https://a.example.com"}
            keys:
              - {name: agent, groups: [agents], hash: "sha256:\(String(repeating: "0", count: 64))"}
            policies:
              - {groups: [agents], connections: [a], decision: allow}
              - name: drops
                groups: [agents]
                connections: [a]
                operations: ['sql.drop-tabel', 'sql.*']
                severity: high
                objects: ['dev_*']
                decision: deny
            """
        let configuration = try Configuration.parse(text, file: "sluice.yaml")
        let scope = try #require(configuration.policies.policies[1].operations)
        #expect(scope.names.map(\.text) == ["sql.drop-tabel", "sql.*"] && scope.severity == .high && scope.objects.map(\.text) == ["dev_*"])
        let error = #expect(throws: ConfigurationError.self) { try configuration.checkedCatalogue { try shippedCatalogue.get() } }
        #expect(error?.problems == [ConfigurationProblem(file: "sluice.yaml", line: 12, message: "policy \"drops\": there is no operation \"sql.drop-tabel\"", hint: "did you mean \"sql.drop-table\"?")])
    }

    @Test("a policy about operations admits nobody")
    func admitsNobody() throws {
        let error = #expect(throws: ConfigurationError.self) {
            try Configuration.parse(
                """
                listen: {port: 0}
                data: /tmp/x
                connections:
                  - {name: a, upstream: "https://a.example.com", commands: judge}
                keys:
                  - {name: agent, groups: [agents], hash: "sha256:\(String(repeating: "0", count: 64))"}
                policies:
                  - {groups: [agents], connections: [a], operations: ['*'], decision: allow}
                """, file: "sluice.yaml")
        }
        #expect(error?.problems.first?.message == "connection \"a\" allows nobody, so no request could reach it")
    }
}
