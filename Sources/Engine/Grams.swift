// Grams: what must stand at fixed offsets around a place in the text if a match of a rule is there. The sieve looks for them.

/// Sets of bytes at fixed offsets around an anchor.
struct Gram: Hashable, Sendable {
    /// Offsets that are known of: −1 is the byte before the anchor, 0 the anchor.
    static let offsets = -1...15

    /// By offset, the first for −1.
    private(set) var sets: [ByteSet]

    init() { sets = Array(repeating: .all, count: Self.offsets.count) }

    subscript(_ offset: Int) -> ByteSet {
        get { sets[offset + 1] }
        set { sets[offset + 1] = newValue }
    }

    /// The four bytes from the anchor on, in small letters, where there are few choices; nil where there are many.
    var literals: [[UInt8]]? { choices(4) }

    /// The first bytes of it, six or else four, in small letters, if it stands nowhere but where a word begins and there are few choices: then ``WordFinder`` can
    /// look for it.
    var wordBeginnings: [[UInt8]]? {
        // Where a letter follows on what is none, or a capital on a small one: see `words.c`.
        let letters = ByteSet.smallLetters | .capitals
        let before = self[-1] & letters
        guard self[0].isSubset(of: letters), before.isEmpty || before.isSubset(of: .smallLetters) && self[0].isSubset(of: .capitals) else { return nil }
        return choices(6) ?? choices(4)
    }

    /// The first `count` bytes, in small letters; nil where there are many choices.
    private func choices(_ count: Int) -> [[UInt8]]? {
        var choices: [[UInt8]] = [[]]
        for offset in 0..<count {
            let set = self[offset].withBit5
            if set.count * choices.count > 32 { return nil }
            let bytes = set.members
            choices = choices.flatMap { choice in bytes.map { choice + [$0] } }
        }
        return choices
    }

    /// Whether it stands in a text that is one byte over and over.
    var standsInFloods: Bool { !sets.dropFirst().reduce(ByteSet.all, &).isEmpty }

    func isInside(_ other: Gram) -> Bool { zip(sets, other.sets).allSatisfy { $0.isSubset(of: $1) } }
}

extension ByteSet {
    /// Bytes that may stand in the buffer where a text begins, zero for the start of a body: a text's edge is no byte, so its first gap is seen with one of these.
    static let beforeTexts = ByteSet(ascii: "\0\" \t\n\r:,[]{}")
}

extension Gram {
    /// Grams of which one stands at every start of a match, its anchor being the first byte.
    ///
    /// Alternatives get grams of their own as long as there are no more than `most`; beyond that they share them.
    static func starts(of positions: Positions, most: Int) -> [Gram] {
        grow(positions, from: positions.first.map { ($0.position, beforeAnchor($0.gap, positions.sets[$0.position])) }, most: most)
    }

    /// Grams of which one stands where `rest` begins in a match of `prefix` and `rest`, its anchor being the first byte of `rest`.
    static func pivots(prefix: Positions, rest: Positions, most: Int) -> [Gram] {
        let before = prefix.last.reduce(ByteSet()) { $0 | prefix.sets[$1.position] }
        return grow(rest, from: rest.first.map { ($0.position, before) }, most: most)
    }

    /// The gram of a word, in either case, its anchor being the first byte.
    static func word(_ word: [UInt8]) -> Gram {
        var gram = Gram()
        for (offset, byte) in word.enumerated() where offset <= offsets.upperBound { gram[offset] = ByteSet(byte).inBothCases }
        return gram
    }

    private static func beforeAnchor(_ gap: Gap, _ first: ByteSet) -> ByteSet {
        gap.pairs.reduce(ByteSet()) { known, pair in
            (pair.after.bytes & first).isEmpty ? known : known | pair.before.bytes | (pair.before.edge ? .beforeTexts : ByteSet())
        }
    }

    /// A gram under way: where a run may be after the bytes seen so far.
    private struct Way {
        var gram: Gram
        var positions: [Int]
        /// A match may have ended: what follows is not known.
        var hasEnded = false
    }

    /// Behind this offset ways are not told apart: the sieve sees too little of them.
    private static let lastSplit = 6

    private static func grow(_ positions: Positions, from first: [(position: Int, before: ByteSet)], most: Int) -> [Gram] {
        let mayEnd = Set(positions.last.map(\.position))

        /// The ways on to these positions, one for each set of bytes read there that is not part of another.
        func split(_ next: [(position: Int, before: ByteSet)], from gram: Gram, at offset: Int, splits: Bool) -> [Way] {
            var ways: [ByteSet: Way] = [:]
            let sets = Set(next.map { positions.sets[$0.position] }).sorted { ($1.count, $1) < ($0.count, $0) }
            for (position, before) in next {
                let own = positions.sets[position]
                let key = splits ? sets.first { own.isSubset(of: $0) } ?? own : .all
                var way = ways[key] ?? Way(gram: gram, positions: [])
                if way.positions.isEmpty {
                    way.gram[offset] = positions.sets[position]
                    if offset == 0 { way.gram[-1] = before }
                } else {
                    way.gram[offset] = way.gram[offset] | positions.sets[position]
                    if offset == 0 { way.gram[-1] = way.gram[-1] | before }
                }
                if !way.positions.contains(position) { way.positions.append(position) }
                if mayEnd.contains(position) { way.hasEnded = true }
                ways[key] = way
            }
            return Array(ways.values)
        }

        var ways = split(first, from: Gram(), at: 0, splits: true)
        if ways.count > most { ways = split(first, from: Gram(), at: 0, splits: false) }
        for offset in 1...offsets.upperBound {
            func step(splits: Bool) -> [Way] {
                ways.flatMap { way -> [Way] in
                    if way.hasEnded { return [way] }
                    let next = way.positions.flatMap { from in
                        positions.following[from].compactMap { on -> (position: Int, before: ByteSet)? in
                            let isOpen = on.gap.pairs.contains {
                                !($0.before.bytes & positions.sets[from]).isEmpty && !($0.after.bytes & positions.sets[on.position]).isEmpty
                            }
                            return isOpen ? (on.position, .all) : nil
                        }
                    }
                    return split(next, from: way.gram, at: offset, splits: splits)
                }
            }
            let split = offset <= lastSplit ? step(splits: true) : []
            ways = offset <= lastSplit && split.count <= most ? split : step(splits: false)
        }
        var grams: [Gram] = []
        for gram in Set(ways.map(\.gram)).sorted(by: { $0.sets.lexicographicallyPrecedes($1.sets, by: <) }) {
            if grams.contains(where: gram.isInside) { continue }
            grams.removeAll { $0.isInside(gram) }
            grams.append(gram)
        }
        return grams
    }
}
