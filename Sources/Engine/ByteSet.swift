// Sets of byte values, and of byte values with the edge of a text.

/// A set of byte values.
struct ByteSet: Hashable, Comparable, Sendable {
    private var words: SIMD4<UInt64>

    private init(words: SIMD4<UInt64>) { self.words = words }
    init() { words = .zero }
    init(_ byte: UInt8) {
        self.init()
        insert(byte)
    }
    init(_ range: ClosedRange<UInt8>) {
        self.init()
        for byte in range { insert(byte) }
    }
    init(ascii members: String) {
        self.init()
        for byte in members.utf8 { insert(byte) }
    }

    static let all = ByteSet(words: SIMD4(repeating: .max))
    static let digits = ByteSet(UInt8(ascii: "0")...UInt8(ascii: "9"))
    static let smallLetters = ByteSet(UInt8(ascii: "a")...UInt8(ascii: "z"))
    static let capitals = ByteSet(UInt8(ascii: "A")...UInt8(ascii: "Z"))
    /// `\w`: ASCII letters, digits and the underscore.
    static let word = ByteSet(ascii: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_")
    static let space = ByteSet(ascii: " \t\n\r\u{0B}\u{0C}")
    /// Bytes that go on a UTF-8 character (RFC 3629 §3).
    static let continuation = ByteSet(0x80...0xBF)

    mutating func insert(_ byte: UInt8) { words[Int(byte >> 6)] |= 1 << UInt64(byte & 63) }
    func contains(_ byte: UInt8) -> Bool { words[Int(byte >> 6)] >> UInt64(byte & 63) & 1 == 1 }
    var isEmpty: Bool { words == .zero }
    var count: Int { (0..<4).reduce(0) { $0 + words[$1].nonzeroBitCount } }
    var first: UInt8? { (0...255).first { contains($0) } }
    func isSubset(of other: ByteSet) -> Bool { words & other.words == words }

    /// Some order, the same on every machine.
    static func < (a: ByteSet, b: ByteSet) -> Bool {
        for index in 0..<4 where a.words[index] != b.words[index] { return a.words[index] < b.words[index] }
        return false
    }

    static prefix func ~ (set: ByteSet) -> ByteSet { ByteSet(words: ~set.words) }
    static func | (a: ByteSet, b: ByteSet) -> ByteSet { ByteSet(words: a.words | b.words) }
    static func & (a: ByteSet, b: ByteSet) -> ByteSet { ByteSet(words: a.words & b.words) }

    var members: [UInt8] {
        var members: [UInt8] = []
        for word in 0..<4 {
            var rest = words[word]
            while rest != 0 {
                members.append(UInt8(word << 6 + rest.trailingZeroBitCount))
                rest &= rest &- 1
            }
        }
        return members
    }

    /// Every byte with the bit set that tells small letters from capitals.
    var withBit5: ByteSet {
        let moved = SIMD4<UInt64>(repeating: 0xFFFF_FFFF_0000_0000)
        return ByteSet(words: (words & moved) | ((words &<< 32) & moved))
    }

    /// With the other case of every ASCII letter in it.
    var inBothCases: ByteSet {
        var result = self
        for upper in UInt8(ascii: "A")...UInt8(ascii: "Z") {
            if contains(upper) { result.insert(upper | 0x20) }
            if contains(upper | 0x20) { result.insert(upper) }
        }
        return result
    }
}

/// What may stand on one side of a gap between two bytes: a byte of a set, or the edge of the text.
struct Neighbour: Hashable, Sendable {
    var bytes: ByteSet
    var edge: Bool

    static let any = Neighbour(bytes: .all, edge: true)
    static func & (a: Neighbour, b: Neighbour) -> Neighbour { Neighbour(bytes: a.bytes & b.bytes, edge: a.edge && b.edge) }
    var isImpossible: Bool { bytes.isEmpty && !edge }
}

/// A condition on the two neighbours of a gap, which is what `\b`, `^`, `$` and one-byte look-around are.
///
/// Kept as alternatives, each a pair of independent conditions on the left and on the right.
struct Gap: Hashable, Sendable {
    struct Pair: Hashable, Sendable {
        var before: Neighbour
        var after: Neighbour
    }

    private(set) var pairs: [Pair]

    init(before: Neighbour = .any, after: Neighbour = .any) { pairs = [Pair(before: before, after: after)] }
    private init(pairs: [Pair]) {
        var kept: [Pair] = []
        for pair in pairs where !pair.before.isImpossible && !pair.after.isImpossible && !kept.contains(pair) { kept.append(pair) }
        self.pairs = kept.contains(Gap.open) ? [Gap.open] : kept
    }

    private static let open = Pair(before: .any, after: .any)
    static let always = Gap()
    static let never = Gap(pairs: [])
    static let textStart = Gap(before: Neighbour(bytes: ByteSet(), edge: true))
    static let textEnd = Gap(after: Neighbour(bytes: ByteSet(), edge: true))
    private static let onWord = Neighbour(bytes: .word, edge: false)
    private static let offWord = Neighbour(bytes: ~.word, edge: true)
    static let wordBoundary = Gap(pairs: [Pair(before: onWord, after: offWord), Pair(before: offWord, after: onWord)])
    static let noWordBoundary = Gap(pairs: [Pair(before: onWord, after: onWord), Pair(before: offWord, after: offWord)])

    var isAlways: Bool { pairs == [Gap.open] }
    var isNever: Bool { pairs.isEmpty }

    func and(_ other: Gap) -> Gap {
        if isAlways { return other }
        if other.isAlways { return self }
        return Gap(pairs: pairs.flatMap { a in other.pairs.map { b in Pair(before: a.before & b.before, after: a.after & b.after) } })
    }

    func or(_ other: Gap) -> Gap { isAlways || other.isAlways ? .always : Gap(pairs: pairs + other.pairs) }

    /// Whether the gap may lie between these neighbours; nil is the edge of the text.
    func allows(before: UInt8?, after: UInt8?) -> Bool {
        pairs.contains { pair in
            (before.map(pair.before.bytes.contains) ?? pair.before.edge) && (after.map(pair.after.bytes.contains) ?? pair.after.edge)
        }
    }
}
