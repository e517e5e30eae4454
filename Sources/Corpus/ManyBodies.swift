// Many whole bodies through one rule set, on all cores.

import Engine
import Foundation

/// Calls `work` for each item on all cores and gives the results in the items' order.
func inParallel<Item: Sendable, Result: Sendable>(
    _ items: [Item], progress: @Sendable @escaping (Int) -> Void = { _ in }, _ work: @Sendable @escaping (Item) throws -> Result
) async throws -> [Result] {
    // Small enough that no core waits long for another at the end.
    let size = max(min(64, items.count / (4 * ProcessInfo.processInfo.activeProcessorCount)), 1)
    return try await withThrowingTaskGroup(of: (Int, [Result]).self) { group in
        for start in stride(from: 0, to: items.count, by: size) {
            let part = items[start..<min(start + size, items.count)]
            group.addTask { (start, try part.map(work)) }
        }
        var parts: [(Int, [Result])] = []
        var done = 0
        for try await part in group {
            parts.append(part)
            done += part.1.count
            progress(done)
        }
        return parts.sorted { $0.0 < $1.0 }.flatMap(\.1)
    }
}

extension RuleSet {
    /// What is found in a whole body, in order of start.
    ///
    /// - Throws: ``MaskError``.
    func findings(in body: [UInt8], as format: Format) throws -> [Finding] {
        var masker = Masker(self, format: format)
        var findings = try body.withUnsafeBytes { try masker.feed($0).findings }
        findings += try masker.finish().findings
        return findings.sorted { ($0.range.lowerBound, $0.range.upperBound, $0.rule) < ($1.range.lowerBound, $1.range.upperBound, $1.rule) }
    }

    /// What becomes of one whole body.
    func masked(_ body: [UInt8], as format: Format) throws -> [UInt8] {
        var masker = Masker(self, format: format)
        var output: [UInt8] = []
        try body.withUnsafeBytes { try masker.feed($0).append(to: &output, chunk: $0) }
        try masker.finish().append(to: &output, chunk: UnsafeRawBufferPointer(start: nil, count: 0))
        return output
    }
}
