// What stands where words begin, found in one pass: the words of all contexts, and the literals of rules. See `words.c` for the places at which they are sought.

import ByteKernels

/// Finds the words of a rule set's contexts, and the grams that begin like words. Immutable after `init`, shared by all threads: hence unchecked.
final class WordFinder: @unchecked Sendable {
    private let words: Spelling
    /// Word → bytes in front of its first letter, where it is sought.
    private let fronts: [Int]
    /// Gram → its sets, by offset.
    private let grams: UnsafeMutablePointer<ByteSet>
    private let gramCount: Int
    /// What begins with six known bytes, with four or five, and with three.
    private let beginnings: (six: Beginnings, four: Beginnings, three: Beginnings)
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

    /// How words are written, eight bytes at a time: a hundred words begin with "secret", and one that stands many times is compared with all of them each time. Bare memory, which
    /// belongs to the finder.
    private struct Spelling {
        /// Bytes of a word, the first one lowest, and the bits in which those of a text may differ: that of the case in letters, all of them behind the end.
        private let steps: UnsafeMutablePointer<(bytes: UInt64, free: UInt64)>
        /// Word → its first step; one more for the end of the last.
        private let firstSteps: UnsafeMutablePointer<Int>
        /// Word → bytes.
        private let lengths: UnsafeMutablePointer<Int>
        let count: Int

        /// - Parameter words: in small letters.
        init(_ words: [[UInt8]]) {
            count = words.count
            lengths = .allocate(capacity: words.count)
            firstSteps = .allocate(capacity: words.count + 1)
            steps = .allocate(capacity: words.reduce(0) { $0 + ($1.count + 7) / 8 })
            var next = 0
            for (number, word) in words.enumerated() {
                (lengths + number).initialize(to: word.count)
                (firstSteps + number).initialize(to: next)
                for start in stride(from: 0, to: word.count, by: 8) {
                    var step: (bytes: UInt64, free: UInt64) = (0, 0)
                    for place in 0..<8 {
                        let byte = start + place < word.count ? word[start + place] : 0
                        let free: UInt8 = start + place < word.count ? (ContextWords.isLetter(byte) ? 0x20 : 0) : 0xFF
                        step.bytes |= UInt64(byte) << UInt64(8 * place)
                        step.free |= UInt64(free) << UInt64(8 * place)
                    }
                    (steps + next).initialize(to: step)
                    next += 1
                }
            }
            (firstSteps + words.count).initialize(to: next)
        }

        func deallocate() {
            steps.deallocate()
            firstSteps.deallocate()
            lengths.deallocate()
        }

        /// Whether a text reads like a word, in any case.
        ///
        /// - Parameter bytes: with seven readable bytes behind them.
        @inline(__always)
        func stands(_ word: Int, at start: Int, in bytes: UnsafeBufferPointer<UInt8>) -> Bool {
            if lengths[word] > bytes.count &- start { return false }
            let base = UnsafeRawPointer(bytes.baseAddress.unsafelyUnwrapped + start)
            let first = firstSteps[word]
            for step in first..<firstSteps[word &+ 1] {
                let read = UInt64(littleEndian: base.loadUnaligned(fromByteOffset: 8 &* (step &- first), as: UInt64.self))
                if (read ^ steps[step].bytes) & ~steps[step].free != 0 { return false }
            }
            return true
        }
    }

    /// Words by their numbers, and behind them grams, by the hash of their first bytes. Bare memory, for the loop over places; it belongs to the finder.
    private struct Beginnings {
        /// Top of the hash → what begins so is `ordered[slots[top]..<slots[top + 1]]`.
        private let slots: UnsafeMutablePointer<UInt32>
        /// The number, and the middle of the hash, so that what only shares a slot is not looked at.
        private let ordered: UnsafeMutablePointer<(number: UInt32, middle: UInt32)>
        /// How far the bytes that are not hashed are shifted out of eight.
        private let shift: UInt64

        private static let slotBits: UInt64 = 12

        /// - Parameter count: how many bytes are hashed.
        init(_ count: Int, _ all: [(bytes: [UInt8], number: Int)]) {
            let shift = UInt64(64 - 8 * count)
            let padding = [UInt8](repeating: 0, count: 8)
            var hashed = all.map { one in
                (hash: (one.bytes + padding).withUnsafeBufferPointer { Self.hash(at: $0.baseAddress.unsafelyUnwrapped, shift) }, number: UInt32(one.number))
            }
            hashed.sort { $0 < $1 }
            // Choices of a gram can have a hash in common.
            hashed = hashed.enumerated().filter { $0.offset == 0 || $0.element != hashed[$0.offset - 1] }.map(\.element)
            self.shift = shift
            ordered = .allocate(capacity: hashed.count)
            slots = .allocate(capacity: 1 << Int(Self.slotBits) + 1)
            slots.initialize(repeating: 0, count: 1 << Int(Self.slotBits) + 1)
            for (index, one) in hashed.enumerated() {
                (ordered + index).initialize(to: (one.number, UInt32(truncatingIfNeeded: one.hash >> 16)))
                slots[Int(one.hash >> (64 - Self.slotBits)) + 1] += 1
            }
            for slot in 1...1 << Int(Self.slotBits) { slots[slot] += slots[slot - 1] }
        }

        func deallocate() {
            slots.deallocate()
            ordered.deallocate()
        }

        @inline(__always)
        private static func hash(at place: UnsafePointer<UInt8>, _ shift: UInt64) -> UInt64 {
            let eight = UnsafeRawPointer(place).loadUnaligned(as: UInt64.self) | 0x2020_2020_2020_2020
            return (eight &<< shift) &* 0x9E37_79B9_7F4A_7C15
        }

        /// Calls `body` with the number of each that may begin at a place with eight readable bytes, in any case.
        @inline(__always)
        func forEach(at place: UnsafePointer<UInt8>, _ body: (Int) -> Void) {
            let hash = Self.hash(at: place, shift)
            let slot = Int(truncatingIfNeeded: hash >> (64 - Self.slotBits))
            var index = Int(truncatingIfNeeded: slots[slot])
            let end = Int(truncatingIfNeeded: slots[slot + 1])
            while index < end {
                if ordered[index].middle == UInt32(truncatingIfNeeded: hash >> 16) { body(Int(truncatingIfNeeded: ordered[index].number)) }
                index &+= 1
            }
        }
    }

    /// - Parameters:
    ///   - words: distinct, in small letters, none of them empty.
    ///   - grams: with ``Gram/wordBeginnings``.
    init(_ words: [[UInt8]], _ grams: [Gram] = [], variant: kernel_variant) {
        self.words = Spelling(words)
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
        var known: [Int: [(bytes: [UInt8], number: Int)]] = [:]
        var short: [Int] = []
        func add(_ word: some Collection<UInt8>, _ number: Int) {
            let bytes = Array(word)
            word_filter_add(filter, bytes, bytes.count)
            if bytes.count < 3 { short.append(number) } else { known[bytes.count < 4 ? 3 : bytes.count < 6 ? 4 : 6, default: []].append((bytes, number)) }
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
        beginnings = (Beginnings(6, known[6] ?? []), Beginnings(4, known[4] ?? []), Beginnings(3, known[3] ?? []))
    }

    deinit {
        for beginnings in [beginnings.six, beginnings.four, beginnings.three] { beginnings.deallocate() }
        words.deallocate()
        filter.deallocate()
        grams.deallocate()
    }

    /// Finds the words and grams in `bytes`, in order of their positions.
    ///
    /// - Parameters:
    ///   - bytes: with `KERNEL_SLACK` readable bytes on both sides.
    ///   - candidates: work space for ``Sieve/slice`` + 1.
    func find(in bytes: UnsafeBufferPointer<UInt8>, candidates: UnsafeMutablePointer<UInt32>, into places: inout [Place]) {
        guard let base = bytes.baseAddress, words.count > 0 || gramCount > 0 else { return }
        for start in stride(from: 0, to: bytes.count, by: Sieve.slice) {
            let count = word_filter_run(filter, variant, base + start, min(Sieve.slice, bytes.count - start), candidates)
            for index in 0..<count {
                let candidate = candidates[index]
                let place = start + Int(candidate & (1 << UInt32(WORD_PLACE_BITS) - 1))
                let lengths = candidate >> UInt32(WORD_PLACE_BITS)
                if lengths & 4 != 0 { beginnings.six.forEach(at: base + place) { look(for: $0, at: place, in: bytes, &places) } }
                if lengths & 2 != 0 { beginnings.four.forEach(at: base + place) { look(for: $0, at: place, in: bytes, &places) } }
                if lengths & 1 != 0 { beginnings.three.forEach(at: base + place) { look(for: $0, at: place, in: bytes, &places) } }
                for number in short { look(for: number, at: place, in: bytes, &places) }
            }
        }
    }

    @inline(__always)
    private func look(for number: Int, at place: Int, in bytes: UnsafeBufferPointer<UInt8>, _ places: inout [Place]) {
        if number < words.count {
            let start = place - fronts[number]
            guard start >= 0, words.stands(number, at: start, in: bytes) else { return }
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
        // Where none begins: see `may_begin` in `words.c`.
        let (byte, before) = (anchor[0], anchor[-1])
        if !ContextWords.isLetter(byte) || ContextWords.isLetter(before) && (before & 0x20 == 0 || byte & 0x20 != 0) { return }
        for gram in gramsOfLetter[Int(anchor[0] | 0x20)] where stands(gram, at: anchor, known: bytes.count - place) { body(words.count + gram) }
    }
}
