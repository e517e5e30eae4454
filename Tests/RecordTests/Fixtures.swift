// What the tests of this target share: a directory, exchanges to record, and bytes as the engine gives them out.

import Foundation
import Testing

@testable import Engine
@testable import Record

final class TemporaryDirectory: Sendable {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.path + "/sluice-test-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// The files a process would leave behind if it ended now.
    func copy() throws -> TemporaryDirectory {
        let copy = try TemporaryDirectory()
        for name in try FileManager.default.contentsOfDirectory(atPath: path) {
            try FileManager.default.copyItem(atPath: "\(path)/\(name)", toPath: "\(copy.path)/\(name)")
        }
        return copy
    }

    /// Index files alone removed, as if they had been lost.
    func removeIndex() throws {
        for name in try FileManager.default.contentsOfDirectory(atPath: path) where name.hasPrefix("sluice.sqlite") {
            try FileManager.default.removeItem(atPath: "\(path)/\(name)")
        }
    }
}

func start(_ target: String = "/v1/things", identity: String? = "agent", connection: String? = "vendor") -> ExchangeStart {
    ExchangeStart(
        identity: identity, groups: ["agents"], connection: connection, method: "POST", target: target, peer: "127.0.0.1",
        headers: [HeaderField(name: "content-type", value: "application/json")], decision: .allow, policy: "policy 1", corpusHash: "c0ffee")
}

/// Text that the engine passed on as it came.
func passed(_ text: String, _ body: (MaskedBytes, UnsafeRawBufferPointer) throws -> Void) rethrows {
    var masked = MaskedBytes()
    masked.pieces = [.passed(0..<text.utf8.count)]
    try Array(text.utf8).withUnsafeBytes { try body(masked, $0) }
}

extension Sessions {
    func only() async throws -> RecordedExchange {
        let sessions = try await list()
        let exchanges = try await exchanges(of: try #require(sessions.first).id)
        try #require(sessions.count == 1 && exchanges.count == 1)
        return exchanges[0]
    }
}
