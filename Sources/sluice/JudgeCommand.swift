// `sluice judge`: what commands would do, and whether they may.

import ArgumentParser
import Corpus
import Foundation
import Operations

struct JudgeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "judge",
        abstract: "Say whether commands may run: what they would do, and how grave it is.",
        discussion: """
            Commands of shells, SQL, requests and one-liners are read as their interpreter reads them, and every operation found in them is looked up \
            in the catalogue (corpus/operations/).

            Examples:
              sluice judge 'rm -rf /'
              sluice judge --explain 'X=rm; $X -rf "$HOME"'
              sluice judge --domain sql 'DELETE FROM users'
              sluice judge < commands.jsonl

            Without a command it reads JSON Lines:
              {"id": 1, "command": "git push -f", "domain": "shell"}
            and writes for each, with null where there is nothing to say:
              {"id":1,"verdict":"block","rule":"git.push-force","operation":"git.push-force","object":"","severity":"high","message":"…"}
            The verdict is allow, approve (a person has to agree), unreadable or block. A line that cannot be read gives {"line": n, "error": "…"}; the others are \
            still judged, and the exit status is 2.

            Domains: shell, powershell, sql, mongo, redis, nosql, http, code, and parameter (a value that is to be put into a statement or a command); told from \
            the command if left out or not among these.

            Exit status: 0 done, 2 wrong usage or configuration, 3 a single command was blocked or cannot be read.
            """)

    @Argument(help: ArgumentHelp("One command; JSON Lines from standard input if left out.", valueName: "command"))
    var command: String?

    @Option(help: ArgumentHelp("What the command is written in.", valueName: "name"))
    var domain: String?

    @Flag(help: "Show how each command was read: its words, and its operations with their places, as text.")
    var explain = false

    @Flag(help: "List the operations of the catalogue as a Markdown table.")
    var list = false

    @Option(help: ArgumentHelp("The folder of the corpus (default: $SLUICE_CORPUS, ./corpus, the one shipped with sluice).", valueName: "dir"))
    var corpus: String?

    func validate() throws {
        if list, command != nil || explain { throw ValidationError("--list goes with neither a command nor --explain") }
    }

    func run() throws {
        let judge = Judge(try Corpus.catalogue(directory: Corpus.locate(corpus)))
        if list { return try writeAll(Array(OperationTable(catalogue: judge.catalogue).markdown.utf8)) }
        guard let command else { return try judgeLines(judge) }
        let verdict = judge.judge(command, domain: domain)
        if explain {
            try writeAll(Array(CommandExplanation(judge: judge, command: command, domain: domain).text.utf8))
        } else {
            try writeAll(Self.line(nil, verdict, withID: false))
        }
        if verdict.decision == .block || verdict.decision == .unreadable { throw ExitCode(ExitStatus.blocked) }
    }

    /// One line of the input.
    private struct Case: JSONLineCase {
        static let form = "an object with \"command\" and \"domain\" as strings"
        var id: CaseID?
        var command: String?
        var domain: String?
    }

    /// - Throws: exit status 2 after the last line, if a line could not be read.
    private func judgeLines(_ judge: Judge) throws {
        try JSONLineAnswers.write(try ByteSource(path: nil)) { (one: Case) in
            guard let command = one.command else { throw CommandError("\"command\" is needed") }
            let domain = one.domain ?? domain
            if !explain { return Self.line(one.id, judge.judge(command, domain: domain), withID: true) }
            return CommandExplanation(judge: judge, command: command, domain: domain).text.utf8 + [UInt8(ascii: "\n")]
        }
    }

    private static func line(_ id: CaseID?, _ verdict: Verdict, withID: Bool) -> [UInt8] {
        var json = JSONText()
        json.raw("{")
        if withID {
            json.raw("\"id\":")
            CaseID.write(id, to: &json)
            json.raw(",")
        }
        json.raw("\"verdict\":")
        json.string(verdict.decision.rawValue)
        func member(_ name: StaticString, _ value: String?) {
            json.raw(name)
            if let value { json.string(value) } else { json.raw("null") }
        }
        member(",\"rule\":", verdict.rule.isEmpty ? nil : verdict.rule)
        member(",\"operation\":", verdict.operation?.name)
        member(",\"object\":", verdict.operation?.object)
        member(",\"severity\":", verdict.severity?.rawValue)
        member(",\"message\":", verdict.message.isEmpty ? nil : verdict.message)
        json.raw("}\n")
        return json.bytes
    }
}

/// How a command was read, for people.
struct CommandExplanation {
    let judge: Judge
    let command: String
    let domain: String?

    var text: String {
        let (reading, commands) = judge.explain(command, domain: domain)
        let verdict = judge.catalogue.verdict(on: reading)
        var lines = ["\(verdict.decision.rawValue)\(verdict.rule.isEmpty ? "" : ": \(verdict.rule)")"]
        if !verdict.message.isEmpty { lines.append("  \(verdict.message)") }
        lines.append("read as \(Judge.language(of: Array(command.utf8), domain: domain).rawValue)")
        if !commands.isEmpty { lines.append("commands, with the bytes they stand at:") }
        for one in commands {
            let words = one.words.map { $0.isEmpty || $0.contains(where: { $0 == " " || $0 == "\n" }) ? "‹\($0.replacing("\n", with: "⏎"))›" : $0 }
            lines.append("  \(place(one.range))\(String(repeating: "  ", count: min(one.depth, 12)))\(words.joined(separator: " "))")
        }
        if !reading.operations.isEmpty { lines.append("operations:") }
        for operation in reading.operations {
            let one = judge.catalogue.verdict(on: operation)
            lines.append("  \(place(operation.range))\(one.decision.rawValue) \(one.rule)\(operation.object.isEmpty ? "" : " \(operation.object)")")
        }
        if !reading.obscurities.isEmpty { lines.append("not readable:") }
        for obscurity in reading.obscurities { lines.append("  \(place(obscurity.range))\(obscurity.reason.rawValue)") }
        return lines.joined(separator: "\n") + "\n"
    }

    private func place(_ range: Range<Int>) -> String {
        let text = "\(range.lowerBound)–\(range.upperBound)"
        return text + String(repeating: " ", count: max(1, 10 - text.count))
    }
}

/// The catalogue as a table for `docs/OPERATIONS.md`.
struct OperationTable {
    let catalogue: Catalogue

    var markdown: String {
        var lines: [String] = []
        let families = Dictionary(grouping: catalogue.entries.values) { $0.name.prefix { $0 != "." } }
        for family in families.keys.sorted() {
            lines += ["### \(family)", "", "| Operation | Severity | Verdict | What the agent is told |", "| --- | --- | --- | --- |"]
            for entry in families[family]!.sorted(by: { $0.name < $1.name }) {
                let verdict = entry.verdict.rawValue + (entry.permitted.isEmpty ? "" : "; some targets permitted") + (entry.protected.isEmpty ? "" : "; some targets protected")
                lines.append("| `\(entry.name)` | \(entry.severity.rawValue) | \(verdict) | \(entry.sentence.replacing("|", with: "\\|")) |")
            }
            lines.append("")
        }
        return lines.joined(separator: "\n")
    }
}
