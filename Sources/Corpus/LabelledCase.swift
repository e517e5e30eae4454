// Labelled cases: texts of which somebody has said what must be found in them, read from JSON Lines.

import Engine
import Foundation

/// A text and what is known about it.
///
/// One line of a file of cases, or what it says of one domain. Kinds: `text` (a row of somebody's test table), `labelled` and `labelled-json` (all personal data is marked),
/// `validator` (one value for a checksum), `planted` (values put into a payload or a stream), and, without a kind, an example of a credential, which names the `rule` of its source.
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
    /// For a stream: what its events say together must not hold these values, which have no one place in it.
    public var streamed: Streamed?

    public struct Streamed: Sendable {
        public var format: Format
        public var values: [String]
        public var group: Group
    }

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

    /// The cases of one line: one, or of planted values one for each domain; none where the line is of another kind, as a command or a payload without labels.
    ///
    /// - Throws: ``Mistake`` where the line cannot be read.
    public static func cases(line: some Collection<UInt8>, decoder: JSONDecoder = JSONDecoder()) throws(Mistake) -> [LabelledCase] {
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
        guard record.isLabelled, let text = record.stream ?? record.text else { return [] }
        let body = try CaseText.bytes(of: text, encoding: record.enc)
        guard record.kind == "planted" else { return [try LabelledCase(record, body, record.kind == nil ? .secrets : .personalData)] }
        let planted = Set((record.planted?.map(\.category) ?? [record.category]).map { $0 == "pii" ? Domain.personalData : .secrets })
        var cases: [LabelledCase] = []
        for domain in Domain.allCases where planted.contains(domain) { cases.append(try LabelledCase(record, body, domain)) }
        return cases
    }

    private init(_ record: Record, _ body: [UInt8], _ domain: Domain) throws(Mistake) {
        self.body = body
        self.domain = domain
        id = record.id
        source = record.source
        entity = (record.kind == nil ? record.rule : record.entity) ?? record.what ?? ""
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
        case "planted":
            if let values = record.values {
                var texts: [String] = []
                for value in values { texts.append(String(decoding: try CaseText.bytes(of: value, encoding: record.enc), as: UTF8.self)) }
                streamed = Streamed(format: record.framing == "ndjson" ? .ndjson : .sse, values: texts, group: record.bare == true ? .bare : .inContext)
            }
            for one in record.planted ?? [] {
                for span in one.spans ?? [] {
                    guard span.count == 2 else { throw Mistake(description: "a span needs a start and an end") }
                    let range = try Self.range(span[0], span[1])
                    if (one.category == "pii") == (domain == .personalData) {
                        labels.append(Label(range: range, entity: one.what, group: one.bare == true ? .bare : .inContext))
                    } else {
                        passedOver.append(range)
                    }
                }
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
        var planted: [Plant]?
        var stream: String?
        var framing: String?
        var values: [String]?
        var category: String?
        var what: String?

        var isLabelled: Bool {
            switch kind {
            case "text", "validator", "labelled", "labelled-json": true
            case "planted": planted != nil || stream != nil && values != nil
            case nil: rule != nil && expect != nil
            default: false
            }
        }
    }

    /// A value in a payload; without spans where the place is not known.
    private struct Plant: Decodable {
        var category: String
        var what: String
        var spans: [[Int]]?
        var bare: Bool?
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
