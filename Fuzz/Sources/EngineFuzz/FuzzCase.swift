// What the bytes of one fuzz input stand for.

import Engine

/// One body, the rules and the format to mask it with, and how it is cut.
///
/// An input is an eight-byte head and the body behind it. Every head means something, so that no mutation is wasted; its digits
/// may be ASCII, which lets a seed be written by hand: `1200` + four bytes.
///
/// | Byte | Meaning |
/// | --- | --- |
/// | 0 | format: `0` text, `1` JSON, `2` event stream, `3` NDJSON, `4` an array of events, `5` binary messages, of which each line is the payload of one |
/// | 1 | index into ``FuzzRules/all`` |
/// | 2 | cuts: `0` two chunks, `1` chunks of one size, `2` random sizes, `3` random sizes with empty chunks |
/// | 3 | argument of the cuts: the place, the size or the seed |
/// | 4 | where the chunks lie: even, in allocations of their exact size; odd, right before a page that may not be read |
/// | 5…7 | a stretch of the body that is repeated: where it begins and how long it is (in 255ths of the body), and how often: not, or 64 times for each step above 239 |
public struct FuzzCase {
    public let format: Format
    /// Index into ``FuzzRules/all``.
    public let rules: Int
    public let body: [UInt8]
    /// Ranges of the body, in order, together all of it. Some may be empty.
    public let chunks: [Range<Int>]
    public let placement: Placement

    static let headSize = 8
    /// Longer bodies are not made: over twice the 4096 bytes that a match may hold, and enough for one oversized event.
    static let longestBody = 40_000
    /// More chunks would make single inputs slow; a long body is then cut into larger ones.
    static let mostChunks = 160

    /// Events, which a block ends with one of their own, and of which no more than so much may wait.
    var isEventStream: Bool { [.sse, .ndjson, .jsonArray, .eventstream].contains(format) }

    /// Nil where `input` is shorter than a head.
    public init?(_ input: UnsafeRawBufferPointer) {
        guard input.count >= Self.headSize else { return nil }
        let head = Array(input.prefix(Self.headSize))
        format = [.text, .json, .sse, .ndjson, .jsonArray, .eventstream][Int(head[0]) % 6]
        rules = Int(head[1]) % FuzzRules.all.count
        placement = head[4] % 2 == 0 ? .exactAllocation : .beforeGuardPage
        let given = Self.stretched(Array(input.dropFirst(Self.headSize).prefix(Self.longestBody)), by: head[5...])
        body = format == .eventstream ? given.split(separator: 0x0A).flatMap(AmazonMessages.message) : given
        chunks = Self.cut(body.count, kind: head[2], argument: Int(head[3]))
    }

    /// Repeats a part of `body`, so that short inputs reach the limits that thousands of bytes reach.
    private static func stretched(_ body: [UInt8], by head: ArraySlice<UInt8>) -> [UInt8] {
        let (from, length, times) = (Int(head[5]), Int(head[6]), (Int(head[7]) - 239) * 64)
        let start = body.count * from / 255
        let end = min(body.count, start + max(1, body.count * length / 255))
        guard times > 0, start < end else { return body }
        let room = (longestBody - body.count) / (end - start)
        let copies = repeatElement(body[start..<end], count: min(times, max(room, 0))).joined()
        return Array(body[..<end]) + copies + body[end...]
    }

    private static func cut(_ count: Int, kind: UInt8, argument: Int) -> [Range<Int>] {
        var offsets: [Int] = []
        switch kind % 4 {
        case 0:
            offsets = [count * argument / 255]
        case 1:
            let size = max(argument == 0 ? 1 : argument, count / mostChunks + 1)
            offsets = Array(stride(from: size, to: count, by: size))
        default:
            var random = SplitMix64(state: UInt64(argument))
            let usual = [2, 8, 40, 300, 5000][Int(random.next() % 5)]
            var at = 0
            while at < count, offsets.count < mostChunks {
                let size = Int(random.next() % UInt64(usual))
                at += kind % 4 == 3 ? size : size + 1
                if at < count { offsets.append(at) }
            }
        }
        let edges = [0] + offsets + [count]
        return zip(edges, edges.dropFirst()).map { $0..<$1 }
    }
}

/// Steele, Lea, Flood 2014: the same seed gives the same numbers on every machine.
struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
