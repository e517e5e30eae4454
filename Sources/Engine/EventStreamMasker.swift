// Masks a stream of server-sent events: each event is released whole, and a value that a model's answer spreads over many events is seen as one.
//
// `docs/decisions/0002-event-streams.md` says what is held and when it is released.

/// The state of one event stream.
struct EventStreamMasker {
    /// A larger event is masked while it streams, and ends the texts that were spread over events before it.
    static let largestEvent = 32 * 1024
    /// Bytes of whole events that may wait for a prefix to be decided. Beyond it the body fails.
    static let mostWaiting = 48 * 1024
    /// Channels that are remembered at a time. Beyond it those that hold nothing are forgotten, and if there are none the body fails.
    static let mostChannels = 256

    private let rules: RuleSet
    private var framing = EventFraming()
    /// The event that has not ended.
    private var unfinished: [UInt8] = []
    private var unfinishedFrom = 0
    /// Events in order that wait; the first has number `firstNumber`.
    private var waiting: [Event] = []
    private var firstNumber = 0
    /// Few, and looked for by name in turn.
    private var channels: [Channel] = []
    /// Of the latest events with nothing to mask in their fixed bytes; the last one first.
    private var templates: [EventTemplate] = []
    /// A model's answer goes through few kinds of events, one at a time.
    private static let mostTemplates = 2
    /// Masks the line under way of an event that is too large to be held.
    private var line: LineMasker?

    fileprivate struct Event {
        var bytes: [UInt8]
        var edits: [Edit] = []
        /// Pieces of channels that are not decided.
        var undecided = 0
    }

    fileprivate typealias Edit = BodyReader.Edit

    /// A text that is spread over events.
    fileprivate struct Channel {
        let name: String
        /// Of what it is a part: see ``ChannelReading/answer(of:)``.
        let answer: String?
        var state = TextState()
        /// What of it is not released, decoded.
        var held: [UInt8] = []
        var pieces: [Piece] = []
        /// Where its last piece ends in the body.
        var bodyEnd = 0
        /// Another channel of the same answer speaks: what this one held has gone out.
        var isQuiet = false

        init(_ name: String) {
            self.name = name
            answer = name.isEmpty ? nil : ChannelReading.answer(of: name)
        }

        /// Nothing that has come is undecided, so it can be forgotten.
        var isIdle: Bool { held.isEmpty && state.runs.isEmpty && state.group == nil && state.openReports.isEmpty }

        struct Piece {
            var event: Int
            /// Its event has left: it is kept in mind for a match that goes on, and cannot be changed any more.
            var hasLeft = false
            /// Where its text begins in `held`; below zero if some of it is released.
            var start: Int
            var count: Int
            /// Where its raw bytes begin in the event.
            var raw: Int
            var units: UnitMap
            /// Where the event begins in the body.
            var eventStart: Int
        }
    }

    init(_ rules: RuleSet) { self.rules = rules }

    var heldCount: Int { unfinished.count + waitingCount + (line?.heldCount ?? 0) }
    private var waitingCount: Int { waiting.reduce(0) { $0 + $1.bytes.count } }

    // MARK: Bytes to events

    mutating func feed(_ chunk: UnsafeRawBufferPointer, into output: inout MaskedBytes) throws(MaskError) {
        let bytes = chunk.bindMemory(to: UInt8.self)
        var start = 0
        while start < bytes.count, output.blocked == nil {
            let end = framing.endOfEvent(in: bytes, from: start)
            let part = UnsafeBufferPointer(rebasing: bytes[start..<(end ?? bytes.count)])
            start = end ?? bytes.count
            if line != nil {
                try stream(part, eventEnds: end != nil, into: &output)
            } else if unfinished.count + part.count > Self.largestEvent {
                try endChannels(where: { _ in true }, into: &output)
                release(into: &output)
                if output.blocked != nil { return }
                line = LineMasker(rules, at: unfinishedFrom)
                let begun = unfinished
                unfinished = []
                try begun.withUnsafeBufferPointer { begun throws(MaskError) in try stream(begun, eventEnds: false, into: &output) }
                try stream(part, eventEnds: end != nil, into: &output)
            } else {
                unfinished.append(contentsOf: part)
                if end != nil { try finishEvent(into: &output) }
            }
        }
    }

    /// Ends the body: what is unfinished is masked as it is.
    mutating func finish(into output: inout MaskedBytes) throws(MaskError) {
        if !unfinished.isEmpty { try finishEvent(into: &output) }
        if output.blocked != nil { return }
        try endChannels(where: { _ in true }, into: &output)
        release(into: &output)
        if output.blocked == nil { try line?.finish(into: &output) }
        line = nil
    }

    private mutating func stream(_ part: UnsafeBufferPointer<UInt8>, eventEnds: Bool, into output: inout MaskedBytes) throws(MaskError) {
        try line?.feed(part, into: &output)
        guard eventEnds, let ended = line else { return }
        try line?.finish(into: &output)
        unfinishedFrom = ended.position
        line = nil
    }

    // MARK: One event

    private mutating func finishEvent(into output: inout MaskedBytes) throws(MaskError) {
        let bytes = unfinished
        let start = unfinishedFrom
        unfinished = []
        unfinishedFrom += bytes.count
        if try finishKnown(bytes, at: start, into: &output) { return }
        var event = Event(bytes: bytes)
        let findingCount = output.findings.count
        var pieces: [(ChannelPiece, JSONText, base: Int)] = []
        var ended: [String] = []
        for line in bytes.withUnsafeBufferPointer({ EventLine.lines(of: $0) }) {
            let value = Array(bytes[line.value])
            var blanks: [Range<Int>] = []
            var reading = BodyReader.Reading.text
            if line.isData {
                if value == Array("[DONE]".utf8) { ended.append("") }
                var texts: [JSONText] = []
                var tokenizer = JSONTokenizer()
                value.withUnsafeBufferPointer { value in
                    _ = tokenizer.read(value, isLast: true, into: &texts)
                    guard tokenizer.brokenAt == nil, !texts.isEmpty else { return }
                    reading = .json
                    let channels = ChannelReading(value, texts: texts)
                    ended += channels.ended
                    for piece in channels.pieces where texts[piece.text].end > texts[piece.text].start {
                        pieces.append((piece, texts[piece.text], line.value.lowerBound))
                        blanks.append(texts[piece.text].start..<texts[piece.text].end)
                    }
                }
            }
            try maskClosed(value, reading, without: blanks, at: line.value.lowerBound, bodyOffset: start, &event, &output)
            if output.blocked != nil { break }
        }
        let texts = pieces.map { piece, text, base in (channel: piece.channel, range: base + text.start..<base + text.end) }
        if event.edits.isEmpty, output.findings.count == findingCount, output.blocked == nil, ended.isEmpty, !texts.isEmpty,
            bytes.count <= EventTemplate.longest
        {
            if templates.count == Self.mostTemplates { templates.removeLast() }
            templates.insert(EventTemplate(bytes, texts: texts), at: 0)
        }
        waiting.append(event)
        let number = firstNumber + waiting.count - 1
        if output.blocked != nil {
            endBody(before: number, into: &output)
            return
        }
        for text in texts {
            try add(text.channel, bytes, text.range, event: number, eventStart: start, into: &output)
            if output.blocked != nil { return }
        }
        for prefix in ended {
            try endChannels(where: { $0.hasPrefix(prefix) }, into: &output)
            if output.blocked != nil { return }
        }
        try releaseDecided(into: &output)
    }

    /// Takes an event that has its fixed bytes in common with one of the latest; false if it has not.
    private mutating func finishKnown(_ bytes: [UInt8], at start: Int, into output: inout MaskedBytes) throws(MaskError) -> Bool {
        for (index, template) in templates.enumerated() {
            guard let texts = bytes.withUnsafeBufferPointer({ template.texts(in: $0) }) else { continue }
            if index > 0 { templates.swapAt(0, index) }
            waiting.append(Event(bytes: bytes))
            let number = firstNumber + waiting.count - 1
            for (channel, text) in zip(template.channels, texts) {
                try add(channel, bytes, text, event: number, eventStart: start, into: &output)
                if output.blocked != nil { return true }
            }
            try releaseDecided(into: &output)
            return true
        }
        return false
    }

    private mutating func releaseDecided(into output: inout MaskedBytes) throws(MaskError) {
        release(into: &output)
        if waitingCount > Self.mostWaiting {
            throw MaskError(description: "more than \(Self.mostWaiting) bytes of events wait for the end of one value")
        }
    }

    /// Masks a line's value on its own, leaving the strings at `blanks` out, which belong to channels.
    private func maskClosed(
        _ value: [UInt8], _ reading: BodyReader.Reading, without blanks: [Range<Int>], at offset: Int, bodyOffset: Int, _ event: inout Event,
        _ output: inout MaskedBytes
    ) throws(MaskError) {
        var kept: [UInt8] = []
        var last = 0
        for blank in blanks {
            kept += value[last..<blank.lowerBound]
            last = blank.upperBound
        }
        kept += value[last...]
        /// An offset into `kept` as one into the event.
        func inEvent(_ position: Int) -> Int {
            var original = position
            for blank in blanks where original >= blank.lowerBound { original += blank.count }
            return original + offset
        }
        let masked = try BodyReader.edits(rules, reading, kept)
        for edit in masked.edits {
            event.edits.append(Edit(range: inEvent(edit.range.lowerBound)..<inEvent(edit.range.upperBound), bytes: edit.bytes))
        }
        func moved(_ finding: Finding) -> Finding {
            var moved = finding
            moved.range = bodyOffset + inEvent(finding.range.lowerBound)..<bodyOffset + inEvent(finding.range.upperBound)
            return moved
        }
        output.findings += masked.findings.map(moved)
        if let blocked = masked.blocked { output.blocked = moved(blocked) }
    }

    // MARK: Channels

    /// - Parameter text: where the piece stands in the event.
    private mutating func add(
        _ name: String, _ bytes: [UInt8], _ text: Range<Int>, event: Int, eventStart: Int, into output: inout MaskedBytes
    ) throws(MaskError) {
        let known = channels.firstIndex { $0.name == name }
        let index = known ?? channels.count
        if known == nil {
            if channels.count >= Self.mostChannels {
                channels.removeAll { $0.isIdle }
                if channels.count >= Self.mostChannels { throw MaskError(description: "more than \(Self.mostChannels) texts are spread over events at once") }
                return try add(name, bytes, text, event: event, eventStart: eventStart, into: &output)
            }
            channels.append(Channel(name))
        }
        if channels.count > 1, let answer = channels[index].answer {
            for other in channels.indices where other != index && !channels[other].isQuiet && channels[other].answer == answer {
                try quieten(other, into: &output)
                if output.blocked != nil { return }
            }
        }
        // Out of the array while it is changed, so that nothing is copied.
        var channel = Channel("")
        swap(&channel, &channels[index])
        channel.isQuiet = false
        var units = UnitMap()
        let start = channel.held.count
        bytes.withUnsafeBufferPointer { bytes in
            _ = JSONEscapes.decode(UnsafeBufferPointer(rebasing: bytes[text]), isClosed: true, into: &channel.held, noting: &units)
        }
        channel.pieces.append(
            Channel.Piece(
                event: event, start: start, count: channel.held.count - start, raw: text.lowerBound, units: units, eventStart: eventStart))
        waiting[event - firstNumber].undecided += 1
        try scan(&channel, isLast: false, into: &output)
        swap(&channel, &channels[index])
    }

    /// Lets go what a channel holds, because another one of the same answer has begun to speak: a reasoning text before the answer, the answer before a tool
    /// call. Models do not take turns within an answer, so waiting would only delay what comes. Should the channel go on all the same, a value
    /// that began before is masked from there.
    private mutating func quieten(_ index: Int, into output: inout MaskedBytes) throws(MaskError) {
        let channel = channels[index]
        if channel.pieces.isEmpty { return }
        var ending = channel
        try scan(&ending, isLast: true, into: &output)
        var quiet = channel
        quiet.isQuiet = true
        for index in quiet.pieces.indices { quiet.pieces[index].hasLeft = true }
        channels[index] = quiet
    }

    private mutating func endChannels(where isEnded: (String) -> Bool, into output: inout MaskedBytes) throws(MaskError) {
        let ended = channels.filter { isEnded($0.name) }.sorted { $0.name < $1.name }
        channels.removeAll { isEnded($0.name) }
        for var channel in ended where !channel.isQuiet {
            try scan(&channel, isLast: true, into: &output)
            if output.blocked != nil { return }
        }
    }

    /// Scans what a channel holds, notes what is to be replaced in its events, and drops what is decided.
    private mutating func scan(_ channel: inout Channel, isLast: Bool, into output: inout MaskedBytes) throws(MaskError) {
        let workspace = try rules.takeWorkspace()
        // A text has an edge where it begins, which the sieve sees as a quote.
        let before = channel.state.before == nil ? [UInt8(ascii: "\"")] : channel.state.lookback
        let behind = before.count
        before.withUnsafeBytes { before in channel.held.withUnsafeBytes { workspace.fillWindow(before, $0) } }
        let bytes = UnsafeBufferPointer(rebasing: UnsafeBufferPointer(workspace.window)[behind...])
        try workspace.findInWindow()
        let scanner = workspace.scanner
        channel.state.lookback.withUnsafeBufferPointer { lookback in
            let stretch = TextScanner.Stretch(bytes: bytes, isLast: isLast, lookback: lookback, units: nil)
            _ = scanner.gather(workspace.places, of: rules.finder, in: stretch, at: behind, before: channel.state.before)
            scanner.scan(stretch, state: &channel.state)
        }
        let pieces = channel.pieces
        let reached = channel.bodyEnd
        func bodyStart(_ position: Int) -> Int {
            guard let piece = pieces.last(where: { $0.start <= position }) ?? pieces.first else { return reached }
            return piece.eventStart + piece.rawStart(ofText: position)
        }
        func bodyEnd(_ position: Int) -> Int {
            guard let piece = pieces.last(where: { $0.start < position }) ?? pieces.first else { return reached }
            return piece.eventStart + piece.rawEnd(ofText: position)
        }
        if let last = pieces.last { channel.bodyEnd = last.eventStart + last.rawEnd(ofText: last.start + last.count) }
        channel.state.note(scanner, rules, isLast: isLast, bodyStart: bodyStart, bodyEnd: bodyEnd, into: &output.findings)
        for replacement in scanner.replacements {
            var written: [UInt8] = []
            if let winner = replacement.winner { JSONEscapes.escape(rules.compiled[winner.rule].written(winner, in: bytes), into: &written) }
            let end = scanner.block == nil ? min(replacement.end, scanner.released) : replacement.end
            for piece in pieces where !piece.hasLeft && piece.start < end && piece.start + piece.count > replacement.start {
                let from = max(replacement.start, piece.start)
                let to = min(end, piece.start + piece.count)
                waiting[piece.event - firstNumber].edits.append(Edit(range: piece.rawStart(ofText: from)..<piece.rawEnd(ofText: to), bytes: written))
                written = []
            }
        }
        if let block = scanner.block {
            let rule = rules.compiled[block.rule].rule
            output.blocked = Finding(
                rule: rule.id, entity: rule.entity, range: bodyStart(block.start)..<bodyEnd(block.coreEnd), action: .blocked)
            endBody(before: (pieces.last { $0.start <= block.start } ?? pieces[0]).event, into: &output)
        }
        let released = scanner.released
        rules.give(back: workspace)
        if output.blocked != nil { return }
        for piece in pieces where !piece.hasLeft && piece.start + piece.count <= released { waiting[piece.event - firstNumber].undecided -= 1 }
        channel.pieces.removeAll { $0.start + $0.count <= released }
        for index in channel.pieces.indices { channel.pieces[index].start -= released }
        channel.held.removeFirst(released)
    }

    // MARK: Output

    /// Releases the events at the front in which everything is decided.
    private mutating func release(into output: inout MaskedBytes) {
        var count = 0
        while count < waiting.count, waiting[count].undecided == 0 {
            output.append(waiting[count].masked)
            count += 1
        }
        waiting.removeFirst(count)
        firstNumber += count
    }

    /// Ends the body because of a block in the event with that number: of those before it all go out that are decided, then an event that says
    /// that the stream ends here.
    private mutating func endBody(before number: Int, into output: inout MaskedBytes) {
        while firstNumber < number, let event = waiting.first, event.undecided == 0 {
            output.append(event.masked)
            waiting.removeFirst()
            firstNumber += 1
        }
        waiting = []
        output.append(Self.errorEvent)
    }

    /// Understood by clients of OpenAI's API (an `error` member in the data) and of Anthropic's (an event named `error`).
    private static let errorEvent = Array(
        ("event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"permission_error\",\"code\":\"sluice_blocked\","
            + "\"message\":\"The gateway ended this answer because it holds something that its rules block.\"}}\n\n").utf8)
}

extension EventStreamMasker.Channel.Piece {
    func rawStart(ofText position: Int) -> Int { raw + units.rawStart(ofText: max(0, position - start)) }
    func rawEnd(ofText position: Int) -> Int { raw + units.rawEnd(ofText: min(position - start, count)) }
}

extension EventStreamMasker.Event {
    /// With its edits made.
    fileprivate var masked: [UInt8] {
        if edits.isEmpty { return bytes }
        var masked: [UInt8] = []
        var position = 0
        for edit in edits.sorted(by: { $0.range.lowerBound < $1.range.lowerBound }) {
            masked += bytes[position..<max(position, edit.range.lowerBound)]
            masked += edit.bytes
            position = max(position, edit.range.upperBound)
        }
        return masked + bytes[position...]
    }
}

extension MaskedBytes {
    fileprivate mutating func append(_ bytes: [UInt8]) { pieces.append(.bytes(bytes)) }
}

/// Masks an event that is too large to be held, line by line, as it streams.
private struct LineMasker {
    private let rules: RuleSet
    /// Offset in the body of the next byte.
    private(set) var position: Int
    /// Bytes of the field name and the first byte of the value, until it is known how to read the line.
    private var prefix: [UInt8] = []
    private var masker: BodyMasker?
    /// Offsets in the body of the line and of its value.
    private var lineStart = 0
    private var valueStart = 0

    init(_ rules: RuleSet, at position: Int) {
        self.rules = rules
        self.position = position
    }

    var heldCount: Int { prefix.count + (masker?.heldCount ?? 0) }

    mutating func feed(_ bytes: UnsafeBufferPointer<UInt8>, into output: inout MaskedBytes) throws(MaskError) {
        var start = 0
        while start < bytes.count, output.blocked == nil {
            if bytes[start] == 0x0A || bytes[start] == 0x0D {
                try endLine(into: &output)
                if output.blocked == nil { output.append([bytes[start]]) }
                position += 1
                start += 1
                continue
            }
            var end = start
            while end < bytes.count, bytes[end] != 0x0A, bytes[end] != 0x0D { end += 1 }
            try feedLine(UnsafeBufferPointer(rebasing: bytes[start..<end]), into: &output)
            position += end - start
            start = end
        }
    }

    mutating func finish(into output: inout MaskedBytes) throws(MaskError) { try endLine(into: &output) }

    private mutating func feedLine(_ bytes: UnsafeBufferPointer<UInt8>, into output: inout MaskedBytes) throws(MaskError) {
        guard masker == nil else { return try feedValue(UnsafeRawBufferPointer(bytes), into: &output) }
        if prefix.isEmpty { lineStart = position }
        // "data: {" is the longest that tells how to read the line.
        prefix.append(contentsOf: bytes)
        guard prefix.count >= 7 else { return }
        try begin(into: &output)
    }

    private mutating func begin(into output: inout MaskedBytes) throws(MaskError) {
        let line = prefix.withUnsafeBufferPointer { EventLine.lines(of: $0).first } ?? EventLine(value: 0..<prefix.count, isData: false)
        let isJSON = line.isData && line.value.lowerBound < prefix.count && [UInt8(ascii: "{"), UInt8(ascii: "[")].contains(prefix[line.value.lowerBound])
        masker = BodyMasker(rules, isJSON ? .json : .text)
        let begun = prefix
        prefix = []
        valueStart = position - (begun.count - line.value.count)
        output.append(Array(begun[..<line.value.lowerBound]))
        valueStart = lineStart + line.value.lowerBound
        try begun.withUnsafeBufferPointer { begun throws(MaskError) in
            try feedValue(UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: begun[line.value])), into: &output)
        }
    }

    private mutating func feedValue(_ bytes: UnsafeRawBufferPointer, into output: inout MaskedBytes) throws(MaskError) {
        var masked = MaskedBytes()
        try masker?.feed(bytes, into: &masked)
        add(masked, chunk: bytes, to: &output)
    }

    private mutating func endLine(into output: inout MaskedBytes) throws(MaskError) {
        if !prefix.isEmpty { try begin(into: &output) }
        guard output.blocked == nil else { return }
        var masked = MaskedBytes()
        try masker?.finish(into: &masked)
        add(masked, chunk: UnsafeRawBufferPointer(start: nil, count: 0), to: &output)
        masker = nil
    }

    private func add(_ masked: MaskedBytes, chunk: UnsafeRawBufferPointer, to output: inout MaskedBytes) {
        var bytes: [UInt8] = []
        masked.append(to: &bytes, chunk: chunk)
        output.append(bytes)
        func moved(_ finding: Finding) -> Finding {
            var moved = finding
            moved.range = finding.range.lowerBound + valueStart..<finding.range.upperBound + valueStart
            return moved
        }
        output.findings += masked.findings.map(moved)
        output.blocked = masked.blocked.map(moved)
    }
}
