// Paths that some patterns match and others do not: how policies that can never decide are found.

/// All patterns of a question as one automaton over bytes.
///
/// A state is a place in a pattern; what a path has reached is a set of states. A pattern of *n* segments has a place before each segment's `/` and one at its end, where it
/// accepts, and within a segment one for each byte, each `*` and each name that `**` takes.
struct PathWitness {
    /// A move: by this byte, or where it is nil by any but `/`.
    private struct Move {
        var byte: UInt8?
        var to: Int
    }

    private var moves: [[Move]] = []
    /// Moves without a byte.
    private var jumps: [[Int]] = []

    private init() {}

    /// A path that a request can have, that `pattern` and, if there are any, one of `some` match, and none of `none`; nil if there is no such path.
    ///
    /// - Returns: the shortest one; or, where there are more than a few thousand sets of states to look at, any text, so that a policy is never taken for dead by mistake.
    static func path(matching pattern: PathPattern, andOneOf some: [PathPattern] = [], butNoneOf none: [PathPattern]) -> String? {
        var automaton = PathWitness()
        let must = automaton.add(pattern)
        let may = some.map { automaton.add($0) }
        let mustNot = none.map { automaton.add($0) }
        let literals = Set(([pattern] + some + none).flatMap(\.literals))
        // One byte stands for all that no pattern names.
        let other = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_~!$&'()+,;=:@".utf8.first { !literals.contains($0) }
        let alphabet = literals.sorted() + (other.map { [$0] } ?? [])
        let slash = UInt8(ascii: "/")

        let start = automaton.step(automaton.closure(Set([must] .map(\.start) + may.map(\.start) + mustNot.map(\.start))), slash)
        var seen: Set<Set<Int>> = [start]
        var queue: [(states: Set<Int>, path: [UInt8])] = [(start, [slash])]
        var next = 0
        while next < queue.count {
            let (states, path) = queue[next]
            next += 1
            let isMatch = states.contains(must.end) && (may.isEmpty || may.contains { states.contains($0.end) }) && !mustNot.contains { states.contains($0.end) }
            if isMatch { return String(decoding: path, as: UTF8.self) }
            guard queue.count < 4096 else { return pattern.description }
            // Targets with empty segments are refused, but for one at the end.
            for byte in path.last == slash ? alphabet : [slash] + alphabet {
                let reached = automaton.step(states, byte)
                guard !reached.isEmpty, seen.insert(reached).inserted else { continue }
                queue.append((reached, path + [byte]))
            }
        }
        return nil
    }

    private mutating func add(_ pattern: PathPattern) -> (start: Int, end: Int) {
        let start = state()
        var at = start
        for segment in pattern.segments {
            let after = state()
            switch segment {
            case .any:
                let name = state()
                moves[at].append(Move(byte: UInt8(ascii: "/"), to: name))
                moves[name].append(Move(byte: nil, to: name))
                jumps[name].append(at)
                jumps[at].append(after)
            case .parts(let parts):
                var place = state()
                moves[at].append(Move(byte: UInt8(ascii: "/"), to: place))
                for (index, part) in parts.enumerated() {
                    if index > 0 { moves[place].append(Move(byte: nil, to: place)) }
                    for byte in part {
                        let next = state()
                        moves[place].append(Move(byte: byte, to: next))
                        place = next
                    }
                    // Where the star is the whole segment it stands for a byte at least; before a part that begins with nothing a place of its own keeps the loop from the literal before it.
                    guard index + 1 < parts.count else { continue }
                    let star = state()
                    if parts.allSatisfy(\.isEmpty) {
                        if index == 0 { moves[place].append(Move(byte: nil, to: star)) } else { jumps[place].append(star) }
                    } else {
                        jumps[place].append(star)
                    }
                    place = star
                }
                jumps[place].append(after)
            }
            at = after
        }
        return (start, at)
    }

    private mutating func state() -> Int {
        moves.append([])
        jumps.append([])
        return moves.count - 1
    }

    private func closure(_ states: Set<Int>) -> Set<Int> {
        var all = states
        var open = Array(states)
        while let state = open.popLast() {
            for next in jumps[state] where all.insert(next).inserted { open.append(next) }
        }
        return all
    }

    private func step(_ states: Set<Int>, _ byte: UInt8) -> Set<Int> {
        var reached: Set<Int> = []
        for state in states {
            for move in moves[state] where move.byte == byte || move.byte == nil && byte != UInt8(ascii: "/") { reached.insert(move.to) }
        }
        return closure(reached)
    }
}
