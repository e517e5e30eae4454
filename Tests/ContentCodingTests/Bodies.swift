// Bodies coded by programs that are not ours, and how tests run a decoder.

import Foundation
import Testing

@testable import ContentCoding

/// One body in one coding, made by Python 3.11's `gzip` and `zlib` and PyPI's `brotli` 1.2 and `zstandard` 0.25.
struct CodedBody: Sendable, CustomTestStringConvertible {
    var name: String
    var codings: [ContentCoding]
    var bytes: [UInt8]

    var testDescription: String { name }

    init(_ name: String, _ codings: [ContentCoding], _ base64: String) {
        self.name = name
        self.codings = codings
        bytes = Array(Data(base64Encoded: base64)!)
    }

    static let text = Array((String(repeating: "Every customer is listed once. ", count: 6) + "The last line ends here.").utf8)

    static let all = [
        CodedBody("gzip", [.gzip], "H4sIAAAAAAACA3MtSy2qVEguLS7Jz00tUsgsVsjJLC5JTVHIz0tO1VNwHbzSIRmpCjmJxSVA0bxUhdS8lGKFjNSiVD0AlLwXc9IAAAA="),
        CodedBody(
            "gzip in two members", [.gzip],
            "H4sIAAAAAAACA3MtSy2qVEguLS7Jz00tUsgsVsjJLC5JTVHIz0tO1VNwpZo0AEQ2fKdpAAAAH4sIAAAAAAACA0stUsgsVsjJLC5JTVHIz0tO1VNwLUstqlRILi0uyc9NJVk6JCNVISexuAQompeqkJqXUqyQkVqUqgcAMTwOuGkAAAA="
        ),
        CodedBody("deflate", [.deflate], "eNpzLUstqlRILi0uyc9NLVLILFbIySwuSU1RyM9LTtVTcB280iEZqQo5icUlQNG8VIXUvJRihYzUolQ9AMVETGA="),
        CodedBody("bare deflate", [.deflate], "cy1LLapUSC4tLsnPTS1SyCxWyMksLklNUcjPS07VU3AdvNIhGakKOYnFJUDRvFSF1LyUYoWM1KJUPQA="),
        CodedBody("brotli", [.br], "G9EAgKVd0tjceIyN/RFlTOtNHmPrekxJ0JXwPHkRwx+hV3Ayd8trkCBAAQ=="),
        CodedBody(
            "zstd", [.zstd], "KLUv/STS/QEAdANFdmVyeSBjdXN0b21lciBpcyBsaXN0ZWQgb25jZS4gVGhlIGxhc3QgbGluZSBlbmRzIGhlcmUuAQBjBKWc1iwxGQ=="),
        CodedBody(
            "zstd in two frames, a skippable one between them", [.zstd],
            "KLUv/SBpNQEA+EV2ZXJ5IGN1c3RvbWVyIGlzIGxpc3RlZCBvbmNlLiABAJ9AlRNQKk0YAwAAAGFiYyi1L/0kaf0BAHQDZXIgaXMgbGlzdGVkIG9uY2UuIEV2ZXJ5IGN1c3RvbVRoZSBsYXN0IGxpbmUgZW5kcyBoZXJlLgEALyLlBB2/jAQ="
        ),
    ]

    /// A frame that asks for a window of 32 MiB.
    static let wideZstandard = CodedBody(
        "zstd with a wide window", [.zstd], "KLUv/QB4/QEAdANFdmVyeSBjdXN0b21lciBpcyBsaXN0ZWQgb25jZS4gVGhlIGxhc3QgbGluZSBlbmRzIGhlcmUuAQBjBKWc")
}

/// What a decoder made of a body, and how it ended.
struct Decoded: Equatable {
    var bytes: [UInt8] = []
    var error: ContentCodingError?
}

/// Decodes `pieces` one after another, `room` bytes at a time.
func decode(
    _ pieces: some Sequence<ArraySlice<UInt8>>, _ codings: [ContentCoding], room: Int = 4096,
    limits: ContentDecoder.Limits = .init(decodedBytes: 1 << 30)
) -> Decoded {
    let decoder = ContentDecoder(codings, limits: limits)
    var decoded = Decoded()
    var output = [UInt8](repeating: 0, count: room)
    do throws(ContentCodingError) {
        for piece in pieces {
            var rest = piece
            while true {
                let result: Result<ContentDecoder.Step, ContentCodingError> = output.withUnsafeMutableBytes { output in
                    rest.withUnsafeBytes { rest in
                        do throws(ContentCodingError) { return .success(try decoder.decode(rest, into: output)) } catch { return .failure(error) }
                    }
                }
                let step = try result.get()
                rest = rest.dropFirst(step.consumed)
                decoded.bytes += output[..<step.produced]
                guard step.mayHaveMore else { break }
            }
            #expect(rest.isEmpty, "a decoder that has no more has used all of its input")
        }
        try decoder.finish()
    } catch {
        decoded.error = error
    }
    return decoded
}

func decode(_ bytes: [UInt8], _ codings: [ContentCoding], room: Int = 4096, limits: ContentDecoder.Limits = .init(decodedBytes: 1 << 30)) -> Decoded {
    decode(CollectionOfOne(bytes[...]), codings, room: room, limits: limits)
}

/// `pieces` coded, each with `step` behind it, then the end; as the bytes that each call gave.
func encode(_ pieces: [[UInt8]], _ coding: ContentCoding, _ step: ContentEncoder.Step = .run) throws -> [[UInt8]] {
    let encoder = try ContentEncoder(coding)
    var made: [[UInt8]] = []
    func add(_ piece: [UInt8], _ step: ContentEncoder.Step) throws {
        var bytes: [UInt8] = []
        try piece.withUnsafeBytes { piece in try encoder.encode(piece, step) { bytes += $0 } }
        made.append(bytes)
    }
    for piece in pieces { try add(piece, step) }
    try add([], .finish)
    return made
}

func encode(_ bytes: [UInt8], _ coding: ContentCoding) throws -> [UInt8] { Array(try encode([bytes], coding).joined()) }

/// `bytes` in all of `codings`, applied in that order.
func encode(_ bytes: [UInt8], _ codings: [ContentCoding]) throws -> [UInt8] {
    try codings.reduce(bytes) { try encode($0, $1) }
}
