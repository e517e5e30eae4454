// The names that field rules know: found by a hash, once the ends of a name do not tell that it is none of them, as they do for most.

/// Folded names and what each is. Immutable.
struct FieldNames: Sendable {
    /// What a name is.
    struct Known: Sendable {
        /// The way that is this name and no more.
        var whole: FieldSet.Way?
        /// The best of the longer ways that end in it.
        var last: FieldSet.Way?
        /// Its number among the names on longer ways.
        var step: UInt16?
        /// It is ``FieldSet/properties``.
        var isProperties = false
    }

    /// Names under way, in the order in which they are told.
    struct Builder {
        fileprivate var names: [[UInt8]] = []
        fileprivate var known: [Known] = []
        private var numbers: [[UInt8]: Int] = [:]
        private var stepCount: UInt16 = 0

        mutating func add(_ name: [UInt8], _ change: (inout Known) -> Void) {
            let number = numbers[name] ?? names.count
            if number == names.count {
                numbers[name] = number
                names.append(name)
                known.append(Known())
            }
            change(&known[number])
        }

        /// The number of a name on a longer way.
        mutating func step(_ name: [UInt8]) -> UInt16 {
            var number: UInt16 = 0
            let next = stepCount
            add(name) {
                number = $0.step ?? next
                $0.step = number
            }
            if number == next { stepCount += 1 }
            return number
        }
    }

    private let names: [[UInt8]]
    private let known: [Known]
    /// A bit for the hash of the last three bytes of each name, and one for these and the first byte.
    private let endings: [UInt64]
    private let bothEnds: [UInt64]
    /// Open addressing: number of the name plus one, 0 where there is none.
    private let slots: [UInt16]

    init(_ builder: Builder) {
        (names, known) = (builder.names, builder.known)
        var count = 4
        while count < 4 * names.count { count *= 2 }
        var slots = [UInt16](repeating: 0, count: count)
        var endings = [UInt64](repeating: 0, count: 1024), bothEnds = endings
        for (number, name) in names.enumerated() {
            var slot = Int(truncatingIfNeeded: name.withUnsafeBufferPointer { Self.hash($0) }) & (count - 1)
            while slots[slot] != 0 { slot = (slot + 1) & (count - 1) }
            slots[slot] = UInt16(number + 1)
            guard name.count >= 3 else { continue }
            let three = UInt32(name[name.count - 3]) | UInt32(name[name.count - 2]) << 8 | UInt32(name[name.count - 1]) << 16
            let (ending, both) = (Self.hash(ofEnding: three), Self.hash(ofEnding: three, UInt32(name[0])))
            endings[ending >> 6] |= 1 << UInt64(ending & 63)
            bothEnds[both >> 6] |= 1 << UInt64(both & 63)
        }
        (self.slots, self.endings, self.bothEnds) = (slots, endings, bothEnds)
    }

    /// Whether a name may be one of these: what its first byte and the last three say.
    ///
    /// - Parameter name: as it is written; escapes may stand before the last three bytes.
    @inline(__always)
    func mayHold(_ name: UnsafeBufferPointer<UInt8>) -> Bool {
        if name.count > FieldReader.longestKey { return false }
        if name.count < 3 { return true }
        let end = name.count - 3
        let three = UInt32(name[end]) | UInt32(name[end + 1]) << 8 | UInt32(name[end + 2]) << 16
        switch ends(with: three) {
        case false: return false
        case nil: return true
        case true?:
            let first = name[0]
            if !Self.counts(first) || first == UInt8(ascii: "\\") { return true }
            let hash = Self.hash(ofEnding: three, UInt32(first))
            return bothEnds[hash >> 6] >> UInt64(hash & 63) & 1 == 1
        }
    }

    /// Whether none of these names ends before a quote: a first look, which is enough for most.
    ///
    /// - Parameter window: raw bytes of JSON.
    @inline(__always)
    func holdsNone(endingBefore quote: Int, in window: UnsafeBufferPointer<UInt8>) -> Bool {
        guard quote >= 8, let base = window.baseAddress else { return false }
        let eight = UnsafeRawPointer(base + quote - 8).loadUnaligned(as: UInt64.self)
        // An escape that has to do with the last three bytes begins at most eight before the end.
        let backslashes = eight ^ 0x5C5C_5C5C_5C5C_5C5C
        let hasBackslash = (backslashes &- 0x0101_0101_0101_0101) & ~backslashes & 0x8080_8080_8080_8080 != 0
        return !hasBackslash && ends(with: UInt32(truncatingIfNeeded: eight >> 40)) == false
    }

    /// Whether a name ends with three bytes, in any case; nil if one of them does not count or is a quote, so that they are less than three of the name.
    ///
    /// - Parameter three: the first of them lowest.
    @inline(__always)
    private func ends(with three: UInt32) -> Bool? {
        let hash = Self.hash(ofEnding: three)
        let ends = endings[hash >> 6] >> UInt64(hash & 63) & 1 == 1
        for byte in 0..<3 {
            let byte = UInt8(truncatingIfNeeded: three >> UInt32(8 * byte))
            if !Self.counts(byte) || byte == UInt8(ascii: "\"") { return nil }
        }
        return ends
    }

    /// What a name is, as it is written, without escapes, or folded; nil if it is none of these.
    func known(_ name: UnsafeBufferPointer<UInt8>) -> Known? {
        var slot = Int(truncatingIfNeeded: Self.hash(name)) & (slots.count - 1)
        while slots[slot] != 0 {
            let number = Int(slots[slot]) - 1
            if Self.isFolded(name, to: names[number]) { return known[number] }
            slot = (slot + 1) & (slots.count - 1)
        }
        return nil
    }

    private static func isFolded(_ name: UnsafeBufferPointer<UInt8>, to folded: [UInt8]) -> Bool {
        var index = 0
        for byte in name where counts(byte) {
            guard index < folded.count, folded[index] == lowercased(byte) else { return false }
            index += 1
        }
        return index == folded.count
    }

    /// Sixteen bits of three bytes in any case, and of a fourth.
    @inline(__always)
    private static func hash(ofEnding three: UInt32, _ first: UInt32 = 0) -> Int { Int((((three | first &<< 24) | 0x2020_2020) &* 0x9E37_79B1) >> 16) }

    private static func counts(_ byte: UInt8) -> Bool { byte != UInt8(ascii: "_") && byte != UInt8(ascii: "-") && byte != UInt8(ascii: " ") }

    private static func lowercased(_ byte: UInt8) -> UInt8 { byte &- UInt8(ascii: "A") < 26 ? byte | 0x20 : byte }

    /// FNV-1a of the folded name, its upper half on its lower.
    private static func hash(_ name: UnsafeBufferPointer<UInt8>) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in name where counts(byte) { hash = (hash ^ UInt64(lowercased(byte))) &* 0x100_0000_01B3 }
        return hash ^ hash >> 32
    }
}
