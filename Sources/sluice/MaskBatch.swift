// `sluice mask --batch`: many small bodies, one JSON object a line each way.

import ArgumentParser
import Engine
import Foundation

struct MaskBatch {
    let rules: RuleSet
    /// For lines that name no format.
    let format: FormatChoice

    /// One line of the input.
    private struct Case: JSONLineCase {
        static let form = "an object with \"text\" or \"text_b64\" as a string and \"chunk\" as a whole number"
        var id: CaseID?
        var text: String?
        var text_b64: String?
        var format: String?
        var chunk: Int?
    }

    /// - Throws: exit status 2 after the last line, if a line could not be read.
    func run(_ source: consuming ByteSource) throws { try JSONLineAnswers.write(source, answer) }

    private func answer(_ one: Case) throws -> [UInt8] {
        let body: [UInt8]
        switch (one.text, one.text_b64) {
        case (let text?, nil):
            body = Array(text.utf8)
        case (nil, let text?):
            guard let data = Data(base64Encoded: text) else { throw CommandError("\"text_b64\" is not base64") }
            body = Array(data)
        default:
            throw CommandError("one of \"text\" and \"text_b64\" is needed")
        }
        var choice = format
        if let name = one.format {
            guard let named = FormatChoice(name: name) else {
                throw CommandError("there is no format \"\(name)\"; there are \(FormatChoice.names.joined(separator: ", "))")
            }
            choice = named
        }
        if let chunk = one.chunk, chunk < 1 { throw CommandError("\"chunk\" must be at least 1") }

        var stream = MaskStream(rules, format: choice)
        var masked: [UInt8] = []
        var findings: [Finding] = []
        func release(_ step: MaskedBytes, _ chunk: UnsafeRawBufferPointer) {
            step.append(to: &masked, chunk: chunk)
            findings += step.findings
        }
        try body.withUnsafeBytes { bytes in
            var at = 0
            while at < bytes.count, stream.blocked == nil {
                let end = min(bytes.count, at + (one.chunk ?? bytes.count))
                try stream.feed(UnsafeRawBufferPointer(rebasing: bytes[at..<end]), release)
                at = end
            }
        }
        if stream.blocked == nil { try stream.finish(release) }
        return Self.line(one.id, masked, findings, stream.blocked)
    }

    private static func line(_ id: CaseID?, _ masked: [UInt8], _ findings: [Finding], _ blocked: Finding?) -> [UInt8] {
        var json = JSONText()
        json.raw("{\"id\":")
        CaseID.write(id, to: &json)
        if String(validating: masked, as: UTF8.self) != nil {
            json.raw(",\"masked\":")
            masked.withUnsafeBytes { json.string(utf8: $0) }
        } else {
            json.raw(",\"masked_b64\":")
            json.string(Data(masked).base64EncodedString())
        }
        json.raw(",\"spans\":[")
        for (index, finding) in findings.filter({ $0.action == .masked }).enumerated() {
            json.raw(index == 0 ? "[" : ",[")
            json.number(finding.range.lowerBound)
            json.raw(",")
            json.number(finding.range.upperBound)
            json.raw(",")
            json.string(finding.rule)
            json.raw(",")
            json.string(finding.entity)
            json.raw("]")
        }
        json.raw("],\"blocked\":")
        if let blocked { json.string(blocked.rule) } else { json.raw("null") }
        json.raw("}\n")
        return json.bytes
    }
}
