import Foundation
import Operations
import Testing

@Suite struct SQLReaderTests {
    /// As the tables write it.
    static func summary(_ reading: Reading) -> String {
        let operations = reading.operations.map { $0.name.replacing("sql.", with: "") + ($0.object.isEmpty ? "" : " " + $0.object) }
        return (operations + reading.obscurities.map { "~" + $0.reason.rawValue }).joined(separator: "; ")
    }

    @Test("Statements on rows", arguments: SQLTables.rows)
    func rows(_ item: SQLCase) { #expect(Self.summary(SQLReader.read(item.text)) == item.expected) }

    @Test("Statements on objects and rights", arguments: SQLTables.objects)
    func objects(_ item: SQLCase) { #expect(Self.summary(SQLReader.read(item.text)) == item.expected) }

    @Test("Programs, files, sessions and the server", arguments: SQLTables.server)
    func server(_ item: SQLCase) { #expect(Self.summary(SQLReader.read(item.text)) == item.expected) }

    @Test("Blocks, routines and strings that are run", arguments: SQLTables.procedural)
    func procedural(_ item: SQLCase) { #expect(Self.summary(SQLReader.read(item.text)) == item.expected) }

    @Test("What hides a statement does not", arguments: SQLTables.bypasses)
    func bypasses(_ item: SQLCase) { #expect(Self.summary(SQLReader.read(item.text)) == item.expected) }

    @Test("A condition bounds a statement if it depends on rows")
    func conditions() {
        for (condition, bounds) in SQLTables.conditions {
            let deletes = SQLReader.read("DELETE FROM t WHERE \(condition)").operations.map(\.name)
            #expect(!deletes.contains("sql.delete-all") == bounds, "\(condition)")
            let updates = SQLReader.read("UPDATE t SET a = 1 WHERE \(condition)").operations.map(\.name)
            #expect(!updates.contains("sql.update-all") == bounds, "\(condition)")
        }
    }

    @Test("A dialect that is known is read by its rules alone")
    func dialects() {
        func names(_ text: String, _ dialect: SQLDialect) -> [String] { SQLReader.read(text, dialect: dialect).operations.map(\.name) }
        #expect(names("SELECT 1 # ; DROP TABLE t", .mysql) == ["sql.select"])
        #expect(names("SELECT 1 # ; DROP TABLE t", .tsql) == ["sql.select", "sql.drop-table"])
        #expect(names("SELECT '\\'; DROP TABLE t; --'", .mysql) == ["sql.select"])
        #expect(names("SELECT '\\'; DROP TABLE t; --'", .postgres) == ["sql.select", "sql.drop-table"])
        #expect(names("SELECT E'\\'; DROP TABLE t; --'", .postgres) == ["sql.select"])
        #expect(names("/*! DROP TABLE t */", .mysql) == ["sql.drop-table"])
        #expect(names("/*! DROP TABLE t */", .postgres) == [])
        #expect(names("SELECT $$; DROP TABLE t; --$$", .snowflake) == ["sql.select"])
        #expect(names("SELECT q'[ '; DROP TABLE t; -- ]'", .oracle) == ["sql.select"])
        #expect(names("SELECT r'\\'; DROP TABLE t", .bigquery) == ["sql.select", "sql.drop-table"])
        #expect(names("SELECT '''a'; DROP TABLE t; ''' ", .bigquery) == ["sql.select"])
        #expect(names("SELECT [a; DROP TABLE t]", .tsql) == ["sql.select"])
        #expect(names("/* /* */ DROP TABLE t */ SELECT 1", .postgres) == ["sql.select"])
        #expect(names("CREATE PROC p AS SET NOCOUNT ON; DELETE FROM t;\nGO\nDROP TABLE u", .tsql) == ["sql.create-routine", "sql.define-destructive", "sql.drop-table"])
        for dialect in SQLDialect.allCases { #expect(names("SELECT 1; DROP TABLE t", dialect) == ["sql.select", "sql.drop-table"]) }
    }

    @Test("A range is where the operation stands, in bytes of the outermost text")
    func ranges() {
        let text = "SELECT 'ä'; DROP TABLE t; EXEC('DELETE FROM u')"
        let bytes = Array(text.utf8)
        let found = SQLReader.read(text).operations.map { String(decoding: bytes[$0.range], as: UTF8.self) }
        #expect(found == ["SELECT", "DROP TABLE t", "'DELETE FROM u'"])
    }

    @Test("What is nested too deeply, and what is too long, is said to be so")
    func bounds() {
        var text = "DROP TABLE t"
        for _ in 0..<8 { text = "EXEC('" + text.replacing("'", with: "''") + "')" }
        #expect(SQLReader.read(text).obscurities.map(\.reason) == [.tooDeep])
        let long = [UInt8](repeating: 0x20, count: SQLReader.longest) + Array("DROP TABLE t".utf8)
        #expect(SQLReader.read(long).obscurities.map(\.reason) == [.tooLong])
        #expect(SQLReader.read("SELECT 'x").obscurities.map(\.reason) == [.malformed])
        #expect(SQLReader.read("SELECT 1 /* x").obscurities.map(\.reason) == [.malformed])
    }
}
