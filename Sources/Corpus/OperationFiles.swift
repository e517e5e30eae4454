// The catalogue of operations, from the YAML files of a corpus.

import Foundation
import Operations
import Yams

extension Corpus {
    /// The folder of the corpus that holds the catalogue; its files hold no masking rules.
    static let operationsFolder = "operations"

    /// The catalogue of the corpus at `directory`, or of the one named by `SLUICE_CORPUS`, or where these have only rules, of the shipped one.
    public static func catalogue(
        orShippedWith directory: String?, environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws(CorpusError) -> Catalogue {
        for named in [directory, environment["SLUICE_CORPUS"]].compactMap(\.self) {
            if try holder(ofOperations: named) != nil { return try catalogue(directory: named) }
        }
        return try catalogue(directory: shipped(holding: operationsFolder))
    }

    /// The first folder with operations, of the corpus at `directory` and those that it extends.
    private static func holder(ofOperations directory: String) throws(CorpusError) -> String? {
        try CorpusFiles.folders(from: directory).first { isFolder($0.directory + "/" + operationsFolder) }?.directory
    }

    /// The catalogue of operations: all of `operations/*.yaml`, in order of their names, and the endpoints of `operations/http/`.
    ///
    /// - Throws: every problem in every file.
    public static func catalogue(directory: String) throws(CorpusError) -> Catalogue {
        let directory = try holder(ofOperations: directory) ?? directory
        let folder = directory + "/" + operationsFolder
        let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).filter { $0.hasSuffix(".yaml") && !$0.hasPrefix(".") }.sorted()
        guard !names.isEmpty else {
            throw CorpusError([Problem(at: nil, "\(folder) holds no catalogue of operations", hint: "name a corpus that has operations/*.yaml with --corpus DIR")])
        }
        var loader = OperationLoader()
        for name in names {
            let path = folder + "/" + name
            guard let file = YAMLFile(name: path, data: FileManager.default.contents(atPath: path), problems: &loader.problems) else { continue }
            loader.read(file)
        }
        loader.finish()
        var endpoints: [HTTPEndpoints.Entry] = []
        do { endpoints = try HTTPEndpoints.read(directory: directory) } catch { loader.problems += error.problems }
        guard loader.problems.isEmpty else { throw CorpusError(loader.problems) }
        var catalogue = loader.catalogue
        // Commands in requests may send requests in turn: those are read by their endpoints.
        let endpointList = endpoints.map(\.endpoint)
        catalogue.commands.requests = HTTPReader(endpoints: endpointList)
        let judge = Judge(catalogue)
        catalogue.commands.requests = HTTPReader(endpoints: endpointList, places: catalogue.places) { judge.reading(of: $0, at: $1) }
        return catalogue
    }
}

/// Reads the files of a catalogue, one after the other.
struct OperationLoader {
    private(set) var catalogue = Catalogue()
    var problems: [Problem] = []
    private var described: [String: Location] = [:]
    private var places: [CommandPlace] = []
    private var placed: [String: Location] = [:]
    private var secrets: [Glob] = []
    private var used: [(operation: String, place: Location)] = []

    static let fileKeys = ["operations", "commands", "places", "secrets", "targets"]
    static let operationKeys = ["name", "severity", "verdict", "sentence", "references", "permitted", "protected"]
    static let commandKeys = ["program", "valued", "forms"]
    static let placeKeys = ["language", "names", "certain"]

    /// A file: `targets` (named lists of globs), `operations`, `commands`, `places`, `secrets`.
    mutating func read(_ source: YAMLFile) {
        var file = source
        defer { problems += file.problems }
        guard let root = file.root, let entries = file.entries(of: root, what: "the catalogue", known: Self.fileKeys) else { return }
        var targets: [String: [Glob]] = [:]
        if let node = entries["targets"] {
            guard let mapping = node.mapping else { return file.add("targets must be a mapping of names to lists of globs", at: node) }
            for (key, value) in mapping {
                targets[key.scalar?.string ?? ""] = (file.strings(value, what: "a list of targets") ?? []).map { Glob($0.0) }
            }
        }
        if let node = entries["secrets"] { secrets += (file.strings(node, what: "secrets") ?? []).map { Glob($0.0) } }
        if let node = entries["operations"] {
            for item in file.list(node, what: "operations") ?? [] { readOperation(item, targets, &file) }
        }
        if let node = entries["commands"] {
            for item in file.list(node, what: "commands") ?? [] { readCommand(item, &file) }
        }
        if let node = entries["places"] {
            for item in file.list(node, what: "places") ?? [] { readPlaces(item, &file) }
        }
    }

    private mutating func readOperation(_ node: Node, _ targets: [String: [Glob]], _ file: inout YAMLFile) {
        guard let entries = file.entries(of: node, what: "an operation", known: Self.operationKeys) else { return }
        func missing(_ key: String) { file.add("the operation has no \(key)", at: node, hint: "add  \(key): …") }
        guard let nameNode = entries["name"] else { return missing("name") }
        guard let name = file.string(nameNode, what: "name") else { return }
        guard name.wholeMatch(of: /[a-z0-9]+(-[a-z0-9]+)*\.[a-z0-9]+(-[a-z0-9]+)*/) != nil else {
            return file.add("\"\(name)\" is not a name of an operation", at: nameNode, hint: "write family.verb in small letters, as in git.push-force")
        }
        if let earlier = described[name] {
            return file.add("the operation \"\(name)\" is already described at \(earlier)", at: nameNode, hint: "remove one of the two")
        }
        described[name] = file.location(of: nameNode)
        guard let severityNode = entries["severity"] else { return missing("severity") }
        guard let verdictNode = entries["verdict"] else { return missing("verdict") }
        guard let sentenceNode = entries["sentence"] else { return missing("sentence") }
        guard let severity = choice(Catalogue.Severity.self, severityNode, "severity", &file), let verdict = choice(Verdict.Decision.self, verdictNode, "verdict", &file),
            let sentence = file.string(sentenceNode, what: "sentence")
        else { return }
        if sentence.hasSuffix(".") == false { file.add("the sentence must end with a full stop", at: sentenceNode) }
        func globs(_ key: String) -> [Glob] {
            guard let node = entries[key] else { return [] }
            return (file.strings(node, what: key) ?? []).flatMap { text, place -> [Glob] in
                guard text.hasPrefix("@") else { return [Glob(text)] }
                guard let list = targets[String(text.dropFirst())] else {
                    file.add("there is no list of targets \"\(text.dropFirst())\" in this file", at: place, hint: "known: \(targets.keys.sorted().joined(separator: ", "))")
                    return []
                }
                return list
            }
        }
        let references = entries["references"].map { (file.strings($0, what: "references") ?? []).map(\.0) } ?? []
        catalogue.add(Catalogue.Entry(name, severity: severity, verdict: verdict, sentence: sentence, references: references, permitted: globs("permitted"), protected: globs("protected")))
    }

    private mutating func readCommand(_ node: Node, _ file: inout YAMLFile) {
        guard let entries = file.entries(of: node, what: "a command", known: Self.commandKeys) else { return }
        guard let programNode = entries["program"], let formsNode = entries["forms"] else {
            return file.add("a command needs program and forms", at: node, hint: "write  - program: NAME  and  forms: {operation: [words, …]}")
        }
        guard let names = file.string(programNode, what: "program"), let forms = formsNode.mapping else {
            return file.add("forms must be a mapping of operations to lists of words", at: formsNode, hint: "write  cloud.delete: ['* delete-*']")
        }
        let valued = entries["valued"].map { (file.strings($0, what: "valued") ?? []).map(\.0) } ?? []
        var list: [CommandTable.Form] = []
        for (key, value) in forms {
            guard let operation = key.scalar?.string else { continue }
            used.append((operation, file.location(of: key)))
            list += (file.strings(value, what: "the forms of \(operation)") ?? []).map { CommandTable.Form($0.0, operation: operation) }
        }
        for name in names.split(separator: "|").map(String.init) {
            var program = catalogue.commands.programs[name] ?? CommandTable.Program(valued: [], forms: [])
            program.valued.formUnion(valued)
            program.forms += list
            catalogue.commands.programs[name] = program
        }
    }

    private mutating func readPlaces(_ node: Node, _ file: inout YAMLFile) {
        guard let entries = file.entries(of: node, what: "places", known: Self.placeKeys) else { return }
        guard let languageNode = entries["language"], let namesNode = entries["names"] else {
            return file.add("places need language and names", at: node, hint: "write  - language: sql  and  names: [sql, …]")
        }
        guard let language = choice(CommandPlace.Language.self, languageNode, "language", &file), let names = file.strings(namesNode, what: "names") else { return }
        let isCertain = entries["certain"].flatMap { file.boolean($0, what: "certain") } ?? true
        for (name, nameNode) in names {
            let place = CommandPlace(name, language, isCertain: isCertain)
            if let earlier = placed[place.name] {
                file.add("the place \"\(name)\" is already named at \(earlier)", at: nameNode, hint: "remove one of the two; letters in any case, - and _ do not count")
                continue
            }
            placed[place.name] = file.location(of: nameNode)
            places.append(place)
        }
    }

    /// What needs all files: commands may name operations of any of them.
    mutating func finish() {
        catalogue.commands.secrets = GlobList(secrets)
        catalogue.places = CommandPlaces(places)
        for (operation, place) in used where catalogue.entries[operation] == nil {
            let hint = operation.nearest(in: catalogue.entries.keys.sorted()).map { "did you mean \"\($0)\"?" } ?? "describe it under operations"
            problems.append(Problem(at: place, "there is no operation \"\(operation)\"", hint: hint))
        }
    }

    private func choice<Choice: RawRepresentable & CaseIterable>(_ type: Choice.Type, _ node: Node, _ what: String, _ file: inout YAMLFile) -> Choice? where Choice.RawValue == String {
        guard let text = file.string(node, what: what) else { return nil }
        if let value = Choice(rawValue: text) { return value }
        let known = Choice.allCases.map(\.rawValue)
        file.add("\(what) cannot be \"\(text)\"", at: node, hint: text.nearest(in: known).map { "did you mean \"\($0)\"?" } ?? "one of \(known.joined(separator: ", "))")
        return nil
    }
}
