// Bodies of several parts: each is masked by its own type, over every cut, as the reference does it.

import Engine
import Testing

@Suite("Bodies of parts") struct MultipartTests {
    private static let rules = [
        Rule(id: "c", entity: "C", pattern: "4111-111"), Rule(id: "p", entity: "P", fields: [try! FieldPath("pin"), try! FieldPath("user.pin")]),
        Rule(id: "q", entity: "Q", pattern: "quoted", action: .redact(label: "<\"\r\n>")),
    ]

    /// Lines of a body as they are sent.
    private static func sent(_ lines: [String]) -> String { lines.joined(separator: "\r\n") }

    /// Masked with the boundary `b`, whole, byte by byte and at every cut, by the engine and by the reference.
    private func masked(_ body: String, _ unscannable: UnscannablePart = .text, boundary: String? = "b") throws -> String {
        let set = try RuleSet(Self.rules)
        let bytes = Array(body.utf8)
        let whole = try MaskerRun(set, .multipart, bytes, boundary: boundary, unscannable: unscannable).result
        let expected = ReferenceMultipart(try ReferenceMasker(Self.rules, format: .multipart), boundary: boundary, unscannable).mask(bytes)
        #expect(difference(whole, expected) == nil)
        for cuts in (1...4).map({ Cuts.every($0, of: bytes.count) }) + bytes.indices.map({ Cuts(offsets: [$0]) }) {
            let run = try MaskerRun(set, .multipart, bytes, cuts, boundary: boundary, unscannable: unscannable).result
            if let difference = difference(run, whole) {
                Issue.record("\(cuts):\n\(difference)")
                break
            }
        }
        return String(decoding: whole.output, as: UTF8.self)
    }

    @Test("A form is masked part by part: text, JSON, a table, by its name, by its first bytes; its header fields too")
    func form() throws {
        let body = Self.sent([
            "preamble 4111-111", "--b", "Content-Disposition: form-data; name=\"a\"", "", "4111-111", "--b", "content-type: application/json; charset=utf-8", "",
            #"{"pin": 7, "c": "4111\u002d111"}"#, "--b  ", "Content-Disposition: form-data; name=\"pin\"", "", "any", "thing", "--b", "Content-Disposition: form-data; name=\"user[pin]\"", "", "x",
            "--b", "Content-Type: text/csv", "", "pin,x", "1,\"4111-111\"", "--b", "Content-Disposition: form-data; name=f; filename=\"4111-111.txt\"", "", "a\n--bb\n--b-\nb", "--b",
            "", #"{"c": "\u0034111-111"}"#, "--b--", "epilogue 4111-111", "--b", "",
        ])
        let expected = Self.sent([
            "preamble [REDACTED:C]", "--b", "Content-Disposition: form-data; name=\"a\"", "", "[REDACTED:C]", "--b", "content-type: application/json; charset=utf-8", "",
            #"{"pin": "[REDACTED:P]", "c": "[REDACTED:C]"}"#, "--b  ", "Content-Disposition: form-data; name=\"pin\"", "", "[REDACTED:P]", "--b",
            "Content-Disposition: form-data; name=\"user[pin]\"", "", "[REDACTED:P]", "--b", "Content-Type: text/csv", "", "pin,x", "[REDACTED:P],\"[REDACTED:C]\"", "--b",
            "Content-Disposition: form-data; name=f; filename=\"[REDACTED:C].txt\"", "", "a\n--bb\n--b-\nb", "--b", "", #"{"c": "[REDACTED:C]"}"#, "--b--", "epilogue [REDACTED:C]", "--b", "",
        ])
        #expect(try masked(body) == expected)
        #expect(try masked(body, boundary: nil) == expected, "the first line that can be a delimiter tells the boundary")
        #expect(try masked(body.replacing("\r\n", with: "\n")) == expected.replacing("\r\n", with: "\n"), "lines may end with line feeds alone")
    }

    @Test("What is not as it should be is masked as text", arguments: [
        ("4111-111", "[REDACTED:C]"), ("", ""), ("--b", "--b"), ("--b\r\n", "--b\r\n"), ("--b--", "--b--"), ("--b\r\nno blank line 4111-111", "--b\r\nno blank line [REDACTED:C]"),
        ("--b\r\nContent-Type: application/json\r\n\r\n{\"c\": \"4111-111", "--b\r\nContent-Type: application/json\r\n\r\n{\"c\": \"[REDACTED:C]"),
        ("--b\r\nX: 4111-111\r\n--b--", "--b\r\nX: [REDACTED:C]\r\n--b--"), ("--b\r\n\r\n--b\r\n\r\n\r\n--b--x\r\n4111-111", "--b\r\n\r\n--b\r\n\r\n\r\n--b--x\r\n[REDACTED:C]"),
        ("--a\r\n\r\n4111-111\r\n--a--", "--a\r\n\r\n[REDACTED:C]\r\n--a--"), ("\r\n\r--b\r\n\r\n\r\r\n--b--\r", "\r\n\r--b\r\n\r\n\r\r\n--b--\r"),
        ("--b\r\nX: quoted\r\n\r\nquoted\r\n--b--", "--b\r\nX: <   >\r\n\r\n<\"\r\n>\r\n--b--"),
        ("--b\r\nContent-Type: multipart/mixed; boundary=\"c\"\r\n\r\n--c\r\nContent-Type: text/html\r\n\r\n4111&#45;111\r\n--c--\r\n--b--", "--b\r\nContent-Type: multipart/mixed; boundary=\"c\"\r\n\r\n--c\r\nContent-Type: text/html\r\n\r\n[REDACTED:C]\r\n--c--\r\n--b--"),
    ])
    func malformed(body: String, expected: String) throws {
        // The boundary of the inner body stands in quotes, which the reference does not read.
        if body.contains("\"c\"") {
            let run = try MaskerRun(RuleSet(Self.rules), .multipart, Array(body.utf8), .every(1, of: body.utf8.count), boundary: "b")
            #expect(String(decoding: run.result.output, as: UTF8.self) == expected)
        } else {
            #expect(try masked(body) == expected)
        }
    }

    @Test("A part that is no text is scanned, passed and counted, or ends the body", arguments: ["Content-Type: image/png", "Content-Transfer-Encoding: base64", "Content-Type: application/octet-stream"])
    func unscannable(field: String) throws {
        let before = "--b\r\n\r\n4111-111\r\n--b\r\n\(field)\r\n\r\n"
        let body = before + "\u{1}PNG 4111-111\r\n--b--"
        let start = before.replacing("4111-111", with: "[REDACTED:C]")
        #expect(try masked(body) == start + "\u{1}PNG [REDACTED:C]\r\n--b--")
        #expect(try masked(body, .pass) == start + "\u{1}PNG 4111-111\r\n--b--")
        #expect(try masked(body, .block) == start)
        let run = try MaskerRun(RuleSet(Self.rules), .multipart, Array(body.utf8), .every(3, of: body.utf8.count), boundary: "b", unscannable: .pass)
        #expect(run.statistics.bytesUnscanned == 13 && run.statistics.bytesIn == body.utf8.count)
        let blocked = try MaskerRun(RuleSet(Self.rules), .multipart, Array(body.utf8), boundary: "b", unscannable: .block).result.blocked
        #expect(blocked == .init(rule: "unscannable-part", range: before.utf8.count..<before.utf8.count, outcome: .blocked))
    }

    @Test("A file of which the first bytes are JSON is read as JSON, whatever its sender calls it", arguments: ["application/octet-stream", "text/plain", "application/x-own"])
    func firstBytes(type: String) throws {
        let head = "--b\r\nContent-Type: \(type)\r\n\r\n"
        #expect(try masked(head + #"{"c": "4111\u002d111"}"# + "\r\n--b--", .block) == head + #"{"c": "[REDACTED:C]"}"# + "\r\n--b--")
    }

    @Test("Header fields without end are a text, and what may be a delimiter is all that waits")
    func bounds() throws {
        let set = try RuleSet(Self.rules)
        for count in [16000, 16380, 16384, 17000, 40000] {
            let body = Array(("--b\r\nX: 4111-111" + String(repeating: "y", count: count) + "\r\nContent-Type: application/json\r\n\r\n\"4111\\u002d111\"\r\n--b--").utf8)
            let whole = try MaskerRun(set, .multipart, body, boundary: "b").result
            let expected = ReferenceMultipart(try ReferenceMasker(Self.rules, format: .multipart), boundary: "b", .text).mask(body)
            #expect(difference(whole, expected) == nil, "\(count)")
            for size in [1, 777, 16384] { #expect(try MaskerRun(set, .multipart, body, .every(size, of: body.count), boundary: "b").result == whole, "\(count) in pieces of \(size)") }
        }
        let prose = Array("--b\r\n\r\nsome prose\rand\nmore --b of it\r\n--c\r\n--b\r\n".utf8)
        let run = try MaskerRun(set, .multipart, prose, .every(1, of: prose.count), boundary: "b")
        // "\r" and "\n" and what follows as far as it is a delimiter.
        let held = Array(run.held[7..<prose.count])
        #expect(held[..<10].allSatisfy { $0 == 0 } && held[10] == 1 && held[11] == 0)
        #expect(zip(prose[7...], held).allSatisfy { $1 <= 2 || "-bc\r\n".utf8.contains($0) } && (held.max() ?? 0) <= 6)
    }

    @Test("Random bodies of parts come out like the reference's, however they are cut", arguments: Effort.seeds(120))
    func random(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let (rules, base) = try RandomRules.loaded(seed: seed, kinds: generator.oneIn(2) ? [] : .all)
        var bodies = try RandomBodies(seed: seed, rules: rules, names: ["a", "pin"])
        let fields =
            generator.oneIn(2)
            ? [Rule(id: "f", entity: "F", fields: [try FieldPath("a")], action: generator.pick([.redact(label: nil), .mask(.init(keepLast: 1)), .hash, .report, .remove]))] : []
        let set = try RuleSet(base, adding: fields)
        let unscannable = generator.pick([UnscannablePart.text, .pass, .pass, .block])
        let reference = try ReferenceMasker(rules + fields, format: .multipart)
        for _ in 0..<3 {
            let body = parts(&bodies, &generator, boundary: "b", level: 0)
            let expected = ReferenceMultipart(reference, boundary: "b", unscannable).mask(body)
            for cuts in [Cuts.whole, .random(of: body.count, using: &generator), .random(of: body.count, using: &generator), .every(1, of: body.count)] {
                guard let difference = difference(try MaskerRun(set, .multipart, body, cuts, boundary: "b", unscannable: unscannable).result, expected) else { continue }
                Issue.record("seed \(seed): \(unscannable) \(shown(body)) with \(cuts):\n\(difference)\nrules:\n\(shown(rules + fields))")
                return
            }
        }
    }

    private func parts(_ bodies: inout RandomBodies, _ generator: inout SeededGenerator, boundary: String, level: Int) -> [UInt8] {
        let end = generator.oneIn(3) ? "\n" : "\r\n"
        var body = generator.oneIn(3) ? bodies.text(longest: 20) + Array(end.utf8) : []
        for _ in 0..<generator.within(0...3) {
            body += Array(("--" + boundary + generator.pick(["", "", "", " ", "x"]) + end).utf8)
            if generator.oneIn(2) { body += Array("Content-Disposition: form-data; name=\"\(generator.pick(["a", "b", "a.b", ""]))\"\(end)".utf8) }
            if generator.oneIn(4) { body += Array("X-Note: ".utf8) + bodies.text(longest: 20).filter { $0 != 0x0A && $0 != 0x0D } + Array(end.utf8) }
            let type = generator.pick(["", "", "text/plain", "application/json", "text/csv", "application/x-www-form-urlencoded", "text/html", "image/png", "application/octet-stream", "application/x-own", "multipart/mixed"])
            let inner = "inner" + String(repeating: "x", count: level)
            if type == "multipart/mixed" {
                if level < 5 { body += Array("Content-Type: \(type); boundary=\(inner)\(end)".utf8) }
            } else if !type.isEmpty {
                body += Array("Content-Type: \(type)\(generator.pick(["", "; charset=utf-8"]))\(end)".utf8)
            }
            if generator.oneIn(12) { body += Array("Content-Transfer-Encoding: \(generator.pick(["base64", "8bit"]))\(end)".utf8) }
            if !generator.oneIn(15) { body += Array(end.utf8) }
            switch type {
            case "application/json": body += bodies.json(longest: 30)
            case "multipart/mixed" where level < 5: body += parts(&bodies, &generator, boundary: inner, level: level + 1)
            default: body += generator.oneIn(6) ? bodies.json(longest: 30) : bodies.text(longest: 40)
            }
            if !generator.oneIn(10) { body += Array(end.utf8) }
        }
        if !generator.oneIn(4) { body += Array("--\(boundary)--".utf8) }
        if generator.oneIn(3) { body += Array(end.utf8) + bodies.text(longest: 20) }
        if generator.oneIn(5) { body.removeLast(min(body.count, generator.below(10))) }
        return body
    }
}
