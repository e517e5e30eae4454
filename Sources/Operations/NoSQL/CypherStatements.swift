// Cypher: MATCH (n) DETACH DELETE n.

/// Reads Cypher statements for what they delete.
///
/// Source: Cypher manual 5, "DELETE", "MATCH", "LOAD CSV"; openCypher 9 grammar (comments, strings).
enum CypherStatements {
    static func operations(of text: [UInt8], isCertain: Bool) -> [Operation] {
        // Words and brackets without strings and comments, in lower case.
        var tokens: [(text: String, range: Range<Int>)] = []
        var i = 0
        while i < text.count {
            let byte = text[i]
            if byte == 0x22 || byte == 0x27 || byte == 0x60 {
                let start = i
                i += 1
                while i < text.count, text[i] != byte { i += text[i] == 0x5C && byte != 0x60 ? 2 : 1 }
                i = min(i + 1, text.count)
                tokens.append((byte == 0x60 ? String(decoding: text[start..<i], as: UTF8.self) : "'", start..<i))
            } else if byte == 0x2F, i + 1 < text.count, text[i + 1] == 0x2F {
                while i < text.count, text[i] != 0x0A { i += 1 }
            } else if byte == 0x2F, i + 1 < text.count, text[i + 1] == 0x2A {
                i += 2
                while i < text.count, !(text[i] == 0x2A && i + 1 < text.count && text[i + 1] == 0x2F) { i += 1 }
                i = min(i + 2, text.count)
            } else if byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7A || byte == 0x5F || byte >= 0x80 || byte >= 0x30 && byte <= 0x39 {
                let start = i
                while i < text.count, text[i] | 0x20 >= 0x61 && text[i] | 0x20 <= 0x7A || text[i] == 0x5F || text[i] >= 0x80 || text[i] >= 0x30 && text[i] <= 0x39 { i += 1 }
                tokens.append((String(decoding: text[start..<i].map(lowercase), as: UTF8.self), start..<i))
            } else {
                if byte > 0x20 { tokens.append((String(Character(Unicode.Scalar(byte))), i..<i + 1)) }
                i += 1
            }
        }
        guard isCertain || tokens.indices.contains(where: { tokens[$0].text == "match" && $0 + 1 < tokens.count && tokens[$0 + 1].text == "(" }) else { return [] }
        var found: [Operation] = []
        for statement in tokens.split(separator: ";", by: \.text) {
            var isBounded = false
            var label = ""
            for k in statement.indices {
                switch statement[k].text {
                case "where":
                    // WHERE true, WHERE 1 = 1
                    let next = statement[min(k + 1, statement.endIndex - 1)].text
                    let holds = next == "true" || k + 3 < statement.endIndex && statement[k + 2].text == "=" && statement[k + 3].text == next
                    if !holds { isBounded = true }
                case "limit": isBounded = true
                case "{": isBounded = true
                case ":" where k + 1 < statement.endIndex && label.isEmpty: label = String(decoding: text[statement[k + 1].range], as: UTF8.self)
                case "delete":
                    let range = statement[statement.startIndex].range.lowerBound..<statement[k].range.upperBound
                    found.append(Operation((isBounded ? NoSQLOperation.deleteMany : .deleteAll).rawValue, object: label, range: range))
                default: break
                }
            }
        }
        return found
    }
}

extension Array {
    /// The parts between elements whose text is the separator.
    fileprivate func split(separator: String, by text: KeyPath<Element, String>) -> [ArraySlice<Element>] { split { $0[keyPath: text] == separator } }
}
