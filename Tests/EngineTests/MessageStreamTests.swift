// Amazon's event streams, and answers that are one JSON array: what is special about their framing. What models say in them: `RandomEventTests`.

import Engine
import Foundation
import Testing

@Suite("Binary messages")
struct MessageStreamTests {
    /// - Returns: what came out before the end, or before the body failed.
    private static func mask(_ body: [UInt8], size: Int, format: Format = .eventstream) -> (output: [UInt8], findings: [Finding], blocked: Finding?, failure: String?, held: Int) {
        var output: [UInt8] = []
        var findings: [Finding] = []
        var masker = Masker(try! EventStreamTests.rules(), format: format)
        do {
            for start in stride(from: 0, to: body.count, by: size) {
                try Array(body[start..<min(start + size, body.count)]).withUnsafeBytes {
                    let masked = try masker.feed($0)
                    findings += masked.findings
                    masked.append(to: &output, chunk: $0)
                }
            }
            let masked = try masker.finish()
            findings += masked.findings
            masked.append(to: &output, chunk: UnsafeRawBufferPointer(start: nil, count: 0))
        } catch {
            return (output, findings, masker.blocked, "\(error)", masker.statistics.mostHeld)
        }
        return (output, findings, masker.blocked, nil, masker.statistics.mostHeld)
    }

    private static func text(_ text: String, block: Int = 0) -> ReferenceMessage {
        ReferenceMessage("contentBlockDelta", Array(#"{"contentBlockIndex":\#(block),"delta":{"text":"\#(text)"},"p":"ab"}"#.utf8))
    }

    private static func bytes(_ messages: [ReferenceMessage]) -> [UInt8] { messages.flatMap(\.bytes) }

    @Test("Messages leave as the bytes that came as soon as nothing in them is open")
    func leastDelay() throws {
        let messages = [
            ReferenceMessage("messageStart", Array(#"{"role":"assistant"}"#.utf8)), Self.text("All is well. "), Self.text("Pay 4111 "), Self.text("times! "),
            ReferenceMessage("contentBlockStop", Array(#"{ "contentBlockIndex" : 0 }"#.utf8)), ReferenceMessage("ping", []),
            ReferenceMessage("modelStreamErrorException", Array(#"{"message":"no"}"#.utf8), kind: "exception"),
        ]
        var masker = Masker(try EventStreamTests.rules(), format: .eventstream)
        var left: [Int] = []
        var held: [Int] = []
        for message in messages {
            var output: [UInt8] = []
            try message.bytes.withUnsafeBytes { try masker.feed($0).append(to: &output, chunk: $0) }
            left.append(output.count)
            held.append(masker.statistics.held)
        }
        let counts = messages.map(\.bytes.count)
        #expect(left == [counts[0], counts[1], 0, counts[2] + counts[3], counts[4], counts[5], counts[6]])
        #expect(held == [0, 0, counts[2], 0, 0, 0, 0])
        for size in [1, 11, 12, 16, 1000] { #expect(Self.mask(Self.bytes(messages), size: size).output == Self.bytes(messages)) }
    }

    @Test("A wrong length or checksum, half a message or a message too large fails, and nothing of it leaves", arguments: [1, 50, 100_000])
    func failures(size: Int) throws {
        let (good, bad) = (Self.text("All is well. ").bytes, Self.text("write to ann@example.org. ").bytes)
        for index in bad.indices {
            var broken = bad
            broken[index] ^= 0x10
            let result = Self.mask(good + broken + good, size: size)
            #expect(result.failure?.contains("byte \(good.count)") == true, "byte \(index): \(result.failure ?? "no failure")")
            #expect(result.output == good || result.output.isEmpty)
        }
        for count in [1, 11, 12, 40, bad.count - 1] {
            let result = Self.mask(good + bad.prefix(count), size: size)
            #expect(result.failure?.contains("\(count) bytes have come") == true && result.output == good)
        }
        let large = ReferenceMessage("contentBlockDelta", Array(#"{"delta":{"text":"\#(String(repeating: "x", count: 60_000))"}}"#.utf8)).bytes
        #expect(Self.mask(large, size: size).failure?.contains("\(large.count) bytes") == true)
        // Lengths that agree with their checksum, and not with each other.
        let lengths: [UInt8] = [0, 0, 0, 20, 0, 0, 0, 9]
        let checksum = ReferenceMessage.checksum(lengths)
        let prelude = lengths + [24, 16, 8, 0].map { UInt8(checksum >> $0 & 0xFF) }
        #expect(Self.mask(prelude + [0, 0, 0, 0, 0, 0, 0, 0], size: size).failure?.contains("byte 0") == true)
    }

    @Test("A block ends the stream with an exception, and nothing of the command is released", arguments: [1, 100, 100_000])
    func block(size: Int) throws {
        let chunk = { (text: String) in
            ReferenceMessage(chunk: Array(#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"\#(text)"}}"#.utf8))
        }
        let streams = [
            [Self.text("fine. "), Self.text("then DROP "), Self.text("TABLE users"), Self.text(";")],
            [chunk("fine. "), chunk("then DROP "), chunk("TABLE users")],
            [chunk("fine. "), ReferenceMessage(chunk: Array(#"{"type":"ping"}"#.utf8), more: #","note":"drop table x""#), chunk("more")],
            [chunk("fine. "), ReferenceMessage(fields: [(":message-type", "error"), (":error-message", "near DROP TABLE t")], payload: []), chunk("more")],
        ]
        for messages in streams {
            let result = Self.mask(Self.bytes(messages), size: size)
            let read = try ReferenceMessage.read(result.output)
            #expect(read.count == 2 && read[0].bytes == messages[0].bytes && result.blocked?.rule == "drop")
            #expect(read[1].fields.map(\.value) == ["modelStreamErrorException", "application/json", "exception"])
            let json = try JSONSerialization.jsonObject(with: Data(read[1].payload)) as? [String: Any]
            #expect((json?["message"] as? String)?.contains("sluice_blocked") == true && json?["originalStatusCode"] as? Int == 403)
        }
    }

    @Test("What stands around a payload's base64, in header fields, and in messages of any other kind is masked", arguments: [1, 100_000])
    func everywhere(size: Int) throws {
        let mail = "ann@example.org"
        let messages = [
            ReferenceMessage(chunk: Array("no document, but \(mail)\n".utf8), more: #", "attribution": {"text":"by \#(mail)"}"#),
            ReferenceMessage(fields: [("x", "1"), (":error-message", "to \(mail)!"), (":message-type", "error"), ("y", mail)], payload: Array(#"["\#(mail)"]"#.utf8)),
            ReferenceMessage("trace", Array(#"{"a":"\u0061nn@example.org","bytes":"not base64 \#(mail)"}"#.utf8)),
            ReferenceMessage("bad type \(mail)", Array(#"{"a":"\#(mail)"}"#.utf8)),
        ]
        let read = try ReferenceMessage.read(Self.mask(Self.bytes(messages), size: size).output)
        #expect(read.count == messages.count)
        let label = "[REDACTED:EMAIL]"
        #expect(String(decoding: try read[0].said, as: UTF8.self) == "no document, but \(label)\n")
        #expect(String(decoding: read[0].payload, as: UTF8.self).hasSuffix(#", "attribution": {"text":"by \#(label)"}}"#))
        #expect(read[1].fields.map(\.value) == ["1", "to \(label)!", "error", label] && read[1].payload == Array(#"["\#(label)"]"#.utf8))
        #expect(read[2].payload == Array(#"{"a":"\#(label)","bytes":"not base64 \#(label)"}"#.utf8))
        #expect(read[3].type == "bad type \(label)")
    }

    @Test("Text that is no document goes on from message to message", arguments: [1, 100_000])
    func texts(size: Int) throws {
        let said = ["The \"number\"\n is 4111 11", "11 1111", " 1111.\n", "{\"", "a@b.example.org\":"]
        for messages in [said.map { ReferenceMessage(chunk: Array($0.utf8)) }, said.map { ReferenceMessage("Records", Array($0.utf8)) }] {
            let result = Self.mask(Self.bytes(messages), size: size)
            let read = try ReferenceMessage.read(result.output).map { String(decoding: try $0.said, as: UTF8.self) }
            #expect(read == ["The \"number\"\n is **** **** **** 1111", "", ".\n", "{\"", "[REDACTED:EMAIL]\":"])
        }
    }

    @Test("Field rules hold in payloads, and masked numbers stay what they are told to be")
    func fields() throws {
        let rules = try RuleSet(RuleSet([Rule(id: "pin", entity: "PIN", fields: [FieldPath("pin"), FieldPath("metadata.user[*].code")])]), numbers: .null)
        let messages = [
            ReferenceMessage("metadata", Array(#"{"user":[{"pin": 1234,"code":5}], "x":[{"code":5}]}"#.utf8)),
            ReferenceMessage(chunk: Array(#"{"pin":[7,"a"],"delta":{"text":"b"}}"#.utf8)),
        ]
        let read = try ReferenceMessage.read(try MaskerRun(rules, .eventstream, Self.bytes(messages), .every(9, of: 200)).result.output)
        #expect(String(decoding: read[0].payload, as: UTF8.self) == #"{"user":[{"pin": null,"code":null}], "x":[{"code":5}]}"#)
        #expect(String(decoding: try read[1].said, as: UTF8.self) == #"{"pin":[null,"[REDACTED:PIN]"],"delta":{"text":"b"}}"#)
    }

    @Test("A chunk whose payload is not in base64, or said twice, fails")
    func encodings() {
        for payload in [#"{"bytes":"YQ"}"#, #"{"bytes":"YR=="}"#, #"{"bytes":"YW Jj"}"#, #"{"bytes":"YWJj","bytes":"YWJj"}"#] {
            #expect(Self.mask(ReferenceMessage("chunk", Array(payload.utf8)).bytes, size: 9).failure?.contains("base64") == true)
        }
    }

    @Test("Findings are told where they lie in the body")
    func findings() throws {
        let note = ReferenceMessage("metadata", Array(#"{"note":"\n to ann@example.org"}"#.utf8))
        let first = Self.bytes([Self.text("Hi."), note])
        let place = first.count + 0
        var body = first + Self.text("mail to bob@exam").bytes + Self.text("ple.org, ok").bytes
        let chunks = body.count
        body += ReferenceMessage(chunk: Array(#"{"x":"to cid@example.org"}"#.utf8)).bytes
        let found = Self.mask(body, size: 7).findings.sorted { $0.range.lowerBound < $1.range.lowerBound }
        #expect(found.count == 3)
        #expect(String(decoding: body[found[0].range], as: UTF8.self) == "ann@example.org")
        #expect(found[1].range.lowerBound > place && String(decoding: body[found[1].range], as: UTF8.self).hasPrefix("bob@exam") && String(decoding: body[found[1].range], as: UTF8.self).hasSuffix("ple.org"))
        #expect(found[2].range.lowerBound > chunks)
        let encoded = try #require(Data(base64Encoded: Data(body[found[2].range])))
        #expect(String(decoding: encoded, as: UTF8.self).contains("cid@example.org"))
    }

    @Test("Where more than 64 KiB would have to wait the body fails")
    func stateBound() {
        var body = Self.text("ann@exam", block: 1).bytes
        for _ in 0..<600 { body += Self.text("all is well. ").bytes }
        let result = Self.mask(body, size: 1000)
        #expect(result.failure?.contains("65536") == true && result.output.isEmpty && result.held <= 64 * 1024)
    }

    // MARK: One JSON array

    private static func chunk(_ text: String) -> String {
        #"{"candidates": [{"content": {"parts": [{"text": "\#(text)"}],"role": "model"},"index": 0}],"# + "\n\"modelVersion\": \"m\"\n}"
    }

    @Test("The elements of an array leave as they come, with all that stands between them", arguments: [1, 3, 100_000])
    func elements(size: Int) {
        for body in [
            "[" + Self.chunk("one ]} \\\" [{ ") + "\n,\r\n" + Self.chunk("two") + "\n]\n", "[]", " [ ] ", "[1, \"a,]\" ,null,[{}],{}]", "[\(Self.chunk("a"))", "{\"a\":[1]}", "[[[]]]", "", "[{}]]]",
        ] {
            let result = Self.mask(Array(body.utf8), size: size, format: .jsonArray)
            #expect(String(decoding: result.output, as: UTF8.self) == body)
        }
        let body = "[" + Self.chunk("to ann@exam") + "," + Self.chunk("ple.org") + ",\"\\u0061nn@example.org\",\"x ann@example.org\"] ann@example.org"
        let expected = "[" + Self.chunk("to [REDACTED:EMAIL]") + "," + Self.chunk("") + ",\"[REDACTED:EMAIL]\",\"x [REDACTED:EMAIL]\"] [REDACTED:EMAIL]"
        #expect(String(decoding: Self.mask(Array(body.utf8), size: size, format: .jsonArray).output, as: UTF8.self) == expected)
    }

    @Test("An element leaves with its last bracket")
    func elementDelay() throws {
        var masker = Masker(try EventStreamTests.rules(), format: .jsonArray)
        for part in ["[" + Self.chunk("one. "), "\n,\n" + Self.chunk("a \\\" ]}. "), "\n]"] {
            var output: [UInt8] = []
            for byte in part.utf8 { try [byte].withUnsafeBytes { try masker.feed($0).append(to: &output, chunk: $0) } }
            #expect(String(decoding: output, as: UTF8.self) == (part == "\n]" ? "" : part))
        }
    }

    @Test("An element too large to be held is masked while it streams, in its strings", arguments: [1000, 1 << 20])
    func largeElements(size: Int) {
        let large = "{\"candidates\":[],\n\"data\":\"" + String(repeating: "lorem ipsum ", count: 5000) + "\\u0061nn@example.org\",\n\"n\":\"\\u0061@b.org\"}"
        let body = "[" + Self.chunk("one ") + ",\n" + large + "," + Self.chunk("ann@example.org") + "]"
        let expected = body.replacing("\\u0061nn@example.org", with: "[REDACTED:EMAIL]").replacing("ann@example.org", with: "[REDACTED:EMAIL]").replacing("\\u0061@b.org", with: "[REDACTED:EMAIL]")
        #expect(String(decoding: Self.mask(Array(body.utf8), size: size, format: .jsonArray).output, as: UTF8.self) == expected)
    }

    @Test("A field rule holds in an element too large to be held, over the ends of lines", arguments: [1000, 1 << 20])
    func largeElementFields(size: Int) throws {
        let rules = try RuleSet([Rule(id: "pin", entity: "PIN", fields: [FieldPath("pin")])])
        let large = "{\"a\":\"" + String(repeating: "lorem ipsum ", count: 5000) + "\",\n\"pin\":\n\"x y\"}"
        let body = Array("[\(large)]".utf8)
        let output = try MaskerRun(rules, .jsonArray, body, .every(size, of: body.count)).result.output
        #expect(String(decoding: output, as: UTF8.self) == "[\(large)]".replacing("\"x y\"", with: "\"[REDACTED:PIN]\""))
    }

    @Test("A block ends an array with an error that is its last element", arguments: [0, 1, 2])
    func blockedArray(before: Int) throws {
        let large = "{\"a\":\"\(String(repeating: "lorem ", count: 7000))\"}"
        let elements = [[Self.chunk("fine. "), Self.chunk("well. ")], [large, Self.chunk("well. ")]]
        for elements in elements {
            let body = "[" + (elements.prefix(before) + [Self.chunk("DROP "), Self.chunk("TABLE x")]).joined(separator: ",\n") + "]"
            let result = Self.mask(Array(body.utf8), size: 100, format: .jsonArray)
            let read = try #require(try JSONSerialization.jsonObject(with: Data(result.output)) as? [[String: Any]])
            #expect(read.count == before + 1 && (read.last?["error"] as? [String: Any])?["status"] as? String == "PERMISSION_DENIED")
            #expect(!String(decoding: result.output, as: UTF8.self).contains("DROP"))
        }
    }
}
