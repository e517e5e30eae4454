// Fields of forms and of queries: names, and values that are decoded when they matter.

/// One field of `application/x-www-form-urlencoded` (WHATWG URL, §5), one part of `multipart/form-data` (RFC 7578), or one element or attribute of XML.
struct FormField {
    /// As they stand in the text.
    var codedName: ArraySlice<UInt8>
    var value: ArraySlice<UInt8>
    var isPercentCoded: Bool

    var name: String {
        let name = Array(codedName.prefix(Self.longestName))
        return String(decoding: isPercentCoded ? HTTPTarget.percentDecoded(name, plusIsSpace: true) : name, as: UTF8.self)
    }

    var text: [UInt8] { isPercentCoded ? HTTPTarget.percentDecoded(Array(value), plusIsSpace: true) : Array(value) }

    /// The last part of a nested name: `sql` of `job[sql]`, `args` of `args[]` and `args[0]`.
    var lastName: Substring {
        var name = self.name[...]
        while name.hasSuffix("]"), let open = name.lastIndex(of: "[") {
            let inside = name[name.index(after: open)...].dropLast()
            if !inside.isEmpty, !inside.allSatisfy(\.isNumber) { return inside }
            name = name[..<open]
        }
        return name.lastIndex(of: ".").map { name[name.index(after: $0)...] } ?? name
    }

    /// Names are cut here: longer ones mean nothing.
    private static let longestName = 3 * NameTable.longest

    /// Calls `body` with each field of a query or a form.
    ///
    /// - Complexity: linear in `bytes`.
    static func forEach(in bytes: ArraySlice<UInt8>, _ body: (FormField) -> Void) {
        var start = bytes.startIndex
        while start < bytes.endIndex {
            let end = bytes[start...].firstIndex(of: UInt8(ascii: "&")) ?? bytes.endIndex
            let field = bytes[start..<end]
            let equals = field.firstIndex(of: UInt8(ascii: "=")) ?? end
            body(FormField(codedName: field[..<equals], value: field[min(equals + 1, end)...], isPercentCoded: true))
            start = min(end + 1, bytes.endIndex)
        }
    }

    /// Calls `body` with each part of a multipart body that has a name.
    ///
    /// - Complexity: linear in `bytes`.
    static func forEachPart(of bytes: [UInt8], boundary: [UInt8], _ body: (FormField) -> Void) {
        let delimiter = Array("--".utf8) + boundary
        var start: Int?
        var line = 0
        while line < bytes.count {
            let end = bytes[line...].firstIndex(of: 0x0A) ?? bytes.count
            if bytes[line] == UInt8(ascii: "-"), bytes[line..<end].starts(with: delimiter) {
                if let start { part(bytes[start..<line], body) }
                start = min(end + 1, bytes.count)
            }
            line = end + 1
        }
        // One that is not closed is read by some.
        if let start, start < bytes.count { part(bytes[start...], body) }
    }

    private static func part(_ part: ArraySlice<UInt8>, _ body: (FormField) -> Void) {
        // What stands in quotes is not told from what does not: each name that some server could see counts.
        var names: [String] = []
        var line = part.startIndex
        while line < part.endIndex {
            let end = part[line...].firstIndex(of: 0x0A) ?? part.endIndex
            let text = String(decoding: part[line..<end].prefix(1024), as: UTF8.self)
            line = min(end + 1, part.endIndex)
            if text.utf8.allSatisfy({ $0 <= 0x20 }) { break }
            let lowered = text.lowercased()
            guard lowered.hasPrefix("content-disposition:") else { continue }
            for parameter in text.split(separator: ";") {
                let parameter = parameter.drop { $0.isWhitespace }
                if parameter.lowercased().hasPrefix("name=") { names.append(String(parameter.dropFirst(5).filter { $0 != "\"" && !$0.isNewline })) }
            }
        }
        var value = part[line...]
        // The line end before the delimiter belongs to it.
        if value.last == 0x0A { value.removeLast() }
        if value.last == 0x0D { value.removeLast() }
        for name in names { body(FormField(codedName: Array(name.utf8)[...], value: value, isPercentCoded: false)) }
    }
}
