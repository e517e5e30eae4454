// The content codings that are read and written here, and what can be wrong with a coded body.

/// A content coding by its registered name (RFC 9110 §8.4.1, RFC 7932, RFC 8878).
public enum ContentCoding: String, Sendable, CaseIterable {
    case gzip, deflate, br, zstd

    /// - Parameter name: as it stands in a header field, in any case; `x-gzip` is `gzip` (RFC 9110 §8.4.1.3).
    public init?(name: some StringProtocol) {
        let name = name.lowercased()
        self.init(rawValue: name == "x-gzip" ? "gzip" : name)
    }

    /// How many codings one body may have been through: more stand for an attack, and each costs a window of memory.
    public static let mostInOneBody = 3
}

/// Why a body cannot be decoded, or be coded. After one the coder is spent.
public enum ContentCodingError: Error, Sendable, Equatable {
    /// These bytes are not of that coding, their checksum is wrong, or something follows their end.
    case corrupt(ContentCoding)
    /// The body ended before the coding's own end.
    case truncated(ContentCoding)
    /// The decoded body is larger than ``ContentDecoder/Limits`` allow.
    case expandsTooFar
    /// The library refused to work, which is nearly always want of memory.
    case failed(ContentCoding)
}

/// How far a call of a stage came.
struct Progress {
    var consumed = 0
    var produced = 0
}

/// One coding being undone. Each conformer is the one file that knows its library.
protocol DecodingStage: AnyObject {
    var coding: ContentCoding { get }

    /// Decodes until `input` is used up or `output` is full. A full output may have more behind it: the next call gives that, also for an empty input.
    func decode(_ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer) throws(ContentCodingError) -> Progress

    /// Whether the body may end here: nothing came at all, or all that began has ended.
    var isComplete: Bool { get }
}

/// One coding being made.
protocol EncodingStage: AnyObject {
    /// Codes until `input` is used up and what `step` asks for is written, or `output` is full.
    ///
    /// - Returns: also whether there is more to write, for which the caller comes again with the same step.
    func encode(
        _ input: UnsafeRawBufferPointer, _ step: ContentEncoder.Step, into output: UnsafeMutableRawBufferPointer
    ) throws(ContentCodingError) -> (progress: Progress, hasMore: Bool)
}
