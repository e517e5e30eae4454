// The position automaton (Glushkov) of a pattern: one state for each byte that the pattern can read.
//
// Source: V. M. Glushkov, "The abstract theory of automata", 1961; with conditions on the gaps between two bytes, so that
// assertions need no states of their own.

/// A pattern as positions and the ways between them.
struct Positions {
    /// A way into, out of or between positions, open where the gap that it crosses allows it.
    struct Way {
        var position: Int
        var gap: Gap
    }

    /// Position → the bytes it reads.
    private(set) var sets: [ByteSet] = []
    /// Position → whether it lies in the masked part of the pattern.
    private(set) var isMasked: [Bool] = []
    /// Position → positions that may read the next byte.
    private(set) var following: [[Way]] = []
    /// Where a match may begin, and the condition on the gap before its first byte.
    private(set) var first: [Way] = []
    /// Where a match may end, and the condition on the gap behind its last byte.
    private(set) var last: [Way] = []
    /// The condition under which the pattern matches no byte at all.
    private(set) var emptyGap: Gap = .never

    var count: Int { sets.count }

    init(_ pattern: Pattern) {
        let whole = build(pattern, masked: false)
        first = whole.first
        last = whole.last
        emptyGap = whole.empty
    }

    // MARK: Construction

    private struct Fragment {
        var first: [Way] = []
        var last: [Way] = []
        var empty: Gap = .always
    }

    private mutating func build(_ pattern: Pattern, masked: Bool) -> Fragment {
        switch pattern {
        case .byte(let set):
            sets.append(set)
            isMasked.append(masked)
            following.append([])
            let way = Way(position: count - 1, gap: .always)
            return Fragment(first: [way], last: [way], empty: .never)
        case .assertion(let gap):
            return Fragment(empty: gap)
        case .masked(let part):
            return build(part, masked: true)
        case .sequence(let parts):
            var whole = Fragment()
            for part in parts { whole = join(whole, build(part, masked: masked)) }
            return whole
        case .alternatives(let choices):
            var whole = Fragment(empty: .never)
            for choice in choices {
                let fragment = build(choice, masked: masked)
                whole.first += fragment.first
                whole.last += fragment.last
                whole.empty = whole.empty.or(fragment.empty)
            }
            return whole
        case .repeated(let part, let least, let most):
            var copies: [Fragment] = []
            for _ in 0..<max(most ?? max(least, 1), 1) { copies.append(build(part, masked: masked)) }
            if most == nil, let tail = copies.last {
                for end in tail.last { for start in tail.first { connect(end, start) } }
            }
            // From the right: x{2,4} is x(x(x(x)?)?).
            var whole = Fragment()
            for (index, copy) in copies.enumerated().reversed() {
                whole = join(copy, whole)
                if index >= least { whole.empty = .always }
            }
            return whole
        }
    }

    private mutating func join(_ left: Fragment, _ right: Fragment) -> Fragment {
        for end in left.last { for start in right.first { connect(end, start) } }
        var joined = Fragment(first: left.first, last: right.last, empty: left.empty.and(right.empty))
        if !left.empty.isNever { joined.first += right.first.map { Way(position: $0.position, gap: $0.gap.and(left.empty)) } }
        if !right.empty.isNever { joined.last += left.last.map { Way(position: $0.position, gap: $0.gap.and(right.empty)) } }
        return joined
    }

    private mutating func connect(_ end: Way, _ start: Way) {
        let gap = end.gap.and(start.gap)
        if gap.isNever { return }
        if let known = following[end.position].firstIndex(where: { $0.position == start.position }) {
            following[end.position][known].gap = following[end.position][known].gap.or(gap)
        } else {
            following[end.position].append(Way(position: start.position, gap: gap))
        }
    }

    // MARK: Adjustments

    /// Lets no match begin on a UTF-8 continuation byte.
    mutating func startOnWholeCharacters() {
        let onCharacter = Gap(after: Neighbour(bytes: ~.continuation, edge: false))
        first = first.compactMap { way in
            guard !(sets[way.position] & .continuation).isEmpty else { return way }
            let gap = way.gap.and(onCharacter)
            return gap.isNever ? nil : Way(position: way.position, gap: gap)
        }
    }
}

/// A partition of the byte values into those that a position automaton cannot tell apart.
///
/// Symbols are the classes `0..<count`, and `count` itself for the edge of the text.
struct ByteClasses: Sendable {
    /// Byte value → class.
    let table: [UInt8]
    let count: Int
    /// Class → one byte of it.
    let sample: [UInt8]

    /// The symbol of the edge of the text.
    var edge: Int { count }
    var symbolCount: Int { count + 1 }

    init(_ positions: Positions) {
        var sets = Set(positions.sets)
        let ways = positions.first + positions.last + positions.following.joined()
        for gap in Set(ways.map(\.gap) + [positions.emptyGap]) where !gap.isAlways {
            for pair in gap.pairs {
                sets.insert(pair.before.bytes)
                sets.insert(pair.after.bytes)
            }
        }
        var classes = [Int](repeating: 0, count: 256)
        for set in sets {
            var renumbered: [Int: Int] = [:]
            for byte in 0..<256 {
                let key = classes[byte] * 2 + (set.contains(UInt8(byte)) ? 1 : 0)
                let number = renumbered[key] ?? renumbered.count
                renumbered[key] = number
                classes[byte] = number
            }
        }
        count = classes.max()! + 1
        table = classes.map { UInt8($0) }
        sample = (0..<count).map { wanted in UInt8(classes.firstIndex(of: wanted)!) }
    }
}
