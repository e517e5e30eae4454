// Masks a stream of events: each event is released whole, and a value that a model's answer spreads over many events is seen as one.
//
// `docs/decisions/0002-event-streams.md` says what is held and when it is released.

/// The state of one event stream.
struct EventStreamMasker {
    /// A larger event is masked while it streams, and so is one of more than ``smallEvent`` bytes where events wait so that together they are more than ``mostWaiting``.
    static let largestEvent = 32 * 1024
    static let smallEvent = 8 * 1024
    static let mostWaiting = 36 * 1024
    /// Bytes that may be kept: of the event that is not complete, those that wait, and what is remembered of their texts. Beyond it the body fails.
    static let mostState = 64 * 1024
    /// Channels that are remembered at a time. Beyond it those that hold nothing are forgotten, and if there are none the body fails.
    static let mostChannels = 256
    /// Lines of NDJSON in which no model speaks; what follows them is read as any other NDJSON.
    static let mostSilentLines = 16

    private let rules: RuleSet
    private var framing: EventFraming
    /// The event that has not ended.
    private var unfinished: [UInt8] = []
    private var unfinishedFrom = 0
    /// Events in order that wait; the first has number `firstNumber`.
    private var waiting: [Event] = []
    private var waitingCount = 0
    private var firstNumber = 0
    /// Few, and looked for by name in turn.
    private var channels: [Channel] = []
    /// Of the latest events with nothing to mask in their fixed bytes; the last one first.
    private var templates: [EventTemplate] = []
    /// A model's answer goes through few kinds of events, one at a time.
    private static let mostTemplates = 2
    /// Masks the line under way of an event that is too large to be held.
    @Apart private var line: LineMasker? = nil
    /// Whose stream it is, and the id of the request that the latest JSON-RPC message answers, as it came.
    private var api: ModelAPI?
    private var requestID: [UInt8]?
    /// Lines of NDJSON so far, until a model speaks in one.
    private var silentLines = 0
    /// Masks what follows lines in which no model speaks.
    @Apart private var rest: BodyMasker? = nil
    private var restFrom = 0
    /// Judges commands, and keeps the events that wait for that: none or one.
    private var commands: [EventCommands] = []

    fileprivate struct Event {
        var bytes: [UInt8]
        /// Where it begins in the body.
        var start: Int
        var edits: [Edit] = []
        /// Values that say again what a text says; emptied if anything is masked.
        var tokenLists: [Range<Int>] = []
        /// Pieces of channels that are not decided.
        var undecided = 0
    }

    fileprivate typealias Edit = BodyReader.Edit

    /// A text that is spread over events.
    fileprivate struct Channel {
        let name: [UInt8]
        /// What it has said so far tells how it is read, as it would of a string that says all of it.
        var sign = InnerDocument.Sign.undecided
        /// Of a text.
        var state = TextState()
        /// Of a document: none or one.
        var reader: [BodyReader] = []
        /// What of it is not released, decoded.
        var held: [UInt8] = []
        var pieces: [Piece] = []
        /// Where its last piece ends in the body.
        var bodyEnd = 0
        /// Another channel of the same answer speaks: what this one held has gone out.
        var isQuiet = false
        /// Set while one open match holds back all that is held.
        var watch: TextScanner.Watch?

        init(_ name: [UInt8]) { self.name = name }

        /// Nothing that has come is undecided, so it can be forgotten.
        var isIdle: Bool { held.isEmpty && reader.isEmpty && state.runs.isEmpty && state.group == nil && state.openReports.isEmpty }

        /// Bytes that it takes, about.
        var stateCount: Int {
            MemoryLayout<Channel>.size + name.count + held.count + state.lookback.count + reader.count * (MemoryLayout<BodyReader>.size + Rule.Context.seen)
                + pieces.reduce(0) { $0 + MemoryLayout<Piece>.size + $1.units.units.count * MemoryLayout<UnitMap.Unit>.size }
        }

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

    init(_ rules: RuleSet, _ kind: EventFraming.Kind) {
        self.rules = rules
        framing = EventFraming(kind)
        commands = rules.commands.map { [EventCommands($0)] } ?? []
    }

    var heldCount: Int { unfinished.count + waitingCount + (line?.heldCount ?? 0) + (rest?.heldCount ?? 0) + unjudgedCount }

    /// Bytes of the events that wait for a verdict.
    private var unjudgedCount: Int { commands.isEmpty ? 0 : commands[0].waiting.eventBytes }

    /// Where a body of lines stopped being JSON.
    var brokenJSONAt: Int? { rest?.brokenJSONAt.map { restFrom + $0 } }

    /// Bytes kept, about.
    private var stateCount: Int {
        heldCount - unjudgedCount + (commands.isEmpty ? 0 : commands[0].stateCount) + waiting.count * MemoryLayout<Event>.size
            + channels.reduce(0) { $0 + $1.stateCount }
    }

    // MARK: Bytes to events

    mutating func feed(_ chunk: UnsafeRawBufferPointer, into output: inout MaskedBytes) throws(MaskError) {
        let bytes = chunk.bindMemory(to: UInt8.self)
        var start = 0
        while start < bytes.count, output.blocked == nil {
            if rest != nil { return try feedRest(chunk, from: start, into: &output) }
            let end = framing.endOfEvent(in: bytes, from: start)
            let part = UnsafeBufferPointer(rebasing: bytes[start..<(end ?? bytes.count)])
            start = end ?? bytes.count
            if line != nil {
                try stream(part, eventEnds: end != nil, into: &output)
            } else if isTooLarge(unfinished.count + part.count) {
                if isSilent {
                    unfinished.append(contentsOf: part)
                    try beginRest(into: &output)
                } else {
                    try streamUnfinished(part, eventEnds: end != nil, into: &output)
                }
            } else {
                // No more is reserved than is needed, so that the state is what it is said to be.
                if unfinished.count + part.count > unfinished.capacity, !unfinished.isEmpty {
                    unfinished.reserveCapacity(unfinished.count + part.count + min(unfinished.count, 2048))
                }
                unfinished.append(contentsOf: part)
                if end != nil { try finishEvent(into: &output) } else if unfinished.count > Self.smallEvent { try checkState() }
            }
        }
    }

    /// Whether an event of which so many bytes have come is masked while it streams.
    private func isTooLarge(_ count: Int) -> Bool {
        count > Self.largestEvent || count > Self.smallEvent && waitingCount > 0 && count + waitingCount > Self.mostWaiting
    }

    /// Takes an event that another framing gives whole.
    mutating func take(event: [UInt8], into output: inout MaskedBytes) throws(MaskError) {
        unfinished = event
        try finishEvent(into: &output)
    }

    /// Ends the body: what is unfinished is masked as it is.
    mutating func finish(into output: inout MaskedBytes) throws(MaskError) {
        if !unfinished.isEmpty { try finishEvent(into: &output) }
        if output.blocked != nil { return }
        if !commands.isEmpty {
            commands[0].end { _ in true }
            try takeJudged(into: &output)
            if output.blocked != nil { return }
        }
        if rest != nil {
            var masked = MaskedBytes()
            try rest?.finish(into: &masked)
            return output.append(masked, from: 0, bodyOffset: restFrom)
        }
        try endChannels(where: { _ in true }, into: &output)
        if output.blocked != nil { return }
        release(into: &output)
        try line?.finish(into: &output)
        line = nil
    }

    /// Begins to mask the event under way while it comes. What channels hold is decided, as if others spoke.
    private mutating func streamUnfinished(
        _ part: UnsafeBufferPointer<UInt8>, eventEnds: Bool, into output: inout MaskedBytes
    ) throws(MaskError) {
        if !commands.isEmpty {
            commands[0].letGo()
            try takeJudged(into: &output)
            if output.blocked != nil { return }
        }
        for index in channels.indices where !channels[index].isQuiet {
            try quieten(index, into: &output)
            if output.blocked != nil { return }
        }
        release(into: &output)
        line = LineMasker(rules, framing.kind, at: unfinishedFrom)
        let begun = unfinished
        unfinished = []
        try begun.withUnsafeBufferPointer { begun throws(MaskError) in try stream(begun, eventEnds: false, into: &output) }
        if output.blocked == nil { try stream(part, eventEnds: eventEnds, into: &output) }
    }

    private mutating func stream(_ part: UnsafeBufferPointer<UInt8>, eventEnds: Bool, into output: inout MaskedBytes) throws(MaskError) {
        try line?.feed(part, into: &output)
        if let line, line.heldCount > 8192 { try checkState() }
        guard eventEnds, output.blocked == nil, let ended = line else { return }
        try line?.finish(into: &output)
        unfinishedFrom = ended.position
        firstNumber += 1
        line = nil
    }

    // MARK: NDJSON in which no model speaks

    private var isSilent: Bool { framing.kind == .lines && silentLines <= Self.mostSilentLines && channels.isEmpty && api == nil }

    /// Reads the body as NDJSON from the event under way on.
    private mutating func beginRest(into output: inout MaskedBytes) throws(MaskError) {
        rest = BodyMasker(rules, .json)
        restFrom = unfinishedFrom
        let begun = unfinished
        unfinished = []
        var masked = MaskedBytes()
        try begun.withUnsafeBufferPointer { begun throws(MaskError) in
            let begun = UnsafeRawBufferPointer(begun)
            try rest?.feed(begun, into: &masked)
            var bytes: [UInt8] = []
            masked.append(to: &bytes, chunk: begun)
            masked.pieces = [.bytes(bytes)]
        }
        output.append(masked, from: 0, bodyOffset: restFrom)
    }

    private mutating func feedRest(_ chunk: UnsafeRawBufferPointer, from start: Int, into output: inout MaskedBytes) throws(MaskError) {
        var masked = MaskedBytes()
        try rest?.feed(UnsafeRawBufferPointer(rebasing: chunk[start...]), into: &masked)
        output.append(masked, from: start, bodyOffset: restFrom)
    }

    // MARK: One event

    private mutating func finishEvent(into output: inout MaskedBytes) throws(MaskError) {
        let (bytes, start) = (unfinished, unfinishedFrom)
        let reading = reading(of: bytes, at: start)
        if case .whole(let whole) = reading, framing.kind == .lines, api == nil, channels.isEmpty, whole.read?.api == nil, whole.read?.pieces.isEmpty ?? true,
            silentLines <= Self.mostSilentLines
        {
            // What is no document of its own may be a line of one.
            silentLines += whole.read == nil && !whole.content.data.isEmpty ? Self.mostSilentLines + 1 : 1
            if silentLines > Self.mostSilentLines { return try beginRest(into: &output) }
        }
        unfinished = []
        unfinishedFrom += bytes.count
        if !commands.isEmpty, try waits(bytes, at: start, reading, into: &output) { return }
        try take(bytes, at: start, reading, into: &output)
    }

    /// What an event says, before anything of it is masked.
    private enum Reading {
        /// It has its fixed bytes in common with the first of the templates.
        case known(EventTemplate.Fit)
        case whole(WholeEvent)
    }

    private struct WholeEvent {
        let content: EventContent
        /// Its data, where that is several lines.
        let joined: [UInt8]?
        var read: EventReading?
    }

    private mutating func reading(of bytes: [UInt8], at start: Int) -> Reading {
        for index in templates.indices {
            guard let fit = bytes.withUnsafeBufferPointer({ templates[index].fit($0) }) else { continue }
            if index > 0 { templates.swapAt(0, index) }
            return .known(fit)
        }
        let content = bytes.withUnsafeBufferPointer { EventContent($0, framing.kind, isFirst: start == 0) }
        let joined = content.data.count == 1 ? nil : bytes.withUnsafeBufferPointer { content.joined($0) }
        let read = bytes.withUnsafeBufferPointer { event in
            guard let joined else { return EventReader.read(UnsafeBufferPointer(rebasing: event[content.data[0]])) }
            return joined.withUnsafeBufferPointer { EventReader.read($0) }
        }
        return .whole(WholeEvent(content: content, joined: joined, read: read))
    }

    /// Masks an event.
    private mutating func take(_ bytes: [UInt8], at start: Int, _ reading: Reading, into output: inout MaskedBytes) throws(MaskError) {
        let whole: WholeEvent
        switch reading {
        case .known(let fit): return try take(bytes, at: start, fit, into: &output)
        case .whole(let event): whole = event
        }
        let (content, joined) = (whole.content, whole.joined)
        var read = whole.read
        if let told = read?.api { api = told }

        var event = Event(bytes: bytes, start: start)
        let findingCount = output.findings.count
        for other in content.others where output.blocked == nil {
            try maskClosed(Array(bytes[other]), .text, EventContent(other), bodyOffset: start, &event, &output)
        }
        if output.blocked == nil, !content.data.isEmpty {
            let data = joined ?? Array(bytes[content.data[0]])
            if let id = read?.requestID { try noteRequest(Array(data[id])) }
            let opening = data.first { $0 > 0x20 }
            if !rules.fields.isEmpty, var named = read, !named.pieces.isEmpty {
                try dropFields(&named.pieces, of: data)
                read = named
            }
            let isJSON = read != nil || opening == UInt8(ascii: "{") || opening == UInt8(ascii: "[")
            try maskClosed(
                data, isJSON ? .json : .text, without: read?.pieces.map(\.text) ?? [], content, bodyOffset: start, &event, &output)
        }
        let number = firstNumber + waiting.count
        if output.blocked != nil {
            append(event)
            return endBody(before: number, into: &output)
        }
        guard let read else {
            append(event)
            if content.data.count == 1, bytes[content.data[0]].elementsEqual(Self.done) { try endChannels(where: { _ in true }, into: &output) }
            if output.blocked == nil { try releaseDecided(into: &output) }
            return
        }
        event.tokenLists = read.tokenLists.map { content.place(ofByte: $0.lowerBound)..<content.place(behindByte: $0.upperBound) }
        if event.edits.isEmpty, output.findings.count == findingCount, read.ended.isEmpty, read.tokenLists.isEmpty, !read.pieces.isEmpty,
            content.data.count == 1, bytes.count <= EventTemplate.longest
        {
            if templates.count == Self.mostTemplates { templates.removeLast() }
            templates.insert(EventTemplate(bytes, data: content.data[0], read, rules.commands), at: 0)
        }
        append(event)
        let speaking = read.speaking
        for piece in read.pieces {
            let text = content.place(ofByte: piece.text.lowerBound)..<content.place(behindByte: piece.text.upperBound)
            try add(piece.channel, bytes, text, beside: speaking, event: number, eventStart: start, into: &output)
            if output.blocked != nil { return }
        }
        for prefix in read.ended {
            try endChannels(where: { $0.starts(with: prefix) }, into: &output)
            if output.blocked != nil { return }
        }
        try releaseDecided(into: &output)
    }

    /// The last event of OpenAI's streams, which is not JSON.
    private static let done = Array("[DONE]".utf8)

    /// Masks an event that has its fixed bytes in common with the first of the templates.
    private mutating func take(_ bytes: [UInt8], at start: Int, _ fit: EventTemplate.Fit, into output: inout MaskedBytes) throws(MaskError) {
        var event = Event(bytes: bytes, start: start)
        if !fit.isSame {
            try maskClosed(Array(bytes[fit.data]), .json, without: fit.textsInData, EventContent(fit.data), bodyOffset: start, &event, &output)
        }
        let number = firstNumber + waiting.count
        append(event)
        if output.blocked != nil { return endBody(before: number, into: &output) }
        for (place, text) in fit.texts.enumerated() {
            try add(templates[0].channels[place], bytes, text, beside: templates[0].channels, event: number, eventStart: start, into: &output)
            if output.blocked != nil { return }
        }
        try releaseDecided(into: &output)
    }

    private mutating func append(_ event: Event) {
        waiting.append(event)
        waitingCount += event.bytes.count
    }

    private mutating func releaseDecided(into output: inout MaskedBytes) throws(MaskError) {
        release(into: &output)
        if waitingCount > 8192 || channels.count > 16 { try checkState() }
    }

    /// Fails where too much is kept.
    ///
    /// - Parameter others: bytes that are kept elsewhere.
    mutating func checkState(beside others: Int = 0) throws(MaskError) {
        if stateCount + others <= Self.mostState { return }
        channels.removeAll { $0.isIdle }
        if stateCount + others <= Self.mostState { return }
        throw MaskError(description: "more than \(Self.mostState) bytes of events and their texts wait for the end of a value")
    }

    /// Leaves out the pieces that a field rule names, or something around them: they are masked whatever they say, each on its own.
    private func dropFields(_ pieces: inout [EventReading.Piece], of data: [UInt8]) throws(MaskError) {
        // The document with a space for each of them, in which no pattern finds anything.
        var probe: [UInt8] = []
        var places: [Int] = []
        var last = 0
        for piece in pieces {
            probe += data[last..<piece.text.lowerBound]
            places.append(probe.count)
            probe.append(0x20)
            last = piece.text.upperBound
        }
        let masked = try BodyReader.outcome(rules, .json, probe + data[last...])
        let found = masked.edits.map(\.range) + masked.findings.map(\.range) + (masked.block.map { [$0.range.lowerBound..<Int.max] } ?? [])
        if found.isEmpty { return }
        pieces = zip(pieces, places).filter { _, place in !found.contains { $0.contains(place) } }.map(\.0)
    }

    /// Keeps the id of a JSON-RPC request for the error that may end its answer, if there is nothing in it to mask.
    private mutating func noteRequest(_ id: [UInt8]) throws(MaskError) {
        guard id.count <= 64 else { return requestID = nil }
        let masked = try BodyReader.outcome(rules, .json, id)
        requestID = masked.edits.isEmpty && masked.block == nil ? id : nil
    }

    /// Masks a text, or the data of an event, on its own, leaving the strings at `blanks` out, which belong to channels.
    private func maskClosed(
        _ value: [UInt8], _ reading: BodyReader.Reading, without blanks: [Range<Int>] = [], _ content: EventContent, bodyOffset: Int,
        _ event: inout Event, _ output: inout MaskedBytes
    ) throws(MaskError) {
        let masked = try BodyReader.outcome(rules, reading, Self.kept(value, without: blanks))
        func inValue(_ position: Int) -> Int { Self.place(position, behind: blanks) }
        for edit in masked.edits {
            event.edits += content.edits(of: Edit(range: inValue(edit.range.lowerBound)..<inValue(edit.range.upperBound), bytes: edit.bytes))
        }
        func moved(_ finding: Finding) -> Finding {
            var moved = finding
            moved.range =
                bodyOffset + content.place(ofByte: inValue(finding.range.lowerBound))
                ..< bodyOffset + content.place(behindByte: inValue(finding.range.upperBound))
            return moved
        }
        output.findings += masked.findings.map(moved)
        if let block = masked.block { output.blocked = moved(block) }
    }

    /// What is left of a value without some ranges of it, ascending.
    private static func kept(_ value: [UInt8], without blanks: [Range<Int>]) -> [UInt8] {
        var kept = value
        for blank in blanks.reversed() { kept.removeSubrange(blank) }
        return kept
    }

    /// An offset into what is left as one into the value.
    private static func place(_ position: Int, behind blanks: [Range<Int>]) -> Int {
        var original = position
        for blank in blanks where original >= blank.lowerBound { original += blank.count }
        return original
    }

    // MARK: Commands

    /// Reads an event for commands, and masks those before it that wait no longer.
    ///
    /// - Returns: whether it waits itself, is masked already, or the body has ended.
    private mutating func waits(_ bytes: [UInt8], at start: Int, _ reading: Reading, into output: inout MaskedBytes) throws(MaskError) -> Bool {
        var ended: [[UInt8]] = []
        var closed: (data: [UInt8], blanks: [Range<Int>], content: EventContent, isDocument: Bool)?
        switch reading {
        case .known(let fit):
            if fit.mayPropose { closed = (Array(bytes[fit.data]), fit.textsInData, EventContent(fit.data), true) }
        case .whole(let whole):
            if let told = whole.read?.api { api = told }
            let content = whole.content
            ended = whole.read?.ended ?? []
            if !content.data.isEmpty {
                let data = whole.joined ?? Array(bytes[content.data[0]])
                if let id = whole.read?.requestID { try noteRequest(Array(data[id])) }
                if whole.read == nil, data.elementsEqual(Self.done) { ended = [[]] }
                let opening = data.first { $0 > 0x20 }
                closed = (data, whole.read?.pieces.map(\.text) ?? [], content, opening == UInt8(ascii: "{") || opening == UInt8(ascii: "["))
            }
        }
        if let closed {
            commands[0].takeWhole(Self.kept(closed.data, without: closed.blanks), isDocument: closed.isDocument) { offset in
                let place = Self.place(offset, behind: closed.blanks)
                return start + closed.content.place(ofByte: place)..<start + closed.content.place(behindByte: place + 1)
            }
        }
        func take(_ text: Range<Int>, of channel: [UInt8], beside speaking: [[UInt8]]) throws(MaskError) {
            if commands[0].verdicts.blocked != nil { return }
            try bytes.withUnsafeBufferPointer { bytes throws(MaskError) in
                try commands[0].take(UnsafeBufferPointer(rebasing: bytes[text]), of: channel, beside: speaking, at: start + text.lowerBound)
            }
        }
        switch reading {
        case .known(let fit):
            let channels = templates[0].channels
            for index in fit.texts.indices { try take(fit.texts[index], of: channels[index], beside: channels) }
        case .whole(let whole):
            let speaking = whole.read?.speaking ?? []
            for piece in whole.read?.pieces ?? [] {
                let text = whole.content.place(ofByte: piece.text.lowerBound)..<whole.content.place(behindByte: piece.text.upperBound)
                try take(text, of: piece.channel, beside: speaking)
            }
        }
        for prefix in ended { commands[0].end { $0.starts(with: prefix) } }
        let isKept = commands[0].verdicts.blocked == nil && commands[0].keeps(bytes, at: start)
        if isKept { silentLines = Self.mostSilentLines + 1 }
        try takeJudged(orAt: bytes, into: &output)
        if isKept { try checkState() }
        return isKept || output.blocked != nil
    }

    /// Masks the events that wait for no verdict any more, or ends the body before the first that does.
    ///
    /// - Parameter event: the latest.
    private mutating func takeJudged(orAt event: [UInt8] = [], into output: inout MaskedBytes) throws(MaskError) {
        output.findings += commands[0].takeFindings()
        if let block = commands[0].verdicts.blocked {
            output.blocked = block
            let first = commands[0].first ?? event
            return endBody(before: firstNumber + waiting.count, inPlaceOf: first, into: &output)
        }
        while let (bytes, start) = commands[0].next() {
            try take(bytes, at: start, reading(of: bytes, at: start), into: &output)
            if output.blocked != nil { return }
        }
    }

    // MARK: Channels

    /// - Parameters:
    ///   - text: where the piece stands in the event.
    ///   - speaking: see ``EventReading/speaking``.
    private mutating func add(
        _ name: [UInt8], _ bytes: [UInt8], _ text: Range<Int>, beside speaking: [[UInt8]], event: Int, eventStart: Int, into output: inout MaskedBytes
    ) throws(MaskError) {
        let known = channels.firstIndex { $0.name == name }
        let index = known ?? channels.count
        if known == nil {
            if channels.count >= Self.mostChannels {
                channels.removeAll { $0.isIdle }
                if channels.count >= Self.mostChannels { throw MaskError(description: "more than \(Self.mostChannels) texts are spread over events at once") }
                return try add(name, bytes, text, beside: speaking, event: event, eventStart: eventStart, into: &output)
            }
            channels.append(Channel(name))
        }
        if channels.count > 1, let answer = EventReading.answer(of: name) {
            for other in channels.indices
            where other != index && !channels[other].isQuiet && EventReading.fallsSilent(channels[other].name, by: answer, beside: speaking) {
                try quieten(other, into: &output)
                if output.blocked != nil { return }
            }
        }
        // Out of the array while it is changed, so that nothing is copied.
        var channel = Channel([])
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
        if try !isStillHeld(&channel, from: start) { try scan(&channel, isLast: false, into: &output) }
        swap(&channel, &channels[index])
    }

    /// Whether the match that holds all of a channel back is still open after the text that has come, so that nothing can be released.
    private func isStillHeld(_ channel: inout Channel, from start: Int) throws(MaskError) -> Bool {
        // Less is scanned again.
        guard start > TextScanner.shortHold else { return false }
        let workspace = try rules.takeWorkspace()
        defer { rules.give(back: workspace) }
        if !channel.reader.isEmpty {
            let held = Array(channel.held[..<start])
            return channel.held[start...].withUnsafeBytes { channel.reader[0].stillHolds(held, $0, workspace) }
        }
        guard var next = channel.watch else { return false }
        let isOpen = channel.held[start...].withUnsafeBufferPointer { workspace.scanner.step(&next, over: $0) }
        channel.watch = isOpen ? next : nil
        return isOpen
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

    private mutating func endChannels(where isEnded: ([UInt8]) -> Bool, into output: inout MaskedBytes) throws(MaskError) {
        if channels.isEmpty { return }
        // In an order that does not depend on which came first to be forgotten.
        let ended = channels.filter { isEnded($0.name) }.sorted { $0.name.lexicographicallyPrecedes($1.name) }
        channels.removeAll { isEnded($0.name) }
        for var channel in ended where !channel.isQuiet {
            try scan(&channel, isLast: true, into: &output)
            if output.blocked != nil { return }
        }
    }

    /// What a scan of a channel found. Offsets count from the first byte held.
    private struct Outcome {
        /// What stands in the place of which text, ascending; escaped for a JSON string.
        var edits: [Edit] = []
        /// Up to where all is decided.
        var released = 0
        var block: Finding?
        /// Where the match that ends the body begins.
        var blockStart = 0
    }

    /// Scans what a channel holds, notes what is to be replaced in its events, and drops what is decided.
    private mutating func scan(_ channel: inout Channel, isLast: Bool, into output: inout MaskedBytes) throws(MaskError) {
        if isLast, channel.held.isEmpty, channel.isIdle { return }
        if channel.sign == .undecided {
            channel.sign = InnerDocument.sign(channel.held, isWhole: isLast)
            if channel.sign == .undecided { return }
            if channel.sign == .document { channel.reader = [BodyReader(rules, .json, level: 1)] }
        }
        let outcome = try channel.sign == .document ? readDocument(&channel, isLast: isLast, &output) : scanText(&channel, isLast: isLast, &output)
        let pieces = channel.pieces
        if let last = pieces.last { channel.bodyEnd = last.eventStart + last.rawEnd(ofText: last.start + last.count) }
        for edit in outcome.edits {
            var written = edit.bytes
            let (start, end) = (edit.range.lowerBound, edit.range.upperBound)
            for piece in pieces where !piece.hasLeft && piece.start < end && piece.start + piece.count > start {
                let from = max(start, piece.start)
                let to = min(end, piece.start + piece.count)
                let range = piece.rawStart(ofText: from)..<piece.rawEnd(ofText: to)
                let event = piece.event - firstNumber
                if !edit.bytes.isEmpty, to == piece.start + piece.count {
                    // Some APIs say in every event what has been said so far.
                    waiting[event].maskRepeats(of: channel.held[start..<to], besides: range, by: edit.bytes, into: &output.findings)
                }
                waiting[event].edits.append(Edit(range: range, bytes: written))
                written = []
            }
        }
        if let block = outcome.block {
            output.blocked = block
            endBody(before: (pieces.last { $0.start <= outcome.blockStart } ?? pieces[0]).event, into: &output)
            return
        }
        let released = outcome.released
        for piece in pieces where !piece.hasLeft && piece.start + piece.count <= released { waiting[piece.event - firstNumber].undecided -= 1 }
        channel.pieces.removeAll { $0.start + $0.count <= released }
        for index in channel.pieces.indices { channel.pieces[index].start -= released }
        channel.held.removeFirst(released)
    }

    private static let edge = [UInt8(ascii: "\"")]

    private func scanText(_ channel: inout Channel, isLast: Bool, _ output: inout MaskedBytes) throws(MaskError) -> Outcome {
        let workspace = try rules.takeWorkspace()
        // A text has an edge where it begins, which the sieve sees as a quote.
        let isFirst = channel.state.before == nil
        let before = isFirst ? Self.edge : channel.state.lookback
        let behind = before.count
        before.withUnsafeBytes { before in channel.held.withUnsafeBytes { workspace.fillWindow(before, $0) } }
        let window = UnsafeBufferPointer(workspace.window)
        let bytes = UnsafeBufferPointer(rebasing: window[behind...])
        try workspace.findInWindow()
        let scanner = workspace.scanner
        let stretch = TextScanner.Stretch(
            bytes: bytes, isLast: isLast, lookback: UnsafeBufferPointer(rebasing: window[..<(isFirst ? 0 : behind)]), units: nil)
        _ = scanner.gather(workspace.places, in: stretch, at: behind, before: channel.state.before)
        scanner.scan(stretch, at: behind, of: window, state: &channel.state)
        let (pieces, reached) = (channel.pieces, channel.bodyEnd)
        channel.state.note(
            scanner, rules, isLast: isLast, bodyStart: { pieces.bodyStart($0) ?? reached }, bodyEnd: { pieces.bodyEnd($0) ?? reached },
            into: &output.findings)
        var outcome = Outcome(released: scanner.released)
        for replacement in scanner.replacements {
            let end = scanner.block == nil ? min(replacement.end, scanner.released) : replacement.end
            let written = replacement.winner.map { JSONEscapes.escaped(rules.compiled[$0.rule].written($0, in: bytes, rules)) } ?? []
            if end > replacement.start { outcome.edits.append(Edit(range: replacement.start..<end, bytes: written)) }
        }
        if let block = scanner.block {
            let rule = rules.compiled[block.rule].rule
            outcome.blockStart = block.start
            outcome.block = Finding(
                rule: rule.id, entity: rule.entity,
                range: (pieces.bodyStart(block.start) ?? reached)..<(pieces.bodyEnd(block.coreEnd) ?? reached), action: .blocked)
        }
        channel.watch = isLast ? nil : scanner.watch
        rules.give(back: workspace)
        return outcome
    }

    private func readDocument(_ channel: inout Channel, isLast: Bool, _ output: inout MaskedBytes) throws(MaskError) -> Outcome {
        let read = try channel.reader[0].read(
            channel.held, isLast: isLast, origin: .pieces(channel.pieces.map(\.place), end: channel.bodyEnd), units: channel.units)
        output.findings += read.findings
        let edits = read.edits.map { Edit(range: $0.range, bytes: JSONEscapes.escaped($0.bytes)) }
        return Outcome(edits: edits, released: read.released, block: read.block, blockStart: read.released)
    }

    // MARK: Output

    /// Releases the events at the front in which everything is decided.
    private mutating func release(into output: inout MaskedBytes) {
        var count = 0
        while count < waiting.count, waiting[count].undecided == 0 {
            output.append(event: waiting[count])
            waitingCount -= waiting[count].bytes.count
            count += 1
        }
        waiting.removeFirst(count)
        firstNumber += count
    }

    /// Ends the body because of a block in the event with that number: of those before it all go out that are decided, then an event that says
    /// that the stream ends here.
    ///
    /// - Parameter event: the one with that number, if it does not wait.
    private mutating func endBody(before number: Int, inPlaceOf event: [UInt8] = [], into output: inout MaskedBytes) {
        let last = waiting.indices.contains(number - firstNumber) ? waiting[number - firstNumber].bytes : event
        while firstNumber < number, let event = waiting.first, event.undecided == 0 {
            output.append(event: event)
            waiting.removeFirst()
            firstNumber += 1
        }
        waiting = []
        waitingCount = 0
        output.append(StreamError.event(api, framing.kind, isFirst: firstNumber == 0, sequenceNumber: StreamError.sequenceNumber(of: last), requestID: requestID))
    }
}

extension EventStreamMasker.Channel {
    /// The escapes in its pieces, as offsets into what is held; nil where there are none.
    fileprivate var units: UnitMap? {
        var units = UnitMap()
        for piece in pieces {
            for unit in piece.units.units where piece.start + unit.text >= 0 {
                // Between pieces raw offsets mean nothing.
                units.append(UnitMap.Unit(text: piece.start + unit.text, textCount: unit.textCount, raw: piece.start + unit.text, rawCount: unit.textCount))
            }
        }
        return units.units.isEmpty ? nil : units
    }
}

extension [EventStreamMasker.Channel.Piece] {
    /// Where the byte of text at an offset into what is held begins in the body; nil where there are no pieces.
    fileprivate func bodyStart(_ position: Int) -> Int? {
        (last { $0.start <= position } ?? first).map { $0.eventStart + $0.rawStart(ofText: position) }
    }

    /// The offset in the body behind the byte of text before an offset into what is held.
    fileprivate func bodyEnd(_ position: Int) -> Int? {
        (last { $0.start < position } ?? first).map { $0.eventStart + $0.rawEnd(ofText: position) }
    }
}

extension EventStreamMasker.Channel.Piece {
    /// As findings are told of it.
    var place: WindowOrigin.Piece { WindowOrigin.Piece(start: start, count: count, body: eventStart + raw, units: units) }

    func rawStart(ofText position: Int) -> Int { raw + units.rawStart(ofText: max(0, position - start)) }
    func rawEnd(ofText position: Int) -> Int { raw + units.rawEnd(ofText: min(position - start, count)) }
}

extension EventStreamMasker {
    /// Name of what masks strings that repeat the beginning of a masked value, and of what empties lists of tokens.
    static let repeatRule = "repeated-text", tokenListRule = "token-list"
    static let repeatEntity = "REPEATED_TEXT", tokenListEntity = "TOKEN_LIST"
}

extension EventStreamMasker.Event {
    /// With its edits made.
    fileprivate var masked: [UInt8] {
        if edits.isEmpty { return bytes }
        var masked: [UInt8] = []
        var position = 0
        let emptied = tokenLists.map { BodyReader.Edit(range: $0, bytes: Array((bytes[$0.lowerBound] == UInt8(ascii: "[") ? "[]" : "null").utf8)) }
        for edit in (edits + emptied).sorted(by: { $0.range.lowerBound < $1.range.lowerBound }) where edit.range.lowerBound >= position {
            masked += bytes[position..<max(position, edit.range.lowerBound)]
            masked += edit.bytes
            position = max(position, edit.range.upperBound)
        }
        return masked + bytes[position...]
    }

    /// Fewer bytes say too little to be taken for a repetition.
    private static let shortestRepeat = 6

    /// Masks the ends of other strings that say what a text has said up to its end here, where a match has begun that goes on in other events.
    fileprivate mutating func maskRepeats(of text: ArraySlice<UInt8>, besides range: Range<Int>, by label: [UInt8], into findings: inout [Finding]) {
        guard text.count >= Self.shortestRepeat else { return }
        let wanted = JSONEscapes.escaped(Array(text)) + [UInt8(ascii: "\"")]
        var start = 0
        while start + wanted.count <= bytes.count {
            let end = start + wanted.count
            if bytes[start] == wanted[0], !(start..<end).overlaps(range), bytes[start..<end].elementsEqual(wanted),
                !edits.contains(where: { $0.range.overlaps(start..<end) })
            {
                edits.append(BodyReader.Edit(range: start..<end - 1, bytes: label))
                findings.append(
                    Finding(
                        rule: EventStreamMasker.repeatRule, entity: EventStreamMasker.repeatEntity, range: self.start + start..<self.start + end - 1,
                        action: .masked))
            }
            start += 1
        }
    }
}

extension MaskedBytes {
    fileprivate mutating func append(event: EventStreamMasker.Event) {
        append(event.masked)
        if event.edits.isEmpty { return }
        for list in event.tokenLists {
            findings.append(
                Finding(
                    rule: EventStreamMasker.tokenListRule, entity: EventStreamMasker.tokenListEntity,
                    range: event.start + list.lowerBound..<event.start + list.upperBound, action: .masked))
        }
    }
}
