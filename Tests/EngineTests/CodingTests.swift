// Forms and markup: what their readers see is masked, over every cut, as the reference does it.

import Engine
import Testing

@Suite struct CodingTests {
    @Test("Forms and markup are masked as the table says, for every cut", arguments: [
        (Format.form, "a=%34111-111&b=x", "a=%5BREDACTED%3AC%5D&b=x"), (.form, "a=4111+111&4111-111=b", "a=4111+111&%5BREDACTED%3AC%5D=b"),
        (.form, "a=%34%31%31%31%2d111%zz%4", "a=%5BREDACTED%3AC%5D%zz%4"), (.form, "pin=12%2634&pins=12", "pin=%5BREDACTED%3AP%5D&pins=12"),
        (.form, "user[p_i%6E]=%", "user[p_i%6E]=%5BREDACTED%3AP%5D"), (.form, "pin=&pin&=pin&pin=1=2&x", "pin=&pin&=pin&pin=%5BREDACTED%3AP%5D&x"),
        (.form, "list[1][q]=a&list[0][q]=b&list.1.q=c", "list[1][q]=%5BREDACTED%3AP%5D&list[0][q]=b&list.1.q=%5BREDACTED%3AP%5D"),
        (.markup, "<b>4111&#45;111</b>&amp;4111&hyphen;111", "<b>[REDACTED:C]</b>&amp;4111&hyphen;111"), (.markup, "&#x34;1&#49;1-111;&#x34", "[REDACTED:C];&#x34"),
        (.markup, "a&#0;&#xD800;&nosuch;&", "a&#0;&#xD800;&nosuch;&"), (.markup, "4111&#000000045;111 &#00000000045;", "[REDACTED:C] &#00000000045;"),
        (.markup, "x<y>", "&lt;X&gt;<y>"),
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

    @Test("Random forms and markup come out like the reference's, and nothing is held that could leave", arguments: Effort.seeds(200))
    func random(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let format = generator.pick([Format.form, .markup])
        let (rules, base) = try RandomRules.loaded(seed: seed, kinds: generator.oneIn(2) ? [] : .all)
        var bodies = try RandomBodies(seed: seed, rules: rules)
        let fields =
            format == .form && generator.oneIn(2)
            ? [Rule(id: "f", entity: "F", fields: [try FieldPath(generator.pick(["a", "*.b", "a.b"]))], action: generator.pick([.redact(label: nil), .mask(.init(keepLast: 1)), .hash, .report]))]
            : []
        let set = try RuleSet(base, adding: fields)
        let reference = try ReferenceMasker(rules + fields, format: format)
        for _ in 0..<3 {
            var body: [UInt8] = []
            for _ in 0..<generator.within(1...4) {
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
