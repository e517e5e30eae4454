// The files of compiled rules: found again, never believed, and never needed.

import Engine
import Foundation
import Testing

@testable import Corpus

@Suite struct RuleSetCacheTests {
    private static let rules = [
        Rule(id: "mail", entity: "MAIL", pattern: #"\b[a-z.]{1,20}@[a-z]{1,20}\.example\b"#), Rule(id: "token", entity: "TOKEN", pattern: "tok_[a-z]{4,}"),
    ]

    /// A cache in a folder of its own, not made yet.
    private final class Scratch {
        let root = FileManager.default.temporaryDirectory.appending(path: "sluice-cache-\(UUID().uuidString)").path
        var cache: RuleSetCache { RuleSetCache(directory: root + "/a/b") }
        var file: String { cache.directory + "/" + cache.name(of: rules) }
        var names: [String] { (try? FileManager.default.contentsOfDirectory(atPath: cache.directory)) ?? [] }

        deinit { try? FileManager.default.removeItem(atPath: root) }

        func mode(_ path: String) throws -> Int? {
            try (FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? NSNumber)?.intValue
        }
    }

    /// That the set masks as it should, wherever it came from.
    private func works(_ set: RuleSet) throws {
        var masker = Masker(set, format: .text)
        var output: [UInt8] = []
        try Array("ann@mail.example tok_abcdef".utf8).withUnsafeBytes { try masker.feed($0).append(to: &output, chunk: $0) }
        try masker.finish().append(to: &output, chunk: UnsafeRawBufferPointer(start: nil, count: 0))
        #expect(String(decoding: output, as: UTF8.self) == "[REDACTED:MAIL] [REDACTED:TOKEN]")
    }

    @Test("The second time the rules come from the file, which nobody else may read")
    func secondTime() throws {
        let scratch = Scratch()
        #expect(scratch.cache.load(Self.rules) == nil)
        var notes: [String] = []
        try works(scratch.cache.ruleSet(Self.rules) { notes.append($0) })
        #expect(scratch.names == [scratch.cache.name(of: Self.rules)])
        #expect(try scratch.mode(scratch.file) == 0o600)
        #expect(try scratch.mode(scratch.cache.directory) == 0o700)
        try works(try #require(scratch.cache.load(Self.rules)))
        #expect(scratch.cache.load(Array(Self.rules.reversed())) == nil)
        #expect(notes.isEmpty)
    }

    @Test("A damaged file, or one cut off, is passed over with a note, and written anew")
    func damaged() throws {
        let scratch = Scratch()
        _ = try scratch.cache.ruleSet(Self.rules)
        let good = try #require(FileManager.default.contents(atPath: scratch.file))
        var flipped = good
        flipped[good.count / 2] ^= 0x20
        for bad in [flipped, good.prefix(good.count - 1), Data(), Data("nothing of the kind".utf8)] {
            try bad.write(to: URL(filePath: scratch.file))
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: scratch.file)
            var notes: [String] = []
            try works(scratch.cache.ruleSet(Self.rules) { notes.append($0) })
            #expect(notes.count == 1 && notes[0].contains("damaged"))
            #expect(FileManager.default.contents(atPath: scratch.file) == good)
        }
    }

    @Test("A good file under the name of other rules is not theirs")
    func misnamed() throws {
        let scratch = Scratch()
        _ = try scratch.cache.ruleSet(Self.rules)
        let other = [Rule(id: "token", entity: "TOKEN", pattern: "tok_[a-z]{4}")]
        try FileManager.default.copyItem(atPath: scratch.file, toPath: scratch.cache.directory + "/" + scratch.cache.name(of: other))
        var notes: [String] = []
        #expect(scratch.cache.load(other) { notes.append($0) } == nil)
        #expect(notes.count == 1 && notes[0].contains("belongs to another"))
    }

    @Test("A file that others may write to is not read, nor what a link points to, nor a folder")
    func doubtful() throws {
        let scratch = Scratch()
        _ = try scratch.cache.ruleSet(Self.rules)
        for mode in [0o620, 0o602, 0o666] {
            try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: scratch.file)
            #expect(scratch.cache.load(Self.rules) == nil)
        }
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: scratch.file)
        #expect(scratch.cache.load(Self.rules) != nil)
        try FileManager.default.moveItem(atPath: scratch.file, toPath: scratch.root + "/elsewhere")
        try FileManager.default.createSymbolicLink(atPath: scratch.file, withDestinationPath: scratch.root + "/elsewhere")
        try works(scratch.cache.ruleSet(Self.rules))
        #expect(try FileManager.default.attributesOfItem(atPath: scratch.file)[.type] as? FileAttributeType == .typeRegular, "the link was replaced")
        try FileManager.default.removeItem(atPath: scratch.file)
        try FileManager.default.createDirectory(atPath: scratch.file, withIntermediateDirectories: false)
        var notes: [String] = []
        try works(scratch.cache.ruleSet(Self.rules) { notes.append($0) })
        #expect(notes.count == 2, "neither read nor written")
        #expect(scratch.names.count == 1, "nothing half-written stays")
    }

    @Test("Without a folder that can be written to, rules are compiled, and a note says why they are not kept")
    func nowhere() throws {
        let scratch = Scratch()
        try FileManager.default.createDirectory(atPath: scratch.root, withIntermediateDirectories: true)
        // A file where a folder should be stops even root.
        try Data().write(to: URL(filePath: scratch.root + "/a"))
        var notes: [String] = []
        try works(scratch.cache.ruleSet(Self.rules) { notes.append($0) })
        #expect(notes.count == 1 && notes[0].contains("not kept"))
    }

    @Test("Many writers and readers at once: each gets its rules, and one whole file is left")
    func concurrent() async throws {
        let scratch = Scratch()
        let (cache, rules) = (scratch.cache, Self.rules)
        try await withThrowingTaskGroup(of: RuleSet.self) { group in
            for _ in 0..<24 { group.addTask { try cache.ruleSet(rules) { Issue.record("\($0)") } } }
            for try await set in group { try works(set) }
        }
        #expect(scratch.names == [cache.name(of: rules)])
        try works(try #require(cache.load(rules)))
    }

    @Test("Only the sets used last are kept, and what dead writers left is removed")
    func old() throws {
        let scratch = Scratch()
        _ = try scratch.cache.ruleSet(Self.rules)
        let count = RuleSetCache.mostFiles + 3
        for number in 0..<count {
            let name = String(repeating: "0", count: 60) + String(1000 + number) + RuleSetCache.suffix
            try Data().write(to: URL(filePath: scratch.cache.directory + "/" + name))
            try FileManager.default.setAttributes(
                [.modificationDate: Date(timeIntervalSinceNow: -1000 - Double(number))], ofItemAtPath: scratch.cache.directory + "/" + name)
        }
        let left = scratch.cache.directory + "/" + String(repeating: "0", count: 64) + ".rules.0123456789abcdef.new"
        try Data().write(to: URL(filePath: left))
        try FileManager.default.setAttributes([.modificationDate: Date(timeIntervalSinceNow: -7200)], ofItemAtPath: left)
        try Data().write(to: URL(filePath: scratch.cache.directory + "/notes.txt"))
        _ = try scratch.cache.ruleSet(Array(Self.rules.reversed()))
        #expect(scratch.names.count == RuleSetCache.mostFiles + 1)
        #expect(scratch.names.contains("notes.txt") && scratch.names.contains(scratch.cache.name(of: Self.rules)))
        #expect(!FileManager.default.fileExists(atPath: left))
    }

    @Test("The folder is the user's own, if the environment tells it")
    func standard() {
        #expect(RuleSetCache.standard(environment: ["XDG_CACHE_HOME": "/x", "HOME": "/h"])?.directory == "/x/sluice")
        #expect(RuleSetCache.standard(environment: ["XDG_CACHE_HOME": "x", "HOME": "/h"])?.directory == "/h/.cache/sluice")
        #expect(RuleSetCache.standard(environment: ["XDG_CACHE_HOME": "", "HOME": "/h"])?.directory == "/h/.cache/sluice")
        #expect(RuleSetCache.standard(environment: [:]) == nil)
    }

    @Test("A rule that cannot be loaded is refused as ever, and nothing is written")
    func refused() throws {
        let scratch = Scratch()
        #expect(throws: RuleError.self) { try scratch.cache.ruleSet([Rule(id: "a", entity: "A", pattern: "(")]) }
        #expect(scratch.names.isEmpty)
    }

    /// The widest profile, and narrow ones; those of countries are made of the same rules.
    @Test("A shipped profile comes back from its file as it was compiled", arguments: ["strict", "default", "secrets", "commands", "pci", "germany"])
    func shippedProfiles(_ profile: String) throws {
        let scratch = Scratch()
        let corpus = try Corpus(directory: shippedCorpus)
        let rules = try corpus.rules(profiles: [profile])
        let compiled = try scratch.cache.ruleSet(rules)
        let loaded = try #require(scratch.cache.load(rules))
        #expect(try loaded.archive() == compiled.archive())
    }
}
