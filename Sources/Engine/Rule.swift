// A rule: what to look for, how to be sure, and what to do with it.

/// One rule of a corpus, as written: nothing is compiled yet.
///
/// `docs/decisions/0001-the-meaning-of-masking.md` says what a rule means.
public struct Rule: Sendable, Hashable {
    /// Stable and unique in a rule set, kebab-case.
    public var id: String
    /// What a match is called in labels and findings, in Presidio's spelling where it has a name for it.
    public var entity: String
    /// The pattern's source text, in the subset that `PatternParser` reads; empty in a rule that has fields only.
    public var pattern: String
    /// Conditions on the part to mask; all must hold.
    public var checks: [Check]
    /// Words that must stand shortly before the match.
    public var context: Context?
    public var action: Action
    /// Members of JSON documents whose values are masked whatever they hold: pattern, checks and context have no part in it.
    public var fields: [FieldPath]
    /// Has the commands that a body proposes judged, by the ``CommandJudge`` of the set. Such a rule has neither a pattern nor fields; its action is to block, or to report.
    public var readsCommands: Bool
    /// Decides which rule labels a replacement that several rules share, and which of equally long paths counts; higher wins.
    public var priority: Int

    public init(
        id: String, entity: String, pattern: String = "", checks: [Check] = [], context: Context? = nil, fields: [FieldPath] = [], readsCommands: Bool = false,
        action: Action = .redact(label: nil), priority: Int = 0
    ) {
        self.id = id
        self.entity = entity
        self.pattern = pattern
        self.checks = checks
        self.context = context
        self.fields = fields
        self.readsCommands = readsCommands
        self.action = action
        self.priority = priority
    }

    /// Whether there is no pattern to look for.
    var hasNoPattern: Bool { pattern.isEmpty && (!fields.isEmpty || readsCommands) }

    /// Words of which one must stand in the `within` bytes before a match.
    public struct Context: Sendable, Hashable {
        /// Compared without regard to ASCII case. A word counts where no letter touches it on the left, and none but a plural `s` on
        /// the right; a change of case (`cardNumber`) separates words like a space does.
        public var words: [String]
        /// Bytes to look back, 1…100.
        public var within: Int

        public static let widest = 100
        /// Bytes that have to be known: the one before them tells whether a word begins with the first of them.
        static let seen = widest + 1

        public init(words: [String], within: Int = 50) {
            self.words = words
            self.within = within
        }
    }

    /// What happens to a match.
    public enum Action: Sendable, Hashable {
        /// Replaced by `label`, or by `[REDACTED:<entity>]`.
        case redact(label: String?)
        /// Replaced by its own characters with most of them filled.
        case mask(MaskStyle)
        /// Replaced by a label that is the same for the same value and the same key of the rule set: see ``HashLabel``.
        case hash
        /// Replaced by a token of the caller's session, which comes back as the value: see ``TokenTable``. Where there is no table, by a plain label.
        case token
        /// Replaced by nothing.
        case remove
        /// The body ends before the match.
        case block
        /// Passed on and listed as a finding.
        case report
    }

    /// How `Action.mask` fills a value. Counts are in characters; where `keepPunctuation` holds, only letters and digits count.
    public struct MaskStyle: Sendable, Hashable {
        public var fill: Character
        public var keepFirst: Int
        public var keepLast: Int
        /// ASCII bytes other than letters and digits stay as they are.
        public var keepPunctuation: Bool

        public init(fill: Character = "*", keepFirst: Int = 0, keepLast: Int = 0, keepPunctuation: Bool = true) {
            self.fill = fill
            self.keepFirst = keepFirst
            self.keepLast = keepLast
            self.keepPunctuation = keepPunctuation
        }
    }
}

/// Why a rule cannot be loaded.
public struct RuleError: Error, Sendable, Equatable, CustomStringConvertible {
    public var rule: String
    public var message: String
    /// What to type instead.
    public var hint: String?
    /// Byte offset into the pattern, where the pattern is at fault.
    public var patternOffset: Int?

    public init(rule: String, message: String, hint: String? = nil, patternOffset: Int? = nil) {
        self.rule = rule
        self.message = message
        self.hint = hint
        self.patternOffset = patternOffset
    }

    public var description: String {
        var text = "rule \"\(rule)\": \(message)"
        if let patternOffset { text += " (at byte \(patternOffset) of the pattern)" }
        if let hint { text += "; hint: \(hint)" }
        return text
    }
}
