// One YAML file of the corpus, read with places: typed access to its nodes that says where and what is wrong.

import Foundation
import Yams

/// A parsed YAML file and the problems met while reading it. Reading goes on after a problem, so that all are reported at once.
struct YAMLFile {
    /// As shown to people.
    let name: String
    private let lines: [Substring]
    private(set) var problems: [Problem] = []
    private(set) var root: Node?

    /// - Parameter name: shown in problems.
    init(name: String, text: String) {
        self.name = name
        lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        do {
            root = try compose(yaml: text)
            if root == nil { problems.append(Problem(at: Location(file: name, line: 1, column: 1), "the file is empty")) }
        } catch {
            problems.append(Self.problem(of: error, in: name))
        }
    }

    /// - Parameters:
    ///   - data: nil where the file could not be read.
    ///   - problems: what keeps it from being read is added.
    init?(name: String, data: Data?, problems: inout [Problem]) {
        guard let data else {
            problems.append(Problem(at: nil, "\(name) cannot be read", hint: "check its permissions"))
            return nil
        }
        guard let text = String(validating: data, as: UTF8.self) else {
            problems.append(Problem(at: Location(file: name, line: 1, column: 1), "the file is not UTF-8"))
            return nil
        }
        self.init(name: name, text: text)
    }

    mutating func add(_ message: String, at node: Node, hint: String? = nil) {
        problems.append(Problem(at: location(of: node), message, hint: hint))
    }

    func location(of node: Node) -> Location {
        Location(file: name, line: node.mark?.line ?? 1, column: node.mark?.column ?? 1)
    }

    /// How a scalar's value stands in the file, so far as its bytes can be pointed at.
    func form(of node: Node) -> ScalarForm {
        let place = location(of: node)
        guard let value = node.scalar?.string, lines.indices.contains(place.line - 1) else { return .other }
        let source = String(String.UnicodeScalarView(lines[place.line - 1].unicodeScalars.dropFirst(place.column - 1)))
        if source.hasPrefix("'" + value.replacing("'", with: "''") + "'") { return .singleQuoted }
        return source.hasPrefix(value) ? .plain : .other
    }

    /// Written on one line as it is, on one line in single quotes, or in a form whose bytes are not those of the value.
    enum ScalarForm: Sendable { case plain, singleQuoted, other }

    // MARK: Typed access

    /// The entries of a mapping by key, in their order; keys that are not known are reported with the nearest known one.
    mutating func entries(of node: Node, what: String, known: [String]) -> [String: Node]? {
        guard let mapping = node.mapping else {
            add("\(what) must be a mapping, not \(kind(of: node))", at: node, hint: "write  \(known[0]): …")
            return nil
        }
        var entries: [String: Node] = [:]
        for (key, value) in mapping {
            guard let name = key.scalar?.string else {
                add("a key of \(what) must be a word, not \(kind(of: key))", at: key)
                continue
            }
            if known.contains(name) {
                entries[name] = value
            } else {
                let hint = name.nearest(in: known).map { "did you mean \"\($0)\"?" } ?? "known keys: \(known.joined(separator: ", "))"
                add("unknown key \"\(name)\" in \(what)", at: key, hint: hint)
            }
        }
        return entries
    }

    mutating func string(_ node: Node, what: String) -> String? {
        guard let scalar = node.scalar, node.type == .str else {
            add("\(what) must be a string, not \(kind(of: node))", at: node, hint: node.isScalar ? "put it in single quotes" : nil)
            return nil
        }
        return scalar.string
    }

    mutating func integer(_ node: Node, what: String, in range: ClosedRange<Int>) -> Int? {
        guard node.type == .int, let number = node.int else {
            add("\(what) must be a whole number, not \(kind(of: node))", at: node)
            return nil
        }
        guard range.contains(number) else {
            add("\(what) must be \(range.lowerBound) to \(range.upperBound), not \(number)", at: node)
            return nil
        }
        return number
    }

    mutating func number(_ node: Node, what: String) -> Double? {
        guard node.type == .int || node.type == .float, let number = node.float, number.isFinite else {
            add("\(what) must be a number, not \(kind(of: node))", at: node)
            return nil
        }
        return number
    }

    mutating func boolean(_ node: Node, what: String) -> Bool? {
        guard node.type == .bool, let value = node.bool else {
            add("\(what) must be true or false, not \(kind(of: node))", at: node)
            return nil
        }
        return value
    }

    mutating func list(_ node: Node, what: String) -> [Node]? {
        guard let sequence = node.sequence else {
            add("\(what) must be a list, not \(kind(of: node))", at: node, hint: node.isScalar ? "put it in brackets: [\(node.scalar?.string ?? "")]" : nil)
            return nil
        }
        return Array(sequence)
    }

    /// A list of strings with their nodes.
    mutating func strings(_ node: Node, what: String) -> [(String, Node)]? {
        guard let items = list(node, what: what) else { return nil }
        var strings: [(String, Node)] = []
        for item in items {
            guard let text = string(item, what: "an entry of \(what)") else { continue }
            strings.append((text, item))
        }
        return strings
    }

    private func kind(of node: Node) -> String {
        switch node {
        case .mapping: "a mapping"
        case .sequence: "a list"
        case .alias: "an alias"
        case .scalar:
            switch node.type {
            case .str: "a string"
            case .int: "a whole number"
            case .float: "a number"
            case .bool: "true or false"
            case .null: "nothing"
            case .timestamp: "a date"
            default: "a value of type \(node.type.rawValue)"
            }
        }
    }

    private static func problem(of error: any Error, in name: String) -> Problem {
        func at(_ mark: Mark) -> Location { Location(file: name, line: mark.line, column: mark.column) }
        switch error as? YamlError {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _), .composer(_, let problem, let mark, _):
            return Problem(at: at(mark), "this is not YAML: \(problem)", hint: "values with special characters need single quotes")
        case .duplicatedKeysInMapping(let keys, let context):
            let list = keys.sorted().map { "\"\($0)\"" }.joined(separator: ", ")
            return Problem(at: at(context.mark), "the mapping that begins here has the same key twice: \(list)", hint: "remove one of them")
        case .reader(let problem, _, _, _):
            return Problem(at: Location(file: name, line: 1, column: 1), "this is not YAML: \(problem)")
        default:
            return Problem(at: Location(file: name, line: 1, column: 1), "this is not YAML: \(error)")
        }
    }
}

extension Node {
    fileprivate var isScalar: Bool { scalar != nil }

    /// The type that YAML's core schema gives it.
    fileprivate var type: Tag.Name { Tag.Name(rawValue: tag.rawValue) }
}
