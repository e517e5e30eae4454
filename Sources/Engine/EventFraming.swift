// Server-sent events: where an event ends, and what its lines say.
//
// Source: WHATWG HTML, "Server-sent events", §9.2.5 (parsing) and §9.2.6 (interpreting).

/// Finds the ends of events in bytes that arrive in any cut.
struct EventFraming {
    /// Bytes of the line so far are none.
    private var isLineEmpty = true
    /// The last byte was a carriage return, so a line feed that follows belongs to it.
    private var afterReturn = false

    /// The offset behind the first blank line in `bytes`, at or after `start`; nil if no event ends there.
    ///
    /// Must be given every byte once, in order. A line feed that belongs to the carriage return of a blank line goes to the next event.
    mutating func endOfEvent(in bytes: UnsafeBufferPointer<UInt8>, from start: Int) -> Int? {
        var index = start
        while index < bytes.count {
            // Most of a line holds neither a line feed nor a carriage return.
            let next = bytes.first(0x0A, or: 0x0D, from: index)
            if next > index {
                (isLineEmpty, afterReturn) = (false, false)
                index = next
                if index == bytes.count { return nil }
            }
            let byte = bytes[index]
            index += 1
            if byte == 0x0A, afterReturn {
                afterReturn = false
                continue
            }
            afterReturn = byte == 0x0D
            if isLineEmpty { return index }
            isLineEmpty = true
        }
        return nil
    }
}

/// One line of an event.
struct EventLine {
    /// The value of its field, or the whole line if it is a comment; half-open offsets into the event.
    var value: Range<Int>
    var isData: Bool

    /// The lines of an event, without those that are blank. A byte-order mark in front counts to the first.
    static func lines(of event: UnsafeBufferPointer<UInt8>) -> [EventLine] {
        var lines: [EventLine] = []
        var start = 0
        while start < event.count {
            var end = start
            while end < event.count, event[end] != 0x0A, event[end] != 0x0D { end += 1 }
            if end > start { lines.append(line(of: event, start..<end)) }
            start = end + 1
        }
        return lines
    }

    private static func line(of event: UnsafeBufferPointer<UInt8>, _ range: Range<Int>) -> EventLine {
        let bytes = event[range]
        let name = Array("data:".utf8)
        guard bytes.starts(with: name) || (range.lowerBound == 0 && bytes.starts(with: [0xEF, 0xBB, 0xBF] + name)) else {
            return EventLine(value: range, isData: false)
        }
        var value = (bytes.firstIndex(of: UInt8(ascii: ":")) ?? range.upperBound - 1) + 1
        if value < range.upperBound, event[value] == 0x20 { value += 1 }
        return EventLine(value: value..<range.upperBound, isData: true)
    }
}
