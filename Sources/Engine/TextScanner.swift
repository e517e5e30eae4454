// The heart of the engine: finds the matches in one stretch of a text, decides what is replaced, and how far the text may be released.
//
// `docs/decisions/0001-the-meaning-of-masking.md` says what must come out. All offsets here count from the first byte of the stretch,
// which begins where the last one was released up to.

import ByteKernels

/// What a text remembers from one stretch to the next.
struct TextState {
    /// The byte before the stretch; nil at the start of the text.
    var before: UInt8?
    /// What a context condition sees before the stretch where that is not what stands before it in the body: at most `Rule.Context.seen` bytes.
    var lookback: [UInt8] = []
    /// Rules that may not start anew yet.
    var runs: [Run] = []
    /// The replacement that was written last, if the stretch may still go on with it.
    var group: OpenGroup?
    /// Matches of `report` rules that are to be listed once all of them is released.
    var openReports: [OpenReport] = []

    /// A match that began before the stretch and reaches into it.
    struct Run {
        var rule: Int
        /// Where the match ends for now; the rule finds no other match before.
        var end: Int
        /// The automaton's state there; 0 when the match cannot get longer.
        var state: UInt16
    }

    struct OpenReport {
        var rule: Int
        /// Byte offset of its first byte in the body.
        var start: Int
        /// Byte offset behind it; nil while it can grow.
        var end: Int?
    }

    struct OpenGroup {
        var rule: Int
        /// Byte offset of its first byte in the body.
        var start: Int
        /// The stretch is covered up to here.
        var end: Int
        /// Byte offset of that end in the body.
        var bodyEnd: Int
    }
}

/// A replacement in a text.
struct Replacement {
    /// Half-open.
    var start: Int
    var end: Int
    /// Decides what is written; nil goes on with the open group and writes nothing.
    var winner: Match?
}

/// A match that is known to be one.
struct Match {
    var rule: Int
    /// The whole match.
    var start: Int
    /// The match as far as it is known; open-ended ones grow.
    var end: Int
    /// Where it was known to be a match.
    var coreEnd: Int
    /// The part to mask, widened to whole characters; its end grows with the match.
    var partStart: Int
    var partEnd: Int
    var partCoreEnd: Int
    /// Ran over the longest hold, or had more ends than are checked: masked without further checks.
    var isOverlong: Bool
    /// The state at `end` if the match can still grow.
    var state: UInt16
}

/// Scans stretches of text. One per thread at a time; keeps its buffers from call to call.
final class TextScanner {
    private let rules: [CompiledRule]
    private let finder: PlaceFinder
    /// The starts of open matches of some rules, and the last bytes behind which one of those can be open.
    private let openStarts: [(after: ByteSet, starts: OpenStarts)]
    private let scout: Scout

    // Results of the latest scan.
    private(set) var replacements: [Replacement] = []
    private(set) var reports: [Match] = []
    /// Open-ended matches of earlier stretches that ended in this one.
    private(set) var ended: [TextState.Run] = []
    /// The match that ends the body, once nothing before it is open.
    private(set) var block: Match?
    /// Bytes of the stretch that may be released.
    private(set) var released = 0
    /// The open match that holds everything back, if what is held is long: see ``Watch``.
    private(set) var watch: Watch?
    /// Units of work since this scanner was made: bytes that an automaton stepped over or that a check was given, and 64 for each match.
    private(set) var work = 0

    // Work space.
    private var matches: [Match] = []
    /// Where matches may begin, as rule × 2³² + start × 2, and one more where a match is known to be open.
    private var starts: [UInt64] = []
    private var unsorted: [UInt64] = []
    private var ends: [Int] = []
    /// Places behind words; none but while places are gathered.
    let behindWords: BehindWords.Sweep
    private var components: [Component] = []
    /// Rule → no match of it starts before. Reset after each scan through `touched`.
    private var resume: [Int]
    /// Rule → last place of the window at which a match was sought in a plain text.
    private var soughtLast: [Int]
    /// Rule → earliest start of it that is still open.
    private var open: [Int]
    private var touched: [Int] = []
    /// Rule → up to where it is looked at: everywhere, but for those whose gate has to be opened by a word of their context.
    private var gates: [Int]
    private let gated: [Int]
    /// Rule → see ``CompiledRule/isPrompt``.
    private let isPrompt: [Bool]
    /// Rule → whether it has a context, and one that is looked at before its automaton runs.
    private let hasContext, looksFirst: [Bool]
    /// Rule → whether its matches are taken out of the body, or end it; those of the others are reported.
    private let masks, blocks: [Bool]
    /// Rule → see ``CompiledRule/isSimple``.
    private let isSimple: [Bool]

    private struct Component {
        var matchStart: Int
        var start: Int
        var coreEnd: Int
        var end: Int
        var winner: Match
    }

    /// - Parameter open: of the rules whose plan does not find the starts of matches that are not complete.
    init(_ rules: [CompiledRule], _ finder: PlaceFinder, _ open: [OpenAutomata], _ scout: Scout) {
        self.rules = rules
        self.finder = finder
        self.scout = scout
        openStarts = open.map { automata in
            (after: automata.parts.reduce(ByteSet()) { $0 | rules[$1.rule].opensAfter }, starts: OpenStarts(automata))
        }
        resume = Array(repeating: 0, count: rules.count)
        soughtLast = Array(repeating: -1, count: rules.count)
        behindWords = BehindWords.Sweep(finder.behindWords)
        self.open = Array(repeating: .max, count: rules.count)
        gates = Array(repeating: .max, count: rules.count)
        isPrompt = rules.map(\.isPrompt)
        hasContext = rules.map { $0.context != nil }
        looksFirst = rules.map { $0.context.map { $0.within <= Self.shortLook } ?? false }
        masks = rules.map(\.rule.action.masks)
        blocks = rules.map { $0.rule.action == .block }
        isSimple = rules.map(\.isSimple)
        gated = rules.indices.filter { rules[$0].plan.isGated }
    }

    /// A stretch of text and what is known around it.
    struct Stretch {
        var bytes: UnsafeBufferPointer<UInt8>
        /// No more bytes follow in this text.
        var isLast: Bool
        /// What a context condition sees before them: at most `Rule.Context.seen` bytes.
        var lookback: UnsafeBufferPointer<UInt8>
        /// Escapes that a released end must not cut through.
        var units: UnitMap?
    }

    /// Scans a stretch in which ``gather(_:in:at:before:)`` has found where matches may start; leaves the results in `replacements`, `reports`, `block` and `released`, and in `state` what the next stretch
    /// needs, counted from the first byte that was not released.
    ///
    /// - Parameters:
    ///   - buffer: what was searched for those places.
    ///   - place: where the stretch begins in it.
    func scan(_ stretch: Stretch, at place: Int, of buffer: UnsafeBufferPointer<UInt8>, state: inout TextState) {
        clear()
        matches.removeAll(keepingCapacity: true)

        var limit = stretch.bytes.count
        goOn(with: &state.runs, in: stretch, before: state.before, group: &state.group, limit: &limit)
        let end = stretch.isLast ? Int.max : findOpenStarts(in: stretch, at: place, of: buffer, before: state.before, limit: limit)
        findMatches(in: stretch, before: state.before, upTo: end)
        for rule in touched { limit = min(limit, open[rule]) }
        watch = stretch.isLast ? nil : findWatch(at: limit, in: stretch, before: state.before)
        decide(in: stretch, limit: limit, state: &state)
        for rule in touched {
            resume[rule] = 0
            open[rule] = .max
        }
        touched.removeAll(keepingCapacity: true)
    }

    /// Decides a text that stands in one piece and of which all matches are known.
    func decide(_ known: some Collection<Match>, in stretch: Stretch) {
        clear()
        matches.removeAll(keepingCapacity: true)
        matches.append(contentsOf: known)
        var state = TextState()
        watch = nil
        decide(in: stretch, limit: stretch.bytes.count, state: &state)
    }

    // MARK: Plain texts

    /// Begins a window whose plain texts are looked at in order.
    func beginPlainTexts() {
        touched.removeAll(keepingCapacity: true)
        closeGates()
    }

    /// Lets a rule's places be looked at up to a place in the window.
    func openGate(_ rule: Int, upTo place: Int) { gates[rule] = max(gates[rule], place) }

    /// Whether a rule is looked at where it may start.
    @inline(__always)
    func isOpen(_ rule: Int, at start: Int) -> Bool { start < gates[rule] }

    /// Whether no earlier match of the rule reaches over a place of the window, and none was sought there.
    @inline(__always)
    func mayMatchInPlainText(_ rule: Int, at start: Int) -> Bool { start >= resume[rule] || isBehind(rule, start) }

    /// Whether a match of the rule was sought at a later place already, so that it may not have been one.
    @inline(__always)
    func isBehind(_ rule: Int, _ start: Int) -> Bool { start < soughtLast[rule] }

    /// The match of a rule at a place of the window, which is the last one for that rule so far.
    ///
    /// - Parameters:
    ///   - sight: what the scout saw from there.
    ///   - stretch: the text, from `textStart` in the window.
    func matchInPlainText(_ rule: Int, at start: Int, textStart: Int, _ sight: Scout.Sight, _ stretch: Stretch) -> Match? {
        if resume[rule] == 0 { touched.append(rule) }
        soughtLast[rule] = start
        resume[rule] = start + 1
        guard case .found(let match) = match(rule, from: start - textStart, sight, in: stretch, before: nil) else { return nil }
        resume[rule] = textStart + match.end
        return match
    }

    func endPlainTexts() {
        for rule in touched {
            resume[rule] = 0
            soughtLast[rule] = -1
        }
        touched.removeAll(keepingCapacity: true)
    }

    /// All matches in a text that stands in one piece.
    func forEachMatch(in stretch: Stretch, _ body: (Match) -> Void) {
        matches.removeAll(keepingCapacity: true)
        var ends: [Int: Int] = [:]
        var previous = UInt64.max
        for key in starts where key != previous {
            previous = key
            let (rule, start) = (Int(key >> 32), Int(key & 0xFFFF_FFFF) >> 1)
            guard start >= ends[rule] ?? 0, case .found(let match) = seek(rule, from: start, in: stretch, before: nil) else { continue }
            ends[rule] = match.end
            body(match)
        }
    }

    private func closeGates() { for rule in gated { gates[rule] = .min } }

    private func clear() {
        replacements.removeAll(keepingCapacity: true)
        reports.removeAll(keepingCapacity: true)
        ended.removeAll(keepingCapacity: true)
        components.removeAll(keepingCapacity: true)
        block = nil
    }

    // MARK: Matches that began earlier

    private func goOn(
        with runs: inout [TextState.Run], in stretch: Stretch, before: UInt8?, group: inout TextState.OpenGroup?, limit: inout Int
    ) {
        for index in runs.indices {
            let rule = runs[index].rule
            touched.append(rule)
            guard runs[index].state != 0 else {
                resume[rule] = max(resume[rule], runs[index].end)
                continue
            }
            let grown = grow(rule, from: runs[index].end, state: runs[index].state, in: stretch, before: before)
            runs[index].end = grown.end
            runs[index].state = grown.state
            if grown.end < grown.knownTo { limit = min(limit, grown.end) }
            resume[rule] = grown.state == 0 ? grown.end : .max
            if grown.state == 0 { ended.append(runs[index]) }
            if masks[rule], let end = group?.end { group?.end = max(end, grown.widenedEnd) }
        }
    }

    /// How far an open-ended match reaches.
    private struct Growth {
        var end: Int
        var widenedEnd: Int
        /// 0 when it cannot grow any more.
        var state: UInt16
        /// The bytes from `end` up to here may belong to it or not.
        var knownTo: Int
    }

    private func grow(_ rule: Int, from start: Int, state: UInt16, in stretch: Stretch, before: UInt8?) -> Growth {
        let forward = rules[rule].forward
        let table = forward.table
        let bytes = stretch.bytes
        var (index, current) = (start, state)
        var (end, endState) = (start, state)
        while index < bytes.count {
            let entry = table.entry(current, table.symbol(bytes[index]))
            if entry & StateTable.mark != 0 { (end, endState) = (index, current) }
            current = entry & StateTable.stateMask
            if current == 0 { break }
            index += 1
        }
        if index == bytes.count, current != 0 {
            if forward.accepts[Int(current)] || (stretch.isLast && table.entry(current, table.edge) & StateTable.mark != 0) {
                (end, endState) = (index, current)
            }
            if !stretch.isLast && !forward.isDecided[Int(current)] {
                return Growth(end: end, widenedEnd: end, state: endState, knownTo: index)
            }
        }
        guard let widened = widenedRight(end, in: stretch, before: before) else {
            return Growth(end: end, widenedEnd: end, state: endState, knownTo: bytes.count)
        }
        return Growth(end: end, widenedEnd: widened, state: 0, knownTo: end)
    }

    // MARK: Starts that are still open

    /// Notes the places at which a match begins that is still open at the end, from left to right and up to the first one that nothing can close: as nothing from
    /// there on is decided, what else is open there does not matter.
    ///
    /// - Parameter limit: nothing behind it is decided anyhow.
    /// - Returns: that place, or the limit. Matches that begin there or behind it do not matter either.
    private func findOpenStarts(in stretch: Stretch, at place: Int, of buffer: UnsafeBufferPointer<UInt8>, before: UInt8?, limit: Int) -> Int {
        let bytes = stretch.bytes
        let gathered = starts.count
        var limit = limit
        var hasPrompt = false
        for (after, starts) in openStarts {
            guard let last = bytes.last, after.contains(last) else { continue }
            starts.run(bytes, downTo: max(0, bytes.count - CompiledRule.longestHold), before: before)
            starts.forEachRun { rules, gaps in
                if gaps.lowerBound >= limit { return false }
                for rule in rules {
                    let rule = Int(rule)
                    let first = max(gaps.lowerBound, resume[rule])
                    if gaps.upperBound < first || open[rule] != .max { continue }
                    let gaps = first...gaps.upperBound
                    guard let start = self.rules[rule].context == nil ? first : gaps.first(where: { contextHolds(self.rules[rule], at: $0, in: stretch) })
                    else { continue }
                    touched.append(rule)
                    open[rule] = start
                    if isPrompt[rule] { hasPrompt = true } else if start < limit, !mayMatch(rule, before: start, gathered) { limit = start }
                }
                return true
            }
        }
        // The automata see single ways to read the text: one may still be open although another has committed the match.
        if hasPrompt {
            for rule in touched where open[rule] != .max && isPrompt[rule] && hasEnd(rule, from: open[rule], in: stretch, before: before) {
                open[rule] = openStart(rule, in: stretch, before: before)
            }
        }

        // Those of which the sieve could not see all that it looks at.
        let end = place + bytes.count
        finder.forEachOpenEntry(in: max(place, end - Int(SIEVE_GREATEST_OFFSET))..<max(place, end), of: buffer) { anchor, entry in
            let (rule, start) = (Int(entry.rule), anchor - place)
            if start >= limit { return false }
            guard entry.kind == .start, entry.value == 0, start < gates[rule], start >= resume[rule], start < open[rule] else { return true }
            switch scout.look(rule, from: start, in: bytes, before: before) {
            case .dead: break
            case .open where !isPrompt[rule]:
                // Where its context does not stand, nothing that comes makes it a match.
                if hasContext[rule], !contextHolds(rules[rule], at: start, in: stretch) { break }
                if !mayMatch(rule, before: start, gathered) { limit = start }
                starts.append(Self.key(rule, start, isOpen: true))
            case .open, .unclear: starts.append(Self.key(rule, start))
            }
            return true
        }
        if starts.count > gathered { starts.sort() }
        return limit
    }

    /// Whether a match of a rule may start before a place, by `starts`, of which the first `sorted` are in order and few follow.
    private func mayMatch(_ rule: Int, before place: Int, _ sorted: Int) -> Bool {
        let keys = Self.key(rule, 0)..<Self.key(rule, place)
        var (low, high) = (0, sorted)
        while low < high {
            let middle = (low + high) / 2
            if starts[middle] < keys.lowerBound { low = middle + 1 } else { high = middle }
        }
        return low < sorted && keys.contains(starts[low]) || starts[sorted...].contains(where: keys.contains)
    }

    /// The earliest start, not before `resume`, from which a match is still open at the end of the stretch; `.max` if there is none.
    private func openStart(_ rule: Int, in stretch: Stretch, before: UInt8?) -> Int {
        let bytes = stretch.bytes
        var lowest = max(resume[rule], bytes.count - CompiledRule.longestHold)
        while true {
            var earliest = Int.max
            for automaton in rules[rule].open {
                work &+= Self.backwards(automaton.table, from: bytes.count, state: automaton.initial[0], downTo: lowest, in: bytes, before: before) { start in
                    if start < earliest, contextHolds(rules[rule], at: start, in: stretch) { earliest = start }
                    return true
                }
            }
            // The automaton sees single ways to read the text: one may still be open although another has committed the match.
            guard earliest != .max, rules[rule].isPrompt, hasEnd(rule, from: earliest, in: stretch, before: before) else { return earliest }
            lowest = earliest + 1
        }
    }

    /// Whether a match of a prompt rule that starts there is committed.
    private func hasEnd(_ rule: Int, from start: Int, in stretch: Stretch, before: UInt8?) -> Bool {
        if stretch.bytes.count - start < rules[rule].shortest { return false }
        let forward = rules[rule].forward
        let table = forward.table
        var state = forward.starts[table.symbol(leftOf: start, in: stretch.bytes, before: before)]
        for byte in stretch.bytes[start...] {
            let entry = table.entry(state, table.symbol(byte))
            if entry & StateTable.mark != 0 { return true }
            state = entry & StateTable.stateMask
            if state == 0 { return false }
            if forward.accepts[Int(state)] { return true }
        }
        return false
    }

    /// Runs a reverse automaton; `body` gets each gap with a mark and says whether to go on.
    ///
    /// - Returns: the number of bytes stepped over.
    @inline(__always)
    @discardableResult
    static func backwards(
        _ table: StateTable, from end: Int, state: UInt16, downTo lowest: Int, in bytes: UnsafeBufferPointer<UInt8>, before: UInt8?,
        _ body: (Int) -> Bool
    ) -> Int {
        var current = state
        var gap = end
        while gap >= max(lowest, 0) {
            let entry = table.entry(current, table.symbol(leftOf: gap, in: bytes, before: before))
            if entry & StateTable.mark != 0, !body(gap) { break }
            current = entry & StateTable.stateMask
            if current == 0 { break }
            gap -= 1
        }
        return end &- gap
    }

    // MARK: Long holds

    /// A match that is still open at the end of a stretch and holds it back.
    ///
    /// As long as it stays open no byte can be released, so small chunks need not have all that is held scanned anew: it is enough to
    /// step this automaton on. (A held stretch of 4 KiB that comes byte by byte would be scanned 4096 times.)
    struct Watch {
        var rule: Int
        var state: UInt16
        /// Bytes of text since the start of the match.
        var count: Int
        /// Raw bytes held that are already stepped over.
        var rawCount = 0
    }

    /// Contexts of at most as many bytes are looked at first.
    private static let shortLook = 24

    /// Held text of fewer bytes is scanned again rather than watched.
    static let shortHold = 256

    private func findWatch(at limit: Int, in stretch: Stretch, before: UInt8?) -> Watch? {
        let bytes = stretch.bytes
        guard bytes.count - limit > Self.shortHold, let rule = touched.first(where: { open[$0] == limit }) else { return nil }
        let forward = rules[rule].forward
        var watch = Watch(rule: rule, state: forward.starts[forward.table.symbol(leftOf: limit, in: bytes, before: before)], count: 0)
        return step(&watch, over: UnsafeBufferPointer(rebasing: bytes[limit...])) ? watch : nil
    }

    /// Steps over more text; false if the match may be decided, so that a scan is due.
    func step(_ watch: inout Watch, over bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        let rule = rules[watch.rule]
        let table = rule.forward.table
        for byte in bytes {
            let entry = table.entry(watch.state, table.symbol(byte))
            if rule.isPrompt, entry & StateTable.mark != 0 { return false }
            watch.state = entry & StateTable.stateMask
            watch.count += 1
            if watch.state == 0 || watch.count >= CompiledRule.longestHold || rule.forward.isDecided[Int(watch.state)] { return false }
            if rule.isPrompt, rule.forward.accepts[Int(watch.state)] { return false }
        }
        return true
    }

    // MARK: Candidates to matches

    /// Collects where matches may start in a stretch, from the places found in the buffer that it lies in.
    ///
    /// - Parameters:
    ///   - place: where the stretch begins in the buffer.
    ///   - before: the byte before the stretch; nil at the start of the text.
    /// - Returns: whether there are any, but for those that are open at the end of a stretch that is not the last.
    func gather(_ places: borrowing Places, in stretch: Stretch, at place: Int, before: UInt8?) -> Bool {
        starts.removeAll(keepingCapacity: true)
        let bytes = stretch.bytes
        let buffer = places.buffer
        closeGates()
        let text = place..<place + bytes.count
        // Words count that stand before the stretch.
        places.forEachEntry(in: max(0, place - finder.widestContext)..<place + bytes.count, finder.reader) { anchor, entry in
            let rule = Int(entry.rule)
            switch entry.kind {
            case .start:
                let start = anchor - Int(entry.value) - place
                if start >= 0 { addStart(of: rule, at: start, in: bytes, before: before) }
            case .pivot:
                let end = anchor - place
                if end >= 0, let prefix = rules[rule].prefixes[Int(entry.value)] { addStarts(of: rule, by: prefix, end: end, after: bytes[end], of: bytes, before: before) }
            case .word:
                behindWords.note(Int(entry.value), at: anchor, in: buffer, within: text) { addStarts($0, behindWords: $1, of: buffer, text: text, before: before) }
            case .gate:
                guard let range = rules[rule].context?.startsBehind(Int(entry.value), at: anchor, in: buffer) else { return }
                gates[rule] = max(gates[rule], range.upperBound - place)
            }
        }
        var index = places.firstCore(from: place + 1)
        while index < places.cores.count, places.cores[index].end <= place + bytes.count {
            let rule = places.cores[index].rule
            if let automaton = rules[rule].starts {
                addStarts(of: rule, by: automaton, end: places.cores[index].end - place, after: nil, of: bytes, before: before)
            }
            index += 1
        }
        behindWords.finish { addStarts($0, behindWords: $1, of: buffer, text: text, before: before) }
        sortStarts()
        return !starts.isEmpty
    }

    /// Puts `starts` in order. They come nearly in order of their places, so that it is enough to sort many of them by rule.
    private func sortStarts() {
        if starts.count < 2 { return }
        if starts.count < Self.many { return starts.sort() }
        var next = [Int](repeating: 0, count: rules.count + 1)
        for key in starts { next[Int(key >> 32) + 1] += 1 }
        for rule in rules.indices { next[rule + 1] += next[rule] }
        unsorted.removeAll(keepingCapacity: true)
        unsorted.append(contentsOf: starts)
        for key in unsorted {
            let rule = Int(key >> 32)
            starts[next[rule]] = key
            next[rule] += 1
        }
        for index in 1..<starts.count where starts[index - 1] > starts[index] { return starts.sort() }
    }

    /// Places for which a pass over the rules is worth it.
    private static let many = 128

    /// See `starts`.
    private static func key(_ rule: Int, _ start: Int, isOpen: Bool = false) -> UInt64 { UInt64(rule) << 32 | UInt64(start) << 1 | (isOpen ? 1 : 0) }

    private func addStart(of rule: Int, at start: Int, in bytes: UnsafeBufferPointer<UInt8>, before: UInt8?) {
        guard start < gates[rule] else { return }
        if scout.failsSoon(rule, from: start, in: bytes, before: before) {
            work &+= Scout.soon
        } else {
            starts.append(Self.key(rule, start))
        }
    }

    /// Adds the places at which a match may start by an automaton that runs back from `end`.
    private func addStarts(
        of rule: Int, by automaton: ReverseAutomaton, end: Int, after: UInt8?, of bytes: UnsafeBufferPointer<UInt8>, before: UInt8?
    ) {
        let table = automaton.table
        let state = automaton.initial[after.map(table.symbol) ?? table.edge]
        work &+= Self.backwards(table, from: end, state: state, downTo: end - CompiledRule.longestHold, in: bytes, before: before) { start in
            addStart(of: rule, at: start, in: bytes, before: before)
            return true
        }
    }

    /// Adds the places that words reach at which a match of a group's rules may start.
    private func addStarts(_ group: Int, behindWords places: Range<Int>, of buffer: UnsafeBufferPointer<UInt8>, text: Range<Int>, before: UInt8?) {
        let bytes = UnsafeBufferPointer(rebasing: buffer[text])
        behindWords.forEachStart(of: group, in: places, of: buffer, text: text, before: before) { addStart(of: $0, at: $1 - text.lowerBound, in: bytes, before: before) }
    }

    private func findMatches(in stretch: Stretch, before: UInt8?, upTo end: Int) {
        var previous = UInt64.max
        for key in starts where key != previous {
            previous = key
            let (rule, start) = (Int(key >> 32), Int(key & 0xFFFF_FFFF) >> 1)
            guard start >= resume[rule], start < open[rule], start <= end else { continue }
            if key & 1 == 1 {
                open[rule] = start
                touched.append(rule)
                continue
            }
            // A look at a few bytes is cheaper than a run of the automaton; a longer one is left for those that match.
            let looksFirst = looksFirst[rule]
            if looksFirst, !contextHolds(rules[rule], at: start, in: stretch) { continue }
            switch seek(rule, from: start, in: stretch, before: before) {
            case .none: break
            case .open:
                // Where its context does not stand, nothing that comes makes it a match.
                if hasContext[rule], !looksFirst, !contextHolds(rules[rule], at: start, in: stretch) { break }
                open[rule] = start
                touched.append(rule)
            case .found(let match):
                matches.append(match)
                touched.append(rule)
                resume[rule] = match.state == 0 ? match.end : .max
                if open[rule] < resume[rule] { open[rule] = resume[rule] == .max ? .max : openStart(rule, in: stretch, before: before) }
                if match.state != 0, match.end < stretch.bytes.count { open[rule] = match.end }
            }
        }
    }

    /// What deciding and replacing one match counts for, in bytes stepped over.
    private static let workOfMatch = 64

    enum Outcome {
        case none
        case open
        case found(Match)
    }

    /// The match of a rule that starts at a place, if there is one, after a look that most starts do not outlive.
    private func seek(_ rule: Int, from start: Int, in stretch: Stretch, before: UInt8?) -> Outcome {
        let sight = scout.run(rule, from: start, in: stretch.bytes, before: before)
        work &+= sight.stop &- start &+ 1
        if sight.isAlive, !stretch.isLast { return match(rule, from: start, in: stretch, before: before) }
        return sight.ends == 0 ? .none : match(rule, from: start, sight, in: stretch, before: before)
    }

    /// The match of a rule that starts at a place, if there is one.
    ///
    /// - Parameter sight: what the scout saw from there, to the end of the rule's hope or of the text.
    private func match(_ rule: Int, from start: Int, _ sight: Scout.Sight, in stretch: Stretch, before: UInt8?) -> Outcome {
        let isSimple = sight.ends == 1 && isSimple[rule] && sight.stop - start < CompiledRule.longestHold
        return isSimple ? match(rule, from: start, to: sight.lastEnd, in: stretch) : match(rule, from: start, in: stretch, before: before)
    }

    private func match(_ rule: Int, from start: Int, in stretch: Stretch, before: UInt8?) -> Outcome {
        let compiled = rules[rule]
        let forward = compiled.forward
        let table = forward.table
        let bytes = stretch.bytes
        var current = forward.starts[table.symbol(leftOf: start, in: bytes, before: before)]
        var index = start
        var end = -1
        var part = compiled.hasMask ? -1 : start
        ends.removeAll(keepingCapacity: true)
        defer { work &+= index &- start &+ 1 }

        while index < bytes.count {
            let entry = table.entry(current, table.symbol(bytes[index]))
            if entry & StateTable.mark != 0 {
                end = index
                if compiled.isPrompt { break }
                if compiled.isChecked { ends.append(index) }
            }
            current = entry & StateTable.stateMask
            if current == 0 { break }
            if part < 0, forward.isInMask[Int(current)] { part = index }
            index += 1
            if compiled.isPrompt {
                if forward.accepts[Int(current)] {
                    end = index
                    break
                }
            } else if index - start == CompiledRule.longestHold, end >= 0 || forward.accepts[Int(current)], forward.canGoOn[Int(current)] {
                guard contextHolds(compiled, at: start, in: stretch) else { return .none }
                return openEnded(rule, start: start, coreEnd: index, part: part, automaton: current, isOverlong: true, in: stretch)
            }
        }
        if compiled.isPrompt, end >= 0 {
            guard contextHolds(compiled, at: start, in: stretch) else { return .none }
            // The loop left `current` as the state at `end`: it stops before taking the step over the marked gap.
            return openEnded(rule, start: start, coreEnd: end, part: part, automaton: current, isOverlong: false, in: stretch)
        }
        if index == bytes.count, current != 0 {
            let endsHere = table.entry(current, table.edge) & StateTable.mark != 0
            if !stretch.isLast && !forward.isDecided[Int(current)] { return .open }
            if endsHere {
                end = index
                if compiled.isChecked { ends.append(index) }
            }
        }
        if end < 0 || !contextHolds(compiled, at: start, in: stretch) { return .none }
        let longest = end
        var triesLeft = CompiledRule.mostEndsChecked
        while true {
            var isUnchecked = false
            if compiled.isChecked {
                guard let next = ends.popLast() else { return .none }
                // Every end of every start would be cubic work for some inputs.
                isUnchecked = triesLeft == 0
                end = isUnchecked ? longest : next
                triesLeft -= 1
            }
            if end == bytes.count, !stretch.isLast, compiled.rest?.looksAhead == true { return .open }
            let partEnd = isUnchecked ? end : self.partEnd(compiled, part: part, end: end, in: stretch)
            if compiled.isChecked, !isUnchecked, !passesChecks(compiled, part..<partEnd, in: bytes) { continue }
            guard let widened = widenedRight(partEnd, in: stretch) else { return .open }
            work &+= Self.workOfMatch
            return .found(
                Match(
                    rule: rule, start: start, end: end, coreEnd: end, partStart: widenedLeft(part, in: bytes), partEnd: widened,
                    partCoreEnd: widened, isOverlong: isUnchecked, state: 0))
        }
    }

    /// The match of a rule that needs no more than its only end to be known.
    private func match(_ rule: Int, from start: Int, to end: Int, in stretch: Stretch) -> Outcome {
        let compiled = rules[rule]
        guard contextHolds(compiled, at: start, in: stretch) else { return .none }
        if compiled.isChecked, !passesChecks(compiled, start..<end, in: stretch.bytes) { return .none }
        guard let widened = widenedRight(end, in: stretch) else { return .open }
        work &+= end &- start &+ Self.workOfMatch
        return .found(
            Match(
                rule: rule, start: start, end: end, coreEnd: end, partStart: start, partEnd: widened, partCoreEnd: widened, isOverlong: false, state: 0))
    }

    /// A match that is one for sure and goes on for as long as its automaton does.
    private func openEnded(
        _ rule: Int, start: Int, coreEnd: Int, part: Int, automaton state: UInt16, isOverlong: Bool, in stretch: Stretch
    ) -> Outcome {
        guard let widenedCore = widenedRight(coreEnd, in: stretch) else { return .open }
        let grown = grow(rule, from: coreEnd, state: state, in: stretch, before: nil)
        work &+= grown.knownTo &- coreEnd &+ Self.workOfMatch
        return .found(
            Match(
                rule: rule, start: start, end: grown.end, coreEnd: coreEnd, partStart: widenedLeft(part < 0 ? start : part, in: stretch.bytes),
                partEnd: max(grown.widenedEnd, widenedCore), partCoreEnd: widenedCore, isOverlong: isOverlong, state: grown.state))
    }

    /// Where the part to mask ends: at the last place from which the rest of the pattern reaches the end of the match.
    private func partEnd(_ compiled: CompiledRule, part: Int, end: Int, in stretch: Stretch) -> Int {
        guard let rest = compiled.rest else { return end }
        let bytes = stretch.bytes
        let after = end < bytes.count ? bytes[end] : nil
        if rest.emptyGap.allows(before: bytes[end - 1], after: after) { return end }
        let table = rest.automaton.table
        var last = end
        work &+= Self.backwards(
            table, from: end, state: rest.automaton.initial[after.map(table.symbol) ?? table.edge], downTo: part + 1, in: bytes, before: nil
        ) { start in
            last = start
            return false
        }
        return last
    }

    private func passesChecks(_ compiled: CompiledRule, _ part: Range<Int>, in bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        let value = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(bytes)[part])
        return compiled.rule.checks.allSatisfy { check in
            work &+= value.count
            return check.passes(value)
        }
    }

    // MARK: Whole characters

    /// `end`, moved over the rest of a character that it cuts; nil if that rest has not arrived.
    private func widenedRight(_ end: Int, in stretch: Stretch, before: UInt8? = nil) -> Int? {
        let bytes = stretch.bytes
        guard let last = end > 0 ? bytes[end - 1] : before, last >= 0x80 else { return end }
        var widened = end
        while widened < bytes.count, widened - end < 3, ByteSet.continuation.contains(bytes[widened]) { widened += 1 }
        return widened == bytes.count && widened - end < 3 && !stretch.isLast ? nil : widened
    }

    private func widenedLeft(_ start: Int, in bytes: UnsafeBufferPointer<UInt8>) -> Int {
        var widened = start
        while widened > 0, start - widened < 3, ByteSet.continuation.contains(bytes[widened]), bytes[widened - 1] >= 0x80 { widened -= 1 }
        return widened
    }

    // MARK: Context

    private func contextHolds(_ compiled: CompiledRule, at start: Int, in stretch: Stretch) -> Bool {
        guard let context = compiled.context else { return true }
        let seen = context.within + 1
        let own = stretch.bytes[max(0, start - seen)..<start]
        let earlier = stretch.lookback.suffix(seen - own.count)
        return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: Rule.Context.seen) { window in
            _ = window.update(fromContentsOf: earlier)
            _ = window[earlier.count...].update(fromContentsOf: own)
            return context.stand(in: UnsafeBufferPointer(rebasing: window[..<(earlier.count + own.count)]))
        }
    }

    // MARK: What is replaced and what is released

    private func decide(in stretch: Stretch, limit: Int, state: inout TextState) {
        let isLast = stretch.isLast
        var limit = limit
        let blocking = matches.lazy.filter { [blocks] in blocks[$0.rule] }.min(by: comesFirst)
        var ending: Match?
        if let blocking {
            if isLast || limit > blocking.start { ending = blocking } else { limit = min(limit, blocking.start) }
        }
        let horizon = ending?.start ?? .max

        buildComponents(before: horizon)
        var release = limit
        if ending != nil {
            release = horizon
        } else if !isLast {
            // A component that an open match may still join is not decided, unless it has become too long for that.
            func isDecided(_ component: Component) -> Bool {
                component.coreEnd <= limit || limit - component.start >= CompiledRule.longestHold
            }
            for component in components where !isDecided(component) { release = min(release, component.matchStart) }
            var before: Int
            repeat {
                before = release
                if let units = stretch.units { release = units.unitStart(ofText: release) }
                // A match that begins before the release point must have its replacement begin there too, or wait whole.
                for component in components where component.matchStart < release && component.start >= release { release = component.matchStart }
            } while release != before
        }

        group(upTo: ending == nil && !isLast ? release : .max, state: &state)
        for match in matches where !masks[match.rule] && !blocks[match.rule] && match.start < min(isLast ? .max : release, horizon) { reports.append(match) }
        block = ending
        released = isLast ? (ending?.start ?? stretch.bytes.count) : release
        if !isLast && ending == nil { remember(stretch, release, &state) }
    }

    /// Text order, then priority, then length of the core, then id.
    private func comesFirst(_ a: Match, _ b: Match) -> Bool {
        if a.start != b.start { return a.start < b.start }
        return wins(a, over: b, aLength: a.coreEnd - a.start, bLength: b.coreEnd - b.start)
    }

    private func wins(_ a: Match, over b: Match, aLength: Int, bLength: Int) -> Bool {
        let (first, second) = (rules[a.rule].rule, rules[b.rule].rule)
        if first.priority != second.priority { return first.priority > second.priority }
        if aLength != bLength { return aLength > bLength }
        if first.id != second.id { return first.id.utf8.lexicographicallyPrecedes(second.id.utf8) }
        return a.start < b.start
    }

    private func buildComponents(before horizon: Int) {
        var masking = matches.filter { masks[$0.rule] && $0.start < horizon && $0.partStart < horizon }
        masking.sort { ($0.partStart, $0.start, $0.rule) < ($1.partStart, $1.start, $1.rule) }
        for match in masking {
            if var last = components.last, match.partStart < last.coreEnd, match.partStart - last.start < CompiledRule.longestHold {
                last.matchStart = min(last.matchStart, match.start)
                last.coreEnd = max(last.coreEnd, match.partCoreEnd)
                last.end = max(last.end, match.partEnd)
                let winner = last.winner
                if wins(match, over: winner, aLength: match.partCoreEnd - match.partStart, bLength: winner.partCoreEnd - winner.partStart) { last.winner = match }
                components[components.count - 1] = last
            } else {
                components.append(
                    Component(matchStart: match.start, start: match.partStart, coreEnd: match.partCoreEnd, end: match.partEnd, winner: match))
            }
        }
    }

    /// Joins components that touch or overlap into replacements.
    private func group(upTo release: Int, state: inout TextState) {
        if let open = state.group { replacements.append(Replacement(start: 0, end: open.end, winner: nil)) }
        for component in components where component.start < release {
            if let last = replacements.last, component.start <= last.end {
                replacements[replacements.count - 1].end = max(last.end, component.end)
            } else {
                replacements.append(Replacement(start: component.start, end: component.end, winner: component.winner))
            }
        }
    }

    /// Leaves in `state` what the next stretch, which begins at `release`, needs to know.
    private func remember(_ stretch: Stretch, _ release: Int, _ state: inout TextState) {
        state.runs.removeAll { $0.state == 0 && $0.end <= release }
        for index in state.runs.indices { state.runs[index].end -= release }
        for match in matches where match.start < release && (match.state != 0 || match.end > release) {
            state.runs.append(TextState.Run(rule: match.rule, end: match.end - release, state: match.state))
        }
        let bytes = stretch.bytes
        if release > 0 { state.before = bytes[release - 1] }
        let kept = UnsafeBufferPointer(rebasing: bytes[max(0, release - Rule.Context.seen)..<release])
        let earlier = UnsafeBufferPointer(rebasing: stretch.lookback.suffix(Rule.Context.seen - kept.count))
        state.lookback.replaceSubrange(0..., with: earlier)
        state.lookback.append(contentsOf: kept)
    }
}

extension Rule.Action {
    /// Whether a match is taken out of the body.
    var masks: Bool {
        switch self {
        case .redact, .mask, .hash, .token, .remove: true
        case .block, .report: false
        }
    }
}
