// From a window to output: what is passed on as it came, and what stands in the place of the rest.

/// Puts released bytes and replacements in order, without copying what came in with the latest chunk.
struct WindowWriter {
    private let window: UnsafeBufferPointer<UInt8>
    /// Bytes of the window that were held; the rest is in the chunk.
    let heldCount: Int
    /// Where the window's new bytes begin in the chunk.
    let chunkOffset: Int
    var output: MaskedBytes
    /// The first byte of the window not dealt with.
    private(set) var position = 0
    var block: Finding?

    init(window: UnsafeBufferPointer<UInt8>, heldCount: Int, chunkOffset: Int, output: MaskedBytes) {
        self.window = window
        self.heldCount = heldCount
        self.chunkOffset = chunkOffset
        self.output = output
    }

    /// Releases the bytes up to `end` as they came.
    mutating func pass(to end: Int) {
        guard end > position else { return }
        if position < heldCount {
            append(Array(window[position..<min(end, heldCount)]))
        }
        if end > heldCount {
            let range = chunkOffset + max(position, heldCount) - heldCount..<chunkOffset + end - heldCount
            if case .passed(let last)? = output.pieces.last, last.upperBound == range.lowerBound {
                output.pieces[output.pieces.count - 1] = .passed(last.lowerBound..<range.upperBound)
            } else {
                output.pieces.append(.passed(range))
            }
        }
        position = end
    }

    /// Leaves the bytes up to `end` out.
    mutating func skip(to end: Int) { position = max(position, min(end, window.count)) }

    /// What stands in the place of which bytes of the window, in order, of what has been dealt with; for a writer whose window all came with the latest chunk,
    /// from its first byte on.
    func forEachReplacement(_ body: (Range<Int>, [UInt8]) -> Void) {
        var reached = 0
        var written: [UInt8] = []
        func replace(upTo end: Int) {
            if end > reached || !written.isEmpty { body(reached..<end, written) }
            written = []
        }
        for piece in output.pieces {
            switch piece {
            case .bytes(let bytes): written += bytes
            case .passed(let range):
                replace(upTo: range.lowerBound)
                reached = range.upperBound
            }
        }
        replace(upTo: position)
    }

    mutating func write(_ bytes: [UInt8]) { if !bytes.isEmpty { append(bytes) } }

    private mutating func append(_ bytes: [UInt8]) {
        if case .bytes(let last)? = output.pieces.last {
            output.pieces[output.pieces.count - 1] = .bytes(last + bytes)
        } else {
            output.pieces.append(.bytes(bytes))
        }
    }
}

/// Where the bytes of a window stand in the body.
enum WindowOrigin {
    /// The window's first byte is that one of the body.
    case body(from: Int)
    /// The window is what the part of a string that begins at `start` in the window around it says.
    indirect case string(in: WindowOrigin, start: Int, units: UnitMap)
    /// The window is what pieces say together, in order; `end` is where those before them ended in the body.
    case pieces([Piece], end: Int)

    /// A string, or the rest of one, whose text is a part of the window.
    struct Piece {
        /// Where its text begins in the window; below zero if some of it stands before.
        var start: Int
        var count: Int
        /// Where its raw bytes begin in the body.
        var body: Int
        var units: UnitMap
    }

    /// The offset in the body where the byte of the window at `offset` begins.
    func start(_ offset: Int) -> Int {
        switch self {
        case .body(let first): first + offset
        case .string(let outer, let start, let units): outer.start(start + units.rawStart(ofText: offset))
        case .pieces(let pieces, let end):
            (pieces.last { $0.start <= offset } ?? pieces.first).map { $0.body + $0.units.rawStart(ofText: max(0, offset - $0.start)) } ?? end
        }
    }

    /// The offset in the body behind the byte of the window before `offset`.
    func end(_ offset: Int) -> Int {
        switch self {
        case .body(let first): first + offset
        case .string(let outer, let start, let units): outer.end(start + units.rawEnd(ofText: offset))
        case .pieces(let pieces, let end):
            (pieces.last { $0.start < offset } ?? pieces.first).map { $0.body + $0.units.rawEnd(ofText: min(offset - $0.start, $0.count)) } ?? end
        }
    }
}
