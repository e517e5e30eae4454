// The one reading of a request target.

import Testing

@testable import Proxy

@Suite("A request target")
struct RequestTargetTests {
    @Test(
        "is normalised where that changes nothing, and taken apart",
        arguments: [
            ("/v/a", "/v/a", nil), ("/v/a?x=%2f..//", "/v/a", "x=%2f..//"), ("/v/%61dmin", "/v/admin", nil), ("/v/caf%c3%a9", "/v/caf%C3%A9", nil),
            ("/v/a%20b/", "/v/a%20b/", nil), ("/v", "/v", nil), ("/", "/", nil), ("/v/a?", "/v/a", ""), ("/v/100%25", "/v/100%25", nil),
            ("/v/...", "/v/...", nil), ("/v/a;p=1", "/v/a;p=1", nil),
        ] as [(String, String, String?)])
    func accepted(raw: String, path: String, query: String?) throws {
        let target = try RequestTarget(raw)
        #expect(target.path == path)
        #expect(target.query == query)
    }

    @Test(
        "that two readers could read differently is refused",
        arguments: [
            "", "*", "v/a", "http://h/v", "//v/a", "/v//a", "/v/a//", "/v/./a", "/v/../a", "/v/..", "/v/%2e%2E/a", "/v/.%2e/a", "/v/..;x/a",
            "/v/a%2fb", "/v/a%5Cb", "/v/a\\b", "/v/a%00", "/v/a%0a", "/v/%", "/v/%4", "/v/%zz", "/v/%252e", "/v/a#b", "/v/a b", "/v/é", "/v/a\u{7f}",
        ])
    func refused(raw: String) {
        #expect(throws: RequestTarget.Refusal.self) { try RequestTarget(raw) }
    }

    @Test("its first segment names the connection, the rest goes to the vendor")
    func connection() throws {
        for (raw, name, path) in [("/v/a/b", "v", "/a/b"), ("/v/", "v", "/"), ("/v", "v", "/"), ("/", "", "/")] {
            let connection = try RequestTarget(raw).connection
            #expect(connection.name == name)
            #expect(connection.path == path)
        }
    }
}
