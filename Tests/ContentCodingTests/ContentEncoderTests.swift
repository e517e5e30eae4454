// What is written: decodable, and after a flush at once.

import Testing

@testable import ContentCoding

@Suite("Encoding")
struct ContentEncoderTests {
    @Test("what was coded decodes to itself, of any length", arguments: ContentCoding.allCases)
    func roundTrip(coding: ContentCoding) throws {
        var random = SystemRandomNumberGenerator()
        for count in [0, 1, 100, 16_383, 16_384, 16_385, 70_000] {
            for alphabet: ClosedRange<UInt8> in [0...255, 0x30...0x39, 0x41...0x41] {
                let text = (0..<count).map { _ in UInt8.random(in: alphabet, using: &random) }
                for step in [ContentEncoder.Step.run, .flush] {
                    let pieces = stride(from: 0, to: count, by: 10_000).map { Array(text[$0..<min(count, $0 + 10_000)]) }
                    #expect(decode(Array(try encode(pieces, coding, step).joined()), [coding]) == Decoded(bytes: text))
                }
            }
        }
    }

    @Test("after a flush all of it can be read, and a flush of nothing writes nothing", arguments: ContentCoding.allCases)
    func flush(coding: ContentCoding) throws {
        let events = (0..<50).map { Array("data: {\"delta\":\"word \($0)\"}\n\n".utf8) }
        let encoder = try ContentEncoder(coding)
        let decoder = ContentDecoder([coding], limits: .init(decodedBytes: 1 << 20))
        var output = [UInt8](repeating: 0, count: 4096)
        for event in events {
            var bytes: [UInt8] = []
            try event.withUnsafeBytes { event in try encoder.encode(event, .flush) { bytes += $0 } }
            let step = try output.withUnsafeMutableBytes { output in try bytes.withUnsafeBytes { try decoder.decode($0, into: output) } }
            #expect(Array(output[..<step.produced]) == event)
            try encoder.encode(UnsafeRawBufferPointer(start: nil, count: 0), .flush) { _ in Issue.record("a flush of nothing wrote something") }
        }
    }
}
