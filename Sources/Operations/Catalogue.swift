// What is known of operations: how grave they are, what happens to them unless a policy says otherwise, and how an agent is told.

/// The operations that readers find, and the words of programs that make them.
public struct Catalogue: Sendable {
    /// By name.
    public private(set) var entries: [String: Entry] = [:]
    public var commands = CommandTable()
    /// Where commands stand in documents.
    public var places = CommandPlaces()

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
        public let sentence: String
        /// Its parts around the object.
        private let parts: [Substring]
        public var references: [String]
        /// Objects to which it is allowed.
        public var permitted: GlobList
        /// Objects to which it is blocked; what is permitted is not.
        public var protected: GlobList

        public init(
            _ name: String, severity: Severity, verdict: Verdict.Decision, sentence: String, references: [String] = [], permitted: [Glob] = [], protected: [Glob] = []
        ) {
            self.name = name
            self.severity = severity
            self.verdict = verdict
            self.sentence = sentence
            parts = sentence.split(separator: "{object}", omittingEmptySubsequences: false)
            self.references = references
            self.permitted = GlobList(permitted)
            self.protected = GlobList(protected)
        }

        func message(object: String) -> String {
            // Long objects are cut: a message is for reading.
            let shown = object.isEmpty ? "its target" : object.utf8.count > 120 && object.count > 120 ? object.prefix(117) + "…" : object
            return parts.joined(separator: shown)
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
        var gravest: (index: Int, ruling: Ruling)?
        // Neighbours are mostly of one kind: rm with a thousand files.
        var last: (name: String, entry: Entry?) = ("", nil)
        for (index, operation) in reading.operations.enumerated() {
            if operation.name != last.name { last = (operation.name, entries[operation.name]) }
            let ruling = Self.ruling(on: operation, by: last.entry)
            guard let worst = gravest?.ruling else {
                gravest = (index, ruling)
                continue
            }
            if ruling.decision > worst.decision || ruling.decision == worst.decision && ruling.severity > worst.severity { gravest = (index, ruling) }
        }
        var worst: Verdict = gravest.map { verdict(on: reading.operations[$0.index], $0.ruling) } ?? Verdict(decision: .allow)
        for obscurity in reading.obscurities {
            guard let entry = entries["unreadable." + obscurity.reason.rawValue], entry.verdict > worst.decision else { continue }
            worst = Verdict(decision: entry.verdict, rule: entry.name, operation: worst.operation, severity: entry.severity, message: entry.message(object: ""))
        }
        return worst
    }

    /// What is to happen to each operation of a reading, and to what of it cannot be read, as operations of the family `unreadable`.
    public func verdicts(on reading: Reading) -> [Verdict] {
        reading.operations.map(verdict(on:))
            + reading.obscurities.compactMap { obscurity in
                let name = "unreadable." + obscurity.reason.rawValue
                return entries[name] == nil ? nil : verdict(on: Operation(name, range: obscurity.range))
            }
    }

    /// What an operation does to an object, in a sentence for people and agents.
    public func sentence(_ name: String, object: String) -> String {
        entries[name]?.message(object: object) ?? "The operation \(name) is not in the catalogue."
    }

    /// What is to happen to one operation. One that the catalogue does not know needs a person.
    public func verdict(on operation: Operation) -> Verdict { verdict(on: operation, Self.ruling(on: operation, by: entries[operation.name])) }

    /// A verdict before it is put in words.
    private struct Ruling {
        var decision: Verdict.Decision
        var severity: Severity
        /// Added to the operation's name.
        var suffix: String
    }

    private static func ruling(on operation: Operation, by entry: Entry?) -> Ruling {
        guard let entry else { return Ruling(decision: .approve, severity: .medium, suffix: "") }
        if !entry.permitted.isEmpty, !leadsUpwards(operation.object), entry.permitted.matches(operation.object) {
            return Ruling(decision: .allow, severity: .low, suffix: ":permitted")
        }
        if entry.protected.matches(operation.object) { return Ruling(decision: .block, severity: .critical, suffix: ":protected") }
        return Ruling(decision: entry.verdict, severity: entry.severity, suffix: "")
    }

    private func verdict(on operation: Operation, _ ruling: Ruling) -> Verdict {
        Verdict(
            decision: ruling.decision, rule: operation.name + ruling.suffix, operation: operation, severity: ruling.severity,
            message: sentence(operation.name, object: operation.object))
    }

    /// Whether a path goes up past what is known, so that no glob can say where it ends.
    private static func leadsUpwards(_ path: String) -> Bool {
        path.utf8.contains(UInt8(ascii: ".")) && path.utf8.split(separator: UInt8(ascii: "/")).dropFirst().contains { $0.elementsEqual("..".utf8) }
    }
}

