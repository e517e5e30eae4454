// One message of Amazon's event streams (`application/vnd.amazon.eventstream`), as bytes: lengths, header fields, payload, checksums.
//
// Sources: AWS "Event stream encoding" (Amazon Transcribe and Lex guides); Smithy "Amazon Event Stream specification"; CRC-32 as in RFC 1952 §8.

import CZlib

/// A message whose lengths and checksums are right.
struct AmazonMessage {
    /// Two lengths of four bytes and their checksum; and that of the whole message.
    static let preludeCount = 12, checksumCount = 4

    let bytes: [UInt8]
    /// Header fields, and payload.
    let head: Range<Int>
    let payload: Range<Int>
    /// Values of header fields that are strings or bytes, each with two bytes of length before it.
    private(set) var texts: [Range<Int>] = []
    /// The payload is an event of this type.
    private(set) var eventType: ArraySlice<UInt8>?

    /// The length of a message and of its header fields; nil if the prelude's checksum is wrong, or the lengths cannot be.
    static func counts(prelude bytes: UnsafeRawBufferPointer) -> (total: Int, head: Int)? {
        let (total, head) = (number(bytes, at: 0), number(bytes, at: 4))
        guard number(bytes, at: 8) == checksum(UnsafeRawBufferPointer(rebasing: bytes[..<8])), total >= preludeCount + head + checksumCount else { return nil }
        return (total, head)
    }

    /// - Parameter bytes: as many as its prelude says.
    /// - Returns: nil if the message's checksum is wrong, or its header fields are none.
    init?(_ bytes: [UInt8]) {
        let end = bytes.count - Self.checksumCount
        guard let counts = bytes.withUnsafeBytes({ Self.counts(prelude: $0) }), counts.total == bytes.count,
            bytes.withUnsafeBytes({ Self.number($0, at: end) == Self.checksum(UnsafeRawBufferPointer(rebasing: $0[..<end])) })
        else { return nil }
        self.bytes = bytes
        head = Self.preludeCount..<Self.preludeCount + counts.head
        payload = head.upperBound..<end
        guard readHead() else { return nil }
    }

    /// A field is the length of its name in one byte, its name, its type in one byte, and its value.
    private mutating func readHead() -> Bool {
        var index = head.lowerBound
        var type: ArraySlice<UInt8>?
        var isEvent = false
        while index < head.upperBound {
            let nameEnd = index + 1 + Int(bytes[index])
            guard nameEnd < head.upperBound else { return false }
            let name = bytes[index + 1..<nameEnd]
            var value = nameEnd + 1..<nameEnd + 1
            switch bytes[nameEnd] {
            case 0, 1: break
            case 2: value = value.lowerBound..<value.lowerBound + 1
            case 3: value = value.lowerBound..<value.lowerBound + 2
            case 4: value = value.lowerBound..<value.lowerBound + 4
            case 5, 8: value = value.lowerBound..<value.lowerBound + 8
            case 6, 7:
                let start = value.lowerBound + 2
                guard start <= head.upperBound else { return false }
                value = start..<start + Int(bytes[start - 2]) << 8 + Int(bytes[start - 1])
                texts.append(value)
            case 9: value = value.lowerBound..<value.lowerBound + 16
            default: return false
            }
            guard value.upperBound <= head.upperBound else { return false }
            if name.elementsEqual(":event-type".utf8) { type = bytes[value] }
            if name.elementsEqual(":message-type".utf8) { isEvent = bytes[value].elementsEqual("event".utf8) }
            index = value.upperBound
        }
        if isEvent { eventType = type }
        return true
    }

    /// The header fields with some of ``texts`` changed.
    ///
    /// - Parameter edits: ascending, each inside of one of them.
    /// - Returns: nil where a value gets too long to be one.
    func head(with edits: [BodyReader.Edit]) -> [UInt8]? {
        var changed: [UInt8] = []
        var position = head.lowerBound
        for text in texts {
            changed += bytes[position..<text.lowerBound - 2]
            position = text.lowerBound
            var value: [UInt8] = []
            for edit in edits where edit.range.lowerBound >= text.lowerBound && edit.range.upperBound <= text.upperBound {
                value += bytes[position..<edit.range.lowerBound] + edit.bytes
                position = edit.range.upperBound
            }
            value += bytes[position..<text.upperBound]
            position = text.upperBound
            guard value.count <= Int(Int16.max) else { return nil }
            changed += [UInt8(value.count >> 8), UInt8(value.count & 0xFF)] + value
        }
        return changed + bytes[position..<head.upperBound]
    }

    // MARK: Written

    /// A message of these parts.
    static func write(head: [UInt8], payload: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(preludeCount + head.count + payload.count + checksumCount)
        append(preludeCount + head.count + payload.count + checksumCount, to: &bytes)
        append(head.count, to: &bytes)
        append(bytes.withUnsafeBytes(checksum), to: &bytes)
        bytes += head
        bytes += payload
        append(bytes.withUnsafeBytes(checksum), to: &bytes)
        return bytes
    }

    /// A message that says what went wrong, which clients raise.
    static func exception(_ type: String, _ members: String) -> [UInt8] {
        var head: [UInt8] = []
        for (name, value) in [(":exception-type", type), (":content-type", "application/json"), (":message-type", "exception")] {
            head += [UInt8(name.utf8.count)] + name.utf8 + [7, 0, UInt8(value.utf8.count)] + value.utf8
        }
        return write(head: head, payload: Array(members.utf8))
    }

    private static func number(_ bytes: UnsafeRawBufferPointer, at offset: Int) -> Int {
        Int(UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self)))
    }

    private static func append(_ number: Int, to bytes: inout [UInt8]) {
        withUnsafeBytes(of: UInt32(number).bigEndian) { bytes.append(contentsOf: $0) }
    }

    private static func checksum(_ bytes: UnsafeRawBufferPointer) -> Int {
        Int(crc32(0, bytes.bindMemory(to: UInt8.self).baseAddress, UInt32(bytes.count)))
    }
}
