// Holds the commands of a text or JSON body back until they are judged, before the body is masked.

/// What stands in front of the masker of one body.
struct CommandGate {
    private var reader: CommandReader
    private(set) var verdicts: CommandVerdicts
    /// Offset in the body of the next byte.
    private(set) var position = 0
    /// Findings whose bytes have not gone to the client.
    private var waiting: [Finding] = []

    /// Nil where commands are not read.
    init?(_ rules: RuleSet, _ reading: BodyReader.Reading) {
        guard let rule = rules.commands else { return nil }
        switch reading {
        case .text: reader = CommandReader(text: rule.judge)
        case .json: reader = CommandReader(document: rule.judge)
        case .markup, .form, .csv, .headerFields, .value: return nil
        }
        verdicts = CommandVerdicts(rule)
    }

    /// Takes the next chunk, or the end of the body.
    ///
    /// - Parameter chunk: nil at the end.
    /// - Returns: offset in the body up to which it may be masked; up to the command, if one ended the body.
    mutating func take(_ chunk: UnsafeRawBufferPointer?) -> Int {
        if let chunk {
            reader.take(chunk.bindMemory(to: UInt8.self), at: position, into: &verdicts)
            position += chunk.count
        } else {
            reader.finish(into: &verdicts)
        }
        verdicts.widenBlock(to: reader.heldFrom)
        waiting += verdicts.findings
        verdicts.findings = []
        return verdicts.blocked?.range.lowerBound ?? (chunk == nil ? position : reader.heldFrom ?? position)
    }

    /// The findings that lie before a place in the body, each once.
    mutating func findings(before end: Int) -> [Finding] {
        let listed = waiting.filter { $0.range.upperBound <= end }
        waiting.removeAll { $0.range.upperBound <= end }
        return listed
    }
}
