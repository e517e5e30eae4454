// C4, bounded: whatever the input, what is held stays within the stated maxima and the work ends.

import Engine
import Testing

@Suite struct HostileInputTests {
    /// The most text bytes held: a match decides after 4096 bytes, and one that began up to 4096 bytes before may have to wait for it to
    /// know its winner. The most raw bytes that one of them is written with (`\u0000`).
    private static let longestText = 2 * RuleSet.longestHold
    private static let widestEscape = 6

    private static let rules: [Rule] = [
        Rule(id: "tail", entity: "T", pattern: "secret[a-z0-9]{4,}"),
        Rule(id: "keep-last", entity: "K", pattern: "key[a-z0-9]{4,}", action: .mask(.init(keepLast: 4))),
        Rule(id: "wide", entity: "W", pattern: "w(?:[a-v]{1,1000}-){3}z"),
        Rule(id: "checked", entity: "C", pattern: #"[0-9](?:[ -]?[0-9]){12,18}"#, checks: [.luhn]),
        Rule(id: "email", entity: "E", pattern: #"[a-z.]{1,64}@[a-z.]{1,200}\.com"#),
    ]

    private static let ruleSet = Result { try RuleSet(rules) }

    private func bounded(_ name: String, _ format: Format, _ body: [UInt8], chunk: Int = 1, sourceLocation: SourceLocation = #_sourceLocation) throws {
        let set = try Self.ruleSet.get()
        let run = try MaskerRun(set, format, body, .every(chunk, of: body.count))
        let bound = format == .json ? (Self.longestText + 1) * Self.widestEscape + 12 : Self.longestText + 1
        #expect(run.statistics.mostHeld <= bound, "\(name) \(format.rawValue)", sourceLocation: sourceLocation)
        #expect(run.statistics.mostHeld == max(run.held.max() ?? 0, run.statistics.mostHeld), sourceLocation: sourceLocation)
        #expect(run.statistics.bytesIn == body.count && run.statistics.bytesOut == run.result.output.count, sourceLocation: sourceLocation)
        let whole = try MaskerRun(set, format, body)
        #expect(difference(run.result, whole.result) == nil, "\(name) \(format.rawValue)", sourceLocation: sourceLocation)
    }

    private func bytes(_ text: String, times: Int = 1) -> [UInt8] { Array(repeatElement(Array(text.utf8), count: times).joined()) }

    @Test("Endless matches and near-matches, a byte at a time")
    func endlessMatches() throws {
        try bounded("swallowed tail", .text, bytes("secret") + bytes("a1", times: 2500))
        try bounded("whole value needed", .text, bytes("key") + bytes("a1", times: 2500))
        try bounded("longest live prefix", .text, bytes("w" + String(repeating: "a", count: 999) + "-", times: 8))
        try bounded("digits", .text, bytes("4111111111111112 ", times: 400))
        try bounded("local parts", .text, bytes("a.b", times: 1000))
        try bounded("many matches", .text, bytes("joe@x.com ", times: 600))
    }

    @Test("The same under six-byte escapes", arguments: ["secret", "key", "w"])
    func escaped(prefix: String) throws {
        try bounded(prefix, .json, bytes("\"" + prefix) + bytes("\\u0061", times: 4500), chunk: 7)
    }

    @Test("A rule alone holds no more than its longest hold, then decides", arguments: [1, 7, 100])
    func oneRule(chunk: Int) throws {
        let set = try RuleSet([Rule(id: "keep-last", entity: "K", pattern: "key[a-z0-9]{4,}", action: .mask(.init(keepLast: 4)))])
        let text = bytes("key") + bytes("a", times: 6000)
        #expect(try MaskerRun(set, .text, text, .every(chunk, of: text.count)).statistics.mostHeld <= RuleSet.longestHold)
        let json = bytes("\"key") + bytes("\\u0061", times: 6000)
        #expect(try MaskerRun(set, .json, json, .every(chunk, of: json.count)).statistics.mostHeld <= RuleSet.longestHold * Self.widestEscape + Self.widestEscape)
    }

    @Test("Deep nesting")
    func nesting() throws {
        let depth = 60_000
        for (open, close) in [("[", "]"), (#"{"a":"#, "}")] {
            let body = bytes(open, times: depth) + bytes("1") + bytes(close, times: depth)
            let run = try MaskerRun(try RuleSet(Self.rules), .json, body, .every(997, of: body.count))
            #expect(run.result.output == body)
            #expect(run.result.brokenJSONAt == nil)
            #expect(run.statistics.mostHeld <= 64)
        }
        let tooDeep = bytes("[", times: 270_000)
        let run = try MaskerRun(try RuleSet(Self.rules), .json, tooDeep, .every(4096, of: tooDeep.count))
        #expect(run.result.output == tooDeep)
        #expect(run.result.brokenJSONAt == 65_536)
    }

    @Test("Brackets that close what is not open")
    func wrongBrackets() throws {
        for body in ["]", "[}", "{]", #"{"a"}"#, "[1}secretabcd", #"{"a":1]key12345 "#] { try bounded(body, .json, bytes(body)) }
    }

    @Test("Giant numbers are held up to 4096 bytes, then masked whole")
    func giantNumbers() throws {
        for count in [4096, 4097, 9000] {
            let body = bytes("[") + bytes("7", times: count) + bytes(",1]")
            try bounded("number of \(count)", .json, body)
            let run = try MaskerRun(try RuleSet([Rule(id: "r", entity: "R", pattern: "zzz")]), .json, body, .every(100, of: body.count))
            #expect(run.result.output == (count > 4096 ? bytes(#"["[REDACTED:OVERSIZED_NUMBER]",1]"#) : body))
        }
    }

    @Test("Giant keys, strings without end, and floods of quotes, backslashes and zeros")
    func giantTokens() throws {
        try bounded("key", .json, bytes("{\"") + bytes("k", times: 5000) + bytes("\":1}"))
        try bounded("open string", .json, bytes("\"") + bytes("x-", times: 2000))
        try bounded("quotes", .json, bytes("\"", times: 5000))
        try bounded("backslashes", .json, bytes("\"") + bytes("\\", times: 5001))
        try bounded("half pairs", .json, bytes("\"") + bytes("\\ud83d", times: 900))
        try bounded("zeros", .json, [UInt8](repeating: 0, count: 4000))
        try bounded("zeros", .text, [UInt8](repeating: 0, count: 4000))
        try bounded("continuation bytes", .text, bytes("secret1234") + [UInt8](repeating: 0x80, count: 4000))
    }

    @Test("Empty chunks, empty bodies and calls after the end give nothing")
    func nothing() throws {
        let set = try RuleSet(Self.rules)
        for format in [Format.text, .json] {
            #expect(try MaskerRun(set, format, []).result.output.isEmpty)
            let run = try MaskerRun(set, format, bytes("\"joe@x.com\""), Cuts(offsets: [0, 0, 3, 3, 3, 11, 11]))
            #expect(run.result.output == bytes("\"[REDACTED:E]\""))
        }
    }

    @Test("After a block every later call gives nothing")
    func afterBlock() throws {
        var masker = Masker(try RuleSet([Rule(id: "b", entity: "B", pattern: "drop", action: .block)]), format: .text)
        var output: [UInt8] = []
        for chunk in ["so dr", "op it", " drop", "and on"].map({ Array($0.utf8) }) {
            try chunk.withUnsafeBytes { try masker.feed($0).append(to: &output, chunk: $0) }
        }
        #expect(try masker.finish().count == 0)
        #expect(output == bytes("so "))
        #expect(masker.blocked?.range == 3..<7)
        #expect(masker.statistics.held == 0)
    }
}
