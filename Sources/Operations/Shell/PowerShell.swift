// PowerShell and cmd: statements, words and parameters, read shallowly, and their usual destructive commands.
//
// Sources: Microsoft, about_Parsing, about_Quoting_Rules, about_Parameters (names may be cut short), and the reference pages of the cmdlets; Windows Commands (del, rd, format, reg, vssadmin, …).

extension ShellSession {
    /// Reads `bytes` as PowerShell; the same reading serves for cmd, whose commands have names of their own.
    func readPowerShell(_ bytes: [UInt8], place: Range<Int>, depth: Int) {
        guard depth < Self.deepest, spend(bytes.count, place) else { return }
        var reader = PowerShellReader(bytes: bytes)
        var fetched = false
        /// Variables that hold what was fetched.
        var fetchedInto: Set<String> = []
        var before = ""
        while let statement = reader.next() {
            guard let first = statement.words.first else { continue }
            let name = PowerShellReader.canonical(first)
            let said = PowerShellReader.Phrases(in: statement.words)
            let parameters = statement.words.dropFirst().filter { $0.utf8.first == UInt8(ascii: "-") && $0.utf8.count > 1 }.map { $0.lowercased().prefix { $0 != ":" } }
            let operands = PowerShellReader.operands(statement.words.dropFirst())
            /// A name may be cut short.
            func has(_ parameter: String) -> Bool { parameters.contains { parameter.hasPrefix($0) } }
            let switches = statement.words.dropFirst().filter { $0.utf8.first == UInt8(ascii: "/") }.map { $0.lowercased() }
            let fetchesHere = said.contains(.fetches) || PowerShellReader.fetchers.contains(name)
            if !statement.continues { fetched = false }
            trace?.append(ShellTrace(depth: depth, words: statement.words, range: place))
            // Of the hosts -w is the style of a window.
            if has("-whatif"), !["powershell", "pwsh", "cmd"].contains(name) { continue }
            switch name {
            case "remove-item":
                let targets = operands.isEmpty ? [before.isEmpty ? "" : before] : operands
                let recursive = has("-recurse") || switches.contains("/s")
                for target in targets {
                    note(recursive || statement.continues ? "windows.remove-recursively" : "windows.remove", target, place)
                }
            case "del", "erase", "rd", "rmdir":
                for target in operands.isEmpty ? [""] : operands {
                    note(switches.contains("/s") || has("-recurse") ? "windows.remove-recursively" : "windows.remove", target, place)
                }
            case "format":
                if let drive = operands.first, drive.hasSuffix(":") || drive.hasSuffix(":\\") { note("disk.format", drive, place) }
            case "invoke-expression":
                if fetched || fetchesHere || operands.first.map({ fetchedInto.contains($0.lowercased()) }) ?? false {
                    note("code.run-downloaded", operands.first ?? "", place)
                } else if let text = operands.first, !text.hasPrefix("$") {
                    readPowerShell(Array(text.utf8), place: place, depth: depth + 1)
                } else {
                    note("code.run-computed", operands.first ?? "", place)
                }
            case "powershell", "pwsh", "cmd", "cmd.exe":
                let arguments = statement.words.dropFirst().map { Argument(text: $0, place: place) }
                _ = look(at: ([Argument(text: name, place: place)] + arguments)[...], input: .nothing, place: place, depth: depth)
            default:
                if fetchesHere, said.contains(.evaluates), !name.hasPrefix("write-"), name != "echo", name != "select-string" { note("code.run-downloaded", "", place) }
                if let program = table.programs[name], !statement.words.dropFirst().contains(where: { $0 == "/?" }) {
                    let arguments = statement.words.dropFirst().map { Argument(text: $0, place: place) }
                    if let (operation, object) = table.operation(of: program, arguments[...]) { note(operation, object, place) }
                } else if let verb = PowerShellReader.destructive.first(where: { name.hasPrefix($0.prefix) }) {
                    note(verb.operation, operands.first ?? name, place)
                } else if said.contains(.deletes) {
                    note("windows.remove-recursively", operands.first ?? "", place)
                }
            }
            if fetchesHere { fetched = true }
            if statement.words.count > 2, name.hasPrefix("$"), statement.words[1] == "=", fetchesHere || PowerShellReader.fetchers.contains(PowerShellReader.canonical(statement.words[2])) { fetchedInto.insert(name) }
            before = operands.first ?? before
        }
    }
}

struct PowerShellReader {
    let bytes: [UInt8]
    private var at = 0

    init(bytes: [UInt8]) { self.bytes = bytes }

    struct Statement {
        var words: [String] = []
        /// It stands behind a pipe.
        var continues = false
    }

    /// What a statement says somewhere within it, in letters of any case.
    struct Phrases: OptionSet {
        let rawValue: UInt8
        static let fetches = Phrases(rawValue: 1)
        static let evaluates = Phrases(rawValue: 2)
        static let deletes = Phrases(rawValue: 4)

        private static let known: [(bytes: [UInt8], means: Phrases)] = [
            ("downloadstring", .fetches), ("downloaddata", .fetches), ("invoke-webrequest", .fetches), ("(irm ", .fetches), ("(iwr ", .fetches), ("invoke-restmethod", .fetches), ("invoke-expression", .evaluates),
            ("iex", .evaluates), ("[scriptblock]::create", .evaluates), ("]::delete(", .deletes), ("::deletedirectory(", .deletes),
        ].map { (Array($0.utf8), $1) }
        /// Those that begin with a byte.
        private static let byFirst: [[(bytes: [UInt8], means: Phrases)]] = (0..<256).map { byte in known.filter { $0.bytes[0] == UInt8(byte) } }

        init(rawValue: UInt8) { self.rawValue = rawValue }

        init(in words: [String]) {
            var text: [UInt8] = []
            for word in words {
                text += word.utf8
                text.append(UInt8(ascii: " "))
            }
            for i in text.indices where text[i] >= UInt8(ascii: "A") && text[i] <= UInt8(ascii: "Z") { text[i] |= 0x20 }
            self = []
            for start in text.indices {
                for phrase in Self.byFirst[Int(text[start])] where !contains(phrase.means) && text[start...].starts(with: phrase.bytes) { insert(phrase.means) }
            }
        }
    }

    static let fetchers: Set<String> = ["invoke-restmethod", "invoke-webrequest", "start-bitstransfer"]

    /// Names that begin like this, of cmdlets that the table does not hold one by one.
    static let destructive: [(prefix: String, operation: String)] = [
        ("remove-az", "cloud.delete"), ("remove-ec2", "cloud.delete"), ("remove-s3", "cloud.delete"), ("remove-ad", "windows.remove-account"), ("remove-mg", "cloud.delete"), ("remove-vm", "windows.remove-machine"), ("remove-gc", "cloud.delete"),
    ]

    /// Whether a command of this name is one of PowerShell or cmd rather than of sh.
    static func knows(_ name: String) -> Bool {
        if names.contains(name) { return true }
        guard let hyphen = name.utf8.firstIndex(of: UInt8(ascii: "-")), name.utf8.allSatisfy({ $0 == UInt8(ascii: "-") || $0 >= 97 && $0 <= 122 || $0 >= 48 && $0 <= 57 }) else { return false }
        return verbs.contains(String(name[..<hyphen]))
    }

    private static let names: Set<String> = [
        "del", "erase", "rd", "format", "iex", "irm", "iwr", "ri", "gci", "reg", "vssadmin", "wevtutil", "bcdedit", "diskpart", "schtasks", "wmic", "net", "sc", "cipher", "takeown", "icacls", "wbadmin", "cmd", "start-process", "dir", "gwmi", "clc",
    ]
    private static let verbs: Set<String> = [
        "remove", "stop", "restart", "clear", "format", "invoke", "disable", "set", "initialize", "reset", "uninstall", "get", "start", "new", "suspend", "dismount", "revoke", "unregister", "limit", "write", "out", "import", "foreach", "where", "add",
        "delete", "enable", "select", "move", "rename", "copy", "optimize", "repair", "update",
    ]

    /// The full name of what an alias stands for.
    static func canonical(_ name: String) -> String {
        let name = ShellSession.programName(name)
        switch name {
        case "ri", "rm": return "remove-item"
        case "iex": return "invoke-expression"
        case "irm": return "invoke-restmethod"
        case "iwr", "curl", "wget": return "invoke-webrequest"
        case "clc": return "clear-content"
        case "spps", "kill": return "stop-process"
        default: return name
        }
    }

    /// Words that are no parameters, switches or values of parameters other than those that name targets.
    static func operands(_ words: ArraySlice<String>) -> [String] {
        var operands: [String] = []
        var skips = false
        for word in words {
            if skips {
                skips = false
                continue
            }
            if word.hasPrefix("-"), word.utf8.count > 1 {
                let name = word.lowercased()
                skips = ["-filter", "-include", "-exclude", "-erroraction", "-ea", "-method", "-headers", "-body"].contains(name)
            } else if word.hasPrefix("/"), word.utf8.count < 8, word.utf8.count > 1 {
                continue
            } else {
                operands.append(word)
            }
        }
        return operands
    }

    mutating func next() -> Statement? {
        var statement = Statement()
        var word: [UInt8] = []
        var hasWord = false
        guard at < bytes.count else { return nil }
        func finish(_ statement: inout Statement) {
            if hasWord || !word.isEmpty { statement.words.append(String(decoding: word, as: UTF8.self)) }
        }
        if at > 0, bytes[at - 1] == UInt8(ascii: "|") { statement.continues = true }
        while at < bytes.count {
            let byte = bytes[at]
            switch byte {
            case UInt8(ascii: ";"), UInt8(ascii: "|"), 10, UInt8(ascii: "{"), UInt8(ascii: "}"):
                finish(&statement)
                at += 1
                return statement
            case UInt8(ascii: "&"):
                finish(&statement)
                word.removeAll(keepingCapacity: true)
                hasWord = false
                at += 1
                if !statement.words.isEmpty { return statement }
            case UInt8(ascii: "("), UInt8(ascii: ")"):
                // What stands in parentheses runs first; its words are looked at as part of the statement, and on their own.
                if byte == UInt8(ascii: "("), !hasWord, word.isEmpty, statement.words.isEmpty {
                    at += 1
                } else {
                    word.append(byte)
                    at += 1
                }
            case 32, 9, 13, UInt8(ascii: ","):
                finish(&statement)
                word.removeAll(keepingCapacity: true)
                hasWord = false
                at += 1
            case UInt8(ascii: "`"), UInt8(ascii: "^"):
                at += 1
                if at < bytes.count {
                    if bytes[at] != 10, bytes[at] != 13 { word.append(bytes[at]) }
                    at += 1
                }
            case UInt8(ascii: "'"), UInt8(ascii: "\""):
                hasWord = true
                at += 1
                while at < bytes.count {
                    if bytes[at] == byte {
                        if at + 1 < bytes.count, bytes[at + 1] == byte { at += 1 } else { break }
                    }
                    if bytes[at] == UInt8(ascii: "`"), byte == UInt8(ascii: "\""), at + 1 < bytes.count { at += 1 }
                    word.append(bytes[at])
                    at += 1
                }
                at = min(at + 1, bytes.count)
            default:
                word.append(byte)
                at += 1
            }
        }
        finish(&statement)
        return statement
    }
}
