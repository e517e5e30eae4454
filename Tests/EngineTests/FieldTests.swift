// Field rules: values masked by the names of their members, over every cut, as the reference does it.

import Engine
import Testing

@Suite struct FieldTests {
    private static let label = "[REDACTED:F]"

    private func set(_ fields: [String], action: Rule.Action = .redact(label: nil), numbers: NumberPolicy = .string) throws -> RuleSet {
        try RuleSet(RuleSet([Rule(id: "f", entity: "F", fields: fields.map { try FieldPath($0) }, action: action)]), numbers: numbers)
    }

    @Test("Fields are masked as the table says, for every cut", arguments: [
        (["password"], #"{"password": "x", "other": "x"}"#, #"{"password": "F", "other": "x"}"#),
        (["password"], #"{"Pass_Word":"x","pass-word":"y","passwords":"z","password ":"w"}"#, #"{"Pass_Word":"F","pass-word":"F","passwords":"z","password ":"F"}"#),
        (["card_number"], #"[{"cardNumber":4111},{"a":{"card number":[1,[2],{"x":true}]}}]"#, #"[{"cardNumber":"F"},{"a":{"card number":["F",["F"],{"x":"F"}]}}]"#),
        (["a"], #"{"a":null,"b":1,"a":"","a":{},"a":[],"a":false}"#, #"{"a":null,"b":1,"a":"","a":{},"a":[],"a":"F"}"#),
        (["ssn"], #"{"\u0073s\u006e": "\u0031\"2\\", "b": "ssn"}"#, #"{"\u0073s\u006e": "F", "b": "ssn"}"#),
        (["data.customers[*].email"], #"{"data":{"customers":[{"email":"x"},{"email":1}],"email":"y"},"email":"z"}"#, #"{"data":{"customers":[{"email":"F"},{"email":"F"}],"email":"y"},"email":"z"}"#),
        (["*.ssn"], #"{"ssn":1,"a":{"ssn":2,"b":[{"ssn":3}]}}"#, #"{"ssn":1,"a":{"ssn":"F","b":[{"ssn":"F"}]}}"#),
        (["a[1].b"], #"{"a":[{"b":1},{"b":2}]}{"a":[{"b":1},{"b":2,"a":[0,{"b":3}]}]}"#, #"{"a":[{"b":1},{"b":"F"}]}{"a":[{"b":1},{"b":"F","a":[0,{"b":3}]}]}"#),
        (["a[*].b"], #"{"a":[{"b":1,"x":2},{"x":[3],"b":[4,{"b":5}]},[{"b":6}],{"y":{"b":7},"b":8}],"b":[{"b":9}]}"#, #"{"a":[{"b":"F","x":2},{"x":[3],"b":["F",{"b":"F"}]},[{"b":6}],{"y":{"b":7},"b":"F"}],"b":[{"b":9}]}"#),
        (["a.b", "c[1][*].d"], #"{"c":[[{"d":1}],[{"d":2,"x":0},{"x":[1,2],"d":3}],[{"d":4}]],"a":[{"b":5}],"a":{"b":6,"a":{"b":7}}}"#, #"{"c":[[{"d":1}],[{"d":"F","x":0},{"x":[1,2],"d":"F"}],[{"d":4}]],"a":[{"b":5}],"a":{"b":"F","a":{"b":7}}}"#),
        (["a.*.c"], #"{"a":{"b":{"c":1},"d":[{"c":2}],"c":3}}"#, #"{"a":{"b":{"c":"F"},"d":[{"c":2}],"c":3}}"#),
        (["p"], #"{"x":"{\"p\": \"secret\", \"q\": [1]}"}"#, #"{"x":"{\"p\": \"F\", \"q\": [1]}"}"#),
        (["p"], #"{"properties":{"p":{"description":"x","type":["y",1],"default":"z","items":{"title":"t","value":1}},"q":{"p":"x"}}}"#, #"{"properties":{"p":{"description":"x","type":["y",1],"default":"F","items":{"title":"t","value":"F"}},"q":{"p":"F"}}}"#),
        (["p"], #"{"properties":{"p":"x","a":{"p":{"type":"x"}}},"type":1,"p":{"type":"x"}}"#, #"{"properties":{"p":"F","a":{"p":{"type":"F"}}},"type":1,"p":{"type":"F"}}"#),
        (["p"], #"{"properties":["p",{"p":{"type":"x"}}],"properties":"p","properties":{"p":[{"type":"x"}]}}"#, #"{"properties":["p",{"p":{"type":"F"}}],"properties":"p","properties":{"p":[{"type":"F"}]}}"#),
        (["properties"], #"{"properties":{"p":{"type":"x"}},"x":1}"#, #"{"properties":{"p":{"type":"x"}},"x":1}"#),
        (["p"], #"{"p":{"a":1,"b":x"secret"}}"#, #"{"p":{"a":"F","b":F"#),
        (["p"], #"{"p":12x, "q": "secret"}"#, #"{"p":"F"F"#),
        (["p"], #"{"p":secret, "q": 1}"#, #"{"p":F"#),
        (["p"], #"{"p" "secret"}"#, #"{"p" "secret"}"#),
        (["p"], #"{"a":{"p":-1.5e3 },"p" : [ "x" , true ] , "c":2}"#, #"{"a":{"p":"F" },"p" : [ "F" , "F" ] , "c":2}"#),
    ])
    func table(fields: [String], body: String, expected: String) throws {
        let rules = try set(fields)
        let bytes = Array(body.utf8)
        let expected = expected.replacing("F", with: Self.label)
        for cuts in [Cuts.whole] + (1...8).map({ .every($0, of: bytes.count) }) + bytes.indices.map({ Cuts(offsets: [$0]) }) {
            let output = try MaskerRun(rules, .json, bytes, cuts).result.output
            #expect(String(decoding: output, as: UTF8.self) == expected, "with \(cuts)")
        }
        let reference = try ReferenceMasker(rules.rules, format: .json).mask(bytes)
        #expect(String(decoding: reference.output, as: UTF8.self) == expected)
    }

    @Test("The longest way wins, and one that reports lets a value pass")
    func precedence() throws {
        let rules = try RuleSet([
            Rule(id: "all", entity: "ALL", fields: [FieldPath("id")]),
            Rule(id: "user", entity: "USER", fields: [FieldPath("user.id")], action: .mask(.init(keepLast: 2))),
            Rule(id: "pass", entity: "PASS", fields: [FieldPath("user.id.public")], action: .report),
        ])
        let run = try MaskerRun(rules, .json, Array(#"{"id":"12345","user":{"id":"12345"}}{"user":{"id":{"public":7,"x":"abc"}}}"#.utf8))
        #expect(String(decoding: run.result.output, as: UTF8.self) == ##"{"id":"[REDACTED:ALL]","user":{"id":"***45"}}{"user":{"id":{"public":7,"x":"*bc"}}}"##)
        #expect(run.result.findings.map(\.rule) == ["all", "user", "pass", "user"])
    }

    @Test("Of ways to one value the longest counts, then the rule with the higher priority")
    func precedenceOfWays() throws {
        let fields = ["*.b.x", "a.b.x", "*.x", "a.*.x", "a.b.x", "*.*.x", "a.b[*].x", "a.b.*.x"]
        let rules = try RuleSet(
            fields.enumerated().map { index, path in Rule(id: "r\(index)", entity: "E\(index)", fields: [try FieldPath(path)], priority: index == 4 ? 1 : 0) })
        let run = try MaskerRun(rules, .json, Array(#"{"a":{"b":{"x":1,"c":{"x":2}},"c":{"x":3}},"b":{"x":4},"c":{"b":{"x":5}},"d":{"x":6}}{"a":{"b":[{"x":7}]}}"#.utf8))
        // `*` at the beginning is a step like the others.
        #expect(run.result.findings.map(\.rule) == ["r4", "r7", "r3", "r2", "r0", "r2", "r6"])
    }

    @Test("Numbers are masked as the policy says", arguments: [
        (NumberPolicy.string, #"{"n":"[REDACTED:F]","b":"[REDACTED:F]","s":"[REDACTED:F]","c":"[REDACTED:C]"}"#),
        (.zero, #"{"n":0,"b":false,"s":"[REDACTED:F]","c":0}"#), (.null, #"{"n":null,"b":null,"s":"[REDACTED:F]","c":null}"#),
    ])
    func numbers(policy: NumberPolicy, expected: String) throws {
        let base = try RuleSet([
            Rule(id: "c", entity: "C", pattern: #"\b4111\b"#), Rule(id: "f", entity: "F", fields: [FieldPath("n"), FieldPath("b"), FieldPath("s")]),
        ])
        let rules = try RuleSet(base, numbers: policy)
        let body = Array(#"{"n":12,"b":true,"s":"x","c":4111}"#.utf8)
        for cuts in bytes(body) { #expect(String(decoding: try MaskerRun(rules, .json, body, cuts).result.output, as: UTF8.self) == expected) }
    }

    private func bytes(_ body: [UInt8]) -> [Cuts] { [.whole, .every(1, of: body.count), .every(3, of: body.count)] }

    @Test("A redacted value leaves at once, and nothing of it is held")
    func promptness() throws {
        let rules = try set(["p"])
        let body = Array((#"{"p":""# + String(repeating: "x", count: 300) + #"","q":1}"#).utf8)
        let run = try MaskerRun(rules, .json, body, .every(1, of: body.count))
        // `1` alone: a number is held whole.
        #expect(run.held.max() == 1)
        #expect(run.statistics.masked == ["f": 1])
    }

    @Test("Wrong paths are refused", arguments: ["", "a..b", "a.", ".a", "a[", "a[x]", "a[-1].b", "a[*]", "*", "_", "a.*", "[1]"])
    func wrong(path: String) { #expect(throws: FieldPathError.self) { try FieldPath(path) } }

    @Test("Ways that can be followed in too many ways at once are refused, and long ones are not")
    func tooManyWays() throws {
        // Which of the last levels were named `a` has to be kept in mind: 2¹⁴ sets of steps.
        let many = try FieldPath("*.a" + String(repeating: ".*", count: 14) + ".pin")
        let error = try #require(throws: RuleError.self) { try RuleSet([Rule(id: "many", entity: "PIN", fields: [many])]) }
        #expect(error.rule == "many" && error.hint != nil)

        let long = try FieldPath("a" + String(repeating: ".*", count: 29) + ".pin")
        let set = try RuleSet([Rule(id: "long", entity: "PIN", fields: [long])])
        let body = #"{"a":"# + String(repeating: #"{"b":"#, count: 29) + #"{"pin":"1234"}"# + String(repeating: "}", count: 30)
        let result = try MaskerRun(set, .json, Array(body.utf8), .whole).result
        #expect(String(decoding: result.output, as: UTF8.self) == body.replacing("1234", with: "[REDACTED:PIN]"))
    }

    @Test("Random documents, rules and cuts come out like the reference's", arguments: Effort.seeds(250))
    func random(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let (rules, base) = try RandomRules.loaded(seed: seed, kinds: generator.oneIn(2) ? [] : .all)
        var bodies = try RandomBodies(seed: seed, rules: rules, names: Self.names)
        let fields = try (0..<generator.within(1...3)).map { index in
            let action: Rule.Action = generator.pick([.redact(label: nil), .redact(label: "\"x\""), .remove, .mask(.init(keepLast: 1)), .report, .hash])
            let paths = try (0..<generator.within(1...2)).map { _ in try FieldPath(path(&generator)) }
            return Rule(
                id: "f\(index)", entity: "F\(index)", fields: paths, action: generator.oneIn(12) ? .block : action, priority: generator.below(2))
        }
        let numbers = generator.pick(NumberPolicy.allCases)
        let set = try RuleSet(RuleSet(base, adding: fields), numbers: numbers)
        for _ in 0..<3 {
            let body = bodies.json()
            let expected = try ReferenceMasker(rules + fields, format: .json, numbers: numbers).mask(body)
            for cuts in [Cuts.whole, .random(of: body.count, using: &generator), .random(of: body.count, using: &generator), .every(generator.within(1...3), of: body.count)] {
                guard let difference = difference(try MaskerRun(set, .json, body, cuts).result, expected) else { continue }
                Issue.record(
                    """
                    seed \(seed): body \(shown(body)) with \(cuts):
                    \(difference)
                    numbers: \(numbers), fields:
                    \(fields.map { "  \($0.id): \($0.fields) \($0.action) priority \($0.priority)" }.joined(separator: "\n"))
                    rules:
                    \(shown(rules))
                    """)
                return
            }
        }
    }

    private static let names = ["a", "b", "ab", "id", "x_y", "properties", "type"]

    private func path(_ generator: inout SeededGenerator) -> String {
        let name = { (generator: inout SeededGenerator) in generator.pick(Self.names + ["A", "xY", "x-y"]) }
        var path = generator.oneIn(3) ? "*." : ""
        for _ in 0..<generator.below(3) { path += generator.pick([name(&generator), "*"]) + generator.pick(["", "", "[*]", "[0]", "[1]"]) + "." }
        return generator.oneIn(2) ? name(&generator) : path + name(&generator)
    }
}
