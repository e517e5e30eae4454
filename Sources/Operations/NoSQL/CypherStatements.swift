// Cypher: MATCH (n) DETACH DELETE n.

/// Reads Cypher statements for what they delete.
///
/// Source: Cypher manual 5, "DELETE", "MATCH", "LOAD CSV"; openCypher 9 grammar (comments, strings).
enum CypherStatements {
    /// A token without strings' contents and comments, by what it means here.
    private enum Token { case match, `where`, limit, delete, `true`, opening, brace, colon, equals, semicolon, other }

    static func operations(of text: [UInt8], isCertain: Bool) -> [Operation] {
        // Nothing else destroys.
        guard names(.delete, in: text) else { return [] }
        let tokens = tokens(of: text)
        guard isCertain || zip(tokens, tokens.dropFirst()).contains(where: { $0.token == .match && $1.token == .opening }) else { return [] }
        var found: [Operation] = []
        for statement in tokens.split(whereSeparator: { $0.token == .semicolon }) {
            var isBounded = false
            var label = ""
            for k in statement.indices {
                switch statement[k].token {
                case .where:
                    // WHERE true, WHERE 1 = 1
                    let next = statement[min(k + 1, statement.endIndex - 1)]
                    let holds = next.token == .true || k + 3 < statement.endIndex && statement[k + 2].token == .equals && text[statement[k + 3].range].elementsEqual(text[next.range])
                    if !holds { isBounded = true }
                case .limit, .brace: isBounded = true
                case .colon where k + 1 < statement.endIndex && label.isEmpty: label = String(decoding: text[statement[k + 1].range], as: UTF8.self)
                case .delete:
                    let range = statement[statement.startIndex].range.lowerBound..<statement[k].range.upperBound
                    found.append(Operation((isBounded ? NoSQLOperation.deleteMany : .deleteAll).rawValue, object: label, range: range))
                default: break
                }
            }
        }
        return found
    }

    private static func tokens(of text: [UInt8]) -> [(token: Token, range: Range<Int>)] {
        var tokens: [(token: Token, range: Range<Int>)] = []
        var i = 0
        while i < text.count {
            let byte = text[i]
            let start = i
            if byte == 0x22 || byte == 0x27 || byte == 0x60 {
                i += 1
                while i < text.count, text[i] != byte { i += text[i] == 0x5C && byte != 0x60 ? 2 : 1 }
                i = min(i + 1, text.count)
                tokens.append((.other, start..<i))
            } else if byte == 0x2F, i + 1 < text.count, text[i + 1] == 0x2F {
                while i < text.count, text[i] != 0x0A { i += 1 }
            } else if byte == 0x2F, i + 1 < text.count, text[i + 1] == 0x2A {
                i += 2
                while i < text.count, !(text[i] == 0x2A && i + 1 < text.count && text[i + 1] == 0x2F) { i += 1 }
                i = min(i + 2, text.count)
            } else if isName(byte) {
                while i < text.count, isName(text[i]) { i += 1 }
                tokens.append((keyword(text[start..<i]), start..<i))
            } else {
                i += 1
                if byte > 0x20 { tokens.append((sign(byte), start..<i)) }
            }
        }
        return tokens
    }

    /// Whether the letters of a keyword stand somewhere.
    private static func names(_ token: Token, in text: [UInt8]) -> Bool {
        guard let name = keywords.first(where: { $0.token == token })?.name else { return false }
        var i = 0
        while i + name.count <= text.count {
            if text[i] | 0x20 == name[0], text[i + 1] | 0x20 == name[1], zip(text[i..<i + name.count], name).allSatisfy({ $0 | 0x20 == $1 }) { return true }
            i += 1
        }
        return false
    }

    private static func isName(_ byte: UInt8) -> Bool { byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7A || byte == 0x5F || byte >= 0x80 || byte >= 0x30 && byte <= 0x39 }

    private static func keyword(_ word: ArraySlice<UInt8>) -> Token {
        for (name, token) in keywords where name.count == word.count && zip(word, name).allSatisfy({ $0 | 0x20 == $1 }) { return token }
        return .other
    }

    private static let keywords: [(name: [UInt8], token: Token)] = [("match", .match), ("where", .where), ("limit", .limit), ("delete", .delete), ("true", .true)].map { (Array($0.utf8), $1) }

    private static func sign(_ byte: UInt8) -> Token {
        switch byte {
        case UInt8(ascii: "("): .opening
        case UInt8(ascii: "{"): .brace
        case UInt8(ascii: ":"): .colon
        case UInt8(ascii: "="): .equals
        case UInt8(ascii: ";"): .semicolon
        default: .other
        }
    }
}
