// The reference masker's patterns: a syntax tree, and a recursive-descent parser for the documented subset.
//
// Written from docs/decisions/0001-the-meaning-of-masking.md alone. It shares no code with the engine, so that the two can disagree.

/// A set of byte values.
struct ByteSet: Hashable, Sendable {
    private var words: SIMD4<UInt64> = .zero

    static let all = ByteSet { _ in true }
    static let digits = ByteSet { (0x30...0x39).contains($0) }
    static let word = ByteSet { (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0) || $0 == 0x5F }
    static let space = ByteSet { $0 == 0x20 || (0x09...0x0D).contains($0) }
    static let notNewline = ByteSet { $0 != 0x0A }

    init() {}

    init(_ byte: UInt8) { insert(byte) }

    init(where holds: (UInt8) -> Bool) {
        for byte in UInt8.min...UInt8.max where holds(byte) { insert(byte) }
    }

    mutating func insert(_ byte: UInt8) { words[Int(byte >> 6)] |= 1 << UInt64(byte & 63) }

    mutating func formUnion(_ other: ByteSet) { words |= other.words }

    func contains(_ byte: UInt8) -> Bool { words[Int(byte >> 6)] & (1 << UInt64(byte & 63)) != 0 }

    var complement: ByteSet {
        var result = self
        result.words = ~words
        return result
    }

    var isEmpty: Bool { words == .zero }

    var members: [UInt8] { (UInt8.min...UInt8.max).filter(contains) }

    /// The set with both cases of every ASCII letter in it.
    var foldingCase: ByteSet {
        ByteSet { contains($0) || isLetter($0) && contains($0 ^ 0x20) }
    }
}

func isLetter(_ byte: UInt8) -> Bool { (0x41...0x5A).contains(byte & 0xDF) }
func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
func isContinuation(_ byte: UInt8) -> Bool { byte & 0xC0 == 0x80 }

/// What a pattern says, as a tree.
indirect enum Syntax: Hashable, Sendable {
    case bytes(ByteSet)
    case sequence([Syntax])
    case alternatives([Syntax])
    /// At least `least` and at most `most` times; nil: no upper limit.
    case repeated(Syntax, least: Int, most: Int?)
    case assertion(Assertion)

    enum Assertion: Hashable, Sendable {
        case wordBoundary, notWordBoundary, textStart, textEnd
        case ahead(ByteSet, holds: Bool)
        case behind(ByteSet, holds: Bool)

        /// Whether it holds between these two bytes; nil is the edge of the text.
        func holds(previous: UInt8?, next: UInt8?) -> Bool {
            func isWord(_ byte: UInt8?) -> Bool { byte.map(ByteSet.word.contains) ?? false }
            return switch self {
            case .wordBoundary: isWord(previous) != isWord(next)
            case .notWordBoundary: isWord(previous) == isWord(next)
            case .textStart: previous == nil
            case .textEnd: next == nil
            case .ahead(let set, let holds): (next.map(set.contains) ?? false) == holds
            case .behind(let set, let holds): (previous.map(set.contains) ?? false) == holds
            }
        }
    }

    static let empty = Syntax.sequence([])

    /// Whether it can match nothing, if its assertions hold.
    var matchesEmpty: Bool {
        switch self {
        case .bytes: false
        case .sequence(let items): items.allSatisfy(\.matchesEmpty)
        case .alternatives(let items): items.contains(where: \.matchesEmpty)
        case .repeated(let item, let least, _): least == 0 || item.matchesEmpty
        case .assertion: true
        }
    }

    /// Every byte that a match can begin with, whatever its assertions say.
    var firstBytes: ByteSet {
        switch self {
        case .bytes(let set): return set
        case .sequence(let items):
            var set = ByteSet()
            for item in items {
                set.formUnion(item.firstBytes)
                if !item.matchesEmpty { break }
            }
            return set
        case .alternatives(let items):
            var set = ByteSet()
            for item in items { set.formUnion(item.firstBytes) }
            return set
        case .repeated(let item, _, _): return item.firstBytes
        case .assertion: return ByteSet()
        }
    }

    var hasUnboundedRepeat: Bool {
        switch self {
        case .bytes, .assertion: false
        case .sequence(let items), .alternatives(let items): items.contains(where: \.hasUnboundedRepeat)
        case .repeated(let item, _, let most): most == nil || item.hasUnboundedRepeat
        }
    }

    var hasAssertions: Bool {
        switch self {
        case .bytes: false
        case .sequence(let items), .alternatives(let items): items.contains(where: \.hasAssertions)
        case .repeated(let item, _, _): item.hasAssertions
        case .assertion: true
        }
    }

    /// All byte sets in it, those of assertions too.
    var byteSets: [ByteSet] {
        switch self {
        case .bytes(let set): [set]
        case .sequence(let items), .alternatives(let items): items.flatMap(\.byteSets)
        case .repeated(let item, _, _): item.byteSets
        case .assertion(.ahead(let set, _)), .assertion(.behind(let set, _)): [set]
        case .assertion(.wordBoundary), .assertion(.notWordBoundary): [.word]
        case .assertion: []
        }
    }
}

/// A parsed pattern: `before (?<mask> masked ) after`.
struct ReferencePattern: Sendable {
    var before: Syntax
    /// nil where the pattern has no mask group: then `before` is the whole pattern.
    var masked: Syntax?
    var after: Syntax

    var whole: Syntax { .sequence([before, masked ?? .empty, after]) }

    init(_ source: String) throws {
        var parser = Parser(source)
        self = try parser.pattern()
    }

    private init(before: Syntax, masked: Syntax?, after: Syntax) {
        self.before = before
        self.masked = masked
        self.after = after
    }

    struct Refused: Error, CustomStringConvertible {
        var description: String
    }

    private struct Parser {
        private let source: [UInt8]
        private var at = 0
        private var ignoresCase = false

        init(_ source: String) { self.source = Array(source.utf8) }

        private var next: UInt8? { at < source.count ? source[at] : nil }

        private func starts(with text: String) -> Bool { source[at...].starts(with: text.utf8) }

        private mutating func take(_ text: String) -> Bool {
            guard starts(with: text) else { return false }
            at += text.utf8.count
            return true
        }

        private func refused(_ what: String) -> Refused { Refused(description: "\(what) at byte \(at)") }

        mutating func pattern() throws -> ReferencePattern {
            ignoresCase = take("(?i)")
            var before: [Syntax] = []
            var masked: Syntax?
            var after: [Syntax] = []
            if let group = maskGroupAtTopLevel() {
                while at < group { before.append(try repeatedAtom()) }
                at = group + "(?<mask>".utf8.count
                masked = try alternatives()
                guard take(")") else { throw refused("group is not closed") }
                while next != nil { after.append(try repeatedAtom()) }
            } else {
                before = [try alternatives()]
            }
            guard at == source.count else { throw refused("unexpected )") }
            let pattern = ReferencePattern(before: .sequence(before), masked: masked, after: .sequence(after))
            if pattern.whole.matchesEmpty { throw refused("matches the empty string") }
            if pattern.masked?.matchesEmpty == true { throw refused("mask group matches the empty string") }
            return pattern
        }

        private func maskGroupAtTopLevel() -> Int? {
            let name = Array("(?<mask>".utf8)
            return source.indices.first { source[$0...].starts(with: name) }
        }

        private mutating func alternatives() throws -> Syntax {
            var branches = [try sequence()]
            while take("|") { branches.append(try sequence()) }
            return branches.count == 1 ? branches[0] : .alternatives(branches)
        }

        private mutating func sequence() throws -> Syntax {
            var items: [Syntax] = []
            while let byte = next, byte != UInt8(ascii: "|"), byte != UInt8(ascii: ")") { items.append(try repeatedAtom()) }
            return items.count == 1 ? items[0] : .sequence(items)
        }

        private mutating func repeatedAtom() throws -> Syntax {
            let item = try atom()
            var least: Int
            var most: Int?
            switch next {
            case UInt8(ascii: "*"): (least, most) = (0, nil); at += 1
            case UInt8(ascii: "+"): (least, most) = (1, nil); at += 1
            case UInt8(ascii: "?"): (least, most) = (0, 1); at += 1
            case UInt8(ascii: "{"):
                at += 1
                least = try number()
                most = least
                if take(",") { most = next == UInt8(ascii: "}") ? nil : try number() }
                guard take("}") else { throw refused("repeat is not closed") }
            default: return item
            }
            if let byte = next, "*+?{".utf8.contains(byte) { throw refused("lazy, possessive or double repeat") }
            if let most, most < least || most > 1000 { throw refused("repeat out of range") }
            return .repeated(item, least: least, most: most)
        }

        private mutating func number() throws -> Int {
            let start = at
            while let byte = next, isDigit(byte) { at += 1 }
            guard let value = Int(String(decoding: source[start..<at], as: UTF8.self)) else { throw refused("number expected") }
            return value
        }

        private mutating func atom() throws -> Syntax {
            if take("(?:") { return try closeGroup() }
            if take("(?=") { return .assertion(.ahead(try closeOneByte(), holds: true)) }
            if take("(?!") { return .assertion(.ahead(try closeOneByte(), holds: false)) }
            if take("(?<=") { return .assertion(.behind(try closeOneByte(), holds: true)) }
            if take("(?<!") { return .assertion(.behind(try closeOneByte(), holds: false)) }
            if starts(with: "(?") { throw refused("unknown group") }
            if take("(") { return try closeGroup() }
            if take("^") { return .assertion(.textStart) }
            if take("$") { return .assertion(.textEnd) }
            if take("\\b") { return .assertion(.wordBoundary) }
            if take("\\B") { return .assertion(.notWordBoundary) }
            guard let byte = next else { throw refused("unexpected end") }
            if byte < 0x80 { return .bytes(try oneByte()) }
            var character: [Syntax] = []
            repeat {
                character.append(.bytes(ByteSet(source[at])))
                at += 1
            } while next.map(isContinuation) ?? false
            return .sequence(character)
        }

        private mutating func closeGroup() throws -> Syntax {
            let inside = try alternatives()
            guard take(")") else { throw refused("group is not closed") }
            return inside
        }

        private mutating func closeOneByte() throws -> ByteSet {
            let set = try oneByte()
            guard take(")") else { throw refused("look-around of one byte expected") }
            return set
        }

        private func folded(_ set: ByteSet) -> ByteSet { ignoresCase ? set.foldingCase : set }

        /// An ASCII character, an escape, `.` or a bracketed class.
        private mutating func oneByte() throws -> ByteSet {
            guard let byte = next, byte < 0x80 else { throw refused("one byte expected") }
            switch byte {
            case UInt8(ascii: "."):
                at += 1
                return .notNewline
            case UInt8(ascii: "["): return try bracketed()
            case UInt8(ascii: "\\"): return folded(try escape())
            case _ where "*+?{()|".utf8.contains(byte): throw refused("unexpected \(byte)")
            default:
                at += 1
                return folded(ByteSet(byte))
            }
        }

        private mutating func escape() throws -> ByteSet {
            at += 1
            guard let byte = next else { throw refused("pattern ends in a backslash") }
            at += 1
            switch byte {
            case UInt8(ascii: "d"): return .digits
            case UInt8(ascii: "D"): return ByteSet.digits.complement
            case UInt8(ascii: "w"): return .word
            case UInt8(ascii: "W"): return ByteSet.word.complement
            case UInt8(ascii: "s"): return .space
            case UInt8(ascii: "S"): return ByteSet.space.complement
            case UInt8(ascii: "n"): return ByteSet(0x0A)
            case UInt8(ascii: "r"): return ByteSet(0x0D)
            case UInt8(ascii: "t"): return ByteSet(0x09)
            case UInt8(ascii: "f"): return ByteSet(0x0C)
            case UInt8(ascii: "v"): return ByteSet(0x0B)
            case UInt8(ascii: "e"): return ByteSet(0x1B)
            case UInt8(ascii: "0"): return ByteSet(0x00)
            case UInt8(ascii: "x"):
                guard at + 2 <= source.count, let value = UInt8(String(decoding: source[at..<at + 2], as: UTF8.self), radix: 16), value < 0x80
                else { throw refused("\\xHH up to 7F expected") }
                at += 2
                return ByteSet(value)
            case _ where isLetter(byte) || isDigit(byte) || byte >= 0x80: throw refused("unknown escape")
            default: return ByteSet(byte)
            }
        }

        private mutating func bracketed() throws -> ByteSet {
            at += 1
            let negated = take("^")
            var set = ByteSet()
            var isFirst = true
            while isFirst || !take("]") {
                isFirst = false
                let low = try member()
                if starts(with: "-"), at + 1 < source.count, source[at + 1] != UInt8(ascii: "]") {
                    at += 1
                    let high = try member()
                    guard low.members.count == 1, high.members.count == 1, low.members[0] <= high.members[0] else { throw refused("wrong range") }
                    for byte in low.members[0]...high.members[0] { set.insert(byte) }
                } else {
                    set.formUnion(low)
                }
            }
            set = folded(set)
            return negated ? set.complement : set
        }

        private mutating func member() throws -> ByteSet {
            guard let byte = next, byte < 0x80 else { throw refused("class is not closed, or holds a character outside ASCII") }
            if byte == UInt8(ascii: "\\") { return try escape() }
            at += 1
            return ByteSet(byte)
        }
    }
}
