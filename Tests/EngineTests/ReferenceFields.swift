// The reference masker's field rules: every value of a document with the whole way to it, compared with every path.

import Engine

/// A string, number, `true` or `false` of a document, or what follows where it broke, that a field rule is about.
struct ReferenceFieldValue {
    enum Kind { case string, number, literal, rest }
    var rule: Rule
    var kind: Kind
    /// Half-open offsets into the document; of a string, between the quotes.
    var range: Range<Int>
}

struct ReferenceFields {
    private(set) var values: [ReferenceFieldValue] = []

    /// A name or the number of an element.
    private enum Link {
        case name(String)
        case element(Int)
    }

    private struct Open {
        var isObject: Bool
        /// Way to the value that is next.
        var link: Link?
    }

    private let rules: [Rule]

    /// - Parameter brokenAt: where the document stops being JSON.
    init(_ rules: [Rule], _ document: [UInt8], brokenAt: Int?) {
        self.rules = rules
        if rules.isEmpty { return }
        var open: [Open] = []
        var at = document.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
        let end = brokenAt ?? document.count
        var isKey = false
        // Behind the colon of a member, or in an array.
        var awaitsValue = false
        var last: ReferenceFieldValue?
        func way() -> [Link] { open.compactMap(\.link) }
        while at < end {
            let byte = document[at]
            switch byte {
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                open.append(Open(isObject: byte == UInt8(ascii: "{"), link: byte == UInt8(ascii: "[") ? .element(0) : nil))
                isKey = byte == UInt8(ascii: "{")
                awaitsValue = false
                at += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                open.removeLast()
                isKey = false
                awaitsValue = false
                at += 1
            case UInt8(ascii: ","):
                if open.last!.isObject {
                    open[open.count - 1].link = nil
                    isKey = true
                } else if case .element(let number)? = open.last!.link {
                    open[open.count - 1].link = .element(number + 1)
                }
                at += 1
            case UInt8(ascii: ":"):
                awaitsValue = true
                at += 1
            case UInt8(ascii: "\""):
                var close = at + 1
                while close < document.count, document[close] != UInt8(ascii: "\"") { close += document[close] == UInt8(ascii: "\\") ? 2 : 1 }
                close = min(close, document.count)
                if isKey {
                    if close < document.count { open[open.count - 1].link = .name(Self.name(Array(document[at + 1..<close]))) }
                    isKey = false
                } else {
                    if let rule = rule(for: way()) { values.append(ReferenceFieldValue(rule: rule, kind: .string, range: at + 1..<close)) }
                    awaitsValue = false
                }
                at = close + 1
            case 0x20, 0x09, 0x0A, 0x0D: at += 1
            default:
                let start = at
                while at < end, !" \t\n\r,:[]{}\"".utf8.contains(document[at]) { at += 1 }
                if byte != UInt8(ascii: "n"), let rule = rule(for: way()) {
                    let isNumber = isDigit(byte) || byte == UInt8(ascii: "-")
                    last = ReferenceFieldValue(rule: rule, kind: isNumber ? .number : .literal, range: start..<at)
                    values.append(last!)
                }
                awaitsValue = false
            }
        }
        guard let brokenAt else { return }
        var rest: Rule?
        if let inner = open.last {
            // All that is around the place.
            rest = self.rule(for: open.dropLast().compactMap(\.link))
            if inner.isObject, awaitsValue, let named = self.rule(for: way()) { rest = rest ?? named }
        }
        if rest == nil, let last, last.range.upperBound == brokenAt { rest = last.rule }
        if let rest { values.append(ReferenceFieldValue(rule: rest, kind: .rest, range: brokenAt..<document.count)) }
    }

    private static func name(_ raw: [UInt8]) -> String {
        if raw.count > 384 { return "" }
        let text = ReferenceJSON([UInt8(ascii: "\"")] + raw + [UInt8(ascii: "\"")]).texts[0].bytes
        return folded(String(decoding: text, as: UTF8.self))
    }

    private static func folded(_ name: String) -> String {
        String(String.UnicodeScalarView(name.unicodeScalars.filter { !["_", "-", " "].contains($0) }.map { $0.isASCII ? Unicode.Scalar(String($0).lowercased())! : $0 }))
    }

    /// Members of a schema that are no values.
    private static let annotations = Set(
        "type description title format pattern $ref $comment minLength maxLength minimum maximum minItems maxItems uniqueItems nullable readOnly writeOnly deprecated required additionalProperties contentEncoding contentMediaType"
            .split(separator: " ").map { folded(String($0)) })

    /// Whether a member lies in a schema: in an object of a field that is a member of what `properties` holds.
    private func isInSchema(_ way: [Link]) -> Bool {
        (0..<max(0, way.count - 2)).contains { index in
            guard case .name("properties") = way[index], case .name = way[index + 1], case .name = way[index + 2] else { return false }
            return rule(for: Array(way[...(index + 1)])) != nil
        }
    }

    /// The rule of the nearest value around, or of the value itself, that a path leads to.
    private func rule(for way: [Link]) -> Rule? {
        for length in stride(from: way.count, to: 0, by: -1) {
            var best: (rank: (Int, Int), rule: Rule)?
            for rule in rules {
                for path in rule.fields where Self.leads(path.description, Array(way[..<length])) {
                    let rank = (Self.parts(path.description).count, rule.priority)
                    if best.map({ $0.rank < rank || $0.rank == rank && rule.id < $0.rule.id }) ?? true { best = (rank, rule) }
                }
            }
            if let best { return best.rule }
            if case .name(let name) = way[length - 1], Self.annotations.contains(name), isInSchema(Array(way[..<length])) { return nil }
        }
        return nil
    }

    /// `a.b[*]` → `a`, `b`, `[*]`.
    private static func parts(_ path: String) -> [String] {
        path.replacing("[", with: ".[").split(separator: ".").map(String.init)
    }

    private static func leads(_ path: String, _ way: [Link]) -> Bool {
        let parts = parts(path)
        if parts.count == 1 || parts[0] == "*" {
            return way.count >= parts.count && agree(parts, Array(way.suffix(parts.count)))
        }
        return way.count == parts.count && agree(parts, way)
    }

    private static func agree(_ parts: [String], _ way: [Link]) -> Bool {
        zip(parts, way).allSatisfy { part, link in
            switch link {
            case _ where part == "*": return true
            case .element(let number): return part == "[*]" || part == "[\(number)]"
            case .name(let name): return !part.hasPrefix("[") && folded(part) == name
            }
        }
    }
}
