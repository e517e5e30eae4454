// A dated record of one run, as JSON for programs and as Markdown for people. Nobody edits one.

import Foundation

struct Record: Codable {
    /// Of the JSON; records of another form cannot be compared.
    static let form = 2

    /// One workload, at one value of its sweep, in chunks of one kind.
    struct Measurement: Codable {
        var workload: String
        /// Value of the sweep.
        var point: Int?
        /// Bytes, or `event`.
        var chunk: String
        /// Rules in the set.
        var rules: Int
        var speed: Speed
        /// Nanoseconds of a single `feed`.
        var delay: Histogram
        var allocations: Allocations?
        var output: String

        var title: String { (point.map { "\(workload) \($0)" } ?? workload) + ", " + (chunk == "event" ? "an event a chunk" : chunk) }
    }

    /// Bytes held behind cuts at random places.
    struct Held: Codable {
        var workload: String
        var point: Int?
        var bytes: Histogram
    }

    /// The rules of one profile, or of one number of rules.
    struct RuleSetFacts: Codable {
        var profile: String
        /// Added to it; nil if none are.
        var fields: [String]?
        /// Of a sweep over the number of rules; nil for the profile as it is.
        var point: Int?
        var rules: Int
        var hash: String
        var compileSeconds: Double
        /// Patterns in the two databases of the baselines, what Hyperscan took to compile them, and rules that it cannot compile.
        var oneDatabasePatterns, literalPatterns: Int
        var oneDatabaseCompileSeconds: Double
        var leftOut: [String]
    }

    var form = Record.form
    /// ISO 8601, UTC.
    var date: String
    var machine: Machine
    /// SHA-256 over names and bytes of all files of the corpus.
    var corpusHash: String
    var patience: Patience
    /// Whether inner points of sweeps were left out.
    var isQuick: Bool
    var ruleSets: [RuleSetFacts] = []
    var measurements: [Measurement] = []
    var held: [Held] = []
    /// Each rule's slowest input, the slowest first; nil where the gauntlet was not run.
    var gauntlet: [SlowestInput]?
    /// Whose rules ran it; nil: all of the corpus.
    var gauntletProfile: String?
    var streams: [StreamState] = []
    var startUp: StartUp?
    /// Payload files that were not there, and other things that this record lacks.
    var missing: [String] = []
    /// Of the time that was measured, how much this program had a core: below 1 others used the machine.
    var processorShare = 1.0
    /// Below which the machine counts as busy.
    static let quietShare = 0.97
    var bars: [Bar] = []

    func measurement(_ workload: String, _ chunk: Int) -> Measurement? {
        measurements.first { $0.workload == workload && $0.point == nil && $0.chunk == "\(chunk)" }
    }

    /// Writes `DATE.json` and `DATE.md`; gives back the path without the ending.
    func write(to folder: URL) throws -> URL {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let place = folder.appending(path: date.replacing(":", with: ""))
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        try encoder.encode(self).write(to: place.appendingPathExtension("json"))
        try Data(markdown.utf8).write(to: place.appendingPathExtension("md"))
        return place
    }

    /// - Throws: ``UnreadableRecord``.
    init(reading path: String) throws {
        struct Form: Decodable { var form: Int? }
        guard let data = FileManager.default.contents(atPath: path) else {
            throw UnreadableRecord(description: "there is no record \(path)\nhint: name the .json file of a record, as in Benchmarks/record/")
        }
        guard (try? JSONDecoder().decode(Form.self, from: data))?.form == Record.form else {
            throw UnreadableRecord(description: "\(path) is no record of form \(Record.form)\nhint: measure that version again with this program")
        }
        do {
            self = try JSONDecoder().decode(Record.self, from: data)
        } catch {
            throw UnreadableRecord(description: "\(path) is damaged: \(error)\nhint: take it from version control again")
        }
    }

    init(date: String, machine: Machine, corpusHash: String, patience: Patience, isQuick: Bool) {
        (self.date, self.machine, self.corpusHash, self.patience, self.isQuick) = (date, machine, corpusHash, patience, isQuick)
    }
}

struct UnreadableRecord: Error, CustomStringConvertible {
    var description: String
}
