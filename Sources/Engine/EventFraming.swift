// Events: where one ends, and what its reader takes out of it. Server-sent events, and lines or elements of an array of which each is a JSON document.
//
// Sources: WHATWG HTML, "Server-sent events", §9.2.5 (parsing) and §9.2.6 (interpreting); NDJSON.

/// Finds the ends of events in bytes that arrive in any cut.
struct EventFraming {
    enum Kind {
        /// A blank line ends an event; lines end with a line feed, a carriage return, or both.
        case serverSent
        /// A line feed ends an event.
        case lines
        /// An event is an element of one JSON array, with the comma or bracket before it.
        case elements
        /// Events are given whole.
        case messages
    }
    let kind: Kind
    private var elements = ElementFraming()
    /// Bytes of the line so far are none.
    private var isLineEmpty = true
    /// The last byte was a carriage return, so a line feed that follows belongs to it.
    private var afterReturn = false

    init(_ kind: Kind) { self.kind = kind }

    /// The offset behind the first end of an event in `bytes`, at or after `start`; nil if no event ends there.
    ///
    /// Must be given every byte once, in order. A line feed that belongs to the carriage return of a blank line goes to the next event.
    mutating func endOfEvent(in bytes: UnsafeBufferPointer<UInt8>, from start: Int) -> Int? {
        switch kind {
        case .serverSent: break
        case .lines:
            let end = bytes.first(0x0A, or: 0x0A, from: start)
            return end < bytes.count ? end + 1 : nil
        case .elements: return elements.endOfElement(in: bytes, from: start)
        case .messages: return bytes.count
        }
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

/// What the reader of one event sees of it. Ranges are half-open offsets into the event.
struct EventContent {
    /// The values of its `data` lines, in order. Joined by line feeds they are its data.
    var data: [Range<Int>] = []
    /// Whether the line before each of them is one of them too.
    private var followsData: [Bool] = []
    private var lastIsData = false
    /// Texts of their own: values of other fields, comments, and lines that no reader knows whole.
    var others: [Range<Int>] = []

    /// - Parameters:
    ///   - event: bytes up to and with the end that ``EventFraming`` found.
    ///   - isFirst: it begins the body, so that a byte-order mark may stand in front.
    init(_ event: UnsafeBufferPointer<UInt8>, _ kind: EventFraming.Kind, isFirst: Bool) {
        var start = isFirst && event.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
        if kind != .serverSent {
            var end = event.count
            switch kind {
            case .serverSent, .messages: break
            case .lines: while end > start, event[end - 1] == 0x0A || event[end - 1] == 0x0D { end -= 1 }
            case .elements: start = ElementFraming.startOfElement(in: event, isFirst: isFirst)
            }
            if end > start { data.append(start..<end) }
            followsData = [false]
            return
        }
        while start < event.count {
            let end = event.first(0x0A, or: 0x0D, from: start)
            if end > start { add(event, start..<end) }
            start = end + 1
        }
    }

    /// Data that stands in one piece.
    init(_ data: Range<Int>) {
        self.data = [data]
        followsData = [false]
    }

    private mutating func add(_ event: UnsafeBufferPointer<UInt8>, _ range: Range<Int>) {
        let line = EventLine(event, range)
        if line.isData {
            data.append(line.value)
            followsData.append(lastIsData)
        } else if !line.value.isEmpty {
            others.append(line.value)
        }
        lastIsData = line.isData
    }

    /// The `data` lines' values, joined: what the reader sees.
    func joined(_ event: UnsafeBufferPointer<UInt8>) -> [UInt8] {
        var joined: [UInt8] = []
        for (index, line) in data.enumerated() {
            if index > 0 { joined.append(0x0A) }
            joined.append(contentsOf: UnsafeBufferPointer(rebasing: event[line]))
        }
        return joined
    }

    /// Where the byte at an offset into the joined data stands in the event; for a line feed between two lines, the end of the first.
    func place(ofByte position: Int) -> Int {
        var start = 0
        for line in data {
            if position <= start + line.count { return line.lowerBound + position - start }
            start += line.count + 1
        }
        return data.last?.upperBound ?? 0
    }

    /// Where the bytes before an offset into the joined data end in the event; for a line feed between two lines, where the second begins.
    func place(behindByte position: Int) -> Int {
        var start = 0
        for line in data {
            if position <= start + line.count { return line.lowerBound + max(0, position - start) }
            start += line.count + 1
        }
        return data.last?.upperBound ?? 0
    }

    /// The replacement of a range of the joined data, as edits of the event. Where it runs over the end of a line, the lines become one, unless another
    /// field stands between them.
    func edits(of edit: BodyReader.Edit) -> [BodyReader.Edit] {
        if data.count == 1 {
            let base = data[0].lowerBound
            return [BodyReader.Edit(range: base + edit.range.lowerBound..<base + edit.range.upperBound, bytes: edit.bytes)]
        }
        var edits: [BodyReader.Edit] = []
        var start = 0
        for (index, line) in data.enumerated() {
            // With the line feed behind it, if there is one.
            let end = start + line.count + (index + 1 < data.count ? 1 : 0)
            let from = max(edit.range.lowerBound, start)
            let to = min(edit.range.upperBound, end)
            if from < to || (edit.range.isEmpty && edit.range.lowerBound == from && from <= start + line.count && edits.isEmpty) {
                let first = line.lowerBound + from - start
                var last = line.lowerBound + to - start
                if to > start + line.count { last = followsData[index + 1] ? data[index + 1].lowerBound : line.upperBound }
                if let previous = edits.last, previous.range.upperBound == first {
                    edits[edits.count - 1].range = previous.range.lowerBound..<last
                } else {
                    edits.append(BodyReader.Edit(range: first..<last, bytes: edits.isEmpty ? edit.bytes : []))
                }
            }
            start = end
        }
        return edits
    }
}

/// One line of a server-sent event.
struct EventLine {
    /// The value of its field. Of a comment, what follows the colon; of a line whose field no reader knows, all of it.
    var value: Range<Int>
    var isData = false

    private static let fields = ["event:", "id:", "retry:", ":"].map { Array($0.utf8) }
    private static let data = Array("data:".utf8)

    init(_ bytes: UnsafeBufferPointer<UInt8>, _ line: Range<Int>) {
        let text = bytes[line]
        value = line
        if text.starts(with: Self.data) {
            isData = true
            value = line.lowerBound + Self.data.count..<line.upperBound
        } else if text.elementsEqual(Self.data.dropLast()) {
            // A field without a colon has an empty value.
            isData = true
            value = line.upperBound..<line.upperBound
        } else if let field = Self.fields.first(where: { text.starts(with: $0) }) {
            value = line.lowerBound + field.count..<line.upperBound
        } else {
            return
        }
        if !value.isEmpty, bytes[value.lowerBound] == 0x20 { value = value.lowerBound + 1..<value.upperBound }
    }
}
