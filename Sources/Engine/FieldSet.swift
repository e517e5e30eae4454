// Field rules made ready: names are looked up by a hash, ways are followed step by step.

/// The field rules of a set. Immutable, shared by all threads.
final class FieldSet: Sendable {
    struct Field: Sendable {
        let rule: Rule
        let label: [UInt8]
        /// The label as it stands in a JSON string.
        let escapedLabel: [UInt8]
    }

    let fields: [Field]
    /// All steps of all paths of more than a name, one path behind the other.
    private let steps: [FieldPath.Step]
    /// Step → the way it ends, if it is a last one.
    private let ends: [Way?]
    /// First steps of ways that begin at the outermost value, and of those that may begin at any.
    let outermost: [UInt16]
    private let anywhere: [UInt16]
    private let names: NameTable
    /// The last names of ways.
    private let lastNames: NameTable
    /// The names on them.
    private let stepNames: NameTable

    /// A path and what it leads to.
    private struct Way: Sendable {
        let field: Int
        /// Of ways that lead to the same value the one with the highest rank counts.
        let rank: Int
    }

    /// Whether some path is more than a name, so that the way to each value has to be known.
    var hasPaths: Bool { !steps.isEmpty }
    var isEmpty: Bool { fields.isEmpty }

    /// - Parameter rules: those without fields have no part in it.
    /// - Throws: the first rule that cannot be used, and why.
    init(_ rules: [Rule]) throws(RuleError) {
        let rules = rules.filter { !$0.fields.isEmpty }
        fields = rules.map { rule in
            let label = Array((rule.action.label ?? "[REDACTED:\(rule.entity)]").utf8)
            return Field(rule: rule, label: label, escapedLabel: JSONEscapes.escaped(label))
        }
        // The longest way first, then priority, then the smallest id; of equal ones the first.
        let ways = rules.enumerated().flatMap { field, rule in rule.fields.map { (field: field, rule: rule, path: $0) } }
        let ranked = ways.enumerated().sorted { a, b in
            let (first, second) = (a.element, b.element)
            if first.path.steps.count != second.path.steps.count { return first.path.steps.count < second.path.steps.count }
            if first.rule.priority != second.rule.priority { return first.rule.priority < second.rule.priority }
            if first.rule.id != second.rule.id { return second.rule.id.utf8.lexicographicallyPrecedes(first.rule.id.utf8) }
            return a.offset > b.offset
        }
        var steps: [FieldPath.Step] = []
        var ends: [Way?] = []
        var outermost: [UInt16] = []
        var anywhere: [UInt16] = []
        var named: [(name: [UInt8], way: Way)] = []
        var last: [(name: [UInt8], way: Way)] = []
        for (rank, (_, element)) in ranked.enumerated() {
            let (field, rule, path) = element
            let way = Way(field: field, rank: rank)
            if let name = path.onlyName {
                named.append((name, way))
                continue
            }
            guard steps.count + path.steps.count <= UInt16.max else {
                throw RuleError(rule: rule.id, message: "the paths of all rules have more than \(UInt16.max) steps together")
            }
            if path.isAnywhere { anywhere.append(UInt16(steps.count)) } else { outermost.append(UInt16(steps.count)) }
            steps += path.steps
            if case .name(let name)? = path.steps.last { last.append((name, way)) }
            ends += Array(repeating: nil, count: path.steps.count - 1) + [way]
        }
        (self.steps, self.ends, self.outermost, self.anywhere) = (steps, ends, outermost, anywhere)
        // No field, but known: see ``FieldReader``.
        if !rules.isEmpty, !named.contains(where: { $0.name == Self.properties }) { named.append((Self.properties, Way(field: Self.noField, rank: -1))) }
        names = NameTable(named)
        lastNames = NameTable(last)
        stepNames = NameTable(steps.compactMap { if case .name(let name) = $0 { (name, Way(field: Self.noField, rank: 0)) } else { nil } })
    }

    /// The member of a JSON Schema that holds the schemas of an object's members (JSON Schema 2020-12, Core §10.3.2.1).
    static let properties = Array("properties".utf8)
    /// What ``field(named:)`` gives for ``properties`` if no rule names it.
    static let noField = -1
    /// Members of a schema that say what a value is like, and hold none: JSON Schema 2020-12, Validation §6, §7, §9, Core §8; OpenAPI 3.0.
    static let annotations: Set<[UInt8]> = Set(
        [
            "type", "description", "title", "format", "pattern", "$ref", "$comment", "minLength", "maxLength", "minimum", "maximum", "minItems", "maxItems", "uniqueItems",
            "nullable", "readOnly", "writeOnly", "deprecated", "required", "additionalProperties", "contentEncoding", "contentMediaType",
        ].map { FieldPath.folded($0.utf8) })

    /// How a value is reached from the one around it.
    enum Link {
        /// The name, folded.
        case member([UInt8])
        case element(Int)
    }

    /// What leads on from a value, and which field it is.
    struct Place {
        /// Index of the field; nil if it is none.
        var field: Int?
        /// Steps to be taken next.
        var steps: [UInt16]
    }

    /// The place of a value.
    ///
    /// - Parameters:
    ///   - inherited: the field that all of the value around it belongs to.
    ///   - taken: the steps that may be taken from there.
    func place(_ link: Link, inherited: Int?, taken: [UInt16]) -> Place {
        var named: Way?
        if case .member(let name) = link { named = names.way(name) }
        return place(named: named, inherited: inherited, taken: taken) { $0.leads(to: link) }
    }

    /// The place of a member whose name is on no way, as most are: the same as ``place(_:inherited:taken:)``, without a copy of the name.
    ///
    /// - Parameter name: raw bytes between the quotes, without escapes.
    /// - Returns: nil if the name is on a way.
    func place(ofOther name: UnsafeBufferPointer<UInt8>, inherited: Int?, taken: [UInt16]) -> Place? {
        if stepNames.mayHold(name), stepNames.way(name) != nil { return nil }
        return place(named: names.mayHold(name) ? names.way(name) : nil, inherited: inherited, taken: taken) { $0 == .any }
    }

    /// - Parameters:
    ///   - named: the way that is the member's name and no more, if there is one.
    ///   - leads: whether a step leads to the value.
    @inline(__always)
    private func place(named: Way?, inherited: Int?, taken: [UInt16], _ leads: (FieldPath.Step) -> Bool) -> Place {
        var best = named?.field == Self.noField ? nil : named
        var next: [UInt16] = []
        func take(_ position: UInt16) {
            guard leads(steps[Int(position)]) else { return }
            guard let way = ends[Int(position)] else { return next.append(position + 1) }
            if best.map({ $0.rank < way.rank }) ?? true { best = way }
        }
        for position in taken { take(position) }
        for position in anywhere { take(position) }
        return Place(field: best?.field ?? inherited, steps: next)
    }

    /// The field of a name that is a way: `user[pin]` and `user.pin`, as `{"user": {"pin": …}}` would be.
    ///
    /// - Parameter name: without escapes.
    func field(ofWay name: [UInt8]) -> Int? {
        var place = Place(field: nil, steps: outermost)
        for part in name.split(whereSeparator: { "[].".utf8.contains($0) }) {
            let number = Int(String(decoding: part, as: UTF8.self))
            place = self.place(number.map { .element($0) } ?? .member(FieldPath.folded(part)), inherited: place.field, taken: place.steps)
        }
        return place.field
    }

    /// The field of a member where the way to it is not known: each path counts as its last name.
    func field(_ link: Link) -> Int? {
        guard case .member(let name) = link else { return nil }
        return [lastNames.way(name), names.way(name)].compactMap { $0?.field }.first { $0 != Self.noField }
    }

    /// The field of a name of which no path is more, or ``noField``.
    ///
    /// - Parameter name: raw bytes between the quotes, without escapes.
    func field(named name: UnsafeBufferPointer<UInt8>) -> Int? { names.way(name)?.field }

    /// Whether a name ends like one of those that are the whole of a path.
    ///
    /// - Parameter name: as for ``field(named:)``, but escapes may stand before the last three bytes.
    @inline(__always)
    func mayName(_ name: UnsafeBufferPointer<UInt8>) -> Bool { names.mayHold(name) }

    /// Whether none of those names ends so: a first look, which is enough for most.
    ///
    /// - Parameters:
    ///   - quote: the one behind a name.
    ///   - window: raw bytes of JSON.
    @inline(__always)
    func isEndOfNone(before quote: Int, in window: UnsafeBufferPointer<UInt8>) -> Bool { names.holdsNone(endingBefore: quote, in: window) }

    // MARK: Names

    /// Folded names → ways. Most names that come are told apart from all of these by their last bytes, the others by a hash.
    private struct NameTable: Sendable {
        private let named: [(name: [UInt8], way: Way)]
        /// A bit for each pair of last bytes that a name can be written with.
        private let endings: [UInt64]
        /// A bit for the hash of the last three bytes of each name, of which none is a separator.
        private let longerEndings: [UInt64]
        /// Open addressing: number of the name plus one, 0 where there is none.
        private let slots: [UInt16]

        init(_ all: [(name: [UInt8], way: Way)]) {
            let best = Dictionary(all.map { ($0.name, $0.way) }) { $1.rank > $0.rank ? $1 : $0 }
            named = best.map { ($0.key, $0.value) }.sorted { $0.way.rank < $1.way.rank }
            var slots = [UInt16](repeating: 0, count: Self.slotCount(for: named.count))
            var endings = [UInt64](repeating: 0, count: named.isEmpty ? 0 : 1024)
            func allow(_ first: UInt8, _ second: UInt8) {
                let pair = Int(first) << 8 | Int(second)
                endings[pair >> 6] |= 1 << UInt64(pair & 63)
            }
            func spellings(_ byte: UInt8) -> [UInt8] { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) ? [byte, byte & 0xDF] : [byte] }
            let separators = Array("_- ".utf8)
            for (number, (name, _)) in named.enumerated() {
                var slot = Int(truncatingIfNeeded: Self.hash(name)) & (slots.count - 1)
                while slots[slot] != 0 { slot = (slot + 1) & (slots.count - 1) }
                slots[slot] = UInt16(number + 1)
                // A separator may stand before each byte of a name, or behind its last.
                for last in spellings(name[name.count - 1]) {
                    for other in (name.count > 1 ? spellings(name[name.count - 2]) : []) + separators { allow(other, last) }
                    for separator in separators { allow(last, separator) }
                }
                for first in separators { for second in separators { allow(first, second) } }
            }
            var longer = [UInt64](repeating: 0, count: 1024)
            for (name, _) in named where name.count >= 3 {
                let hash = Self.hash(of: UInt32(name[name.count - 3]) | UInt32(name[name.count - 2]) << 8 | UInt32(name[name.count - 1]) << 16)
                longer[hash >> 6] |= 1 << UInt64(hash & 63)
            }
            (self.slots, self.endings, longerEndings) = (slots, endings, longer)
        }

        /// Of three bytes in any case, sixteen bits.
        @inline(__always)
        private static func hash(of three: UInt32) -> Int { Int(((three | 0x202020) &* 0x9E37_79B1) >> 16) }

        /// A power of two, four times the names or more.
        private static func slotCount(for names: Int) -> Int {
            var count = 4
            while count < 4 * names { count *= 2 }
            return count
        }

        /// - Parameter name: as it is written, without escapes.
        @inline(__always)
        func mayHold(_ name: UnsafeBufferPointer<UInt8>) -> Bool {
            if endings.isEmpty || name.count > FieldReader.longestKey { return false }
            if name.count < 2 { return true }
            let pair = Int(name[name.count - 2]) << 8 | Int(name[name.count - 1])
            if endings[pair >> 6] >> UInt64(pair & 63) & 1 == 0 { return false }
            if name.count < 3 { return true }
            let three = name.count - 3
            return mayEnd(with: UInt32(name[three]) | UInt32(name[three + 1]) << 8 | UInt32(name[three + 2]) << 16)
        }

        /// See ``FieldSet/isEndOfNone(before:in:)``.
        @inline(__always)
        func holdsNone(endingBefore quote: Int, in window: UnsafeBufferPointer<UInt8>) -> Bool {
            guard quote >= 8, let base = window.baseAddress else { return false }
            let eight = UnsafeRawPointer(base + quote - 8).loadUnaligned(as: UInt64.self)
            // An escape that has to do with the last three bytes begins at most eight before the end.
            let backslashes = eight ^ 0x5C5C_5C5C_5C5C_5C5C
            let hasBackslash = (backslashes &- 0x0101_0101_0101_0101) & ~backslashes & 0x8080_8080_8080_8080 != 0
            return !hasBackslash && !mayEnd(with: UInt32(truncatingIfNeeded: eight >> 40))
        }

        /// - Parameter three: the last bytes of a name, the first of them lowest, or the quote in front of it and what comes before that.
        @inline(__always)
        private func mayEnd(with three: UInt32) -> Bool {
            let hash = Self.hash(of: three)
            if longerEndings[hash >> 6] >> UInt64(hash & 63) & 1 == 1 { return true }
            // Where one of them does not count they are less than three of the name.
            for byte in 0..<3 {
                let byte = UInt8(truncatingIfNeeded: three >> UInt32(8 * byte))
                if !Self.counts(byte) || byte == UInt8(ascii: "\"") { return true }
            }
            return false
        }

        func way(_ name: some Collection<UInt8>) -> Way? {
            if named.isEmpty { return nil }
            var slot = Int(truncatingIfNeeded: Self.hash(name)) & (slots.count - 1)
            while slots[slot] != 0 {
                let candidate = named[Int(slots[slot]) - 1]
                if candidate.name.elementsEqual(name.lazy.filter(Self.counts).map(Self.lowercased)) { return candidate.way }
                slot = (slot + 1) & (slots.count - 1)
            }
            return nil
        }

        private static func counts(_ byte: UInt8) -> Bool { byte != UInt8(ascii: "_") && byte != UInt8(ascii: "-") && byte != UInt8(ascii: " ") }

        private static func lowercased(_ byte: UInt8) -> UInt8 { byte &- UInt8(ascii: "A") < 26 ? byte | 0x20 : byte }

        /// FNV-1a of the folded name, its upper half on its lower.
        private static func hash(_ name: some Collection<UInt8>) -> UInt64 {
            var hash: UInt64 = 0xCBF2_9CE4_8422_2325
            for byte in name where counts(byte) { hash = (hash ^ UInt64(lowercased(byte))) &* 0x100_0000_01B3 }
            return hash ^ hash >> 32
        }
    }
}

extension FieldPath.Step {
    fileprivate func leads(to link: FieldSet.Link) -> Bool {
        switch (self, link) {
        case (.name(let name), .member(let other)): name == other
        case (.any, _), (.anyElement, .element): true
        case (.element(let number), .element(let other)): number == other
        default: false
        }
    }
}
