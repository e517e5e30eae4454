// Files of cases and of traffic, as the commands under `corpus` are given them.

import Corpus
import Engine
import Foundation

/// Where files of a folder are read too.
enum CaseFiles {
    /// The files that `paths` name, folders gone through, in order.
    ///
    /// - Parameter ending: of the files wanted in folders; nil for all that are not hidden.
    static func files(_ paths: [String], ending: String? = nil) throws -> [String] {
        try paths.flatMap { path -> [String] in
            var isFolder: ObjCBool = false
            guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
                throw CommandError("\(path): No such file or directory", hint: "name files, or folders that hold them")
            }
            guard isFolder.boolValue else { return [path] }
            let folder = URL(filePath: path).resolvingSymlinksInPath().path
            let names = FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? []
            let files = names.filter { name in
                var isFolder: ObjCBool = false
                return !name.split(separator: "/").contains { $0.hasPrefix(".") } && name.hasSuffix(ending ?? "")
                    && FileManager.default.fileExists(atPath: folder + "/" + name, isDirectory: &isFolder) && !isFolder.boolValue
            }
            if files.isEmpty { throw CommandError("\(path) holds no \(ending ?? "") files") }
            return files.sorted().map { path + (path.hasSuffix("/") ? "" : "/") + $0 }
        }
    }

    /// The labelled cases of JSON Lines files, and how many lines were of another kind.
    static func labelled(_ paths: [String]) throws -> (cases: [LabelledCase], others: Int) {
        var cases: [LabelledCase] = []
        var others = 0
        let decoder = JSONDecoder()
        for file in try files(paths, ending: ".jsonl") {
            try forEachLine(of: file) { line, _ in
                let found = try LabelledCase.cases(line: line, decoder: decoder)
                cases += found
                if found.isEmpty { others += 1 }
            }
        }
        return (cases, others)
    }

    /// One line of traffic: the first of these texts that is there.
    private struct TrafficLine: Decodable {
        var text: String?
        var command: String?
        var stream: String?
        var b64: String?
        var enc: String?
        var framing: String?
    }

    /// Bodies of traffic: each line of a `.jsonl` file that has `text`, `command`, `stream` or `b64` is one, any other file is one.
    static func traffic(_ paths: [String], format: FormatChoice) throws -> [TrafficBody] {
        var bodies: [TrafficBody] = []
        let decoder = JSONDecoder()
        for file in try files(paths) {
            guard file.hasSuffix(".jsonl") else {
                guard let data = FileManager.default.contents(atPath: file) else { throw CommandError("\(file) cannot be read", hint: "check its permissions") }
                bodies.append(body([UInt8](data), format, file))
                continue
            }
            try forEachLine(of: file) { line, number in
                guard let one = try? decoder.decode(TrafficLine.self, from: Data(line)) else {
                    throw LabelledCase.Mistake(description: "this is not a JSON object with \"text\", \"command\" or \"stream\" as a string")
                }
                if let stream = one.stream {
                    let format = one.framing == "ndjson" ? Format.ndjson : .sse
                    bodies.append(TrafficBody(file: file, line: number, bytes: try CaseText.bytes(of: stream, encoding: one.enc), format: format))
                } else if let text = one.text ?? one.command {
                    bodies.append(body(try CaseText.bytes(of: text, encoding: one.enc), format, file, number))
                } else if let text = one.b64 {
                    bodies.append(body(try CaseText.bytes(of: text, encoding: "b64"), format, file, number))
                }
            }
        }
        return bodies
    }

    private static func body(_ bytes: [UInt8], _ format: FormatChoice, _ file: String, _ line: Int? = nil) -> TrafficBody {
        TrafficBody(file: file, line: line, bytes: bytes, format: format.format(of: bytes))
    }

    /// Calls `read` for each line that holds anything; a mistake in one ends the command with its place.
    private static func forEachLine(of file: String, _ read: (_ line: ArraySlice<UInt8>, _ number: Int) throws -> Void) throws {
        var lines = LineSource(try ByteSource(path: file))
        var number = 0
        while let line = try lines.next() {
            number += 1
            if line.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0d }) { continue }
            do { try read(line, number) } catch let mistake as LabelledCase.Mistake {
                throw CommandError("\(file):\(number): \(mistake)")
            }
        }
    }
}

extension FormatChoice {
    /// The format of a whole body.
    func format(of body: [UInt8]) -> Format { format(beginning: body, isWhole: true) ?? .text }
}
