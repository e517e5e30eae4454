// Most texts of a JSON body are plain: whole in the window and without escapes. Their places are decided here, in one pass over the places found.

import ByteKernels

enum KernelVariant {
    /// Chosen once, when the first rule set is made.
    static let best = kernel_best_variant()
}

/// One pass over the places of a window.
struct PlainTexts {
    private let rules: RuleSet
    private let window: UnsafeBufferPointer<UInt8>
    private let blocks: UnsafePointer<json_block>
    /// Bytes of the buffer before the window.
    private let behind: Int
    private let workspace: Workspace
    private let scanner: TextScanner
    private let scout: Scout

    /// The text looked at last.
    private var text = 0..<0
    /// What was looked at last and is no plain text: its ends are not sought again for each of its places.
    private var passedOver = 0..<0
    private var isNumber = false
    private var pivotStarts: [Int] = []
    /// Texts in which a rule's places turned out not to be in order of the starts they stand for: they are decided again once all are known.
    private var unordered: [Range<Int>] = []

    init(rules: RuleSet, window: UnsafeBufferPointer<UInt8>, blocks: UnsafePointer<json_block>, behind: Int, workspace: Workspace) {
        self.rules = rules
        self.window = window
        self.blocks = blocks
        self.behind = behind
        self.workspace = workspace
        scanner = workspace.scanner
        scout = rules.scout
    }

    mutating func run() {
        workspace.found.removeAll(keepingCapacity: true)
        scanner.beginPlainTexts()
        let reader = rules.finder.reader
        let buffer = workspace.places.buffer
        workspace.places.forEachEntry(in: 0..<buffer.count, reader) { position, entry in
            let rule = Int(entry.rule)
            let place = position - behind
            switch entry.kind {
            case .start:
                let start = place - Int(entry.value)
                if start >= 0, scanner.isOpen(rule, at: start), find(start) { confirm(rule, start) }
            case .pivot:
                if place >= 0, scanner.isOpen(rule, at: 0), find(place) { confirm(rule, behind: Int(entry.value), end: place) }
            case .word:
                let range = behind..<behind + window.count
                scanner.behindWords.note(Int(entry.value), at: position, in: buffer, within: range) { confirm($0, behindWords: $1, buffer) }
            case .gate:
                guard let range = rules.compiled[rule].context?.startsBehind(Int(entry.value), at: position, in: buffer) else { return }
                scanner.openGate(rule, upTo: range.upperBound - behind)
            }
        }
        scanner.behindWords.finish { confirm($0, behindWords: $1, buffer) }
        for index in 0..<workspace.places.cores.count {
            let end = workspace.places.cores[index].end - behind
            if end > 0, find(end - 1) { postpone() }
        }
        scanner.endPlainTexts()
        decideUnordered()
        if workspace.found.count > 1 { workspace.found.sort { $0.text.lowerBound < $1.text.lowerBound } }
    }

    /// Looks up the plain text that holds a byte of the window; false if there is none.
    @inline(__always)
    private mutating func find(_ place: Int) -> Bool {
        text.contains(place) || look(for: place)
    }

    private mutating func look(for place: Int) -> Bool {
        if place >= window.count || passedOver.contains(place) { return false }
        let found: Range<Int>
        let isScalar: Bool
        if blocks.isInString(place) {
            found = blocks.lastQuote(before: place) + 1..<blocks.nextQuote(from: place, count: window.count)
            isScalar = false
        } else if blocks.isScalar(place) {
            found = blocks.scalars(around: place, count: window.count)
            let first = window[found.lowerBound]
            guard first == UInt8(ascii: "-") || first &- UInt8(ascii: "0") < 10 else {
                passedOver = found
                return false
            }
            isScalar = true
        } else {
            return false
        }
        if !workspace.texts.isEmpty, needsMore(found) {
            passedOver = found
            return false
        }
        (text, isNumber) = (found, isScalar)
        return true
    }

    /// Whether a text needs more than a look, so that it is not looked at here.
    private func needsMore(_ text: Range<Int>) -> Bool {
        let texts = workspace.texts
        var (low, high) = (0, texts.count)
        while low < high {
            let middle = (low + high) / 2
            if texts[middle].end <= text.lowerBound, texts[middle].start < text.lowerBound { low = middle + 1 } else { high = middle }
        }
        return low < texts.count && texts[low].start < max(text.upperBound, text.lowerBound + 1)
    }

    private func stretch() -> TextScanner.Stretch {
        let start = behind + text.lowerBound
        let buffer = workspace.places.buffer
        return TextScanner.Stretch(
            bytes: UnsafeBufferPointer(rebasing: window[text]), isLast: true,
            lookback: UnsafeBufferPointer(rebasing: buffer[max(0, start - Rule.Context.seen)..<start]), units: nil)
    }

    /// Looks for a match that starts at a place in the text.
    @inline(__always)
    private mutating func confirm(_ rule: Int, _ start: Int) {
        // A look that changes nothing is not taken: in a long match that begins anew at every few bytes each would go to its end.
        if !scanner.mayMatchInPlainText(rule, at: start) || unordered.last == text { return }
        let bytes = UnsafeBufferPointer(start: window.baseAddress.unsafelyUnwrapped + text.lowerBound, count: text.count)
        let sight = scout.run(rule, from: start &- text.lowerBound, in: bytes, before: nil)
        if sight.ends > 0 { confirm(rule, start, sight) }
    }

    @inline(never)
    private mutating func confirm(_ rule: Int, _ start: Int, _ sight: Scout.Sight) {
        if scanner.isBehind(rule, start) { return postpone() }
        guard let match = scanner.matchInPlainText(rule, at: start, textStart: text.lowerBound, sight, stretch()) else { return }
        workspace.found.append(Workspace.FoundMatch(match: match, text: text, isNumber: isNumber))
    }

    /// Looks for matches of a group's rules at places of the buffer that words reach.
    private mutating func confirm(_ group: Int, behindWords places: Range<Int>, _ buffer: UnsafeBufferPointer<UInt8>) {
        var place = places.lowerBound
        while place < places.upperBound {
            guard find(place - behind) else {
                place += 1
                continue
            }
            let text = behind + self.text.lowerBound..<behind + self.text.upperBound
            let end = min(places.upperBound, text.upperBound)
            scanner.behindWords.forEachStart(of: group, in: place..<end, of: buffer, text: text, before: nil) { confirm($0, $1 - behind) }
            place = end
        }
    }

    /// Looks for matches of which a prefix ends at a place in the text.
    private mutating func confirm(_ rule: Int, behind prefix: Int, end: Int) {
        guard let automaton = rules.compiled[rule].prefixes[prefix] else { return }
        pivotStarts.removeAll(keepingCapacity: true)
        let bytes = UnsafeBufferPointer(rebasing: window[text])
        let end = end - text.lowerBound
        TextScanner.backwards(
            automaton.table, from: end, state: automaton.initial[automaton.table.symbol(bytes[end])], downTo: end - CompiledRule.longestHold, in: bytes,
            before: nil
        ) { start in
            pivotStarts.append(start)
            return true
        }
        for index in stride(from: pivotStarts.count - 1, through: 0, by: -1) { confirm(rule, pivotStarts[index] + text.lowerBound) }
    }

    private mutating func postpone() {
        if unordered.last != text { unordered.append(text) }
    }

    private mutating func decideUnordered() {
        if unordered.isEmpty { return }
        unordered.sort { $0.lowerBound < $1.lowerBound }
        var next = 0
        workspace.found.sort { $0.text.lowerBound < $1.text.lowerBound }
        workspace.found.removeAll { found in
            while next < unordered.count, unordered[next].lowerBound < found.text.lowerBound { next += 1 }
            return next < unordered.count && unordered[next] == found.text
        }
        var last = -1
        for text in unordered where text.lowerBound != last {
            last = text.lowerBound
            self.text = text
            isNumber = !blocks.isInString(text.lowerBound)
            let stretch = stretch()
            guard scanner.gather(workspace.places, in: stretch, at: behind + text.lowerBound, before: nil) else { continue }
            scanner.forEachMatch(in: stretch) { workspace.found.append(Workspace.FoundMatch(match: $0, text: text, isNumber: isNumber)) }
        }
    }
}
