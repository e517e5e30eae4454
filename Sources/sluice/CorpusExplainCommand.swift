// `sluice corpus explain`: where the planner put a rule, why, and what it costs; or what every rule did on a text.

import ArgumentParser
import Corpus
import Engine
import Foundation

struct CorpusExplainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Say how a rule is looked for, or what became of a text.",
        discussion: """
            Shows what the engine looks for to find the places where the rule may match (grams: sets of bytes at fixed offsets), what else was weighed,
            how long matches can be, the size of the rule's automata, the rules it shares a bucket of the sieve with, and measured figures.

            With --text or --file: every rule of the profiles that got somewhere in that text, where, how far, and why it stopped: the pattern could not go on (shown
            where a keyword of three characters or more was read, or for the rule named), a check failed, no word of the context stood in front, another rule took
            the place; and how long it was held. Where something was found, only who matched is shown. Offsets are bytes. JSON is explained as it lies, with
            escapes unresolved. No byte of the text is printed.

            Examples:
              sluice corpus explain email-address
              sluice corpus explain --json payment-card
              sluice corpus explain --text 'card 4111 1111 1111 1112'
              sluice corpus explain payment-card --file answer.json --range 1200-1400
            """)

    @Argument(help: ArgumentHelp("Id of a rule; with --text or --file only this one is shown.", valueName: "rule"))
    var rule: String?

    @Option(help: ArgumentHelp("A text to explain.", valueName: "text"))
    var text: String?

    @Option(help: ArgumentHelp("A file to explain; - for standard input.", valueName: "file"))
    var file: String?

    @Option(help: ArgumentHelp("Only what touches these bytes of it: from the first to before the last.", valueName: "a-b"))
    var range: ByteRange?

    @Option(help: ArgumentHelp("How it is read: text, json, sse, or auto: json where it begins with { or [, else text.", valueName: "format"))
    var format: FormatChoice = .auto

    @OptionGroup var rules: RuleOptions

    @Flag(help: "Print one JSON object.")
    var json = false

    private struct PlanAndCost: Encodable {
        var plan: PlanReport
        var cost: RuleCost
    }

    func validate() throws {
        if text != nil, file != nil { throw ValidationError("choose one of --text and --file") }
        let hasBody = text != nil || file != nil
        if !hasBody, rule == nil { throw ValidationError("name a rule, or a text with --text or --file") }
        if !hasBody, range != nil { throw ValidationError("--range goes with --text or --file") }
    }

    func run() throws {
        let corpus = try Corpus.open(rules.corpus)
        if let body = try text.map({ Array($0.utf8) }) ?? file.map(Self.read) { return try explain(body, corpus) }
        guard let rule else { return }
        let entry = try corpus.entry(rule)
        var chosen = try corpus.rules(profiles: rules.profileNames)
        if !chosen.contains(where: { $0.id == rule }) { chosen.append(entry.rule) }
        let set = try corpus.compile(chosen)
        guard let plan = try set.report(on: rule), let cost = try CostMeter([entry.rule]).measure().rules.first else {
            throw CommandError("the rule \"\(rule)\" has no plan")
        }
        if json { return try writeAll(encodedLine(PlanAndCost(plan: plan, cost: cost))) }
        try writeAll(Array((described(plan, entry) + measured(cost)).utf8))
    }

    private func described(_ plan: PlanReport, _ entry: Entry) -> String {
        func ways(_ ways: [PlanReport.Way], grams most: Int) -> String {
            ways.map { way in
                let figures = String(format: "%.2f places a KB, %.0f ns a KB", way.expectedHitsPerKB, way.expectedNanosecondsPerKB)
                let more = way.grams.count > most ? ["… and \(way.grams.count - most) more"] : []
                return "  \(way.name): \(figures)\n" + (way.grams.prefix(most) + (most > 0 ? more : [])).map { "    \($0)\n" }.joined()
            }.joined()
        }
        let width = plan.longestMatch.map { $0 == plan.shortestMatch ? "\($0) bytes" : "\(plan.shortestMatch) to \($0) bytes" }
            ?? "\(plan.shortestMatch) bytes and more, without bound"
        var lines = "\(plan.rule) (\(plan.entity)), \(entry.location)\n"
        lines += "  \(plan.pattern)\n\n"
        lines += "Lane: \(plan.lane)\(plan.lane == "Hyperscan" ? "" : ", looking at offsets \(PlanReport.sieveOffsets.map(String.init).joined(separator: ", "))")\n"
        lines += ways(plan.chosen, grams: 12)
        if !plan.others.isEmpty { lines += "Weighed and dearer:\n" + ways(plan.others, grams: 0) }
        lines += "\nMatches: \(width)\n"
        lines += "  \(plan.isPrompt ? "commits at its first end: long ones are not held" : "each is decided once its longest end is known")\n"
        if !plan.checks.isEmpty { lines += "Checks: \(plan.checks.joined(separator: ", "))\n" }
        if let within = plan.contextWithin { lines += "Context: one of \(plan.contextWords.joined(separator: ", ")) in \(within) bytes before\n" }
        var states = ["\(plan.states.forward) forward"]
        if !plan.states.open.isEmpty { states.append("\(plan.states.open.map(String.init).joined(separator: " + ")) for open starts") }
        if !plan.states.pivots.isEmpty { states.append("\(plan.states.pivots.map(String.init).joined(separator: " + ")) in front of pivots") }
        if let core = plan.states.core { states.append("\(core) from cores back") }
        if let behind = plan.states.behindMask { states.append("\(behind) behind the part to mask") }
        lines += "States: \(states.joined(separator: ", "))\n"
        for bucket in plan.buckets {
            let others = bucket.sharedWith
            let shown = others.isEmpty ? "alone" : "with \(others.prefix(6).joined(separator: ", "))\(others.count > 6 ? " and \(others.count - 6) more rules" : "")"
            lines += "Bucket \(bucket.bucket): \(bucket.grams) of \(bucket.gramsOfAll) grams, \(shown)\n"
        }
        return lines
    }

    private func measured(_ cost: RuleCost) -> String {
        var lines = String(
            format: """

                Measured alone, on generated traffic:
                  %.2f places and %.2f findings a KB%@
                  %.3f ns a byte, of which %.3f to look at places and confirm
                  holds %d bytes at the median of random cuts, %d at the 99th of 100
                  %.1f ns a byte at worst, %.1f × typical: %@

                """, cost.hitsPerKB, cost.findingsPerKB, cost.looksWithEnd.map { String(format: "; %.0f %% of first looks find an end", $0 * 100) } ?? "", cost.alone,
            cost.confirm, cost.heldMedian, cost.held99, cost.worst, cost.worstRatio, cost.worstInput)
        for flag in cost.flags { lines += "  out of line: \(flag)\n" }
        return lines
    }
}

/// One line of JSON, keys in the order of the alphabet.
func encodedLine(_ value: some Encodable) throws -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return [UInt8](try encoder.encode(value)) + [UInt8(ascii: "\n")]
}
