// Where in a buffer matches may be: the sieves and Hyperscan put together, and what they found.

import ByteKernels

/// Finds the places of a rule set. Immutable after `init`, shared by all threads.
final class PlaceFinder: @unchecked Sendable {
    /// A gram's meaning, in the form that the scanner reads.
    struct Entry {
        enum Kind: UInt8 {
            /// A match may start `value` bytes before the place.
            case start
            /// A prefix of the rule, number `value`, may end at the place.
            case pivot
            /// Word `value` of ``PlaceFinder/behindWords`` begins at the place: of whichever rules.
            case word
            /// Word `value` of the rule's context begins at the place: up to where it reaches, the rule's other places are looked at.
            case gate
        }
        var rule: Int32
        var kind: Kind
        var value: Int32
    }

    let sieves: [Sieve]
    private let words: WordFinder
    /// The rules that are sought from the words.
    let behindWords: BehindWords
    let reader: Reader
    let cores: CoreFinder
    /// Bytes before a text that may have a say in it.
    let widestContext: Int

    /// Grams that one sieve can tell apart well.
    private static let mostTogether = 320
    private static let mostOthers = 640
    private static let mostLiterals = SieveBuckets.most * 3 / 4
    private static let fewLiterals = 512

    /// Tells what stands at a place: bare tables that belong to the finder.
    struct Reader {
        /// Sieve, bucket and bit → what the gram means.
        fileprivate let entries: UnsafeMutablePointer<Entry>
        /// Word → where what it means begins in `ofWords`; one more for the end of the last.
        fileprivate let firstOfWord: UnsafeMutablePointer<Int>
        fileprivate let ofWords: UnsafeMutablePointer<Entry>

        /// Calls `body` with each entry of a word.
        @inline(__always)
        func forEachEntry(of word: Int, _ body: (Entry) -> Void) {
            for index in firstOfWord[word]..<firstOfWord[word + 1] { body(ofWords[index]) }
        }

        /// Calls `body` with each entry of a sieve that stands at one of its places.
        @inline(__always)
        func forEachEntry(of sieve: Int, at place: sieve_place, _ body: (Entry) -> Void) {
            let entries = self.entries + (sieve * Sieve.bucketCount + Int(place.bucket)) * SieveBuckets.mostInBucket
            var standing = place.grams
            while standing != 0 {
                body(entries[standing.trailingZeroBitCount])
                standing &= standing &- 1
            }
        }
    }

    /// - Parameter variant: of the sieve's kernel.
    convenience init(_ rules: [CompiledRule], variant: kernel_variant) throws(RuleError) {
        self.init(rules, Self.sieves(of: Self.entries(of: rules[...]), variant: variant), try CoreFinder(rules[...]), variant: variant)
    }

    /// The grams of rules that sieves look for; the rules are numbered as in the slice.
    ///
    /// - Parameter first: number of the first gram.
    static func entries(of rules: ArraySlice<CompiledRule>, from first: Int = 0) -> [SieveEntry] {
        var entries: [SieveEntry] = []
        for (index, rule) in zip(rules.indices, rules) {
            for entry in rule.plan.entries where !entry.isSoughtWithWords {
                entries.append(SieveEntry(number: first + entries.count, rule: index, anchor: entry.anchor, gram: entry.gram))
            }
        }
        return entries
    }

    /// As many sieves as it takes: if there is more than one, those that begin with known bytes and the others are apart, since the former have a sieve's room
    /// three times over (see `sieve_sift`).
    static func sieves(of entries: [SieveEntry], variant: kernel_variant) -> [Sieve] {
        if entries.count <= mostTogether { return entries.isEmpty ? [] : [Sieve(entries, variant: variant)] }
        let literal = entries.filter { $0.gram.literals != nil }
        let others = entries.filter { $0.gram.literals == nil }
        return [(others, mostOthers), (literal, mostLiterals)].flatMap { entries, most in
            let count = (entries.count + most - 1) / most
            return (0..<count).map { number in
                let entries = Array(entries[number * entries.count / count..<(number + 1) * entries.count / count])
                // Literals are told apart by their hashes, so that for a few hundred half of the buckets will do, in half of the time.
                let buckets = most == mostLiterals && entries.count <= fewLiterals ? Sieve.bucketCount / 2 : Sieve.bucketCount
                return Sieve(entries, buckets: SieveBuckets.divide(entries.map(\.gram), into: buckets, offsets: Sieve.offsets), variant: variant)
            }
        }
    }

    /// - Parameters:
    ///   - sieves: together they hold the entries of the rules, in order.
    ///   - cores: of the rules that the planner leaves to Hyperscan.
    init(_ rules: [CompiledRule], _ sieves: [Sieve], _ cores: CoreFinder, variant: kernel_variant = KernelVariant.best) {
        let entries = UnsafeMutablePointer<Entry>.allocate(capacity: sieves.count * SieveBuckets.most)
        entries.initialize(repeating: Entry(rule: 0, kind: .start, value: 0), count: sieves.count * SieveBuckets.most)
        for (number, sieve) in sieves.enumerated() {
            for (bucket, members) in sieve.buckets.enumerated() {
                for (bit, member) in members.enumerated() {
                    let entry = sieve.entries[member]
                    entries[(number * Sieve.bucketCount + bucket) * SieveBuckets.mostInBucket + bit] = Entry(entry.rule, entry.anchor)
                }
            }
        }
        // Rules share words, which are sought once.
        var numbers: [[UInt8]: Int] = [:]
        var distinct: [[UInt8]] = []
        var meanings: [[Entry]] = []
        var soughtFrom: [[Int]] = []
        var grams: [Gram] = []
        var meaningsOfGrams: [[Entry]] = []
        for (index, rule) in rules.enumerated() {
            for entry in rule.plan.entries where entry.isSoughtWithWords {
                let meaning = Entry(index, entry.anchor)
                if !entry.anchor.isWord {
                    grams.append(entry.gram)
                    meaningsOfGrams.append([meaning])
                    continue
                }
                let word = rule.context!.words[Int(meaning.value)]
                let number = numbers[word] ?? distinct.count
                if number == distinct.count {
                    numbers[word] = number
                    distinct.append(word)
                    meanings.append([])
                    soughtFrom.append([])
                }
                if meaning.kind == .gate {
                    meanings[number].append(meaning)
                } else {
                    if soughtFrom[number].isEmpty { meanings[number].append(Entry(rule: 0, kind: .word, value: Int32(number))) }
                    soughtFrom[number].append(index)
                }
            }
        }
        meanings += meaningsOfGrams
        let all = meanings.joined()
        let ofWords = UnsafeMutablePointer<Entry>.allocate(capacity: all.count)
        let firstOfWord = UnsafeMutablePointer<Int>.allocate(capacity: meanings.count + 1)
        var next = 0
        for (number, meaning) in meanings.enumerated() {
            (firstOfWord + number).initialize(to: next)
            for entry in meaning {
                (ofWords + next).initialize(to: entry)
                next += 1
            }
        }
        (firstOfWord + meanings.count).initialize(to: next)
        words = WordFinder(distinct, grams, variant: variant)
        behindWords = BehindWords(rules, words: zip(distinct, soughtFrom).map { (count: $0.count, rules: $1) })
        self.sieves = sieves
        reader = Reader(entries: entries, firstOfWord: firstOfWord, ofWords: ofWords)
        widestContext = rules.contains { $0.context != nil } ? Rule.Context.seen : 0
        self.cores = cores
    }

    /// Calls `body` with each gram that may stand in a range of a buffer whose last bytes have not all come, so that the sieve did not see all that it looks at; from left to right,
    /// for as long as it says to go on.
    ///
    /// - Parameter range: reaches to the end of what has come.
    @inline(__always)
    func forEachOpenEntry(in range: Range<Int>, of buffer: UnsafeBufferPointer<UInt8>, _ body: (_ position: Int, PlaceFinder.Entry) -> Bool) {
        let known = UnsafeBufferPointer(rebasing: buffer[..<range.upperBound])
        withUnsafeTemporaryAllocation(of: sieve_place.self, capacity: Sieve.bucketCount) { places in
            var goesOn = true
            func tell(_ position: Int, _ entry: PlaceFinder.Entry) { goesOn = goesOn && body(position, entry) }
            for position in range where goesOn {
                for (number, sieve) in sieves.enumerated() {
                    let count = sieve.look(at: position, in: known, into: places.baseAddress.unsafelyUnwrapped)
                    for index in 0..<count { reader.forEachEntry(of: number, at: places[index]) { tell(position, $0) } }
                }
                words.forEachOpenGram(at: position, in: known) { reader.forEachEntry(of: $0) { tell(position, $0) } }
            }
        }
    }

    deinit {
        reader.entries.deallocate()
        reader.firstOfWord.deallocate()
        reader.ofWords.deallocate()
    }

    /// Finds the places in `buffer`, which has ``CoreFinder/slack`` readable bytes on both sides.
    func find(in buffer: UnsafeBufferPointer<UInt8>, scratch: OpaquePointer?, into places: inout Places) throws(MaskError) {
        places.begin(buffer)
        for sieve in sieves { places.find(by: sieve) }
        places.find(by: words)
        if let scratch {
            try cores.find(in: UnsafeRawBufferPointer(buffer), scratch: scratch, into: &places.cores)
            places.cores.sort()
        }
    }
}

/// The places found in one buffer, those of each sieve in order.
struct Places: ~Copyable {
    /// What was searched.
    private(set) var buffer = UnsafeBufferPointer<UInt8>(start: nil, count: 0)
    private var list = PlaceList()
    /// Sieve → end of its places.
    private var ends: [Int] = []
    private var words: [WordFinder.Place] = []
    /// Work space of the sieves, and of the words.
    private let hits = UnsafeMutablePointer<sieve_hit>.allocate(capacity: Sieve.slice)
    private let candidates = UnsafeMutablePointer<UInt32>.allocate(capacity: Sieve.slice + 1)
    var cores = CoreList()

    /// Calls `body` with what the places mean that lie in a range of the buffer, in order of their positions; where a word stands, with the word's meaning first.
    @inline(__always)
    func forEachEntry(in range: Range<Int>, _ reader: PlaceFinder.Reader, _ body: (_ position: Int, PlaceFinder.Entry) -> Void) {
        words.withUnsafeBufferPointer { words in
            var cursor = WordCursor(words: words, next: words.isEmpty ? 0 : firstWord(from: range.lowerBound), end: range.upperBound)
            if ends.count == 1 {
                for place in list[0..<ends[0]].from(range.lowerBound) {
                    let position = Int(place.position)
                    if position >= range.upperBound { break }
                    cursor.pass(upTo: position, reader, body)
                    reader.forEachEntry(of: 0, at: place) { body(position, $0) }
                }
            } else {
                withUnsafeTemporaryAllocation(of: Int.self, capacity: ends.count) { next in
                    for sieve in ends.indices {
                        let start = sieve == 0 ? 0 : ends[sieve - 1]
                        next[sieve] = ends[sieve] - list[start..<ends[sieve]].from(range.lowerBound).count
                    }
                    while true {
                        var (first, position) = (-1, range.upperBound)
                        for sieve in ends.indices where next[sieve] < ends[sieve] {
                            let own = Int(list[next[sieve]].position)
                            if own < position { (first, position) = (sieve, own) }
                        }
                        if first < 0 { break }
                        cursor.pass(upTo: position, reader, body)
                        reader.forEachEntry(of: first, at: list[next[first]]) { body(position, $0) }
                        next[first] += 1
                    }
                }
            }
            cursor.pass(upTo: range.upperBound, reader, body)
        }
    }

    /// Goes through the words found.
    private struct WordCursor {
        let words: UnsafeBufferPointer<WordFinder.Place>
        var next: Int
        let end: Int

        @inline(__always)
        mutating func pass(upTo position: Int, _ reader: PlaceFinder.Reader, _ body: (_ position: Int, PlaceFinder.Entry) -> Void) {
            while next < words.count, words[next].position <= position, words[next].position < end {
                let place = words[next]
                reader.forEachEntry(of: place.word) { body(place.position, $0) }
                next += 1
            }
        }
    }

    private func firstWord(from position: Int) -> Int {
        var (low, high) = (0, words.count)
        while low < high {
            let middle = (low + high) / 2
            if words[middle].position < position { low = middle + 1 } else { high = middle }
        }
        return low
    }

    deinit {
        hits.deallocate()
        candidates.deallocate()
    }

    fileprivate mutating func begin(_ buffer: UnsafeBufferPointer<UInt8>) {
        self.buffer = buffer
        list.removeAll()
        words.removeAll(keepingCapacity: true)
        ends.removeAll(keepingCapacity: true)
        cores.removeAll()
    }

    fileprivate mutating func find(by finder: WordFinder) { finder.find(in: buffer, candidates: candidates, into: &words) }

    fileprivate mutating func find(by sieve: Sieve) {
        sieve.find(in: buffer, hits: hits, into: &list)
        ends.append(list.count)
    }

    /// Index of the first core that ends at or behind a position.
    func firstCore(from position: Int) -> Int {
        var (low, high) = (0, cores.count)
        while low < high {
            let middle = (low + high) / 2
            if cores[middle].end < position { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

extension PlaceFinder.Entry {
    fileprivate init(_ rule: Int, _ anchor: Plan.Anchor) {
        let (kind, value): (Kind, Int) =
            switch anchor {
            case .start(let before): (.start, before)
            case .pivot(let prefix): (.pivot, prefix)
            case .word(let word): (.word, word)
            case .gate(let word): (.gate, word)
            }
        self.init(rule: Int32(rule), kind: kind, value: Int32(value))
    }
}

extension UnsafeBufferPointer<sieve_place> {
    /// The places at or behind a position.
    func from(_ position: Int) -> UnsafeBufferPointer<sieve_place> {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if Int(self[middle].position) < position { low = middle + 1 } else { high = middle }
        }
        return UnsafeBufferPointer(rebasing: self[low...])
    }
}

extension ContextWords {
    /// Where matches may start because a word stands at `place`, where ``WordFinder`` has found it: the half-open range of places in `buffer`; nil if there is none.
    ///
    /// More than is true where a text does not follow on what stands before it in the buffer, or where the context ends inside of the word: the
    /// last word has ``stand(in:)``.
    func startsBehind(_ number: Int, at place: Int, in buffer: UnsafeBufferPointer<UInt8>) -> Range<Int>? {
        let end = place + words[number].count
        let last = Self.lastStart(behind: place, end, isWhole: Self.isWhole(end, in: buffer), within: within)
        return end <= last ? end..<last + 1 : nil
    }

    /// Whether a word, or its plural, ends at a place.
    @inline(__always)
    static func isWhole(_ end: Int, in buffer: UnsafeBufferPointer<UInt8>) -> Bool {
        separates(end, in: buffer) || (buffer[end] | 0x20 == UInt8(ascii: "s") && separates(end + 1, in: buffer))
    }

    /// The last place at which a match may start because of a word; see ``startsBehind(_:at:in:)``.
    ///
    /// - Parameter isWhole: a letter on its right may be cut off by the start of the match only.
    @inline(__always)
    static func lastStart(behind place: Int, _ end: Int, isWhole: Bool, within: Int) -> Int {
        isWhole ? place + within + 1 : min(place + within + 1, end + 2)
    }
}
