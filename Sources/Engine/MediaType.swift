// What a content type says about how a body, or a part of one, is read.
//
// Sources: RFC 9110 §8.3.1 (syntax), RFC 2046 §5.1.1 (boundary), the media types registry of IANA.

/// A `Content-Type`, as far as it matters here.
public struct MediaType: Sendable, Equatable {
    /// `type/subtype` in small letters.
    public let essence: String
    /// In small letters.
    private let charset: String?
    /// What separates the parts of a `multipart` body; nil where it is missing or cannot be one.
    public let boundary: [UInt8]?

    public enum Content: Sendable, Equatable {
        /// Text of this format.
        case text(Format)
        /// Nothing that is known here.
        case untyped
        /// No text.
        case binary
        /// In characters that are not their ASCII bytes: to scan them as they are would find nothing.
        case foreignCharacters
    }

    public init(_ field: some StringProtocol) {
        var parameters = Self.split(field)
        essence = parameters.removeFirst().lowercased()
        var charset: String?
        var boundary: [UInt8]?
        for parameter in parameters {
            let pair = parameter.split(separator: "=", maxSplits: 1)
            guard pair.count == 2 else { continue }
            var value = Self.trimmed(pair[1])
            if value.hasPrefix("\""), value.hasSuffix("\""), value.utf8.count > 1 { value = String(value.dropFirst().dropLast()).replacing("\\", with: "") }
            switch Self.trimmed(pair[0]).lowercased() {
            case "charset": charset = charset ?? value.lowercased()
            case "boundary" where boundary == nil && Self.isBoundary(value.utf8): boundary = Array(value.utf8)
            default: break
            }
        }
        self.charset = charset
        self.boundary = boundary
    }

    public var content: Content {
        if let charset, !Self.asciiCharsets.contains(charset) { return .foreignCharacters }
        if let format { return .text(format) }
        let kind = essence.prefix { $0 != "/" }
        return ["image", "audio", "video", "font", "model"].contains(kind) || Self.binaryTypes.contains(essence) ? .binary : .untyped
    }

    private var format: Format? {
        if essence == "text/event-stream" { return .sse }
        if essence == "application/vnd.amazon.eventstream" { return .eventstream }
        if Self.lineTypes.contains(essence) { return .ndjson }
        if Self.jsonTypes.contains(essence) || essence.hasSuffix("+json") { return .json }
        if essence == "application/x-www-form-urlencoded" { return .form }
        if essence.hasPrefix("multipart/") { return .multipart }
        if Self.tableTypes.contains(essence) { return .csv }
        if Self.markupTypes.contains(essence) || essence.hasSuffix("+xml") { return .markup }
        return essence.hasPrefix("text/") || Self.textTypes.contains(essence) || essence.hasSuffix("+yaml") ? .text : nil
    }

    /// Whether these are one to seventy characters that a boundary may have, no space at the end (RFC 2046 §5.1.1).
    static func isBoundary(_ bytes: some Collection<UInt8>) -> Bool {
        (1...70).contains(bytes.count) && bytes.allSatisfy(isBoundaryCharacter) && !Array(bytes).reversed().prefix(1).contains(0x20)
    }

    private static func isBoundaryCharacter(_ byte: UInt8) -> Bool {
        (ByteSet.word.contains(byte) && byte < 0x80) || "'()+,-./:=? ".utf8.contains(byte)
    }

    /// The type and its parameters; a semicolon in quotes separates nothing.
    private static func split(_ field: some StringProtocol) -> [String] {
        var parts = [""]
        var isQuoted = false
        for character in field {
            if character == "\"" { isQuoted.toggle() }
            if character == ";", !isQuoted { parts.append("") } else { parts[parts.count - 1].append(character) }
        }
        return parts.map(trimmed)
    }

    private static func trimmed(_ text: some StringProtocol) -> String {
        String(text.drop { $0 == " " || $0 == "\t" }.reversed().drop { $0 == " " || $0 == "\t" }.reversed())
    }

    /// Types that say that their bytes are no text. One that is not known here is looked at.
    private static let binaryTypes: Set<String> = [
        "application/octet-stream", "application/pdf", "application/zip", "application/gzip", "application/x-tar", "application/wasm",
        "application/x-protobuf", "application/protobuf", "application/grpc", "application/msgpack", "application/cbor",
    ]
    private static let jsonTypes: Set<String> = ["application/json", "text/json"]
    /// JSON documents, one a line: of a model's answer, it may be (`application/stream+json` is Cohere's).
    private static let lineTypes: Set<String> = [
        "application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines", "application/stream+json",
    ]
    private static let markupTypes: Set<String> = ["text/html", "text/xml", "application/xml"]
    /// The first record tells the delimiter.
    private static let tableTypes: Set<String> = ["text/csv", "text/tab-separated-values", "application/csv"]
    private static let textTypes: Set<String> = [
        "application/javascript", "application/ecmascript", "application/yaml",
        "application/x-yaml", "application/toml", "application/sql", "application/graphql", "application/json-seq",
        "application/x-sh", "message/http",
    ]
    /// Character sets in which ASCII characters are their ASCII bytes, so that the rules see them.
    private static let asciiCharsets: Set<String> = [
        "utf-8", "utf8", "us-ascii", "ascii", "iso-8859-1", "latin1", "iso-8859-15", "windows-1252",
    ]
}
