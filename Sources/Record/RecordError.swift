// Why a record could not be written or read.

public struct RecordError: Error, Sendable, Equatable, CustomStringConvertible {
    public var message: String
    /// What to do.
    public var hint: String?

    public init(_ message: String, hint: String? = nil) {
        self.message = message
        self.hint = hint
    }

    /// `error: <message>`, and on a second line `hint: <hint>`.
    public var description: String { "error: \(message)" + (hint.map { "\nhint: \($0)" } ?? "") }
}
