// A JSON document as a value, for commands that come as JSON.

/// A JSON value. Names keep their order and may stand twice, since readers differ on which one counts.
///
/// Source: RFC 8259.
enum JSONValue: Hashable, Sendable {
    case null
    case boolean(Bool)
    /// As it is written.
    case number(String)
    case string(String)
    case array([JSONValue])
    case object([Member])

    struct Member: Hashable, Sendable {
        var name: String
        var value: JSONValue
    }

    /// Deeper documents are not read.
    static let deepest = 64

    /// The value that the bytes write, nil if they are no JSON or nested too deeply.
    ///
    /// - Parameter isLenient: as MongoDB's shell writes it: names without quotes, single quotes, calls such as `ISODate("…")`, trailing commas.
    init?(_ bytes: some Sequence<UInt8>, isLenient: Bool = false) {
        var parser = Parser(bytes: Array(bytes), isLenient: isLenient)
        guard let value = parser.value(0) else { return nil }
        parser.skipSpace()
        guard parser.position == parser.bytes.count || isLenient else { return nil }
        self = value
    }

    subscript(_ name: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.name == name }?.value
    }

    var members: [Member] { if case .object(let members) = self { members } else { [] } }
    var elements: [JSONValue] { if case .array(let elements) = self { elements } else { [] } }
    var string: String? { if case .string(let text) = self { text } else { nil } }
    /// A string, number or truth value as text.
    var scalar: String? {
        switch self {
        case .string(let text), .number(let text): text
        case .boolean(let value): value ? "true" : "false"
        case .null, .array, .object: nil
        }
    }
    var isEmptyObject: Bool { if case .object(let members) = self { members.isEmpty } else { false } }

    struct Parser {
        let bytes: [UInt8]
        let isLenient: Bool
        var position = 0

        private var byte: UInt8? { position < bytes.count ? bytes[position] : nil }

        mutating func skipSpace() {
            while let byte, byte <= 0x20 || byte == 0xEF || byte == 0xBB || byte == 0xBF { position += 1 }
            if isLenient, byte == 0x2F, position + 1 < bytes.count {
                if bytes[position + 1] == 0x2A {
                    position += 2
                    while position < bytes.count, !(bytes[position] == 0x2A && position + 1 < bytes.count && bytes[position + 1] == 0x2F) { position += 1 }
                    position = min(position + 2, bytes.count)
                    skipSpace()
                } else if bytes[position + 1] == 0x2F {
                    while let byte, byte != 0x0A { position += 1 }
                    skipSpace()
                }
            }
        }

        mutating func value(_ depth: Int) -> JSONValue? {
            skipSpace()
            guard depth < JSONValue.deepest, let first = byte else { return nil }
            switch first {
            case 0x7B:
                position += 1
                var members: [Member] = []
                while true {
                    skipSpace()
                    guard let next = byte else { return nil }
                    if next == 0x7D, members.isEmpty || isLenient {
                        position += 1
                        return .object(members)
                    }
                    let name: String
                    if next == 0x22 || isLenient && next == 0x27 {
                        guard let text = text(next) else { return nil }
                        name = text
                    } else {
                        guard isLenient, let word = word() else { return nil }
                        name = word
                    }
                    skipSpace()
                    guard byte == 0x3A else { return nil }
                    position += 1
                    guard let value = value(depth + 1) else { return nil }
                    members.append(Member(name: name, value: value))
                    skipSpace()
                    if byte == 0x2C {
                        position += 1
                    } else {
                        guard byte == 0x7D else { return nil }
                        position += 1
                        return .object(members)
                    }
                }
            case 0x5B:
                position += 1
                var elements: [JSONValue] = []
                while true {
                    skipSpace()
                    guard let next = byte else { return nil }
                    if next == 0x5D, elements.isEmpty || isLenient {
                        position += 1
                        return .array(elements)
                    }
                    guard let value = value(depth + 1) else { return nil }
                    elements.append(value)
                    skipSpace()
                    if byte == 0x2C {
                        position += 1
                    } else {
                        guard byte == 0x5D else { return nil }
                        position += 1
                        return .array(elements)
                    }
                }
            case 0x22: return text(0x22).map { .string($0) }
            case 0x27 where isLenient: return text(0x27).map { .string($0) }
            case 0x60 where isLenient: return text(0x60).map { .string($0) }
            case 0x2D, 0x30...0x39:
                let start = position
                while let byte, byte >= 0x30 && byte <= 0x39 || byte == 0x2B || byte == 0x2D || byte == 0x2E || byte | 0x20 == 0x65 { position += 1 }
                return .number(String(decoding: bytes[start..<position], as: UTF8.self))
            case 0x2F where isLenient:
                // A regular expression.
                let start = position
                position += 1
                while let byte, byte != 0x2F, byte != 0x0A { position += byte == 0x5C ? 2 : 1 }
                position = min(position + 1, bytes.count)
                while let byte, byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7A { position += 1 }
                return .string(String(decoding: bytes[start..<min(position, bytes.count)], as: UTF8.self))
            default:
                guard let word = word() else { return nil }
                switch word {
                case "true": return .boolean(true)
                case "false": return .boolean(false)
                case "null": return .null
                default:
                    guard isLenient else { return nil }
                    // A variable, or a call: new ObjectId("…").
                    if word == "new" || word == "function" { return value(depth + 1) }
                    skipSpace()
                    if byte == 0x28 { skipParentheses() }
                    return .string(word)
                }
            }
        }

        private mutating func word() -> String? {
            let start = position
            while let byte, byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7A || byte >= 0x30 && byte <= 0x39 || byte == 0x5F || byte == 0x24 || byte == 0x2E && isLenient { position += 1 }
            return position > start ? String(decoding: bytes[start..<position], as: UTF8.self) : nil
        }

        private mutating func skipParentheses() {
            var depth = 0
            while let byte {
                if byte == 0x22 || byte == 0x27 {
                    _ = text(byte)
                    continue
                }
                position += 1
                if byte == 0x28 { depth += 1 } else if byte == 0x29 {
                    depth -= 1
                    if depth == 0 { return }
                }
            }
        }

        private mutating func text(_ quote: UInt8) -> String? {
            position += 1
            let start = position
            while let byte {
                position += byte == 0x5C ? 2 : 1
                if byte == quote { return String(decoding: JSONString.unescaped(bytes[start..<position - 1]), as: UTF8.self) }
            }
            position = bytes.count
            return nil
        }
    }
}
