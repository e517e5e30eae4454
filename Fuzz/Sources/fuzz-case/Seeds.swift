// The first inputs and the dictionary, made from the rules: nothing that looks like a credential stands in a file.

import Corpus
import EngineFuzz
import Foundation

enum Seeds {
    /// Writes one file for each seed into `folder`, which is made if need be.
    static func write(to folder: String) throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        var count = 0
        func seed(_ format: Int, _ set: Int, _ body: String, stretch: [UInt8] = Array("000".utf8)) throws {
            // Every kind of cut and both placements in turn.
            let head = Array("\(format)\(set)\(count % 4)".utf8) + [UInt8(truncatingIfNeeded: 1 + count * 37), UInt8(48 + count % 2)] + stretch
            count += 1
            try Data(head + Array(body.utf8)).write(to: URL(filePath: folder).appending(path: "seed-\(count)"))
        }

        for (index, set) in FuzzRules.all.enumerated() {
            let texts = try examples(of: set)
            for text in texts {
                try seed(0, index, text)
                try seed(1, index, object(text))
            }
            // Several at once, spread over the events of a stream.
            for group in stride(from: 0, to: texts.count, by: 4) {
                let text = texts[group..<min(group + 4, texts.count)].joined(separator: ", ")
                try seed(1, index, "[\(quoted(text, escaping: true)),\(object(text))]\n{\"n\":4111111111111111}")
                for stream in Dialect.allCases { try seed(2, index, stream.stream(of: text)) }
                let events = Dialect.chat.stream(of: text).split(separator: "\n").filter { $0.hasPrefix("data: {") }.map { $0.dropFirst(6) }
                try seed(4, index, "[\(events.joined(separator: ",\n"))]")
                // In base64; and as they are, for which there is a space in front.
                try seed(5, index, events.joined(separator: "\n"))
                let halves = [text.prefix(text.count / 2), text.dropFirst(text.count / 2)]
                try seed(5, index, halves.map { " {\"contentBlockIndex\":0,\"delta\":{\"text\":\(quoted(String($0)))}}\n" }.joined())
            }
            for document in documents { try seed(1, index, document) }
        }
        // Far over what may be held: a part of the body, repeated up to a thousand times.
        for (index, body) in stretched.enumerated() {
            for format in 0..<3 { try seed(format, index % FuzzRules.all.count, body, stretch: [120, 40, 240 + UInt8(index % 16)]) }
        }
        print("\(count) seeds in \(folder)")
    }

    /// Words of the formats, and what the patterns say literally.
    static func dictionary() throws -> String {
        var words: Set<String> = [
            "data: ", "\n\n", "\r\n", "event: ", "id: ", "retry: ", "[DONE]", "\"choices\":[{\"index\":0,\"delta\":{\"content\":\"", "\"}}]}\n\n",
            "content_block_delta", "\"delta\":{\"type\":\"text_delta\",\"text\":\"", "\\u0034", "\\ud83d", "\\ude00", "\\\\", "\\\"", "\\/", "\\n", "true", "null",
            "{\"", "\":", "\"}", "[[[[", "]]]]", "-1.5e+9", "é", "日本", "😀", "\u{FEFF}", "4111 1111 1111 1111", "078-05-1120", "ann@example.org",
            "GB82 WEST 1234 5698 7654 32", "10.0.0.1", "2001:db8::1",
        ]
        for set in FuzzRules.all {
            for rule in try set.rules() {
                words.formUnion(literals(of: rule.pattern))
                words.formUnion(rule.context?.words ?? [])
            }
        }
        return written(words.sorted())
    }

    /// Words as a dictionary of libFuzzer.
    static func written(_ words: [String]) -> String {
        words.map { word in
            "\"" + word.utf8.map { byte in "\\x" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true) }.joined() + "\"\n"
        }.joined()
    }

    /// Runs of three and more letters, digits and signs outside of classes, groups and escapes.
    private static func literals(of pattern: String) -> [String] {
        var found: [String] = []
        var current = ""
        var inClass = false
        var isEscaped = false
        for character in pattern + "|" {
            let isPlain = !inClass && !isEscaped && (character.isLetter || character.isNumber || "_-/@: =\"".contains(character))
            if isPlain { current.append(character) } else {
                if current.count >= 3 { found.append(current) }
                current = ""
            }
            if isEscaped { isEscaped = false } else if character == "\\" { isEscaped = true } else if character == "[" { inClass = true } else if character == "]" {
                inClass = false
            }
        }
        return found
    }

    // MARK: Texts

    /// Texts in which rules of the set match, or nearly.
    private static func examples(of set: FuzzRules) throws -> [String] {
        switch set.name {
        case "default-profile":
            let corpus = try Corpus.open()
            let ids = Set(try set.rules().map(\.id))
            return corpus.entries.filter { ids.contains($0.rule.id) }.flatMap { entry in
                entry.examples.prefix(2).map(\.text) + entry.counterexamples.prefix(1).map(\.text)
            }
        case "ordinary":
            return [
                "pay 4111 1111 1111 1111 now", "ann.lee@mail.example.org, bob@example", "ssn 078-05-1120 or 000-12-3456", "10.0.0.1 10.0.0.256 2001:db8::1 ::",
                "GB82 WEST 1234 5698 7654 32", "ftp://user:pass:word@host/x", "12345678901234567",
            ]
        case "context":
            return [
                "account 12345678, myAcct: 999999", "{\"password\": \"" + "hunter" + "2\"}", "phone +1 (202) 555-0143 call 5550143", "api key=\"ab12cd34ef56\"",
                "ax1 bx22 a.x333",
            ]
        case "prompt":
            return [
                "tok_abcdefgh12 rest", "Authorization: Bearer aaaabbbbccccdddd.eee", "secret=all of the line\nnext", "-----BEGIN A KEY-----\nabcdefghijklmnopqrstuvwxyz\n-----END",
                "10,20,30,40,5", "runabcd runabcde", "id:abcdef0123456789 x", "num:4111111111111111 ",
            ]
        case "block": return ["then DROP  TABLE users", "rm -rf / tmp", "so kill all of them", "ann@drop table.example", "-rf drop table x"]
        case "overlaps": return ["ab1234cd 4111111111111111 12", "abc ab12ab 99", "1234567890123456789012345678901", "12a34b56"]
        case "high-bytes": return ["é123é😀", "-€- -日本- -é", "日本日本a", "@@éé ", ".日x -ééx", "😀😁ab", " zéz"]
        case "small-alphabet": return ["abcabbcbbc aabbc", "cacacab 2 33", "112123313 1 3", "\tabc", "babab abab"]
        default: return ["nothing here"]
        }
    }

    private static let documents = [
        "{\"a\":[1,-2.5e3,true,null,{\"b\":\"\"}],\"4111111111111111\":4111111111111111}", "1 2\n3", "\"\\u0061b\\ud83d\\ude00 \\ud83d x\\q\\u12\"", "[[[[[[[[]]]]]]]]",
        "{\"a\":1,}", "\u{FEFF}{\"x\":\"078-05-1120\"}", "{\"card\":\"\\u0034111 1111\\u00201111 1111\"}", "12345678901234567890123456789012345678901234567890",
    ]

    private static let stretched = [
        "x 4 x", "ann@example.org ", "{\"a\":\"tok_aaaaaaaaa\"}", "[[[1]]]", "secret=aaaa", "\"\\u0061\\u0062\"", "id:abababab", "1111", "aaaa.aaaa@aaaa.aaaa",
        "data: {\"a\":\"4\"}\n\n", "data: x\n", "\"éééé\"", "-----BEGIN A-----aaaa", "4111 1111 ",
    ]

    private static func quoted(_ text: String, escaping: Bool = false) -> String {
        var result = "\""
        for unit in text.utf16 {
            if escaping || unit < 0x20 || unit == 0x22 || unit == 0x5C || unit >= 0xD800 {
                let digits = String(unit, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            } else {
                result.unicodeScalars.append(UnicodeScalar(unit) ?? "?")
            }
        }
        return result + "\""
    }

    private static func object(_ text: String) -> String { "{\"id\":\"x1\",\"text\":\(quoted(text)),\"n\":[1,\"a\"]}" }

    /// Streams of model APIs, and one that is none.
    private enum Dialect: CaseIterable {
        case chat, messages, plain

        /// `text`, a few characters an event.
        func stream(of text: String) -> String {
            var result = self == .plain ? ": hello\n\n" : ""
            var rest = Substring(text)
            while !rest.isEmpty {
                let piece = quoted(String(rest.prefix(5)))
                rest = rest.dropFirst(5)
                switch self {
                case .chat: result += "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\(piece)}}]}\n\n"
                case .messages:
                    result += "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\(piece)}}\n\n"
                case .plain: result += "id: 1\r\ndata: \(piece)\r\n\r\n"
                }
            }
            return result + (self == .chat ? "data: [DONE]\n\n" : "")
        }
    }
}
