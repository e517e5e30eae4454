// One question to an issuer over HTTP, bounded in time and size.

import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// Asks an issuer's endpoints, on event loops of its own and with a new connection for each question: there is one an hour, and one for each opaque token.
struct Inquiry: Sendable {
    /// Why there is no answer, for an operator's log.
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// From the look-up of the name to the last byte.
    static let patience = TimeAmount.seconds(5)
    /// Of an answer's body. The largest key sets in use have a tenth.
    static let longestAnswer = 512 << 10

    private let tls: NIOSSLContext

    /// - Parameter authorities: certificates of those trusted, as PEM; nil for the system's.
    init(authorities: [UInt8]?) throws {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.minimumTLSVersion = .tlsv12
        configuration.applicationProtocols = ["http/1.1"]
        if let authorities { configuration.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(authorities)) }
        tls = try NIOSSLContext(configuration: configuration)
    }

    /// The document at `endpoint`. Redirections are not followed: an address that moved is an operator's matter.
    func get(_ endpoint: Endpoint) async throws(Failure) -> JSON { try await ask(endpoint, .GET, [:], nil) }

    /// The answer to a form sent to `endpoint`.
    func post(_ form: [(String, String)], as client: ClientCredential, to endpoint: Endpoint) async throws(Failure) -> JSON {
        let body = form.map { "\($0.percentEncoded)=\($1.percentEncoded)" }.joined(separator: "&")
        // Encoded before they are put together (RFC 6749 §2.3.1).
        let basic = Data("\(client.id.percentEncoded):\(client.secret.percentEncoded)".utf8).base64EncodedString()
        return try await ask(endpoint, .POST, ["Content-Type": "application/x-www-form-urlencoded", "Authorization": "Basic \(basic)"], body)
    }

    private func ask(_ endpoint: Endpoint, _ method: HTTPMethod, _ headers: HTTPHeaders, _ body: String?) async throws(Failure) -> JSON {
        var headers = headers
        headers.add(name: "Host", value: endpoint.authority)
        headers.add(name: "Accept", value: "application/json")
        headers.add(name: "Accept-Encoding", value: "identity")
        headers.add(name: "User-Agent", value: "sluice")
        headers.add(name: "Connection", value: "close")
        if let body { headers.add(name: "Content-Length", value: String(body.utf8.count)) }
        let head = HTTPRequestHead(version: .http1_1, method: method, uri: endpoint.target, headers: headers)
        let answer: [UInt8]
        do {
            answer = try await send(head, body, to: endpoint).get()
        } catch let failure as Failure {
            throw failure
        } catch {
            throw Failure(description: "\(endpoint) cannot be reached: \(error)")
        }
        guard let document = JSON(answer) else { throw Failure(description: "what \(endpoint) answers is not JSON, or not well-formed") }
        return document
    }

    private func send(_ head: HTTPRequestHead, _ body: String?, to endpoint: Endpoint) -> EventLoopFuture<[UInt8]> {
        let eventLoop = MultiThreadedEventLoopGroup.singleton.next()
        let answer = eventLoop.makePromise(of: [UInt8].self)
        let connecting = ClientBootstrap(group: eventLoop)
            .connectTimeout(Self.patience)
            .channelInitializer { [tls] channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if endpoint.isTLS { try pipeline.addHandler(NIOSSLClientHandler(context: tls, serverHostname: Endpoint.serverName(of: endpoint.host))) }
                    try pipeline.addHTTPClientHandlers()
                    try pipeline.addHandler(AnswerReader(endpoint, answer))
                }
            }
            .connect(host: endpoint.host, port: endpoint.port)
        let alarm = eventLoop.scheduleTask(in: Self.patience) {
            answer.fail(Failure(description: "\(endpoint) has not answered within \(Self.patience.nanoseconds / 1_000_000_000) s"))
        }
        answer.futureResult.whenComplete { _ in alarm.cancel() }
        connecting.whenComplete { result in
            switch result {
            case .failure(let error): answer.fail(error)
            case .success(let channel):
                answer.futureResult.whenComplete { _ in channel.close(promise: nil) }
                channel.write(HTTPClientRequestPart.head(head), promise: nil)
                if let body { channel.write(HTTPClientRequestPart.body(.byteBuffer(ByteBuffer(string: body))), promise: nil) }
                channel.writeAndFlush(HTTPClientRequestPart.end(nil), promise: nil)
            }
        }
        return answer.futureResult
    }
}

/// Collects one answer.
private final class AnswerReader: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart

    private let endpoint: Endpoint
    private let answer: EventLoopPromise<[UInt8]>
    private var body: [UInt8] = []

    init(_ endpoint: Endpoint, _ answer: EventLoopPromise<[UInt8]>) {
        self.endpoint = endpoint
        self.answer = answer
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            if head.status.code >= 200, head.status != .ok { fail("answers with status \(head.status.code)") }
            if head.headers.contains(name: "content-encoding") { fail("answers in a coding that was not asked for") }
        case .body(let chunk):
            guard body.count + chunk.readableBytes <= Inquiry.longestAnswer else { return fail("answers with more than \(Inquiry.longestAnswer >> 10) KiB") }
            body.append(contentsOf: chunk.readableBytesView)
        case .end: answer.succeed(body)
        }
    }

    private func fail(_ what: String) { answer.fail(Inquiry.Failure(description: "\(endpoint) \(what)")) }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        answer.fail(error)
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        fail("has broken off")
        context.fireChannelInactive()
    }
}
