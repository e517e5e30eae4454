// Commands of stores that speak no SQL: MongoDB, Redis, Elasticsearch, Cypher; CQL is SQL for ``SQLReader``.

/// Reads a command by the first language it is a sentence of.
public enum NoSQLReader {
    public enum Language: String, Hashable, Sendable, CaseIterable {
        case mongodb, redis, elasticsearch, cypher, cassandra
    }

    /// What commands would do. Of a text whose language is not known only what is unmistakable counts, so that prose and code of other kinds are left alone.
    ///
    /// - Complexity: linear in the text's length.
    public static func read(_ text: String, language: Language? = nil) -> Reading {
        var reading = Reading()
        let bytes = Array(text.utf8.prefix(SQLReader.longest))
        if bytes.count < text.utf8.count { reading.obscurities.append(Obscurity(.tooLong, range: bytes.count..<text.utf8.count)) }
        if language == nil || language == .mongodb {
            var shell = MongoShell(bytes, isCertain: language == .mongodb)
            shell.run()
            reading.operations += shell.operations
            reading.obscurities += shell.obscurities
            if bytes.first(where: { $0 > 0x20 }) == 0x7B, let document = JSONValue(bytes, isLenient: true) {
                reading.operations += MongoCommand.operations(of: document).map { Operation($0.operation.rawValue, object: $0.object, range: 0..<bytes.count) }
            }
        }
        if language == nil || language == .redis { reading.operations += RedisCommands.operations(of: bytes, isCertain: language == .redis) }
        if language == nil || language == .elasticsearch { reading.operations += ElasticsearchConsole.operations(of: bytes) }
        if language == nil || language == .cypher { reading.operations += CypherStatements.operations(of: bytes, isCertain: language == .cypher) }
        if language == .cassandra {
            let statements = SQLReader.read(bytes, dialect: .cassandra)
            reading.operations += statements.operations
            reading.obscurities += statements.obscurities
        }
        reading.operations.sort { ($0.range.lowerBound, $0.range.upperBound) < ($1.range.lowerBound, $1.range.upperBound) }
        return reading
    }

    /// A command to MongoDB that came as JSON. The whole document is its place.
    static func read(document: JSONValue) -> Reading {
        var reading = Reading()
        reading.operations = MongoCommand.operations(of: document).map { Operation($0.operation.rawValue, object: $0.object, range: 0..<0) }
        return reading
    }
}
