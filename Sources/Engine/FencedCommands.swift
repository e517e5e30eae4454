// Commands in the fenced code blocks of a text, as it comes.
//
// Source: CommonMark 0.31.2 §4.5 (fenced code blocks), §5.1 (block quotes), §5.2 (list items). What contains a fence is not followed, so it may be indented by as much as it likes: a
// block is found rather than missed.

/// Where a text is, as far as fenced code blocks go.
struct FencedCommands {
    private enum State {
        /// Nothing on the line but indentation and the marks of quotes and lists.
        case lineStart
        /// So many marks of a fence.
        case marks(Int)
        /// Behind the marks of an opening fence.
        case info
        /// Behind the marks of a closing fence.
        case closed
        /// The line is no fence.
        case line
        /// The first word of a line that may be a command.
        case word
    }

    /// A fence and the block behind it.
    private struct Block {
        var mark: UInt8
        /// Marks of its fence.
        var count = 0
        var info: [UInt8] = []
        /// The marks of a quote stand before its lines, and are no part of it.
        var isQuoted: Bool
        /// What it says, if that is a command.
        var command: OpenCommand?
        /// Where its last line begins in the text of the command.
        var lineStart = 0
    }

    private let judge: CommandJudge
    /// Commands are sought outside of code blocks, too: each on a line of its own.
    private let readsLines: Bool
    private var state = State.lineStart
    /// The mark of a quote stands on the line.
    private var isQuoted = false
    /// Where what may be an opening fence begins in the body; nil inside of a block.
    private var fenceFrom: Int?
    /// From the first mark of its fence on.
    private var block: Block?
    /// A line outside of blocks that may be a command, and those that it goes on with.
    private var line: OpenCommand?

    /// Bytes of an info string; behind a longer one stands no block.
    private static let longestInfo = 1024
    private static let space = ByteSet(ascii: " \t")
    private static let ends = ByteSet(ascii: "\n\r")
    /// What may stand before an opening fence on its line.
    private static let containers = ByteSet(ascii: " \t>-*+.)0123456789")
    private static let marks = ByteSet(ascii: "`~")
    private static let letters = ByteSet(ascii: "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-")
    /// Bytes of the first word of a line that is a command.
    private static let longestWord = 32

    init(_ judge: CommandJudge, readsLines: Bool = false) {
        self.judge = judge
        self.readsLines = readsLines
    }

    /// Where what waits begins in the body.
    var heldFrom: Int? { fenceFrom ?? (line ?? block?.command)?.heldFrom }

    /// Bytes kept.
    var stateCount: Int { (block?.info.count ?? 0) + (block?.command?.text.count ?? 0) + (line?.text.count ?? 0) }

    /// Takes bytes of the text, of which each is one byte of the body.
    mutating func take(_ bytes: UnsafeBufferPointer<UInt8>, at position: Int, into verdicts: inout CommandVerdicts) {
        var index = 0
        while index < bytes.count, !verdicts.isBlocked {
            if case .line = state, block?.command == nil, line == nil {
                index = bytes.first(0x0A, or: 0x0D, from: index)
                if index == bytes.count { return }
            }
            take(bytes[index], position + index..<position + index + 1, into: &verdicts)
            index += 1
        }
    }

    /// - Parameter place: where the byte stands in the body.
    mutating func take(_ byte: UInt8, _ place: Range<Int>, into verdicts: inout CommandVerdicts) {
        if line != nil {
            takeLine(byte, place, into: &verdicts)
        } else if block == nil || fenceFrom != nil {
            takeOutside(byte, place)
        } else {
            takeInside(byte, place, into: &verdicts)
        }
    }

    // MARK: Code blocks

    private mutating func takeOutside(_ byte: UInt8, _ place: Range<Int>) {
        let isEnd = Self.ends.contains(byte)
        switch state {
        case .lineStart where Self.marks.contains(byte):
            (state, fenceFrom) = (.marks(1), place.lowerBound)
            block = Block(mark: byte, isQuoted: isQuoted)
        case .lineStart where Self.containers.contains(byte): isQuoted = isQuoted || byte == UInt8(ascii: ">")
        case .marks(let count) where byte == block?.mark: state = .marks(count + 1)
        case .marks(let count) where count >= 3:
            block?.count = count
            takeInfo(byte, place)
        case .info: takeInfo(byte, place)
        case .lineStart where readsLines && Self.letters.contains(byte):
            state = .word
            line = OpenCommand(Self.lineLanguage)
            line?.cover(place)
            line?.text.append(byte)
        default: noFence(isEnd)
        }
    }

    private mutating func noFence(_ isEnd: Bool) {
        (fenceFrom, block) = (nil, nil)
        state = isEnd ? .lineStart : .line
        if isEnd { isQuoted = false }
    }

    private mutating func takeInfo(_ byte: UInt8, _ place: Range<Int>) {
        guard var opened = block, let from = fenceFrom else { return }
        if Self.ends.contains(byte) {
            let word = opened.info.drop(while: Self.space.contains).prefix { !Self.space.contains($0) }
            opened.command = judge.fence(String(decoding: word, as: UTF8.self).lowercased()).map(OpenCommand.init)
            opened.command?.cover(from..<place.upperBound)
            (state, fenceFrom, isQuoted) = (.lineStart, nil, false)
            block = opened
        } else if byte == UInt8(ascii: "`") && opened.mark == byte || opened.info.count == Self.longestInfo {
            // Backticks behind backticks are a code span.
            noFence(false)
        } else {
            state = .info
            block?.info.append(byte)
        }
    }

    private mutating func takeInside(_ byte: UInt8, _ place: Range<Int>, into verdicts: inout CommandVerdicts) {
        guard let mark = block?.mark, let count = block?.count, let isQuoted = block?.isQuoted else { return }
        let isEnd = Self.ends.contains(byte)
        var isKept = true
        block?.command?.cover(place)
        switch state {
        case .lineStart where byte == mark: state = .marks(1)
        case .lineStart where isQuoted && (byte == UInt8(ascii: ">") || Self.space.contains(byte)): isKept = false
        case .lineStart where Self.space.contains(byte): break
        case .marks(let marks) where byte == mark: state = .marks(marks + 1)
        case .marks(let marks) where marks >= count && isEnd: return close(into: &verdicts)
        case .marks(let marks) where marks >= count && Self.space.contains(byte): state = .closed
        case .closed where isEnd: return close(into: &verdicts)
        case .closed where Self.space.contains(byte): break
        default: state = isEnd ? .lineStart : .line
        }
        guard isKept, block?.command != nil else { return }
        if block?.command?.take(byte, place, into: &verdicts) == false { block?.command = nil }
        if isEnd, let count = block?.command?.text.count { block?.lineStart = count }
    }

    private mutating func close(into verdicts: inout CommandVerdicts) {
        if var command = block?.command {
            command.text.removeLast(command.text.count - (block?.lineStart ?? 0))
            command.judge(into: &verdicts)
        }
        (block, state) = (nil, .lineStart)
    }

    // MARK: Lines

    private static let lineLanguage = CommandJudge.Language("line", isCertain: false)

    private mutating func takeLine(_ byte: UInt8, _ place: Range<Int>, into verdicts: inout CommandVerdicts) {
        let isEnd = Self.ends.contains(byte)
        if case .word = state {
            guard let text = line?.text else { return }
            if Self.letters.contains(byte), text.count < Self.longestWord {
                line?.cover(place)
                line?.text.append(byte)
                return
            }
            if !isOpening(text) {
                line = nil
                return noFence(isEnd)
            }
            state = .line
        } else if byte == 0x0A, line?.text.last == 0x0D {
            // The second half of the end of a line.
            if line?.take(byte, place, into: &verdicts) == false { line = nil }
            return
        } else if case .lineStart = state, isEnd || Self.marks.contains(byte) {
            // An empty line, or a fence, ends a statement.
            line?.judge(into: &verdicts)
            line = nil
            return takeOutside(byte, place)
        }
        guard isEnd, let text = line?.text else {
            state = .line
            if line?.take(byte, place, into: &verdicts) == false { line = nil }
            return
        }
        // What would be blocked may be bounded by the lines that follow.
        let last = text.last { !Self.space.contains($0) }
        if last == UInt8(ascii: "\\") || last != UInt8(ascii: ";") && verdicts.wouldBlock(text, Self.lineLanguage.name) {
            if line?.take(byte, place, into: &verdicts) == false { line = nil }
        } else {
            line?.judge(into: &verdicts)
            line = nil
        }
        (state, isQuoted) = (.lineStart, false)
    }

    private func isOpening(_ word: [UInt8]) -> Bool { judge.opensLine(String(decoding: word, as: UTF8.self).lowercased()) }

    // MARK: The end

    /// Judges what has come, and lets it go. What follows is judged together with it.
    mutating func letGo(into verdicts: inout CommandVerdicts) {
        line?.letGo(into: &verdicts)
        block?.command?.letGo(into: &verdicts)
    }

    /// Ends the text: a block that is not closed ends with it.
    mutating func finish(into verdicts: inout CommandVerdicts) {
        if case .word = state, let word = line?.text, !isOpening(word) { line = nil }
        line?.judge(into: &verdicts)
        switch state {
        case .marks(let marks) where fenceFrom == nil && marks >= block?.count ?? 0: close(into: &verdicts)
        case .closed: close(into: &verdicts)
        default: block?.command?.judge(into: &verdicts)
        }
    }
}
