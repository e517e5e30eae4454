// A score as tables for a terminal.

import Corpus
import Foundation

struct ScoreTable {
    private(set) var text = ""
    private let score: Score
    private let isFull: Bool
    /// Lines of a table that are shown where not all are.
    private static let most = 25

    /// - Parameter others: lines of the files that were no labelled cases.
    init(_ score: Score, others: Int, isFull: Bool) {
        self.score = score
        self.isFull = isFull
        text = "\(score.cases) cases, \(score.rules.count) rules of \(score.profiles.joined(separator: ", "))\(others > 0 ? "; \(others) lines of other kinds passed over" : "")\n"
        addSources()
        addEntities()
        addRules()
        addValidators()
        addClean()
        addLists()
        text += "\nShares in %, with 95 % intervals (Wilson; per GB: Byar).\n"
        if let worse = score.regressions { text += "\n" + (worse.isEmpty ? "not worse than the baseline\n" : Self.lines(of: worse)) }
    }

    /// What is worse than the baseline.
    static func lines(of regressions: [Regression]) -> String {
        var text = "worse than the baseline:\n"
        for one in regressions {
            func shown(_ value: Double) -> String {
                switch one.measure {
                case .cleanFindings: String(format: "%.0f", value)
                case .hits, .work: String(format: "%.2f", value)
                case .held: String(format: "%.0f", value)
                case .overMasking: String(format: "%.4f %%", value * 100)
                default: String(format: "%.2f %%", value * 100)
                }
            }
            let by = one.subject == .rule || one.rules.isEmpty ? "" : "; rules: \(one.rules.joined(separator: ", "))"
            text += "  \(one.subject.rawValue) \(title(one.name)): \(one.measure.rawValue) \(shown(one.before)) → \(shown(one.after))\(by)\n"
        }
        return text
    }

    // MARK: Tables

    private mutating func addSources() {
        let rows = score.domains + score.sources
        add(
            "source", ["leaked in context", "95 %", "in part", "bytes", "bare", "weak", "no place", "precision", "F1", "F2", "over-masked", "false alarms"],
            rows.map { row in
                (
                    Self.title(row.name),
                    [
                        Self.counted(row.inContext.values), Self.interval(row.inContext.values), "\(row.inContext.inPart)", Self.percent(row.inContext.bytes),
                        Self.counted(row.bare.values), Self.counted(row.weak.values), Self.counted(row.unplaced.values), Self.percent(row.precision),
                        Self.percent(FScore(precision: row.precision, recall: row.recall, beta: 1)),
                        Self.percent(FScore(precision: row.precision, recall: row.recall, beta: 2)), Self.percent(row.overMasked, digits: 3),
                        Self.counted(row.falseAlarms),
                    ]
                )
            }, most: .max)
    }

    private mutating func addEntities() {
        func leaked(_ row: Score.Row) -> Int { LabelledCase.Group.allCases.reduce(0) { $0 + row[$1].values.count } }
        let rows = score.entities.filter { isFull || leaked($0) > 0 || $0.falseAlarms.count > 0 || $0.overMasked.count > 0 || $0.precision.count < $0.precision.of }
        add(
            "entity", ["leaked in context", "bare", "weak", "no place", "precision", "F1", "F2", "over-masked bytes", "false alarms", "rule"],
            rows.sorted { (leaked($1), $0.name) < (leaked($0), $1.name) }.map { row in
                (
                    row.name,
                    [
                        Self.counted(row.inContext.values), Self.counted(row.bare.values), Self.counted(row.weak.values), Self.counted(row.unplaced.values),
                        Self.percent(row.precision), Self.percent(FScore(precision: row.precision, recall: row.recall, beta: 1)),
                        Self.percent(FScore(precision: row.precision, recall: row.recall, beta: 2)), "\(row.overMasked.count)", Self.counted(row.falseAlarms),
                        row.hasRule.map { $0 ? "yes" : "none" } ?? "",
                    ]
                )
            }, rest: score.entities.count - rows.count)
    }

    private mutating func addRules() {
        let hasClean = score.clean != nil
        func wrong(_ row: Score.RuleRow) -> Int { row.precision.of - row.precision.count + (row.clean?.count ?? 0) }
        let rows = score.rules.filter { isFull || wrong($0) > 0 || $0.overMaskedBytes > 0 }
        add(
            "rule", ["findings", "precision", "95 %", "recall", "95 %", "over-masked bytes", "false alarms"] + (hasClean ? ["clean", "per GB", "95 %"] : []),
            rows.sorted { (wrong($1), $0.rule) < (wrong($0), $1.rule) }.map { row in
                (
                    row.rule,
                    [
                        "\(row.findings)", Self.counted(row.precision), Self.interval(row.precision), Self.counted(row.recall), Self.interval(row.recall),
                        "\(row.overMaskedBytes)", "\(row.falseAlarms)",
                    ] + (hasClean ? ["\(row.clean?.count ?? 0)", Self.perGB(row.clean), Self.interval(row.clean)] : [])
                )
            }, rest: score.rules.count - rows.count)
    }

    private mutating func addValidators() {
        guard !score.validators.isEmpty else { return }
        var bySource: [String: Score.ValidatorRow] = [:]
        for row in score.validators {
            var total = bySource[row.source] ?? Score.ValidatorRow(source: row.source, entity: "")
            total.right.count += row.right.count
            total.right.of += row.right.of
            total.untried += row.untried
            bySource[row.source] = total
        }
        func cells(_ row: Score.ValidatorRow) -> [String] { [Self.counted(row.right), Self.interval(row.right), "\(row.untried)"] }
        let wrong = score.validators.filter { isFull || $0.right.count < $0.right.of || $0.untried > 0 }
        add(
            "validators", ["right", "95 %", "untried"],
            bySource.values.sorted { $0.source < $1.source }.map { ($0.source, cells($0)) } + wrong.map { ("  \($0.source) \($0.entity)", cells($0)) }, most: .max)
    }

    private mutating func addClean() {
        guard let clean = score.clean else { return }
        func cells(_ findings: ByteRate, _ masked: Proportion) -> [String] {
            ["\(findings.bytes)", "\(findings.count)", Self.perGB(findings), Self.interval(findings), Self.percent(masked, digits: 4)]
        }
        add(
            "clean traffic", ["bytes", "findings", "per GB", "95 %", "masked"],
            [("all \(clean.bodies) bodies", cells(clean.findings, clean.masked))] + clean.files.map { ($0.name, cells($0.findings, $0.masked)) }, most: .max)
    }

    private mutating func addLists() {
        if let misses = score.misses, !misses.isEmpty {
            text += "\nleaked:\n"
            for miss in misses {
                let place = miss.start.flatMap { start in miss.end.map { " at \(start)..<\($0)" } } ?? ""
                text += "  \(miss.id) \(miss.entity)\(place), \(Self.title(miss.group.rawValue))\(miss.isInPart ? ", in part" : "")\(Self.shown(miss.value))\n"
            }
        }
        let wrong = score.misses == nil ? [] : score.validators.filter { !$0.wrong.isEmpty }
        if !wrong.isEmpty {
            text += "\nvalidators judged wrongly:\n"
            for row in wrong { text += "  \(row.entity): \(row.wrong.joined(separator: ", "))\n" }
        }
        if let findings = score.falseFindings, !findings.isEmpty {
            text += "\nfound where nothing should be:\n"
            for finding in findings { text += "  \(finding.id) \(finding.rule) at \(finding.start)..<\(finding.end)\(Self.shown(finding.value))\n" }
        }
    }

    private static func shown(_ value: String?) -> String { value.map { ": " + $0.debugDescription } ?? "" }

    /// - Parameters:
    ///   - rest: rows left out before, of which nothing is to be said.
    ///   - most: rows shown unless all are asked for.
    private mutating func add(_ name: String, _ heads: [String], _ rows: [(String, [String])], rest: Int = 0, most: Int = Self.most) {
        let shown = isFull ? rows[...] : rows.prefix(most)
        let width = max(shown.map(\.0.count).max() ?? 0, name.count)
        let widths = heads.indices.map { column in max(heads[column].count, shown.map { $0.1[column].count }.max() ?? 0) }
        func line(_ name: String, _ cells: [String]) -> String {
            let padded = zip(cells, widths).map { String(repeating: " ", count: $1 - $0.count + 2) + $0 }
            return name.padding(toLength: width, withPad: " ", startingAt: 0) + padded.joined() + "\n"
        }
        text += "\n" + line(name, heads)
        for (name, cells) in shown { text += line(name, cells) }
        if rows.count > shown.count { text += "… and \(rows.count - shown.count) more: see --full\n" }
        if rest > 0 { text += rows.isEmpty ? "nothing wrong in \(rest)\n" : "nothing wrong in \(rest) more\n" }
    }

    // MARK: Cells

    /// `12.3 (5/41)`; a dash for nothing.
    private static func counted(_ share: Proportion) -> String { share.value.map { String(format: "%.1f (%d/%d)", $0 * 100, share.count, share.of) } ?? "–" }

    private static func percent(_ share: Proportion, digits: Int = 1) -> String { share.value.map { String(format: "%.\(digits)f", $0 * 100) } ?? "–" }

    private static func percent(_ score: FScore?) -> String { score.map { String(format: "%.1f", $0.value * 100) } ?? "–" }

    private static func interval(_ share: Proportion) -> String {
        share.of == 0 ? "–" : String(format: "%.1f–%.1f", share.interval.lowerBound * 100, share.interval.upperBound * 100)
    }

    private static func perGB(_ rate: ByteRate?) -> String { rate?.perGB.map { String(format: "%.0f", $0) } ?? "–" }

    private static func interval(_ rate: ByteRate?) -> String {
        rate?.intervalPerGB.map { String(format: "%.0f–%.0f", $0.lowerBound, $0.upperBound) } ?? "–"
    }

    /// `inContext` as words.
    private static func title(_ name: String) -> String {
        switch name {
        case "personalData": "personal data"
        case "inContext": "in context"
        case "unplaced": "no place"
        default: name
        }
    }
}
