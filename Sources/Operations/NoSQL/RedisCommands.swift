// Redis: one command a line, or as the protocol frames it.

/// Reads commands of Redis, Valkey and KeyDB.
///
/// Sources: Redis documentation, "Commands"; "Redis serialization protocol specification" (arrays of bulk strings, inline commands).
enum RedisCommands {
    static func operations(of text: [UInt8], isCertain: Bool, depth: Int = 0) -> [Operation] {
        var found: [Operation] = []
        for (words, range) in commands(in: text) {
            guard let command = words.first?.lowercased() else { continue }
            let second = words.dropFirst().first?.lowercased() ?? ""
            func add(_ operation: NoSQLOperation, _ object: String = "") { found.append(Operation(operation.rawValue, object: object, range: range)) }
            switch (command, second) {
            case ("flushall", _) where words.count <= 2, ("flushdb", _) where words.count <= 2: add(.flush)
            case ("config", "set"): add(["dir", "dbfilename"].contains(words.dropFirst(2).first?.lowercased() ?? "") ? .writeFile : .configureServer, words.dropFirst(2).first ?? "")
            case ("config", "rewrite"), ("config", "resetstat"): add(.configureServer)
            case ("debug", let what) where isCertain || ["segfault", "sleep", "reload", "loadaof", "jmap", "oom", "panic", "restart", "crash-and-recover", "flushall", "populate"].contains(what): add(.shutdown)
            case ("script", "flush"), ("script", "kill"), ("function", "flush"), ("function", "delete"): add(.delete, second)
            case ("slaveof", _) where words.count == 3, ("replicaof", _) where words.count == 3: add(.configureServer, words[1])
            case ("keys", "*") where words.count == 2: add(.scanAll)
            case ("ft.dropindex", _): add(.dropIndex, words.dropFirst().first ?? "")
            case ("module", "load"), ("module", "loadex"): add(.loadCode, words.dropFirst(2).first ?? "")
            case ("function", "load"), ("function", "restore"): add(.loadCode)
            case ("acl", "setuser"): add(.grant, words.dropFirst(2).first ?? "")
            case ("acl", "deluser"): add(.dropUser, words.dropFirst(2).first ?? "")
            case ("cluster", "reset"), ("cluster", "forget"), ("cluster", "failover"), ("cluster", "flushslots"), ("cluster", "delslots"): add(.configureServer)
            case ("client", "kill"): add(.killSession)
            case ("xgroup", "destroy"): add(.delete, words.dropFirst(2).first ?? "")
            case ("eval", _) where words.count > 2 && (isCertain || words[1].contains("redis.")), ("eval_ro", _) where words.count > 2, ("fcall", _) where isCertain, ("evalsha", _) where isCertain:
                add(.runCode)
                if depth < 4, words.count > 1 { found += called(in: words[1]).flatMap { operations(of: $0, isCertain: true, depth: depth + 1) }.map { Operation($0.name, object: $0.object, range: range) } }
            case ("shutdown", _) where isCertain || words.count == 2 && ["nosave", "save", "now", "force"].contains(second): add(.shutdown)
            case ("unlink", _) where isCertain || words.count > 1 && second.contains("*"), ("del", _) where isCertain || words.count == 2 && second.contains("*"), ("getdel", _) where isCertain:
                add(words.dropFirst().contains("*") ? .deleteAll : .delete, words.dropFirst().first ?? "")
            case ("swapdb", _) where words.count == 3: add(.overwrite)
            case ("rename", _) where isCertain: add(.rename, words.dropFirst().first ?? "")
            default: break
            }
        }
        return found
    }

    /// The commands that a Lua script calls with plain arguments: `redis.call('FLUSHALL')`.
    private static func called(in script: String) -> [[UInt8]] {
        script.split(separator: "call(").dropFirst().map { rest in
            let arguments = rest.prefix { $0 != ")" }.split(separator: ",").map { $0.filter { $0 != "'" && $0 != "\"" && $0 != " " } }
            return Array(arguments.joined(separator: " ").utf8)
        }
    }

    /// First words of the commands that ``operations`` knows.
    private static let names: Set<String> = [
        "flushall", "flushdb", "config", "debug", "script", "function", "slaveof", "replicaof", "keys", "ft.dropindex", "module", "acl", "cluster", "client", "xgroup", "eval", "eval_ro", "fcall", "evalsha", "shutdown", "unlink", "del", "getdel",
        "swapdb", "rename",
    ]

    /// Those commands of a text that may be among ``names``.
    private static func commands(in text: [UInt8]) -> [(words: [String], range: Range<Int>)] {
        var commands: [([String], Range<Int>)] = []
        var i = 0
        while i < text.count, commands.count < 10_000 {
            while i < text.count, text[i] <= 0x20 || text[i] == 0x3B { i += 1 }
            let start = i
            if i < text.count, text[i] == 0x2A, let (words, end) = framed(text, i) {
                commands.append((words, start..<end))
                i = end
                continue
            }
            var words: [String] = []
            // Words of a command that does not matter are passed over.
            var counts = true
            while i < text.count, text[i] != 0x0A {
                if text[i] <= 0x20 {
                    i += 1
                    continue
                }
                var word: [UInt8] = []
                if text[i] == 0x22 || text[i] == 0x27 {
                    let quote = text[i]
                    i += 1
                    while i < text.count, text[i] != quote {
                        if text[i] == 0x5C, i + 1 < text.count { i += 1 }
                        if counts { word.append(text[i]) }
                        i += 1
                    }
                    i = min(i + 1, text.count)
                } else {
                    let start = i
                    while i < text.count, text[i] > 0x20 { i += 1 }
                    if counts { word.append(contentsOf: text[start..<i]) }
                }
                if words.count < 64, counts { words.append(String(decoding: word, as: UTF8.self)) }
                if words.count == 1, counts { counts = names.contains(words[0].lowercased().filter { $0 != ";" }) }
            }
            if counts, !words.isEmpty {
                if words[0].last == ";" { words[0].removeLast() }
                commands.append((words, start..<i))
            }
        }
        return commands
    }

    /// `*2\r\n$3\r\nDEL\r\n$1\r\na\r\n`
    private static func framed(_ text: [UInt8], _ start: Int) -> ([String], Int)? {
        var i = start
        func line() -> (Int, Int)? {
            guard let end = text[min(i + 1, text.count)...].firstIndex(of: 0x0A), end - i < 16 else { return nil }
            return Int(String(decoding: text[(i + 1)..<end].filter { $0 > 0x20 }, as: UTF8.self)).map { ($0, end + 1) }
        }
        guard let (count, afterCount) = line(), count > 0, count < 1 << 16 else { return nil }
        i = afterCount
        var words: [String] = []
        for _ in 0..<count {
            guard i < text.count, text[i] == 0x24, let (length, content) = line(), length >= 0, length <= text.count - content else { return nil }
            if words.count < 64 { words.append(String(decoding: text[content..<content + length], as: UTF8.self)) }
            i = min(content + length, text.count)
            while i < text.count, text[i] == 0x0D || text[i] == 0x0A { i += 1 }
        }
        return (words, i)
    }
}
