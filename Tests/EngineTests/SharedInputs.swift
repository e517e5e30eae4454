// Real inputs that lie beside the repository: payloads and labelled cases. Tests that need them say so when they are absent.

import Foundation

enum SharedInputs {
    /// `SLUICE_SHARED`, or `../shared` beside the package.
    static let folder: URL? = {
        let named = ProcessInfo.processInfo.environment["SLUICE_SHARED"].map { URL(fileURLWithPath: $0) }
        let beside = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("shared")
        let folder = named ?? beside
        if FileManager.default.fileExists(atPath: folder.appendingPathComponent("payloads").path) { return folder }
        print("SKIPPED: tests on shared payloads and cases; set SLUICE_SHARED to the folder that holds payloads/ and cases/")
        return nil
    }()

    static var arePresent: Bool { folder != nil }

    struct Body: CustomStringConvertible {
        var name: String
        var bytes: [UInt8]
        var description: String { name }
    }

    /// The files of `payloads/`.
    static func payloads() throws -> [Body] {
        let folder = folder!.appendingPathComponent("payloads")
        return try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".json") }.sorted().map {
            Body(name: $0, bytes: [UInt8](try Data(contentsOf: folder.appendingPathComponent($0))))
        }
    }

    /// The texts of a file of `cases/json`.
    static func cases(_ name: String) throws -> [Body] {
        let data = try Data(contentsOf: folder!.appendingPathComponent("cases/json/\(name).jsonl"))
        return try data.split(separator: 0x0A).compactMap { line in
            let record = try JSONSerialization.jsonObject(with: Data(line)) as! [String: Any]
            let name = record["id"] as! String
            if let encoded = record["b64"] as? String { return Data(base64Encoded: encoded).map { Body(name: name, bytes: [UInt8]($0)) } }
            guard let text = record["text"] as? String else { return nil }
            if record["enc"] as? String == "b64" || name.hasPrefix("planted") {
                return Data(base64Encoded: text).map { Body(name: name, bytes: [UInt8]($0)) }
            }
            return Body(name: name, bytes: Array(text.utf8))
        }
    }
}
