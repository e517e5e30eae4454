// Masks Amazon's event streams: binary messages, whose payloads are the events of an answer.
//
// `docs/decisions/0002-event-streams.md` says what is held and when it is released. A payload goes through `EventStreamMasker` as the event that the vendor's SDKs make
// of it, and comes back; a message is written anew around it, and is the same bytes if nothing has changed.
//
// Sources: AWS "ConverseStream", "InvokeModelWithResponseStream" (`chunk`: the model's own event in base64), "InvokeAgent" (`chunk`: text in base64).

import Cryptography

/// The state of one such stream.
struct AmazonStreamMasker {
    /// Its length stands in front of a message, so that one can only leave whole. A larger one fails.
    static let largestMessage = 48 * 1024

    private let rules: RuleSet
    private var events: EventStreamMasker
    /// The message that has not ended, and its length once that has come.
    private var unfinished: [UInt8] = []
    private var unfinishedFrom = 0
    private var unfinishedCount: Int?
    /// Of the messages whose events wait, in order.
    private var shells: [Shell] = []
    private var shellBytes = 0
    /// Bytes of these messages, as they came.
    private var waitingCount = 0
    /// Header fields in which there is nothing to mask: an answer has few different ones.
    private var plainHeads: [[UInt8]] = []
    private static let mostPlainHeads = 8
    /// Where the latest events came from, in order.
    private var origins: [Origin] = []
    private static let mostOrigins = 256
    /// Bytes of all events so far.
    private var eventPosition = 0

    init(_ rules: RuleSet) {
        self.rules = rules
        events = EventStreamMasker(rules, .messages)
    }

    var heldCount: Int { unfinished.count + waitingCount }

    /// What a message has around its event, and an event around what the message says.
    private struct Shell {
        /// Header fields, and what stands in the payload around a string in base64.
        var head: [UInt8]
        var before: [UInt8] = []
        var after: [UInt8] = []
        var isEncoded = false
        /// Not in the message.
        var opening: [UInt8] = []
        var closing: [UInt8] = []
        /// Stands in a JSON string of the event, and not in the message.
        var isEscaped = false

        /// Bytes of the message as it came.
        var messageCount: Int

        var count: Int { head.count + before.count + after.count }

        /// The message with its event masked; nil where that has lost what stands around it.
        func message(_ event: [UInt8]) -> [UInt8]? {
            guard event.count >= opening.count + closing.count, event.starts(with: opening), event.suffix(closing.count).elementsEqual(closing) else { return nil }
            var said = Array(event[opening.count..<event.count - closing.count])
            if isEscaped { said = said.withUnsafeBufferPointer { TextCoding.json.decoded($0) } }
            if isEncoded { said = base64(said) }
            return AmazonMessage.write(head: head, payload: before + said + after)
        }
    }

    /// Where what an event says stands in the body.
    private struct Origin {
        /// Of the event, among all events.
        var start: Int
        /// Bytes in front of what it says.
        var opening: Int
        var count: Int
        /// Where that begins in the body.
        var body: Int
        var isEncoded: Bool
        /// Escapes that the message does not have.
        var escapes: [UnitMap.Unit]

        func place(_ position: Int, isEnd: Bool) -> Int {
            var offset = min(max(0, position - start - opening), count)
            offset -= escapes.reduce(0) { $1.raw + (isEnd ? 0 : $1.rawCount) <= offset ? $0 + $1.rawCount - $1.textCount : $0 }
            return body + (isEncoded ? (isEnd ? (offset + 2) / 3 : offset / 3) * 4 : offset)
        }
    }

    // MARK: Bytes to messages

    mutating func feed(_ chunk: UnsafeRawBufferPointer, into output: inout MaskedBytes) throws(MaskError) {
        var start = 0
        while start < chunk.count, output.blocked == nil {
            let wanted = unfinishedCount ?? AmazonMessage.preludeCount
            let end = min(chunk.count, start + wanted - unfinished.count)
            unfinished.append(contentsOf: chunk[start..<end])
            start = end
            if unfinished.count < wanted { break }
            if unfinishedCount != nil {
                try finishMessage(into: &output)
            } else {
                unfinishedCount = try countOfMessage()
            }
        }
    }

    mutating func finish(into output: inout MaskedBytes) throws(MaskError) {
        if !unfinished.isEmpty {
            throw MaskError(description: "the body ends inside of the message at byte \(unfinishedFrom), of which \(unfinished.count) bytes have come")
        }
        var masked = MaskedBytes()
        try events.finish(into: &masked)
        try release(masked, into: &output)
    }

    private mutating func countOfMessage() throws(MaskError) -> Int {
        guard let counts = unfinished.withUnsafeBytes({ AmazonMessage.counts(prelude: $0) }) else {
            throw MaskError(description: "no message begins at byte \(unfinishedFrom): the lengths there do not agree with their checksum, or with each other")
        }
        guard counts.total <= Self.largestMessage else {
            throw MaskError(description: "the message at byte \(unfinishedFrom) has \(counts.total) bytes; \(Self.largestMessage) is the most that can be masked")
        }
        // All of it counts from here on, so that the bound does not depend on how the body is cut.
        if shellBytes > 0 || counts.total > 8192 { try events.checkState(beside: shellBytes + counts.total) }
        return counts.total
    }

    // MARK: One message

    private mutating func finishMessage(into output: inout MaskedBytes) throws(MaskError) {
        let start = unfinishedFrom
        guard let message = AmazonMessage(unfinished) else {
            throw MaskError(description: "the message at byte \(start) does not agree with its checksum, or its header fields are none")
        }
        (unfinished, unfinishedCount) = ([], nil)
        unfinishedFrom += message.bytes.count
        let head = try maskedHead(message, at: start, into: &output)
        if output.blocked != nil { return end(into: &output) }
        var shell = Shell(head: head, messageCount: message.bytes.count)
        var said = Array(message.bytes[message.payload])
        var body = start + message.payload.lowerBound
        if let encoded = try Self.encodedBytes(said, of: message.eventType, at: start) {
            try maskAround(encoded.place, of: said, at: body, &shell, into: &output)
            if output.blocked != nil { return end(into: &output) }
            body += encoded.place.lowerBound
            shell.isEncoded = true
            said = encoded.bytes
        }
        var escapes = UnitMap()
        if !Self.isObject(said) {
            // Text, which goes on in the next message.
            (shell.opening, shell.closing, shell.isEscaped) = (Self.openingOfText, Self.closingOfText, true)
            said = JSONEscapes.escaped(said)
            var text: [UInt8] = []
            said.withUnsafeBufferPointer { _ = JSONEscapes.decode($0, isClosed: true, into: &text, noting: &escapes) }
        } else if !shell.isEncoded, let type = message.eventType, !type.isEmpty, type.allSatisfy({ ByteSet.word.contains($0) && $0 < 0x80 }) {
            (shell.opening, shell.closing) = (Array("{\"".utf8) + type + Array("\":".utf8), [UInt8(ascii: "}")])
        }
        let event = shell.opening + said + shell.closing
        if origins.count == Self.mostOrigins { origins.removeFirst(Self.mostOrigins / 2) }
        origins.append(
            Origin(start: eventPosition, opening: shell.opening.count, count: said.count, body: body, isEncoded: shell.isEncoded, escapes: escapes.units))
        eventPosition += event.count
        shells.append(shell)
        shellBytes += shell.count
        waitingCount += shell.messageCount
        var masked = MaskedBytes()
        try events.take(event: event, into: &masked)
        try release(masked, into: &output)
    }

    /// As the SDKs give it; the row of `ModelChannels` is that of text.
    private static let openingOfText = Array(#"{"chunk":{"bytes":""#.utf8), closingOfText = Array(#""}}"#.utf8)

    private static func isObject(_ bytes: [UInt8]) -> Bool {
        guard bytes.first(where: { $0 > 0x20 }) == UInt8(ascii: "{") else { return false }
        return bytes.withUnsafeBufferPointer { EventReader.read($0) } != nil
    }

    private mutating func maskedHead(_ message: AmazonMessage, at start: Int, into output: inout MaskedBytes) throws(MaskError) -> [UInt8] {
        let head = Array(message.bytes[message.head])
        if plainHeads.contains(head) { return head }
        var edits: [BodyReader.Edit] = []
        for text in message.texts {
            let masked = try BodyReader.outcome(rules, .text, Array(message.bytes[text]))
            edits += masked.edits.map { BodyReader.Edit(range: text.lowerBound + $0.range.lowerBound..<text.lowerBound + $0.range.upperBound, bytes: $0.bytes) }
            output.findings += masked.findings.map { $0.moved(by: start + text.lowerBound) }
            if let block = masked.block {
                output.blocked = block.moved(by: start + text.lowerBound)
                return head
            }
        }
        if edits.isEmpty {
            if plainHeads.count == Self.mostPlainHeads { plainHeads.removeFirst() }
            plainHeads.append(head)
            return head
        }
        guard let changed = message.head(with: edits) else { throw MaskError(description: "a header field of the message at byte \(start) gets too long") }
        return changed
    }

    /// The member `bytes` of a payload: where its text stands, and what that is in base64.
    private static func encodedBytes(_ payload: [UInt8], of type: ArraySlice<UInt8>?, at start: Int) throws(MaskError) -> (place: Range<Int>, bytes: [UInt8])? {
        let members = payload.withUnsafeBufferPointer { strings(named: Array("bytes".utf8), in: $0) }
        if members.count == 1, let decoded = bytes(base64: Array(payload[members[0]])) { return (members[0], decoded) }
        if !members.isEmpty, type?.elementsEqual("chunk".utf8) == true {
            throw MaskError(description: "the payload of the message at byte \(start) is not in base64, or is said twice")
        }
        return nil
    }

    /// The insides of strings that are members of this name of the outermost object.
    private static func strings(named name: [UInt8], in payload: UnsafeBufferPointer<UInt8>) -> [Range<Int>] {
        var found: [Range<Int>] = []
        var (index, depth) = (0, 0)
        var isNamed = false
        while index < payload.count {
            switch payload[index] {
            case UInt8(ascii: "\""):
                guard let end = EventReader.endOfString(in: payload, from: index + 1) else { return found }
                if isNamed { found.append(index + 1..<end) }
                let next = payload[(end + 1)...].first { $0 > 0x20 }
                isNamed = depth == 1 && next == UInt8(ascii: ":") && payload[index + 1..<end].elementsEqual(name)
                index = end
            case UInt8(ascii: "{"), UInt8(ascii: "["): (depth, isNamed) = (depth + 1, false)
            case UInt8(ascii: "}"), UInt8(ascii: "]"): (depth, isNamed) = (depth - 1, false)
            case UInt8(ascii: ","): isNamed = false
            default: break
            }
            index += 1
        }
        return found
    }

    /// Masks what stands in a payload around its member in base64.
    ///
    /// - Parameter body: where the payload begins in the body.
    private func maskAround(_ place: Range<Int>, of payload: [UInt8], at body: Int, _ shell: inout Shell, into output: inout MaskedBytes) throws(MaskError) {
        (shell.before, shell.after) = (Array(payload[..<place.lowerBound]), Array(payload[place.upperBound...]))
        let masked = try BodyReader.outcome(rules, .json, shell.before + shell.after)
        func moved(_ finding: Finding) -> Finding { finding.moved(by: finding.range.lowerBound < place.lowerBound ? body : body + place.count) }
        output.findings += masked.findings.map(moved)
        if let block = masked.block { return output.blocked = moved(block) }
        for edit in masked.edits.reversed() {
            if edit.range.lowerBound >= place.lowerBound {
                shell.after.replaceSubrange(edit.range.lowerBound - place.lowerBound..<edit.range.upperBound - place.lowerBound, with: edit.bytes)
            } else if edit.range.upperBound <= place.lowerBound {
                shell.before.replaceSubrange(edit.range, with: edit.bytes)
            } else {
                throw MaskError(description: "a rule masks the member of the payload at byte \(body) that holds the event")
            }
        }
    }

    // MARK: Output

    /// Writes the messages of the events that have been released.
    private mutating func release(_ masked: MaskedBytes, into output: inout MaskedBytes) throws(MaskError) {
        output.findings += masked.findings.map(moved)
        output.blocked = masked.blocked.map(moved)
        var count = 0
        for case .bytes(let event) in masked.pieces {
            if masked.blocked != nil, count == masked.pieces.count - 1 {
                // The message that says so.
                output.append(event)
                return
            }
            guard let message = shells[count].message(event) else {
                throw MaskError(description: "a rule masks what says of which type an event is")
            }
            output.append(message)
            shellBytes -= shells[count].count
            waitingCount -= shells[count].messageCount
            count += 1
        }
        shells.removeFirst(count)
    }

    /// Ends the body because of a block that is not in an event.
    private func end(into output: inout MaskedBytes) {
        output.append(StreamError.event(.bedrock, .messages, isFirst: false, sequenceNumber: nil, requestID: nil))
    }

    /// A finding in the events as one in the body. What began in events that are forgotten is told to begin with the first that is not.
    private func moved(_ finding: Finding) -> Finding {
        func origin(_ position: Int) -> Origin? { origins.last { $0.start <= position } ?? origins.first }
        guard let first = origin(finding.range.lowerBound), let last = origin(max(finding.range.lowerBound, finding.range.upperBound - 1)) else { return finding }
        let start = first.place(finding.range.lowerBound, isEnd: false)
        var moved = finding
        moved.range = start..<max(start, last.place(finding.range.upperBound, isEnd: true))
        return moved
    }
}
