// Programs whose commands are told apart by their words and options alone: a table that the catalogue fills.

/// What the catalogue knows of programs.
public struct CommandTable: Sendable {
    public var programs: [String: Program] = [:]
    /// Files that hold secrets.
    public var secrets = GlobList([])
    /// Reads the requests of curl and its like.
    public var requests = HTTPReader()

    public init() {}

    public struct Program: Sendable {
        /// Options whose value is the next word, with their hyphens.
        public var valued: Set<String>
        public var forms: [Form]

        public init(valued: Set<String>, forms: [Form]) {
            self.valued = valued
            self.forms = forms
        }
    }

    /// Words that make a command an operation, written as in `volume rm|prune -f|--force !--dry-run`.
    public struct Form: Sendable {
        /// As written.
        public let text: String
        public let operation: String
        let words: [[Glob]]
        /// The offset in `words` behind which any number of other words may stand before the next; -1 if there is none.
        let gap: Int
        let required: [[String]]
        let forbidden: [String]

        /// - Parameter text: what stands after the program: words in this order (`a|b` for one of several, `*` and `?` as in globs), `...` for any words
        ///   between, options that must be there (`-f|--force`, `--to=*`), and with `!` options that must not.
        public init(_ text: String, operation: String) {
            self.text = text
            self.operation = operation
            var words: [[Glob]] = []
            var gap = -1
            var required: [[String]] = []
            var forbidden: [String] = []
            for part in text.split(separator: " ") {
                if part == "..." {
                    gap = words.count
                } else if part.first == "!" {
                    forbidden += part.dropFirst().split(separator: "|").map(String.init)
                } else if part.first == "-" || part.first == "+" || part.first == "/" && !part.dropFirst().contains("/") {
                    required.append(part.split(separator: "|").map(String.init))
                } else {
                    words.append(part.split(separator: "|").map { Glob(Self.wide(String($0))) })
                }
            }
            self.words = words
            self.gap = gap
            self.required = required
            self.forbidden = forbidden
        }

        /// Words are no paths: in them a star stands for slashes, too.
        fileprivate static func wide(_ text: String) -> String { text.contains("**") ? text : text.replacing("*", with: "**") }
    }

    /// Options with which a program only says what it would do, or how it is used.
    static let harmless: Set<String> = [
        "--help", "--dry-run", "--dryrun", "--dry_run", "--what-if", "--noop", "--simulate", "--validate-only", "-help", "-WhatIf", "--list-only",
    ]

    /// What a command is by the table: the operation, its object, and the form that says so; nil if none fits.
    func operation(of program: Program, _ arguments: ArraySlice<Argument>) -> (name: String, object: String)? {
        var words: [String] = []
        var options: [Given] = []
        var firstOption: [Int] = []
        var i = arguments.startIndex
        var onlyWords = false
        while i < arguments.endIndex {
            let text = arguments[i].known
            i += 1
            guard !onlyWords, text.utf8.first == UInt8(ascii: "-"), text.utf8.count > 1 else {
                words.append(arguments[i - 1].text)
                firstOption.append(options.count)
                continue
            }
            if text == "--" {
                onlyWords = true
                continue
            }
            let name: String
            var value: String?
            if let equals = text.utf8.firstIndex(of: UInt8(ascii: "=")) {
                name = String(text[..<equals])
                value = String(text[text.utf8.index(after: equals)...])
            } else {
                name = text
                if program.valued.contains(name), i < arguments.endIndex {
                    value = arguments[i].text
                    i += 1
                }
            }
            if Self.harmless.contains(name), value.map({ $0 != "none" && $0 != "false" }) ?? true { return nil }
            if name == "--version", value == nil, words.isEmpty { return nil }
            options.append(Given(name: name, value: value, next: value == nil && i < arguments.endIndex ? arguments[i].text : nil))
        }
        if words.first == "help" || words.last == "help" { return nil }
        for form in program.forms {
            guard let end = form.end(in: words), form.required.allSatisfy({ alternatives in alternatives.contains { Self.isGiven($0, options, words) } }),
                !form.forbidden.contains(where: { Self.isGiven($0, options, words) })
            else { continue }
            let object =
                end < words.count
                ? words[end]
                : options.dropFirst(end > 0 ? firstOption[end - 1] : 0).first { $0.name.hasPrefix("--") && $0.value != nil }?.value
                    ?? words.joined(separator: " ")
            return (form.operation, object)
        }
        return nil
    }

    /// One option of a command.
    private struct Given {
        var name: String
        var value: String?
        /// The word behind it, which may be its value.
        var next: String?
    }

    /// Whether an option of a form is among those given: `--name`, `--name=glob`, `-x` also within `-axb`; what begins with `/` or `+` is a word.
    private static func isGiven(_ wanted: String, _ options: [Given], _ words: [String]) -> Bool {
        if wanted.first != "-" { return words.contains { $0.lowercased() == wanted.lowercased() } }
        let parts = wanted.split(separator: "=", maxSplits: 1)
        let name = String(parts[0])
        return options.contains { option in
            var fits = option.name == name
            if !fits, name.utf8.count == 2, option.name.utf8.dropFirst().first != UInt8(ascii: "-") { fits = option.name.dropFirst().contains(name.last!) }
            if !fits, name.utf8.count > 4, option.name.utf8.count > 4, name.hasPrefix("--"), name.hasPrefix(option.name) { fits = true }
            guard fits else { return false }
            guard parts.count > 1 else { return option.value != "false" }
            return (option.value ?? option.next).map { Glob(Form.wide(String(parts[1]))).matches($0) } ?? false
        }
    }
}

extension CommandTable.Form {
    /// How many of the words have been used up when all of the form's have been found; nil if they are not there.
    fileprivate func end(in given: [String]) -> Int? {
        func fits(_ index: Int, _ at: Int) -> Bool {
            guard at + words.count - index <= given.count else { return false }
            for offset in index..<words.count where !words[offset].contains(where: { $0.matches(given[at + offset - index]) }) { return false }
            return true
        }
        guard gap >= 0 else { return fits(0, 0) ? words.count : nil }
        for offset in 0..<gap where offset >= given.count || !words[offset].contains(where: { $0.matches(given[offset]) }) { return nil }
        guard gap <= given.count else { return nil }
        return (gap...given.count).first { fits(gap, $0) }.map { $0 + words.count - gap }
    }
}
