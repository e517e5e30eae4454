// Where the commands for records and approvals find the data directory, and how they print.

import ArgumentParser
import Foundation
import Proxy
import Record

/// The configuration that a command goes by.
struct ConfigurationOption: ParsableArguments {
    @Option(name: [.customLong("config"), .customShort("c")], help: ArgumentHelp("The configuration.", valueName: "file"))
    var file = "sluice.yaml"
}

/// Whose records a command reads.
struct RecordOptions: ParsableArguments {
    @OptionGroup var configuration: ConfigurationOption

    @Option(help: ArgumentHelp("The data directory itself, where the configuration cannot be read.", valueName: "dir"))
    var data: String?

    func openIndex() throws -> Index {
        try Index(directory: data ?? Configuration.administration(configuration.file).dataDirectory)
    }
}

/// JSON as the commands print it: names in snake case and in order, one value per line.
func printJSON(_ value: some Encodable, pretty: Bool = true) throws {
    let encoder = JSONEncoder()
    encoder.keyEncodingStrategy = .convertToSnakeCase
    encoder.outputFormatting = pretty ? [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted] : [.sortedKeys, .withoutEscapingSlashes]
    FileHandle.standardOutput.write(try encoder.encode(value) + [10])
}

/// Rows under a head, each column as wide as its widest cell.
func printTable(_ head: [String], _ rows: [[String]]) {
    let cells = [head] + rows.map { $0.map(terminalText) }
    let widths = head.indices.map { column in cells.map { $0[column].count }.max() ?? 0 }
    for row in cells {
        let padded = zip(row, widths).map { cell, width in cell + String(repeating: " ", count: width - cell.count) }
        var line = padded.joined(separator: "  ")
        while line.hasSuffix(" ") { line.removeLast() }
        print(line)
    }
}

/// Named values, one on each line; those without a value are left out.
func printFields(_ fields: [(name: String, value: String?)]) {
    let width = fields.map(\.name.count).max() ?? 0
    for (name, value) in fields {
        guard let value else { continue }
        print(name + String(repeating: " ", count: width - name.count + 2) + terminalText(value))
    }
}

/// `1 key`, `2 keys`.
func counted(_ count: Int, _ one: String, _ many: String? = nil) -> String { "\(count) \(count == 1 ? one : many ?? one + "s")" }

/// `text` with everything made visible that a terminal would obey or hide: control characters but line breaks and tabs, and the characters
/// that change the direction of writing. What an agent sends is shown to the person who approves it; it must not be able to draw on their screen.
///
/// Source: Unicode TR 36 §3; CVE-2021-42574 for the bidirectional controls.
func terminalText(_ text: String) -> String {
    var output = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
        switch scalar.value {
        case 0x0A, 0x09: output.append(scalar)
        case 0..<0x20, 0x7F..<0xA0, 0x200B...0x200F, 0x2028...0x202E, 0x2060...0x2069, 0xFEFF, 0xE0000...0xE007F:
            output.append(contentsOf: "\\u{\(String(scalar.value, radix: 16))}".unicodeScalars)
        default: output.append(scalar)
        }
    }
    return String(output)
}

/// A body for a screen: text as far as it is text, cut off after `limit` bytes.
func printBody(_ body: [UInt8], of total: Int?, limit: Int = 16 * 1024) {
    guard !body.isEmpty else {
        print("  (no body kept)")
        return
    }
    let shown = terminalText(String(decoding: body.prefix(limit), as: UTF8.self))
    for line in shown.split(separator: "\n", omittingEmptySubsequences: false) { print("  " + line) }
    if let total, total > min(body.count, limit) { print("  (\(total) bytes in all, \(body.count) kept)") }
}
