// Malformed and odd HTTP: whatever another parser rejects is not forwarded differently from how it was read.

import Foundation
import Testing

@testable import Proxy

/// One line of `cases/http/llhttp.jsonl`.
private struct Case: Decodable, Sendable {
    var id, mode, name, raw_b64, expect: String
    /// Complete messages before the end or the error.
    var messages: Int
    /// The pieces of all their bodies.
    var bodies: [String]
}

/// The shared cases, or nil where they are not on this machine.
private let cases: [Case]? = {
    let package = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    let shared = ProcessInfo.processInfo.environment["SLUICE_SHARED"] ?? package.appending(path: "../shared").path
    guard let text = try? String(contentsOfFile: shared + "/cases/http/llhttp.jsonl", encoding: .utf8) else {
        print("skipped: the cases of llhttp are not here; set SLUICE_SHARED to the folder that holds cases/http")
        return nil
    }
    return text.split(separator: "\n").compactMap { try? JSONDecoder().decode(Case.self, from: Data($0.utf8)) }
}()

@Suite("Framing, with the cases of llhttp", .timeLimit(.minutes(2)), .enabled(if: cases != nil, "the shared cases are not on this machine"))
struct FramingCasesTests {
    /// `raw` with the target of its first request below `/v`, and with a key and a Host field.
    private static func addressed(_ raw: [UInt8], key: String) -> [UInt8]? {
        let lineStart = raw.firstIndex { $0 != 13 && $0 != 10 } ?? raw.endIndex
        guard let lineEnd = raw[lineStart...].firstRange(of: Array("\r\n".utf8))?.lowerBound else { return nil }
        var words = raw[lineStart..<lineEnd].split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false).map(Array.init)
        guard words.count >= 2, words[1].first == UInt8(ascii: "/") else { return nil }
        words[1] = Array("/v".utf8) + words[1]
        var bytes = Array(raw[..<lineStart]) + Array(words.joined(separator: [UInt8(ascii: " ")]))
        bytes += Array("\r\nAuthorization: Bearer \(key)".utf8)
        if !String(decoding: raw, as: UTF8.self).lowercased().contains("\nhost:") { bytes += Array("\r\nHost: x".utf8) }
        return bytes + raw[lineEnd...]
    }

    @Test("requests reach the vendor as they were read, or not at all")
    func requests() async throws {
        let vendor = try FakeVendor.answering { _ in response("ok") }
        defer { vendor.stop() }
        try await withGateway(
            to: vendor.port,
            configure: {
                $0.connections[0].unknownContent = .text
                $0.timeouts.head = .milliseconds(200)
                $0.timeouts.idle = .milliseconds(200)
            }
        ) { gateway in
            var forwarded = 0
            for test in cases ?? [] where test.mode.hasPrefix("request") {
                let raw = try #require(Data(base64Encoded: test.raw_b64))
                guard let addressed = Self.addressed(Array(raw), key: gateway.key) else { continue }
                // The file's inputs lost their last line break, so each is tried with it too.
                for bytes in [addressed, addressed + Array("\r\n".utf8)] {
                    let before = vendor.requests.count
                    let client = try gateway.client()
                    try client.send(bytes)
                    // What is incomplete, and a connection that is kept, end after the idle time.
                    _ = client.receiveToEnd()
                    let seen = Array(vendor.requests[before...])
                    forwarded += seen.count
                    #expect(seen.count <= test.messages, "\(test.id) \(test.name): forwarded \(seen)")
                    for request in seen {
                        #expect(request.isComplete)
                        #expect(request["transfer-encoding"] == nil)
                    }
                    if seen.count == test.messages, !seen.isEmpty {
                        #expect(seen.map(\.text).joined() == test.bodies.joined(), "\(test.id) \(test.name)")
                    }
                }
            }
            #expect(forwarded > 10)
        }
    }

    @Test("responses reach the client as they were read, or are refused or cut")
    func responses() async throws {
        let tests = (cases ?? []).filter { $0.mode.hasPrefix("response") }
        let vendor = try FakeVendor { vendor, connection in
            let request = try vendor.receive(from: connection)
            let number = Int(request.startLine.split(separator: " ")[1].dropFirst()) ?? 0
            try connection.send(Array(Data(base64Encoded: tests[number].raw_b64) ?? Data()))
        }
        defer { vendor.stop() }
        try await withGateway(
            to: vendor.port, configure: { $0.connections[0].unknownContent = .text }
        ) { gateway in
            for (number, test) in tests.enumerated() {
                let answer = try gateway.exchange("GET /v/\(number)", ["Connection: close"])
                let isWhole = answer.isComplete && answer["sluice-denied"] == nil
                if test.expect == "reject", test.messages == 0 {
                    #expect(!isWhole, "\(test.id) \(test.name): \(answer)")
                }
                if isWhole, test.messages == 1 {
                    #expect(answer.text == test.bodies.joined(), "\(test.id) \(test.name)")
                }
            }
        }
    }
}
