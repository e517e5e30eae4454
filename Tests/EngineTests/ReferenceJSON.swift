// The reference masker's JSON reader: a whole body in, its texts out.

/// A stretch of what a reader of the body sees, and where each of its bytes stands in the body.
struct ReferenceText {
    enum Kind { case plain, string, number, formPart, markup, quotedCell, cell }

    var kind: Kind
    /// Where it begins in the body; for a string, after the quote.
    var start: Int
    var bytes: [UInt8] = []
    /// For every byte the raw bytes that wrote it, half-open, offsets into the body.
    var origins: [Range<Int>] = []
    /// Whether the body ended inside it.
    var isOpen = false
    /// Where an escape begins that the end of the body cut.
    var unfinishedEscape: Int?
    /// How what is written into it has to be escaped: once for each document around it.
    var depth = 0
    /// What stands before it for a context, its last bytes: as the readers of the documents around it see them.
    var before: [UInt8] = []
    /// It has not told whether it is a document.
    var isUndecided = false

    init(kind: Kind, start: Int) {
        self.kind = kind
        self.start = start
    }

    init(kind: Kind, raw range: Range<Int>, of body: [UInt8]) {
        self.init(kind: kind, start: range.lowerBound)
        for offset in range { append([body[offset]], from: offset..<offset + 1) }
    }

    mutating func append(_ new: [UInt8], from raw: Range<Int>) {
        bytes += new
        origins += Array(repeating: raw, count: new.count)
    }

    /// The raw bytes that wrote these bytes of the text.
    func raw(_ range: Range<Int>) -> Range<Int> {
        range.isEmpty ? start..<start : origins[range.lowerBound].lowerBound..<origins[range.upperBound - 1].upperBound
    }
}

/// The texts of a JSON body, in order, and where it stopped being JSON.
struct ReferenceJSON {
    private(set) var texts: [ReferenceText] = []
    private(set) var brokenAt: Int?

    /// Brackets open at once; one more counts as broken.
    private static let deepest = 65_536

    private enum Expected { case value, valueOrClose, key, keyOrClose, colon, commaOrClose }

    private let body: [UInt8]
    private var at = 0

    init(_ body: [UInt8]) {
        self.body = body
        readAll()
    }

    private mutating func readAll() {
        if body.starts(with: [0xEF, 0xBB, 0xBF]) { at = 3 }
        var open: [UInt8] = []
        var expected = Expected.value
        while at < body.count {
            let byte = body[at]
            var isRead = true
            switch (byte, expected) {
            case (0x20, _), (0x09, _), (0x0A, _), (0x0D, _):
                at += 1
                continue
            case (UInt8(ascii: "{"), .value), (UInt8(ascii: "["), .value), (UInt8(ascii: "{"), .valueOrClose), (UInt8(ascii: "["), .valueOrClose):
                guard open.count < Self.deepest else {
                    readRestAsText()
                    return
                }
                open.append(byte)
                expected = byte == UInt8(ascii: "{") ? .keyOrClose : .valueOrClose
                at += 1
                continue
            case (UInt8(ascii: "}"), .keyOrClose), (UInt8(ascii: "]"), .valueOrClose):
                open.removeLast()
                at += 1
            case (UInt8(ascii: "}"), .commaOrClose) where open.last == UInt8(ascii: "{"),
                (UInt8(ascii: "]"), .commaOrClose) where open.last == UInt8(ascii: "["):
                open.removeLast()
                at += 1
            case (UInt8(ascii: ","), .commaOrClose):
                expected = open.last == UInt8(ascii: "{") ? .key : .value
                at += 1
                continue
            case (UInt8(ascii: ":"), .colon):
                expected = .value
                at += 1
                continue
            case (UInt8(ascii: "\""), .key), (UInt8(ascii: "\""), .keyOrClose):
                readString()
                expected = .colon
                continue
            case (UInt8(ascii: "\""), .value), (UInt8(ascii: "\""), .valueOrClose): readString()
            case (UInt8(ascii: "-"), .value), (UInt8(ascii: "-"), .valueOrClose): isRead = readNumber()
            case (_, .value) where isDigit(byte), (_, .valueOrClose) where isDigit(byte): isRead = readNumber()
            case (UInt8(ascii: "t"), .value), (UInt8(ascii: "t"), .valueOrClose): isRead = readWord("true")
            case (UInt8(ascii: "f"), .value), (UInt8(ascii: "f"), .valueOrClose): isRead = readWord("false")
            case (UInt8(ascii: "n"), .value), (UInt8(ascii: "n"), .valueOrClose): isRead = readWord("null")
            default: isRead = false
            }
            if !isRead {
                if at < body.count { readRestAsText() }
                return
            }
            expected = open.isEmpty ? .value : .commaOrClose
        }
    }

    private mutating func readRestAsText() {
        brokenAt = at
        var rest = ReferenceText(kind: .plain, raw: at..<body.count, of: body)
        rest.isOpen = true
        texts.append(rest)
        at = body.count
    }

    /// False: the byte at `at` does not belong to the word.
    private mutating func readWord(_ word: String) -> Bool {
        for byte in word.utf8 {
            if at == body.count { return true }
            if body[at] != byte { return false }
            at += 1
        }
        return true
    }

    /// False: the byte at `at` breaks the number off.
    private mutating func readNumber() -> Bool {
        let start = at
        let isWhole = readNumberGrammar()
        var text = ReferenceText(kind: .number, raw: start..<at, of: body)
        text.isOpen = at == body.count
        texts.append(text)
        return isWhole || at == body.count
    }

    private mutating func readNumberGrammar() -> Bool {
        func has(_ bytes: String) -> Bool { at < body.count && bytes.utf8.contains(body[at]) }
        let digits = "0123456789"
        if has("-") { at += 1 }
        if has("0") {
            at += 1
        } else {
            guard has(digits) else { return false }
            while has(digits) { at += 1 }
        }
        if has(".") {
            at += 1
            guard has(digits) else { return false }
            while has(digits) { at += 1 }
        }
        if has("eE") {
            at += 1
            if has("+-") { at += 1 }
            guard has(digits) else { return false }
            while has(digits) { at += 1 }
        }
        return true
    }

    private mutating func readString() {
        at += 1
        var text = ReferenceText(kind: .string, start: at)
        while at < body.count, body[at] != UInt8(ascii: "\"") {
            if body[at] == UInt8(ascii: "\\") {
                readEscape(&text)
            } else {
                text.append([body[at]], from: at..<at + 1)
                at += 1
            }
        }
        text.isOpen = at == body.count
        texts.append(text)
        at += 1
    }

    private mutating func readEscape(_ text: inout ReferenceText) {
        let start = at
        guard start + 1 < body.count else {
            text.unfinishedEscape = text.unfinishedEscape ?? start
            text.append([UInt8(ascii: "\\")], from: start..<start + 1)
            at += 1
            return
        }
        let simple: [UInt8: UInt8] = [
            UInt8(ascii: "\""): 0x22, UInt8(ascii: "\\"): 0x5C, UInt8(ascii: "/"): 0x2F, UInt8(ascii: "b"): 0x08, UInt8(ascii: "f"): 0x0C,
            UInt8(ascii: "n"): 0x0A, UInt8(ascii: "r"): 0x0D, UInt8(ascii: "t"): 0x09,
        ]
        if let byte = simple[body[start + 1]] {
            text.append([byte], from: start..<start + 2)
            at += 2
        } else if let unit = codeUnit(at: start) {
            let low = codeUnit(at: start + 6)
            if (0xD800...0xDBFF).contains(unit), let low, (0xDC00...0xDFFF).contains(low) {
                let scalar = Unicode.Scalar(0x10000 + (UInt32(unit) - 0xD800) << 10 + (UInt32(low) - 0xDC00))!
                text.append(Array(String(scalar).utf8), from: start..<start + 12)
                at += 12
            } else {
                let scalar = Unicode.Scalar(UInt32(unit)) ?? "\u{FFFD}"
                text.append(Array(String(scalar).utf8), from: start..<start + 6)
                at += 6
                if (0xD800...0xDBFF).contains(unit), couldBecomeLowSurrogate(at) { text.unfinishedEscape = text.unfinishedEscape ?? start }
            }
        } else {
            // A wrong escape: the backslash and the byte after it are one unit that stands for itself.
            if body[start + 1] == UInt8(ascii: "u"), couldBecomeCodeUnit(start) { text.unfinishedEscape = text.unfinishedEscape ?? start }
            text.append([UInt8(ascii: "\\"), body[start + 1]], from: start..<start + 2)
            at += 2
        }
    }

    /// The value of `\uXXXX` at `start`, nil when none stands there.
    private func codeUnit(at start: Int) -> UInt16? {
        guard start + 6 <= body.count, body[start] == UInt8(ascii: "\\"), body[start + 1] == UInt8(ascii: "u") else { return nil }
        let digits = body[start + 2..<start + 6]
        guard digits.allSatisfy(isHexDigit) else { return nil }
        return UInt16(String(decoding: digits, as: UTF8.self), radix: 16)
    }

    /// Whether the body ends in the middle of what begins like `\uXXXX`.
    private func couldBecomeCodeUnit(_ start: Int) -> Bool {
        body.count < start + 6 && body[min(start + 2, body.count)...].allSatisfy(isHexDigit)
    }

    private func couldBecomeLowSurrogate(_ start: Int) -> Bool {
        guard body.count < start + 6 else { return false }
        for (offset, byte) in body[start...].enumerated() {
            let fits =
                switch offset {
                case 0: byte == UInt8(ascii: "\\")
                case 1: byte == UInt8(ascii: "u")
                case 2: byte == UInt8(ascii: "d") || byte == UInt8(ascii: "D")
                case 3: "cdefCDEF".utf8.contains(byte)
                default: isHexDigit(byte)
                }
            if !fits { return false }
        }
        return true
    }

    private func isHexDigit(_ byte: UInt8) -> Bool { isDigit(byte) || (0x41...0x46).contains(byte & 0xDF) }
}
