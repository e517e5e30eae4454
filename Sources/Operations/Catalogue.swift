// What is known of operations: how grave they are, what happens to them unless a policy says otherwise, and how an agent is told.

/// The operations that readers find, and the words of programs that make them.
public struct Catalogue: Sendable {
    /// By name.
    public private(set) var entries: [String: Entry] = [:]
    public var commands = CommandTable()

    public init() {}

    /// Adds an entry, or takes the place of the one of its name.
    public mutating func add(_ entry: Entry) { entries[entry.name] = entry }

    /// One kind of operation.
    public struct Entry: Sendable {
        /// Family and verb: `git.push-force`.
        public var name: String
        public var severity: Severity
        /// What happens to it where neither a policy nor its object says otherwise.
        public var verdict: Verdict.Decision
        /// What it does, for the agent that wanted it; `{object}` stands for what it is done to.
        public var sentence: String
        public var references: [String]
        /// Objects to which it is allowed.
        public var permitted: [Glob]
        /// Objects to which it is blocked; what is permitted is not.
        public var protected: [Glob]

        public init(
            _ name: String, severity: Severity, verdict: Verdict.Decision, sentence: String, references: [String] = [], permitted: [Glob] = [], protected: [Glob] = []
        ) {
            self.name = name
            self.severity = severity
            self.verdict = verdict
            self.sentence = sentence
            self.references = references
            self.permitted = permitted
            self.protected = protected
        }
    }

    /// How much an operation can destroy.
    public enum Severity: String, Sendable, CaseIterable, Comparable {
        case low, medium, high, critical

        private var rank: Int {
            switch self {
            case .low: 0
            case .medium: 1
            case .high: 2
            case .critical: 3
            }
        }

        public static func < (a: Severity, b: Severity) -> Bool { a.rank < b.rank }
    }
}

/// What is to happen to a command, and why.
public struct Verdict: Sendable, Hashable {
    public enum Decision: String, Sendable, CaseIterable, Comparable {
        case allow
        /// A person has to agree.
        case approve
        /// It cannot be told what the command would do.
        case unreadable
        case block

        private var rank: Int {
            switch self {
            case .allow: 0
            case .approve: 1
            case .unreadable: 2
            case .block: 3
            }
        }

        public static func < (a: Decision, b: Decision) -> Bool { a.rank < b.rank }
    }

    public var decision: Decision
    /// What decided it: the operation's name, with `:permitted` or `:protected` where its object did. Empty if nothing was found.
    public var rule = ""
    /// The gravest operation; nil if there is none.
    public var operation: Operation?
    public var severity: Catalogue.Severity?
    /// For the agent; empty if nothing was found.
    public var message = ""
}

extension Catalogue {
    /// What is to happen to a command with this reading: the gravest of its operations decides, and of equals the first.
    public func verdict(on reading: Reading) -> Verdict {
        var worst = Verdict(decision: .allow)
        for operation in reading.operations {
            let verdict = verdict(on: operation)
            if worst.operation == nil || (verdict.decision, verdict.severity ?? .low) > (worst.decision, worst.severity ?? .low) { worst = verdict }
        }
        for obscurity in reading.obscurities {
            guard let entry = entries["unreadable." + obscurity.reason.rawValue], entry.verdict > worst.decision else { continue }
            worst = Verdict(decision: entry.verdict, rule: entry.name, operation: worst.operation, severity: entry.severity, message: entry.message(object: ""))
        }
        return worst
    }

    /// What is to happen to one operation. One that the catalogue does not know needs a person.
    public func verdict(on operation: Operation) -> Verdict {
        guard let entry = entries[operation.name] else {
            return Verdict(decision: .approve, rule: operation.name, operation: operation, severity: .medium, message: "The operation \(operation.name) is not in the catalogue.")
        }
        let message = entry.message(object: operation.object)
        func verdict(_ decision: Verdict.Decision, _ suffix: String, _ severity: Severity) -> Verdict {
            Verdict(decision: decision, rule: entry.name + suffix, operation: operation, severity: severity, message: message)
        }
        let object = operation.object
        // Where a path leads upwards past what is known, no glob can say where it ends.
        let isOpen = object.hasSuffix("/..") || object.contains("/../")
        if !isOpen, entry.permitted.contains(where: { $0.matches(object) }) { return verdict(.allow, ":permitted", .low) }
        if entry.protected.contains(where: { $0.matches(object) }) { return verdict(.block, ":protected", .critical) }
        return verdict(entry.verdict, "", entry.severity)
    }
}

extension Catalogue.Entry {
    func message(object: String) -> String {
        // Long objects are cut: a message is for reading.
        let shown = object.isEmpty ? "its target" : object.count > 120 ? object.prefix(117) + "…" : object
        return sentence.replacing("{object}", with: shown)
    }
}
