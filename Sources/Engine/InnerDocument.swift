// JSON in a string: how a string tells that what it says is a document of its own, and what of its escapes the document's texts need to know.
//
// "JSON in strings" in `docs/decisions/0001-the-meaning-of-masking.md` says what counts as one.

public enum InnerDocument {
    /// Whether a string that says this is read as a document.
    public static func isOne(_ text: [UInt8]) -> Bool { sign(text, isWhole: true) == .document }

    /// Levels of documents in strings; what a string says below is a text.
    static let deepest = 4
    /// Bytes of text by which a string has told what it is.
    static let longestSign = 32

    /// Raw bytes with which a string can begin that holds a document.
    static let firstBytes = ByteSet(ascii: " \t\n\r{[\\")

    enum Sign { case document, text, undecided }

    /// What a string is by its first bytes.
    ///
    /// - Parameters:
    ///   - text: what the string says, from its start.
    ///   - isWhole: there is no more of it.
    static func sign(_ text: some Collection<UInt8>, isWhole: Bool) -> Sign {
        var last: UInt8?
        var isQuoted = false
        for byte in text.prefix(longestSign) {
            switch (byte, last) {
            case (0x20, _), (0x09, _), (0x0A, _), (0x0D, _):
                // A document in a string in a string has its white space escaped.
                if isQuoted { return .text }
            case (UInt8(ascii: "{"), nil), (UInt8(ascii: "["), nil), (UInt8(ascii: "{"), UInt8(ascii: "[")), (UInt8(ascii: "["), UInt8(ascii: "[")):
                last = byte
            case (UInt8(ascii: "\""), nil) where !isQuoted: isQuoted = true
            case (UInt8(ascii: "\""), .some) where !isQuoted: return .document
            case (UInt8(ascii: "\\"), .some) where isQuoted: return .document
            default: return .text
            }
        }
        return isWhole || text.count >= longestSign ? .text : .undecided
    }
}

extension UnitMap {
    /// Units of more than one byte of text: what may not be cut through. Nil if there are none.
    var wide: UnitMap? {
        let wide = units.filter { $0.textCount > 1 }
        return wide.isEmpty ? nil : UnitMap(units: wide)
    }

    /// These units of a string together with those of the string around it: the ones that share a byte are one.
    ///
    /// - Parameters:
    ///   - outer: wide units; their text is what holds this string's raw bytes, from `start` for `count` bytes.
    func joined(with outer: UnitMap, from start: Int, count: Int) -> UnitMap {
        let others = outer.units(in: start..<start + count)
        if others.isEmpty { return self }
        /// Half-open stretches of raw bytes, and by how much the text behind them is behind.
        var pending = others.map { max($0.text - start, 0)..<min($0.text + $0.textCount - start, count) }[...]
        var joined = UnitMap()
        var behind = 0
        func add(_ range: Range<Int>, shrunkBy shrink: Int) {
            joined.append(Unit(text: range.lowerBound - behind, textCount: range.count - shrink, raw: range.lowerBound, rawCount: range.count))
            behind += shrink
        }
        var own = units[...]
        while !own.isEmpty || !pending.isEmpty {
            // The first of both begins a unit; what shares a byte with it goes on with it.
            var range = [own.first.map { $0.raw..<$0.raw + $0.rawCount }, pending.first].compactMap(\.self).min { $0.lowerBound < $1.lowerBound }!
            var shrink = 0
            while true {
                if let next = own.first, next.raw < range.upperBound {
                    range = min(range.lowerBound, next.raw)..<max(range.upperBound, next.raw + next.rawCount)
                    shrink += next.rawCount - next.textCount
                    own.removeFirst()
                } else if let next = pending.first, next.lowerBound < range.upperBound {
                    range = min(range.lowerBound, next.lowerBound)..<max(range.upperBound, next.upperBound)
                    pending.removeFirst()
                } else {
                    break
                }
            }
            add(range, shrunkBy: shrink)
        }
        return joined
    }
}
