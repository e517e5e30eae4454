// Problems: what is wrong with a corpus, where, and what to type instead.

/// A place in a corpus file. Lines and columns start at 1; columns count Unicode scalars, as editors do.
public struct Location: Sendable, Hashable, CustomStringConvertible {
    public var file: String
    public var line: Int
    public var column: Int

    public init(file: String, line: Int, column: Int) {
        self.file = file
        self.line = line
        self.column = column
    }

    public var description: String { "\(file):\(line):\(column)" }
}

/// One thing that is wrong.
public struct Problem: Sendable, Hashable, CustomStringConvertible {
    /// Nil where no file is at fault, for example when no corpus was found.
    public var location: Location?
    public var message: String
    /// What to do about it.
    public var hint: String?

    public init(at location: Location?, _ message: String, hint: String? = nil) {
        self.location = location
        self.message = message
        self.hint = hint
    }

    public var description: String {
        var text = location.map { "\($0): " } ?? ""
        text += message
        if let hint { text += "\n  hint: \(hint)" }
        return text
    }
}

/// Why a corpus, or a selection from it, cannot be used: every problem found, in the order of files and lines.
public struct CorpusError: Error, Sendable, Equatable, CustomStringConvertible {
    public var problems: [Problem]

    public init(_ problems: [Problem]) { self.problems = problems }

    public var description: String { problems.map(\.description).joined(separator: "\n") }
}

extension String {
    /// The candidate that differs least from this word, if so little that it was probably meant.
    func nearest(in candidates: some Sequence<String>) -> String? {
        let limit = count < 4 ? 1 : count < 9 ? 2 : 3
        return candidates.map { ($0, editDistance(to: $0)) }
            .filter { $0.1 <= limit }
            .min { ($0.1, $0.0) < ($1.1, $1.0) }?.0
    }

    /// The candidates that differ least from this word, the nearest first; of ids with hyphens each part counts for itself too.
    func nearest(_ count: Int, in candidates: some Sequence<String>) -> [String] {
        let ranked = candidates.map { candidate in
            let parts = candidate.split(separator: "-").map { editDistance(to: String($0)) }
            return (candidate, candidate.contains(self) ? 0 : Swift.min(editDistance(to: candidate), parts.min() ?? .max))
        }
        return ranked.sorted { ($0.1, $0.0) < ($1.1, $1.0) }.prefix(count).map(\.0)
    }

    /// Insertions, deletions and substitutions of characters that turn one word into the other (Levenshtein).
    private func editDistance(to other: String) -> Int {
        let mine = Array(self)
        let theirs = Array(other)
        var row = Array(0...theirs.count)
        for (i, character) in mine.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, candidate) in theirs.enumerated() {
                let substituted = diagonal + (character == candidate ? 0 : 1)
                diagonal = row[j + 1]
                row[j + 1] = Swift.min(substituted, diagonal + 1, row[j] + 1)
            }
        }
        return row[theirs.count]
    }
}
