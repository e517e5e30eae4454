// sluice-bench: how fast the engine masks, how long it delays a chunk and how much it holds back.
//
//   swift run -c release --package-path Benchmarks sluice-bench [--payloads DIR] [--corpus DIR] [--profile P] [--megabytes N] [--rounds N] [--record DIR]
//
// Every round measures engine, memcpy and one Hyperscan database one after the other, so that a busy machine slows all three.

import Corpus
import Engine
import Foundation

let chunks = [40, 1 << 10, 16 << 10, 64 << 10]
let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

func fail(_ message: String, hint: String) -> Never {
    FileHandle.standardError.write(Data("error: \(message)\nhint: \(hint)\n".utf8))
    exit(2)
}

var options = ["payloads": "", "corpus": root.appendingPathComponent("corpus").path, "profile": Corpus.defaultProfile, "megabytes": "4", "rounds": "5"]
options["record"] = root.appendingPathComponent("Benchmarks/record").path
let shared = ProcessInfo.processInfo.environment["SLUICE_SHARED"] ?? root.deletingLastPathComponent().appendingPathComponent("shared").path
options["payloads"] = shared + "/payloads"
var arguments = CommandLine.arguments.dropFirst()
while let argument = arguments.popFirst() {
    guard argument.hasPrefix("--"), options.keys.contains(String(argument.dropFirst(2))), let value = arguments.popFirst() else {
        fail("unknown or incomplete option \(argument)", hint: "options are " + options.keys.sorted().map { "--\($0) VALUE" }.joined(separator: ", "))
    }
    options[String(argument.dropFirst(2))] = value
}
guard let megabytes = Int(options["megabytes"]!), let rounds = Int(options["rounds"]!), megabytes > 0, rounds > 0 else {
    fail("--megabytes and --rounds take a number above 0", hint: "for example --megabytes 4 --rounds 5")
}

let rules: [Rule]
let set: RuleSet
do {
    let corpus = try Corpus(directory: options["corpus"]!)
    rules = try corpus.rules(profiles: [options["profile"]!])
    set = try corpus.compile(rules)
} catch {
    fail("\(error)", hint: "name the folder of rules with --corpus DIR")
}

var inputs = [Inputs.customers(megabytes: megabytes)]
do {
    inputs += try Inputs.payloads(in: URL(fileURLWithPath: options["payloads"]!))
} catch {
    print("no payloads in \(options["payloads"]!): only generated input is measured; name a folder with --payloads DIR")
}

let database = OneDatabase(rules)
var record = Record(
    date: ISO8601DateFormatter().string(from: Date()), machine: Machine(), rules: rules.count, ruleSetHash: set.hash,
    rulesLeftOutOfOneDatabase: database.leftOut, rounds: rounds, rows: [], held: [])

for input in inputs {
    let hashes = try chunks.map { try Measuring.outputHash(input, set, chunk: $0) }
    guard Set(hashes).count == 1 else {
        fail("\(input.name): the output depends on the chunk size: \(hashes)", hint: "the engine is wrong; run its tests before measuring it")
    }
    record.held.append(.init(input: input.name, bytes: try Measuring.heldBytes(input, set)))
    for chunk in chunks {
        var engine: [Double] = []
        var copy: [Double] = []
        var one: [Double] = []
        var pass = Pass()
        var reports = 0
        for _ in 0..<rounds {
            let gigabytes = Double(input.bytes.count) / 1e9
            pass = try Measuring.mask(input, set, chunk: chunk)
            engine.append(gigabytes / pass.seconds)
            copy.append(gigabytes / Measuring.copy(input, chunk: chunk))
            let clock = ContinuousClock()
            let start = clock.now
            reports = input.bytes.withUnsafeBytes { database.matches(in: $0, chunk: chunk) }
            one.append(gigabytes / Measuring.seconds(clock.now - start))
        }
        record.rows.append(
            .init(
                input: input.name, chunk: chunk, engine: Repeated(engine), copy: Repeated(copy), oneDatabase: Repeated(one), bytesIn: input.bytes.count,
                bytesOut: pass.bytesOut, findings: pass.findings, reports: reports, delayNanoseconds: try Measuring.delays(input, set, chunk: chunk)))
        print("\(input.name), chunks of \(chunk): \(String(format: "%.3f", Repeated(engine).median)) GB/s")
    }
}

let place = try record.write(to: URL(fileURLWithPath: options["record"]!))
print("\n" + record.markdown)
print("written: \(place.lastPathComponent).json and .md in \(options["record"]!)")
