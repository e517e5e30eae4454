// Labelled cases: texts of which somebody has said what must be found in them, read from JSON Lines.

import Foundation

/// A text and what is known about it.
///
/// One line of a file of cases. Kinds: `text` (a row of somebody's test table), `labelled` and `labelled-json` (all personal data is marked),
/// `validator` (one value for a checksum), and, without a kind, an example of a credential, which names the `rule` of its source.
public struct LabelledCase: Sendable {
    public var id: String
    /// The project it comes from.
    public var source: String
    public var domain: Domain
    public var body: [UInt8]
    /// What must be hidden, in order of start.
    public var labels: [Label] = []
    /// Where names and places stand, which have no shape: neither missed nor over-masked. Byte offsets into the body.
    public var passedOver: [Range<Int>] = []
    /// Everything that may be masked is labelled or passed over.
    public var isExhaustive = false
    /// What the source calls it: an entity, or a credential's rule. Empty where each label has its own.
    public var entity = ""
    /// Something must be found, but the source does not say where.
    public var hasUnplacedValue = false
    /// The source says that no value of this entity stands here; other values may.
    public var isIgnored = false
    /// For a `validator`: whether the value is a good one.
    public var isValid: Bool?

    public enum Domain: String, Sendable, Codable, CaseIterable { case personalData, secrets }

    /// A value that must be hidden.
    public struct Label: Sendable {
        /// Half-open byte offsets into the body.
        public var range: Range<Int>
        public var entity: String
        public var group: Group
        /// The place is what the source's own pattern takes, which may be more than the secret.
        public var isLoose = false
    }

    /// How well supported a value is.
    public enum Group: String, Sendable, Codable, CaseIterable {
        /// Words around it, or a distinctive shape, say what it is.
        case inContext
        /// It stands alone.
        case bare
        /// Its own source gives it a low score.
        case weak
        /// The source does not say where it stands: found if anything is.
        case unplaced
    }

    /// Why a line is no case.
    public struct Mistake: Error, CustomStringConvertible {
        public var description: String

        public init(description: String) { self.description = description }
    }

    /// The case of one line; nil for a line of another kind, as a command or a payload without labels.
    ///
    /// - Throws: ``Mistake`` where the line cannot be read.
    public init?(line: some Collection<UInt8>, decoder: JSONDecoder = JSONDecoder()) throws(Mistake) {
        let record: Record
        do {
            record = try decoder.decode(Record.self, from: Data(line))
        } catch DecodingError.keyNotFound(let key, _) {
            throw Mistake(description: "\"\(key.stringValue)\" is missing")
        } catch DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context) {
            throw Mistake(description: "\"\(context.codingPath.first?.stringValue ?? "the line")\" has the wrong type")
        } catch {
            throw Mistake(description: "this is not a JSON object")
        }
        guard record.isLabelled, let text = record.text else { return nil }
        body = try CaseText.bytes(of: text, encoding: record.enc)
        id = record.id
        source = record.source
        domain = record.kind == nil ? .secrets : .personalData
        entity = (record.kind == nil ? record.rule : record.entity) ?? ""
        try label(record)
        labels.sort { ($0.range.lowerBound, $0.range.upperBound) < ($1.range.lowerBound, $1.range.upperBound) }
        for range in labels.map(\.range) + passedOver where range.upperBound > body.count {
            throw Mistake(description: "a label ends at byte \(range.upperBound), behind the text's \(body.count) bytes")
        }
    }

    private mutating func label(_ record: Record) throws(Mistake) {
        switch record.kind {
        case "validator":
            guard let valid = record.valid else { throw Mistake(description: "\"valid\" is missing") }
            isValid = valid
        case "labelled", "labelled-json":
            isExhaustive = record.exhaustive ?? false
            for mark in record.labels ?? [] {
                let range = try Self.range(mark.start, mark.end)
                if mark.scope == "ner" { passedOver.append(range) } else { labels.append(Label(range: range, entity: mark.entity, group: .inContext)) }
            }
        default:
            switch record.expect {
            case "ignore": isIgnored = true
            case "detect":
                let group: Group = record.strength == "weak" ? .weak : record.bare == true ? .bare : .inContext
                for span in record.spans ?? [] {
                    guard span.count == 2 else { throw Mistake(description: "a span needs a start and an end") }
                    labels.append(
                        Label(range: try Self.range(span[0], span[1]), entity: entity, group: group, isLoose: record.span_source == "pattern"))
                }
                hasUnplacedValue = labels.isEmpty
            default: throw Mistake(description: "\"expect\" must be \"detect\" or \"ignore\"")
            }
        }
    }

    private static func range(_ start: Int, _ end: Int) throws(Mistake) -> Range<Int> {
        guard start >= 0, start < end else { throw Mistake(description: "a label from byte \(start) to \(end) holds nothing") }
        return start..<end
    }

    /// The line as it stands.
    private struct Record: Decodable {
        var id: String
        var source: String
        var kind: String?
        var text: String?
        var enc: String?
        var entity: String?
        var rule: String?
        var expect: String?
        var strength: String?
        var bare: Bool?
        var spans: [[Int]]?
        var span_source: String?
        var labels: [Mark]?
        var exhaustive: Bool?
        var valid: Bool?

        var isLabelled: Bool {
            switch kind {
            case "text", "validator", "labelled", "labelled-json": true
            case nil: rule != nil && expect != nil
            default: false
            }
        }
    }

    /// `[start, end, entity, scope]`
    private struct Mark: Decodable {
        var start: Int
        var end: Int
        var entity: String
        var scope: String

        init(from decoder: any Decoder) throws {
            var list = try decoder.unkeyedContainer()
            start = try list.decode(Int.self)
            end = try list.decode(Int.self)
            entity = try list.decode(String.self)
            scope = try list.decode(String.self)
        }
    }
}

/// Texts in lines of cases.
public enum CaseText {
    /// The bytes that `text` stands for: its UTF-8, or with `encoding` `b64` what it says in base64.
    public static func bytes(of text: String, encoding: String?) throws(LabelledCase.Mistake) -> [UInt8] {
        switch encoding {
        case nil: return Array(text.utf8)
        case "b64":
            guard let data = Data(base64Encoded: text) else { throw LabelledCase.Mistake(description: "the text is not base64") }
            return [UInt8](data)
        case let other?: throw LabelledCase.Mistake(description: "there is no encoding \"\(other)\"; there is \"b64\"")
        }
    }
}
