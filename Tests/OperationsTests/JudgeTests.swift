// The shipped catalogue, the bypass corpus and what the judge makes of them.

import Corpus
import Foundation
import Operations
import Testing

@Suite struct JudgeTests {
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    static let shipped: Judge = {
        // A corpus that does not load fails every test here, with its problems.
        do { return Judge(try Corpus.catalogue(directory: root.appending(path: "corpus").path)) } catch { fatalError("\(error)") }
    }()

    struct Case: Decodable {
        var command: String
        var verdict: String
        var why: String
        var domain: String?
    }

    /// What lands in these files stays in them.
    @Test("Commands of the bypass corpus are judged as it says")
    func bypasses() throws {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "bypasses")
        var count = 0
        for file in try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil) where file.pathExtension == "jsonl" {
            for line in String(decoding: try Data(contentsOf: file), as: UTF8.self).split(separator: "\n") {
                let one = try JSONDecoder().decode(Case.self, from: Data(line.utf8))
                let verdict = Self.shipped.judge(one.command, domain: one.domain)
                #expect(verdict.decision.rawValue == one.verdict, "\(one.why): \(one.command) → \(verdict.rule) \(verdict.operation?.object ?? "")")
                count += 1
            }
        }
        #expect(count > 2000)
    }

    @Test("Every operation that a shell reader can find is in the catalogue")
    func complete() throws {
        let sources = Self.root.appending(path: "Sources/Operations/Shell")
        for file in try FileManager.default.contentsOfDirectory(at: sources, includingPropertiesForKeys: nil) where file.pathExtension == "swift" {
            let text = String(decoding: try Data(contentsOf: file), as: UTF8.self)
            for match in text.matches(of: /"((?:files|disk|process|system|network|code|secrets|windows|git)\.[a-z-]+)"/) {
                #expect(Self.shipped.catalogue.entries[String(match.1)] != nil, "\(file.lastPathComponent): \(match.1)")
            }
        }
    }

    @Test("docs/OPERATIONS.md lists every operation")
    func documented() throws {
        let page = String(decoding: try Data(contentsOf: Self.root.appending(path: "docs/OPERATIONS.md")), as: UTF8.self)
        for name in Self.shipped.catalogue.entries.keys.sorted() { #expect(page.contains("`\(name)`"), "run: sluice judge --list") }
    }

    static func catalogue(_ text: String) throws -> Catalogue {
        let folder = FileManager.default.temporaryDirectory.appending(path: "sluice-operations-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        try FileManager.default.createDirectory(at: folder.appending(path: "operations"), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: folder.appending(path: "operations/a.yaml"))
        return try Corpus.catalogue(directory: folder.path)
    }

    private static let entry = "operations:\n  - {name: a.b, severity: high, verdict: block, sentence: 'Does {object}.', permitted: ['/tmp/**'], protected: ['/etc/**']}\n"

    @Test("A target decides before the verdict of the operation, and the gravest operation decides")
    func targets() throws {
        let catalogue = try Self.catalogue(Self.entry + "  - {name: a.c, severity: low, verdict: approve, sentence: 'Asks.'}\ncommands:\n  - {program: x, valued: [-o], forms: {a.b: ['go ... away -f|--force !--dry'], a.c: ['ask|beg']}}\n")
        let judge = Judge(catalogue)
        func rule(_ command: String) -> String { judge.judge(command).rule }
        #expect(rule("x go away -f") == "a.b")
        #expect(rule("x -o 1 go far away --force /tmp/a") == "a.b:permitted")
        #expect(rule("x go away -qf /etc/a") == "a.b:protected")
        #expect(rule("x go away -f /tmp/../etc/a") == "a.b")
        #expect(rule("x go away") == "")
        #expect(rule("x go away -f --dry") == "")
        #expect(rule("x go away -f --help") == "")
        #expect(rule("x beg; x go away -f") == "a.b")
        #expect(judge.judge("x go away -f /etc/a").message == "Does /etc/a.")
        #expect(judge.judge("x beg").decision == .approve)
    }

    @Test(
        "Mistakes in a catalogue are reported with their place and a hint",
        arguments: [
            ("operation: []\n", "a.yaml:1:1: unknown key \"operation\"", "did you mean \"operations\"?"),
            (Self.entry + "    \n  - {name: a.b, severity: high, verdict: block, sentence: 'X.'}\n", "already described", "remove one"),
            ("operations:\n  - {name: a.b, severity: hihg, verdict: block, sentence: 'X.'}\n", "a.yaml:2:", "did you mean \"high\"?"),
            ("operations:\n  - {name: A, severity: high, verdict: block, sentence: 'X.'}\n", "not a name", "family.verb"),
            ("operations:\n  - {name: a.b, severity: high, verdict: block}\n", "no sentence", "add  sentence"),
            ("commands:\n  - {program: x, forms: {a.b: ['']}}\n", "there is no operation \"a.b\"", "describe it"),
            ("operations:\n  - {name: a.b, severity: high, verdict: block, sentence: 'X.', permitted: ['@c']}\n", "no list of targets \"c\"", "known"),
        ])
    func mistakes(_ text: String, _ message: String, _ hint: String) throws {
        let error = #expect(throws: CorpusError.self) { try Self.catalogue(text) }
        #expect(error?.description.contains(message) == true, "\(error?.description ?? "")")
        #expect(error?.description.contains(hint) == true, "\(error?.description ?? "")")
    }

    @Test(
        "Globs match as the catalogue's documentation says",
        arguments: [
            ("/tmp/**", "/tmp/a/b", true), ("/tmp/**", "/tmp", true), ("/tmp/**", "/tmpx", false), ("/home/*", "/home/a", true), ("/home/*", "/home/a/b", false), ("**/.ssh/**", "/root/.ssh/id", true), ("*", "a", true), ("*", "a/b", false), ("\\*", "*", true),
            ("\\*", "a", false), ("a?c", "abc", true), ("a?c", "a/c", false), ("**/a*/b", "x/ab/b", true), ("**/a*/b", "x/y/ac/d/ab/b", true), ("*a*b", "xaxb", true), ("", "", true),
        ])
    func globs(_ glob: String, _ text: String, _ matches: Bool) { #expect(Glob(glob).matches(text) == matches) }

    @Test("A command that is too long or too deep cannot be read")
    func unreadable() {
        #expect(Self.shipped.judge(String(repeating: "a", count: 2 << 20)).decision == .unreadable)
        #expect(Self.shipped.judge(String(repeating: "$(", count: 100) + "id").decision == .unreadable)
        #expect(Self.shipped.judge(String(repeating: "a=$a$a$a$a$a$a$a$ax;", count: 60)).decision == .unreadable)
        // Long, but of no more work than its length.
        #expect(Self.shipped.judge("printf %s " + String(repeating: "word ", count: 12_000)).decision == .allow)
    }
}
