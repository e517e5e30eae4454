// Judges values for checksums and formats, each alone, by the rules of its entity.

import Engine

/// Counts `validator` cases: see ``Score/ValidatorRow``.
struct ValidatorJudge {
    private let corpus: Corpus
    /// By the source's entity: its rules without their context, those with checks if there are any; nil where there are none.
    private var sets: [String: RuleSet?] = [:]
    private var found: [Key: Score.ValidatorRow] = [:]

    private struct Key: Hashable {
        var source, entity: String
    }

    init(_ corpus: Corpus) { self.corpus = corpus }

    var rows: [Score.ValidatorRow] { found.values.sorted { ($0.source, $0.entity) < ($1.source, $1.entity) } }

    mutating func add(_ one: LabelledCase, isValid: Bool) throws {
        let key = Key(source: one.source, entity: one.entity)
        var row = found[key] ?? Score.ValidatorRow(source: one.source, entity: one.entity)
        if let verdict = try accepts(one) {
            row.right.add(verdict == isValid)
            if verdict != isValid { row.wrong.append(one.id) }
        } else {
            row.untried += 1
        }
        found[key] = row
    }

    /// Whether the value is taken for one of its entity; nil where nothing knows the entity.
    private mutating func accepts(_ one: LabelledCase) throws -> Bool? {
        if let rules = try rules(of: one.entity) {
            let readable = (0..<one.body.count).subtracting(try rules.findings(in: one.body, as: .text).map(\.range))
            return readable.allSatisfy { $0.allSatisfy { Self.whiteSpace.contains(one.body[$0]) } }
        }
        let names = Self.systems[one.entity] ?? [one.entity.lowercased().replacing("_", with: "-")]
        let checks = names.compactMap { Check(name: $0) }
        return checks.isEmpty ? nil : one.body.withUnsafeBytes { value in checks.contains { $0.passes(value) } }
    }

    private static let whiteSpace = Set("\t\n\r ".utf8)

    /// Standards with several systems of check characters: one of them has to pass.
    private static let systems = ["ISO_7064": ["mod-11-2", "mod-11-10", "mod-97-10"]]

    private mutating func rules(of entity: String) throws -> RuleSet? {
        if let known = sets[entity] { return known }
        let rules = corpus.entries.map(\.rule).filter { EntityNames.isSame($0.entity, as: entity) }.map { rule in
            var rule = rule
            rule.context = nil
            rule.action = .redact(label: nil)
            return rule
        }
        // What only words or a random look speak for is no verdict on the value.
        let checked = rules.filter { $0.checks.contains { $0.number == nil } }
        let set = rules.isEmpty ? nil : try corpus.compile(checked.isEmpty ? rules : checked)
        sets[entity] = .some(set)
        return set
    }
}
