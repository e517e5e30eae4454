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
            /// Word `value` of the rule's context begins at the place: up to where it reaches, the rule's other places are looked at.
            case gate
        }
        var rule: Int32
        var kind: Kind
        var value: Int32
    }

    let sieves: [Sieve]
    let reader: Reader
    let cores: CoreFinder
    /// Bytes before a text that may have a say in it.
    let widestContext: Int

    /// Grams of one sieve: as many as its buckets can tell apart, less what keeps them from being divided well.
    private static let mostInSieve = SieveBuckets.most * 3 / 4

    /// Tells what stands at a place: a bare table that belongs to the finder.
    struct Reader {
        /// Sieve, bucket and bit → what the gram means.
        fileprivate let entries: UnsafeMutablePointer<Entry>

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
        self.init(rules, Self.sieves(of: Self.entries(of: rules[...]), variant: variant), try CoreFinder(rules[...]))
    }

    /// The grams of rules, which are numbered as in the slice.
    static func entries(of rules: ArraySlice<CompiledRule>) -> [SieveEntry] {
        zip(rules.indices, rules).flatMap { index, rule in rule.plan.entries.map { SieveEntry(rule: index, anchor: $0.anchor, gram: $0.gram) } }
    }

    /// As many sieves as it takes. All entries of a rule are in one, so that its places come in order.
    static func sieves(of entries: [SieveEntry], variant: kernel_variant) -> [Sieve] {
        var starts: [Int] = []
        for index in entries.indices where index == 0 || entries[index].rule != entries[index - 1].rule {
            let end = entries[index...].firstIndex { $0.rule != entries[index].rule } ?? entries.count
            if end - (starts.last ?? -mostInSieve) > mostInSieve { starts.append(index) }
        }
        return starts.indices.map { number in
            Sieve(Array(entries[starts[number]..<(number + 1 < starts.count ? starts[number + 1] : entries.count)]), variant: variant)
        }
    }

    /// - Parameters:
    ///   - sieves: together they hold the entries of the rules, in order.
    ///   - cores: of the rules that the planner leaves to Hyperscan.
    init(_ rules: [CompiledRule], _ sieves: [Sieve], _ cores: CoreFinder) {
        let entries = UnsafeMutablePointer<Entry>.allocate(capacity: sieves.count * SieveBuckets.most)
        entries.initialize(repeating: Entry(rule: 0, kind: .start, value: 0), count: sieves.count * SieveBuckets.most)
        for (number, sieve) in sieves.enumerated() {
            for (bucket, members) in sieve.buckets.enumerated() {
                for (bit, member) in members.enumerated() {
                    let entry = sieve.entries[member]
                    let (kind, value): (Entry.Kind, Int) =
                        switch entry.anchor {
                        case .start(let before): (.start, before)
                        case .pivot(let prefix): (.pivot, prefix)
                        case .word(let word): (.word, word)
                        case .gate(let word): (.gate, word)
                        }
                    entries[(number * Sieve.bucketCount + bucket) * SieveBuckets.mostInBucket + bit] = Entry(
                        rule: Int32(entry.rule), kind: kind, value: Int32(value))
                }
            }
        }
        self.sieves = sieves
        reader = Reader(entries: entries)
        // A word that touches the widest context, and the byte that keeps a text apart from what is put before it.
        widestContext = rules.contains { $0.context != nil } ? Rule.Context.widest + 1 : 0
        self.cores = cores
    }

    deinit { reader.entries.deallocate() }

    /// Finds the places in `buffer`, which has ``CoreFinder/slack`` readable bytes on both sides.
    func find(in buffer: UnsafeBufferPointer<UInt8>, scratch: OpaquePointer?, into places: inout Places) throws(MaskError) {
        places.begin(buffer)
        for sieve in sieves { places.find(by: sieve) }
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
    /// Work space of the sieves.
    private let hits = UnsafeMutablePointer<sieve_hit>.allocate(capacity: Sieve.slice)
    var cores = CoreList()

    /// Sieves that were run.
    var sieveCount: Int { ends.count }

    /// The places of a sieve.
    func places(of sieve: Int) -> UnsafeBufferPointer<sieve_place> { list[(sieve == 0 ? 0 : ends[sieve - 1])..<ends[sieve]] }

    deinit { hits.deallocate() }

    fileprivate mutating func begin(_ buffer: UnsafeBufferPointer<UInt8>) {
        self.buffer = buffer
        list.removeAll()
        ends.removeAll(keepingCapacity: true)
        cores.removeAll()
    }

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
