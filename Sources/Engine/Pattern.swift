// The syntax tree of a pattern.

/// A pattern over bytes. See the table in `docs/decisions/0001-the-meaning-of-masking.md`.
indirect enum Pattern: Hashable, Sendable {
    /// One byte of the set.
    case byte(ByteSet)
    case sequence([Pattern])
    case alternatives([Pattern])
    /// `most` nil: without bound.
    case repeated(Pattern, least: Int, most: Int?)
    case assertion(Gap)
    /// `(?<mask>…)`.
    case masked(Pattern)

    static let empty = Pattern.sequence([])

    /// Whether it can match no bytes at all, whatever its assertions say.
    var canBeEmpty: Bool {
        switch self {
        case .byte: false
        case .sequence(let parts): parts.allSatisfy(\.canBeEmpty)
        case .alternatives(let choices): choices.contains(where: \.canBeEmpty)
        case .repeated(let part, let least, _): least == 0 || part.canBeEmpty
        case .assertion: true
        case .masked(let part): part.canBeEmpty
        }
    }

    var isUnbounded: Bool {
        switch self {
        case .byte, .assertion: false
        case .sequence(let parts), .alternatives(let parts): parts.contains(where: \.isUnbounded)
        case .repeated(let part, _, let most): most == nil || part.isUnbounded
        case .masked(let part): part.isUnbounded
        }
    }

    /// The number of byte positions after all repeats are written out.
    var positionCount: Int {
        switch self {
        case .byte: 1
        case .assertion: 0
        case .sequence(let parts), .alternatives(let parts): parts.reduce(0) { $0 + $1.positionCount }
        case .repeated(let part, let least, let most): part.positionCount * max(most ?? max(least, 1), 1)
        case .masked(let part): part.positionCount
        }
    }

    /// The ranges of positions that the elements of the outermost sequence take, in order.
    var elements: [Range<Int>] {
        var ranges: [Range<Int>] = []
        func add(_ pattern: Pattern) {
            switch pattern {
            case .sequence(let parts): parts.forEach(add)
            case .masked(let part): add(part)
            case .byte, .alternatives, .repeated, .assertion:
                let start = ranges.last?.upperBound ?? 0
                if pattern.positionCount > 0 { ranges.append(start..<start + pattern.positionCount) }
            }
        }
        add(self)
        return ranges
    }

    /// The pattern as three parts in sequence: before the masked part, the masked part, after it. Nil without a `(?<mask>…)`.
    var aroundMask: (before: Pattern, masked: Pattern, after: Pattern)? {
        switch self {
        case .masked(let part): return (.empty, part, .empty)
        case .sequence(let parts):
            for (index, part) in parts.enumerated() {
                if let inner = part.aroundMask {
                    return (
                        .sequence(Array(parts[..<index]) + [inner.before]), inner.masked,
                        .sequence([inner.after] + Array(parts[(index + 1)...]))
                    )
                }
            }
            return nil
        default: return nil
        }
    }

    /// Without assertions and without the mark of the masked part. Matches all that the pattern matches, and more.
    var withoutAssertions: Pattern {
        switch self {
        case .byte: self
        case .assertion: .empty
        case .sequence(let parts): .sequence(parts.map(\.withoutAssertions))
        case .alternatives(let choices): .alternatives(choices.map(\.withoutAssertions))
        case .repeated(let part, let least, let most): .repeated(part.withoutAssertions, least: least, most: most)
        case .masked(let part): part.withoutAssertions
        }
    }
}
