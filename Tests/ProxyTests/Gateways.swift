// A gateway on a free port for one test, in front of a vendor at the socket.

import Corpus
import Cryptography
import Engine
import Foundation
import Logging
import Record
import Synchronization

@testable import Proxy

/// A gateway that runs, and what a test needs to talk to it.
struct RunningGateway: Sendable {
    let server: Server
    let recorder: Recorder
    let reviews: Reviews
    let configuration: Configuration
    let port: Int
    /// A key whose identity `agent` is in the group `agents`.
    let key: String
    let otherKey: String

    func client(receiveBuffer: Int32? = nil) throws -> Socket { try Socket.connect(port: port, receiveBuffer: receiveBuffer) }

    /// A request's head and body as bytes, with the key and a Host field.
    func request(_ line: String, _ headers: [String] = [], body: String? = nil, key: String? = nil) -> String {
        var text = "\(line) HTTP/1.1\r\nHost: gateway.test\r\nAuthorization: Bearer \(key ?? self.key)\r\n"
        for header in headers { text += header + "\r\n" }
        if let body { text += "Content-Length: \(body.utf8.count)\r\n" }
        return text + "\r\n" + (body ?? "")
    }

    /// Sends one request on a connection of its own and reads the answer.
    func exchange(_ line: String, _ headers: [String] = [], body: String? = nil, key: String? = nil) throws -> RawMessage {
        let client = try client()
        try client.send(request(line, headers, body: body, key: key))
        return try client.receiveMessage(toHead: line.hasPrefix("HEAD "))
    }
}

/// The operations of this repository's corpus.
let shippedCatalogue = Result { try Corpus.catalogue(directory: URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../corpus").standardized.path) }

enum TestRules {
    /// A number that starts with 4242, found as a whole.
    static let card = Rule(id: "test-card", entity: "CARD", pattern: "4242424242424242")
    static let command = Rule(id: "test-command", entity: "COMMAND", pattern: "DROP TABLE", action: .block)
    /// Known to match only when the text has ended.
    static let last = Rule(id: "test-last", entity: "COMMAND", pattern: "HALT$", action: .block)
    static let all = [card, command, last]
    static let cardNumber = "4242424242" + "424242"
    static let dropTable = "DROP" + " TABLE"
    static let label = "[REDACTED:CARD]"
}

/// Starts a gateway with one connection, `v`, to a vendor on `vendorPort`, and a policy for each need: everything is allowed, but `DELETE` needs approval and
/// paths under `/forbidden` are denied.
func withGateway(
    to vendorPort: Int, credential: Credential? = Credential(form: .bearer, secret: Secret("vendor-" + "secret-1")),
    configure: (inout Configuration) -> Void = { _ in }, _ body: @escaping @Sendable (RunningGateway) throws -> Void
) async throws {
    let directory = FileManager.default.temporaryDirectory.appending(path: "sluice-test-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: directory) }
    let key = APIKey()
    let other = APIKey()
    func entry(_ name: String, _ groups: [String], _ key: APIKey) -> KeyRing.Entry {
        KeyRing.Entry(identity: Identity(name: name, groups: groups), hash: SHA256.digest(of: Array(key.secret.exposed.utf8)))
    }
    func policy(_ name: String, methods: [String] = ["*"], paths: [String], _ effect: Policy.Effect) -> Policy {
        Policy(
            name: name, groups: ["agents"], connections: ["*"], methods: methods, paths: paths.compactMap { PathPattern($0) }, effect: effect)
    }
    var configuration = Configuration(
        file: "test.yaml", listen: .init(host: "127.0.0.1", port: 0, tls: nil), dataDirectory: directory.path, corpusDirectory: nil,
        limits: .init(), timeouts: .init(), record: .init(),
        connections: [
            Connection(
                name: "v", upstream: Upstream(tls: false, host: "127.0.0.1", port: vendorPort, basePath: ""), credential: credential,
                certificateAuthorityFile: nil, serverName: nil, profiles: ["test"], unknownContent: .block, masksRequests: false,
                contentCoding: .keep)
        ],
        keys: KeyRing([entry("agent", ["agents"], key), entry("stranger", ["others"], other)]), people: [],
        policies: PolicySet([
            policy("all", paths: ["/**"], .allow),
            policy(
                "deletes", methods: ["DELETE"], paths: ["/**"],
                .approve(ApprovalTerms(approvers: ["chiefs"], reason: nil, deadline: .seconds(60)))),
            policy("never", paths: ["/forbidden/**"], .deny(reason: "not for agents")),
        ]))
    configuration.timeouts.drain = .seconds(2)
    configure(&configuration)

    let recorder = try Recorder(directory: directory.path)
    let reviews = Reviews(recorder.index)
    var logger = Logger(label: "test")
    logger.logLevel = .critical
    let gateway = try Gateway(configuration, logger: logger) { _ in TestRules.all } catalogue: { try shippedCatalogue.get() }
    let server = try await Server(gateway, recorder: recorder, reviews: reviews, threads: 2)
    let running = RunningGateway(
        server: server, recorder: recorder, reviews: reviews, configuration: configuration, port: server.address.port ?? 0,
        key: key.secret.exposed, otherKey: other.secret.exposed)
    let result: Result<Void, any Error>
    do {
        result = .success(try await blocking { try body(running) })
    } catch {
        result = .failure(error)
    }
    try await server.drain()
    recorder.close()
    try result.get()
}

/// Runs async work from a thread of a test's own.
func awaiting<Value: Sendable>(_ work: @escaping @Sendable () async throws -> Value) throws -> Value {
    let done = DispatchSemaphore(value: 0)
    let result = Mutex<Result<Value, any Error>?>(nil)
    Task {
        do {
            let value = try await work()
            result.withLock { $0 = .success(value) }
        } catch {
            result.withLock { $0 = .failure(error) }
        }
        done.signal()
    }
    done.wait()
    guard let result = result.withLock({ $0 }) else { preconditionFailure("the work signalled before it was done") }
    return try result.get()
}

extension RunningGateway {
    /// The record of the exchange that `answer` names, once it is complete.
    func record(of answer: RawMessage) throws -> (exchange: RecordedExchange, transcript: Transcript) {
        guard let id = answer["sluice-exchange"].flatMap({ ExchangeID($0) }) else { throw SocketError("the answer names no exchange") }
        let sessions = Sessions(recorder.index)
        var found: RecordedExchange?
        _ = try eventually {
            found = try awaiting { try await sessions.exchange(id) }
            return found?.outcome != nil
        }
        guard let found else { throw SocketError("the exchange is not on record") }
        return (found, try awaiting { try await sessions.transcript(of: id) })
    }
}
