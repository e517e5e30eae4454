// A rule file: the YAML form of rules, and what is refused in it.

import Engine
import Yams

/// A rule as its file gives it, with the cases that prove it.
public struct Entry: Sendable {
    public var rule: Rule
    /// The folder below the corpus that the file lies in, for example `pii`.
    public var folder: String
    /// What it finds, in one sentence; empty where the file says nothing.
    public var description: String
    /// Where the facts come from: standards and vendors' pages.
    public var references: [String]
    /// Texts in which the rule must match.
    public var examples: [Example]
    /// Texts in which it must not.
    public var counterexamples: [Example]
    /// The rule whose keys it has where its own are missing.
    public var extends: String?
    /// Where its id stands.
    public var location: Location
    /// Where its pattern stands.
    public var patternLocation: Location
    var patternForm: YAMLFile.ScalarForm

    /// Where one byte of the pattern stands, if the pattern is plain or single-quoted on one line; else where the pattern begins.
    public func location(ofPatternByte offset: Int) -> Location {
        var place = patternLocation
        let before = String(decoding: rule.pattern.utf8.prefix(offset), as: UTF8.self)
        switch patternForm {
        case .plain: place.column += before.unicodeScalars.count
        case .singleQuoted: place.column += 1 + before.unicodeScalars.reduce(0) { $0 + ($1 == "'" ? 2 : 1) }
        case .other: break
        }
        return place
    }

    public struct Example: Sendable {
        /// With generators expanded.
        public var text: String
        public var location: Location
    }
}

// The schema for editors (FileSchema.swift) is made from these lists.
let ruleKeys = [
    "id", "extends", "entity", "description", "pattern", "checks", "context", "fields", "commands", "action", "priority", "references", "examples", "counterexamples",
]
let contextKeys = ["words", "within", "required"]
let actionNames = ["redact", "mask", "hash", "token", "remove", "block", "report"]
let maskKeys = ["fill", "keep_first", "keep_last", "keep_punctuation"]
let priorities = -1000...1000
/// Characters that a mask may keep on one side.
let keptCharacters = 0...64

extension YAMLFile {
    /// The rules of a file whose root is `rules: [ … ]`. Rules with a problem are left out; the problems are kept.
    ///
    /// - Parameter known: the rules that these may extend, by id; each one read is added.
    mutating func readRules(folder: String, known: inout [String: Entry]) -> [Entry] {
        guard let root, let entries = entries(of: root, what: "a rule file", known: ["rules"]) else { return [] }
        guard let node = entries["rules"] else {
            add("a rule file needs \"rules\"", at: root, hint: "write  rules:  and one entry for each rule")
            return []
        }
        var result: [Entry] = []
        for node in list(node, what: "\"rules\"") ?? [] {
            guard let entry = readRule(node, folder: folder, known: known) else { continue }
            result.append(entry)
            known[entry.rule.id] = entry
        }
        return result
    }

    private mutating func readRule(_ node: Node, folder: String, known: [String: Entry]) -> Entry? {
        let before = problems.count
        guard let keys = entries(of: node, what: "a rule", known: ruleKeys) else { return nil }

        let id = required("id", in: keys, of: node).flatMap { node in
            string(node, what: "\"id\"").flatMap { kebabCase($0, at: node) }
        }
        let base = keys["extends"].flatMap { readBase($0, known) }
        if keys["extends"] != nil, base == nil { return nil }
        let entity = (base == nil ? required("entity", in: keys, of: node) : keys["entity"]).flatMap { node in
            string(node, what: "\"entity\"").flatMap { entityName($0, at: node) }
        }
        let fields = keys["fields"].map { readFields($0) } ?? base?.rule.fields ?? []
        let readsCommands = keys["commands"].flatMap { boolean($0, what: "\"commands\"") } ?? base?.rule.readsCommands ?? false
        let hasPattern = keys["pattern"] != nil || base?.rule.pattern.isEmpty == false
        if readsCommands {
            if let node = keys["pattern"] ?? keys["fields"] { add("a rule with \"commands\" has neither a pattern nor fields", at: node, hint: "make two rules of it") }
        } else if !hasPattern, fields.isEmpty, keys["fields"] == nil {
            add("a rule needs a \"pattern\", \"fields\" or both", at: node, hint: "say what values look like, or which members hold them")
        }
        let pattern = keys["pattern"].flatMap { string($0, what: "\"pattern\"") } ?? base?.rule.pattern ?? ""
        if !hasPattern, let node = keys["checks"] ?? keys["context"] {
            add("checks and context are for a pattern, and this rule has none", at: node, hint: "the values of fields are masked whatever they hold")
        }
        let description = keys["description"].flatMap { string($0, what: "\"description\"") } ?? base?.description ?? ""
        let checks = keys["checks"].map { readChecks($0) } ?? base?.rule.checks ?? []
        let context = keys["context"].flatMap { readContext($0) } ?? base?.rule.context
        let action = keys["action"].flatMap { readAction($0) } ?? base?.rule.action ?? (readsCommands ? .block : .redact(label: nil))
        let priority = keys["priority"].flatMap { integer($0, what: "\"priority\"", in: priorities) } ?? base?.rule.priority ?? 0
        let references = keys["references"].flatMap { strings($0, what: "\"references\"") }?.map(\.0) ?? base?.references ?? []
        let examples = keys["examples"].map { readExamples($0, what: "examples", rule: id ?? "") } ?? base?.examples ?? []
        let counterexamples = keys["counterexamples"].map { readExamples($0, what: "counterexamples", rule: id ?? "") } ?? base?.counterexamples ?? []

        guard problems.count == before, let id, let entity = entity ?? base?.rule.entity, let idNode = keys["id"] else { return nil }
        let patternNode = keys["pattern"]
        return Entry(
            rule: Rule(id: id, entity: entity, pattern: pattern, checks: checks, context: context, fields: fields, readsCommands: readsCommands, action: action, priority: priority),
            // A rule that takes another one's place is selected as that was.
            folder: base.flatMap { $0.rule.id == id ? $0.folder : nil } ?? folder,
            description: description, references: references, examples: examples, counterexamples: counterexamples, extends: base?.rule.id,
            location: location(of: idNode), patternLocation: patternNode.map { location(of: $0) } ?? base?.patternLocation ?? location(of: idNode),
            patternForm: patternNode.map { form(of: $0) } ?? base?.patternForm ?? form(of: idNode))
    }

    /// The rule that another one extends.
    private mutating func readBase(_ node: Node, _ known: [String: Entry]) -> Entry? {
        guard let id = string(node, what: "\"extends\"") else { return nil }
        if let entry = known[id] { return entry }
        let hint = id.nearest(in: known.keys.sorted()).map { "did you mean \"\($0)\"?" }
        add("there is no rule \"\(id)\" to extend", at: node, hint: hint ?? "name a rule of the corpus that corpus.yaml extends, or one that is read before this one")
        return nil
    }

    private mutating func required(_ key: String, in keys: [String: Node], of rule: Node) -> Node? {
        if let node = keys[key] { return node }
        add("a rule needs \"\(key)\"", at: rule)
        return nil
    }

    private mutating func kebabCase(_ id: String, at node: Node) -> String? {
        if id.wholeMatch(of: /[a-z0-9]+(?:-[a-z0-9]+)*/) != nil { return id }
        add("\"\(id)\" is not a rule id", at: node, hint: "use small letters, digits and single hyphens, for example  payment-card")
        return nil
    }

    private mutating func entityName(_ name: String, at node: Node) -> String? {
        if name.wholeMatch(of: /[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*/) != nil { return name }
        add("\"\(name)\" is not an entity name", at: node, hint: "use capital letters, digits and underscores, for example  CREDIT_CARD")
        return nil
    }

    private mutating func readFields(_ node: Node) -> [FieldPath] {
        let names = strings(node, what: "\"fields\"") ?? []
        if names.isEmpty { add("\"fields\" needs at least one name", at: node, hint: "write  fields: [password, 'user.pin']") }
        return names.flatMap { name, node in
            do throws(FieldPathError) {
                return try Self.spellings(of: name).map { name throws(FieldPathError) in try FieldPath(name) }
            } catch {
                add(error.description, at: node, hint: error.hint)
                return []
            }
        }
    }

    /// A word as it can be written: the engine passes over the case of ASCII letters only, and people write either apostrophe.
    ///
    /// The word itself comes first; those that differ in ASCII letters alone are left out.
    private static func spellings(of word: String) -> [String] {
        if word.utf8.allSatisfy({ $0 < 0x80 && $0 != 0x27 }) { return [word] }
        func folded(_ text: String) -> String { String(String.UnicodeScalarView(text.unicodeScalars.map { $0.isASCII ? Character($0).lowercased().unicodeScalars.first! : $0 })) }
        let cases = [word, word.uppercased(), word.prefix(1).uppercased() + word.dropFirst()]
        var seen = Set<String>()
        return (cases + cases.map { $0.replacing("'", with: "’") }).filter { seen.insert(folded($0)).inserted }
    }

    // MARK: Checks, context, action

    private mutating func readChecks(_ node: Node) -> [Check] {
        var checks: [Check] = []
        for item in list(node, what: "\"checks\"") ?? [] {
            var argument: Double?
            let nameNode: Node
            if let mapping = item.mapping {
                guard mapping.count == 1, let (key, value) = mapping.first.map({ ($0.key, $0.value) }) else {
                    add("a check with an argument has one key", at: item, hint: "write  {entropy: 3.5}")
                    continue
                }
                nameNode = key
                guard let number = number(value, what: "the argument of a check") else { continue }
                argument = number
            } else {
                nameNode = item
            }
            guard let name = string(nameNode, what: "a check") else { continue }
            if let check = Check(name: name, number: argument) {
                checks.append(check)
            } else if name == "entropy" {
                add("the check \"entropy\" needs a number of bits per byte", at: item, hint: "write  {entropy: 3.5}")
            } else if Check.names.contains(name) {
                add("the check \"\(name)\" takes no argument", at: item, hint: "write  \(name)")
            } else {
                let hint = name.nearest(in: Check.names).map { "did you mean \"\($0)\"?" } ?? "known checks: \(Check.names.joined(separator: ", "))"
                add("unknown check \"\(name)\"", at: nameNode, hint: hint)
            }
        }
        return checks
    }

    private mutating func readContext(_ node: Node) -> Rule.Context? {
        guard let keys = entries(of: node, what: "\"context\"", known: contextKeys) else { return nil }
        if let node = keys["required"], let isRequired = boolean(node, what: "\"required\""), !isRequired {
            add(
                "context that is not required is not supported yet: words must stand before every match", at: node,
                hint: "remove \"context\", or write a second rule that has it")
        }
        let within = keys["within"].flatMap { integer($0, what: "\"within\"", in: 1...Rule.Context.widest) } ?? 50
        guard let node = keys["words"] else {
            add("\"context\" needs \"words\"", at: node, hint: "write  context: {words: [card, visa], within: 50}")
            return nil
        }
        let words = strings(node, what: "\"words\"") ?? []
        if words.isEmpty || words.contains(where: { $0.0.isEmpty }) {
            add("\"words\" needs at least one word, and none that is empty", at: node)
        }
        return Rule.Context(words: words.flatMap { Self.spellings(of: $0.0) }, within: within)
    }

    /// `redact`, or `{redact: {label: …}}`, `{mask: {keep_last: 4}}` and so on.
    mutating func readAction(_ node: Node) -> Rule.Action? {
        var name: String
        var options: Node?
        let nameNode: Node
        if let mapping = node.mapping {
            guard mapping.count == 1, let (key, value) = mapping.first.map({ ($0.key, $0.value) }) else {
                add("an action with options has one key", at: node, hint: "write  action: {mask: {keep_last: 4}}")
                return nil
            }
            nameNode = key
            options = value
        } else {
            nameNode = node
        }
        guard let text = string(nameNode, what: "\"action\"") else { return nil }
        name = text
        switch name {
        case "redact":
            var label: String?
            if let options {
                guard let keys = entries(of: options, what: "\"redact\"", known: ["label"]) else { return nil }
                label = keys["label"].flatMap { string($0, what: "\"label\"") }
            }
            return .redact(label: label)
        case "mask":
            guard let options else { return .mask(Rule.MaskStyle()) }
            return readMaskStyle(options).map(Rule.Action.mask)
        case "hash", "token", "remove", "block", "report":
            if let options {
                add("the action \"\(name)\" has no options", at: options, hint: "write  action: \(name)")
                return nil
            }
            switch name {
            case "hash": return .hash
            case "token": return .token
            case "remove": return .remove
            case "block": return .block
            default: return .report
            }
        default:
            let hint = name.nearest(in: actionNames).map { "did you mean \"\($0)\"?" } ?? "known actions: \(actionNames.joined(separator: ", "))"
            add("unknown action \"\(name)\"", at: nameNode, hint: hint)
            return nil
        }
    }

    private mutating func readMaskStyle(_ node: Node) -> Rule.MaskStyle? {
        guard let keys = entries(of: node, what: "\"mask\"", known: maskKeys) else { return nil }
        var style = Rule.MaskStyle()
        if let node = keys["fill"], let fill = string(node, what: "\"fill\"") {
            if fill.count == 1, let character = fill.first, !character.isNewline {
                style.fill = character
            } else {
                add("\"fill\" must be one character", at: node, hint: "write  fill: '*'")
            }
        }
        if let node = keys["keep_first"] { style.keepFirst = integer(node, what: "\"keep_first\"", in: keptCharacters) ?? 0 }
        if let node = keys["keep_last"] { style.keepLast = integer(node, what: "\"keep_last\"", in: keptCharacters) ?? 0 }
        if let node = keys["keep_punctuation"] { style.keepPunctuation = boolean(node, what: "\"keep_punctuation\"") ?? true }
        return style
    }

    private mutating func readExamples(_ node: Node, what: String, rule: String) -> [Entry.Example] {
        var examples: [Entry.Example] = []
        for (index, (text, node)) in (strings(node, what: "\"\(what)\"") ?? []).enumerated() {
            do {
                let expanded = try expandExample(text, seed: "\(rule)/\(what)/\(index)")
                if expanded.isEmpty { add("an entry of \"\(what)\" is empty", at: node) }
                examples.append(Entry.Example(text: expanded, location: location(of: node)))
            } catch {
                add(error.message, at: node, hint: error.hint)
            }
        }
        return examples
    }
}
