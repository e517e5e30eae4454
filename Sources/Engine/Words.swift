// What stands where words begin, found in one pass: the words of all contexts, and the literals of rules. See `words.c` for the places at which they are sought.

import ByteKernels

/// Finds the words of a rule set's contexts, and the grams that begin like words. Immutable after `init`, shared by all threads: hence unchecked.
final class WordFinder: @unchecked Sendable {
    /// Distinct, in small letters.
    private let words: [[UInt8]]
    /// Word → bytes in front of its first letter, where it is sought.
    private let fronts: [Int]
    /// Gram → its sets, by offset.
    private let grams: UnsafeMutablePointer<ByteSet>
    private let gramCount: Int
    /// Hash of the first three bytes → what begins so is `ordered[slots[hash]..<slots[hash + 1]]`: words by their numbers, and behind them grams.
    private let slots: [Int]
    private let ordered: [Int]
    /// Words of fewer bytes, sought wherever one may begin.
    private let short: [Int]
    /// First letter of a gram, in small → grams.
    private let gramsOfLetter: [[Int]]
    private let filter: UnsafeMutablePointer<word_filter>
    private let variant: kernel_variant

    /// A word or gram that stands in a buffer.
    struct Place {
        /// Of a word's first byte; of a gram's anchor.
        var position: Int
        /// Number of the word; those of grams follow on those of words.
        var word: Int
    }

    /// - Parameters:
    ///   - words: distinct, in small letters, none of them empty.
    ///   - grams: with ``Gram/wordBeginnings``.
    init(_ words: [[UInt8]], _ grams: [Gram] = [], variant: kernel_variant) {
        self.words = words
        self.variant = variant
        let fronts = words.map { word in
            // A quote in front would have every quote looked at. What is left has to be long enough to be told apart.
            guard let letter = word.firstIndex(where: ContextWords.isLetter), word.count - letter >= 3 else { return 0 }
            return letter
        }
        self.fronts = fronts
        gramCount = grams.count
        let sets = UnsafeMutablePointer<ByteSet>.allocate(capacity: grams.count * Gram.offsets.count)
        self.grams = sets
        let filter = UnsafeMutablePointer<word_filter>.allocate(capacity: 1)
        self.filter = filter
        UnsafeMutableRawPointer(filter).initializeMemory(as: UInt8.self, repeating: 0, count: MemoryLayout<word_filter>.size)
        var beginnings: [(slot: Int, number: Int)] = []
        var short: [Int] = []
        func add(_ word: some Collection<UInt8>, _ number: Int) {
            let bytes = Array(word)
            word_filter_add(filter, bytes, bytes.count)
            if bytes.count < 3 { short.append(number) } else { beginnings.append((bytes.withUnsafeBufferPointer { Self.slot(at: $0.baseAddress.unsafelyUnwrapped) }, number)) }
        }
        for (number, word) in words.enumerated() { add(word[fronts[number]...], number) }
        var gramsOfLetter = [[Int]](repeating: [], count: 256)
        for (number, gram) in grams.enumerated() {
            let choices = gram.wordBeginnings!
            for choice in choices { add(choice, words.count + number) }
            for letter in Set(choices.map { $0[0] }) { gramsOfLetter[Int(letter)].append(number) }
            (sets + number * Gram.offsets.count).initialize(from: gram.sets, count: Gram.offsets.count)
        }
        self.gramsOfLetter = gramsOfLetter
        self.short = short
        beginnings.sort { $0 < $1 }
        // Choices can have a slot in common.
        beginnings = beginnings.enumerated().filter { $0.offset == 0 || $0.element != beginnings[$0.offset - 1] }.map(\.element)
        ordered = beginnings.map(\.number)
        var slots = [Int](repeating: 0, count: Self.slotCount + 1)
        for beginning in beginnings { slots[beginning.slot + 1] += 1 }
        for slot in slots.indices.dropFirst() { slots[slot] += slots[slot - 1] }
        self.slots = slots
    }

    deinit {
        filter.deallocate()
        grams.deallocate()
    }

    private static let slotCount = 4096

    /// - Parameter word: three readable bytes, in any case.
    private static func slot(at word: UnsafePointer<UInt8>) -> Int {
        let bytes = UInt32(word[0] | 0x20) | UInt32(word[1] | 0x20) << 8 | UInt32(word[2] | 0x20) << 16
        return Int((bytes &* 0x9E37_79B1) >> 20)
    }

    /// Finds the words and grams in `bytes`, in order of their positions.
    ///
    /// - Parameters:
    ///   - bytes: with `KERNEL_SLACK` readable bytes on both sides.
    ///   - candidates: work space for ``Sieve/slice`` + 1.
    func find(in bytes: UnsafeBufferPointer<UInt8>, candidates: UnsafeMutablePointer<UInt32>, into places: inout [Place]) {
        guard let base = bytes.baseAddress, !words.isEmpty || gramCount > 0 else { return }
        for start in stride(from: 0, to: bytes.count, by: Sieve.slice) {
            let count = word_filter_run(filter, variant, base + start, min(Sieve.slice, bytes.count - start), candidates)
            for index in 0..<count {
                let place = start + Int(candidates[index])
                let slot = Self.slot(at: base + place)
                for number in ordered[slots[slot]..<slots[slot + 1]] { look(for: number, at: place, in: bytes, &places) }
                for number in short { look(for: number, at: place, in: bytes, &places) }
            }
        }
    }

    @inline(__always)
    private func look(for number: Int, at place: Int, in bytes: UnsafeBufferPointer<UInt8>, _ places: inout [Place]) {
        if number < words.count {
            let start = place - fronts[number]
            guard start >= 0, ContextWords.reads(words[number], at: start, in: bytes) else { return }
            var index = places.count
            while index > 0, places[index - 1].position > start { index -= 1 }
            places.insert(Place(position: start, word: number), at: index)
        } else if stands(number - words.count, at: bytes.baseAddress.unsafelyUnwrapped + place, known: Gram.offsets.upperBound + 1) {
            places.append(Place(position: place, word: number))
        }
    }

    /// Whether a gram stands at an anchor of which `known` bytes are there from the anchor on, as far as they show.
    private func stands(_ gram: Int, at anchor: UnsafePointer<UInt8>, known: Int) -> Bool {
        let sets = grams + gram * Gram.offsets.count
        for offset in Gram.offsets where offset < known && !sets[offset + 1].contains(anchor[offset]) { return false }
        return true
    }

    /// Calls `body` with the number of each gram that may stand at a place near the end of what has arrived.
    ///
    /// - Parameter bytes: what has arrived, with a readable byte in front.
    @inline(__always)
    func forEachOpenGram(at place: Int, in bytes: UnsafeBufferPointer<UInt8>, _ body: (_ number: Int) -> Void) {
        let anchor = bytes.baseAddress.unsafelyUnwrapped + place
        for gram in gramsOfLetter[Int(anchor[0] | 0x20)] where stands(gram, at: anchor, known: bytes.count - place) { body(words.count + gram) }
    }
}
