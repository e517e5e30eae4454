// How often each rule is looked at in a body: what its grams let through, and what is left after the first look.

/// What a rule's grams let through in a body.
public struct Survey: Sendable {
    public var rule: String
    /// Places where one of its grams stands; for a rule left to Hyperscan, ends of cores.
    public var hits = 0
    /// Starts that were looked at, and those from which the pattern has an end, checks and context aside.
    public var looks = 0
    public var ends = 0
}

extension RuleSet {
    /// Counts, for each rule that has a pattern, the places found in `body` and what the first look at them comes to.
    ///
    /// Texts are taken to reach from one quotation mark to the next, which is near enough to what the masker does for figures.
    ///
    /// - Throws: ``MaskError`` if Hyperscan fails.
    public func survey(_ body: [UInt8]) throws(MaskError) -> [Survey] {
        var surveys = compiled.map { Survey(rule: $0.rule.id) }
        let workspace = try takeWorkspace()
        defer { give(back: workspace) }
        try body.withUnsafeBufferPointer { body throws(MaskError) in
            workspace.fillWindow(UnsafeRawBufferPointer(body))
            try workspace.findInWindow()
        }
        let window = UnsafeBufferPointer(workspace.window)
        var text = 0..<0

        func look(_ rule: Int, _ start: Int) {
            guard start >= 0, start < window.count else { return }
            if !text.contains(start) {
                let first = window[..<start].lastIndex(of: UInt8(ascii: "\"")).map { $0 + 1 } ?? 0
                let last = window[start...].firstIndex(of: UInt8(ascii: "\"")) ?? window.count
                if first >= last { return }
                text = first..<last
            }
            surveys[rule].looks += 1
            if scout.run(rule, from: start - text.lowerBound, in: UnsafeBufferPointer(rebasing: window[text]), before: nil).ends > 0 { surveys[rule].ends += 1 }
        }
        func look(_ rule: Int, behind automaton: ReverseAutomaton, end: Int) {
            let after = end < window.count ? automaton.table.symbol(window[end]) : automaton.table.edge
            TextScanner.backwards(
                automaton.table, from: end, state: automaton.initial[after], downTo: end - CompiledRule.longestHold, in: window, before: nil
            ) { start in
                look(rule, start)
                return true
            }
        }
        let buffer = workspace.places.buffer
        var gates = compiled.map { $0.plan.isGated ? Int.min : Int.max }
        workspace.places.forEachEntry(in: 0..<buffer.count, finder.reader) { place, entry in
            let rule = Int(entry.rule)
            if entry.kind != .word { surveys[rule].hits += 1 }
            switch entry.kind {
            case .start: if place - Int(entry.value) < gates[rule] { look(rule, place - Int(entry.value)) }
            case .pivot: if let prefix = compiled[rule].prefixes[Int(entry.value)] { look(rule, behind: prefix, end: place) }
            case .word:
                finder.behindWords.forEachRule(of: Int(entry.value), at: place, in: buffer) { rule, starts in
                    surveys[rule].hits += 1
                    for start in starts { look(rule, start) }
                }
            case .gate:
                if let range = compiled[rule].context?.startsBehind(Int(entry.value), at: place, in: buffer) { gates[rule] = max(gates[rule], range.upperBound) }
            }
        }
        for index in 0..<workspace.places.cores.count {
            let core = workspace.places.cores[index]
            surveys[core.rule].hits += 1
            if let automaton = compiled[core.rule].starts { look(core.rule, behind: automaton, end: core.end) }
        }
        return surveys
    }

    /// The same set without one of its rules, whose automata are not built anew.
    public func without(_ id: String) throws(RuleError) -> RuleSet {
        let compiled = compiled.filter { $0.rule.id != id }
        return try RuleSet(rules.filter { $0.id != id }, compiled, PlaceFinder(compiled, variant: KernelVariant.best), Scout(compiled), numbers: numbers)
    }

    /// One of the rules alone; nil if there is none of that id that has a pattern.
    public func alone(_ id: String) throws(RuleError) -> RuleSet? {
        guard let rule = compiled.first(where: { $0.rule.id == id }) else { return nil }
        return try RuleSet(compiled: [rule])
    }
}
