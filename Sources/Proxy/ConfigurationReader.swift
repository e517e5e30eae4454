// Typed reading of YAML: every value with its line, every mistake collected instead of thrown.

import Foundation
import Yams

/// Collects what is wrong with one file, and with files that belong to it.
final class ConfigurationReader {
    let file: String
    private(set) var problems: [ConfigurationProblem] = []
    /// Of the file that this one belongs to, where all problems go.
    private let main: ConfigurationReader?

    init(file: String, joining main: ConfigurationReader? = nil) {
        self.file = file
        self.main = main
    }

    /// Everything that was reported, file by file, in order of lines.
    var error: ConfigurationError {
        func place(_ problem: (offset: Int, element: ConfigurationProblem)) -> (Int, String, Int, Int) {
            (problem.element.file == file ? 0 : 1, problem.element.file, problem.element.line ?? 0, problem.offset)
        }
        return ConfigurationError(problems.enumerated().sorted { place($0) < place($1) }.map(\.element))
    }

    /// Notes a mistake at `line`, and goes on: the next one may be told in the same breath.
    func report(_ line: Int?, _ message: String, hint: String? = nil) {
        report(ConfigurationProblem(file: file, line: line, message: message, hint: hint))
    }

    func report(_ problem: ConfigurationProblem) {
        if let main { return main.report(problem) }
        // An alias (`*name`) brings the same lines up twice.
        if !problems.contains(problem) { problems.append(problem) }
    }

    /// The whole file as a section; nil (and a problem) where it is none.
    ///
    /// - Parameter hint: what to do about an empty one.
    func root(_ text: String, keys: [String], hint: String = "begin with config.example.yaml") -> Section? {
        do {
            guard let node = try Yams.compose(yaml: text) else {
                report(nil, "the file is empty", hint: hint)
                return nil
            }
            return section(node, name: nil, keys: keys)
        } catch let error as YamlError {
            switch error {
            case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _), .composer(_, let problem, let mark, _):
                report(
                    mark.line, "not valid YAML: \(problem)",
                    hint: "look at the indentation here and on the line above; values with `: ` or `#` in them need quotes")
            case .duplicatedKeysInMapping(let duplicates, let context):
                let names = duplicates.map { "\"\($0)\"" }.joined(separator: ", ")
                report(context.mark.line, "\(names) is given more than once in the same section", hint: "keep one of them")
            case .reader:
                report(nil, "not valid YAML: a character that YAML does not allow", hint: "save the file as UTF-8 text")
            default:
                report(nil, "not valid YAML")
            }
        } catch {
            report(nil, "not valid YAML")
        }
        return nil
    }

    /// `node` as a mapping whose keys are all in `keys`.
    func section(_ node: Node, name: String?, keys: [String]) -> Section? {
        guard case .mapping(let mapping) = node else {
            let what = name.map { "\"\($0)\" must be" } ?? "the file must hold"
            report(node.line, "\(what) a mapping of names to values, not \(node.kind)", hint: "known names: \(keys.joined(separator: ", "))")
            return nil
        }
        var entries: [String: (line: Int, value: Node)] = [:]
        for (key, value) in mapping {
            guard case .scalar(let scalar) = key else {
                report(key.line, "a name must be a word, not \(key.kind)")
                continue
            }
            entries[scalar.string] = (key.line ?? 0, value)
        }
        return Section(reader: self, name: name, line: node.line ?? 1, keys: keys, entries: entries)
    }
}

/// One mapping of the file. Each reading method reports what is wrong with its value and then gives nil.
struct Section {
    let reader: ConfigurationReader
    /// As in `listen.tls`; nil for the file itself.
    let name: String?
    let line: Int
    /// Every name that may be in it.
    let keys: [String]
    let entries: [String: (line: Int, value: Node)]

    func path(_ key: String) -> String { name.map { "\($0).\(key)" } ?? key }

    func has(_ key: String) -> Bool { entries[key] != nil }

    /// The line of `key`, or of the section where it is missing.
    func line(of key: String) -> Int { entries[key]?.line ?? line }

    func report(_ key: String, _ message: String, hint: String? = nil) {
        reader.report(line(of: key), message, hint: hint)
    }

    /// Refuses names that do not belong here. `explain` may answer for one of them with a message and a hint of its own.
    func refuseUnknownKeys(explain: (String) -> (message: String, hint: String)? = { _ in nil }) {
        for (key, entry) in entries where !keys.contains(key) {
            if let (message, hint) = explain(key) {
                reader.report(entry.line, message, hint: hint)
                continue
            }
            let place = name.map { " in \($0)" } ?? ""
            let hint =
                nearest(to: key, in: keys).map { "did you mean \"\($0)\"?" } ?? "known here: \(keys.joined(separator: ", "))"
            reader.report(entry.line, "unknown setting \"\(key)\"\(place)", hint: hint)
        }
    }

    /// Refuses each of `names` that is given: `because` completes "is only for …".
    func refuse(_ names: [String], only because: String) {
        for name in names where has(name) { report(name, "\"\(path(name))\" is only for \(because)", hint: "remove it") }
    }

    // MARK: Values

    func text(_ key: String, required: Bool = false, example: String? = nil) -> String? {
        guard let entry = given(key, required: required, example: example) else { return nil }
        return textValue(entry.value, key, example: example)
    }

    func integer(_ key: String, in range: ClosedRange<Int>) -> Int? {
        guard let entry = given(key) else { return nil }
        guard case .scalar = entry.value, entry.value.tag == Tag(.int), let value = entry.value.int else {
            wrongType(entry, key, "a whole number", hint: "write it without quotes, \(range.lowerBound) to \(range.upperBound)")
            return nil
        }
        guard range.contains(value) else {
            reader.report(entry.line, "\"\(path(key))\" is \(value), outside \(range.lowerBound) to \(range.upperBound)")
            return nil
        }
        return value
    }

    func flag(_ key: String) -> Bool? {
        guard let entry = given(key) else { return nil }
        guard case .scalar = entry.value, entry.value.tag == Tag(.bool), let value = entry.value.bool else {
            wrongType(entry, key, "true or false")
            return nil
        }
        return value
    }

    /// A time such as `250ms`, `10s`, `2m`, `1h` or `7d`.
    func duration(_ key: String, in range: ClosedRange<Duration>) -> Duration? {
        guard let entry = given(key) else { return nil }
        guard case .scalar(let scalar) = entry.value, let value = Duration(setting: scalar.string) else {
            wrongType(entry, key, "a time", hint: "a number and a unit (ms, s, m, h, d), for example  \(key): 10s")
            return nil
        }
        guard range.contains(value) else {
            reader.report(
                entry.line, "\"\(path(key))\" is \(value.setting), outside \(range.lowerBound.setting) to \(range.upperBound.setting)")
            return nil
        }
        return value
    }

    /// A number of bytes such as `4096`, `64 KiB`, `32 MiB` or `1 GiB`.
    func bytes(_ key: String, in range: ClosedRange<Int>) -> Int? {
        guard let entry = given(key) else { return nil }
        guard case .scalar(let scalar) = entry.value, let value = byteCount(setting: scalar.string) else {
            wrongType(entry, key, "a size", hint: "a number of bytes, or one with KiB, MiB or GiB, for example  \(key): 64 KiB")
            return nil
        }
        guard range.contains(value) else {
            reader.report(entry.line, "\"\(path(key))\" is \(value) bytes, outside \(range.lowerBound) to \(range.upperBound)")
            return nil
        }
        return value
    }

    /// One of the words of `Choice`.
    func choice<Choice: CaseIterable & RawRepresentable<String>>(_ key: String, _ type: Choice.Type, required: Bool = false) -> Choice? {
        let words = Choice.allCases.map(\.rawValue)
        guard let entry = given(key, required: required, example: words.first), let word = textValue(entry.value, key, example: words.first)
        else { return nil }
        if let choice = Choice(rawValue: word) { return choice }
        let hint = nearest(to: word, in: words).map { "did you mean \"\($0)\"? " } ?? ""
        reader.report(entry.line, "\"\(path(key))\" cannot be \"\(word)\"", hint: hint + "one of: \(words.joined(separator: ", "))")
        return nil
    }

    /// A list of words with the line of each; one word alone counts as a list of one.
    func words(_ key: String, required: Bool = false, example: String? = nil) -> [(line: Int, text: String)]? {
        guard let entry = given(key, required: required, example: example.map { "[\($0)]" }) else { return nil }
        let nodes: [Node]
        if case .sequence(let sequence) = entry.value { nodes = Array(sequence) } else { nodes = [entry.value] }
        guard !nodes.isEmpty else {
            reader.report(entry.line, "\"\(path(key))\" is empty", hint: example.map { "for example  \(key): [\($0)]" })
            return nil
        }
        var seen: Set<String> = []
        return nodes.compactMap { node in
            guard let text = textValue(node, key, example: example) else { return nil }
            guard seen.insert(text).inserted else {
                reader.report(node.line, "\"\(path(key))\" names \"\(text)\" twice", hint: "keep one of them")
                return nil
            }
            return (node.line ?? entry.line, text)
        }
    }

    /// A mapping of any names to texts, in the order of the file.
    func texts(_ key: String, example: String) -> [(name: String, value: String)] {
        guard let entry = given(key) else { return [] }
        guard case .mapping(let mapping) = entry.value else {
            wrongType(entry, key, "a mapping of names to texts", hint: "for example  \(key): {\(example)}")
            return []
        }
        return mapping.compactMap { name, value in
            guard let name = name.scalar?.string, let text = textValue(value, "\(key).\(name)", example: nil) else { return nil }
            return (name, text)
        }
    }

    func section(_ key: String, keys: [String], required: Bool = false) -> Section? {
        guard let entry = given(key, required: required) else { return nil }
        return reader.section(entry.value, name: path(key), keys: keys)
    }

    /// A list of mappings, each named `<key>[<n>]` from 1.
    func sections(_ key: String, keys: [String], required: Bool = false) -> [Section] {
        guard let entry = given(key, required: required) else { return [] }
        guard case .sequence(let sequence) = entry.value else {
            wrongType(entry, key, "a list", hint: "begin each entry with `- ` on a line of its own")
            return []
        }
        return sequence.enumerated().compactMap { index, node in
            reader.section(node, name: "\(path(key))[\(index + 1)]", keys: keys)
        }
    }

    /// The line and value of `key`; a problem where it is required and missing, or given without a value.
    func given(_ key: String, required: Bool = false, example: String? = nil) -> (line: Int, value: Node)? {
        let hint = example.map { "for example  \(key): \($0)" }
        guard let entry = entries[key] else {
            if required { reader.report(line, "\"\(path(key))\" is missing", hint: hint) }
            return nil
        }
        if case .scalar(let scalar) = entry.value, scalar.style == .plain, entry.value.tag == Tag(.null) {
            reader.report(entry.line, "\"\(path(key))\" has no value", hint: hint ?? "give it one or remove the line")
            return nil
        }
        return (entry.line, entry.value)
    }

    private func textValue(_ node: Node, _ key: String, example: String?) -> String? {
        guard case .scalar(let scalar) = node else {
            reader.report(node.line, "\"\(path(key))\" must be text, not \(node.kind)", hint: example.map { "for example  \(key): \($0)" })
            return nil
        }
        // `timestamp` is how a plain date reads; settings that want one read its text.
        guard scalar.style != .plain || node.tag == Tag(.str) || node.tag == Tag(.timestamp) else {
            reader.report(node.line, "\"\(path(key))\" must be text, not \(node.kind)", hint: "put it in quotes if it is meant as it stands")
            return nil
        }
        guard !scalar.string.isEmpty else {
            reader.report(node.line, "\"\(path(key))\" is empty", hint: example.map { "for example  \(key): \($0)" })
            return nil
        }
        return scalar.string
    }

    private func wrongType(_ entry: (line: Int, value: Node), _ key: String, _ wanted: String, hint: String? = nil) {
        reader.report(entry.line, "\"\(path(key))\" must be \(wanted), not \(entry.value.kind)", hint: hint)
    }
}

extension Node {
    fileprivate var line: Int? { mark?.line }

    /// For messages; never the value itself, which may be a secret in the wrong place.
    fileprivate var kind: String {
        switch self {
        case .mapping: "a mapping"
        case .sequence: "a list"
        case .alias: "an alias"
        case .scalar(let scalar):
            switch tag {
            case Tag(.int), Tag(.float): "a number"
            case Tag(.bool): "true or false"
            case Tag(.null) where scalar.style == .plain: "nothing"
            default: "text"
            }
        }
    }
}

extension Duration {
    /// Reads `250ms`, `10s`, `2m`, `1h`, `7d`.
    init?(setting: String) {
        let digits = setting.prefix { $0.isASCII && $0.isNumber }
        guard let number = Int(digits), number <= 1_000_000_000 else { return nil }
        switch setting.dropFirst(digits.count) {
        case "ms": self = .milliseconds(number)
        case "s": self = .seconds(number)
        case "m": self = .seconds(number * 60)
        case "h": self = .seconds(number * 3600)
        case "d": self = .seconds(number * 86_400)
        default: return nil
        }
    }

    /// In the largest unit that is exact.
    var setting: String {
        let milliseconds = components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000
        for (unit, size) in [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000)] as [(String, Int64)]
        where milliseconds % size == 0 && milliseconds != 0 {
            return "\(milliseconds / size)\(unit)"
        }
        return "\(milliseconds)ms"
    }
}

/// Reads `4096`, `64 KiB`, `64KiB`, `32 MiB`, `1 GiB`.
private func byteCount(setting: String) -> Int? {
    let digits = setting.prefix { $0.isASCII && $0.isNumber }
    guard let number = Int(digits) else { return nil }
    let factor: Int
    switch setting.dropFirst(digits.count).drop(while: { $0 == " " }) {
    case "": factor = 1
    case "KiB": factor = 1 << 10
    case "MiB": factor = 1 << 20
    case "GiB": factor = 1 << 30
    default: return nil
    }
    let (bytes, overflow) = number.multipliedReportingOverflow(by: factor)
    return overflow ? nil : bytes
}

/// The word of `known` that differs least from `word`, if it is near enough to be meant.
func nearest(to word: String, in known: some Sequence<String>) -> String? {
    let limit = max(1, word.count / 3)
    return known.map { (distance(Array(word.lowercased()), Array($0.lowercased())), $0) }
        .filter { $0.0 <= limit }.min { $0.0 < $1.0 }?.1
}

/// Insertions, deletions and replacements of one character, and swaps of two neighbours (optimal string alignment).
private func distance(_ left: [Character], _ right: [Character]) -> Int {
    var rows = [Array(0...right.count)]
    for i in 1...max(1, left.count) where i <= left.count {
        var row = [i] + Array(repeating: 0, count: right.count)
        for j in 1...max(1, right.count) where j <= right.count {
            let cost = left[i - 1] == right[j - 1] ? 0 : 1
            row[j] = min(rows[i - 1][j] + 1, row[j - 1] + 1, rows[i - 1][j - 1] + cost)
            if i > 1, j > 1, left[i - 1] == right[j - 2], left[i - 2] == right[j - 1] { row[j] = min(row[j], rows[i - 2][j - 2] + 1) }
        }
        rows.append(row)
    }
    return rows[left.count][right.count]
}
