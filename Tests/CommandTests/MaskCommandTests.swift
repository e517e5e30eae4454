// The commands mask, scan and corpus check, as the built program runs them.

import Foundation
import Testing

@testable import sluice

@Suite final class MaskCommandTests {
    private let directory: URL

    init() throws {
        directory = FileManager.default.temporaryDirectory.appending(path: "sluice-mask-\(UUID().uuidString)")
        try write("corpus/profiles/default.yaml", "name: default\ninclude: ['pii/*']\n")
        try write("corpus/profiles/commands.yaml", "name: commands\ninclude: ['commands/*']\n")
        try write(
            "corpus/pii/mail.yaml",
            """
            rules:
              - id: mail
                entity: EMAIL_ADDRESS
                description: Addresses below org.
                pattern: '\\b[a-z]{1,20}@[a-z]{1,20}\\.org'
                examples: ['ada@example.org']
                counterexamples: ['ada at example.org']
            """)
        try write("corpus/commands/sql.yaml", "rules: [{id: drop, entity: SQL, pattern: 'DROP TABLE', action: block}]\n")
    }

    deinit { try? FileManager.default.removeItem(at: directory) }

    private func write(_ name: String, _ text: String) throws {
        let file = directory.appending(path: name)
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file)
    }

    private struct Run: Equatable {
        var status: Int32
        var output: String
        var error: String
    }

    /// Runs the program in the test's folder.
    private func sluice(_ arguments: String..., input: String = "") throws -> Run {
        try write("input", input)
        let process = Process()
        // Beside the test bundle, where the build puts both.
        process.executableURL = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent().appending(path: "sluice")
        process.arguments = arguments
        process.currentDirectoryURL = directory
        process.environment = ProcessInfo.processInfo.environment.filter { $0.key != "SLUICE_CORPUS" }
            .merging(["XDG_CACHE_HOME": directory.appending(path: "cache").path]) { $1 }
        let (output, error) = (directory.appending(path: "output"), directory.appending(path: "error"))
        for file in [output, error] { try Data().write(to: file) }
        process.standardInput = try FileHandle(forReadingFrom: directory.appending(path: "input"))
        process.standardOutput = try FileHandle(forWritingTo: output)
        process.standardError = try FileHandle(forWritingTo: error)
        try process.run()
        process.waitUntilExit()
        // Decoded from data: reading a string from a file drops its byte-order mark.
        return try Run(
            status: process.terminationStatus, output: String(decoding: Data(contentsOf: output), as: UTF8.self),
            error: String(decoding: Data(contentsOf: error), as: UTF8.self))
    }

    @Test func masksStandardInputAndFiles() throws {
        let run = Run(status: 0, output: "to [REDACTED:EMAIL_ADDRESS], now\n", error: "")
        #expect(try sluice("mask", input: "to ada@example.org, now\n") == run)
        #expect(try sluice("mask", "-", "--chunk-size", "1", input: "to ada@example.org, now\n") == run)
        try write("mail.txt", "to ada@example.org, now\n")
        #expect(try sluice("mask", "mail.txt") == run)
    }

    @Test func readsJSONByItsFirstByteUnlessToldOtherwise() throws {
        let body = #"{"to":"ada\u0040example.org"}"#
        #expect(try sluice("mask", input: " \n" + body).output == " \n" + #"{"to":"[REDACTED:EMAIL_ADDRESS]"}"#)
        #expect(try sluice("mask", "--chunk-size", "1", input: "\u{feff} " + body).output == "\u{feff} " + #"{"to":"[REDACTED:EMAIL_ADDRESS]"}"#)
        #expect(try sluice("mask", "--format", "text", input: body).output == body)
    }

    @Test func aRuleThatHashesNeedsAKeyAndGivesOneLabelForOneValue() throws {
        try write("corpus/pii/mail.yaml", "rules: [{id: mail, entity: EMAIL_ADDRESS, pattern: '\\b[a-z]{1,20}@[a-z]{1,20}\\.org', action: hash}]\n")
        let none = try sluice("mask", input: "to ada@example.org")
        #expect(none.status == 2 && none.output == "")
        #expect(none.error == "error: the rule \"mail\" has the action hash, and there is no key for it\n  hint: make one with  openssl rand -hex 32  and say where it is: --hash-key env:NAME or file:PATH\n")
        let key = String(repeating: "0123456789abcdef", count: 4)
        try write("key", key + "\n")
        chmod(directory.appending(path: "key").path, 0o600)
        let run = try sluice("mask", "--hash-key", "file:key", input: "to ada@example.org")
        #expect(run.status == 0 && run.error == "")
        // printf %s ada@example.org | openssl dgst -sha256 -hmac "$KEY": its first sixteen digits, 0 to f written as a to p.
        #expect(run.output == "to [EMAIL_ADDRESS:hmac:ncemblcc-ihgghohi]")
        #expect(try sluice("mask", "--hash-key", "file:key", "--chunk-size", "1", "--format", "json", input: #"["ada\u0040example.org"]"#).output == "[\"" + run.output.dropFirst(3) + "\"]")
        for (reference, message) in [("key", "must begin with env: or file:"), ("file:none", "cannot be read"), ("env:NO_SUCH_KEY", "no variable")] {
            let wrong = try sluice("mask", "--hash-key", reference, input: "to ada@example.org")
            #expect(wrong.status == 2 && wrong.output == "" && wrong.error.contains(message) && wrong.error.contains("hint:"))
        }
        let cache = directory.appending(path: "cache/sluice").path
        for name in try FileManager.default.contentsOfDirectory(atPath: cache) {
            #expect(try Data(contentsOf: URL(filePath: cache + "/" + name)).range(of: Data(key.prefix(32).utf8)) == nil, "the key is kept in \(name)")
        }
    }

    @Test func rulesCanBeGivenOtherActions() throws {
        let input = "to ada@example.org"
        #expect(try sluice("mask", "--action", "mail={mask: {keep_last: 3}}", input: input).output == "to ***@*******.org")
        #expect(try sluice("mask", "--action", "*=block", "--action", "EMAIL_ADDRESS=remove", input: input).output == "to ")
        let wrong = try sluice("mask", "--action", "male=remove", input: input)
        #expect(wrong == Run(status: 2, output: "", error: "error: the profiles select no rule or entity \"male\"\n  hint: did you mean \"mail\"?\n"))
    }

    @Test func tablesAndPartsAreReadWhereAskedFor() throws {
        #expect(try sluice("mask", "--format", "csv", input: "m\n\"\"\"ada@example.org\"\"\"\n").output == "m\n\"\"\"[REDACTED:EMAIL_ADDRESS]\"\"\"\n")
        #expect(
            try sluice("mask", "--format", "multipart", input: "--x\nContent-Type: application/json\n\n\"ada\\u0040example.org\"\n--x--\n").output
                == "--x\nContent-Type: application/json\n\n\"[REDACTED:EMAIL_ADDRESS]\"\n--x--\n")
    }

    @Test func findingsAndStatisticsGoToStandardError() throws {
        let run = try sluice("mask", "--stats", "--findings", "--chunk-size", "4", input: "to ada@example.org, now\n")
        let lines = run.error.split(separator: "\n")
        #expect(lines.first == #"{"start":3,"end":18,"rule":"mail","entity":"EMAIL_ADDRESS","action":"masked"}"#)
        let statistics = try #require(try JSONSerialization.jsonObject(with: Data(lines[1].utf8)) as? [String: Any])
        #expect(Set(statistics.keys) == ["bytes_in", "bytes_out", "seconds", "chunks", "masked", "held", "unscanned_bytes"])
        #expect(statistics["bytes_in"] as? Int == 24 && statistics["bytes_out"] as? Int == 33 && statistics["chunks"] as? Int == 6)
        #expect(statistics["masked"] as? [String: Int] == ["mail": 1])
        #expect((statistics["held"] as? [String: Int])?["max"] ?? 0 >= 13)
    }

    @Test func aBlockEndsTheOutputWithStatusThree() throws {
        let run = try sluice("mask", "-p", "default", "-p", "commands", input: "ada@example.org DROP TABLE x")
        #expect(run == Run(status: 3, output: "[REDACTED:EMAIL_ADDRESS] ", error: "blocked: rule \"drop\" at byte 16\n"))
    }

    @Test func aBatchAnswersLineByLineAndGoesOnAfterABadOne() throws {
        let run = try sluice(
            "mask", "--batch", "-p", "default", "-p", "commands",
            input: """
                {"id":1,"text":"é ada@example.org","chunk":1}
                nonsense
                {"id":"b","text_b64":"/2FkYUBleGFtcGxlLm9yZw==","label":"passed over"}

                {"id":3.5,"text":"x DROP TABLE y"}
                {"text":"{\\"a\\":1}","format":"json"}
                {"id":5,"text":7}
                {"id":6,"text":"a","format":"xml"}
                {"id":7}
                """)
        #expect(run.status == 2)
        #expect(
            run.output == """
                {"id":1,"masked":"é [REDACTED:EMAIL_ADDRESS]","spans":[[3,18,"mail","EMAIL_ADDRESS"]],"blocked":null}
                {"line":2,"error":"this is not a JSON object"}
                {"id":"b","masked_b64":"\(Data([0xff] + Array("[REDACTED:EMAIL_ADDRESS]".utf8)).base64EncodedString())","spans":[[1,16,"mail","EMAIL_ADDRESS"]],"blocked":null}
                {"id":3.5,"masked":"x ","spans":[],"blocked":"drop"}
                {"id":null,"masked":"{\\"a\\":1}","spans":[],"blocked":null}
                {"line":7,"error":"\\"text\\" has the wrong type: the line must be an object with \\"text\\" or \\"text_b64\\" as a string and \\"chunk\\" as a whole number"}
                {"line":8,"id":6,"error":"there is no format \\"xml\\"; there are \(FormatChoice.names.joined(separator: ", "))"}
                {"line":9,"id":7,"error":"one of \\"text\\" and \\"text_b64\\" is needed"}

                """)
    }

    @Test func aScanListsPlacesAndNeverWhatItFound() throws {
        try write("a.txt", "é ada@example.org\nDROP TABLE x; bob@example.org\n")
        let text = try sluice("scan", "a.txt", "-p", "default", "-p", "commands")
        #expect(
            text
                == Run(
                    status: 1,
                    output: """
                        a.txt:1:3: EMAIL_ADDRESS (mail, 15 bytes, redact)
                        a.txt:2:1: SQL (drop, 10 bytes, block)
                        a.txt:2:15: EMAIL_ADDRESS (mail, 15 bytes, redact)

                        """, error: ""))
        let json = try sluice("scan", "--json", "a.txt")
        #expect(
            json.output.hasPrefix(
                #"{"file":"a.txt","start":3,"end":18,"line":1,"column":3,"rule":"mail","entity":"EMAIL_ADDRESS","action":"redact"}"# + "\n"))
        let sarif = try sluice("scan", "--sarif", "a.txt")
        let log = try #require(try JSONSerialization.jsonObject(with: Data(sarif.output.utf8)) as? [String: Any])
        let results = ((log["runs"] as? [[String: Any]])?.first?["results"] as? [[String: Any]]) ?? []
        #expect(log["version"] as? String == "2.1.0" && results.count == 2)
        for run in [text, json, sarif] { #expect(!run.output.contains("ada@") && run.status == 1) }
        #expect(try sluice("scan", "-", input: "nothing here").status == 0)
    }

    @Test func wrongUsageEndsWithStatusTwoAndSaysWhatToType() throws {
        #expect(try sluice("mask", "missing.txt") == Run(status: 2, output: "", error: "error: missing.txt: No such file or directory\n  hint: name a file that exists, or - for standard input\n"))
        let profile = try sluice("mask", "-p", "defualt")
        #expect(profile == Run(status: 2, output: "", error: "error: there is no profile \"defualt\" in corpus\n  hint: did you mean \"default\"?\n"))
        for arguments in [["mask", "--chunk-size", "0"], ["mask", "--batch", "--stats"], ["scan"], ["scan", "--json", "--sarif", "input"], ["tell"]] {
            let process = try sluice(arguments[0], arguments.dropFirst().first ?? "--bogus", arguments.dropFirst(2).first ?? "--bogus")
            #expect(process.status == 2 && process.output.isEmpty && process.error.hasPrefix("error: "), "\(arguments)")
        }
        #expect(try sluice("mask", "--help").status == 0)
    }

    @Test func corpusExplainAndCostShowARule() throws {
        let explained = try sluice("corpus", "explain", "mail")
        #expect(explained.status == 0 && explained.output.hasPrefix("mail (EMAIL_ADDRESS), corpus/pii/mail.yaml:2:"), "\(explained)")
        #expect(explained.output.contains("Lane: sieve") && explained.output.contains("Matches: 7 to 45 bytes"), "\(explained)")
        struct Explanation: Decodable {
            struct Plan: Decodable { var rule: String }
            var plan: Plan
        }
        let json = try JSONDecoder().decode(Explanation.self, from: Data(try sluice("corpus", "explain", "--json", "mail").output.utf8))
        #expect(json.plan.rule == "mail")
        let unknown = try sluice("corpus", "explain", "mial")
        #expect(unknown == Run(status: 2, output: "", error: "error: there is no rule \"mial\" in corpus\n  hint: did you mean \"mail\" or \"drop\"?\n"))
        let cost = try sluice("corpus", "cost", "--body", "corpus/pii/mail.yaml")
        #expect(cost.status == 0 && cost.output.contains("mail ") && cost.output.contains("1 rule on "), "\(cost)")
        #expect(try sluice("corpus", "cost", "--body", "nothing").status == 2)
    }

    @Test func corpusCheckFailsWithStatusOneAndAMistakeInAFileWithTwo() throws {
        #expect(try sluice("corpus", "check").status == 1)  // the rule in commands/ has no examples
        try FileManager.default.removeItem(at: directory.appending(path: "corpus/commands"))
        try FileManager.default.removeItem(at: directory.appending(path: "corpus/profiles/commands.yaml"))
        let sound = try sluice("corpus", "check")
        #expect(sound.status == 0 && sound.output.hasPrefix("1 rules, 1 examples, 1 counterexamples, ") && sound.output.hasSuffix("all hold\n"))
        try write("corpus/pii/bad.yaml", "rules: [{id: bad}]\n")
        let bad = try sluice("corpus", "check")
        #expect(bad.status == 2 && bad.error.hasPrefix("error: corpus/pii/bad.yaml:1:9: a rule needs \"entity\"\n"))
    }
}

@Suite struct CommandPartsTests {
    @Test(arguments: [
        ("{}", "json"), (" [1]", "json"), ("\u{feff}{}", "json"), ("x{", "text"), ("\"a\"", "text"), ("", "text"), ("  ", "text"),
        ("data: {}\n\n", "sse"), ("[4111 1111]", "text"), (String(repeating: " ", count: 4096) + "{}", "text"),
    ])
    func autoLooksAtTheFirstBytes(_ body: String, _ format: String) {
        #expect(FormatChoice.auto.format(beginning: Array(body.utf8), isWhole: true)?.rawValue == format)
        // However it is cut, what is decided early is what is decided late.
        for cut in 0..<body.utf8.count {
            let early = FormatChoice.auto.format(beginning: Array(body.utf8.prefix(cut)), isWhole: false)?.rawValue
            #expect(early == nil || early == format)
        }
    }

    @Test func percentilesAreNearestRanks() {
        var held = HeldHistogram()
        #expect(held.percentile(0.5) == 0)
        for bytes in 1...100 { held.add(bytes) }
        #expect(held.percentile(0.5) == 50 && held.percentile(0.99) == 99 && held.percentile(1) == 100)
    }

    @Test func jsonStringsAreEscaped() throws {
        var json = JSONText()
        json.string("a\"\\\n\r\t\u{1}\u{1f}é/\u{2028}")
        #expect(String(decoding: json.bytes, as: UTF8.self) == #""a\"\\\n\r\t\u0001\u001fé/"# + "\u{2028}\"")
        #expect(try JSONDecoder().decode(String.self, from: Data(json.bytes)) == "a\"\\\n\r\t\u{1}\u{1f}é/\u{2028}")
    }
}
