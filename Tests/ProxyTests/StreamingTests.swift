// Bodies while they stream: back-pressure, order, and what happens when one side stops, stalls or goes away.

import Foundation
import Record
import Synchronization
import Testing

@testable import Proxy

@Suite("Streaming", .timeLimit(.minutes(2)))
struct StreamingTests {
    @Test("a client that does not read stops the upstream, and one that leaves ends it")
    func backPressure() async throws {
        let sent = Atomic<Int>(0)
        let ended = Atomic<Bool>(false)
        let piece = [UInt8](repeating: UInt8(ascii: "x"), count: 65536)
        let total = 256 << 20
        let vendor = try FakeVendor { vendor, connection in
            _ = try vendor.receive(from: connection)
            defer { ended.store(true, ordering: .releasing) }
            try connection.send("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: \(total)\r\n\r\n")
            for _ in 0..<total / piece.count {
                try connection.send(piece)
                sent.add(piece.count, ordering: .relaxed)
            }
        }
        defer { vendor.stop() }
        try await withGateway(to: vendor.port) { gateway in
            let client = try gateway.client(receiveBuffer: 65536)
            try client.send(gateway.request("GET /v/big"))
            _ = try client.receive(upTo: "\r\n\r\n")
            var before = -1
            _ = eventually {
                usleep(300_000)
                defer { before = sent.load(ordering: .relaxed) }
                return before > 0 && before == sent.load(ordering: .relaxed)
            }
            // The kernel's buffers on both connections (a few MiB, more where it is set up so), one read and the client's mark.
            #expect(sent.load(ordering: .relaxed) < 96 << 20)
            #expect(sent.load(ordering: .relaxed) > 0)
            client.close()
            #expect(eventually { ended.load(ordering: .acquiring) })
            #expect(sent.load(ordering: .relaxed) < total)
        }
    }

    @Test("a body larger than the buffers on its way arrives whole at a client that pauses")
    func pausedClient() async throws {
        let line = String(repeating: "0123456789abcde\n", count: 4096)
        let count = 24
        let vendor = try FakeVendor { vendor, connection in
            _ = try vendor.receive(from: connection)
            try connection.send("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n")
            for _ in 0..<count { try connection.send("\(String(line.utf8.count, radix: 16))\r\n\(line)\r\n") }
            try connection.send("0\r\n\r\n")
            _ = try connection.receive()
        }
        defer { vendor.stop() }
        try await withGateway(to: vendor.port) { gateway in
            let client = try gateway.client(receiveBuffer: 32768)
            try client.send(gateway.request("GET /v/big"))
            usleep(500_000)
            let answer = try client.receiveMessage()
            let isComplete = answer.isComplete
            #expect(isComplete)
            #expect(answer.body.count == line.utf8.count * count)
            let isSame = answer.body == Array(String(repeating: line, count: count).utf8)
            #expect(isSame)
        }
    }

    @Test("the last bytes of a connection wait for a client that takes its time, whatever buffer they are in")
    func slowEnd() async throws {
        let vendor = try FakeVendor.answering { request in
            let size = Int(request.startLine.split(separator: " ")[1].dropFirst()) ?? 0
            return response(String(repeating: "x", count: size))
        }
        defer { vendor.stop() }
        try await withGateway(to: vendor.port) { gateway in
            // Some of these leave bytes in the gateway itself when the vendor's response is over.
            let sizes = (4...10).map { $0 << 19 }
            let clients = try sizes.map { size in
                let client = try gateway.client(receiveBuffer: 65536)
                try client.send(gateway.request("GET /v/\(size)", ["Connection: close"]))
                return client
            }
            sleep(6)
            for (client, size) in zip(clients, sizes) {
                let answer = try client.receiveMessage()
                let isComplete = answer.isComplete
                #expect(isComplete)
                #expect(answer.body.count == size)
            }
        }
    }

    @Test("bytes are released as they come: an event reaches the client before the vendor sends the next")
    func prompt() async throws {
        let go = DispatchSemaphore(value: 0)
        let vendor = try FakeVendor { vendor, connection in
            _ = try vendor.receive(from: connection)
            try connection.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
            for number in 1...3 {
                guard go.wait(timeout: .now() + 10) == .success else { return }
                try connection.send("data: \(number)\n\n")
            }
        }
        defer { vendor.stop() }
        try await withGateway(to: vendor.port) { gateway in
            let client = try gateway.client()
            try client.send(gateway.request("GET /v/events"))
            _ = try client.receive(upTo: "\r\n\r\n")
            for number in 1...3 {
                go.signal()
                #expect(String(decoding: try client.receive(upTo: "data: \(number)\n\n"), as: UTF8.self).hasSuffix("data: \(number)\n\n"))
            }
            #expect(String(decoding: try client.receive(upTo: "0\r\n\r\n"), as: UTF8.self).hasSuffix("0\r\n\r\n"))
        }
    }

    @Test("pipelined requests are answered in order, own answers among them")
    func pipelining() async throws {
        let vendor = try FakeVendor.answering { request in
            if request.startLine.contains("/slow") { usleep(200_000) }
            return response(String(request.startLine.split(separator: " ")[1]))
        }
        defer { vendor.stop() }
        try await withGateway(to: vendor.port) { gateway in
            let client = try gateway.client()
            try client.send(
                gateway.request("GET /v/slow") + gateway.request("POST /v/2", ["Content-Type: text/plain"], body: "body")
                    + gateway.request("GET /nowhere") + gateway.request("GET /v/3") + "\r\n" + gateway.request("GET /v/4"))
            let answers = try (0..<5).map { _ in try client.receiveMessage() }
            #expect(answers.map(\.status) == [200, 200, 404, 200, 200])
            #expect(answers.map(\.text).filter { $0.hasPrefix("/") } == ["/slow", "/2", "/3", "/4"])
            #expect(vendor.connections == 1)
        }
    }

    @Test("many pipelined refusals are answered without running out of stack")
    func manyPipelined() async throws {
        try await withGateway(to: 1) { gateway in
            let client = try gateway.client()
            let count = 2000
            let requests = String(repeating: "GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n", count: count)
            Thread.detachNewThread { try? client.send(requests) }
            for _ in 0..<count { #expect(try client.receiveMessage().status == 401) }
        }
    }

    @Test(
        "a vendor that breaks off is a refusal before the head, and a cut response after it",
        arguments: ["nothing", "half a head", "length", "chunked", "garbage", "reset"])
    func vendorBreaks(how: String) async throws {
        let vendor = try FakeVendor { vendor, connection in
            _ = try vendor.receive(from: connection)
            switch how {
            case "nothing": break
            case "half a head": try connection.send("HTTP/1.1 200 OK\r\nContent-")
            case "length": try connection.send("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 100\r\n\r\nhalf")
            case "chunked": try connection.send("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n")
            case "garbage": try connection.send("SSH-2.0-OpenSSH\r\n\r\n")
            default:
                try connection.send("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 100\r\n\r\nhalf")
                usleep(200_000)
                connection.reset()
            }
        }
        defer { vendor.stop() }
        try await withGateway(to: vendor.port) { gateway in
            let answer = try gateway.exchange("GET /v/x")
            if ["nothing", "half a head", "garbage"].contains(how) {
                #expect(answer.status == 502)
                #expect(answer["sluice-denied"] == (how == "garbage" ? "vendor-protocol" : "vendor-broke-off"))
            } else {
                #expect(answer.status == 200)
                #expect(answer.text == "half")
                #expect(!answer.isComplete)
            }
            #expect(try gateway.record(of: answer).exchange.outcome?.kind == .upstreamFailed)
        }
    }

    @Test("an HTTP/1.0 client sees a reset where the body ends early")
    func http10Cut() async throws {
        let vendor = try FakeVendor { vendor, connection in
            _ = try vendor.receive(from: connection)
            try connection.send("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 100\r\n\r\nhalf")
        }
        defer { vendor.stop() }
        try await withGateway(to: vendor.port) { gateway in
            let client = try gateway.client()
            try client.send("GET /v/x HTTP/1.0\r\nAuthorization: Bearer \(gateway.key)\r\n\r\n")
            #expect(try !client.receiveMessage().isComplete)
        }
    }

    @Test("a vendor that cannot be reached is a refusal")
    func unreachable() async throws {
        try await withGateway(to: 1) { gateway in
            let answer = try gateway.exchange("GET /v/x")
            #expect(answer.status == 502)
            #expect(answer["sluice-denied"] == "vendor-unreachable")
        }
    }

    @Test("a vendor that stalls is given up: before the head with 504, after it by cutting the response")
    func vendorStalls() async throws {
        let vendor = try FakeVendor { vendor, connection in
            let request = try vendor.receive(from: connection)
            if request.startLine.contains("later") {
                try connection.send("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 100\r\n\r\nhalf")
            }
            _ = try connection.receive()
        }
        defer { vendor.stop() }
        try await withGateway(
            to: vendor.port,
            configure: {
                $0.timeouts.head = .milliseconds(300)
                $0.timeouts.idle = .milliseconds(300)
            }
        ) { gateway in
            let never = try gateway.exchange("GET /v/never")
            #expect(never.status == 504)
            #expect(never["sluice-denied"] == "vendor-timeout")
            let later = try gateway.exchange("GET /v/later")
            #expect(later.status == 200)
            #expect(!later.isComplete)
            #expect(try gateway.record(of: later).exchange.outcome?.kind == .timedOut)
        }
    }

    @Test("the total time ends what goes on for ever")
    func totalTime() async throws {
        let vendor = try FakeVendor { vendor, connection in
            _ = try vendor.receive(from: connection)
            try connection.send("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n")
            while true {
                try connection.send("tick\n")
                usleep(50_000)
            }
        }
        defer { vendor.stop() }
        try await withGateway(to: vendor.port, configure: { $0.timeouts.total = .milliseconds(600) }) { gateway in
            let start = ContinuousClock.now
            let answer = try gateway.exchange("GET /v/x")
            #expect(answer.status == 200)
            #expect(!answer.isComplete)
            #expect(start.duration(to: .now) < .seconds(5))
        }
    }

    @Test("a head that trickles in is cut off with 408, an idle connection without a word")
    func slowHead() async throws {
        try await withGateway(
            to: 1,
            configure: {
                $0.timeouts.head = .milliseconds(400)
                $0.timeouts.idle = .milliseconds(400)
            }
        ) { gateway in
            let slow = try gateway.client()
            for character in "GET /v/x HT" {
                try slow.send(String(character))
                usleep(20_000)
            }
            #expect(try slow.receiveMessage().status == 408)
            let idle = try gateway.client()
            #expect(idle.receiveToEnd().bytes.isEmpty)
            let stuck = try gateway.client()
            try stuck.send(gateway.request("POST /v/x", ["Content-Type: text/plain", "Content-Length: 10"]) + "12345")
            #expect(try stuck.receiveMessage().status == 408)
        }
    }

    @Test("a client that takes nothing for too long is cut off")
    func stalledClient() async throws {
        let ended = Atomic<Bool>(false)
        let piece = [UInt8](repeating: UInt8(ascii: "x"), count: 65536)
        let vendor = try FakeVendor { vendor, connection in
            _ = try vendor.receive(from: connection)
            defer { ended.store(true, ordering: .releasing) }
            try connection.send("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n")
            while true { try connection.send(piece) }
        }
        defer { vendor.stop() }
        try await withGateway(to: vendor.port, configure: { $0.timeouts.idle = .milliseconds(500) }) { gateway in
            let client = try gateway.client(receiveBuffer: 16384)
            try client.send(gateway.request("GET /v/x"))
            #expect(eventually { ended.load(ordering: .acquiring) })
            client.close()
        }
    }

    @Test("a client that goes away before the answer ends the vendor's work")
    func clientGone() async throws {
        let sawEnd = Atomic<Bool>(false)
        let vendor = try FakeVendor { vendor, connection in
            _ = try vendor.receive(from: connection)
            if try connection.receive().isEmpty { sawEnd.store(true, ordering: .releasing) }
        }
        defer { vendor.stop() }
        try await withGateway(to: vendor.port) { gateway in
            let client = try gateway.client()
            try client.send(gateway.request("GET /v/x"))
            #expect(eventually { vendor.requests.count == 1 })
            client.close()
            #expect(eventually { sawEnd.load(ordering: .acquiring) })
        }
    }

    @Test("a client that goes away in the middle of its request is recorded as gone, and the vendor hears nothing")
    func clientGoneEarly() async throws {
        let vendor = try FakeVendor.answering { _ in response("ok") }
        defer { vendor.stop() }
        try await withGateway(to: vendor.port) { gateway in
            let client = try gateway.client()
            try client.send(gateway.request("POST /v/x", ["Content-Type: text/plain", "Content-Length: 100"]) + "half")
            usleep(100_000)
            client.close()
            let sessions = Sessions(gateway.recorder.index)
            let isRecorded = try eventually {
                try awaiting {
                    for session in try await sessions.list() {
                        if try await sessions.exchanges(of: session.id).contains(where: { $0.outcome == Outcome(.clientGone) }) { return true }
                    }
                    return false
                }
            }
            #expect(isRecorded)
            #expect(vendor.connections == 0)
        }
    }

    @Test("a pooled connection that the vendor had closed is replaced, for requests that may run twice")
    func staleConnection() async throws {
        // Answers one request on each connection, promises to keep it, and closes it when the second request comes.
        let vendor = try FakeVendor { vendor, connection in
            let request = try vendor.receive(from: connection)
            try connection.send(response(request.startLine))
            _ = try vendor.receive(from: connection)
        }
        defer { vendor.stop() }
        try await withGateway(to: vendor.port) { gateway in
            let client = try gateway.client()
            try client.send(gateway.request("GET /v/1"))
            #expect(try client.receiveMessage().status == 200)
            try client.send(gateway.request("GET /v/2"))
            #expect(try client.receiveMessage().status == 200)
            #expect(vendor.requests.map { $0.startLine.split(separator: " ")[1] } == ["/1", "/2", "/2"])
            try client.send(gateway.request("POST /v/3", ["Content-Type: text/plain"], body: "once"))
            #expect(try client.receiveMessage().status == 502, "a POST is not sent twice")
        }
    }

    @Test("bytes that a vendor sends after its response are never taken for the next one")
    func responseSplitting() async throws {
        let vendor = try FakeVendor { vendor, connection in
            while true {
                let request = try vendor.receive(from: connection)
                try connection.send(response(request.startLine) + (request.startLine.contains("/1") ? response("smuggled") : ""))
            }
        }
        defer { vendor.stop() }
        try await withGateway(to: vendor.port) { gateway in
            let client = try gateway.client()
            for number in 1...2 {
                try client.send(gateway.request("GET /v/\(number)"))
                #expect(try client.receiveMessage().text == "GET /\(number) HTTP/1.1")
            }
            #expect(vendor.connections == 2)

            let pipelining = try gateway.client()
            try pipelining.send(gateway.request("GET /v/1") + gateway.request("GET /v/2"))
            for number in 1...2 { #expect(try pipelining.receiveMessage().text == "GET /\(number) HTTP/1.1") }
        }
    }
}
