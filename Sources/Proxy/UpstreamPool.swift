// The connections to vendors of one event loop: those that are idle, and new ones.

import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// Used on its event loop only. A reload makes new routes, and with them new connections; those of old routes age out.
final class UpstreamPool {
    private let eventLoop: any EventLoop
    private var idle: [ObjectIdentifier: [UpstreamHandler]] = [:]
    private var isClosing = false

    /// Shorter than the keep-alive of common servers (nginx 75 s, Node 5 s being the exception), so that few connections die under a request.
    static let idleTimeout = TimeAmount.seconds(30)
    static let mostIdlePerRoute = 64

    init(eventLoop: any EventLoop) { self.eventLoop = eventLoop }

    /// An idle connection of `route`, the latest used first.
    func take(_ route: Route) -> UpstreamHandler? {
        while let handler = idle[ObjectIdentifier(route)]?.popLast() {
            if handler.isOpen { return handler }
        }
        return nil
    }

    /// Takes back a connection whose exchange is complete.
    func park(_ handler: UpstreamHandler) {
        let key = ObjectIdentifier(handler.route)
        guard !isClosing, idle[key, default: []].count < Self.mostIdlePerRoute else { return handler.close() }
        handler.idleSince = .now()
        idle[key, default: []].append(handler)
    }

    func remove(_ handler: UpstreamHandler) {
        idle[ObjectIdentifier(handler.route)]?.removeAll { $0 === handler }
    }

    /// Closes what has been idle for too long.
    func sweep(now: NIODeadline = .now()) {
        for (key, handlers) in idle {
            for handler in handlers where now - handler.idleSince > Self.idleTimeout { handler.close() }
            let open = (idle[key] ?? []).filter { now - $0.idleSince <= Self.idleTimeout }
            idle[key] = open.isEmpty ? nil : open
        }
    }

    /// Closes all idle connections; those in use close after their exchange.
    func close() {
        isClosing = true
        let handlers = idle.values.joined()
        idle = [:]
        for handler in handlers { handler.close() }
    }

    /// Opens a connection of `route`.
    ///
    /// - Parameter done: called once, on the event loop, with the connection once it can carry a request.
    func connect(_ route: Route, settings: Configuration, done: @escaping (Result<UpstreamHandler, ConnectFailure>) -> Void) {
        let handler = UpstreamHandler(route: route, pool: self, onReady: done)
        let bound = NIOLoopBound(handler, eventLoop: eventLoop)
        let upstream = route.connection.upstream
        ClientBootstrap(group: eventLoop)
            .connectTimeout(TimeAmount(settings.timeouts.connect))
            .channelOption(.autoRead, value: false)
            .channelOption(.maxMessagesPerRead, value: 1)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelOption(.recvAllocator, value: AdaptiveRecvByteBufferAllocator(minimum: 2048, initial: 16384, maximum: 1 << 20))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if let tls = route.tls {
                        try pipeline.addHandler(NIOSSLClientHandler(context: tls, serverHostname: route.tlsServerName))
                    }
                    try Framing.addClientCodec(to: pipeline, maximumHeaderBytes: settings.limits.headerBytes)
                    try pipeline.addHandler(bound.value)
                }
            }
            .connect(host: upstream.host, port: upstream.port)
            .assumeIsolated()
            .whenFailure { _ in bound.value.connectFailed() }
    }
}

/// Why there is no connection to a vendor.
struct ConnectFailure: Error {
    let failure: Exchange.Failure

    init(_ failure: Exchange.Failure) { self.failure = failure }
}
