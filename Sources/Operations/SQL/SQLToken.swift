// The tokens of SQL.

/// One token: a range of the text with what the reader needs to know of it, so that most are never looked at as text again.
struct SQLToken {
    enum Kind: UInt8 {
        /// Unquoted: a keyword or a name.
        case word
        /// In double quotes, backticks or brackets: a name, in some dialects a string.
        case quoted
        case string
        case number
        /// `@x`, `:x`, `$1`, `?`, `%s`, `{{ x }}`: what is put in when the statement runs.
        case variable
        /// One byte of punctuation, in ``SQLToken/symbol``.
        case symbol
        /// The end of a batch: `GO`, or the string that `DELIMITER` set.
        case separator
        /// A command to the client: `\! …`, `\copy …`, to the end of its line.
        case meta
    }

    var kind: Kind
    /// For strings whether a backslash is an escape; for words whether letters that only look alike were taken for it.
    var flag = false
    /// Whether nothing but white space stands before it in its line.
    var beginsLine = false
    /// Whether a parenthesis is open before it in its statement.
    var isInParentheses = false
    var symbol: UInt8 = 0
    var keyword: SQLKeyword = .none
    /// Bytes of the text.
    var start: Int32
    var end: Int32
    /// How many bytes of quotes stand before and after the contents.
    var opening: UInt8 = 0
    var closing: UInt8 = 0
    /// Of `(` the index of its `)`, or of what ends the statement without one.
    var match: Int32 = -1
    /// How many tokens before this one may name a column.
    var namesBefore: Int32 = 0
}
