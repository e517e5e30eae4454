// Who is asked about the commands that a body proposes. The engine finds them; it knows none of their languages.
//
// `docs/decisions/0007-commands-in-answers.md` says where commands stand, what waits for a verdict, and for how long.

/// Says what is to become of commands. Shared by any number of maskers on any thread.
public final class CommandJudge: Sendable {
    /// What a command is written in, as the judge calls it.
    public struct Language: Sendable, Hashable {
        public var name: String
        /// Whether what is said to be in it always is a command. If not, one that is too long to be read passes.
        public var isCertain: Bool

        public init(_ name: String, isCertain: Bool = true) {
            self.name = name
            self.isCertain = isCertain
        }
    }

    /// What the value of a member of a JSON document is.
    public enum Member: Sendable, Hashable {
        /// A command. An array of strings is its words, or where they cannot be words, its lines.
        case command(Language)
        /// Commands, one in a string: an array is its lines.
        case lines(Language)
        /// A command in the language that a member ``language`` before it in the same object names, as the info string of a code block would, or else in this one.
        case code(Language)
        /// Words behind those of the command in the same object, or with the program as the first.
        case arguments
        /// The language of the commands behind it in the same object.
        case language
        /// A text of a model, with commands in its fenced code blocks.
        case text
    }

    public enum Ruling: Sendable, Hashable {
        /// By the rule of this name.
        case blocked(rule: String)
        case reported(rule: String)
    }

    /// Names of members, folded as `FieldPath` folds them → what they hold.
    private let members: [[UInt8]: Member]
    /// A bit for the hash of each name: most names that come are told apart by it.
    private let hashes: [UInt64]
    /// What a code block is written in, by the first word of its info string, in small letters; nil if in nothing that is run as a command.
    let fence: @Sendable (_ word: String) -> Language?
    /// Whether a line of a body that is a text may be a command, by its first word, in small letters.
    let opensLine: @Sendable (_ word: String) -> Bool
    let ruling: @Sendable (_ command: [UInt8], _ language: String) -> Ruling?

    /// - Parameters:
    ///   - members: by their names; case, `_`, `-` and spaces do not count.
    ///   - opensLine: whether a line of a body that is a text may be a command, by its first word, in small letters; such a line is judged in the language `line`.
    ///   - fence: what a fenced code block is written in, by the first word of its info string in small letters, which may be empty; nil to pass it on unread.
    ///   - ruling: what is to become of a command in a language that `members` or `fence` named, or `shell`, or a value of ``Member/language`` in small letters; nil to
    ///     pass it on. Bounded in time: it is asked on the thread that masks.
    public init(
        members: [String: Member], opensLine: @escaping @Sendable (String) -> Bool = { _ in false }, fence: @escaping @Sendable (String) -> Language?,
        ruling: @escaping @Sendable (_ command: [UInt8], _ language: String) -> Ruling?
    ) {
        self.members = Dictionary(members.map { (FieldPath.folded($0.key.utf8), $0.value) }) { first, _ in first }
        var hashes = [UInt64](repeating: 0, count: 64)
        for name in self.members.keys {
            let hash = Self.hash(name)
            hashes[hash >> 6] |= 1 << UInt64(hash & 63)
        }
        self.hashes = hashes
        self.opensLine = opensLine
        self.fence = fence
        self.ruling = ruling
    }

    /// Bytes of a name, with what does not count; a longer one is none of ours.
    static let longestName = 48

    /// What the value of a member is.
    ///
    /// - Parameter name: with its escapes resolved, as it is written.
    func member(named name: [UInt8]) -> Member? {
        if name.count > Self.longestName { return nil }
        let hash = Self.hash(name)
        return hashes[hash >> 6] >> UInt64(hash & 63) & 1 == 1 ? members[FieldPath.folded(name)] : nil
    }

    /// Twelve bits of what counts in a name (FNV-1a).
    private static func hash(_ name: [UInt8]) -> Int {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in name where byte != UInt8(ascii: "_") && byte != UInt8(ascii: "-") && byte != UInt8(ascii: " ") {
            hash = (hash ^ UInt64(byte &- UInt8(ascii: "A") < 26 ? byte | 0x20 : byte)) &* 0x100_0000_01B3
        }
        return Int(hash >> 52)
    }
}

/// The rule of a set that has commands read, with the judge it asks.
struct CommandRule: Sendable {
    let judge: CommandJudge
    let entity: String
    /// False: what would be blocked is reported.
    let blocks: Bool

    /// Nil where no rule reads commands.
    init?(_ judge: CommandJudge, among rules: [Rule]) {
        guard let rule = rules.first(where: \.readsCommands) else { return nil }
        self.judge = judge
        entity = rule.entity
        blocks = rule.action != .report
    }
}

/// What commands of a body came to.
struct CommandVerdicts {
    let rule: CommandRule
    /// Of what is reported.
    var findings: [Finding] = []
    /// The latest of them, those that have been taken out included.
    private var reported: [Finding] = []
    private static let mostRemembered = 8
    /// Of the command that ends the body.
    private(set) var blocked: Finding?
    var isBlocked: Bool { blocked != nil }

    /// Name of what blocks a command that is too long to be read.
    static let tooLong = "command-too-long"

    init(_ rule: CommandRule) { self.rule = rule }

    /// Asks the judge.
    ///
    /// - Parameter range: where the command stands in the body.
    mutating func judge(_ command: [UInt8], _ language: String, at range: Range<Int>) {
        guard blocked == nil, !command.isEmpty, let ruling = rule.judge.ruling(command, language) else { return }
        switch ruling {
        case .blocked(let name): block(name, at: range)
        case .reported(let name): report(name, at: range)
        }
    }

    /// Whether a command would be blocked as it is.
    func wouldBlock(_ command: [UInt8], _ language: String) -> Bool {
        if case .blocked = rule.judge.ruling(command, language) { true } else { false }
    }

    /// Moves the start of the command that ends the body to what is held around it.
    mutating func widenBlock(to start: Int?) {
        guard let start, let range = blocked?.range, start < range.lowerBound else { return }
        blocked?.range = start..<range.upperBound
    }

    /// Ends the body, unless the rule only reports.
    mutating func block(_ name: String, at range: Range<Int>) {
        if !rule.blocks { return report(name, at: range) }
        if blocked == nil { blocked = Finding(rule: name, entity: rule.entity, range: range, action: .blocked) }
    }

    /// Adds what was found by another reader.
    mutating func add(_ finding: Finding, at range: Range<Int>) {
        if finding.action == .blocked { block(finding.rule, at: range) } else { report(finding.rule, at: range) }
    }

    private mutating func report(_ name: String, at range: Range<Int>) {
        // What is let go and goes on is judged again.
        if reported.contains(where: { $0.rule == name && $0.range.lowerBound == range.lowerBound }) { return }
        let finding = Finding(rule: name, entity: rule.entity, range: range, action: .reported)
        findings.append(finding)
        reported.append(finding)
        if reported.count > Self.mostRemembered { reported.removeFirst() }
    }
}

/// A command whose end has not come: held from its first byte.
struct OpenCommand {
    /// Where it stands in the body; nothing while no byte of it has come.
    private(set) var range: Range<Int>?
    let language: CommandJudge.Language
    var text: [UInt8] = []
    /// Where what waits of it begins in the body: its first byte, or the first behind what was let go.
    private(set) var heldFrom: Int?

    /// Bytes of text; a longer one is not read.
    static let longest = 32 * 1024

    init(_ language: CommandJudge.Language) { self.language = language }

    /// Takes a byte that belongs to it and is no part of what it says.
    mutating func cover(_ place: Range<Int>) {
        range = (range ?? place).lowerBound..<place.upperBound
        heldFrom = heldFrom ?? place.lowerBound
    }

    /// Lets go what has come: it was judged as part of a list.
    mutating func passOn() { heldFrom = nil }

    /// Judges what has come, and lets it go. What follows waits, and is judged together with it.
    mutating func letGo(into verdicts: inout CommandVerdicts) {
        judge(into: &verdicts)
        heldFrom = nil
    }

    /// - Returns: false if it has become too long, and is to be forgotten.
    mutating func take(_ byte: UInt8, _ place: Range<Int>, into verdicts: inout CommandVerdicts) -> Bool {
        text.append(byte)
        cover(place)
        return text.count <= Self.longest || giveUp(&verdicts)
    }

    func judge(into verdicts: inout CommandVerdicts) {
        if let range { verdicts.judge(text, language.name, at: range) }
    }

    /// What becomes of it where it is too long.
    private func giveUp(_ verdicts: inout CommandVerdicts) -> Bool {
        judge(into: &verdicts)
        if verdicts.blocked == nil, language.isCertain, let range { verdicts.block(CommandVerdicts.tooLong, at: range) }
        return false
    }
}
