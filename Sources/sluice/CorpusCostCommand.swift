// `sluice corpus cost`: what each rule costs, alone and in the set.

import ArgumentParser
import Corpus
import Engine
import Foundation

struct CorpusCostCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cost",
        abstract: "Measure what each rule costs, and flag what is out of line.",
        discussion: """
            Measured on generated traffic like that of vendors, or on a body of your own, in chunks of 16 KiB:
              hits      places a KB at which the rule is looked at      ends    first looks, of 100, that find an end
              found     findings a KB                                   alone   ns a byte of the rule as a set of its own
              confirm   ns a byte of that for looks and checks          saved   ns a byte that the set takes less without it (--without)
              held      bytes held at random cuts: median, 99th of 100  worst   times typical, on the hardest input made from its pattern

            Out of line: over 4 × the set's median in confirming (and 0.2 ns), hits (and 1), or worst (and 4 × typical). Figures are of this machine;
            compare them with each other, not with those of another one.

            Examples:
              sluice corpus cost
              sluice corpus cost --rule email-address --rule payment-card
              sluice corpus cost --body export.json --without

            Exit status: 0, also where something is out of line; 2 wrong usage or configuration.
            """)

    @OptionGroup var rules: RuleOptions

    @Option(help: ArgumentHelp("Only this rule; give it again to add another.", valueName: "id"))
    var rule: [String] = []

    @Option(help: ArgumentHelp("A body to measure on: JSON where it begins with { or [, else text.", valueName: "file"))
    var body: String?

    @Flag(help: "Also measure the set without each rule, which takes longer.")
    var without = false

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() throws {
        let corpus = try Corpus.open(rules.corpus)
        var chosen = try corpus.rules(profiles: rules.profileNames)
        for id in rule where !chosen.contains(where: { $0.id == id }) { chosen.append(try corpus.entry(id).rule) }
        let bytes = try body.map { path in
            guard let data = FileManager.default.contents(atPath: path), !data.isEmpty else {
                throw CommandError("\(path) cannot be read, or is empty", hint: "name a file to measure on")
            }
            return [UInt8](data)
        }
        let progress = Progress(rule.isEmpty ? chosen.count : Set(rule).count, "rules")
        let result = try CostMeter(chosen, body: bytes).measure(only: rule.isEmpty ? nil : Set(rule), withoutEach: without) { progress.reach($0) }
        progress.end()
        try writeAll(json ? encodedLine(result) : Array(table(result).utf8))
    }

    private func table(_ result: CostResult) -> String {
        let width = max(result.rules.map(\.rule.count).max() ?? 0, 4)
        func line(_ name: String, _ cells: [String]) -> String {
            name.padding(toLength: width, withPad: " ", startingAt: 0) + cells.map { String(repeating: " ", count: max(9 - $0.count, 1)) + $0 }.joined() + "\n"
        }
        func shown(_ value: Double, _ digits: Int) -> String { String(format: "%.\(digits)f", value) }
        var text = line("rule", ["hits", "ends", "found", "alone", "confirm"] + (without ? ["saved"] : []) + ["held", "worst"])
        for rule in result.rules {
            text += line(
                rule.rule,
                [
                    shown(rule.hitsPerKB, 2), rule.looksWithEnd.map { shown($0 * 100, 0) + " %" } ?? "–", shown(rule.findingsPerKB, 2), shown(rule.alone, 3),
                    shown(rule.confirm, 3),
                ] + (rule.saved.map { [shown($0, 3)] } ?? []) + ["\(rule.heldMedian), \(rule.held99)", shown(rule.worstRatio, 1) + " ×"])
        }
        text += "\n\(result.rules.count == 1 ? "1 rule" : "\(result.rules.count) rules") on \(result.bytes) bytes; the set takes \(shown(result.everything, 3)) ns a byte, a rule never looked at "
        text += "\(shown(result.nothing, 3))\n\(result.slowerThanFourTimes) of them take more than 4 × typical on their hardest input\n"
        let flagged = result.rules.filter { !$0.flags.isEmpty }
        if flagged.isEmpty { return text + "nothing is out of line\n" }
        text += "\nout of line:\n"
        for rule in flagged { for flag in rule.flags { text += "  \(rule.rule): \(flag)\n" } }
        return text
    }
}
