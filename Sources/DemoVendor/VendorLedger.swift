// What reached the vendor: the requests it saw and the operations it carried out.

import Foundation
import Synchronization

/// Counts that stand for effects in the world: they tell whether a dangerous operation ran, and how often.
struct Executed: Codable, Equatable {
    var deletes = 0
    var statements = 0
    /// The operations in the order they ran, the last hundred.
    var latest: [String] = []
}

/// Shared by all connections of one vendor.
final class VendorLedger: Sendable {
    private struct State {
        var executed = Executed()
        var blocks: [RecordBlock] = []
    }

    private let state = Mutex(State())
    private let log: Mutex<FileHandle?>

    /// - Parameter requestsLog: a file to which each request is appended as one line of JSON.
    init(requestsLog: String?) throws {
        guard let requestsLog else {
            log = Mutex(nil)
            return
        }
        if !FileManager.default.fileExists(atPath: requestsLog) {
            _ = FileManager.default.createFile(atPath: requestsLog, contents: nil)
        }
        let file = try FileHandle(forWritingTo: URL(fileURLWithPath: requestsLog))
        try file.seekToEnd()
        log = Mutex(file)
    }

    var executed: Executed { state.withLock { $0.executed } }

    func recordDelete(of customer: String) -> Executed {
        record("DELETE \(customer)", in: \.deletes)
    }

    func recordStatement(_ statement: String) -> Executed {
        record(statement, in: \.statements)
    }

    private func record(_ operation: String, in counter: WritableKeyPath<Executed, Int>) -> Executed {
        state.withLock {
            $0.executed[keyPath: counter] += 1
            $0.executed.latest.append(operation)
            if $0.executed.latest.count > 100 { $0.executed.latest.removeFirst() }
            return $0.executed
        }
    }

    /// A list of `bytes` bytes, from a block that is made once for the seeds last asked for.
    func customerList(seed: UInt64, form: CustomerList.Form, bytes: Int) -> CustomerList {
        state.withLock {
            if let block = $0.blocks.first(where: { $0.seed == seed && $0.form == form && $0.suffices(forBytes: bytes) }) {
                return CustomerList(records: block, bytes: bytes)
            }
            let block = RecordBlock(seed: seed, form: form, bytes: bytes)
            $0.blocks.removeAll { $0.seed == seed && $0.form == form }
            $0.blocks.append(block)
            if $0.blocks.count > 4 { $0.blocks.removeFirst() }
            return CustomerList(records: block, bytes: bytes)
        }
    }

    /// Appends a request to the log. Its credential is left out; whether it was the right one is not.
    func log(_ request: VendorRequest, authorized: Bool) {
        log.withLock { file in
            guard let file else { return }
            let line = LoggedRequest(
                method: request.head.method.rawValue, uri: request.head.uri,
                headers: request.joinedHeaders.filter { $0.key != "authorization" }, authorized: authorized,
                bodyBytes: request.bodyBytes, body: String(buffer: request.body))
            guard var bytes = try? JSONEncoder().encode(line) else { return }
            bytes.append(UInt8(ascii: "\n"))
            try? file.write(contentsOf: bytes)
        }
    }

    private struct LoggedRequest: Encodable {
        var method: String
        var uri: String
        var headers: [String: String]
        var authorized: Bool
        var bodyBytes: Int
        var body: String
    }
}
