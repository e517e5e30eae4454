// Framing: the seam between HTTP messages and bytes on a connection. Only this file sets up the HTTP/1 codec.

import ContentCoding
import Engine
import NIOCore
import NIOHTTP1

/// How the end of a response's body is marked for the client (RFC 9112 §6).
enum BodyFraming: Sendable, Equatable {
    case none
    case length(Int)
    case chunked
    /// HTTP/1.0 without a length: the connection's end is the body's end.
    case untilClose
}

enum Framing {
    /// Sets up the client's side: requests in as parts, responses out as the bytes that ``ResponseWriter`` makes.
    static func addServerCodec(to pipeline: ChannelPipeline.SynchronousOperations, maximumHeaderBytes: Int) throws {
        let decoder = HTTPRequestDecoder(
            leftOverBytesStrategy: .dropBytes, informationalResponseStrategy: .drop, limitConfiguration: limits(maximumHeaderBytes))
        try pipeline.addHandler(ByteToMessageHandler(decoder))
    }

    /// Sets up the vendor's side: requests out as parts, responses in as parts; interim responses (1xx) are dropped.
    static func addClientCodec(to pipeline: ChannelPipeline.SynchronousOperations, maximumHeaderBytes: Int) throws {
        var configuration = HTTPRequestEncoder.Configuration()
        configuration.automaticallySetFramingHeaders = false
        try pipeline.addHandler(HTTPRequestEncoder(configuration: configuration))
        let decoder = HTTPResponseDecoder(
            leftOverBytesStrategy: .dropBytes, informationalResponseStrategy: .drop, limitConfiguration: limits(maximumHeaderBytes))
        try pipeline.addHandler(ByteToMessageHandler(decoder))
    }

    private static func limits(_ maximumHeaderBytes: Int) -> NIOHTTPDecoderLimitConfiguration {
        var limits = NIOHTTPDecoderLimitConfiguration()
        limits.maxHeaderFieldSize = maximumHeaderBytes
        limits.maxHeaderListSize = maximumHeaderBytes
        return limits
    }

    /// Whether a codec error says that the head of a message was larger than allowed.
    static func isHeaderOverflow(_ error: any Error) -> Bool {
        (error as? HTTPParserError) == .headerOverflow
    }
}

/// Writes responses into a client's channel, each in the order head, body, end.
///
/// Bytes of a vendor reach the channel only as ``MaskedBytes``. Heads, chunk marks and short pieces are gathered until ``flush(to:)``, so
/// that a small response is one buffer and one system call. A body whose coding is made again passes an encoder on its way, and each flush
/// gives the client all that was written.
struct ResponseWriter {
    private var framing = BodyFraming.none
    private var gathered = ByteBuffer()
    private var encoder: ContentEncoder?
    /// What the encoder made and no chunk holds yet.
    private var coded = ByteBuffer()
    /// The encoder gave up, which takes want of memory: the body ends where it is, and the connection with it.
    private var hasFailed = false

    /// Slices of at least this many bytes leave as the buffer they came in; shorter ones are copied together, which is cheaper than
    /// an entry of their own in the vector of the write call.
    private static let smallestSlice = 8192
    private static let largestCoded = 64 * 1024

    /// Whether the body that is being written ends where the connection does.
    var endsWithConnection: Bool { framing == .untilClose }

    /// - Parameter coding: what the body is to be coded in; `headers` say so already.
    mutating func writeHead(
        _ status: HTTPResponseStatus, _ headers: HTTPHeaders, framing: BodyFraming, coding: ContentCoding? = nil, close: Bool
    ) {
        self.framing = framing
        encoder = nil
        if let coding {
            do {
                encoder = try ContentEncoder(coding)
            } catch {
                hasFailed = true
            }
        }
        gathered.writeStaticString("HTTP/1.1 ")
        gathered.writeString(String(status.code))
        gathered.writeStaticString(" ")
        gathered.writeString(status.reasonPhrase)
        gathered.writeStaticString("\r\n")
        for (name, value) in headers {
            gathered.writeString(name)
            gathered.writeStaticString(": ")
            gathered.writeString(value)
            gathered.writeStaticString("\r\n")
        }
        switch framing {
        case .none, .untilClose: break
        case .length(let length):
            gathered.writeStaticString("Content-Length: ")
            gathered.writeString(String(length))
            gathered.writeStaticString("\r\n")
        case .chunked: gathered.writeStaticString("Transfer-Encoding: chunked\r\n")
        }
        if close { gathered.writeStaticString("Connection: close\r\n") }
        gathered.writeStaticString("\r\n")
    }

    /// The interim answer to `Expect: 100-continue` (RFC 9110 §10.1.1).
    mutating func writeContinue() {
        gathered.writeStaticString("HTTP/1.1 100 Continue\r\n\r\n")
    }

    /// A body that the proxy made itself.
    mutating func writeOwnBody(_ bytes: [UInt8]) {
        gathered.writeBytes(bytes)
    }

    /// - Parameter chunk: the one whose feeding released `masked`.
    mutating func writeBody(_ masked: MaskedBytes, chunk: ByteBuffer, to context: ChannelHandlerContext) {
        let count = masked.count
        guard count > 0, framing != .none, !hasFailed else { return }
        if encoder != nil { return encode(masked, chunk: chunk, to: context) }
        if framing == .chunked {
            gathered.writeString(String(count, radix: 16))
            gathered.writeStaticString("\r\n")
        }
        for piece in masked.pieces {
            switch piece {
            case .bytes(let bytes): gathered.writeBytes(bytes)
            case .passed(let range):
                guard let slice = chunk.getSlice(at: chunk.readerIndex + range.lowerBound, length: range.count) else {
                    preconditionFailure("the engine passed bytes \(range) of a chunk of \(chunk.readableBytes)")
                }
                if range.count >= Self.smallestSlice {
                    write(to: context)
                    context.write(NIOAny(slice), promise: nil)
                } else {
                    gathered.writeImmutableBuffer(slice)
                }
            }
        }
        if framing == .chunked { gathered.writeStaticString("\r\n") }
    }

    private mutating func encode(_ masked: MaskedBytes, chunk: ByteBuffer, to context: ChannelHandlerContext) {
        for piece in masked.pieces {
            switch piece {
            case .bytes(let bytes): bytes.withUnsafeBytes { encode($0, .run) }
            case .passed(let range): chunk.withUnsafeReadableBytes { encode(UnsafeRawBufferPointer(rebasing: $0[range]), .run) }
            }
        }
        // What is written counts against what the client may be sent; what is gathered does not.
        if coded.readableBytes >= Self.largestCoded {
            gatherCoded()
            write(to: context)
        }
    }

    private mutating func encode(_ bytes: UnsafeRawBufferPointer, _ step: ContentEncoder.Step) {
        guard let encoder, !hasFailed else { return }
        do {
            try encoder.encode(bytes, step) { coded.writeBytes($0) }
        } catch {
            hasFailed = true
        }
    }

    private mutating func gatherCoded() {
        guard coded.readableBytes > 0 else { return }
        if framing == .chunked {
            gathered.writeString(String(coded.readableBytes, radix: 16))
            gathered.writeStaticString("\r\n")
        }
        gathered.writeBuffer(&coded)
        if framing == .chunked { gathered.writeStaticString("\r\n") }
        coded = ByteBuffer()
    }

    /// Marks the body as complete. A body whose end is never written is seen as broken off.
    mutating func writeEnd() {
        if encoder != nil, framing != .none {
            encode(UnsafeRawBufferPointer(start: nil, count: 0), .finish)
            gatherCoded()
            encoder = nil
        }
        guard !hasFailed else { return }
        if framing == .chunked { gathered.writeStaticString("0\r\n\r\n") }
        framing = .none
    }

    mutating func flush(to context: ChannelHandlerContext) {
        encode(UnsafeRawBufferPointer(start: nil, count: 0), .flush)
        gatherCoded()
        write(to: context)
        context.flush()
        if hasFailed { context.close(promise: nil) }
    }

    private mutating func write(to context: ChannelHandlerContext) {
        guard gathered.readableBytes > 0 else { return }
        context.write(NIOAny(gathered), promise: nil)
        gathered = ByteBuffer()
    }
}

extension ByteBuffer {
    /// Feeds the readable bytes to `masker` without copying them.
    func feed(_ masker: inout Masker) throws(MaskError) -> MaskedBytes {
        let result: Result<MaskedBytes, MaskError> = withUnsafeReadableBytes { bytes in
            do throws(MaskError) {
                return .success(try masker.feed(bytes))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }
}
