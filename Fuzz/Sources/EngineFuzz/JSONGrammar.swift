// Whether bytes are JSON: RFC 8259, one value or several.

/// A check of the grammar that shares no code with the engine's tokenizer. Builds nothing; O(bytes).
struct JSONGrammar {
    private let bytes: [UInt8]
    private var at = 0

    /// Deeper nesting counts as broken, as decision 0001 says.
    private static let deepest = 65_536

    /// Whether `bytes` are one JSON value or several one after the other, with a byte-order mark in front or without, as the engine's `json` reads them.
    /// Between two values must be white space unless one of the two is a string, object or array. Bytes in strings need not be UTF-8.
    static func accepts(_ bytes: [UInt8]) -> Bool {
        var grammar = JSONGrammar(bytes: bytes)
        return grammar.values()
    }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    private mutating func values() -> Bool {
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { at = 3 }
        var count = 0
        var lastWasBare = false
        while true {
            let before = at
            skipSpace()
            guard let byte = peek else { return count > 0 }
            let isBare = byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "{") && byte != UInt8(ascii: "[")
            if lastWasBare && isBare && before == at { return false }
            guard value() else { return false }
            lastWasBare = isBare
            count += 1
        }
    }

    private var peek: UInt8? { at < bytes.count ? bytes[at] : nil }

    private mutating func skipSpace() {
        while let byte = peek, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { at += 1 }
    }

    /// One value, with an explicit stack: nesting is bounded by ``deepest``, not by the call stack.
    private mutating func value() -> Bool {
        var isObject: [Bool] = []
        while true {
            skipSpace()
            guard let byte = peek else { return false }
            var isOver = true
            switch byte {
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                if isObject.count == Self.deepest { return false }
                at += 1
                isObject.append(byte == UInt8(ascii: "{"))
                skipSpace()
                if peek == (byte == UInt8(ascii: "{") ? UInt8(ascii: "}") : UInt8(ascii: "]")) {
                    at += 1
                    isObject.removeLast()
                } else {
                    if byte == UInt8(ascii: "{"), !name() { return false }
                    isOver = false
                }
            case UInt8(ascii: "\""): if !string() { return false }
            case UInt8(ascii: "t"): if !word("true") { return false }
            case UInt8(ascii: "f"): if !word("false") { return false }
            case UInt8(ascii: "n"): if !word("null") { return false }
            default: if !number() { return false }
            }
            // A value is over: so may be those around it.
            while isOver {
                guard let inObject = isObject.last else { return true }
                skipSpace()
                guard let next = peek else { return false }
                at += 1
                switch next {
                case UInt8(ascii: ","):
                    if inObject, !name() { return false }
                    isOver = false
                case UInt8(ascii: "}") where inObject, UInt8(ascii: "]") where !inObject: isObject.removeLast()
                default: return false
                }
            }
        }
    }

    /// A member's name and the colon.
    private mutating func name() -> Bool {
        skipSpace()
        guard peek == UInt8(ascii: "\""), string() else { return false }
        skipSpace()
        guard peek == UInt8(ascii: ":") else { return false }
        at += 1
        return true
    }

    private mutating func string() -> Bool {
        at += 1
        while let byte = peek {
            at += 1
            switch byte {
            case UInt8(ascii: "\""): return true
            case 0..<0x20: return false
            case UInt8(ascii: "\\"):
                guard let escape = peek else { return false }
                at += 1
                switch escape {
                case UInt8(ascii: "u"):
                    for _ in 0..<4 {
                        guard let digit = peek, Character(UnicodeScalar(digit)).isHexDigit, digit < 0x80 else { return false }
                        at += 1
                    }
                case _ where "\"\\/bfnrt".utf8.contains(escape): break
                default: return false
                }
            default: break
            }
        }
        return false
    }

    private mutating func word(_ word: String) -> Bool {
        guard bytes[at...].starts(with: word.utf8) else { return false }
        at += word.utf8.count
        return true
    }

    private mutating func number() -> Bool {
        if peek == UInt8(ascii: "-") { at += 1 }
        if peek == UInt8(ascii: "0") { at += 1 } else if !digits() { return false }
        if peek == UInt8(ascii: ".") {
            at += 1
            if !digits() { return false }
        }
        if peek == UInt8(ascii: "e") || peek == UInt8(ascii: "E") {
            at += 1
            if peek == UInt8(ascii: "+") || peek == UInt8(ascii: "-") { at += 1 }
            if !digits() { return false }
        }
        return true
    }

    private mutating func digits() -> Bool {
        let start = at
        while let byte = peek, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { at += 1 }
        return at > start
    }
}
