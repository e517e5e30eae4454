// The parts of a shell text as its parser hands them on: fields of words, what flows through pipes, and places.

/// One field of a command: a word after quotes, escapes and known expansions are resolved.
struct ShellField {
    /// Where its resolved bytes stand in the session's arena.
    var bytes: Range<Int>
    /// Half-open offsets of the text that is being parsed.
    var source: Range<Int>
    var marks: Marks
    /// The index among the session's flows of what a substitution in it gives; -1 if it has none.
    var flow: Int

    struct Marks: OptionSet {
        let rawValue: UInt8
        /// Part of it was quoted.
        static let quoted = Marks(rawValue: 1)
        /// Part of it cannot be known before the command runs; it stands in the text as `${NAME}`, `$()` or `$(())`.
        static let unknown = Marks(rawValue: 2)
        /// It has an unquoted `*`, `?` or `[`.
        static let pattern = Marks(rawValue: 4)
        /// It is the name of a pipe to a process, `<(…)` or `>(…)`.
        static let process = Marks(rawValue: 8)
    }
}

/// What a command writes, so far as that can be told without running it.
enum Flow {
    case nothing
    /// Exactly these bytes.
    case text([UInt8])
    /// The content of a file of the machine.
    case file
    /// What came over the network.
    case downloaded
    /// What was decoded or decompressed from something that is not known.
    case decoded
    /// The content of a file that holds a secret.
    case secret
    case unknown

    /// This, then `next`.
    mutating func append(_ next: Flow) {
        switch (self, next) {
        case (_, .nothing): break
        case (.nothing, _): self = next
        case (.text(var first), .text(let second)):
            // In place: a text of many commands writes a little with each.
            self = .nothing
            first += second
            self = .text(first)
        default: if next.alarm > alarm { self = next }
        }
    }

    /// How much it matters that this is run or sent.
    private var alarm: Int {
        switch self {
        case .nothing: 0
        case .text: 1
        case .file: 2
        case .unknown: 3
        case .decoded: 4
        case .downloaded: 5
        case .secret: 6
        }
    }
}

/// How offsets of a text within a text become offsets of the whole.
enum PlaceMap {
    /// The inner text stands in the outer as it is, this far from its start.
    case shifted(Int)
    /// It was made by resolving quotes or decoding: all of it counts as this range.
    case fixed(Range<Int>)
    /// Bytes were left out or replaced: the offset in the outer text of each inner offset, and of the end.
    case listed([Int])

    func place(_ range: Range<Int>) -> Range<Int> {
        switch self {
        case .shifted(let base): range.lowerBound + base..<range.upperBound + base
        case .fixed(let place): place
        case .listed(let offsets): offsets[range.lowerBound]..<max(offsets[range.lowerBound], offsets[range.upperBound])
        }
    }
}

/// One argument of a command that is looked at.
struct Argument {
    /// Resolved; what is unknown stands as `${NAME}`, `$()` or `$(())`.
    var text: String
    /// Half-open offsets of the whole text.
    var place: Range<Int>
    var marks = ShellField.Marks(rawValue: 0)
    /// What a substitution in it gives.
    var flow: Flow = .nothing

    /// Without the parts that are unknown, as if they were empty.
    var known: String {
        guard marks.contains(.unknown) else { return text }
        let bytes = Array(text.utf8)
        var result: [UInt8] = []
        var i = 0
        while i < bytes.count {
            let next = i + 1 < bytes.count ? bytes[i + 1] : 0
            guard bytes[i] == UInt8(ascii: "$"), next == UInt8(ascii: "{") || next == UInt8(ascii: "(") else {
                result.append(bytes[i])
                i += 1
                continue
            }
            let closing = next == UInt8(ascii: "{") ? UInt8(ascii: "}") : UInt8(ascii: ")")
            guard let end = bytes[i...].firstIndex(of: closing) else {
                result += bytes[i...]
                break
            }
            i = end + 1
            while closing == UInt8(ascii: ")"), i < bytes.count, bytes[i] == closing { i += 1 }
        }
        return String(decoding: result, as: UTF8.self)
    }
}

/// A command about to be looked at: its name, what it is given, what it reads.
struct Call {
    /// Without folders, in small letters.
    var name: String
    var arguments: ArraySlice<Argument>
    var input: Flow
    /// Half-open offsets of the whole text, from the name to the last argument.
    var place: Range<Int>
    /// How many programs stand around it (`sudo`, `env`, …), or texts.
    var depth: Int
}
