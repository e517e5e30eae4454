// Requests: what one would do at the service that answers it.

/// Reads requests by a table of vendors' endpoints, and by what their bodies ask for: GraphQL mutations, JSON-RPC and MCP calls, statements of databases.
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
        /// Names in any case; only those that endpoints ask for matter.
        public var headers: [(name: String, value: String)]
        public var body: [UInt8]
        public var contentType: String?

        public init(method: String, target: String, host: String? = nil, headers: [(name: String, value: String)] = [], body: [UInt8] = [], contentType: String? = nil) {
            self.method = method
            self.target = target
            self.host = host
            self.headers = headers
            self.body = body
            self.contentType = contentType
        }
    }

    private let endpoints: [HTTPEndpoint]
    /// Places in ``endpoints`` by method, `ANY` with each.
    private let byMethod: [String: [Int]]
    /// Reads commands of the shell that arguments of tools hold.
    private let readCommand: (@Sendable (String) -> Reading)?

    /// - Parameter readCommand: for arguments named `command`, `cmd`, `script` and the like; without it they are not read.
    public init(endpoints: [HTTPEndpoint] = [], readCommand: (@Sendable (String) -> Reading)? = nil) {
        self.endpoints = endpoints
        self.readCommand = readCommand
        var byMethod: [String: [Int]] = [:]
        for (index, endpoint) in endpoints.enumerated() { byMethod[endpoint.method, default: []].append(index) }
        self.byMethod = byMethod
    }

    /// Reads a request, also one that curl, wget, httpie or `gh api` would send.
    public func read(method: String, target: String, body: [UInt8] = [], contentType: String? = nil) -> Reading {
        read(Request(method: method, target: target, body: body, contentType: contentType))
    }

    /// What a request would do. Ranges of what its target says are bytes of the target, of what its body says bytes of the body.
    public func read(_ request: Request) -> Reading {
        var reading = Reading()
        let target = HTTPTarget(request.target)
        let host = target.host ?? request.host?.lowercased()
        let type = request.contentType.map { $0.prefix { $0 != ";" }.lowercased().filter { !$0.isWhitespace } }
        let first = request.body.first { $0 > 0x20 }
        let isJSON = type.map { $0.hasSuffix("json") } ?? false || first == 0x7B || first == 0x5B
        let document = isJSON ? JSONValue(request.body) : nil
        let isForm = !isJSON && (type == nil || type == "application/x-www-form-urlencoded")
        let form = isForm && request.body.count <= 1 << 20 ? HTTPTarget.fields(request.body[...]) : []

        var method = request.method.uppercased()
        // Frameworks let a form or a header name another method.
        if method == "POST" || method == "GET" {
            let override =
                (target.query + form).first { $0.name.lowercased() == "_method" }?.value
                ?? request.headers.first { ["x-http-method-override", "x-http-method", "x-method-override"].contains($0.name.lowercased()) }?.value
            if let override { method = override.uppercased() }
        }

        func fieldHolds(_ condition: HTTPEndpoint.Condition) -> Bool {
            let name = condition.field.lowercased()
            return target.query.contains { $0.name.lowercased() == name && condition.holds(for: $0.value) }
                || form.contains { $0.name.lowercased() == name && condition.holds(for: $0.value) }
                || request.headers.contains { $0.name.lowercased() == name && condition.holds(for: $0.value) }
                || (document?.members.contains { $0.name.lowercased() == name && $0.value.scalar.map(condition.holds) ?? false } ?? false)
        }

        var best: (endpoint: HTTPEndpoint, values: [(name: String, value: String)], rank: Int)?
        for index in (byMethod[method] ?? []) + (byMethod["ANY"] ?? []) {
            let endpoint = endpoints[index]
            // Of a host that is not known the path must say more than how many parts it has.
            guard endpoint.vendor.serves(host, port: target.port), host != nil || endpoint.vendor.isAnywhere || endpoint.template.fixedCount > 1 || !endpoint.conditions.isEmpty, let values = Self.match(endpoint, target.segments) ?? target.segmentsWithSlashes.flatMap({ Self.match(endpoint, $0) }), endpoint.conditions.allSatisfy(fieldHolds) else { continue }
            // A host that is the vendor's own says more than any path, and a field more than none.
            let rank = (endpoint.vendor.isAnywhere || host == nil ? 0 : 100) + endpoint.template.fixedCount + endpoint.conditions.count
            if best == nil || rank > best!.rank { best = (endpoint, values, rank) }
        }
        if let best {
            reading.operations.append(Operation(best.endpoint.operation, object: Self.object(best.endpoint, best.values), range: target.pathRange))
        } else if method == "DELETE" {
            reading.operations.append(Operation(Self.isCollection(target) ? "http.delete-collection" : "http.delete", object: "/" + target.segments.joined(separator: "/"), range: target.pathRange))
        }
        let statements = target.query.filter { ["query", "sql", "statement", "stmt", "q", "command", "cmd"].contains($0.name.lowercased()) }
        for field in statements { add(SQLReader.read(field.value), within: target.pathRange.lowerBound..<request.target.utf8.count, to: &reading) }
        for field in form where ["query", "sql", "statement", "stmt", "q"].contains(field.name.lowercased()) { add(SQLReader.read(field.value), within: 0..<request.body.count, to: &reading) }
        if let document {
            read(document, request.body, 0, &reading)
        } else if type == "application/graphql" {
            readGraphQL(request.body, within: nil, &reading)
        } else if type == "application/sql" || type == "text/plain" || type == nil && !request.body.isEmpty && form.count <= 1 {
            // ClickHouse and Trino take the statement as the body.
            let statements = SQLReader.read(request.body)
            reading.operations += statements.operations.filter { $0.name != "sql.select" && $0.name != "sql.call" }
        }
        return reading
    }

    // MARK: Paths

    private static func match(_ endpoint: HTTPEndpoint, _ segments: [String]) -> [(name: String, value: String)]? {
        if let values = endpoint.template.match(segments[...]) { return values }
        for prefix in endpoint.vendor.prefixes {
            let parts = prefix.split(separator: "/")
            guard segments.count > parts.count, zip(parts, segments).allSatisfy({ $0 == "*" || $0.lowercased() == $1.lowercased() }) else { continue }
            if let values = endpoint.template.match(segments[parts.count...]) { return values }
        }
        return nil
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

    // MARK: Bodies

    private func add(_ inner: Reading, within range: Range<Int>, to reading: inout Reading) {
        reading.operations += inner.operations.map { Operation($0.name, object: $0.object, range: range) }
        reading.obscurities += inner.obscurities.filter { $0.reason != .malformed }.map { Obscurity($0.reason, range: range) }
    }

    private func read(_ document: JSONValue, _ body: [UInt8], _ depth: Int, _ reading: inout Reading) {
        let whole = 0..<body.count
        guard depth < 8 else {
            reading.obscurities.append(Obscurity(.tooDeep, range: whole))
            return
        }
        if case .array(let elements) = document {
            for element in elements { read(element, body, depth + 1, &reading) }
            return
        }
        let members = document.members
        if let method = document["method"]?.string, document["jsonrpc"] != nil || document["params"] != nil { readCall(method, document["params"], body, &reading) }
        for member in members {
            let name = member.name.lowercased()
            if name == "query" || name == "mutation", let text = member.value.string {
                let bytes = Array(text.utf8)
                if GraphQLMutations.fields(of: bytes).isEmpty { add(SQLReader.read(bytes), within: whole, to: &reading) } else { readGraphQL(bytes, within: whole, &reading) }
            } else if ["sql", "statement", "stmt", "sqltext", "sql_text"].contains(name), let text = member.value.string {
                add(SQLReader.read(text), within: whole, to: &reading)
            } else if name == "statements" {
                for statement in member.value.elements {
                    if let text = statement.string ?? statement["statement"]?.string ?? statement["sql"]?.string {
                        add(SQLReader.read(text), within: whole, to: &reading)
                        add(NoSQLReader.read(text), within: whole, to: &reading)
                    }
                }
            }
        }
        add(NoSQLReader.read(document: document), within: whole, to: &reading)
    }

    private func readGraphQL(_ text: [UInt8], within range: Range<Int>?, _ reading: inout Reading) {
        for field in GraphQLMutations.fields(of: text) {
            switch DestructiveNames.verb(in: field.name) {
            case .deletes: reading.operations.append(Operation("http.graphql-delete", object: field.name, range: range ?? field.range))
            case .disables: reading.operations.append(Operation("http.graphql-disable", object: field.name, range: range ?? field.range))
            case nil: reading.operations.append(Operation("http.graphql-mutation", object: field.name, range: range ?? field.range))
            }
        }
    }

    /// JSON-RPC 2.0, and of the Model Context Protocol `tools/call`.
    private func readCall(_ method: String, _ parameters: JSONValue?, _ body: [UInt8], _ reading: inout Reading) {
        let whole = 0..<body.count
        guard method == "tools/call" else {
            if DestructiveNames.verb(in: method) == .deletes { reading.operations.append(Operation("http.rpc-delete", object: method, range: whole)) }
            return
        }
        let tool = parameters?["name"]?.string ?? ""
        switch DestructiveNames.verb(in: tool) {
        case .deletes: reading.operations.append(Operation("http.tool-delete", object: tool, range: whole))
        case .disables: reading.operations.append(Operation("http.tool-disable", object: tool, range: whole))
        case nil: break
        }
        guard let arguments = parameters?["arguments"] else { return }
        let given = readTool(tool, arguments)
        add(given, within: whole, to: &reading)
    }

    /// What the arguments of a tool would do, by the reader of each one's language.
    public func readTool(_ name: String, arguments: [UInt8]) -> Reading {
        guard let value = JSONValue(arguments) else {
            var reading = Reading()
            reading.obscurities.append(Obscurity(.malformed, range: 0..<arguments.count))
            return reading
        }
        var reading = Reading()
        add(readTool(name, value), within: 0..<arguments.count, to: &reading)
        return reading
    }

    private func readTool(_ tool: String, _ arguments: JSONValue, _ depth: Int = 0) -> Reading {
        var reading = Reading()
        guard depth < 8 else { return reading }
        for member in arguments.members {
            let name = member.name.lowercased()
            if let text = member.value.string {
                switch name {
                case "sql", "query", "statement", "stmt", "sql_query", "sqlquery", "querytext", "mutation":
                    let bytes = Array(text.utf8)
                    let fields = GraphQLMutations.fields(of: bytes)
                    if fields.isEmpty {
                        add(SQLReader.read(bytes), within: 0..<0, to: &reading)
                        add(NoSQLReader.read(text), within: 0..<0, to: &reading)
                    } else {
                        readGraphQL(bytes, within: 0..<0, &reading)
                    }
                case "command", "cmd", "script", "shell", "bash", "commandline", "command_line", "code":
                    if let readCommand { add(readCommand(text), within: 0..<0, to: &reading) }
                    if name == "command" { add(NoSQLReader.read(text), within: 0..<0, to: &reading) }
                case "url", "uri", "endpoint":
                    let method = arguments["method"]?.string ?? arguments["http_method"]?.string ?? "GET"
                    let body = arguments["body"] ?? arguments["data"]
                    add(read(method: method, target: text, body: Array((body?.string ?? "").utf8)), within: 0..<0, to: &reading)
                default: break
                }
            } else if name == "args" || name == "argv" || name == "command" || name == "cmd", let readCommand {
                let words = member.value.elements.compactMap(\.scalar)
                if !words.isEmpty {
                    let program = arguments["command"]?.string ?? arguments["program"]?.string
                    let quoted = ((name == "args" ? [program].compactMap { $0 } : []) + words).map { "'" + $0.replacing("'", with: "'\\''") + "'" }
                    add(readCommand(quoted.joined(separator: " ")), within: 0..<0, to: &reading)
                }
            } else if !member.value.members.isEmpty {
                add(readTool(tool, member.value, depth + 1), within: 0..<0, to: &reading)
            } else {
                for element in member.value.elements where !element.members.isEmpty { add(readTool(tool, element, depth + 1), within: 0..<0, to: &reading) }
            }
        }
        return reading
    }
}
