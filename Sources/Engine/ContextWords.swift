// Words that must stand shortly before a match.

/// The words of a rule's context, ready to be sought.
struct ContextWords: Sendable {
    /// Bytes to look back.
    let within: Int
    /// ASCII letters in small ones, others as they are given.
    let words: [[UInt8]]
    /// Byte → whether a word begins with it, in either case.
    private let isFirst: [Bool]

    init(_ context: Rule.Context) {
        within = context.within
        words = context.words.map { $0.utf8.map { Self.isLetter($0) ? $0 | 0x20 : $0 } }
        var first = ByteSet()
        for word in words { if let byte = word.first { first.insert(byte) } }
        isFirst = (UInt8.min...UInt8.max).map(first.inBothCases.contains)
    }

    /// Whether one of the words stands in `bytes`, as ``Rule/Context/words`` says.
    ///
    /// - Parameter bytes: those in which it has to stand, and the one before them if there is one.
    func stand(in bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        isFirst.withUnsafeBufferPointer { isFirst in
            for start in max(0, bytes.count - within)..<bytes.count where isFirst[Int(bytes[start])] && Self.separates(start, in: bytes) {
                for word in words where Self.stands(word, at: start, in: bytes) { return true }
            }
            return false
        }
    }

    private static func stands(_ word: [UInt8], at start: Int, in bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        guard reads(word, at: start, in: bytes) else { return false }
        let end = start + word.count
        if separates(end, in: bytes) { return true }
        return bytes[end] | 0x20 == UInt8(ascii: "s") && separates(end + 1, in: bytes)
    }

    /// Whether the bytes at `start` are those of the word, in any case.
    static func reads(_ word: [UInt8], at start: Int, in bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        guard word.count <= bytes.count - start else { return false }
        for index in word.indices {
            let byte = bytes[start + index]
            if (isLetter(byte) ? byte | 0x20 : byte) != word[index] { return false }
        }
        return true
    }

    /// Whether a word may begin or end between the bytes at `index - 1` and `index`.
    static func separates(_ index: Int, in bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        if index == 0 || index == bytes.count { return true }
        let (left, right) = (bytes[index - 1], bytes[index])
        if !isLetter(left) || !isLetter(right) { return true }
        return left & 0x20 != 0 && right & 0x20 == 0
    }

    static func isLetter(_ byte: UInt8) -> Bool { (byte | 0x20) >= UInt8(ascii: "a") && (byte | 0x20) <= UInt8(ascii: "z") }
}
