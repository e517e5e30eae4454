// Profiles: named selections of rules.

import Engine
import Yams

/// A named selection of rules, read from `profiles/<name>.yaml`.
public struct Profile: Sendable {
    public var name: String
    public var description: String
    public var include: [Selector]
    public var exclude: [Selector]
    /// What its rules do instead of their own actions.
    public var overrides: ActionOverrides
    /// Where each of these is said.
    var overrideLocations: [String: Location]
    public var location: Location

    /// Whether the profile selects the rule.
    public func selects(_ entry: Entry) -> Bool {
        include.contains { $0.matches(entry) } && !exclude.contains { $0.matches(entry) }
    }
}

/// A pattern for rules: `payment-card` or `aws-*` for ids, `pii/*` for ids in one folder, `entity:US_*` for entity names.
///
/// `*` stands for any number of characters and `?` for one.
public struct Selector: Sendable {
    public var text: String
    public var location: Location

    public func matches(_ entry: Entry) -> Bool {
        if text.hasPrefix("entity:") { return globMatches(text.dropFirst(7), entry.rule.entity) }
        return globMatches(text[...], text.contains("/") ? "\(entry.folder)/\(entry.rule.id)" : entry.rule.id)
    }
}

/// Whether `text` has the shape of `glob`. O(product of the lengths) at worst.
private func globMatches(_ glob: Substring, _ text: String) -> Bool {
    let glob = Array(glob.utf8)
    let text = Array(text.utf8)
    var g = 0
    var t = 0
    // Where to go on after the latest `*`, with one more byte under it.
    var retry: (g: Int, t: Int)?
    while t < text.count {
        if g < glob.count, glob[g] == UInt8(ascii: "*") {
            retry = (g + 1, t)
            g += 1
        } else if g < glob.count, glob[g] == UInt8(ascii: "?") || glob[g] == text[t] {
            g += 1
            t += 1
        } else if let again = retry {
            retry = (again.g, again.t + 1)
            (g, t) = (again.g, again.t + 1)
        } else {
            return false
        }
    }
    return glob[g...].allSatisfy { $0 == UInt8(ascii: "*") }
}

let profileKeys = ["name", "extends", "description", "include", "exclude", "action", "actions"]

extension YAMLFile {
    /// The profile of a file `profiles/<stem>.yaml`, or nil with problems kept.
    ///
    /// - Parameter known: those of the corpora below, which it may extend.
    mutating func readProfile(stem: String, known: [Profile]) -> Profile? {
        let before = problems.count
        guard let root,
            let keys = entries(of: root, what: "a profile", known: profileKeys)
        else { return nil }
        guard let nameNode = keys["name"] else {
            add("a profile needs \"name\"", at: root, hint: "write  name: \(stem)")
            return nil
        }
        let name = string(nameNode, what: "\"name\"")
        if let name, name != stem {
            add("the profile \"\(name)\" stands in a file of another name", at: nameNode, hint: "name the file \(name).yaml, or write  name: \(stem)")
        }
        let base = keys["extends"].flatMap { readBase($0, known) }
        if keys["extends"] == nil, let below = known.first(where: { $0.name == name }) {
            add("the profile \"\(below.name)\" is already at \(below.location)", at: nameNode, hint: "to add to it write  extends: \(below.name)  or give this one another name")
        }
        let include = keys["include"].map { readSelectors($0, what: "\"include\"") } ?? []
        if let node = keys["include"] {
            if include.isEmpty { add("\"include\" selects nothing", at: node, hint: "write  include: ['pii/*']") }
        } else if keys["extends"] == nil {
            add("a profile needs \"include\"", at: root, hint: "write  include: ['pii/*']")
        }
        let exclude = keys["exclude"].map { readSelectors($0, what: "\"exclude\"") } ?? []
        var (overrides, locations) = keys["actions"].map { readOverrides($0) } ?? (ActionOverrides(), [:])
        if let node = keys["action"], let action = readAction(node) {
            if overrides.actions[ActionOverrides.all] != nil {
                add("\"action\" and '*' in \"actions\" say the same", at: node, hint: "keep one of them")
            }
            overrides.actions[ActionOverrides.all] = action
        }
        if let base {
            overrides.actions.merge(base.overrides.actions) { own, _ in own }
            locations.merge(base.overrideLocations) { own, _ in own }
        }
        let description = keys["description"].flatMap { string($0, what: "\"description\"") } ?? base?.description ?? ""
        guard problems.count == before, let name else { return nil }
        return Profile(
            name: name, description: description, include: (base?.include ?? []) + include, exclude: (base?.exclude ?? []) + exclude, overrides: overrides,
            overrideLocations: locations, location: location(of: nameNode))
    }

    /// The profile that another one extends.
    private mutating func readBase(_ node: Node, _ known: [Profile]) -> Profile? {
        guard let name = string(node, what: "\"extends\"") else { return nil }
        if let profile = known.first(where: { $0.name == name }) { return profile }
        let hint = name.nearest(in: known.map(\.name)).map { "did you mean \"\($0)\"?" }
        add("there is no profile \"\(name)\" below to extend", at: node, hint: hint ?? "only a profile of the corpus that corpus.yaml extends can be extended")
        return nil
    }

    /// `{payment-card: {mask: {keep_last: 4}}, EMAIL_ADDRESS: hash, '*': redact}`, with the place of each.
    mutating func readOverrides(_ node: Node) -> (ActionOverrides, [String: Location]) {
        var overrides = ActionOverrides()
        var locations: [String: Location] = [:]
        guard let mapping = node.mapping else {
            add("\"actions\" must be a mapping of rules and entities to actions", at: node, hint: "write  actions: {EMAIL_ADDRESS: hash}")
            return (overrides, locations)
        }
        for (key, value) in mapping {
            guard let name = string(key, what: "a key of \"actions\""), let action = readAction(value) else { continue }
            overrides.actions[name] = action
            locations[name] = location(of: key)
        }
        return (overrides, locations)
    }

    mutating func readSelectors(_ node: Node, what: String) -> [Selector] {
        (strings(node, what: what) ?? []).map { Selector(text: $0.0, location: location(of: $0.1)) }
    }
}
