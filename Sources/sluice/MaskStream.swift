// One body through the engine, from a file descriptor to another.

import Engine
import Foundation

/// How a command is told to read a body.
enum FormatChoice: Equatable {
    /// By the body's first bytes: see `FormatDetection`.
    case auto
    case only(Format)

    init?(name: String) {
        if name == "auto" {
            self = .auto
        } else if let format = Format(rawValue: name) {
            self = .only(format)
        } else {
            return nil
        }
    }

    static let names = ["auto"] + Format.allCases.map(\.rawValue)

    /// The format of a body that begins so, or nil where the beginning does not tell yet. `auto` is `text` where nothing tells at all.
    func format(beginning: [UInt8], isWhole: Bool) -> Format? {
        if case .only(let format) = self { return format }
        return switch beginning.withUnsafeBytes({ FormatDetection.verdict(declared: nil, beginning: $0, isWhole: isWhole) }) {
        case .format(let format): format
        case .unknown: .text
        case .undecided: nil
        }
    }
}

/// One body that is fed as it is read. Settles the format first, then passes every chunk to the engine.
struct MaskStream: ~Copyable {
    private let rules: RuleSet
    private let choice: FormatChoice
    private var masker: Masker?
    /// Chunks that came before the format was known.
    private var early: [[UInt8]] = []

    init(_ rules: RuleSet, format: FormatChoice) {
        self.rules = rules
        choice = format
    }

    /// Nil until the format is known.
    var statistics: MaskStatistics? { masker?.statistics }
    /// Bytes not yet released.
    var held: Int { masker?.statistics.held ?? early.reduce(0) { $0 + $1.count } }
    var blocked: Finding? { masker?.blocked }

    /// Takes a chunk and hands on what each step released, with the chunk that it refers to.
    mutating func feed(_ chunk: UnsafeRawBufferPointer, _ release: (MaskedBytes, UnsafeRawBufferPointer) throws -> Void) throws {
        if masker == nil {
            guard let format = choice.format(beginning: Array(early.joined()) + chunk.prefix(FormatDetection.longestLook), isWhole: false) else {
                early.append(Array(chunk))
                return
            }
            try begin(format, release)
        }
        guard let masked = try masker?.feed(chunk) else { return }
        try release(masked, chunk)
    }

    mutating func finish(_ release: (MaskedBytes, UnsafeRawBufferPointer) throws -> Void) throws {
        if masker == nil { try begin(choice.format(beginning: Array(early.joined()), isWhole: true) ?? .text, release) }
        guard let masked = try masker?.finish() else { return }
        try release(masked, UnsafeRawBufferPointer(start: nil, count: 0))
    }

    private mutating func begin(_ format: Format, _ release: (MaskedBytes, UnsafeRawBufferPointer) throws -> Void) throws {
        var begun = Masker(rules, format: format)
        for chunk in early {
            try chunk.withUnsafeBytes { try release(try begun.feed($0), $0) }
        }
        early = []
        masker = begun
    }
}

/// How many bytes were held after each chunk, for percentiles.
struct HeldHistogram {
    private var counts: [Int: Int] = [:]
    private var total = 0

    mutating func add(_ held: Int) {
        counts[held, default: 0] += 1
        total += 1
    }

    /// The least count of bytes that at least `fraction` of the chunks did not exceed (nearest rank); 0 without chunks.
    func percentile(_ fraction: Double) -> Int {
        let rank = max(1, Int((fraction * Double(total)).rounded(.up)))
        var seen = 0
        for (held, count) in counts.sorted(by: { $0.key < $1.key }) {
            seen += count
            if seen >= rank { return held }
        }
        return 0
    }
}
