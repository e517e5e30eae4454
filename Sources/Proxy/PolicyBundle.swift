// A folder of policy files: what is in force as a whole, under one version.

import Cryptography
import Foundation

/// The files of a folder in the order of their names, read once.
struct PolicyBundle {
    /// Path and text of each.
    let files: [(path: String, text: String)]
    /// See ``version(of:)``.
    let version: String

    /// Why a folder cannot be read.
    struct Failure: Error {
        var message: String
        var hint: String
    }

    /// Reads `*.yaml` and `*.yml` in `folder`, but for hidden ones; folders in it are not looked into.
    ///
    /// What is read while files are exchanged may be some of the old ones and some of the new, so it counts only when it is found a second time.
    init(_ folder: String) throws(Failure) {
        var last = try Self.read(folder)
        for _ in 0..<8 {
            let again = try Self.read(folder)
            if again.map(\.path) == last.map(\.path), again.map(\.content) == last.map(\.content) {
                try self.init(folder, last)
                return
            }
            last = again
        }
        throw Failure(message: "the files in \(folder) change while they are read", hint: "wait until they are all there, and try again")
    }

    private init(_ folder: String, _ last: [(path: String, content: [UInt8])]) throws(Failure) {
        var files: [(path: String, text: String)] = []
        for (path, content) in last {
            guard let text = String(validating: content, as: UTF8.self) else { throw Failure(message: "\(path) is not UTF-8", hint: "save the file as UTF-8 text") }
            files.append((path, text))
        }
        guard !files.isEmpty else { throw Failure(message: "\(folder) holds no policy files", hint: "put files named *.yaml there, each with  policies:  and a list") }
        self.files = files
        version = Self.version(of: last.flatMap(\.content))
    }

    private static func read(_ folder: String) throws(Failure) -> [(path: String, content: [UInt8])] {
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: folder) else {
            throw Failure(message: "there is no folder \(folder) that can be read", hint: "name the folder that holds the policy files")
        }
        var files: [(path: String, content: [UInt8])] = []
        for name in names.sorted(by: { Array($0.utf8).lexicographicallyPrecedes(Array($1.utf8)) }) where !name.hasPrefix(".") && (name.hasSuffix(".yaml") || name.hasSuffix(".yml")) {
            let path = folder + "/" + name
            guard let data = FileManager.default.contents(atPath: path) else { throw Failure(message: "\(path) cannot be read", hint: "check who may read it") }
            files.append((path, Array(data)))
        }
        return files
    }

    /// The first twelve digits of the SHA-256 of all files, one after another: what `cat FOLDER/*.yaml | sha256sum` says.
    static func version(of content: [UInt8]) -> String { String(hexadecimal(SHA256.digest(of: content)).prefix(12)) }
}

extension Configuration {
    /// Where policies are read from, if not from the configuration itself.
    public struct PolicyFolder: Sendable, Equatable {
        /// Absolute.
        public var path: String
        /// Whether a server reads it again when it changes.
        public var watch: Bool

        /// The version of what is there now; nil while it cannot be read.
        public var version: String? { try? PolicyBundle(path).version }
    }
}

extension ConfigurationDocument {
    /// The policies' sections, each with a name for where it gives none: a list in the file itself, or those of a folder's files, each read by a reader of its own.
    func policySections(_ root: Section, _ text: String) -> (sections: [(section: Section, name: String)], folder: Configuration.PolicyFolder?, version: String) {
        guard let entry = root.given("policies"), case .mapping = entry.value else {
            let sections = root.sections("policies", keys: Self.policyKeys, required: true)
            return (sections.enumerated().map { ($1, "policy \($0 + 1)") }, nil, PolicyBundle.version(of: Array(text.utf8)))
        }
        guard let section = root.section("policies", keys: ["folder", "watch"]) else { return ([], nil, "") }
        section.refuseUnknownKeys()
        guard let path = section.text("folder", required: true, example: "policies").map(absolute) else { return ([], nil, "") }
        let bundle: PolicyBundle
        do throws(PolicyBundle.Failure) {
            bundle = try PolicyBundle(path)
        } catch {
            section.report("folder", error.message, hint: error.hint)
            return ([], nil, "")
        }
        var sections: [(section: Section, name: String)] = []
        for file in bundle.files {
            let reader = ConfigurationReader(file: file.path, joining: reader)
            guard let root = reader.root(file.text, keys: ["policies"], hint: "begin with  policies:  and a list, or remove the file") else { continue }
            root.refuseUnknownKeys()
            let name = URL(fileURLWithPath: file.path).deletingPathExtension().lastPathComponent
            sections += root.sections("policies", keys: Self.policyKeys, required: true).enumerated().map { ($1, "\(name) \($0 + 1)") }
        }
        return (sections, Configuration.PolicyFolder(path: path, watch: section.flag("watch") ?? true), bundle.version)
    }
}
