// The check of a corpus: every example at every cut, alone and among all rules, as text and inside JSON.

import Engine
import Foundation

/// What ``Corpus/check(progress:)`` did and found.
public struct CheckResult: Sendable {
    public var rules = 0
    public var examples = 0
    public var counterexamples = 0
    /// Bodies masked, each cut counted.
    public var bodies = 0
    /// In the order of the files; empty when the corpus is sound.
    public var problems: [Problem] = []
    /// Rules that find nothing that others do not, or whose label is a matter of chance: nothing leaks for it.
    public var warnings: [Problem] = []
}

extension Corpus {
    /// Runs every rule on its examples and counterexamples.
    ///
    /// For each rule alone: each example has a match of it and each counterexample has none. Among all rules: whatever the rule
    /// found alone is masked or withheld. Each body is given whole, byte by byte and cut in two at every place, as text, in a JSON
    /// string and in a JSON string whose every character is escaped; all must agree. An example that is a JSON document is read as
    /// one too; there or as text the rule must match.
    ///
    /// - Parameter progress: called after each rule with the number done, from any thread.
    public func check(progress: @Sendable @escaping (Int) -> Void = { _ in }) async -> CheckResult {
        let rules = entries.map(\.rule)
        let everything: RuleSet
        do {
            everything = try RuleSet(rules)
        } catch {
            return CheckResult(rules: entries.count, problems: refusals())
        }
        let results = await withTaskGroup(of: (Int, CheckResult).self) { group in
            for (index, entry) in entries.enumerated() {
                group.addTask { (index, EntryCheck(entry, corpus: self, everything: everything).run()) }
            }
            var results: [(Int, CheckResult)] = []
            for await result in group {
                results.append(result)
                progress(results.count)
            }
            return results.sorted { $0.0 < $1.0 }.map(\.1)
        }
        return results.reduce(into: CheckResult(warnings: idleRules())) { total, result in
            total.rules += result.rules
            total.examples += result.examples
            total.counterexamples += result.counterexamples
            total.bodies += result.bodies
            total.problems += result.problems
            total.warnings += result.warnings
        }
    }

    /// Rules that find what another one finds, and rules that no profile selects.
    private func idleRules() -> [Problem] {
        struct Finder: Hashable {
            var pattern: String
            var checks: [Check]
            var context: Rule.Context?
            var fields: [FieldPath]
        }
        var first: [Finder: Entry] = [:]
        var warnings: [Problem] = []
        for entry in entries {
            let finder = Finder(pattern: entry.rule.pattern, checks: entry.rule.checks, context: entry.rule.context, fields: entry.rule.fields)
            if let other = first[finder] {
                warnings.append(
                    Problem(
                        at: entry.location, "rule \"\(entry.rule.id)\" finds exactly what \"\(other.rule.id)\" at \(other.location) finds",
                        hint: "remove one of the two, or let their patterns, checks or words differ"))
            } else {
                first[finder] = entry
            }
            if !profiles.contains(where: { $0.selects(entry) }) {
                warnings.append(Problem(at: entry.location, "rule \"\(entry.rule.id)\" is in no profile, so nothing uses it", hint: "name it, its folder or its entity in a profile"))
            }
        }
        return warnings
    }

    /// Every rule that the engine refuses, not only the first.
    private func refusals() -> [Problem] {
        var problems: [Problem] = []
        for entry in entries {
            do {
                _ = try RuleSet([entry.rule])
            } catch {
                problems.append(problem(of: error))
            }
        }
        return problems
    }
}

/// The check of one rule.
private struct EntryCheck {
    let entry: Entry
    let corpus: Corpus
    let everything: RuleSet
    var result = CheckResult(rules: 1)
    /// Examples in which it matches, those among all rules that bear its label, and who labels the others.
    private var matched = 0
    private var labelled = 0
    private var winners = Set<String>()
    /// Rules that match the same bytes with the same priority and name them otherwise.
    private var equals: [String: Location] = [:]

    init(_ entry: Entry, corpus: Corpus, everything: RuleSet) {
        self.entry = entry
        self.corpus = corpus
        self.everything = everything
    }

    /// What one body came to.
    private struct Outcome: Equatable {
        var output: [UInt8]
        var findings: [Finding]
        var blocked: Finding?

        /// All findings of matches, the one that ended the body too.
        var all: [Finding] { findings + (blocked.map { [$0] } ?? []) }
    }

    consuming func run() -> CheckResult {
        let alone: RuleSet
        do {
            alone = try RuleSet([entry.rule])
        } catch {
            result.problems.append(corpus.problem(of: error))
            return result
        }
        if entry.examples.isEmpty { fail("has no example", at: entry.location, hint: "add  examples: ['…']  in which it must match") }
        if entry.counterexamples.isEmpty {
            fail("has no counterexample", at: entry.location, hint: "add  counterexamples: ['…']  that look alike and must not match")
        }
        if entry.rule.readsCommands {
            checkCommands(alone)
            return result
        }
        for example in entry.examples {
            result.examples += 1
            do {
                try check(example, alone: alone)
            } catch {
                fail("the engine failed on this example: \(error)", at: example.location)
            }
        }
        for counterexample in entry.counterexamples {
            result.counterexamples += 1
            do {
                try checkCounterexample(counterexample, alone: alone)
            } catch {
                fail("the engine failed on this counterexample: \(error)", at: counterexample.location)
            }
        }
        if matched > 0, labelled == 0, !winners.isSubset(of: equals.keys) {
            warn(
                "is shadowed: among all rules what it finds in its examples bears another label, of \(winners.sorted().map { "\"\($0)\"" }.joined(separator: ", "))",
                at: entry.location, hint: "raise its priority, or remove it if the other rule is enough")
        }
        for (other, location) in equals.sorted(by: { $0.key < $1.key }) {
            warn(
                "is ambiguous: \"\(other)\" finds the same bytes with the same priority, and only the order of their ids decides which label they bear", at: location,
                hint: "give one of the two a higher priority")
        }
        return result
    }

    /// Keeps who labels what the rule finds in an example.
    private mutating func compare(_ found: Outcome, _ masked: Outcome) {
        let own = found.findings.filter { $0.action == .masked }
        guard !own.isEmpty, masked.blocked == nil else { return }
        matched += 1
        var bearsOwn = false
        for finding in own {
            for other in masked.findings where other.action == .masked && other.range.overlaps(finding.range) {
                if other.rule == entry.rule.id {
                    bearsOwn = true
                    continue
                }
                winners.insert(other.rule)
                let rule = everything.rules.first { $0.id == other.rule }
                if other.range == finding.range, rule?.priority == entry.rule.priority, rule?.entity != entry.rule.entity { equals[other.rule] = entry.location }
            }
        }
        if bearsOwn { labelled += 1 }
    }

    private mutating func warn(_ what: String, at location: Location, hint: String) {
        result.warnings.append(Problem(at: location, "rule \"\(entry.rule.id)\" \(what)", hint: hint))
    }

    private mutating func check(_ example: Entry.Example, alone: RuleSet) throws {
        let body = Array(example.text.utf8)
        var matches = false
        for format in Self.formats(of: body) {
            guard let found = try agreed(body, format, alone, at: example.location),
                let masked = try agreed(body, format, everything, at: example.location)
            else { return }
            matches = matches || !found.all.isEmpty
            for finding in found.all where !Self.covers(masked, finding) {
                fail(
                    "matches this example alone, but among all rules bytes \(finding.range.lowerBound)..<\(finding.range.upperBound) stay readable",
                    at: example.location, hint: "another rule takes the place and masks less: compare their priorities")
            }
            // In a string of another document it is read as it is on its own: as a document, if it is one.
            guard format == (InnerDocument.isOne(body) ? .json : .text) else { continue }
            compare(found, masked)
            for (view, body) in Self.jsonBodies(example.text) {
                for (rules, expected, what) in [(alone, found, "alone"), (everything, masked, "among all rules")] {
                    guard let outcome = try agreed(body, .json, rules, at: example.location) else { return }
                    if let expectedBlock = expected.blocked {
                        if outcome.blocked?.rule != expectedBlock.rule {
                            fail("does not block this example in \(view), \(what)", at: example.location)
                        }
                    } else if Self.jsonText(outcome.output) != expected.output {
                        fail("masks this example differently in \(view), \(what)", at: example.location)
                    }
                }
            }
        }
        if !matches { fail("does not match this example", at: example.location) }
    }

    private mutating func checkCounterexample(_ example: Entry.Example, alone: RuleSet) throws {
        let body = Array(example.text.utf8)
        for format in Self.formats(of: body) {
            guard let found = try agreed(body, format, alone, at: example.location) else { return }
            if let finding = found.all.first {
                let bytes = "\(finding.range.lowerBound)..<\(finding.range.upperBound)"
                fail("matches this counterexample at bytes \(bytes), as \(format.rawValue)", at: example.location)
                return
            }
        }
        for (view, body) in Self.jsonBodies(example.text) {
            guard let outcome = try agreed(body, .json, alone, at: example.location) else { return }
            if !outcome.all.isEmpty { fail("matches this counterexample in \(view)", at: example.location) }
        }
    }

    /// Whether each example is blocked, or reported, in some way of reading it, and each counterexample in none. What a command is depends on where it stands, so none is put into other strings.
    private mutating func checkCommands(_ rules: RuleSet) {
        do {
            let judged = try RuleSet(rules, judge: CommandJudge(Corpus.catalogue(orShippedWith: corpus.directory)))
            for (examples, isExample) in [(entry.examples, true), (entry.counterexamples, false)] {
                for example in examples {
                    let body = Array(example.text.utf8)
                    let found = try Self.formats(of: body).contains { try agreed(body, $0, judged, at: example.location).map { !$0.all.isEmpty } ?? false }
                    if found != isExample { fail(isExample ? "does not match this example" : "matches this counterexample", at: example.location) }
                }
            }
            result.examples += entry.examples.count
            result.counterexamples += entry.counterexamples.count
        } catch {
            fail("cannot be proven: \(error)", at: entry.location)
        }
    }

    /// How an example can be read: as text, and as JSON if it begins like a document or is one.
    private static func formats(of body: [UInt8]) -> [Format] {
        InnerDocument.isOne(body) || (try? JSONSerialization.jsonObject(with: Data(body))) != nil ? [.text, .json] : [.text]
    }

    /// The outcome for a whole body, if it is the same byte by byte and at every cut; else a problem and nil.
    private mutating func agreed(_ body: [UInt8], _ format: Format, _ rules: RuleSet, at location: Location) throws -> Outcome? {
        let whole = try Self.mask([body[...]], format, rules)
        result.bodies += 1
        func differs(_ chunks: [ArraySlice<UInt8>]) throws -> Bool {
            let outcome = try Self.mask(chunks, format, rules)
            return outcome.output != whole.output || outcome.blocked?.rule != whole.blocked?.rule
        }
        result.bodies += 1
        if try differs(body.indices.map { body[$0...$0] }) {
            fail("masks this example differently byte by byte, as \(format.rawValue)", at: location)
            return nil
        }
        for cut in body.indices.dropFirst() {
            result.bodies += 1
            if try differs([body[..<cut], body[cut...]]) {
                fail("masks this example differently when it is cut at byte \(cut), as \(format.rawValue)", at: location)
                return nil
            }
        }
        return whole
    }

    private mutating func fail(_ what: String, at location: Location, hint: String? = nil) {
        result.problems.append(Problem(at: location, "rule \"\(entry.rule.id)\" \(what)", hint: hint))
    }

    private static func mask(_ chunks: [ArraySlice<UInt8>], _ format: Format, _ rules: RuleSet) throws -> Outcome {
        var masker = Masker(rules, format: format)
        var outcome = Outcome(output: [], findings: [])
        func take(_ masked: MaskedBytes, _ chunk: UnsafeRawBufferPointer) {
            masked.append(to: &outcome.output, chunk: chunk)
            outcome.findings += masked.findings
        }
        for chunk in chunks {
            try chunk.withUnsafeBytes { take(try masker.feed($0), $0) }
        }
        take(try masker.finish(), UnsafeRawBufferPointer(start: nil, count: 0))
        outcome.blocked = masker.blocked
        outcome.findings.removeAll { $0.action == .blocked }
        return outcome
    }

    /// Whether what was found alone is replaced, reported or withheld in a fuller outcome.
    private static func covers(_ outcome: Outcome, _ finding: Finding) -> Bool {
        var uncovered = finding.range.lowerBound
        if finding.action == .blocked { return (outcome.blocked?.range.lowerBound ?? Int.max) <= finding.range.lowerBound }
        if finding.action == .reported { return outcome.findings.contains { $0.rule == finding.rule && $0.range == finding.range } }
        for other in outcome.findings.filter({ $0.action == .masked }).sorted(by: { $0.range.lowerBound < $1.range.lowerBound })
        where other.range.lowerBound <= uncovered {
            uncovered = max(uncovered, other.range.upperBound)
        }
        return min(uncovered, finding.range.upperBound) == finding.range.upperBound
            || (outcome.blocked?.range.lowerBound ?? Int.max) <= uncovered
    }

    // MARK: JSON

    /// The text as the one string of a JSON array: with the escapes that JSON demands, and with every UTF-16 unit as `\uXXXX`.
    private static func jsonBodies(_ text: String) -> [(String, [UInt8])] {
        var plain = "[\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": plain += "\\\""
            case "\\": plain += "\\\\"
            case "\n": plain += "\\n"
            case "\r": plain += "\\r"
            case "\t": plain += "\\t"
            case "\0"..<" ": plain += unicodeEscape(UInt16(scalar.value))
            default: plain.unicodeScalars.append(scalar)
            }
        }
        plain += "\"]"
        let escaped = "[\"" + text.utf16.map(unicodeEscape).joined() + "\"]"
        return [("a JSON string", Array(plain.utf8)), ("a JSON string of escapes", Array(escaped.utf8))]
    }

    private static func unicodeEscape(_ unit: UInt16) -> String {
        let digits = String(unit, radix: 16)
        return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
    }

    /// The text of the one string of a masked JSON array, or nil if the output is something else.
    private static func jsonText(_ output: [UInt8]) -> [UInt8]? {
        guard let strings = try? JSONDecoder().decode([String].self, from: Data(output)), strings.count == 1 else { return nil }
        return Array(strings[0].utf8)
    }
}
