// One run of the benchmark, from definitions to a record.

import Corpus
import Engine
import Foundation

final class Bench {
    /// A point of a workload with what came out of it.
    struct Checked {
        var point: Workload.Point
        var answer: Workload.Answer
        /// Bytes held at random cuts.
        var held: [Int]
    }

    /// The rules of a point, compiled in every way that is measured.
    private struct Rules {
        var rules: [Rule]
        var set: RuleSet
        var compileSeconds: Double
    }

    private struct RulesKey: Hashable {
        var profiles: [String]
        var fields: [FieldPath]
        var count: Int?

        init(_ point: Workload.Point) { (profiles, fields, count) = (point.workload.profiles, point.workload.fields, point.ruleCount) }
    }

    let points: [Workload.Point]
    private let payloads: URL
    private let corpusDirectory: String
    private let corpus: Corpus
    /// The same, with a judge of commands for those rules that need one.
    private let masking: MaskingRules
    private let isQuick: Bool
    private let patience: Patience
    private let runsGauntlet: Bool
    /// Whose rules run it; nil: all of the corpus.
    private let gauntletProfile: String?
    private var missing: [String] = []
    private var ruleSets: [RulesKey: Rules] = [:]
    private var bodies: [BodySource: Body] = [:]

    /// - Parameters:
    ///   - only: names of the workloads to run; empty for all.
    ///   - isQuick: leaves the inner points of sweeps out, and of chunk sizes where there are more than four.
    ///   - gauntlet: whether the gauntlet of every rule is run too.
    init(definitions: [Workload], only: [String], payloads: URL, corpus: String, isQuick: Bool, gauntlet: Bool, gauntletProfile: String? = nil, patience: Patience) throws {
        runsGauntlet = gauntlet
        self.gauntletProfile = gauntletProfile
        (self.payloads, corpusDirectory, self.isQuick, self.patience) = (payloads, corpus, isQuick, patience)
        self.corpus = try Corpus(directory: corpus)
        masking = try MaskingRules(corpus, cache: nil)
        for name in only where !definitions.contains(where: { $0.name == name }) {
            throw Failure("there is no workload \"\(name)\"", hint: "one of: " + definitions.map(\.name).joined(separator: ", "))
        }
        var chosen = definitions.filter { only.isEmpty || only.contains($0.name) }
        var missing: [String] = []
        let files = (try? FileManager.default.contentsOfDirectory(atPath: payloads.path)) ?? []
        chosen.removeAll { workload in
            guard case .payload(let name) = workload.source, !files.contains(name) else { return false }
            missing.append("\(workload.name): there is no \(name) among the payloads")
            return true
        }
        let defined = definitions.compactMap { if case .payload(let name) = $0.source { name } else { nil } }
        for name in files.sorted() where name.hasSuffix(".json") && !defined.contains(name) {
            missing.append("payload \(name): no workload takes it")
        }
        if isQuick {
            for index in chosen.indices {
                if let values = chosen[index].sweep?.values, values.count > 2 { chosen[index].sweep?.values = [values[0], values[values.count - 1]] }
                if chosen[index].chunks.count > 4 { chosen[index].chunks = [chosen[index].chunks[0], chosen[index].chunks[chosen[index].chunks.count - 1]] }
            }
        }
        points = chosen.flatMap(\.points)
        self.missing = missing
        for line in missing { tell("not measured: \(line)") }
        if !missing.isEmpty { tell("hint: name the folder of payloads with --payloads DIR or SLUICE_SHARED; define a workload for each file in it") }
    }

    // MARK: Answers

    /// Masks every point with each of its ways of cutting, and at random cuts.
    ///
    /// - Throws: ``Failure`` where the output depends on the cuts, and what the engine throws.
    func answers() throws -> [Checked] {
        try points.map { point in
            let rules = try self.rules(RulesKey(point))
            let body = try self.body(of: point)
            let scattered = try Run(body, rules.set, point.workload.format, .random(mean: 200)).outcome()
            for chunking in point.workload.chunks {
                let outcome = try Run(body, rules.set, point.workload.format, chunking).outcome()
                guard outcome.answer == scattered.answer else {
                    throw Failure(
                        "\(point.title), chunks of \(chunking): \(outcome.answer); at random cuts: \(scattered.answer)",
                        hint: "the output depends on the cuts, so the engine is wrong; run its tests before measuring it")
                }
            }
            tell("checked: \(point.title), \(body.count) bytes, \(scattered.answer.matches) matches")
            return Checked(point: point, answer: scattered.answer, held: scattered.held)
        }
    }

    /// What is not as expected, a line each.
    func wrong(_ answers: [Checked]) -> [String] {
        answers.compactMap { checked in
            let workload = checked.point.workload
            let expected = workload.expected[checked.point.answerKey]
            if expected == checked.answer { return nil }
            return "\(workload.location): \(checked.point.title): \(checked.answer), expected \(expected.map { "\($0)" } ?? "nothing yet")"
        }
    }

    /// The same for people who mean it.
    func changes(_ answers: [Checked]) -> [String] {
        var seen = Set<String>()
        return answers.compactMap { checked in
            let workload = checked.point.workload
            let old = workload.expected[checked.point.answerKey]
            if old == checked.answer { return nil }
            let line = "\(workload.name)\(checked.point.answerKey.map { " \($0)" } ?? ""): \(old.map { "\($0)" } ?? "nothing") → \(checked.answer)"
            return seen.insert(line).inserted ? line : nil
        }
    }

    /// New answers for a file, old ones where a point was not run.
    func expected(_ answers: [Checked], inFile file: String) -> [String: [Int?: Workload.Answer]] {
        var expected: [String: [Int?: Workload.Answer]] = [:]
        for checked in answers where checked.point.workload.location.file == file {
            expected[checked.point.workload.name, default: [:]].updateValue(checked.answer, forKey: checked.point.answerKey)
        }
        return expected
    }

    // MARK: Measuring

    func measure(_ answers: [Checked]) throws -> Record {
        var record = Record(
            date: ISO8601DateFormatter().string(from: Date()), machine: Machine(root: SluiceBench.root), corpusHash: try corpusHash(), patience: patience,
            isQuick: isQuick)
        record.missing = missing
        let begun = (time: now(), processor: processorTime())
        var measured: [RulesKey: Baselines] = [:]
        for checked in answers {
            let point = checked.point
            let key = RulesKey(point)
            let rules = try self.rules(key)
            let body = try self.body(of: point)
            if let streams = point.streams {
                let run = Run(body, rules.set, point.workload.format, point.workload.chunks[0])
                let state = try StreamState.measure(run, title: point.workload.name, streams: streams, rounds: patience.rounds)
                record.streams.append(state)
                tell("\(point.title): idle \(state.idle.map { "\($0)" } ?? "–"), at most \(state.most) bytes a stream")
                continue
            }
            if measured[key] == nil {
                let baselines = try Baselines(rules.rules)
                measured[key] = baselines
                record.ruleSets.append(
                    Record.RuleSetFacts(
                        profile: key.profiles.joined(separator: ", "), fields: key.fields.isEmpty ? nil : key.fields.map(\.description), point: key.count, rules: rules.rules.count, hash: rules.set.hash, compileSeconds: rules.compileSeconds,
                        oneDatabasePatterns: baselines.oneDatabase.patternCount, literalPatterns: baselines.literals?.patternCount ?? 0,
                        oneDatabaseCompileSeconds: baselines.oneDatabase.compileSeconds, leftOut: baselines.oneDatabase.leftOut))
            }
            guard let baselines = measured[key] else { continue }
            let beside = try point.workload.beside.map { profiles in
                var other = key
                other.profiles = profiles
                return try self.rules(other)
            }
            record.held.append(Record.Held(workload: point.workload.name, point: point.value, bytes: Histogram(checked.held)))
            for chunking in point.workload.chunks {
                let run = Run(body, rules.set, point.workload.format, chunking)
                let speed = try Contest.hold(run, beside: beside.map { Run(body, $0.set, point.workload.format, chunking) }, baselines, patience)
                let measurement = Record.Measurement(
                    workload: point.workload.name, point: point.value, chunk: "\(chunking)", rules: rules.rules.count, speed: speed,
                    delay: try Delays.measure(run, budget: Double(patience.roundMilliseconds) * 2e-3), allocations: try Allocations(run),
                    output: checked.answer.output)
                record.measurements.append(measurement)
                tell("\(measurement.title): \(shown(speed.engine)) GB/s, \(shown((speed.engine / speed.oneDatabase).median)) × one database\(speed.ofBeside.map { ", \(shown($0.median)) of the speed without" } ?? "")")
            }
        }
        if runsGauntlet {
            record.gauntlet = try gauntlet()
            record.gauntletProfile = gauntletProfile
        }
        record.processorShare = Double(processorTime() - begun.processor) / Double(max(now() - begun.time, 1))
        if record.processorShare < Record.quietShare { tell("warning: others used the machine; figures are low and far apart") }
        if let first = answers.first {
            record.startUp = try StartUp.measure(
                corpus: corpusDirectory, profile: Corpus.defaultProfile, body: try body(of: first.point),
                program: StartUp.upToDateProgram(root: SluiceBench.root), rounds: isQuick ? min(patience.rounds, 3) : patience.rounds)
            if record.startUp?.program == nil { record.missing.append("start of the program: no release build of sluice newer than its sources (make build)") }
        }
        record.bars = Bar.all(of: record)
        return record
    }

    private func gauntlet() throws -> [SlowestInput] {
        let rules = try gauntletProfile.map { try corpus.rules(profiles: [$0]) } ?? corpus.entries.map(\.rule)
        let typical = try Body(.generated(.vendorJSON, BodyShape(bytes: 1_000_000)), payloads: payloads)
        let run = GauntletRun(rules: rules, typical: typical, patience: patience, isQuick: isQuick)
        return try run.measure { done in if done % 20 == 0 || done == rules.count { tell("gauntlet: \(done) of \(rules.count) rules") } }
    }

    // MARK: What points share

    private func rules(_ key: RulesKey) throws -> Rules {
        if let known = ruleSets[key] { return known }
        var rules = try corpus.rules(profiles: key.profiles)
        if !key.fields.isEmpty { rules.append(Rule(id: "benchmark-fields", entity: "BENCHMARK_FIELD", fields: key.fields)) }
        if let count = key.count { rules = GeneratedRules.rules(count, from: rules) }
        let start = now()
        let set = try masking.compile(rules)
        let made = Rules(rules: rules, set: set, compileSeconds: Double(now() - start) * 1e-9)
        ruleSets[key] = made
        return made
    }

    private func body(of point: Workload.Point) throws -> Body {
        if let known = bodies[point.source] { return known }
        let made = try Body(point.source, payloads: payloads)
        bodies[point.source] = made
        return made
    }

    private func corpusHash() throws -> String {
        let folder = URL(filePath: corpusDirectory).resolvingSymlinksInPath()
        let paths = FileManager.default.enumerator(atPath: folder.path)?.compactMap { $0 as? String } ?? []
        var bytes: [UInt8] = []
        for path in paths.filter({ $0.hasSuffix(".yaml") }).sorted(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) }) {
            let data = try Data(contentsOf: folder.appending(path: path))
            bytes += Array("\(path.utf8.count):\(path)\(data.count):".utf8) + data
        }
        return sha256(bytes)
    }
}
