// Findings as a SARIF log (OASIS Static Analysis Results Interchange Format 2.1.0).

import Corpus
import Foundation

struct SARIFLog {
    private let entries: [String: Entry]
    private var results: [Result] = []

    /// - Parameter entries: where the descriptions of rules come from.
    init(entries: [Entry]) {
        self.entries = Dictionary(uniqueKeysWithValues: entries.map { ($0.rule.id, $0) })
    }

    mutating func add(_ detection: Detection) {
        let finding = detection.finding
        let region = Region(
            startLine: detection.place?.line, startColumn: detection.place?.column, byteOffset: finding.range.lowerBound, byteLength: finding.range.count)
        let artifact = Artifact(uri: detection.file.addingPercentEncoding(withAllowedCharacters: .urlPathAllowed) ?? detection.file)
        results.append(
            Result(
                ruleId: finding.rule, level: detection.action == .report ? "note" : "error",
                message: Message(text: "\(finding.entity) found by rule \(finding.rule)"),
                locations: [Place(physicalLocation: Physical(artifactLocation: artifact, region: region))]))
    }

    func encoded() throws -> [UInt8] {
        let rules = Set(results.map(\.ruleId)).sorted().map { id in
            let description = entries[id]?.description ?? ""
            return Descriptor(id: id, shortDescription: Message(text: description.isEmpty ? id : description))
        }
        let run = Run(tool: Tool(driver: Driver(name: "sluice", rules: rules)), columnKind: "unicodeCodePoints", results: results)
        let log = Log(schema: "https://json.schemastore.org/sarif-2.1.0.json", version: "2.1.0", runs: [run])
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return try Array(encoder.encode(log)) + [UInt8(ascii: "\n")]
    }

    // The names below are SARIF's own.
    private struct Log: Encodable {
        var schema: String
        var version: String
        var runs: [Run]
        enum CodingKeys: String, CodingKey { case schema = "$schema", version, runs }
    }
    private struct Run: Encodable {
        var tool: Tool
        var columnKind: String
        var results: [Result]
    }
    private struct Tool: Encodable { var driver: Driver }
    private struct Driver: Encodable {
        var name: String
        var rules: [Descriptor]
    }
    private struct Descriptor: Encodable {
        var id: String
        var shortDescription: Message
    }
    private struct Message: Encodable { var text: String }
    private struct Result: Encodable {
        var ruleId: String
        var level: String
        var message: Message
        var locations: [Place]
    }
    private struct Place: Encodable { var physicalLocation: Physical }
    private struct Physical: Encodable {
        var artifactLocation: Artifact
        var region: Region
    }
    private struct Artifact: Encodable { var uri: String }
    private struct Region: Encodable {
        var startLine: Int?
        var startColumn: Int?
        var byteOffset: Int
        var byteLength: Int
    }
}
