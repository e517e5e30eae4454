// Requests: what one would do at the service that answers it.

/// Reads requests by a table of vendors' endpoints, by the commands that stand in their queries and bodies (``CommandPlaces``), and by the remote calls that they are.
///
/// Paths are read as the most lenient server would: `//`, `/./`, `/x/../`, `%2e`, `;parameters`, letters in any case.
public struct HTTPReader: Sendable {
    /// A request as far as it matters here.
    public struct Request: Sendable {
        public var method: String
        /// Origin form, or a URL, with or without its scheme.
        public var target: String
        /// Where the target does not say.
        public var host: String?
        public var port: Int?
        /// Names in any case; only those that endpoints ask for matter.
        public var headers: [(name: String, value: String)]
        public var body: [UInt8]
        public var contentType: String?

        public init(method: String, target: String, host: String? = nil, port: Int? = nil, headers: [(name: String, value: String)] = [], body: [UInt8] = [], contentType: String? = nil) {
            self.method = method
            self.target = target
            self.host = host
            self.port = port
            self.headers = headers
            self.body = body
            self.contentType = contentType
        }
    }

    private let endpoints: EndpointTable
    private let names: NameTable
    /// Reads what stands at a place.
    private let readValue: @Sendable (String, CommandPlace) -> Reading

    /// How much of a request's commands is read; what is more is an obscurity. In bytes; each command counts for more than it has, by what reading even a short one takes.
    public static let longestCommands = 4 << 20

    /// - Parameter readValue: reads a value by its place. Arguments come to it as commands.
    public init(endpoints: [HTTPEndpoint] = [], places: CommandPlaces = CommandPlaces(), readValue: @escaping @Sendable (String, CommandPlace) -> Reading = { _, _ in Reading() }) {
        self.endpoints = EndpointTable(endpoints)
        self.readValue = readValue
        names = NameTable(places: places.all, conditions: Set(endpoints.flatMap { $0.conditions.map(\.field) }))
    }

    /// Reads a request, also one that curl, wget, httpie or `gh api` would send.
    public func read(method: String, target: String, body: [UInt8] = [], contentType: String? = nil) -> Reading {
        read(Request(method: method, target: target, body: body, contentType: contentType))
    }

    /// What a request would do. Ranges of what its target says are bytes of the target, of what its body says all of the body.
    ///
    /// - Complexity: linear in the bytes of the request.
    public func read(_ request: Request) -> Reading {
        let target = HTTPTarget(request.target)
        let host = target.host ?? request.host?.lowercased()
        let content = RequestContent(request, query: target.query, names)
        var commands = RequestCommands(names: names, readValue: readValue, requests: self)

        var methods = [request.method.uppercased()]
        // Frameworks let a form or a header name another method; others do not look at it.
        if methods[0] == "POST" || methods[0] == "GET" {
            methods += (content.methods + request.headers.filter { ["x-http-method-override", "x-http-method", "x-method-override"].contains($0.name.lowercased()) }.map(\.value)).map { $0.uppercased() }
        }
        commands.range = target.pathRange
        for method in methods {
            if let operation = operation(method, target, host: host, port: target.port ?? request.port, content, request.headers) { commands.add(operation) }
        }
        commands.range = target.pathRange.upperBound..<request.target.utf8.count
        commands.read(content.query)
        commands.range = 0..<request.body.count
        commands.read(content.search)
        commands.read(content.form)
        if let (text, place) = content.statement { commands.read(text, whole: place) }
        return commands.reading
    }

    /// What the arguments of a tool would do, by the reader of each one's language.
    public func readTool(arguments: [UInt8]) -> Reading {
        var search = CommandSearch(names)
        search.search(arguments, isTool: true)
        var commands = RequestCommands(names: names, readValue: readValue, requests: self)
        commands.range = 0..<arguments.count
        commands.read(search)
        if !search.isWhole { commands.add(.malformed) }
        return commands.reading
    }

    /// By the endpoint that is asked for, or else by the method alone.
    private func operation(_ method: String, _ target: HTTPTarget, host: String?, port: Int?, _ content: RequestContent, _ headers: [(name: String, value: String)]) -> Operation? {
        func holds(_ condition: HTTPEndpoint.Condition) -> Bool {
            let name = condition.field.lowercased()
            return content.holds(condition) || headers.contains { $0.name.lowercased() == name && condition.holds(for: $0.value) }
        }
        if let (endpoint, values) = endpoints.endpoint(method, target, host: host, port: port, holds: holds) {
            return Operation(endpoint.operation, object: Self.object(endpoint, values), range: target.pathRange)
        }
        guard method == "DELETE" else { return nil }
        return Operation(Self.isCollection(target) ? "http.delete-collection" : "http.delete", object: "/" + target.segments.joined(separator: "/"), range: target.pathRange)
    }

    private static func object(_ endpoint: HTTPEndpoint, _ values: [(name: String, value: String)]) -> String {
        guard var object = endpoint.object else { return values.map(\.value).joined(separator: "/") }
        for (name, value) in values { object = object.replacing("{\(name)}", with: value) }
        return object
    }

    /// Whether a path names a set of things rather than one: its last part is a word in the plural, or stands for all.
    private static func isCollection(_ target: HTTPTarget) -> Bool {
        guard let last = target.segments.last?.lowercased() else { return true }
        if last.contains("*") || last == "_all" || last == "all" || last.contains(",") { return true }
        let isWord = last.utf8.allSatisfy { $0 >= 0x61 && $0 <= 0x7A || $0 == 0x5F || $0 == 0x2D }
        return isWord && last.hasSuffix("s") && !last.hasSuffix("ss") && last.utf8.count > 3 && target.segments.count % 2 == 1
    }
}
