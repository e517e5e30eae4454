// Requests decided on as a gateway would, by the gateway's own code, with nothing sent and nothing kept.

import Foundation
import NIOCore
import NIOHTTP1
import Operations
import Record

/// A gateway of a configuration that hears made-up requests instead of a socket's, and whose vendors hear nothing.
///
/// There is no second reading of policies: each request is an ``Exchange`` of its own, run to where it would be sent on, refused, or laid before a person. It
/// identifies itself with a key that is made for the purpose and known nowhere else. Records and reviews go to a directory that is removed with this.
public final class Rehearsal: Sendable {
    private let gateway: Gateway
    private let directory: String
    private let recorder: Recorder
    private let reviews: Reviews
    private let keys: [Identity: APIKey]

    /// - Parameters:
    ///   - configuration: its keys are replaced by those of `identities`.
    ///   - identities: who may ask in the rehearsal.
    ///   - open: makes the gateway, as for serving.
    public init(_ configuration: Configuration, as identities: Set<Identity>, open: (Configuration) throws -> Gateway) throws {
        keys = Dictionary(uniqueKeysWithValues: identities.map { ($0, APIKey()) })
        var configuration = configuration
        configuration.keys = KeyRing(keys.map { KeyRing.Entry(identity: $0.key, hash: $0.value.digest) })
        gateway = try open(configuration)
        directory = FileManager.default.temporaryDirectory.appending(path: "sluice-policy-\(UUID().uuidString)").path
        recorder = try Recorder(directory: directory)
        reviews = Reviews(recorder.index)
    }

    deinit {
        recorder.close()
        try? FileManager.default.removeItem(atPath: directory)
    }

    /// A request as an agent would send it.
    public struct Request: Sendable, Equatable {
        /// One of those that the rehearsal was made for.
        public var identity: Identity
        public var method: String
        /// The request target: `/<connection>/<path>`, exactly as on the wire.
        public var target: String
        /// Besides `Host`, `Authorization` and `Content-Length`.
        public var headers: [(name: String, value: String)] = []
        public var body: [UInt8] = []
        /// When it begins.
        public var time: Date

        public init(identity: Identity, method: String, target: String, time: Date = Date()) {
            self.identity = identity
            self.method = method
            self.target = target
            self.time = time
        }

        /// Reads a moment such as `2027-01-04T09:30:00+01:00` (RFC 3339).
        public static func time(_ text: String) -> Date? { try? Date(text, strategy: .iso8601) }

        public static func == (left: Self, right: Self) -> Bool {
            left.identity == right.identity && left.method == right.method && left.target == right.target && left.body == right.body && left.time == right.time
                && left.headers.elementsEqual(right.headers, by: ==)
        }
    }

    /// What the gateway would do with `request`, and why.
    public func explain(_ request: Request) async throws -> PolicyExplanation {
        guard let key = keys[request.identity] else { preconditionFailure("the rehearsal was made for other identities") }
        var headers = HTTPHeaders(request.headers)
        if !headers.contains(name: "host") { headers.add(name: "Host", value: "gateway") }
        headers.replaceOrAdd(name: "Authorization", value: "Bearer \(key.secret.exposed)")
        if !request.body.isEmpty, !headers.contains(name: "content-length"), !headers.contains(name: "transfer-encoding") {
            headers.add(name: "Content-Length", value: String(request.body.count))
        }
        let exchange = Exchange(gateway: gateway, recorder: recorder, tokens: TokenVault(), peer: "rehearsal", certificate: nil, time: request.time)
        let head = HTTPRequestHead(version: .http1_1, method: HTTPMethod(rawValue: request.method), uri: request.target, headers: headers)
        var step = exchange.receive(head, draining: false)
        if case .readBody = step {
            step = request.body.isEmpty ? .wait : exchange.receive(ByteBuffer(bytes: request.body))
            if case .wait = step { step = exchange.receiveEnd() }
        }
        if case .judge(let read) = step { step = exchange.judged(.success(read())) }
        if case .lookUp = step { step = exchange.show(.success(nil)) }
        var needsApproval = false
        if case .admit(let question, let id) = step {
            needsApproval = true
            step = exchange.settle(.success(try await reviews.admit(question, exchange: id)))
        }
        var answer: Exchange.Answer?
        if case .answer(let given) = step { answer = given }
        return PolicyExplanation(exchange, answer, needsApproval: needsApproval, policies: gateway.configuration.policies)
    }
}
