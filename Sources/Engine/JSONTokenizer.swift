// Cuts a JSON body into the texts that its reader sees: strings and numbers. Works on any cut, with a few words of state and one bit a level.
//
// Source: RFC 8259. Stricter than a lenient reader outside strings and as lenient as one inside them, so that no string is misread:
// see "Texts" in `docs/decisions/0001-the-meaning-of-masking.md`.

/// One text of a JSON body, or the part of it that lies in a window.
struct JSONText {
    enum Kind: Equatable {
        /// Between the quotes.
        case string(hasEscape: Bool)
        case number
        /// Longer than ``JSONTokenizer/longestNumber``: masked whole.
        case oversizedNumber
        /// What follows the place where the body stopped being JSON.
        case tail
    }
    var kind: Kind
    /// Half-open offsets into the window.
    var start: Int
    var end: Int
    /// Began in an earlier window.
    var isContinued: Bool
    /// Ends in this window.
    var isClosed: Bool
}

struct JSONTokenizer {
    /// Levels of arrays and objects; a body that goes deeper counts as broken there. One bit each: 8 KiB.
    static let deepest = 65_536
    /// Raw bytes of a number.
    static let longestNumber = 4096

    private enum Mode: Equatable {
        case between
        case string
        case oversizedNumber
        case literal(Literal, seen: Int)
        case byteOrderMark(seen: Int)
        case tail
    }

    private enum Literal: Equatable {
        case `true`, `false`, null
        var spelling: StaticString {
            switch self {
            case .true: "true"
            case .false: "false"
            case .null: "null"
            }
        }
    }

    private enum Expected: Equatable {
        case value, valueOrEnd, key, keyOrEnd, colon, commaOrEnd
    }

    fileprivate enum NumberState: Equatable {
        case minus, zero, whole, point, fraction, exponent, exponentSign, exponentDigits
        var isComplete: Bool {
            switch self {
            case .zero, .whole, .fraction, .exponentDigits: true
            case .minus, .point, .exponent, .exponentSign: false
            }
        }
    }

    private var mode: Mode = .byteOrderMark(seen: 0)
    private var expected: Expected = .value
    private var numberState: NumberState = .minus
    /// One bit a level, set for an object.
    private var levels: [UInt64] = []
    private var depth = 0

    /// Where the body stopped being JSON, if it did in the latest window.
    private(set) var brokenAt: Int?

    /// Reads a window. Texts that end in it or reach its end are appended to `texts`.
    ///
    /// The window after this one must begin inside the last text if that one is open (anywhere in a string or tail, at the start of a number),
    /// else at `resumeAt`.
    /// - Returns: where the next window begins if no text is open.
    mutating func read(_ bytes: UnsafeBufferPointer<UInt8>, isLast: Bool, into texts: inout [JSONText]) -> Int {
        brokenAt = nil
        var index = 0
        let count = bytes.count
        if case .byteOrderMark = mode {
            let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
            let seen = zip(bytes, mark).prefix { $0 == $1 }.count
            if seen == count, seen < 3, !isLast { return 0 }
            mode = .between
            if seen == 3 { index = 3 }
        }
        switch mode {
        case .string:
            index = readString(bytes, from: 0, isContinued: true, isLast: isLast, into: &texts)
        case .oversizedNumber:
            index = readNumber(bytes, from: 0, isLast: isLast, into: &texts)
        case .tail:
            texts.append(JSONText(kind: .tail, start: 0, end: count, isContinued: true, isClosed: isLast))
            return count
        case .between, .literal, .byteOrderMark: break
        }

        while index < count {
            let byte = bytes[index]
            if case .literal(let literal, let seen) = mode {
                guard byte == literal.spelling.utf8Start[seen] else { return breakOff(at: index, count: count, isLast: isLast, into: &texts) }
                index += 1
                if seen + 1 < literal.spelling.utf8CodeUnitCount {
                    mode = .literal(literal, seen: seen + 1)
                } else {
                    mode = .between
                    endValue()
                }
                continue
            }
            switch byte {
            case 0x20, 0x09, 0x0A, 0x0D:
                index += 1
            case UInt8(ascii: "\""):
                switch expected {
                case .value, .valueOrEnd, .key, .keyOrEnd: break
                case .colon, .commaOrEnd: return breakOff(at: index, count: count, isLast: isLast, into: &texts)
                }
                index = readString(bytes, from: index + 1, isContinued: false, isLast: isLast, into: &texts)
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                guard expectsValue, depth < Self.deepest else { return breakOff(at: index, count: count, isLast: isLast, into: &texts) }
                let isObject = byte == UInt8(ascii: "{")
                push(isObject)
                expected = isObject ? .keyOrEnd : .valueOrEnd
                index += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                let isObject = byte == UInt8(ascii: "}")
                let mayEnd = expected == .commaOrEnd || expected == (isObject ? .keyOrEnd : .valueOrEnd)
                guard mayEnd, depth > 0, inObject == isObject else { return breakOff(at: index, count: count, isLast: isLast, into: &texts) }
                depth -= 1
                endValue()
                index += 1
            case UInt8(ascii: ","):
                guard expected == .commaOrEnd else { return breakOff(at: index, count: count, isLast: isLast, into: &texts) }
                expected = inObject ? .key : .value
                index += 1
            case UInt8(ascii: ":"):
                guard expected == .colon else { return breakOff(at: index, count: count, isLast: isLast, into: &texts) }
                expected = .value
                index += 1
            case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
                guard expectsValue else { return breakOff(at: index, count: count, isLast: isLast, into: &texts) }
                index = readNumber(bytes, from: index, isLast: isLast, into: &texts)
            case UInt8(ascii: "t"), UInt8(ascii: "f"), UInt8(ascii: "n"):
                guard expectsValue else { return breakOff(at: index, count: count, isLast: isLast, into: &texts) }
                mode = .literal(byte == UInt8(ascii: "t") ? .true : byte == UInt8(ascii: "f") ? .false : .null, seen: 1)
                index += 1
            default:
                return breakOff(at: index, count: count, isLast: isLast, into: &texts)
            }
        }
        return index
    }

    /// Whether the window ended inside a string.
    var isInString: Bool { mode == .string }

    /// The offset of the quote that ends the string whose inside begins at `start`, which is no second half of an escape; nil if it goes on.
    static func endOfString(in bytes: UnsafeBufferPointer<UInt8>, from start: Int) -> (end: Int?, hasEscape: Bool) {
        var index = bytes.firstQuoteOrBackslash(from: start)
        var hasEscape = false
        while index < bytes.count {
            if bytes[index] == UInt8(ascii: "\"") { return (index, hasEscape) }
            hasEscape = true
            index = bytes.firstQuoteOrBackslash(from: index + 2)
        }
        return (nil, hasEscape)
    }

    // MARK: Grammar

    private var expectsValue: Bool { expected == .value || expected == .valueOrEnd }

    private var inObject: Bool { depth > 0 && levels[(depth - 1) >> 6] >> UInt64((depth - 1) & 63) & 1 == 1 }

    private mutating func push(_ isObject: Bool) {
        let word = depth >> 6
        if word == levels.count { levels.append(0) }
        let bit: UInt64 = 1 << UInt64(depth & 63)
        if isObject { levels[word] |= bit } else { levels[word] &= ~bit }
        depth += 1
    }

    /// After a value: inside something a comma or the end, outside another value, with or without white space between.
    private mutating func endValue() { expected = depth > 0 ? .commaOrEnd : .value }

    private mutating func breakOff(at index: Int, count: Int, isLast: Bool, into texts: inout [JSONText]) -> Int {
        brokenAt = index
        mode = .tail
        levels = []
        texts.append(JSONText(kind: .tail, start: index, end: count, isContinued: false, isClosed: isLast))
        return count
    }

    // MARK: Texts

    private mutating func readString(
        _ bytes: UnsafeBufferPointer<UInt8>, from start: Int, isContinued: Bool, isLast: Bool, into texts: inout [JSONText]
    ) -> Int {
        let (end, hasEscape) = Self.endOfString(in: bytes, from: start)
        texts.append(
            JSONText(
                kind: .string(hasEscape: hasEscape), start: start, end: end ?? bytes.count, isContinued: isContinued, isClosed: end != nil || isLast))
        guard let end else {
            mode = .string
            return bytes.count
        }
        mode = .between
        if expected == .key || expected == .keyOrEnd { expected = .colon } else { endValue() }
        return end + 1
    }

    private mutating func readNumber(_ bytes: UnsafeBufferPointer<UInt8>, from start: Int, isLast: Bool, into texts: inout [JSONText]) -> Int {
        let isContinued = mode == .oversizedNumber
        var index = start
        if !isContinued {
            let byte = bytes[start]
            numberState = byte == UInt8(ascii: "-") ? .minus : byte == UInt8(ascii: "0") ? .zero : .whole
            index += 1
        }
        while index < bytes.count, let next = numberState.after(bytes[index]) {
            numberState = next
            index += 1
        }
        let isOversized = isContinued || index - start > Self.longestNumber
        let isClosed = index < bytes.count || isLast
        texts.append(
            JSONText(kind: isOversized ? .oversizedNumber : .number, start: start, end: index, isContinued: isContinued, isClosed: isClosed))
        if !isClosed {
            mode = isOversized ? .oversizedNumber : .between
            return index
        }
        mode = .between
        if numberState.isComplete || index == bytes.count {
            endValue()
            return index
        }
        return breakOff(at: index, count: bytes.count, isLast: isLast, into: &texts)
    }
}

extension JSONTokenizer.NumberState {
    /// The state after one more byte; nil if the number cannot go on with it.
    fileprivate func after(_ byte: UInt8) -> Self? {
        let isDigit = byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
        switch self {
        case .minus: return byte == UInt8(ascii: "0") ? .zero : isDigit ? .whole : nil
        case .zero, .whole:
            if isDigit { return self == .whole ? .whole : nil }
            if byte == UInt8(ascii: ".") { return .point }
            return byte | 0x20 == UInt8(ascii: "e") ? .exponent : nil
        case .point: return isDigit ? .fraction : nil
        case .fraction: return isDigit ? .fraction : byte | 0x20 == UInt8(ascii: "e") ? .exponent : nil
        case .exponent:
            if byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-") { return .exponentSign }
            return isDigit ? .exponentDigits : nil
        case .exponentSign, .exponentDigits: return isDigit ? .exponentDigits : nil
        }
    }
}

extension UnsafeBufferPointer<UInt8> {
    /// The first `"` or `\` at or after `start`, or `count`. Eight bytes at a time.
    fileprivate func firstQuoteOrBackslash(from start: Int) -> Int {
        var index = start
        let ones: UInt64 = 0x0101_0101_0101_0101
        let highs: UInt64 = 0x8080_8080_8080_8080
        while index + 8 <= count {
            let word = UnsafeRawPointer(baseAddress.unsafelyUnwrapped + index).loadUnaligned(as: UInt64.self)
            let quotes = word ^ (ones &* 0x22)
            let backslashes = word ^ (ones &* 0x5C)
            // The lowest bit found is exact, whatever borrows do above it (little-endian).
            let found = ((quotes &- ones) & ~quotes | (backslashes &- ones) & ~backslashes) & highs
            if found != 0 { return index + found.trailingZeroBitCount / 8 }
            index += 8
        }
        while index < count, self[index] != 0x22, self[index] != 0x5C { index += 1 }
        return index
    }
}
