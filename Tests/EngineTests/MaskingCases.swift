// One table of what masking means, to be read: every case is run through every cut, on the engine and on the reference.

import Engine

struct MaskingCase: CustomStringConvertible, Sendable {
    var name: String
    var format: Format = .text
    var rules: [Rule]
    var body: String
    var output: String
    /// Rule ids and ranges of what was masked or reported, in order of start; nil where the output says enough.
    var findings: [(String, Range<Int>)]? = nil
    /// Range of the match that ended the body.
    var blocked: Range<Int>? = nil

    var description: String { name }
}

private func rule(
    _ id: String, _ pattern: String, _ action: Rule.Action = .redact(label: nil), priority: Int = 0, checks: [Check] = [],
    context: Rule.Context? = nil
) -> Rule {
    Rule(id: id, entity: id.uppercased(), pattern: pattern, checks: checks, context: context, action: action, priority: priority)
}

extension MaskingCase {
    static let all: [MaskingCase] = labels + fills + overlaps + longMatches + maskGroups + conditions + blocks + characters + json + brokenJSON

    static let labels: [MaskingCase] = [
        .init(name: "nothing to mask", rules: [rule("a", "xyz")], body: "abc", output: "abc", findings: []),
        .init(name: "the label names the entity", rules: [rule("a", "b+")], body: "abbc", output: "a[REDACTED:A]c", findings: [("a", 1..<3)]),
        .init(name: "a label of its own", rules: [rule("a", "b", .redact(label: "<gone>"))], body: "abc", output: "a<gone>c"),
        .init(name: "an empty label", rules: [rule("a", "b", .redact(label: ""))], body: "abc", output: "ac", findings: [("a", 1..<2)]),
        .init(name: "remove", rules: [rule("a", "b", .remove)], body: "abcb", output: "ac", findings: [("a", 1..<2), ("a", 3..<4)]),
        .init(name: "report passes on", rules: [rule("a", "b+", .report)], body: "abbc", output: "abbc", findings: [("a", 1..<3)]),
        .init(name: "the whole body", rules: [rule("a", "b{3}")], body: "bbb", output: "[REDACTED:A]", findings: [("a", 0..<3)]),
        .init(name: "a match that only the end of the body completes", rules: [rule("a", "b$")], body: "bb", output: "b[REDACTED:A]"),
    ]

    static let fills: [MaskingCase] = [
        .init(name: "mask fills", rules: [rule("a", #"\d{4}"#, .mask(.init()))], body: "pin 1234.", output: "pin ****."),
        .init(
            name: "mask keeps the last four and the punctuation", rules: [rule("a", #"\d{4}(?:-\d{4}){3}"#, .mask(.init(keepLast: 4)))],
            body: "card 4111-1111-1111-1234!", output: "card ****-****-****-1234!"),
        .init(
            name: "mask counts punctuation where it is not kept", rules: [rule("a", #"\d\d-\d\d"#, .mask(.init(keepFirst: 1, keepLast: 3, keepPunctuation: false)))],
            body: "12-34", output: "1*-34"),
        .init(name: "mask keeps the first", rules: [rule("a", "[a-z]{5}", .mask(.init(fill: "#", keepFirst: 2)))], body: "hello", output: "he###"),
        .init(
            name: "mask hides everything rather than nothing", rules: [rule("a", #"\d{3}"#, .mask(.init(keepFirst: 2, keepLast: 2)))], body: "123",
            output: "***"),
        .init(name: "mask counts characters, not bytes", rules: [rule("a", "<[^>]{1,20}>", .mask(.init(fill: "•", keepLast: 1)))], body: "<äöü>", output: "<••ü>"),
    ]

    static let overlaps: [MaskingCase] = [
        .init(
            name: "touching matches become one replacement, labelled by the first", rules: [rule("a", "aa", priority: 0), rule("b", "bbb", priority: 5)],
            body: "xaabbbx", output: "x[REDACTED:A]x", findings: [("a", 1..<6)]),
        .init(name: "touching matches of one rule", rules: [rule("a", #"\d{2}"#)], body: "1234567", output: "[REDACTED:A]7", findings: [("a", 0..<6)]),
        .init(name: "one byte between keeps them apart", rules: [rule("a", "a"), rule("b", "b")], body: "a-b", output: "[REDACTED:A]-[REDACTED:B]"),
        .init(name: "of overlapping matches the longer labels", rules: [rule("a", "abc"), rule("b", "cdef")], body: "abcdef", output: "[REDACTED:B]", findings: [("b", 0..<6)]),
        .init(name: "priority comes before length", rules: [rule("a", "abc", priority: 1), rule("b", "cdef")], body: "abcdef", output: "[REDACTED:A]"),
        .init(name: "the id decides between equals", rules: [rule("z", "abc"), rule("b", "cde")], body: "abcde", output: "[REDACTED:B]"),
        .init(
            name: "overlaps chain", rules: [rule("a", "abc"), rule("b", "cdef"), rule("c", "fgh", priority: 1)], body: "abcdefgh", output: "[REDACTED:C]",
            findings: [("c", 0..<8)]),
        .init(name: "a match inside another", rules: [rule("a", "b", priority: 3), rule("b", "abc")], body: "abc", output: "[REDACTED:A]", findings: [("a", 0..<3)]),
        .init(name: "the winner's own part is what mask fills", rules: [rule("a", "cde", .mask(.init()), priority: 1), rule("b", "abcd")], body: "abcdef", output: "***f"),
        .init(name: "the longest end", rules: [rule("a", "ab|abcd")], body: "abcabcd", output: "[REDACTED:A]c[REDACTED:A]"),
        .init(name: "the leftmost start", rules: [rule("a", "bcd|abc")], body: "abcd", output: "[REDACTED:A]d"),
        .init(
            name: "a report takes no part in replacements", rules: [rule("a", "abc", .report, priority: 9), rule("b", "cd")], body: "abcd", output: "ab[REDACTED:B]",
            findings: [("a", 0..<3), ("b", 2..<4)]),
    ]

    static let longMatches: [MaskingCase] = [
        .init(name: "an unbounded tail is swallowed", rules: [rule("a", "key=[a-z]{2,}")], body: "key=abcdefgh ij", output: "[REDACTED:A] ij", findings: [("a", 0..<12)]),
        .init(
            name: "a tail runs into the next match: one replacement", rules: [rule("a", "a[a-z]{2,}"), rule("b", "zz[0-9]", priority: 9)], body: "abczz1.",
            output: "[REDACTED:A].", findings: [("a", 0..<6)]),
        .init(
            name: "only the core of a tail competes", rules: [rule("a", "a[a-z]{2,}"), rule("b", "defghi")], body: "abcdefghijk", output: "[REDACTED:A]"),
        .init(name: "a tail of pairs ends after a whole pair", rules: [rule("a", "x(?:ab)+")], body: "xababa", output: "[REDACTED:A]a"),
        .init(name: "the end of the text can end a tail", rules: [rule("a", "a+(?:b(?!c))?")], body: "aabc aab", output: "[REDACTED:A]bc [REDACTED:A]", findings: [("a", 0..<2), ("a", 5..<8)]),
        .init(name: "a filled tail", rules: [rule("a", "t-[a-z]+", .mask(.init(keepFirst: 2)))], body: "t-abcdef!", output: "t-a*****!"),
        .init(name: "mask waits for the end of the tail", rules: [rule("a", "t[0-9]+", .mask(.init(keepLast: 2)))], body: "t123456!", output: "*****56!"),
        .init(
            name: "an overlong match is masked without its checks", rules: [rule("a", "t[0-9]+", .mask(.init(keepLast: 2)), checks: [.luhn])],
            body: "t" + String(repeating: "1", count: 4200) + "!", output: "[REDACTED:A]!", findings: [("a", 0..<4201)]),
        .init(
            name: "one byte less and the checks decide", rules: [rule("a", "t(?:[0-9]{100})+", checks: [.luhn])], body: "t" + String(repeating: "1", count: 4094) + "!",
            output: "t" + String(repeating: "1", count: 4094) + "!", findings: []),
        .init(
            name: "64 ends that fail are no match", rules: [rule("a", "t[0-9]{3,}", checks: [.luhn])], body: "t" + String(repeating: "1", count: 66) + "!",
            output: "t" + String(repeating: "1", count: 66) + "!", findings: []),
        .init(
            name: "of 65 ends that fail the longest is masked without checks", rules: [rule("a", "t[0-9]{3,}", .mask(.init(keepLast: 2)), checks: [.luhn])],
            body: "t" + String(repeating: "1", count: 67) + "!", output: "[REDACTED:A]!", findings: [("a", 0..<68)]),
        .init(
            name: "the 64th longest end is still checked, the 65th is not", rules: [rule("a", "t[a-z]{2,}", checks: [.entropy(1.55)])],
            body: "tab" + String(repeating: "t", count: 63) + ".tab" + String(repeating: "t", count: 64) + ".",
            output: "[REDACTED:A]" + String(repeating: "t", count: 63) + ".[REDACTED:A].", findings: [("a", 0..<3), ("a", 67..<134)]),
        .init(
            name: "without checks the part to mask runs to the end of the match", rules: [rule("a", "t(?<mask>[0-9]{3,})x?", checks: [.luhn])],
            body: "t" + String(repeating: "1", count: 70) + "x!", output: "t[REDACTED:A]!", findings: [("a", 1..<72)]),
    ]

    static let maskGroups: [MaskingCase] = [
        .init(name: "the part to mask", rules: [rule("a", "key=(?<mask>[a-z]+)")], body: "key=abc;", output: "key=[REDACTED:A];", findings: [("a", 4..<7)]),
        .init(name: "what follows the part stays", rules: [rule("a", "://[a-z]{1,9}:(?<mask>[^@ ]{1,20})@")], body: "x://u:pw@h", output: "x://u:[REDACTED:A]@h"),
        .init(name: "a doubtful byte in front is masked", rules: [rule("a", "a{1,9}(?<mask>a)b")], body: "aaab", output: "a[REDACTED:A]b", findings: [("a", 1..<3)]),
        .init(name: "a doubtful byte behind is masked", rules: [rule("a", "x(?<mask>a)a{0,9}")], body: "xaaab", output: "x[REDACTED:A]b", findings: [("a", 1..<4)]),
        .init(
            name: "parts that do not overlap stay apart, whatever the matches do", rules: [rule("a", "key=(?<mask>[a-z]{3})"), rule("b", "key")], body: "key=abc",
            output: "[REDACTED:B]=[REDACTED:A]", findings: [("b", 0..<3), ("a", 4..<7)]),
        .init(
            name: "matches of a rule do not overlap, even where their parts would not", rules: [rule("a", "-(?<mask>[a-z])-")], body: "-a-b-c-",
            output: "-[REDACTED:A]-b-[REDACTED:A]-"),
    ]

    static let conditions: [MaskingCase] = [
        .init(name: "a check", rules: [rule("a", #"\d{4}"#, checks: [.luhn])], body: "1230 1231", output: "[REDACTED:A] 1231"),
        .init(name: "the longest end whose check passes", rules: [rule("a", #"\d{2,4}"#, checks: [.luhn])], body: "1835", output: "[REDACTED:A]35", findings: [("a", 0..<2)]),
        .init(name: "after a failed check the next start is tried", rules: [rule("a", #"\d{2}"#, checks: [.luhn])], body: "718", output: "7[REDACTED:A]"),
        .init(name: "checks look at the part to mask", rules: [rule("a", #"1(?<mask>\d{2})1"#, checks: [.luhn])], body: "1181 1191", output: "1[REDACTED:A]1 1191"),
        .init(
            name: "context stands before the match", rules: [rule("a", #"\d{3}"#, context: .init(words: ["card", "pan"], within: 10))],
            body: "123 card 456, then far away 789 PANs: 111", output: "123 card [REDACTED:A], then far away 789 PANs: [REDACTED:A]"),
        .init(
            name: "a context word stands alone", rules: [rule("a", #"\d{3}"#, context: .init(words: ["pan"], within: 9))],
            body: "span 123 pans 123 pant 123 myPan 123 panNo 123", output: "span 123 pans [REDACTED:A] pant 123 myPan [REDACTED:A] panNo [REDACTED:A]"),
        .init(
            name: "in JSON the key is context", format: .json, rules: [rule("a", #"\d{3}"#, context: .init(words: ["pin"], within: 8))],
            body: #"{"pin":"123","id":"123","pin":456}"#, output: #"{"pin":"[REDACTED:A]","id":"123","pin":"[REDACTED:A]"}"#),
        .init(name: "a word boundary at both ends of the text", rules: [rule("a", #"\bab\b"#)], body: "ab abc ab", output: "[REDACTED:A] abc [REDACTED:A]"),
        .init(name: "negative look-around holds at the edges", rules: [rule("a", #"(?<!\d)\d{2}(?!\d)"#)], body: "12 345 67", output: "[REDACTED:A] 345 [REDACTED:A]"),
        .init(name: "positive look-around fails at the edges", rules: [rule("a", #"(?<=-)a(?=-)"#)], body: "a-a-a", output: "a-[REDACTED:A]-a"),
    ]

    static let blocks: [MaskingCase] = [
        .init(name: "a block ends the body before the match", rules: [rule("a", "drop", .block)], body: "a drop b", output: "a ", findings: [], blocked: 2..<6),
        .init(
            name: "what lies before the block is masked", rules: [rule("a", "drop", .block), rule("b", "[0-9]+")], body: "12 drop 34", output: "[REDACTED:B] ",
            findings: [("b", 0..<2)], blocked: 3..<7),
        .init(
            name: "the first block in the text wins, not the first decided", rules: [rule("a", "abcdefg", .block), rule("b", "cd", .block)], body: "xabcdefg",
            output: "x", blocked: 1..<8),
        .init(
            name: "a start that fails gives way to the next block", rules: [rule("a", "abcdefg", .block), rule("b", "cd", .block)], body: "xabcdefh", output: "xab",
            blocked: 3..<5),
        .init(
            name: "a replacement that runs over the block's start is written whole", rules: [rule("a", "cdef", .block), rule("b", "abcd")], body: "xabcdefg",
            output: "x[REDACTED:B]", findings: [("b", 1..<3)], blocked: 3..<7),
        .init(
            name: "a report that runs over the block's start is not listed", rules: [rule("a", "cdef", .block), rule("b", "abcd", .report), rule("c", "xa", .report)],
            body: "xabcdefg", output: "xab", findings: [("c", 0..<2)], blocked: 3..<7),
        .init(
            name: "what starts behind the block adds nothing", rules: [rule("a", "cdef", .block), rule("b", "abcd"), rule("c", "defgh", priority: 9)],
            body: "xabcdefgh", output: "x[REDACTED:B]", blocked: 3..<7),
        .init(name: "a block with a tail is known at its first end", rules: [rule("a", "rm [a-z]{2,}", .block)], body: "rm abcdef", output: "", blocked: 0..<5),
        .init(
            name: "a block in JSON cuts the document", format: .json, rules: [rule("a", "drop", .block)], body: #"{"q":"so drop it"}"#, output: #"{"q":"so "#,
            blocked: 9..<13),
        .init(
            name: "a block with escapes cuts at the escape", format: .json, rules: [rule("a", "drop", .block)], body: #"{"q":"\u0064r\u006fp it"}"#,
            output: #"{"q":""#, blocked: 6..<20),
        .init(name: "a block in a number", format: .json, rules: [rule("a", "345", .block)], body: "[123456]", output: "[12", blocked: 3..<6),
    ]

    static let characters: [MaskingCase] = [
        .init(name: "a match is widened over the character it cuts", rules: [rule("a", "a[^a]")], body: "aéb", output: "[REDACTED:A]b", findings: [("a", 0..<3)]),
        .init(name: "over all bytes of it", rules: [rule("a", "a[^a]")], body: "a😀b", output: "[REDACTED:A]b", findings: [("a", 0..<5)]),
        .init(name: "a part to mask is widened to the left", rules: [rule("a", "[^a](?<mask>[^a])b")], body: "éb", output: "[REDACTED:A]b", findings: [("a", 0..<2)]),
        .init(name: "no match starts inside a character", rules: [rule("a", "[^a-z]b")], body: "éb 1b", output: "éb [REDACTED:A]", findings: [("a", 4..<6)]),
        .init(name: "characters outside of ASCII are their bytes", rules: [rule("a", "é{2}")], body: "ééé", output: "[REDACTED:A]é"),
    ]

    static let json: [MaskingCase] = [
        .init(
            name: "strings and keys are masked, structure is not", format: .json, rules: [rule("a", "ab|true|[{]")], body: #"{"ab":"xab","c":true}"#,
            output: #"{"[REDACTED:A]":"x[REDACTED:A]","c":true}"#, findings: [("a", 2..<4), ("a", 8..<10)]),
        .init(name: "no match crosses from one string to the next", format: .json, rules: [rule("a", #"a[",b]{1,4}b"#)], body: #"["a","b"]"#, output: #"["a","b"]"#),
        .init(name: "a text begins and ends at the quotes", format: .json, rules: [rule("a", "^ab$")], body: #"["ab","abc"]"#, output: #"["[REDACTED:A]","abc"]"#),
        .init(
            name: "escapes are resolved and masked whole", format: .json, rules: [rule("a", "a4/b")], body: #"["xa\u0034\/by"]"#, output: #"["x[REDACTED:A]y"]"#,
            findings: [("a", 3..<13)]),
        .init(
            name: "escapes outside of masks stay as they were", format: .json, rules: [rule("a", "a")], body: #"["\u0034\/\ud83D\uDE00\tab"]"#,
            output: #"["\u0034\/\ud83D\uDE00\t[REDACTED:A]b"]"#),
        .init(
            name: "a surrogate pair is one character", format: .json, rules: [rule("a", "x[^a]", .mask(.init(keepFirst: 1)))], body: #"["x\ud83d\ude00y"]"#,
            output: #"["x*y"]"#, findings: [("a", 2..<15)]),
        .init(
            name: "every escape", format: .json, rules: [rule("a", #"^\x08\f\n\r\t"\\/\x01é€$"#)], body: #"["\b\f\n\r\t\"\\\/\u0001\u00E9\u20ac"]"#,
            output: #"["[REDACTED:A]"]"#),
        .init(name: "a lone surrogate is U+FFFD", format: .json, rules: [rule("a", "x\u{FFFD}y")], body: #"["x\ud83dy"]"#, output: #"["[REDACTED:A]"]"#),
        .init(name: "a high surrogate before another pair is alone", format: .json, rules: [rule("a", "😀")], body: #"["\ud83d\ud83d\ude00"]"#, output: #"["\ud83d[REDACTED:A]"]"#),
        .init(
            name: "replacements are escaped", format: .json, rules: [rule("a", "a", .redact(label: "\"\\\n\u{1}é"))], body: #"["a"]"#,
            output: #"["\"\\\n\u0001é"]"#),
        .init(
            name: "kept characters are escaped again", format: .json, rules: [rule("a", #"[a-z"/]{4}"#, .mask(.init()))], body: #"["a\"\/b"]"#,
            output: #"["*\"/*"]"#),
        .init(name: "a masked number becomes a string", format: .json, rules: [rule("a", #"\d{4}"#)], body: "[1234, 12, -123456]", output: #"["[REDACTED:A]", 12, "[REDACTED:A]"]"#),
        .init(
            name: "any match masks the whole number", format: .json, rules: [rule("a", "12"), rule("b", "45", priority: 9)], body: #"{"n":-123.456e7}"#,
            output: #"{"n":"[REDACTED:A]"}"#, findings: [("a", 5..<15)]),
        .init(name: "a filled number is a string", format: .json, rules: [rule("a", #"\d{8}"#, .mask(.init(keepLast: 4)))], body: "12345678", output: #""****5678""#),
        .init(name: "a removed number is an empty string", format: .json, rules: [rule("a", #"\d{4}"#, .remove)], body: "[1234]", output: #"[""]"#),
        .init(name: "a reported number stays", format: .json, rules: [rule("a", "23", .report)], body: "[1234]", output: "[1234]", findings: [("a", 2..<4)]),
        .init(name: "NDJSON", format: .json, rules: [rule("a", "ab")], body: "{\"k\":\"ab\"}\n[\"ab\"]\n\"ab\"\n", output: "{\"k\":\"[REDACTED:A]\"}\n[\"[REDACTED:A]\"]\n\"[REDACTED:A]\"\n"),
        .init(name: "a number that the end of the body ends", format: .json, rules: [rule("a", #"\d{4}$"#)], body: "1234", output: #""[REDACTED:A]""#),
        .init(name: "a byte-order mark", format: .json, rules: [rule("a", "ab")], body: "\u{FEFF}[\"ab\"]", output: "\u{FEFF}[\"[REDACTED:A]\"]"),
        .init(name: "control characters and line ends inside of strings", format: .json, rules: [rule("a", "a\\nb")], body: "[\"a\nb\"]", output: "[\"[REDACTED:A]\"]"),
    ]

    static let brokenJSON: [MaskingCase] = [
        .init(name: "from the first wrong byte on it is text", format: .json, rules: [rule("a", "a\"b")], body: #"["a","b"] a"b"#, output: #"["a","b"] [REDACTED:A]"#),
        .init(name: "a label in broken JSON is not escaped", format: .json, rules: [rule("a", "ab", .redact(label: "\""))], body: #"["ab"] ab"#, output: #"["\""] ""#),
        .init(name: "the text of a broken number ends", format: .json, rules: [rule("a", #"\d+"#)], body: "12.x34", output: #""[REDACTED:A]"x[REDACTED:A]"#),
        .init(name: "the text that follows begins at the wrong byte", format: .json, rules: [rule("a", "^x")], body: "[1 x x", output: "[1 [REDACTED:A] x"),
        .init(name: "a string that nobody closes", format: .json, rules: [rule("a", "ab")], body: #"["xab"#, output: #"["x[REDACTED:A]"#),
        .init(name: "wrong escapes stand for themselves", format: .json, rules: [rule("a", #"\\qa"#)], body: #"["\qab"]"#, output: #"["[REDACTED:A]b"]"#),
        .init(name: "a wrong escape is never cut", format: .json, rules: [rule("a", "q", .remove)], body: #"["x\q"]"#, output: #"["x"]"#, findings: [("a", 3..<5)]),
        .init(name: "an unfinished escape at the end", format: .json, rules: [rule("a", #"b\\u00"#)], body: #"["b\u00"#, output: #"["[REDACTED:A]"#),
    ]
}
