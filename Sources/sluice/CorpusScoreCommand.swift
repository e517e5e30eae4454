// `sluice corpus score`: precision, recall and leaks on labelled cases, false findings on clean traffic.

import ArgumentParser
import Corpus
import Engine
import Foundation

struct CorpusScoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "score",
        abstract: "Measure what rules hide, leave and wrongly take, on labelled cases.",
        discussion: """
            Reads JSON Lines of labelled cases: kinds text, validator, labelled,
            labelled-json and planted (in payloads and streams), and examples of
            credentials ("rule", "expect", "spans"; "enc": "b64" for base64). Lines of
            other kinds are passed over and counted.
            docs/CORPUS.md describes the fields.

            Definitions:
              hidden: no letter, digit or non-ASCII byte of a labelled value stands
                outside what was masked, by any rule. Where the source's own pattern gives
                the place, which may be more than the secret: at most half of them. What
                an action keeps on purpose counts as masked.
              leaked: not hidden (values); outside what was masked (bytes). In part: some
                byte of the value was masked.
              in context: words or a shape say what the value is. Bare ones stand alone,
                weak ones have a low score from their own source; these, and values
                without a place (found if anything is), are counted apart.
              recall: hidden values in context, of all in context. For a rule: values of
                its entity that it touches.
              precision: true findings of those that can be judged. True: touches a label.
                False: touches none where labels are exhaustive, or is of an entity that
                the source says is not there, or of the labelled entity beside the label.
                For secrets any finding in a text said not to hold the source's kind is
                false, though some hold another: a lower bound.
              F1, F2: of that precision and recall; F2 counts recall twice.
              over-masked: masked bytes outside labels, of all bytes, where labels are
                exhaustive. Labels of scope ner are neither missed nor over-masked.
              validators: values judged by the rules of their entity without context,
                those with checks where there are any, or by a check of that name; untried
                where there is neither.
              per GB: findings on clean traffic (--clean), all of them false, for
                1,000,000,000 bytes.

            Intervals are of 95 %: Wilson's for shares, Byar's for rates; for F from the
            ends of both. An entity of the cases that means one of ours is counted under
            Presidio's name, others under their own. Whatever any rule masks is not
            leaked, whatever it is called; an entity without a rule is marked.

            With --baseline the score is held against an earlier one: recall in each
            group, precision, over-masking and false alarms of every source and entity;
            precision, clean findings and costs of every rule; the costs of all rules
            together; validators; clean traffic.
            What is worse is listed with the rules that did it.

            Examples:
              sluice corpus score cases.jsonl
              sluice corpus score cases/pii cases/secrets --clean payloads access.jsonl
              sluice corpus score cases --profile strict --misses 50
              sluice corpus score cases --html score.html
              sluice corpus score cases --cost --json > baseline.json
              sluice corpus score cases --baseline baseline.json --tolerance 0.5

            Exit status: 0 done, 1 worse than the baseline, 2 wrong usage or configuration.
            """)

    @Argument(help: ArgumentHelp("Files of labelled cases, or folders of .jsonl files.", valueName: "file"))
    var paths: [String]

    @Option(parsing: .upToNextOption, help: ArgumentHelp("Clean traffic: files, folders, or .jsonl with \"text\", \"command\" or \"stream\" in a line.", valueName: "path"))
    var clean: [String] = []

    @OptionGroup var rules: RuleOptions

    @Option(help: ArgumentHelp("How texts are read: text, json, sse, or auto: json where one begins with { or [, else text.", valueName: "format"))
    var format: FormatChoice = .auto

    @Option(help: ArgumentHelp("List so many leaked values and false findings by id, without their bytes.", valueName: "n"))
    var misses: Int?

    @Flag(help: "With --misses: show the bytes too. They may be live credentials.")
    var showValues = false

    @Flag(help: "Print every entity and rule, not only those with something to say.")
    var full = false

    @Flag(help: "Also count what each rule costs: places looked at, worst work, bytes held; without a clock, so the same on every run.")
    var cost = false

    @Option(help: ArgumentHelp("An earlier score (--json) of the same cases: fail if anything is worse. Costs are counted if it has them.", valueName: "file"))
    var baseline: String?

    @Option(help: ArgumentHelp("With --baseline: percentage points by which shares, and percent by which counts and costs, may be worse.", valueName: "percent"))
    var tolerance = 0.0

    @Flag(help: "Print one JSON object, which can be a baseline.")
    var json = false

    @Option(help: ArgumentHelp("Also write a report with charts: one file that needs nothing from elsewhere.", valueName: "file"))
    var html: String?

    func validate() throws {
        if let misses, misses < 1 { throw ValidationError("--misses must be at least 1") }
        if showValues, misses == nil { throw ValidationError("--show-values goes with --misses") }
        if !(0...100).contains(tolerance) { throw ValidationError("--tolerance must be 0 to 100") }
        if tolerance > 0, baseline == nil { throw ValidationError("--tolerance goes with --baseline") }
    }

    func run() async throws {
        let corpus = try Corpus.open(rules.corpus)
        let earlier = try baseline.map(Self.read)
        let (cases, others) = try CaseFiles.labelled(paths)
        guard !cases.isEmpty else { throw CommandError("no labelled cases in \(paths.joined(separator: ", "))", hint: "see  sluice corpus score --help") }
        let traffic = try clean.isEmpty ? [] : CaseFiles.traffic(clean, format: format)
        let set = try corpus.compile(Scorer.maskingOnly(corpus.rules(profiles: rules.profileNames)), cache: rules.cache)
        let choice = format
        let progress = Progress(cases.count, "cases")
        var score = try await Scorer(corpus, rules: set) { choice.format(of: $0) }
            .score(cases, listing: misses, showsValues: showValues) { progress.reach($0) }
        progress.end()
        score.profiles = rules.profileNames
        if !traffic.isEmpty {
            let progress = Progress(traffic.count, "clean bodies")
            try await score.setClean(traffic, set) { progress.reach($0) }
            progress.end()
        }
        if cost || earlier?.rules.contains(where: { $0.cost != nil }) == true {
            let progress = Progress(set.rules.count, "rules")
            score.setCosts(try await CostMeter(set).steady { progress.reach($0) })
            progress.end()
        }
        if let earlier {
            do { score.regressions = try score.regressions(since: earlier, tolerance: tolerance) } catch {
                throw CommandError("\(baseline ?? "") is no baseline for this: \(error)", hint: "make it anew:  sluice corpus score … --json > \(baseline ?? "")")
            }
        }
        if let html {
            do { try Data(ScoreReport.html(score, title: "Corpus score").utf8).write(to: URL(filePath: html)) } catch {
                throw CommandError("\(html) cannot be written", hint: "name a file in a folder that exists")
            }
        }
        try writeAll(json ? encodedLine(score) : Array(ScoreTable(score, others: others, isFull: full).text.utf8))
        if let worse = score.regressions, !worse.isEmpty {
            if json { FileHandle.standardError.write(Data(ScoreTable.lines(of: worse).utf8)) }
            throw ExitCode(ExitStatus.findings)
        }
    }

    private static func read(_ path: String) throws -> Score {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw CommandError("\(path) cannot be read", hint: "make it:  sluice corpus score … --json > \(path)")
        }
        do { return try JSONDecoder().decode(Score.self, from: data) } catch {
            throw CommandError("\(path) is no score", hint: "make it:  sluice corpus score … --json > \(path)")
        }
    }
}
