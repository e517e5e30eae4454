// The server around the exchanges: reload, drain, TLS on both sides.

import Engine
import Foundation
import Logging
import Operations
import Record
import Synchronization
import Testing

@testable import Proxy

@Suite("The server", .timeLimit(.minutes(2)))
struct LifecycleTests {
    @Test("a reload holds for exchanges that begin after it, also on open connections")
    func reload() async throws {
        let go = DispatchSemaphore(value: 0)
        let vendor = try FakeVendor { vendor, connection in
            while true {
                let request = try vendor.receive(from: connection)
                if request.startLine.contains("slow") { _ = go.wait(timeout: .now() + 10) }
                try connection.send(response("card \(TestRules.cardNumber)"))
            }
        }
        defer { vendor.stop() }
        try await withGateway(to: vendor.port) { gateway in
            let client = try gateway.client()
            let slow = try gateway.client()
            try slow.send(gateway.request("GET /v/slow"))
            try client.send(gateway.request("GET /v/x"))
            #expect(try client.receiveMessage().text == "card \(TestRules.label)")
            #expect(eventually { vendor.requests.count == 2 })

            var changed = gateway.configuration
            changed.connections[0].name = "w"
            let rule = Rule(id: "test-card", entity: "NUMBER", pattern: TestRules.cardNumber)
            var logger = Logger(label: "test")
            logger.logLevel = .critical
            let renewed = try Gateway(changed, logger: logger) { _ in [rule] } catalogue: { Catalogue() }
            let server = gateway.server
            try awaiting { try await server.use(renewed) }

            try client.send(gateway.request("GET /v/x"))
            #expect(try client.receiveMessage().status == 404)
            try client.send(gateway.request("GET /w/x"))
            #expect(try client.receiveMessage().text == "card [REDACTED:NUMBER]")
            go.signal()
            #expect(try slow.receiveMessage().text == "card \(TestRules.label)", "it ends as it began")
        }
    }

    @Test("draining refuses new connections, lets the exchange under way end, and closes idle ones")
    func drain() async throws {
        let vendor = try FakeVendor { vendor, connection in
            _ = try vendor.receive(from: connection)
            try connection.send("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 8\r\n\r\nhalf")
            usleep(600_000)
            try connection.send("half")
        }
        defer { vendor.stop() }
        let answered = Mutex<RawMessage?>(nil)
        let idleEnded = Atomic<Bool>(false)
        let done = DispatchSemaphore(value: 0)
        try await withGateway(to: vendor.port) { gateway in
            let idle = try gateway.client()
            let busy = try gateway.client()
            try busy.send(gateway.request("GET /v/x"))
            #expect(eventually { vendor.requests.count == 1 })
            usleep(100_000)
            Thread.detachNewThread {
                idleEnded.store(idle.receiveToEnd().bytes.isEmpty, ordering: .releasing)
                let message = try? busy.receiveMessage()
                answered.withLock { $0 = message }
                done.signal()
            }
        }
        try await blocking { _ = done.wait(timeout: .now() + 10) }
        let idleWasClosed = idleEnded.load(ordering: .acquiring)
        #expect(idleWasClosed)
        let answer = try #require(answered.withLock { $0 })
        #expect(answer.text == "halfhalf")
        #expect(answer.isComplete)
    }

    @Test("what does not end within the time for draining is cut off and recorded as interrupted")
    func drainLimit() async throws {
        let vendor = try FakeVendor { vendor, connection in
            _ = try vendor.receive(from: connection)
            try connection.send("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nhalf")
            _ = try connection.receive()
        }
        defer { vendor.stop() }
        let start = Mutex(ContinuousClock.now)
        try await withGateway(to: vendor.port, configure: { $0.timeouts.drain = .milliseconds(300) }) { gateway in
            let client = try gateway.client()
            try client.send(gateway.request("GET /v/x"))
            _ = try client.receive(upTo: "half")
            // What counts is the time for draining, not how long a busy machine took to get here.
            start.withLock { $0 = .now }
        }
        #expect(start.withLock { $0 }.duration(to: .now) < .seconds(8))
    }

    @Test("more connections than allowed are closed at once")
    func connectionLimit() async throws {
        try await withGateway(to: 1, configure: { $0.limits.connections = 2 }) { gateway in
            let (one, two) = (try gateway.client(), try gateway.client())
            for client in [one, two] {
                try client.send("GET /.well-known/sluice/health HTTP/1.1\r\nHost: x\r\n\r\n")
                #expect(try client.receiveMessage().status == 200)
            }
            #expect(try gateway.client().receiveToEnd().bytes.isEmpty)
            one.close()
            #expect(
                try eventually {
                    let client = try gateway.client()
                    try? client.send("GET /.well-known/sluice/health HTTP/1.1\r\nHost: x\r\n\r\n")
                    return (try? client.receiveMessage().status) == 200
                })
        }
    }

    private static let openssl = ["/usr/bin/openssl", "/usr/local/bin/openssl"].first { FileManager.default.isExecutableFile(atPath: $0) }

    /// A self-signed certificate for `localhost` and 127.0.0.1, and its key, as PEM files in a folder of their own.
    private static func certificate() throws -> (folder: URL, certificate: String, key: String) {
        let folder = FileManager.default.temporaryDirectory.appending(path: "sluice-tls-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let (certificate, key) = (folder.appending(path: "tls.crt").path, folder.appending(path: "tls.key").path)
        let process = Process()
        process.executableURL = URL(filePath: openssl ?? "/usr/bin/openssl")
        process.arguments = [
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=localhost",
            "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", key, "-out", certificate,
        ]
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw SocketError("openssl req failed") }
        return (folder, certificate, key)
    }

    @Test("TLS on both sides: certificates are verified, with the authority that the connection names", .enabled(if: openssl != nil))
    func tls() async throws {
        let (folder, certificate, key) = try Self.certificate()
        defer { try? FileManager.default.removeItem(at: folder) }
        let vendor = try FakeVendor.answering { _ in response("hello \(TestRules.cardNumber)") }
        defer { vendor.stop() }
        // One gateway with TLS for its clients is the secure vendor of the other.
        try await withGateway(
            to: vendor.port,
            configure: {
                $0.listen.tls = .init(certificateFile: certificate, keyFile: key)
                $0.limits.requestBodyBytes = 1000
            }
        ) { secure in
            for (name, authority, status) in [("localhost", certificate, 200), ("127.0.0.1", certificate, 200), ("localhost", nil, 502)] as [(String, String?, Int)] {
                try awaiting {
                    try await withGateway(
                        to: secure.port, credential: Credential(form: .bearer, secret: Secret(secure.key)),
                        configure: {
                            $0.connections[0].upstream = Upstream(tls: true, host: name, port: secure.port, basePath: "/v")
                            $0.connections[0].certificateAuthorityFile = authority
                        }
                    ) { gateway in
                        if status == 200 {
                            // The secure side refuses early and ends its connection in order.
                            let refused = try gateway.exchange("POST /v/x", ["Content-Type: text/plain"], body: String(repeating: "x", count: 2000))
                            #expect(refused.status == 413)
                            #expect(refused.isComplete)
                        }
                        for _ in 0..<2 {
                            let answer = try gateway.exchange("GET /v/x")
                            #expect(answer.status == status, "\(name)")
                            if status == 200 {
                                #expect(answer.text == "hello \(TestRules.label)")
                            } else {
                                #expect(answer["sluice-denied"] == "vendor-tls")
                            }
                        }
                    }
                }
            }
        }
    }

    @Test("plain HTTP on a TLS port ends the connection", .enabled(if: openssl != nil))
    func plainOnTLS() async throws {
        let (folder, certificate, key) = try Self.certificate()
        defer { try? FileManager.default.removeItem(at: folder) }
        try await withGateway(to: 1, configure: { $0.listen.tls = .init(certificateFile: certificate, keyFile: key) }) { gateway in
            let client = try gateway.client()
            try client.send(gateway.request("GET /v/x"))
            #expect(!String(decoding: client.receiveToEnd().bytes, as: UTF8.self).hasPrefix("HTTP/1.1 2"))
        }
    }
}
