// A body that is one text, or one JSON document: chunks in, masked bytes out.

import ByteKernels

/// The state of one body that is read as `text` or `json`.
struct BodyMasker {
    enum Reading { case text, json }

    /// Bytes taken into the window at a time. Keeps the work space small and in the cache.
    private static let stride = 32 * 1024

    private let rules: RuleSet
    private let reading: Reading
    /// Bytes that arrived and were not released.
    private var held: [UInt8] = []
    /// Offset in the body of the first byte held.
    private var heldFrom = 0
    /// The last bytes before those held, as they came: what a text that begins in the next window can look back on.
    private var before: [UInt8] = []
    /// The text that goes on in the next window.
    private var text = TextState()
    private var tokenizer = JSONTokenizer()
    /// Where the body stopped being JSON.
    private(set) var brokenJSONAt: Int?
    /// Where the number under way that is masked for its length began in the body.
    private var oversizedFrom = 0
    /// Set while one open match holds back all that is held.
    private var watch: TextScanner.Watch?

    init(_ rules: RuleSet, _ reading: Reading) {
        self.rules = rules
        self.reading = reading
    }

    var heldCount: Int { held.count }

    /// Takes the next chunk. Not to be called again after a block or a throw.
    mutating func feed(_ chunk: UnsafeRawBufferPointer, into output: inout MaskedBytes) throws(MaskError) {
        var offset = 0
        while offset < chunk.count, output.blocked == nil {
            let end = min(offset + Self.stride, chunk.count)
            try advance(UnsafeRawBufferPointer(rebasing: chunk[offset..<end]), chunkOffset: offset, isLast: false, into: &output)
            offset = end
        }
    }

    /// Ends the body.
    mutating func finish(into output: inout MaskedBytes) throws(MaskError) {
        try advance(UnsafeRawBufferPointer(start: nil, count: 0), chunkOffset: 0, isLast: true, into: &output)
    }

    /// Bytes that stand in the place of others.
    struct Edit {
        var range: Range<Int>
        var bytes: [UInt8]
    }

    /// Masks a whole body at once, for those who put it together themselves.
    ///
    /// - Returns: what to replace in `bytes`, in order.
    static func edits(
        _ rules: RuleSet, _ reading: Reading, _ bytes: [UInt8]
    ) throws(MaskError) -> (edits: [Edit], findings: [Finding], blocked: Finding?) {
        var masker = BodyMasker(rules, reading)
        var output = MaskedBytes()
        try bytes.withUnsafeBufferPointer { bytes throws(MaskError) in
            try masker.advance(UnsafeRawBufferPointer(bytes), chunkOffset: 0, isLast: true, into: &output)
        }
        var edits: [Edit] = []
        var reached = 0
        var written: [UInt8] = []
        for piece in output.pieces + [.passed(bytes.count..<bytes.count)] {
            switch piece {
            case .bytes(let replacement): written += replacement
            case .passed(let range):
                if range.lowerBound > reached { edits.append(Edit(range: reached..<range.lowerBound, bytes: written)) }
                written = []
                reached = range.upperBound
            }
        }
        return (edits, output.findings, output.blocked)
    }

    // MARK: One window

    /// Scans what was held together with `new` and releases what it can.
    private mutating func advance(
        _ new: UnsafeRawBufferPointer, chunkOffset: Int, isLast: Bool, into output: inout MaskedBytes
    ) throws(MaskError) {
        let workspace = try rules.takeWorkspace()
        if !isLast, stillHeld(new, workspace) {
            held.append(contentsOf: new)
            rules.give(back: workspace)
            return
        }
        watch = nil
        held.withUnsafeBytes { held in before.withUnsafeBytes { before in workspace.fillWindow(before, held, new) } }
        let behind = before.count
        let whole = UnsafeBufferPointer(workspace.window)
        let window = UnsafeBufferPointer(rebasing: whole[behind...])
        var writer = Writer(window: window, heldCount: held.count, chunkOffset: chunkOffset, output: output)
        try workspace.findInWindow()
        switch reading {
        case .text: maskText(whole, behind, isLast, workspace, &writer)
        case .json: try maskJSON(whole, behind, isLast, workspace, &writer)
        }
        output = writer.output
        let released = writer.position
        if let found = writer.block {
            held = []
            output.blocked = found
        } else {
            held.removeAll(keepingCapacity: true)
            held.append(contentsOf: UnsafeBufferPointer(rebasing: window[released...]))
            before.removeAll(keepingCapacity: true)
            before.append(contentsOf: UnsafeBufferPointer(rebasing: whole[max(0, behind + released - Rule.Context.seen)..<behind + released]))
        }
        heldFrom += released
        rules.give(back: workspace)
    }

    /// Whether the match that holds everything back is still open after `new`, so that nothing can be released.
    private mutating func stillHeld(_ new: UnsafeRawBufferPointer, _ workspace: Workspace) -> Bool {
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

    private mutating func maskText(
        _ whole: UnsafeBufferPointer<UInt8>, _ behind: Int, _ isLast: Bool, _ workspace: Workspace, _ writer: inout Writer
    ) {
        let window = UnsafeBufferPointer(rebasing: whole[behind...])
        let stretch = TextScanner.Stretch(
            bytes: window, isLast: isLast, lookback: UnsafeBufferPointer(rebasing: whole[..<behind]), units: nil)
        _ = workspace.scanner.gather(workspace.places, of: rules.finder, in: stretch, at: behind, before: text.before)
        workspace.scanner.scan(stretch, state: &text)
        apply(workspace, text: window, at: 0, units: nil, isEscaped: false, isLast: isLast, &writer)
        if writer.block == nil { writer.pass(to: workspace.scanner.released) }
        watch = workspace.scanner.watch
    }

    // MARK: JSON

    private mutating func maskJSON(
        _ whole: UnsafeBufferPointer<UInt8>, _ behind: Int, _ isLast: Bool, _ workspace: Workspace, _ writer: inout Writer
    ) throws(MaskError) {
        let window = UnsafeBufferPointer(rebasing: whole[behind...])
        workspace.texts.removeAll(keepingCapacity: true)
        var carry = json_carry(escaped: false, in_string: tokenizer.isInString)
        json_structure(KernelVariant.best, window.baseAddress, window.count, &carry, workspace.blocks)
        let blocks = UnsafePointer(workspace.blocks)
        let followsScalar = behind > 0 && !ByteSet.beforeTexts.contains(whole[behind - 1])
        var released = tokenizer.walk(window, blocks, followsScalar: followsScalar, isLast: isLast, into: &workspace.texts)
        if let broken = tokenizer.brokenAt { brokenJSONAt = heldFrom + broken }
        addEscaped(window, blocks, workspace)
        if workspace.texts.count > 1 { workspace.texts.sort { $0.start < $1.start } }
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
            if json.kind == .number, !json.isClosed {
                released = json.start
                continue
            }
            if !json.isContinued { text = TextState() }
            scan(json, decoded, whole, behind, workspace, &released, &writer)
        }
        writeFound(before: window.count + 1, &nextFound, window, workspace, &writer)
        if writer.block == nil { writer.pass(to: released) }
    }

    /// Scans a text that needs more than a look, and applies what is found.
    private mutating func scan(
        _ json: JSONText, _ decoded: Workspace.DecodedText?, _ whole: UnsafeBufferPointer<UInt8>, _ behind: Int, _ workspace: Workspace,
        _ released: inout Int, _ writer: inout Writer
    ) {
        let scanner = workspace.scanner
        let lookback = text.lookback
        workspace.arena.withUnsafeBufferPointer { arena in
            lookback.withUnsafeBufferPointer { lookback in
                let place = decoded.map { $0.start..<$0.start + $0.count } ?? behind + json.start..<behind + json.end
                let bytes = UnsafeBufferPointer(rebasing: decoded == nil ? whole[place] : arena[place.lowerBound + CoreFinder.slack..<place.upperBound + CoreFinder.slack])
                let raw = UnsafeBufferPointer(rebasing: whole[max(0, behind + json.start - Rule.Context.seen)..<behind + json.start])
                let stretch = TextScanner.Stretch(
                    bytes: bytes, isLast: json.isClosed, lookback: json.isContinued ? lookback : raw, units: decoded?.units)
                let hasStarts =
                    decoded == nil
                    ? scanner.gather(workspace.places, of: rules.finder, in: stretch, at: place.lowerBound, before: text.before)
                    : scanner.gather(workspace.arenaPlaces, of: rules.finder, in: stretch, at: place.lowerBound, before: text.before)
                if !hasStarts, json.isClosed, !json.isContinued { return }
                scanner.scan(stretch, state: &text)
                switch json.kind {
                case .number, .oversizedNumber: applyToNumber(workspace, json, bytes, &writer)
                case .string: apply(workspace, text: bytes, at: json.start, units: decoded?.units, isEscaped: true, isLast: json.isClosed, &writer)
                case .tail: apply(workspace, text: bytes, at: json.start, units: nil, isEscaped: false, isLast: json.isClosed, &writer)
                }
                if !json.isClosed {
                    let reached = scanner.released
                    let rawCount = decoded?.rawCount ?? bytes.count
                    released = json.start + (reached == bytes.count ? rawCount : decoded?.units.rawStart(ofText: reached) ?? reached)
                    watch = scanner.watch
                    watch?.rawCount = json.start + rawCount - released
                }
            }
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
        case .oversizedNumber: return false
        }
    }

    private func ends(_ bytes: [UInt8], with end: [UInt8]) -> Bool { end.count <= bytes.count && bytes[(bytes.count - end.count)...] == end[...] }

    /// Decodes the texts that are apart into the arena, each behind what stands before it, and finds the places there.
    private func fillArena(_ whole: UnsafeBufferPointer<UInt8>, _ behind: Int, _ workspace: Workspace) throws(MaskError) {
        workspace.arena.removeAll(keepingCapacity: true)
        workspace.decoded.removeAll(keepingCapacity: true)
        let window = UnsafeBufferPointer(rebasing: whole[behind...])
        for json in workspace.texts where isApart(json, whole, behind) {
            if workspace.arena.isEmpty { workspace.arena.append(contentsOf: repeatElement(0, count: CoreFinder.slack)) }
            if json.isContinued {
                workspace.arena.append(contentsOf: text.lookback)
            } else {
                if rules.usesContext {
                    workspace.arena.append(
                        contentsOf: UnsafeBufferPointer(rebasing: whole[max(0, behind + json.start - Rule.Context.seen)..<behind + json.start]))
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
                read = JSONEscapes.decode(raw, isClosed: json.isClosed, into: &workspace.arena, noting: &units)
            } else {
                workspace.arena.append(contentsOf: raw)
            }
            workspace.decoded.append(
                Workspace.DecodedText(start: start - CoreFinder.slack, count: workspace.arena.count - start, rawCount: read, units: units))
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
        before end: Int, _ next: inout Int, _ window: UnsafeBufferPointer<UInt8>, _ workspace: Workspace, _ writer: inout Writer
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
                writer.write(rule.writtenEscaped(match, in: bytes))
                writer.skip(to: range.upperBound)
                writer.output.findings.append(
                    Finding(
                        rule: rule.rule.id, entity: rule.rule.entity, range: heldFrom + range.lowerBound..<heldFrom + range.upperBound, action: .masked))
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

    private mutating func maskOversized(_ json: JSONText, _ writer: inout Writer) {
        if !json.isContinued {
            writer.pass(to: json.start)
            writer.write(Array("\"[REDACTED:\(Self.oversizedEntity)]\"".utf8))
            oversizedFrom = heldFrom + json.start
        }
        writer.skip(to: json.end)
        if json.isClosed {
            writer.output.findings.append(
                Finding(rule: Self.oversizedRule, entity: Self.oversizedEntity, range: oversizedFrom..<heldFrom + json.end, action: .masked))
        }
    }

    /// A number is replaced as a whole, by a string.
    private mutating func applyToNumber(_ workspace: Workspace, _ json: JSONText, _ bytes: UnsafeBufferPointer<UInt8>, _ writer: inout Writer) {
        if let winner = workspace.scanner.replacements.first?.winner {
            writer.pass(to: json.start)
            writer.write([UInt8(ascii: "\"")] + rules.compiled[winner.rule].writtenEscaped(winner, in: bytes) + [UInt8(ascii: "\"")])
            writer.skip(to: json.end)
        }
        // One replacement, so one finding: the first of those that mask.
        var findings: [Finding] = []
        let start = heldFrom + json.start
        let end = workspace.scanner.block.map { start + $0.start } ?? heldFrom + json.end
        text.note(workspace.scanner, rules, isLast: true, bodyStart: { start + $0 }, bodyEnd: { start + $0 }, into: &findings)
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
    ///   - isEscaped: the text is that of a JSON string.
    private mutating func apply(
        _ workspace: Workspace, text bytes: UnsafeBufferPointer<UInt8>, at start: Int, units: UnitMap?, isEscaped: Bool, isLast: Bool, _ writer: inout Writer
    ) {
        let scanner = workspace.scanner
        let bodyStart = heldFrom + start
        func rawStart(_ offset: Int) -> Int { units?.rawStart(ofText: offset) ?? offset }
        func rawEnd(_ offset: Int) -> Int { units?.rawEnd(ofText: offset) ?? offset }
        let isEnd = isLast || scanner.block != nil
        for replacement in scanner.replacements {
            if let winner = replacement.winner {
                writer.pass(to: start + rawStart(replacement.start))
                let rule = rules.compiled[winner.rule]
                writer.write(isEscaped ? rule.writtenEscaped(winner, in: bytes) : rule.written(winner, in: bytes))
            }
            writer.skip(to: start + (isEnd ? rawEnd(replacement.end) : min(rawEnd(replacement.end), rawStart(scanner.released))))
        }
        text.note(
            scanner, rules, isLast: isLast, bodyStart: { bodyStart + rawStart($0) }, bodyEnd: { bodyStart + rawEnd($0) },
            into: &writer.output.findings)
        end(workspace, at: start, units: units, &writer)
    }

    /// Ends the body if the latest scan found that it must end.
    private func end(_ workspace: Workspace, at start: Int, units: UnitMap?, _ writer: inout Writer) {
        guard let block = workspace.scanner.block else { return }
        let first = start + (units?.rawStart(ofText: block.start) ?? block.start)
        let last = start + (units?.rawEnd(ofText: block.coreEnd) ?? block.coreEnd)
        writer.pass(to: first)
        let rule = rules.compiled[block.rule].rule
        writer.block = Finding(rule: rule.id, entity: rule.entity, range: heldFrom + first..<heldFrom + last, action: .blocked)
    }
}

/// Puts released bytes and replacements in order, without copying what came in with the latest chunk.
private struct Writer {
    let window: UnsafeBufferPointer<UInt8>
    /// Bytes of the window that were held; the rest is in the chunk.
    let heldCount: Int
    /// Where the window's new bytes begin in the chunk.
    let chunkOffset: Int
    var output: MaskedBytes
    /// The first byte of the window not dealt with.
    private(set) var position = 0
    var block: Finding?

    init(window: UnsafeBufferPointer<UInt8>, heldCount: Int, chunkOffset: Int, output: MaskedBytes) {
        self.window = window
        self.heldCount = heldCount
        self.chunkOffset = chunkOffset
        self.output = output
    }

    /// Releases the bytes up to `end` as they came.
    mutating func pass(to end: Int) {
        guard end > position else { return }
        if position < heldCount {
            append(Array(window[position..<min(end, heldCount)]))
        }
        if end > heldCount {
            let range = chunkOffset + max(position, heldCount) - heldCount..<chunkOffset + end - heldCount
            if case .passed(let last)? = output.pieces.last, last.upperBound == range.lowerBound {
                output.pieces[output.pieces.count - 1] = .passed(last.lowerBound..<range.upperBound)
            } else {
                output.pieces.append(.passed(range))
            }
        }
        position = end
    }

    /// Leaves the bytes up to `end` out.
    mutating func skip(to end: Int) { position = max(position, min(end, window.count)) }

    mutating func write(_ bytes: [UInt8]) { if !bytes.isEmpty { append(bytes) } }

    private mutating func append(_ bytes: [UInt8]) {
        if case .bytes(let last)? = output.pieces.last {
            output.pieces[output.pieces.count - 1] = .bytes(last + bytes)
        } else {
            output.pieces.append(.bytes(bytes))
        }
    }
}
