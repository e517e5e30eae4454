// Commands to be judged, of any size, from a definition.

import Foundation
import Operations
import Yams

/// One command that can be made longer, and what the judge must answer.
struct CommandWorkload: Decodable {
    enum Coding: String, Decodable { case base64 }

    var name: String
    /// What the caller says that the command is written in.
    var domain: String
    var head: String?
    /// Repeated until the command is long enough; `{n}` in it counts.
    var unit: String
    var tail: String?
    /// How the units are coded.
    var coding: Coding?
    var verdict: Verdict.Decision
    var operation: String?

    /// Reads a file of definitions.
    static func read(_ file: URL) throws -> [CommandWorkload] { try YAMLDecoder().decode([CommandWorkload].self, from: Data(contentsOf: file)) }

    /// The command, as near to `bytes` as whole units make it without being longer, but of one unit at least.
    func command(bytes: Int) -> String {
        let (head, tail) = (head ?? "", tail ?? "")
        let room = bytes - head.utf8.count - tail.utf8.count
        var units = ""
        for n in 1... {
            let next = unit.replacing("{n}", with: "\(n)")
            let length = units.utf8.count + next.utf8.count
            if !units.isEmpty, (coding == .base64 ? (length + 2) / 3 * 4 : length) > room { break }
            units += next
        }
        return head + (coding == .base64 ? Data(units.utf8).base64EncodedString() : units) + tail
    }
}

extension Verdict.Decision: @retroactive Decodable {}
