// zstd (RFC 8878, RFC 9659), by Facebook's zstd.

import CZstd

/// Reads Zstandard: one frame or several, and skippable ones between them (RFC 8878 §3.1).
final class ZstandardDecodingStage: DecodingStage {
    let coding = ContentCoding.zstd
    private var context: OpaquePointer?
    private enum Place { case start, inside, between }
    private var place = Place.start
    /// The output was full, so the library may have more without new input. Asked in vain too often it takes that for an error.
    private var mayHaveMore = false

    /// As a content coding, windows are at most 8 MiB (RFC 9659 §3).
    private static let windowLog: Int32 = 23

    deinit { ZSTD_freeDCtx(context) }

    var isComplete: Bool { place != .inside }

    func decode(_ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer) throws(ContentCodingError) -> Progress {
        var source = ZSTD_inBuffer(src: input.baseAddress, size: input.count, pos: 0)
        var sink = ZSTD_outBuffer(dst: output.baseAddress, size: output.count, pos: 0)
        while source.pos < source.size || mayHaveMore {
            if place != .inside {
                guard source.pos < source.size else { break }
                // The magic number's first byte, of a frame and of a skippable one. The library may also know formats from before the standard.
                let first = input[source.pos]
                guard first == 0x28 || (0x50...0x5F).contains(first) else { throw .corrupt(.zstd) }
                if context == nil { context = try Self.newContext() }
                place = .inside
            }
            let before = (source.pos, sink.pos)
            let result = ZSTD_decompressStream(context, &sink, &source)
            guard ZSTD_isError(result) == 0 else { throw .corrupt(.zstd) }
            mayHaveMore = sink.pos == sink.size
            if result == 0 {
                place = .between
                mayHaveMore = false
            } else if mayHaveMore || before == (source.pos, sink.pos) {
                break
            }
        }
        return Progress(consumed: source.pos, produced: sink.pos)
    }

    private static func newContext() throws(ContentCodingError) -> OpaquePointer {
        guard let context = ZSTD_createDCtx() else { throw .failed(.zstd) }
        guard ZSTD_isError(ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, windowLog)) == 0 else {
            ZSTD_freeDCtx(context)
            throw .failed(.zstd)
        }
        return context
    }
}

/// Writes Zstandard, with a window of 256 KiB.
final class ZstandardEncodingStage: EncodingStage {
    private let context: OpaquePointer

    private static let level: Int32 = 1
    private static let windowLog: Int32 = 18

    init() throws(ContentCodingError) {
        guard let context = ZSTD_createCCtx() else { throw .failed(.zstd) }
        self.context = context
        for (parameter, value) in [(ZSTD_c_compressionLevel, Self.level), (ZSTD_c_windowLog, Self.windowLog), (ZSTD_c_checksumFlag, 1)] {
            guard ZSTD_isError(ZSTD_CCtx_setParameter(context, parameter, value)) == 0 else { throw .failed(.zstd) }
        }
    }

    deinit { ZSTD_freeCCtx(context) }

    func encode(
        _ input: UnsafeRawBufferPointer, _ step: ContentEncoder.Step, into output: UnsafeMutableRawBufferPointer
    ) throws(ContentCodingError) -> (progress: Progress, hasMore: Bool) {
        var source = ZSTD_inBuffer(src: input.baseAddress, size: input.count, pos: 0)
        var sink = ZSTD_outBuffer(dst: output.baseAddress, size: output.count, pos: 0)
        let operation =
            switch step {
            case .run: ZSTD_e_continue
            case .flush: ZSTD_e_flush
            case .finish: ZSTD_e_end
            }
        let rest = ZSTD_compressStream2(context, &sink, &source, operation)
        guard ZSTD_isError(rest) == 0 else { throw .failed(.zstd) }
        // Without a flush the rest is what it keeps to itself.
        return (Progress(consumed: source.pos, produced: sink.pos), step == .run ? sink.pos == sink.size : rest > 0)
    }
}
