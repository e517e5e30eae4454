// The escapes of a JSON string, resolved byte by byte.

/// What of an escape has come.
struct StringEscapes {
    /// A backslash, of whose escape no more has come.
    private var begun: Range<Int>?
    /// What has come of an escape of more than two characters, or of several that may be one character.
    private var raw: [UInt8] = []
    /// Where that stands in the body.
    private var place = 0..<0

    /// Where what waits for the end of an escape begins in the body.
    var heldFrom: Int? { begun?.lowerBound ?? (raw.isEmpty ? nil : place.lowerBound) }

    /// What a byte of the inside of a string comes to.
    enum Step {
        /// It stands for itself.
        case plain
        /// The end of an escape has not come.
        case open
        /// An escape stands for one byte.
        case byte(UInt8, Range<Int>)
        case text([UInt8], Range<Int>)
    }

    /// The next byte belongs to an escape, so that a quote does not end the string.
    var escapesNext: Bool { begun != nil || raw.last == UInt8(ascii: "\\") && (raw.count == 1 || raw.count == 7) }

    /// Takes a byte of the inside of a string.
    mutating func take(_ byte: UInt8, _ place: Range<Int>) -> Step {
        if let start = begun {
            begun = nil
            self.place = start.lowerBound..<place.upperBound
            if let short = JSONEscapes.short(byte) { return .byte(short, self.place) }
            raw.append(UInt8(ascii: "\\"))
        } else if raw.isEmpty {
            if byte != UInt8(ascii: "\\") { return .plain }
            begun = place
            return .open
        }
        raw.append(byte)
        self.place = self.place.lowerBound..<place.upperBound
        let text = resolve(isClosed: false)
        return text.isEmpty ? .open : .text(text, self.place)
    }

    /// Ends the string: what stands for an escape that was not finished, if there is one.
    mutating func end() -> (bytes: [UInt8], place: Range<Int>)? {
        if let start = begun {
            begun = nil
            return ([UInt8(ascii: "\\")], start)
        }
        return raw.isEmpty ? nil : (resolve(isClosed: true), place)
    }

    private mutating func resolve(isClosed: Bool) -> [UInt8] {
        var text: [UInt8] = []
        var units = UnitMap()
        raw.removeFirst(raw.withUnsafeBufferPointer { JSONEscapes.decode($0, isClosed: isClosed, into: &text, noting: &units) })
        return text
    }
}
