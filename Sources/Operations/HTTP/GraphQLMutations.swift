// GraphQL: the fields that a document's mutations ask for.

/// Reads a GraphQL document just as far as its mutations' fields.
///
/// Grammar: GraphQL specification (October 2021) §2.1 (tokens), §2.3 (operations), §2.5 (fields, aliases), §2.8 (fragments).
enum GraphQLMutations {
    /// A field of a mutation, or of a fragment, which a mutation may spread.
    struct Field: Hashable {
        /// Without its alias.
        var name: String
        /// Bytes of the document.
        var range: Range<Int>
    }

    /// The operations of a document, by the words of its mutations' names.
    static func read(_ text: [UInt8]) -> Reading {
        var reading = Reading()
        for field in fields(of: text) {
            let name =
                switch DestructiveNames.verb(in: field.name) {
                case .deletes: "http.graphql-delete"
                case .disables: "http.graphql-disable"
                case nil: "http.graphql-mutation"
                }
            reading.operations.append(Operation(name, object: field.name, range: field.range))
        }
        return reading
    }

    static func fields(of text: [UInt8]) -> [Field] {
        var fields: [Field] = []
        var braces = 0
        var parentheses = 0
        // What the next selection set at the top belongs to.
        var isMutation = false
        var counts = false
        var i = 0
        while i < text.count {
            let byte = text[i]
            switch byte {
            case 0x23:
                while i < text.count, text[i] != 0x0A { i += 1 }
                continue
            case 0x22:
                i = endOfString(text, i)
                continue
            case 0x28: parentheses += 1
            case 0x29: parentheses = max(0, parentheses - 1)
            case 0x7B where parentheses == 0:
                if braces == 0 { counts = isMutation }
                braces += 1
            case 0x7D where parentheses == 0:
                braces = max(0, braces - 1)
                if braces == 0 {
                    counts = false
                    isMutation = false
                }
            case 0x2E:
                // A spread or an inline fragment: its type's name is no field.
                while i < text.count, text[i] == 0x2E || text[i] <= 0x20 { i += 1 }
                let start = i
                while i < text.count, isName(text[i]) { i += 1 }
                if text[start..<i].elementsEqual("on".utf8) {
                    while i < text.count, text[i] <= 0x20 || isName(text[i]) { i += 1 }
                }
                continue
            case 0x40:
                i += 1
                while i < text.count, isName(text[i]) { i += 1 }
                continue
            case let byte where isName(byte):
                let start = i
                while i < text.count, isName(text[i]) { i += 1 }
                guard parentheses == 0 else { continue }
                if braces == 0 {
                    let word = text[start..<i]
                    if word.elementsEqual("mutation".utf8) || word.elementsEqual("fragment".utf8) { isMutation = true }
                } else if counts, braces == 1 {
                    var next = i
                    while next < text.count, text[next] <= 0x20 || text[next] == 0x2C { next += 1 }
                    // An alias: the field's name follows.
                    if next < text.count, text[next] == 0x3A {
                        i = next + 1
                        continue
                    }
                    fields.append(Field(name: String(decoding: text[start..<i], as: UTF8.self), range: start..<i))
                }
                continue
            default: break
            }
            i += 1
        }
        return fields
    }

    private static func isName(_ byte: UInt8) -> Bool { byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7A || byte >= 0x30 && byte <= 0x39 || byte == 0x5F }

    private static func endOfString(_ text: [UInt8], _ start: Int) -> Int {
        let isBlock = start + 2 < text.count && text[start + 1] == 0x22 && text[start + 2] == 0x22
        var i = start + (isBlock ? 3 : 1)
        while i < text.count {
            if text[i] == 0x5C {
                i += 2
            } else if text[i] == 0x22 {
                if !isBlock { return i + 1 }
                if i + 2 < text.count, text[i + 1] == 0x22, text[i + 2] == 0x22 { return i + 3 }
                i += 1
            } else {
                i += 1
            }
        }
        return text.count
    }
}
