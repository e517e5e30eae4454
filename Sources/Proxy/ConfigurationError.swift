// What is wrong with a configuration, said so that it can be put right.

/// One mistake in one place.
public struct ConfigurationProblem: Sendable, Equatable, CustomStringConvertible {
    public var file: String
    /// From 1; nil where the file as a whole is at fault.
    public var line: Int?
    public var message: String
    /// What to type instead.
    public var hint: String?

    public init(file: String, line: Int?, message: String, hint: String? = nil) {
        self.file = file
        self.line = line
        self.message = message
        self.hint = hint
    }

    /// `error: <file>:<line>: <message>`, and on a second line `hint: <hint>`.
    public var description: String {
        var text = "error: \(file)"
        if let line { text += ":\(line)" }
        text += ": \(message)"
        if let hint { text += "\nhint: \(hint)" }
        return text
    }
}

/// Everything that is wrong with a configuration, in order of lines.
public struct ConfigurationError: Error, Sendable, Equatable, CustomStringConvertible {
    public var problems: [ConfigurationProblem]

    public init(_ problems: [ConfigurationProblem]) { self.problems = problems }

    public var description: String { problems.map(\.description).joined(separator: "\n") }
}
