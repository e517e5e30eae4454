// Content codings on the two sides of the proxy: what is asked for, and a coded body on its way through.

import ContentCoding
import Engine
import NIOCore
import NIOHTTP1

/// The content codings that a client accepts (RFC 9110 §12.5.3), as far as they are known here.
struct AcceptedCodings: Sendable, Equatable {
    /// With their weights as written, in the client's order; those that a `*` stands for come last.
    private var members: [(coding: ContentCoding, weight: String?)] = []

    /// A client that says nothing gets no coding: many that could not read one do not say so.
    init(_ headers: HTTPHeaders) {
        var isListed: Set<ContentCoding> = []
        var others: (isAccepted: Bool, weight: String?)?
        for member in headers[canonicalForm: "accept-encoding"] {
            let parts = member.split(separator: ";", maxSplits: 1)
            guard let name = parts.first?.trimmed else { continue }
            var weight: String?
            if parts.count > 1, parts[1].trimmed.lowercased().hasPrefix("q=") { weight = String(parts[1].trimmed.dropFirst(2)) }
            let isAccepted = weight.map { Double($0) ?? 0 > 0 } ?? true
            if name == "*" {
                others = (isAccepted, weight)
            } else if let coding = ContentCoding(name: name), isListed.insert(coding).inserted, isAccepted {
                members.append((coding, weight))
            }
        }
        if let others, others.isAccepted {
            for coding in ContentCoding.allCases where !isListed.contains(coding) { members.append((coding, others.weight)) }
        }
    }

    func contains(_ coding: ContentCoding) -> Bool { members.contains { $0.coding == coding } }

    /// What the vendor is asked for: of what the client accepts, that which can be decoded here.
    var field: String {
        members.isEmpty ? "identity" : members.map { $0.coding.rawValue + ($0.weight.map { ";q=\($0)" } ?? "") }.joined(separator: ", ")
    }

    static func == (one: Self, other: Self) -> Bool { one.field == other.field }
}

/// A coded body on its way through: chunks in as they arrive, decoded pieces out as they are asked for.
///
/// It decodes nothing ahead, so that whoever takes the pieces sets the pace. What waits are the coded chunks, which are no more than one read of the
/// connection as long as nothing is read while there are any.
struct CodedBody {
    private let decoder: ContentDecoder
    private var waiting = CircularBuffer<ByteBuffer>()
    private var mayHaveMore = false
    /// Coded bytes that arrived.
    private(set) var bytesIn = 0

    /// The most bytes in one piece.
    static let pieceSize = 64 * 1024

    /// - Parameter codings: in the order in which they were applied.
    init(_ codings: [ContentCoding], limits: ContentDecoder.Limits) { decoder = ContentDecoder(codings, limits: limits) }

    mutating func take(_ chunk: ByteBuffer) {
        bytesIn += chunk.readableBytes
        if chunk.readableBytes > 0 { waiting.append(chunk) }
    }

    /// Whether a piece could be had without another chunk.
    var hasMore: Bool { mayHaveMore || !waiting.isEmpty }

    /// The next piece. It may be empty, where what arrived is no whole byte of the body yet.
    mutating func next() throws(ContentCodingError) -> ByteBuffer {
        let coded = waiting.reduce(0) { $0 + $1.readableBytes }
        var piece = ByteBufferAllocator().buffer(capacity: min(Self.pieceSize, max(4096, 8 * coded)))
        while hasMore, piece.writableBytes > 0 {
            var chunk = waiting.first ?? ByteBuffer()
            let step = try decoder.decode(&chunk, into: &piece)
            mayHaveMore = step.mayHaveMore
            if !waiting.isEmpty {
                if chunk.readableBytes == 0 { waiting.removeFirst() } else { waiting[waiting.startIndex] = chunk }
            }
            // Much work for nothing to show: others have a turn.
            if step.produced == 0, step.mayHaveMore { break }
        }
        return piece
    }

    /// Says that no chunk follows.
    ///
    /// - Throws: where the coding's end has not come.
    func finish() throws(ContentCodingError) { try decoder.finish() }
}

extension ContentDecoder {
    /// Decodes from the readable bytes of `chunk`, which it moves past what was used, into the writable ones of `piece`.
    fileprivate func decode(_ chunk: inout ByteBuffer, into piece: inout ByteBuffer) throws(ContentCodingError) -> Step {
        var result: Result<Step, ContentCodingError>?
        piece.writeWithUnsafeMutableBytes(minimumWritableBytes: 1) { room in
            let decoded: Result<Step, ContentCodingError> = chunk.withUnsafeReadableBytes { bytes in
                do throws(ContentCodingError) {
                    return .success(try decode(bytes, into: room))
                } catch {
                    return .failure(error)
                }
            }
            result = decoded
            return if case .success(let step) = decoded { step.produced } else { 0 }
        }
        guard let step = try result?.get() else { preconditionFailure("a buffer did not ask for what it was to be filled with") }
        chunk.moveReaderIndex(forwardBy: step.consumed)
        return step
    }
}

extension CodedBody? {
    /// The next piece of a coded body; nil where there is none, or nothing is coded.
    mutating func next() throws(ContentCodingError) -> ByteBuffer? {
        guard self?.hasMore == true else { return nil }
        return try self!.next()
    }
}
