// The rule sets that are fuzzed: small ones that together use every construct of the pattern language, and the corpus's default profile.

import Corpus
import Engine

/// A rule set to fuzz with, compiled when an input first asks for it.
public struct FuzzRules: Sendable {
    public let name: String
    public let rules: @Sendable () throws -> [Rule]

    /// In the order of the second byte of an input's head. New sets are added at the end, so that inputs found earlier keep their meaning.
    public static let all: [FuzzRules] = [
        FuzzRules(name: "ordinary") { ordinary },
        FuzzRules(name: "context") { context },
        FuzzRules(name: "prompt") { prompt },
        FuzzRules(name: "block") { block },
        FuzzRules(name: "overlaps") { overlaps },
        FuzzRules(name: "high-bytes") { highBytes },
        FuzzRules(name: "small-alphabet") { smallAlphabet },
        FuzzRules(name: "none") { [] },
        FuzzRules(name: "default-profile") { try Corpus.open().rules(profiles: [Corpus.defaultProfile]) },
    ]

    private static let email = #"\b[A-Za-z0-9._%+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}\b"#
    private static let card = #"\b[0-9](?:[ -]?[0-9]){12,18}\b"#

    /// Like what the corpus ships.
    private static let ordinary = [
        Rule(id: "email", entity: "EMAIL_ADDRESS", pattern: email),
        Rule(id: "ssn", entity: "US_SSN", pattern: #"\b[0-9]{3}-[0-9]{2}-[0-9]{4}\b"#, checks: [.ssnArea], action: .mask(.init(keepLast: 4))),
        Rule(id: "card", entity: "CREDIT_CARD", pattern: card, checks: [.luhn, .cardIssuer], action: .mask(.init(keepFirst: 2, keepLast: 4))),
        Rule(id: "ipv4", entity: "IP_ADDRESS", pattern: #"\b[0-9]{1,3}(?:\.[0-9]{1,3}){3}\b"#, checks: [.ipv4Octets]),
        Rule(id: "ipv6", entity: "IP_ADDRESS", pattern: #"(?<![\w:])[0-9A-Fa-f:]{2,39}(?![\w:])"#, checks: [.ipv6], priority: -1),
        Rule(id: "iban", entity: "IBAN_CODE", pattern: #"\b[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b"#, checks: [.iban]),
        Rule(id: "url-login", entity: "PASSWORD", pattern: #"[a-z]{2,10}://[^\s:/@"]{1,64}:(?<mask>[^\s@"]{1,64})@"#),
        Rule(id: "long-id", entity: "LONG_ID", pattern: #"\b[0-9]{17,19}\b"#, action: .report),
    ]

    /// Words before a match, also the name of a JSON member, and checks on a part of it.
    private static let context = [
        Rule(id: "account", entity: "ACCOUNT", pattern: #"\b[0-9]{6,12}\b"#, context: .init(words: ["account", "acct"], within: 24)),
        Rule(id: "member", entity: "PASSWORD", pattern: #"[^\s"]{1,40}"#, context: .init(words: [#"password": ""#, #"password":""#], within: 12), priority: 2),
        Rule(id: "phone", entity: "PHONE", pattern: #"\+?[0-9](?:[ ().-]{0,2}[0-9]){6,14}"#, context: .init(words: ["call", "phone"], within: 100)),
        Rule(
            id: "key", entity: "KEY", pattern: #"(?i)key[ =:"]{1,4}(?<mask>[a-z0-9]{8,40})\b"#, checks: [.entropy(2.5)],
            context: .init(words: ["api"], within: 8), action: .mask(.init(fill: "•", keepFirst: 3, keepPunctuation: false))),
        Rule(id: "near", entity: "NEAR", pattern: #"x[0-9]{1,3}"#, context: .init(words: ["a"], within: 1), action: .remove),
    ]

    /// Matches that are certain before they end, and are swallowed.
    private static let prompt = [
        Rule(id: "token", entity: "TOKEN", pattern: #"tok_[a-z0-9]{8,}"#),
        Rule(id: "bearer", entity: "BEARER_TOKEN", pattern: #"(?i)\bbearer (?<mask>[A-Za-z0-9._~+/-]{16,})"#),
        Rule(id: "line", entity: "SECRET", pattern: #"secret=(?<mask>.+)"#, action: .remove),
        Rule(id: "block-of-lines", entity: "KEY", pattern: #"-----BEGIN [A-Z ]{1,20}-----[^-]{20,}(?:-----END)?"#, priority: 1),
        Rule(id: "pairs", entity: "PAIRS", pattern: #"(?:[0-9]{2},){3,}"#, action: .report),
        Rule(id: "boundary-in-tail", entity: "TAIL", pattern: #"run[a-c]+(?:d\b)?"#),
        // Not prompt, because its whole value is needed: held to its end, or for 4096 bytes.
        Rule(id: "whole-value", entity: "WHOLE", pattern: #"id:[a-f0-9]{4,}"#, action: .mask(.init(keepLast: 2))),
        Rule(id: "checked-tail", entity: "CHECKED", pattern: #"num:(?<mask>[0-9]{8,})"#, checks: [.luhn]),
    ]

    /// The body ends before some matches; others stand around and over them.
    private static let block = [
        Rule(id: "drop", entity: "SQL", pattern: #"(?i)\bdrop\s{1,5}table\b"#, action: .block),
        Rule(id: "rm", entity: "SHELL", pattern: #"\brm\s+-rf\s+/"#.replacing("+", with: "{1,8}"), action: .block, priority: 3),
        Rule(id: "long-block", entity: "LONG", pattern: #"kill[a-z ]{3,}"#, action: .block),
        Rule(id: "table", entity: "TABLE", pattern: #"(?i)[a-z]{2,8} table [a-z]{1,8}"#),
        Rule(id: "flag", entity: "FLAG", pattern: #"-[a-z]{2}"#, action: .report),
        Rule(id: "email", entity: "EMAIL", pattern: email),
    ]

    /// Many rules on the same bytes, with all actions, priorities and odd labels.
    private static let overlaps = [
        Rule(id: "number", entity: "NUMBER", pattern: #"[0-9]{4,30}"#),
        Rule(id: "card", entity: "CARD", pattern: card, checks: [.luhn], action: .mask(.init(fill: "\"", keepLast: 4)), priority: 1),
        Rule(id: "digit-pair", entity: "PAIR", pattern: #"(?<![0-9])[0-9]{2}(?![0-9])"#, action: .redact(label: "\"\\\n\u{1}")),
        Rule(id: "middle", entity: "MIDDLE", pattern: #"[a-z]{1,5}(?<mask>[0-9]{1,5})[a-z]{1,5}"#, action: .remove, priority: -2),
        Rule(id: "word", entity: "WORD", pattern: #"\bab\w{0,6}\b"#, action: .redact(label: "")),
        Rule(id: "seen", entity: "SEEN", pattern: #"\w{3,9}"#, action: .report),
        Rule(id: "first", entity: "FIRST", pattern: #"^[^\s"]{1,3}"#, action: .redact(label: "é{}")),
        Rule(id: "last", entity: "LAST", pattern: #"[^\s"]{2}$"#),
    ]

    /// Classes that hold bytes of which characters outside of ASCII are made.
    private static let highBytes = [
        Rule(id: "accent", entity: "ACCENT", pattern: #"é[^a-z]{1,4}"#),
        Rule(id: "not-words", entity: "NOT_WORDS", pattern: #"\W(?<mask>\D{2,5})x"#, action: .mask(.init(fill: "€", keepFirst: 1, keepPunctuation: false))),
        Rule(id: "sign", entity: "SIGN", pattern: #"日本[^a]{0,9}"#, action: .remove),
        Rule(id: "any-three", entity: "THREE", pattern: #"-...-"#),
        Rule(id: "not-space", entity: "TAIL", pattern: #"@@\S{2,}"#),
        Rule(id: "face", entity: "FACE", pattern: #"(?:😀|😁){1,3}(?<mask>[^b]{1,3})"#),
        Rule(id: "beside", entity: "BESIDE", pattern: #"(?<=[^\w])z[^z]\b"#, action: .report),
    ]

    /// Short words over few letters: overlaps and near-matches come by themselves.
    private static let smallAlphabet = [
        Rule(id: "a", entity: "A", pattern: #"ab{0,3}c"#),
        Rule(id: "b", entity: "B", pattern: #"(?:a|bb){2,5}(?<mask>c{1,9})"#),
        Rule(id: "c", entity: "C", pattern: #"\Bab\B"#, action: .remove),
        Rule(id: "d", entity: "D", pattern: #"(?<!a)b{2}(?=c)"#, priority: 1),
        Rule(id: "e", entity: "E", pattern: #"1(?:[12]{2}|3[^1]){1,4}"#, action: .mask(.init(keepFirst: 1, keepLast: 1))),
        Rule(id: "f", entity: "F", pattern: #"(?:ca){2,}b?"#),
        Rule(id: "g", entity: "G", pattern: #"2\s{0,4}3+"#, action: .report),
        Rule(id: "h", entity: "H", pattern: #"\t[abc]{1,3}$"#),
    ]
}
