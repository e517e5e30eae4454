// ENGINE: Hyperscan 5.4.0 reads up to three bytes past the end of its buffer on AVX512-VBMI machines. No chunk may let it fault.

import Engine
import Foundation
import Testing

/// A buffer whose last byte is the last one before memory that may not be read.
private final class GuardedBuffer {
    private static let page = Int(sysconf(Int32(_SC_PAGESIZE)))
    private let base: UnsafeMutableRawPointer
    private let capacity: Int

    init(capacity atLeast: Int) {
        capacity = (atLeast + Self.page - 1) / Self.page * Self.page
        let mapped = mmap(nil, capacity + Self.page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        precondition(mapped != MAP_FAILED, "mmap failed")
        base = mapped!
        precondition(mprotect(base + capacity, Self.page, PROT_NONE) == 0, "mprotect failed")
    }

    deinit { munmap(base, capacity + Self.page) }

    /// The bytes, copied so that they end at the guard page.
    func holding(_ bytes: ArraySlice<UInt8>) -> UnsafeRawBufferPointer {
        let start = base + capacity - bytes.count
        bytes.withUnsafeBytes { if let from = $0.baseAddress { start.copyMemory(from: from, byteCount: bytes.count) } }
        return UnsafeRawBufferPointer(start: start, count: bytes.count)
    }
}

@Suite struct GuardPageTests {
    @Test("No chunk that ends at an unreadable page faults", arguments: Effort.seeds(12))
    func chunksAtPageEnds(seed: UInt64) throws {
        // Literals of three bytes and more in several sizes: thin and fat Teddy, and FDR.
        let literals = (0..<[3, 12, 40, 90][Int(seed % 4)]).map { index in
            Rule(id: "literal-\(index)", entity: "L", pattern: "k\(["ey", "ab", "zz"][index % 3])\(index)[0-9a-f]{4}")
        }
        let buffer = GuardedBuffer(capacity: 8192)
        var generator = SeededGenerator(seed: seed)
        let words = ["key1", "kab1f00d", " ", "\"", "{\"a\":\"", "joe@example.com", "4111111111111111", "kzz2", "x", "\\u0034", "bearer ", "é"]
        func chunk(_ length: Int) -> ArraySlice<UInt8> {
            var chunk: [UInt8] = []
            while chunk.count < length { chunk += Array(generator.pick(words).utf8) }
            return chunk[..<length]
        }

        // One chunk for each masker, so that nothing held goes in front of it: the reads past the end come where 29 to 31, or 61 to 63,
        // bytes are left.
        let alone = try RuleSet(literals)
        for round in 0..<3000 {
            var masker = Masker(alone, format: round % 2 == 0 ? .text : .json)
            _ = try masker.feed(buffer.holding(chunk(generator.within(1...140))))
        }

        let rules = try RuleSet(literals + JSONShapeTests.ordinaryRules)
        for format in Format.allCases {
            var masker = Masker(rules, format: format)
            for _ in 0..<200 {
                let chunk = chunk(generator.oneIn(6) ? generator.below(4000) : generator.below(140))
                _ = try masker.feed(buffer.holding(format == .eventstream ? ReferenceMessage("x", Array(chunk)).bytes[...] : chunk))
            }
            _ = try masker.finish()
        }
    }
}
