// What a request's query and body hold that can matter: fields at places, fields that endpoints ask for, JSON, statements.

/// A request's query and body, taken apart.
struct RequestContent {
    /// Fields of the query, the form or the parts at places of commands, in their order.
    private(set) var query: [FormField] = []
    private(set) var form: [FormField] = []
    /// Fields that conditions may ask for: name in lower case, and value.
    private(set) var fields: [(name: String, value: String)] = []
    /// What fields `_method` say.
    private(set) var methods: [String] = []
    private(set) var search: CommandSearch
    /// The body as a text of one language.
    private(set) var statement: (text: [UInt8], place: CommandPlace)?

    /// Values of fields are compared up to here.
    private static let longestField = 1 << 16

    init(_ request: HTTPReader.Request, query: [FormField], _ names: NameTable) {
        search = CommandSearch(names)
        let type = request.contentType.map { $0.prefix { $0 != ";" }.lowercased().filter { !$0.isWhitespace } }
        // Behind the byte order mark, if there is one.
        let first = request.body.first { $0 > 0x20 && $0 != 0xEF && $0 != 0xBB && $0 != 0xBF }
        let isJSON = type.map { $0.hasSuffix("json") } ?? false || first == UInt8(ascii: "{") || first == UInt8(ascii: "[")
        for field in query where keeps(field, names) { self.query.append(field) }
        if isJSON { search.search(request.body, isBody: true) }
        var count = 0
        let isXML = type.map { $0.hasSuffix("xml") } ?? (first == UInt8(ascii: "<"))
        if isXML {
            FormField.forEachElement(of: request.body) { if keeps($0, names) { form.append($0) } }
        } else if type == "application/x-www-form-urlencoded" || type == nil && !isJSON {
            FormField.forEach(in: request.body[...]) {
                if keeps($0, names) { form.append($0) }
                count += 1
            }
        } else if let type, type.hasPrefix("multipart/"), let boundary = Self.boundary(request.contentType) {
            FormField.forEachPart(of: request.body, boundary: boundary) { if keeps($0, names) { form.append($0) } }
        }
        let whole: CommandPlace? =
            switch type {
            case "application/graphql": CommandPlace("", .query)
            case "application/sql", "application/x-sql", "text/x-sql": CommandPlace("", .sql)
            case "application/x-sh", "application/x-shellscript", "text/x-shellscript", "text/x-sh": CommandPlace("", .shell)
            // ClickHouse and Trino take the statement as the body.
            case "text/plain", nil: request.body.isEmpty || isJSON || count > 1 || !Statements.begin(in: String(decoding: request.body.prefix(1 << 12), as: UTF8.self)) ? nil : CommandPlace("", .sql, isCertain: false)
            default: nil
            }
        if let whole, !request.body.isEmpty { statement = (request.body, whole) }
        for (name, value) in search.fields {
            fields.append((String(decoding: search.string(name, in: search.body), as: UTF8.self).lowercased(), Self.compared(search.string(value, in: search.body))))
        }
    }

    /// Takes of a field what conditions ask for, and the JSON that it holds. Whether a command may stand in it.
    private mutating func keeps(_ field: FormField, _ names: NameTable) -> Bool {
        // A value in JSON begins with { or [, which may be percent-coded.
        if let byte = field.value.prefix(8).first(where: { $0 > 0x20 }), byte == UInt8(ascii: "{") || byte == UInt8(ascii: "[") || byte == UInt8(ascii: "%") || byte == UInt8(ascii: "+") { search.search(field.text) }
        guard !names.isPlainlyNothing(field.codedName) else { return false }
        let name = field.name
        if name.lowercased() == "_method", methods.count < 4 { methods.append(Self.compared(field.text)) }
        if names.meaning(of: name).roles.contains(.condition), fields.count < CommandSearch.mostFields { fields.append((name.lowercased(), Self.compared(field.text))) }
        let meaning = names.meaning(of: field.lastName)
        return meaning.place >= 0 || meaning.roles.contains(.program)
    }

    private static func compared(_ text: [UInt8]) -> String { String(decoding: text.prefix(longestField), as: UTF8.self) }

    /// Whether a condition holds for a field of the query, the form or the JSON body.
    func holds(_ condition: HTTPEndpoint.Condition) -> Bool {
        let name = condition.field.lowercased()
        return fields.contains { $0.name == name && condition.holds(for: $0.value) }
    }

    /// Source: RFC 2046 §5.1.1.
    private static func boundary(_ type: String?) -> [UInt8]? {
        for parameter in (type ?? "").split(separator: ";").dropFirst() {
            let parameter = parameter.drop { $0.isWhitespace }
            if parameter.lowercased().hasPrefix("boundary=") { return Array(parameter.dropFirst(9).filter { $0 != "\"" && !$0.isWhitespace }.utf8) }
        }
        return nil
    }
}
