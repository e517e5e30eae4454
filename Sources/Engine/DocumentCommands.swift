// Commands in the members of a JSON document, as it comes.
//
// The document is read leniently: what is no JSON is passed over, so that a document that breaks hides no command.

/// Where a document is, as far as members that hold commands go.
struct DocumentCommands {
    private let judge: CommandJudge
    /// Documents around this one.
    private let level: Int
    /// A bit for each level, set for an object.
    private var levels: [UInt64] = []
    private var depth = 0
    /// A colon came before what is next: a string in an object without one is a name.
    private var followsColon = false
    /// What the next value is.
    private var member: CommandJudge.Member?
    private var string = String.none
    /// Nothing of the value under way has come.
    private var isAtStart = false
    private var escapes = StringEscapes()
    private var name: [UInt8] = []
    /// What the string under way says, if that is a command.
    private var command: OpenCommand?
    /// Reads the string under way, which may be a document or a text: none or one.
    private var inner: [CommandReader] = []
    private var list: List?
    /// Of the objects under way that hold commands, the innermost last.
    private var objects: [Object] = []

    /// The string under way.
    private enum String {
        case none, name
        /// Nothing in it is of interest; whether the next byte belongs to an escape.
        case other(Bool)
        case value
    }

    /// An array of strings that is a command, or its words.
    fileprivate struct List {
        var member: CommandJudge.Member
        let from: Int
        var end: Int
        /// Level of its elements.
        let depth: Int
        private(set) var elements: [[UInt8]] = []
        /// Bytes that the elements take.
        private(set) var count = 0
        /// Where what waits of it begins in the body.
        var heldFrom: Int?

        mutating func append(_ element: [UInt8]) {
            elements.append(element)
            count += element.count + MemoryLayout<[UInt8]>.size
        }
    }

    /// What an object has said so far.
    private struct Object {
        let depth: Int
        var language: [UInt8]?
        var command: [UInt8]?
        var arguments: [UInt8]?

        var count: Int { (language?.count ?? 0) + (command?.count ?? 0) + (arguments?.count ?? 0) + MemoryLayout<Object>.size }
    }

    /// Bytes of a command that is remembered for the arguments beside it, and of all of them.
    private static let longestRemembered = 4096, mostRemembered = 16 * 1024
    private static let longestLanguage = 32
    /// Levels that are followed; a deeper document is broken for the reader of its texts, too.
    private static let deepest = 65_536
    fileprivate static let whiteSpace = ByteSet(ascii: " \t\n\r")
    /// With which a document in a string can begin, escapes resolved.
    private static let firstBytes = ByteSet(ascii: " \t\n\r{[\"")
    fileprivate static let shell = CommandJudge.Language("shell")

    init(_ judge: CommandJudge, level: Int) {
        self.judge = judge
        self.level = level
    }

    /// Where what waits begins in the body.
    var heldFrom: Int? {
        let isRead = command != nil || !inner.isEmpty || isAtStart && member == .text
        return earliest(earliest(list?.heldFrom, command?.heldFrom), earliest(inner.isEmpty ? nil : inner[0].heldFrom, isRead ? escapes.heldFrom : nil))
    }

    /// Bytes kept.
    var stateCount: Int {
        levels.count * 8 + name.count + (command?.text.count ?? 0) + (list?.count ?? 0) + objects.reduce(0) { $0 + $1.count } + (inner.first?.stateCount ?? 0)
    }

    /// Takes bytes of the document, of which each is one byte of the body.
    mutating func take(_ bytes: UnsafeBufferPointer<UInt8>, at position: Int, into verdicts: inout CommandVerdicts) {
        var index = 0
        while index < bytes.count, !verdicts.isBlocked {
            if case .other(false) = string {
                index = bytes.first(UInt8(ascii: "\""), or: UInt8(ascii: "\\"), from: index)
                if index == bytes.count { return }
            }
            take(bytes[index], position + index..<position + index + 1, into: &verdicts)
            index += 1
        }
    }

    /// - Parameter place: where the byte stands in the body.
    mutating func take(_ byte: UInt8, _ place: Range<Int>, into verdicts: inout CommandVerdicts) {
        switch string {
        case .none: takeToken(byte, place, into: &verdicts)
        case .other(let isEscaped):
            if !isEscaped, byte == UInt8(ascii: "\"") { endString(place, into: &verdicts) } else { string = .other(!isEscaped && byte == UInt8(ascii: "\\")) }
        case .name, .value:
            if byte == UInt8(ascii: "\""), !escapes.escapesNext {
                let rest = escapes.end()
                if let rest { takeText(rest.bytes, rest.place, into: &verdicts) }
                return endString(place, into: &verdicts)
            }
            switch escapes.take(byte, place) {
            case .plain: takeText(byte, place, into: &verdicts)
            case .open: break
            case .byte(let byte, let place): takeText(byte, place, into: &verdicts)
            case .text(let bytes, let place): takeText(bytes, place, into: &verdicts)
            }
        }
    }

    /// Whether the string that has just begun is a command, belongs to one, or is a text with commands.
    var readsString: Bool { if case .value = string { member != nil || list != nil } else { false } }

    // MARK: Structure

    private var isInObject: Bool { depth > 0 && isObject(depth) }

    /// - Parameter level: from 1 on.
    private func isObject(_ level: Int) -> Bool { levels[(level - 1) >> 6] >> UInt64((level - 1) & 63) & 1 == 1 }

    private mutating func takeToken(_ byte: UInt8, _ place: Range<Int>, into verdicts: inout CommandVerdicts) {
        switch byte {
        case UInt8(ascii: "{"), UInt8(ascii: "["): open(isObject: byte == UInt8(ascii: "{"), place, into: &verdicts)
        case UInt8(ascii: "}"), UInt8(ascii: "]"): close(place, into: &verdicts)
        case UInt8(ascii: ":"): followsColon = true
        case UInt8(ascii: ","): (followsColon, member) = (false, nil)
        case UInt8(ascii: "\""): beginString()
        default: break
        }
    }

    private mutating func open(isObject: Bool, _ place: Range<Int>, into verdicts: inout CommandVerdicts) {
        guard depth < Self.deepest else { return }
        if levels.count << 6 == depth { levels.append(0) }
        let bit: UInt64 = 1 << UInt64(depth & 63)
        levels[depth >> 6] = isObject ? levels[depth >> 6] | bit : levels[depth >> 6] & ~bit
        depth += 1
        if isObject {
            // What an array of objects holds is told by the names in them.
            if list != nil { endList(into: &verdicts) }
        } else if list == nil, let member {
            switch member {
            case .command, .lines, .code, .arguments: list = List(member: member, from: place.lowerBound, end: place.upperBound, depth: depth, heldFrom: place.lowerBound)
            case .language, .text: break
            }
        }
        (followsColon, member) = (false, nil)
    }

    private mutating func close(_ place: Range<Int>, into verdicts: inout CommandVerdicts) {
        if list?.depth == depth {
            list?.end = place.upperBound
            endList(into: &verdicts)
        }
        if objects.last?.depth == depth { objects.removeLast() }
        if depth > 0 { depth -= 1 }
        (followsColon, member) = (false, nil)
    }

    // MARK: Strings

    private mutating func beginString() {
        defer { followsColon = false }
        if isInObject, !followsColon {
            name.removeAll(keepingCapacity: true)
            string = .name
            return
        }
        (string, isAtStart) = (.value, true)
        switch member {
        case .command(let language), .lines(let language): command = OpenCommand(language)
        case .code(let language): command = OpenCommand(named(or: language))
        case .arguments: command = OpenCommand(Self.shell)
        case .language: name.removeAll(keepingCapacity: true)
        case .text: break
        case nil: if list != nil { command = OpenCommand(Self.shell) }
        }
    }

    /// What the object says that its code is written in. It is as certain that it is run as by its name alone.
    private func named(or language: CommandJudge.Language) -> CommandJudge.Language {
        guard let name = object(depth)?.language, let named = judge.fence(Swift.String(decoding: name, as: UTF8.self).lowercased()) else { return language }
        return CommandJudge.Language(named.name, isCertain: named.isCertain || language.isCertain)
    }

    private mutating func takeText(_ bytes: [UInt8], _ place: Range<Int>, into verdicts: inout CommandVerdicts) {
        for byte in bytes where !verdicts.isBlocked { takeText(byte, place, into: &verdicts) }
    }

    private mutating func takeText(_ byte: UInt8, _ place: Range<Int>, into verdicts: inout CommandVerdicts) {
        if case .name = string {
            if name.count <= CommandJudge.longestName { name.append(byte) }
            return
        }
        if isAtStart {
            isAtStart = false
            // Most strings tell by their first byte that they are neither.
            if member == .text || level < InnerDocument.deepest && Self.firstBytes.contains(byte) {
                inner = [CommandReader(judge, level: level + 1, readsText: member == .text)]
            }
        }
        if !inner.isEmpty {
            inner[0].take(byte, place, into: &verdicts)
            if verdicts.isBlocked { return }
            if inner[0].isNothing { inner = [] } else if inner[0].isDocument, case .arguments = member { command = nil }
        }
        if command != nil {
            if command?.take(byte, place, into: &verdicts) == false { command = nil }
        } else if case .language = member, name.count < Self.longestLanguage {
            name.append(byte)
        } else if inner.isEmpty {
            string = .other(false)
        }
    }

    private mutating func endString(_ place: Range<Int>, into verdicts: inout CommandVerdicts) {
        let ended = string
        string = .none
        switch ended {
        case .name: member = judge.member(named: name)
        case .value:
            if !inner.isEmpty { inner[0].finish(into: &verdicts) }
            inner = []
            endValue(place, into: &verdicts)
            member = nil
        case .none, .other: member = nil
        }
    }

    // MARK: Commands

    private mutating func endValue(_ place: Range<Int>, into verdicts: inout CommandVerdicts) {
        if case .language = member { return remember(\.language, name, of: depth, at: place, into: &verdicts) }
        guard let ended = command, !verdicts.isBlocked else { return }
        command = nil
        let range = ended.range ?? place.lowerBound..<place.lowerBound
        if list != nil {
            list?.append(ended.text)
            list?.end = range.upperBound
            if list?.heldFrom == nil { list?.heldFrom = range.lowerBound }
            if let list, list.count > OpenCommand.longest { verdicts.block(CommandVerdicts.tooLong, at: list.from..<list.end) }
        } else if case .arguments = member {
            conclude(arguments: ended.text, of: depth, at: range, into: &verdicts)
        } else {
            conclude(ended.text, ended.language, of: depth, at: range, into: &verdicts)
        }
    }

    private mutating func endList(into verdicts: inout CommandVerdicts) {
        guard let ended = list else { return }
        list = nil
        let range = ended.from..<ended.end
        if case .arguments = ended.member {
            conclude(arguments: ended.text, of: ended.depth - 1, at: range, into: &verdicts)
        } else if let language = ended.language {
            conclude(ended.text, language, of: ended.depth - 1, at: range, into: &verdicts)
        }
    }

    /// Judges a command, and what it is with the arguments that stand before it.
    ///
    /// - Parameter level: of the object that it is a member of.
    private mutating func conclude(_ text: [UInt8], _ language: CommandJudge.Language, of level: Int, at range: Range<Int>, into verdicts: inout CommandVerdicts) {
        verdicts.judge(text, language.name, at: range)
        if let arguments = object(level)?.arguments { verdicts.judge(text + [0x20] + arguments, language.name, at: range) }
        remember(\.command, text, of: level, at: range, into: &verdicts)
    }

    private mutating func conclude(arguments text: [UInt8], of level: Int, at range: Range<Int>, into verdicts: inout CommandVerdicts) {
        verdicts.judge((object(level)?.command).map { $0 + [0x20] + text } ?? text, Self.shell.name, at: range)
        remember(\.arguments, text, of: level, at: range, into: &verdicts)
    }

    /// What the innermost object has said, if it is the one on that level; nil if nothing.
    private func object(_ level: Int) -> Object? { objects.last.flatMap { $0.depth == level ? $0 : nil } }

    /// Keeps what an object says for what stands beside it. Where there is no room for it the body ends: nothing could be said of the arguments then.
    private mutating func remember(_ part: WritableKeyPath<Object, [UInt8]?>, _ text: [UInt8], of level: Int, at range: Range<Int>, into verdicts: inout CommandVerdicts) {
        guard level > 0, isObject(level), text.count <= Self.longestRemembered else { return }
        if object(level) == nil { objects.append(Object(depth: level)) }
        objects[objects.count - 1][keyPath: part] = text
        if objects.reduce(0, { $0 + $1.count }) > Self.mostRemembered { verdicts.block(CommandVerdicts.tooLong, at: range) }
    }

    /// Judges what has come of a command, and lets it go. What follows is judged together with it.
    mutating func letGo(into verdicts: inout CommandVerdicts) {
        if !inner.isEmpty { inner[0].letGo(into: &verdicts) }
        if var begun = list {
            if let command { begun.append(command.text) }
            if let language = begun.language { verdicts.judge(begun.text, language.name, at: begun.from..<max(begun.end, command?.range?.upperBound ?? 0)) }
            list?.heldFrom = nil
        }
        if list == nil { command?.letGo(into: &verdicts) } else { command?.passOn() }
    }

    /// Ends the document: what is open ends with it.
    mutating func finish(into verdicts: inout CommandVerdicts) {
        if case .value = string {
            if let rest = escapes.end() { takeText(rest.bytes, rest.place, into: &verdicts) }
            endString(0..<0, into: &verdicts)
        }
        if !verdicts.isBlocked { endList(into: &verdicts) }
    }
}

extension DocumentCommands.List {
    /// What it is written in; nil for arguments alone, which are the shell's.
    fileprivate var language: CommandJudge.Language? {
        switch member {
        case .command(let language), .lines(let language), .code(let language): language
        case .arguments: DocumentCommands.shell
        case .language, .text: nil
        }
    }

    /// Its elements as one text.
    fileprivate var text: [UInt8] {
        switch member {
        // The name of a program has no white space.
        case .command where elements.first?.contains { DocumentCommands.whiteSpace.contains($0) } != true: words
        case .arguments: words
        default: Array(elements.joined(separator: [0x0A]))
        }
    }

    /// Its elements as a shell would have to be given them.
    private var words: [UInt8] {
        var text: [UInt8] = []
        for word in elements {
            if !text.isEmpty { text.append(0x20) }
            if !word.isEmpty, word.allSatisfy({ Self.plain.contains($0) }) {
                text += word
                continue
            }
            text.append(UInt8(ascii: "'"))
            for byte in word { text += byte == UInt8(ascii: "'") ? Array(#"'\''"#.utf8) : [byte] }
            text.append(UInt8(ascii: "'"))
        }
        return text
    }

    private static let plain = ByteSet(ascii: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_@%+=:,./-")
}
