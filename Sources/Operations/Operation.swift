// What a command would do: the facts that readers of SQL, shell commands and requests find, and that a policy judges.

/// One thing that a command would do to one object.
public struct Operation: Hashable, Sendable {
    /// Its name in the catalogue (`corpus/operations/*.yaml`): family and verb, as `sql.drop-table`, `files.remove-recursively`, `git.push-force`.
    public var name: String
    /// What it is done to, as the command names it, with quotes and escapes resolved: a table, a path, a branch. Empty if it names none.
    public var object: String
    /// Where it stands: half-open UTF-8 byte offsets of the text that was read, also for what is found in a command inside of another.
    public var range: Range<Int>

    public init(_ name: String, object: String = "", range: Range<Int>) {
        self.name = name
        self.object = object
        self.range = range
    }
}

/// What a reader makes of a text.
public struct Reading: Hashable, Sendable {
    /// In order of their places.
    public var operations: [Operation] = []
    /// Why parts of the text could not be read, so that more may happen there than ``operations`` says.
    public var obscurities: [Obscurity] = []

    public init() {}
}

/// A part of a command whose effect cannot be told from its text.
public struct Obscurity: Hashable, Sendable {
    public enum Reason: String, Hashable, Sendable, CaseIterable {
        /// Text that is made while the command runs is run in turn: an unknown variable, what was downloaded or decoded.
        case computed
        /// Commands within commands, deeper than is read.
        case tooDeep = "too-deep"
        /// The text is no sentence of the language, or breaks off in the middle of one.
        case malformed
        /// Longer than is read.
        case tooLong = "too-long"
    }

    public var reason: Reason
    /// Half-open UTF-8 byte offsets of the text that was read.
    public var range: Range<Int>

    public init(_ reason: Reason, range: Range<Int>) {
        self.reason = reason
        self.range = range
    }
}
