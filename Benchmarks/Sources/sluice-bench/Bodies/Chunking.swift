// How a body is cut into chunks.

/// A way to cut. Cuts are worked out before anything is timed.
enum Chunking: Hashable, CustomStringConvertible {
    /// Chunks of this many bytes, the last one shorter.
    case bytes(Int)
    /// After each blank line: one server-sent event at a time.
    case events
    /// After each line feed: one event of NDJSON at a time.
    case lines
    /// At places drawn by chance, this many bytes apart on average.
    case random(mean: Int)

    var description: String {
        switch self {
        case .bytes(let count): "\(count)"
        case .events: "event"
        case .lines: "line"
        case .random(let mean): "random, \(mean) on average"
        }
    }

    /// The ends of all chunks, ascending; the last is the body's. No chunk is empty.
    func ends(in bytes: UnsafeRawBufferPointer) -> [Int] {
        var ends: [Int] = []
        switch self {
        case .bytes(let count):
            ends.reserveCapacity(bytes.count / count + 1)
            for end in stride(from: count, to: bytes.count, by: count) { ends.append(end) }
        case .events:
            for at in 1..<max(bytes.count - 1, 1) where bytes[at] == 10 && bytes[at - 1] == 10 { ends.append(at + 1) }
        case .lines:
            for at in 0..<max(bytes.count - 1, 0) where bytes[at] == 10 { ends.append(at + 1) }
        case .random(let mean):
            var random = SplitMix(state: 7)
            var at = 1 + random.below(2 * mean)
            while at < bytes.count {
                ends.append(at)
                at += 1 + random.below(2 * mean)
            }
        }
        if bytes.count > 0 { ends.append(bytes.count) }
        return ends
    }
}
