// Whether a pattern holds a literal that every match must contain: what Hyperscan's fast paths look for.

/// Reads a pattern of `docs/decisions/0001-the-meaning-of-masking.md` that the engine has accepted, so no error is told.
struct RequiredLiteral {
    /// Bytes of the shortest literal that counts.
    static let leastLength = 3
    /// A literal may have this many spellings: `gh[pousr]_` has five.
    static let mostSpellings = 64

    /// What a part of a pattern amounts to.
    private struct Part {
        /// Strings that it stands for; nil for too many.
        var spellings: Int?
        /// Bytes of the shortest of them.
        var least = 0
        /// Whether whatever it matches contains a literal.
        var holds = false

        static let nothing = Part(spellings: 1)
    }

    private var rest: Substring.UnicodeScalarView

    /// Whether each match of `pattern` contains one of at most ``mostSpellings`` strings of ``leastLength`` bytes or more, next to each other.
    static func isHeld(by pattern: String) -> Bool {
        var reader = RequiredLiteral(rest: Substring(pattern.hasPrefix("(?i)") ? String(pattern.dropFirst(4)) : pattern).unicodeScalars)
        return reader.alternatives().holds
    }

    private mutating func alternatives() -> Part {
        var parts = [sequence()]
        while rest.first == "|" {
            rest.removeFirst()
            parts.append(sequence())
        }
        if parts.count == 1 { return parts[0] }
        let spellings = parts.reduce(Int?(0)) { total, part in total.flatMap { total in part.spellings.map { total + $0 } } }
        return Part(
            spellings: spellings.flatMap { $0 <= Self.mostSpellings ? $0 : nil }, least: parts.map(\.least).min() ?? 0, holds: parts.allSatisfy(\.holds))
    }

    private mutating func sequence() -> Part {
        var run = Part.nothing
        var isWhole = true
        var holds = false
        while let next = rest.first, next != "|", next != ")" {
            let part = repeated(atom())
            holds = holds || part.holds
            if let spellings = part.spellings, let before = run.spellings, spellings * before <= Self.mostSpellings {
                run = Part(spellings: spellings * before, least: run.least + part.least)
            } else {
                holds = holds || run.least >= Self.leastLength
                isWhole = false
                run = part.spellings == nil ? .nothing : part
            }
        }
        holds = holds || run.least >= Self.leastLength
        return Part(spellings: isWhole ? run.spellings : nil, least: isWhole ? run.least : 0, holds: holds)
    }

    private mutating func repeated(_ part: Part) -> Part {
        var bounds: (least: Int, most: Int?)?
        switch rest.first {
        case "?": bounds = (0, 1)
        case "*": bounds = (0, nil)
        case "+": bounds = (1, nil)
        case "{":
            let numbers = rest.dropFirst().prefix { $0 != "}" }
            rest = rest.dropFirst(numbers.count + 1)
            let limits = String(numbers).split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
            bounds = (limits[0] ?? 0, limits.count == 1 ? limits[0] : limits[1])
        default: return part
        }
        rest = rest.dropFirst()
        guard let bounds else { return part }
        // The times that it must be there, one behind the other.
        var copies: Part? = .nothing
        for _ in 0..<min(bounds.least, 16) {
            copies = copies.flatMap { copies in
                guard let before = copies.spellings, let spellings = part.spellings, before * spellings <= Self.mostSpellings else { return nil }
                return Part(spellings: before * spellings, least: copies.least + part.least)
            }
        }
        let holds = bounds.least > 0 && (part.holds || (copies?.least ?? 0) >= Self.leastLength)
        if bounds.least == bounds.most, bounds.least <= 16, let copies { return Part(spellings: copies.spellings, least: copies.least, holds: holds) }
        if bounds == (0, 1), let spellings = part.spellings { return Part(spellings: spellings + 1) }
        return Part(spellings: nil, holds: holds)
    }

    private mutating func atom() -> Part {
        switch rest.removeFirst() {
        case "(":
            let isLookAround = ["?=", "?!", "?<=", "?<!"].contains { String(rest.prefix($0.count)) == $0 }
            if rest.first == "?" {
                // "?:", "?<mask>", or a look-around's sign.
                let opening = rest.starts(with: "?<mask>".unicodeScalars) ? 7 : rest.starts(with: "?<".unicodeScalars) ? 3 : 2
                rest = rest.dropFirst(opening)
            }
            let part = alternatives()
            rest = rest.dropFirst()
            return isLookAround ? .nothing : part
        case "[": return members()
        case ".": return Part(spellings: nil)
        case "^", "$": return .nothing
        case "\\":
            switch rest.removeFirst() {
            case "b", "B": return .nothing
            case "d": return Part(spellings: 10, least: 1)
            case "s": return Part(spellings: 6, least: 1)
            case "w", "D", "W", "S": return Part(spellings: nil)
            case "x":
                rest = rest.dropFirst(2)
                return Part(spellings: 1, least: 1)
            default: return Part(spellings: 1, least: 1)
            }
        case let character: return Part(spellings: 1, least: String(character).utf8.count)
        }
    }

    /// A class, behind its opening bracket.
    private mutating func members() -> Part {
        var count = 0
        var isMany = rest.first == "^"
        if isMany { rest.removeFirst() }
        var previous: UInt32?
        var isFirst = true
        while let next = rest.first, next != "]" || isFirst {
            isFirst = false
            rest.removeFirst()
            if next == "-", let low = previous, let high = rest.first, high != "]" {
                rest.removeFirst()
                count += Int(high.value) - Int(low)
                previous = nil
                continue
            }
            previous = next.value
            count += 1
            if next == "\\", let escaped = rest.popFirst() {
                if "dDwWsS".unicodeScalars.contains(escaped) { isMany = true }
                if escaped == "x" { rest = rest.dropFirst(2) }
                previous = escaped.value
            }
        }
        rest = rest.dropFirst()
        return isMany || count > Self.mostSpellings ? Part(spellings: nil) : Part(spellings: count, least: 1)
    }
}
