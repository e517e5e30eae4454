// Commands that a body proposes: found wherever they stand, held until they are judged, and never released if they are blocked.

import Engine
import Foundation
import Testing

@Suite("Commands")
struct CommandTests {
    private static let mail = Rule(id: "mail", entity: "MAIL", pattern: #"[a-z]{1,9}@[a-z]{1,9}\.[a-z]{2,3}"#)

    /// A body, and what is left of it with the first verdict; nil where nothing is blocked.
    struct Case: CustomStringConvertible {
        var body: String
        var format = Format.json
        var left: String?
        var rule = "evil.shell"
        var description: String { body }
    }

    static let cases: [Case] = [
        Case(body: #"{"command":"ls"}"#),
        Case(body: #"{"command":"EVIL"}"#, left: #"{"command":""#),
        Case(body: #"{"a":"x@b.org","com-mand":"run EVIL","b":1}"#, left: #"{"a":"[REDACTED:MAIL]","com-mand":""#),
        Case(body: #"{"note":"EVIL","a":["EVIL"]}"#),
        Case(body: #"{"\u0063md" : "\u0045VIL"}"#, left: #"{"\u0063md" : ""#),
        Case(body: #"{"command":["sh","-c","EVIL"]}"#, left: #"{"command":"#),
        Case(body: #"{"command":["E","VI L"]}"#, left: #"{"command":"#),
        Case(body: #"{"command":"E","args":["VIL"]}"#, left: #"{"command":"E","args":"#),
        Case(body: #"{"args":["VIL"],"command":"E"}"#, left: #"{"args":["VIL"],"command":""#),
        Case(body: #"{"command":"E","x":{"args":["VIL"]}}"#),
        Case(body: #"{"commands":["ls","EVIL"]}"#, left: #"{"commands":"#),
        Case(body: #"{"commands":[{"command":"ls"},{"command":"EVIL"}]}"#, left: #"{"commands":[{"command":"ls"},{"command":""#),
        Case(body: #"{"sql":"EVIL"}"#, left: #"{"sql":""#, rule: "evil.sql"),
        Case(body: #"{"language":"Bash","code":"EVIL"}"#, left: #"{"language":"Bash","code":""#),
        Case(body: #"{"language":"python","code":"EVIL"}"#, left: #"{"language":"python","code":""#, rule: "evil.code"),
        Case(body: #"{"arguments":"{\"command\":\"EVIL\"}"}"#, left: #"{"arguments":"{\"command\":\""#),
        Case(body: #"{"command":"{\"sql\":\"EVIL\"}"}"#, left: #"{"command":""#, rule: "evil.sql"),
        Case(body: #"{"args":"{\"a\":\"EVIL\"}"}"#),
        Case(body: #"{"a":1}{"command":"EVIL"}"#, left: #"{"a":1}{"command":""#),
        Case(body: #"{"a" oops "command":"EVIL"}"#, left: #"{"a" oops "command":""#),
        Case(body: #"{"command":"EVI"#),
        Case(body: #"{"command":"EVIL"#, left: #"{"command":""#),
        Case(body: #"{"content":"see\n```bash\nEVIL\n```\n"}"#, left: #"{"content":"see\n"#),
        Case(body: #"{"note":"see\n```bash\nEVIL\n```\n"}"#),
        Case(body: "see\n```bash\nEVIL\n```\nmore", format: .text, left: "see\n"),
        Case(body: "x@b.org\n  ~~~~ SQL  title\na\n~~~\nEVIL\n~~~~\n", format: .text, left: "[REDACTED:MAIL]\n  ", rule: "evil.sql"),
        Case(body: "see\n```python\nEVIL\n```\nEVIL", format: .text),
        Case(body: "see `EVIL` and ```EVIL``` and\n```EVIL``` and\n``\nEVIL", format: .text),
        Case(body: "```python\n```bash\nEVIL\n```\n", format: .text),
        Case(body: "- ```sh\n  EVIL\n  ```", format: .text, left: "- "),
        Case(body: "> ```sh\n> E\\\n> ```\n> EVIL", format: .text),
        Case(body: "> ```sh\n> EVIL", format: .text, left: "> "),
        Case(body: "```\nEVIL\n```", format: .text, left: "", rule: "evil.plain"),
        Case(body: "```bash\nls\n```\n```bash\r\nEVIL", format: .text, left: "```bash\nls\n```\n"),
        Case(body: "```bash EVIL", format: .text),
        Case(body: "log: run EVIL\nrun EVIL\nx", format: .text, left: "log: run EVIL\n", rule: "evil.line"),
        Case(body: "run EVIL\n but GOOD;\nrun EVIL;", format: .text, left: "run EVIL\n but GOOD;\n", rule: "evil.line"),
        Case(body: "run EVIL\n\n but GOOD;", format: .text, left: "", rule: "evil.line"),
        Case(body: "run \\\nEVIL\n", format: .text, left: "", rule: "evil.line"),
        Case(body: "runs EVIL\n", format: .text),
        Case(body: "run this:\n```sh\nEVIL\n```\n", format: .text, left: "run this:\n"),
        Case(body: #"{"content":"run EVIL\n"}"#),
    ]

    @Test("A blocked command ends the body before its first byte, whatever the cuts", arguments: cases)
    func blocks(one: Case) throws {
        let set = try TestJudge.set([Self.mail])
        let body = Array(one.body.utf8)
        let whole = try MaskerRun(set, one.format, body)
        #expect(whole.result.blocked?.rule == (one.left == nil ? nil : one.rule))
        let masked = try MaskerRun(RuleSet([Self.mail]), one.format, body).result.output
        #expect(String(decoding: whole.result.output, as: UTF8.self) == one.left ?? String(decoding: masked, as: UTF8.self))
        for cut in 0...body.count {
            let run = try MaskerRun(set, one.format, body, Cuts(offsets: [cut]))
            if let what = difference(run.result, whole.result) { Issue.record("cut at \(cut)\n\(what)") }
        }
        if let what = difference(try MaskerRun(set, one.format, body, .every(1, of: body.count)).result, whole.result) { Issue.record("byte by byte\n\(what)") }
    }

    @Test("What is only reported passes, and so does everything where the rule reports")
    func reports() throws {
        let body = Array(#"{"command":"WARN x@b.org","sql":"EVIL"}"#.utf8)
        let masked = #"{"command":"WARN [REDACTED:MAIL]","sql":"EVIL"}"#
        let run = try MaskerRun(TestJudge.set([Self.mail], action: .report), .json, body)
        #expect(String(decoding: run.result.output, as: UTF8.self) == masked)
        #expect(run.result.findings.map(\.rule) == ["warn.shell", "mail", "evil.sql"])
        #expect(run.result.findings.map { String(decoding: body[$0.range], as: UTF8.self) } == ["WARN x@b.org", "x@b.org", "EVIL"])
        #expect(run.statistics.reported == ["warn.shell": 1, "evil.sql": 1])
    }

    @Test("A rule that reads commands finds nothing where nobody is there to be asked")
    func noJudge() throws {
        let set = try RuleSet([Rule(id: "proposed", entity: "COMMAND", readsCommands: true, action: .block)])
        let body = Array(#"{"command":"EVIL"}"#.utf8)
        #expect(try MaskerRun(set, .json, body).result.output == body)
    }

    @Test("A command that is too long to be read is blocked, and prose that is too long passes")
    func tooLong() throws {
        let set = try TestJudge.set()
        let long = String(repeating: "x", count: 40_000)
        for (body, format, isBlocked) in [
            (#"{"command":"\#(long)"}"#, Format.json, true), (#"{"q":"\#(long)"}"#, .json, false), ("```sh\n\(long)\n```\n", .text, true), ("```\n\(long)\n```\n", .text, false),
            (#"{"args":[\#((0..<5000).map { "\"word\($0)\"" }.joined(separator: ","))]}"#, .json, true),
        ] {
            let whole = try MaskerRun(set, format, Array(body.utf8))
            #expect(whole.result.blocked?.rule == (isBlocked ? "command-too-long" : nil), "\(body.prefix(20))")
            let cut = try MaskerRun(set, format, Array(body.utf8), .every(1000, of: body.utf8.count))
            #expect(cut.result == whole.result)
            #expect(cut.held.max()! <= 64 * 1024)
        }
    }

    // MARK: Random bodies

    private static func text(_ random: inout SeededGenerator) -> String {
        (0..<random.within(0...5)).map { _ in random.pick(["EVIL", "E", "VIL", "VI L", " ", "ls", "WARN", "\n", "'", "a@b.cd", "é", "```", "```sh\n", "\n```\n", "{", "[\"", "\\"]) }
            .joined()
    }

    private static func quoted(_ text: String, _ random: inout SeededGenerator) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case _ where random.oneIn(12): quoted += String(scalar).utf16.map { #"\u"# + String(UInt32($0) + 0x10000, radix: 16).suffix(4) }.joined()
            case "\"", "\\": quoted += "\\" + String(scalar)
            case "\n": quoted += #"\n"#
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }

    private static func value(_ random: inout SeededGenerator, depth: Int) -> String {
        switch random.below(depth > 3 ? 4 : 9) {
        case 0: return "\(random.below(100))"
        case 1, 2, 3: return quoted(text(&random), &random)
        case 4: return quoted(value(&random, depth: depth + 1), &random)
        case 5, 6: return "[" + (0..<random.within(0...3)).map { _ in value(&random, depth: depth + 1) }.joined(separator: random.pick([",", " , "])) + "]"
        default:
            let names = Array(TestJudge.members.keys).sorted() + ["a", "Com_mand", "arguments"]
            return "{" + (0..<random.within(0...4)).map { _ in "\"\(random.pick(names))\":" + random.pick(["", " "]) + value(&random, depth: depth + 1) }.joined(separator: ",") + "}"
        }
    }

    @Test("Bodies agree with the reference in every cut", arguments: Effort.seeds(600))
    func reference(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let format: Format = random.oneIn(3) ? .text : .json
        let string: String
        if format == .text {
            let lines = [
                "```sh", "```", "````bash", "````", "~~~ sql x", "~~~", "> ```sh", "> ```", "- ```", "EVIL", "  EVIL", "WARN", "ls", "", "```python", "``` sh`", "x@b.cd", "> EVIL",
                "``` ", "  ```  ", "``", "run EVIL", "run EVIL", " run ls \\", "run GOOD;", "run",
            ]
            string = (0..<random.within(0...9)).map { _ in random.pick(lines) + random.pick(["\n", "\n", "\r\n", "\r"]) }.joined() + random.pick(["", "```", "```sh", "x"])
        } else {
            string = (0..<random.within(1...2)).map { _ in Self.value(&random, depth: 0) }.joined(separator: "\n")
        }
        let body = Array(string.utf8)
        let rules = [Rule(id: "mail", entity: "M", pattern: "[a-z]{1,9}@[a-z]{1,9}[.][a-z]{2}"), Rule(id: "stop", entity: "S", pattern: "ls ls", action: .block)]
        let set = try TestJudge.set(rules)
        let commands = format == .text ? ReferenceCommands(text: body) : ReferenceCommands(document: body)
        var expected = try MaskerRun(set, format, body).result
        // Of what is broken only the cuts are compared.
        if !commands.isBroken {
            let block = commands.verdicts.first(where: \.blocks)
            expected = try ReferenceMasker(rules, format: format).mask(Array(body[..<(block?.range.lowerBound ?? body.count)]))
            if expected.blocked == nil { expected.blocked = block.map { .init(rule: $0.rule, range: $0.range, outcome: .blocked) } }
            let end = expected.blocked?.range.lowerBound ?? body.count
            let reported = commands.verdicts.prefix { !$0.blocks }.filter { $0.range.upperBound <= end }
            expected.findings = (expected.findings + reported.map { .init(rule: $0.rule, range: $0.range, outcome: .reported) }).sorted()
            expected.brokenJSONAt = nil
        }
        for cuts in [Cuts.whole, .every(1, of: body.count), .random(of: body.count, using: &random), .random(of: body.count, using: &random)] {
            let run = try MaskerRun(set, format, body, cuts)
            if let what = difference(run.result, expected) { Issue.record("seed \(seed), \(cuts)\n\(shown(body))\n\(what)") }
        }
    }
}
