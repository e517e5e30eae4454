// A score held against an earlier one of the same cases: what became worse, and by which rules.

/// One measure that became worse.
public struct Regression: Sendable, Codable, Equatable {
    /// What it is about: a rule, an entity, a source, a domain, or all.
    public var subject: Subject
    public var name: String
    public var measure: Measure
    public var before: Double
    public var after: Double
    /// The rules that did it: the rule itself, those that touch fewer labelled values, or those with more false findings.
    public var rules: [String]

    public enum Subject: String, Sendable, Codable { case rule, entity, source, domain, all }

    public enum Measure: String, Sendable, Codable {
        /// Hidden values of all, by group.
        case recall = "recall"
        case bareRecall = "recall of bare values"
        case weakRecall = "recall of weak values"
        case unplacedRecall = "recall of values without a place"
        /// Values in context that a rule touches; of a rule, those of its entity.
        case found = "found values"
        case precision = "precision"
        case overMasking = "over-masked share"
        case falseAlarms = "false alarms"
        case validators = "validator cases right"
        case cleanFindings = "clean findings per GB"
        case hits = "places looked at a KB"
        case work = "worst units of work a byte"
        case held = "bytes held (99 of 100)"
    }
}

/// Why two scores cannot be compared.
public struct BaselineMismatch: Error, CustomStringConvertible {
    public var description: String
}

extension Score {
    /// What is worse than in an earlier score, the widest subject first.
    ///
    /// A rule that is new is held against nothing of its own; what it takes wrongly shows in the rows of entities, sources and all, what it costs in the costs of all rules.
    ///
    /// - Parameter tolerance: shares may fall, or rise, by so many percentage points, counts and costs rise by so many percent.
    /// - Throws: ``BaselineMismatch`` where the cases are not the same.
    public func regressions(since old: Score, tolerance: Double = 0) throws(BaselineMismatch) -> [Regression] {
        guard old.version == version else { throw BaselineMismatch(description: "it has form \(old.version), this is form \(version)") }
        guard old.casesHash == casesHash else { throw BaselineMismatch(description: "it was made on other cases (\(old.cases), here \(cases))") }
        if let theirs = old.clean, let ours = clean, theirs.hash != ours.hash {
            throw BaselineMismatch(description: "it was made on other clean traffic (\(theirs.findings.bytes) bytes, here \(ours.findings.bytes))")
        }
        var comparison = BaselineComparison(old, self, tolerance)
        comparison.compare()
        return comparison.found
    }
}

private struct BaselineComparison {
    private(set) var found: [Regression] = []
    private let old: Score
    private let new: Score
    /// Of shares.
    private let points: Double
    /// Of counts and costs.
    private let factor: Double
    /// Rules by what they did before.
    private let rulesBefore: [String: Score.RuleRow]
    /// Rules that touch fewer labelled values than before.
    private let touchingLess: [String]
    /// Rules with more false findings than before, new ones too.
    private let moreFalse: [String]

    init(_ old: Score, _ new: Score, _ tolerance: Double) {
        self.old = old
        self.new = new
        points = tolerance / 100
        factor = 1 + tolerance / 100
        let before = Dictionary(old.rules.map { ($0.rule, $0) }) { first, _ in first }
        let after = Dictionary(new.rules.map { ($0.rule, $0) }) { first, _ in first }
        touchingLess = Self.worst(old.rules.map { ($0.rule, $0.touched - (after[$0.rule]?.touched ?? 0)) })
        moreFalse = Self.worst(new.rules.map { ($0.rule, $0.wrong - (before[$0.rule]?.wrong ?? 0)) })
        rulesBefore = before
    }

    mutating func compare() {
        if let before = old.clean, let after = new.clean, let was = before.findings.perGB, let now = after.findings.perGB {
            rise(.all, "clean traffic", .cleanFindings, was, now, moreFalse)
            growth(.all, "clean traffic", .overMasking, before.masked, after.masked, moreFalse)
        }
        if let was = old.cost, let now = new.cost {
            rise(.all, "rules", .hits, was.hitsPerKB, now.hitsPerKB, costlier(\.hitsPerKB))
            rise(.all, "rules", .work, was.worstWork, now.worstWork, costlier(\.worstWork))
            rise(.all, "rules", .held, Double(was.held99), Double(now.held99), costlier { Double($0.held99) })
        }
        rows(.domain, old.domains, new.domains)
        rows(.source, old.sources, new.sources)
        rows(.entity, old.entities, new.entities)
        let validators = Dictionary(old.validators.map { ("\($0.source) \($0.entity)", $0) }) { first, _ in first }
        for row in new.validators {
            let name = "\(row.source) \(row.entity)"
            guard let before = validators[name] else { continue }
            // A case that nothing tries any more is not right any more.
            let all = before.right.of + before.untried
            fall(.entity, name, .validators, Proportion(before.right.count, of: all), Proportion(row.right.count, of: row.right.of + row.untried), [])
        }
        for row in new.rules { if let before = rulesBefore[row.rule] { rule(before, row) } }
    }

    /// Rules by how much more they cost than before, new ones too.
    private func costlier(_ cost: (SteadyCost) -> Double) -> [String] {
        Self.worst(new.rules.map { ($0.rule, ($0.cost.map(cost) ?? 0) - (rulesBefore[$0.rule]?.cost.map(cost) ?? 0)) })
    }

    private mutating func rows(_ subject: Regression.Subject, _ old: [Score.Row], _ new: [Score.Row]) {
        let before = Dictionary(old.map { ($0.name, $0) }) { first, _ in first }
        for row in new {
            guard let was = before[row.name] else { continue }
            let measures: [(LabelledCase.Group, Regression.Measure)] = [
                (.inContext, .recall), (.bare, .bareRecall), (.weak, .weakRecall), (.unplaced, .unplacedRecall),
            ]
            for (group, measure) in measures { fall(subject, row.name, measure, was[group].values.complement, row[group].values.complement, touchingLess) }
            fall(subject, row.name, .found, was.found, row.found, touchingLess)
            fall(subject, row.name, .precision, was.precision, row.precision, moreFalse)
            growth(subject, row.name, .overMasking, was.overMasked, row.overMasked, moreFalse)
            growth(subject, row.name, .falseAlarms, was.falseAlarms, row.falseAlarms, moreFalse)
        }
    }

    private mutating func rule(_ old: Score.RuleRow, _ new: Score.RuleRow) {
        fall(.rule, new.rule, .precision, old.precision, new.precision, [new.rule])
        if let was = old.clean?.perGB, let now = new.clean?.perGB { rise(.rule, new.rule, .cleanFindings, was, now, [new.rule]) }
        // That another rule takes what it took is no loss: only where its entity loses too.
        let lost = found.contains { $0.subject == .entity && $0.measure == .found && EntityNames.isSame(new.entity, as: $0.name) }
        if lost { fall(.rule, new.rule, .found, old.recall, new.recall, [new.rule]) }
        guard let was = old.cost, let now = new.cost else { return }
        rise(.rule, new.rule, .hits, was.hitsPerKB, now.hitsPerKB, [new.rule])
        rise(.rule, new.rule, .work, was.worstWork, now.worstWork, [new.rule])
        rise(.rule, new.rule, .held, Double(was.held99), Double(now.held99), [new.rule])
    }

    // MARK: Measures

    /// A share that should not fall.
    private mutating func fall(
        _ subject: Regression.Subject, _ name: String, _ measure: Regression.Measure, _ before: Proportion, _ after: Proportion, _ rules: [String]
    ) {
        guard let was = before.value, let now = after.value, now < was - points - Self.rounding else { return }
        found.append(Regression(subject: subject, name: name, measure: measure, before: was, after: now, rules: rules))
    }

    /// A share that should not rise.
    private mutating func growth(
        _ subject: Regression.Subject, _ name: String, _ measure: Regression.Measure, _ before: Proportion, _ after: Proportion, _ rules: [String]
    ) {
        let was = before.value ?? 0
        guard let now = after.value, now > was + points + Self.rounding else { return }
        found.append(Regression(subject: subject, name: name, measure: measure, before: was, after: now, rules: rules))
    }

    /// A count or cost that should not rise.
    private mutating func rise(
        _ subject: Regression.Subject, _ name: String, _ measure: Regression.Measure, _ was: Double, _ now: Double, _ rules: [String]
    ) {
        guard now > was * factor + Self.rounding else { return }
        found.append(Regression(subject: subject, name: name, measure: measure, before: was, after: now, rules: rules))
    }

    private static let rounding = 1e-9

    /// The first rules by loss, those without one left out.
    private static func worst<Loss: Comparable & Numeric>(_ losses: [(String, Loss)]) -> [String] {
        losses.filter { $0.1 > 0 }.sorted { ($1.1, $0.0) < ($0.1, $1.0) }.prefix(5).map(\.0)
    }
}

extension Score.RuleRow {
    /// False findings of all kinds, and bytes that are over-masked.
    fileprivate var wrong: Int { precision.of - precision.count + (clean?.count ?? 0) + overMaskedBytes }
}
