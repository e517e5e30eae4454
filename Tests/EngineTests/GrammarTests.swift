// The grammar of JSON: followed by blocks and by single tokens, it must break at the same byte.

import ByteKernels
import Testing

@testable import Engine

@Suite struct GrammarTests {
    private static let variants = [KERNEL_PORTABLE, KERNEL_AVX2, KERNEL_AVX512].filter { $0.rawValue <= KernelVariant.best.rawValue }

    @Test("Long documents, whole and damaged, are read alike by blocks and by tokens", arguments: Effort.seeds(400))
    func blocksAndTokens(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var body = [UInt8](repeating: UInt8(ascii: " "), count: generator.below(70))
        while body.count < 700 { body += Self.value(&generator, depth: generator.within(0...90)) + [UInt8(ascii: "\n")] }
        for _ in 0..<generator.below(3) {
            let place = generator.below(body.count)
            switch generator.below(3) {
            case 0: body[place] = generator.pick(Array("{}[]:,\"1 -tx.\\".utf8))
            case 1: body.remove(at: place)
            default: body.insert(generator.pick(Array("{}[]:,\"0 e".utf8)), at: place)
            }
        }
        for variant in Self.variants {
            var byTokens = JSONTokenizer()
            var texts: [JSONText] = []
            let end = body.withUnsafeBufferPointer { byTokens.read($0, isLast: true, into: &texts) }
            let read = (byTokens.brokenAt, end, texts.filter { $0.kind == .tail }.map(\.start))

            var byBlocks = JSONTokenizer()
            texts = []
            let slack = Int(KERNEL_SLACK)
            let padded = [UInt8](repeating: 0x41, count: slack) + body + [UInt8](repeating: 0x41, count: slack)
            let reached = padded.withUnsafeBufferPointer { padded in
                let bytes = UnsafeBufferPointer(rebasing: padded[slack..<slack + body.count])
                var blocks = [json_block](repeating: json_block(), count: body.count / 64 + 1)
                var carry = json_carry(escaped: false, in_string: false)
                json_structure(variant, bytes.baseAddress, bytes.count, &carry, &blocks)
                return byBlocks.walk(bytes, blocks, followsScalar: false, isLast: true, variant: variant, into: &texts)
            }
            let walked = (byBlocks.brokenAt, reached, texts.filter { $0.kind == .tail }.map(\.start))
            #expect(read == walked, "seed \(seed), variant \(variant.rawValue)")
        }
    }

    @Test("A document that is whole is followed by the kernel from block to block")
    func wholeDocument() {
        let record = #"{"id":"a","list":[1,-2.5,[],{},true,[null,false,"x"]],"nested":{"a":{"b":[{"c":1}]}},"empty":""},"# + "\n"
        let body = Array(("[" + String(repeating: record, count: 40)).utf8) + [UInt8](repeating: UInt8(ascii: " "), count: 64)
        for variant in Self.variants {
            body.withUnsafeBufferPointer { bytes in
                var blocks = [json_block](repeating: json_block(), count: body.count / 64 + 1)
                var carry = json_carry(escaped: false, in_string: false)
                json_structure(variant, bytes.baseAddress, bytes.count, &carry, &blocks)
                var levels: [UInt64] = [0]
                var place = json_place(surroundings: UInt8(JSON_OUTERMOST), phase: 0, is_empty: false, depth: 0, capacity: 64, levels: &levels)
                let reached = levels.withUnsafeMutableBufferPointer { levels in
                    place.levels = levels.baseAddress
                    return json_walk(variant, blocks, bytes.baseAddress, 0, bytes.count, &place)
                }
                #expect(reached == (bytes.count - 1) / 64 * 64, "variant \(variant.rawValue)")
                #expect(place.depth == 1 && Int(place.surroundings) == JSON_IN_ARRAY && place.phase == 0)
            }
        }
    }

    private static func value(_ generator: inout SeededGenerator, depth: Int) -> [UInt8] {
        func space() -> String { generator.oneIn(5) ? generator.pick([" ", "\n   ", "\t"]) : "" }
        if depth > 6 {
            // Deeper than one word of levels.
            let open = (0..<depth).map { _ in generator.oneIn(2) }
            return Array((open.map { $0 ? #"{"k":"# : "[" }.joined() + "1" + open.reversed().map { $0 ? "}" : "]" }.joined()).utf8)
        }
        switch depth == 0 ? generator.below(4) : generator.below(8) {
        case 0: return Array(generator.pick(["0", "-1", "12.75", "1e5", "-0.5E-7", "123456789012345678", "-0", "100200300400500600700800900.25"]).utf8)
        case 1: return Array(generator.pick(["true", "false", "null"]).utf8)
        case 2, 3:
            return Array(generator.pick([#""""#, #""a""#, #""a \" quote""#, #""\\""#, #""{[:,]}""#, #""a longer text that goes over the end of more than one block of bytes, 12""#]).utf8)
        case 4, 5:
            let members = (0..<generator.below(6)).map { _ in Array((space() + "\"key\"" + space() + ":" + space()).utf8) + value(&generator, depth: depth - 1) }
            return Array("{".utf8) + Array(members.joined(separator: Array((space() + ",").utf8))) + Array((space() + "}").utf8)
        default:
            let elements = (0..<generator.below(9)).map { _ in Array(space().utf8) + value(&generator, depth: depth - 1) }
            return Array("[".utf8) + Array(elements.joined(separator: Array((space() + ",").utf8))) + Array((space() + "]").utf8)
        }
    }
}
