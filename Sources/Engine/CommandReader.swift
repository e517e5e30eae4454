// Commands in a text, or in the JSON document that the text is, as it comes.

/// Reads one text or document for commands, each byte once. Places are offsets into the body.
struct CommandReader {
    private let judge: CommandJudge
    /// Documents around it.
    private let level: Int
    private let readsText: Bool
    /// By its first bytes it may be a document or none.
    private var isUndecided = false
    /// These bytes, with their places.
    private var beginning: [(byte: UInt8, place: Range<Int>)] = []
    /// None or one.
    private var document: [DocumentCommands] = []
    private var text: FencedCommands?
    /// All of it, if that is a command; what it begins with is not known before it comes.
    private var command: OpenCommand?
    private var whole: CommandJudge.Language?

    /// What tells by its first bytes what it is.
    ///
    /// - Parameters:
    ///   - level: documents around it.
    ///   - readsText: if it is a text, it is read for code blocks.
    ///   - whole: what all of it is written in, if it is a command.
    init(_ judge: CommandJudge, level: Int, readsText: Bool, whole: CommandJudge.Language? = nil) {
        self.judge = judge
        self.level = level
        self.readsText = readsText
        self.whole = whole
        isUndecided = true
    }

    /// A body that is a text.
    init(text judge: CommandJudge) {
        self.init(judge, level: 0, readsText: true)
        isUndecided = false
        text = FencedCommands(judge, readsLines: true)
    }

    /// A body that is a JSON document.
    init(document judge: CommandJudge) {
        self.init(judge, level: 0, readsText: false)
        isUndecided = false
        document = [DocumentCommands(judge, level: 0)]
    }

    /// It is a text, and nothing in it is read.
    var isNothing: Bool { !isUndecided && document.isEmpty && text == nil && whole == nil }
    var isDocument: Bool { !document.isEmpty }

    /// Where what waits for a verdict begins in the body.
    var heldFrom: Int? {
        earliest(command?.heldFrom, document.isEmpty ? text?.heldFrom : document[0].heldFrom)
    }

    /// Bytes kept, about.
    var stateCount: Int {
        MemoryLayout<CommandReader>.size + beginning.count * MemoryLayout<(UInt8, Range<Int>)>.stride + (command?.text.count ?? 0) + (document.first?.stateCount ?? 0)
            + (text?.stateCount ?? 0)
    }

    /// Takes bytes that stand in the body as they are.
    mutating func take(_ bytes: UnsafeBufferPointer<UInt8>, at position: Int, into verdicts: inout CommandVerdicts) {
        var index = 0
        while index < bytes.count, !verdicts.isBlocked, whole != nil || isUndecided {
            take(bytes[index], position + index..<position + index + 1, into: &verdicts)
            index += 1
        }
        if index == bytes.count || verdicts.isBlocked { return }
        let rest = UnsafeBufferPointer(rebasing: bytes[index...])
        if !document.isEmpty { document[0].take(rest, at: position + index, into: &verdicts) } else { text?.take(rest, at: position + index, into: &verdicts) }
    }

    /// - Parameter place: where what stands for the byte stands in the body.
    mutating func take(_ byte: UInt8, _ place: Range<Int>, into verdicts: inout CommandVerdicts) {
        if let whole {
            if command == nil { command = OpenCommand(whole) }
            if command?.take(byte, place, into: &verdicts) == false { (self.whole, command) = (nil, nil) }
        }
        if isUndecided {
            beginning.append((byte, place))
            decide(isWhole: false, into: &verdicts)
        } else if !document.isEmpty {
            document[0].take(byte, place, into: &verdicts)
        } else {
            text?.take(byte, place, into: &verdicts)
        }
    }

    private mutating func decide(isWhole: Bool, into verdicts: inout CommandVerdicts) {
        switch InnerDocument.sign(beginning.lazy.map(\.byte), isWhole: isWhole) {
        case .undecided: return
        case .document: document = [DocumentCommands(judge, level: level)]
        case .text: if readsText { text = FencedCommands(judge) }
        }
        isUndecided = false
        for (byte, place) in beginning where !verdicts.isBlocked {
            if !document.isEmpty { document[0].take(byte, place, into: &verdicts) } else { text?.take(byte, place, into: &verdicts) }
        }
        beginning = []
    }

    /// Judges what has come of a command, and lets it go. What follows is judged together with it.
    mutating func letGo(into verdicts: inout CommandVerdicts) {
        if !document.isEmpty { document[0].letGo(into: &verdicts) }
        text?.letGo(into: &verdicts)
        command?.letGo(into: &verdicts)
    }

    /// Nothing follows: what is open is judged as it is.
    mutating func finish(into verdicts: inout CommandVerdicts) {
        if isUndecided { decide(isWhole: true, into: &verdicts) }
        if !document.isEmpty { document[0].finish(into: &verdicts) }
        text?.finish(into: &verdicts)
        command?.judge(into: &verdicts)
    }
}

/// The lesser of two places, of which either may be none.
func earliest(_ one: Int?, _ other: Int?) -> Int? {
    guard let one, let other else { return one ?? other }
    return min(one, other)
}
