// What the connections of one event loop share.

import NIOCore
import Record

/// Used on its event loop only.
final class Worker {
    let eventLoop: any EventLoop
    let pool: UpstreamPool
    let recorder: Recorder
    let reviews: Reviews
    let tokens: TokenVault
    /// By which exchanges that begin now go.
    var gateway: Gateway
    private(set) var isDraining = false
    private var clients: [ObjectIdentifier: ServerHandler] = [:]
    private var drained: EventLoopPromise<Void>?
    private var sweeping: RepeatedTask?

    init(eventLoop: any EventLoop, gateway: Gateway, recorder: Recorder, reviews: Reviews, tokens: TokenVault) {
        self.eventLoop = eventLoop
        self.gateway = gateway
        self.recorder = recorder
        self.reviews = reviews
        self.tokens = tokens
        pool = UpstreamPool(eventLoop: eventLoop)
        let pool = NIOLoopBound(pool, eventLoop: eventLoop)
        sweeping = eventLoop.scheduleRepeatedTask(initialDelay: .seconds(5), delay: .seconds(5)) { _ in pool.value.sweep() }
    }

    func add(_ client: ServerHandler) {
        clients[ObjectIdentifier(client)] = client
        if isDraining { client.drain() }
    }

    func remove(_ client: ServerHandler) {
        clients[ObjectIdentifier(client)] = nil
        reportIfDrained()
    }

    private func reportIfDrained() {
        guard clients.isEmpty, let drained else { return }
        self.drained = nil
        drained.succeed()
    }

    /// Lets exchanges under way end, for at most `limit`, and closes everything else.
    ///
    /// - Parameter done: fulfilled when no client is left.
    func drain(limit: Duration, done: EventLoopPromise<Void>) {
        isDraining = true
        sweeping?.cancel()
        drained = done
        for client in clients.values { client.drain() }
        reportIfDrained()
        eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(limit)) {
            for client in self.clients.values { client.stop() }
        }
        pool.close()
    }
}
