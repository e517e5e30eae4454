// Reads workloads from YAML: what is not known or does not fit is refused with its place.

import Corpus
import Engine
import Foundation
import Yams

/// Everything that is wrong with the definition files.
struct DefinitionError: Error, CustomStringConvertible {
    var problems: [Problem]
    var description: String { problems.map(\.description).joined(separator: "\n") }
}

/// The definitions of one file.
struct DefinitionFile {
    /// As shown to people.
    let name: String
    private(set) var workloads: [Workload] = []
    private(set) var problems: [Problem] = []

    /// Reads all `.yaml` files of a folder, in the order of their names.
    ///
    /// - Throws: ``DefinitionError`` with all problems of all files.
    static func readAll(in folder: URL) throws -> [Workload] {
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".yaml") }.sorted()
        let files = try names.map { DefinitionFile(name: $0, text: try String(contentsOf: folder.appending(path: $0), encoding: .utf8)) }
        var problems = files.flatMap(\.problems)
        var seen: [String: Location] = [:]
        for workload in files.flatMap(\.workloads) {
            if let earlier = seen.updateValue(workload.location, forKey: workload.name) {
                problems.append(Problem(at: workload.location, "the name \"\(workload.name)\" is already used at \(earlier)", hint: "give one another name"))
            }
        }
        guard problems.isEmpty else { throw DefinitionError(problems: problems) }
        return files.flatMap(\.workloads)
    }

    init(name: String, text: String) {
        self.name = name
        let root: Node?
        do {
            root = try compose(yaml: text)
        } catch {
            problems.append(Self.problem(of: error, in: name))
            return
        }
        guard let root, let keys = mapping(root, "the file", ["workloads"]), let list = keys["workloads"]?.sequence else {
            if problems.isEmpty {
                problems.append(Problem(at: Location(file: name, line: 1, column: 1), "there is no list of workloads", hint: "write  workloads:"))
            }
            return
        }
        for node in list { if let workload = read(node) { workloads.append(workload) } }
    }

    // MARK: One workload

    private mutating func read(_ node: Node) -> Workload? {
        let before = problems.count
        guard let keys = mapping(node, "a workload", ["name", "why", "body", "format", "profile", "beside", "fields", "chunks", "sweep", "expected"]) else { return nil }
        for key in ["name", "why", "body", "format", "chunks"] where keys[key] == nil {
            add("a workload needs \"\(key)\"", node, hint: Self.forms[key])
        }
        let name = keys["name"].flatMap { string($0, "\"name\"") }
        let why = keys["why"].flatMap { string($0, "\"why\"") }
        let source = keys["body"].flatMap { readBody($0) }
        let format = keys["format"].flatMap { word($0, "\"format\"", Format.self) }
        let profiles = keys["profile"].map { readProfiles($0, "\"profile\"") } ?? [Corpus.defaultProfile]
        let beside = keys["beside"].map { readProfiles($0, "\"beside\"") }
        let fields = keys["fields"].map { readFields($0) } ?? []
        let chunks = keys["chunks"].map { readChunks($0) } ?? []
        let sweep = keys["sweep"].flatMap { readSweep($0, source) }
        let expected = keys["expected"].map { readExpected($0, keyed: sweep.map { $0.over != .streams } ?? false) } ?? [:]
        guard problems.count == before, let name, let why, let source, let format else { return nil }
        return Workload(
            name: name, why: why, source: source, format: format, profiles: profiles, beside: beside, fields: fields, chunks: chunks, sweep: sweep,
            expected: expected, location: location(node))
    }

    private static let forms = [
        "name": "write  name: vendor-json", "why": "write  why: what this tells that no other workload does",
        "body": "write  body: {generator: vendor-json, bytes: 2000000}  or  body: {payload: twitter.json}",
        "format": "write  format: json", "chunks": "write  chunks: [1024, 16384]",
    ]

    private mutating func readBody(_ node: Node) -> BodySource? {
        guard let keys = mapping(node, "\"body\"", ["payload", "generator", "seed", "bytes", "density", "values", "escapes", "delta"]) else { return nil }
        if let file = keys["payload"] {
            if keys.count > 1 { add("a payload is taken as it is: nothing stands beside \"payload\"", node, hint: "remove the other keys") }
            return string(file, "\"payload\"").map { .payload($0) }
        }
        guard let node = keys["generator"] else {
            add("\"body\" needs \"generator\" or \"payload\"", node, hint: Self.forms["body"])
            return nil
        }
        guard let generator = word(node, "\"generator\"", BodySource.Generator.self) else { return nil }
        var shape = BodyShape()
        if let seed = number(keys["seed"], "\"seed\"", 0...Int.max) { shape.seed = UInt64(seed) }
        if let bytes = number(keys["bytes"], "\"bytes\"", 1...100_000_000) { shape.bytes = bytes }
        if let density = number(keys["density"], "\"density\"", 0...100) { shape.density = density }
        if let values = number(keys["values"], "\"values\"", 1...50) { shape.values = values }
        if let escapes = number(keys["escapes"], "\"escapes\"", 0...100) { shape.escapes = escapes }
        if let delta = number(keys["delta"], "\"delta\"", 1...100_000) { shape.delta = delta }
        return .generated(generator, shape)
    }

    /// A name, or a list of names.
    private mutating func readProfiles(_ node: Node, _ what: String) -> [String] {
        (node.sequence.map(Array.init) ?? [node]).compactMap { string($0, what) }
    }

    private mutating func readFields(_ node: Node) -> [FieldPath] {
        guard let items = node.sequence, !items.isEmpty else {
            add("\"fields\" must be a list", node, hint: "write  fields: ['data[*].email']")
            return []
        }
        return items.compactMap { item in
            guard let path = string(item, "an entry of \"fields\"") else { return nil }
            do throws(FieldPathError) {
                return try FieldPath(path)
            } catch {
                add(error.description, item, hint: error.hint)
                return nil
            }
        }
    }

    private mutating func readChunks(_ node: Node) -> [Chunking] {
        guard let items = node.sequence, !items.isEmpty else {
            add("\"chunks\" must be a list", node, hint: "write  chunks: [1024, 16384]  or  chunks: [event]")
            return []
        }
        return items.compactMap { item in
            switch item.scalar?.string {
            case "event": .events
            case "line": .lines
            default: number(item, "an entry of \"chunks\"", 1...(1 << 30)).map { .bytes($0) }
            }
        }
    }

    private mutating func readSweep(_ node: Node, _ source: BodySource?) -> Workload.Sweep? {
        guard let keys = mapping(node, "\"sweep\"", Workload.Sweep.Variable.allCases.map(\.rawValue)) else { return nil }
        guard keys.count == 1, let (key, list) = keys.first, let variable = Workload.Sweep.Variable(rawValue: key), let items = list.sequence else {
            add("\"sweep\" varies one thing over a list", node, hint: "write  sweep: {density: [0, 50, 100]}")
            return nil
        }
        let range =
            switch variable {
            case .density, .escapes: 0...100
            case .rules, .streams: 1...100_000
            }
        if case .payload = source, variable == .density || variable == .escapes {
            add("a payload's \(key) cannot be varied", node, hint: "take a generator")
        }
        return Workload.Sweep(over: variable, values: items.compactMap { number($0, "a value of \"sweep\"", range) })
    }

    private mutating func readExpected(_ node: Node, keyed: Bool) -> [Int?: Workload.Answer] {
        guard keyed else { return readAnswer(node).map { [nil: $0] } ?? [:] }
        guard let values = node.mapping else {
            add("\"expected\" must say what is expected at each value of the sweep", node, hint: "let  sluice-bench --update-expected  write it")
            return [:]
        }
        var answers: [Int?: Workload.Answer] = [:]
        for (key, value) in values {
            guard let point = number(key, "a value of the sweep", 0...Int.max), let answer = readAnswer(value) else { continue }
            answers[point] = answer
        }
        return answers
    }

    private mutating func readAnswer(_ node: Node) -> Workload.Answer? {
        guard let keys = mapping(node, "\"expected\"", ["matches", "output"]) else { return nil }
        guard let matches = keys["matches"], let output = keys["output"] else {
            add("\"expected\" needs \"matches\" and \"output\"", node, hint: "let  sluice-bench --update-expected  write it")
            return nil
        }
        guard let matches = number(matches, "\"matches\"", 0...Int.max), let output = string(output, "\"output\"") else { return nil }
        return Workload.Answer(matches: matches, output: output)
    }

    // MARK: Nodes

    private static func problem(of error: any Error, in name: String) -> Problem {
        switch error as? YamlError {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _), .composer(_, let problem, let mark, _):
            Problem(at: Location(file: name, line: mark.line, column: mark.column), "this is not YAML: \(problem)", hint: "quote values that hold \": \"")
        case .duplicatedKeysInMapping(let keys, let context):
            Problem(
                at: Location(file: name, line: context.mark.line, column: context.mark.column),
                "the mapping that begins here has a key twice: \(keys.map { "\($0)" }.sorted().joined(separator: ", "))", hint: "remove one of them")
        default: Problem(at: Location(file: name, line: 1, column: 1), "this is not YAML: \(error)")
        }
    }

    private func location(_ node: Node) -> Location { Location(file: name, line: node.mark?.line ?? 1, column: node.mark?.column ?? 1) }

    private mutating func add(_ message: String, _ node: Node, hint: String? = nil) {
        problems.append(Problem(at: location(node), message, hint: hint))
    }

    private mutating func mapping(_ node: Node, _ what: String, _ known: [String]) -> [String: Node]? {
        guard let mapping = node.mapping else {
            add("\(what) must be a mapping", node, hint: "its keys: \(known.joined(separator: ", "))")
            return nil
        }
        var entries: [String: Node] = [:]
        for (key, value) in mapping {
            let name = key.scalar?.string ?? ""
            if known.contains(name) {
                entries[name] = value
            } else {
                add("unknown key \"\(name)\" in \(what)", key, hint: "known keys: \(known.joined(separator: ", "))")
            }
        }
        return entries
    }

    private mutating func string(_ node: Node, _ what: String) -> String? {
        guard let text = node.scalar?.string, !text.isEmpty else {
            add("\(what) must be a text", node)
            return nil
        }
        return text
    }

    private mutating func word<Word: RawRepresentable & CaseIterable>(_ node: Node, _ what: String, _: Word.Type) -> Word? where Word.RawValue == String {
        guard let text = string(node, what) else { return nil }
        guard let word = Word(rawValue: text) else {
            add("\(what) cannot be \"\(text)\"", node, hint: "one of: " + Word.allCases.map(\.rawValue).joined(separator: ", "))
            return nil
        }
        return word
    }

    /// Nil for a key that is not there.
    private mutating func number(_ node: Node?, _ what: String, _ range: ClosedRange<Int>) -> Int? {
        guard let node else { return nil }
        guard let number = node.int, range.contains(number) else {
            add("\(what) must be a whole number from \(range.lowerBound) to \(range.upperBound)", node)
            return nil
        }
        return number
    }
}
