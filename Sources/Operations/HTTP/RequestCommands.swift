// The commands of one request, read by the readers of their languages.

/// Reads what was found in a request, as far as ``HTTPReader/longestCommands`` goes.
struct RequestCommands {
    let names: NameTable
    let readValue: @Sendable (String, CommandPlace) -> Reading
    /// Reads the requests that tools are to send.
    let requests: HTTPReader
    /// What operations are found in: bytes of the target or of the body.
    var range = 0..<0
    private(set) var reading = Reading()
    private var bytesLeft = HTTPReader.longestCommands
    private var seen: Set<Operation> = []

    /// Different operations of one request; what has more is not read.
    private static let mostOperations = 4096

    init(names: NameTable, readValue: @escaping @Sendable (String, CommandPlace) -> Reading, requests: HTTPReader) {
        self.names = names
        self.readValue = readValue
        self.requests = requests
    }

    mutating func add(_ operation: Operation) {
        var placed = operation
        placed.range = range
        guard seen.count < Self.mostOperations else { return add(.tooLong) }
        if seen.insert(placed).inserted { reading.operations.append(placed) }
    }

    mutating func add(_ reason: Obscurity.Reason) {
        let obscurity = Obscurity(reason, range: range)
        if !reading.obscurities.contains(obscurity) { reading.obscurities.append(obscurity) }
    }

    private mutating func add(_ inner: Reading) {
        for operation in inner.operations { add(operation) }
        for obscurity in inner.obscurities where obscurity.reason != .malformed { add(obscurity.reason) }
    }

    /// Whether there is room for a command of `count` bytes.
    ///
    /// - Parameter isCertain: where prose may stand, most texts are dismissed at their first word.
    private mutating func spend(_ count: Int, isCertain: Bool = true) -> Bool {
        bytesLeft -= count + (isCertain ? 1024 : 128)
        if bytesLeft < 0 { add(.tooLong) }
        return bytesLeft >= 0
    }

    private mutating func read(_ text: String, at place: CommandPlace) {
        guard spend(text.utf8.count, isCertain: place.isCertain) else { return }
        add(readValue(text, place))
    }

    // MARK: Fields

    /// Fields of a query or a form: each by its name; arguments together, behind their program.
    mutating func read(_ fields: [FormField]) {
        var program: String?
        var words: (place: CommandPlace, words: [String])?
        for field in fields {
            let meaning = names.meaning(of: field.lastName)
            guard bytesLeft >= field.value.count / 3 else {
                add(.tooLong)
                return
            }
            let text = String(decoding: field.text, as: UTF8.self)
            if meaning.roles.contains(.program), program == nil { program = text }
            guard meaning.place >= 0 else { continue }
            let place = names.places[meaning.place]
            switch place.language {
            case .arguments: words = (place, (words?.words ?? []) + [text])
            case .request: break
            default: read(text, at: place)
            }
        }
        if let words { read(Self.command([program].compactMap { $0 } + words.words), at: words.place) }
    }

    /// A body that is a command. What only reads is no operation there: plain text may begin as a statement by chance.
    mutating func read(_ text: [UInt8], whole place: CommandPlace) {
        guard spend(text.count) else { return }
        var reading = readValue(String(decoding: text, as: UTF8.self), place)
        reading.operations.removeAll { $0.name == "sql.select" || $0.name == "sql.call" }
        add(reading)
    }

    // MARK: JSON

    mutating func read(_ search: CommandSearch) {
        if search.isTooDeep { add(.tooDeep) }
        if search.hasTooMany { add(.tooLong) }
        for call in search.calls {
            guard spend(call.method.count, isCertain: false) else { return }
            read(call, search)
        }
        for value in search.values {
            guard bytesLeft >= 0 else { return }
            read(value, search)
        }
        for (text, range) in search.documents {
            guard spend(range.count) else { return }
            if let document = JSONValue(search.texts[text][range], isLenient: true) { add(NoSQLReader.read(document: document)) } else { add(.tooDeep) }
        }
    }

    private mutating func read(_ value: CommandSearch.Value, _ search: CommandSearch) {
        let place = names.places[value.place]
        let neighbours = value.neighbours >= 0 ? search.neighbours[value.neighbours] : CommandSearch.Neighbours()
        func text(_ range: Range<Int>) -> String { String(decoding: search.string(range, in: value.text), as: UTF8.self) }
        guard bytesLeft >= value.range.count / 6 else {
            add(.tooLong)
            return
        }
        if search.texts[value.text][value.range.lowerBound] == UInt8(ascii: "[") {
            guard spend(value.range.count) else { return }
            guard let list = JSONValue(search.texts[value.text][value.range], isLenient: true) else { return add(.tooDeep) }
            return read(list.elements.compactMap(\.scalar), at: place, programs: neighbours.programs.map(text))
        }
        switch place.language {
        case .arguments:
            for program in neighbours.programs { read(text(program) + " " + text(value.range), at: place) }
        case .code: read(text(value.range), at: neighbours.language.map { Self.place(ofCode: text($0), place) } ?? place)
        case .request:
            guard value.isArgument, spend(value.range.count + (neighbours.body?.count ?? 0)) else { return }
            add(requests.read(method: neighbours.method.map(text) ?? "GET", target: text(value.range), body: neighbours.body.map { Array(text($0).utf8) } ?? []))
        default: read(text(value.range), at: place)
        }
    }

    /// A list of words or of commands.
    private mutating func read(_ words: [String], at place: CommandPlace, programs: [String]) {
        guard let first = words.first else { return }
        switch place.language {
        case .arguments:
            for program in programs.isEmpty ? [[]] : programs.map({ [$0] }) { read(Self.command(program + words), at: place) }
        case .shell, .powershell, .redis:
            read(Self.command(words), at: place)
            // Several commands, rather than the words of one.
            if first.utf8.contains(where: { $0 <= 0x20 }) || place.name.hasSuffix("s") || place.name.hasSuffix("script") {
                for word in words { read(word, at: place) }
            }
        case .code: read(words.joined(separator: "\n"), at: place)
        case .sql, .query, .mongo: for word in words { read(word, at: place) }
        case .request: break
        }
    }

    private static func place(ofCode language: String, _ place: CommandPlace) -> CommandPlace {
        switch language.lowercased() {
        case "sh", "bash", "shell", "zsh", "dash", "ksh", "fish", "console", "terminal": CommandPlace(place.name, .shell)
        case "powershell", "pwsh", "ps1", "cmd", "bat", "batch": CommandPlace(place.name, .powershell)
        case "sql", "postgresql", "postgres", "mysql", "tsql", "plsql": CommandPlace(place.name, .sql)
        default: place
        }
    }

    /// Words as one command of the shell.
    private static func command(_ words: [String]) -> String {
        words.map { word in
            let isPlain = !word.isEmpty && word.utf8.allSatisfy { $0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x7A || $0 >= 0x2B && $0 <= 0x3A || $0 == 0x5F || $0 == 0x40 || $0 == 0x3D || $0 == 0x25 }
            return isPlain ? word : "'" + word.replacing("'", with: "'\\''") + "'"
        }.joined(separator: " ")
    }

    // MARK: Remote calls

    /// JSON-RPC 2.0, and of the Model Context Protocol `tools/call`.
    private mutating func read(_ call: CommandSearch.Call, _ search: CommandSearch) {
        func text(_ range: Range<Int>) -> String { String(decoding: search.string(range, in: call.text).prefix(1024), as: UTF8.self) }
        let method = text(call.method)
        guard method == "tools/call" else {
            if DestructiveNames.verb(in: method) == .deletes { add(Operation("http.rpc-delete", object: method, range: range)) }
            return
        }
        let tool = call.tool.map(text) ?? ""
        switch DestructiveNames.verb(in: tool) {
        case .deletes: add(Operation("http.tool-delete", object: tool, range: range))
        case .disables: add(Operation("http.tool-disable", object: tool, range: range))
        case nil: break
        }
    }
}
