// Where a shell command holds a text of another language: statements and requests, read by the readers of these.

extension ShellSession {
    /// - Parameter dialect: a name of `SQLDialect`, or empty where it is not known.
    func readSQL(_ text: String, dialect: String, place: Range<Int>, depth: Int) {
        guard spend(text.utf8.count, place) else { return }
        let bytes = Array(text.utf8)
        // What clients do themselves: psql's \! and sqlite's .shell hand a line to the shell.
        for line in bytes.split(separator: UInt8(ascii: "\n")) {
            let line = line.drop { $0 == UInt8(ascii: " ") }
            for escape in Self.clientEscapes where line.starts(with: escape) {
                _ = read(Array(line.dropFirst(escape.count)), place: place, input: .nothing, depth: depth + 1)
            }
        }
        adopt(SQLReader.read(bytes, dialect: SQLDialect(rawValue: dialect)), place)
    }

    private static let clientEscapes = ["\\!", ".shell ", ".system ", "system "].map { Array($0.utf8) }

    /// Takes over what another reader has found; its places are those of the text that held the statement.
    private func adopt(_ other: Reading, _ place: Range<Int>) {
        for operation in other.operations { note(operation.name, operation.object, place) }
        // What is no statement may be a file's name or an option.
        for obscurity in other.obscurities where obscurity.reason != .malformed { note(obscurity.reason, place) }
    }

    func readMongo(_ text: String, place: Range<Int>) {
        guard spend(text.utf8.count, place) else { return }
        adopt(NoSQLReader.read(text, language: .mongodb), place)
    }

    func readRedis(_ words: [String], place: Range<Int>) {
        let text = words.map { $0.contains(" ") ? "\"\($0)\"" : $0 }.joined(separator: " ")
        guard spend(text.utf8.count, place) else { return }
        adopt(NoSQLReader.read(text, language: .redis), place)
    }

    func read(_ request: HTTPReader.Request, place: Range<Int>) {
        guard spend(request.target.utf8.count + request.body.count, place) else { return }
        var request = request
        request.contentType = request.headers.last { $0.name.lowercased() == "content-type" }?.value
        adopt(table.requests.read(request), place)
    }
}
