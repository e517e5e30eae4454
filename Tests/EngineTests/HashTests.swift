// The action `hash`: one value, one label, in whatever format and however it was cut.

import Cryptography
import Engine
import Testing

@Suite("Hashed values") struct HashTests {
    private static let mail = Rule(id: "m", entity: "MAIL", pattern: #"\b[a-z]{1,20}@(?:é|[a-z.]){1,20}"#, action: .hash)
    private static let card = Rule(id: "c", entity: "CARD", pattern: #"\b[0-9]{8}\b"#, action: .hash)
    private static let pin = Rule(id: "p", entity: "PIN", fields: [try! FieldPath("pin")], action: .hash)

    private static func set(_ rules: [Rule], key: [UInt8] = ReferenceHash.key, numbers: NumberPolicy = .string) throws -> RuleSet {
        try RuleSet(RuleSet(rules), numbers: numbers, hashKey: HMACSHA256(key: key))
    }

    private static func label(_ entity: String, _ value: String) -> String { String(decoding: ReferenceHash.label(entity, Array(value.utf8)), as: UTF8.self) }

    /// Source: RFC 4231 §4.2, §4.3, §4.4, §4.7 (a key longer than a block).
    @Test("HMAC-SHA-256 gives the codes of RFC 4231", arguments: [
        ([UInt8](repeating: 0x0B, count: 20), Array("Hi There".utf8), "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
        (Array("Jefe".utf8), Array("what do ya want for nothing?".utf8), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
        ([UInt8](repeating: 0xAA, count: 20), [UInt8](repeating: 0xDD, count: 50), "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"),
        (
            [UInt8](repeating: 0xAA, count: 131), Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
        ),
    ])
    func published(key: [UInt8], data: [UInt8], code: String) {
        let authentication = HMACSHA256(key: key)
        // Twice: the keyed state is not used up.
        for _ in 0..<2 { #expect(hexadecimal(data.withUnsafeBytes { authentication.code(of: $0) }) == code) }
        #expect(hexadecimal(ReferenceHash.code(data, key: key)) == code)
        #expect(authentication.code(of: UnsafeRawBufferPointer(start: nil, count: 0)) == ReferenceHash.code([], key: key))
    }

    @Test("One value has one label in every format, written in each of its ways, at every cut", arguments: [
        (Format.text, "to ada@é.org now", "to LABEL now"), (.json, #"{"to": "ada@é.org"}"#, #"{"to": "LABEL"}"#),
        (.json, #"{"to": "\u0061da\u0040\u00e9.org"}"#, #"{"to": "LABEL"}"#), (.json, #"{"say": "{\"to\": \"ada\\u0040\u00e9.org\"}"}"#, #"{"say": "{\"to\": \"LABEL\"}"}"#),
        (.markup, "<b>ada&commat;&#xe9;.org</b>", "<b>LABEL</b>"),
        (
            .sse, #"data: {"choices":[{"index":0,"delta":{"content":"to ad"}}]}"# + "\n\n" + #"data: {"choices":[{"index":0,"delta":{"content":"a@\u00e9.o"}}]}"# + "\n\n"
                + #"data: {"choices":[{"index":0,"delta":{"content":"rg now"}}]}"# + "\n\n",
            #"data: {"choices":[{"index":0,"delta":{"content":"to LABEL"}}]}"# + "\n\n" + #"data: {"choices":[{"index":0,"delta":{"content":""}}]}"# + "\n\n"
                + #"data: {"choices":[{"index":0,"delta":{"content":" now"}}]}"# + "\n\n"
        ),
    ])
    func everywhere(format: Format, body: String, expected: String) throws {
        let set = try Self.set([Self.mail])
        let expected = expected.replacing("LABEL", with: Self.label("MAIL", "ada@é.org"))
        let bytes = Array(body.utf8)
        for cuts in [Cuts.whole, .every(1, of: bytes.count)] + bytes.indices.map({ Cuts(offsets: [$0]) }) {
            #expect(String(decoding: try MaskerRun(set, format, bytes, cuts).result.output, as: UTF8.self) == expected, "with \(cuts)")
        }
    }

    @Test("In a form the label is percent-encoded")
    func form() throws {
        let run = try MaskerRun(try Self.set([Self.mail]), .form, Array("to=ada%40%C3%A9.org".utf8))
        let label = Self.label("MAIL", "ada@é.org").replacing("[", with: "%5B").replacing("]", with: "%5D").replacing(":", with: "%3A")
        #expect(String(decoding: run.result.output, as: UTF8.self) == "to=" + label)
    }

    @Test("A number is hashed as it is written, and becomes what the policy says")
    func numbers() throws {
        for (policy, written) in [(NumberPolicy.string, "\"\(Self.label("CARD", "12345678"))\""), (.zero, "0"), (.null, "null")] {
            let run = try MaskerRun(try Self.set([Self.card], numbers: policy), .json, Array("[12345678]".utf8))
            #expect(String(decoding: run.result.output, as: UTF8.self) == "[\(written)]")
        }
    }

    @Test("The value of a field has the label that it has as a match, and truth values have none")
    func fields() throws {
        let body = #"{"pin": "\u0034711", "x": {"pin": [4711, true, ""]}, "pin ": "4712"}"#
        let (one, other) = (Self.label("PIN", "4711"), Self.label("PIN", "4712"))
        let expected = #"{"pin": "\#(one)", "x": {"pin": ["\#(one)", "[REDACTED:PIN]", ""]}, "pin ": "\#(other)"}"#
        let bytes = Array(body.utf8)
        for cuts in [Cuts.whole] + bytes.indices.map({ Cuts(offsets: [$0]) }) {
            #expect(String(decoding: try MaskerRun(try Self.set([Self.pin]), .json, bytes, cuts).result.output, as: UTF8.self) == expected)
        }
    }

    @Test("What went through once goes through again as it is; a label of another entity is a value like any other")
    func twice() throws {
        let set = try Self.set([Self.mail, Self.card, Self.pin])
        let body = Array(#"{"pin": "hello", "to": "ada@x.org", "n": 12345678}"#.utf8)
        let once = try MaskerRun(set, .json, body).result.output
        #expect(once != body)
        #expect(try MaskerRun(set, .json, once).result.output == once)
        for other in ["[CARD:hmac:abcdefgh-abcdefgh]", "[PIN:hmac:abcdefgh-abcdefgq]", "[PIN:hmac:abcdefghabcdefgh-]", "[PIN:hmac:12345678-12345678]"] {
            let output = try MaskerRun(set, .json, Array("{\"pin\":\"\(other)\"}".utf8)).result.output
            #expect(String(decoding: output, as: UTF8.self) == "{\"pin\":\"\(Self.label("PIN", other))\"}")
        }
    }

    @Test("Another key gives other labels, without one there are plain labels, and the key shows nowhere")
    func keys() throws {
        let other = try Self.set([Self.card], key: Array("another key of thirty-two bytes or".utf8))
        let plain = try RuleSet([Self.card])
        #expect(plain.ruleThatNeedsKey == Self.card && other.ruleThatNeedsKey == nil)
        func masked(_ set: RuleSet) throws -> String { String(decoding: try MaskerRun(set, .text, Array("12345678".utf8)).result.output, as: UTF8.self) }
        #expect(try masked(plain) == "[REDACTED:CARD]")
        #expect(try masked(other) != Self.label("CARD", "12345678") && masked(other).hasPrefix("[CARD:hmac:"))
        var dumped = ""
        dump(other, to: &dumped)
        #expect(!"\(dumped)\(other)\(try other.archive())".contains("another key"))
        #expect(!String(decoding: try other.archive(), as: Unicode.ASCII.self).contains("another key"), "an archive holds no key")
        #expect(other.hash == plain.hash, "a record says nothing of the key")
        #expect(try RuleSet(other, adding: [Self.mail]).ruleThatNeedsKey == nil, "the key stays where rules are added")
    }

    @Test("A match too long for its checks to be tried is a plain label")
    func overlong() throws {
        let rule = Rule(id: "a", entity: "A", pattern: "a{2,}", action: .hash)
        let body = [UInt8](repeating: UInt8(ascii: "a"), count: 5000)
        #expect(String(decoding: try MaskerRun(try Self.set([rule]), .text, body, .every(100, of: body.count)).result.output, as: UTF8.self) == "[REDACTED:A]")
    }
}
