// What is read: every coding at every cut, what is wrong with a body, and what it may expand to.

import Testing

@testable import ContentCoding

@Suite("Decoding")
struct ContentDecoderTests {
    @Test("a body that others coded is read, whole and byte by byte, into little room and much", arguments: CodedBody.all)
    func others(body: CodedBody) {
        for room in [1, 7, 4096] {
            #expect(decode(body.bytes, body.codings, room: room) == Decoded(bytes: CodedBody.text))
            #expect(decode(body.bytes.indices.map { body.bytes[$0...$0] }, body.codings, room: room) == Decoded(bytes: CodedBody.text))
        }
    }

    @Test("where a body is cut does not show", arguments: CodedBody.all)
    func cuts(body: CodedBody) {
        for cut in 0...body.bytes.count {
            #expect(decode([body.bytes[..<cut], body.bytes[cut...]], body.codings, room: 50) == Decoded(bytes: CodedBody.text), "cut at \(cut)")
        }
    }

    @Test("a body that ends early is truncated, wherever it ends, unless it never began", arguments: CodedBody.all)
    func truncated(body: CodedBody) {
        #expect(decode([], body.codings) == Decoded())
        for end in 1..<body.bytes.count {
            let decoded = decode(Array(body.bytes[..<end]), body.codings)
            if decoded.error == nil {
                // Where one member or frame of several ends, a body may end.
                #expect(body.name.contains("two") && CodedBody.text.starts(with: decoded.bytes), "ended at \(end)")
            } else {
                #expect(decoded.error == .truncated(body.codings[0]), "ended at \(end)")
            }
            #expect(CodedBody.text.starts(with: decoded.bytes))
        }
    }

    @Test("a flipped bit is found or changes nothing where the coding has a checksum, and never does harm", arguments: CodedBody.all)
    func corrupted(body: CodedBody) {
        // The last frame of "two frames" alone has a checksum; bare deflate and brotli have none.
        let hasChecksum = ["gzip", "gzip in two members", "deflate", "zstd"].contains(body.name)
        for place in body.bytes.indices {
            for bit in 0..<8 {
                var bytes = body.bytes
                bytes[place] ^= 1 << bit
                let decoded = decode(bytes, body.codings, limits: .init(decodedBytes: 1 << 20))
                if hasChecksum, decoded.error == nil { #expect(decoded.bytes == CodedBody.text, "bit \(bit) of byte \(place)") }
            }
        }
    }

    @Test("what follows the end is corrupt, but for zero bytes behind gzip, and is never given out", arguments: CodedBody.all)
    func trailing(body: CodedBody) {
        for trailer in [Array("more".utf8), [0], [0, 0, 0, 0], [0, 1]] {
            let allowed = body.codings == [.gzip] && trailer.allSatisfy { $0 == 0 }
            for decoded in [
                decode(body.bytes + trailer, body.codings), decode([body.bytes[...], trailer[...]], body.codings),
                decode((body.bytes + trailer).map { [$0][...] }, body.codings),
            ] {
                #expect(decoded.error == (allowed ? nil : .corrupt(body.codings[0])))
                #expect(CodedBody.text.starts(with: decoded.bytes))
            }
        }
    }

    @Test("several codings are undone in reverse order, at every cut and in little room")
    func several() throws {
        for codings in [[ContentCoding.gzip, .br], [.deflate, .gzip], [.zstd, .gzip, .br], [.gzip, .gzip, .zstd]] {
            let bytes = try encode(CodedBody.text, codings)
            for cut in 0...bytes.count {
                #expect(decode([bytes[..<cut], bytes[cut...]], codings, room: 1 + cut % 60) == Decoded(bytes: CodedBody.text))
            }
            #expect(decode(bytes, Array(codings.reversed())).error != nil || codings == codings.reversed())
            #expect(decode(Array(bytes.dropLast()), codings).error != nil)
        }
    }

    @Test("several codings of a large body are undone in pieces of any size", arguments: [1000, 65536])
    func severalLarge(room: Int) throws {
        var random = SystemRandomNumberGenerator()
        let text = (0..<300_000).map { _ in UInt8.random(in: 0x30...0x39, using: &random) }
        let bytes = try encode(text, [.zstd, .deflate, .gzip])
        #expect(decode(bytes, [.zstd, .deflate, .gzip], room: room) == Decoded(bytes: text))
    }

    @Test("a body stops expanding at the limit, in every coding and behind another", arguments: [[.gzip], [.br], [.zstd], [.zstd, .gzip]] as [[ContentCoding]])
    func bombs(codings: [ContentCoding]) throws {
        let bomb = try encode([UInt8](repeating: 0x20, count: 16 << 20), codings)
        let room = 65536
        let absolute = decode(bomb, codings, room: room, limits: .init(decodedBytes: 1 << 20))
        #expect(absolute.error == .expandsTooFar)
        #expect(absolute.bytes.count <= 1 << 20)
        let relative = decode(bomb, codings, room: room, limits: .init(decodedBytes: 1 << 30, expansion: 50))
        #expect(relative.error == .expandsTooFar)
        #expect(relative.bytes.count <= ContentDecoder.Limits.freeBytes + 50 * bomb.count + room)
        #expect(decode(bomb, codings, room: room).bytes.count == 16 << 20)
    }

    @Test("a bomb whose output comes to nothing in the next coding is stopped all the same, and in bounded steps")
    func hiddenBomb() throws {
        // gzip's padding: the outer coding expands to zero bytes that the inner one passes over.
        let inner = try encode(Array("text".utf8), .gzip) + [UInt8](repeating: 0, count: 16 << 20)
        let outer = try encode(inner, .zstd)
        #expect(decode(outer, [.gzip, .zstd], limits: .init(decodedBytes: 16 << 20)).error == .expandsTooFar)
        let decoder = ContentDecoder([.gzip, .zstd], limits: .init(decodedBytes: 1 << 30))
        var output = [UInt8](repeating: 0, count: 4096)
        let step = try output.withUnsafeMutableBytes { output in try outer.withUnsafeBytes { try decoder.decode($0, into: output) } }
        #expect(step.mayHaveMore && step.consumed < outer.count)
    }

    @Test("a window over eight MiB is not given to zstd (RFC 9659)")
    func wideWindow() {
        #expect(decode(CodedBody.wideZstandard.bytes, [.zstd]) == Decoded(error: .corrupt(.zstd)))
    }

    @Test("random bytes never decode to anything that was not checked, and never crash", arguments: ContentCoding.allCases)
    func noise(coding: ContentCoding) {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<2000 {
            let bytes = (0..<Int.random(in: 1...200)).map { _ in UInt8.random(in: 0...255) }
            let body = CodedBody.all.first { $0.codings == [coding] }!.bytes
            _ = decode(bytes, [coding], limits: .init(decodedBytes: 1 << 20))
            _ = decode(Array(body.prefix(Int.random(in: 0..<body.count, using: &random))) + bytes, [coding], limits: .init(decodedBytes: 1 << 20))
        }
    }

    @Test("names are read in any case, with the old name of gzip")
    func names() {
        #expect(ContentCoding(name: "GZip") == .gzip)
        #expect(ContentCoding(name: "x-gzip") == .gzip)
        #expect(ContentCoding(name: "BR") == .br)
        #expect(ContentCoding(name: "compress") == nil)
        #expect(ContentCoding(name: "identity") == nil)
    }
}
