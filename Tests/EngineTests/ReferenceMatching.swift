// The reference masker's two matchers, both straight from the definitions: all ends of a match, and partial derivatives.

/// Finds the ends of a syntax tree in a text by recursion over the tree.
struct EndFinder {
    let text: [UInt8]

    /// Every offset e for which `syntax` matches exactly [start, e).
    func ends(of syntax: Syntax, from start: Int) -> Set<Int> {
        switch syntax {
        case .bytes(let set):
            return start < text.count && set.contains(text[start]) ? [start + 1] : []
        case .sequence(let items):
            var reached: Set<Int> = [start]
            for item in items {
                reached = ends(of: item, from: reached)
                if reached.isEmpty { break }
            }
            return reached
        case .alternatives(let items):
            return items.reduce(into: []) { $0.formUnion(ends(of: $1, from: start)) }
        case .repeated(let item, let least, let most):
            var latest: Set<Int> = [start]
            for _ in 0..<least where !latest.isEmpty { latest = ends(of: item, from: latest) }
            var all = latest
            var count = least
            while !latest.isEmpty, count < most ?? .max {
                latest = ends(of: item, from: latest).subtracting(all)
                all.formUnion(latest)
                count += 1
            }
            return all
        case .assertion(let assertion):
            return assertion.holds(previous: start > 0 ? text[start - 1] : nil, next: start < text.count ? text[start] : nil) ? [start] : []
        }
    }

    private func ends(of syntax: Syntax, from starts: Set<Int>) -> Set<Int> {
        if starts.count == 1 { return ends(of: syntax, from: starts.first!) }
        return starts.reduce(into: []) { $0.formUnion(ends(of: syntax, from: $1)) }
    }
}

/// What is left to match after some bytes: Antimirov's partial derivatives of a syntax tree (doi:10.1016/0304-3975(95)00182-4), with
/// assertions answered from the bytes on both sides.
struct Residuals: Hashable {
    private(set) var terms: Set<Syntax>
    private(set) var previous: UInt8?

    /// Everything is left to match; `previous` stands before the start, nil at the start of the text.
    init(_ syntax: Syntax, previous: UInt8?) {
        terms = [syntax]
        self.previous = previous
    }

    mutating func take(_ byte: UInt8) {
        terms = terms.reduce(into: []) { $0.formUnion(Self.derivatives(of: $1, previous: previous, by: byte)) }
        previous = byte
    }

    func taking(_ byte: UInt8) -> Residuals {
        var result = self
        result.take(byte)
        return result
    }

    /// Whether a match ends here, if `next` follows; nil: the text ends.
    func isEnd(next: UInt8?) -> Bool { terms.contains { Self.matchesEmpty($0, previous: previous, next: next) } }

    /// Whether a match ends here whatever follows.
    func isEndForSure(_ alphabet: [UInt8]) -> Bool { isEnd(next: nil) && alphabet.allSatisfy { isEnd(next: $0) } }

    /// Whether some next byte carries on.
    func wantsByte(_ alphabet: [UInt8]) -> Bool { alphabet.contains { !taking($0).terms.isEmpty } }

    /// Whether a match may end here, depending on what follows.
    func waitsForNext(_ alphabet: [UInt8]) -> Bool {
        let answers = Set([isEnd(next: nil)] + alphabet.map { isEnd(next: $0) })
        return answers.count == 2
    }

    /// Whether a match can end here or later, whatever follows.
    func canEnd(_ alphabet: [UInt8]) -> Bool {
        isEnd(next: nil) || alphabet.contains { isEnd(next: $0) } || witness(alphabet, longest: 2000) != nil
    }

    /// Bytes of which every other one is a twin: no byte set of `syntax` tells the two apart.
    static func alphabet(of syntax: Syntax) -> [UInt8] {
        let sets = Array(Set(syntax.byteSets))
        var seen: Set<[Bool]> = []
        return (UInt8.min...UInt8.max).filter { byte in seen.insert(sets.map { $0.contains(byte) }).inserted }
    }

    private static func matchesEmpty(_ syntax: Syntax, previous: UInt8?, next: UInt8?) -> Bool {
        switch syntax {
        case .bytes: false
        case .sequence(let items): items.allSatisfy { matchesEmpty($0, previous: previous, next: next) }
        case .alternatives(let items): items.contains { matchesEmpty($0, previous: previous, next: next) }
        case .repeated(let item, let least, _): least == 0 || matchesEmpty(item, previous: previous, next: next)
        case .assertion(let assertion): assertion.holds(previous: previous, next: next)
        }
    }

    private static func derivatives(of syntax: Syntax, previous: UInt8?, by byte: UInt8) -> Set<Syntax> {
        switch syntax {
        case .bytes(let set):
            return set.contains(byte) ? [.empty] : []
        case .sequence(let items):
            var result: Set<Syntax> = []
            for (index, item) in items.enumerated() {
                let rest = Array(items[(index + 1)...])
                for left in derivatives(of: item, previous: previous, by: byte) { result.insert(join(left, rest)) }
                if !matchesEmpty(item, previous: previous, next: byte) { break }
            }
            return result
        case .alternatives(let items):
            return items.reduce(into: []) { $0.formUnion(derivatives(of: $1, previous: previous, by: byte)) }
        case .repeated(let item, let least, let most):
            if most == 0 { return [] }
            var result: Set<Syntax> = []
            let lefts = derivatives(of: item, previous: previous, by: byte)
            // Rounds that match nothing here may come first; each uses one up.
            let emptyRounds = matchesEmpty(item, previous: previous, next: byte) ? max(least - 1, 0) : 0
            for skipped in 0...emptyRounds {
                let rest = Syntax.repeated(item, least: max(least - 1 - skipped, 0), most: most.map { $0 - 1 - skipped })
                for left in lefts { result.insert(join(left, [rest])) }
            }
            return result
        case .assertion:
            return []
        }
    }

    private static func join(_ left: Syntax, _ rest: [Syntax]) -> Syntax {
        let rest = rest.filter { if case .repeated(_, _, 0) = $0 { false } else { $0 != .empty } }
        if case .sequence(let items) = left { return items.count + rest.count == 1 ? (items + rest)[0] : .sequence(items + rest) }
        return rest.isEmpty ? left : .sequence([left] + rest)
    }

    /// The shortest continuation after which a match ends that is longer than what was taken so far, or that makes an end here sure;
    /// nil when there is none of at most `longest` bytes. An empty one means that the text must end here.
    func witness(_ alphabet: [UInt8], longest: Int) -> [UInt8]? {
        if waitsForNext(alphabet) {
            if isEnd(next: nil) { return [] }
            return alphabet.first { isEnd(next: $0) }.map { [$0] }
        }
        var seen: Set<Residuals> = []
        var frontier: [(Residuals, [UInt8])] = [(self, [])]
        for _ in 0..<longest {
            var next: [(Residuals, [UInt8])] = []
            for (state, path) in frontier {
                for byte in alphabet {
                    let reached = state.taking(byte)
                    if reached.terms.isEmpty || !seen.insert(reached).inserted { continue }
                    if reached.isEnd(next: nil) { return path + [byte] }
                    if let following = alphabet.first(where: { reached.isEnd(next: $0) }) { return path + [byte, following] }
                    next.append((reached, path + [byte]))
                }
            }
            frontier = next
        }
        return nil
    }
}
