// Coding a body as it streams.

/// Codes one body. Not shared between threads.
public final class ContentEncoder {
    /// What is to have left the encoder when a call returns.
    public enum Step: Sendable {
        /// What the encoder likes to give.
        case run
        /// Everything so far, so that the reader can decode it. Costs a few bytes.
        case flush
        /// Everything, and the coding's end. Nothing may follow.
        case finish
    }

    public let coding: ContentCoding
    private let stage: any EncodingStage
    /// Something was given since the last flush.
    private var isDirty = false

    private static let pieceSize = 16 * 1024

    public init(_ coding: ContentCoding) throws(ContentCodingError) {
        self.coding = coding
        stage =
            switch coding {
            case .gzip, .deflate: try DeflateStage(coding)
            case .br: try BrotliEncodingStage()
            case .zstd: try ZstandardEncodingStage()
            }
    }

    /// Codes `input` and hands on what `step` asks for, in pieces that are valid during the call. A flush with nothing new gives nothing.
    public func encode(
        _ input: UnsafeRawBufferPointer, _ step: Step, _ release: (UnsafeRawBufferPointer) -> Void
    ) throws(ContentCodingError) {
        if !input.isEmpty { isDirty = true }
        if step == .flush, !isDirty { return }
        let result: Result<Void, ContentCodingError> = withUnsafeTemporaryAllocation(byteCount: Self.pieceSize, alignment: 16) { piece in
            var rest = input
            do throws(ContentCodingError) {
                while true {
                    let (progress, hasMore) = try stage.encode(rest, step, into: piece)
                    rest = UnsafeRawBufferPointer(rebasing: rest[progress.consumed...])
                    if progress.produced > 0 { release(UnsafeRawBufferPointer(rebasing: piece[..<progress.produced])) }
                    if rest.isEmpty, !hasMore { return .success(()) }
                }
            } catch {
                return .failure(error)
            }
        }
        try result.get()
        if step != .run { isDirty = false }
    }
}
