// What the masker gives out: the only bytes that may leave.

/// The masked bytes that one step of a ``Masker`` released, in order.
///
/// Only the engine can make one. Whatever writes to a client or to a record takes this type, so bytes that were not scanned
/// cannot reach either.
public struct MaskedBytes: Sendable {
    public enum Piece: Sendable, Equatable {
        /// These bytes of the chunk just given to ``Masker/feed(_:)``, as they came in. Half-open offsets into that chunk.
        case passed(Range<Int>)
        /// Bytes held since an earlier chunk, or a replacement.
        case bytes([UInt8])
    }

    public internal(set) var pieces: [Piece] = []
    /// Matches that were decided in this step and lie before the bytes still held, in order of start.
    public internal(set) var findings: [Finding] = []
    /// Set once a `block` rule ended the body; nothing follows.
    public internal(set) var blocked: Finding?

    init() {}

    /// Bytes in all pieces together.
    public var count: Int {
        pieces.reduce(0) { total, piece in
            switch piece {
            case .passed(let range): total + range.count
            case .bytes(let bytes): total + bytes.count
            }
        }
    }

    /// Appends what ``Masker/finish()`` gave behind the last chunk.
    public mutating func append(end: MaskedBytes) {
        pieces += end.pieces
        findings += end.findings
        blocked = blocked ?? end.blocked
    }

    /// Appends the bytes of all pieces to `output`; `chunk` is the one that was fed in this step, empty for ``Masker/finish()``.
    public func append(to output: inout [UInt8], chunk: UnsafeRawBufferPointer) {
        for piece in pieces {
            switch piece {
            case .passed(let range): output.append(contentsOf: UnsafeRawBufferPointer(rebasing: chunk[range]))
            case .bytes(let bytes): output.append(contentsOf: bytes)
            }
        }
    }
}

/// One decided match. Carries no byte of what was found.
public struct Finding: Sendable, Equatable {
    /// Id of the rule.
    public var rule: String
    public var entity: String
    /// Half-open byte offsets into the whole body as received: what was replaced, or for `report` and `block` what matched.
    /// In a JSON document these are the raw bytes, escapes and all. For a rule that ended the body early the end is where it was known to be a match.
    public var range: Range<Int>
    public var action: Outcome

    public enum Outcome: String, Sendable { case masked, blocked, reported }

    /// As counted from a place that many bytes earlier.
    func moved(by offset: Int) -> Finding {
        var moved = self
        moved.range = range.lowerBound + offset..<range.upperBound + offset
        return moved
    }
}

/// Running totals of one ``Masker``.
public struct MaskStatistics: Sendable {
    public var bytesIn = 0
    public var bytesOut = 0
    /// Bytes of parts that are no text and were let pass.
    public var bytesUnscanned = 0
    public var chunks = 0
    /// Replacements by rule id of their winner.
    public var masked: [String: Int] { counts.reduce(into: [:]) { if $1.masked > 0 { $0[$1.rule] = $1.masked } } }
    /// Findings of `report` rules by id.
    public var reported: [String: Int] { counts.reduce(into: [:]) { if $1.reported > 0 { $0[$1.rule] = $1.reported } } }
    /// Bytes held back after the latest chunk, and the most after any chunk.
    public var held = 0
    public var mostHeld = 0
    /// Where a JSON body stopped being JSON; from there on it was scanned as text. Byte offset into the body.
    public var brokenJSONAt: Int?

    /// The rules that found something, those that do so often further in front: few rules find most in a body, and comparing an id with a few others takes less time than hashing
    /// it.
    private var counts: [(rule: String, masked: Int, reported: Int)] = []

    mutating func count(_ finding: Finding) {
        let known = counts.firstIndex { $0.rule == finding.rule }
        if known == nil { counts.append((finding.rule, 0, 0)) }
        let index = known ?? counts.count - 1
        if finding.action == .masked { counts[index].masked += 1 } else { counts[index].reported += 1 }
        if index > 0 { counts.swapAt(index, index - 1) }
    }
}
