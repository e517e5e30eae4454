import Foundation
import Operations
import Testing

/// What holds for any text. A failing case prints the seed that repeats it.
@Suite struct SQLPropertyTests {
    struct Random: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var z = state
            z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
            z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
            return z ^ (z >> 31)
        }
    }

    static let statements: [[String]] = [
        ["DROP", "TABLE", "IF", "EXISTS", "a", ".", "b", "CASCADE"], ["DELETE", "FROM", "t"], ["DELETE", "FROM", "t", "WHERE", "id", "=", "5"], ["UPDATE", "t", "SET", "a", "=", "'x'"],
        ["UPDATE", "t", "SET", "a", "=", "1", "WHERE", "b", "IN", "(", "1", ",", "2", ")"], ["TRUNCATE", "TABLE", "t"], ["GRANT", "ALL", "ON", "t", "TO", "u"],
        ["SELECT", "*", "FROM", "t", ";", "DROP", "DATABASE", "d"], ["EXEC", "(", "'DROP TABLE t'", ")"], ["ALTER", "TABLE", "t", "DROP", "COLUMN", "c"],
        ["WITH", "x", "AS", "(", "DELETE", "FROM", "t", ")", "SELECT", "1"], ["MERGE", "INTO", "t", "USING", "s", "ON", "t", ".", "i", "=", "s", ".", "i", "WHEN", "MATCHED", "THEN", "DELETE"],
        ["COPY", "t", "FROM", "PROGRAM", "'x'"], ["BEGIN", "DELETE", "FROM", "t", ";", "END"], ["CREATE", "TABLE", "t", "(", "a", "int", ")"],
    ]

    @Test("White space, comments and case between tokens do not change what is read")
    func spelling() {
        var random = Random(state: UInt64.random(in: 0 ... .max))
        let seed = random.state
        let gaps = [" ", "\t", "\n", "\r\n", "  ", "/**/", "/* ; */", "/* 'x */", " /* DROP TABLE x */ ", "-- x\n", " -- it's\n", "\u{0B}", "\u{A0}", "\u{3000}"]
        for _ in 0..<4000 {
            let words = Self.statements.randomElement(using: &random)!
            let plain = SQLReaderTests.summary(SQLReader.read(words.joined(separator: " ")))
            var text = ""
            for word in words {
                text += word.hasPrefix("'") ? word : String(word.map { Bool.random(using: &random) ? Character($0.uppercased()) : Character($0.lowercased()) })
                text += gaps.randomElement(using: &random)!
                if Int.random(in: 0..<4, using: &random) == 0 { text += gaps.randomElement(using: &random)! }
            }
            let spelled = SQLReaderTests.summary(SQLReader.read(text))
            #expect(spelled.lowercased() == plain.lowercased(), "seed \(seed): \(text)")
        }
    }

    @Test("Any bytes are read to an end, and ranges lie within them in order")
    func anyBytes() {
        var random = Random(state: UInt64.random(in: 0 ... .max))
        let seed = random.state
        let pieces = Self.statements.flatMap { $0 } + ["'", "\"", "`", "[", "]", "$$", "$a$", "/*", "*/", "--", "#", "\\", "(", ")", ";", "q'[", "E'", "N'", "x'", "BEGIN", "END", "CASE", "EXEC", "@x", ":=", "=", "||", "+", "\n", "GO\n", "DELIMITER //\n", "CREATE PROCEDURE p", "AS", "OR", "AND", "NOT", "BETWEEN", "LIKE", "{{", "\u{200B}", "Д", "0x4", "1e5", ".", "''", "/*!", "DECLARE", "SET", "EXECUTE IMMEDIATE"]
        for _ in 0..<6000 {
            var bytes: [UInt8] = []
            for _ in 0..<Int.random(in: 0..<40, using: &random) {
                if Int.random(in: 0..<8, using: &random) == 0 { bytes.append(UInt8.random(in: 0 ... 255, using: &random)) } else { bytes += Array(pieces.randomElement(using: &random)!.utf8) }
                if Bool.random(using: &random) { bytes.append(0x20) }
            }
            let reading = SQLReader.read(bytes)
            for operation in reading.operations {
                #expect(operation.range.lowerBound >= 0 && operation.range.upperBound <= bytes.count, "seed \(seed): \(bytes)")
            }
            #expect(zip(reading.operations, reading.operations.dropFirst()).allSatisfy { $0.range.lowerBound <= $1.range.lowerBound }, "seed \(seed): \(bytes)")
        }
    }

    @Test("A statement after any complete one is found")
    func afterAnother() {
        var random = Random(state: UInt64.random(in: 0 ... .max))
        let seed = random.state
        let before = ["SELECT 1", "SELECT 'it''s'", "SELECT \"a\"", "INSERT INTO t VALUES ('a;b', $$c;d$$)", "UPDATE t SET a = '\\\\' WHERE id = 1", "CREATE TABLE t (a int)", "/* c */ SELECT [x]", "CALL p()", "SET x = 1", "SELECT a -- b\n", "WITH a AS (SELECT 1) SELECT 1"]
        for _ in 0..<2000 {
            let text = (0..<Int.random(in: 1..<5, using: &random)).map { _ in before.randomElement(using: &random)! }.joined(separator: ";") + "; DROP TABLE victim"
            #expect(SQLReader.read(text).operations.contains { $0.name == "sql.drop-table" && $0.object == "victim" }, "seed \(seed): \(text)")
        }
    }

    @Test("Time grows with the text's length, not faster")
    func linear() {
        let worst = ["DELETE FROM (", "(", "DELETE a ", "DELETE FROM t WHERE a=1 OR ", "NOT ", "EXEC('SELECT 1') ", "SET @a = @a + @a; EXEC(@a); ", "CREATE PROCEDURE p AS ", "CREATE PROCEDURE p BEGIN ; ", "CREATE PROCEDURE p AS a b; ", "CREATE FUNCTION f AS 'a' ", "WITH x AS (SELECT 1) ", "UPDATE t SET a = CASE ", "DELETE FROM t WHERE (a) AND ", "DECLARE @a int = ", "PREPARE x FROM 'a' ", "BULK INSERT ", "TRUNCATE ", "LOAD DATA ", "\\g ", "{{", "a.", "BEGIN ", "CASE ", "/*", "'", "$a$", "ALTER TABLE t DROP ", "GRANT ", "MERGE INTO t USING ", "COPY t ", "EXPLAIN (", "SET @x = 'DROP TABLE t'; EXEC(@x);", "$$ $a$", "INSERT INTO t VALUES (1);", "a BETWEEN "]
        let clock = ContinuousClock()
        for piece in worst {
            func time(_ count: Int) -> Duration {
                let bytes = Array(String(repeating: piece, count: count / piece.utf8.count).utf8)
                return (0..<3).map { _ in clock.measure { _ = SQLReader.read(bytes) } }.min()!
            }
            let short = time(20_000)
            let long = time(160_000)
            #expect(long < short * 32 + .milliseconds(100), "\(piece): \(short) for 20 kB, \(long) for 160 kB")
        }
    }
}
