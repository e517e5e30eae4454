// One connection to a vendor: sends a request, hands on what comes back, and goes back to the pool.

import NIOCore
import NIOHTTP1
import NIOSSL
import NIOTLS

/// The last handler of an upstream channel. Everything happens on the channel's event loop, which is that of the client it serves.
final class UpstreamHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    let route: Route
    private let pool: UpstreamPool
    /// Called once, when the connection is there (TLS included) or known not to come.
    private var onReady: ((Result<UpstreamHandler, ConnectFailure>) -> Void)?
    private var context: ChannelHandlerContext?

    /// Whose exchange it carries; nil while it is idle.
    private var client: ServerHandler?
    private var keepAlive = false
    private var requestWritten = true
    /// The response's end was read.
    private var isComplete = false
    /// It carried an exchange before the one it carries now.
    private(set) var wasUsed = false
    /// When it went back to the pool.
    var idleSince = NIODeadline.now()

    init(route: Route, pool: UpstreamPool, onReady: @escaping (Result<UpstreamHandler, ConnectFailure>) -> Void) {
        self.route = route
        self.pool = pool
        self.onReady = onReady
    }

    var isOpen: Bool { context?.channel.isActive ?? false }

    // MARK: What the client's handler asks for

    func send(_ request: Exchange.ForwardedRequest, for client: ServerHandler) {
        guard let context else { preconditionFailure("a closed connection was taken out of the pool") }
        self.client = client
        keepAlive = false
        context.write(wrapOutboundOut(.head(request.head)), promise: nil)
        if request.body.readableBytes > 0 {
            requestWritten = false
            context.write(wrapOutboundOut(.body(.byteBuffer(request.body))), promise: nil)
            let written = context.eventLoop.makePromise(of: Void.self)
            written.futureResult.assumeIsolated().whenSuccess { self.requestWritten = true }
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: written)
        } else {
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        }
        context.read()
    }

    func read() { context?.read() }

    /// Ends the connection in the middle of an exchange; its client hears no more of it.
    func close() {
        client = nil
        context?.close(promise: nil)
    }

    // MARK: What the channel tells

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func channelActive(context: ChannelHandlerContext) {
        if route.tls == nil { becomeReady(.success(self)) }
        context.fireChannelActive()
        // The handshake, or the end of an idle connection, is only noticed by reading.
        context.read()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let event = event as? TLSUserEvent, case .handshakeCompleted = event { becomeReady(.success(self)) }
        context.fireUserInboundEventTriggered(event)
    }

    private func becomeReady(_ result: Result<UpstreamHandler, ConnectFailure>) {
        guard let onReady else { return }
        self.onReady = nil
        onReady(result)
    }

    /// There is no channel, and there will be none.
    func connectFailed() { becomeReady(.failure(ConnectFailure(.unreachable))) }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            keepAlive = head.isKeepAlive
            client?.upstream(head)
        case .body(let chunk):
            client?.upstream(chunk)
        case .end:
            isComplete = true
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if isComplete {
            finish(context, reusable: keepAlive && requestWritten)
        } else {
            client?.upstreamReadComplete()
        }
    }

    /// The response is whole, and nothing came after it in the same read: bytes that did made an error, so they are never taken
    /// for the response to the next request.
    private func finish(_ context: ChannelHandlerContext, reusable: Bool) {
        isComplete = false
        let client = client
        self.client = nil
        if reusable {
            wasUsed = true
            pool.park(self)
            // The end of an idle connection is only noticed by reading.
            context.read()
        } else {
            context.close(promise: nil)
        }
        client?.upstreamEnd()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        client?.upstreamProgress()
        context.fireChannelWritabilityChanged()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        let failure: Exchange.Failure =
            switch error {
            case HTTPParserError.invalidEOFState, NIOSSLError.uncleanShutdown: .vendorBrokeOff
            case is HTTPParserError, is NIOHTTPDecoderError, is ByteToMessageDecoderError: .vendorProtocol
            case is NIOSSLError, is BoringSSLError, is NIOSSLExtraError: .vendorTLS
            default: .vendorBrokeOff
            }
        end(context, failure)
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        end(context, route.tls != nil && onReady != nil ? .vendorTLS : .vendorBrokeOff)
        context.fireChannelInactive()
    }

    private func end(_ context: ChannelHandlerContext, _ failure: Exchange.Failure) {
        guard !isComplete else { return finish(context, reusable: false) }
        becomeReady(.failure(ConnectFailure(failure)))
        pool.remove(self)
        let client = client
        self.client = nil
        client?.upstreamFailed(failure)
    }
}
