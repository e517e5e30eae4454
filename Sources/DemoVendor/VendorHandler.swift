// One connection of the demonstration vendor: requests in, responses out, as fast as the client reads and no faster.

import NIOCore
import NIOHTTP1

/// Answers the requests of one connection. Behind NIO's pipelining handler, which lets one request through at a time.
final class VendorHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    /// Bytes of a request body that are kept.
    private static let keptBodyBytes = 1 << 20

    private let key: String
    private let ledger: VendorLedger
    private var request: VendorRequest?
    private var stream: BodyStream?
    private var isSending = false
    private var isPaused = false

    init(key: String, ledger: VendorLedger) {
        self.key = key
        self.ledger = ledger
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            request = VendorRequest(head: head, body: ByteBuffer(), bodyBytes: 0)
        case .body(var part):
            request?.bodyBytes += part.readableBytes
            if let kept = request?.body.readableBytes, kept < Self.keptBodyBytes {
                request?.body.writeBuffer(&part)
            }
        case .end:
            guard let request else { return }
            self.request = nil
            answer(request, context)
        }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        send(context)
        context.fireChannelWritabilityChanged()
    }

    func channelInactive(context: ChannelHandlerContext) {
        stream = nil
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    private func answer(_ request: VendorRequest, _ context: ChannelHandlerContext) {
        let authorized = request.head.headers["authorization"] == ["Bearer " + key]
        ledger.log(request, authorized: authorized)
        do {
            let response = authorized ? try VendorResponse.answer(request, ledger: ledger) : try .unauthorized()
            var headers = HTTPHeaders([("server", "demo-vendor")])
            if let type = response.contentType { headers.add(name: "content-type", value: type) }
            let isHead = request.head.method == .HEAD
            switch response.body {
            case .whole(let bytes):
                if response.status.mayHaveResponseBody { headers.add(name: "content-length", value: String(bytes.readableBytes)) }
                context.write(wrapOutboundOut(.head(.init(version: .http1_1, status: response.status, headers: headers))), promise: nil)
                if bytes.readableBytes > 0 && !isHead { context.write(wrapOutboundOut(.body(.byteBuffer(bytes))), promise: nil) }
                context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
            case .stream(let body):
                if let length = body.contentLength {
                    headers.add(name: "content-length", value: String(length))
                } else {
                    headers.add(name: "transfer-encoding", value: "chunked")
                }
                context.writeAndFlush(wrapOutboundOut(.head(.init(version: .http1_1, status: response.status, headers: headers))), promise: nil)
                if isHead {
                    context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
                } else {
                    stream = body
                    send(context)
                }
            }
        } catch {
            context.close(promise: nil)
        }
    }

    /// Sends pieces while the channel takes them; `channelWritabilityChanged` goes on from there.
    private func send(_ context: ChannelHandlerContext) {
        // A flush can make the channel writable again before it returns.
        guard !isSending, !isPaused else { return }
        isSending = true
        defer { isSending = false }
        while context.channel.isWritable, var body = stream {
            if body.isExhausted {
                stream = nil
                finish(body.ending, context)
                return
            }
            let piece = body.next()
            stream = body
            context.write(wrapOutboundOut(.body(.byteBuffer(piece))), promise: nil)
            if let interval = body.interval {
                context.flush()
                pause(for: interval, context)
                return
            }
            if !context.channel.isWritable { context.flush() }
        }
        context.flush()
    }

    private func pause(for interval: TimeAmount, _ context: ChannelHandlerContext) {
        isPaused = true
        context.eventLoop.assumeIsolated().scheduleTask(in: interval) { [self] in
            isPaused = false
            if context.channel.isActive { send(context) }
        }
    }

    private func finish(_ ending: BodyStream.Ending, _ context: ChannelHandlerContext) {
        switch ending {
        case .complete:
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        case .stall:
            context.flush()
        case .breakOff:
            let sent = context.eventLoop.makePromise(of: Void.self)
            sent.futureResult.assumeIsolated().whenComplete { _ in context.close(promise: nil) }
            context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(ByteBuffer()))), promise: sent)
        }
    }
}

extension HTTPResponseStatus {
    /// Whether a response of this status has a body at all (RFC 9110, section 6.4.1).
    fileprivate var mayHaveResponseBody: Bool {
        code >= 200 && code != 204 && code != 304
    }
}
