// How a body is to be read: the decision from its headers whether the engine can scan it, and as what.

import Engine
import NIOHTTP1

/// What the headers of a message say about scanning its body.
enum BodyReading: Sendable, Equatable {
    case scan(Format)
    /// The engine does not know these bytes.
    case opaque(Opaque)

    enum Opaque: String, Sendable {
        /// A content type that is no text, or none at all.
        case type = "binary"
        /// Compressed, or in characters that are not their ASCII bytes: to scan them as they are would find nothing.
        case coding = "encoded"
    }

    /// Reads `Content-Encoding` and `Content-Type` (RFC 9110 §8.3, §8.4).
    init(_ headers: HTTPHeaders) {
        for coding in headers[canonicalForm: "content-encoding"] where coding.lowercased() != "identity" {
            self = .opaque(.coding)
            return
        }
        let types = headers["content-type"]
        guard types.count == 1, let type = types.first else {
            self = .opaque(.type)
            return
        }
        let parts = type.split(separator: ";", omittingEmptySubsequences: false)
        let essence = parts[0].trimmed.lowercased()
        for parameter in parts.dropFirst() {
            let pair = parameter.split(separator: "=", maxSplits: 1)
            guard pair.count == 2, pair[0].trimmed.lowercased() == "charset" else { continue }
            let charset = pair[1].trimmed.filter { $0 != "\"" }.lowercased()
            guard Self.asciiCharsets.contains(charset) else {
                self = .opaque(.coding)
                return
            }
        }
        guard let format = Self.format(of: essence) else {
            self = .opaque(.type)
            return
        }
        self = .scan(format)
    }

    private static func format(of essence: String) -> Format? {
        if essence == "text/event-stream" { return .sse }
        if lineTypes.contains(essence) { return .ndjson }
        if jsonTypes.contains(essence) || essence.hasSuffix("+json") { return .json }
        if essence.hasPrefix("text/") || textTypes.contains(essence) || essence.hasSuffix("+xml") || essence.hasSuffix("+yaml")
            || essence.hasPrefix("multipart/")
        {
            return .text
        }
        return nil
    }

    private static let jsonTypes: Set<String> = [
        "application/json", "text/json",
    ]
    /// JSON documents, one a line: of a model's answer, it may be (`application/stream+json` is Cohere's).
    private static let lineTypes: Set<String> = [
        "application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines", "application/stream+json",
    ]
    private static let textTypes: Set<String> = [
        "application/xml", "application/x-www-form-urlencoded", "application/javascript", "application/ecmascript", "application/yaml",
        "application/x-yaml", "application/toml", "application/sql", "application/graphql", "application/json-seq",
        "application/x-sh", "message/http",
    ]
    /// Character sets in which ASCII characters are their ASCII bytes, so that the rules see them.
    private static let asciiCharsets: Set<String> = [
        "utf-8", "utf8", "us-ascii", "ascii", "iso-8859-1", "latin1", "iso-8859-15", "windows-1252",
    ]
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
