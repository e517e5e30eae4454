// C5, well-formed: masked JSON still parses and differs only inside masked values; with nothing to mask it is the same bytes.

import Engine
import Foundation
import Testing

@Suite struct JSONShapeTests {
    /// Like what the corpus ships, small enough to read.
    static let ordinaryRules: [Rule] = [
        Rule(id: "email", entity: "EMAIL_ADDRESS", pattern: #"\b[A-Za-z0-9._%+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}"#),
        Rule(id: "ssn", entity: "US_SSN", pattern: #"\b[0-9]{3}-[0-9]{2}-[0-9]{4}\b"#, checks: [.ssnArea]),
        Rule(id: "card", entity: "CREDIT_CARD", pattern: #"\b[0-9](?:[ -]?[0-9]){12,18}\b"#, checks: [.luhn]),
        Rule(id: "ipv4", entity: "IP_ADDRESS", pattern: #"\b[0-9]{1,3}(?:\.[0-9]{1,3}){3}\b"#, checks: [.ipv4Octets]),
        Rule(id: "bearer", entity: "BEARER_TOKEN", pattern: #"(?i)\bbearer (?<mask>[A-Za-z0-9._~+/-]{16,})"#),
        Rule(id: "url-login", entity: "PASSWORD", pattern: #"[a-z]{2,10}://[^\s:/@"]{1,64}:(?<mask>[^\s@"]{1,64})@"#),
        Rule(id: "long-id", entity: "LONG_ID", pattern: #"\b[0-9]{17,19}\b"#),
    ]

    /// Rules whose first bytes are everywhere and whose matches are nowhere.
    static let absentRules: [Rule] = [
        Rule(id: "absent-word", entity: "A", pattern: #"[a-z]{2,12}~~[a-z]{2,12}~~"#),
        Rule(id: "absent-number", entity: "B", pattern: #"\b[0-9]{2,9}(?:~[0-9]{2,9}){2}"#),
        Rule(id: "absent-literal", entity: "C", pattern: "AKIA[0-9A-Z]{16}zz~"),
        Rule(id: "absent-tail", entity: "D", pattern: #""text-of-nobody~.*"#),
    ]

    /// The body with the ranges of the findings replaced by labels, numbers in quotes.
    private func labelled(_ body: [UInt8], _ findings: [MaskResult.Found], _ rules: [Rule]) -> [UInt8] {
        let entities = Dictionary(uniqueKeysWithValues: rules.map { ($0.id, $0.entity) })
        var result: [UInt8] = []
        var at = 0
        for finding in findings {
            result += body[at..<finding.range.lowerBound]
            let label = "[REDACTED:\(entities[finding.rule]!)]"
            let first = finding.range.lowerBound
            // A whole number stands after a colon, comma, bracket or space and is not in a string.
            let isNumber = body[finding.range].allSatisfy { isDigit($0) || "-+.eE".utf8.contains($0) } && isOutsideString(first, body)
            result += Array((isNumber ? "\"\(label)\"" : label).utf8)
            at = finding.range.upperBound
        }
        return result + body[at...]
    }

    private func isOutsideString(_ offset: Int, _ body: [UInt8]) -> Bool {
        var inString = false
        var at = 0
        while at < offset {
            if inString, body[at] == UInt8(ascii: "\\") { at += 1 } else if body[at] == UInt8(ascii: "\"") { inString.toggle() }
            at += 1
        }
        return !inString
    }

    /// The two differ only where strings or numbers became other strings.
    private func hasSameShape(_ a: Any, _ b: Any) -> Bool {
        switch (a, b) {
        case (let a as [Any], let b as [Any]): a.count == b.count && zip(a, b).allSatisfy { hasSameShape($0, $1) }
        case (let a as [String: Any], let b as [String: Any]):
            a.count >= b.count && b.allSatisfy { key, value in a[key].map { hasSameShape($0, value) } ?? key.contains("[REDACTED:") }
        case (let a as String, let b as String): a == b || b.contains("[REDACTED:")
        case (is NSNumber, let b as String): b.hasPrefix("[REDACTED:")
        case (let a as NSNumber, let b as NSNumber): a == b
        case (is NSNull, is NSNull): true
        default: false
        }
    }

    private func check(_ body: SharedInputs.Body, _ rules: RuleSet, _ cuts: Cuts) throws -> Int {
        let run = try MaskerRun(rules, .json, body.bytes, cuts)
        #expect(run.result.output == labelled(body.bytes, run.result.findings, rules.rules), "\(body.name): differs outside of masked values")
        guard let before = try? JSONSerialization.jsonObject(with: Data(body.bytes), options: .fragmentsAllowed) else { return run.result.findings.count }
        let after = try? JSONSerialization.jsonObject(with: Data(run.result.output), options: .fragmentsAllowed)
        if let after {
            #expect(hasSameShape(before, after), "\(body.name): another shape after masking")
        } else {
            Issue.record("\(body.name): does not parse after masking")
        }
        return run.result.findings.count
    }

    @Test("Vendor payloads parse after masking and differ only inside masked values", .enabled(if: SharedInputs.arePresent))
    func vendorPayloads() throws {
        let rules = try RuleSet(Self.ordinaryRules)
        var found = 0
        for name in ["octokit-webhooks", "stripe-fixtures", "planted-json"] {
            for body in try SharedInputs.cases(name).prefix(60) { found += try check(body, rules, .every(4096, of: body.bytes.count)) }
        }
        #expect(found > 50, "too little was masked to show anything")
    }

    @Test("JSON test suites come out as they went in, or parse as before", .enabled(if: SharedInputs.arePresent))
    func testSuites() throws {
        let rules = try RuleSet(Self.ordinaryRules)
        for name in ["jsontestsuite", "nativejson", "blns"] {
            for body in try SharedInputs.cases(name) { _ = try check(body, rules, .every(3, of: body.bytes.count)) }
        }
    }

    @Test("Random JSON parses after masking whenever it did before", arguments: Effort.seeds(80))
    func randomJSON(seed: UInt64) throws {
        let (rules, set) = try RandomRules.loaded(seed: seed, kinds: [.checks, .context, .report])
        var bodies = try RandomBodies(seed: seed, rules: rules)
        for _ in 0..<3 {
            let body = bodies.validJSON()
            guard (try? JSONSerialization.jsonObject(with: Data(body), options: .fragmentsAllowed)) != nil else { continue }
            let output = try MaskerRun(set, .json, body, .every(7, of: body.count)).result.output
            if (try? JSONSerialization.jsonObject(with: Data(output), options: .fragmentsAllowed)) == nil {
                Issue.record("seed \(seed): \(shown(body)) became \(shown(output))\n\(shown(rules))")
            }
        }
    }

    @Test("Payloads with nothing to mask leave as the very chunks that came in", .enabled(if: SharedInputs.arePresent))
    func nothingToMask() throws {
        let rules = try RuleSet(Self.absentRules)
        var bodies = try SharedInputs.payloads().map { SharedInputs.Body(name: $0.name, bytes: Array($0.bytes.prefix(300_000))) }
        bodies += try SharedInputs.cases("octokit-webhooks").prefix(10)
        for body in bodies {
            var masker = Masker(rules, format: .json)
            var output: [UInt8] = []
            for (index, range) in Cuts.every(5000, of: body.bytes.count).ranges(of: body.bytes.count).enumerated() {
                let heldBefore = masker.statistics.held
                try Array(body.bytes[range]).withUnsafeBytes { chunk in
                    let masked = try masker.feed(chunk)
                    masked.append(to: &output, chunk: chunk)
                    let released = chunk.count - masker.statistics.held
                    let passed = masked.pieces.compactMap { if case .passed(let range) = $0 { range } else { nil } }
                    let isWhole = released <= 0 || passed == [0..<released]
                    #expect(isWhole, "\(body.name), chunk \(index), \(heldBefore) held before: \(masked.pieces.count) pieces")
                }
            }
            try masker.finish().append(to: &output, chunk: UnsafeRawBufferPointer(start: nil, count: 0))
            #expect(output == body.bytes, "\(body.name) changed")
            #expect(masker.statistics.masked.isEmpty)
        }
    }
}
