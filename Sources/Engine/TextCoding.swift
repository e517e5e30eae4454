// How a text is written: JSON escapes, the percent-encoding of forms, the character references of markup. Each is read and written here or, for JSON, in `JSONStrings.swift`.

/// The way in which the bytes of a text stand in a body.
enum TextCoding {
    /// As they are.
    case plain
    case json
    /// `application/x-www-form-urlencoded`. Source: WHATWG URL Standard §5.
    case form
    /// HTML and XML. Source: WHATWG HTML §13.2.5.72 and on, XML 1.0 §4.1.
    case markup
    /// A field of a table between quotes, and one without. Source: RFC 4180 §2.
    case quoted, unquoted

    /// Whether a byte may begin more than itself, or stand for another.
    func isSpecial(_ byte: UInt8) -> Bool {
        switch self {
        case .plain, .unquoted: false
        case .quoted: byte == UInt8(ascii: "\"")
        case .json: byte == UInt8(ascii: "\\")
        case .form: byte == UInt8(ascii: "%") || byte == UInt8(ascii: "+")
        case .markup: byte == UInt8(ascii: "&")
        }
    }

    /// Appends the text of `raw` to `text` and notes the units that are more than a byte.
    ///
    /// - Parameter isClosed: whether the text ends with `raw`; if not, an unfinished escape at its end is left over.
    /// - Returns: the bytes of `raw` that were read.
    func decode(_ raw: UnsafeBufferPointer<UInt8>, isClosed: Bool, into text: inout [UInt8], noting units: inout UnitMap) -> Int {
        switch self {
        case .plain, .unquoted:
            text.append(contentsOf: raw)
            return raw.count
        case .json: return JSONEscapes.decode(raw, isClosed: isClosed, into: &text, noting: &units)
        case .form, .markup, .quoted: return resolve(raw, isClosed: isClosed, into: &text, noting: &units)
        }
    }

    /// What `raw` says, where nothing has to be found again in it.
    ///
    /// - Parameter isClosed: as for ``decode(_:isClosed:into:noting:)``.
    func decoded(_ raw: UnsafeBufferPointer<UInt8>, isClosed: Bool = true) -> [UInt8] {
        var text: [UInt8] = []
        var units = UnitMap()
        _ = decode(raw, isClosed: isClosed, into: &text, noting: &units)
        return text
    }

    private func resolve(_ raw: UnsafeBufferPointer<UInt8>, isClosed: Bool, into text: inout [UInt8], noting units: inout UnitMap) -> Int {
        let base = text.count
        var index = 0
        while index < raw.count {
            guard isSpecial(raw[index]) else {
                let run = raw[index...].prefix { !isSpecial($0) }
                text.append(contentsOf: UnsafeBufferPointer(rebasing: run))
                index += run.count
                continue
            }
            let rest = UnsafeBufferPointer(rebasing: raw[index...])
            let start = text.count
            let escape =
                switch self {
                case .form: PercentEscape.read(rest, into: &text)
                case .quoted: DoubledQuote.read(rest, into: &text)
                case .markup, .json, .plain, .unquoted: CharacterReference.read(rest, isClosed: isClosed, into: &text)
                }
            switch escape {
            case .cut where !isClosed: return index
            case .cut, .none:
                text.append(raw[index])
                index += 1
            case .unit(let length):
                if length != 1 || text.count - start != 1 {
                    units.append(UnitMap.Unit(text: start - base, textCount: text.count - start, raw: index, rawCount: length))
                }
                index += length
            }
        }
        return index
    }

    /// `text` so that it can stand in such a body.
    func encoded(_ text: [UInt8]) -> [UInt8] {
        switch self {
        case .plain: text
        case .json: JSONEscapes.escaped(text)
        case .form: text.flatMap { PercentEscape.written($0) }
        case .markup: text.flatMap { CharacterReference.written($0) }
        case .quoted: text.flatMap { $0 == UInt8(ascii: "\"") ? [$0, $0] : [$0] }
        // Quotes cannot be put around it any more, so what would need them goes.
        case .unquoted: text.map { Self.needsQuotes.contains($0) ? UInt8(ascii: " ") : $0 }
        }
    }

    private static let needsQuotes = ByteSet(ascii: ",;\t|\"\r\n")

    /// Bytes at the end of `raw` that may be the first half of an escape; none in codings whose escapes are longer than two bytes and not looked at here.
    func unfinished(_ raw: UnsafeBufferPointer<UInt8>.SubSequence) -> Int {
        let half: UInt8
        switch self {
        case .json: half = UInt8(ascii: "\\")
        case .quoted: half = UInt8(ascii: "\"")
        case .plain, .form, .markup, .unquoted: return 0
        }
        return raw.reversed().prefix { $0 == half }.count & 1
    }
}

/// What an escape begins with at a byte that may begin one.
private enum Escape {
    /// So many raw bytes, whose text has been appended.
    case unit(Int)
    /// The byte stands for itself.
    case none
    /// More bytes can tell.
    case cut
}

private enum DoubledQuote {
    static func read(_ raw: UnsafeBufferPointer<UInt8>, into text: inout [UInt8]) -> Escape {
        guard raw.count > 1 else { return .cut }
        guard raw[1] == UInt8(ascii: "\"") else { return .none }
        text.append(UInt8(ascii: "\""))
        return .unit(2)
    }
}

private enum PercentEscape {
    static func read(_ raw: UnsafeBufferPointer<UInt8>, into text: inout [UInt8]) -> Escape {
        if raw[0] == UInt8(ascii: "+") {
            text.append(UInt8(ascii: " "))
            return .unit(1)
        }
        var value: UInt8 = 0
        for index in 1...2 {
            guard index < raw.count else { return .cut }
            guard let digit = hexadecimalValue(raw[index]) else { return .none }
            value = value << 4 | digit
        }
        text.append(value)
        return .unit(3)
    }

    /// The application/x-www-form-urlencoded percent-encode set (WHATWG URL §1.3).
    static func written(_ byte: UInt8) -> [UInt8] {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "*"),
            UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
            return [byte]
        case UInt8(ascii: " "): return [UInt8(ascii: "+")]
        default:
            let digits = Array("0123456789ABCDEF".utf8)
            return [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
        }
    }
}

private enum CharacterReference {
    /// Those that write a character which a rule can look for or stop at, of the two thousand and some of HTML (§13.5).
    private static let names: [String: String] = [
        "amp": "&", "lt": "<", "gt": ">", "quot": "\"", "apos": "'", "nbsp": "\u{A0}", "commat": "@", "period": ".", "comma": ",", "colon": ":", "semi": ";",
        "sol": "/", "bsol": "\\", "num": "#", "plus": "+", "equals": "=", "lowbar": "_", "hyphen": "\u{2010}", "dash": "\u{2010}", "ndash": "–", "mdash": "—",
        "excl": "!", "quest": "?", "dollar": "$", "percnt": "%", "ast": "*", "lpar": "(", "rpar": ")", "lsqb": "[", "rsqb": "]", "lcub": "{", "rcub": "}",
        "grave": "`", "verbar": "|", "vert": "|", "Tab": "\t", "NewLine": "\n", "shy": "\u{AD}", "ensp": "\u{2002}", "emsp": "\u{2003}", "thinsp": "\u{2009}",
    ]
    private static let bytes = Dictionary(uniqueKeysWithValues: names.map { (Array($0.key.utf8), Array($0.value.utf8)) })
    private static let longestName = names.keys.map(\.utf8.count).max() ?? 0
    /// Of the number of a character, leading zeros among them.
    private static let mostDigits = 10

    static func read(_ raw: UnsafeBufferPointer<UInt8>, isClosed: Bool, into text: inout [UInt8]) -> Escape {
        guard raw.count > 1 else { return .cut }
        if raw[1] == UInt8(ascii: "#") { return readNumber(raw, isClosed: isClosed, into: &text) }
        var end = 1
        while end < raw.count, end <= longestName, isLetter(raw[end]) { end += 1 }
        if end == raw.count, end <= longestName { return .cut }
        guard end < raw.count, raw[end] == UInt8(ascii: ";"), let written = bytes[Array(raw[1..<end])] else { return .none }
        text.append(contentsOf: written)
        return .unit(end + 1)
    }

    private static func readNumber(_ raw: UnsafeBufferPointer<UInt8>, isClosed: Bool, into text: inout [UInt8]) -> Escape {
        guard raw.count > 2 else { return .cut }
        let isHexadecimal = raw[2] | 0x20 == UInt8(ascii: "x")
        let first = isHexadecimal ? 3 : 2
        var end = first
        var value: UInt32 = 0
        while end < raw.count, end - first < mostDigits, let digit = hexadecimalValue(raw[end]), isHexadecimal || digit < 10 {
            value = min(value * (isHexadecimal ? 16 : 10) + UInt32(digit), 0x110000)
            end += 1
        }
        if end == raw.count, end - first < mostDigits { return isClosed && end > first ? append(value, to: &text, length: end) : .cut }
        guard end > first else { return .none }
        // The semicolon may be missing (WHATWG HTML §13.2.5.80).
        guard end < raw.count else { return .cut }
        return append(value, to: &text, length: raw[end] == UInt8(ascii: ";") ? end + 1 : end)
    }

    private static func append(_ value: UInt32, to text: inout [UInt8], length: Int) -> Escape {
        text.append(contentsOf: String(value == 0 ? "\u{FFFD}" : UnicodeScalar(value) ?? "\u{FFFD}").utf8)
        return .unit(length)
    }

    private static func isLetter(_ byte: UInt8) -> Bool { (byte | 0x20) &- UInt8(ascii: "a") < 26 }

    static func written(_ byte: UInt8) -> [UInt8] {
        switch byte {
        case UInt8(ascii: "&"): Array("&amp;".utf8)
        case UInt8(ascii: "<"): Array("&lt;".utf8)
        case UInt8(ascii: ">"): Array("&gt;".utf8)
        case UInt8(ascii: "\""): Array("&quot;".utf8)
        case UInt8(ascii: "'"): Array("&#39;".utf8)
        default: [byte]
        }
    }
}

/// The value of a hexadecimal digit; nil if it is none.
func hexadecimalValue(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
}
