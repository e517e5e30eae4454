// `sluice scan`: what would be masked or blocked in files, without a byte of it.

import ArgumentParser
import Corpus
import Engine
import Foundation

struct ScanCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scan",
        abstract: "List what is found in files, without showing it.",
        discussion: """
            Examples:
              sluice scan access.log export.json
              sluice scan --json dump.sql | wc -l
              sluice scan --sarif --profile secrets src/*.py > findings.sarif

            --json prints one object a line: file, start, end (bytes), line, column, rule, entity, action. What is read from standard
            input or a pipe has no line and column.

            Exit status: 0 nothing found, 1 findings, 2 wrong usage or configuration.
            """)

    @Argument(help: ArgumentHelp("Files to read; - for standard input.", valueName: "file"))
    var paths: [String]

    @OptionGroup var rules: RuleOptions

    @Option(help: ArgumentHelp("the formats of mask, or auto: what the first bytes are, else text.", valueName: "format"))
    var format: FormatChoice = .auto

    @Flag(help: "Print one JSON object for each finding.")
    var json = false

    @Flag(help: "Print a SARIF 2.1.0 log, which code hosts can show.")
    var sarif = false

    private static let readSize = 256 << 10

    func validate() throws {
        if json, sarif { throw ValidationError("choose one of --json and --sarif") }
    }

    func run() throws {
        let corpus = try Corpus.open(rules.corpus)
        let chosen = try corpus.rules(profiles: rules.profileNames)
        // A block would end the scan at the first one, so here it only masks.
        let masking = chosen.map { rule in
            var rule = rule
            if rule.action == .block { rule.action = .redact(label: nil) }
            return rule
        }
        let ruleSet = try corpus.compile(masking, cache: rules.cache)
        let actions = Dictionary(uniqueKeysWithValues: chosen.map { ($0.id, $0.action) })
        var log = SARIFLog(entries: corpus.entries)
        var any = false
        for path in paths {
            let findings = try scan(path, ruleSet)
            guard !findings.isEmpty else { continue }
            any = true
            let places = try LineIndex.places(of: findings.map(\.range.lowerBound), in: path)
            for (finding, place) in zip(findings, places) {
                let detected = Detection(file: path, finding: finding, place: place, action: actions[finding.rule] ?? .report)
                if sarif { log.add(detected) } else { try writeAll(json ? detected.json : detected.text) }
            }
        }
        if sarif { try writeAll(log.encoded()) }
        if any { throw ExitCode(ExitStatus.findings) }
    }

    /// Findings in order of start.
    private func scan(_ path: String, _ rules: RuleSet) throws -> [Finding] {
        let source = try ByteSource(path: path)
        var stream = MaskStream(rules, format: format)
        var findings: [Finding] = []
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.readSize, alignment: 64)
        defer { buffer.deallocate() }
        while true {
            let count = try source.read(into: buffer)
            if count == 0 { break }
            try stream.feed(UnsafeRawBufferPointer(rebasing: buffer[..<count])) { step, _ in findings += step.findings }
        }
        try stream.finish { step, _ in findings += step.findings }
        return findings.sorted { ($0.range.lowerBound, $0.range.upperBound, $0.rule) < ($1.range.lowerBound, $1.range.upperBound, $1.rule) }
    }
}

/// A finding in a file.
struct Detection {
    var file: String
    var finding: Finding
    /// Line and column from 1, columns in Unicode scalars; nil where the input cannot be read twice.
    var place: (line: Int, column: Int)?
    /// What the rule would do to a stream.
    var action: Rule.Action

    var actionName: String {
        switch action {
        case .redact: "redact"
        case .mask: "mask"
        case .hash: "hash"
        case .token: "token"
        case .remove: "remove"
        case .block: "block"
        case .report: "report"
        }
    }

    var text: [UInt8] {
        let at = place.map { "\($0.line):\($0.column)" } ?? "byte \(finding.range.lowerBound)"
        return Array("\(file):\(at): \(finding.entity) (\(finding.rule), \(finding.range.count) bytes, \(actionName))\n".utf8)
    }

    var json: [UInt8] {
        var json = JSONText()
        json.raw("{\"file\":")
        json.string(file)
        json.raw(",\"start\":")
        json.number(finding.range.lowerBound)
        json.raw(",\"end\":")
        json.number(finding.range.upperBound)
        if let place {
            json.raw(",\"line\":")
            json.number(place.line)
            json.raw(",\"column\":")
            json.number(place.column)
        }
        json.raw(",\"rule\":")
        json.string(finding.rule)
        json.raw(",\"entity\":")
        json.string(finding.entity)
        json.raw(",\"action\":")
        json.string(actionName)
        json.raw("}\n")
        return json.bytes
    }
}

/// Lines and columns of byte offsets, found by reading a file a second time: memory does not grow with its lines.
enum LineIndex {
    /// - Parameter offsets: ascending byte offsets.
    /// - Returns: one place for each, all nil where `path` is no regular file.
    static func places(of offsets: [Int], in path: String) throws -> [(line: Int, column: Int)?] {
        var status = stat()
        guard path != "-", stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return offsets.map { _ in nil } }
        let source = try ByteSource(path: path)
        var places: [(line: Int, column: Int)?] = []
        var line = 1
        var column = 1
        var base = 0
        var buffer = [UInt8](repeating: 0, count: 256 << 10)
        while places.count < offsets.count {
            let count = try buffer.withUnsafeMutableBytes { try source.read(into: $0) }
            if count == 0 { break }
            for at in 0..<count {
                while places.count < offsets.count, offsets[places.count] == base + at { places.append((line, column)) }
                if buffer[at] == UInt8(ascii: "\n") {
                    line += 1
                    column = 1
                } else if buffer[at] & 0xc0 != 0x80 {
                    column += 1
                }
            }
            base += count
        }
        while places.count < offsets.count { places.append(nil) }
        return places
    }
}
