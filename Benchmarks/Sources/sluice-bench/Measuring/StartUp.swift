// How long it takes until the first byte can be masked.

import Corpus
import Engine
import Foundation

struct StartUp: Codable {
    /// Seconds: reading the corpus, compiling the profile's rules, the first 16 KiB through a masker of that set.
    var corpus, compile, firstChunk: Rounds
    /// Seconds of `sluice mask` on a body of two bytes, started and ended; nil where no up-to-date program was found.
    var program: Rounds?

    static func measure(corpus directory: String, profile: String, body: Body, program: URL?, rounds: Int) throws -> StartUp {
        var seconds: [[Double]] = [[], [], []]
        for _ in 0..<rounds {
            var moments = [now()]
            let corpus = try Corpus(directory: directory)
            moments.append(now())
            let rules = try corpus.ruleSet(profiles: [profile])
            moments.append(now())
            try body.withBytes(first: 16 << 10) { bytes in
                var masker = Masker(rules, format: .json)
                _ = try masker.feed(bytes)
            }
            moments.append(now())
            for (index, (start, end)) in zip(moments, moments.dropFirst()).enumerated() { seconds[index].append(Double(end - start) * 1e-9) }
        }
        return StartUp(
            corpus: Rounds(seconds[0]), compile: Rounds(seconds[1]), firstChunk: Rounds(seconds[2]),
            program: try program.map { try runs(of: $0, corpus: directory, profile: profile, rounds: rounds) })
    }

    /// The first run, which may fill a cache, is not counted.
    private static func runs(of program: URL, corpus: String, profile: String, rounds: Int) throws -> Rounds {
        var seconds: [Double] = []
        for _ in 0...rounds {
            let process = Process()
            process.executableURL = program
            process.arguments = ["mask", "--corpus", corpus, "--profile", profile, "--format", "json"]
            let input = Pipe()
            process.standardInput = input
            process.standardOutput = FileHandle.nullDevice
            let start = now()
            try process.run()
            input.fileHandleForWriting.write(Data("{}".utf8))
            try input.fileHandleForWriting.close()
            process.waitUntilExit()
            seconds.append(Double(now() - start) * 1e-9)
            guard process.terminationStatus == 0 else { throw ProgramFailed(status: process.terminationStatus) }
        }
        return Rounds(Array(seconds.dropFirst()))
    }

    /// The release build of `sluice` below `root`, if it is newer than all sources.
    static func upToDateProgram(root: URL) -> URL? {
        func changed(_ url: URL) -> Date? { try? url.resourceValues(forKeys: [.contentModificationDateKey]).contentModificationDate }
        let program = root.appending(path: ".build/release/sluice")
        guard let built = changed(program), let sources = FileManager.default.enumerator(at: root.appending(path: "Sources"), includingPropertiesForKeys: nil)
        else {
            return nil
        }
        for case let file as URL in sources where changed(file).map({ $0 > built }) ?? false { return nil }
        return program
    }
}

struct ProgramFailed: Error, CustomStringConvertible {
    var status: Int32
    var description: String { "sluice mask ended with status \(status)" }
}
