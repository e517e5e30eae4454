// What a rule finds hard, as short texts to be repeated: taken from the ways through its automaton.

/// Makes the units of which a gauntlet's inputs are repeats.
struct HardTexts {
    /// What each is, and its bytes; none is empty.
    private(set) var units: [(name: String, bytes: [UInt8])] = []

    private let compiled: CompiledRule
    private let alone: RuleSet
    private let literal: [UInt8]
    private var random: SplitMix64
    /// Symbol → its bytes, those that are easily shown if there are any.
    private let bytesOfSymbol: [[UInt8]]
    /// All symbols but the edge, in the order in which they are tried.
    private let symbols: [Int]

    /// A match without bound is drawn out to as many bytes.
    private static let longestMatch = 300
    /// Ways kept apart at each byte while the longest is sought: all of them would be too many for wide patterns.
    private static let mostWays = 64
    private static let mostRuns = 3

    init(_ compiled: CompiledRule, seed: UInt64) throws(RuleError) {
        self.compiled = compiled
        alone = try RuleSet(compiled: [compiled])
        literal = try compiled.pattern.longestLiteral
        random = SplitMix64(seed: seed)
        let table = compiled.forward.table
        bytesOfSymbol = (0..<table.edge).map { symbol in
            let all = (UInt8.min...UInt8.max).filter { table.symbol($0) == symbol }
            let plain = all.filter { (0x21..<0x7F).contains($0) && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }
            return plain.isEmpty ? all : plain
        }
        // Bytes with which a match can begin come first, so that ways are full of starts.
        let starts = (0..<table.edge).map { symbol in
            (0..<table.edge).contains { table.entry(compiled.forward.starts[$0], symbol) & StateTable.stateMask != 0 }
        }
        symbols = (0..<table.edge).filter { starts[$0] } + (0..<table.edge).filter { !starts[$0] }
        fill()
    }

    private mutating func fill() {
        add("literal repeated", literal)
        if let context = compiled.context {
            add("context words repeated", Array(context.words.map { $0 + [UInt8(ascii: " ")] }.joined()))
        }
        let edge = separator()
        let longest = longestMatch(behind: edge, most: Self.longestMatch)
        if let longest {
            add("longest match repeated", inContext(longest) + [edge])
            add("longest match repeated, nothing between", longest)
            var near = longest
            near[near.count - 1] = stop(behind: near.dropLast(), from: edge)
            add("match with another last byte repeated", inContext(near) + [edge])
        }
        let prefix = longestLivePrefix(behind: edge)
        if prefix.count > 1 {
            add("longest live prefix repeated", inContext(prefix) + [stop(behind: prefix[...], from: edge)])
            add("longest live prefix repeated, nothing between", prefix)
        }
        let misses = nearMisses(behind: edge)
        if !misses.isEmpty { add("matches that fail the checks repeated", Array(misses.map { inContext($0) + [edge] }.joined())) }
        for byte in runs() { add("byte \(Self.shown(byte)) repeated", inContext([UInt8](repeating: byte, count: compiled.context == nil ? 1 : 60))) }
        for number in 1...Self.mostRuns {
            guard let (before, cycle) = cycle(behind: edge) else { continue }
            let times = max(Self.longestMatch / cycle.count, 1)
            add("cycle \(number) repeated", inContext(before + Array(repeatElement(cycle, count: times).joined())))
        }
    }

    private mutating func add(_ name: String, _ unit: [UInt8]) {
        if !unit.isEmpty, !units.contains(where: { $0.bytes == unit }) { units.append((name, unit)) }
    }

    /// With a word of the rule's context in front, so that the rule has work to do.
    private func inContext(_ text: [UInt8]) -> [UInt8] {
        guard let context = compiled.context, let word = context.words.first(where: { $0.count < context.within }) else { return text }
        return word + [UInt8(ascii: " ")] + text
    }

    // MARK: Ways through the automaton

    /// A byte between two units behind which a match may begin and before which it may end.
    private func separator() -> UInt8 {
        let table = compiled.forward.table
        func allows(_ byte: UInt8) -> Bool {
            let start = compiled.forward.starts[table.symbol(byte)]
            return (0..<table.edge).contains { table.entry(start, $0) & StateTable.stateMask != 0 }
        }
        return Array(" ,;-x0=:\n@".utf8).first(where: allows) ?? UInt8(ascii: " ")
    }

    private struct Step {
        var state: UInt16
        /// Index in the layer before.
        var from: Int
        var byte: UInt8
    }

    /// The longest match, or one of that many bytes at most where it has no bound.
    private mutating func longestMatch(behind before: UInt8, most: Int) -> [UInt8]? {
        let table = compiled.forward.table
        var layers = [[Step(state: compiled.forward.starts[table.symbol(before)], from: 0, byte: before)]]
        var best: (layer: Int, index: Int)?
        while layers.count <= most {
            var next: [Step] = []
            var seen = Set<UInt16>()
            for (index, step) in layers[layers.count - 1].enumerated() {
                for symbol in symbols {
                    let state = table.entry(step.state, symbol) & StateTable.stateMask
                    if state != 0, seen.insert(state).inserted { next.append(Step(state: state, from: index, byte: random.pick(bytesOfSymbol[symbol]))) }
                }
            }
            if next.isEmpty { break }
            if next.count > Self.mostWays {
                random.shuffle(&next)
                next.removeLast(next.count - Self.mostWays)
            }
            if let end = next.firstIndex(where: { table.entry($0.state, table.symbol(before)) & StateTable.mark != 0 }) { best = (layers.count, end) }
            layers.append(next)
        }
        guard var (layer, index) = best else { return nil }
        var bytes: [UInt8] = []
        while layer > 0 {
            bytes.append(layers[layer][index].byte)
            index = layers[layer][index].from
            layer -= 1
        }
        return bytes.reversed()
    }

    /// The longest beginning of a match in which no match ends: without ends there is no way around in circles, so that it is found by depth.
    private mutating func longestLivePrefix(behind before: UInt8) -> [UInt8] {
        let forward = compiled.forward
        let table = forward.table
        /// State → bytes that may still follow, and the first of them; nil while its successors are looked at.
        var known: [UInt16: (length: Int, symbol: Int)?] = [:]
        func ways(_ state: UInt16) -> [(symbol: Int, next: UInt16)] {
            symbols.compactMap { symbol in
                let entry = table.entry(state, symbol)
                return entry == 0 || entry & StateTable.mark != 0 || forward.accepts[Int(entry)] ? nil : (symbol, entry)
            }
        }
        let start = forward.starts[table.symbol(before)]
        var path = [start]
        while let state = path.last {
            if known[state] == nil {
                known[state] = .some(nil)
                path += ways(state).filter { known[$0.next] == nil }.map(\.next)
                continue
            }
            path.removeLast()
            if known[state]! != nil { continue }
            var best = (length: 0, symbol: -1)
            for (symbol, next) in ways(state) {
                if case .some(.some(let rest)) = known[next], rest.length + 1 > best.length { best = (rest.length + 1, symbol) }
            }
            known[state] = best
        }
        var bytes: [UInt8] = []
        var state = start
        while case .some(.some(let way)) = known[state], way.length > 0 {
            bytes.append(random.pick(bytesOfSymbol[way.symbol]))
            state = table.entry(state, way.symbol) & StateTable.stateMask
        }
        return bytes
    }

    /// A byte with which what began at `text` is no match and can become none; if there is no such byte, the separator.
    private func stop(behind text: ArraySlice<UInt8>, from before: UInt8) -> UInt8 {
        let table = compiled.forward.table
        let state = run(text, from: before)
        let symbol = (0..<table.edge).first { table.entry(state, $0) == 0 }
        return symbol.map { bytesOfSymbol[$0][0] } ?? before
    }

    private func run(_ text: ArraySlice<UInt8>, from before: UInt8) -> UInt16 {
        let table = compiled.forward.table
        return text.reduce(compiled.forward.starts[table.symbol(before)]) { table.entry($0, table.symbol($1)) & StateTable.stateMask }
    }

    /// Matches of the pattern that its checks refuse, of several lengths.
    private mutating func nearMisses(behind edge: UInt8) -> [[UInt8]] {
        guard compiled.isChecked else { return [] }
        var misses: [[UInt8]] = []
        // With more ends than are checked a match needs no checks.
        for attempt in 0..<40 where misses.count < 8 {
            guard let match = longestMatch(behind: edge, most: [40, 20, 30, 60][attempt % 4]) else { continue }
            if isRefused(match, behind: edge), !misses.contains(match) { misses.append(match) }
        }
        return misses
    }

    private func isRefused(_ match: [UInt8], behind edge: UInt8) -> Bool { (try? alone.mask(inContext(match) + [edge])) == 0 }

    /// Bytes that keep the automaton going longest where nothing else stands.
    private func runs() -> [UInt8] {
        let table = compiled.forward.table
        var lengths: [(byte: UInt8, length: Int)] = []
        for symbol in 0..<table.edge {
            let byte = bytesOfSymbol[symbol][0]
            var state = compiled.forward.starts[symbol]
            var length = 0
            while length < CompiledRule.longestHold {
                state = table.entry(state, symbol) & StateTable.stateMask
                if state == 0 { break }
                length += 1
            }
            // Not alive behind itself: it may still be at the start of a text, or in the middle of a match.
            lengths.append((byte, length))
        }
        lengths.sort { ($1.length, $0.byte) < ($0.length, $1.byte) }
        return lengths.prefix(Self.mostRuns).map(\.byte)
    }

    /// Bytes to a state, and bytes that lead from it back to it.
    private mutating func cycle(behind edge: UInt8) -> (before: [UInt8], cycle: [UInt8])? {
        let table = compiled.forward.table
        var state = compiled.forward.starts[table.symbol(edge)]
        var bytes: [UInt8] = []
        var visited: [UInt16: Int] = [:]
        while bytes.count < CompiledRule.longestHold {
            if let first = visited[state] { return (Array(bytes[..<first]), Array(bytes[first...])) }
            visited[state] = bytes.count
            let open = (0..<table.edge).filter { table.entry(state, $0) & StateTable.stateMask != 0 }
            if open.isEmpty { break }
            let symbol = random.pick(open)
            bytes.append(random.pick(bytesOfSymbol[symbol]))
            state = table.entry(state, symbol) & StateTable.stateMask
        }
        // No way leads back: what has been walked is repeated as it is.
        return bytes.isEmpty ? nil : ([], bytes)
    }

    private static func shown(_ byte: UInt8) -> String {
        (0x21..<0x7F).contains(byte) ? "\"\(Character(UnicodeScalar(byte)))\"" : "0x" + String(byte, radix: 16)
    }
}

/// Source: S. Vigna, SplitMix64, https://prng.di.unimi.it/splitmix64.c (public domain).
private struct SplitMix64 {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    private mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    private mutating func below(_ limit: Int) -> Int { Int(next() % UInt64(limit)) }

    mutating func pick<T>(_ choices: [T]) -> T { choices[below(choices.count)] }

    mutating func shuffle<T>(_ items: inout [T]) {
        for index in stride(from: items.count - 1, to: 0, by: -1) { items.swapAt(index, below(index + 1)) }
    }
}
