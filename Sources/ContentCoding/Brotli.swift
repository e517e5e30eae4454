// br (RFC 7932), by Google's brotli.

import CBrotli

/// Reads brotli. Windows are at most 16 MiB, as the format has it; large windows, an extension of it, are corrupt here.
final class BrotliDecodingStage: DecodingStage {
    let coding = ContentCoding.br
    /// Nil until the first byte: a state is tens of KiB.
    private var state: OpaquePointer?
    private var hasEnded = false

    deinit { if let state { BrotliDecoderDestroyInstance(state) } }

    var isComplete: Bool { state == nil || hasEnded }

    func decode(_ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer) throws(ContentCodingError) -> Progress {
        if hasEnded {
            guard input.isEmpty else { throw .corrupt(.br) }
            return Progress()
        }
        if state == nil {
            guard !input.isEmpty else { return Progress() }
            state = BrotliDecoderCreateInstance(nil, nil, nil)
        }
        guard let state else { throw .failed(.br) }
        var left = input.count
        var room = output.count
        var next = input.baseAddress?.assumingMemoryBound(to: UInt8.self)
        var place = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
        switch BrotliDecoderDecompressStream(state, &left, &next, &room, &place, nil) {
        case BROTLI_DECODER_RESULT_SUCCESS:
            hasEnded = true
            guard left == 0 else { throw .corrupt(.br) }
        case BROTLI_DECODER_RESULT_NEEDS_MORE_INPUT, BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT: break
        default: throw .corrupt(.br)
        }
        return Progress(consumed: input.count - left, produced: output.count - room)
    }
}

/// Writes brotli, with a window of 256 KiB.
final class BrotliEncodingStage: EncodingStage {
    private let state: OpaquePointer

    private static let quality: UInt32 = 3
    private static let windowBits: UInt32 = 18

    init() throws(ContentCodingError) {
        guard let state = BrotliEncoderCreateInstance(nil, nil, nil) else { throw .failed(.br) }
        self.state = state
        BrotliEncoderSetParameter(state, BROTLI_PARAM_QUALITY, Self.quality)
        BrotliEncoderSetParameter(state, BROTLI_PARAM_LGWIN, Self.windowBits)
    }

    deinit { BrotliEncoderDestroyInstance(state) }

    func encode(
        _ input: UnsafeRawBufferPointer, _ step: ContentEncoder.Step, into output: UnsafeMutableRawBufferPointer
    ) throws(ContentCodingError) -> (progress: Progress, hasMore: Bool) {
        var left = input.count
        var room = output.count
        var next = input.baseAddress?.assumingMemoryBound(to: UInt8.self)
        var place = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
        let operation =
            switch step {
            case .run: BROTLI_OPERATION_PROCESS
            case .flush: BROTLI_OPERATION_FLUSH
            case .finish: BROTLI_OPERATION_FINISH
            }
        guard BrotliEncoderCompressStream(state, operation, &left, &next, &room, &place, nil) != 0 else { throw .failed(.br) }
        return (Progress(consumed: input.count - left, produced: output.count - room), BrotliEncoderHasMoreOutput(state) != 0)
    }
}
