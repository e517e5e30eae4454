// Masks labelled cases and counts what came of it.

import Cryptography
import Engine
import Foundation

/// Scores one set of rules.
public struct Scorer: Sendable {
    private let corpus: Corpus
    private let rules: RuleSet
    private let format: @Sendable ([UInt8]) -> Format

    /// - Parameters:
    ///   - corpus: where the rules come from: `validator` cases are judged by all rules in it.
    ///   - rules: what `block` rules find should only be masked, since a body that ends hides all that follows: see ``maskingOnly(_:)``.
    ///   - format: how a text is read.
    public init(_ corpus: Corpus, rules: RuleSet, format: @escaping @Sendable ([UInt8]) -> Format) {
        self.corpus = corpus
        self.rules = rules
        self.format = format
    }

    /// The same rules with `redact` in place of `block`.
    public static func maskingOnly(_ rules: [Rule]) -> [Rule] {
        rules.map { rule in
            var rule = rule
            if rule.action == .block { rule.action = .redact(label: nil) }
            return rule
        }
    }

    /// Masks every case, on all cores, and counts.
    ///
    /// - Parameters:
    ///   - listing: how many misses and false findings are listed by id; nil for none.
    ///   - showsValues: the lists carry the labelled bytes.
    ///   - progress: called with the number of cases done, from any thread.
    /// - Throws: ``MaskError``, ``CorpusError``.
    public func score(
        _ cases: [LabelledCase], listing: Int? = nil, showsValues: Bool = false, progress: @Sendable @escaping (Int) -> Void = { _ in }
    ) async throws -> Score {
        let found = try await inParallel(cases, progress: progress) { one -> (findings: [Finding], readable: [Bool]) in
            if let streamed = one.streamed {
                let texts = EventTexts(try rules.masked(one.body, as: streamed.format))
                return ([], streamed.values.map { texts.say($0) })
            }
            return (one.isValid == nil ? try rules.findings(in: one.body, as: format(one.body)) : [], [])
        }
        var tally = Tally(rules.rules, listing: listing, showsValues: showsValues)
        for (one, found) in zip(cases, found) where one.isValid == nil {
            tally.add(one, found.findings)
            if let streamed = one.streamed { tally.addStream(one, streamed, found.readable) }
        }
        var score = tally.score
        score.cases = cases.count
        score.casesHash = Self.hash(of: cases)
        score.rulesHash = rules.hash
        var judge = ValidatorJudge(corpus)
        for one in cases {
            if let isValid = one.isValid { try judge.add(one, isValid: isValid) }
        }
        score.validators = judge.rows
        return score
    }

    private static func hash(of cases: [LabelledCase]) -> String {
        hexadecimal(SHA256.digest(of: cases.flatMap { Array("\($0.id) \($0.body.count) ".utf8) + $0.body }))
    }
}

/// Counts over cases, in their order.
private struct Tally {
    private var domains: [LabelledCase.Domain: Score.Row] = [:]
    private var sources: [String: Score.Row] = [:]
    /// By canonical name; credentials by what their source calls them.
    private var entities: [String: Score.Row] = [:]
    private var secretNames = Set<String>()
    private var rules: [Score.RuleRow]
    private let ruleIndex: [String: Int]
    /// Bytes of texts whose labels are exhaustive.
    private var exhaustiveBytes = 0
    private var misses: [Score.Miss] = []
    private var falseFindings: [Score.FalseFinding] = []
    private let listing: Int?
    private let showsValues: Bool

    init(_ rules: [Rule], listing: Int?, showsValues: Bool) {
        self.rules = rules.map { Score.RuleRow(rule: $0.id, entity: $0.entity) }
        ruleIndex = Dictionary(uniqueKeysWithValues: rules.enumerated().map { ($0.element.id, $0.offset) })
        self.listing = listing
        self.showsValues = showsValues
    }

    var score: Score {
        var score = Score()
        func sorted(_ rows: some Sequence<Score.Row>) -> [Score.Row] { rows.sorted { $0.name < $1.name } }
        score.domains = LabelledCase.Domain.allCases.compactMap { domains[$0] }
        score.sources = sorted(sources.values)
        score.entities = sorted(entities.values).map { row in
            var row = row
            if row.overMasked.count > 0 { row.overMasked.of = exhaustiveBytes }
            if !secretNames.contains(row.name) { row.hasRule = rules.contains { EntityNames.isSame($0.entity, as: row.name) } }
            return row
        }
        score.rules = rules
        if listing != nil { (score.misses, score.falseFindings) = (misses, falseFindings) }
        return score
    }

    mutating func add(_ one: LabelledCase, _ findings: [Finding]) {
        let masked = findings.filter { $0.action == .masked }.map(\.range)
        for finding in findings {
            guard let rule = ruleIndex[finding.rule] else { continue }
            rules[rule].findings += 1
            judge(finding, rule, in: one)
        }
        if one.isExhaustive {
            exhaustiveBytes += one.body.count
            count(one, nil) { $0.overMasked.of += one.body.count }
        }
        for label in one.labels { addValue(label, one, masked, findings) }
        if one.hasUnplacedValue {
            let isFound = !masked.isEmpty
            var leaks = Score.Leaks()
            leaks.values.add(!isFound)
            count(one, name(one.entity, one)) { $0.unplaced += leaks }
            if !isFound { note(Score.Miss(id: one.id, entity: one.entity, group: .unplaced, isInPart: false)) }
        }
        if one.isIgnored {
            let isAlarm = findings.contains { one.domain == .secrets || EntityNames.isSame($0.entity, as: one.entity) }
            count(one, name(one.entity, one)) { $0.falseAlarms.add(isAlarm) }
        }
    }

    /// The row of an entity that a case speaks of.
    private mutating func name(_ entity: String, _ one: LabelledCase) -> String {
        if one.domain == .personalData { return EntityNames.canonical(entity) }
        secretNames.insert(entity)
        return entity
    }

    private mutating func count(_ one: LabelledCase, _ entity: String?, _ change: (inout Score.Row) -> Void) {
        change(&domains[one.domain, default: Score.Row(one.domain.rawValue)])
        change(&sources[one.source, default: Score.Row(one.source)])
        if let entity { change(&entities[entity, default: Score.Row(entity)]) }
    }

    // MARK: Values

    private mutating func addValue(_ label: LabelledCase.Label, _ one: LabelledCase, _ masked: [Range<Int>], _ findings: [Finding]) {
        let readable = label.range.subtracting(masked)
        let hiddenBytes = label.range.count - readable.reduce(0) { $0 + $1.count }
        let speaking = one.body.countSpeaking(in: [label.range])
        let left = one.body.countSpeaking(in: readable)
        let isHidden = hiddenBytes > 0 && (label.isLoose ? left * 2 <= speaking : left == 0)
        var leaks = Score.Leaks()
        leaks.values.add(!isHidden)
        leaks.inPart = !isHidden && hiddenBytes > 0 ? 1 : 0
        leaks.bytes = Proportion(label.range.count - hiddenBytes, of: label.range.count)
        count(one, name(label.entity, one)) { $0[label.group] += leaks }
        if !isHidden {
            note(
                Score.Miss(
                    id: one.id, entity: label.entity, group: label.group, start: label.range.lowerBound, end: label.range.upperBound,
                    isInPart: hiddenBytes > 0, value: showsValues ? String(decoding: one.body[label.range], as: UTF8.self) : nil))
        }
        let touching = Set(findings.filter { $0.range.overlaps(label.range) }.map(\.rule))
        for rule in touching { if let index = ruleIndex[rule] { rules[index].touched += 1 } }
        guard label.group == .inContext else { return }
        count(one, name(label.entity, one)) { $0.found.add(!touching.isEmpty) }
        for index in rules.indices where EntityNames.isSame(rules[index].entity, as: label.entity) { rules[index].recall.add(touching.contains(rules[index].rule)) }
    }

    /// Values that have no one place in the body: each is hidden whole, or readable.
    mutating func addStream(_ one: LabelledCase, _ streamed: LabelledCase.Streamed, _ readable: [Bool]) {
        for (value, isReadable) in zip(streamed.values, readable) {
            var leaks = Score.Leaks()
            leaks.values.add(isReadable)
            leaks.bytes = Proportion(isReadable ? value.utf8.count : 0, of: value.utf8.count)
            count(one, name(one.entity, one)) { $0[streamed.group] += leaks }
            if isReadable { note(Score.Miss(id: one.id, entity: one.entity, group: streamed.group, isInPart: false, value: showsValues ? value : nil)) }
        }
    }

    private mutating func note(_ miss: Score.Miss) {
        if let listing, misses.count < listing { misses.append(miss) }
    }

    // MARK: Findings

    private mutating func judge(_ finding: Finding, _ rule: Int, in one: LabelledCase) {
        let touches = one.labels.contains { $0.range.overlaps(finding.range) }
        let isNamed = { (name: String) in one.domain == .secrets || EntityNames.isSame(finding.entity, as: name) }
        let verdict: Bool?
        if one.isIgnored {
            verdict = isNamed(one.entity) ? false : nil
            if verdict == false { rules[rule].falseAlarms += 1 }
        } else if touches {
            verdict = true
        } else if one.passedOver.contains(where: { $0.overlaps(finding.range) }) {
            verdict = nil
        } else if one.isExhaustive {
            verdict = false
        } else {
            verdict = one.domain == .personalData && one.labels.contains { isNamed($0.entity) } ? false : nil
        }
        // Credentials have no names in common with their sources.
        let entity = one.domain == .secrets ? name(one.entity, one) : EntityNames.canonical(finding.entity)
        if let verdict {
            rules[rule].precision.add(verdict)
            count(one, entity) { $0.precision.add(verdict) }
            if !verdict { note(finding, in: one) }
        }
        if one.isExhaustive, finding.action == .masked {
            let outside = finding.range.subtracting(one.labels.map(\.range) + one.passedOver).reduce(0) { $0 + $1.count }
            rules[rule].overMaskedBytes += outside
            count(one, entity) { $0.overMasked.count += outside }
        }
    }

    private mutating func note(_ finding: Finding, in one: LabelledCase) {
        guard let listing, falseFindings.count < listing else { return }
        falseFindings.append(
            Score.FalseFinding(
                id: one.id, rule: finding.rule, start: finding.range.lowerBound, end: finding.range.upperBound,
                value: showsValues ? String(decoding: one.body[finding.range], as: UTF8.self) : nil))
    }
}

extension Range<Int> {
    /// The parts of the range that lie in none of `others`, in order.
    func subtracting(_ others: [Range<Int>]) -> [Range<Int>] {
        var parts: [Range<Int>] = []
        var at = lowerBound
        for other in others.sorted(by: { $0.lowerBound < $1.lowerBound }) where other.upperBound > at {
            if other.lowerBound >= upperBound { break }
            if other.lowerBound > at { parts.append(at..<other.lowerBound) }
            at = other.upperBound
        }
        if at < upperBound { parts.append(at..<upperBound) }
        return parts
    }
}

extension [UInt8] {
    /// Letters, digits and non-ASCII bytes in `ranges`: what says something, unlike the punctuation between.
    func countSpeaking(in ranges: [Range<Int>]) -> Int {
        ranges.reduce(0) { total, range in
            total + self[range].count { byte in
                byte >= 0x80 || (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte & 0xDF)
            }
        }
    }
}
