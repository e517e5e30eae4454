// Request targets as records show them.

import Engine
import Testing

@testable import Proxy

@Suite("A request target on record") struct PercentCodingTests {
    private static let rules = [
        TestRules.card, TestRules.command, Rule(id: "p", entity: "P", fields: [try! FieldPath("password"), try! FieldPath("user.pin")]),
        Rule(id: "b", entity: "B", fields: [try! FieldPath("sudo")], action: .block),
    ]

    @Test("is masked as a text, decoded or not, and its query name by name as a form", arguments: [
        ("/a%20b?c=%26d", "/a%20b?c=%26d"), ("/a?", "/a?"), ("/\(TestRules.cardNumber)?x", "/[REDACTED:CARD]?x"), ("/a?n=%34242424242424242&q=a+b", "/a?n=[REDACTED:CARD]&q=a b"),
        ("/a?password=hun%26ter%32&x=%41", "/a?password=[REDACTED:P]&x=A"), ("/a?x=1&user%5Bpin%5D=4711", "/a?x=1&user[pin]=[REDACTED:P]"), ("/password=1", "/password=1"),
        ("/a?pass%77ord=1&b=4242+4242&c=4242424242424242", "/a?password=[REDACTED:P]&b=4242 4242&c=[REDACTED:CARD]"), ("/a?x=1?password=2", "/a?x=1?password=2"),
        ("/a?password=a%0Ab", "/a?password=[REDACTED:P]"), ("/a%0A?password=b", "/a%0A?password=[REDACTED:P]"),
    ])
    func masked(target: String, expected: String) throws {
        let result = try PercentCoding.masked(target, rules: RuleSet(Self.rules))
        #expect(result.text == expected && result.blocked == nil)
    }

    @Test("ends where a rule blocks, in the query as in the path", arguments: [("/a?x=DROP%20TABLE", "test-command"), ("/DROP+TABLE", "test-command"), ("/a?y=1&sud%6F=x", "b")])
    func blocked(target: String, rule: String) throws {
        let result = try PercentCoding.masked(target, rules: RuleSet(Self.rules))
        #expect(result.blocked == rule && !result.text.contains("TABLE") && !result.text.hasSuffix("x"))
    }
}
