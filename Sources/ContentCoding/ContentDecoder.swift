// Undoing the codings of a body as it streams, in bounded pieces.

/// Decodes one body that arrives in chunks. Not shared between threads.
///
/// It makes no more output than there is room for, so that whoever takes it sets the pace, and what the codings promise to expand to is never in memory.
/// What it keeps are the codings' own windows: 32 KiB for gzip and deflate, up to 16 MiB for br and 8 MiB for zstd, as the body's sender chose.
public final class ContentDecoder {
    /// How large a body may become. What each coding of several makes counts, so that none can hide work in the next.
    public struct Limits: Sendable, Equatable {
        /// Decoded bytes in all.
        public var decodedBytes: Int
        /// Decoded bytes for each byte that arrived, beyond the first ``freeBytes``.
        public var expansion: Int
        /// Decoded bytes that need no justification: small bodies of repeated records expand far.
        public static let freeBytes = 8 << 20

        public init(decodedBytes: Int, expansion: Int = .max) {
            self.decodedBytes = decodedBytes
            self.expansion = expansion
        }
    }

    /// How far one call came.
    public struct Step: Sendable, Equatable {
        /// Bytes of the input that were used.
        public var consumed = 0
        /// Bytes written to the output.
        public var produced = 0
        /// There may be more to give, for the rest of the input or for none at all.
        public var mayHaveMore = false
    }

    /// In the order in which they are undone.
    private let stages: [any DecodingStage]
    /// Between one stage and the next: what the first made and the second did not take yet.
    private var between: [Buffer]
    /// For each stage, whether it filled its output.
    private var wasFull: [Bool]
    private let limits: Limits
    private var taken = 0
    private var made = 0

    private struct Buffer {
        let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: 16 * 1024, alignment: 16)
        /// What of it was not taken yet.
        var range = 0..<0
    }

    /// Bytes that the stages may make in one call before the caller gets a say, in outputs of that call.
    private static let patience = 8

    /// - Parameter codings: in the order in which they were applied, as `Content-Encoding` lists them; one to ``ContentCoding/mostInOneBody``.
    public init(_ codings: [ContentCoding], limits: Limits) {
        precondition((1...ContentCoding.mostInOneBody).contains(codings.count), "a decoder for \(codings.count) codings")
        stages = codings.reversed().map { coding in
            switch coding {
            case .gzip, .deflate: InflateStage(coding)
            case .br: BrotliDecodingStage()
            case .zstd: ZstandardDecodingStage()
            }
        }
        between = codings.dropFirst().map { _ in Buffer() }
        wasFull = Array(repeating: false, count: codings.count)
        self.limits = limits
    }

    deinit { for buffer in between { buffer.bytes.deallocate() } }

    /// Decodes from `input` into `output`. To be called until it has used all of the input and says that there is no more.
    ///
    /// - Parameter output: room for at least one byte.
    /// - Throws: at what is wrong; what the same call decoded in front of it is lost.
    public func decode(_ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer) throws(ContentCodingError) -> Step {
        var step = Step()
        var budget = output.count * Self.patience
        step.produced = try run(stages.count - 1, input, &step.consumed, &budget, into: output)
        step.mayHaveMore = step.consumed < input.count || wasFull.contains(true) || between.contains { !$0.range.isEmpty }
        return step
    }

    /// Says that the body is over.
    ///
    /// - Throws: ``ContentCodingError/truncated(_:)``. A body without a byte is whole.
    public func finish() throws(ContentCodingError) {
        for stage in stages where !stage.isComplete { throw .truncated(stage.coding) }
    }

    /// Has the stage at `index` write to `output`, and the ones before it give it what to read.
    ///
    /// - Returns: the bytes written; fewer than there is room for only where there is nothing left to read, or the budget is spent.
    private func run(
        _ index: Int, _ input: UnsafeRawBufferPointer, _ consumed: inout Int, _ budget: inout Int, into output: UnsafeMutableRawBufferPointer
    ) throws(ContentCodingError) -> Int {
        var produced = 0
        while produced < output.count, budget > 0 {
            let room = UnsafeMutableRawBufferPointer(rebasing: output[produced...])
            let progress: Progress
            let hadInput: Bool
            if index == 0 {
                let rest = UnsafeRawBufferPointer(rebasing: input[consumed...])
                hadInput = !rest.isEmpty
                guard hadInput || wasFull[index] else { break }
                progress = try stages[index].decode(rest, into: room)
                consumed += progress.consumed
                taken += progress.consumed
            } else {
                if between[index - 1].range.isEmpty, !wasFull[index] {
                    let count = try run(index - 1, input, &consumed, &budget, into: between[index - 1].bytes)
                    between[index - 1].range = 0..<count
                }
                let range = between[index - 1].range
                hadInput = !range.isEmpty
                guard hadInput || wasFull[index] else { break }
                progress = try stages[index].decode(UnsafeRawBufferPointer(rebasing: between[index - 1].bytes[range]), into: room)
                between[index - 1].range = range.lowerBound + progress.consumed..<range.upperBound
            }
            guard !hadInput || progress.consumed + progress.produced > 0 else { throw .failed(stages[index].coding) }
            wasFull[index] = progress.produced == room.count
            produced += progress.produced
            budget -= progress.produced
            made += progress.produced
            if made > limits.decodedBytes || made > Limits.freeBytes && (made - Limits.freeBytes) / max(taken, 1) >= limits.expansion {
                throw .expandsTooFar
            }
        }
        return produced
    }
}
