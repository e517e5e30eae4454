// Corpora made for a test, and the one that is shipped.

import Corpus
import Foundation

/// The folder `corpus/` of the repository.
let shippedCorpus = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "corpus").path

/// A corpus of these files, gone when it is released.
final class Folder {
    let path: String

    /// - Parameter files: path below the folder → text. A profile `default` that selects everything is added where there is none.
    init(_ files: [String: String]) throws {
        path = FileManager.default.temporaryDirectory.appending(path: "sluice-corpus-\(UUID().uuidString)").path
        var files = files
        if !files.keys.contains(where: { $0.hasPrefix("profiles/") }) { files["profiles/default.yaml"] = "name: default\ninclude: ['*']\n" }
        for (name, text) in files {
            let file = URL(filePath: path).appending(path: name)
            try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: file)
        }
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// What is wrong with it, with its path written as `C`; empty if it loads and compiles.
    func complaints() -> String {
        do {
            let corpus = try Corpus(directory: path)
            _ = try corpus.ruleSet(profiles: corpus.profiles.map(\.name))
            return ""
        } catch {
            return "\(error)".replacing(path, with: "C")
        }
    }
}

/// The complaints about one rule file `pii/a.yaml`.
func complaints(_ rules: String) throws -> String { try Folder(["pii/a.yaml": rules]).complaints() }
