// The shell of MongoDB and what its drivers look like: db.users.deleteMany({}).

/// Finds calls on `db` in JavaScript.
///
/// Sources: MongoDB manual 8.0, "mongosh methods"; ECMA-262 §12 (tokens).
struct MongoShell {
    private let text: [UInt8]
    private let isCertain: Bool
    private(set) var operations: [Operation] = []
    private(set) var obscurities: [Obscurity] = []

    init(_ text: [UInt8], isCertain: Bool) {
        self.text = text
        self.isCertain = isCertain
    }

    private func isName(_ byte: UInt8) -> Bool { byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7A || byte >= 0x30 && byte <= 0x39 || byte == 0x5F || byte == 0x24 || byte >= 0x80 }

    private func skipSpace(_ start: Int) -> Int {
        var i = start
        while i < text.count {
            if text[i] <= 0x20 {
                i += 1
            } else if text[i] == 0x2F, i + 1 < text.count, text[i + 1] == 0x2A {
                i += 2
                while i < text.count, !(text[i] == 0x2A && i + 1 < text.count && text[i + 1] == 0x2F) { i += 1 }
                i = min(i + 2, text.count)
            } else if text[i] == 0x2F, i + 1 < text.count, text[i + 1] == 0x2F {
                while i < text.count, text[i] != 0x0A { i += 1 }
            } else {
                break
            }
        }
        return i
    }

    private func endOfString(_ start: Int) -> Int {
        var i = start + 1
        while i < text.count, text[i] != text[start] { i += text[i] == 0x5C ? 2 : 1 }
        return min(i + 1, text.count)
    }

    /// Whether a name is one that calls begin with.
    private static func isRoot(_ name: ArraySlice<UInt8>) -> Bool {
        if name.count == 2 || name.count == 4 || name.count == 8 || name.count == 10, roots.contains(where: { name.elementsEqual($0) }) { return true }
        return name.last == UInt8(ascii: "b") && name.dropLast().last == UInt8(ascii: "D")
    }

    private static let roots = ["db", "rs", "sh", "coll", "database", "collection"].map { Array($0.utf8) }

    mutating func run() {
        var i = 0
        while i < text.count {
            let byte = text[i]
            if byte == 0x22 || byte == 0x27 || byte == 0x60 {
                i = endOfString(i)
            } else if byte == 0x2F, i + 1 < text.count, text[i + 1] == 0x2A || text[i + 1] == 0x2F {
                i = skipSpace(i)
            } else if isName(byte) {
                let start = i
                while i < text.count, isName(text[i]) { i += 1 }
                guard Self.isRoot(text[start..<i]) else { continue }
                let word = String(decoding: text[start..<i], as: UTF8.self)
                let follows = skipSpace(i)
                if start == 0 || text[start - 1] != 0x2E || word == "db", follows < text.count, text[follows] == 0x2E || text[follows] == 0x5B || text[follows] == 0x28 || text[follows] == 0x3F {
                    i = chain(from: start, follows, word)
                }
            } else {
                i += 1
            }
        }
    }

    /// A chain of members and calls from its root on; the index behind the last one.
    private mutating func chain(from start: Int, _ first: Int, _ root: String) -> Int {
        var names = [root]
        var i = first
        while i < text.count {
            i = skipSpace(i)
            guard i < text.count else { break }
            switch text[i] {
            case 0x3F where i + 1 < text.count && text[i + 1] == 0x2E: i += 1
            case 0x2E:
                i = skipSpace(i + 1)
                let nameStart = i
                while i < text.count, isName(text[i]) { i += 1 }
                guard i > nameStart else { return i }
                names.append(String(decoding: text[nameStart..<i], as: UTF8.self))
            case 0x5B:
                let inner = skipSpace(i + 1)
                guard inner < text.count else { return inner }
                if text[inner] == 0x22 || text[inner] == 0x27 || text[inner] == 0x60 {
                    let end = endOfString(inner)
                    let close = skipSpace(end)
                    if close < text.count, text[close] == 0x5D {
                        names.append(String(decoding: text[(inner + 1)..<max(inner + 1, end - 1)], as: UTF8.self))
                        i = close + 1
                        continue
                    }
                }
                // A name that is made while it runs.
                var depth = 0
                while i < text.count {
                    if text[i] == 0x5B { depth += 1 } else if text[i] == 0x5D {
                        depth -= 1
                        if depth == 0 { break }
                    }
                    i += 1
                }
                i = min(i + 1, text.count)
                let next = skipSpace(i)
                if next < text.count, text[next] == 0x28, names.first == "db" { obscurities.append(Obscurity(.computed, range: start..<i)) }
                names.append("")
            case 0x28:
                let arguments = i
                let end = call(names, from: start, arguments)
                i = end
                if let last = names.last, ["getCollection", "collection", "getSiblingDB", "getSisterDB", "db"].contains(last) {
                    names.removeLast()
                    let inner = skipSpace(arguments + 1)
                    names.append(inner < text.count && (text[inner] == 0x22 || text[inner] == 0x27) ? String(decoding: text[(inner + 1)..<max(inner + 1, endOfString(inner) - 1)], as: UTF8.self) : "")
                }
            default: return i
            }
        }
        return i
    }

    /// A call of the last name with arguments from a parenthesis on; the index behind them.
    private mutating func call(_ names: [String], from start: Int, _ open: Int) -> Int {
        var parser = JSONValue.Parser(bytes: text, isLenient: true)
        parser.position = open + 1
        var arguments: [JSONValue] = []
        var isRead = true
        while true {
            parser.skipSpace()
            guard parser.position < text.count, text[parser.position] != 0x29 else { break }
            guard let value = parser.value(0) else {
                isRead = false
                break
            }
            arguments.append(value)
            parser.skipSpace()
            if parser.position < text.count, text[parser.position] == 0x2C { parser.position += 1 } else if parser.position < text.count, text[parser.position] != 0x29 {
                isRead = false
                break
            }
        }
        let end = isRead ? min(parser.position + 1, text.count) : open + 1
        let object = names.dropLast().dropFirst(names.count > 2 ? 1 : 0).last ?? ""
        func add(_ operation: NoSQLOperation, _ name: String? = nil) { operations.append(Operation(operation.rawValue, object: name ?? (names.count > 2 ? object : ""), range: start..<end)) }
        let first = arguments.first
        let filter = isRead ? first : .string("")
        let isAll = MongoCommand.matchesAll(filter)
        switch names.last {
        case "dropDatabase": add(.dropDatabase)
        case "drop" where names.count > 2 || isCertain: add(.dropCollection)
        case "dropCollection": add(.dropCollection, first?.string ?? "")
        case "deleteMany": add(isAll ? .deleteAll : .deleteMany)
        case "remove" where names.count > 2: add(isAll ? .deleteAll : arguments.dropFirst().first?.scalar == "true" ? .delete : .deleteMany)
        case "deleteOne", "findOneAndDelete", "findAndModify": if names.last != "findAndModify" || first?["remove"]?.scalar == "true" { add(.delete) }
        case "updateMany": if isAll { add(.updateAll) }
        case "update" where arguments.count > 2 && arguments[2]["multi"]?.scalar == "true": if isAll { add(.updateAll) }
        case "bulkWrite":
            for write in first?.elements ?? [] {
                if let many = write["deleteMany"] { add(MongoCommand.matchesAll(many["filter"]) ? .deleteAll : .deleteMany) }
                if let many = write["updateMany"], MongoCommand.matchesAll(many["filter"]) { add(.updateAll) }
                if write["deleteOne"] != nil { add(.delete) }
            }
        case "dropIndex", "dropIndexes": add(.dropIndex)
        case "dropUser", "dropAllUsers", "dropRole", "dropAllRoles", "removeUser": add(.dropUser, first?.string ?? "")
        case "renameCollection": add(arguments.dropFirst().first?.scalar == "true" ? .dropCollection : .rename)
        case "createUser", "grantRolesToUser", "createRole", "updateUser", "grantPrivilegesToRole": add(.grant, first?.string ?? first?["user"]?.string ?? "")
        case "mapReduce": add(.runCode)
        case "eval" where names.first == "db": add(.runCode)
        case "shutdownServer": add(.shutdown)
        case "killOp": add(.killSession)
        case "fsyncLock", "setProfilingLevel", "reconfig", "stepDown", "removeShard", "initiate", "setParameter": add(.configureServer)
        case "aggregate":
            for stage in (first?.elements ?? []) + arguments { for (operation, name) in MongoCommand.operations(ofStage: stage) { add(operation, name) } }
        case "runCommand", "adminCommand", "command":
            if let first {
                if let name = first.string {
                    if name == "dropDatabase" { add(.dropDatabase) } else if name == "drop" { add(.dropCollection, arguments.dropFirst().first?.string ?? "") }
                }
                for (operation, name) in MongoCommand.operations(of: first) { add(operation, name) }
            }
        default: break
        }
        if arguments.contains(where: { MongoCommand.runsCode($0, 0) }) { add(.runCode) }
        return end
    }
}
