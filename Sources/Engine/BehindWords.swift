// Which rules may match where behind the words of their contexts: all rules of a word at once, by the first bytes of their matches.
//
// A word that a dozen rules share ("passport") stands before a few dozen places. Asking each rule at each of them took a third of the time on texts full of such words. Here a place has a bit
// for each of 64 rules, set where a word before it reaches, and a look-up for each of the first bytes there clears those of the rules whose matches cannot have that byte. Most places
// lose their last bit at the second byte or the third, and words that stand close together set the same bits again.

/// The rules of a set that are sought from their words. Immutable after `init`, shared by all threads: hence unchecked.
final class BehindWords: @unchecked Sendable {
    /// Rules of a group that share a word, and how far it reaches.
    private struct Band {
        var group: Int
        /// Bytes to look back, see ``ContextWords/within``.
        var within: Int
        /// A bit for each rule.
        var rules: UInt64
    }

    /// Word → bytes.
    private let lengths: UnsafeMutablePointer<Int>
    /// Word → where its bands begin; one more for the end of the last.
    private let firstBands: UnsafeMutablePointer<Int>
    private let bands: UnsafeMutablePointer<Band>
    /// Group, offset and byte → rules of which a match can have the byte there.
    private let allowed: UnsafeMutablePointer<UInt64>
    /// Group → rules of which a match can begin where a text does.
    private let allowedAtEdge: UnsafeMutablePointer<UInt64>
    /// Group and bit → rule.
    private let rules: UnsafeMutablePointer<Int>
    private let groupCount: Int

    /// −1 is the byte before a match. As many as most words and the names of members are long, so that a token of a class that takes them in is none.
    private static var offsets: ClosedRange<Int> { -1...14 }
    private static var groupSize: Int { UInt64.bitWidth }

    /// - Parameter words: the bytes of each, and the rules that are sought from it.
    init(_ all: [CompiledRule], words: [(count: Int, rules: [Int])]) {
        // Rules that share a word belong together, those of the most shared one first.
        var places: [Int: Int] = [:]
        var members: [Int] = []
        for word in words.sorted(by: { $0.rules.count > $1.rules.count }) {
            for rule in word.rules where places[rule] == nil {
                places[rule] = members.count
                members.append(rule)
            }
        }
        groupCount = (members.count + Self.groupSize - 1) / Self.groupSize
        rules = .allocate(capacity: members.count)
        rules.initialize(from: members, count: members.count)

        lengths = .allocate(capacity: words.count)
        firstBands = .allocate(capacity: words.count + 1)
        var bands: [Band] = []
        for (number, word) in words.enumerated() {
            (lengths + number).initialize(to: word.count)
            (firstBands + number).initialize(to: bands.count)
            var own: [Band] = []
            for rule in word.rules {
                let (group, bit) = places[rule]!.quotientAndRemainder(dividingBy: Self.groupSize)
                let within = all[rule].context!.within
                let index = own.firstIndex { $0.group == group && $0.within == within } ?? own.count
                if index == own.count { own.append(Band(group: group, within: within, rules: 0)) }
                own[index].rules |= 1 << UInt64(bit)
            }
            bands += own.sorted { $0.group < $1.group }
        }
        (firstBands + words.count).initialize(to: bands.count)
        self.bands = .allocate(capacity: bands.count)
        self.bands.initialize(from: bands, count: bands.count)

        let rows = Self.offsets.count
        allowed = .allocate(capacity: groupCount * rows * 256)
        allowed.initialize(repeating: 0, count: groupCount * rows * 256)
        allowedAtEdge = .allocate(capacity: groupCount)
        allowedAtEdge.initialize(repeating: 0, count: groupCount)
        for (place, rule) in members.enumerated() {
            let (group, number) = place.quotientAndRemainder(dividingBy: Self.groupSize)
            let bit: UInt64 = 1 << UInt64(number)
            let (sets, beginsAtEdge) = all[rule].forward.firstBytes(Self.offsets.upperBound + 1)
            for (row, set) in sets.enumerated() {
                for byte in UInt8.min...UInt8.max where set.contains(byte) { allowed[(group * rows + row) * 256 + Int(byte)] |= bit }
            }
            if beginsAtEdge { allowedAtEdge[group] |= bit }
        }
    }

    deinit {
        lengths.deallocate()
        firstBands.deallocate()
        bands.deallocate()
        allowed.deallocate()
        allowedAtEdge.deallocate()
        rules.deallocate()
    }

    /// Calls `body` with each rule that is sought from a word that stands in a buffer, and where its matches may start because of it.
    func forEachRule(of word: Int, at place: Int, in buffer: UnsafeBufferPointer<UInt8>, _ body: (_ rule: Int, _ starts: Range<Int>) -> Void) {
        let end = place + lengths[word]
        for index in firstBands[word]..<firstBands[word + 1] {
            let last = ContextWords.lastStart(behind: place, end, isWhole: ContextWords.isWhole(end, in: buffer), within: bands[index].within)
            forEach(bands[index].rules, of: bands[index].group) { body($0, end..<max(end, last + 1)) }
        }
    }

    @inline(__always)
    private func forEach(_ bits: UInt64, of group: Int, _ body: (_ rule: Int) -> Void) {
        var left = bits
        while left != 0 {
            body(rules[group &* Self.groupSize &+ left.trailingZeroBitCount])
            left &= left &- 1
        }
    }

    // MARK: Places

    /// Places of a buffer that are still to be looked at. One per thread at a time.
    final class Sweep {
        private let words: BehindWords
        /// Group and block of eight places, modulo ``span`` → rules that a word before one of them reaches. Eight, since a few places more do no harm: the context is
        /// looked at anyway.
        private let standing: UnsafeMutablePointer<UInt64>
        /// Group → where such places are.
        private let pending: UnsafeMutablePointer<Range<Int>>
        private var groupsWithPlaces: [Int] = []

        /// More blocks than a word reaches from the one that it begins in.
        private static var span: Int { 32 }

        init(_ words: BehindWords) {
            self.words = words
            standing = .allocate(capacity: words.groupCount * Self.span)
            standing.initialize(repeating: 0, count: words.groupCount * Self.span)
            pending = .allocate(capacity: words.groupCount)
            pending.initialize(repeating: 0..<0, count: words.groupCount)
        }

        deinit {
            standing.deallocate()
            pending.deallocate()
        }

        /// Notes that a word stands in a buffer.
        ///
        /// - Parameters:
        ///   - place: of its first byte, not before the one of the last call.
        ///   - range: of the buffer, the same in all calls: what stands outside is not looked at.
        ///   - look: gets a group of rules and the places of it that no later word can reach, to go over them by ``forEachStart(of:in:of:text:before:_:)``.
        @inline(__always)
        func note(_ word: Int, at place: Int, in buffer: UnsafeBufferPointer<UInt8>, within range: Range<Int>, _ look: (_ group: Int, _ places: Range<Int>) -> Void) {
            let end = place &+ words.lengths[word]
            let isWhole = ContextWords.isWhole(end, in: buffer)
            let first = max(end, range.lowerBound)
            let settled = place & ~7
            for index in words.firstBands[word]..<words.firstBands[word &+ 1] {
                let band = words.bands[index]
                let last = min(ContextWords.lastStart(behind: place, end, isWhole: isWhole, within: band.within), range.upperBound &- 1)
                if first > last { continue }
                let known = pending[band.group]
                var lowest = first
                if known.isEmpty {
                    groupsWithPlaces.append(band.group)
                } else if known.upperBound <= settled {
                    finish(known, of: band.group, look)
                } else {
                    if known.lowerBound < settled { finish(known.lowerBound..<settled, of: band.group, look) }
                    lowest = min(first, max(known.lowerBound, settled))
                }
                pending[band.group] = lowest..<max(known.upperBound, last &+ 1)
                let standing = self.standing + band.group &* Self.span
                for block in first >> 3...last >> 3 { standing[block & (Self.span &- 1)] |= band.rules }
            }
        }

        /// Looks at all places that are left.
        @inline(__always)
        func finish(_ look: (_ group: Int, _ places: Range<Int>) -> Void) {
            for group in groupsWithPlaces {
                finish(pending[group], of: group, look)
                pending[group] = 0..<0
            }
            groupsWithPlaces.removeAll(keepingCapacity: true)
        }

        @inline(__always)
        private func finish(_ places: Range<Int>, of group: Int, _ look: (_ group: Int, _ places: Range<Int>) -> Void) {
            look(group, places)
            let standing = self.standing + group &* Self.span
            for block in places.lowerBound >> 3...(places.upperBound &- 1) >> 3 { standing[block & (Self.span &- 1)] = 0 }
        }

        /// Calls `body` with each place at which a match of a rule may start, from left to right.
        ///
        /// - Parameters:
        ///   - text: from the place of its first byte to the one behind its last: holds `places`.
        ///   - before: the byte before the text; nil at its edge.
        @inline(__always)
        func forEachStart(
            of group: Int, in places: Range<Int>, of buffer: UnsafeBufferPointer<UInt8>, text: Range<Int>, before: UInt8?, _ body: (_ rule: Int, _ place: Int) -> Void
        ) {
            let base = buffer.baseAddress.unsafelyUnwrapped
            let standing = self.standing + group &* Self.span
            let allowed = words.allowed + group &* (offsets.count &* 256)
            var place = places.lowerBound
            while place < places.upperBound {
                let end = min(place | 7 &+ 1, places.upperBound)
                let reached = standing[place >> 3 & (Self.span &- 1)]
                if reached == 0 {
                    place = end
                    continue
                }
                while place < end {
                    var left = reached & allowed[256 &+ Int(base[place])]
                    if left != 0 {
                        if place > text.lowerBound {
                            left &= allowed[Int(base[place &- 1])]
                        } else {
                            left &= before.map { allowed[Int($0)] } ?? words.allowedAtEdge[group]
                        }
                        let known = min(offsets.upperBound, text.upperBound &- place &- 1)
                        var offset = 1
                        while left != 0, offset <= known {
                            left &= allowed[(offset &+ 1) &* 256 &+ Int(base[place &+ offset])]
                            offset &+= 1
                        }
                        words.forEach(left, of: group) { body($0, place) }
                    }
                    place &+= 1
                }
            }
        }
    }
}

extension ForwardAutomaton {
    /// The bytes with which a match can go on at each of its first places, for as long as it has to: behind an end of a match any byte can stand.
    ///
    /// - Returns: the bytes that can stand before a match, then those of its first `count` bytes; and whether a match can begin at the edge of a text.
    fileprivate func firstBytes(_ count: Int) -> (sets: [ByteSet], beginsAtEdge: Bool) {
        let bytesOf = (0..<table.edge).map { symbol in
            (UInt8.min...UInt8.max).reduce(into: ByteSet()) { if table.symbol($1) == symbol { $0.insert($1) } }
        }
        func begins(behind symbol: Int) -> Bool { (0..<table.edge).contains { table.entry(starts[symbol], $0) & StateTable.stateMask != 0 } }
        var sets = [(0..<table.edge).reduce(ByteSet()) { begins(behind: $1) ? $0 | bytesOf[$1] : $0 }]
        var states = Set(starts)
        var mayHaveEnded = false
        for _ in 0..<count {
            let hadEnded = mayHaveEnded
            var next = Set<UInt16>()
            var symbols = Set<Int>()
            for state in states where !hadEnded {
                for symbol in 0..<table.edge {
                    let entry = table.entry(state, symbol)
                    if entry != 0 { symbols.insert(symbol) }
                    if entry & StateTable.mark != 0 { mayHaveEnded = true }
                    if entry & StateTable.stateMask != 0 { next.insert(entry & StateTable.stateMask) }
                }
            }
            sets.append(hadEnded ? .all : symbols.reduce(ByteSet()) { $0 | bytesOf[$1] })
            states = next
        }
        return (sets, begins(behind: table.edge))
    }
}
