// The commands under `sluice corpus`, as the built program runs them.

import Foundation
import Testing

@Suite final class CorpusCommandTests {
    private let directory: URL

    init() throws {
        directory = FileManager.default.temporaryDirectory.appending(path: "sluice-corpus-\(UUID().uuidString)")
        for corpus in ["corpus", "other"] {
            try write("\(corpus)/profiles/default.yaml", "name: default\ninclude: ['pii/*']\n")
            try write(
                "\(corpus)/pii/mail.yaml",
                """
                rules:
                  - id: mail
                    entity: EMAIL_ADDRESS
                    description: Addresses below org.
                    pattern: '\\b[a-z]{1,20}@[a-z]{1,20}\\.\(corpus == "corpus" ? "org" : "(?:org|net)")'
                    references: ['RFC 5322']
                    examples: ['ada@example.org', 'to bob@example.org']
                    counterexamples: ['ada at example.org', 'ada@example']
                """)
        }
        try write(
            "cases/a.jsonl",
            """
            {"id":"a:1","source":"a","kind":"labelled","exhaustive":true,"text":"to ada@example.org","labels":[[3,18,"EMAIL_ADDRESS","pattern"]]}
            {"id":"a:2","source":"a","kind":"labelled","exhaustive":true,"text":"to hidden@example.net","labels":[[3,21,"EMAIL_ADDRESS","pattern"]]}
            {"id":"a:3","source":"a","kind":"labelled","exhaustive":true,"text":"to eve@example.org","labels":[]}

            {"id":"a:4","source":"a","command":"ls","expect":"allow"}
            """)
        try write("clean.jsonl", "{\"text\":\"ok\"}\n{\"command\":\"mail bob@example.org\"}\n{\"stream\":\"data: hi\\n\\n\"}\n")
    }

    deinit { try? FileManager.default.removeItem(at: directory) }

    private func write(_ name: String, _ text: String) throws {
        let file = directory.appending(path: name)
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file)
    }

    private func read(_ name: String) throws -> String { String(decoding: try Data(contentsOf: directory.appending(path: name)), as: UTF8.self) }

    private struct Run: Equatable {
        var status: Int32
        var output: String
        var error: String
    }

    /// Runs the program in the test's folder.
    private func corpus(_ arguments: String...) throws -> Run {
        let process = Process()
        // Beside the test bundle, where the build puts both.
        process.executableURL = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent().appending(path: "sluice")
        process.arguments = ["corpus"] + arguments
        process.currentDirectoryURL = directory
        process.environment = ProcessInfo.processInfo.environment.filter { $0.key != "SLUICE_CORPUS" }
            .merging(["XDG_CACHE_HOME": directory.appending(path: "cache").path]) { $1 }
        for name in ["output", "error"] { try write(name, "") }
        process.standardOutput = try FileHandle(forWritingTo: directory.appending(path: "output"))
        process.standardError = try FileHandle(forWritingTo: directory.appending(path: "error"))
        try process.run()
        process.waitUntilExit()
        return Run(status: process.terminationStatus, output: try read("output"), error: try read("error"))
    }

    private func object(_ text: String) throws -> [String: Any] { try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]) }

    // MARK: score

    @Test func scoreCountsLeaksAndFalseFindingsWithoutShowingThem() throws {
        let run = try corpus("score", "cases", "--clean", "clean.jsonl", "--misses", "9", "--html", "score.html")
        #expect(run.status == 0 && run.error.isEmpty)
        #expect(run.output.hasPrefix("3 cases, 1 rules of default; 1 lines of other kinds passed over\n"), "\(run.output)")
        #expect(run.output.contains("50.0 (1/2)") && run.output.contains("a:2 EMAIL_ADDRESS at 3..<21, in context\n"))
        #expect(run.output.contains("a:3 mail at 3..<18\n") && run.output.contains("all 3 bodies"))
        let html = try read("score.html")
        #expect(html.contains("<!DOCTYPE html>") && html.contains("50.0 % (1/2)") && !html.contains("<script") && !html.contains("http"))
        for text in [run.output, html] { #expect(!text.contains("hidden@") && !text.contains("eve@") && !text.contains("bob@")) }
        #expect(try corpus("score", "cases", "--misses", "9", "--show-values").output.contains(": \"hidden@example.net\"\n"))
    }

    @Test func scoreSpeaksJSON() throws {
        let score = try object(try corpus("score", "cases/a.jsonl", "--json").output)
        let sources = try #require(score["sources"] as? [[String: Any]])
        let recall = try #require(sources.first?["recall"] as? [String: Any])
        #expect(recall["count"] as? Int == 1 && recall["of"] as? Int == 2 && recall["value"] as? Double == 0.5 && recall["low"] != nil)
        #expect(score["misses"] == nil && score["clean"] == nil)
    }

    @Test func scoreSaysWhatItCannotRead() throws {
        #expect(try corpus("score", "nothing").error == "error: nothing: No such file or directory\n  hint: name files, or folders that hold them\n")
        try write("bad.jsonl", "\n{\"id\":1}\n")
        #expect(try corpus("score", "bad.jsonl").error == "error: bad.jsonl:2: \"id\" has the wrong type\n")
        #expect(try corpus("score", "clean.jsonl").status == 2)
        for arguments in [["cases", "--show-values"], ["cases", "--misses", "0"], ["cases", "--html", "no/folder/x"]] {
            #expect(try corpus("score", arguments[0], arguments[1], arguments.count > 2 ? arguments[2] : "--json").status == 2, "\(arguments)")
        }
    }

    // MARK: diff

    @Test func diffSaysWhatChangesAndHowMuch() throws {
        let rules = try corpus("diff", "corpus", "other")
        #expect(rules == Run(status: 1, output: "changed  mail: pattern\n1 rules: 0 added, 0 removed, 1 changed\n", error: ""))
        #expect(try corpus("diff", "corpus", "corpus").status == 0)
        let run = try corpus("diff", "corpus", "other", "--on", "cases", "clean.jsonl")
        #expect(run.status == 1 && run.output.contains("added cases/a.jsonl:2 bytes 3..<21: mail\n"), "\(run)")
        #expect(run.output.contains("newly masked    18 bytes") && !run.output.contains("hidden@"))
        #expect(try corpus("diff", "corpus", "other", "--on", "clean.jsonl").status == 0)
        let json = try object(try corpus("diff", "corpus", "other", "--on", "cases", "--json").output)
        #expect(((json["traffic"] as? [String: Any])?["samples"] as? [[String: Any]])?.first?["kind"] as? String == "added")
        #expect(try corpus("diff", "corpus", "missing").status == 2)
    }

    // MARK: generate

    @Test func generateMakesCasesThatScoreReads() throws {
        let run = try corpus("generate", "mail", "-n", "20", "--seed", "7")
        #expect(run.status == 0 && run.error.isEmpty && run.output.split(separator: "\n").count == 20)
        #expect(try corpus("generate", "mail", "-n", "20", "--seed", "7") == run)
        try write("made.jsonl", run.output + corpus("generate", "mail", "--near-miss").output)
        let score = try object(try corpus("score", "made.jsonl", "--json").output)
        let row = try #require((score["sources"] as? [[String: Any]])?.first)
        #expect(((row["bare"] as? [String: Any])?["values"] as? [String: Any])?["count"] as? Int == 0)
        #expect((row["falseAlarms"] as? [String: Any])?["of"] as? Int == 10 && (row["falseAlarms"] as? [String: Any])?["count"] as? Int == 0)
        #expect(try corpus("generate", "nobody").status == 2 && corpus("generate", "mail", "-n", "0").status == 2)
    }

    // MARK: gate

    @Test func theGateFailsOnWhatIsWorseAndNamesTheRule() throws {
        let baseline = try corpus("score", "cases", "--corpus", "other", "--clean", "clean.jsonl", "--cost", "--json")
        #expect(baseline.status == 0)
        try write("baseline.json", baseline.output)
        let same = try corpus("score", "cases", "--corpus", "other", "--clean", "clean.jsonl", "--baseline", "baseline.json")
        #expect(same.status == 0 && same.output.hasSuffix("\nnot worse than the baseline\n"))
        let worse = try corpus("score", "cases", "--clean", "clean.jsonl", "--baseline", "baseline.json")
        #expect(worse.status == 1 && worse.output.contains("  source a: recall 100.00 % → 50.00 %; rules: mail\n"), "\(worse.output)")
        let json = try corpus("score", "cases", "--clean", "clean.jsonl", "--baseline", "baseline.json", "--json")
        let regressions = try object(json.output)["regressions"] as? [Any]
        #expect(json.status == 1 && json.error.hasPrefix("worse than the baseline:\n") && regressions?.isEmpty == false)
        #expect(try corpus("score", "cases", "--clean", "clean.jsonl", "--baseline", "baseline.json", "--tolerance", "60").status == 0)
        let other = try corpus("score", "clean.jsonl", "cases/a.jsonl", "--baseline", "cases/a.jsonl")
        #expect(other.status == 2 && other.error.contains("cases/a.jsonl is no score"))
        try write("cases/b.jsonl", "{\"id\":\"b:1\",\"source\":\"b\",\"kind\":\"validator\",\"entity\":\"LUHN\",\"text\":\"18\",\"valid\":true}\n")
        #expect(try corpus("score", "cases", "--baseline", "baseline.json").error.contains("it was made on other cases (3, here 4)"))
        #expect(try corpus("score", "cases", "--tolerance", "1").status == 2)
    }

    // MARK: explain

    @Test func explainSaysWhatBecameOfAText() throws {
        let masked = try corpus("explain", "--text", "to ada@example.org, now")
        #expect(masked.status == 0 && masked.output.hasPrefix("bytes 3..<18  mail (EMAIL_ADDRESS)\n    masked; decided "), "\(masked)")
        #expect(masked.output.hasSuffix("\n23 bytes, 1 rules; byte by byte at most 14 bytes were held\n") && !masked.output.contains("ada@"), "\(masked.output)")
        let began = try corpus("explain", "mail", "--text", "to ada@example,org")
        #expect(began.output.contains("bytes 3..<14  mail (EMAIL_ADDRESS)\n    began: stopped at byte 14: wanted [.a-z]; the shortest match has 7 bytes\n"), "\(began)")
        try write("body.txt", "x ada@example.org bob@example.org")
        let json = try object(try corpus("explain", "--file", "body.txt", "--range", "18-20", "--json").output)
        #expect((json["lines"] as? [[String: Any]])?.map { $0["start"] as? Int } == [18])
        #expect(try corpus("explain", "--text", "-").output.hasPrefix("no rule got anywhere\n"))
        for arguments in [["mail", "--range", "1-2"], ["--text", "a"], ["--json", "--no-cache"]] {
            let run = try corpus("explain", arguments[0], arguments[1], arguments.count > 2 ? arguments[2] : "--json")
            #expect(run.status == (arguments[0] == "--text" ? 0 : 2), "\(arguments)")
        }
        #expect(try corpus("explain", "--text", "a", "--range", "2-1").status == 2 && corpus("explain", "--file", "missing").status == 2)
    }
}
