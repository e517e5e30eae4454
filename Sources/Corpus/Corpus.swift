// The corpus: a folder of rule files and profiles, and the rule sets made from it.

import Engine
import Foundation

/// All rules and profiles below one folder, and of the corpora that it extends: `profiles/*.yaml` name selections, every other `*.yaml` holds rules.
public struct Corpus: Sendable {
    /// As it was given or found.
    public let directory: String
    /// Those of an extended corpus first; in order of file names, then of place.
    public let entries: [Entry]
    public let profiles: [Profile]

    /// The profile used where none is named.
    public static let defaultProfile = "default"

    /// Reads every file below `directory`.
    ///
    /// - Throws: all problems found in all files.
    public init(directory: String) throws(CorpusError) { try self.init(CorpusFiles(directory: directory)) }

    /// Parses the files of a corpus.
    init(_ files: CorpusFiles) throws(CorpusError) {
        directory = files.directory
        var problems: [Problem] = []
        var entries: [Entry] = []
        var profiles: [Profile] = []
        var disabled: [Entry] = []
        for layer in files.layers {
            var own: [Entry] = []
            var ownProfiles: [Profile] = []
            // What can be extended: what stands below, and what has been read before.
            var known = Dictionary(entries.map { ($0.rule.id, $0) }) { first, _ in first }
            for (path, data) in layer.contents where path != CorpusFiles.settingsName {
                guard var file = YAMLFile(name: layer.directory + "/" + path, data: data, problems: &problems) else { continue }
                let parts = path.split(separator: "/")
                if parts.count == 2, parts[0] == "profiles" {
                    let stem = parts[1].prefix(upTo: parts[1].lastIndex(of: ".") ?? parts[1].endIndex)
                    if let profile = file.readProfile(stem: String(stem), known: profiles) { ownProfiles.append(profile) }
                } else {
                    own += file.readRules(folder: parts.dropLast().joined(separator: "/"), known: &known)
                }
                problems += file.problems
            }
            problems += Self.duplicates(own, over: entries)
            // Selectors are judged only against a complete list of rules.
            if problems.isEmpty { problems += Self.idle(layer.disabled, entries) }
            disabled += entries.filter { entry in layer.disabled.contains { $0.matches(entry) } }
            entries.removeAll { entry in layer.disabled.contains { $0.matches(entry) } }
            Self.lay(own, over: &entries) { $0.rule.id }
            Self.lay(ownProfiles, over: &profiles) { $0.name }
        }
        // What a layer above leaves out is no mistake in the profiles below.
        if problems.isEmpty { problems = Self.idle(profiles.flatMap { $0.include + $0.exclude }, entries + disabled) + Self.idleOverrides(profiles, entries + disabled) }
        guard problems.isEmpty else { throw CorpusError(problems) }
        self.entries = entries
        self.profiles = profiles
    }

    /// Puts what one layer holds in the place of what has the same name, and the rest behind it.
    private static func lay<Named>(_ own: [Named], over below: inout [Named], name: (Named) -> String) {
        var places: [String: Int] = [:]
        for (place, one) in below.enumerated() { places[name(one)] = place }
        for one in own {
            if let place = places[name(one)] { below[place] = one } else { below.append(one) }
        }
    }

    /// Reads the corpus at `directory`, or where ``locate(_:)`` finds it.
    public static func open(_ directory: String? = nil) throws(CorpusError) -> Corpus {
        try Corpus(directory: locate(directory))
    }

    /// The folder of the corpus: `directory` if given, else `$SLUICE_CORPUS`, else the first that exists of `./corpus`, `corpus` and
    /// `share/sluice/corpus` beside and above the running program, and `/usr/share/sluice/corpus`.
    public static func locate(
        _ directory: String? = nil, environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws(CorpusError) -> String {
        if let directory { return try existing(directory, named: "by --corpus") }
        if let named = environment["SLUICE_CORPUS"], !named.isEmpty { return try existing(named, named: "by SLUICE_CORPUS") }
        return try shipped(holding: "profiles")
    }

    /// The first of the places where a corpus is looked for that holds the folder `part`.
    ///
    /// - Parameter others: folders that are not meant, resolved.
    static func shipped(holding part: String, beside others: [String] = []) throws(CorpusError) -> String {
        var candidates = ["corpus"]
        var folder = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
        while folder.path != "/" {
            candidates += [folder.appending(path: "corpus").path, folder.appending(path: "share/sluice/corpus").path]
            folder = folder.deletingLastPathComponent()
        }
        candidates.append("/usr/share/sluice/corpus")
        for candidate in candidates where isFolder(candidate + "/" + part) && !others.contains(CorpusFiles.resolved(candidate)) { return candidate }
        throw CorpusError([
            Problem(
                at: nil, "no corpus found: not in ./corpus, above the program, or in /usr/share/sluice/corpus",
                hint: "name its folder with --corpus DIR or SLUICE_CORPUS=DIR")
        ])
    }

    /// The rules that one of the profiles selects, each once, in the corpus's order.
    ///
    /// Where profiles give a rule different actions, the one that releases least holds: `block` before masking before `report`, and
    /// of two that mask that of the profile named first.
    public func rules(profiles names: [String]) throws(CorpusError) -> [Rule] {
        var chosen: [Profile] = []
        for name in names {
            guard let profile = profiles.first(where: { $0.name == name }) else {
                let known = profiles.map(\.name)
                let hint = name.nearest(in: known).map { "did you mean \"\($0)\"?" } ?? "known profiles: \(known.joined(separator: ", "))"
                throw CorpusError([Problem(at: nil, "there is no profile \"\(name)\" in \(directory)", hint: hint)])
            }
            chosen.append(profile)
        }
        return entries.compactMap { entry in
            let actions = chosen.filter { $0.selects(entry) }.map { $0.overrides.action(for: entry.rule) ?? entry.rule.action }
            guard var action = actions.first else { return nil }
            for other in actions.dropFirst() where other.severity > action.severity { action = other }
            var rule = entry.rule
            rule.action = action
            return rule
        }
    }

    /// The compiled rules of the profiles.
    ///
    /// - Throws: an unknown profile, or a rule that the engine refuses, with its place.
    public func ruleSet(profiles names: [String], cache: RuleSetCache? = nil) throws(CorpusError) -> RuleSet {
        try compile(rules(profiles: names), cache: cache)
    }

    /// Compiles rules of this corpus, or takes them from the cache; what the engine refuses is reported at its place in the file.
    ///
    /// - Parameter note: see ``RuleSetCache/ruleSet(_:note:)``.
    public func compile(_ rules: [Rule], cache: RuleSetCache? = nil, note: (String) -> Void = { _ in }) throws(CorpusError) -> RuleSet {
        do {
            if let cache { return try cache.ruleSet(rules, note: note) }
            return try RuleSet(rules)
        } catch {
            throw CorpusError([problem(of: error)])
        }
    }

    /// A refusal of the engine, at the place of the rule that it names.
    func problem(of error: RuleError) -> Problem {
        guard let entry = entries.first(where: { $0.rule.id == error.rule }) else {
            return Problem(at: nil, "rule \"\(error.rule)\": \(error.message)", hint: error.hint)
        }
        let place = error.patternOffset.map { entry.location(ofPatternByte: $0) } ?? entry.location
        return Problem(at: place, "rule \"\(error.rule)\": \(error.message)", hint: error.hint)
    }

    // MARK: Files

    private static func existing(_ directory: String, named how: String) throws(CorpusError) -> String {
        if isFolder(directory) { return directory }
        throw CorpusError([
            Problem(at: nil, "the corpus folder \"\(directory)\" named \(how) does not exist", hint: "name the folder that holds profiles/ and the rule files")
        ])
    }

    static func isFolder(_ path: String) -> Bool {
        var isFolder: ObjCBool = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
    }

    // MARK: Whole-corpus checks

    /// Rules of one layer with an id that is taken, by one of its own or by one below that it does not extend.
    private static func duplicates(_ own: [Entry], over below: [Entry]) -> [Problem] {
        var first = Dictionary(below.map { ($0.rule.id, $0.location) }) { first, _ in first }
        let inherited = first
        var problems: [Problem] = []
        for entry in own {
            let id = entry.rule.id
            if let earlier = first[id], earlier != inherited[id] || entry.extends != id {
                let hint = earlier == inherited[id] ? "to change that rule write  extends: \(id)  or give this one another id" : "give one of the two another name"
                problems.append(Problem(at: entry.location, "the rule id \"\(id)\" is already used at \(earlier)", hint: hint))
            } else {
                first[id] = entry.location
            }
        }
        return problems
    }

    /// Actions of rules that a profile does not select are spelling mistakes.
    private static func idleOverrides(_ profiles: [Profile], _ entries: [Entry]) -> [Problem] {
        profiles.filter { $0.overrides.actions.keys.contains { $0 != ActionOverrides.all } }.flatMap { profile in
            let rules = entries.filter { profile.selects($0) }.map(\.rule)
            return profile.overrides.unknown(in: rules).map { name in
                Problem(at: profile.overrideLocations[name], "the profile selects no rule or entity \"\(name)\"", hint: hint(for: name, in: rules))
            }
        }
    }

    /// What may have been meant by a name that is neither a rule's nor an entity's.
    private static func hint(for name: String, in rules: [Rule]) -> String {
        let known = Set(rules.flatMap { [$0.id, $0.entity] })
        return name.nearest(in: known.sorted()).map { "did you mean \"\($0)\"?" } ?? "write a rule id, an entity such as EMAIL_ADDRESS, or '*'"
    }

    /// Actions that were given one by one, as `NAME=ACTION`; the action is written as in a rule.
    public static func overrides(_ options: [String], of rules: [Rule]) throws(CorpusError) -> ActionOverrides {
        var overrides = ActionOverrides()
        for option in options {
            guard let equals = option.firstIndex(of: "=") else {
                throw CorpusError([Problem(at: nil, "\"\(option)\" gives no rule an action", hint: "write RULE=ACTION, for example  EMAIL_ADDRESS=hash")])
            }
            var file = YAMLFile(name: "--action", text: String(option[option.index(after: equals)...]))
            if let root = file.root { overrides.actions[String(option[..<equals])] = file.readAction(root) }
            guard file.problems.isEmpty else { throw CorpusError(file.problems) }
        }
        let problems = overrides.unknown(in: rules).map {
            Problem(at: nil, "the profiles select no rule or entity \"\($0)\"", hint: hint(for: $0, in: rules))
        }
        guard problems.isEmpty else { throw CorpusError(problems) }
        return overrides
    }

    /// Selectors that select nothing are spelling mistakes, and in `include` they leave something unmasked.
    private static func idle(_ selectors: [Selector], _ entries: [Entry]) -> [Problem] {
        var problems: [Problem] = []
        // Profiles share most of their selectors, and most are ids: neither is worth a look at every rule for each profile.
        let ids = Set(entries.map(\.rule.id))
        var selecting = Set<String>()
        for selector in selectors {
            if ids.contains(selector.text) || selecting.contains(selector.text) { continue }
            if entries.contains(where: selector.matches) {
                selecting.insert(selector.text)
                continue
            }
            let known = Set(entries.flatMap { [$0.rule.id, "entity:" + $0.rule.entity, $0.folder + "/*"] })
            let hint = selector.text.nearest(in: known.sorted()).map { "did you mean \"\($0)\"?" }
            problems.append(
                Problem(
                    at: selector.location, "\"\(selector.text)\" selects no rule",
                    hint: hint ?? "write a rule id, a folder as in 'pii/*', or an entity as in 'entity:US_*'"))
        }
        return problems
    }
}

extension Rule.Action {
    /// How little an action releases.
    fileprivate var severity: Int {
        switch self {
        case .report: 0
        case .redact, .mask, .hash, .token, .remove: 1
        case .block: 2
        }
    }
}
