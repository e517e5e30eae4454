// A body that is one text, or one JSON document: chunks in, masked bytes out.

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
        let whole = UnsafeBufferPointer(rebasing: UnsafeBufferPointer(workspace.window)[..<workspace.windowCount])
        let window = UnsafeBufferPointer(rebasing: whole[behind...])
        var writer = Writer(window: window, heldCount: held.count, chunkOffset: chunkOffset, output: output)
        workspace.candidates.removeAll()
        try rules.find(in: window, workspace)
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
            held = Array(window[released...])
            before = Array(whole[max(0, behind + released - Rule.Context.widest)..<behind + released])
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
        workspace.candidates.sort()
        let stretch = TextScanner.Stretch(
            bytes: window, isLast: isLast, candidates: 0..<workspace.candidates.count, candidateBase: 0, units: nil)
        workspace.scanner.scan(stretch, candidates: workspace.candidates, state: &text)
        apply(workspace, text: window, at: 0, units: nil, isLast: isLast, &writer) { $0 }
        if writer.block == nil { writer.pass(to: workspace.scanner.released) }
        watch = workspace.scanner.watch
    }

    // MARK: JSON

    private mutating func maskJSON(
        _ whole: UnsafeBufferPointer<UInt8>, _ behind: Int, _ isLast: Bool, _ workspace: Workspace, _ writer: inout Writer
    ) throws(MaskError) {
        let window = UnsafeBufferPointer(rebasing: whole[behind...])
        workspace.texts.removeAll(keepingCapacity: true)
        let end = tokenizer.read(window, isLast: isLast, into: &workspace.texts)
        if let broken = tokenizer.brokenAt { brokenJSONAt = heldFrom + broken }

        // Texts that are not what stands in the window, or not with what stands before them there, are copied out and scanned all in one go; what
        // was found in their raw bytes does not count.
        func isApart(_ json: JSONText) -> Bool {
            switch json.kind {
            case .string(let hasEscape): hasEscape
            case .number, .tail: !json.isContinued && json.start > 0 && ByteSet.word.contains(window[json.start - 1])
            case .oversizedNumber: false
            }
        }
        workspace.arena.removeAll(keepingCapacity: true)
        workspace.decoded.removeAll(keepingCapacity: true)
        for json in workspace.texts where isApart(json) {
            let start = workspace.arena.count
            var units = UnitMap()
            let raw = UnsafeBufferPointer(rebasing: window[json.start..<json.end])
            var read = raw.count
            if case .string = json.kind {
                read = JSONEscapes.decode(raw, isClosed: json.isClosed, into: &workspace.arena, noting: &units)
            } else {
                workspace.arena.append(contentsOf: raw)
            }
            workspace.decoded.append(Workspace.DecodedText(start: start, count: workspace.arena.count - start, rawCount: read, units: units))
            workspace.arena.append(UInt8(ascii: "\""))
        }
        workspace.candidates.sort()
        var arenaCandidates = CandidateList()
        let arenaCount = workspace.arena.count
        if arenaCount > 0 {
            workspace.arena.append(contentsOf: repeatElement(0, count: CandidateFinder.slack))
            swap(&arenaCandidates, &workspace.candidates)
            workspace.candidates.removeAll()
            try workspace.arena.withUnsafeBufferPointer { arena throws(MaskError) in
                try rules.find(in: UnsafeBufferPointer(rebasing: arena[..<arenaCount]), workspace)
            }
            workspace.candidates.sort()
            swap(&arenaCandidates, &workspace.candidates)
        }

        var nextInWindow = 0
        var nextInArena = 0
        var nextDecoded = 0
        var released = end
        for json in workspace.texts where writer.block == nil {
            if json.kind == .oversizedNumber {
                maskOversized(json, &writer)
                continue
            }
            var decoded: Workspace.DecodedText?
            if isApart(json) {
                decoded = workspace.decoded[nextDecoded]
                nextDecoded += 1
            }
            if json.kind == .number, !json.isClosed {
                released = json.start
                continue
            }
            let candidates =
                if let decoded {
                    Self.take(arenaCandidates, &nextInArena, from: decoded.start, to: decoded.start + decoded.count)
                } else {
                    Self.take(workspace.candidates, &nextInWindow, from: json.start, to: json.end)
                }
            if candidates.isEmpty, json.isClosed, !json.isContinued { continue }
            if !json.isContinued {
                text = TextState()
                if rules.usesContext { text.lookback = Array(whole[max(0, behind + json.start - Rule.Context.widest)..<behind + json.start]) }
            }

            workspace.arena.withUnsafeBufferPointer { arena in
                let place = decoded.map { $0.start..<$0.start + $0.count } ?? json.start..<json.end
                let bytes = UnsafeBufferPointer(rebasing: decoded == nil ? window[place] : arena[place])
                let stretch = TextScanner.Stretch(
                    bytes: bytes, isLast: json.isClosed, candidates: candidates, candidateBase: place.lowerBound, units: decoded?.units)
                if decoded == nil {
                    workspace.scanner.scan(stretch, candidates: workspace.candidates, state: &text)
                } else {
                    workspace.scanner.scan(stretch, candidates: arenaCandidates, state: &text)
                }
                switch json.kind {
                case .number, .oversizedNumber: applyToNumber(workspace, json, bytes, &writer)
                case .string: apply(workspace, text: bytes, at: json.start, units: decoded?.units, isLast: json.isClosed, &writer) { Self.escaped($0) }
                case .tail: apply(workspace, text: bytes, at: json.start, units: nil, isLast: json.isClosed, &writer) { $0 }
                }
                if !json.isClosed {
                    let reached = workspace.scanner.released
                    let rawCount = decoded?.rawCount ?? bytes.count
                    released = json.start + (reached == bytes.count ? rawCount : decoded?.units.rawStart(ofText: reached) ?? reached)
                    watch = workspace.scanner.watch
                    watch?.rawCount = json.start + rawCount - released
                }
            }
        }
        if writer.block == nil { writer.pass(to: released) }
    }

    private static func escaped(_ bytes: [UInt8]) -> [UInt8] {
        var raw: [UInt8] = []
        JSONEscapes.escape(bytes, into: &raw)
        return raw
    }

    /// The candidates that end inside (`from`, `to`], given that earlier calls took those before.
    private static func take(_ candidates: borrowing CandidateList, _ next: inout Int, from: Int, to: Int) -> Range<Int> {
        while next < candidates.count, candidates[next].end <= from { next += 1 }
        let first = next
        while next < candidates.count, candidates[next].end <= to { next += 1 }
        return first..<next
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
            writer.write([UInt8(ascii: "\"")] + Self.escaped(rules.compiled[winner.rule].written(winner, in: bytes)) + [UInt8(ascii: "\"")])
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
    ///   - encode: makes a replacement fit to stand there.
    private mutating func apply(
        _ workspace: Workspace, text bytes: UnsafeBufferPointer<UInt8>, at start: Int, units: UnitMap?, isLast: Bool, _ writer: inout Writer,
        encode: ([UInt8]) -> [UInt8]
    ) {
        let scanner = workspace.scanner
        let bodyStart = heldFrom + start
        func rawStart(_ offset: Int) -> Int { units?.rawStart(ofText: offset) ?? offset }
        func rawEnd(_ offset: Int) -> Int { units?.rawEnd(ofText: offset) ?? offset }
        let isEnd = isLast || scanner.block != nil
        for replacement in scanner.replacements {
            if let winner = replacement.winner {
                writer.pass(to: start + rawStart(replacement.start))
                writer.write(encode(rules.compiled[winner.rule].written(winner, in: bytes)))
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

extension RuleSet {
    /// Fills the workspace's candidates from `bytes`, which must have ``CandidateFinder/slack`` readable bytes behind them.
    func find(in bytes: UnsafeBufferPointer<UInt8>, _ workspace: Workspace) throws(MaskError) {
        guard let finder, let scratch = workspace.scratch else { return }
        try finder.find(in: UnsafeRawBufferPointer(bytes), scratch: scratch, into: &workspace.candidates)
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
