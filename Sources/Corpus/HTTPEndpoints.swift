// The endpoints of vendors' interfaces that destroy, take over or cost: `operations/http/*.yaml` of the corpus.

import Foundation
import Operations
import Yams

/// The endpoint files of a corpus.
public enum HTTPEndpoints {
    /// An endpoint with its place in the files.
    public struct Entry: Sendable {
        public var endpoint: HTTPEndpoint
        /// A page of the vendor's documentation.
        public var reference: String
        public var location: Location
    }

    /// Every endpoint of the corpus at `directory`, in order of file names, then of place. A corpus without such files has none.
    ///
    /// - Throws: all problems found in all files.
    public static func read(directory: String) throws(CorpusError) -> [Entry] {
        let folder = directory + "/operations/http"
        let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).filter { $0.hasSuffix(".yaml") }.sorted()
        var entries: [Entry] = []
        var problems: [Problem] = []
        for name in names {
            let path = folder + "/" + name
            guard var file = YAMLFile(name: path, data: FileManager.default.contents(atPath: path), problems: &problems) else { continue }
            entries += file.readEndpoints()
            problems += file.problems
        }
        guard problems.isEmpty else { throw CorpusError(problems) }
        return entries
    }
}

extension YAMLFile {
    /// The endpoints of one vendor's file. What is wrong is added to the problems.
    mutating func readEndpoints() -> [HTTPEndpoints.Entry] {
        guard let root, let keys = entries(of: root, what: "an endpoint file", known: ["vendor", "hosts", "ports", "prefixes", "reference", "requests"]) else { return [] }
        guard let vendorNode = keys["vendor"], let name = string(vendorNode, what: "vendor") else {
            if keys["vendor"] == nil { add("the file does not say whose endpoints it holds", at: root, hint: "write  vendor: name") }
            return []
        }
        var vendor = HTTPEndpoint.Vendor(name: name)
        if let node = keys["hosts"] { vendor.hosts = (strings(node, what: "hosts") ?? []).map { $0.0.lowercased() } }
        if let node = keys["ports"] { vendor.ports = (list(node, what: "ports") ?? []).compactMap { integer($0, what: "a port", in: 1...65535) } }
        for (prefix, node) in keys["prefixes"].flatMap({ strings($0, what: "prefixes") }) ?? [] {
            if prefix.hasPrefix("/") { vendor.prefixes.append(prefix) } else { add("a prefix begins with /, not \"\(prefix)\"", at: node) }
        }
        var reference: String?
        if let node = keys["reference"] { reference = readReference(node) }
        guard let requests = keys["requests"] else {
            add("the file has no requests", at: root, hint: "write  requests:  and below it  - operation: …")
            return []
        }
        var entries: [HTTPEndpoints.Entry] = []
        for node in list(requests, what: "requests") ?? [] {
            guard let keys = self.entries(of: node, what: "a request", known: ["operation", "object", "reference", "where", "when"]) else { continue }
            guard let operationNode = keys["operation"], let operation = string(operationNode, what: "operation") else {
                if keys["operation"] == nil { add("a request does not say which operation it is", at: node, hint: "write  operation: http.delete-…, a name of operations/http.yaml") }
                continue
            }
            let ownReference = keys["reference"].flatMap { readReference($0) } ?? reference
            guard let ownReference else {
                if keys["reference"] == nil { add("the request has no reference", at: node, hint: "name the page of the vendor's documentation:  reference: 'https://…'") }
                continue
            }
            let object = keys["object"].flatMap { string($0, what: "object") }
            var conditions: [HTTPEndpoint.Condition] = []
            if let mapping = keys["where"]?.mapping {
                for (key, value) in mapping {
                    guard let field = key.scalar?.string, let values = strings(value, what: "the values of a field"), !values.isEmpty else { continue }
                    conditions.append(HTTPEndpoint.Condition(field: field, values: values.map(\.0)))
                }
            } else if let node = keys["where"] {
                add("where must be a mapping of fields to their values", at: node, hint: "write  where: {Action: [TerminateInstances]}")
            }
            guard let when = keys["when"], let lines = strings(when, what: "when") else {
                if keys["when"] == nil { add("the operation has no requests", at: node, hint: "write  when: ['DELETE /path/{name}']") }
                continue
            }
            for (line, lineNode) in lines {
                let parts = line.split(separator: " ", maxSplits: 1)
                guard parts.count == 2, ["GET", "POST", "PUT", "PATCH", "DELETE", "ANY"].contains(parts[0]) else {
                    add("\"\(line)\" is no method and path", at: lineNode, hint: "write  'DELETE /path/{name}', or ANY for every method")
                    continue
                }
                do {
                    let template = try HTTPPathTemplate(String(parts[1]))
                    for name in object.map(Self.placeNames) ?? [] where !template.names.contains(name) {
                        add("object names {\(name)}, which does not stand in the path", at: lineNode, hint: "the path has \(template.names.sorted().map { "{\($0)}" }.joined(separator: ", "))")
                    }
                    let endpoint = HTTPEndpoint(vendor: vendor, method: String(parts[0]), template: template, conditions: conditions, operation: operation, object: object)
                    entries.append(HTTPEndpoints.Entry(endpoint: endpoint, reference: ownReference, location: location(of: lineNode)))
                } catch {
                    add("\"\(parts[1])\": \(error)", at: lineNode)
                }
            }
        }
        return entries
    }

    private mutating func readReference(_ node: Node) -> String? {
        guard let reference = string(node, what: "reference") else { return nil }
        guard reference.hasPrefix("https://") else {
            add("a reference is a page, not \"\(reference)\"", at: node, hint: "write  reference: 'https://…'")
            return nil
        }
        return reference
    }

    /// The names in braces of a text.
    private static func placeNames(_ text: String) -> [String] {
        text.split(separator: "{").compactMap { part in part.firstIndex(of: "}").map { String(part[..<$0]) } }
    }
}
