// The reference's reading of commands: docs/decisions/0007-commands-in-answers.md, done the slow and obvious way on a whole body that is not broken.

import Engine
import Foundation

/// A judge for tests: what says EVIL is blocked, what says WARN is reported, and of the languages only their names are told.
enum TestJudge {
    static let shell = CommandJudge.Language("shell"), sql = CommandJudge.Language("sql"), query = CommandJudge.Language("query", isCertain: false)

    static let members: [String: CommandJudge.Member] = [
        "command": .command(shell), "cmd": .command(shell), "sql": .lines(sql), "commands": .lines(shell), "q": .lines(query), "code": .code(.init("code")), "args": .arguments,
        "language": .language, "content": .text,
    ]

    static func fence(_ word: String) -> CommandJudge.Language? {
        switch word {
        case "sh", "bash": shell
        case "sql": sql
        case "": .init("plain", isCertain: false)
        default: nil
        }
    }

    static func ruling(_ command: [UInt8], _ language: String) -> CommandJudge.Ruling? {
        let text = String(decoding: command, as: UTF8.self)
        if text.contains("GOOD") { return nil }
        if text.contains("EVIL") || text.contains("E 'VI L'") || text.contains("E VIL") { return .blocked(rule: "evil.\(language)") }
        return text.contains("WARN") ? .reported(rule: "warn.\(language)") : nil
    }

    static let judge = CommandJudge(members: members, opensLine: { $0 == "run" }, fence: { fence($0) }, ruling: { ruling($0, $1) })

    /// Rules with this judge.
    static func set(_ rules: [Rule] = [], action: Rule.Action = .block) throws -> RuleSet {
        try RuleSet(RuleSet(rules + [Rule(id: "proposed", entity: "COMMAND", readsCommands: true, action: action)]), judge: judge)
    }
}

/// All verdicts on a body, in the order in which they are there.
struct ReferenceCommands {
    struct Verdict {
        /// Where the reader is when it is there.
        var time: Int
        var rule: String
        var range: Range<Int>
        var blocks: Bool
    }

    private(set) var verdicts: [Verdict] = []
    /// The body, or a document in one of its strings, is broken: nothing is said of it.
    private(set) var isBroken = false

    init(document body: [UInt8]) {
        read(ReferenceText.Bytes(body.indices.map { (body[$0], $0..<$0 + 1) }), depth: 0)
        verdicts = verdicts.enumerated().sorted { ($0.element.time, $0.offset) < ($1.element.time, $1.offset) }.map(\.element)
    }

    init(text body: [UInt8]) {
        readText(ReferenceText.Bytes(body.indices.map { (body[$0], $0..<$0 + 1) }), readsLines: true)
        verdicts.sort { $0.time < $1.time }
    }

    private mutating func judge(_ text: [UInt8], _ language: String, _ range: Range<Int>, time: Int? = nil) {
        let time = time ?? range.upperBound
        if text.isEmpty { return }
        switch TestJudge.ruling(text, language) {
        case .blocked(let rule): verdicts.append(Verdict(time: time, rule: rule, range: range, blocks: true))
        case .reported(let rule) where !verdicts.contains { $0.rule == rule && $0.range.lowerBound == range.lowerBound }:
            verdicts.append(Verdict(time: time, rule: rule, range: range, blocks: false))
        default: break
        }
    }

    // MARK: Documents

    private typealias Source = ReferenceText.Bytes

    private indirect enum Value {
        case object([(name: String, value: Value)], Range<Int>)
        case array([Value], Range<Int>)
        /// What the string says, each byte with what wrote it, and where it stands between its quotes.
        case string(Source, Range<Int>)
        case other
    }

    private mutating func read(_ source: Source, depth: Int) {
        var parser = Parser(source: source)
        while let value = parser.value() { walk(value, nil, depth: depth) }
        if parser.isBroken { isBroken = true }
    }

    /// What is found in a value that is held as a whole begins where the value begins.
    private mutating func widen(from first: Int, to start: Int) {
        for index in first..<verdicts.count where verdicts[index].blocks { verdicts[index].range = min(start, verdicts[index].range.lowerBound)..<verdicts[index].range.upperBound }
    }

    /// - Returns: whether an object was among the elements.
    private mutating func walkList(_ elements: [Value], from start: Int, depth: Int, _ isOver: Bool = false) -> Bool {
        var isOver = isOver
        for element in elements {
            let first = verdicts.count
            switch element {
            case .array(let inner, _): isOver = walkList(inner, from: start, depth: depth, isOver)
            case .object:
                isOver = true
                walk(element, nil, depth: depth)
            case .string, .other: walk(element, nil, depth: depth)
            }
            if !isOver { widen(from: first, to: start) }
        }
        return isOver
    }

    private mutating func walk(_ value: Value, _ member: CommandJudge.Member?, depth: Int) {
        switch value {
        case .other: break
        case .string(let text, let range):
            let first = verdicts.count
            if depth < 4 || member == .text, InnerDocument.isOne(text.bytes) {
                read(text, depth: depth + 1)
            } else if member == .text {
                readText(text)
            }
            switch member {
            case .command(let language), .lines(let language), .code(let language):
                widen(from: first, to: range.lowerBound)
                judge(text.bytes, language.name, range)
            case .arguments, .language, .text, nil: break
            }
        case .array(let elements, let range):
            guard let member, member != .text, member != .language else { return elements.forEach { walk($0, nil, depth: depth) } }
            _ = walkList(elements, from: range.lowerBound, depth: depth)
            let list = Self.list(elements, range, member)
            switch member {
            case .command(let language), .lines(let language), .code(let language): judge(list.text, language.name, list.range, time: list.time)
            case .arguments, .language, .text: break
            }
        case .object(let members, _):
            var (command, arguments): ([UInt8]?, [UInt8]?)
            var language: CommandJudge.Language?
            for (name, value) in members {
                let folded = name.lowercased().filter { !"_- ".contains($0) }
                var member = TestJudge.members.first { $0.key == folded }?.value
                if case .code(let own) = member { member = .code(language ?? own) }
                walk(value, member, depth: depth)
                var said: (text: [UInt8], range: Range<Int>, time: Int?)?
                switch value {
                case .string(let text, let range): said = (text.bytes, range, nil)
                case .array(let elements, let range): said = member.map { Self.list(elements, range, $0) }
                default: break
                }
                guard let member, let said else { continue }
                switch member {
                case .language: language = TestJudge.fence(String(decoding: said.text, as: UTF8.self).lowercased())
                case .command(let own), .lines(let own), .code(let own):
                    if let arguments { judge(said.text + [0x20] + arguments, own.name, said.range, time: said.time) }
                    command = said.text
                case .arguments:
                    if case .string(let text, _) = value, InnerDocument.isOne(text.bytes) { continue }
                    judge((command.map { $0 + [0x20] } ?? []) + said.text, "shell", said.range, time: said.time)
                    arguments = said.text
                case .text: break
                }
            }
        }
    }

    /// The strings of an array, up to its first object, as one command.
    private static func list(_ elements: [Value], _ range: Range<Int>, _ member: CommandJudge.Member) -> (text: [UInt8], range: Range<Int>, time: Int?) {
        var texts: [String] = []
        var end = range.lowerBound + 1
        var object: Int?
        func collect(_ elements: [Value]) {
            for element in elements where object == nil {
                switch element {
                case .string(let text, let range):
                    texts.append(String(decoding: text.bytes, as: UTF8.self))
                    end = range.upperBound
                case .array(let inner, _): collect(inner)
                case .object(_, let range): object = range.lowerBound
                case .other: break
                }
            }
        }
        collect(elements)
        var isWords = member == .arguments
        if case .command = member { isWords = texts.first?.contains { " \t\n".contains($0) } != true }
        let quoted = texts.map { $0.wholeMatch(of: /[A-Za-z0-9_@%+=:,.\/-]+/) != nil ? $0 : "'" + $0.replacing("'", with: #"'\''"#) + "'" }
        let text = isWords ? quoted.joined(separator: " ") : texts.joined(separator: "\n")
        return (Array(text.utf8), object == nil ? range : range.lowerBound..<end, object)
    }

    private struct Parser {
        let source: Source
        var at = 0
        var isBroken = false

        private mutating func byte() -> UInt8? {
            while at < source.count, source.bytes[at] <= 0x20 { at += 1 }
            return at < source.count ? source.bytes[at] : nil
        }

        mutating func value() -> Value? {
            guard !isBroken, let first = byte() else { return nil }
            let start = source.origins[at].lowerBound
            switch first {
            case UInt8(ascii: "{"):
                var members: [(String, Value)] = []
                at += 1
                while let next = byte(), next != UInt8(ascii: "}") {
                    if next == UInt8(ascii: ",") { at += 1 }
                    guard byte() == UInt8(ascii: "\""), case .string(let name, _)? = value(), byte() == UInt8(ascii: ":") else { return broken() }
                    at += 1
                    guard let value = value() else { return broken() }
                    members.append((String(decoding: name.bytes, as: UTF8.self), value))
                }
                if at >= source.count { return broken() }
                at += 1
                return .object(members, start..<source.origins[at - 1].upperBound)
            case UInt8(ascii: "["):
                var elements: [Value] = []
                at += 1
                while let next = byte(), next != UInt8(ascii: "]") {
                    if next == UInt8(ascii: ",") { at += 1 }
                    guard let value = value() else { return broken() }
                    elements.append(value)
                }
                if at >= source.count { return broken() }
                at += 1
                return .array(elements, start..<source.origins[at - 1].upperBound)
            case UInt8(ascii: "\""):
                let open = at
                at += 1
                while at < source.count, source.bytes[at] != UInt8(ascii: "\"") { at += source.bytes[at] == UInt8(ascii: "\\") ? 2 : 1 }
                if at >= source.count { return broken() }
                at += 1
                let text = ReferenceJSON(Array(source.bytes[open..<at])).texts.first
                let bytes = text?.bytes ?? []
                let origins = (text?.origins ?? []).map { source.origins[open + $0.lowerBound].lowerBound..<source.origins[open + $0.upperBound - 1].upperBound }
                return .string(Source(bytes: bytes, origins: origins), source.origins[open].upperBound..<source.origins[at - 1].lowerBound)
            default:
                let start = at
                while at < source.count, !" \n,]}".utf8.contains(source.bytes[at]) { at += 1 }
                return at > start ? .other : broken()
            }
        }

        private mutating func broken() -> Value? {
            isBroken = true
            return nil
        }
    }

    // MARK: Code blocks

    private mutating func readText(_ source: Source, readsLines: Bool = false) {
        // Lines with the places of their bytes; what ends them is the last byte of each.
        var lines: [Range<Int>] = []
        var start = 0
        for index in 0..<source.count where source.bytes[index] == 0x0A || source.bytes[index] == 0x0D {
            lines.append(start..<index + 1)
            start = index + 1
        }
        if start < source.count { lines.append(start..<source.count) }
        var block: (mark: Character, count: Int, language: CommandJudge.Language?, from: Int, end: Int, isQuoted: Bool, text: [UInt8])?
        // A line that begins with "run", with those that it goes on with.
        var statement: (text: [UInt8], from: Int, end: Int)?
        for line in lines {
            let place = source.origins[line.upperBound - 1].upperBound
            if let begun = statement {
                let first = source.bytes[line.lowerBound]
                let isRest = first == 0x0A && begun.text.last == 0x0D
                if !isRest, [0x0A, 0x0D, UInt8(ascii: "`"), UInt8(ascii: "~")].contains(first) {
                    judge(begun.text, "line", begun.from..<begun.end, time: source.origins[line.lowerBound].upperBound)
                    statement = nil
                } else {
                    statement = (begun.text + source.bytes[line], begun.from, place)
                    if !isRest, Self.ends(&statement!) { endStatement() }
                    continue
                }
            }
            func endStatement() {
                judge(statement!.text, "line", statement!.from..<statement!.end, time: place)
                statement = nil
            }
            let whole = String(decoding: source.bytes[line], as: UTF8.self)
            let isEnded = [0x0A, 0x0D].contains(source.bytes[line.upperBound - 1])
            let text = whole.filter { $0 != "\n" && $0 != "\r" && $0 != "\r\n" }
            if let open = block {
                let stripped = text.drop { $0 == " " || $0 == "\t" || open.isQuoted && $0 == ">" }
                let marks = stripped.prefix { $0 == open.mark }
                if marks.count >= open.count, stripped.dropFirst(marks.count).allSatisfy({ $0 == " " || $0 == "\t" }) {
                    if let language = open.language { judge(open.text, language.name, open.from..<source.origins[line.upperBound - 1].upperBound) }
                    block = nil
                } else {
                    let kept = open.isQuoted ? String(stripped) + (isEnded ? String(whole.unicodeScalars.last!) : "") : whole
                    block?.text += Array(kept.utf8)
                    block?.end = source.origins[line.upperBound - 1].upperBound
                }
                continue
            }
            let start = line.lowerBound + text.utf8.prefix { " \t>-*+.)0123456789".utf8.contains($0) }.count
            let opening = source.bytes[start..<line.upperBound].prefix { "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-".utf8.contains($0) }
            if readsLines, opening.elementsEqual("run".utf8) {
                statement = (Array(source.bytes[start..<line.upperBound]), source.origins[start].lowerBound, place)
                if Self.ends(&statement!) { endStatement() }
                continue
            }
            guard let fence = text.wholeMatch(of: /([ \t>\-*+.)0-9]*)(`{3,}|~{3,})(.*)/), fence.1.utf8.count + fence.2.utf8.count <= line.count else { continue }
            let (mark, info) = (fence.2.first!, String(fence.3))
            if mark == "`", info.contains("`") { continue }
            if !isEnded { continue }
            let word = info.split(whereSeparator: { $0 == " " || $0 == "\t" }).first.map(String.init) ?? ""
            let at = line.lowerBound + fence.1.utf8.count
            block = (
                mark, fence.2.count, TestJudge.fence(word.lowercased()), source.origins[at].lowerBound, source.origins[line.upperBound - 1].upperBound, fence.1.contains(">"), []
            )
        }
        if let open = block, let language = open.language { judge(open.text, language.name, open.from..<open.end) }
        if let statement { judge(statement.text, "line", statement.from..<statement.end) }
    }

    /// Whether a line, with those before it, goes no further; what ends it is no part of it then.
    private static func ends(_ statement: inout (text: [UInt8], from: Int, end: Int)) -> Bool {
        guard let last = statement.text.last, last == 0x0A || last == 0x0D else { return false }
        let text = Array(statement.text.dropLast())
        let visible = text.last { $0 != 0x20 && $0 != 0x09 }
        if visible == UInt8(ascii: "\\") { return false }
        if visible != UInt8(ascii: ";"), case .blocked? = TestJudge.ruling(text, "line") { return false }
        statement = (text, statement.from, statement.end - 1)
        return true
    }
}

extension ReferenceText {
    /// Bytes, each with the bytes of the body that wrote it.
    struct Bytes {
        var bytes: [UInt8]
        var origins: [Range<Int>]
        var count: Int { bytes.count }

        init(_ pairs: [(UInt8, Range<Int>)]) { (bytes, origins) = (pairs.map(\.0), pairs.map(\.1)) }

        init(bytes: [UInt8], origins: [Range<Int>]) { (self.bytes, self.origins) = (bytes, origins) }
    }
}
