// One record of a segment file: its layout, and how it is made and checked.
//
//     offset  bytes
//     0       4      length of the payload, little-endian
//     4       1      kind
//     5       3      zero
//     8       8      time, microseconds since 1970, little-endian
//     16      16     exchange id, as a UUID is written
//     32      n      payload
//     32 + n  8      the first eight bytes of SHA-256 over everything before
//
// A segment file is sixteen bytes that name its form, then frames without a gap.

import Cryptography

struct Frame {
    enum Kind: UInt8 {
        /// Payload: an ``ExchangeStart``.
        case begin = 1
        /// Payload: the id of a review.
        case review = 2
        /// Payload: masked bytes of the request body.
        case requestBody = 3
        /// Payload: status and header fields of the response.
        case responseHead = 4
        /// Payload: bytes of the response body as sent.
        case responseBody = 5
        /// Payload: how many bytes of the response were sent so far, where they are no longer kept.
        case responseCount = 6
        /// Payload: an ``ExchangeEnd`` with the digests of both bodies.
        case end = 7
    }

    static let fileHeader = Array("sluice record 1\n".utf8)
    static let headerLength = 32
    static let checkLength = 8
    /// Bytes of a frame besides its payload.
    static let overhead = headerLength + checkLength

    var kind: Kind
    var time: Timestamp
    var exchange: ExchangeID
    /// Half-open byte offsets of the payload in the file.
    var payload: Range<Int>
    /// Where the frame begins and ends in the file.
    var range: Range<Int> { payload.lowerBound - Self.headerLength..<payload.upperBound + Self.checkLength }

    /// Writes header and check of a frame around the payload that stands at `headerLength` of `buffer`.
    ///
    /// - Parameter buffer: exactly the frame, `overhead` bytes longer than its payload.
    static func seal(_ buffer: UnsafeMutableRawBufferPointer, kind: Kind, time: Timestamp, exchange: ExchangeID) {
        let payload = buffer.count - overhead
        buffer.storeBytes(of: UInt32(payload).littleEndian, toByteOffset: 0, as: UInt32.self)
        buffer.storeBytes(of: UInt32(kind.rawValue).littleEndian, toByteOffset: 4, as: UInt32.self)
        buffer.storeBytes(of: time.microseconds.littleEndian, toByteOffset: 8, as: Int64.self)
        buffer.storeBytes(of: exchange.high.bigEndian, toByteOffset: 16, as: UInt64.self)
        buffer.storeBytes(of: exchange.low.bigEndian, toByteOffset: 24, as: UInt64.self)
        let check = check(UnsafeRawBufferPointer(rebasing: buffer[..<(headerLength + payload)]))
        buffer.storeBytes(of: check, toByteOffset: headerLength + payload, as: UInt64.self)
    }

    /// A whole frame.
    static func bytes(kind: Kind, time: Timestamp, exchange: ExchangeID, payload: [UInt8]) -> [UInt8] {
        var frame = [UInt8](repeating: 0, count: headerLength) + payload + [UInt8](repeating: 0, count: checkLength)
        frame.withUnsafeMutableBytes { seal($0, kind: kind, time: time, exchange: exchange) }
        return frame
    }

    /// The frame that begins at `offset`; nil if there is none that is whole and undamaged.
    init?(in file: UnsafeRawBufferPointer, at offset: Int) {
        guard offset >= 0, file.count - offset >= Self.overhead else { return nil }
        let length = Int(UInt32(littleEndian: file.loadUnaligned(fromByteOffset: offset, as: UInt32.self)))
        guard file.count - offset - Self.overhead >= length else { return nil }
        let word = UInt32(littleEndian: file.loadUnaligned(fromByteOffset: offset + 4, as: UInt32.self))
        guard let raw = UInt8(exactly: word), let kind = Kind(rawValue: raw) else { return nil }
        let end = offset + Self.headerLength + length
        let found = file.loadUnaligned(fromByteOffset: end, as: UInt64.self)
        guard found == Self.check(UnsafeRawBufferPointer(rebasing: file[offset..<end])) else { return nil }
        self.kind = kind
        time = Timestamp(microseconds: Int64(littleEndian: file.loadUnaligned(fromByteOffset: offset + 8, as: Int64.self)))
        exchange = ExchangeID(
            high: UInt64(bigEndian: file.loadUnaligned(fromByteOffset: offset + 16, as: UInt64.self)),
            low: UInt64(bigEndian: file.loadUnaligned(fromByteOffset: offset + 24, as: UInt64.self)))
        payload = offset + Self.headerLength..<end
    }

    /// In memory order: the first eight bytes of the digest.
    private static func check(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        withUnsafeTemporaryAllocation(byteCount: SHA256.digestLength, alignment: 8) { digest in
            SHA256.digest(of: bytes, into: digest)
            return digest.loadUnaligned(as: UInt64.self)
        }
    }
}

/// A place in the segment files.
struct Position: Sendable, Hashable, Comparable {
    /// The number in the file's name.
    var segment: Int
    /// Byte offset in the file.
    var offset: Int

    static func < (left: Self, right: Self) -> Bool { (left.segment, left.offset) < (right.segment, right.offset) }
}
