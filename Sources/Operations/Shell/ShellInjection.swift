// Values that would run a command if a program put them into one of a shell: 127.0.0.1; cat /etc/passwd.

/// Reads a value that a program may put into a command line.
///
/// Prose has semicolons, ampersands, quotes and names of programs too. What counts is an operator or a substitution with a program behind it that is given something no
/// prose gives it (an option, a path, an address), or the name of a program that is hidden as nobody writes it by chance; and the two statements of cmd that begin
/// like sentences, in the form that only cmd has.
///
/// Sources: POSIX.1-2024, Shell Command Language, 2.2 to 2.7; Bash Reference Manual 5.3, 3.5; Windows Commands, "if" and "for"; RFC 5321, 4.1; OWASP "Command Injection".
enum ShellInjection {
    /// The command that the text would run, nil if there is none.
    ///
    /// - Complexity: linear in the text's length.
    static func command(in text: [UInt8], _ table: CommandTable) -> String? {
        let text = text.contains(UInt8(ascii: "%")) ? HTTPTarget.percentDecoded(text, plusIsSpace: !text.contains(UInt8(ascii: " "))) : text
        var reader = Reader(text: text, table: table)
        return reader.command() ?? statementOfCmd(text) ?? statementOfMail(text)
    }

    private struct Reader {
        let text: [UInt8]
        let table: CommandTable
        private var at = 0

        init(text: [UInt8], table: CommandTable) {
            self.text = text
            self.table = table
        }

        mutating func command() -> String? {
            if let hidden = word(from: 0), hidden.isHidden, isProgram(hidden.name) { return hidden.name }
            var backticks = 0
            while at < text.count {
                let byte = text[at]
                let next = at + 1 < text.count ? text[at + 1] : 0
                at += 1
                switch byte {
                case UInt8(ascii: ";"), UInt8(ascii: "|"), UInt8(ascii: "&"), 10:
                    var start = at
                    while start < text.count, isOperator(text[start]) || text[start] <= 0x20 { start += 1 }
                    let isSure = byte != UInt8(ascii: "&") || next == byte
                    if let name = program(at: start, isAlone: isSure) { return name }
                    at = start
                case UInt8(ascii: "$") where next == UInt8(ascii: "("), UInt8(ascii: "<") where next == UInt8(ascii: "("), UInt8(ascii: ">") where next == UInt8(ascii: "("):
                    if let name = program(at: at + 1, isAlone: true) { return name }
                case UInt8(ascii: "`"):
                    backticks += 1
                    // Between words backticks are a way to quote; within one, or around all of the text, they run.
                    let isOpening = backticks % 2 == 1
                    if isOpening, at == 1 || text[at - 2] > 0x20, at > 1 || text.last == byte, let name = program(at: at, isAlone: true) { return name }
                case UInt8(ascii: "<") where at > 1 && next == UInt8(ascii: "/"):
                    // cat</etc/passwd
                    if let word = word(from: 0), word.end == at - 1, isProgram(word.name) { return word.name }
                default: break
                }
            }
            return nil
        }

        private func isOperator(_ byte: UInt8) -> Bool { byte == UInt8(ascii: ";") || byte == UInt8(ascii: "|") || byte == UInt8(ascii: "&") }

        private func isProgram(_ name: String) -> Bool { ShellSession.isLookedAt(name) || table.programs[name] != nil || ShellReader.looking.contains(name) }

        /// The program that is called from a place on, if what is given to it says that it is one.
        ///
        /// - Parameter isAlone: whether one of the programs that tell about a machine counts without anything behind it.
        private func program(at start: Int, isAlone: Bool) -> String? {
            guard let word = word(from: start), isProgram(word.name) else { return nil }
            if word.isHidden { return word.name }
            var i = word.end
            while i < text.count, text[i] == UInt8(ascii: " ") || text[i] == UInt8(ascii: "\t") { i += 1 }
            let first = i < text.count ? text[i] : 0
            if first == 0 || isOperator(first) || first == UInt8(ascii: ")") || first == UInt8(ascii: "`") || first == 10 || first == 13 || first == UInt8(ascii: "#") { return isAlone && Self.telling.contains(word.name) ? word.name : nil }
            let argument = text[i...].prefix { $0 > 0x20 && !isOperator($0) && $0 != UInt8(ascii: ")") && $0 != UInt8(ascii: "`") }
            let second = argument.dropFirst().first ?? 0
            let isOption = first == UInt8(ascii: "-") && second > 0x20 && second != UInt8(ascii: "-") || argument.starts(with: "--".utf8) && argument.count > 2 && ShellParser.isName(argument[i + 2])
            let isPath = argument.count > 1 && (first == UInt8(ascii: "/") || first == UInt8(ascii: "~") || argument.starts(with: "./".utf8) || argument.starts(with: "../".utf8) || argument.contains(UInt8(ascii: "\\")) && argument.contains(UInt8(ascii: ":")))
            let isAddress = argument.starts(with: "http".utf8) && argument.contains(UInt8(ascii: ":")) || argument.filter { $0 == UInt8(ascii: ".") }.count == 3 && argument.allSatisfy { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") || $0 == UInt8(ascii: ".") }
            let isDuration = word.name == "sleep" && first >= UInt8(ascii: "0") && first <= UInt8(ascii: "9")
            return isOption || isPath || isAddress || isDuration ? word.name : nil
        }

        /// The word from a place on as a shell takes it, and whether its letters are held apart by what it takes out: quotes, escapes, empty expansions, patterns.
        private func word(from start: Int) -> (name: String, isHidden: Bool, end: Int)? {
            var name: [UInt8] = []
            var isHidden = false
            var isPattern = false
            var i = start
            while i < text.count, text[i] <= 0x20, text[i] != 10 { i += 1 }
            let first = i
            if i < text.count, text[i] == UInt8(ascii: "{") {
                // {cat,/etc/passwd}, {,ifconfig,a}
                let end = text[i...].prefix(64).firstIndex(of: UInt8(ascii: "}")) ?? i
                let parts = text[i..<end].dropFirst().split(separator: UInt8(ascii: ","))
                guard let part = parts.first, text[i..<end].contains(UInt8(ascii: ",")), !text[i..<end].contains(UInt8(ascii: " ")) else { return nil }
                return (String(decoding: part, as: UTF8.self), true, end + 1)
            }
            scan: while i < text.count, name.count < 64 {
                let byte = text[i]
                let next = i + 1 < text.count ? text[i + 1] : 0
                switch byte {
                case UInt8(ascii: "'"), UInt8(ascii: "\""):
                    guard let end = text[(i + 1)...].prefix(64).firstIndex(of: byte) else { return nil }
                    let after = end + 1 < text.count ? text[end + 1] : 0
                    // A whole word in quotes is only quoted.
                    if i > first && end == i + 1 || i > first && ShellParser.isName(after) || i == first && ShellParser.isName(after) { isHidden = true }
                    name += text[(i + 1)..<end]
                    i = end + 1
                case UInt8(ascii: "\\") where ShellParser.isName(next) && i > first:
                    isHidden = true
                    i += 1
                case UInt8(ascii: "$") where next == UInt8(ascii: "@") || next == UInt8(ascii: "*") || next == UInt8(ascii: "!") || next == UInt8(ascii: "$") || next == UInt8(ascii: "-"):
                    isHidden = i > first
                    i += 2
                case UInt8(ascii: "$") where text[i...].starts(with: "$()".utf8), UInt8(ascii: ">") where text[i...].starts(with: ">()".utf8), UInt8(ascii: "<") where text[i...].starts(with: "<()".utf8):
                    isHidden = true
                    i += 3
                case UInt8(ascii: "`") where next == byte && i > first:
                    isHidden = true
                    i += 2
                case UInt8(ascii: "$") where text[i...].starts(with: "${IFS".utf8) || text[i...].starts(with: "$IFS".utf8):
                    // A blank that is none.
                    if i == first {
                        i = min((text[i...].prefix(64).firstIndex(of: UInt8(ascii: "}")) ?? i + 3) + 1, text.count)
                        continue
                    }
                    isHidden = true
                    break scan
                case UInt8(ascii: "?"), UInt8(ascii: "*"), UInt8(ascii: "["), UInt8(ascii: "]"):
                    isPattern = true
                    name.append(byte)
                    i += 1
                case _ where ShellParser.isName(byte) || byte == UInt8(ascii: "/") || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "+"):
                    name.append(byte)
                    i += 1
                default: break scan
                }
            }
            guard !name.isEmpty else { return nil }
            let whole = String(decoding: name, as: UTF8.self)
            if isPattern {
                guard name.first == UInt8(ascii: "/"), let meant = ShellSession.programName(matching: whole) else { return nil }
                return (meant, true, i)
            }
            return (ShellSession.programName(whole), isHidden, i)
        }

        /// Programs that tell about a machine: what somebody tries first.
        private static let telling: Set<String> = ["id", "whoami", "uname", "ifconfig", "ipconfig", "netstat", "systeminfo", "hostname", "pwd", "ls", "dir", "ps", "env", "printenv", "lsof", "reboot", "sh", "bash", "tasklist", "ver"]
    }

    /// `IF NOT EXIST file …`, `FOR /F %v IN (…) DO …`.
    private static func statementOfCmd(_ text: [UInt8]) -> String? {
        let words = text.prefix(512).split { $0 <= 0x20 }.prefix(24).map { String(decoding: $0, as: UTF8.self) }
        guard words.count > 2, let first = words.first?.lowercased() else { return nil }
        if first == "for" {
            guard let variable = words.dropFirst().firstIndex(where: { $0.utf8.first == UInt8(ascii: "%") && $0.utf8.count <= 4 }), variable + 2 < words.count else { return nil }
            return words[variable + 1].lowercased() == "in" && words[variable + 2].utf8.first == UInt8(ascii: "(") ? "for" : nil
        }
        guard first == "if" || first == "if/i" else { return nil }
        var rest = words.dropFirst()
        let isMarked = rest.first?.lowercased() == "/i" || first == "if/i"
        if rest.first?.lowercased() == "/i" { rest = rest.dropFirst() }
        if rest.first?.lowercased() == "not" { rest = rest.dropFirst() }
        guard rest.count > 1, let verb = rest.first else { return nil }
        let subject = rest[rest.startIndex + 1]
        switch verb.lowercased() {
        case "exist":
            let isFile = subject.utf8.dropLast().contains(UInt8(ascii: ".")) || subject.utf8.contains(UInt8(ascii: "\\")) || subject.utf8.contains(UInt8(ascii: "%"))
            return isFile && rest.count > 2 ? "if" : nil
        case "defined": return rest.count > 2 && (verb == "DEFINED" || rest[rest.startIndex + 2].utf8.first == UInt8(ascii: "(")) ? "if" : nil
        default:
            if ["equ", "neq", "lss", "leq", "gtr", "geq"].contains(subject.lowercased()) { return rest.count > 3 ? "if" : nil }
            let compares = verb.contains("==") || subject.hasPrefix("==")
            let isVariable = verb.utf8.contains(UInt8(ascii: "%")) || verb.utf8.first == UInt8(ascii: "\"") || verb.utf8.first == UInt8(ascii: "(")
            return compares && (isVariable || isMarked || words[0] == "IF") ? "if" : nil
        }
    }

    /// A new line that a mail server takes for a command.
    private static func statementOfMail(_ text: [UInt8]) -> String? {
        for line in text.split(whereSeparator: { $0 == 10 || $0 == 13 }).dropFirst(text.first == 10 || text.first == 13 ? 0 : 1).prefix(64) {
            let start = String(decoding: line.prefix(16), as: UTF8.self).lowercased()
            if start.hasPrefix("mail from:<") || start.hasPrefix("rcpt to:<") || start.hasPrefix("ehlo ") && line.contains(UInt8(ascii: ".")) { return "smtp" }
        }
        return nil
    }
}

extension ShellReader {
    /// What a value would run that a program puts into a command line.
    static func readParameter(_ text: [UInt8], table: CommandTable) -> Reading {
        var reading = read(text, table: table)
        // A sum, `$(amount)`, is no command.
        reading.operations.removeAll { $0.name == "code.run-computed" }
        if let name = ShellInjection.command(in: text, table), !reading.operations.contains(where: { $0.name == "code.injection" }) {
            reading.operations.append(Operation("code.injection", object: name, range: 0..<text.count))
        }
        return reading
    }
}
