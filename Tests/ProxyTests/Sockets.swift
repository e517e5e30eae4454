// Plain blocking sockets for tests: a client that sends exactly the bytes it is told, and a vendor that follows a script.

import Foundation
import Synchronization

#if canImport(Glibc)
    import Glibc
#endif

/// Runs blocking work on a thread of its own, so that it never holds one of the few that async code runs on.
func blocking<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
        Thread.detachNewThread { continuation.resume(with: Result(catching: work)) }
    }
}

struct SocketError: Error, CustomStringConvertible {
    var description: String

    init(_ what: String) { description = "\(what): \(String(cString: strerror(errno)))" }
}

/// One end of a TCP connection on loopback. Nothing in it waits longer than ten seconds.
final class Socket: Sendable {
    private let descriptor: Int32
    private let isClosed = Mutex(false)
    /// Bytes read and not yet taken.
    private let buffer = Mutex<[UInt8]>([])

    init(descriptor: Int32) {
        self.descriptor = descriptor
        var patience = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        var on: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
    }

    deinit { close() }

    /// - Parameter receiveBuffer: bytes the kernel takes ahead of the reader; small ones make back-pressure visible early.
    static func connect(port: Int, receiveBuffer: Int32? = nil) throws -> Socket {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        if var size = receiveBuffer { setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<Int32>.size)) }
        var address = loopback(port: port)
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
        guard result == 0 else { throw SocketError("connect") }
        return Socket(descriptor: descriptor)
    }

    static func loopback(port: Int) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return address
    }

    /// A call that is made again for as long as signals interrupt it.
    private static func uninterrupted(_ call: () -> Int) -> Int {
        while true {
            let result = call()
            if result >= 0 || errno != EINTR { return result }
        }
    }

    func send(_ text: String) throws { try send(Array(text.utf8)) }

    func send(_ bytes: [UInt8]) throws {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes { bytes in
                Self.uninterrupted { Glibc.send(descriptor, bytes.baseAddress! + sent, bytes.count - sent, Int32(MSG_NOSIGNAL)) }
            }
            guard count > 0 else { throw SocketError("send") }
            sent += count
        }
    }

    /// What comes next, at most `limit` bytes; empty at the end.
    func receive(_ limit: Int = 65536) throws -> [UInt8] {
        let ahead = buffer.withLock { buffer in
            defer { buffer = [] }
            return buffer
        }
        if !ahead.isEmpty { return ahead }
        var bytes = [UInt8](repeating: 0, count: limit)
        let count = Self.uninterrupted { recv(descriptor, &bytes, limit, 0) }
        guard count >= 0 else { throw SocketError("recv") }
        return Array(bytes[..<count])
    }

    /// All bytes to the end of the connection, and whether it ended in order (not by a reset).
    func receiveToEnd() -> (bytes: [UInt8], orderly: Bool) {
        var all: [UInt8] = []
        while true {
            guard let some = try? receive() else { return (all, false) }
            guard !some.isEmpty else { return (all, true) }
            all += some
        }
    }

    /// The bytes up to and including `mark`; throws at the end of the connection.
    func receive(upTo mark: String) throws -> [UInt8] {
        let mark = Array(mark.utf8)
        var all: [UInt8] = []
        var searched = 0
        while true {
            let some = try receive()
            guard !some.isEmpty else { throw SocketError("the connection ended before \(mark.count) awaited bytes") }
            all += some
            var place = max(0, searched - mark.count)
            while place + mark.count <= all.count {
                if all[place..<place + mark.count].elementsEqual(mark) {
                    let end = place + mark.count
                    let rest = Array(all[end...])
                    buffer.withLock { $0 = rest }
                    return Array(all[..<end])
                }
                place += 1
            }
            searched = all.count
        }
    }

    func receive(exactly count: Int) throws -> [UInt8] {
        var all: [UInt8] = []
        while all.count < count {
            let some = try receive()
            guard !some.isEmpty else { throw SocketError("the connection ended \(count - all.count) bytes early") }
            all += some
        }
        let rest = Array(all[count...])
        buffer.withLock { $0 = rest }
        return Array(all[..<count])
    }

    func shutdownOutput() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// Ends the connection with a reset.
    func reset() {
        var now = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &now, socklen_t(MemoryLayout<linger>.size))
        close()
    }

    func close() {
        let first = isClosed.withLock { closed in
            defer { closed = true }
            return !closed
        }
        if first {
            shutdown(descriptor, Int32(SHUT_RDWR))
            Glibc.close(descriptor)
        }
    }
}

/// A message as it was on the wire, taken apart just enough for tests.
struct RawMessage: Sendable, CustomStringConvertible {
    var startLine: String
    var headers: [(name: String, value: String)]
    var body: [UInt8]
    /// The body ended as its framing says.
    var isComplete = true

    var text: String { String(decoding: body, as: UTF8.self) }
    var status: Int { Int(startLine.split(separator: " ").dropFirst().first ?? "") ?? 0 }
    var description: String { "\(startLine) \(headers.map { "\($0.name): \($0.value)" }) \(text.prefix(400))" }

    subscript(name: String) -> String? { headers.first { $0.name.lowercased() == name.lowercased() }?.value }
}

extension Socket {
    /// Reads one message; `toHead` for a response to HEAD.
    func receiveMessage(toHead: Bool = false) throws -> RawMessage {
        let head = String(decoding: try receive(upTo: "\r\n\r\n"), as: UTF8.self)
        let lines = head.components(separatedBy: "\r\n").filter { !$0.isEmpty }
        var message = RawMessage(startLine: lines[0], headers: [], body: [])
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            message.headers.append((String(parts[0]), parts.count > 1 ? parts[1].trimmingCharacters(in: .whitespaces) : ""))
        }
        let isResponse = message.startLine.hasPrefix("HTTP/")
        if toHead || isResponse && (message.status < 200 || message.status == 204 || message.status == 304) { return message }
        if message["transfer-encoding"]?.lowercased() == "chunked" {
            do {
                while true {
                    let line = String(decoding: try receive(upTo: "\r\n"), as: UTF8.self)
                    guard let size = Int(line.trimmingCharacters(in: .whitespacesAndNewlines), radix: 16) else { throw SocketError("chunk size") }
                    if size == 0 {
                        _ = try receive(upTo: "\r\n")
                        break
                    }
                    message.body += try receive(exactly: size)
                    _ = try receive(exactly: 2)
                }
            } catch {
                message.isComplete = false
            }
        } else if let length = message["content-length"].flatMap({ Int($0) }) {
            do {
                message.body = try receive(exactly: length)
            } catch {
                message.isComplete = false
            }
        } else if isResponse {
            let (bytes, orderly) = receiveToEnd()
            message.body = bytes
            message.isComplete = orderly
        }
        return message
    }
}

/// A vendor at the socket: every connection runs `script` on its own thread.
final class FakeVendor: Sendable {
    let port: Int
    private let descriptor: Int32
    private let state = Mutex<(requests: [RawMessage], connections: Int, open: [Socket])>(([], 0, []))

    /// - Parameter script: what a connection does; when it returns or throws, the connection is closed.
    init(_ script: @escaping @Sendable (FakeVendor, Socket) throws -> Void) throws {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        self.descriptor = descriptor
        var address = Socket.loopback(port: 0)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && listen(descriptor, 64) == 0 && getsockname(descriptor, $0, &length) == 0
            }
        }
        guard bound else { throw SocketError("listen") }
        port = Int(in_port_t(bigEndian: address.sin_port))
        Thread.detachNewThread { [self] in
            while true {
                let accepted = accept(descriptor, nil, nil)
                guard accepted >= 0 else { return }
                let connection = Socket(descriptor: accepted)
                state.withLock {
                    $0.connections += 1
                    $0.open.append(connection)
                }
                Thread.detachNewThread {
                    try? script(self, connection)
                    connection.close()
                }
            }
        }
    }

    /// A vendor that gives every request the same answer on connections that stay open.
    static func answering(_ answer: @escaping @Sendable (RawMessage) -> String) throws -> FakeVendor {
        try FakeVendor { vendor, connection in
            while true {
                let request = try vendor.receive(from: connection)
                try connection.send(answer(request))
            }
        }
    }

    /// Reads a request and remembers it.
    func receive(from connection: Socket) throws -> RawMessage {
        let request = try connection.receiveMessage()
        state.withLock { $0.requests.append(request) }
        return request
    }

    var requests: [RawMessage] { state.withLock { $0.requests } }
    var connections: Int { state.withLock { $0.connections } }

    func stop() {
        shutdown(descriptor, Int32(SHUT_RDWR))
        close(descriptor)
        let open = state.withLock { $0.open }
        for connection in open { connection.close() }
    }
}

/// A response with a body of known length.
func response(_ body: String, type: String = "text/plain", status: String = "200 OK", headers: String = "") -> String {
    "HTTP/1.1 \(status)\r\nContent-Type: \(type)\r\nContent-Length: \(body.utf8.count)\r\n\(headers)\r\n\(body)"
}

/// Waits until `condition` holds, for at most ten seconds.
func eventually(_ condition: () throws -> Bool) rethrows -> Bool {
    for _ in 0..<1000 {
        if try condition() { return true }
        usleep(10_000)
    }
    return false
}
