// Reads a pattern's source text into its syntax tree, or says what is wrong where.

/// Why a pattern cannot be read.
struct PatternError: Error, Equatable {
    var message: String
    var hint: String?
    /// Byte offset into the source text.
    var offset: Int
}

/// A recursive-descent parser of the subset of PCRE that `docs/decisions/0001-the-meaning-of-masking.md` lists.
struct PatternParser {
    /// The most that a bounded repeat may ask for.
    static let mostRepeats = 1000
    /// The most groups inside each other.
    static let deepest = 50

    private let source: [UInt8]
    private var position = 0
    private var ignoresCase = false
    private var hasMask = false
    private var depth = 0
    /// Inside a repeat, an alternative or a group, where `(?<mask>…)` may not stand.
    private var nested = false

    static func parse(_ text: String) throws(PatternError) -> Pattern {
        var parser = PatternParser(source: Array(text.utf8))
        return try parser.whole()
    }

    private init(source: [UInt8]) { self.source = source }

    private mutating func whole() throws(PatternError) -> Pattern {
        if source.isEmpty { throw fail("the pattern is empty", hint: nil) }
        if take("(?i)") { ignoresCase = true }
        let pattern = try alternatives()
        if position < source.count {
            throw fail("this \")\" closes nothing", hint: "write \\) for the character")
        }
        return pattern
    }

    // MARK: Structure

    private mutating func alternatives() throws(PatternError) -> Pattern {
        let start = position
        var hadMask = hasMask
        var choices = [try sequence()]
        while take("|") {
            // The mask group may stand in neither the choice just read nor the ones to come.
            if hasMask && !hadMask { throw maskPlacement(at: start) }
            hadMask = hasMask
            let outer = nested
            nested = true
            choices.append(try sequence())
            nested = outer
        }
        return choices.count == 1 ? choices[0] : .alternatives(choices)
    }

    private mutating func sequence() throws(PatternError) -> Pattern {
        var parts: [Pattern] = []
        while position < source.count, source[position] != UInt8(ascii: "|"), source[position] != UInt8(ascii: ")") {
            let start = position
            let before = hasMask
            let atom = try atom()
            guard let (least, most) = try quantifier() else {
                parts.append(atom)
                continue
            }
            if case .assertion = atom {
                throw PatternError(message: "an assertion cannot be repeated", hint: "leave the repeat out", offset: start)
            }
            if hasMask && !before { throw maskPlacement(at: start) }
            parts.append(.repeated(atom, least: least, most: most))
        }
        return parts.count == 1 ? parts[0] : .sequence(parts)
    }

    private mutating func quantifier() throws(PatternError) -> (Int, Int?)? {
        guard position < source.count else { return nil }
        let start = position
        let bounds: (Int, Int?)
        switch source[position] {
        case UInt8(ascii: "*"): (bounds, position) = ((0, nil), position + 1)
        case UInt8(ascii: "+"): (bounds, position) = ((1, nil), position + 1)
        case UInt8(ascii: "?"): (bounds, position) = ((0, 1), position + 1)
        case UInt8(ascii: "{"):
            position += 1
            let least = number()
            var most = least
            if take(",") { most = number() }
            guard let least, take("}") else {
                position = start
                throw fail("this \"{\" begins no repeat", hint: "a repeat is {2}, {2,} or {2,5}; write \\{ for the character")
            }
            if max(least, most ?? 0) > Self.mostRepeats {
                position = start
                throw fail("a repeat of more than \(Self.mostRepeats)", hint: "leave the upper bound out at the end of a pattern: {20,}")
            }
            if let most, most < least {
                position = start
                throw fail("the bounds of this repeat are the wrong way round", hint: "write {\(most),\(least)}")
            }
            if most == 0 {
                position = start
                throw fail("a repeat of zero matches nothing", hint: "leave it out")
            }
            bounds = (least, most)
        default: return nil
        }
        if position < source.count {
            switch source[position] {
            case UInt8(ascii: "?"):
                throw fail("lazy repeats are not supported", hint: "the longest match is always taken; exclude what must stop it, as in [^\"]*")
            case UInt8(ascii: "+"):
                throw fail("possessive repeats are not supported", hint: "leave the + out: matching never backtracks here")
            case UInt8(ascii: "*"), UInt8(ascii: "{"):
                throw fail("a repeat of a repeat", hint: "put the inner one in a group: (?:a{2})*")
            default: break
            }
        }
        return bounds
    }

    private mutating func number() -> Int? {
        let start = position
        var value = 0
        while position < source.count, ByteSet.digits.contains(source[position]) {
            value = min(value * 10 + Int(source[position] - UInt8(ascii: "0")), 1_000_000)
            position += 1
        }
        return position == start ? nil : value
    }

    // MARK: Atoms

    private mutating func atom() throws(PatternError) -> Pattern {
        let byte = source[position]
        switch byte {
        case UInt8(ascii: "("): return try group()
        case UInt8(ascii: "["):
            return .byte(try charClass())
        case UInt8(ascii: "."):
            position += 1
            return .byte(~ByteSet(UInt8(ascii: "\n")))
        case UInt8(ascii: "^"):
            position += 1
            return .assertion(.textStart)
        case UInt8(ascii: "$"):
            position += 1
            return .assertion(.textEnd)
        case UInt8(ascii: "\\"):
            if take("\\b") { return .assertion(.wordBoundary) }
            if take("\\B") { return .assertion(.noWordBoundary) }
            return .byte(try escape())
        case UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "?"), UInt8(ascii: "{"):
            throw fail("there is nothing to repeat before this", hint: "write \\\(Character(UnicodeScalar(byte))) for the character")
        default:
            if byte < 0x80 {
                position += 1
                return .byte(literal(ByteSet(byte)))
            }
            // One character outside ASCII: its UTF-8 bytes in sequence, repeated as a whole.
            var bytes: [Pattern] = []
            repeat {
                bytes.append(.byte(ByteSet(source[position])))
                position += 1
            } while position < source.count && ByteSet.continuation.contains(source[position])
            return .sequence(bytes)
        }
    }

    private func literal(_ set: ByteSet) -> ByteSet { ignoresCase ? set.inBothCases : set }

    private mutating func group() throws(PatternError) -> Pattern {
        let start = position
        depth += 1
        defer { depth -= 1 }
        if depth > Self.deepest { throw fail("groups are nested more than \(Self.deepest) deep", hint: nil) }
        for (opening, ahead, positive) in [("(?=", true, true), ("(?!", true, false), ("(?<=", false, true), ("(?<!", false, false)] {
            if take(opening) { return try lookAround(ahead: ahead, positive: positive, start: start) }
        }
        if take("(?<mask>") {
            if nested || depth > 1 || hasMask { throw maskPlacement(at: start) }
            let outer = nested
            nested = true
            let inner = try closed(start)
            nested = outer
            hasMask = true
            if inner.canBeEmpty {
                throw PatternError(message: "the masked part can be empty", hint: "ask for at least one character: (?<mask>[^\"]+)", offset: start)
            }
            return .masked(inner)
        }
        if take("(?:") {
            return try innerGroup(start)
        }
        if source[position...].starts(with: Array("(?".utf8)) {
            throw PatternError(
                message: "this kind of group is not supported",
                hint: take("(?i)") ? "(?i) may stand at the very start of the pattern only"
                    : "use (?:…), (?<mask>…), or one-byte look-around like (?=x), (?![0-9]), (?<=:)", offset: start)
        }
        position += 1
        return try innerGroup(start)
    }

    private mutating func innerGroup(_ start: Int) throws(PatternError) -> Pattern {
        let outer = nested
        nested = true
        defer { nested = outer }
        return try closed(start)
    }

    private mutating func closed(_ start: Int) throws(PatternError) -> Pattern {
        let inner = try alternatives()
        guard take(")") else {
            throw PatternError(message: "this group is not closed", hint: "add a ), or write \\( for the character", offset: start)
        }
        return inner
    }

    private mutating func lookAround(ahead: Bool, positive: Bool, start: Int) throws(PatternError) -> Pattern {
        let unsupported = PatternError(
            message: "look-around must be exactly one byte", hint: "use one character or class, as in (?![A-Za-z0-9])", offset: start)
        guard position < source.count, source[position] != UInt8(ascii: ")") else { throw unsupported }
        guard case .byte(let set) = try atom(), take(")") else { throw unsupported }
        let neighbour = positive ? Neighbour(bytes: set, edge: false) : Neighbour(bytes: ~set, edge: true)
        return .assertion(ahead ? Gap(after: neighbour) : Gap(before: neighbour))
    }

    /// A backslash and what follows, outside or inside a class.
    private mutating func escape() throws(PatternError) -> ByteSet {
        let start = position
        guard position + 1 < source.count else { throw fail("a backslash at the end", hint: "write \\\\ for the character") }
        let byte = source[position + 1]
        position += 2
        switch byte {
        case UInt8(ascii: "d"): return .digits
        case UInt8(ascii: "D"): return ~.digits
        case UInt8(ascii: "w"): return .word
        case UInt8(ascii: "W"): return ~.word
        case UInt8(ascii: "s"): return .space
        case UInt8(ascii: "S"): return ~.space
        case UInt8(ascii: "n"): return ByteSet(0x0A)
        case UInt8(ascii: "r"): return ByteSet(0x0D)
        case UInt8(ascii: "t"): return ByteSet(0x09)
        case UInt8(ascii: "f"): return ByteSet(0x0C)
        case UInt8(ascii: "v"): return ByteSet(0x0B)
        case UInt8(ascii: "e"): return ByteSet(0x1B)
        case UInt8(ascii: "0"): return ByteSet(0x00)
        case UInt8(ascii: "x"):
            guard position + 1 < source.count, let value = UInt8(String(decoding: source[position..<position + 2], as: UTF8.self), radix: 16) else {
                position = start
                throw fail("\\x needs two hexadecimal digits", hint: "for example \\x1b")
            }
            if value > 0x7F {
                position = start
                throw fail("\\x reaches to 7f", hint: "write the character itself: it is matched as UTF-8")
            }
            position += 2
            return literal(ByteSet(value))
        default:
            let isPunctuation = byte < 0x80 && !ByteSet.word.contains(byte) && byte > 0x20 && byte != 0x7F
            if isPunctuation || byte == UInt8(ascii: "_") || byte == UInt8(ascii: " ") { return ByteSet(byte) }
            position = start
            let shown = byte < 0x80 ? String(UnicodeScalar(byte)) : "…"
            throw fail("\\\(shown) is not supported", hint: "see the table of forms in docs/decisions/0001-the-meaning-of-masking.md")
        }
    }

    private mutating func charClass() throws(PatternError) -> ByteSet {
        let start = position
        position += 1
        let complement = take("^")
        var set = ByteSet()
        var isFirst = true
        while true {
            guard position < source.count else {
                throw PatternError(message: "this class is not closed", hint: "add a ], or write \\[ for the character", offset: start)
            }
            if source[position] == UInt8(ascii: "]"), !isFirst { break }
            isFirst = false
            let memberStart = position
            let member = try classMember()
            guard position + 1 < source.count, source[position] == UInt8(ascii: "-"), source[position + 1] != UInt8(ascii: "]") else {
                set = set | member
                continue
            }
            position += 1
            let upper = try classMember()
            guard member.count == 1, upper.count == 1, let low = member.first, let high = upper.first, low <= high else {
                throw PatternError(message: "this range is not from a lower to a higher character", hint: "write \\- for the character", offset: memberStart)
            }
            set = set | ByteSet(low...high)
        }
        position += 1
        if ignoresCase { set = set.inBothCases }
        if complement { set = ~set }
        if set.isEmpty { throw PatternError(message: "this class is empty", hint: nil, offset: start) }
        return set
    }

    /// One member, as written: case is dealt with once the class is whole, since a range ends at the letter as written.
    private mutating func classMember() throws(PatternError) -> ByteSet {
        let byte = source[position]
        if byte == UInt8(ascii: "\\") {
            let outer = ignoresCase
            ignoresCase = false
            defer { ignoresCase = outer }
            return try escape()
        }
        if byte >= 0x80 { throw fail("a class may hold ASCII only", hint: "use alternatives: (?:é|è)") }
        if source[position...].starts(with: Array("[:".utf8)) { throw fail("named classes are not supported", hint: "write the members out, as in [A-Za-z]") }
        position += 1
        return ByteSet(byte)
    }

    // MARK: Helpers

    private mutating func take(_ expected: String) -> Bool {
        guard source[position...].starts(with: expected.utf8) else { return false }
        position += expected.utf8.count
        return true
    }

    private func fail(_ message: String, hint: String?) -> PatternError { PatternError(message: message, hint: hint, offset: position) }

    private func maskPlacement(at offset: Int) -> PatternError {
        PatternError(
            message: "(?<mask>…) may stand once, and not inside a repeat, an alternative or another group",
            hint: "put the alternatives inside it: (?<mask>a|b)", offset: offset)
    }
}
