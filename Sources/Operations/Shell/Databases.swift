// Clients of databases: the statement they are given is read by the reader of its language.

extension ShellSession {
    /// Of these the next word is the value.
    private static let longOptionsOfClients: Set<String> = ["command", "execute", "query", "host", "port", "user", "username", "dbname", "database", "file", "password", "url", "cmd", "project_id", "location", "format", "set", "variable", "catalog", "schema", "server", "separator"]

    func sqlClient(_ call: Call) -> Flow {
        var valued = "", texts: [String] = [], firstOperand = Int.max
        var dialect = ""
        switch call.name {
        case "psql", "usql": (valued, texts, dialect) = ("cdfFhLopPRTUv", ["c", "command"], "postgres")
        case "mysql", "mariadb": (valued, texts, dialect) = ("ehuDPS", ["e", "execute"], "mysql")
        case "sqlite3": (valued, texts, firstOperand, dialect) = ("", ["cmd"], 1, "sqlite")
        case "duckdb": (valued, texts, firstOperand, dialect) = ("cs", ["c", "s", "cmd"], 1, "duckdb")
        case "sqlcmd": (valued, texts, dialect) = ("QqSdUPiovhw", ["Q", "q", "query"], "tsql")
        case "clickhouse-client", "clickhouse": (valued, texts, dialect) = ("qhudm", ["q", "query"], "clickhouse")
        case "snowsql": (valued, texts, dialect) = ("qacdsruof", ["q", "query"], "snowflake")
        case "cockroach": (valued, texts, dialect) = ("eud", ["e", "execute"], "postgres")
        case "cqlsh": (valued, texts, dialect) = ("efkup", ["e", "execute"], "")
        case "spark-sql", "beeline", "hive", "impala-shell": (valued, texts, dialect) = ("eqfunpdi", ["e", "q", "query"], "spark")
        case "pgcli", "mycli", "litecli", "vsql", "mssql-cli": (valued, texts, dialect) = ("cehdupUQ", ["c", "e", "Q", "execute", "query"], "")
        case "trino", "presto": (valued, texts, dialect) = ("", ["execute"], "trino")
        case "bq": (valued, texts, dialect) = ("", [], "bigquery")
        default: (valued, texts, dialect) = ("", [], "oracle")
        }
        let options = Options(call.arguments, valued: valued, long: Self.longOptionsOfClients)
        for option in options.given where texts.contains(option.name) {
            if let text = option.value { readSQL(text.text, dialect: dialect, place: text.place, depth: call.depth) }
        }
        // sqlite3 writes its long options with one hyphen.
        if call.name == "sqlite3", let index = call.arguments.firstIndex(where: { $0.text == "-cmd" }), index + 1 < call.arguments.endIndex {
            readSQL(call.arguments[index + 1].text, dialect: dialect, place: call.arguments[index + 1].place, depth: call.depth)
        }
        if firstOperand < options.operands.count { for text in options.operands[firstOperand...] { readSQL(text.text, dialect: dialect, place: text.place, depth: call.depth) } }
        if call.name == "bq", let verb = options.operands.first, verb.text == "query" { for text in options.operands.dropFirst() { readSQL(text.text, dialect: dialect, place: text.place, depth: call.depth) } }
        if case .text(let bytes) = call.input { readSQL(String(decoding: bytes, as: UTF8.self), dialect: dialect, place: call.place, depth: call.depth) }
        return lookByTable(call)
    }

    /// aws: statements and commands that it hands on, then what its own words do.
    func amazon(_ call: Call) -> Flow {
        for (option, value) in zip(call.arguments, call.arguments.dropFirst()) {
            switch option.text {
            case "--query-string", "--sql", "--sqls", "--statement": readSQL(value.text, dialect: "", place: value.place, depth: call.depth)
            // `commands=…` and `{"commands": ["…"]}` of Systems Manager.
            case "--parameters" where value.text.contains("commands"):
                let text = value.text.drop { $0 != "=" && $0 != ":" }.dropFirst().filter { !"[]{}".contains($0) }
                for command in text.split(whereSeparator: { "\",".contains($0) }) { _ = read(String(command), place: value.place, input: .nothing, depth: call.depth + 1) }
            default: break
            }
        }
        return lookByTable(call)
    }

    func mongoShell(_ call: Call) -> Flow {
        let options = Options(call.arguments, valued: "up", long: ["eval", "host", "port", "username", "password", "authenticationDatabase", "file"])
        for option in options.given where option.name == "eval" {
            if let text = option.value { readMongo(text.text, place: text.place) }
        }
        if case .text(let bytes) = call.input { readMongo(String(decoding: bytes, as: UTF8.self), place: call.place) }
        return .unknown
    }

    func redisClient(_ call: Call) -> Flow {
        var rest = call.arguments
        while let first = rest.first, first.text.hasPrefix("-") {
            rest = rest.dropFirst(["-h", "-p", "-s", "-a", "-u", "-r", "-i", "-n", "-t", "-d", "-D", "--user", "--pass", "--cacert", "--cert", "--key", "--sni", "--tls-ciphers", "--cluster-search-multiple-owners"].contains(first.text) ? 2 : 1)
            if first.text == "--eval" { return .unknown }
        }
        if let first = rest.first { readRedis(rest.map(\.text), place: first.place.lowerBound..<max(first.place.upperBound, rest.last!.place.upperBound)) }
        if rest.isEmpty, case .text(let bytes) = call.input {
            for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") { readRedis(line.split(separator: " ").map(String.init), place: call.place) }
        }
        return .unknown
    }
}
