// A body of several parts, each with header fields of its own: mail, forms with files. Each part is masked by its own type.
//
// Sources: RFC 2046 §5.1 (delimiters, preamble, epilogue), RFC 7578 (form-data), RFC 2045 §6 (transfer encodings).

/// What becomes of a part that is no text.
public enum UnscannablePart: Sendable {
    /// Scanned as text all the same.
    case text
    /// Passed on, and counted: ``MaskStatistics/bytesUnscanned``.
    case pass
    /// The body ends before its first byte.
    case block
}

/// The state of one `multipart` body.
struct MultipartMasker {
    private enum Place {
        /// Before the first delimiter.
        case preamble
        /// Behind a delimiter.
        case fields
        case body
        /// Behind the last delimiter.
        case epilogue
    }

    private let rules: RuleSet
    private let unscannable: UnscannablePart
    /// Bodies of parts around this one.
    private let level: Int
    /// Nil until the first line that can be a delimiter has told.
    private var boundary: [UInt8]?
    private var place = Place.preamble
    /// What is under way, but for the header fields of a part, which are read at once.
    private var part: PartMasker
    /// The next byte begins a line.
    private var beginsLine = true
    /// Bytes that arrived and are not told yet: they may be a delimiter, or are header fields.
    private var waiting: [UInt8] = []
    /// Offset in the body of the next byte that is told, and where what is under way began.
    private var position = 0
    /// Passed unscanned since it was last taken.
    private var bytesUnscanned = 0

    /// Bytes of a part's header fields; with more they are no header fields, but text.
    static let longestFields = 16 * 1024
    /// White space behind a delimiter.
    private static let longestPadding = 256
    private static let deepest = 4
    static let rule = "unscannable-part"
    static let entity = "UNSCANNABLE_PART"

    init(_ rules: RuleSet, boundary: [UInt8]?, _ unscannable: UnscannablePart, level: Int = 0) {
        (self.rules, self.boundary, self.unscannable, self.level) = (rules, boundary, unscannable, level)
        part = PartMasker(rules, .text, from: 0)
    }

    var heldCount: Int { waiting.count + part.heldCount }

    /// Bytes that passed unscanned since the last time.
    mutating func takeUnscanned() -> Int {
        defer { bytesUnscanned = 0 }
        return bytesUnscanned
    }

    /// Takes the next chunk. Not to be called again after a block or a throw.
    mutating func feed(_ chunk: UnsafeRawBufferPointer, into output: inout MaskedBytes) throws(MaskError) {
        try read(chunk, isLast: false, &output)
    }

    mutating func finish(into output: inout MaskedBytes) throws(MaskError) {
        try read(UnsafeRawBufferPointer(start: nil, count: 0), isLast: true, &output)
        if output.blocked == nil { try end(&output) }
    }

    // MARK: Bytes that are told

    /// What waited and what came, as one.
    private struct Window {
        let bytes: UnsafeRawBufferPointer
        /// Of them those that waited; the others are in the chunk.
        let waited: Int
        /// The first byte that is not told.
        var told = 0
    }

    private mutating func read(_ chunk: UnsafeRawBufferPointer, isLast: Bool, _ output: inout MaskedBytes) throws(MaskError) {
        if waiting.isEmpty { return try read(Window(bytes: chunk, waited: 0), isLast, &output) }
        let bytes = waiting + chunk
        let waited = waiting.count
        waiting.removeAll(keepingCapacity: true)
        var failure: MaskError?
        bytes.withUnsafeBytes { bytes in
            do throws(MaskError) { try read(Window(bytes: bytes, waited: waited), isLast, &output) } catch { failure = error }
        }
        if let failure { throw failure }
    }

    private mutating func read(_ window: Window, _ isLast: Bool, _ output: inout MaskedBytes) throws(MaskError) {
        var window = window
        while window.told < window.bytes.count, output.blocked == nil {
            let goesOn = place == .fields ? try readFields(&window, isLast, &output) : try readContent(&window, isLast, &output)
            if !goesOn { break }
        }
        if output.blocked == nil { waiting.append(contentsOf: window.bytes[window.told...]) }
    }

    /// Passes bytes to what is under way.
    private mutating func mask(_ window: inout Window, to end: Int, _ output: inout MaskedBytes) throws(MaskError) {
        // Those that waited are no part of the chunk, so what is passed of them is copied.
        for (first, last) in [(window.told, min(end, window.waited)), (max(window.told, window.waited), end)] where first < last {
            let bytes = UnsafeRawBufferPointer(rebasing: window.bytes[first..<last])
            output.append(try part.feed(bytes), of: bytes, chunkOffset: first < window.waited ? nil : first - window.waited, bodyOffset: part.start)
            if output.blocked != nil { return }
        }
        bytesUnscanned += part.takeUnscanned()
        if end > window.told { beginsLine = false }
        position += max(0, end - window.told)
        window.told = max(window.told, end)
    }

    /// Ends what is under way.
    private mutating func end(_ output: inout MaskedBytes) throws(MaskError) {
        output.append(try part.finish(), of: UnsafeRawBufferPointer(start: nil, count: 0), chunkOffset: nil, bodyOffset: part.start)
        bytesUnscanned += part.takeUnscanned()
    }

    /// Passes the bytes of a delimiter.
    private mutating func pass(_ window: inout Window, to end: Int, _ output: inout MaskedBytes) {
        if window.told < window.waited { output.pieces.append(.bytes(Array(window.bytes[window.told..<min(end, window.waited)]))) }
        if end > window.waited { output.pieces.append(.passed(max(window.told, window.waited) - window.waited..<end - window.waited)) }
        position += end - window.told
        window.told = end
        beginsLine = true
    }

    // MARK: Delimiters

    private enum Look {
        case none
        /// More bytes can tell.
        case more
        /// A delimiter, of which the first byte behind it is `end`.
        case delimiter(end: Int, isFinal: Bool)
    }

    /// Whether a delimiter begins at the beginning of a line: two hyphens, the boundary, white space, the end of the line (RFC 2046 §5.1.1).
    private mutating func look(_ bytes: UnsafeRawBufferPointer, at start: Int, _ isLast: Bool) -> Look {
        func byte(_ index: Int) -> UInt8? { index < bytes.count ? bytes[index] : nil }
        let cut: Look = isLast ? .none : .more
        for index in start..<start + 2 {
            guard let next = byte(index) else { return cut }
            if next != UInt8(ascii: "-") { return .none }
        }
        var at = start + 2
        if let boundary {
            for expected in boundary {
                guard let next = byte(at) else { return cut }
                if next != expected { return .none }
                at += 1
            }
        } else {
            // The first line that can be one says what the boundary is.
            let line = bytes[at...].prefix(71 + Self.longestPadding)
            guard let end = line.firstIndex(of: 0x0A) else { return line.count > 70 + Self.longestPadding ? .none : cut }
            let name = Array(Array(bytes[at..<end]).reversed().drop { $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }.reversed())
            guard MediaType.isBoundary(name) else { return .none }
            boundary = name
            return .delimiter(end: end + 1, isFinal: false)
        }
        var isFinal = false
        if byte(at) == UInt8(ascii: "-"), byte(at + 1) == UInt8(ascii: "-") {
            isFinal = true
            at += 2
        } else if byte(at) == UInt8(ascii: "-"), at + 1 == bytes.count {
            return cut
        }
        let padding = at
        while let next = byte(at), next == 0x20 || next == 0x09, at - padding < Self.longestPadding { at += 1 }
        if byte(at) == 0x0D {
            guard at + 1 < bytes.count || isLast else { return .more }
            if byte(at + 1) == 0x0A || at + 1 == bytes.count { at += 1 }
        }
        switch byte(at) {
        case 0x0A: return .delimiter(end: at + 1, isFinal: isFinal)
        case nil: return isLast ? .delimiter(end: at, isFinal: isFinal) : .more
        default: return .none
        }
    }

    /// Reads up to the next delimiter.
    ///
    /// - Returns: whether there may be more to read.
    private mutating func readContent(_ window: inout Window, _ isLast: Bool, _ output: inout MaskedBytes) throws(MaskError) -> Bool {
        let bytes = window.bytes
        let text = bytes.bindMemory(to: UInt8.self)
        var search = window.told
        var isLineStart = beginsLine
        while place != .epilogue {
            if !isLineStart {
                search = text.first(0x0A, or: 0x0A, from: search)
                if search == bytes.count { break }
                search += 1
            }
            isLineStart = false
            // The end of the line before a delimiter belongs to it.
            var line = search
            if line > window.told, bytes[line - 1] == 0x0A { line -= 1 }
            if line > window.told, line < search, bytes[line - 1] == 0x0D { line -= 1 }
            switch look(bytes, at: search, isLast) {
            case .none: continue
            case .more:
                try mask(&window, to: line, &output)
                return false
            case .delimiter(let end, let isFinal):
                try mask(&window, to: line, &output)
                if output.blocked != nil { return false }
                try self.end(&output)
                if output.blocked != nil { return false }
                pass(&window, to: end, &output)
                place = isFinal ? .epilogue : .fields
                part = PartMasker(rules, .text, from: position)
                return true
            }
        }
        // What may be the end of the line before a delimiter waits.
        var end = bytes.count
        if !isLast, place != .epilogue, end > window.told, bytes[end - 1] == 0x0D { end -= 1 }
        try mask(&window, to: end, &output)
        return false
    }

    // MARK: Header fields

    /// Reads the header fields of a part, all at once, and begins its body.
    private mutating func readFields(_ window: inout Window, _ isLast: Bool, _ output: inout MaskedBytes) throws(MaskError) -> Bool {
        let bytes = window.bytes
        let longest = window.told + Self.longestFields
        var line = window.told
        while line <= longest {
            switch look(bytes, at: line, isLast) {
            case .more: return false
            case .delimiter:
                // A part without a body, and without the blank line before it.
                try maskFields(&window, to: line, &output)
                (place, beginsLine) = (.body, true)
                part = PartMasker(rules, .text, from: position)
                return true
            case .none: break
            }
            let end = bytes.bindMemory(to: UInt8.self).first(0x0A, or: 0x0A, from: line)
            guard end < bytes.count else { break }
            let isBlank = end == line || end == line + 1 && bytes[line] == 0x0D
            line = end + 1
            if isBlank, line <= longest {
                let head = PartHead(bytes[window.told..<line])
                try maskFields(&window, to: line, &output)
                if output.blocked != nil { return false }
                try begin(head, &output)
                (place, beginsLine) = (.body, true)
                return output.blocked == nil
            }
        }
        guard isLast || bytes.count > longest else { return false }
        // No header fields, then: the part is a text from here on.
        (place, beginsLine) = (.body, false)
        part = PartMasker(rules, .text, from: position)
        return true
    }

    private mutating func maskFields(_ window: inout Window, to end: Int, _ output: inout MaskedBytes) throws(MaskError) {
        part = PartMasker(rules, .fields, from: position)
        try mask(&window, to: end, &output)
        if output.blocked == nil { try self.end(&output) }
    }

    private mutating func begin(_ head: PartHead, _ output: inout MaskedBytes) throws(MaskError) {
        let field = head.name.flatMap { rules.fields.isEmpty ? nil : rules.fields.field(ofWay: $0) }
        if let field, head.isEncoded == false, head.isText {
            part = PartMasker(rules, .value(of: field), from: position)
            return
        }
        switch head.isEncoded ? .binary : head.type.content {
        case .text(.multipart) where level < Self.deepest: part = PartMasker(rules, .parts(head.type.boundary, unscannable, level: level + 1), from: position)
        case .text(.multipart): part = PartMasker(rules, .text, from: position)
        case .text(let format): part = PartMasker(rules, .look(declared: format, unscannable), from: position)
        // Who does not know what a file is says that it is octets.
        case .binary where !head.isEncoded && head.type.essence == "application/octet-stream": part = PartMasker(rules, .look(declared: nil, unscannable), from: position)
        case .untyped: part = PartMasker(rules, .look(declared: nil, unscannable), from: position)
        case .binary, .foreignCharacters:
            switch unscannable {
            case .text: part = PartMasker(rules, .text, from: position)
            case .pass: part = PartMasker(rules, .pass, from: position)
            case .block: output.blocked = Self.block(at: position)
            }
        }
    }

    static func block(at offset: Int) -> Finding { Finding(rule: rule, entity: entity, range: offset..<offset, action: .blocked) }
}

/// What the header fields of a part say about its body.
private struct PartHead {
    /// `text/plain` where nothing is said (RFC 2046 §5.1).
    var type = MediaType("text/plain")
    /// Of a form, the name of the field.
    var name: [UInt8]?
    /// Its bytes are not those of the text: base64 or quoted-printable.
    var isEncoded = false

    /// Neither a document nor parts nor binary.
    var isText: Bool {
        switch type.content {
        case .text(.text), .text(.markup), .untyped: true
        default: false
        }
    }

    init(_ block: Slice<UnsafeRawBufferPointer>) {
        // A line that begins with white space goes on with the one before it.
        let text = String(decoding: block, as: UTF8.self).replacing("\r\n", with: "\n").replacing("\n ", with: " ").replacing("\n\t", with: " ")
        // Of several fields of one name the first counts.
        var seen: Set<String> = []
        for line in text.split(separator: "\n") {
            guard let colon = line.firstIndex(of: ":") else { continue }
            let value = line[line.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
            let field = line[..<colon].lowercased().filter { $0 != " " && $0 != "\t" }
            guard seen.insert(field).inserted else { continue }
            switch field {
            case "content-type": type = MediaType(value)
            case "content-transfer-encoding": isEncoded = !["7bit", "8bit", "binary"].contains(value.lowercased().filter { $0 != " " })
            case "content-disposition": name = Self.name(in: value)
            default: break
            }
        }
    }

    /// The parameter `name` of a disposition (RFC 7578 §4.2); in quotes `\"` and `%22` are quotes.
    private static func name(in disposition: Substring) -> [UInt8]? {
        guard let match = disposition.firstMatch(of: /(?i);[ \t]*name[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^;" \t]+))/) else { return nil }
        let name = (match.output.1 ?? match.output.2).map { $0.replacing("\\\"", with: "\"").replacing("%22", with: "\"") } ?? ""
        return name.utf8.count > FieldReader.longestKey ? nil : Array(name.utf8)
    }
}

/// A part under way: its header fields or its body.
private struct PartMasker {
    enum Reading {
        case text, pass
        /// Header fields.
        case fields
        /// All of it is the value of a field rule.
        case value(of: Int)
        /// Until the first bytes have told; of this format if they say nothing.
        case look(declared: Format?, UnscannablePart)
        case parts([UInt8]?, UnscannablePart, level: Int)
    }

    private let rules: RuleSet
    /// Where it begins in the body.
    let start: Int
    private var reading: Reading
    @Apart private var body: BodyMasker? = nil
    @Apart private var masker: Masker? = nil
    @Apart private var parts: MultipartMasker? = nil
    /// Bytes that came before the format was known.
    private var early: [UInt8] = []
    private var unscanned = 0

    init(_ rules: RuleSet, _ reading: Reading, from start: Int) {
        (self.rules, self.start, self.reading) = (rules, start, reading)
        switch reading {
        case .text: body = BodyMasker(rules, .text)
        case .fields: body = BodyMasker(rules, .headerFields)
        case .value(let field): body = BodyMasker(rules, .value(of: field))
        case .parts(let boundary, let unscannable, let level): parts = MultipartMasker(rules, boundary: boundary, unscannable, level: level)
        case .look, .pass: break
        }
    }

    var heldCount: Int { early.count + (body?.heldCount ?? masker?.statistics.held ?? parts?.heldCount ?? 0) }

    /// Bytes that passed unscanned since the last time.
    mutating func takeUnscanned() -> Int {
        defer { unscanned = 0 }
        return unscanned
    }

    mutating func feed(_ bytes: UnsafeRawBufferPointer) throws(MaskError) -> MaskedBytes {
        var output = MaskedBytes()
        if case .look(let declared, let unscannable) = reading, masker == nil {
            early.append(contentsOf: bytes)
            try tell(early.withUnsafeBytes { FormatDetection.verdict(declared: declared, beginning: $0, isWhole: false) }, unscannable, &output)
        } else {
            try step(bytes, &output)
        }
        return output
    }

    mutating func finish() throws(MaskError) -> MaskedBytes {
        var output = MaskedBytes()
        if case .look(let declared, let unscannable) = reading, masker == nil, !early.isEmpty {
            try tell(early.withUnsafeBytes { FormatDetection.verdict(declared: declared, beginning: $0, isWhole: true) }, unscannable, &output)
            if output.blocked != nil { return output }
        }
        try body?.finish(into: &output)
        if masker != nil { output.append(try masker!.finish(), of: UnsafeRawBufferPointer(start: nil, count: 0), chunkOffset: nil, bodyOffset: 0) }
        try parts?.finish(into: &output)
        unscanned += parts?.takeUnscanned() ?? 0
        return output
    }

    private mutating func step(_ bytes: UnsafeRawBufferPointer, _ output: inout MaskedBytes) throws(MaskError) {
        if case .pass = reading {
            unscanned += bytes.count
            output.pieces.append(.passed(0..<bytes.count))
        }
        try body?.feed(bytes, into: &output)
        if masker != nil { output.append(try masker!.feed(bytes), of: bytes, chunkOffset: 0, bodyOffset: 0) }
        try parts?.feed(bytes, into: &output)
        unscanned += parts?.takeUnscanned() ?? 0
    }

    /// The first bytes have told how the part is read, or have not yet.
    private mutating func tell(_ verdict: FormatDetection.Verdict, _ unscannable: UnscannablePart, _ output: inout MaskedBytes) throws(MaskError) {
        switch (verdict, unscannable) {
        case (.undecided, _): return
        case (.format(let format), _): masker = Masker(rules, format: format)
        case (.unknown, .text): masker = Masker(rules, format: .text)
        case (.unknown, .pass): reading = .pass
        case (.unknown, .block):
            output.blocked = MultipartMasker.block(at: 0)
            return
        }
        let bytes = early
        early = []
        var failure: MaskError?
        var told = MaskedBytes()
        bytes.withUnsafeBytes { bytes in
            do throws(MaskError) { try step(bytes, &told) } catch { failure = error }
            output.append(told, of: bytes, chunkOffset: nil, bodyOffset: 0)
        }
        if let failure { throw failure }
    }
}

extension MaskedBytes {
    /// Appends what a step released of a part.
    ///
    /// - Parameters:
    ///   - bytes: the chunk of that step.
    ///   - chunkOffset: where it lies in the chunk that this is about; nil where it does not.
    ///   - bodyOffset: where the part begins in the body.
    fileprivate mutating func append(_ step: MaskedBytes, of bytes: UnsafeRawBufferPointer, chunkOffset: Int?, bodyOffset: Int) {
        for piece in step.pieces {
            if case .passed(let range) = piece {
                if let chunkOffset { pieces.append(.passed(range.lowerBound + chunkOffset..<range.upperBound + chunkOffset)) } else { pieces.append(.bytes(Array(bytes[range]))) }
            } else {
                pieces.append(piece)
            }
        }
        func moved(_ finding: Finding) -> Finding {
            var finding = finding
            finding.range = finding.range.lowerBound + bodyOffset..<finding.range.upperBound + bodyOffset
            return finding
        }
        findings += step.findings.map(moved)
        blocked = step.blocked.map(moved)
    }
}
