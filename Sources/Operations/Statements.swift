// Whether a text is meant as SQL where prose could stand as well.

enum Statements {
    /// Whether a text begins with a word that a statement can begin with, a comment or a parenthesis.
    static func begin(in text: String) -> Bool {
        let bytes = Array(text.utf8.prefix(1 << 12))
        let start = (ApparentText.resolved(bytes)?.bytes ?? bytes).drop { $0 <= 0x20 || $0 == UInt8(ascii: "(") || $0 == UInt8(ascii: ";") || $0 == UInt8(ascii: "{") }
        if start.starts(with: "--".utf8) || start.starts(with: "/*".utf8) || start.first == UInt8(ascii: "#") || start.first == UInt8(ascii: "\\") { return true }
        let word = start.prefix { $0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x7A || $0 == UInt8(ascii: "_") }
        return word.count <= 16 && verbs.contains(String(decoding: word, as: UTF8.self).lowercased())
    }

    /// First words of statements, in the dialects that `SQLReader` knows.
    static let verbs: Set<String> = [
        "alter", "analyze", "attach", "backup", "begin", "call", "change", "comment", "commit", "copy", "create", "dbcc", "deallocate", "declare", "delete", "delimiter", "deny", "detach", "disable", "do", "drop", "end",
        "exec", "execute", "explain", "export", "flush", "from", "go", "grant", "if", "import", "insert", "install", "kill", "load", "lock", "merge", "msck", "optimize", "pragma", "prepare", "purge", "reassign", "refresh",
        "reindex", "rename", "replace", "reset", "restore", "revoke", "rollback", "security", "select", "set", "show", "shutdown", "start", "system", "table", "truncate", "undrop", "unload", "update", "upsert", "use", "vacuum",
        "values", "while", "with",
    ]

    /// What stands behind such a word in prose: no table has these names.
    static let proseObjects: Set<String> = [
        "a", "an", "the", "this", "that", "these", "those", "my", "your", "our", "their", "his", "her", "its", "it", "all", "any", "every", "everything", "each", "some", "old", "new", "me", "us", "them", "which", "what",
    ]
}
