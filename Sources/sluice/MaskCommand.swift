// `sluice mask`: standard input or a file, masked, to standard output.

import ArgumentParser
import Corpus
import Engine
import Foundation
import Proxy

struct MaskCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mask",
        abstract: "Mask a file or standard input, as it streams.",
        discussion: """
            Output is written as soon as the engine releases it; memory does not grow with the input.

            Examples:
              curl -s https://api.example.com/customers | sluice mask
              sluice mask --profile secrets --profile pci dump.sql > masked.sql
              sluice mask --stats --findings --chunk-size 1000 answer.json
              sluice mask --batch < cases.jsonl

            --findings prints one JSON object a line on standard error: start, end (bytes of the input), rule, entity, action.

            --batch reads JSON Lines, "text" or "text_b64", "format" and "chunk" if wanted:
              {"id": 1, "text": "mail ada@example.org", "format": "text", "chunk": 10}
            and writes, "masked_b64" where it is not UTF-8:
              {"id":1,"masked":"…","spans":[[start,end,rule,entity]],"blocked":null}
            A line that cannot be read gives {"line": n, "error": "…"}; the others are still masked, and the exit status is 2.

            Exit status: 0 done, 2 wrong usage or configuration, 3 a rule blocked the body.
            """)

    @Argument(help: ArgumentHelp("The file to read; standard input if left out or -.", valueName: "file"))
    var path: String?

    @OptionGroup var rules: RuleOptions

    @Option(
        help: ArgumentHelp(
            "text, json (JSON and NDJSON), ndjson (each line an event), sse, json-array (each element an event), eventstream (Amazon's binary messages), form, csv, multipart, markup (HTML, XML), or auto: what the first bytes are, else text.", valueName: "format"))
    var format: FormatChoice = .auto

    @Option(help: ArgumentHelp("What stands for a masked number in JSON: string, zero or null.", valueName: "policy"))
    var numbers: NumberPolicy = .string

    @Option(
        help: ArgumentHelp(
            "What a rule, an entity or * (all) does instead of its own action: EMAIL_ADDRESS=hash, 'payment-card={mask: {keep_last: 4}}'; give it again for another.",
            valueName: "rule=action"))
    var action: [String] = []

    @Option(help: ArgumentHelp("The key for rules with the action hash: env:NAME or file:PATH (chmod 600).", valueName: "where"))
    var hashKey: String?

    @Option(help: ArgumentHelp("Feed the input in pieces of this many bytes.", valueName: "n"))
    var chunkSize: Int?

    @Flag(help: "Print counts and held bytes as one JSON object on standard error.")
    var stats = false

    @Flag(help: "Print what was found, without its bytes, on standard error.")
    var findings = false

    @Flag(help: "Mask many small bodies: JSON Lines in, JSON Lines out.")
    var batch = false

    /// Bytes asked for in one read.
    private static let readSize = 256 << 10

    func validate() throws {
        if let chunkSize, chunkSize < 1 { throw ValidationError("--chunk-size must be at least 1") }
        if batch, stats || findings || chunkSize != nil {
            throw ValidationError("--batch goes with neither --stats, --findings nor --chunk-size; a line of it has its own \"chunk\"")
        }
    }

    func run() throws {
        let corpus = try MaskingRules(rules.corpus, cache: rules.cache)
        let chosen = try corpus.rules(profiles: rules.profileNames)
        var rules = try corpus.compile(Corpus.overrides(action, of: chosen).applied(to: chosen))
        if let rule = rules.rules.first(where: { $0.action == .token }) {
            throw CommandError(
                "the rule \"\(rule.id)\" has the action token, which needs a session of the gateway", hint: "give it another one here, for example  --action \(rule.id)=redact")
        }
        let key = try hashKey.map { try SecretReference.hashKey($0) }
        if numbers != .string || key != nil { rules = try RuleSet(rules, numbers: numbers, hashKey: key) }
        if let rule = rules.ruleThatNeedsKey {
            throw CommandError(
                "the rule \"\(rule.id)\" has the action hash, and there is no key for it",
                hint: "make one with  openssl rand -hex 32  and say where it is: --hash-key env:NAME or file:PATH")
        }
        if batch {
            try MaskBatch(rules: rules, format: format).run(ByteSource(path: path))
        } else {
            try mask(ByteSource(path: path), rules)
        }
    }

    private func mask(_ source: consuming ByteSource, _ rules: RuleSet) throws {
        let clock = ContinuousClock()
        let start = clock.now
        var stream = MaskStream(rules, format: format)
        var held = HeldHistogram()
        var output: [UInt8] = []
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: chunkSize.map { min($0, 64 << 20) } ?? Self.readSize, alignment: 64)
        defer { buffer.deallocate() }

        func release(_ masked: MaskedBytes, _ chunk: UnsafeRawBufferPointer) throws {
            output.removeAll(keepingCapacity: true)
            masked.append(to: &output, chunk: chunk)
            try writeAll(output)
            if findings { try writeAll(Self.lines(of: masked.findings + (masked.blocked.map { [$0] } ?? [])), to: STDERR_FILENO) }
        }
        while stream.blocked == nil {
            let count = chunkSize == nil ? try source.read(into: buffer) : try source.fill(buffer)
            if count == 0 { break }
            try stream.feed(UnsafeRawBufferPointer(rebasing: buffer[..<count]), release)
            held.add(stream.held)
        }
        if stream.blocked == nil { try stream.finish(release) }
        if stats, let statistics = stream.statistics { try writeAll(Self.report(statistics, held, clock.now - start), to: STDERR_FILENO) }
        if let blocked = stream.blocked {
            try writeAll(Array("blocked: rule \"\(blocked.rule)\" at byte \(blocked.range.lowerBound)\n".utf8), to: STDERR_FILENO)
            throw ExitCode(ExitStatus.blocked)
        }
    }

    private static func lines(of findings: [Finding]) -> [UInt8] {
        var json = JSONText()
        for finding in findings {
            json.raw("{\"start\":")
            json.number(finding.range.lowerBound)
            json.raw(",\"end\":")
            json.number(finding.range.upperBound)
            json.raw(",\"rule\":")
            json.string(finding.rule)
            json.raw(",\"entity\":")
            json.string(finding.entity)
            json.raw(",\"action\":")
            json.string(finding.action.rawValue)
            json.raw("}\n")
        }
        return json.bytes
    }

    private static func report(_ statistics: MaskStatistics, _ held: HeldHistogram, _ time: Duration) -> [UInt8] {
        var json = JSONText()
        json.raw("{\"bytes_in\":")
        json.number(statistics.bytesIn)
        json.raw(",\"bytes_out\":")
        json.number(statistics.bytesOut)
        json.raw(",\"seconds\":")
        json.number((time / .microseconds(1)).rounded() / 1e6)
        json.raw(",\"chunks\":")
        json.number(statistics.chunks)
        json.raw(",\"masked\":{")
        for (index, (rule, count)) in statistics.masked.sorted(by: { $0.key < $1.key }).enumerated() {
            if index > 0 { json.raw(",") }
            json.string(rule)
            json.raw(":")
            json.number(count)
        }
        json.raw("},\"held\":{\"p50\":")
        json.number(held.percentile(0.5))
        json.raw(",\"p99\":")
        json.number(held.percentile(0.99))
        json.raw(",\"max\":")
        json.number(statistics.mostHeld)
        // Every byte goes through the engine here: there is no binary pass-through in this command.
        json.raw("},\"unscanned_bytes\":0}\n")
        return json.bytes
    }
}

extension NumberPolicy: ExpressibleByArgument {}

extension FormatChoice: ExpressibleByArgument {
    init?(argument: String) { self.init(name: argument) }

    static var allValueStrings: [String] { names }

    var defaultValueDescription: String {
        switch self {
        case .auto: "auto"
        case .only(let format): format.rawValue
        }
    }
}
