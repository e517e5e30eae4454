// The bytes that are measured, and where they come from.

import Foundation

/// What a generator is asked for; a generator looks at what concerns it.
struct BodyShape: Hashable {
    var seed: UInt64 = 2026
    /// The body ends with the first record, line or event that reaches this size.
    var bytes = 2_000_000
    /// Records, lines or sentences, of 100, that hold personal values.
    var density = 15
    /// How many values such a one holds; nil for the generator's usual one or two.
    var values: Int?
    /// Characters of JSON string values, of 100, written as `\uXXXX`.
    var escapes = 0
    /// Bytes of text in an event.
    var delta = 40
}

/// Where a body's bytes come from.
enum BodySource: Hashable {
    /// A file below the folder of payloads.
    case payload(String)
    case generated(Generator, BodyShape)

    enum Generator: String, CaseIterable {
        case vendorJSON = "vendor-json"
        case ndjson
        case modelStream = "model-stream"
        case markdownStream = "markdown-stream"
        case responseStream = "response-stream"
        case lineStream = "line-stream"
        case toolStream = "tool-stream"
        case prose
        case accessLog = "access-log"
        case applicationLog = "application-log"
        case openText = "open-text"
        case openString = "open-string"
        case openEvents = "open-events"
        case nesting
    }
}

/// A body with ``slack`` readable bytes behind it, since Hyperscan 5.4.0 reads past the end of its input on some machines.
struct Body {
    static let slack = 64

    private let storage: [UInt8]
    let count: Int

    init(_ bytes: [UInt8]) {
        count = bytes.count
        storage = bytes + [UInt8](repeating: 0, count: Self.slack)
    }

    /// - Throws: what reading the payload's file throws.
    init(_ source: BodySource, payloads: URL) throws {
        switch source {
        case .payload(let name): self.init([UInt8](try Data(contentsOf: payloads.appending(path: name))))
        case .generated(let generator, let shape):
            let bytes =
                switch generator {
                case .vendorJSON: VendorJSON.make(shape, lines: false)
                case .ndjson: VendorJSON.make(shape, lines: true)
                case .modelStream: ModelStream.make(shape, .chunks)
                case .markdownStream: ModelStream.make(shape, .markdown)
                case .responseStream: ModelStream.make(shape, .responses)
                case .lineStream: ModelStream.make(shape, .lines)
                case .toolStream: ModelStream.make(shape, .tools)
                case .prose: Prose.make(shape)
                case .accessLog: Logs.access(shape)
                case .applicationLog: Logs.application(shape)
                case .openText: OpenMatches.text(shape)
                case .openString: OpenMatches.escapedString(shape)
                case .openEvents: OpenMatches.events(shape)
                case .nesting: OpenMatches.nesting(shape)
                }
            self.init(bytes)
        }
    }

    /// The first `limit` bytes; the ``slack`` behind them is what follows in the body.
    func withBytes<Result>(first limit: Int = .max, _ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        try storage.withUnsafeBytes { try body(UnsafeRawBufferPointer(rebasing: $0[..<min(limit, count)])) }
    }
}
