// Every way of finding a rule's places gives the same result, and so does every variant of the kernels.

import ByteKernels
import Cryptography
import Testing

@testable import Engine

@Suite struct LaneTests {
    static let variants = [KERNEL_PORTABLE, KERNEL_AVX2, KERNEL_AVX512].filter { $0.rawValue <= kernel_best_variant().rawValue }

    /// Random rules through every lane that is open to them, with the kernels of every variant, against the reference masker.
    @Test("Every lane and every variant of the kernels masks like the reference", arguments: Effort.seeds(60))
    func lanes(seed: UInt64) throws {
        let (rules, _) = try RandomRules.loaded(seed: seed, kinds: .all)
        var bodies = try RandomBodies(seed: seed, rules: rules)
        var generator = SeededGenerator(seed: seed ^ 0x1A4E)
        let inputs: [(Format, [UInt8])] = [(.text, bodies.text()), (.json, bodies.json()), (.json, bodies.json())]
        let expected = try inputs.map { try ReferenceMasker(rules, format: $0.0).mask($0.1) }
        for lane in Plan.Lane.allCases {
            let variant = generator.pick(Self.variants)
            let compiled = try rules.map { try CompiledRule($0, preferring: lane) }
            let set = try RuleSet(RuleSet(compiled: compiled, variant: variant), numbers: .string, hashKey: HMACSHA256(key: ReferenceHash.key))
            for (input, expected) in zip(inputs, expected) {
                for cuts in [Cuts.whole, .random(of: input.1.count, using: &generator)] {
                    guard let difference = difference(try MaskerRun(set, input.0, input.1, cuts).result, expected) else { continue }
                    Issue.record(
                        """
                        seed \(seed), \(lane.rawValue), kernel \(variant.rawValue): \(input.0.rawValue) body \(shown(input.1)) with \(cuts):
                        \(difference)
                        rules:
                        \(shown(rules))
                        """)
                }
            }
        }
    }

    @Test("Lanes are open to rules of their shape")
    func open() throws {
        func lanes(_ pattern: String, words: [String]? = nil, _ lane: Plan.Lane) throws -> Set<Plan.Lane> {
            let rule = Rule(id: "r", entity: "E", pattern: pattern, context: words.map { .init(words: $0, within: 20) })
            return Set(try CompiledRule(rule, preferring: lane).plan.chosen.map(\.lane))
        }
        #expect(try lanes("[a-z]{3}-x", .fixedDistance) == [.fixedDistance])
        #expect(try lanes("[a-z]{1,9}@x", .pivot) == [.pivot])
        #expect(try lanes("[a-z]{1,9}@x", .hyperscan) == [.hyperscan])
        #expect(try lanes("[0-9]{4}", words: ["pin"], .words) == [.words])
        #expect(try lanes("[a-z]{1,9}x", .pivot) == [.firstBytes], "x can stand in what is before it, so that it is no pivot")
    }

    @Test("The sieve's kernels find the same places", arguments: Effort.seeds(40))
    func sieve(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var tables = ByteKernels.sieve()
        withUnsafeMutableBytes(of: &tables.sets) { sets in
            for word in sets.bindMemory(to: UInt32.self).indices {
                // Mostly open, so that something passes.
                let mask = UInt32.random(in: .min ... .max, using: &generator) | UInt32.random(in: .min ... .max, using: &generator)
                sets.storeBytes(of: mask, toByteOffset: word * 4, as: UInt32.self)
            }
        }
        // Where all buckets are of literals, fewer offsets are looked at.
        tables.literal_buckets = generator.oneIn(2) ? .max : 0
        sieve_prepare(&tables)
        let count = generator.within(0...700)
        let buffer = padded((0..<count).map { _ in generator.oneIn(3) ? UInt8.random(in: 0x80...0xFF, using: &generator) : UInt8.random(in: 0x20...0x7F, using: &generator) })
        defer { buffer.deallocate() }
        func hits(_ variant: kernel_variant) -> [[UInt32]] {
            var hits = [sieve_hit](repeating: sieve_hit(), count: count + 1)
            let found = sieve_run(&tables, variant, buffer.baseAddress! + Int(KERNEL_SLACK), count, &hits)
            return hits[..<found].map { [$0.position, $0.buckets] }
        }
        let expected = hits(KERNEL_PORTABLE)
        #expect(count < 50 || !expected.isEmpty)
        for variant in Self.variants { #expect(hits(variant) == expected, "seed \(seed), variant \(variant.rawValue)") }
    }

    @Test("The kernels of the structure of JSON agree, with each other and over any cut", arguments: Effort.seeds(60))
    func structure(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let pieces = ["\"", "\\", "\\\\", "{", "}", "[", "]", ":", ",", " ", "\n", "-1.5", "0.25", "12", "-", "0", ".", "1e5", "true", "a", "é", "\u{C}", "\u{1A}", "[-65.61,43.42]"]
        var body: [UInt8] = []
        while body.count < 600 { body += Array(generator.pick(pieces).utf8) }
        func blocks(_ variant: kernel_variant, _ bytes: ArraySlice<UInt8>, _ carry: inout json_carry) -> [[UInt64]] {
            let buffer = padded(Array(bytes))
            defer { buffer.deallocate() }
            var blocks = [json_block](repeating: json_block(), count: bytes.count / 64 + 1)
            json_structure(variant, buffer.baseAddress! + Int(KERNEL_SLACK), bytes.count, &carry, &blocks)
            return blocks.prefix((bytes.count + 63) / 64).map { [$0.quotes, $0.strings, $0.backslashes, $0.colons, $0.commas, $0.brackets, $0.scalars, $0.odd] }
        }
        let cut = generator.within(0...body.count)
        var carries: [json_carry] = []
        var all: [[[UInt64]]] = []
        for variant in Self.variants {
            var carry = json_carry(escaped: false, in_string: false)
            let first = blocks(variant, body[..<cut], &carry)
            carries.append(carry)
            all.append(first + blocks(variant, body[cut...], &carry))
        }
        for index in Self.variants.indices { #expect(all[index] == all[0], "seed \(seed), variant \(Self.variants[index].rawValue)") }
        // What goes over a cut is what a reader of single bytes knows there.
        var escaped = false
        var inString = false
        for byte in body[..<cut] {
            if byte == UInt8(ascii: "\""), !escaped { inString.toggle() }
            escaped = byte == UInt8(ascii: "\\") && !escaped
        }
        for carry in carries { #expect(carry.escaped == escaped && carry.in_string == inString, "seed \(seed), cut \(cut)") }
    }

    private func padded(_ bytes: [UInt8]) -> UnsafeMutableBufferPointer<UInt8> {
        let slack = Int(KERNEL_SLACK)
        let buffer = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: bytes.count + 2 * slack)
        buffer.initialize(repeating: 0x41)
        for (index, byte) in bytes.enumerated() { buffer[slack + index] = byte }
        return buffer
    }
}
