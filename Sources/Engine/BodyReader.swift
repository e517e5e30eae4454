// Reads one text, or one JSON document, a window at a time: finds what is to be masked in it, and how far it may be released.

import ByteKernels

/// The state of one text or JSON document: a body, or what a string of another document holds.
struct BodyReader {
    enum Reading {
        case text, json
        /// A text with character references.
        case markup
        case form
        /// A table of separated values.
        case csv
        /// The header fields of a part.
        case headerFields
        /// One value, all of which belongs to a field rule.
        case value(of: Int)

        var isForm: Bool { if case .form = self { true } else { false } }
        var isTable: Bool { if case .csv = self { true } else { false } }

        /// How its texts are written.
        var coding: TextCoding {
            switch self {
            case .text: .plain
            case .json: .json
            case .markup: .markup
            case .form: .form
            // Quotes and ends of lines would be more fields.
            case .csv, .headerFields: .unquoted
            case .value: .plain
            }
        }
    }

    private let rules: RuleSet
    private let reading: Reading
    /// Of the text that is dealt with.
    private var coding: TextCoding
    /// Documents around this one.
    private let level: Int
    /// The last bytes before those that were not released, as they came: what a text that begins in the next window can look back on.
    private(set) var before: [UInt8]
    /// The text that goes on in the next window.
    private var text = TextState()
    private var tokenizer = JSONTokenizer()
    /// The document in the string that goes on in the next window: none or one.
    private var inner: [BodyReader] = []
    /// Markup of an earlier window is a part of the text.
    private var hasText = false
    /// The string that goes on has not told yet whether it holds a document: it is held from its start.
    private var beginsAgain = false
    /// Where the document stopped being JSON, in the body.
    private(set) var brokenJSONAt: Int?
    /// Where the number under way that is masked for its length began in the body.
    private var oversizedFrom = 0
    private var fields: FieldReader
    private var form: FormReader
    @Apart private var csv: CSVReader? = nil
    /// The value of a field that goes on has its replacement already.
    private var hasBegun = false
    /// Where that value began in the body, and where one did that is reported.
    private var fieldFrom = 0
    private var reportFrom = 0
    /// Set while one open match holds back all that is held.
    private var watch: TextScanner.Watch?
    /// Of the window that is read.
    private var origin = WindowOrigin.body(from: 0)
    /// Escapes of the string that holds this document and stand for more than a byte, as offsets into the window.
    private var outerUnits: UnitMap?

    /// - Parameters:
    ///   - level: documents around this one.
    ///   - before: what stands before it: at most `Rule.Context.seen` bytes.
    init(_ rules: RuleSet, _ reading: Reading, level: Int = 0, before: [UInt8] = []) {
        self.rules = rules
        self.reading = reading
        self.level = level
        self.before = before
        fields = FieldReader(rules.fields)
        form = FormReader(rules.fields)
        if reading.isTable { csv = CSVReader(rules.fields) }
        coding = reading.coding
    }

    /// Reads a window. The next one begins behind the last byte that the writer has dealt with, and adds bytes to the rest. Not to be called again after
    /// a block or a throw.
    ///
    /// - Parameters:
    ///   - workspace: its window holds ``before`` and what follows.
    ///   - isLast: nothing comes after the window.
    ///   - origin: where what follows stands in the body.
    ///   - units: escapes that a span must not cut through, as offsets into what follows.
    ///   - writer: of what follows.
    mutating func read(
        _ workspace: Workspace, isLast: Bool, origin: WindowOrigin, units: UnitMap?, _ writer: inout WindowWriter
    ) throws(MaskError) {
        watch = nil
        self.origin = origin
        outerUnits = units?.wide
        let behind = before.count
        let whole = UnsafeBufferPointer(workspace.window)
        try workspace.findInWindow()
        switch reading {
        case .text: readText(whole, behind, isLast, workspace, &writer)
        case .json: try readJSON(whole, behind, isLast, workspace, &writer)
        case .markup, .form, .csv, .headerFields, .value: try readCoded(whole, behind, isLast, workspace, &writer)
        }
        if writer.block != nil { return }
        let released = behind + writer.position
        before.removeAll(keepingCapacity: true)
        before.append(contentsOf: UnsafeBufferPointer(rebasing: whole[max(0, released - Rule.Context.seen)..<released]))
    }

    /// Whether the match that holds back all of `held` is still open after `new`, so that nothing can be released and nothing needs to be read.
    mutating func stillHolds(_ held: [UInt8], _ new: UnsafeRawBufferPointer, _ workspace: Workspace) -> Bool {
        guard var next = watch else { return false }
        if !tokenizer.isInString {
            guard workspace.scanner.step(&next, over: new.bindMemory(to: UInt8.self)) else { return false }
        } else {
            let raw = held[next.rawCount...] + new
            var text: [UInt8] = []
            var units = UnitMap()
            let isOpen = raw.withUnsafeBufferPointer { raw in
                if JSONTokenizer.endOfString(in: raw, from: 0).end != nil { return false }
                next.rawCount += JSONEscapes.decode(raw, isClosed: false, into: &text, noting: &units)
                return text.withUnsafeBufferPointer { workspace.scanner.step(&next, over: $0) }
            }
            guard isOpen else { return false }
        }
        watch = next
        return true
    }

    /// Bytes that stand in the place of others.
    struct Edit {
        var range: Range<Int>
        var bytes: [UInt8]
    }

    /// What was made of bytes that are all at hand.
    struct Outcome {
        /// What stands in the place of which bytes, in order.
        var edits: [Edit] = []
        var findings: [Finding] = []
        var block: Finding?
        /// Bytes that may be released; up to the block, if there is one.
        var released = 0
    }

    /// Reads bytes that are all at hand, and follow what was released.
    ///
    /// - Parameters: as for ``read(_:isLast:origin:units:_:)``.
    mutating func read(_ bytes: [UInt8], isLast: Bool, origin: WindowOrigin, units: UnitMap?) throws(MaskError) -> Outcome {
        let workspace = try rules.takeWorkspace()
        let behind = before.count
        before.withUnsafeBytes { before in bytes.withUnsafeBytes { workspace.fillWindow(before, $0) } }
        let window = UnsafeBufferPointer(rebasing: UnsafeBufferPointer(workspace.window)[behind...])
        var writer = WindowWriter(window: window, heldCount: 0, chunkOffset: 0, output: MaskedBytes())
        try read(workspace, isLast: isLast, origin: origin, units: units, &writer)
        rules.give(back: workspace)
        var outcome = Outcome(findings: writer.output.findings, block: writer.block, released: writer.position)
        writer.forEachReplacement { outcome.edits.append(Edit(range: $0, bytes: $1)) }
        return outcome
    }

    /// Reads a whole text or document.
    static func outcome(_ rules: RuleSet, _ reading: Reading, _ bytes: [UInt8]) throws(MaskError) -> Outcome {
        var reader = BodyReader(rules, reading)
        return try reader.read(bytes, isLast: true, origin: .body(from: 0), units: nil)
    }

    // MARK: Text

    private mutating func readText(
        _ whole: UnsafeBufferPointer<UInt8>, _ behind: Int, _ isLast: Bool, _ workspace: Workspace, _ writer: inout WindowWriter
    ) {
        let window = UnsafeBufferPointer(rebasing: whole[behind...])
        let stretch = TextScanner.Stretch(
            bytes: window, isLast: isLast, lookback: UnsafeBufferPointer(rebasing: whole[..<behind]), units: nil)
        _ = workspace.scanner.gather(workspace.places, in: stretch, at: behind, before: text.before)
        workspace.scanner.scan(stretch, at: behind, of: whole, state: &text)
        apply(workspace, text: window, at: 0, units: nil, isEscaped: false, isLast: isLast, &writer)
        if writer.block == nil { writer.pass(to: workspace.scanner.released) }
        watch = workspace.scanner.watch
    }

    // MARK: Forms, tables and markup

    private mutating func readCoded(
        _ whole: UnsafeBufferPointer<UInt8>, _ behind: Int, _ isLast: Bool, _ workspace: Workspace, _ writer: inout WindowWriter
    ) throws(MaskError) {
        let window = UnsafeBufferPointer(rebasing: whole[behind...])
        workspace.texts.removeAll(keepingCapacity: true)
        workspace.values.removeAll(keepingCapacity: true)
        workspace.reported.removeAll(keepingCapacity: true)
        var released = window.count
        switch reading {
        case .form:
            form.read(window, isLast: isLast, into: &workspace.texts, &workspace.values)
            listReports(workspace)
        case .csv:
            released = try csv!.read(window, isLast: isLast, into: &workspace.texts, &workspace.values)
            listReports(workspace)
        case .value(let field):
            workspace.values = [FieldReader.Value(field: field, start: 0, end: window.count, kind: .string, isContinued: hasText, isClosed: isLast)]
            let isReported = rules.fields.fields[field].isReported
            workspace.texts = [JSONText(kind: isReported ? .string(hasEscape: true) : .field(0), start: 0, end: window.count, isContinued: hasText, isClosed: isLast)]
            hasText = true
            listReports(workspace)
        case .headerFields:
            workspace.texts = [JSONText(kind: .string(hasEscape: true), start: 0, end: window.count, isContinued: hasText, isClosed: isLast)]
            hasText = true
        case .text, .json, .markup:
            let hasEscape = window.contains { coding.isSpecial($0) }
            workspace.texts = [JSONText(kind: .string(hasEscape: hasEscape), start: 0, end: window.count, isContinued: hasText, isClosed: isLast)]
            hasText = true
        }
        try fillArena(whole, behind, workspace)
        let cells = csv?.cells ?? []
        var nextDecoded = 0
        for (index, text) in workspace.texts.enumerated() where writer.block == nil {
            if reading.isTable { coding = cells[index].coding }
            if case .field(let index) = text.kind {
                maskField(workspace.values[index], window, &released, &writer)
                continue
            }
            var decoded: Workspace.DecodedText?
            if isApart(text, whole, behind) {
                decoded = workspace.decoded[nextDecoded]
                nextDecoded += 1
            }
            if !text.isContinued { self.text = TextState() }
            scan(text, decoded, whole, behind, workspace, &released, &writer)
        }
        // A long hold is not watched: that is for bytes that stand for themselves and for JSON.
        watch = nil
        keepReports(workspace, &writer)
        if writer.block != nil { return }
        writer.pass(to: released)
        guard let last = workspace.texts.last else { return }
        if reading.isForm { form.keep(window, from: last.start, released: writer.position) }
        if reading.isTable { csv?.keep(window, from: last.start, released: writer.position) }
    }

    // MARK: JSON

    private mutating func readJSON(
        _ whole: UnsafeBufferPointer<UInt8>, _ behind: Int, _ isLast: Bool, _ workspace: Workspace, _ writer: inout WindowWriter
    ) throws(MaskError) {
        let window = UnsafeBufferPointer(rebasing: whole[behind...])
        workspace.texts.removeAll(keepingCapacity: true)
        var carry = json_carry(escaped: false, in_string: tokenizer.isInString)
        json_structure(KernelVariant.best, window.baseAddress, window.count, &carry, workspace.blocks)
        let blocks = UnsafePointer(workspace.blocks)
        let wasInString = tokenizer.isInString
        let followsScalar = behind > 0 && !ByteSet.beforeTexts.contains(whole[behind - 1])
        var released = tokenizer.walk(window, blocks, followsScalar: followsScalar, isLast: isLast, into: &workspace.texts)
        if let broken = tokenizer.brokenAt { brokenJSONAt = origin.start(broken) }
        addEscaped(window, blocks, workspace)
        if workspace.texts.count > 1 { workspace.texts.sort { $0.start < $1.start } }
        if !rules.fields.isEmpty { findFields(window, blocks, inString: wasInString, isLast, workspace, &writer) }
        findDocuments(window, workspace)
        try fillArena(whole, behind, workspace)
        confirm(window, blocks, behind, workspace)

        // What was found in plain texts and those texts that need more, in order.
        var nextDecoded = 0
        var nextFound = 0
        for json in workspace.texts where writer.block == nil {
            writeFound(before: json.start, &nextFound, window, workspace, &writer)
            if writer.block != nil { break }
            if json.kind == .oversizedNumber {
                maskOversized(json, &writer)
                continue
            }
            var decoded: Workspace.DecodedText?
            if isApart(json, whole, behind) {
                decoded = workspace.decoded[nextDecoded]
                nextDecoded += 1
            }
            if json.kind == .document {
                try readInner(json, whole, behind, &released, &writer)
                continue
            }
            if case .field(let index) = json.kind {
                maskField(workspace.values[index], window, &released, &writer)
                continue
            }
            if !json.isClosed, json.kind == .number || beginsAgain {
                released = json.start
                continue
            }
            if !json.isContinued { text = TextState() }
            scan(json, decoded, whole, behind, workspace, &released, &writer)
        }
        writeFound(before: window.count + 1, &nextFound, window, workspace, &writer)
        if !rules.fields.isEmpty { keepReports(workspace, &writer) }
        if writer.block != nil { return }
        writer.pass(to: released)
        if !rules.fields.isEmpty, tokenizer.isInString, let last = workspace.texts.last {
            fields.keep(window, stringFrom: last.start, isContinued: wasInString && last.start == 0, released: writer.position)
        }
    }

    /// Scans a text that needs more than a look, and applies what is found.
    private mutating func scan(
        _ json: JSONText, _ decoded: Workspace.DecodedText?, _ whole: UnsafeBufferPointer<UInt8>, _ behind: Int, _ workspace: Workspace,
        _ released: inout Int, _ writer: inout WindowWriter
    ) {
        let scanner = workspace.scanner
        let lookback = text.lookback
        workspace.arena.withUnsafeBufferPointer { arena in
            lookback.withUnsafeBufferPointer { lookback in
                let place = decoded.map { $0.start..<$0.start + $0.count } ?? behind + json.start..<behind + json.end
                let bytes = UnsafeBufferPointer(rebasing: decoded == nil ? whole[place] : arena[place.lowerBound + CoreFinder.slack..<place.upperBound + CoreFinder.slack])
                let raw =
                    if let context = decoded?.context {
                        UnsafeBufferPointer(rebasing: arena[context])
                    } else {
                        UnsafeBufferPointer(rebasing: whole[max(0, behind + json.start - Rule.Context.seen)..<behind + json.start])
                    }
                let units = unitsKept(of: json, decoded?.units)
                let stretch = TextScanner.Stretch(
                    bytes: bytes, isLast: json.isClosed, lookback: json.isContinued ? lookback : raw, units: units)
                let hasStarts =
                    decoded == nil
                    ? scanner.gather(workspace.places, in: stretch, at: place.lowerBound, before: text.before)
                    : scanner.gather(workspace.arenaPlaces, in: stretch, at: place.lowerBound, before: text.before)
                if !hasStarts, json.isClosed, !json.isContinued { return }
                scanner.scan(stretch, at: place.lowerBound, of: decoded == nil ? workspace.places.buffer : workspace.arenaPlaces.buffer, state: &text)
                switch json.kind {
                case .number, .oversizedNumber: applyToNumber(workspace, json, bytes, &writer)
                case .string: apply(workspace, text: bytes, at: json.start, units: units, isEscaped: true, isLast: json.isClosed, &writer)
                case .tail: apply(workspace, text: bytes, at: json.start, units: units, isEscaped: false, isLast: json.isClosed, &writer)
                case .document, .field: break
                }
                if !json.isClosed {
                    let reached = scanner.released
                    let rawCount = decoded?.rawCount ?? bytes.count
                    released = json.start + (reached == bytes.count ? rawCount : units?.rawStart(ofText: reached) ?? reached)
                    watch = scanner.watch
                    watch?.rawCount = json.start + rawCount - released
                }
            }
        }
    }

    /// The units of a text that spans and releases keep whole: its own escapes, and those of the string that holds this document.
    private func unitsKept(of json: JSONText, _ own: UnitMap?) -> UnitMap? {
        guard let outerUnits else { return own }
        return (own ?? UnitMap()).joined(with: outerUnits, from: json.start, count: json.end - json.start)
    }

    // MARK: Fields

    /// Marks the values that field rules mask, and lists those that they report.
    private mutating func findFields(
        _ window: UnsafeBufferPointer<UInt8>, _ blocks: UnsafePointer<json_block>, inString: Bool, _ isLast: Bool, _ workspace: Workspace,
        _ writer: inout WindowWriter
    ) {
        workspace.values.removeAll(keepingCapacity: true)
        workspace.reported.removeAll(keepingCapacity: true)
        fields.read(window, blocks, brokenAt: tokenizer.brokenAt, inString: inString, isLast: isLast, into: &workspace.values)
        if workspace.values.isEmpty { return }
        workspace.merged.removeAll(keepingCapacity: true)
        var next = 0
        var end = window.count
        for (index, value) in workspace.values.enumerated() {
            if rules.fields.fields[value.field].isReported {
                listReport(value, workspace)
                continue
            }
            if value.kind == .literal, value.isContinued {
                // Its replacement has been written; what is left of it has no place among the texts, for there may be nothing left.
                maskField(value, window, &end, &writer)
                continue
            }
            let text = JSONText(kind: .field(index), start: value.start, end: value.end, isContinued: value.isContinued, isClosed: value.isClosed)
            while next < workspace.texts.count, workspace.texts[next].start < value.start {
                workspace.merged.append(workspace.texts[next])
                next += 1
            }
            // A value takes the place of its text, but for a number that is masked for its length.
            if next < workspace.texts.count, workspace.texts[next].start == value.start {
                workspace.merged.append(workspace.texts[next].kind == .oversizedNumber ? workspace.texts[next] : text)
                next += 1
            } else {
                workspace.merged.append(text)
            }
        }
        workspace.merged += workspace.texts[next...]
        swap(&workspace.texts, &workspace.merged)
    }

    /// Lists the values that are reported and end in the window.
    private mutating func listReports(_ workspace: Workspace) {
        for value in workspace.values where rules.fields.fields[value.field].isReported { listReport(value, workspace) }
    }

    private mutating func listReport(_ value: FieldReader.Value, _ workspace: Workspace) {
        let rule = rules.fields.fields[value.field].rule
        if !value.isContinued { reportFrom = origin.start(value.start) }
        let end = origin.end(value.end)
        if value.isClosed, reportFrom < end {
            workspace.reported.append(Finding(rule: rule.id, entity: rule.entity, range: reportFrom..<end, action: .reported))
        }
    }

    /// Passes on what was listed, but for what ends behind the place where the body ends.
    private func keepReports(_ workspace: Workspace, _ writer: inout WindowWriter) {
        let end = writer.block?.range.lowerBound ?? .max
        writer.output.findings += workspace.reported.filter { $0.range.upperBound <= end }
    }

    /// Masks the value of a field, or what of it has come.
    private mutating func maskField(
        _ value: FieldReader.Value, _ window: UnsafeBufferPointer<UInt8>, _ released: inout Int, _ writer: inout WindowWriter
    ) {
        let field = rules.fields.fields[value.field]
        var end = value.end
        if value.kind == .string, !value.isClosed, coding == .json || coding == .quoted {
            // The first half of an escape waits for the second.
            end -= coding.unfinished(window[value.start..<end])
            released = end
        }
        if !value.isContinued { hasBegun = false }
        if !hasBegun {
            if end == value.start { return }
            if field.rule.action == .block {
                writer.pass(to: value.start)
                writer.block = Finding(
                    rule: field.rule.id, entity: field.rule.entity, range: origin.start(value.start)..<origin.end(value.start + 1), action: .blocked)
                return
            }
            guard let written = field.written(value, UnsafeBufferPointer(rebasing: window[value.start..<end]), rules, coding) else {
                released = value.start
                return
            }
            writer.pass(to: value.start)
            writer.write(written)
            hasBegun = true
            fieldFrom = origin.start(value.start)
        }
        writer.skip(to: end)
        if value.isClosed {
            writer.output.findings.append(
                Finding(rule: field.rule.id, entity: field.rule.entity, range: fieldFrom..<origin.end(end), action: .masked))
        }
    }

    // MARK: Documents in strings

    /// Marks the strings that hold documents, and finds out whether the one that goes on has told.
    private mutating func findDocuments(_ window: UnsafeBufferPointer<UInt8>, _ workspace: Workspace) {
        if beginsAgain, !workspace.texts.isEmpty { workspace.texts[0].isContinued = false }
        beginsAgain = false
        for index in workspace.texts.indices {
            let json = workspace.texts[index]
            guard case .string(let hasEscape) = json.kind else { continue }
            if json.isContinued {
                if !inner.isEmpty { workspace.texts[index].kind = .document }
                continue
            }
            // What begins a document has a quote in it.
            if level == InnerDocument.deepest || !hasEscape && json.isClosed { continue }
            switch sign(of: json, window) {
            case .document: workspace.texts[index].kind = .document
            case .text: break
            case .undecided: beginsAgain = true
            }
        }
    }

    private func sign(of json: JSONText, _ window: UnsafeBufferPointer<UInt8>) -> InnerDocument.Sign {
        // Most strings tell by their first byte.
        if json.start < json.end, !InnerDocument.firstBytes.contains(window[json.start]) { return .text }
        // A byte of text is six raw ones at most.
        let raw = UnsafeBufferPointer(rebasing: window[json.start..<min(json.end, json.start + 6 * InnerDocument.longestSign)])
        let isWhole = json.isClosed && raw.count == json.end - json.start
        return InnerDocument.sign(coding.decoded(raw, isClosed: isWhole), isWhole: isWhole)
    }

    /// Reads what a string says that holds a document, or as much of it as the window has.
    private mutating func readInner(
        _ json: JSONText, _ whole: UnsafeBufferPointer<UInt8>, _ behind: Int, _ released: inout Int, _ writer: inout WindowWriter
    ) throws(MaskError) {
        let start = behind + json.start
        var inner =
            json.isContinued
            ? self.inner.removeLast()
            : BodyReader(rules, .json, level: level + 1, before: Array(whole[max(0, start - Rule.Context.seen)..<start]))
        var text: [UInt8] = []
        var units = UnitMap()
        let raw = UnsafeBufferPointer(rebasing: whole[start..<behind + json.end])
        text.reserveCapacity(raw.count)
        let rawCount = JSONEscapes.decode(raw, isClosed: json.isClosed, into: &text, noting: &units)
        units = unitsKept(of: json, units) ?? units
        let outcome = try inner.read(text, isLast: json.isClosed, origin: .string(in: origin, start: json.start, units: units), units: units)

        for edit in outcome.edits {
            writer.pass(to: json.start + units.rawStart(ofText: edit.range.lowerBound))
            writer.write(JSONEscapes.escaped(edit.bytes))
            writer.skip(to: json.start + units.rawEnd(ofText: edit.range.upperBound))
        }
        writer.output.findings += outcome.findings
        let reached = units.rawStart(ofText: outcome.released)
        if let block = outcome.block {
            writer.pass(to: json.start + reached)
            writer.block = block
        } else if !json.isClosed {
            released = json.start + (outcome.released == text.count ? rawCount : reached)
            self.inner = [inner]
        }
    }

    // MARK: Texts that need more than a look

    /// Adds the strings with escapes to the texts that need more than a look.
    private func addEscaped(_ window: UnsafeBufferPointer<UInt8>, _ blocks: UnsafePointer<json_block>, _ workspace: Workspace) {
        var known = workspace.texts.count
        let end = workspace.texts.last.map { $0.kind == .tail ? $0.start : window.count } ?? window.count
        var block = 0
        var mask = UInt64.max
        while block << 6 < end {
            let backslashes = blocks[block].backslashes & mask
            mask = .max
            guard backslashes != 0 else {
                block += 1
                continue
            }
            let place = block << 6 + backslashes.trailingZeroBitCount
            if place >= end { break }
            let close = blocks.nextQuote(from: place, count: window.count)
            // The string that goes on from the last window or into the next is among the texts already.
            let start = blocks.lastQuote(before: place) + 1
            if let index = workspace.texts[..<known].firstIndex(where: { $0.start == start && $0.isString }) {
                workspace.texts[index].kind = .string(hasEscape: true)
            } else {
                workspace.texts.append(JSONText(kind: .string(hasEscape: true), start: start, end: close, isContinued: false, isClosed: true))
            }
            if close >= end { break }
            block = close >> 6
            mask = UInt64.max << UInt64(close & 63)
            known = min(known, workspace.texts.count)
        }
    }

    /// Whether a text is not what stands in the window, or not with what stands before it there, so that it has to be copied out.
    private func isApart(_ json: JSONText, _ whole: UnsafeBufferPointer<UInt8>, _ behind: Int) -> Bool {
        switch json.kind {
        case .string(let hasEscape): return hasEscape || (json.isContinued && !ends(before, with: text.lookback))
        case .number, .tail:
            let begins = !json.isContinued || text.before == nil
            return begins && behind + json.start > 0 && !ByteSet.beforeTexts.contains(whole[behind + json.start - 1])
        case .oversizedNumber, .document, .field: return false
        }
    }

    private func ends(_ bytes: [UInt8], with end: [UInt8]) -> Bool { end.count <= bytes.count && bytes[(bytes.count - end.count)...] == end[...] }

    /// Decodes the texts that are apart into the arena, each behind what stands before it, and finds the places there.
    private func fillArena(_ whole: UnsafeBufferPointer<UInt8>, _ behind: Int, _ workspace: Workspace) throws(MaskError) {
        workspace.arena.removeAll(keepingCapacity: true)
        workspace.decoded.removeAll(keepingCapacity: true)
        let window = UnsafeBufferPointer(rebasing: whole[behind...])
        let csv = reading.isTable ? csv : nil
        for (index, json) in workspace.texts.enumerated() where isApart(json, whole, behind) {
            let coding = csv?.cells[index].coding ?? self.coding
            if workspace.arena.isEmpty { workspace.arena.append(contentsOf: repeatElement(0, count: CoreFinder.slack)) }
            var context: Range<Int>?
            if json.isContinued {
                workspace.arena.append(contentsOf: text.lookback)
            } else {
                if rules.usesContext {
                    let name = csv.map { $0.name(of: $0.cells[index]) } ?? []
                    let first = workspace.arena.count
                    workspace.arena.append(
                        contentsOf: UnsafeBufferPointer(rebasing: whole[max(0, behind + json.start - max(0, Rule.Context.seen - name.count))..<behind + json.start]))
                    if !name.isEmpty {
                        workspace.arena.append(contentsOf: name.suffix(Rule.Context.seen))
                        context = first..<workspace.arena.count
                    }
                }
            }
            // An edge, where there is none in the bytes.
            if !json.isContinued || text.before == nil, !json.isString || workspace.arena.last != UInt8(ascii: "\"") {
                workspace.arena.append(UInt8(ascii: "\""))
            }
            let start = workspace.arena.count
            var units = UnitMap()
            let raw = UnsafeBufferPointer(rebasing: window[json.start..<json.end])
            var read = raw.count
            if json.isString {
                read = coding.decode(raw, isClosed: json.isClosed, into: &workspace.arena, noting: &units)
            } else {
                workspace.arena.append(contentsOf: raw)
            }
            workspace.decoded.append(
                Workspace.DecodedText(start: start - CoreFinder.slack, count: workspace.arena.count - start, rawCount: read, units: units, context: context))
            workspace.arena.append(UInt8(ascii: "\""))
        }
        if !workspace.arena.isEmpty { workspace.arena.append(contentsOf: repeatElement(0, count: CoreFinder.slack)) }
        try workspace.findInArena()
    }

    // MARK: Plain texts

    /// Decides the places that lie in plain texts, whole in the window and without escapes; leaves the matches in order of their texts.
    private func confirm(_ window: UnsafeBufferPointer<UInt8>, _ blocks: UnsafePointer<json_block>, _ behind: Int, _ workspace: Workspace) {
        var confirming = PlainTexts(rules: rules, window: window, blocks: blocks, behind: behind, workspace: workspace)
        confirming.run()
    }

    /// Writes what was found in plain texts that begin before a place in the window.
    private mutating func writeFound(
        before end: Int, _ next: inout Int, _ window: UnsafeBufferPointer<UInt8>, _ workspace: Workspace, _ writer: inout WindowWriter
    ) {
        while next < workspace.found.count, workspace.found[next].text.lowerBound < end, writer.block == nil {
            let place = workspace.found[next].text
            let first = next
            while next < workspace.found.count, workspace.found[next].text.lowerBound == place.lowerBound { next += 1 }
            let bytes = UnsafeBufferPointer(rebasing: window[place])
            let match = workspace.found[first].match
            let rule = rules.compiled[match.rule]
            if next == first + 1, !workspace.found[first].isNumber, rule.rule.action.masks {
                // Most texts have one match, and then there is nothing to decide.
                let range = place.lowerBound + match.partStart..<place.lowerBound + match.partEnd
                writer.pass(to: range.lowerBound)
                writer.write(rule.writtenEscaped(match, in: bytes, rules))
                writer.skip(to: range.upperBound)
                writer.output.findings.append(
                    Finding(
                        rule: rule.rule.id, entity: rule.rule.entity, range: origin.start(range.lowerBound)..<origin.end(range.upperBound), action: .masked))
                continue
            }
            let stretch = TextScanner.Stretch(bytes: bytes, isLast: true, lookback: UnsafeBufferPointer(start: nil, count: 0), units: nil)
            workspace.scanner.decide(workspace.found[first..<next].lazy.map(\.match), in: stretch)
            text = TextState()
            if workspace.found[first].isNumber {
                applyToNumber(
                    workspace, JSONText(kind: .number, start: place.lowerBound, end: place.upperBound, isContinued: false, isClosed: true), bytes, &writer)
            } else {
                apply(workspace, text: bytes, at: place.lowerBound, units: nil, isEscaped: true, isLast: true, &writer)
            }
        }
    }

    /// Name of what masks a number longer than ``JSONTokenizer/longestNumber``.
    static let oversizedRule = "oversized-number"
    static let oversizedEntity = "OVERSIZED_NUMBER"

    private mutating func maskOversized(_ json: JSONText, _ writer: inout WindowWriter) {
        if !json.isContinued {
            writer.pass(to: json.start)
            writer.write(rules.numbers.written(Array("[REDACTED:\(Self.oversizedEntity)]".utf8)))
            oversizedFrom = origin.start(json.start)
        }
        writer.skip(to: json.end)
        if json.isClosed {
            writer.output.findings.append(
                Finding(rule: Self.oversizedRule, entity: Self.oversizedEntity, range: oversizedFrom..<origin.end(json.end), action: .masked))
        }
    }

    /// A number is replaced as a whole, by a string.
    private mutating func applyToNumber(_ workspace: Workspace, _ json: JSONText, _ bytes: UnsafeBufferPointer<UInt8>, _ writer: inout WindowWriter) {
        if let winner = workspace.scanner.replacements.first?.winner {
            writer.pass(to: json.start)
            writer.write(rules.numbers.written(rules.compiled[winner.rule].writtenEscaped(winner, in: bytes, rules)))
            writer.skip(to: json.end)
        }
        // One replacement, so one finding: the first of those that mask.
        var findings: [Finding] = []
        let start = origin.start(json.start)
        let end = workspace.scanner.block.map { origin.start(json.start + $0.start) } ?? origin.end(json.end)
        text.note(workspace.scanner, rules, isLast: true, bodyStart: { origin.start(json.start + $0) }, bodyEnd: { origin.end(json.start + $0) }, into: &findings)
        if let masked = findings.firstIndex(where: { $0.action == .masked }) { findings[masked].range = start..<end }
        let first = findings.first { $0.action == .masked }
        writer.output.findings += findings.filter { $0.action != .masked || $0 == first }
        self.end(workspace, at: json.start, units: nil, &writer)
    }

    // MARK: From text to output

    /// Writes the replacements of the latest scan and lists its findings.
    ///
    /// - Parameters:
    ///   - start: where the stretch begins in the window.
    ///   - isEscaped: the text is not written as it is.
    private mutating func apply(
        _ workspace: Workspace, text bytes: UnsafeBufferPointer<UInt8>, at start: Int, units: UnitMap?, isEscaped: Bool, isLast: Bool, _ writer: inout WindowWriter
    ) {
        let scanner = workspace.scanner
        func rawStart(_ offset: Int) -> Int { units?.rawStart(ofText: offset) ?? offset }
        func rawEnd(_ offset: Int) -> Int { units?.rawEnd(ofText: offset) ?? offset }
        let isEnd = isLast || scanner.block != nil
        for replacement in scanner.replacements {
            if let winner = replacement.winner {
                writer.pass(to: start + rawStart(replacement.start))
                let rule = rules.compiled[winner.rule]
                let written = isEscaped && coding == .json ? rule.writtenEscaped(winner, in: bytes, rules) : rule.written(winner, in: bytes, rules)
                writer.write(isEscaped && coding != .json ? coding.encoded(written) : written)
            }
            writer.skip(to: start + (isEnd ? rawEnd(replacement.end) : min(rawEnd(replacement.end), rawStart(scanner.released))))
        }
        text.note(
            scanner, rules, isLast: isLast, bodyStart: { origin.start(start + rawStart($0)) }, bodyEnd: { origin.end(start + rawEnd($0)) },
            into: &writer.output.findings)
        end(workspace, at: start, units: units, &writer)
    }

    /// Ends the body if the latest scan found that it must end.
    private func end(_ workspace: Workspace, at start: Int, units: UnitMap?, _ writer: inout WindowWriter) {
        guard let block = workspace.scanner.block else { return }
        let first = start + (units?.rawStart(ofText: block.start) ?? block.start)
        let last = start + (units?.rawEnd(ofText: block.coreEnd) ?? block.coreEnd)
        writer.pass(to: first)
        let rule = rules.compiled[block.rule].rule
        writer.block = Finding(rule: rule.id, entity: rule.entity, range: origin.start(first)..<origin.end(last), action: .blocked)
    }
}

