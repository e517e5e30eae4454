// `sluice corpus explain --text`: what every rule did on a text, as lines for a terminal.

import ArgumentParser
import Corpus
import Engine
import Foundation

extension CorpusExplainCommand {
    /// Lines of one outcome that are shown.
    private static let most = 40
    /// Characters of a keyword that make an unfinished match worth showing.
    private static let leastKeyword = 3

    static func read(_ path: String) throws -> [UInt8] {
        let source = try ByteSource(path: path)
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 256 << 10)
        while true {
            let count = try buffer.withUnsafeMutableBytes { try source.read(into: $0) }
            if count == 0 { return bytes }
            bytes += buffer[..<count]
        }
    }

    /// Prints what the rules did on `body`.
    func explain(_ body: [UInt8], _ corpus: Corpus) throws {
        var chosen = try corpus.rules(profiles: rules.profileNames)
        if let rule, !chosen.contains(where: { $0.id == rule }) { chosen.append(try corpus.entry(rule).rule) }
        let set = try corpus.compile(Scorer.maskingOnly(chosen), cache: rules.cache)
        var explanation = try Explanation(
            body, as: format.format(of: body), rules: set, original: chosen, range: range.map { $0.range.clamped(to: 0..<body.count) }, only: rule.map { [$0] })
        explanation.lines.removeAll { $0.outcome == .began && (rule == nil ? $0.literal < Self.leastKeyword : $0.end - $0.start < 2) }
        if rule == nil { Self.leaveOutMisses(of: &explanation.lines) }
        try writeAll(json ? encodedLine(explanation) : Array(lines(explanation, bytes: body.count, rules: set.rules.count).utf8))
    }

    /// Where something was found, nobody asks why other rules found nothing.
    private static func leaveOutMisses(of lines: inout [Explanation.Line]) {
        let found = lines.filter { [.masked, .blocked, .reported].contains($0.outcome) }.map { $0.start..<$0.end }
        lines.removeAll { line in
            [.began, .checkFailed, .contextMissing].contains(line.outcome) && found.contains { $0.overlaps(line.start..<line.end) }
        }
    }

    private func lines(_ explanation: Explanation, bytes: Int, rules: Int) -> String {
        var shown: [Explanation.Outcome: Int] = [:]
        var text = ""
        for line in explanation.lines {
            shown[line.outcome, default: 0] += 1
            if rule == nil, shown[line.outcome, default: 0] > Self.most { continue }
            text += "bytes \(line.start)..<\(line.end)  \(line.rule) (\(line.entity))\n    \(Self.described(line))\n"
        }
        for (outcome, count) in shown.sorted(by: { $0.key.rawValue < $1.key.rawValue }) where rule == nil && count > Self.most {
            text += "… and \(count - Self.most) more of the kind \"\(outcome.rawValue)\": name a rule, or a --range\n"
        }
        if explanation.lines.isEmpty { text += "no rule got anywhere\n" }
        return text + "\(bytes) bytes, \(rules) rules; byte by byte at most \(explanation.mostHeld) bytes were held\n"
    }

    private static func described(_ line: Explanation.Line) -> String {
        let reason = line.reason ?? ""
        switch line.outcome {
        case .began: return "began: \(reason)"
        case .checkFailed: return "the pattern matches, but not the check: \(reason)"
        case .contextMissing: return "pattern and checks hold, but not the context: \(reason)"
        case .covered: return "matches; its place is taken \(reason)"
        case .apart: return "matches as the bytes lie, but the body is not read as one text: see --format"
        case .masked, .blocked, .reported:
            let held = line.decidedAfter.map { $0 == 0 ? "decided with its last byte" : "decided \($0) \($0 == 1 ? "byte" : "bytes") behind its end" } ?? "decided at the end of the body"
            return "\(line.outcome.rawValue); \(held)"
        }
    }
}

/// Bytes of a body, as `a-b` or `a..<b`.
struct ByteRange: ExpressibleByArgument {
    var range: Range<Int>

    init?(argument: String) {
        let parts = argument.replacing("..<", with: "-").split(separator: "-").compactMap { Int($0) }
        guard parts.count == 2, parts[0] >= 0, parts[0] < parts[1] else { return nil }
        range = parts[0]..<parts[1]
    }
}
