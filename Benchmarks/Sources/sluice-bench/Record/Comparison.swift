// Two records side by side: what became faster, what slower, and what is within the spread.

struct Comparison {
    /// One workload that both records have.
    struct Row {
        var title: String
        var before, after: Rounds
        var ratio: Double
        /// How the engine's lead over the one database changed: what a busy machine leaves alone.
        var leadRatio: Double
        var verdict: Verdict
        /// What else differs: answers, allocations.
        var remarks: [String]
    }

    enum Verdict: String {
        case slower, faster
        /// The rounds of the two records overlap.
        case same = "within the spread"
    }

    /// The slowest first.
    var rows: [Row] = []
    /// Titles that only one record has.
    var onlyBefore: [String], onlyAfter: [String]
    /// Geometric means of after ÷ before, the engine's and the baselines': what a baseline gains the machine gained.
    var engine, copy, oneDatabase: Double
    /// Facts that make the comparison doubtful.
    var warnings: [String] = []

    init(_ a: Record, _ b: Record) {
        let before = Dictionary(a.measurements.map { ($0.title, $0) }) { first, _ in first }
        let after = Dictionary(b.measurements.map { ($0.title, $0) }) { first, _ in first }
        let both = b.measurements.compactMap { later in before[later.title].map { ($0, later) } }
        for (earlier, later) in both {
            let (old, new) = (earlier.speed.engine, later.speed.engine)
            var remarks: [String] = []
            if earlier.output != later.output { remarks.append("the output differs") }
            if let was = earlier.allocations?.perMB, let has = later.allocations?.perMB, abs(has - was) > max(was, has) * 0.1 + 1 {
                remarks.append("allocations/MB \(shown(was)) → \(shown(has))")
            }
            rows.append(
                Row(
                    title: later.title, before: old, after: new, ratio: new.median / old.median,
                    leadRatio: (later.speed.engine / later.speed.oneDatabase).median / (earlier.speed.engine / earlier.speed.oneDatabase).median,
                    verdict: new.most < old.least ? .slower : new.least > old.most ? .faster : .same, remarks: remarks))
        }
        rows.sort { $0.ratio < $1.ratio }
        engine = geometricMean(rows.map(\.ratio))
        copy = geometricMean(both.map { $1.speed.copy.median / $0.speed.copy.median })
        oneDatabase = geometricMean(both.map { $1.speed.oneDatabase.median / $0.speed.oneDatabase.median })
        onlyBefore = a.measurements.map(\.title).filter { after[$0] == nil }
        onlyAfter = b.measurements.map(\.title).filter { before[$0] == nil }
        if a.machine.processor != b.machine.processor { warnings.append("the machines differ: \(a.machine.processor), \(b.machine.processor)") }
        if a.corpusHash != b.corpusHash { warnings.append("the corpora differ, and so may the work that was done") }
        if a.isQuick || b.isQuick { warnings.append("a quick run is for orientation only") }
        for (name, record) in [("first", a), ("second", b)] where record.processorShare < Record.quietShare {
            warnings.append("the machine was busy during the \(name) record")
        }
    }

    /// Markdown, losing cases first.
    var markdown: String {
        var text = "after ÷ before, geometric mean of \(rows.count): **\(shown(engine))**; memcpy \(shown(copy)), one database \(shown(oneDatabase))\n"
        text += "\(rows.count { $0.verdict == .slower }) slower, \(rows.count { $0.verdict == .faster }) faster, "
        text += "\(rows.count { $0.verdict == .same }) within the spread\n"
        for warning in warnings { text += "warning: \(warning)\n" }
        text += "\n| workload, chunk | before, GB/s | after, GB/s | ratio | of the lead over one database | | |\n"
        text += "| --- | ---: | ---: | ---: | ---: | --- | --- |\n"
        for row in rows {
            text += "| \(row.title) | \(shown(row.before)) | \(shown(row.after)) | \(shown(row.ratio)) | \(shown(row.leadRatio)) | \(row.verdict.rawValue) "
            text += "| \(row.remarks.joined(separator: ", ")) |\n"
        }
        for (what, titles) in [("before", onlyBefore), ("after", onlyAfter)] where !titles.isEmpty {
            text += "\nonly \(what): \(titles.joined(separator: "; "))\n"
        }
        return text
    }
}
