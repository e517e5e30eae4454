// The escapes of a JSON string, resolved byte by byte.

/// What of an escape has come.
struct StringEscapes {
    private var raw: [UInt8] = []
    /// Where it begins in the body, and the end of what has come.
    private var place = 0..<0

    /// Where what waits for the end of an escape begins in the body.
    var heldFrom: Int? { raw.isEmpty ? nil : place.lowerBound }

    typealias Text = (bytes: [UInt8], place: Range<Int>)

    /// The next byte belongs to an escape, so that a quote does not end the string.
    var escapesNext: Bool { raw.last == UInt8(ascii: "\\") && (raw.count == 1 || raw.count == 7) }

    /// Takes a byte of the inside of a string.
    ///
    /// - Returns: what an escape stands for, nothing while its end has not come; nil for a byte that stands for itself.
    mutating func take(_ byte: UInt8, _ place: Range<Int>) -> Text? {
        if raw.isEmpty {
            if byte != UInt8(ascii: "\\") { return nil }
            self.place = place
        }
        raw.append(byte)
        self.place = self.place.lowerBound..<place.upperBound
        return resolve(isClosed: false)
    }

    /// Ends the string: what stands for an escape that was not finished, if there is one.
    mutating func end() -> Text? { raw.isEmpty ? nil : resolve(isClosed: true) }

    private mutating func resolve(isClosed: Bool) -> Text {
        var text: [UInt8] = []
        var units = UnitMap()
        raw.removeFirst(raw.withUnsafeBufferPointer { JSONEscapes.decode($0, isClosed: isClosed, into: &text, noting: &units) })
        return (text, place)
    }
}
