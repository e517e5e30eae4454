// The judgement of a command: which reader reads it, and what the catalogue makes of what was read.

/// Reads commands and says what is to happen to them.
public struct Judge: Sendable {
    public let catalogue: Catalogue

    public init(_ catalogue: Catalogue) { self.catalogue = catalogue }

    /// What a command is written in.
    public enum Language: String, Sendable, CaseIterable {
        case shell, powershell, sql, mongo, redis, store, http, code
        /// A value that will be put into a statement or a command, and must not change it.
        case parameter
    }

    /// Commands longer than this are not read: 1 MiB.
    public static let longest = 1 << 20

    /// What is to happen to `command`.
    ///
    /// - Parameter domain: what the caller says that it is; told from the text if nil or not known.
    public func judge(_ command: String, domain: String? = nil) -> Verdict { catalogue.verdict(on: reading(of: command, domain: domain)) }

    /// What `command` would do.
    ///
    /// - Complexity: O(bytes of the command).
    public func reading(of command: String, domain: String? = nil) -> Reading {
        let bytes = Array(command.utf8)
        guard bytes.count <= Self.longest else {
            var reading = Reading()
            reading.obscurities.append(Obscurity(.tooLong, range: 0..<bytes.count))
            return reading
        }
        let language = Self.language(of: bytes, domain: domain)
        var reading = read(bytes, as: language)
        // As it stands, and as a person would take it.
        if let (resolved, offsets) = ApparentText.resolved(bytes) {
            let other = read(resolved, as: language)
            for operation in other.operations {
                var moved = operation
                moved.range = offsets[min(operation.range.lowerBound, resolved.count)]..<offsets[min(operation.range.upperBound, resolved.count)]
                if !reading.operations.contains(where: { $0.name == moved.name && $0.object == moved.object }) { reading.operations.append(moved) }
            }
        }
        return reading
    }

    /// What a value that stands at a place would do; ``CommandPlace/Language/arguments`` and ``CommandPlace/Language/request`` are read with what stands beside them, by ``HTTPReader``.
    ///
    /// - Complexity: O(bytes of the value).
    public func reading(of value: String, at place: CommandPlace) -> Reading {
        var reading: Reading
        switch place.language {
        case .shell, .arguments:
            reading = self.reading(of: value, domain: "shell")
            // Consoles of databases have commands, too.
            let language = Self.language(of: Array(value.utf8), domain: nil)
            add(language == .sql || language == .mongo ? self.reading(of: value, domain: language.rawValue) : NoSQLReader.read(value), to: &reading)
        case .powershell, .code, .mongo, .redis: reading = self.reading(of: value, domain: place.language.rawValue)
        case .sql, .query:
            reading = place.isCertain || Statements.begin(in: value) ? self.reading(of: value, domain: "sql") : Reading()
            if !place.isCertain { reading.operations.removeAll { Statements.proseObjects.contains($0.object.lowercased()) } }
            // Of other languages only what is unmistakable counts.
            reading.operations += NoSQLReader.read(value).operations
            add(GraphQLMutations.read(Array(value.utf8)), to: &reading)
        case .request: reading = catalogue.commands.requests.read(method: "GET", target: value)
        }
        if !place.isCertain { reading.obscurities.removeAll { $0.reason == .computed || $0.reason == .malformed } }
        return reading
    }

    /// What the calls of a program would do.
    func reading(of program: String, in language: Interpreters.Language) -> Reading { ShellReader.readCode(Array(program.utf8), language, table: catalogue.commands) }

    private func add(_ other: Reading, to reading: inout Reading) {
        reading.operations += other.operations
        reading.obscurities += other.obscurities.filter { $0.reason != .malformed }
    }

    /// What `command` would do, and its commands as the shell's reader took them.
    public func explain(_ command: String, domain: String? = nil) -> (reading: Reading, commands: [ShellTrace]) {
        let bytes = Array(command.utf8)
        guard bytes.count <= Self.longest, Self.language(of: bytes, domain: domain) == .shell else { return (reading(of: command, domain: domain), []) }
        return (reading(of: command, domain: domain), ShellReader.explain(bytes, table: catalogue.commands).commands)
    }

    private func read(_ bytes: [UInt8], as language: Language) -> Reading {
        let table = catalogue.commands
        switch language {
        case .shell: return ShellReader.read(bytes, table: table)
        case .powershell: return ShellReader.readPowerShell(bytes, table: table)
        case .code: return ShellReader.readCode(bytes, table: table)
        case .sql: return SQLReader.read(bytes)
        case .parameter:
            var reading = SQLInjection.read(bytes)
            reading.operations += ShellReader.readParameter(bytes, table: table).operations
            return reading
        case .mongo: return NoSQLReader.read(String(decoding: bytes, as: UTF8.self), language: .mongodb)
        case .redis: return NoSQLReader.read(String(decoding: bytes, as: UTF8.self), language: .redis)
        case .store:
            // Clients of stores are programs of the shell.
            var reading = NoSQLReader.read(String(decoding: bytes, as: UTF8.self))
            let commands = ShellReader.read(bytes, table: table)
            reading.operations += commands.operations
            reading.obscurities += commands.obscurities.filter { $0.reason != .malformed }
            return reading
        case .http: return readRequest(bytes)
        }
    }

    /// A request as it goes over the wire: its first line, header lines, an empty line, the body (RFC 9112).
    private func readRequest(_ bytes: [UInt8]) -> Reading {
        var lines = bytes.split(separator: UInt8(ascii: "\n"), maxSplits: 256, omittingEmptySubsequences: false).map { $0.last == 13 ? $0.dropLast() : $0 }[...]
        let first = (lines.popFirst() ?? []).split(separator: UInt8(ascii: " ")).map { String(decoding: $0, as: UTF8.self) }
        var headers: [(name: String, value: String)] = []
        while let line = lines.popFirst(), !line.isEmpty {
            let parts = String(decoding: line, as: UTF8.self).split(separator: ":", maxSplits: 1)
            if parts.count == 2 { headers.append((String(parts[0]), String(parts[1].drop { $0 == " " }))) }
        }
        func header(_ name: String) -> String? { headers.last { $0.name.lowercased() == name }?.value }
        let body = Array(lines.joined(separator: [UInt8(ascii: "\n")]))
        return catalogue.commands.requests.read(
            HTTPReader.Request(method: first.first ?? "GET", target: first.count > 1 ? first[1] : "/", host: header("host"), headers: headers, body: body, contentType: header("content-type")))
    }

    /// Which language a text is in, by what the caller says or else by how it begins.
    public static func language(of bytes: [UInt8], domain: String?) -> Language {
        switch domain {
        case "shell": return isCall(bytes) ? .code : .shell
        case "powershell": return .powershell
        case "mongo", "mongodb": return .mongo
        case "redis": return .redis
        case "nosql": return .store
        case "code": return .code
        case "parameter": return .parameter
        case "sql": return .sql
        default: break
        }
        let start = bytes.prefix(256).drop { $0 <= 0x20 }
        let words = start.split(maxSplits: 2, whereSeparator: { $0 <= 0x20 }).map { String(decoding: $0, as: UTF8.self) }
        if words.count > 1, methods.contains(words[0]), words[1].hasPrefix("/") || words[1].hasPrefix("http") { return .http }
        // Of these words only SQL makes more than a name: the second one says which statement it is.
        if domain == nil, words.count > 1, let seconds = statements[words[0].lowercased()], seconds.isEmpty || seconds.contains(words[1].lowercased().filter { $0.isLetter }) { return .sql }
        if domain == nil, start.starts(with: "db.".utf8) { return .mongo }
        return isCall(bytes) ? .code : .shell
    }

    private static let methods: Set<String> = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]

    /// First words of statements and, where a program may have the same name, what must follow.
    private static let statements: [String: Set<String>] = [
        "select": [], "insert": ["into", "overwrite"], "update": [], "delete": ["from"], "drop": [], "truncate": ["table"], "alter": [], "create": [], "grant": [], "revoke": [], "with": [], "merge": ["into"],
    ]

    /// Whether a text is a call with a dotted name, `gateway.customer.delete('x')`, which no shell has.
    private static func isCall(_ bytes: [UInt8]) -> Bool {
        guard let open = bytes.prefix(80).firstIndex(of: UInt8(ascii: "(")), open > 2, let first = bytes.first, ShellParser.isName(first) else { return false }
        return bytes[..<open].contains(UInt8(ascii: ".")) && bytes[..<open].allSatisfy { ShellParser.isName($0) || $0 == UInt8(ascii: ".") } && ShellParser.isName(bytes[open - 1])
    }
}
