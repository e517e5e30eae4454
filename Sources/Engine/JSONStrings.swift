// The text of a JSON string and its raw bytes: escapes resolved on the way in, positions mapped back, replacements escaped on the way out.
//
// Source: RFC 8259 §7; surrogate pairs RFC 3629.

/// Where the escapes of one decoded string lie, so that offsets into its text can be turned into offsets into its raw bytes.
///
/// An escape is one unit: a span begins before it or ends behind it, never inside.
struct UnitMap {
    struct Unit {
        /// Offset into the text, and bytes there.
        var text: Int
        var textCount: Int
        /// Offset into the raw bytes, and bytes there.
        var raw: Int
        var rawCount: Int
    }
    private(set) var units: [Unit]

    init(units: [Unit] = []) { self.units = units }

    mutating func append(_ unit: Unit) {
        // A string that has one escape has more, as a rule.
        if units.capacity == 0 { units.reserveCapacity(8) }
        units.append(unit)
    }

    /// The raw offset where the byte of text at `offset` begins, or where the text ends.
    func rawStart(ofText offset: Int) -> Int {
        guard let unit = lastUnit(at: offset) else { return offset }
        return offset < unit.text + unit.textCount ? unit.raw : unit.raw + unit.rawCount + offset - unit.text - unit.textCount
    }

    /// The raw offset behind the byte of text before `offset`.
    func rawEnd(ofText offset: Int) -> Int {
        guard offset > 0, let unit = lastUnit(at: offset - 1) else { return offset }
        let inside = offset - 1 < unit.text + unit.textCount
        return inside ? unit.raw + unit.rawCount : unit.raw + unit.rawCount + offset - unit.text - unit.textCount
    }

    /// The start of the unit that holds the byte of text at `offset`.
    func unitStart(ofText offset: Int) -> Int {
        guard let unit = lastUnit(at: offset), offset < unit.text + unit.textCount else { return offset }
        return unit.text
    }

    /// The units that share a byte of text with a range.
    func units(in range: Range<Int>) -> ArraySlice<Unit> {
        let first = count(upTo: range.lowerBound)
        // The one that begins before may reach into it.
        let reaches = first > 0 && units[first - 1].text + units[first - 1].textCount > range.lowerBound
        return units[(reaches ? first - 1 : first)...].prefix { $0.text < range.upperBound }
    }

    private func lastUnit(at offset: Int) -> Unit? {
        let count = count(upTo: offset)
        return count > 0 ? units[count - 1] : nil
    }

    /// Units that begin at an offset into the text or before.
    private func count(upTo offset: Int) -> Int {
        var (low, high) = (0, units.count)
        while low < high {
            let middle = (low + high) / 2
            if units[middle].text <= offset { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

enum JSONEscapes {
    /// Appends the text of `raw`, the inside of a string, to `text` and notes its escapes.
    ///
    /// - Parameter isClosed: whether the string ends with `raw`; if not, an unfinished escape at its end is left over.
    /// - Returns: the bytes of `raw` that were read.
    static func decode(_ raw: UnsafeBufferPointer<UInt8>, isClosed: Bool, into text: inout [UInt8], noting units: inout UnitMap) -> Int {
        let base = text.count
        var index = 0
        while index < raw.count {
            let byte = raw[index]
            if byte != UInt8(ascii: "\\") {
                let rest = UnsafeBufferPointer(rebasing: raw[index...])
                let run = rest.firstIndex(of: UInt8(ascii: "\\")) ?? rest.count
                text.append(contentsOf: UnsafeBufferPointer(rebasing: rest[..<run]))
                index += run
                continue
            }
            let start = text.count
            guard let length = decodeEscape(UnsafeBufferPointer(rebasing: raw[index...]), isClosed: isClosed, into: &text) else { return index }
            units.append(UnitMap.Unit(text: start - base, textCount: text.count - start, raw: index, rawCount: length))
            index += length
        }
        return index
    }

    /// Appends the text of the escape that `raw` begins with and gives its length; nil if it has not all arrived.
    private static func decodeEscape(_ raw: UnsafeBufferPointer<UInt8>, isClosed: Bool, into text: inout [UInt8]) -> Int? {
        guard raw.count >= 2 else {
            if !isClosed { return nil }
            text.append(UInt8(ascii: "\\"))
            return 1
        }
        switch raw[1] {
        case UInt8(ascii: "u"):
            switch hex(raw, at: 2) {
            case .cut where !isClosed: return nil
            case .cut, .wrong: text.append(contentsOf: [UInt8(ascii: "\\"), UInt8(ascii: "u")])
            case .value(let unit):
                if unit >= 0xD800, unit <= 0xDBFF {
                    switch lowSurrogate(raw) {
                    case .cut where !isClosed: return nil
                    case .value(let low):
                        append(scalar: 0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00), to: &text)
                        return 12
                    case .cut, .wrong: append(scalar: 0xFFFD, to: &text)
                    }
                } else {
                    append(scalar: unit >= 0xDC00 && unit <= 0xDFFF ? 0xFFFD : unit, to: &text)
                }
                return 6
            }
        default:
            if let byte = short(raw[1]) { text.append(byte) } else { text.append(contentsOf: [UInt8(ascii: "\\"), raw[1]]) }
        }
        return 2
    }

    /// What the escape of two characters that ends in this one stands for; nil if there is none.
    @inline(__always)
    static func short(_ letter: UInt8) -> UInt8? {
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): letter
        case UInt8(ascii: "b"): 0x08
        case UInt8(ascii: "f"): 0x0C
        case UInt8(ascii: "n"): 0x0A
        case UInt8(ascii: "r"): 0x0D
        case UInt8(ascii: "t"): 0x09
        default: nil
        }
    }

    private enum Hex {
        case value(UInt32)
        case wrong
        /// Right so far, but the bytes end.
        case cut
    }

    private static func hex(_ raw: UnsafeBufferPointer<UInt8>, at start: Int) -> Hex {
        var value: UInt32 = 0
        for index in start..<start + 4 {
            guard index < raw.count else { return .cut }
            guard let digit = hexadecimalValue(raw[index]) else { return .wrong }
            value = value << 4 | UInt32(digit)
        }
        return .value(value)
    }

    /// The second half of a pair whose first half `raw` begins with.
    private static func lowSurrogate(_ raw: UnsafeBufferPointer<UInt8>) -> Hex {
        for (index, wanted) in [(6, UInt8(ascii: "\\")), (7, UInt8(ascii: "u"))] {
            guard index < raw.count else { return .cut }
            if raw[index] != wanted { return .wrong }
        }
        guard raw.count > 8 else { return .cut }
        guard raw[8] | 0x20 == UInt8(ascii: "d") else { return .wrong }
        guard raw.count > 9 else { return .cut }
        guard raw[9] | 0x20 >= UInt8(ascii: "c"), raw[9] | 0x20 <= UInt8(ascii: "f") else { return .wrong }
        return hex(raw, at: 8)
    }

    private static func append(scalar value: UInt32, to text: inout [UInt8]) {
        text.append(contentsOf: String(UnicodeScalar(value) ?? "\u{FFFD}").utf8)
    }

    /// `text` so that it can stand inside a string.
    static func escaped(_ text: [UInt8]) -> [UInt8] {
        var raw: [UInt8] = []
        raw.reserveCapacity(text.count)
        escape(text, into: &raw)
        return raw
    }

    /// Appends `text` so that it can stand inside a string.
    static func escape(_ text: [UInt8], into raw: inout [UInt8]) {
        for byte in text {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): raw.append(contentsOf: [UInt8(ascii: "\\"), byte])
            case 0x08: raw.append(contentsOf: Array("\\b".utf8))
            case 0x09: raw.append(contentsOf: Array("\\t".utf8))
            case 0x0A: raw.append(contentsOf: Array("\\n".utf8))
            case 0x0C: raw.append(contentsOf: Array("\\f".utf8))
            case 0x0D: raw.append(contentsOf: Array("\\r".utf8))
            case ..<0x20:
                let digits = Array("0123456789abcdef".utf8)
                raw.append(contentsOf: Array("\\u00".utf8) + [digits[Int(byte >> 4)], digits[Int(byte & 15)]])
            default: raw.append(byte)
            }
        }
    }
}
