// The demonstration vendor: an HTTP/1.1 service with the habits of real ones, for `make run`, the tests and the benchmarks.

import NIOCore
import NIOHTTP1
import NIOPosix

/// A vendor on a loopback port, running until it is stopped.
///
/// `VendorResponse` lists what it answers. Every request needs `Authorization: Bearer <key>`, a key that only the gateway is given.
public struct DemoVendor: Sendable {
    private let channel: any Channel

    /// The port it listens on.
    public var port: Int { channel.localAddress!.port! }

    /// Starts listening.
    ///
    /// - Parameters:
    ///   - port: 0 takes a free one.
    ///   - key: the vendor key every request must carry.
    ///   - requestsLog: a file to which each request is appended as one line of JSON, its body included.
    ///   - group: runs the connections.
    /// - Throws: an error of the system where the port is taken or the log cannot be written.
    public static func start(
        host: String = "127.0.0.1", port: Int = 0, key: String, requestsLog: String? = nil,
        group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton
    ) async throws -> DemoVendor {
        let ledger = try VendorLedger(requestsLog: requestsLog)
        let channel = try await ServerBootstrap(group: group)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelOption(.backlog, value: 256)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(.writeBufferWaterMark, value: .init(low: 512 << 10, high: 2 << 20))
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(VendorHandler(key: key, ledger: ledger))
                }
            }
            .bind(host: host, port: port).get()
        return DemoVendor(channel: channel)
    }

    /// Stops listening. Responses under way go on.
    public func stop() async throws {
        try await channel.close()
    }

    /// Returns once it was stopped.
    public func wait() async throws {
        try await channel.closeFuture.get()
    }
}
