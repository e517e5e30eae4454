// Elasticsearch and OpenSearch as their consoles write requests: DELETE /logs-2024, with the body in the lines below.

/// Reads console requests.
///
/// Sources: Elasticsearch reference 8.x, "REST APIs" (index, document, cluster); OpenSearch documentation, "Index APIs".
enum ElasticsearchConsole {
    static func operations(of text: [UInt8]) -> [Operation] {
        var found: [Operation] = []
        var start = 0
        while start < text.count {
            let end = text[start...].firstIndex(of: 0x0A) ?? text.count
            let line = text[start..<end].drop { $0 <= 0x20 }
            let words = line.first == UInt8(ascii: "D") || line.first == UInt8(ascii: "P") ? line.split(whereSeparator: { $0 <= 0x20 }) : []
            if words.count == 2, let method = words.first.map({ String(decoding: $0, as: UTF8.self) }), ["DELETE", "POST", "PUT"].contains(method), words[1].first == 0x2F || words[1].first == 0x5F || method != "DELETE" {
                // The body reaches to the next request or the end.
                var bodyEnd = end
                var depth = 0
                var i = end
                while i < text.count {
                    if text[i] == 0x7B { depth += 1 }
                    if text[i] == 0x7D {
                        depth -= 1
                        if depth == 0 { bodyEnd = i + 1; break }
                    }
                    if depth == 0, text[i] > 0x20, text[i] != 0x7D { break }
                    i += 1
                }
                let path = HTTPTarget("/" + String(decoding: words[1], as: UTF8.self)).segments
                if let (operation, object) = operation(method, path, JSONValue(text[min(end, bodyEnd)..<bodyEnd], isLenient: true)) {
                    found.append(Operation(operation.rawValue, object: object, range: start..<end))
                }
            }
            start = end + 1
        }
        return found
    }

    /// What a request on a path with a body does, nil if it destroys nothing.
    static func operation(_ method: String, _ path: [String], _ body: JSONValue?) -> (NoSQLOperation, String)? {
        guard let first = path.first else { return nil }
        let last = path.last ?? ""
        switch method {
        case "DELETE":
            if path.count == 1, !first.hasPrefix("_") || first == "_all" { return (first == "_all" || first == "*" ? .dropDatabase : .dropCollection, first) }
            if first == "_data_stream" || first == "_snapshot" || first == "_index_template" || first == "_template" { return (.dropCollection, path.dropFirst().joined(separator: "/")) }
            if path.count >= 3, path[1] == "_doc" { return (.delete, path.joined(separator: "/")) }
            return path.count >= 2 ? (.delete, path.joined(separator: "/")) : nil
        case "POST", "PUT":
            if last == "_delete_by_query" {
                let query = body?["query"]
                let isAll = query == nil || query!["match_all"] != nil || query!.isEmptyObject
                return (isAll ? .deleteAll : .deleteMany, first)
            }
            if last == "_update_by_query", body?["query"] == nil || body?["query"]?["match_all"] != nil { return (.updateAll, first) }
            if last == "_close" { return (.closeIndex, first) }
            if first == "_cluster", last == "settings" { return (.configureServer, "") }
            return nil
        default: return nil
        }
    }
}
