// Where commands stand in documents: what is no command passes, and any document is read to an end.

import Foundation
import Operations
import Testing

@Suite struct PlacesTests {
    private static let reader = JudgeTests.shipped.catalogue.commands.requests

    private static func verdict(_ body: some Collection<UInt8>) -> Verdict {
        JudgeTests.shipped.catalogue.verdict(on: reader.read(HTTPReader.Request(method: "POST", target: "/v1/x", host: "api.example.com", body: Array(body), contentType: "application/json")))
    }

    /// `SLUICE_SHARED`, or `../shared` beside the package.
    private static let shared: URL? = {
        let named = ProcessInfo.processInfo.environment["SLUICE_SHARED"].map { URL(filePath: $0) }
        let folder = named ?? JudgeTests.root.deletingLastPathComponent().appending(path: "shared")
        return FileManager.default.fileExists(atPath: folder.appending(path: "cases").path) ? folder : nil
    }()

    @Test("Documents of vendors, and conversations about commands, ask for nothing", .enabled(if: shared != nil, "the shared cases are not on this machine"))
    func benign() throws {
        let shared = try #require(Self.shared)
        var bodies: [(name: String, bytes: Data)] = []
        for file in try FileManager.default.contentsOfDirectory(at: shared.appending(path: "payloads"), includingPropertiesForKeys: nil) where file.pathExtension == "json" {
            bodies.append((file.lastPathComponent, try Data(contentsOf: file)))
        }
        for name in ["json/octokit-webhooks", "json/stripe-fixtures", "json/planted-json", "commands/dcg", "commands/crs", "benign/tldr"] {
            for line in try Data(contentsOf: shared.appending(path: "cases/\(name).jsonl")).split(separator: 0x0A) {
                let record = try JSONSerialization.jsonObject(with: line) as? [String: Any] ?? [:]
                let encoded = (record["b64"] as? String).flatMap { Data(base64Encoded: $0) }
                guard let text = encoded ?? (record["text"] as? String).map({ Data($0.utf8) }) ?? (record["command"] as? String).map({ Data($0.utf8) }) else { continue }
                if name.hasPrefix("json/") {
                    bodies.append((name, encoded ?? Data(base64Encoded: text) ?? text))
                } else {
                    // Said to a model, called by one, and answered by a tool.
                    let said = String(decoding: text, as: UTF8.self)
                    let arguments = String(decoding: try JSONSerialization.data(withJSONObject: ["command": said, "sql": said]), as: UTF8.self)
                    let schema: [String: Any] = ["type": "object", "properties": ["command": ["type": "string", "description": said, "examples": [said]]]]
                    let chat: [String: Any] = [
                        "model": "m", "system": said,
                        "messages": [
                            ["role": "user", "content": said],
                            ["role": "assistant", "tool_calls": [["id": "1", "type": "function", "function": ["name": "bash", "arguments": arguments]]]],
                            ["role": "assistant", "content": [["type": "tool_use", "id": "2", "name": "bash", "input": ["command": said]]]],
                            ["role": "tool", "tool_call_id": "1", "content": arguments],
                        ],
                        "tools": [["type": "function", "function": ["name": "bash", "parameters": schema]], ["name": "bash", "input_schema": schema, "input_examples": [["command": said]]]],
                    ]
                    bodies.append((name, try JSONSerialization.data(withJSONObject: chat)))
                }
            }
        }
        #expect(bodies.count > 1000)
        var refused = 0
        for (name, bytes) in bodies {
            let verdict = Self.verdict(bytes)
            guard verdict.decision > .allow else { continue }
            refused += 1
            Issue.record("\(name): \(verdict.rule) \(verdict.operation?.object.prefix(80) ?? "")")
            if refused > 20 { return }
        }
    }

    @Test(
        "A value is read by its name and by what stands beside it",
        arguments: [
            (#"{"cmd": "rm -rf /srv/data"}"#, "files.remove-recursively"), (#"{"CMD": "rm -rf /srv/data"}"#, "files.remove-recursively"), (#"{"shell_command": "rm -rf /srv/data"}"#, "files.remove-recursively"),
            (#"{"args": "-rf /srv/data", "program": "rm"}"#, "files.remove-recursively"), (#"{"args": ["rm", "-rf", "/srv/data"]}"#, "files.remove-recursively"), (#"{"args": ["hello"]}"#, ""),
            (#"{"command": "ls", "args": ["-rf", "/srv/data"], "command": "rm"}"#, "files.remove-recursively"), (#"{"script": ["make", "rm -rf /srv/data"]}"#, "files.remove-recursively"),
            (#"{"command": ["git", "commit", "-m", "rm -rf /srv/data"]}"#, ""), (#"{"code": "import shutil; shutil.rmtree('/srv/data')", "language": "python"}"#, "code.remove-recursively"),
            (#"{"powershell": "Remove-Item -Recurse -Force C:\\srv\\data"}"#, "windows.remove-recursively"), (#"{"redis": ["FLUSHALL"]}"#, "nosql.flush"), (#"{"command": "FLUSHALL"}"#, "nosql.flush"),
            (#"{"mongo": "db.users.drop()"}"#, "nosql.drop-collection"), (#"{"query": {"drop": "users"}}"#, "nosql.drop-collection"), (#"[[{"sql": "DROP TABLE t"}]]"#, "sql.drop-table"),
            (#"{"sql": "DROP TABLE t"#, "sql.drop-table"), (#"{"sql": "DROP TABLE t",}"#, "sql.drop-table"), (#"{"a": {"sql": "x"}} {"sql": "DROP TABLE t"}"#, "sql.drop-table"),
            (#"{"query": "/* x */ DROP TABLE t"}"#, "sql.drop-table"), (#"{"query": "ＤＲＯＰ TABLE t"}"#, "sql.drop-table"), (#"{"query": "please drop table for two"}"#, ""), (#"{"query": "drop the table"}"#, ""),
            (#"{"properties": {"sql": {"type": "string", "description": "DROP TABLE t"}}, "required": ["sql"]}"#, ""), (#"{"url": "https://h/users", "method": "DELETE"}"#, ""),
            (#"{"tool_outputs": [{"tool_call_id": "1", "output": "{\"sql\": \"DROP TABLE t\"}"}]}"#, ""), (#"{/* " */"sql": "DROP TABLE t"}"#, "sql.drop-table"), ("{// '\n'sql': 'DROP TABLE t'}", "sql.drop-table"), (#"{sql: "DROP TABLE t"}"#, "sql.drop-table"), (#"{"a": "it's", "sql": "DROP TABLE t"}"#, "sql.drop-table"),
            (#"{"a": /x, "sql": "DROP TABLE t"}"#, "sql.drop-table"), (#"{"sql": ['DROP TABLE t',]}"#, "sql.drop-table"), ("{\"drop\": \"users\", \"comment\": " + String(repeating: "[", count: 80) + String(repeating: "]", count: 80) + "}", "unreadable.too-deep"),
            (#"{"queries": [{"drop": "users"}]}"#, "nosql.drop-collection"), ("\u{FEFF}" + #"{"sql": "DROP TABLE t"}"#, "sql.drop-table"), (#"{"output": "{\"sql\": \"DROP TABLE t\"}"}"#, "sql.drop-table"),
        ])
    func values(_ body: String, _ operation: String) {
        let verdict = Self.verdict(body.utf8)
        #expect((verdict.decision > .allow ? verdict.operation?.name ?? verdict.rule : "") == operation, "\(body): \(verdict)")
    }

    @Test("Plain text is a command only if it begins as one, and then is read to its end or not at all")
    func plainText() {
        func rule(_ body: String, type: String? = "text/plain; charset=utf-8") -> String {
            let verdict = JudgeTests.shipped.catalogue.verdict(on: Self.reader.read(HTTPReader.Request(method: "POST", target: "/", host: "h", body: Array(body.utf8), contentType: type)))
            return verdict.decision > .allow ? verdict.rule : ""
        }
        #expect(rule("DROP TABLE t") == "sql.drop-table")
        #expect(rule("DROP TABLE t", type: nil) == "sql.drop-table")
        #expect(rule("Delete from the list what is old") == "")
        #expect(rule("notes; DROP TABLE t") == "")
        #expect(rule(String(repeating: "some notes\n", count: 1 << 19)) == "")
        #expect(rule("SELECT 1;" + String(repeating: " ", count: 2 << 20) + "DROP TABLE t") == "unreadable.too-long")
        let parts = "multipart/form-data; boundary=\"b\""
        func part(_ parameters: String) -> String { "--b\r\nContent-Disposition: form-data; \(parameters)\r\n\r\nDROP TABLE t\r\n--b--\r\n" }
        #expect(rule(part("name=\"sql\""), type: parts) == "sql.drop-table")
        #expect(rule(part("filename=\"x; name=y\"; name=sql"), type: parts) == "sql.drop-table")
        #expect(rule(part("name=\"sql\"; filename=\"x; name=y\""), type: parts) == "sql.drop-table")
        #expect(rule(part("name=\"note\""), type: parts) == "")
    }

    @Test("A reading of any bytes ends, and a command is found whatever stands before it")
    func anyDocument() {
        let seed = UInt64.random(in: 0 ... .max)
        var random = SQLPropertyTests.Random(state: seed)
        let pieces = ["{", "}", "[", "]", ",", ":", "\"", "\\", "\\u00", "\"a\"", "\"sql\"", "\"args\"", "\"messages\"", "\"role\"", "'", "/*", "*/", "//", "/", "1", "null", " ", "\n", "\u{0}", "é", "\"{", "\"[{\\\"sql\\\":"]
        for _ in 0..<20_000 {
            let noise = (0..<Int.random(in: 0..<20, using: &random)).map { _ in pieces.randomElement(using: &random)! }.joined()
            _ = Self.verdict(noise.utf8)
            // Members and elements before and after it change nothing.
            let values = ["1", "\"x\"", "{\"a\": [1, \"\\\"\"]}", "[[], {}]", "\"{\\\"b\\\": 2}\"", "null"]
            var members = (0..<Int.random(in: 0..<6, using: &random)).map { "\"m\($0)\": \(values.randomElement(using: &random)!)" }
            members.insert("\"sql\": \"DROP TABLE t\"", at: Int.random(in: 0...members.count, using: &random))
            var body = "{" + members.joined(separator: ",") + "}"
            for _ in 0..<Int.random(in: 0..<5, using: &random) { body = Bool.random(using: &random) ? "[1, \(body), \"y\"]" : "{\"k\": \(body), \"l\": 1}" }
            #expect(Self.verdict(body.utf8).rule == "sql.drop-table", "seed \(seed): \(body)")
        }
    }

    @Test(
        "Mistakes in lists of places are reported with their place and a hint",
        arguments: [
            ("places:\n  - {names: [sql]}\n", "places need language and names", "language: sql"),
            ("places:\n  - {language: sqll, names: [sql]}\n", "a.yaml:2:", "did you mean \"sql\"?"),
            ("places:\n  - {language: sql, names: [sql_text]}\n  - {language: shell, names: [sqlText]}\n", "a.yaml:3:", "letters in any case"),
            ("places:\n  - {language: sql, name: [sql]}\n", "unknown key \"name\"", "did you mean \"names\"?"),
        ])
    func mistakes(_ text: String, _ message: String, _ hint: String) throws {
        let error = #expect(throws: (any Error).self) { try JudgeTests.catalogue(text) }
        #expect("\(error.map { "\($0)" } ?? "")".contains(message))
        #expect("\(error.map { "\($0)" } ?? "")".contains(hint))
    }
}
