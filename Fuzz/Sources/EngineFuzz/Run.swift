// One body through the engine, in chunks, and all that can be compared of it.

import Engine

/// What came out of one masker.
struct Run {
    var output: [UInt8] = []
    /// In order of start, end, rule.
    var findings: [Finding] = []
    var blocked: Finding?
    /// Nothing where a block ended the body: how much was read then depends on the chunks.
    var brokenJSONAt: Int?
    var masked: [String: Int] = [:]
    var reported: [String: Int] = [:]

    /// - Throws: what the engine threw, or the first broken promise about a single step.
    init(_ rules: RuleSet, _ format: Format, _ body: [UInt8], chunks: [Range<Int>], placement: Placement) throws {
        var masker = Masker(rules, format: format)
        for range in chunks {
            try placement.with(body[range]) { chunk in
                let masked = try masker.feed(chunk)
                try Self.check(masked, chunk: chunk.count)
                masked.append(to: &output, chunk: chunk)
                findings += masked.findings
            }
            let statistics = masker.statistics
            if statistics.held < 0 || statistics.held > statistics.bytesIn {
                throw Failure("\(statistics.held) bytes are said to be held of \(statistics.bytesIn) that came in")
            }
        }
        let rest = try masker.finish()
        try Self.check(rest, chunk: 0)
        rest.append(to: &output, chunk: UnsafeRawBufferPointer(start: nil, count: 0))
        findings += rest.findings
        findings.sort {
            ($0.range.lowerBound, $0.range.upperBound, $0.rule) < ($1.range.lowerBound, $1.range.upperBound, $1.rule)
        }
        blocked = masker.blocked
        let statistics = masker.statistics
        brokenJSONAt = blocked == nil ? statistics.brokenJSONAt : nil
        (masked, reported) = (statistics.masked, statistics.reported)
        if statistics.bytesOut != output.count { throw Failure("bytesOut is \(statistics.bytesOut), and \(output.count) bytes came out") }
        if blocked == nil, statistics.bytesIn != body.count { throw Failure("bytesIn is \(statistics.bytesIn), and \(body.count) bytes went in") }
        for finding in findings where finding.range.lowerBound < 0 || finding.range.upperBound > body.count {
            throw Failure("finding \(finding.rule) at \(finding.range) of a body of \(body.count) bytes")
        }
    }

    /// `passed` pieces lie in the chunk, do not overlap and are in order.
    private static func check(_ masked: MaskedBytes, chunk count: Int) throws {
        var end = 0
        for case .passed(let range) in masked.pieces {
            if range.lowerBound < end || range.upperBound > count {
                throw Failure("piece .passed(\(range)) of a chunk of \(count) bytes, after one that ends at \(end)")
            }
            end = range.upperBound
        }
    }
}

/// A promise of the engine that an input showed to be broken.
public struct Failure: Error, CustomStringConvertible {
    public let description: String

    init(_ description: String) { self.description = description }
}
