// A score as one HTML file with charts, which needs nothing from elsewhere.

import Corpus
import Foundation

struct ScoreReport {
    private let score: Score
    private var html = ""

    /// The whole file.
    static func html(_ score: Score, title: String) -> String {
        var report = ScoreReport(score: score)
        report.write(title: title)
        return report.html
    }

    private mutating func write(title: String) {
        html = """
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>\(Self.escaped(title))</title>
            <style>\(Self.style)</style>
            </head>
            <body>
            <header><h1>\(Self.escaped(title))</h1>
            <p>\(score.cases) labelled cases, \(score.rules.count) rules of \(Self.escaped(score.profiles.joined(separator: ", "))), rule set <code>\(score.rulesHash.prefix(12))</code></p></header>
            <main>

            """
        addFigures()
        addSources()
        addEntities()
        addRules()
        addClean()
        addValidators()
        addLists()
        html += """
            <section><h2>Definitions</h2>
            <p><b>Leaked</b>: a letter, digit or non-ASCII byte of a labelled value stands outside what any rule masked. <b>In context</b>: words or a distinctive shape say what the
            value is; <b>bare</b> values stand alone, <b>weak</b> ones have a low score from their own source. <b>Precision</b>: true findings of those that can be judged; for secrets a lower
            bound. <b>Over-masked</b>: masked bytes outside labels where labels are exhaustive. Lines in the bars are 95 % intervals: Wilson's for shares, Byar's for rates.
            <code>sluice corpus score --help</code> has the whole of it.</p></section>
            </main></body></html>

            """
    }

    // MARK: Parts

    private mutating func addFigures() {
        var tiles = ""
        func tile(_ name: String, _ value: String, _ note: String) {
            tiles += "<div class=\"tile\"><div class=\"name\">\(name)</div><div class=\"value\">\(value)</div><div class=\"note\">\(note)</div></div>\n"
        }
        for row in score.domains {
            let leaks = row.inContext.values
            tile(
                "\(Self.title(row.name)): values leaked in context", Self.percent(leaks),
                "\(leaks.count) of \(leaks.of), 95 %: \(Self.interval(leaks)); \(Self.percent(row.inContext.bytes)) of bytes")
        }
        if let row = score.domains.first(where: { $0.overMasked.of > 0 }) {
            tile("over-masked bytes", Self.percent(row.overMasked, digits: 3), "\(row.overMasked.count) of \(row.overMasked.of) where labels are exhaustive")
        }
        if let clean = score.clean, let rate = clean.findings.perGB {
            let share = Self.percent(clean.masked, digits: 4)
            tile("false findings per GB of clean traffic", Self.grouped(rate), "\(clean.findings.count) in \(Self.grouped(Double(clean.findings.bytes))) bytes; \(share) of bytes masked")
        }
        let right = score.validators.reduce(into: (0, 0, 0)) { $0 = ($0.0 + $1.right.count, $0.1 + $1.right.of, $0.2 + $1.untried) }
        if right.1 > 0 { tile("validator cases right", Self.percent(Proportion(right.0, of: right.1)), "\(right.0) of \(right.1); \(right.2) untried") }
        html += "<div class=\"tiles\">\n\(tiles)</div>\n"
    }

    private mutating func addSources() {
        html += "<section><h2>Leaked values by source</h2>\n<p>In context, 0 to 100 %; the lower the better.</p>\n<div class=\"chart\">\n"
        for row in (score.domains + score.sources) where row.inContext.values.of > 0 {
            html += Self.bar(Self.title(row.name), row.inContext.values, isTotal: score.domains.contains { $0.name == row.name })
        }
        html += "</div>\n"
        table(
            ["source", "leaked in context", "in part", "bytes", "bare", "weak", "no place", "precision", "F1", "F2", "over-masked", "false alarms"],
            (score.domains + score.sources).map { row in
                [
                    Self.title(row.name), Self.counted(row.inContext.values), "\(row.inContext.inPart)", Self.percent(row.inContext.bytes), Self.counted(row.bare.values),
                    Self.counted(row.weak.values), Self.counted(row.unplaced.values), Self.percent(row.precision),
                    Self.percent(FScore(precision: row.precision, recall: row.recall, beta: 1)),
                    Self.percent(FScore(precision: row.precision, recall: row.recall, beta: 2)), Self.percent(row.overMasked, digits: 3), Self.counted(row.falseAlarms),
                ]
            })
        html += "</section>\n"
    }

    private mutating func addEntities() {
        func leaked(_ row: Score.Row) -> Int { LabelledCase.Group.allCases.reduce(0) { $0 + row[$1].values.count } }
        let worst = score.entities.filter { leaked($0) > 0 }.sorted { (leaked($1), $0.name) < (leaked($0), $1.name) }
        guard !worst.isEmpty else { return }
        html += "<section><h2>What leaks most</h2>\n<p>Leaked values by entity, or by the source's name for a credential: "
            + "<span class=\"key context\"></span> in context, <span class=\"key bare\"></span> bare, <span class=\"key weak\"></span> weak, "
            + "<span class=\"key unplaced\"></span> without a place.</p>\n<div class=\"chart\">\n"
        let most = Double(leaked(worst[0]))
        for row in worst.prefix(30) {
            let parts = zip(["context", "bare", "weak", "unplaced"], LabelledCase.Group.allCases).map { style, group in
                "<span class=\"part \(style)\" style=\"width:\(Self.css(Double(row[group].values.count) / most))\"></span>"
            }
            let all = LabelledCase.Group.allCases.reduce(0) { $0 + row[$1].values.of }
            html += "<div class=\"row\"><span class=\"label\">\(Self.escaped(row.name))\(row.hasRule == false ? " <small>no rule</small>" : "")</span>"
                + "<span class=\"track plain\">\(parts.joined())</span><span class=\"number\">\(leaked(row)) of \(all)</span></div>\n"
        }
        html += "</div>\n"
        details(
            "All \(score.entities.count) entities", ["entity", "leaked in context", "bare", "weak", "no place", "precision", "F1", "F2", "over-masked bytes", "false alarms"],
            score.entities.map { row in
                [
                    row.name, Self.counted(row.inContext.values), Self.counted(row.bare.values), Self.counted(row.weak.values), Self.counted(row.unplaced.values),
                    Self.percent(row.precision), Self.percent(FScore(precision: row.precision, recall: row.recall, beta: 1)),
                    Self.percent(FScore(precision: row.precision, recall: row.recall, beta: 2)), "\(row.overMasked.count)", Self.counted(row.falseAlarms),
                ]
            })
        html += "</section>\n"
    }

    private mutating func addRules() {
        func wrong(_ row: Score.RuleRow) -> Int { row.precision.of - row.precision.count + (row.clean?.count ?? 0) }
        let worst = score.rules.filter { wrong($0) > 0 }.sorted { (wrong($1), $0.rule) < (wrong($0), $1.rule) }
        html += "<section><h2>Rules that find what they should not</h2>\n"
        if let first = worst.first {
            html += "<p>False findings by rule: <span class=\"key context\"></span> in labelled texts, <span class=\"key bare\"></span> on clean traffic.</p>\n<div class=\"chart\">\n"
            for row in worst.prefix(25) {
                let counts = [("context", row.precision.of - row.precision.count), ("bare", row.clean?.count ?? 0)]
                let parts = counts.map { "<span class=\"part \($0)\" style=\"width:\(Self.css(Double($1) / Double(wrong(first))))\"></span>" }
                html += "<div class=\"row\"><span class=\"label\">\(Self.escaped(row.rule))</span><span class=\"track plain\">\(parts.joined())</span>"
                    + "<span class=\"number\">\(wrong(row)); \(Self.percent(row.precision)) right</span></div>\n"
            }
            html += "</div>\n"
        } else {
            html += "<p>None.</p>\n"
        }
        details(
            "All \(score.rules.count) rules", ["rule", "entity", "findings", "precision", "recall of its entity", "over-masked bytes", "false alarms", "clean", "per GB"],
            score.rules.map { row in
                [
                    row.rule, row.entity, "\(row.findings)", Self.counted(row.precision), Self.counted(row.recall), "\(row.overMaskedBytes)", "\(row.falseAlarms)",
                    row.clean.map { "\($0.count)" } ?? "–", row.clean?.perGB.map(Self.grouped) ?? "–",
                ]
            })
        html += "</section>\n"
    }

    private mutating func addClean() {
        guard let clean = score.clean else { return }
        html += "<section><h2>Clean traffic</h2>\n"
        table(
            ["file", "bytes", "findings", "per GB", "95 %", "masked"],
            ([("all \(clean.bodies) bodies", clean.findings, clean.masked)] + clean.files.map { ($0.name, $0.findings, $0.masked) }).map { name, findings, masked in
                [
                    name, Self.grouped(Double(findings.bytes)), "\(findings.count)", findings.perGB.map(Self.grouped) ?? "–",
                    findings.intervalPerGB.map { "\(Self.grouped($0.lowerBound))–\(Self.grouped($0.upperBound))" } ?? "–", Self.percent(masked, digits: 4),
                ]
            })
        html += "</section>\n"
    }

    private mutating func addValidators() {
        let rows = score.validators.filter { $0.right.count < $0.right.of || $0.untried > 0 }
        guard !rows.isEmpty else { return }
        html += "<section><h2>Checksums and formats</h2>\n"
        details(
            "\(rows.count) that are not all right, or that nothing could judge", ["source", "entity", "right", "untried"],
            rows.map { [$0.source, $0.entity, Self.counted($0.right), "\($0.untried)"] })
        html += "</section>\n"
    }

    private mutating func addLists() {
        if let misses = score.misses, !misses.isEmpty {
            html += "<section><h2>Leaked values</h2>\n"
            details(
                "\(misses.count) by id", ["case", "entity", "bytes", "group", "in part", "value"],
                misses.map { miss in
                    let place = miss.start.flatMap { start in miss.end.map { "\(start)–\($0)" } } ?? ""
                    return [miss.id, miss.entity, place, Self.title(miss.group.rawValue), miss.isInPart ? "yes" : "", miss.value ?? ""]
                })
            html += "</section>\n"
        }
        if let findings = score.falseFindings, !findings.isEmpty {
            html += "<section><h2>False findings</h2>\n"
            details("\(findings.count) by id", ["case", "rule", "bytes", "value"], findings.map { [$0.id, $0.rule, "\($0.start)–\($0.end)", $0.value ?? ""] })
            html += "</section>\n"
        }
    }

    // MARK: Pieces

    /// A share as a bar with its interval.
    private static func bar(_ name: String, _ share: Proportion, isTotal: Bool) -> String {
        let (low, high) = (share.interval.lowerBound, share.interval.upperBound)
        return "<div class=\"row\(isTotal ? " total" : "")\"><span class=\"label\">\(escaped(name))</span><span class=\"track\">"
            + "<span class=\"fill\" style=\"width:\(css(share.value ?? 0))\"></span><span class=\"span\" style=\"left:\(css(low));width:\(css(high - low))\"></span></span>"
            + "<span class=\"number\">\(counted(share))</span></div>\n"
    }

    private mutating func table(_ heads: [String], _ rows: [[String]]) {
        html += "<div class=\"scroll\"><table><thead><tr>\(heads.map { "<th>\($0)</th>" }.joined())</tr></thead><tbody>\n"
        for row in rows { html += "<tr>\(row.map { "<td>\(Self.escaped($0))</td>" }.joined())</tr>\n" }
        html += "</tbody></table></div>\n"
    }

    private mutating func details(_ summary: String, _ heads: [String], _ rows: [[String]]) {
        html += "<details><summary>\(summary)</summary>\n"
        table(heads, rows)
        html += "</details>\n"
    }

    private static func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;").replacing("\"", with: "&quot;")
    }

    private static func css(_ share: Double) -> String { String(format: "%.2f%%", share * 100) }

    private static func counted(_ share: Proportion) -> String { share.value.map { String(format: "%.1f %% (%d/%d)", $0 * 100, share.count, share.of) } ?? "–" }

    private static func percent(_ share: Proportion, digits: Int = 1) -> String { share.value.map { String(format: "%.\(digits)f %%", $0 * 100) } ?? "–" }

    private static func percent(_ score: FScore?) -> String { score.map { String(format: "%.1f %%", $0.value * 100) } ?? "–" }

    private static func interval(_ share: Proportion) -> String {
        String(format: "%.1f–%.1f %%", share.interval.lowerBound * 100, share.interval.upperBound * 100)
    }

    /// With a thin space after each three digits.
    private static func grouped(_ value: Double) -> String {
        var digits = String(format: "%.0f", value)
        var groups: [String] = []
        while digits.count > 3 {
            groups.insert(String(digits.suffix(3)), at: 0)
            digits.removeLast(3)
        }
        return ([digits] + groups).joined(separator: "\u{202F}")
    }

    private static func title(_ name: String) -> String {
        switch name {
        case "personalData": "Personal data"
        case "secrets": "Secrets"
        case "inContext": "in context"
        case "unplaced": "no place"
        default: name
        }
    }

    private static let style = """
        :root{--ink:#1c2330;--soft:#5b6575;--paper:#fff;--tile:#f3f5f8;--line:#dde2e9;--a:#c2410c;--b:#2563eb;--c:#94a3b8;--d:#7c3aed}
        @media (prefers-color-scheme:dark){:root{--ink:#e6e9ee;--soft:#9aa5b5;--paper:#11151b;--tile:#1b212a;--line:#2d3541;--a:#fb923c;--b:#60a5fa;--c:#64748b;--d:#a78bfa}}
        *{box-sizing:border-box}
        body{margin:0;background:var(--paper);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",sans-serif}
        header,main{max-width:1220px;margin:0 auto;padding:0 20px}
        header{padding-top:28px}
        h1{font-size:26px;margin:0}h2{font-size:19px;margin:0 0 4px}
        p{color:var(--soft);margin:4px 0 12px}code{font-size:.92em}
        section{margin:34px 0}
        .tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(190px,1fr));gap:12px;margin:20px 0}
        .tile{background:var(--tile);border-radius:10px;padding:14px 16px}
        .tile .name,.tile .note{color:var(--soft);font-size:13px}.tile .value{font-size:28px;font-weight:650;font-variant-numeric:tabular-nums}
        .row{display:grid;grid-template-columns:minmax(120px,260px) 1fr 150px;gap:10px;align-items:center;padding:3px 0}
        .row.total .label{font-weight:650}
        .label{overflow-wrap:anywhere;font-size:14px}.label small{color:var(--soft)}
        .number{font-size:13px;color:var(--soft);font-variant-numeric:tabular-nums}
        .track{position:relative;height:16px;background:var(--tile);border-radius:4px;display:flex;overflow:hidden}
        .track.plain{background:none}
        .fill{background:var(--a);height:100%;opacity:.85}
        .span{position:absolute;top:7px;height:2px;background:var(--ink)}
        .part{height:100%}.context{background:var(--a)}.bare{background:var(--b)}.weak{background:var(--c)}.unplaced{background:var(--d)}
        .key{display:inline-block;width:11px;height:11px;border-radius:3px;margin-left:4px}
        .scroll{overflow-x:auto;margin-top:14px}
        table{border-collapse:collapse;font-size:13px;font-variant-numeric:tabular-nums;min-width:100%}
        th,td{text-align:right;padding:5px 6px;border-bottom:1px solid var(--line);white-space:nowrap}
        th:first-child,td:first-child{text-align:left}th{color:var(--soft);font-weight:500;vertical-align:bottom}
        summary{cursor:pointer;color:var(--b);margin-top:12px}
        @media (max-width:640px){header,main{padding:0 14px}.row{grid-template-columns:1fr auto;gap:1px 10px;padding:4px 0}.row .track{grid-row:2;grid-column:1/-1;height:12px}.row .span{top:5px}h1{font-size:22px}.tiles{grid-template-columns:1fr 1fr}.tile .value{font-size:22px}th{white-space:normal}}
        """
}
