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
            /// Word `value` of the rule's context begins at the place.
            case word
        }
        var rule: Int32
        var kind: Kind
        /// The rule's places are in order of the starts they stand for.
        var isInOrder: Bool
        var value: Int32
    }

    private let sieves: [Sieve]
    let reader: Reader
    let cores: CoreFinder
    /// Bytes before a text that may have a say in it.
    let widestContext: Int

    /// Grams of one sieve: as many as its buckets can tell apart, less what keeps them from being divided well.
    private static let mostInSieve = SieveBuckets.most * 3 / 4

    /// Tells what stands at a hit: bare tables that belong to the finder.
    struct Reader {
        fileprivate let entries: UnsafeMutablePointer<Entry>
        /// By sieve.
        fileprivate let tables: UnsafeMutablePointer<Sieve.GramTables>
        fileprivate let firstEntry: UnsafeMutablePointer<Int>

        /// Calls `body` with the entries that stand at a place.
        @inline(__always)
        func forEachEntry(at hit: sieve_hit, in buffer: UnsafeBufferPointer<UInt8>, _ body: (Entry) -> Void) {
            let sieve = Int(hit.buckets >> Places.sieveShift)
            let entries = self.entries + firstEntry[sieve]
            tables[sieve].forEachGram(at: hit, in: buffer.baseAddress.unsafelyUnwrapped) { body(entries[$0]) }
        }
    }

    /// - Parameter variant: of the sieve's kernel.
    init(_ rules: [CompiledRule], variant: kernel_variant) throws(RuleError) {
        let all = rules.enumerated().flatMap { index, rule in rule.plan.entries.map { SieveEntry(rule: index, anchor: $0.anchor, gram: $0.gram) } }
        let entries = UnsafeMutablePointer<Entry>.allocate(capacity: all.count)
        for (index, entry) in all.enumerated() {
            let (kind, value): (Entry.Kind, Int) =
                switch entry.anchor {
                case .start(let before): (.start, before)
                case .pivot(let prefix): (.pivot, prefix)
                case .word(let word): (.word, word)
                }
            (entries + index).initialize(
                to: Entry(rule: Int32(entry.rule), kind: kind, isInOrder: rules[entry.rule].plan.isInOrder, value: Int32(value)))
        }
        let starts = Array(stride(from: 0, to: all.count, by: Self.mostInSieve))
        sieves = starts.map { Sieve(Array(all[$0..<min($0 + Self.mostInSieve, all.count)]), variant: variant) }
        let tables = UnsafeMutablePointer<Sieve.GramTables>.allocate(capacity: starts.count)
        let firstEntry = UnsafeMutablePointer<Int>.allocate(capacity: starts.count)
        for (index, start) in starts.enumerated() {
            (tables + index).initialize(to: sieves[index].gramTables)
            (firstEntry + index).initialize(to: start)
        }
        reader = Reader(entries: entries, tables: tables, firstEntry: firstEntry)
        // A word that touches the widest context, and the byte that keeps a text apart from what is put before it.
        widestContext = rules.contains { $0.context != nil } ? Rule.Context.widest + 1 : 0
        cores = try CoreFinder(rules)
    }

    deinit {
        reader.entries.deallocate()
        reader.tables.deallocate()
        reader.firstEntry.deallocate()
    }

    /// Finds the places in `buffer`, which has ``CoreFinder/slack`` readable bytes on both sides.
    func find(in buffer: UnsafeBufferPointer<UInt8>, scratch: OpaquePointer?, into places: inout Places) throws(MaskError) {
        places.begin(buffer, sieves: sieves.count)
        for (number, sieve) in sieves.enumerated() { places.add(sieve.run(buffer, into: places.hits + places.hitCount), number: number) }
        if sieves.count > 1 { places.sort() }
        if let scratch {
            try cores.find(in: UnsafeRawBufferPointer(buffer), scratch: scratch, into: &places.cores)
            places.cores.sort()
        }
    }
}

/// The places found in one buffer, in order.
struct Places: ~Copyable {
    /// Above the bits of the buckets stands the number of the sieve.
    static let sieveShift: UInt32 = 24

    /// What was searched.
    private(set) var buffer = UnsafeBufferPointer<UInt8>(start: nil, count: 0)
    private(set) var hits: UnsafeMutablePointer<sieve_hit>
    private(set) var hitCount = 0
    private var capacity: Int
    var cores = CoreList()

    init() {
        capacity = 1024
        hits = .allocate(capacity: capacity)
    }

    deinit { hits.deallocate() }

    fileprivate mutating func begin(_ buffer: UnsafeBufferPointer<UInt8>, sieves: Int) {
        self.buffer = buffer
        hitCount = 0
        cores.removeAll()
        guard buffer.count * sieves > capacity else { return }
        hits.deallocate()
        capacity = buffer.count * sieves * 2
        hits = .allocate(capacity: capacity)
    }

    fileprivate mutating func add(_ count: Int, number: Int) {
        if number > 0 { for index in hitCount..<hitCount + count { hits[index].buckets |= UInt32(number) << Self.sieveShift } }
        hitCount += count
    }

    fileprivate mutating func sort() {
        var list = UnsafeMutableBufferPointer(start: hits, count: hitCount)
        list.sort { $0.position < $1.position }
    }

    /// Index of the first hit at or behind a position.
    func firstHit(from position: Int) -> Int {
        var (low, high) = (0, hitCount)
        while low < high {
            let middle = (low + high) / 2
            if Int(hits[middle].position) < position { low = middle + 1 } else { high = middle }
        }
        return low
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

extension CompiledRule {
    /// Whether a match may start there, by the byte there and the one before it.
    @inline(__always)
    func mayStart(at start: Int, in bytes: UnsafeBufferPointer<UInt8>, before: UInt8?) -> Bool {
        let table = forward.table
        return table.entry(forward.starts[table.symbol(leftOf: start, in: bytes, before: before)], table.symbol(bytes[start])) & StateTable.stateMask != 0
    }
}

extension ContextWords {
    /// Where matches may start because a word stands at `place`: the half-open range of places in `buffer`; nil if the word is not there.
    ///
    /// More than is true where a text does not follow on what stands before it in the buffer, or where the context ends inside of the word: the
    /// last word has ``stand(in:)``.
    func startsBehind(_ number: Int, at place: Int, in buffer: UnsafeBufferPointer<UInt8>) -> Range<Int>? {
        let word = words[number]
        let end = place + word.count
        guard end <= buffer.count else { return nil }
        for index in word.indices {
            let byte = buffer[place + index]
            if (Self.isLetter(byte) ? byte | 0x20 : byte) != word[index] { return nil }
        }
        // A letter on its left may be cut off by the end of the context only, one on its right by the start of the match only.
        let first = Self.separates(place, in: buffer) ? end : max(end, place + within)
        let isWhole = Self.separates(end, in: buffer) || (buffer[end] | 0x20 == UInt8(ascii: "s") && Self.separates(end + 1, in: buffer))
        let last = isWhole ? place + within + 1 : min(place + within + 1, end + 2)
        return first <= last ? first..<last + 1 : nil
    }
}
