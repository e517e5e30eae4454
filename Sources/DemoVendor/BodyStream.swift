// A response body that is sent piece by piece, in the ways a vendor's body can come and can fail to come.

import NIOCore

/// How a streamed body is cut into pieces. Each piece is one HTTP chunk where the body is chunked.
enum PieceSizes {
    case fixed(Int)
    /// Anything from one byte to 128 KiB, so that pieces end inside values, escapes and characters.
    case ragged(SeededRandom)

    mutating func next() -> Int {
        switch self {
        case .fixed(let size):
            return size
        case .ragged(var random):
            let widest =
                switch random.below(8) {
                case 0: 16
                case 1...3: 4 << 10
                default: 128 << 10
                }
            let size = 1 + random.below(widest)
            self = .ragged(random)
            return size
        }
    }
}

/// What is left to send of one body.
struct BodyStream {
    enum Source {
        case list(CustomerList, PieceSizes)
        case pieces([ByteBuffer])
    }

    enum Ending {
        case complete
        /// Nothing more comes, and the connection stays open.
        case stall
        /// The connection is closed although more was promised.
        case breakOff
    }

    private var source: Source
    /// Bytes or pieces already taken.
    private var position = 0
    /// Bytes of a list to send; less than the list's where the body does not come to its end.
    private let stopAt: Int
    /// A pause before each piece but the first.
    let interval: TimeAmount?
    let ending: Ending
    /// Announced as `Content-Length`; without it the body is chunked.
    let contentLength: Int?

    init(list: CustomerList, sizes: PieceSizes, interval: TimeAmount? = nil, ending: Ending = .complete, chunked: Bool) {
        source = .list(list, sizes)
        stopAt = ending == .complete ? list.bytes : list.bytes / 2
        self.interval = interval
        self.ending = ending
        contentLength = chunked ? nil : list.bytes
    }

    init(pieces: [ByteBuffer], interval: TimeAmount? = nil) {
        source = .pieces(pieces)
        stopAt = pieces.count
        self.interval = interval
        ending = .complete
        contentLength = nil
    }

    var isExhausted: Bool { position >= stopAt }

    /// The next piece. Call only while `isExhausted` is false.
    mutating func next() -> ByteBuffer {
        switch source {
        case .list(let list, var sizes):
            let piece = list.slice(at: position, atMost: min(sizes.next(), stopAt - position))
            source = .list(list, sizes)
            position += piece.readableBytes
            return piece
        case .pieces(let pieces):
            position += 1
            return pieces[position - 1]
        }
    }
}
