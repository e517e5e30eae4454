// The planner: which way of finding the places where a rule may match is the cheapest that is exact for it.

/// How the places are found where matches of a rule may start. Each way finds all of them, and more; the rule's automata decide.
struct Plan: Sendable {
    /// What is known when a gram stands somewhere.
    enum Anchor: Hashable, Sendable {
        /// The match starts as many bytes before the anchor.
        case start(before: Int)
        /// In front of the anchor a match has bytes that `prefixes[prefix]` reads: a reverse automaton finds the starts.
        case pivot(prefix: Int)
        /// The word of the rule's context with that number begins here: matches may start behind it.
        case word(Int)
        /// The word of the rule's context with that number begins here: only behind one are the rule's other places looked at.
        case gate(Int)

        /// A word of the context.
        var isWord: Bool {
            switch self {
            case .start, .pivot: false
            case .word, .gate: true
            }
        }
    }

    /// A gram to look for and what it means.
    struct Entry: Sendable {
        var anchor: Anchor
        var gram: Gram

        /// Whether ``WordFinder`` looks for it, rather than a sieve.
        var isSoughtWithWords: Bool { anchor.isWord || gram.wordBeginnings != nil }
    }

    /// The kinds of ways.
    enum Lane: String, Sendable, CaseIterable {
        case firstBytes = "from the first byte"
        case fixedDistance = "from a byte at a fixed distance"
        case pivot = "from a pivot behind what varies in length"
        case words = "from the words of the context"
        case gate = "looked at only behind words of the context"
        case hyperscan = "by Hyperscan, from the end of the core"
    }

    /// A way to find the starts of all matches, or of those of one alternative.
    struct Choice: Sendable {
        var lane: Lane
        /// Bytes from the start of a match to the anchor, where that is fixed.
        var distance = 0
        var name: String { lane == .fixedDistance ? "from byte \(distance + 1)" : lane.rawValue }
        var entries: [Entry] = []
        /// Places in a KB (1,000 bytes) of sample traffic at which the rule is looked at.
        var hitsPerKB = 0.0
        /// Expected nanoseconds for a KB of traffic: what a look costs times `hitsPerKB` and a little for what the sample does not show.
        var cost = 0.0
    }

    /// One for each alternative at the front of the pattern, or one for all of it.
    private(set) var chosen: [Choice] = []
    /// Weighed and dearer.
    private(set) var others: [Choice] = []
    /// Prefixes of pivots.
    private(set) var prefixes: [Pattern] = []
    /// Hyperscan looks for the core of the pattern; there are no entries.
    private(set) var isForHyperscan = false

    var entries: [Entry] { chosen.flatMap(\.entries) }
    var cost: Double { chosen.reduce(0) { $0 + $1.cost } }

    /// Every start has its place at the first byte, or behind a word of the context: so that of a match is found, too, of which no more than the first byte has come.
    var findsOpenStarts: Bool {
        let anchors = Set(entries.map(\.anchor))
        let isByWords = anchors.contains { if case .word = $0 { true } else { false } }
        return !isForHyperscan && anchors.allSatisfy { $0.isWord || !isByWords && $0 == .start(before: 0) }
    }

    /// Places count only behind a word of the rule's context.
    var isGated: Bool { entries.contains { if case .gate = $0.anchor { true } else { false } } }

    /// Above this cost a rule that has a literal is left to Hyperscan, in nanoseconds a KB.
    private static let dear = 300.0
    private static let lookAtStart = 30.0
    private static let lookAtPivot = 50.0
    private static let lookAtWord = 15.0
    /// At a place behind a word at which no match can begin.
    private static let lookBehindWord = 0.75
    private static let lookAtGate = 12.0
    /// At a place that its gate keeps from being looked at.
    private static let closed = 8.0
    /// What the sample does not show: places of a shape, and of a word, in a KB of other traffic. So a rule that nothing in the sample resembles is sought from the
    /// words of its context, too, which costs nothing where none of them stands.
    private static let unseenPlaces = 0.3
    private static let unseenWords = 0.02
    /// What it costs that a gram stands at every place of a text of one byte over and over, for all that the sample does not show it; counts where more grams could do without.
    private static let flood = 30.0
    /// What a gram more costs the others in the sieve.
    private static let room = 1.0
    /// Bytes in front of an anchor that make it worth a look whatever begins there.
    private static let farAnchor = 8
    /// What it costs, mostly in small events, that starts near the end of what has come are sought by an automaton: see ``OpenStarts``.
    private static let openStarts = 20.0

    /// What was chosen before, without what was weighed.
    init(chosen: [Choice], isForHyperscan: Bool) { (self.chosen, self.isForHyperscan, preferred) = (chosen, isForHyperscan, nil) }

    /// The lane to take wherever it is open, however dear.
    private var preferred: Lane?

    /// - Parameter preferred: for tests, which send rules through every lane that is open to them.
    init(_ pattern: Pattern, _ context: ContextWords?, core: Core, preferring preferred: Lane? = nil) {
        self.preferred = preferred
        add(pattern)
        let alternatives = pattern.alternativesAtFront
        if alternatives.count > 1, cost > Self.lookAtStart / 2 {
            var divided = self
            divided.chosen = []
            for alternative in alternatives { divided.add(alternative) }
            if divided.cost * 1.5 < cost { self = divided }
        }
        if let context {
            let grams = context.words.map(Gram.word)
            let words = Choice(lane: .words, entries: grams.indices.map { Entry(anchor: .word($0), gram: grams[$0]) })
            let gates = Choice(lane: .gate, entries: grams.indices.map { Entry(anchor: .gate($0), gram: grams[$0]) })
            close(by: Self.weighed(gates, each: Self.lookAtGate))
            replace(by: Self.weighed(words, each: Self.lookAtWord + Self.lookBehindWord * Double(context.within)))
        }
        if preferred == .hyperscan || core.literalLength >= 3 && cost > Self.dear {
            isForHyperscan = true
            replace(by: Choice(lane: .hyperscan, cost: Self.dear))
        }
    }

    /// Weighs the ways to find matches of an alternative and takes the cheapest.
    private mutating func add(_ pattern: Pattern) {
        var choices: [Choice] = []
        func weigh(_ lane: Lane, _ anchor: Anchor, distance: Int = 0, each: Double, _ grams: (_ most: Int) -> [Gram]) {
            // More grams tell more apart, and cost room in the sieve: a step up has to be worth it.
            var best: (choice: Choice, cost: Double)?
            for most in [4, 16, 48] {
                let choice = Self.weighed(
                    Choice(lane: lane, distance: distance, entries: grams(most).map { Entry(anchor: anchor, gram: $0) }), each: each)
                let cost = choice.cost + (choice.entries.contains { $0.gram.standsInFloods } ? Self.flood : 0)
                if choice.entries.count <= 64, cost + 2 < best?.cost ?? .infinity { best = (choice, cost) }
            }
            if let best { choices.append(best.choice) }
        }
        var whole = Positions(pattern)
        whole.startOnWholeCharacters()
        weigh(.firstBytes, .start(before: 0), each: Self.lookAtStart) { Gram.starts(of: whole, most: $0) }
        let parts = pattern.parts
        for index in parts.indices.dropFirst() where !parts[index].canBeEmpty {
            let prefix = Pattern.sequence(Array(parts[..<index]))
            if prefix.canBeEmpty || prefix.positionCount > 300 { continue }
            // Worth a look only where something begins that is rarer than what stands in front, or that the sieve does not see from the first byte.
            let before = Positions(prefix)
            let rest = Positions(.sequence(Array(parts[index...])))
            let inPrefix = before.sets.reduce(ByteSet(), |)
            let pivot = rest.first.reduce(ByteSet()) { $0 | rest.sets[$1.position] }
            guard (inPrefix & pivot).isEmpty || prefix.fixedLength ?? 0 >= Self.farAnchor else { continue }
            if let length = prefix.fixedLength {
                weigh(.fixedDistance, .start(before: length), distance: length, each: Self.lookAtStart) { Gram.pivots(prefix: before, rest: rest, most: $0) }
            } else {
                weigh(.pivot, .pivot(prefix: prefixes.count), each: Self.lookAtPivot) {
                    Gram.pivots(prefix: before, rest: rest, most: $0)
                }
                prefixes.append(prefix)
            }
        }
        choices.sort { $0.cost < $1.cost }
        if let index = choices.firstIndex(where: { $0.lane == preferred }) { choices.insert(choices.remove(at: index), at: 0) }
        if let first = choices.first { chosen.append(first) }
        others += choices.dropFirst()
    }

    /// Lets the rule's places be looked at only where a word of its context stands before them, if that is worth it.
    private mutating func close(by gates: Choice) {
        let closed = gates.cost + chosen.reduce(0) { $0 + Self.cost(of: $1, each: Self.closed) }
        guard closed < cost || preferred == .gate else { return }
        for index in chosen.indices { chosen[index].cost = Self.cost(of: chosen[index], each: Self.closed) }
        chosen.append(gates)
    }

    private mutating func replace(by choice: Choice) {
        if choice.lane != preferred, choice.cost >= cost || preferred != nil {
            others.append(choice)
        } else {
            others += chosen
            chosen = [choice]
        }
    }

    private static func weighed(_ choice: Choice, each: Double) -> Choice {
        var weighed = choice
        weighed.hitsPerKB = SampleTraffic.hitsPerKB(choice.entries.map(\.gram))
        weighed.cost = cost(of: weighed, each: each)
        return weighed
    }

    /// - Parameter each: of a look, in nanoseconds.
    private static func cost(of choice: Choice, each: Double) -> Double {
        let words = choice.entries.count { $0.anchor.isWord }
        let unseen = words > 0 ? unseenWords * Double(words) : unseenPlaces
        let isFromFurtherOn = choice.entries.contains { !$0.anchor.isWord && $0.anchor != .start(before: 0) }
        return (choice.hitsPerKB + unseen) * each + room * Double(choice.entries.count { !$0.isSoughtWithWords }) + (isFromFurtherOn ? openStarts : 0)
    }
}

extension SampleTraffic {
    /// Places of the sample at which one of the grams stands, seen at the offsets of the sieve, in 1,000 bytes.
    static func hitsPerKB(_ grams: [Gram]) -> Double {
        let offsets = Sieve.allOffsets
        let sets = grams.map { gram in offsets.map { gram[$0] } }
        // At most places no gram has the byte at one of the first offsets.
        let any = offsets.indices.prefix(4).map { index in sets.reduce(ByteSet()) { $0 | $1[index] } }
        let hits = bytes.withUnsafeBufferPointer { bytes in
            (1..<bytes.count - Gram.offsets.upperBound).count { place in
                func stands(_ sets: [ByteSet]) -> Bool { sets.indices.allSatisfy { sets[$0].contains(bytes[place + offsets[$0]]) } }
                return stands(any) && sets.contains(where: stands)
            }
        }
        return Double(hits) * 1000 / Double(bytes.count)
    }
}

extension Pattern {
    /// The elements of the outermost sequence, sequences and the masked part inside it opened.
    var parts: [Pattern] {
        switch self {
        case .sequence(let parts): parts.flatMap(\.parts)
        case .masked(let part): part.parts
        case .byte, .alternatives, .repeated, .assertion: [self]
        }
    }

    /// Patterns that together match what this one does, one for each alternative of the group that the pattern begins with.
    var alternativesAtFront: [Pattern] {
        let parts = self.parts
        guard let first = parts.firstIndex(where: { if case .assertion = $0 { false } else { true } }), case .alternatives(let choices) = parts[first],
            choices.count <= 8
        else { return [self] }
        return choices.map { .sequence(parts[..<first] + [$0] + parts[(first + 1)...]) }
    }

    /// The number of bytes it matches, if that is the same for all matches.
    var fixedLength: Int? {
        switch self {
        case .byte: return 1
        case .assertion: return 0
        case .masked(let part): return part.fixedLength
        case .sequence(let parts):
            var length = 0
            for part in parts {
                guard let own = part.fixedLength else { return nil }
                length += own
            }
            return length
        case .alternatives(let choices):
            let lengths = Set(choices.map(\.fixedLength))
            return lengths.count == 1 ? lengths.first! : nil
        case .repeated(let part, let least, let most):
            guard least == most, let own = part.fixedLength else { return nil }
            return own * least
        }
    }
}
