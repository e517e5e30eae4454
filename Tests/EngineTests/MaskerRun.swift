// Runs the engine over a body that arrives in chunks and collects everything that can be compared.

import Engine
import Testing

/// How a body is cut. Cuts are offsets, ascending, each between two chunks.
struct Cuts: CustomStringConvertible {
    var offsets: [Int]

    static let whole = Cuts(offsets: [])

    static func every(_ size: Int, of count: Int) -> Cuts { Cuts(offsets: Array(stride(from: size, to: count, by: size))) }

    static func random(of count: Int, using generator: inout SeededGenerator) -> Cuts {
        guard count > 0 else { return .whole }
        let pieces = generator.within(1...6)
        return Cuts(offsets: (0..<pieces).map { _ in generator.within(0...count) }.sorted())
    }

    var description: String { "cuts at \(offsets)" }

    func ranges(of count: Int) -> [Range<Int>] {
        let edges = [0] + offsets + [count]
        return zip(edges, edges.dropFirst()).map { $0..<$1 }
    }
}

struct MaskerRun {
    let result: MaskResult
    /// Held bytes after each chunk.
    private(set) var held: [Int] = []
    let statistics: MaskStatistics

    init(
        _ rules: RuleSet, _ format: Format, _ body: [UInt8], _ cuts: Cuts = .whole, boundary: String? = nil, unscannable: UnscannablePart = .text
    ) throws {
        var masker = Masker(rules, format: format, boundary: boundary.map { Array($0.utf8) }, unscannable: unscannable)
        var result = MaskResult()
        for range in cuts.ranges(of: body.count) {
            // A buffer of its own, so that the engine cannot look at what comes next.
            try Array(body[range]).withUnsafeBytes { result.collect(try masker.feed($0), $0) }
            held.append(masker.statistics.held)
        }
        result.collect(try masker.finish(), UnsafeRawBufferPointer(start: nil, count: 0))
        result.findings.sort()
        result.brokenJSONAt = masker.statistics.brokenJSONAt
        if let blocked = masker.blocked { result.blocked = .init(rule: blocked.rule, range: blocked.range, outcome: blocked.action) }
        self.result = result
        statistics = masker.statistics
    }
}

extension MaskResult {
    fileprivate mutating func collect(_ masked: MaskedBytes, _ chunk: UnsafeRawBufferPointer) {
        for case .passed(let passed) in masked.pieces where passed.lowerBound < 0 || passed.upperBound > chunk.count {
            Issue.record("piece \(passed) is outside of the chunk's \(chunk.count) bytes")
        }
        masked.append(to: &output, chunk: chunk)
        findings += masked.findings.map { .init(rule: $0.rule, range: $0.range, outcome: $0.action) }
    }
}

/// A body for a failure message: as text where it is UTF-8, as hex otherwise, and in full only where it is short.
func shown(_ bytes: some Collection<UInt8>) -> String {
    let array = Array(bytes)
    if array.count > 600 { return "\(array.count) bytes, from \(shown(array.prefix(80))) to \(shown(array.suffix(80)))" }
    if let text = String(validating: array, as: UTF8.self) { return text.debugDescription }
    return array.map { byte in
        (0x20..<0x7F).contains(byte) ? String(Unicode.Scalar(byte)) : "\\x" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
    }.joined()
}

func shown(_ rules: [Rule]) -> String {
    rules.map { rule in
        let context = rule.context.map { " context \($0.words) \($0.within)" } ?? ""
        return "  \(rule.id): /\(rule.pattern)/ \(rule.action) priority \(rule.priority) checks \(rule.checks)\(context)"
    }.joined(separator: "\n")
}

/// What differs between two results, for a failure message; nil where nothing does.
func difference(_ got: MaskResult, _ expected: MaskResult) -> String? {
    var lines: [String] = []
    if got.output != expected.output { lines += ["  got      \(shown(got.output))", "  expected \(shown(expected.output))"] }
    if got.findings != expected.findings {
        let (new, missing) = (got.findings.filter { !expected.findings.contains($0) }, expected.findings.filter { !got.findings.contains($0) })
        lines.append(new == missing ? "  a finding more than once: \(got.findings)" : "  findings too many: \(new), missing: \(missing)")
    }
    if got.blocked != expected.blocked {
        lines.append("  got blocked \(got.blocked?.description ?? "-"), expected \(expected.blocked?.description ?? "-")")
    }
    if got.blocked == nil, got.brokenJSONAt != expected.brokenJSONAt {
        lines.append("  got broken at \(got.brokenJSONAt?.description ?? "-"), expected \(expected.brokenJSONAt?.description ?? "-")")
    }
    return lines.isEmpty ? nil : lines.joined(separator: "\n")
}
