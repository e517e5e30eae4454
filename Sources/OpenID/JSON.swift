// JSON as it may stand in a token, a key set or a provider's answer: strict, so that no other reader can see another document.

/// A JSON value. What readers differ about is refused: a member that is there twice, anything behind the document, text that is not UTF-8, half a surrogate pair.
///
/// Source: RFC 8259; for members that are there twice RFC 7515 §4 and RFC 7519 §4.
enum JSON: Sendable, Equatable {
    case null
    case boolean(Bool)
    /// As a double, as JavaScript reads it.
    case number(Double)
    case string(String)
    case array([JSON])
    case object([(name: String, value: JSON)])

    /// Deeper documents are refused.
    static let deepest = 32

    init?(_ bytes: [UInt8]) {
        var reader = Reader(bytes: bytes)
        guard let value = reader.value(depth: 0) else { return nil }
        reader.skipSpace()
        guard reader.position == bytes.count else { return nil }
        self = value
    }

    /// The member of this very name, byte for byte: Swift's strings would take letters for equal that only look alike.
    subscript(_ name: String) -> JSON? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.name.utf8.elementsEqual(name.utf8) }?.value
    }

    var string: String? { if case .string(let text) = self { text } else { nil } }
    var number: Double? { if case .number(let number) = self { number } else { nil } }
    var elements: [JSON]? { if case .array(let elements) = self { elements } else { nil } }
    var isObject: Bool { if case .object = self { true } else { false } }
    /// The strings of a list that holds nothing else.
    var strings: [String]? {
        guard let elements else { return nil }
        let strings = elements.compactMap(\.string)
        return strings.count == elements.count ? strings : nil
    }

    static func == (left: JSON, right: JSON) -> Bool {
        switch (left, right) {
        case (.null, .null): true
        case (.boolean(let left), .boolean(let right)): left == right
        case (.number(let left), .number(let right)): left == right
        case (.string(let left), .string(let right)): left.utf8.elementsEqual(right.utf8)
        case (.array(let left), .array(let right)): left == right
        case (.object(let left), .object(let right)):
            left.count == right.count && zip(left, right).allSatisfy { $0.name.utf8.elementsEqual($1.name.utf8) && $0.value == $1.value }
        default: false
        }
    }

    private struct Reader {
        let bytes: [UInt8]
        var position = 0

        private var byte: UInt8? { position < bytes.count ? bytes[position] : nil }

        mutating func skipSpace() {
            while let byte, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
        }

        private mutating func take(_ wanted: UInt8) -> Bool {
            skipSpace()
            guard byte == wanted else { return false }
            position += 1
            return true
        }

        mutating func value(depth: Int) -> JSON? {
            skipSpace()
            guard depth < JSON.deepest, let byte else { return nil }
            switch byte {
            case UInt8(ascii: "{"):
                position += 1
                var members: [(name: String, value: JSON)] = []
                var names: Set<String> = []
                if take(UInt8(ascii: "}")) { return .object([]) }
                repeat {
                    skipSpace()
                    guard let name = text(), names.insert(name).inserted, take(UInt8(ascii: ":")), let value = value(depth: depth + 1) else { return nil }
                    members.append((name, value))
                } while take(UInt8(ascii: ","))
                return take(UInt8(ascii: "}")) ? .object(members) : nil
            case UInt8(ascii: "["):
                position += 1
                var elements: [JSON] = []
                if take(UInt8(ascii: "]")) { return .array([]) }
                repeat {
                    guard let value = value(depth: depth + 1) else { return nil }
                    elements.append(value)
                } while take(UInt8(ascii: ","))
                return take(UInt8(ascii: "]")) ? .array(elements) : nil
            case UInt8(ascii: "\""): return text().map { .string($0) }
            case UInt8(ascii: "t"): return word("true") ? .boolean(true) : nil
            case UInt8(ascii: "f"): return word("false") ? .boolean(false) : nil
            case UInt8(ascii: "n"): return word("null") ? .null : nil
            default: return number()
            }
        }

        private mutating func word(_ word: StaticString) -> Bool {
            let end = position + word.utf8CodeUnitCount
            guard end <= bytes.count, bytes[position..<end].elementsEqual(UnsafeBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount)) else { return false }
            position = end
            return true
        }

        private mutating func digits() -> Bool {
            let start = position
            while let byte, (0x30...0x39).contains(byte) { position += 1 }
            return position > start
        }

        private mutating func number() -> JSON? {
            let start = position
            if byte == UInt8(ascii: "-") { position += 1 }
            if byte == UInt8(ascii: "0") { position += 1 } else { guard digits() else { return nil } }
            if byte == UInt8(ascii: ".") {
                position += 1
                guard digits() else { return nil }
            }
            if let byte, byte | 0x20 == UInt8(ascii: "e") {
                position += 1
                if let sign = self.byte, sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") { position += 1 }
                guard digits() else { return nil }
            }
            guard let number = Double(String(decoding: bytes[start..<position], as: UTF8.self)), number.isFinite else { return nil }
            return .number(number)
        }

        private mutating func text() -> String? {
            guard byte == UInt8(ascii: "\"") else { return nil }
            position += 1
            var text: [UInt8] = []
            while let byte {
                position += 1
                switch byte {
                case UInt8(ascii: "\""): return String(validating: text, as: UTF8.self)
                case ..<0x20: return nil
                case UInt8(ascii: "\\"):
                    guard let escape = self.byte else { return nil }
                    position += 1
                    switch escape {
                    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(escape)
                    case UInt8(ascii: "b"): text.append(0x08)
                    case UInt8(ascii: "f"): text.append(0x0C)
                    case UInt8(ascii: "n"): text.append(0x0A)
                    case UInt8(ascii: "r"): text.append(0x0D)
                    case UInt8(ascii: "t"): text.append(0x09)
                    case UInt8(ascii: "u"):
                        guard let scalar = scalar() else { return nil }
                        text.append(contentsOf: String(scalar).utf8)
                    default: return nil
                    }
                default: text.append(byte)
                }
            }
            return nil
        }

        /// What follows `\u`: four digits, or two times four for a character outside of the first plane.
        private mutating func scalar() -> Unicode.Scalar? {
            guard let unit = unit() else { return nil }
            guard (0xD800..<0xDC00).contains(unit) else { return Unicode.Scalar(unit) }
            guard byte == UInt8(ascii: "\\"), position + 1 < bytes.count, bytes[position + 1] == UInt8(ascii: "u") else { return nil }
            position += 2
            guard let low = self.unit(), (0xDC00..<0xE000).contains(low) else { return nil }
            return Unicode.Scalar(0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00))
        }

        private mutating func unit() -> UInt32? {
            guard position + 4 <= bytes.count else { return nil }
            var value: UInt32 = 0
            for byte in bytes[position..<position + 4] {
                guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue else { return nil }
                value = value << 4 | UInt32(digit)
            }
            position += 4
            return value
        }
    }
}
