// Messages of Amazon's event streams around payloads that a fuzzer chooses: one that makes up bytes would hardly ever hit upon a checksum.

import Foundation

enum AmazonMessages {
    /// A message with this payload as an event of Converse, or in base64, as its first byte says.
    static func message(_ payload: ArraySlice<UInt8>) -> [UInt8] {
        let isChunk = (payload.first ?? 0) % 2 == 1
        let payload = isChunk ? Array("{\"bytes\":\"\(Data(payload).base64EncodedString())\",\"p\":\"ab\"}".utf8) : Array(payload)
        var head: [UInt8] = []
        for (name, value) in [(":event-type", isChunk ? "chunk" : "contentBlockDelta"), (":message-type", "event")] {
            head += [UInt8(name.utf8.count)] + name.utf8 + [7, 0, UInt8(value.utf8.count)] + value.utf8
        }
        var message = bytes(head.count + payload.count + 16) + bytes(head.count)
        message += bytes(checksum(message))
        message += head + payload
        return message + bytes(checksum(message))
    }

    private static func bytes(_ number: Int) -> [UInt8] { [24, 16, 8, 0].map { UInt8(number >> $0 & 0xFF) } }

    /// CRC-32 (RFC 1952 §8).
    private static func checksum(_ bytes: [UInt8]) -> Int {
        var remainder: UInt32 = 0xFFFF_FFFF
        for byte in bytes {
            remainder ^= UInt32(byte)
            for _ in 0..<8 { remainder = remainder >> 1 ^ (remainder & 1) &* 0xEDB8_8320 }
        }
        return Int(~remainder)
    }
}
