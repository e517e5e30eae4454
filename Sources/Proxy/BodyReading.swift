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
        return switch MediaType(type).content {
        case .text(let format): .text(format)
        case .untyped: .untyped
        case .binary: .opaque(.type)
        case .foreignCharacters: .opaque(.coding)
        }
    }

    /// What separates the parts of the body of such a message, if it is one of parts.
    static func boundary(_ headers: HTTPHeaders) -> [UInt8]? { headers["content-type"].first.flatMap { MediaType($0).boundary } }
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
