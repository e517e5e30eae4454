// gzip (RFC 1952) and deflate (RFC 1950, RFC 1951), by zlib.

import CZlib

/// Reads gzip and deflate.
///
/// A gzip body is one member or several, one after another (RFC 1952 §2.2), and zero bytes may follow the last one, as on tapes; anything else there is
/// corrupt. `deflate` means the zlib format (RFC 9110 §8.4.1.2), and some send the bare one: the first byte tells. It is 8 in its low half in the
/// zlib format, and there only in a stored block whose padding bits are not zero in the bare one, which no encoder writes.
final class InflateStage: DecodingStage {
    let coding: ContentCoding
    private enum Place { case start, inside, between, padding }
    private var place = Place.start
    // zlib checks that its stream stays where it was.
    private let stream: UnsafeMutablePointer<z_stream>

    init(_ coding: ContentCoding) {
        self.coding = coding
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
    }

    deinit {
        // Does nothing where the stream was never set up.
        inflateEnd(stream)
        stream.deallocate()
    }

    var isComplete: Bool { place != .inside }

    func decode(_ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer) throws(ContentCodingError) -> Progress {
        var progress = Progress()
        while true {
            switch place {
            case .start:
                guard progress.consumed < input.count else { return progress }
                let isBare = coding == .deflate && input[progress.consumed] & 0x0F != 8
                let windowBits: Int32 = coding == .gzip ? 31 : isBare ? -15 : 15
                guard inflateInit2_(stream, windowBits, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
                    throw .failed(coding)
                }
                place = .inside
            case .inside:
                guard try inflateSome(input, output, &progress) else { return progress }
            case .between:
                guard progress.consumed < input.count else { return progress }
                guard coding == .gzip else { throw .corrupt(coding) }
                if input[progress.consumed] == 0 {
                    place = .padding
                } else {
                    guard inflateReset(stream) == Z_OK else { throw .failed(coding) }
                    place = .inside
                }
            case .padding:
                guard input[progress.consumed...].allSatisfy({ $0 == 0 }) else { throw .corrupt(coding) }
                progress.consumed = input.count
                return progress
            }
        }
    }

    /// - Returns: whether a member ended, so that there may be more to do.
    private func inflateSome(
        _ input: UnsafeRawBufferPointer, _ output: UnsafeMutableRawBufferPointer, _ progress: inout Progress
    ) throws(ContentCodingError) -> Bool {
        let fed = min(input.count - progress.consumed, Int(UInt32.max))
        let room = min(output.count - progress.produced, Int(UInt32.max))
        guard room > 0 else { return false }
        stream.pointee.next_in = input.baseAddress.map { UnsafeMutablePointer(mutating: ($0 + progress.consumed).assumingMemoryBound(to: UInt8.self)) }
        stream.pointee.avail_in = UInt32(fed)
        stream.pointee.next_out = output.baseAddress.map { ($0 + progress.produced).assumingMemoryBound(to: UInt8.self) }
        stream.pointee.avail_out = UInt32(room)
        let result = inflate(stream, Z_SYNC_FLUSH)
        progress.consumed += fed - Int(stream.pointee.avail_in)
        progress.produced += room - Int(stream.pointee.avail_out)
        switch result {
        case Z_OK, Z_BUF_ERROR: return false
        case Z_STREAM_END:
            place = .between
            return true
        case Z_MEM_ERROR: throw .failed(coding)
        default: throw .corrupt(coding)
        }
    }
}

/// Writes gzip and deflate (in the zlib format), in a hundred and thirty KiB of memory.
final class DeflateStage: EncodingStage {
    private let coding: ContentCoding
    private let stream: UnsafeMutablePointer<z_stream>

    /// A body that streams is coded once and read once: what speed saves here is worth more than what a better search would.
    private static let level: Int32 = 3
    private static let windowBits: Int32 = 14
    private static let memoryLevel: Int32 = 7

    init(_ coding: ContentCoding) throws(ContentCodingError) {
        self.coding = coding
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        let result = deflateInit2_(
            stream, Self.level, Z_DEFLATED, coding == .gzip ? Self.windowBits + 16 : Self.windowBits, Self.memoryLevel, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
            Int32(MemoryLayout<z_stream>.size))
        guard result == Z_OK else { throw .failed(coding) }
    }

    deinit {
        deflateEnd(stream)
        stream.deallocate()
    }

    func encode(
        _ input: UnsafeRawBufferPointer, _ step: ContentEncoder.Step, into output: UnsafeMutableRawBufferPointer
    ) throws(ContentCodingError) -> (progress: Progress, hasMore: Bool) {
        let fed = min(input.count, Int(UInt32.max))
        let room = min(output.count, Int(UInt32.max))
        stream.pointee.next_in = input.baseAddress.map { UnsafeMutablePointer(mutating: $0.assumingMemoryBound(to: UInt8.self)) }
        stream.pointee.avail_in = UInt32(fed)
        stream.pointee.next_out = output.baseAddress.map { $0.assumingMemoryBound(to: UInt8.self) }
        stream.pointee.avail_out = UInt32(room)
        let flush =
            switch step {
            case .run: Z_NO_FLUSH
            case .flush: Z_SYNC_FLUSH
            case .finish: Z_FINISH
            }
        let result = deflate(stream, flush)
        // A second flush without anything new in between is no error.
        guard result == Z_OK || result == Z_STREAM_END || result == Z_BUF_ERROR else { throw .failed(coding) }
        let progress = Progress(consumed: fed - Int(stream.pointee.avail_in), produced: room - Int(stream.pointee.avail_out))
        return (progress, progress.produced == room)
    }
}
