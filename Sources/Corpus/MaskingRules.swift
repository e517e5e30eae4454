// The rules of a corpus for programs that mask and no more: what the YAML says is read once, and kept beside the compiled rules.

import Cryptography
import Engine
import Foundation
import Synchronization

/// A corpus whose files have been read and, unless somebody asks for more than the cache holds, not parsed.
///
/// Most of a start with compiled rules at hand went by parsing a thousand rules with their examples. What a selection of profiles comes to is kept in a file of the
/// cache, named by a digest of all files of the corpus: a corpus that has changed in a byte is parsed, and one with a mistake in it is never kept.
public final class MaskingRules: Sendable {
    private let files: CorpusFiles
    private let cache: RuleSetCache?
    private let note: @Sendable (String) -> Void
    private let parsed = Mutex<Corpus?>(nil)
    private let judge = Mutex<CommandJudge?>(nil)

    /// Reads the files of the corpus at `directory`, or where ``Corpus/locate(_:environment:)`` finds it.
    ///
    /// - Parameters:
    ///   - cache: nil to parse and compile.
    ///   - note: see ``RuleSetCache/ruleSet(_:note:)``.
    public init(_ directory: String? = nil, cache: RuleSetCache?, note: @escaping @Sendable (String) -> Void = { _ in }) throws(CorpusError) {
        files = try CorpusFiles(directory: Corpus.locate(directory))
        self.cache = cache
        self.note = note
    }

    /// The same as ``Corpus/rules(profiles:)``.
    public func rules(profiles names: [String]) throws(CorpusError) -> [Rule] {
        let key = files.digest + SHA256.digest(of: Array(names.map { "\($0.utf8.count):\($0)" }.joined().utf8))
        if let stored = cache?.selection(of: key, note: note) { return stored }
        let rules = try corpus().rules(profiles: names)
        cache?.keep(rules, asSelectionOf: key, note: note)
        return rules
    }

    /// The same as ``Corpus/compile(_:cache:note:)``; where a rule reads commands, with a judge by the corpus's catalogue of operations.
    public func compile(_ rules: [Rule]) throws(CorpusError) -> RuleSet {
        let judge = rules.contains(where: \.readsCommands) ? try commandJudge() : nil
        do throws(RuleError) {
            let set = if let cache { try cache.ruleSet(rules, note: note) } else { try RuleSet(rules) }
            guard let judge else { return set }
            return RuleSet(set, judge: judge)
        } catch {
            // Where the rule stands takes all of the corpus to say.
            throw CorpusError([try corpus().problem(of: error)])
        }
    }

    /// The compiled rules of the profiles.
    public func ruleSet(profiles names: [String]) throws(CorpusError) -> RuleSet { try compile(rules(profiles: names)) }

    private func commandJudge() throws(CorpusError) -> CommandJudge {
        try judge.withLock { known throws(CorpusError) in
            if let judge = known { return judge }
            let judge = CommandJudge(try Corpus.catalogue(orShippedWith: files.directory))
            known = judge
            return judge
        }
    }

    private func corpus() throws(CorpusError) -> Corpus {
        try parsed.withLock { parsed throws(CorpusError) in
            if let corpus = parsed { return corpus }
            let corpus = try Corpus(files)
            parsed = corpus
            return corpus
        }
    }
}

extension RuleSetCache {
    /// The rules that were kept under a key; nil where there are none that can be used.
    fileprivate func selection(of key: [UInt8], note: (String) -> Void) -> [Rule]? {
        let path = directory + "/" + selectionName(of: key)
        do {
            guard let bytes = try Self.read(path) else { return nil }
            let digest = Array(bytes.prefix(SHA256.digestLength))
            var reader = SelectionReader(bytes.dropFirst(SHA256.digestLength))
            if digest == SHA256.digest(of: key + bytes.dropFirst(SHA256.digestLength)), let rules = reader.rules() { return rules }
            note("\(path) is not used: it is damaged")
        } catch {
            note("\(path) is not used: \(error)")
        }
        return nil
    }

    /// Writes rules that are to be found again under a key. What would not come back the same is not written.
    fileprivate func keep(_ rules: [Rule], asSelectionOf key: [UInt8], note: (String) -> Void) {
        var writer = SelectionWriter()
        writer.append(rules)
        var reader = SelectionReader(writer.bytes[...])
        guard reader.rules() == rules else { return note("the rules are read anew at each start: they cannot be written to the cache") }
        do {
            try write(SHA256.digest(of: key + writer.bytes) + writer.bytes, as: selectionName(of: key))
        } catch {
            note("the rules are not kept for the next start: \(error)")
        }
    }

    private func selectionName(of key: [UInt8]) -> String {
        hexadecimal(SHA256.digest(of: Array("sluice selection \(Self.program)\n".utf8) + key)) + Self.suffix
    }
}

/// Rules as bytes: numbers of eight bytes, texts with their lengths in front.
private struct SelectionWriter {
    private(set) var bytes: [UInt8] = []

    mutating func append(_ number: Int) { withUnsafeBytes(of: Int64(number)) { bytes.append(contentsOf: $0) } }

    mutating func append(_ text: String) {
        append(text.utf8.count)
        bytes.append(contentsOf: text.utf8)
    }

    mutating func append(_ rules: [Rule]) {
        append(rules.count)
        for rule in rules {
            for text in [rule.id, rule.entity, rule.pattern] { append(text) }
            append(rule.priority)
            append(rule.checks.count)
            for check in rule.checks {
                append(check.name)
                append(check.number == nil ? 0 : 1)
                if let number = check.number { append(Int(Int64(bitPattern: number.bitPattern))) }
            }
            append(rule.context?.words.count ?? 0)
            if let context = rule.context {
                for word in context.words { append(word) }
                append(context.within)
            }
            append(rule.fields.count)
            for field in rule.fields { append(field.description) }
            append(rule.readsCommands ? 1 : 0)
            append(rule.action)
        }
    }

    private mutating func append(_ action: Rule.Action) {
        switch action {
        case .redact(label: nil): append(0)
        case .redact(let label?):
            append(1)
            append(label)
        case .mask(let style):
            append(2)
            append(String(style.fill))
            append(style.keepFirst)
            append(style.keepLast)
            append(style.keepPunctuation ? 1 : 0)
        case .remove: append(3)
        case .block: append(4)
        case .report: append(5)
        case .hash: append(6)
        case .token: append(7)
        }
    }
}

/// Reads what ``SelectionWriter`` wrote; nil where the bytes are something else.
private struct SelectionReader {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

    mutating func rules() -> [Rule]? {
        guard let count = count() else { return nil }
        var rules: [Rule] = []
        for _ in 0..<count {
            guard let rule = rule() else { return nil }
            rules.append(rule)
        }
        return rest.isEmpty ? rules : nil
    }

    private mutating func rule() -> Rule? {
        guard let id = text(), let entity = text(), let pattern = text(), let priority = number(), let checkCount = count() else { return nil }
        var checks: [Check] = []
        for _ in 0..<checkCount {
            guard let name = text(), let hasNumber = number() else { return nil }
            let argument = hasNumber == 1 ? number().map { Double(bitPattern: UInt64(bitPattern: Int64($0))) } : nil
            guard let check = Check(name: name, number: argument) else { return nil }
            checks.append(check)
        }
        guard let wordCount = count() else { return nil }
        var context: Rule.Context?
        if wordCount > 0 {
            var words: [String] = []
            for _ in 0..<wordCount {
                guard let word = text() else { return nil }
                words.append(word)
            }
            guard let within = number() else { return nil }
            context = Rule.Context(words: words, within: within)
        }
        guard let fieldCount = count() else { return nil }
        var fields: [FieldPath] = []
        for _ in 0..<fieldCount {
            guard let source = text(), let field = try? FieldPath(source) else { return nil }
            fields.append(field)
        }
        guard let readsCommands = number(), let action = action() else { return nil }
        return Rule(
            id: id, entity: entity, pattern: pattern, checks: checks, context: context, fields: fields, readsCommands: readsCommands == 1, action: action, priority: priority)
    }

    private mutating func action() -> Rule.Action? {
        switch number() {
        case 0: return .redact(label: nil)
        case 1: return text().map { .redact(label: $0) }
        case 2:
            guard let fill = text(), fill.count == 1, let keepFirst = number(), let keepLast = number(), let keepPunctuation = number() else { return nil }
            return .mask(Rule.MaskStyle(fill: fill.first!, keepFirst: keepFirst, keepLast: keepLast, keepPunctuation: keepPunctuation == 1))
        case 3: return .remove
        case 4: return .block
        case 5: return .report
        case 6: return .hash
        case 7: return .token
        default: return nil
        }
    }

    private mutating func number() -> Int? {
        guard rest.count >= 8 else { return nil }
        defer { rest = rest.dropFirst(8) }
        return rest.withUnsafeBytes { Int($0.loadUnaligned(as: Int64.self)) }
    }

    /// A number of things that follow, each of which takes a byte at least.
    private mutating func count() -> Int? {
        guard let count = number(), count >= 0, count <= rest.count else { return nil }
        return count
    }

    private mutating func text() -> String? {
        guard let count = count() else { return nil }
        defer { rest = rest.dropFirst(count) }
        return String(validating: rest.prefix(count), as: UTF8.self)
    }
}
