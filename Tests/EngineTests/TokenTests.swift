// The action `token`: values leave as tokens, and tokens of the same table come back as the values.

import Engine
import Testing

@Suite("Tokens") struct TokenTests {
    private static let rules = [
        Rule(id: "m", entity: "MAIL", pattern: #"\b[a-z"]{1,20}@[a-z]{1,20}\b"#, action: .token), Rule(id: "c", entity: "CARD", pattern: "4111-111"),
        Rule(id: "p", entity: "PIN", fields: [try! FieldPath("pin")], action: .token),
    ]

    private static func issued(_ body: String, _ table: TokenTable, _ format: Format = .text, _ cuts: Cuts = .whole) throws -> String {
        String(decoding: try MaskerRun(RuleSet(RuleSet(rules), issuing: table), format, Array(body.utf8), cuts).result.output, as: UTF8.self)
    }

    private static func restored(_ body: String, _ table: TokenTable, _ format: Format = .text, _ cuts: Cuts = .whole) throws -> String {
        String(decoding: try MaskerRun(RuleSet(restoring: table), format, Array(body.utf8), cuts).result.output, as: UTF8.self)
    }

    @Test("A value leaves as a token and comes back, in every format and at every cut", arguments: [
        (Format.text, "to ada@example, and bob@example"), (.json, #"{"to": "ada@example", "n": ["bob@example"], "pin": "4711"}"#), (.form, "to=ada%40example&pin=4+7%26"),
        (.csv, "to,pin\n\"ada@example\",7\n"), (.markup, "<b>ada@example</b>"), (.sse, "data: {\"to\": \"ada@example\"}\n\n"), (.ndjson, "{\"to\": \"ada@example\"}\n{\"pin\": \"x\"}\n"),
        (.multipart, "--b\r\nContent-Type: application/json\r\n\r\n{\"pin\": \"4711\"}\r\n--b--\r\n"),
    ])
    func there(format: Format, body: String) throws {
        let table = TokenTable()
        let sent = try Self.issued(body, table, format)
        #expect(!sent.contains("ada") && !sent.contains("4711") && sent.contains("token") && !table.isEmpty)
        for cuts in [Cuts.every(1, of: body.utf8.count)] + (1..<body.utf8.count).map({ Cuts(offsets: [$0]) }) {
            #expect(try Self.issued(body, table, format, cuts) == sent, "one value has one token, with \(cuts)")
        }
        #expect(sent == (try Self.issued(sent, table, format)) || format == .json || format == .form || format == .csv || format == .multipart || format == .ndjson)
        for cuts in [Cuts.whole, .every(1, of: sent.utf8.count)] + (1..<sent.utf8.count).map({ Cuts(offsets: [$0]) }) {
            #expect(try Self.restored(sent, table, format, cuts) == body, "with \(cuts)")
        }
    }

    @Test("A token that a model's answer spreads over events comes back whole, escaped for where it stands")
    func deltas() throws {
        let table = TokenTable()
        let token = try Self.issued(#"a"b@example"#, table)
        #expect(token.wholeMatch(of: /\[MAIL:token:[a-p]{8}-[a-p]{8}\]/) != nil)
        func event(_ text: some StringProtocol) -> String { "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"\(text)\"}}]}\n\n" }
        for cut in 1..<token.count {
            let body = event("to " + token.prefix(cut)) + event(token.dropFirst(cut) + " now") + "data: [DONE]\n\n"
            let expected = event(#"to a\"b@example"#) + event(" now") + "data: [DONE]\n\n"
            for cuts in [Cuts.whole, .every(1, of: body.utf8.count), .every(7, of: body.utf8.count)] { #expect(try Self.restored(body, table, .sse, cuts) == expected, "\(cut), \(cuts)") }
        }
    }

    @Test("A token of another table, and one that nobody made, stays as it is")
    func foreign() throws {
        let (one, other) = (TokenTable(), TokenTable())
        let token = try Self.issued("ada@example", one)
        let invented = "[MAIL:token:abcdefgh-abcdefgh] [x:token:abcdefgh-abcdefgh] [MAIL:token:abcdefgh-abcdefg"
        #expect(try Self.restored("\(token) \(invented)", other) == "\(token) \(invented)")
        #expect(try Self.restored("\(token) \(invented)", one) == "ada@example \(invented)")
        #expect(try Self.issued("bob@example \(token)", one).hasSuffix(" " + token))
        #expect(try Self.issued("ada@example", other) != token, "tokens are not made from values")
    }

    @Test("What waits is what may still be a token")
    func held() throws {
        let table = TokenTable()
        let body = Array("[a] [MAIL] [MAIL:tok [MAIL:token:abcdefgh-abcdefgh]x".utf8)
        let run = try MaskerRun(RuleSet(restoring: table), .text, body, .every(1, of: body.count))
        let text = String(decoding: body, as: UTF8.self)
        for (index, held) in run.held.enumerated() {
            let prefix = text.prefix(index + 1)
            let live = prefix.lastIndex(of: "[").map { prefix[$0...] }.flatMap { $0.wholeMatch(of: #/\[([A-Z][A-Z0-9_]*(:(t(o(k(en?)?)?)?|token:([a-p]{0,8}|[a-p]{8}-[a-p]{0,8}))?)?)?/#) != nil ? $0.count : nil } ?? 0
            #expect(held == live, "after \(prefix)")
        }
    }

    @Test("A full table gives labels, and what it has keeps its token")
    func full() throws {
        let table = TokenTable(mostTokens: 1)
        let first = try Self.issued("ada@example", table)
        #expect(try Self.issued("ada@example bob@example", table) == "\(first) [REDACTED:MAIL]")
        let small = TokenTable(mostBytes: 12)
        #expect(try Self.issued("ada@example", small).contains(":token:"))
        #expect(try Self.issued("bo@example", small) == "[REDACTED:MAIL]")
        let odd = Rule(id: "o", entity: "not an entity", pattern: "o", action: .token)
        #expect(String(decoding: try MaskerRun(RuleSet(RuleSet([odd]), issuing: table), .text, Array("o".utf8)).result.output, as: UTF8.self) == "[REDACTED:not an entity]")
        #expect(String(decoding: try MaskerRun(RuleSet(Self.rules), .text, Array("ada@example".utf8)).result.output, as: UTF8.self) == "[REDACTED:MAIL]", "without a table")
    }

    @Test("Random texts come back as they were, by threads at once", arguments: Effort.seeds(40))
    func random(seed: UInt64) async throws {
        let table = TokenTable()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for thread in 0..<4 {
                group.addTask {
                    var generator = SeededGenerator(seed: seed &+ UInt64(thread) << 32)
                    for _ in 0..<20 {
                        let format = generator.pick([Format.text, .json, .csv])
                        let words = (0..<generator.within(1...8)).map { _ in generator.pick(["ada@example", "bob@example", "x", "[MAIL", "a@b", "4711", "é", "[MAIL:token:abcdefgh-abcdefgh]"]) }
                        let body = format == .json ? "[" + words.map { "\"\($0)\"" }.joined(separator: ", ") + "]" : words.joined(separator: format == .csv ? "," : " ")
                        let sent = try Self.issued(body, table, format, .random(of: body.utf8.count, using: &generator))
                        let back = try Self.restored(sent, table, format, .random(of: sent.utf8.count, using: &generator))
                        if sent.contains("ada@") || back != body { Issue.record("seed \(seed): \(body) left as \(sent) and came back as \(back)") }
                    }
                }
            }
            try await group.waitForAll()
        }
    }
}
