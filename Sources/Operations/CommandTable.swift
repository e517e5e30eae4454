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
        public var forms: [Form] { didSet { index() } }
        /// Forms by the first word they begin with, and those that begin otherwise; offsets in ``forms``, in order.
        private var byFirstWord: [String: [Int]] = [:]
        private var others: [Int] = []

        public init(valued: Set<String>, forms: [Form]) {
            self.valued = valued
            self.forms = forms
            index()
        }

        private mutating func index() {
            (byFirstWord, others) = ([:], [])
            for (offset, form) in forms.enumerated() {
                if let words = form.firstWords { for word in words { byFirstWord[word, default: []].append(offset) } } else { others.append(offset) }
            }
        }

        /// The first form that `fits`, of those that could: most begin with another word.
        fileprivate func form(beginningWith word: String?, _ fits: (Form) -> Bool) -> Form? {
            let named = word.flatMap { byFirstWord[$0] } ?? []
            var (i, k) = (0, 0)
            while i < named.count || k < others.count {
                let takesNamed = k == others.count || i < named.count && named[i] < others[k]
                let form = forms[takesNamed ? named[i] : others[k]]
                if takesNamed { i += 1 } else { k += 1 }
                if fits(form) { return form }
            }
            return nil
        }
    }

    /// Words that make a command an operation, written as in `volume rm|prune -f|--force !--dry-run`.
    public final class Form: Sendable {
        /// As written.
        public let text: String
        public let operation: String
        let words: [[Glob]]
        /// The offset in `words` behind which any number of other words may stand before the next; -1 if there is none.
        let gap: Int
        /// Of each one must be given.
        fileprivate let required: [[WantedOption]]
        fileprivate let forbidden: [WantedOption]
        /// What the first word must be, one of these; nil if that is open.
        fileprivate let firstWords: [String]?

        /// - Parameter text: what stands after the program: words in this order (`a|b` for one of several, `*` and `?` as in globs), `...` for any words
        ///   between, options that must be there (`-f|--force`, `--to=*`), and with `!` options that must not.
        public init(_ text: String, operation: String) {
            self.text = text
            self.operation = operation
            var words: [[Glob]] = []
            var gap = -1
            var required: [[WantedOption]] = []
            var forbidden: [WantedOption] = []
            for part in text.split(separator: " ") {
                if part == "..." {
                    gap = words.count
                } else if part.first == "!" {
                    forbidden += part.dropFirst().split(separator: "|").map { WantedOption(String($0)) }
                } else if part.first == "-" || part.first == "+" || part.first == "/" && !part.dropFirst().contains("/") {
                    required.append(part.split(separator: "|").map { WantedOption(String($0)) })
                } else {
                    words.append(part.split(separator: "|").map { Glob(Self.wide(String($0))) })
                }
            }
            self.words = words
            self.gap = gap
            self.required = required
            self.forbidden = forbidden
            let first = gap == 0 ? nil : words.first
            firstWords = first.flatMap { $0.allSatisfy { $0.isPlain && !$0.text.contains("\\") } ? $0.map(\.text) : nil }
        }

        /// Words are no paths: in them a star stands for slashes, too.
        fileprivate static func wide(_ text: String) -> String { text.contains("**") ? text : text.replacing("*", with: "**") }
    }

    /// An option that a form wants, or does not want: `--name`, `--name=glob`, `-x` also within `-axb`; what begins with `/` or `+` is a word.
    fileprivate struct WantedOption: Sendable {
        let name: String
        let value: Glob?
        private let isWord: Bool
        /// Of a short option.
        private let letter: UInt8?

        init(_ text: String) {
            let parts = text.split(separator: "=", maxSplits: 1)
            isWord = text.utf8.first != UInt8(ascii: "-")
            name = isWord ? text.lowercased() : String(parts[0])
            value = isWord || parts.count < 2 ? nil : Glob(Form.wide(String(parts[1])))
            letter = name.utf8.count == 2 && name.utf8.last != UInt8(ascii: "-") ? name.utf8.last : nil
        }

        func isAmong(_ options: [Given], _ words: [String]) -> Bool {
            if isWord { return words.contains { $0.utf8.count == name.utf8.count && $0.lowercased() == name } }
            return options.contains { option in
                guard isMeant(by: option.name) else { return false }
                guard let value else { return option.value != "false" }
                return (option.value ?? option.next).map { value.matches($0) } ?? false
            }
        }

        private func isMeant(by given: String) -> Bool {
            if given == name { return true }
            if let letter { return given.utf8.dropFirst().first != UInt8(ascii: "-") && given.utf8.dropFirst().contains(letter) }
            return name.utf8.count > 4 && given.utf8.count > 4 && name.hasPrefix("--") && name.hasPrefix(given)
        }
    }

    /// Options with which a program only says what it would do, or how it is used.
    static let harmless: Set<String> = [
        "--help", "--dry-run", "--dryrun", "--dry_run", "--what-if", "--noop", "--simulate", "--validate-only", "-help", "-WhatIf", "--list-only",
    ]

    /// Told by its length and first letter, since most are not.
    private static func mayBeHarmless(_ name: String) -> Bool {
        let letters = name.utf8.drop { $0 == UInt8(ascii: "-") }
        return letters.count > 3 && "hdwWnsvl".utf8.contains(letters.first ?? 0)
    }

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
            if Self.mayBeHarmless(name) {
                if Self.harmless.contains(name), value.map({ $0 != "none" && $0 != "false" }) ?? true { return nil }
                if name == "--version", value == nil, words.isEmpty { return nil }
            }
            options.append(Given(name: name, value: value, next: value == nil && i < arguments.endIndex ? arguments[i].text : nil))
        }
        if words.first == "help" || words.last == "help" { return nil }
        var end = 0
        let form = program.form(beginningWith: words.first) { form in
            guard let found = form.end(in: words), form.required.allSatisfy({ $0.contains { $0.isAmong(options, words) } }), !form.forbidden.contains(where: { $0.isAmong(options, words) })
            else { return false }
            end = found
            return true
        }
        guard let form else { return nil }
        let object =
            end < words.count
            ? words[end]
            : options.dropFirst(end > 0 ? firstOption[end - 1] : 0).first { $0.name.hasPrefix("--") && $0.value != nil }?.value
                ?? words.joined(separator: " ")
        return (form.operation, object)
    }

    /// One option of a command.
    fileprivate struct Given {
        var name: String
        var value: String?
        /// The word behind it, which may be its value.
        var next: String?
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
