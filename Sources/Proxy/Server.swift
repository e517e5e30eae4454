// The listening socket and the event loops behind it: start, reload, drain.

import Logging
import NIOCore
import NIOPosix
import NIOSSL
import Record
import Synchronization

/// A gateway that listens. It holds no decisions: those are in `Exchange`.
public final class Server: Sendable {
    /// Where it listens; the port is the one it was given by the system if the configuration says 0.
    public let address: SocketAddress
    private let group: MultiThreadedEventLoopGroup
    private let workers: [NIOLoopBound<Worker>]
    private let listener: any Channel
    private let shared: Shared

    /// What the accepting side needs, whichever loop it runs on.
    private final class Shared: Sendable {
        let gateway: Mutex<Gateway>
        let open = Atomic<Int>(0)

        init(_ gateway: Gateway) { self.gateway = Mutex(gateway) }
    }

    /// Binds and begins to serve.
    ///
    /// - Parameter threads: event loops; a client and its vendor connection share one.
    /// - Throws: where the address cannot be bound.
    public init(_ gateway: Gateway, recorder: Recorder, reviews: Reviews, threads: Int = System.coreCount) async throws {
        gateway.authenticator.tokens.prepare()
        let group = MultiThreadedEventLoopGroup(numberOfThreads: threads)
        let shared = Shared(gateway)
        let tokens = TokenVault()
        var workers: [ObjectIdentifier: NIOLoopBound<Worker>] = [:]
        for eventLoop in group.makeIterator() {
            workers[ObjectIdentifier(eventLoop)] = try await eventLoop.submit {
                NIOLoopBound(Worker(eventLoop: eventLoop, gateway: gateway, recorder: recorder, reviews: reviews, tokens: tokens), eventLoop: eventLoop)
            }.get()
        }
        let workerOf = workers
        let listen = gateway.configuration.listen
        do {
            listener = try await ServerBootstrap(group: group)
                .serverChannelOption(.backlog, value: 1024)
                .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                .childChannelOption(.autoRead, value: false)
                .childChannelOption(.maxMessagesPerRead, value: 1)
                .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
                .childChannelOption(.recvAllocator, value: AdaptiveRecvByteBufferAllocator(minimum: 2048, initial: 4096, maximum: 256 * 1024))
                .childChannelOption(.writeBufferWaterMark, value: .init(low: 256 * 1024, high: 1024 * 1024))
                .childChannelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        guard let worker = workerOf[ObjectIdentifier(channel.eventLoop)]?.value else {
                            preconditionFailure("a connection was accepted on a foreign event loop")
                        }
                        let open = shared.open.wrappingAdd(1, ordering: .relaxed).newValue
                        channel.closeFuture.whenComplete { _ in shared.open.wrappingSubtract(1, ordering: .relaxed) }
                        let settings = worker.gateway.configuration
                        guard open <= settings.limits.connections else { throw TooManyConnections() }
                        let pipeline = channel.pipeline.syncOperations
                        if let tls = worker.gateway.serverTLS { try pipeline.addHandler(NIOSSLServerHandler(context: tls)) }
                        try Framing.addServerCodec(to: pipeline, maximumHeaderBytes: settings.limits.headerBytes)
                        try pipeline.addHandler(ServerHandler(worker: worker))
                    }
                }
                .bind(host: listen.host, port: listen.port).get()
        } catch {
            try await group.shutdownGracefully()
            throw error
        }
        guard let address = listener.localAddress else { preconditionFailure("a bound listener has an address") }
        self.address = address
        self.group = group
        self.workers = Array(workers.values)
        self.shared = shared
    }

    /// The connection is closed without a word: to answer it would cost what the limit protects.
    private struct TooManyConnections: Error {}

    /// What exchanges go by now.
    public var gateway: Gateway { shared.gateway.withLock { $0 } }

    /// Exchanges that begin after this returns go by `gateway`; those under way end as they began. The address stays as it is.
    public func use(_ gateway: Gateway) async throws {
        gateway.authenticator.tokens.prepare()
        shared.gateway.withLock { $0 = gateway }
        for worker in workers {
            try await worker.eventLoop.submit { worker.value.gateway = gateway }.get()
        }
    }

    /// Stops accepting, lets exchanges under way end within the configured time, ends the rest, and stops the event loops.
    public func drain() async throws {
        try? await listener.close()
        let limit = gateway.configuration.timeouts.drain
        let drained = workers.map { worker in
            let done = worker.eventLoop.makePromise(of: Void.self)
            worker.eventLoop.execute { worker.value.drain(limit: limit, done: done) }
            return done.futureResult
        }
        for done in drained { try await done.get() }
        try await group.shutdownGracefully()
    }
}
