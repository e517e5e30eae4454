// From the results of a scan to findings, whose places are byte offsets into the body.

extension TextState {
    /// Lists what the latest scan of this text found, and keeps the replacement that may go on.
    ///
    /// - Parameters:
    ///   - isLast: no more of this text follows.
    ///   - bodyStart: the offset in the body where the byte of text at an offset into the stretch begins.
    ///   - bodyEnd: the offset in the body behind the byte of text before an offset into the stretch.
    mutating func note(
        _ scanner: TextScanner, _ rules: RuleSet, isLast: Bool, bodyStart: (Int) -> Int, bodyEnd: (Int) -> Int, into findings: inout [Finding]
    ) {
        func finding(_ rule: Int, _ start: Int, _ end: Int, _ action: Finding.Outcome) -> Finding {
            let rule = rules.compiled[rule].rule
            return Finding(rule: rule.id, entity: rule.entity, range: start..<end, action: action)
        }
        for run in scanner.ended {
            guard let index = openReports.firstIndex(where: { $0.rule == run.rule && $0.end == nil }) else { continue }
            openReports[index].end = bodyEnd(run.end)
        }
        for match in scanner.reports {
            openReports.append(
                OpenReport(rule: match.rule, start: bodyStart(match.start), end: match.state == 0 ? bodyEnd(match.end) : nil))
        }
        // What ends behind the place where the body ends is not listed, or only up to there, however much of it has been seen.
        let reached = isLast && scanner.block == nil ? Int.max : bodyStart(scanner.released)
        openReports.removeAll { report in
            guard let end = report.end, end <= reached else { return false }
            findings.append(finding(report.rule, report.start, end, .reported))
            return true
        }
        for replacement in scanner.replacements {
            if let winner = replacement.winner {
                if let group { findings.append(finding(group.rule, group.start, min(group.bodyEnd, reached), .masked)) }
                group = OpenGroup(rule: winner.rule, start: bodyStart(replacement.start), end: 0, bodyEnd: 0)
            }
            group?.end = replacement.end
            if replacement.end > 0 { group?.bodyEnd = bodyEnd(replacement.end) }
        }
        guard let last = group else { return }
        if isLast || scanner.block != nil || last.end < scanner.released {
            findings.append(finding(last.rule, last.start, min(last.bodyEnd, reached), .masked))
            group = nil
        } else {
            group?.end -= scanner.released
        }
    }
}
