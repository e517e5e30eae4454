// Commands in the texts of an event stream, and the events that wait until they are judged.
//
// An event in which a command begins waits as it came, with all behind it; once nothing in it is open it is masked as if it had come only then.

/// What stands in front of the masker of an event stream.
struct EventCommands {
    private let judge: CommandJudge
    private(set) var verdicts: CommandVerdicts
    private var channels: [Channel] = []
    private(set) var waiting = EventLog()
    /// Bytes of waiting events beyond which commands are judged as far as they have come.
    private var patience = Self.leastPatience

    private struct Channel {
        let name: [UInt8]
        var reader: CommandReader
        /// Where what waits of it begins in the body.
        private(set) var heldFrom: Int?

        init(_ name: [UInt8], _ reader: CommandReader) { (self.name, self.reader) = (name, reader) }

        /// Notes what waits, after the reader has taken something.
        mutating func note() { heldFrom = reader.heldFrom }
    }

    private static let leastPatience = 24 * 1024, mostPatience = 40 * 1024, patienceStep = 2 * 1024
    /// Texts that are read at a time. Beyond it those in which nothing waits are forgotten, and if there are none the body fails.
    private static let mostChannels = 256

    init(_ rule: CommandRule) {
        judge = rule.judge
        verdicts = CommandVerdicts(rule)
    }

    /// Bytes kept, about.
    var stateCount: Int { waiting.stateCount + channels.reduce(0) { $0 + $1.name.count + $1.reader.stateCount } }

    // MARK: Reading

    /// Takes a piece of a channel.
    ///
    /// - Parameters:
    ///   - piece: the inside of a JSON string.
    ///   - speaking: see ``EventReading/speaking``.
    ///   - place: where the piece begins in the body.
    mutating func take(_ piece: UnsafeBufferPointer<UInt8>, of name: [UInt8], beside speaking: [[UInt8]], at place: Int) throws(MaskError) {
        let index = try index(of: name)
        if channels.count > 1, let answer = EventReading.answer(of: name) {
            // Another text of the same answer speaks: what is open in this one is judged as if it had ended.
            for other in channels.indices
            where other != index && channels[other].heldFrom != nil && EventReading.fallsSilent(channels[other].name, by: answer, beside: speaking) {
                channels[other].reader.letGo(into: &verdicts)
                channels[other].note()
            }
        }
        var start = 0
        while start < piece.count, !verdicts.isBlocked {
            let end = piece.first(UInt8(ascii: "\\"), or: UInt8(ascii: "\\"), from: start)
            if end > start { channels[index].reader.take(UnsafeBufferPointer(rebasing: piece[start..<end]), at: place + start, into: &verdicts) }
            start = end
            if start + 1 < piece.count, let byte = JSONEscapes.short(piece[start + 1]) {
                channels[index].reader.take(byte, place + start..<place + start + 2, into: &verdicts)
                start += 2
            } else if start < piece.count {
                start = takeEscapes(piece, from: start, of: index, at: place)
            }
        }
        channels[index].note()
    }

    /// Takes an escape of more than two characters, and all that follow it at once.
    ///
    /// - Returns: the offset behind them.
    private mutating func takeEscapes(_ piece: UnsafeBufferPointer<UInt8>, from start: Int, of index: Int, at place: Int) -> Int {
        var escapes = StringEscapes()
        var start = start
        escapes: while start < piece.count, !verdicts.isBlocked {
            switch escapes.take(piece[start], place + start..<place + start + 1) {
            case .plain: break escapes
            case .open: break
            case .byte(let byte, let place): channels[index].reader.take(byte, place, into: &verdicts)
            case .text(let bytes, let place): for byte in bytes { channels[index].reader.take(byte, place, into: &verdicts) }
            }
            start += 1
        }
        if let rest = escapes.end() { for byte in rest.bytes { channels[index].reader.take(byte, rest.place, into: &verdicts) } }
        return start
    }

    private mutating func index(of name: [UInt8]) throws(MaskError) -> Int {
        if let known = channels.firstIndex(where: { $0.name == name }) { return known }
        if channels.count >= Self.mostChannels {
            channels.removeAll { $0.heldFrom == nil }
            if channels.count >= Self.mostChannels { throw MaskError(description: "more than \(Self.mostChannels) commands are spread over events at once") }
        }
        channels.append(Channel(name, CommandReader(judge, level: 1, readsText: true, whole: judge.language(ofChannel: name))))
        return channels.count - 1
    }

    /// Reads what is complete: a document, or a text.
    ///
    /// - Parameter place: where a byte of it stands in the body.
    mutating func takeWhole(_ bytes: [UInt8], isDocument: Bool, _ place: (Int) -> Range<Int>) {
        var reader = isDocument ? CommandReader(document: judge) : CommandReader(text: judge)
        var found = CommandVerdicts(verdicts.rule)
        bytes.withUnsafeBufferPointer { reader.take($0, at: 0, into: &found) }
        if found.blocked == nil { reader.finish(into: &found) }
        func moved(_ range: Range<Int>) -> Range<Int> { place(range.lowerBound).lowerBound..<place(max(range.lowerBound, range.upperBound - 1)).upperBound }
        for finding in found.findings { verdicts.add(finding, at: moved(finding.range)) }
        if let block = found.blocked { verdicts.add(block, at: moved(block.range)) }
    }

    mutating func end(where isEnded: ([UInt8]) -> Bool) {
        for index in channels.indices where !verdicts.isBlocked && isEnded(channels[index].name) { channels[index].reader.finish(into: &verdicts) }
        channels.removeAll { isEnded($0.name) }
    }

    /// Judges all commands as far as they have come, and lets them go.
    mutating func letGo() {
        for index in channels.indices where !verdicts.isBlocked {
            channels[index].reader.letGo(into: &verdicts)
            channels[index].note()
        }
    }

    mutating func takeFindings() -> [Finding] {
        if verdicts.findings.isEmpty { return [] }
        defer { verdicts.findings = [] }
        return verdicts.findings
    }

    // MARK: Waiting

    /// The first of the events that wait.
    var first: [UInt8]? {
        var waiting = waiting
        return waiting.popFirst(endingBy: .max)?.event
    }

    /// Where what waits for a verdict begins in the body.
    private var heldFrom: Int {
        var first: Int?
        for index in channels.indices { first = earliest(first, channels[index].heldFrom) }
        return first ?? .max
    }

    /// Whether an event has to wait, in which case it is kept.
    mutating func keeps(_ event: [UInt8], at start: Int) -> Bool {
        if waiting.isEmpty, heldFrom == .max { return false }
        waiting.append(event, at: start)
        if waiting.stateCount > patience { hurry() }
        return true
    }

    /// The first of the events that wait no longer.
    mutating func next() -> (event: [UInt8], start: Int)? {
        guard !waiting.isEmpty, let first = waiting.popFirst(endingBy: heldFrom) else { return nil }
        if waiting.isEmpty { patience = Self.leastPatience }
        return first
    }

    /// There is room for no more: commands are judged as far as they have come. What would be blocked for now may only be cut off at a bad place, and waits a little longer.
    private mutating func hurry() {
        var hurried = self
        hurried.letGo()
        if !hurried.verdicts.isBlocked || patience >= Self.mostPatience { self = hurried } else { patience += Self.patienceStep }
    }
}

extension CommandJudge {
    /// What all of a channel is written in, if it is a command; by the table of ``ModelChannels``, or by the name of the argument whose pieces it carries.
    fileprivate func language(ofChannel name: [UInt8]) -> Language? {
        let parts = name.split(separator: EventReading.separator, omittingEmptySubsequences: false).map { String(decoding: $0, as: UTF8.self) }
        if let known = ModelChannels.commands.first(where: { $0.family.rawValue == name[0] && parts.contains($0.part) }) { return Language(known.language, isCertain: known.isCertain) }
        // `$.command` or `$['command']` (RFC 9535).
        guard parts.contains("argument"), let path = parts.first(where: { $0.hasPrefix("$") }),
            let last = path.split(whereSeparator: { ".[]'\"".contains($0) }).last
        else { return nil }
        return switch member(named: Array(last.utf8)) {
        case .command(let language), .lines(let language), .code(let language): language
        case .arguments, .language, .text, nil: nil
        }
    }
}
