// First inputs of the readers of commands, from the bypass corpus and from labelled commands beside the repository.

import Foundation
import OperationsFuzz

enum CommandSeeds {
    private struct Case: Decodable {
        var command: String
        var domain: String?
    }

    /// Domains of the files whose commands are seeds of a reader. Those of others follow, so that each reader meets what is not meant for it.
    private static let domains: [String: Set<String>] = [
        "sql": ["sql"], "mongo": ["mongo", "mongodb", "nosql"], "redis": ["redis", "nosql"], "nosql": ["mongo", "mongodb", "redis", "nosql"], "http": ["http"],
        "powershell": ["powershell", "windows"], "code": ["code"],
    ]

    /// Commands that `reader` may get: those of its own domains, and every eighth of the others.
    static func commands(for reader: String) throws -> [String] {
        let root = (0..<4).reduce(URL(filePath: #filePath)) { url, _ in url.deletingLastPathComponent() }
        let folders = [root.appending(path: "Tests/OperationsTests/bypasses"), root.deletingLastPathComponent().appending(path: "shared/cases/commands")]
        var commands: [String] = []
        for folder in folders {
            for name in ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []).sorted() where name.hasSuffix(".jsonl") {
                for (index, line) in try Data(contentsOf: folder.appending(path: name)).split(separator: 0x0A).enumerated() {
                    let one = try JSONDecoder().decode(Case.self, from: line)
                    if domains[reader]?.contains(one.domain ?? "shell") ?? true || index % 8 == 0 { commands.append(one.command) }
                }
            }
        }
        return commands
    }

    static func write(for reader: String, to folder: String) throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let commands = try commands(for: reader)
        for (index, command) in commands.enumerated() { try Data(command.utf8).write(to: URL(filePath: folder).appending(path: "seed-\(index)")) }
        print("\(commands.count) seeds in \(folder)")
    }

    /// The words that most of the seeds hold, as a dictionary of libFuzzer.
    static func dictionary(for reader: String) throws -> String {
        var counts: [Substring: Int] = [:]
        for command in try commands(for: reader) {
            for word in Set(command.split { !$0.isASCII || !($0.isLetter || $0.isNumber || "-_$/.".contains($0)) }) where (2...20).contains(word.utf8.count) { counts[word, default: 0] += 1 }
        }
        let frequent = counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.prefix(400).map { String($0.key) }
        return Seeds.written(frequent + ["$(", "`", "<<E\n", "\nE\n", "'''", "$$", "/*", "*/", "--", "\\x72", "${IFS}", "\r\n\r\n", "{\"", "\": ", "\u{200B}", "ｒｍ", "\\u0072"])
    }
}
