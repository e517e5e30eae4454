// Amazon's event streams as their readers read them: messages with lengths and checksums. Slow, obvious, and of its own: nothing of it is taken from the engine.

import Foundation

/// One message.
struct ReferenceMessage {
    struct Mistake: Error { var text: String }

    var fields: [(name: String, value: String)]
    var payload: [UInt8]

    init(fields: [(name: String, value: String)], payload: [UInt8]) {
        self.fields = fields
        self.payload = payload
    }

    init(_ type: String, _ payload: [UInt8], kind: String = "event") {
        self.init(fields: [(":\(kind)-type", type), (":content-type", "application/json"), (":message-type", kind)], payload: payload)
    }

    /// An event as SDKs give it: of Converse, `{"its type":{…}}`; else a model's own, which is sent in base64.
    init(event: String) {
        let converse = #"{"contentBlockDelta":"#
        if event.hasPrefix(converse) {
            self.init("contentBlockDelta", Array(event.utf8.dropFirst(converse.utf8.count).dropLast()))
        } else {
            self.init(chunk: Array(event.utf8))
        }
    }

    init(chunk: [UInt8], more: String = #","p":"abcdefg""#) {
        self.init("chunk", Array(#"{"bytes":"\#(Data(chunk).base64EncodedString())"\#(more)}"#.utf8))
    }

    var type: String { fields.first { $0.name == ":event-type" || $0.name == ":exception-type" }?.value ?? "" }

    /// What an SDK gives of it.
    var said: [UInt8] {
        get throws {
            if let object = try? JSONSerialization.jsonObject(with: Data(payload)) as? [String: Any], let bytes = object["bytes"] as? String {
                guard let data = Data(base64Encoded: bytes) else { throw Mistake(text: "no base64") }
                return Array(data)
            }
            return type == "contentBlockDelta" ? Array(#"{"contentBlockDelta":"#.utf8) + payload + Array("}".utf8) : payload
        }
    }

    var bytes: [UInt8] {
        var head: [UInt8] = []
        for (name, value) in fields {
            head += [UInt8(name.utf8.count)] + Array(name.utf8) + [7, UInt8(value.utf8.count / 256), UInt8(value.utf8.count % 256)] + Array(value.utf8)
        }
        var bytes = Self.number(head.count + payload.count + 16) + Self.number(head.count)
        bytes += Self.number(Self.checksum(bytes))
        bytes += head + payload
        return bytes + Self.number(Self.checksum(bytes))
    }

    static func read(_ stream: [UInt8]) throws -> [ReferenceMessage] {
        var messages: [ReferenceMessage] = []
        var rest = stream[...]
        while !rest.isEmpty {
            guard rest.count >= 16 else { throw Mistake(text: "cut off") }
            let bytes = Array(rest)
            let count = value(bytes[0..<4])
            guard count >= 16, count <= bytes.count, value(bytes[8..<12]) == checksum(Array(bytes[..<8])) else { throw Mistake(text: "prelude") }
            guard value(bytes[(count - 4)..<count]) == checksum(Array(bytes[..<(count - 4)])) else { throw Mistake(text: "checksum") }
            let headEnd = 12 + value(bytes[4..<8])
            var fields: [(String, String)] = []
            var at = 12
            while at < headEnd {
                let name = bytes[at + 1..<at + 1 + Int(bytes[at])]
                guard bytes[name.endIndex] == 7 else { throw Mistake(text: "type of a header field") }
                let length = value(bytes[name.endIndex + 1..<name.endIndex + 3])
                let text = bytes[name.endIndex + 3..<name.endIndex + 3 + length]
                fields.append((String(decoding: name, as: UTF8.self), String(decoding: text, as: UTF8.self)))
                at = text.endIndex
            }
            guard at == headEnd else { throw Mistake(text: "header fields") }
            messages.append(ReferenceMessage(fields: fields, payload: Array(bytes[headEnd..<(count - 4)])))
            rest = rest.dropFirst(count)
        }
        return messages
    }

    private static func number(_ value: Int) -> [UInt8] { [24, 16, 8, 0].map { UInt8(value >> $0 & 0xFF) } }
    private static func value(_ bytes: ArraySlice<UInt8>) -> Int { bytes.reduce(0) { $0 << 8 | Int($1) } }

    /// CRC-32, bit by bit (RFC 1952 §8).
    static func checksum(_ bytes: [UInt8]) -> Int {
        var remainder: UInt32 = 0xFFFF_FFFF
        for byte in bytes {
            remainder ^= UInt32(byte)
            for _ in 0..<8 { remainder = remainder & 1 == 1 ? remainder >> 1 ^ 0xEDB8_8320 : remainder >> 1 }
        }
        return Int(~remainder)
    }
}
