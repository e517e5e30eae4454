import Operations
import Testing

@Suite struct HTTPReaderTests {
    static let github = HTTPEndpoint.Vendor(name: "github", hosts: ["api.github.com", "*.ghe.com"], prefixes: ["/api/v3"])
    static let search = HTTPEndpoint.Vendor(name: "search", hosts: ["search.*"], ports: [9200])
    static let anywhere = HTTPEndpoint.Vendor(name: "anywhere", prefixes: ["/*/api"])

    static func endpoint(_ vendor: HTTPEndpoint.Vendor, _ method: String, _ path: String, _ operation: String, object: String? = nil, where conditions: [HTTPEndpoint.Condition] = []) -> HTTPEndpoint {
        HTTPEndpoint(vendor: vendor, method: method, template: try! HTTPPathTemplate(path), conditions: conditions, operation: operation, object: object)
    }

    static let reader = HTTPReader(
        endpoints: [
            endpoint(github, "DELETE", "/repos/{owner}/{repo}", "http.delete-repository"),
            endpoint(github, "DELETE", "/repos/{owner}/{repo}/git/refs/{ref*}", "http.force-change", object: "{repo}:{ref}"),
            endpoint(github, "PATCH", "/repos/{owner}/{repo}", "http.archive", where: [.init(field: "archived", values: ["true"])]),
            endpoint(search, "DELETE", "/{index}", "nosql.drop-collection"),
            endpoint(anywhere, "DELETE", "/things/{id}.json", "http.delete-record"),
            endpoint(anywhere, "POST", "/instances/{id}:stop", "http.stop-service"),
            endpoint(anywhere, "ANY", "/", "http.delete-server", object: "", where: [.init(field: "Action", values: ["TerminateInstances", "Delete*"])]),
        ], places: JudgeTests.shipped.catalogue.places, readValue: JudgeTests.shipped.reading)

    static func summary(_ reading: Reading) -> String {
        (reading.operations.map { $0.name + ($0.object.isEmpty ? "" : " " + $0.object) } + reading.obscurities.map { "~" + $0.reason.rawValue }).joined(separator: "; ")
    }

    static let table: [(method: String, target: String, body: String, expected: String)] = [
        ("DELETE", "https://api.github.com/repos/a/b", "", "http.delete-repository a/b"),
        ("delete", "HTTPS://API.GITHUB.COM:443/repos/a/b?x=1#y", "", "http.delete-repository a/b"),
        ("DELETE", "https://user@api.github.com./repos/a/b", "", "http.delete-repository a/b"),
        ("DELETE", "/repos/a/b", "", "http.delete-repository a/b"),
        ("DELETE", "https://x.ghe.com/api/v3/repos/a/b", "", "http.delete-repository a/b"),
        ("DELETE", "https://other.example/repos/a/b", "", "http.delete /repos/a/b"),
        ("GET", "https://api.github.com/repos/a/b", "", ""),
        ("DELETE", "https://api.github.com/repos/a/b/git/refs/heads/main", "", "http.force-change b:heads/main"),
        ("PATCH", "https://api.github.com/repos/a/b", "{\"archived\": true}", "http.archive a/b"),
        ("PATCH", "https://api.github.com/repos/a/b", "{\"archived\": false}", ""),
        // Tricks with paths.
        ("DELETE", "https://api.github.com//repos///a/b", "", "http.delete-repository a/b"),
        ("DELETE", "https://api.github.com/./repos/x/../a/b/", "", "http.delete-repository a/b"),
        ("DELETE", "https://api.github.com/%72epos/a/%62", "", "http.delete-repository a/b"),
        ("DELETE", "https://api.github.com/%2572epos/a/b", "", "http.delete-repository a/b"),
        ("DELETE", "https://api.github.com/x/%2e%2e/repos/a/b", "", "http.delete-repository a/b"),
        ("DELETE", "https://api.github.com/REPOS;v=1/a/b;x", "", "http.delete-repository a/b"),
        ("DELETE", "https://api.github.com\\repos\\a\\b", "", "http.delete-repository a/b"),
        ("POST", "https://api.github.com/repos/a/b?_method=DELETE", "", "http.delete-repository a/b"),
        ("POST", "https://api.github.com/repos/a/b", "_method=delete", "http.delete-repository a/b"),
        ("POST", "https://h/instances/i7:stop?_method=GET", "", "http.stop-service i7"),
        // Ports, names within segments, conditions.
        ("DELETE", "localhost:9200/logs", "", "nosql.drop-collection logs"),
        ("DELETE", ":9200/logs", "", "nosql.drop-collection logs"),
        ("DELETE", "http://search.example/logs", "", "nosql.drop-collection logs"),
        ("DELETE", "/logs", "", "http.delete-collection /logs"),
        ("DELETE", "https://h/v1/api/things/5.json", "", "http.delete-record 5"),
        ("POST", "https://h/instances/i7:stop", "", "http.stop-service i7"),
        ("POST", "https://h/instances/i7:start", "", ""),
        ("GET", "https://ec2.example/?Action=TerminateInstances&InstanceId.1=i-1", "", "http.delete-server"),
        ("POST", "https://iam.example/", "Action=DeleteUser&UserName=x", "http.delete-server"),
        ("POST", "https://iam.example/", "Action=ListUsers", ""),
        // Without an endpoint.
        ("DELETE", "https://h/v1/users", "", "http.delete /v1/users"),
        ("DELETE", "https://h/users", "", "http.delete-collection /users"),
        ("DELETE", "https://h/api/v1/users", "", "http.delete-collection /api/v1/users"),
        ("DELETE", "https://h/users/5", "", "http.delete /users/5"),
        // GraphQL.
        ("POST", "https://h/graphql", "{\"query\": \"mutation { deleteUser(id: 5) { id } }\"}", "http.graphql-delete deleteUser"),
        ("POST", "https://h/graphql", "{\"query\": \"mutation M($a: ID!) { x: removeIssue(id: $a) { ok } y: addLabel { id } }\"}", "http.graphql-delete removeIssue; http.graphql-mutation addLabel"),
        ("POST", "https://h/graphql", "{\"query\": \"# mutation { deleteUser }\\nquery { deleteUser }\"}", ""),
        ("POST", "https://h/graphql", "{\"query\": \"mutation { ...F } fragment F on Mutation { productDelete(id: 1) { id } }\"}", "http.graphql-delete productDelete"),
        ("POST", "https://h/graphql", "{\"query\": \"mutation { note(text: \\\"} deleteUser {\\\") { id } }\"}", "http.graphql-mutation note"),
        ("POST", "https://h/graphql", "{\"query\": \"mutation { archiveIssue(id: 5) { id } }\"}", "http.graphql-disable archiveIssue"),
        ("POST", "https://h/graphql", "[{\"query\": \"{ a }\"}, {\"query\": \"mutation { destroyAll }\"}]", "http.graphql-delete destroyAll"),
        // Statements in bodies and queries.
        ("POST", "https://h/api/v2/statements", "{\"statement\": \"DROP TABLE t\"}", "sql.drop-table t"),
        ("POST", "https://h/query", "{\"query\": \"DELETE FROM t\"}", "sql.delete-all t"),
        ("GET", "https://h/?query=DROP%20TABLE%20t", "", "sql.drop-table t"),
        ("POST", "https://h/?database=d", "DROP TABLE t", "sql.drop-table t"),
        ("POST", "https://h/db/neo4j/tx/commit", "{\"statements\": [{\"statement\": \"MATCH (n) DETACH DELETE n\"}]}", "nosql.delete-all"),
        // JSON-RPC and tools.
        ("POST", "https://h/mcp", "{\"jsonrpc\": \"2.0\", \"id\": 1, \"method\": \"tools/call\", \"params\": {\"name\": \"delete_file\", \"arguments\": {\"path\": \"x\"}}}", "http.tool-delete delete_file"),
        ("POST", "https://h/mcp", "{\"jsonrpc\": \"2.0\", \"id\": 1, \"method\": \"tools/call\", \"params\": {\"name\": \"query\", \"arguments\": {\"sql\": \"DROP TABLE t\"}}}", "sql.drop-table t"),
        ("POST", "https://h/mcp", "{\"jsonrpc\": \"2.0\", \"id\": 1, \"method\": \"tools/call\", \"params\": {\"name\": \"run\", \"arguments\": {\"command\": \"rm -rf /\"}}}", "files.remove-recursively /"),
        ("POST", "https://h/mcp", "{\"jsonrpc\": \"2.0\", \"id\": 1, \"method\": \"tools/call\", \"params\": {\"name\": \"run\", \"arguments\": {\"command\": \"rm\", \"args\": [\"-rf\", \"it's\"]}}}", "files.remove-recursively it's"),
        ("POST", "https://h/mcp", "{\"jsonrpc\": \"2.0\", \"id\": 1, \"method\": \"tools/call\", \"params\": {\"name\": \"fetch\", \"arguments\": {\"url\": \"https://api.github.com/repos/a/b\", \"method\": \"DELETE\"}}}", "http.delete-repository a/b"),
        ("POST", "https://h/mcp", "{\"jsonrpc\": \"2.0\", \"id\": 1, \"method\": \"tools/call\", \"params\": {\"name\": \"listUsers\", \"arguments\": {}}}", ""),
        ("POST", "https://h/mcp", "{\"jsonrpc\": \"2.0\", \"id\": 1, \"method\": \"tools/list\"}", ""),
        ("POST", "https://h/rpc", "[{\"jsonrpc\": \"2.0\", \"id\": 1, \"method\": \"wallet.removeAccount\", \"params\": []}]", "http.rpc-delete wallet.removeAccount"),
    ]

    @Test("Requests and what they do")
    func requests() {
        for (method, target, body, expected) in Self.table {
            #expect(Self.summary(Self.reader.read(method: method, target: target, body: Array(body.utf8))) == expected, "\(method) \(target) \(body)")
        }
    }

    @Test("A header names the method or the action")
    func headers() {
        let reader = HTTPReader(endpoints: [Self.endpoint(.init(name: "aws", hosts: ["*.amazonaws.com"]), "ANY", "/", "http.delete-database", object: "", where: [.init(field: "X-Amz-Target", values: ["*.DeleteTable"])])])
        let target = HTTPReader.Request(method: "POST", target: "/", host: "dynamodb.eu-west-1.amazonaws.com", headers: [("x-amz-target", "DynamoDB_20120810.DeleteTable")], body: Array("{}".utf8))
        #expect(Self.summary(reader.read(target)) == "http.delete-database")
        let override = HTTPReader.Request(method: "POST", target: "https://api.github.com/repos/a/b", headers: [("X-HTTP-Method-Override", "DELETE")])
        #expect(Self.summary(Self.reader.read(override)) == "http.delete-repository a/b")
    }

    @Test("Arguments of a tool are read by their names")
    func tools() {
        #expect(Self.summary(Self.reader.readTool(arguments: Array("{\"input\": {\"query\": \"TRUNCATE TABLE t\"}}".utf8))) == "sql.truncate-table t")
        #expect(Self.summary(Self.reader.readTool(arguments: Array("{\"query\": \"delete old mails about the table\"}".utf8))) == "")
        #expect(Self.summary(Self.reader.readTool(arguments: Array("{\"query\": ".utf8))) == "~malformed")
    }

    @Test("A template says what is wrong with it")
    func templates() throws {
        for (template, message) in [("a", "a path begins with /"), ("/{", "\"{\" has { without }"), ("/}", "\"}\" has } without {"), ("/{a}/{a}", "\"a\" stands twice"), ("/{a*}/b", "\"{a*}\" must be the whole last segment"), ("/{}", "\"{}\" needs a name of letters, digits and _ in { }"), ("/{a}{b}", "\"{a}{b}\" has more than one name")] {
            #expect(throws: HTTPPathTemplate.Malformed(description: message)) { try HTTPPathTemplate(template) }
        }
        #expect(try HTTPPathTemplate("/a/{b}/c:{d}/{e*}").names == ["b", "d", "e"])
    }

    @Test("Any request is read to an end")
    func anyRequest() {
        var random = SQLPropertyTests.Random(state: UInt64.random(in: 0 ... .max))
        let seed = random.state
        let pieces = ["/", "..", ".", "%2e", "%", ";", "?", "#", "repos", "a", "{", "}", "\"query\"", ":", "\"mutation { deleteX }\"", "[", "]", ",", "\\", "\\u00", "=", "&", "Action", "@", "//", "http:", "\"jsonrpc\"", "\"method\"", "\"tools/call\"", "\u{0}"]
        for _ in 0..<5000 {
            func text() -> String { (0..<Int.random(in: 0..<15, using: &random)).map { _ in pieces.randomElement(using: &random)! }.joined() }
            let target = text()
            let body = text()
            let reading = Self.reader.read(method: ["GET", "DELETE", "POST"].randomElement(using: &random)!, target: target, body: Array(body.utf8))
            #expect(reading.operations.allSatisfy { $0.range.upperBound <= max(target.utf8.count, body.utf8.count) }, "seed \(seed): \(target) \(body)")
        }
    }
}
