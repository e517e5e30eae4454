// Cuts a JSON body into the texts that its reader sees: strings and numbers. Works on any cut, with a few words of state and one bit a level.
//
// Source: RFC 8259. Stricter than a lenient reader outside strings and as lenient as one inside them, so that no string is misread:
// see "Texts" in `docs/decisions/0001-the-meaning-of-masking.md`.

import ByteKernels

/// One text of a JSON body, or the part of it that lies in a window.
struct JSONText {
    enum Kind: Equatable {
        /// Between the quotes.
        case string(hasEscape: Bool)
        /// A string whose text is JSON itself.
        case document
        /// A value of a field, or what follows such a value in a broken document: one of ``Workspace/values``.
        case field(Int)
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

    var isString: Bool { if case .string = kind { true } else { false } }
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

    private enum Expected: UInt8 {
        case value, valueOrEnd, key, keyOrEnd, colon, commaOrEnd

        /// As in `json_place`.
        func phase(isInObject: Bool) -> UInt8 {
            switch self {
            case .key, .keyOrEnd: 0
            case .colon: 1
            case .value, .valueOrEnd: isInObject ? 2 : 0
            case .commaOrEnd: isInObject ? 3 : 1
            }
        }

        init(phase: UInt8, surroundings: Int, isEmpty: Bool) {
            switch (surroundings, phase) {
            case (JSON_IN_OBJECT, 0): self = isEmpty ? .keyOrEnd : .key
            case (JSON_IN_OBJECT, 1): self = .colon
            case (JSON_IN_OBJECT, 2): self = .value
            case (JSON_IN_ARRAY, 0): self = isEmpty ? .valueOrEnd : .value
            case (JSON_OUTERMOST, _): self = .value
            default: self = .commaOrEnd
            }
        }
    }

    /// Marks a step for bytes that begin numbers: the rest says what is expected behind one.
    private static let mayBeNumber: UInt16 = 0x8000
    private static let needsMore: UInt16 = 0xFFFF

    /// The row of ``steps`` for the place that has been reached.
    @inline(__always)
    private var row: UInt16 { Self.row(expected, depth == 0 ? 0 : isInObject ? 2 : 1) }

    /// - Parameter surroundings: 0 outermost, 1 in an array, 2 in an object.
    @inline(__always)
    private static func row(_ expected: Expected, _ surroundings: UInt16) -> UInt16 { (surroundings << 3 | UInt16(expected.rawValue)) << 8 }

    @inline(__always)
    private static func expected(_ row: UInt16) -> Expected { Expected(rawValue: UInt8(row >> 8 & 7)).unsafelyUnwrapped }

    /// Row + byte → row behind it, where that is all there is to know; or one of the two above.
    ///
    /// Never changes once made: hence shared.
    nonisolated(unsafe) private static let steps: UnsafePointer<UInt16> = {
        let count = 3 * 8 * 256
        let steps = UnsafeMutablePointer<UInt16>.allocate(capacity: count)
        steps.initialize(repeating: needsMore, count: count)
        for surroundings in UInt16(0)...2 {
            func set(_ expected: Expected, _ byte: UInt8, _ next: Expected, _ mark: UInt16 = 0) {
                steps[Int(row(expected, surroundings)) + Int(byte)] = row(next, surroundings) | mark
            }
            let behindValue = surroundings == 0 ? Expected.value : .commaOrEnd
            for expected in [Expected.value, .valueOrEnd] {
                set(expected, UInt8(ascii: "\""), behindValue)
                for byte in [UInt8(ascii: "-")] + Array(UInt8(ascii: "0")...UInt8(ascii: "9")) { set(expected, byte, behindValue, mayBeNumber) }
            }
            for expected in [Expected.key, .keyOrEnd] { set(expected, UInt8(ascii: "\""), .colon) }
            set(.colon, UInt8(ascii: ":"), .value)
            if surroundings > 0 { set(.commaOrEnd, UInt8(ascii: ","), surroundings == 1 ? .value : .key) }
        }
        return UnsafePointer(steps)
    }()

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
    private var isInObject = false

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
            if case .literal = mode {
                index = readLiteral(bytes, from: index, isLast: isLast, into: &texts)
                if brokenAt != nil { return index }
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
                guard mayEnd, depth > 0, isInObject == isObject else { return breakOff(at: index, count: count, isLast: isLast, into: &texts) }
                pop()
                endValue()
                index += 1
            case UInt8(ascii: ","):
                guard expected == .commaOrEnd else { return breakOff(at: index, count: count, isLast: isLast, into: &texts) }
                expected = isInObject ? .key : .value
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

    /// Reads a window of which `blocks` tells the structure: the same as ``read(_:isLast:into:)``, but only those texts are appended that need a look of their own:
    /// strings that began earlier or are not closed, numbers that are not plain or not closed, and the tail.
    ///
    /// - Parameters:
    ///   - blocks: as if the body were well-formed; what they say behind the place where it breaks is not looked at.
    ///   - followsScalar: the byte before the window is one of a number or a literal.
    mutating func walk(
        _ bytes: UnsafeBufferPointer<UInt8>, _ blocks: UnsafePointer<json_block>, followsScalar: Bool, isLast: Bool,
        variant: kernel_variant = KernelVariant.best, into texts: inout [JSONText]
    ) -> Int {
        let count = bytes.count
        if count == 0 { return read(bytes, isLast: isLast, into: &texts) }
        brokenAt = nil
        var index = 0
        switch mode {
        case .between where !followsScalar: break
        case .string:
            let end = blocks.nextQuote(from: 0, count: count)
            texts.append(JSONText(kind: .string(hasEscape: false), start: 0, end: end, isContinued: true, isClosed: end < count || isLast))
            if end == count { return count }
            // What is expected behind it was settled when it began.
            mode = .between
            index = end + 1
        case .between, .byteOrderMark, .oversizedNumber, .literal, .tail:
            index = begin(bytes, isLast: isLast, into: &texts)
            if brokenAt != nil || mode != .between { return index }
            index = readScalars(bytes, from: index, isLast: isLast, into: &texts)
            if brokenAt != nil || index == count || mode != .between || texts.last?.isClosed == false { return index }
        }

        var block = index >> 6
        var mask = UInt64.max << UInt64(index & 63)
        var wasScalar: UInt64 = 0
        let steps = Self.steps
        var row = self.row
        while block << 6 < count {
            if mask == .max, (block + 1) << 6 < count {
                expected = Self.expected(row)
                index = follow(bytes, blocks, from: block << 6, variant)
                row = self.row
                if index >> 6 != block { wasScalar = blocks[index >> 6 - 1].scalars >> 63 }
                block = index >> 6
                mask <<= UInt64(index & 63)
            }
            let current = blocks + block
            let scalars = current.pointee.scalars & mask
            var tokens =
                (current.pointee.colons | current.pointee.commas | current.pointee.brackets | current.pointee.quotes & current.pointee.strings) & mask
                | scalars & ~(scalars << 1 | wasScalar)
            wasScalar = current.pointee.scalars >> 63
            mask = .max
            while tokens != 0 {
                let place = block << 6 &+ tokens.trailingZeroBitCount
                tokens &= tokens &- 1
                let byte = bytes[place]
                // Strings, colons and commas are a look-up, and so are numbers that are plain; all else needs more.
                let step = steps[Int(row) &+ Int(byte)]
                if step < Self.mayBeNumber {
                    row = step
                    continue
                }
                if step != Self.needsMore, Self.isPlainNumber(bytes, at: place, blocks) {
                    row = step & ~Self.mayBeNumber
                    continue
                }
                expected = Self.expected(row)
                defer { row = self.row }
                switch byte {
                case UInt8(ascii: ","):
                    guard expected == .commaOrEnd else { return breakOff(at: place, count: count, isLast: isLast, into: &texts) }
                    expected = isInObject ? .key : .value
                case UInt8(ascii: "{"), UInt8(ascii: "["):
                    guard expectsValue, depth < Self.deepest else { return breakOff(at: place, count: count, isLast: isLast, into: &texts) }
                    let isObject = byte == UInt8(ascii: "{")
                    push(isObject)
                    expected = isObject ? .keyOrEnd : .valueOrEnd
                case UInt8(ascii: "}"), UInt8(ascii: "]"):
                    let isObject = byte == UInt8(ascii: "}")
                    let mayEnd = expected == .commaOrEnd || expected == (isObject ? .keyOrEnd : .valueOrEnd)
                    guard mayEnd, depth > 0, isInObject == isObject else { return breakOff(at: place, count: count, isLast: isLast, into: &texts) }
                    pop()
                    endValue()
                default:
                    guard expectsValue, byte != UInt8(ascii: "\""), byte != UInt8(ascii: ":") else {
                        return breakOff(at: place, count: count, isLast: isLast, into: &texts)
                    }
                    let end = readScalars(bytes, from: place, isLast: isLast, into: &texts)
                    if brokenAt != nil || end == count || mode != .between || texts.last?.isClosed == false { return end }
                    // A run over the end of this block goes on without a token.
                    if end < (block + 1) << 6 {
                        tokens &= UInt64.max << UInt64(end & 63)
                    } else {
                        tokens = 0
                        block = end >> 6 - 1
                        mask = UInt64.max << UInt64(end & 63)
                        wasScalar = 0
                    }
                }
            }
            block &+= 1
        }
        expected = Self.expected(row)
        if blocks[(count - 1) >> 6].strings >> UInt64((count - 1) & 63) & 1 == 1 {
            let start = blocks.lastQuote(before: count) + 1
            texts.append(JSONText(kind: .string(hasEscape: false), start: start, end: count, isContinued: false, isClosed: isLast))
            mode = .string
        }
        return count
    }

    /// Follows the grammar as far as it goes without a look at single tokens: see `json_walk`.
    private mutating func follow(_ bytes: UnsafeBufferPointer<UInt8>, _ blocks: UnsafePointer<json_block>, from start: Int, _ variant: kernel_variant) -> Int {
        if levels.isEmpty { levels.append(0) }
        let depth = UInt32(self.depth)
        let surroundings = depth == 0 ? JSON_OUTERMOST : isInObject ? JSON_IN_OBJECT : JSON_IN_ARRAY
        let isEmpty = expected == .keyOrEnd || expected == .valueOrEnd
        return levels.withUnsafeMutableBufferPointer { levels in
            var place = json_place(
                surroundings: UInt8(surroundings), phase: expected.phase(isInObject: isInObject), is_empty: isEmpty, depth: depth,
                capacity: UInt32(min(levels.count * 64, Self.deepest)), levels: levels.baseAddress)
            let reached = json_walk(variant, blocks, bytes.baseAddress, start, bytes.count, &place)
            self.depth = Int(place.depth)
            isInObject = Int(place.surroundings) == JSON_IN_OBJECT
            expected = Expected(phase: place.phase, surroundings: Int(place.surroundings), isEmpty: place.is_empty)
            return reached
        }
    }

    /// Whether the run of scalars that begins at `place` is a number that is plain and ends before the end of the window.
    @inline(__always)
    private static func isPlainNumber(_ bytes: UnsafeBufferPointer<UInt8>, at place: Int, _ blocks: UnsafePointer<json_block>) -> Bool {
        let count = bytes.count
        let first = bytes[place]
        guard isDigit(first) || first == UInt8(ascii: "-") else { return false }
        let shift = UInt64(place & 63)
        let block = blocks[place >> 6]
        let run = ~(block.scalars >> shift)
        let length = run.trailingZeroBitCount
        if length + Int(shift) < 64 {
            return place + length < count && isDigit(bytes[place + length - 1]) && block.odd >> shift & ((1 << UInt64(length)) &- 1) == 0
        }
        // Over the end of the block: into the next one, and not over all of that.
        let next = (place >> 6) + 1
        guard next << 6 < count, block.odd >> shift == 0 else { return false }
        let more = (~blocks[next].scalars).trailingZeroBitCount
        return more < 64 && next << 6 + more < count && isDigit(bytes[next << 6 + more - 1]) && blocks[next].odd & ((1 << UInt64(more)) &- 1) == 0
    }

    @inline(__always)
    private static func isDigit(_ byte: UInt8) -> Bool { byte &- UInt8(ascii: "0") < 10 }

    /// Begins a window in one of the rarer modes; gives the index of the first byte that is not dealt with.
    private mutating func begin(_ bytes: UnsafeBufferPointer<UInt8>, isLast: Bool, into texts: inout [JSONText]) -> Int {
        let count = bytes.count
        if case .byteOrderMark = mode {
            let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
            let seen = zip(bytes, mark).prefix { $0 == $1 }.count
            if seen == count, seen < 3, !isLast { return 0 }
            mode = .between
            return seen == 3 ? 3 : 0
        }
        if mode == .oversizedNumber { return readNumber(bytes, from: 0, isLast: isLast, into: &texts) }
        if mode == .tail {
            texts.append(JSONText(kind: .tail, start: 0, end: count, isContinued: true, isClosed: isLast))
            return count
        }
        if case .literal = mode { return readLiteral(bytes, from: 0, isLast: isLast, into: &texts) }
        return 0
    }

    /// Reads numbers and literals, byte by byte, up to the first byte that belongs to none or where the body breaks.
    private mutating func readScalars(_ bytes: UnsafeBufferPointer<UInt8>, from start: Int, isLast: Bool, into texts: inout [JSONText]) -> Int {
        var index = start
        while index < bytes.count, brokenAt == nil, mode == .between {
            let byte = bytes[index]
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "{"), UInt8(ascii: "["), UInt8(ascii: "}"), UInt8(ascii: "]"), UInt8(ascii: ","), UInt8(ascii: ":"),
                0x20, 0x09, 0x0A, 0x0D:
                return index
            default: break
            }
            guard expectsValue else { return breakOff(at: index, count: bytes.count, isLast: isLast, into: &texts) }
            switch byte {
            case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
                let first = index
                index = readNumber(bytes, from: index, isLast: isLast, into: &texts)
                if index == bytes.count, !isLast { return mode == .between ? first : index }
            case UInt8(ascii: "t"), UInt8(ascii: "f"), UInt8(ascii: "n"):
                mode = .literal(byte == UInt8(ascii: "t") ? .true : byte == UInt8(ascii: "f") ? .false : .null, seen: 1)
                index = readLiteral(bytes, from: index + 1, isLast: isLast, into: &texts)
            default: return breakOff(at: index, count: bytes.count, isLast: isLast, into: &texts)
            }
        }
        return index
    }

    /// Goes on with a literal.
    private mutating func readLiteral(_ bytes: UnsafeBufferPointer<UInt8>, from start: Int, isLast: Bool, into texts: inout [JSONText]) -> Int {
        guard case .literal(let literal, var seen) = mode else { return start }
        var index = start
        while index < bytes.count, seen < literal.spelling.utf8CodeUnitCount {
            guard bytes[index] == literal.spelling.utf8Start[seen] else { return breakOff(at: index, count: bytes.count, isLast: isLast, into: &texts) }
            index += 1
            seen += 1
        }
        mode = .literal(literal, seen: seen)
        if seen == literal.spelling.utf8CodeUnitCount {
            mode = .between
            endValue()
        }
        return index
    }

    /// Whether the window ended inside a string.
    var isInString: Bool { mode == .string }

    /// The offset of the quote that ends the string whose inside begins at `start`, which is no second half of an escape; nil if it goes on.
    static func endOfString(in bytes: UnsafeBufferPointer<UInt8>, from start: Int) -> (end: Int?, hasEscape: Bool) {
        var index = bytes.first(UInt8(ascii: "\""), or: UInt8(ascii: "\\"), from: start)
        var hasEscape = false
        while index < bytes.count {
            if bytes[index] == UInt8(ascii: "\"") { return (index, hasEscape) }
            hasEscape = true
            index = bytes.first(UInt8(ascii: "\""), or: UInt8(ascii: "\\"), from: index + 2)
        }
        return (nil, hasEscape)
    }

    // MARK: Grammar

    @inline(__always)
    private var expectsValue: Bool { expected == .value || expected == .valueOrEnd }

    @inline(__always)
    private mutating func pop() {
        depth -= 1
        isInObject = depth > 0 && levels[(depth - 1) >> 6] >> UInt64((depth - 1) & 63) & 1 == 1
    }

    @inline(__always)
    private mutating func push(_ isObject: Bool) {
        let word = depth >> 6
        if word == levels.count { levels.append(0) }
        let bit: UInt64 = 1 << UInt64(depth & 63)
        if isObject { levels[word] |= bit } else { levels[word] &= ~bit }
        depth += 1
        isInObject = isObject
    }

    /// After a value: inside something a comma or the end, outside another value, with or without white space between.
    @inline(__always)
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

extension UnsafePointer<json_block> {
    /// The first quote at or behind `start` that begins or ends a string, or `count`.
    @inline(__always)
    func nextQuote(from start: Int, count: Int) -> Int {
        // There may be no bitmaps of the block in which nothing is left.
        if start >= count { return count }
        var block = start >> 6
        var quotes = self[block].quotes & (UInt64.max << UInt64(start & 63))
        while quotes == 0 {
            block += 1
            if block << 6 >= count { return count }
            quotes = self[block].quotes
        }
        return block << 6 + quotes.trailingZeroBitCount
    }

    /// The last quote before `end` that begins or ends a string, or −1.
    @inline(__always)
    func lastQuote(before end: Int) -> Int {
        if end == 0 { return -1 }
        var block = (end - 1) >> 6
        var quotes = self[block].quotes & (UInt64.max >> UInt64(63 - (end - 1) & 63))
        while quotes == 0 {
            if block == 0 { return -1 }
            block -= 1
            quotes = self[block].quotes
        }
        return block << 6 + 63 - quotes.leadingZeroBitCount
    }

    /// The half-open run of scalars around `place`, which is one.
    @inline(__always)
    func scalars(around place: Int, count: Int) -> Range<Int> {
        var block = place >> 6
        // To the left: the last byte that is none, or the start of the window.
        var others = ~self[block].scalars & (UInt64.max >> UInt64(63 - place & 63))
        while others == 0, block > 0 {
            block -= 1
            others = ~self[block].scalars
        }
        let start = others == 0 ? 0 : block << 6 + 64 - others.leadingZeroBitCount
        block = place >> 6
        others = ~self[block].scalars & (UInt64.max << UInt64(place & 63))
        while others == 0, (block + 1) << 6 < count {
            block += 1
            others = ~self[block].scalars
        }
        return start..<(others == 0 ? count : Swift.min(block << 6 + others.trailingZeroBitCount, count))
    }

    @inline(__always)
    func isScalar(_ place: Int) -> Bool { self[place >> 6].scalars >> UInt64(place & 63) & 1 == 1 }

    /// Inside a string, its quotes not included.
    @inline(__always)
    func isInString(_ place: Int) -> Bool { (self[place >> 6].strings & ~self[place >> 6].quotes) >> UInt64(place & 63) & 1 == 1 }
}
