// The words of all contexts, found in one pass: see `words.c` for the places at which they are sought.

import ByteKernels

/// Finds the words of a rule set's contexts. Immutable after `init`, shared by all threads: hence unchecked.
final class WordFinder: @unchecked Sendable {
    /// Distinct, in small letters.
    private let words: [[UInt8]]
    /// Hash of the first three bytes → the words that begin so are `ordered[slots[hash]..<slots[hash + 1]]`.
    private let slots: [Int]
    private let ordered: [Int]
    /// Words of fewer bytes, sought wherever one may begin.
    private let short: [Int]
    private let filter: UnsafeMutablePointer<word_filter>
    private let variant: kernel_variant

    /// A word that stands in a buffer.
    struct Place {
        var position: Int
        /// Number of the word.
        var word: Int
    }

    /// - Parameter words: distinct, in small letters, none of them empty.
    init(_ words: [[UInt8]], variant: kernel_variant) {
        self.words = words
        self.variant = variant
        filter = .allocate(capacity: 1)
        UnsafeMutableRawPointer(filter).initializeMemory(as: UInt8.self, repeating: 0, count: MemoryLayout<word_filter>.size)
        for word in words { word_filter_add(filter, word, word.count) }
        short = words.indices.filter { words[$0].count < 3 }
        let long = words.indices.filter { words[$0].count >= 3 }
        func slot(_ word: Int) -> Int { words[word].withUnsafeBufferPointer { Self.slot(at: $0.baseAddress.unsafelyUnwrapped) } }
        ordered = long.sorted { (slot($0), $0) < (slot($1), $1) }
        var slots = [Int](repeating: 0, count: Self.slotCount + 1)
        for word in long { slots[slot(word) + 1] += 1 }
        for slot in slots.indices.dropFirst() { slots[slot] += slots[slot - 1] }
        self.slots = slots
    }

    deinit { filter.deallocate() }

    private static let slotCount = 4096

    /// - Parameter word: three readable bytes, in any case.
    private static func slot(at word: UnsafePointer<UInt8>) -> Int {
        let bytes = UInt32(word[0] | 0x20) | UInt32(word[1] | 0x20) << 8 | UInt32(word[2] | 0x20) << 16
        return Int((bytes &* 0x9E37_79B1) >> 20)
    }

    /// Finds the words in `bytes`, in order.
    ///
    /// - Parameters:
    ///   - bytes: with `KERNEL_SLACK` readable bytes on both sides.
    ///   - candidates: work space for ``Sieve/slice`` + 1.
    func find(in bytes: UnsafeBufferPointer<UInt8>, candidates: UnsafeMutablePointer<UInt32>, into places: inout [Place]) {
        guard let base = bytes.baseAddress, !words.isEmpty else { return }
        for start in stride(from: 0, to: bytes.count, by: Sieve.slice) {
            let count = word_filter_run(filter, variant, base + start, min(Sieve.slice, bytes.count - start), candidates)
            for index in 0..<count {
                let place = start + Int(candidates[index])
                let slot = Self.slot(at: base + place)
                for word in ordered[slots[slot]..<slots[slot + 1]] where ContextWords.reads(words[word], at: place, in: bytes) { places.append(Place(position: place, word: word)) }
                for word in short where ContextWords.reads(words[word], at: place, in: bytes) { places.append(Place(position: place, word: word)) }
            }
        }
    }
}
