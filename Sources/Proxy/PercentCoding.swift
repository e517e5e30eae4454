// Scanning text that is percent-encoded: rules read what the vendor will read.

import Engine
import NIOCore

enum PercentCoding {
    /// A request target as records and approvers may see it: as received if the rules find nothing in it, decoded or not, nor in its query as a form;
    /// otherwise the reading in which they did, masked.
    ///
    /// - Returns: the text, and the rule if a `block` rule matched.
    static func masked(_ target: String, rules: RuleSet) throws(MaskError) -> (text: String, blocked: String?) {
        var raw = ByteBuffer(string: target)
        var isMasked = false
        if let mark = target.utf8.firstIndex(of: UInt8(ascii: "?")) {
            // Names and values by themselves, so that field rules hold for them.
            let start = target.utf8.index(after: mark)
            let query = try masked(ByteBuffer(substring: target[start...]), as: .form, rules)
            raw = ByteBuffer(substring: target[..<start])
            raw.writeBytes(query.output)
            if let blocked = query.blocked { return (printable(Array(raw.readableBytesView)), blocked) }
            isMasked = query.isMasked
        }
        let decoded = decoded(raw, plusIsSpace: true)
        for text in [decoded, raw].compactMap(\.self) {
            let (output, blocked, isMasked) = try masked(text, as: .text, rules)
            if isMasked || blocked != nil { return (printable(output), blocked) }
        }
        return (isMasked ? printable(Array((decoded ?? raw).readableBytesView)) : target, nil)
    }

    private static func masked(_ text: ByteBuffer, as format: Format, _ rules: RuleSet) throws(MaskError) -> (output: [UInt8], blocked: String?, isMasked: Bool) {
        var masker = Masker(rules, format: format)
        var output: [UInt8] = []
        let released = try text.feed(&masker)
        text.withUnsafeReadableBytes { released.append(to: &output, chunk: $0) }
        let rest = try masker.finish()
        rest.append(to: &output, chunk: UnsafeRawBufferPointer(start: nil, count: 0))
        return (output, masker.blocked?.rule, !masker.statistics.masked.isEmpty)
    }

    /// `encoded` with its escapes resolved; one that is malformed stands for itself. Nil where there is nothing to resolve.
    static func decoded(_ encoded: ByteBuffer, plusIsSpace: Bool) -> ByteBuffer? {
        let bytes = encoded.readableBytesView
        guard bytes.contains(where: { $0 == UInt8(ascii: "%") || plusIsSpace && $0 == UInt8(ascii: "+") }) else { return nil }
        var output: [UInt8] = []
        output.reserveCapacity(bytes.count)
        var index = bytes.startIndex
        while index < bytes.endIndex {
            let byte = bytes[index]
            if byte == UInt8(ascii: "%"), index + 2 < bytes.endIndex, let high = hexValue(bytes[index + 1]), let low = hexValue(bytes[index + 2]) {
                output.append(high << 4 | low)
                index += 3
            } else {
                output.append(plusIsSpace && byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
                index += 1
            }
        }
        return ByteBuffer(bytes: output)
    }

    /// `bytes` with control bytes percent-encoded, so that no terminal acts on them.
    private static func printable(_ bytes: [UInt8]) -> String {
        var output: [UInt8] = []
        for byte in bytes {
            if byte < 0x20 || byte == 0x7F {
                output += [UInt8(ascii: "%"), upperHexDigits[Int(byte >> 4)], upperHexDigits[Int(byte & 15)]]
            } else {
                output.append(byte)
            }
        }
        return String(decoding: output, as: UTF8.self)
    }

    static let upperHexDigits = Array("0123456789ABCDEF".utf8)

    static func hexValue(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
