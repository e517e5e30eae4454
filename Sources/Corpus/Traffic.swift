// Traffic without labels, and what rules find in it where nothing should be found.

import Cryptography
import Engine

/// A body of traffic.
public struct TrafficBody: Sendable {
    /// The file it comes from.
    public var file: String
    /// The line of the file that holds it, from 1; nil where it is the whole file.
    public var line: Int?
    public var bytes: [UInt8]
    public var format: Format

    public init(file: String, line: Int? = nil, bytes: [UInt8], format: Format) {
        self.file = file
        self.line = line
        self.bytes = bytes
        self.format = format
    }
}

extension Score {
    /// Takes up what the rules find in clean bodies.
    ///
    /// - Parameter progress: called with the number of bodies done, from any thread.
    /// - Throws: ``MaskError``.
    public mutating func setClean(_ bodies: [TrafficBody], _ rules: RuleSet, progress: @Sendable @escaping (Int) -> Void = { _ in }) async throws {
        let found = try await inParallel(bodies, progress: progress) { try rules.findings(in: $0.bytes, as: $0.format) }
        var row = CleanRow()
        row.bodies = bodies.count
        row.hash = hexadecimal(SHA256.digest(of: bodies.flatMap { Array("\($0.format.rawValue) \($0.bytes.count) ".utf8) + $0.bytes }))
        var files: [String: Int] = [:]
        var findingsOf: [String: (count: Int, masked: Int)] = [:]
        for (body, findings) in zip(bodies, found) {
            let file = files[body.file] ?? row.files.count
            if file == row.files.count {
                files[body.file] = file
                row.files.append(CleanRow.File(name: body.file))
            }
            row.files[file].findings.bytes += body.bytes.count
            row.files[file].masked.of += body.bytes.count
            for finding in findings {
                let masked = finding.action == .masked ? finding.range.count : 0
                row.files[file].findings.count += 1
                row.files[file].masked.count += masked
                let known = findingsOf[finding.rule] ?? (0, 0)
                findingsOf[finding.rule] = (known.count + 1, known.masked + masked)
            }
        }
        row.findings = ByteRate(row.files.reduce(0) { $0 + $1.findings.count }, bytes: row.files.reduce(0) { $0 + $1.findings.bytes })
        row.masked = row.files.reduce(into: Proportion()) { $0 += $1.masked }
        clean = row
        for index in self.rules.indices {
            let own = findingsOf[self.rules[index].rule] ?? (0, 0)
            self.rules[index].clean = ByteRate(own.count, bytes: row.findings.bytes)
            self.rules[index].cleanMaskedBytes = own.masked
        }
    }
}
