// `sluice judge`, as the built program runs it.

import Foundation
import Testing

@Suite struct JudgeCommandTests {
    private struct Run: Equatable {
        var status: Int32
        var output: String
        var error: String
    }

    private static let corpus = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().appending(path: "corpus").path

    private func judge(_ arguments: String..., input: String = "") throws -> Run {
        let process = Process()
        process.executableURL = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent().appending(path: "sluice")
        process.arguments = ["judge", "--corpus", Self.corpus] + arguments
        let (standardInput, output, error) = (Pipe(), Pipe(), Pipe())
        process.standardInput = standardInput
        process.standardOutput = output
        process.standardError = error
        try process.run()
        try standardInput.fileHandleForWriting.write(contentsOf: Data(input.utf8))
        try standardInput.fileHandleForWriting.close()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        let complaint = String(decoding: error.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return Run(status: process.terminationStatus, output: text, error: complaint)
    }

    @Test("A single command is answered, and its verdict is the exit status")
    func single() throws {
        let blocked = try judge("git push --force origin main")
        #expect(blocked.status == 3)
        #expect(blocked.output.hasPrefix(#"{"verdict":"block","rule":"git.push-force","operation":"git.push-force","object":"main","severity":"high","message":"This replaces the history of main"#))
        #expect(try judge("ls") == Run(status: 0, output: #"{"verdict":"allow","rule":null,"operation":null,"object":null,"severity":null,"message":null}"# + "\n", error: ""))
        #expect(try judge("--domain", "sql", "SELECT 1").status == 0)
    }

    @Test("Lines are answered one by one, and a bad one does not end the run")
    func lines() throws {
        let run = try judge(input: #"{"id":1,"command":"rm -rf /"}"# + "\n" + "nonsense\n\n" + #"{"id":"b"}"# + "\n" + #"{"id":2.5,"command":"ls","domain":"shell","more":1}"# + "\n" + #"{"id":3,"command":4}"# + "\n")
        #expect(run.status == 2)
        let lines = run.output.split(separator: "\n")
        #expect(lines.count == 5)
        #expect(lines[0].hasPrefix(#"{"id":1,"verdict":"block","rule":"files.remove-recursively:protected","operation":"files.remove-recursively","object":"/","severity":"critical""#))
        #expect(lines[1] == #"{"line":2,"error":"this is not a JSON object"}"#)
        #expect(lines[2] == #"{"line":4,"id":"b","error":"\"command\" is needed"}"#)
        #expect(lines[3].hasPrefix(#"{"id":2.5,"verdict":"allow""#))
        #expect(lines[4].hasPrefix(#"{"line":6,"error":"\"command\" has the wrong type"#))
    }

    @Test("--explain shows commands, words and operations with their places")
    func explain() throws {
        let run = try judge("--explain", "X=rm; $X -rf ~")
        #expect(run.status == 3)
        #expect(run.output.contains("block: files.remove-recursively:protected"))
        #expect(run.output.contains("6–14"))
        #expect(run.output.contains("rm -rf ~"))
    }

    @Test("Wrong usage is told from a verdict")
    func usage() throws {
        #expect(try judge("--list", "ls").status == 2)
        let missing = try judge("--corpus", "/nonexistent", "ls")
        #expect(missing.status == 2)
        #expect(missing.error.contains("hint:"))
        #expect(try judge("--help").output.contains("Exit status: 0 done"))
    }
}
