// Events that wait, each kept as what it does not have in common with the one before it.

/// A queue of events that follow each other in a body. Most events of an answer differ from the one before in a few bytes of text, numbers and ids: so many more fit into the same room.
struct EventLog {
    /// The events from ``start`` on, written as ``write(_:after:to:)`` does.
    private var written: [UInt8] = []
    private var readTo = 0
    /// The event before the first one that is kept, and the latest one.
    private var before: [UInt8] = []
    private var latest: [UInt8] = []
    /// Bytes of the events that are kept, as they came.
    private(set) var eventBytes = 0
    /// Where the first one begins in the body; of no meaning if there is none.
    private(set) var start = 0

    var isEmpty: Bool { eventBytes == 0 }
    /// Bytes kept.
    var stateCount: Int { written.count + before.count + latest.count }

    mutating func append(_ event: [UInt8], at place: Int) {
        if isEmpty { (written, readTo, before, latest, start) = ([], 0, [], [], place) }
        Self.write(event, after: latest, to: &written)
        latest = event
        eventBytes += event.count
    }

    /// Takes the first event out, if it ends at a place in the body or before.
    mutating func popFirst(endingBy place: Int) -> (event: [UInt8], start: Int)? {
        guard !isEmpty, place > start else { return nil }
        var reader = readTo
        let event = Self.read(&reader, of: written, after: before)
        guard start + event.count <= place else { return nil }
        readTo = reader
        before = event
        eventBytes -= event.count
        defer { start += event.count }
        // What has been read is dropped now and then.
        if readTo > 4096, readTo > written.count / 2 {
            written.removeFirst(readTo)
            readTo = 0
        }
        return (event, start)
    }

    // MARK: Form

    /// Bytes behind which two events that differ may have more in common: ends of strings, numbers and lines.
    private static let ends = ByteSet(ascii: "\",}\n")

    /// Appends the event's size and then, until that is reached: how many bytes are the same as in the other, how many of the other are passed over, how many follow that are its own,
    /// and these.
    private static func write(_ event: [UInt8], after other: [UInt8], to written: inout [UInt8]) {
        append(event.count, to: &written)
        var (at, place) = (0, 0)
        while at < event.count {
            let start = at
            while at < event.count, place < other.count, event[at] == other[place] { (at, place) = (at + 1, place + 1) }
            append(at - start, to: &written)
            let (own, passed) = (at, place)
            while at < event.count, !ends.contains(event[at]) { at += 1 }
            while place < other.count, !ends.contains(other[place]) { place += 1 }
            // The same end is common; of two ends each goes its own way.
            if at < event.count, place == other.count || event[at] != other[place] { at += 1 }
            append(place - passed, to: &written)
            append(at - own, to: &written)
            written += event[own..<at]
        }
    }

    private static func read(_ reader: inout Int, of written: [UInt8], after other: [UInt8]) -> [UInt8] {
        let count = number(&reader, of: written)
        var event: [UInt8] = []
        event.reserveCapacity(count)
        var place = 0
        while event.count < count {
            let common = number(&reader, of: written)
            event += other[place..<place + common]
            place += common + number(&reader, of: written)
            let own = number(&reader, of: written)
            event += written[reader..<reader + own]
            reader += own
        }
        return event
    }

    /// Seven bits a byte, the lowest first.
    private static func append(_ number: Int, to written: inout [UInt8]) {
        var rest = number
        while rest > 0x7F {
            written.append(UInt8(rest & 0x7F | 0x80))
            rest >>= 7
        }
        written.append(UInt8(rest))
    }

    private static func number(_ reader: inout Int, of written: [UInt8]) -> Int {
        var (number, shift) = (0, 0)
        while true {
            let byte = written[reader]
            reader += 1
            number |= Int(byte & 0x7F) << shift
            if byte < 0x80 { return number }
            shift += 7
        }
    }
}
