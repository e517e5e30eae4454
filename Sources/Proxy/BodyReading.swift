// How a body is to be read: the decision from its headers whether the engine can scan it, and as what.

import ContentCoding
import Engine
import NIOCore
import NIOHTTP1

/// What the headers of a message say about its body (RFC 9110 §8.3, §8.4).
struct BodyReading: Sendable, Equatable {
    /// Codings to undo before it can be read, in the order in which they were applied. Empty where they are not known.
    var codings: [ContentCoding]
    var content: Content

    enum Content: Sendable, Equatable {
        /// Text of this format, unless the first bytes say otherwise.
        case text(Format)
        /// No type, or one that says nothing.
        case untyped
        /// The engine does not know these bytes.
        case opaque(Opaque)
    }

    enum Opaque: Sendable {
        /// A content type that is no text.
        case type
        /// In codings that are not known, or too many, or in characters that are not their ASCII bytes: to scan them as they are would find nothing.
        case coding
    }

    /// What is done with a body.
    enum Treatment: Sendable, Equatable {
        /// Decoded, and scanned as this format, unless the first bytes say otherwise.
        case scan(Format)
        /// Decoded, and scanned where the first bytes are JSON or events; otherwise passed on unscanned, or refused.
        case look(orPass: Bool)
        /// Passed on as it came, unscanned.
        case pass
        case refuse(Opaque)
    }

    init(_ headers: HTTPHeaders) {
        let names = headers[canonicalForm: "content-encoding"].filter { !$0.isEmpty && $0.lowercased() != "identity" }
        codings = names.compactMap { ContentCoding(name: $0) }
        content = Self.content(headers)
        if codings.count < names.count || codings.count > ContentCoding.mostInOneBody {
            codings = []
            content = .opaque(.coding)
        }
    }

    /// - Parameter unknown: what the connection says about bodies that cannot be scanned.
    func treatment(_ unknown: Connection.UnknownContent) -> Treatment {
        switch (content, unknown) {
        case (.text(let format), _): .scan(format)
        case (.untyped, .text), (.opaque(.type), .text): .scan(.text)
        case (.untyped, _): .look(orPass: unknown == .pass)
        case (.opaque, .pass): .pass
        case (.opaque(let opaque), _): .refuse(opaque)
        }
    }

    private static func content(_ headers: HTTPHeaders) -> Content {
        let types = headers["content-type"]
        guard types.count == 1, let type = types.first else { return .untyped }
        let parts = type.split(separator: ";", omittingEmptySubsequences: false)
        let essence = parts[0].trimmed.lowercased()
        for parameter in parts.dropFirst() {
            let pair = parameter.split(separator: "=", maxSplits: 1)
            guard pair.count == 2, pair[0].trimmed.lowercased() == "charset" else { continue }
            let charset = pair[1].trimmed.filter { $0 != "\"" }.lowercased()
            guard asciiCharsets.contains(charset) else { return .opaque(.coding) }
        }
        if let format = format(of: essence) { return .text(format) }
        return isBinary(essence) ? .opaque(.type) : .untyped
    }

    private static func format(of essence: String) -> Format? {
        if essence == "text/event-stream" { return .sse }
        if lineTypes.contains(essence) { return .ndjson }
        if jsonTypes.contains(essence) || essence.hasSuffix("+json") { return .json }
        if essence == "application/x-www-form-urlencoded" { return .form }
        if tableTypes.contains(essence) { return .csv }
        if markupTypes.contains(essence) || essence.hasSuffix("+xml") { return .markup }
        if essence.hasPrefix("text/") || textTypes.contains(essence) || essence.hasSuffix("+yaml")
            || essence.hasPrefix("multipart/")
        {
            return .text
        }
        return nil
    }

    private static func isBinary(_ essence: String) -> Bool {
        let kind = essence.prefix { $0 != "/" }
        return ["image", "audio", "video", "font", "model"].contains(kind) || binaryTypes.contains(essence)
    }

    /// Types that say that their bytes are no text. One that is not known here is looked at.
    private static let binaryTypes: Set<String> = [
        "application/octet-stream", "application/pdf", "application/zip", "application/gzip", "application/x-tar", "application/wasm",
        "application/x-protobuf", "application/protobuf", "application/grpc", "application/msgpack", "application/cbor",
    ]

    private static let jsonTypes: Set<String> = [
        "application/json", "text/json",
    ]
    /// JSON documents, one a line: of a model's answer, it may be (`application/stream+json` is Cohere's).
    private static let lineTypes: Set<String> = [
        "application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines", "application/stream+json",
    ]
    private static let markupTypes: Set<String> = ["text/html", "text/xml", "application/xml"]
    /// The delimiter is told by the first record.
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

/// The first bytes of a body, kept until they tell its format: at most ``FormatDetection/longestLook`` of them.
struct FormatLook {
    /// What the content type says; nil where it says nothing.
    let declared: Format?
    private var beginning = ByteBuffer()

    init(declared: Format?) { self.declared = declared }

    /// Takes what came next.
    ///
    /// - Returns: the verdict, and all that came so far; nil where there is no verdict yet.
    mutating func take(_ chunk: ByteBuffer) -> (verdict: FormatDetection.Verdict, bytes: ByteBuffer)? {
        // Nearly always the first chunk tells, and goes on as the buffer that it is.
        if beginning.readableBytes == 0 { beginning = chunk } else { beginning.writeImmutableBuffer(chunk) }
        let verdict = verdict(isWhole: false)
        return verdict == .undecided ? nil : (verdict, beginning)
    }

    /// The verdict on a body that is over, and all of it.
    func end() -> (verdict: FormatDetection.Verdict, bytes: ByteBuffer) { (verdict(isWhole: true), beginning) }

    private func verdict(isWhole: Bool) -> FormatDetection.Verdict {
        beginning.withUnsafeReadableBytes { FormatDetection.verdict(declared: declared, beginning: $0, isWhole: isWhole) }
    }
}

extension StringProtocol {
    /// Without the white space that HTTP allows around list members and parameters (RFC 9110 §5.6.3).
    var trimmed: SubSequence {
        var rest = self[...]
        while let first = rest.first, first == " " || first == "\t" { rest = rest.dropFirst() }
        while let last = rest.last, last == " " || last == "\t" { rest = rest.dropLast() }
        return rest
    }
}
