// One-liners of python, node, perl, ruby, php and their like: the calls that run commands, remove files or open shells, by a shallow reading of calls and strings.

extension ShellSession {
    /// Looks for calls in code. What is no plain string counts as unknown; nothing else of the language is understood.
    func readCode(_ code: String, _ language: Interpreters.Language, place: Range<Int>, depth: Int) {
        guard depth < Self.deepest, spend(code.utf8.count, place) else { return }
        let bytes = Array(code.utf8)
        // What is plainly a command of the shell was meant for one.
        if bytes.starts(with: "rm -".utf8) || bytes.starts(with: "sudo ".utf8) { _ = read(bytes, place: place, input: .nothing, depth: depth + 1) }
        var reader = CodeReader(bytes: bytes, language: language)
        var hasSocket = false
        var hasShell = false
        var decoded: [UInt8]?
        var runsCode = false
        while let call = reader.next() {
            if call.strings.contains(where: { $0.hasSuffix("/sh") || $0.hasSuffix("/bash") || $0 == "sh" || $0 == "bash" || $0.hasSuffix("cmd.exe") || $0.hasPrefix("/bin/sh") || $0.hasPrefix("/bin/bash") || $0.hasPrefix("sh <&") || $0.hasPrefix("sh -i") || $0.hasPrefix("bash -i") || $0.hasPrefix("bash <&") }) { hasShell = true }
            switch call.tail {
            case "socket", "connect", "fsockopen", "tcpsocket", "create_connection", "createconnection": hasSocket = true
            default: break
            }
            if call.name.hasPrefix("socket") || call.name.hasPrefix("tcpsocket") || call.tail.hasPrefix("socket") || call.tail.hasSuffix("socket") { hasSocket = true }
            if call.tail == "dup2" || call.tail == "spawn" && call.name.hasPrefix("pty") { hasShell = true }
            if let text = call.decoded { decoded = text }
            switch CodeReader.meaning(of: call, language) {
            case .runs:
                if let text = call.decoded {
                    // What it runs stands in it encoded.
                    _ = read(text, place: place, input: .nothing, depth: depth + 1)
                    readCode(String(decoding: text, as: UTF8.self), language, place: place, depth: depth + 1)
                } else if call.tail == "exec" || call.tail == "eval", language == .python || call.tail == "eval" {
                    runsCode = true
                    for text in call.strings { readCode(text, language, place: place, depth: depth + 1) }
                } else if call.strings.isEmpty {
                    if let decoded { _ = read(decoded, place: place, input: .nothing, depth: depth + 1) }
                } else if call.strings.count == 1 || call.strings[0].contains(" ") {
                    _ = read(call.strings[0], place: place, input: .nothing, depth: depth + 1)
                } else {
                    var words = call.strings
                    // Where the first word is said twice, as for execl, the second is the new process's name for itself.
                    if call.tail.hasPrefix("execl") || call.tail.hasPrefix("execv"), words.count > 1 { words.remove(at: 1) }
                    let arguments = words.map { Argument(text: $0, place: place) }
                    _ = look(at: arguments[...], input: .nothing, place: place, depth: depth)
                }
            case .pipes: for text in call.strings.suffix(1) { _ = read(String(text.split(separator: "|").joined(separator: "|")), place: place, input: .nothing, depth: depth + 1) }
            case .removesTree: note("code.remove-recursively", call.strings.first.map(resolved) ?? "", place)
            case .removes: for text in call.strings { note("files.remove", resolved(text), place) }
            case .truncates: for text in call.strings.prefix(1) { note("files.overwrite", resolved(text), place) }
            case .queries: for text in call.strings.prefix(1) { readSQL(text, dialect: "", place: place, depth: depth) }
            case .requests(let method): if let url = call.strings.first { read(HTTPReader.Request(method: method, target: url), place: place) }
            case .deletes: note("service.delete", call.strings.first ?? call.name, place)
            case .reads: for text in call.strings.prefix(1) { readFile(text, place) }
            case .nothing: break
            }
        }
        if runsCode, reader.fetches { note("code.run-downloaded", "", place) }
        if runsCode, let decoded { readCode(String(decoding: decoded, as: UTF8.self), language, place: place, depth: depth + 1) }
        if runsCode, decoded == nil, reader.decodes { note("code.run-decoded", "", place) }
        if hasSocket, hasShell { note("code.reverse-shell", "", place) }
    }
}

/// Finds calls in the code of several languages.
struct CodeReader {
    let bytes: [UInt8]
    let language: Interpreters.Language
    var at = 0
    /// Something in it decodes what it is given.
    private(set) var decodes = false
    /// Something in it fetches what it is given.
    private(set) var fetches = false
    /// What Python's imports call modules and functions, `import subprocess as s`, by that name.
    private let imported: [String: String]

    init(bytes: [UInt8], language: Interpreters.Language) {
        self.bytes = bytes
        self.language = language
        let renames = language == .python && bytes.indices.contains { bytes[$0] == UInt8(ascii: " ") && bytes[$0...].starts(with: " as ".utf8) }
        imported = renames ? Self.imported(String(decoding: bytes, as: UTF8.self)) : [:]
    }

    private static func imported(_ code: String) -> [String: String] {
        guard code.utf8.count < 1 << 16, code.contains("import") else { return [:] }
        var names: [String: String] = [:]
        let words = code.split { " \n\t;,()".contains($0) }.map { $0.lowercased() }
        for (index, word) in words.enumerated() where word == "as" && index > 0 && index + 1 < words.count { names[words[index + 1]] = words[index - 1] }
        return names
    }

    struct Found {
        /// With what it hangs on, as `os.path.join`, in small letters.
        var name: String
        /// The last part of the name.
        var tail: String
        /// Plain strings among its arguments, in their order; pieces put together with `+` or `.` are one.
        var strings: [String] = []
        /// What it decodes, if it is a decoder of a plain string.
        var decoded: [UInt8]?
        /// It says `recursive`, or takes a whole tree.
        var isRecursive = false
        var writes = false
    }

    enum Meaning { case nothing, runs, pipes, deletes, removes, removesTree, truncates, queries, reads, requests(String) }

    static func meaning(of call: Found, _ language: Interpreters.Language) -> Meaning {
        switch call.tail {
        case "system", "popen", "popen2", "popen3", "popen4", "getoutput", "getstatusoutput", "check_output", "check_call", "shell_exec", "passthru", "proc_open", "pcntl_exec", "execsync", "execfilesync", "execfile", "spawnsync", "spawn",
            "spawnl", "spawnlp", "spawnv", "spawnvp", "execl", "execlp", "execle", "execv", "execvp", "execve", "execvpe", "capture2", "capture2e", "capture3", "popen2e", "qx", "%x", "`", "doscript", "startprocess", "posix_spawn", "create_subprocess_shell", "create_subprocess_exec", "execa", "execacommand", "execasync", "syscmd":
            return .runs
        case "exec", "eval", "instance_eval":
            return .runs
        case "execute" where call.name == "os.execute" || call.name == "().execute" && language == .other, "script" where language == .other:
            return .runs
        case "run" where call.name == "run" && language == .other, "cmd" where language == .other && (call.name == "cmd" || call.name.hasPrefix("system")):
            return .runs
        case "run", "call":
            return language == .python && (call.name.hasPrefix("subprocess") || call.name == "run" || call.name == "call") || call.name.hasPrefix("deno") ? .runs : .nothing
        case "rmtree", "rm_rf", "rm_r", "remove_tree", "remove_entry_secure", "remove_entry", "rimraf", "rimrafsync", "removedirs", "deltree", "remove_dir", "removesync", "emptydirsync", "emptydir", "delete_tree":
            return .removesTree
        case "rmsync", "rm", "rmdirsync":
            return call.isRecursive ? .removesTree : language == .node || call.name.contains("fileutils") ? .removes : .nothing
        case "unlinksync", "unlink", "rmdir":
            return .removes
        case "remove":
            if call.name.hasPrefix("os.") || call.name.contains("path(") || language == .lua || language == .ruby && call.name.contains("fileutils") || call.name == "remove" && language == .python { return .removes }
            return language == .node && call.name.hasPrefix("deno") ? (call.isRecursive ? .removesTree : .removes) : .nothing
        case "delete":
            if call.name.hasPrefix("requests") || call.name.hasPrefix("axios") || call.name.hasPrefix("httpx") || call.name.contains("session") { return .requests("DELETE") }
            if language == .other, call.name.contains(".") { return .deletes }
            return language == .ruby && (call.name.hasPrefix("file") || call.name.hasPrefix("dir")) || call.name.hasPrefix("file.") ? .removes : .nothing
        case "truncate", "truncatesync", "writefilesync", "writefile", "file_put_contents", "write_text", "write_bytes":
            return .truncates
        case "open", "fopen":
            // perl: open(F, "|command")
            if language == .perl, call.strings.last?.utf8.first == UInt8(ascii: "|") || call.strings.last?.utf8.last == UInt8(ascii: "|") { return .pipes }
            return call.writes ? .truncates : .reads
        case "readfilesync", "readfile", "file_get_contents", "read_text":
            return .reads
        case "execute", "executescript", "executemany", "query", "raw":
            return .queries
        case "destroy", "void", "refund", "delete_many", "deletemany", "delete_one", "deleteone":
            return language == .other && call.name.contains(".") ? .deletes : .nothing
        default: return .nothing
        }
    }

    /// The next call; nil at the end.
    mutating func next() -> Found? {
        while at < bytes.count {
            let byte = bytes[at]
            switch byte {
            case UInt8(ascii: "#") where language != .node && language != .php && (at == 0 || bytes[at - 1] == 10 || bytes[at - 1] == 32):
                skipLine()
            case UInt8(ascii: "/") where (language == .node || language == .php) && at + 1 < bytes.count && bytes[at + 1] == UInt8(ascii: "/"):
                skipLine()
            case UInt8(ascii: "'"), UInt8(ascii: "\""):
                let string = self.string()
                if let call = method(on: string) { return call }
            case UInt8(ascii: "`") where language == .perl || language == .ruby || language == .php:
                return Found(name: "`", tail: "`", strings: [string()])
            case UInt8(ascii: "`"):
                _ = string()
            case UInt8(ascii: "%") where language == .ruby && at + 2 < bytes.count && bytes[at + 1] == UInt8(ascii: "x") && !ShellParser.isName(bytes[at + 2]):
                at += 2
                return Found(name: "%x", tail: "%x", strings: [delimited()])
            default:
                if ShellParser.isName(byte) {
                    if let call = call() { return call }
                } else {
                    at += 1
                }
            }
        }
        return nil
    }

    private mutating func skipLine() { while at < bytes.count, bytes[at] != 10 { at += 1 } }

    /// A name with what hangs on it, and its arguments if it is called.
    private mutating func call() -> Found? {
        let start = at
        while at < bytes.count {
            if ShellParser.isName(bytes[at]) || bytes[at] == UInt8(ascii: ".") || bytes[at] == UInt8(ascii: "$") {
                at += 1
            } else if at + 1 < bytes.count, bytes[at] == UInt8(ascii: ":"), bytes[at + 1] == UInt8(ascii: ":") {
                at += 2
            } else if at + 1 < bytes.count, bytes[at] == UInt8(ascii: "-"), bytes[at + 1] == UInt8(ascii: ">") {
                at += 2
            } else {
                break
            }
        }
        var name = String(decoding: bytes[start..<at], as: UTF8.self).lowercased()
        if !imported.isEmpty {
            let first = name.prefix { $0 != "." }
            if let meant = imported[String(first)] { name = meant + name.dropFirst(first.count) }
        }
        var found = Found(name: name, tail: Self.tail(name))
        if name == "recursive" || name == "true" { return nil }
        var next = at
        while next < bytes.count, bytes[next] == 32 { next += 1 }
        guard next < bytes.count else { return nil }
        if language == .perl, name == "qx" || name == "system" || name == "exec", bytes[next] == UInt8(ascii: "{") || bytes[next] == UInt8(ascii: "/") || bytes[next] == UInt8(ascii: "(") && name == "qx" {
            at = next
            found.strings = [delimited()]
            return found
        }
        if language == .perl, name == "system" || name == "exec", bytes[next...].starts(with: "qw".utf8), next + 2 < bytes.count {
            at = next + 2
            found.strings = delimited().split(separator: " ").map(String.init)
            return found
        }
        if language == .perl, name == "unlink", bytes[next] == UInt8(ascii: "<") {
            at = next
            found.strings = [delimited()]
            return found
        }
        // Bun.$`…`
        if language == .node, name.utf8.last == UInt8(ascii: "$"), bytes[next] == UInt8(ascii: "`") {
            at = next
            return Found(name: "`", tail: "`", strings: [string()])
        }
        if bytes[next] == UInt8(ascii: "(") {
            at = next + 1
            arguments(of: &found, until: UInt8(ascii: ")"))
            // getattr(os, 'system')('…')
            if found.tail == "getattr", let member = found.strings.last?.lowercased(), at < bytes.count, bytes[at] == UInt8(ascii: "(") {
                found = Found(name: "os." + member, tail: member)
                at += 1
                arguments(of: &found, until: UInt8(ascii: ")"))
            }
            // What is called on the result: Path('x').unlink(), require('fs').rmSync('x').
            return chained(found)
        }
        let takesWords = language == .perl || language == .ruby || language == .php || language == .other || language == .lua
        if takesWords, bytes[next] == UInt8(ascii: "'") || bytes[next] == UInt8(ascii: "\"") || name == "unlink" || name == "system" || name == "exec" || name == "rmtree" || name.hasPrefix("fileutils.") {
            at = next
            arguments(of: &found, until: UInt8(ascii: ";"))
            return found
        }
        return nil
    }

    private static func tail(_ name: String) -> String {
        guard let separator = name.utf8.lastIndex(where: { $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: ">") }) else { return name }
        return String(name[name.utf8.index(after: separator)...])
    }

    /// Arguments up to the closing byte at the same level; nested calls give their strings too.
    private mutating func arguments(of found: inout Found, until close: UInt8) {
        var level = 0
        var current: String?
        var joins = false
        let isDecoder = Self.decodes(found.name)
        if isDecoder { decodes = true }
        var nested = isDecoder
        while at < bytes.count {
            let byte = bytes[at]
            switch byte {
            case UInt8(ascii: "'"), UInt8(ascii: "\""), UInt8(ascii: "`"):
                let text = string()
                if joins, let before = current { current = before + text } else {
                    if let before = current { found.strings.append(before) }
                    current = text
                }
                joins = false
                continue
            case UInt8(ascii: "+"): joins = current != nil
            case UInt8(ascii: ".") where language == .php || language == .perl: joins = current != nil
            case UInt8(ascii: "("), UInt8(ascii: "["), UInt8(ascii: "{"): level += 1
            case UInt8(ascii: ")"), UInt8(ascii: "]"), UInt8(ascii: "}"):
                if level == 0 {
                    if byte == close { at += 1 }
                    if let current { found.strings.append(current) }
                    return settle(&found, nested)
                }
                level -= 1
            case UInt8(ascii: ","): joins = false
            case UInt8(ascii: ";"), 10:
                if close == UInt8(ascii: ";"), level == 0 {
                    at += 1
                    if let current { found.strings.append(current) }
                    return settle(&found, nested)
                }
            default:
                if ShellParser.isName(byte) {
                    let start = at
                    while at < bytes.count, ShellParser.isName(bytes[at]) || bytes[at] == UInt8(ascii: ".") { at += 1 }
                    let word = String(decoding: bytes[start..<at], as: UTF8.self).lowercased()
                    if word == "recursive" { found.isRecursive = true }
                    if Self.decodes(word) {
                        nested = true
                        decodes = true
                    }
                    if Self.fetchers.contains(Self.tail(word)) || word == "requests.get" || word == "httpx.get" { fetches = true }
                    // A call within the arguments: look at it in its turn.
                    if at < bytes.count, bytes[at] == UInt8(ascii: "("), Self.tail(word) == "system" || Self.tail(word) == "popen" || Self.tail(word) == "rmtree" {
                        at = start
                        if let current { found.strings.append(current) }
                        return settle(&found, nested)
                    }
                    if word.hasSuffix(".join"), current != nil { joins = false }
                    continue
                }
            }
            at += 1
        }
        if let current { found.strings.append(current) }
        settle(&found, nested)
    }

    private static func decodes(_ name: String) -> Bool { decoders.contains(tail(name)) || name == "buffer.from" }
    private static let decoders: Set<String> = ["b64decode", "urlsafe_b64decode", "standard_b64decode", "decode64", "strict_decode64", "atob", "decode_base64", "base64_decode", "fromhex", "unhexlify", "hex2bin", "unpack", "unpack1", "frombase64string"]

    private func settle(_ found: inout Found, _ decoding: Bool) {
        if found.tail == "open" || found.tail == "fopen", found.strings.count > 1, found.strings[1].hasPrefix("w") { found.writes = true }
        guard decoding, let text = found.strings.first else { return }
        let isHex = found.strings.contains("hex") || found.name.contains("hex")
        found.decoded = isHex ? Decoding.hexadecimal(text.utf8) : Decoding.base64(text.utf8)
    }

    private static let fetchers: Set<String> = ["urlopen", "urlretrieve", "fetch", "openuri", "get_contents"]

    private mutating func chained(_ found: Found) -> Found {
        var result = found
        while at < bytes.count, bytes[at] == UInt8(ascii: ".") || bytes[at] == UInt8(ascii: "-") && at + 1 < bytes.count && bytes[at + 1] == UInt8(ascii: ">") {
            let start = at
            at += bytes[at] == UInt8(ascii: ".") ? 1 : 2
            let nameStart = at
            while at < bytes.count, ShellParser.isName(bytes[at]) || bytes[at] == UInt8(ascii: ".") { at += 1 }
            guard at > nameStart, at < bytes.count, bytes[at] == UInt8(ascii: "(") else {
                if at == nameStart { at = start + 1 }
                break
            }
            let name = String(decoding: bytes[nameStart..<at], as: UTF8.self).lowercased()
            var next = Found(name: result.name + "()." + name, tail: Self.tail(name), decoded: result.decoded)
            if result.name == "__import__" || result.name == "require", let module = result.strings.first { next.name = module.lowercased() + "." + name }
            at += 1
            let decodedBefore = result.decoded
            arguments(of: &next, until: UInt8(ascii: ")"))
            if next.strings.isEmpty, result.name != "__import__", result.name != "require" {
                next.strings = result.strings
                if result.name.hasSuffix("path") || result.name.hasSuffix("path()") { next.name = "path()." + next.name }
            }
            next.decoded = next.decoded ?? decodedBefore
            result = next
        }
        return result
    }

    /// A method called on a string, as `'…'.decode('hex')`.
    private mutating func method(on string: String) -> Found? {
        guard at < bytes.count, bytes[at] == UInt8(ascii: ".") else { return nil }
        return chained(Found(name: "", tail: "", strings: [string]))
    }

    /// The string that begins here, with its escapes resolved; three quotes are as one.
    private mutating func string() -> String {
        let quote = bytes[at]
        let isTriple = at + 2 < bytes.count && bytes[at + 1] == quote && bytes[at + 2] == quote && quote != UInt8(ascii: "`")
        at += isTriple ? 3 : 1
        var result: [UInt8] = []
        while at < bytes.count {
            if bytes[at] == UInt8(ascii: "\\"), at + 1 < bytes.count {
                at += 1 + Escapes.resolve(bytes, at: at + 1, into: &result)
                continue
            }
            if bytes[at] == quote {
                if !isTriple {
                    at += 1
                    break
                }
                if at + 2 < bytes.count, bytes[at + 1] == quote, bytes[at + 2] == quote {
                    at += 3
                    break
                }
            }
            result.append(bytes[at])
            at += 1
        }
        return String(decoding: result, as: UTF8.self)
    }

    /// What stands between the delimiter here and its partner: `{…}`, `(…)`, `/…/`.
    private mutating func delimited() -> String {
        guard at < bytes.count else { return "" }
        let open = bytes[at]
        let close: UInt8 = switch open {
        case UInt8(ascii: "{"): UInt8(ascii: "}")
        case UInt8(ascii: "("): UInt8(ascii: ")")
        case UInt8(ascii: "["): UInt8(ascii: "]")
        case UInt8(ascii: "<"): UInt8(ascii: ">")
        default: open
        }
        let start = at + 1
        let end = bytes[min(start, bytes.count)...].firstIndex(of: close) ?? bytes.count
        at = min(end + 1, bytes.count)
        return String(decoding: bytes[min(start, end)..<end], as: UTF8.self)
    }
}
