// `sluice corpus diff`: what changes if another corpus is rolled out.

import ArgumentParser
import Corpus
import Engine
import Foundation

struct CorpusDiffCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff",
        abstract: "Show what changes if another corpus is rolled out.",
        discussion: """
            Compares the rules that the profiles select in two corpora: added, removed, changed and in which keys. With --on, also what both find in given traffic:
            for each rule findings added (where nothing was found before), removed (where nothing is found any more) and changed (another rule, extent or
            action), the share of bytes newly masked and newly readable, and samples by file, line and offset, without their bytes. What a block rule finds
            counts like what is masked; nothing behind it is left out.

            Examples:
              git worktree add /tmp/main main; sluice corpus diff /tmp/main/corpus corpus
              sluice corpus diff old/corpus corpus --on payloads access.jsonl
              sluice corpus diff old/corpus corpus --on payloads --json --samples 100

            Exit status: 0 no difference (with --on: in what is found), 1 some, 2 wrong usage or configuration.
            """)

    @Argument(help: ArgumentHelp("The folder of the corpus in use.", valueName: "old"))
    var old: String

    @Argument(help: ArgumentHelp("The folder of the one that is to take its place.", valueName: "new"))
    var new: String

    @Option(parsing: .upToNextOption, help: ArgumentHelp("Traffic: files, folders, or .jsonl with \"text\", \"command\" or \"stream\" in a line.", valueName: "path"))
    var on: [String] = []

    @Option(name: [.customLong("profile"), .customShort("p")], help: ArgumentHelp("A profile of both; give it again to add another.", valueName: "name"))
    var profiles: [String] = []

    @Flag(help: "Compile the rules anew, and keep nothing of it. (Else ~/.cache/sluice holds them compiled.)")
    var noCache = false

    @Option(help: ArgumentHelp("How texts are read: text, json, sse, or auto: json where one begins with { or [, else text.", valueName: "format"))
    var format: FormatChoice = .auto

    @Option(help: ArgumentHelp("List so many places of each rule and kind.", valueName: "n"))
    var samples = 3

    @Flag(help: "Print one JSON object.")
    var json = false

    func validate() throws {
        if samples < 0 { throw ValidationError("--samples must be at least 0") }
    }

    func run() async throws {
        let names = profiles.isEmpty ? [Corpus.defaultProfile] : profiles
        let (before, after) = (try Corpus.open(old), try Corpus.open(new))
        let (oldRules, newRules) = (try before.rules(profiles: names), try after.rules(profiles: names))
        var diff = CorpusDiff(oldRules, newRules)
        if !on.isEmpty {
            let traffic = try CaseFiles.traffic(on, format: format)
            let cache = noCache ? nil : RuleSetCache.standard()
            let progress = Progress(traffic.count, "bodies")
            try await diff.compare(
                before.compile(Scorer.maskingOnly(oldRules), cache: cache), after.compile(Scorer.maskingOnly(newRules), cache: cache), on: traffic, samples: samples
            ) { progress.reach($0) }
            progress.end()
        }
        try writeAll(json ? encodedLine(diff) : Array(text(diff, rules: newRules.count).utf8))
        if !diff.isEmpty { throw ExitCode(ExitStatus.findings) }
    }

    private func text(_ diff: CorpusDiff, rules: Int) -> String {
        var lines = ""
        for rule in diff.added { lines += "added    \(rule)\n" }
        for rule in diff.removed { lines += "removed  \(rule)\n" }
        for rule in diff.changed { lines += "changed  \(rule.rule): \(rule.keys.joined(separator: ", "))\n" }
        lines += "\(rules) rules: \(diff.added.count) added, \(diff.removed.count) removed, \(diff.changed.count) changed\n"
        guard let traffic = diff.traffic else { return lines }
        func percent(_ share: Proportion) -> String { String(format: "%.4f %%", (share.value ?? 0) * 100) }
        lines += """

            \(traffic.bodies) bodies, \(traffic.maskedBefore.of) bytes: masked \(percent(traffic.maskedBefore)) before, \(percent(traffic.maskedAfter)) after
              newly masked    \(traffic.newlyMasked.count) bytes, \(percent(traffic.newlyMasked))
              newly readable  \(traffic.newlyReadable.count) bytes, \(percent(traffic.newlyReadable))

            """
        if traffic.rules.isEmpty { return lines + "every finding is the same\n" }
        let width = traffic.rules.map(\.rule.count).max() ?? 0
        func line(_ name: String, _ cells: [String]) -> String {
            name.padding(toLength: width, withPad: " ", startingAt: 0) + cells.map { String(repeating: " ", count: max(9 - $0.count, 1)) + $0 }.joined() + "\n"
        }
        lines += "\n" + line("rule", ["before", "after", "added", "removed", "changed"])
        for row in traffic.rules { lines += line(row.rule, [row.before, row.after, row.added, row.removed, row.changed].map(String.init)) }
        if !traffic.samples.isEmpty { lines += "\n" }
        for sample in traffic.samples {
            let place = sample.line.map { "\(sample.file):\($0)" } ?? sample.file
            let before = sample.ruleBefore.map { ", was \($0)" } ?? ""
            lines += "\(sample.kind.rawValue) \(place) bytes \(sample.start)..<\(sample.end): \(sample.rule)\(before)\n"
        }
        return lines
    }
}
