// One client connection: tells the exchange what happens, and does what it decides.

import Cryptography
import Engine
import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import NIOTLS
import Operations
import Record

/// The last handler of a client's channel. One exchange at a time; requests that were sent ahead wait in `queue`, and nothing is
/// read while they do.
final class ServerHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = ByteBuffer

    private let worker: Worker
    private var context: ChannelHandlerContext?
    private var peer = ""
    private var writer = ResponseWriter()
    /// By which authorities the client's certificate is verified, and then the certificate, if it shows one.
    private var authorities: [UInt8]?
    private var certificate: ShownCertificate?

    // What came from the client and was not looked at yet.
    private var queue = CircularBuffer<HTTPServerRequestPart>(initialCapacity: 4)
    private var inputFailure: Exchange.Failure?
    /// Bytes arrived since the last message ended.
    private var isMidMessage = false

    // The exchange under way.
    private var exchange: Exchange?
    private var requestEnded = false
    private var upstream: UpstreamHandler?
    /// The upstream has more, and the client must first take what it was sent.
    private var isUpstreamPaused = false
    /// Counts attempts to reach the vendor, so that a late connection is not taken for the awaited one.
    private var attempt = 0
    /// Asks the reviews.
    private var question: Task<Void, Never>?

    private var isAdvancing = false
    private var isProceeding = false
    private var isClosing = false

    init(worker: Worker) { self.worker = worker }

    // MARK: The client's channel

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        authorities = worker.gateway.authenticator.authorities
    }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func channelActive(context: ChannelHandlerContext) {
        peer = context.channel.remoteAddress.flatMap { $0.ipAddress } ?? "unix"
        worker.add(self)
        wait(.firstHead)
        context.read()
        context.fireChannelActive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let event = event as? TLSUserEvent, case .handshakeCompleted = event, let authorities {
            let tls = try? context.pipeline.syncOperations.handler(type: NIOSSLServerHandler.self)
            certificate = (try? tls?.peerCertificate?.toDERBytes()).flatMap { Certificate(der: $0) }.map { ShownCertificate(certificate: $0, authorities: authorities) }
        }
        context.fireUserInboundEventTriggered(event)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isClosing else { return }
        let part = unwrapInboundIn(data)
        if case .end = part { isMidMessage = false }
        queue.append(part)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        guard !isClosing else { return context.read() }
        if queue.isEmpty { isMidMessage = exchange == nil }
        if waiting == .body { lastActivity = .now() }
        advance()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        guard context.channel.isWritable else { return }
        lastActivity = .now()
        if isUpstreamPaused {
            isUpstreamPaused = false
            proceed()
        }
        advance()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // The end of the connection in the middle of a request is told again by its end.
        if let error = error as? HTTPParserError, error == .invalidEOFState { return }
        if error is HTTPParserError || error is NIOHTTPDecoderError {
            inputFailure = inputFailure ?? (Framing.isHeaderOverflow(error) ? .headerTooLarge : .malformed)
            advance()
        } else {
            context.close(promise: nil)
        }
    }

    /// Also when the client only ended its own side: it is then taken to be gone, as other gateways do.
    func channelInactive(context: ChannelHandlerContext) {
        isClosing = true
        queue.removeAll()
        if let exchange { perform(exchange.fail(.clientGone)) }
        alarm?.cancel()
        worker.remove(self)
        context.fireChannelInactive()
    }

    // MARK: The story of a connection

    /// Takes from the queue whatever can be taken now.
    private func advance() {
        guard !isAdvancing else { return }
        isAdvancing = true
        while !isClosing, let context {
            if let exchange {
                guard !requestEnded, !exchange.isAuthenticating else { break }
                if let part = queue.popFirst() {
                    switch part {
                    case .head: preconditionFailure("the codec began a message inside another")
                    case .body(let chunk): perform(exchange.receive(chunk))
                    case .end:
                        requestEnded = true
                        perform(exchange.receiveEnd())
                    }
                } else if let inputFailure {
                    perform(exchange.fail(inputFailure))
                } else {
                    break
                }
            } else {
                // A client that does not take its responses gets no more of them.
                guard context.channel.isWritable else { break }
                if let part = queue.popFirst() {
                    // What is left of a refused request's body is passed over.
                    guard case .head(let head) = part else { continue }
                    begin(head)
                } else if let inputFailure {
                    let exchange = makeExchange()
                    self.exchange = exchange
                    perform(exchange.fail(inputFailure))
                } else if worker.isDraining {
                    close()
                } else {
                    break
                }
            }
        }
        isAdvancing = false
        // Ask for more only when all that came is dealt with, and the exchange, or the next one, waits for it.
        if !isClosing, queue.isEmpty, exchange.map({ !requestEnded && !$0.isAuthenticating }) ?? true { context?.read() }
    }

    private func makeExchange() -> Exchange {
        Exchange(gateway: worker.gateway, recorder: worker.recorder, tokens: worker.tokens, peer: peer, certificate: certificate, time: Date())
    }

    private func begin(_ head: HTTPRequestHead) {
        let exchange = makeExchange()
        self.exchange = exchange
        requestEnded = false
        lastActivity = .now()
        totalDue = lastActivity + TimeAmount(worker.gateway.configuration.timeouts.total)
        perform(exchange.receive(head, draining: worker.isDraining))
    }

    /// The one place where decisions become deeds.
    private func perform(_ step: Exchange.Step) {
        guard let exchange else { return }
        switch step {
        case .wait: break

        case .authenticate(let question):
            wait(.nothing)
            ask(of: exchange) { try await question() } then: { $0.authenticated($1) }

        case .readBody(let sendContinue):
            wait(.body)
            if sendContinue, queue.isEmpty, let context {
                writer.writeContinue()
                writer.flush(to: context)
            }

        case .admit(let request, let id):
            wait(.nothing)
            let reviews = worker.reviews
            ask(of: exchange) { try await reviews.admit(request, exchange: id) } then: { $0.settle($1) }

        case .judge(let read):
            wait(.nothing)
            ask(of: exchange) { try await NIOThreadPool.singleton.runIfActive(read) } then: { $0.judged($1) }

        case .lookUp(let review, let wait):
            self.wait(.nothing)
            let reviews = worker.reviews
            ask(of: exchange) {
                wait > .zero ? try await reviews.wait(for: review, timeout: wait) : try await reviews.review(review)
            } then: { $0.show($1) }

        case .forward(let request, let route, let fresh):
            forward(request, to: route, fresh: fresh)

        case .answer(let answer):
            dropUpstream()
            let close = answer.close || isRequestUnread || worker.isDraining
            writer.writeHead(answer.status, answer.headers, framing: .length(answer.body.count), close: close)
            if answer.sendsBody { writer.writeOwnBody(answer.body) }
            writer.writeEnd()
            finish(close: close)

        case .release(let release):
            guard let context else { return }
            if let head = release.head {
                headDue = nil
                wait(.response)
                writer.writeHead(head.status, head.headers, framing: head.framing, coding: head.coding, close: head.close)
            }
            if let bytes = release.bytes { writer.writeBody(bytes, chunk: release.chunk, to: context) }
            switch release.ending {
            case .more: break
            case .complete:
                writer.writeEnd()
                finish(close: !exchange.keepAlive || worker.isDraining)
            case .brokenOff:
                let endsWithConnection = writer.endsWithConnection
                dropUpstream()
                finish(close: true, reset: endsWithConnection)
            case .cutOff:
                dropUpstream()
                self.exchange = nil
                isClosing = true
                context.close(promise: nil)
            }
        }
    }

    /// Whether some of the current request's body is still to come.
    private var isRequestUnread: Bool {
        guard !requestEnded else { return false }
        return !queue.contains { if case .end = $0 { true } else { false } }
    }

    private func finish(close: Bool, reset: Bool = false) {
        exchange = nil
        totalDue = nil
        headDue = nil
        isUpstreamPaused = false
        guard let context else { return }
        if close {
            self.close(reset: reset)
        } else {
            writer.flush(to: context)
            wait(.nextHead)
        }
    }

    /// Ends the connection after what was written: our side first, so that a client still sending reads the response and not a reset.
    ///
    /// - Parameter reset: the end of the connection would look like the end of the body, and must not.
    private func close(reset: Bool = false) {
        guard !isClosing, let context else { return }
        isClosing = true
        queue.removeAll()
        writer.flush(to: context)
        wait(.flushed)
        let flushed = context.eventLoop.makePromise(of: Void.self)
        if reset {
            context.writeAndFlush(wrapOutboundOut(ByteBuffer()), promise: flushed)
        } else {
            context.close(mode: .output, promise: flushed)
            context.read()
        }
        flushed.futureResult.assumeIsolated().whenSuccess {
            guard let context = self.context else { return }
            if reset {
                _ = (context.channel as? any SocketOptionProvider)?.setSoLinger(linger(l_onoff: 1, l_linger: 0))
                context.close(promise: nil)
            } else {
                self.wait(.lingering)
            }
        }
    }

    /// Called by the worker when the proxy is told to stop.
    func drain() {
        if exchange == nil, queue.isEmpty { close() }
        // Who waits for a decision can wait elsewhere.
        if let exchange, exchange.isWaitingForReview {
            perform(exchange.fail(.shutdown))
            advance()
        }
    }

    /// Called by the worker when the time for draining is over.
    func stop() {
        if let exchange { perform(exchange.fail(.shutdown)) }
        isClosing = true
        if let context {
            writer.flush(to: context)
            context.close(promise: nil)
        }
    }

    // MARK: The vendor's side

    private func forward(_ request: Exchange.ForwardedRequest, to route: Route, fresh: Bool) {
        attempt += 1
        if !fresh, let used = worker.pool.take(route) {
            return send(request, on: used)
        }
        let attempt = attempt
        wait(.connect)
        worker.pool.connect(route, settings: worker.gateway.configuration) { result in
            guard attempt == self.attempt, let exchange = self.exchange else {
                if case .success(let late) = result { self.worker.pool.park(late) }
                return
            }
            switch result {
            case .success(let upstream): self.send(request, on: upstream)
            case .failure(let error): self.perform(exchange.fail(error.failure))
            }
            self.advance()
        }
    }

    private func send(_ request: Exchange.ForwardedRequest, on upstream: UpstreamHandler) {
        self.upstream = upstream
        wait(.responseHead)
        upstream.send(request, for: self)
    }

    func upstream(_ head: HTTPResponseHead) {
        guard let exchange else { return }
        perform(exchange.respond(head))
    }

    func upstream(_ chunk: ByteBuffer) {
        guard let exchange else { return }
        perform(exchange.respond(chunk))
    }

    func upstreamEnd() {
        upstream = nil
        guard let exchange else { return }
        perform(exchange.respondEnd())
        proceed()
        advance()
    }

    func upstreamReadComplete() {
        lastActivity = .now()
        proceed()
    }

    /// Goes on with a response as far as the client takes it: first what has arrived and is not decoded yet, then what the vendor has more.
    private func proceed() {
        guard !isProceeding else { return }
        isProceeding = true
        defer { isProceeding = false }
        var pieces = 0
        while let context, let exchange, exchange.hasMore {
            guard context.channel.isWritable else { return isUpstreamPaused = true }
            guard pieces < Self.piecesInTurn else { return proceedLater(context) }
            pieces += 1
            perform(exchange.respondMore())
            if self.context != nil, !isClosing { writer.flush(to: context) }
        }
        guard let context, let exchange else { return }
        if exchange.isHeadPending, headDue == nil {
            headDue = lastActivity + Self.headPatience
            armAlarm()
        }
        writer.flush(to: context)
        guard let upstream else { return }
        if context.channel.isWritable { upstream.read() } else { isUpstreamPaused = true }
    }

    /// A body that decodes to much more than it is does not keep the event loop from its other connections.
    private func proceedLater(_ context: ChannelHandlerContext) {
        context.eventLoop.assumeIsolated().execute {
            self.lastActivity = .now()
            self.proceed()
            self.advance()
        }
    }

    /// Some of a request's body has left.
    func upstreamProgress() { lastActivity = .now() }

    func upstreamFailed(_ failure: Exchange.Failure) {
        let wasUsed = upstream?.wasUsed ?? false
        upstream = nil
        guard let exchange else { return }
        perform(exchange.fail(failure, usedConnection: wasUsed))
        advance()
    }

    private func dropUpstream() {
        attempt += 1
        question?.cancel()
        question = nil
        upstream?.close()
        upstream = nil
    }

    /// Runs `question` off the event loop and brings its answer back to the exchange that asked, if that is still under way.
    private func ask<Answer: Sendable>(
        of exchange: Exchange, _ question: @escaping @Sendable () async throws -> Answer,
        then: @escaping (Exchange, Result<Answer, any Error>) -> Exchange.Step
    ) {
        let eventLoop = worker.eventLoop
        let back = NIOLoopBound(
            { (result: Result<Answer, any Error>) in
                guard self.exchange === exchange else { return }
                self.perform(then(exchange, result))
                self.advance()
            }, eventLoop: eventLoop)
        self.question = Task {
            let result: Result<Answer, any Error>
            do {
                result = .success(try await question())
            } catch {
                result = .failure(error)
            }
            eventLoop.execute { back.value(result) }
        }
    }

    // MARK: Time

    /// What the connection waits for, and so which limit of time holds.
    private enum Waiting {
        case firstHead, nextHead, body, connect, responseHead, response
        /// The last bytes are on their way; then, that the client closes its side.
        case flushed, lingering
        /// The exchange's total time is the only limit.
        case nothing
    }

    private var waiting = Waiting.nothing
    private var timeout: TimeAmount?
    private var lastActivity = NIODeadline.now()
    private var totalDue: NIODeadline?
    /// When a response's head goes out although nothing of its body was released.
    private var headDue: NIODeadline?
    private var alarm: Scheduled<Void>?
    private var alarmDue = NIODeadline.distantFuture

    /// How long a response's head waits for the beginning of its body, which may still turn it into a refusal.
    private static let headPatience = TimeAmount.milliseconds(100)
    /// Pieces of a coded body that are decoded before other connections have their turn.
    private static let piecesInTurn = 16
    private static let lingeringTime = TimeAmount.seconds(2)

    private func wait(_ waiting: Waiting) {
        let timeouts = worker.gateway.configuration.timeouts
        self.waiting = waiting
        lastActivity = .now()
        timeout =
            switch waiting {
            case .firstHead, .responseHead: TimeAmount(timeouts.head)
            case .nextHead, .body, .response, .flushed: TimeAmount(timeouts.idle)
            case .connect: TimeAmount(timeouts.connect)
            case .lingering: Self.lingeringTime
            case .nothing: nil
            }
        armAlarm()
    }

    private var due: NIODeadline {
        var due = totalDue ?? .distantFuture
        if let timeout { due = min(due, lastActivity + timeout) }
        if let headDue { due = min(due, headDue) }
        // Some tokens end in thousands of years: no alarm is set further ahead than an hour, and one that rings too early is set again.
        if let cutAt = exchange?.cutAt { due = min(due, .now() + .milliseconds(Int64((min(cutAt.timeIntervalSinceNow, 3600) * 1000).rounded(.up)))) }
        return due
    }

    /// One alarm serves all limits. It is moved only forward; when it rings too early it is set again.
    private func armAlarm() {
        let due = due
        guard due < alarmDue, let context else { return }
        alarm?.cancel()
        alarmDue = due
        alarm = context.eventLoop.assumeIsolated().scheduleTask(deadline: due) { self.ring() }
    }

    private func ring() {
        alarmDue = .distantFuture
        let now = NIODeadline.now()
        if let headDue, now >= headDue {
            self.headDue = nil
            if let exchange, let context {
                perform(exchange.releaseHead())
                writer.flush(to: context)
            }
        }
        if let totalDue, now >= totalDue {
            self.totalDue = nil
            if let exchange { perform(exchange.fail(.totalTimeout)) }
        }
        if let cutAt = exchange?.cutAt, Date() >= cutAt { fail(.identityExpired) }
        if let timeout, now >= lastActivity + timeout { expire() }
        if context != nil { armAlarm() }
        advance()
    }

    private func expire() {
        let isWritable = context?.channel.isWritable ?? false
        switch waiting {
        case .nothing: break
        case .firstHead, .nextHead:
            if isMidMessage, isWritable {
                inputFailure = inputFailure ?? .requestTimeout
            } else {
                timeout = nil
                context?.close(promise: nil)
            }
        case .body: fail(.requestTimeout)
        case .connect: fail(.connectTimeout)
        case .responseHead: fail(.vendorTimeout)
        case .response: fail(isWritable ? .vendorTimeout : .clientStalled)
        case .flushed, .lingering:
            timeout = nil
            context?.close(promise: nil)
        }
    }

    private func fail(_ failure: Exchange.Failure) {
        guard let exchange else { return }
        perform(exchange.fail(failure))
    }
}
