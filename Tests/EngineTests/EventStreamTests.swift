// Event streams: what their reader puts together is masked like one text, and nothing else changes.

import Engine
import Foundation
import Testing

@Suite("Event streams")
struct EventStreamTests {
    static func rules() throws -> RuleSet {
        try RuleSet([
            Rule(id: "email", entity: "EMAIL", pattern: #"\b[A-Za-z0-9._%+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}\b"#),
            Rule(id: "card", entity: "CARD", pattern: #"\b[0-9](?:[ -]?[0-9]){12,18}\b"#, checks: [.luhn], action: .mask(.init(keepLast: 4))),
            Rule(id: "token", entity: "TOKEN", pattern: "tok_[a-z0-9]{4,}"),
            Rule(id: "drop", entity: "SQL", pattern: #"(?i)\bdrop\s{1,5}table\b"#, action: .block),
        ])
    }

    /// Feeds `body` in pieces of at most `sizes`' next value bytes.
    private func mask(_ rules: RuleSet, _ body: [UInt8], format: Format = .sse, size: () -> Int) throws -> (bytes: [UInt8], blocked: Finding?) {
        var masker = Masker(rules, format: format)
        var output: [UInt8] = []
        var start = 0
        while start < body.count {
            let end = min(start + max(size(), 1), body.count)
            try body[start..<end].withUnsafeBytes { try masker.feed($0).append(to: &output, chunk: $0) }
            start = end
        }
        try masker.finish().append(to: &output, chunk: UnsafeRawBufferPointer(start: nil, count: 0))
        return (output, masker.blocked)
    }

    private static func chunk(_ text: String, choice: Int = 0, member: String = "content") -> String {
        let quoted = String(decoding: try! JSONSerialization.data(withJSONObject: text, options: .fragmentsAllowed), as: UTF8.self)
        return "data: {\"id\":\"c\",\"choices\":[{\"index\":\(choice),\"delta\":{\"\(member)\":\(quoted)}}]}\n\n"
    }

    /// The texts that a reader of OpenAI's chunks puts together, by choice and member.
    private func answers(_ stream: [UInt8]) throws -> [String: String] {
        var texts: [String: String] = [:]
        for line in String(decoding: stream, as: UTF8.self).split(separator: "\n") where line.hasPrefix("data: {") {
            let event = try JSONSerialization.jsonObject(with: Data(line.dropFirst(6).utf8)) as? [String: Any]
            for choice in event?["choices"] as? [[String: Any]] ?? [] {
                for (member, text) in choice["delta"] as? [String: String] ?? [:] { texts["\(choice["index"] ?? 0) \(member)", default: ""] += text }
            }
        }
        return texts
    }

    @Test("What the reader puts together equals the whole text masked, whatever the pieces and the cuts", arguments: 0..<60)
    func piecesEqualWhole(seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed))
        let rules = try Self.rules()
        let samples = [
            "pay 4111 1111 1111 1111 now", "write to ann.lee@mail.example.org, thanks", "the tok_" + "abc123xyz is", "just words. ", "é \"quoted\" \\ ",
            "4111-1111-1111-1112 is none", "a@b", "\n",
        ]
        var plain = ["", ""]
        for index in plain.indices { for _ in 0..<Int.random(in: 1...6, using: &random) { plain[index] += samples.randomElement(using: &random)! } }
        // Two choices take turns piece by piece.
        var rest = plain.map { Array($0) }
        var stream = ": hello\n\n"
        while rest.contains(where: { !$0.isEmpty }) {
            let index = rest.indices.filter { !rest[$0].isEmpty }.randomElement(using: &random)!
            let count = min(Int.random(in: 1...9, using: &random), rest[index].count)
            stream += Self.chunk(String(rest[index][..<count]), choice: index)
            rest[index].removeFirst(count)
        }
        stream += "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n"
        let body = Array(stream.utf8)
        let whole = try mask(rules, body) { body.count }
        let read = try answers(whole.bytes)
        for index in plain.indices {
            let expected = try mask(rules, Array(plain[index].utf8), format: .text) { 1 << 20 }
            #expect(read["\(index) content"] ?? "" == String(decoding: expected.bytes, as: UTF8.self), "seed \(seed)")
        }
        for size in 1...20 { #expect(try mask(rules, body) { size }.bytes == whole.bytes, "seed \(seed), chunks of \(size)") }
        #expect(try mask(rules, body) { Int.random(in: 1...90, using: &random) }.bytes == whole.bytes, "seed \(seed)")
    }

    @Test("Streams recorded from model APIs come through byte for byte when there is nothing to mask", .enabled(if: SharedInputs.arePresent))
    func recordedStreams() throws {
        let rules = try RuleSet([
            Rule(id: "never", entity: "NEVER", pattern: #"\bNeVeR-[0-9]{4,8}-sEeN\b"#),
            Rule(id: "address", entity: "ADDRESS", pattern: #"\b[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}\.invalid\b"#),
        ])
        for file in ["vercel-ai", "anthropic-sdk"] {
            let cases = try Data(contentsOf: SharedInputs.folder!.appendingPathComponent("cases/sse/\(file).jsonl"))
            for line in cases.split(separator: 0x0A) {
                let record = try JSONSerialization.jsonObject(with: Data(line)) as? [String: Any]
                guard record?["framing"] as? String == "sse", let stream = record?["stream"] as? String else { continue }
                let body = Array(stream.utf8)
                for size in [body.count, 7, 1000] {
                    #expect(try mask(rules, body) { size }.bytes == body, "\(record?["id"] ?? ""), chunks of \(size)")
                }
            }
        }
    }

    @Test("An event leaves as soon as nothing in it is open")
    func leastDelay() throws {
        var masker = Masker(try Self.rules(), format: .sse)
        func feed(_ text: String) throws -> String {
            var output: [UInt8] = []
            try Array(text.utf8).withUnsafeBytes { try masker.feed($0).append(to: &output, chunk: $0) }
            return String(decoding: output, as: UTF8.self)
        }
        let (first, second, third) = (Self.chunk("All is well. "), Self.chunk("Pay 4111 "), Self.chunk("times! "))
        #expect(try feed(first) == first)
        #expect(try feed(second) == "")
        #expect(try feed(third) == second + third)
    }

    @Test("A block ends the stream with an error event, and nothing of the command is released")
    func block() throws {
        let stream = Self.chunk("fine. ") + Self.chunk("then DROP ") + Self.chunk("TABLE users") + Self.chunk(";")
        let body = Array(stream.utf8)
        for size in [1, 13, body.count] {
            let result = try mask(try Self.rules(), body) { size }
            let text = String(decoding: result.bytes, as: UTF8.self)
            #expect(text.hasPrefix(Self.chunk("fine. ")) && text.contains("sluice_blocked") && !text.contains("DROP"))
            #expect(result.blocked?.rule == "drop")
        }
    }

    @Test("A channel that goes on after another one spoke is masked from there")
    func interleaved() throws {
        let stream = Self.chunk("key tok_", member: "reasoning_content") + Self.chunk("Hi. ") + Self.chunk("secret99", member: "reasoning_content")
        let text = String(decoding: try mask(try Self.rules(), Array(stream.utf8)) { 5 }.bytes, as: UTF8.self)
        #expect(!text.contains("secret99") && text.contains("[REDACTED:TOKEN]"))
    }

    @Test("An event too large to hold is masked while it streams", arguments: [1000, 8192, 1 << 20])
    func largeEvents(size: Int) throws {
        let filler = String(repeating: "lorem ipsum ", count: 5000)
        let stream = Self.chunk("before ") + "event: big\ndata: {\"text\":\"\(filler)ann@example.org\",\"n\":1}\n\n" + Self.chunk("after. ")
        let masked = try mask(try Self.rules(), Array(stream.utf8)) { size }.bytes
        #expect(String(decoding: masked, as: UTF8.self) == stream.replacingOccurrences(of: "ann@example.org", with: "[REDACTED:EMAIL]"))
    }

    @Test("A report that runs to the end of a channel which holds nothing is listed where it lies")
    func reportAtTheEnd() throws {
        let rules = try RuleSet([Rule(id: "word", entity: "WORD", pattern: "id[a-z]+", action: .report)])
        var masker = Masker(rules, format: .sse)
        let body = Array((Self.chunk("see idab") + "data: [DONE]\n\n").utf8)
        var findings = try body.withUnsafeBytes { try masker.feed($0).findings }
        findings += try masker.finish().findings
        #expect(findings.map(\.rule) == ["word"])
        #expect(findings.first.map { String(decoding: body[$0.range], as: UTF8.self) } == "idab")
    }

    @Test("Any number of channels is followed with bounded memory, or the body fails")
    func manyChannels() throws {
        var masker = Masker(try Self.rules(), format: .sse)
        var output: [UInt8] = []
        var expected = ""
        for choice in 0..<2000 {
            let event = Self.chunk("done. ", choice: choice)
            expected += event
            try Array(event.utf8).withUnsafeBytes { try masker.feed($0).append(to: &output, chunk: $0) }
        }
        #expect(String(decoding: output, as: UTF8.self) == expected)
        #expect(throws: MaskError.self) {
            for choice in 0..<2000 {
                try Array(Self.chunk("open", choice: choice).utf8).withUnsafeBytes { _ = try masker.feed($0) }
            }
        }
    }
}
