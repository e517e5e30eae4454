// Which format a body is in, where its content type says too little or something wrong: JSON sent as text/plain, events without a header, an answer that is one array.

/// Tells a body's format from what its sender declared and from its first bytes.
///
/// A verdict is a function of the bytes seen so far, read from the left, and is given at the first byte that settles it: no further byte changes it. So
/// it does not depend on how the body is cut, and what has to be kept until then is as little as can be.
///
/// A wrong verdict costs: text that is read as JSON loses values that lie over what looks like numbers, text that is read as events loses values
/// that run over lines, and JSON or events that are read as text lose what escapes and events hide. So against what was declared it takes more than one byte:
/// `{"` rather than `{`, a whole first element for `[4111 …` in a log, an event with data rather than `id: 5` in YAML.
public enum FormatDetection {
    public enum Verdict: Equatable, Sendable {
        /// More bytes can tell.
        case undecided
        case format(Format)
        /// Neither JSON nor events, and nothing was declared: any text, or none at all.
        case unknown
    }

    /// Bytes that are looked at. Where they do not tell, what was declared holds.
    public static let longestLook = 1024

    /// - Parameters:
    ///   - declared: what the content type says; nil where it says nothing.
    ///   - beginning: the body from its first byte on; no more than ``longestLook`` bytes of it matter.
    ///   - isWhole: the body is over.
    public static func verdict(declared: Format?, beginning: UnsafeRawBufferPointer, isWhole: Bool) -> Verdict {
        var look = Look(bytes: UnsafeRawBufferPointer(rebasing: beginning.prefix(longestLook)), isOver: isWhole || beginning.count >= longestLook)
        let found: Look.Finding =
            switch declared {
            case _ where look.beginsLikeMessage: look.message()
            case .json, .ndjson: look.eventsForJSON()
            case .sse: look.documentForEvents()
            case .multipart, .jsonArray, .eventstream: .nothing
            case .text, .markup, .form, .csv, nil: look.either()
            }
        return switch found {
        case .more: .undecided
        case .is(let format): .format(format)
        case .nothing: declared.map { .format($0) } ?? (look.beginsLikeMarkup ? .format(.markup) : .unknown)
        }
    }
}

/// A reading of a body's beginning, from the left. What runs off the end of an unfinished body needs more; what runs off the end of all there is is nothing.
private struct Look {
    enum Finding: Equatable {
        case more, nothing
        case `is`(Format)
    }

    let bytes: UnsafeRawBufferPointer
    let isOver: Bool
    private var at = 0

    init(bytes: UnsafeRawBufferPointer, isOver: Bool) {
        self.bytes = bytes
        self.isOver = isOver
    }

    private var offTheEnd: Finding { isOver ? .nothing : .more }
    private var byte: UInt8? { at < bytes.count ? bytes[at] : nil }

    /// Whether `word` stands here; nil where the bytes end in the middle of it.
    private func stands(_ word: StaticString) -> Bool? {
        word.withUTF8Buffer { word in
            for (offset, expected) in word.enumerated() {
                guard at + offset < bytes.count else { return nil }
                if bytes[at + offset] != expected { return false }
            }
            return true
        }
    }

    private mutating func skip(_ isSkipped: (UInt8) -> Bool) {
        while let byte, isSkipped(byte) { at += 1 }
    }

    /// Of a body that is nothing else, once it has been looked at.
    var beginsLikeMarkup: Bool { byte == UInt8(ascii: "<") }

    private mutating func skipSpace() { skip { $0 == 0x20 || $0 == 0x09 || $0 == 0x0A || $0 == 0x0D } }

    /// Passes over a byte-order mark. False where the bytes end in the middle of one.
    private mutating func skipMark() -> Bool {
        switch stands("\u{FEFF}") {
        case true?: at += 3
        case false?: break
        case nil: return byte == nil || isOver
        }
        return true
    }

    // MARK: Binary messages

    /// No text begins with a zero byte; the length of a message does, unless it is of 16 MiB or more.
    var beginsLikeMessage: Bool { bytes.first == 0 }

    func message() -> Finding {
        guard bytes.count >= AmazonMessage.preludeCount else { return offTheEnd }
        return AmazonMessage.counts(prelude: bytes) == nil ? .nothing : .is(.eventstream)
    }

    // MARK: JSON was declared

    /// Events sent as JSON. No document begins with the name of a field or with a colon.
    mutating func eventsForJSON() -> Finding {
        guard skipMark() else { return .more }
        skipSpace()
        guard let byte else { return offTheEnd }
        if byte == UInt8(ascii: ":") { return .is(.sse) }
        if byte == UInt8(ascii: "[") {
            let found = chunks()
            return found == .is(.json) ? .nothing : found
        }
        return field().map { _ in .is(.sse) } ?? (isCutField ? offTheEnd : .nothing)
    }

    // MARK: Events were declared

    /// A document, an error most often, sent as events. No field begins with a bracket.
    mutating func documentForEvents() -> Finding {
        guard skipMark() else { return .more }
        skipSpace()
        guard let byte else { return offTheEnd }
        return byte == UInt8(ascii: "{") ? .is(.json) : byte == UInt8(ascii: "[") ? chunks() : .nothing
    }

    // MARK: An array

    /// Members with one of which the first chunk of an answer that is one array begins: Gemini's.
    private static let chunkMembers: [StaticString] = ["\"candidates\"", "\"promptFeedback\"", "\"usageMetadata\""]

    /// At `[`: whether its first element is a chunk of a model's answer.
    private mutating func chunks() -> Finding {
        at += 1
        skipSpace()
        guard byte == UInt8(ascii: "{") else { return byte == nil && !isOver ? .more : .is(.json) }
        at += 1
        skipSpace()
        let begins = Self.chunkMembers.map(stands)
        if begins.contains(true) { return .is(.jsonArray) }
        return begins.contains(nil) && !isOver ? .more : .is(.json)
    }

    // MARK: Text, or nothing, was declared

    mutating func either() -> Finding {
        guard skipMark() else { return .more }
        skipSpace()
        guard let byte else { return offTheEnd }
        switch byte {
        case UInt8(ascii: "{"): return object()
        case UInt8(ascii: "["):
            var look = self
            let found = look.chunks()
            return found == .is(.json) ? array() : found
        default: return events()
        }
    }

    /// At `{`: a name in quotes follows, or the end.
    private mutating func object() -> Finding {
        at += 1
        skipSpace()
        guard let byte else { return offTheEnd }
        return byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "}") ? .is(.json) : .nothing
    }

    /// At `[`: a first element follows, or the end. Lines of logs begin with a bracket too.
    private mutating func array() -> Finding {
        while byte == UInt8(ascii: "[") {
            at += 1
            skipSpace()
        }
        guard let byte else { return offTheEnd }
        switch byte {
        case UInt8(ascii: "{"): return object()
        case UInt8(ascii: "\""), UInt8(ascii: "]"): return .is(.json)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            skip { "+-.0123456789eE".utf8.contains($0) }
        case UInt8(ascii: "t"), UInt8(ascii: "f"), UInt8(ascii: "n"):
            for word in ["true", "false", "null"] as [StaticString] {
                switch stands(word) {
                case true?: at += word.utf8CodeUnitCount
                case false?: continue
                case nil: return offTheEnd
                }
                break
            }
        default: return .nothing
        }
        skipSpace()
        guard let next = self.byte else { return offTheEnd }
        return next == UInt8(ascii: ",") || next == UInt8(ascii: "]") ? .is(.json) : .nothing
    }

    // MARK: Events (WHATWG HTML §9.2.5)

    private enum Field { case data, other }

    /// Passes over the name of a field and its colon, if one stands here.
    private mutating func field() -> Field? {
        for (name, field) in [("data:", .data), ("event:", .other), ("id:", .other), ("retry:", .other)] as [(StaticString, Field)]
        where stands(name) == true {
            at += name.utf8CodeUnitCount
            return field
        }
        return nil
    }

    /// Whether the bytes end in the middle of a field's name.
    private var isCutField: Bool {
        stands("data:") == nil || stands("event:") == nil || stands("id:") == nil || stands("retry:") == nil
    }

    /// Lines that are fields or comments, one of them data: with JSON in it, or behind another field, or with a blank line behind it.
    private mutating func events() -> Finding {
        var hasField = false
        var hasData = false
        while let byte {
            if byte == 0x0A || byte == 0x0D {
                if hasData { return .is(.sse) }
                skip { $0 == 0x0A || $0 == 0x0D }
                continue
            }
            if byte == UInt8(ascii: ":") {
                // A comment alone shows little, and is passed over.
            } else if let field = field() {
                if field == .data {
                    if hasField { return .is(.sse) }
                    if self.byte == 0x20 { at += 1 }
                    guard let first = self.byte else { return hasData && isOver ? .is(.sse) : offTheEnd }
                    if first == UInt8(ascii: "{") || first == UInt8(ascii: "[") { return .is(.sse) }
                    hasData = true
                } else {
                    if hasData { return .is(.sse) }
                    hasField = true
                }
            } else {
                return isCutField ? offTheEnd : .nothing
            }
            skip { $0 != 0x0A && $0 != 0x0D }
            // One end of line, so that the next is seen to be blank.
            if self.byte == 0x0D {
                at += 1
                guard let next = self.byte else { break }
                if next == 0x0A { at += 1 }
            } else if self.byte == 0x0A {
                at += 1
            }
        }
        return hasData && isOver ? .is(.sse) : offTheEnd
    }
}
