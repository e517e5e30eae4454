// Elements and attributes of XML bodies, as fields by their names: <command>ls</command>, <run command="ls"/>.

extension FormField {
    /// Calls `body` with each attribute, and with the text before each end tag, by the local names of the attribute and the tag.
    ///
    /// A document that is not well-formed is read as far as it looks like one: what stands where a parser would stop is read all the same.
    ///
    /// - Complexity: linear in `bytes`.
    ///
    /// Source: XML 1.0 (fifth edition) §2.4 (character data), §2.5 (comments), §2.7 (CDATA sections), §3.1 (tags), §4.6 (predefined entities).
    static func forEachElement(of bytes: [UInt8], _ body: (FormField) -> Void) {
        var text: [UInt8] = []
        var i = 0
        func end(of mark: String, from start: Int) -> Int {
            let mark = Array(mark.utf8)
            var i = start
            while i + mark.count <= bytes.count {
                if bytes[i] == mark[0], bytes[i...].starts(with: mark) { return i }
                i += 1
            }
            return bytes.count
        }
        while i < bytes.count {
            guard bytes[i] == UInt8(ascii: "<") else {
                let stop = bytes[i...].firstIndex(of: UInt8(ascii: "<")) ?? bytes.count
                text += resolved(bytes[i..<stop])
                i = stop
                continue
            }
            let rest = bytes[i...]
            if rest.starts(with: "<!--".utf8) {
                i = min(end(of: "-->", from: i + 4) + 3, bytes.count)
            } else if rest.starts(with: "<![CDATA[".utf8) {
                let stop = end(of: "]]>", from: i + 9)
                text += bytes[min(i + 9, stop)..<stop]
                i = min(stop + 3, bytes.count)
            } else if rest.dropFirst().first == UInt8(ascii: "/") {
                let stop = bytes[i...].firstIndex(of: UInt8(ascii: ">")) ?? bytes.count
                let name = bytes[(i + 2)..<max(i + 2, stop)].prefix { $0 > 0x20 }
                body(FormField(codedName: local(name), value: text[...], isPercentCoded: false))
                text = []
                i = min(stop + 1, bytes.count)
            } else {
                text = []
                i = attributes(bytes, from: i + 1, body)
            }
        }
    }

    /// - Returns: the offset behind the tag.
    private static func attributes(_ bytes: [UInt8], from start: Int, _ body: (FormField) -> Void) -> Int {
        var i = start
        while i < bytes.count, bytes[i] != UInt8(ascii: ">") {
            while i < bytes.count, bytes[i] <= 0x20 || bytes[i] == UInt8(ascii: "/") { i += 1 }
            let name = i
            while i < bytes.count, bytes[i] > 0x20, bytes[i] != UInt8(ascii: "="), bytes[i] != UInt8(ascii: ">"), bytes[i] != UInt8(ascii: "/") { i += 1 }
            let nameEnd = i
            while i < bytes.count, bytes[i] <= 0x20 { i += 1 }
            guard i < bytes.count, bytes[i] == UInt8(ascii: "=") else { continue }
            i += 1
            while i < bytes.count, bytes[i] <= 0x20 { i += 1 }
            guard i < bytes.count, bytes[i] == UInt8(ascii: "\"") || bytes[i] == UInt8(ascii: "'") else { continue }
            let close = bytes[(i + 1)...].firstIndex(of: bytes[i]) ?? bytes.count
            body(FormField(codedName: local(bytes[name..<nameEnd]), value: resolved(bytes[(i + 1)..<close])[...], isPercentCoded: false))
            i = min(close + 1, bytes.count)
        }
        return min(i + 1, bytes.count)
    }

    /// Without the prefix of its namespace.
    private static func local(_ name: ArraySlice<UInt8>) -> ArraySlice<UInt8> { name.lastIndex(of: UInt8(ascii: ":")).map { name[($0 + 1)...] } ?? name }

    /// With references to characters resolved.
    private static func resolved(_ text: ArraySlice<UInt8>) -> [UInt8] {
        guard text.contains(UInt8(ascii: "&")) else { return Array(text) }
        var resolved: [UInt8] = []
        var i = text.startIndex
        while i < text.endIndex {
            if text[i] == UInt8(ascii: "&"), let end = text[i...].prefix(12).firstIndex(of: UInt8(ascii: ";")), let character = character(text[(i + 1)..<end]) {
                resolved += String(character).utf8
                i = end + 1
            } else {
                resolved.append(text[i])
                i += 1
            }
        }
        return resolved
    }

    private static func character(_ name: ArraySlice<UInt8>) -> Character? {
        switch String(decoding: name, as: UTF8.self) {
        case "lt": "<"
        case "gt": ">"
        case "amp": "&"
        case "quot": "\""
        case "apos": "'"
        case let number where number.hasPrefix("#x"): UInt32(number.dropFirst(2), radix: 16).flatMap(Unicode.Scalar.init).map(Character.init)
        case let number where number.hasPrefix("#"): UInt32(number.dropFirst()).flatMap(Unicode.Scalar.init).map(Character.init)
        default: nil
        }
    }
}
