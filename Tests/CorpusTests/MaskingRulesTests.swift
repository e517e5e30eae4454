// Rules without parsing: what is kept of a corpus is what the corpus says, and nothing older.

import Cryptography
import Engine
import Foundation
import Synchronization
import Testing

@testable import Corpus

@Suite struct MaskingRulesTests {
    /// A corpus and a cache in folders of their own.
    private final class Scratch {
        let root = FileManager.default.temporaryDirectory.appending(path: "sluice-rules-\(UUID().uuidString)").path
        var cache: RuleSetCache { RuleSetCache(directory: root + "/cache") }
        var corpus: String { root + "/corpus" }

        init() throws {
            try write("pii/a.yaml", "rules:\n  - {id: number, entity: NUMBER, pattern: 'n[0-9]{4}', examples: ['n1234']}\n")
            try write("profiles/default.yaml", "name: default\ninclude: ['pii/*']\n")
        }

        deinit { try? FileManager.default.removeItem(atPath: root) }

        func write(_ path: String, _ text: String) throws {
            let file = URL(filePath: corpus + "/" + path)
            try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: file)
        }

        func rules(_ profiles: [String] = ["default"], note: @escaping @Sendable (String) -> Void = { Issue.record("\($0)") }) throws -> [Rule] {
            try MaskingRules(corpus, cache: cache, note: note).rules(profiles: profiles)
        }

        var kept: [String] { ((try? FileManager.default.contentsOfDirectory(atPath: root + "/cache")) ?? []).map { root + "/cache/" + $0 } }
    }

    @Test("All profiles of the shipped corpus come back as they were, with every check, context and action")
    func shipped() throws {
        let scratch = try Scratch()
        let corpus = try Corpus.open()
        for profile in corpus.profiles.map(\.name) {
            let expected = try corpus.rules(profiles: [profile])
            for _ in 0..<2 {
                let rules = try MaskingRules(corpus.directory, cache: scratch.cache) { Issue.record("\($0)") }.rules(profiles: [profile])
                #expect(rules == expected, "\(profile)")
            }
        }
        #expect(scratch.kept.count == min(corpus.profiles.count, RuleSetCache.mostFiles), "each was kept")
    }

    @Test("Every kind of action, check, context and field comes back as it was")
    func kinds() throws {
        let scratch = try Scratch()
        try scratch.write(
            "pii/b.yaml",
            """
            rules:
              - {id: a, entity: A, pattern: 'a1', action: {redact: {label: 'é"'}}, priority: -3}
              - {id: b, entity: B, pattern: 'b1', action: {mask: {fill: '•', keep_first: 1, keep_last: 2, keep_punctuation: false}}}
              - {id: c, entity: C, pattern: 'c1', action: remove, context: {words: [card, 'kärt'], within: 7}}
              - {id: d, entity: D, pattern: 'd1', action: block}
              - {id: f, entity: F, fields: [card_number, 'data.*[2].Name'], action: {redact: {label: F}}}
              - {id: g, entity: G, pattern: 'g1', action: hash}
              - {id: h, entity: H, pattern: 'h1', action: token}
              - {id: e, entity: E, pattern: 'e[0-9]{9}', action: report, checks: [luhn, {entropy: 1.25}]}
            """)
        let first = try scratch.rules()
        #expect(first.count == 9 && scratch.kept.count == 1)
        #expect(try scratch.rules() == first)
        #expect(try scratch.rules() == Corpus(directory: scratch.corpus).rules(profiles: ["default"]))
    }

    @Test("No rule of the shipped corpus finds anything in the labels of hash and in tokens, whatever entity they are of")
    func labels() throws {
        let corpus = try Corpus.open()
        let rules = try corpus.rules(profiles: corpus.profiles.map(\.name))
        let seed = UInt64.random(in: 0..<UInt64.max)
        var random = SystemRandomNumberGenerator()
        // What the labels of an entity look like, from a rule of its own.
        var text = ""
        for entity in Set(rules.map(\.entity)).sorted() {
            let rule = Rule(id: "r", entity: entity, pattern: "[0-9]{1,20}", action: .hash)
            let set = try RuleSet(RuleSet([rule]), numbers: .string, hashKey: HMACSHA256(key: Array("\(seed) and more of a key for tests".utf8)))
            for _ in 0..<8 {
                let label = try masked(set, "\(UInt64.random(in: 0..<UInt64.max, using: &random))")
                #expect(label.hasPrefix("[\(entity):hmac:") && label.utf8.count == entity.utf8.count + 25)
                let token = label.replacing(":hmac:", with: ":token:")
                text += "\(entity) \(token) \(token), \(entity.lowercased()): '\(token)'\n"
                text += "\(entity.lowercased().replacing("_", with: " ")): \(label), \(entity)=\"\(label)\"\n"
            }
        }
        var masker = Masker(try MaskingRules(corpus.directory, cache: .standard()).compile(rules), format: .text)
        let findings = try Array(text.utf8).withUnsafeBytes { try masker.feed($0).findings } + masker.finish().findings
        #expect(findings.isEmpty && masker.blocked == nil, "seed \(seed): \(Set(findings.map(\.rule)))")
    }

    private func masked(_ set: RuleSet, _ text: String) throws -> String {
        var masker = Masker(set, format: .text)
        var output: [UInt8] = []
        try Array(text.utf8).withUnsafeBytes { try masker.feed($0).append(to: &output, chunk: $0) }
        try masker.finish().append(to: &output, chunk: UnsafeRawBufferPointer(start: nil, count: 0))
        return String(decoding: output, as: UTF8.self)
    }

    @Test("A corpus that has changed is parsed again, and one that is wrong is told so")
    func changed() throws {
        let scratch = try Scratch()
        #expect(try scratch.rules().map(\.id) == ["number"])
        try scratch.write("pii/a.yaml", "rules:\n  - {id: numbex, entity: NUMBER, pattern: 'n[0-9]{4}', examples: ['n1234']}\n")
        #expect(try scratch.rules().map(\.id) == ["numbex"])
        try scratch.write("pii/c.yaml", "rules:\n  - {id: more, entity: MORE, pattern: 'm1'}\n")
        #expect(try scratch.rules().map(\.id) == ["numbex", "more"])
        try FileManager.default.moveItem(atPath: scratch.corpus + "/pii/c.yaml", toPath: scratch.corpus + "/pii/0.yaml")
        #expect(try scratch.rules().map(\.id) == ["more", "numbex"], "names of files count: they give the order")
        let kept = scratch.kept.count
        try scratch.write("pii/c.yaml", "rules:\n  - {id: more, entity: MORE}\n")
        for _ in 0..<2 { #expect(throws: CorpusError.self) { try scratch.rules() } }
        #expect(throws: CorpusError.self) { try scratch.rules(["none"]) }
        #expect(scratch.kept.count == kept)
    }

    @Test("What is damaged is passed over with a note, and written anew")
    func damaged() throws {
        let scratch = try Scratch()
        let rules = try scratch.rules()
        let file = try #require(scratch.kept.first)
        let good = try #require(FileManager.default.contents(atPath: file))
        var flipped = good
        flipped[good.count - 3] ^= 1
        for bad in [flipped, good.dropLast(), Data()] {
            try bad.write(to: URL(filePath: file))
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file)
            let notes = Notes()
            #expect(try scratch.rules { notes.add($0) } == rules)
            #expect(notes.all.count == 1 && notes.all[0].contains("damaged"))
            #expect(FileManager.default.contents(atPath: file) == good)
        }
    }

    @Test("A rule that the engine refuses is still shown where it stands")
    func refused() throws {
        let scratch = try Scratch()
        try scratch.write("pii/a.yaml", "rules:\n  - {id: wide, entity: WIDE, pattern: 'n(?=x'}\n")
        for _ in 0..<2 {
            let rules = try MaskingRules(scratch.corpus, cache: scratch.cache)
            let error = #expect(throws: CorpusError.self) { try rules.ruleSet(profiles: ["default"]) }
            #expect("\(try #require(error))".contains("pii/a.yaml:2"))
        }
    }
}

/// Notes from any thread.
private final class Notes: Sendable {
    private let notes = Mutex<[String]>([])
    var all: [String] { notes.withLock { $0 } }
    func add(_ note: String) { notes.withLock { $0.append(note) } }
}
