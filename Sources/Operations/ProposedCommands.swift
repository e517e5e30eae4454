// Commands in answers: what a member of a document, a code block or a line of text is written in, and what becomes of it.

/// Judges what a service proposes to run, in places where prose may stand as well.
public struct ProposedCommands: Sendable {
    private let judge: Judge
    /// Names of members, as the catalogue writes them → what they hold.
    public let places: [CommandPlace]

    public init(_ catalogue: Catalogue) {
        judge = Judge(catalogue)
        // A URL in an answer is a record of something, or a link.
        places = catalogue.places.all.filter { $0.language != .request }
    }

    /// What a command is written in: a place's language, or one of these.
    public enum Language: Hashable, Sendable {
        case place(CommandPlace.Language, isCertain: Bool)
        /// Lines for a shell, of which some may begin with a prompt.
        case script
        /// What a terminal shows: prompts with commands, and what these write. Without prompts, commands.
        case session
        /// A code block that does not say: a session, or what clearly is a command or a statement.
        case unnamed
        /// A line of a text that begins like a command.
        case line
        /// A program: `python`, `node`, `perl`, `ruby`, `php` or `lua`.
        case program(String)

        /// As it is called in ``init(name:)``.
        public var name: String {
            switch self {
            case .place(let language, let isCertain): language.rawValue + (isCertain ? "" : "?")
            case .script: "script"
            case .session: "session"
            case .unnamed: "unnamed"
            case .line: "line"
            case .program(let language): Self.programPrefix + language
            }
        }

        private static let programPrefix = "program "

        public init?(name: String) {
            switch name {
            case "script": self = .script
            case "session": self = .session
            case "unnamed": self = .unnamed
            case "line": self = .line
            case _ where name.hasPrefix(Self.programPrefix): self = .program(String(name.dropFirst(Self.programPrefix.count)))
            default:
                let isCertain = !name.hasSuffix("?")
                guard let language = CommandPlace.Language(rawValue: isCertain ? name : String(name.dropLast())) else { return nil }
                self = .place(language, isCertain: isCertain)
            }
        }

        /// Whether what is said to be in it always is a command.
        public var isCertain: Bool {
            switch self {
            case .place(_, let isCertain): isCertain
            case .script: true
            // Examples of programs are shown more often than run.
            case .session, .unnamed, .line, .program: false
            }
        }
    }

    // MARK: Code blocks

    /// What a fenced code block is written in.
    ///
    /// - Parameter word: the first of its info string, in small letters.
    /// - Returns: nil for what nobody runs as a command: data, output, programs that are compiled first.
    public static func language(ofBlock word: String) -> Language? {
        let name = word.drop { "{.".contains($0) }.prefix { !"{},:=[(".contains($0) }
        let plain = name.hasPrefix("language-") ? name.dropFirst(9) : name
        return if plain.isEmpty { .unnamed } else { blocks[String(plain)] }
    }

    private static let blocks: [String: Language] = {
        var blocks: [String: Language] = [:]
        func add(_ language: Language, _ names: String) { for name in names.split(separator: " ") { blocks[String(name)] = language } }
        add(.script, "bash sh shell zsh ksh dash fish ash csh tcsh shell-script shellscript sh-script cmd bat batch dos")
        add(.session, "console terminal session shell-session shellsession sh-session bash-session term tty")
        add(.place(.powershell, isCertain: true), "powershell pwsh ps1 ps posh")
        add(
            .place(.sql, isCertain: true),
            "sql mysql mariadb postgresql postgres pgsql psql plpgsql plsql tsql t-sql mssql sqlite sqlite3 oracle snowflake bigquery redshift clickhouse duckdb hql hive sparksql spark-sql trino presto db2")
        add(.place(.query, isCertain: false), "cypher cql graphql gql n1ql")
        add(.place(.mongo, isCertain: true), "mongo mongodb mongosh mongoshell")
        add(.place(.redis, isCertain: true), "redis redis-cli")
        add(.program("python"), "python python3 py py3 ipython ipython3 pycon python-repl")
        add(.program("node"), "js javascript node nodejs ts typescript mjs cjs jsx tsx")
        add(.program("perl"), "perl pl perl5")
        add(.program("ruby"), "ruby rb irb")
        add(.program("php"), "php")
        add(.program("lua"), "lua")
        return blocks
    }()

    // MARK: Lines

    /// Words with which a line of a text begins that may be a command, in small letters.
    public var openings: Set<String> {
        let programs = Array(judge.catalogue.commands.programs.keys) + Array(ShellSession.programs.keys) + Array(Wrappers.table.keys)
        return Set(programs.map { $0.lowercased() }).union(Statements.verbs)
    }

    // MARK: Verdicts

    /// What is to become of a command; nil where nothing is said against it, or it is none.
    public func verdict(on command: String, in language: Language) -> Verdict? {
        var reading: Reading
        switch language {
        case .place(let place, let isCertain): reading = judge.reading(of: command, at: CommandPlace("", place, isCertain: isCertain))
        case .program(let language):
            reading = judge.reading(of: command, in: Interpreters.Language(rawValue: language) ?? .other)
            // Programs delete folders of their own, whose names they are given: which one it is decides, as for rm.
            for index in reading.operations.indices.reversed() where reading.operations[index].name == "code.remove-recursively" {
                if reading.operations[index].object.isEmpty { reading.operations.remove(at: index) } else { reading.operations[index].name = "files.remove-recursively" }
            }
        case .script: reading = shell(Self.commands(ofSession: command, prompts: "$") ?? command)
        case .session: reading = shell(Self.commands(ofSession: command, prompts: "$#%>❯") ?? command)
        case .unnamed, .line:
            if let commands = Self.commands(ofSession: command, prompts: "$") {
                reading = shell(commands)
            } else if isProgram(command) {
                reading = shell(command)
            } else if isProse(command) {
                return nil
            } else {
                reading = judge.reading(of: command, at: CommandPlace("", .query, isCertain: false))
            }
        }
        let verdict = judge.catalogue.verdict(on: reading)
        if verdict.decision == .allow || !language.isCertain && verdict.decision != .block { return nil }
        return verdict
    }

    private func shell(_ text: String) -> Reading { judge.reading(of: text, at: CommandPlace("", .shell, isCertain: false)) }

    /// Whether the first word is that of a program that is known.
    private func isProgram(_ text: String) -> Bool {
        let word = String(text.drop(while: \.isWhitespace).prefix { !$0.isWhitespace && $0 != ";" })
        return judge.catalogue.commands.programs[word] != nil || ShellSession.programs[word] != nil || Wrappers.table[word] != nil
    }

    /// Whether the second word is one that no statement has there: `drop the table before you leave`.
    private func isProse(_ text: String) -> Bool {
        let words = text.split(maxSplits: 2, whereSeparator: \.isWhitespace)
        return words.count > 1 && Statements.proseObjects.contains(words[1].lowercased())
    }

    /// The commands behind prompts, a line each with those that continue it; nil if there is no prompt.
    ///
    /// A prompt is one of `marks` and a space, with the place or the user before it that shells show: `$ `, `ann@web:~$ `, `(venv) $ `, `[root@web /]# `, `PS C:\> `.
    static func commands(ofSession text: String, prompts marks: String) -> String? {
        var commands: [Substring] = []
        var isContinued = false
        var isFound = false
        for line in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline) {
            if let command = behindPrompt(line, marks) {
                commands.append(command)
                isFound = true
            } else if isContinued {
                commands.append(line.hasPrefix("> ") ? line.dropFirst(2) : line)
            } else {
                continue
            }
            isContinued = commands.last?.hasSuffix("\\") ?? false
        }
        return isFound ? commands.joined(separator: "\n") : nil
    }

    private static func behindPrompt(_ line: Substring, _ marks: String) -> Substring? {
        let text = line.drop { $0 == " " || $0 == "\t" }
        if text.hasPrefix("PS "), let end = text.firstIndex(of: ">") { return text[text.index(after: end)...] }
        guard let mark = text.firstIndex(where: { marks.contains($0) }) else { return nil }
        let behind = text.index(after: mark)
        guard behind < text.endIndex, text[behind] == " " else { return nil }
        // What a shell shows before it has no white space but in brackets: else it is something else that has such a mark in it.
        var depth = 0
        var words = 0
        var isInWord = false
        for character in text[..<mark] {
            if "([".contains(character) { depth += 1 }
            if ")]".contains(character) { depth -= 1 }
            if character == " ", depth == 0 { isInWord = false } else if !isInWord, depth == 0, !"([)]".contains(character) { (isInWord, words) = (true, words + 1) }
        }
        guard words == 0 || words == 1 && text[..<mark].contains(where: { "@:~/".contains($0) }) else { return nil }
        return text[text.index(after: behind)...]
    }
}
