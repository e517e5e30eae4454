// The files of a corpus, and of those that it extends.

import Cryptography
import Foundation
import Yams

/// The folders that a corpus is made of, and their files as they lie there.
///
/// A folder with a file `corpus.yaml` in it may extend another one: it adds rules and profiles, changes some, and leaves some out.
struct CorpusFiles: Sendable {
    /// The one that extends no other first; the one that was named last.
    let layers: [Layer]

    /// As it was given or found.
    var directory: String { layers[layers.count - 1].directory }

    struct Layer: Sendable {
        var directory: String
        /// Rules of the layers below that are left out.
        var disabled: [Selector]
        /// Paths relative to the folder, sorted by bytes, and what stands there; nil for a file that cannot be read. ``settingsName`` is among them.
        var contents: [(path: String, data: Data?)]
    }

    /// The file that says what a corpus extends.
    static let settingsName = "corpus.yaml"
    static let settingsKeys = ["extends", "disable"]
    /// What stands for the corpus that is found where none is named.
    static let shipped = "shipped"

    /// Reads the files of the corpus at `directory`, and of those that it extends.
    init(directory: String) throws(CorpusError) {
        var layers: [Layer] = []
        for one in try Self.folders(from: directory).reversed() {
            layers.append(Layer(directory: one.directory, disabled: one.disabled, contents: try Self.contents(of: one.directory)))
        }
        self.layers = layers
    }

    /// SHA-256 over names and contents.
    var digest: [UInt8] {
        let hash = SHA256()
        for layer in layers {
            hash.update(Array("\(layer.contents.count) files:".utf8))
            for (path, data) in layer.contents {
                hash.update(Array("\(path.utf8.count):\(path)\(data.map { "\($0.count)" } ?? "-"):".utf8))
                if let data { data.withUnsafeBytes { hash.update($0) } }
            }
        }
        return hash.finish()
    }

    /// A folder, and what its `corpus.yaml` says.
    struct Folder {
        var directory: String
        var disabled: [Selector] = []
    }

    /// The folder that was named and those that it extends, in this order.
    static func folders(from directory: String) throws(CorpusError) -> [Folder] {
        var folders: [Folder] = []
        var seen: [String] = []
        var next: String? = directory
        while let directory = next {
            seen.append(resolved(directory))
            var folder = Folder(directory: directory)
            next = nil
            let path = directory + "/" + settingsName
            if FileManager.default.fileExists(atPath: path) {
                var problems: [Problem] = []
                if var file = YAMLFile(name: path, data: FileManager.default.contents(atPath: path), problems: &problems) {
                    (next, folder.disabled) = file.readSettings(of: directory, beside: seen)
                    problems += file.problems
                }
                guard problems.isEmpty else { throw CorpusError(problems) }
            }
            folders.append(folder)
        }
        return folders
    }

    static func resolved(_ directory: String) -> String { URL(filePath: directory).resolvingSymlinksInPath().standardizedFileURL.path }

    /// Hidden files and folders are passed over: mounted configuration keeps copies there. So are operations, which are no rules: ``Corpus/catalogue(directory:)`` reads them.
    private static func contents(of directory: String) throws(CorpusError) -> [(path: String, data: Data?)] {
        // The enumeration does not go through a link, so a linked folder is resolved first.
        let folder = URL(filePath: directory).resolvingSymlinksInPath().path
        let paths = FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? []
        let files = paths.filter { path in
            (path.hasSuffix(".yaml") || path.hasSuffix(".yml")) && !path.hasPrefix(Corpus.operationsFolder + "/") && !path.split(separator: "/").contains { $0.hasPrefix(".") }
        }
        guard !files.isEmpty else {
            throw CorpusError([Problem(at: nil, "\(directory) holds no rule files", hint: "put rules into \(directory)/pii/NAME.yaml")])
        }
        return files.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }.map { ($0, FileManager.default.contents(atPath: directory + "/" + $0)) }
    }
}

extension YAMLFile {
    /// What `corpus.yaml` says: the folder that the corpus extends, and the rules of it that are left out.
    ///
    /// - Parameters:
    ///   - directory: the folder of the file; a path in it is relative to that.
    ///   - seen: folders that have been gone through, resolved: one that extends itself would have no end.
    fileprivate mutating func readSettings(of directory: String, beside seen: [String]) -> (extended: String?, disabled: [Selector]) {
        guard let root, let keys = entries(of: root, what: CorpusFiles.settingsName, known: CorpusFiles.settingsKeys) else { return (nil, []) }
        let disabled = keys["disable"].map { readSelectors($0, what: "\"disable\"") } ?? []
        guard let node = keys["extends"] else {
            add("a corpus that extends no other needs no \(CorpusFiles.settingsName)", at: root, hint: "write  extends: \(CorpusFiles.shipped)  or a folder, or remove the file")
            return (nil, [])
        }
        guard let text = string(node, what: "\"extends\"") else { return (nil, []) }
        if text == CorpusFiles.shipped {
            do throws(CorpusError) { return (try Corpus.shipped(holding: "profiles", beside: seen), disabled) } catch {
                add("there is no shipped corpus to extend: \(error.problems[0].message)", at: node, hint: "name its folder:  extends: /usr/share/sluice/corpus")
                return (nil, [])
            }
        }
        let path = text.hasPrefix("/") ? text : directory + "/" + text
        if !Corpus.isFolder(path) {
            add("there is no folder \(path) to extend", at: node, hint: "write a path relative to this file's folder, an absolute one, or \(CorpusFiles.shipped)")
        } else if seen.contains(CorpusFiles.resolved(path)) {
            add("the corpus extends itself", at: node, hint: "name another folder, or \(CorpusFiles.shipped)")
        } else {
            return (path, disabled)
        }
        return (nil, [])
    }
}
