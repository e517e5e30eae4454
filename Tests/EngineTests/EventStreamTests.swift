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

    // MARK: What the events of an API say besides their texts

    @Test(
        "A block ends the stream with the error of the API whose stream it is",
        arguments: [
            ("openai-chat", Format.sse, #"data: {"choices":[{"index":0,"delta":{"content":"@"}}]}"#, nil as String?, "error.code=sluice_blocked"),
            (
                "openai-responses", .sse, #"data: {"type":"response.output_text.delta","sequence_number":#,"output_index":0,"delta":"@"}"#, "error",
                "code=sluice_blocked type=error sequence_number=1"
            ),
            (
                "anthropic", .sse, #"data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"@"}}"#, "error",
                "type=error error.type=permission_error"
            ),
            ("gemini", .sse, #"data: {"candidates":[{"content":{"parts":[{"text":"@"}]}}]}"#, nil, "error.code=403 error.status=PERMISSION_DENIED"),
            (
                "cohere", .sse, #"data: {"type":"content-delta","index":0,"delta":{"message":{"content":{"text":"@"}}}}"#, "message-end",
                "type=message-end delta.finish_reason=ERROR"
            ),
            ("ollama", .ndjson, #"{"model":"m","message":{"role":"assistant","content":"@"},"done":false}"#, nil, "error=*"),
            (
                "bedrock", .ndjson, #"{"contentBlockDelta":{"contentBlockIndex":0,"delta":{"text":"@"}}}"#, nil,
                "modelStreamErrorException.originalStatusCode=403"
            ),
            (
                "mcp", .sse, #"data: {"jsonrpc":"2.0","id":"q7","result":{"content":[{"type":"text","text":"@"}]}}"#, "message",
                "jsonrpc=2.0 id=q7 error.code=-32001"
            ),
            ("unknown", .sse, #"data: {"words":"@"}"#, "error", "type=error error.code=sluice_blocked"),
        ])
    func errors(_ api: String, _ format: Format, _ shape: String, _ name: String?, _ members: String) throws {
        let end = format == .sse ? "\n\n" : "\n"
        func event(_ text: String, _ number: Int) -> String {
            shape.replacing("@", with: text).replacing("#", with: "\(number)") + end
        }
        let whole = api == "mcp" || api == "unknown"
        let stream = event("all is well. ", 0) + (whole ? event("DROP TABLE users", 1) : event("then DROP ", 1) + event("TABLE users", 2))
        let output = try mask(try Self.rules(), Array(stream.utf8), format: format) { 9 }.bytes
        let text = String(decoding: output, as: UTF8.self)
        #expect(text.hasPrefix(event("all is well. ", 0)) && !text.contains("DROP") && text.hasSuffix(end))
        let events = format == .sse ? ClientEvent.parse(output) : ClientEvent.lines(output)
        #expect(events.count == 2)
        #expect(events.last?.type == name ?? "")
        for member in members.split(separator: " ") {
            let parts = member.split(separator: "=")
            let value = parts[0].split(separator: ".").reduce(events.last?.json) { ($0 as? [String: Any])?[String($1)] }
            #expect(value != nil && (parts[1] == "*" || "\(value!)" == parts[1]), "\(api): \(member) in \(text)")
        }
        #expect(text.contains("sluice_blocked"))
    }

    @Test("The id of a JSON-RPC request is not told if it holds what is masked")
    func maskedRequestID() throws {
        let stream = #"data: {"jsonrpc":"2.0","id":"tok_abcdef","result":{"text":"drop table x"}}"# + "\n\n"
        let text = String(decoding: try mask(try Self.rules(), Array(stream.utf8)) { 100 }.bytes, as: UTF8.self)
        #expect(text.contains(#""id":null"#) && !text.contains("tok_"))
    }

    @Test("What an event says of the whole answer so far does not show what its pieces hide")
    func repeatedPrefix() throws {
        var said = ""
        var stream = ""
        for piece in ["pay 41", "11 1111 ", "1111", " 1111 now", ". Fine"] {
            said += piece
            stream += #"data: {"choices":[{"index":0,"message":{"content":"\#(said)"},"delta":{"content":"\#(piece)"}}]}"# + "\n\n"
        }
        let output = try mask(try Self.rules(), Array(stream.utf8)) { 11 }.bytes
        let text = String(decoding: output, as: UTF8.self)
        #expect(!text.contains("11 1111") && !text.contains("4111 1"))
        #expect(ReferenceClient.texts("openai-chat", ClientEvent.parse(output))["0 content"] == "pay **** **** **** 1111 now. Fine")
        #expect(text.contains(#"{"content":"pay **** **** **** 1111 now. Fine"}"#))
    }

    @Test("An event of which something is masked loses its log probabilities, another keeps them")
    func logProbabilities() throws {
        func event(_ text: String) -> String {
            let token = #"{"token":"\#(text)","logprob":-0.1,"bytes":[\#(text.utf8.map { "\($0)" }.joined(separator: ","))],"top_logprobs":[]}"#
            return #"data: {"choices":[{"index":0,"delta":{"content":"\#(text)"},"logprobs":{"content":[\#(token)],"refusal":null}}]}"# + "\n\n"
        }
        let output = try mask(try Self.rules(), Array((event("id tok_") + event("abcd") + event(" is it")).utf8)) { 1000 }.bytes
        let lines = String(decoding: output, as: UTF8.self).split(separator: "\n")
        #expect(lines.count == 3 && lines[0].hasSuffix(#""logprobs":null}]}"#) && lines[1].hasSuffix(#""logprobs":null}]}"#))
        #expect(lines[2] + "\n\n" == event(" is it"))
        #expect(!String(decoding: output, as: UTF8.self).contains("97,98,99,100"))
    }

    @Test("Values that differ from event to event are masked, though the events have all else in common")
    func varyingValues() throws {
        let rules = try Self.rules()
        var stream = ""
        var expected = ""
        for number in 0..<200 {
            let id = number % 7 == 3 ? "tok_abc\(number)" : "chunk \(number)"
            let time = number % 11 == 5 ? "4111111111111111" : "17000\(number)"
            func event(_ id: String, _ time: String) -> String {
                #"data: {"id":"\#(id)","created":\#(time),"choices":[{"index":0,"delta":{"content":"w\#(number). "}}]}"# + "\n\n"
            }
            stream += event(id, time)
            expected += event(number % 7 == 3 ? "[REDACTED:TOKEN]" : id, number % 11 == 5 ? "\"************1111\"" : time)
        }
        for size in [1000, 37] {
            let output = try mask(rules, Array(stream.utf8)) { size }.bytes
            #expect(String(decoding: output, as: UTF8.self) == expected)
        }
    }

    @Test("A value that came in one kind of event is not looked for in another's place")
    func typesThatEnd() throws {
        // Some vendors send an empty reason with every piece: nothing ends.
        let piece = { (text: String) in #"data: {"choices":[{"index":0,"delta":{"content":"\#(text)"},"finish_reason":""}]}"# + "\n\n" }
        let texts = ClientEvent.parse(try mask(try Self.rules(), Array((piece("key tok_ab") + piece("cdef") + piece(" ok.")).utf8)) { 50 }.bytes)
        #expect(ReferenceClient.texts("openai-chat", texts)["0 content"] == "key [REDACTED:TOKEN] ok.")
    }

    @Test("The arguments of a tool call are read as the JSON that they are")
    func arguments() throws {
        let arguments = #"{"to":"ann.lee\u0040mail.example.org","n":4111111111111111,"body":"{\"k\":\"tok\\u005fabcd\"}","x":"caf\u00e9 \"tok_1234\""}"#
        var stream = ""
        for byte in arguments.unicodeScalars {
            let quoted = String(decoding: try JSONSerialization.data(withJSONObject: String(byte), options: .fragmentsAllowed), as: UTF8.self)
            stream += #"data: {"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":\#(quoted)}}"# + "\n\n"
        }
        let output = try mask(try Self.rules(), Array(stream.utf8)) { 100 }.bytes
        let text = try #require(ReferenceClient.texts("anthropic-messages", ClientEvent.parse(output))["1 partial_json"])
        let read = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: String]
        #expect(read == ["to": "[REDACTED:EMAIL]", "n": "************1111", "body": #"{"k":"[REDACTED:TOKEN]"}"#, "x": "café \"[REDACTED:TOKEN]\""])
    }

    @Test("A field rule that names what carries pieces masks each of them, and one that names a member of a tool's arguments masks that")
    func fields() throws {
        let rules = try RuleSet(
            try Self.rules(),
            adding: [
                Rule(id: "thoughts", entity: "THOUGHT", fields: [try FieldPath("choices[*].delta.reasoning")]),
                Rule(id: "password", entity: "PASSWORD", fields: [try FieldPath("password")]),
            ])
        func call(_ piece: String) -> String {
            let quoted = String(decoding: try! JSONSerialization.data(withJSONObject: piece, options: .fragmentsAllowed), as: UTF8.self)
            return #"data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":\#(quoted)}}]}}]}"# + "\n\n"
        }
        let stream =
            Self.chunk("he said", member: "reasoning") + Self.chunk(" so", member: "reasoning") + Self.chunk("All is") + Self.chunk(" well. ")
            + call(#"{"user":"ann","pass"#) + call(#"word":"horse st"#) + call(#"aple"}"#)
        for size in [1, 50, 10000] {
            let texts = ReferenceClient.texts("openai-chat", ClientEvent.parse(try mask(rules, Array(stream.utf8)) { size }.bytes))
            #expect(texts["0 reasoning"] == "[REDACTED:THOUGHT][REDACTED:THOUGHT]")
            #expect(texts["0 content"] == "All is well. ")
            #expect(texts["0 call 0"] == #"{"user":"ann","password":"[REDACTED:PASSWORD]"}"#)
        }
    }

    // MARK: NDJSON

    @Test("Lines in which no model speaks are read as any NDJSON, and documents over many lines as one", arguments: [1, 13, 4000])
    func silentLines(size: Int) throws {
        let record = #"{"level":"info","mail":"ann@example.org","n":4111111111111111}"# + "\n"
        let masked = #"{"level":"info","mail":"[REDACTED:EMAIL]","n":"************1111"}"# + "\n"
        for count in [1, 5, 16, 17, 40] {
            let body = String(repeating: record, count: count)
            let result = try mask(try Self.rules(), Array(body.utf8), format: .ndjson) { size }
            #expect(String(decoding: result.bytes, as: UTF8.self) == String(repeating: masked, count: count))
        }
        let pretty = "{\n  \"mail\": \"ann@example.org\",\n  \"list\": [\n    4111111111111111\n  ]\n}\n"
        #expect(
            String(decoding: try mask(try Self.rules(), Array(pretty.utf8), format: .ndjson) { size }.bytes, as: UTF8.self)
                == "{\n  \"mail\": \"[REDACTED:EMAIL]\",\n  \"list\": [\n    \"************1111\"\n  ]\n}\n")
        let long = #"{"text":""# + String(repeating: "lorem ipsum ", count: 5000) + #"ann@example.org"}"# + "\n"
        #expect(
            String(decoding: try mask(try Self.rules(), Array((long + record).utf8), format: .ndjson) { size }.bytes, as: UTF8.self)
                == long.replacing("ann@example.org", with: "[REDACTED:EMAIL]") + masked)
    }

    @Test("A model that begins to speak after other lines is heard")
    func lateSpeech() throws {
        func line(_ text: String) -> String { #"{"model":"m","message":{"role":"assistant","content":"\#(text)"},"done":false}"# + "\r\n" }
        let body = String(repeating: #"{"status":"loading"}"# + "\r\n", count: 12) + line("see tok_") + "\n" + line("abc") + line("def. ")
        for size in [1, 30, 5000] {
            let output = try mask(try Self.rules(), Array(body.utf8), format: .ndjson) { size }.bytes
            #expect(
                String(decoding: output, as: UTF8.self)
                    == body.replacing("see tok_", with: "see [REDACTED:TOKEN]").replacing("\"abc\"", with: "\"\"").replacing("def. ", with: ". "))
        }
    }

    // MARK: Bounds

    @Test("What waits and what is remembered take up 64 KiB at most; beyond it the body fails and nothing of it leaves")
    func stateBound() throws {
        var masker = Masker(try RuleSet([Rule(id: "long", entity: "LONG", pattern: "k[a-z]{1,900}!")]), format: .sse)
        var fed = 0
        var released = 0
        #expect(throws: MaskError.self) {
            for _ in 0..<4000 {
                let event = Array(Self.chunk("k").utf8)
                fed += event.count
                released += try event.withUnsafeBytes { try masker.feed($0).count }
                #expect(masker.statistics.held <= 64 * 1024)
            }
        }
        #expect(released == 0 && fed > 16 * 1024)
        #expect(try masker.finish().count == 0)
    }

    @Test("An event that is too large to be held interrupts a text, but a value that goes on behind it is masked from there")
    func valueAroundLargeEvent() throws {
        let large = "event: big\ndata: {\"text\":\"\(String(repeating: "lorem ipsum ", count: 5000))\"}\n\n"
        let stream = Self.chunk("key tok_") + large + Self.chunk("secret99")
        for size in [500, 1 << 20] {
            let text = String(decoding: try mask(try Self.rules(), Array(stream.utf8)) { size }.bytes, as: UTF8.self)
            #expect(!text.contains("secret99") && text.contains(large))
        }
    }
}
