// The core of a pattern: the least that must be there before a match is possible, which is what Hyperscan looks for.

/// What stands in for a pattern while candidates are sought.
///
/// Hyperscan reports every end of what it finds, so a pattern with a long tail would be reported once a byte. The core has its
/// repeats cut down to the least, no optional ends and no assertions: each match of the pattern has an end of the core inside.
struct Core: Sendable {
    /// Ends where some match of the pattern has got far enough; begins where the match begins.
    let whole: Pattern
    /// The same ends, with the beginning cut down too, as an expression for Hyperscan.
    let expression: String
    /// The longest run of bytes that the expression cannot do without, each of which is one character or its two cases.
    let literalLength: Int

    init(_ pattern: Pattern) {
        whole = Core.withLeastTail(pattern)
        var boundary = ""
        var head = whole
        if case .sequence(var parts) = Core.flat(whole) {
            while let first = parts.first, first.canBeEmpty { parts.removeFirst() }
            if case .repeated(let part, let least, let most)? = parts.first, most != least {
                parts[0] = .repeated(part, least: least, most: least)
            }
            head = .sequence(parts)
        }
        // A word boundary in front is worth its place: without it every byte inside a long run of digits is a candidate.
        if head == Core.flat(whole), Core.beginsWithBoundary(pattern), Core.beginsWithWord(head) { boundary = "\\b" }
        expression = boundary + Core.expression(of: head)
        literalLength = Core.longestLiteral(in: head)
    }

    // MARK: Cutting down

    private static func withLeastTail(_ pattern: Pattern) -> Pattern {
        if pattern.canBeEmpty { return .empty }
        switch pattern {
        case .byte: return pattern
        case .assertion: return .empty
        case .masked(let part): return withLeastTail(part)
        case .alternatives(let choices): return .alternatives(choices.map(withLeastTail))
        case .sequence(let parts):
            guard let end = parts.lastIndex(where: { !$0.canBeEmpty }) else { return .empty }
            return .sequence(parts[..<end].map(\.withoutAssertions) + [withLeastTail(parts[end])])
        case .repeated(let part, let least, _):
            if least <= 1 { return withLeastTail(part) }
            return .sequence([.repeated(part.withoutAssertions, least: least - 1, most: least - 1), withLeastTail(part)])
        }
    }

    /// With sequences inside sequences opened, and empty ones gone.
    private static func flat(_ pattern: Pattern) -> Pattern {
        guard case .sequence(let parts) = pattern else { return .sequence([pattern]) }
        return .sequence(
            parts.flatMap { part -> [Pattern] in
                guard case .sequence = part, case .sequence(let inner) = flat(part) else { return [part] }
                return inner
            })
    }

    private static func beginsWithBoundary(_ pattern: Pattern) -> Bool {
        switch pattern {
        case .assertion(let gap): gap == .wordBoundary
        case .sequence(let parts): parts.first.map(beginsWithBoundary) ?? false
        case .masked(let part): beginsWithBoundary(part)
        case .byte, .alternatives, .repeated: false
        }
    }

    private static func beginsWithWord(_ pattern: Pattern) -> Bool {
        switch pattern {
        case .byte(let set): set.isSubset(of: .word)
        case .sequence(let parts): parts.first.map { !$0.canBeEmpty && beginsWithWord($0) } ?? false
        case .alternatives(let choices): choices.allSatisfy { !$0.canBeEmpty && beginsWithWord($0) }
        case .repeated(let part, let least, _): least > 0 && !part.canBeEmpty && beginsWithWord(part)
        case .masked(let part): beginsWithWord(part)
        case .assertion: false
        }
    }

    // MARK: Writing it down

    private static func expression(of pattern: Pattern) -> String {
        switch pattern {
        case .byte(let set): return expression(of: set)
        case .sequence(let parts): return parts.map { expression(of: $0) }.joined()
        case .alternatives(let choices): return "(?:" + choices.map { expression(of: $0) }.joined(separator: "|") + ")"
        case .assertion: return ""
        case .masked(let part): return expression(of: part)
        case .repeated(let part, let least, let most):
            let inner = expression(of: part)
            let group: String
            if case .byte = part { group = inner } else { group = "(?:\(inner))" }
            guard let most else { return group + "{\(least),}" }
            return group + (least == most ? "{\(least)}" : "{\(least),\(most)}")
        }
    }

    private static func expression(of set: ByteSet) -> String {
        var ranges: [ClosedRange<Int>] = []
        for byte in 0...255 where set.contains(UInt8(byte)) {
            if let last = ranges.last, last.upperBound == byte - 1 {
                ranges[ranges.count - 1] = last.lowerBound...byte
            } else {
                ranges.append(byte...byte)
            }
        }
        func hex(_ byte: Int) -> String { "\\x" + (byte < 16 ? "0" : "") + String(byte, radix: 16) }
        if ranges.count == 1, ranges[0].count == 1 { return hex(ranges[0].lowerBound) }
        return "[" + ranges.map { $0.count == 1 ? hex($0.lowerBound) : hex($0.lowerBound) + "-" + hex($0.upperBound) }.joined() + "]"
    }

    private static func longestLiteral(in pattern: Pattern) -> Int {
        var longest = 0
        var current = 0
        func walk(_ pattern: Pattern) {
            switch pattern {
            case .byte(let set):
                let isLetter = set.count == 1 || (set.count == 2 && set.first.map { ByteSet($0).inBothCases == set } ?? false)
                current = isLetter ? current + 1 : 0
                longest = max(longest, current)
            case .sequence(let parts): parts.forEach(walk)
            case .masked(let part): walk(part)
            case .assertion: break
            case .alternatives(let choices):
                let least = choices.map(longestLiteral).min() ?? 0
                current = 0
                longest = max(longest, least)
            case .repeated(let part, let least, let most):
                if least == most, least <= 8 {
                    for _ in 0..<least { walk(part) }
                } else {
                    let inner = least > 0 ? longestLiteral(in: part) : 0
                    current = 0
                    longest = max(longest, inner)
                }
            }
        }
        walk(pattern)
        return longest
    }
}
