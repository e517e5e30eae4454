import Operations
import Testing

@Suite struct SQLInjectionTests {
    static let fragments = [
        "1' OR '1'='1", "' OR 1=1 --", "' or 1=1#", "admin'--", "admin' #", "x' AND 1=2 UNION SELECT a, b FROM users --", "1 OR 1=1", "1 or 1 = 1", "1 AND SLEEP(5)", "1; DROP TABLE users",
        "x'; DROP TABLE y --", "1 UNION ALL SELECT NULL, NULL", "1/**/UNION/**/SELECT/**/1", "\" OR \"\"=\"", "1) OR (1=1", "') OR ('a'='a", "' OR EXISTS(SELECT 1)--", "1' AND extractvalue(1, concat(0x7e, version()))",
        "'; WAITFOR DELAY '0:0:5'--", "1 AND (SELECT 1 FROM information_schema.tables)", "' || 'a'='a", "'||1=1--", "1 into outfile '/tmp/x'", "benchmark(1000000, md5(1))", "' ORDER BY 5--", "1%27%20OR%201=1", "1'+OR+'1'='1", "' OR NOT 1=2--",
        "'; EXEC xp_cmdshell 'dir'--", "1 AND 1 IN (1)", "' HAVING 1=1--", "DELETE FROM users;--",
    ]
    static let harmless = [
        "", "O'Brien", "it's or not", "rock 'n' roll", "Tom and Jerry", "either or", "5", "-1", "1-2", "a@example.com", "And, of course, I was kidding.\"", "\"quoted speech,\" he said", "the union of workers selected a leader", "select one from the list",
        "drop me a line; update you soon", "2024-01-01", "C++ -- a language", "#hashtag", "50% off and 20 more", "https://example.com/?a=1&b=2", "{\"a\": \"b\"}", "he said 'yes' and 'no'", "and Campbell in Amyville, 2019", "between 5 and 10", "John's and Mary's",
        "cats or dogs", "Order by phone", "is it null and void?", "1,2,3", "x=1", "f(x)", "a/b", "what's up, doc?",
    ]

    @Test("A fragment that would change a statement is one", arguments: SQLInjectionTests.fragments)
    func injection(_ text: String) { #expect(SQLInjection.read(text).operations.map(\.name) == ["sql.injection"]) }

    @Test("Prose and values are none", arguments: SQLInjectionTests.harmless)
    func values(_ text: String) { #expect(SQLInjection.read(text).operations.isEmpty) }

    @Test("Any text is read to an end")
    func anyText() {
        var random = SQLPropertyTests.Random(state: UInt64.random(in: 0 ... .max))
        let pieces = ["'", "\"", "`", " OR ", "1", "=", "(", ")", "--", "#", "/*", ";", "UNION", "SELECT", ".", "a", "%27", "||", "update", "drop", "sleep(", "{", "\\"]
        for _ in 0..<4000 { _ = SQLInjection.read((0..<Int.random(in: 0..<20, using: &random)).map { _ in pieces.randomElement(using: &random)! }.joined()) }
    }
}
