// Forms, tables and markup: what their readers see is masked, over every cut, as the reference does it.

import Engine
import Testing

@Suite struct CodingTests {
    @Test("Forms, tables and markup are masked as the table says, for every cut", arguments: [
        (Format.form, "a=%34111-111&b=x", "a=%5BREDACTED%3AC%5D&b=x"), (.form, "a=4111+111&4111-111=b", "a=4111+111&%5BREDACTED%3AC%5D=b"),
        (.form, "a=%34%31%31%31%2d111%zz%4", "a=%5BREDACTED%3AC%5D%zz%4"), (.form, "pin=12%2634&pins=12", "pin=%5BREDACTED%3AP%5D&pins=12"),
        (.form, "user[p_i%6E]=%", "user[p_i%6E]=%5BREDACTED%3AP%5D"), (.form, "pin=&pin&=pin&pin=1=2&x", "pin=&pin&=pin&pin=%5BREDACTED%3AP%5D&x"),
        (.form, "list[1][q]=a&list[0][q]=b&list.1.q=c", "list[1][q]=%5BREDACTED%3AP%5D&list[0][q]=b&list.1.q=%5BREDACTED%3AP%5D"),
        (.markup, "<b>4111&#45;111</b>&amp;4111&hyphen;111", "<b>[REDACTED:C]</b>&amp;4111&hyphen;111"), (.markup, "&#x34;1&#49;1-111;&#x34", "[REDACTED:C];&#x34"),
        (.markup, "a&#0;&#xD800;&nosuch;&", "a&#0;&#xD800;&nosuch;&"), (.markup, "4111&#000000045;111 &#00000000045;", "[REDACTED:C] &#00000000045;"),
        (.markup, "x<y>", "&lt;X&gt;<y>"),
        (.csv, "a,b\r\n4111-111,\"4111-111\"\r\n", "a,b\r\n[REDACTED:C],\"[REDACTED:C]\"\r\n"), (.csv, "4111,-111;4111-111", "4111,-111;[REDACTED:C]"),
        (.csv, "id;pin\n1;12,34\n2;\"56\n\"\"78\"\n3;\n4;\"\"\n", "id;pin\n1;[REDACTED:P]\n2;\"[REDACTED:P]\"\n3;\n4;\"\"\n"),
        (.csv, "\u{FEFF}\"P-I\"\"N\"|\"pi_n\"\n1|2|3", "\u{FEFF}\"P-I\"\"N\"|\"pi_n\"\n1|[REDACTED:P]|3"), (.csv, "sep=;\nx;pin\n1,2;3", "sep=;\nx;pin\n1,2;[REDACTED:P]"),
        (.csv, "\n\r\npin\tq\n1\t2\n", "\n\r\npin\tq\n[REDACTED:P]\t2\n"), (.csv, "pin,q\n\"1\"2,3\n", "pin,q\n\"[REDACTED:P]\"[REDACTED:P],3\n"),
        (.csv, "q,pin\n\"4111-111\"\"", "q,pin\n\"[REDACTED:C]\"\""), (.csv, "q\n\"\"\"4111-111\"\"\"", "q\n\"\"\"[REDACTED:C]\"\"\""), (.csv, "xx,x,x<\n\"x<\"", "xx,x,<X><\n\"<X><\""),
        (.csv, "q,l[1].q\na,b", "q,l[1].q\na,b"), (.csv, "q,list.1.q\na,b", "q,list.1.q\na,[REDACTED:P]"), (.csv, "pin", "pin"), (.csv, "", ""), (.csv, "\u{FEFF}", "\u{FEFF}"),
    ])
    func table(format: Format, body: String, expected: String) throws {
        let rules = [
            Rule(id: "c", entity: "C", pattern: "4111-111"), Rule(id: "p", entity: "P", fields: [try FieldPath("pin"), try FieldPath("list[1].q")]),
            Rule(id: "x", entity: "X", pattern: "^x(?=<)", action: .redact(label: "<X>")),
        ]
        let set = try RuleSet(rules)
        let bytes = Array(body.utf8)
        for cuts in [Cuts.whole] + (1...4).map({ .every($0, of: bytes.count) }) + bytes.indices.map({ Cuts(offsets: [$0]) }) {
            #expect(String(decoding: try MaskerRun(set, format, bytes, cuts).result.output, as: UTF8.self) == expected, "with \(cuts)")
        }
        #expect(String(decoding: try ReferenceMasker(rules, format: format).mask(bytes).output, as: UTF8.self) == expected)
    }

    @Test("Random forms, tables and markup come out like the reference's, and nothing is held that could leave", arguments: Effort.seeds(200))
    func random(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let format = generator.pick([Format.form, .csv, .markup])
        let (rules, base) = try RandomRules.loaded(seed: seed, kinds: generator.oneIn(2) ? [] : .all)
        var bodies = try RandomBodies(seed: seed, rules: rules)
        let fields =
            format != .markup && generator.oneIn(2)
            ? [Rule(id: "f", entity: "F", fields: [try FieldPath(generator.pick(["a", "*.b", "a.b"]))], action: generator.pick([.redact(label: nil), .mask(.init(keepLast: 1)), .hash, .report]))]
            : []
        let set = try RuleSet(base, adding: fields)
        let reference = try ReferenceMasker(rules + fields, format: format)
        for _ in 0..<3 {
            var body: [UInt8] = []
            if format == .csv { body = table(&bodies, &generator) }
            for _ in 0..<(format == .csv ? 0 : generator.within(1...4)) {
                if format == .form {
                    body += written(Array(generator.pick(["a", "a[b]", "c.b", "a[0][b]", ""]).utf8), form: true, &generator) + [UInt8(ascii: "=")]
                    body += written(bodies.text(longest: 40), form: true, &generator) + [UInt8(ascii: "&")]
                } else {
                    body += written(bodies.text(longest: 60), form: false, &generator)
                }
            }
            let expected = reference.mask(body)
            for cuts in [Cuts.whole, .random(of: body.count, using: &generator), .every(1, of: body.count)] {
                let run = try MaskerRun(set, format, body, cuts)
                if let difference = difference(run.result, expected) {
                    Issue.record("seed \(seed): \(format) body \(shown(body)) with \(cuts):\n\(difference)\nrules:\n\(shown(rules + fields))")
                    return
                }
                guard !body.isEmpty, cuts.offsets == Array(1..<body.count), rules.allSatisfy({ $0.context == nil && $0.checks.isEmpty }), fields.isEmpty, expected.blocked == nil else { continue }
                for (index, held) in zip(body.indices, run.held) {
                    let prefix = Array(body[...index])
                    let bound = reference.holdBound(prefix)
                    if held > prefix.count - bound.from {
                        Issue.record("seed \(seed): \(format) after \(shown(prefix)): holds \(held) bytes where \(prefix.count - bound.from) could still matter\nrules:\n\(shown(rules))")
                        return
                    }
                }
            }
        }
    }

    @Test("A context sees the name of a column, before what stands before the field", arguments: [
        ("card,x\n4111-111 . . . .,4111-111", "card,x\n[REDACTED:C] . . . .,4111-111"), ("\"my \"\"card\"\"\";n\r\n1;2\r\n\"4111-111\";3", "\"my \"\"card\"\"\";n\r\n1;2\r\n\"[REDACTED:C]\";3"),
        ("a,b\ncard,4111-111\n", "a,b\ncard,[REDACTED:C]\n"), ("cardinal\n4111-111", "cardinal\n4111-111"), ("x\ty\n1\tcard 4111-111", "x\ty\n1\tcard [REDACTED:C]"),
        ("card\n" + String(repeating: "-", count: 40) + "4111-111", "card\n" + String(repeating: "-", count: 40) + "4111-111"),
        ("card\n" + String(repeating: "-", count: 15) + "4111-111", "card\n" + String(repeating: "-", count: 15) + "[REDACTED:C]"),
    ])
    func columnContext(body: String, expected: String) throws {
        let rules = [Rule(id: "c", entity: "C", pattern: "4111-111", context: .init(words: ["card"], within: 20))]
        let bytes = Array(body.utf8)
        for cuts in [Cuts.whole, .every(1, of: bytes.count)] + bytes.indices.map({ Cuts(offsets: [$0]) }) {
            #expect(String(decoding: try MaskerRun(RuleSet(rules), .csv, bytes, cuts).result.output, as: UTF8.self) == expected, "with \(cuts)")
        }
        #expect(String(decoding: try ReferenceMasker(rules, format: .csv).mask(bytes).output, as: UTF8.self) == expected)
    }

    @Test("A table keeps its records and fields, whatever is written into it")
    func shapeOfTables() throws {
        let rules = [Rule(id: "a", entity: "A", pattern: "x+", action: .redact(label: "<\",;|\t\r\n>"))]
        let output = try MaskerRun(RuleSet(rules), .csv, Array("axb,\"axb\"\nx;,\"\"\"x\"\"\"\n".utf8)).result.output
        #expect(String(decoding: output, as: UTF8.self) == "a<       >b,\"a<\"\",;|\t\r\n>b\"\n<       >;,\"\"\"<\"\",;|\t\r\n>\"\"\"\n")
    }

    @Test("A table of more columns than are told apart fails closed, and long names are no fields")
    func wideTables() throws {
        let set = try RuleSet([Rule(id: "p", entity: "P", fields: [try FieldPath("pin")])])
        let wide = Array(String(repeating: "a,", count: CSVBounds.columns).utf8)
        #expect(throws: MaskError.self) { try MaskerRun(set, .csv, wide + Array("pin\n1".utf8)) }
        let names = (0..<CSVBounds.columns - 1).map { "column\($0)" } + ["pin"]
        let body = names.joined(separator: ",") + "\n" + String(repeating: ",", count: CSVBounds.columns - 1) + "4711\n"
        let output = try MaskerRun(set, .csv, Array(body.utf8), .every(999, of: body.utf8.count)).result.output
        #expect(String(decoding: output, as: UTF8.self) == body.replacing("4711", with: "[REDACTED:P]"), "names beyond what contexts see are fields all the same")
    }

    private enum CSVBounds { static let columns = 4096 }

    /// A table, or something like one.
    private func table(_ bodies: inout RandomBodies, _ generator: inout SeededGenerator) -> [UInt8] {
        var body = Array(generator.pick(["", "", "", "\u{FEFF}", "sep=;\n", "\n"]).utf8)
        let delimiter = generator.pick([",", ",", ";", "\t", "|"])
        let names = (0..<generator.within(1...3)).map { _ in Array(generator.pick(["a", "a.b", "card", "my key", "A_B", "ab", ""]).utf8) }
        for row in 0..<generator.within(1...4) {
            for column in 0..<(generator.oneIn(8) ? generator.within(1...4) : names.count) {
                if column > 0 { body += Array(delimiter.utf8) }
                let text = row == 0 && column < names.count ? names[column] : bodies.text(longest: generator.pick([1, 20, 40]))
                if generator.oneIn(2) {
                    body += [0x22] + text.flatMap { $0 == 0x22 ? [$0, $0] : [$0] } + [0x22]
                } else {
                    body += generator.oneIn(8) ? text : text.filter { !Array((delimiter + "\r\n").utf8).contains($0) }
                }
                if generator.oneIn(30) { body += Array(generator.pick(["\"", "\"\"", "a", ",", " "]).utf8) }
            }
            body += Array(generator.pick(["\n", "\r\n", "\r\n", "\r", "\n\n"]).utf8)
        }
        if generator.oneIn(3) { body.removeLast(min(body.count, generator.below(8))) }
        return body
    }

    /// Some bytes of it escaped, and some things that only look like escapes.
    private func written(_ text: [UInt8], form: Bool, _ generator: inout SeededGenerator) -> [UInt8] {
        let odds = generator.pick([2, 5, 1000])
        return text.flatMap { byte -> [UInt8] in
            if generator.oneIn(60) { return Array(generator.pick(form ? ["%", "%4", "%zz", "+", "=", "&"] : ["&", "&#", "&#x", "&amp", "&nosuch;", "&#1", "&#99999999999;", "&ndash;"]).utf8) }
            if form {
                if generator.oneIn(odds) { return Array(("%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: generator.oneIn(2))).utf8) }
                return byte == 0x20 ? [UInt8(ascii: "+")] : [byte]
            }
            guard byte < 0x80, generator.oneIn(odds) else { return [byte] }
            let names: [UInt8: String] = [0x40: "&commat;", 0x2E: "&period;", 0x26: "&amp;"]
            if let name = names[byte], generator.oneIn(2) { return Array(name.utf8) }
            return Array(generator.pick(["&#\(byte);", "&#x\(String(byte, radix: 16));", "&#0\(byte)"]).utf8)
        }
    }
}
