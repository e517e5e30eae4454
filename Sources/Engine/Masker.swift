// The engine's face: one stream, chunks in, masked bytes out.

/// How a body is read.
public enum Format: String, Sendable, CaseIterable {
    /// The whole body is one text.
    case text
    /// Strings and numbers are texts; what is masked keeps the document valid. Reads NDJSON too, each string on its own.
    case json
    /// HTML or XML: one text, its character references resolved.
    case markup
    /// `application/x-www-form-urlencoded`: names and values are texts, their percent-encoding resolved.
    case form
    /// Separated values (RFC 4180): each field is a text, its quotes resolved; the first record names the columns.
    case csv
    /// Lines that are JSON documents, and may be the events of a model's answer: each leaves whole then, as in `sse`. Where no model speaks in the first lines, or
    /// where they are no documents, the body is read as `json`.
    case ndjson
    /// One JSON array whose elements are the events of a model's answer (Gemini's without `alt=sse`): each leaves whole, as in `sse`.
    case jsonArray = "json-array"
    /// Binary messages with checksums (`application/vnd.amazon.eventstream`), whose payloads are the events of a model's answer: each leaves whole, as in `sse`.
    case eventstream
    /// Parts with header fields (RFC 2046, RFC 7578), each read by its own content type.
    case multipart
    /// Server-sent events: each leaves whole, and texts that a model's answer spreads over events are seen as one.
    case sse
}

/// The engine failed in the middle of a body. The body must end here: nothing held may be released.
public struct MaskError: Error, Sendable, Equatable, CustomStringConvertible {
    public var description: String
}

/// Masks one body that arrives in chunks. Not shared between threads while a call is under way.
///
/// Between two chunks it keeps the bytes held (``RuleSet/longestHold`` bytes of text for one rule, twice that where two matches wait for each other; in
/// an escaped JSON string six times as many raw bytes), a hundred bytes for context, for JSON one bit for each level of nesting, and for event
/// streams at most 64 KiB of events that wait or are not complete, and of what is remembered of their texts.
public struct Masker {
    // One of the four.
    @Apart private var body: BodyMasker? = nil
    @Apart private var events: EventStreamMasker? = nil
    @Apart private var messages: AmazonStreamMasker? = nil
    @Apart private var parts: MultipartMasker? = nil
    private var isOver = false
    public private(set) var statistics = MaskStatistics()
    /// Set once a `block` rule ended the body.
    public private(set) var blocked: Finding?

    /// - Parameters:
    ///   - rules: compiled once, shared by any number of maskers on any thread.
    ///   - format: how the body is read.
    ///   - boundary: of `multipart`: what separates its parts; nil to go by the first line that can be a delimiter.
    ///   - unscannable: of `multipart`: what becomes of parts that are no text.
    public init(_ rules: RuleSet, format: Format, boundary: [UInt8]? = nil, unscannable: UnscannablePart = .text) {
        switch format {
        case .text: body = BodyMasker(rules, .text)
        case .json: body = BodyMasker(rules, .json)
        case .markup: body = BodyMasker(rules, .markup)
        case .form: body = BodyMasker(rules, .form)
        case .csv: body = BodyMasker(rules, .csv)
        case .multipart: parts = MultipartMasker(rules, boundary: boundary, unscannable)
        case .ndjson: events = EventStreamMasker(rules, .lines)
        case .jsonArray: events = EventStreamMasker(rules, .elements)
        case .sse: events = EventStreamMasker(rules, .serverSent)
        case .eventstream: messages = AmazonStreamMasker(rules)
        }
    }

    /// Takes the next chunk and gives back all that may be released after it.
    ///
    /// After a block, or after a throw, the body is over: later calls give nothing.
    public mutating func feed(_ chunk: UnsafeRawBufferPointer) throws(MaskError) -> MaskedBytes {
        if isOver { return MaskedBytes() }
        statistics.chunks += 1
        statistics.bytesIn += chunk.count
        return try step(chunk)
    }

    /// Ends the body and gives back what was held.
    public mutating func finish() throws(MaskError) -> MaskedBytes {
        if isOver { return MaskedBytes() }
        return try step(nil)
    }

    /// - Parameter chunk: nil at the end of the body.
    private mutating func step(_ chunk: UnsafeRawBufferPointer?) throws(MaskError) -> MaskedBytes {
        var output = MaskedBytes()
        // Over until the step has gone well, so that nothing follows a failure.
        isOver = true
        let held: Int
        if _body.isThere {
            (held, statistics.brokenJSONAt) = try _body.change { body throws(MaskError) in
                if let chunk { try body.feed(chunk, into: &output) } else { try body.finish(into: &output) }
                return (body.heldCount, body.brokenJSONAt)
            }
        } else if _events.isThere {
            (held, statistics.brokenJSONAt) = try _events.change { events throws(MaskError) in
                if let chunk { try events.feed(chunk, into: &output) } else { try events.finish(into: &output) }
                return (events.heldCount, events.brokenJSONAt)
            }
        } else if _messages.isThere {
            held = try _messages.change { messages throws(MaskError) in
                if let chunk { try messages.feed(chunk, into: &output) } else { try messages.finish(into: &output) }
                return messages.heldCount
            }
        } else {
            held = try _parts.change { parts throws(MaskError) in
                if let chunk { try parts.feed(chunk, into: &output) } else { try parts.finish(into: &output) }
                statistics.bytesUnscanned += parts.takeUnscanned()
                return parts.heldCount
            }
        }
        if output.findings.count > 1 { output.findings.sort { $0.range.lowerBound < $1.range.lowerBound } }
        blocked = output.blocked
        isOver = chunk == nil || blocked != nil
        statistics.bytesOut += output.count
        statistics.held = isOver ? 0 : held
        statistics.mostHeld = max(statistics.mostHeld, statistics.held)
        for finding in output.findings { statistics.count(finding) }
        return output
    }
}
