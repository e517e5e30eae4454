// What `sluice corpus score` counts, on small cases of our own and on the shared ones.

import Foundation
import Testing

@testable import Corpus
@testable import Engine

/// The labelled cases beside the repository, or nil with a message.
let sharedCases: URL? = {
    let named = ProcessInfo.processInfo.environment["SLUICE_SHARED"].map { URL(fileURLWithPath: $0) }
    let folder = (named ?? URL(filePath: shippedCorpus).deletingLastPathComponent().deletingLastPathComponent().appending(path: "shared")).appending(path: "cases")
    if FileManager.default.fileExists(atPath: folder.path) { return folder }
    print("SKIPPED: tests on shared cases; set SLUICE_SHARED to the folder that holds payloads/ and cases/")
    return nil
}()

@Suite struct LabelledCaseTests {
    private func read(_ line: String) throws -> LabelledCase? { try LabelledCase.cases(line: Array(line.utf8)).first }

    @Test("A row of a test table has one entity, spans, and says how well supported they are")
    func text() throws {
        let one = try #require(try read(#"{"id":"a:1","source":"a","kind":"text","entity":"SSN","text":"n 078-05-1120","expect":"detect","spans":[[2,13]],"strength":"weak","bare":true}"#))
        #expect(one.domain == .personalData && one.entity == "SSN" && !one.isIgnored && !one.hasUnplacedValue)
        #expect(one.labels.count == 1 && one.labels[0].range == 2..<13 && one.labels[0].group == .weak && !one.labels[0].isLoose)
        let bare = try read(#"{"id":"a:1","source":"a","kind":"text","entity":"SSN","text":"078-05-1120","expect":"detect","spans":[[0,11]],"strength":"strong","bare":true}"#)
        #expect(bare?.labels.first?.group == .bare)
        let unplaced = try read(#"{"id":"a:1","source":"a","kind":"text","entity":"SSN","text":"x","expect":"detect","spans":null}"#)
        #expect(unplaced?.hasUnplacedValue == true && unplaced?.labels.isEmpty == true)
        #expect(try read(#"{"id":"a:1","source":"a","kind":"text","entity":"SSN","text":"x","expect":"ignore","spans":[]}"#)?.isIgnored == true)
    }

    @Test("A labelled sentence tells values with a shape from names")
    func labelled() throws {
        let one = try #require(
            try read(#"{"id":"b:1","source":"b","kind":"labelled","exhaustive":true,"text":"Ada é a@b.cd","labels":[[7,13,"EMAIL_ADDRESS","pattern"],[0,3,"PERSON","ner"]]}"#))
        #expect(one.isExhaustive && one.labels.map(\.range) == [7..<13] && one.passedOver == [0..<3])
    }

    @Test("A credential's example names its rule, and may be in base64")
    func secret() throws {
        let text = Data("k=0123456789".utf8).base64EncodedString()
        let one = try #require(
            try read(#"{"id":"c:1","source":"c","rule":"r","expect":"detect","enc":"b64","text":"\#(text)","spans":[[2,12]],"span_source":"pattern","bare":false}"#))
        #expect(one.domain == .secrets && one.entity == "r" && one.body == Array("k=0123456789".utf8) && one.labels[0].isLoose)
    }

    @Test("What was planted in a payload is a case for each domain, and what is of the other one is passed over")
    func planted() throws {
        let line = #"{"id":"e","source":"e","kind":"planted","text":"{\"a\":\"a@b.cd\",\"k\":\"0123\"}","planted":[{"category":"pii","what":"EMAIL","values":["a@b.cd"],"spans":[[6,12]],"bare":true},{"category":"secrets","what":"k.1","spans":[[20,24]],"bare":false},{"category":"pii","what":"SSN","spans":null}]}"#
        let cases = try LabelledCase.cases(line: Array(line.utf8))
        #expect(cases.map(\.domain) == [.personalData, .secrets])
        #expect(cases.map { $0.labels.map(\.range) } == [[6..<12], [20..<24]] && cases.map(\.passedOver) == [[20..<24], [6..<12]])
        #expect(cases.map { $0.labels.map(\.entity) } == [["EMAIL"], ["k.1"]] && cases.map { $0.labels.map(\.group) } == [[.bare], [.inContext]])
    }

    @Test("What a stream must not say is sought in what its events say together", arguments: [
        ("data: {\"d\":\"ab\"}\n\ndata: {\"d\":\"c1\"}\n\n", "abc1", true), ("data: {\"d\":\"ab\"}\r\n\r\ndata: {\"e\":\"c1\"}\n\n", "abc1", false),
        ("{\"c\":[{\"t\":\"ab\"}]}\n{\"c\":[1,{\"t\":\"c1\"}]}\n", "abc1", true), ("data: {\"a\":\"{\\\"q\\\": \\\"x\\\\\\\"y\\\"}\"}\n\n", "x\"y", true),
        ("data: {\"d\":\"abc2\"}\n\ndata: [DONE]\n\n", "abc1", false),
    ])
    func streams(body: String, value: String, isSaid: Bool) { #expect(EventTexts(Array(body.utf8)).say(value) == isSaid) }

    @Test("Lines of other kinds are none; wrong ones say what is wrong")
    func others() throws {
        #expect(try read(#"{"id":"d","source":"d","command":"ls","expect":"allow"}"#) == nil)
        #expect(try read(#"{"id":"d","source":"d","kind":"payload","text":"{}"}"#) == nil)
        for (line, message) in [
            ("[]", "wrong type"), ("x", "not a JSON object"), (#"{"source":"a"}"#, "\"id\" is missing"),
            (#"{"id":"a","source":"a","kind":"text","entity":"E","text":"x","expect":"maybe"}"#, "\"expect\" must be"),
            (#"{"id":"a","source":"a","kind":"text","entity":"E","text":"x","expect":"detect","spans":[[0,2]]}"#, "ends at byte 2"),
            (#"{"id":"a","source":"a","kind":"text","entity":"E","text":"x","expect":"detect","spans":[[1,1]]}"#, "holds nothing"),
            (#"{"id":"a","source":"a","kind":"text","entity":"E","enc":"b64","text":"?","expect":"ignore"}"#, "not base64"),
            (#"{"id":"a","source":"a","kind":"validator","entity":"E","text":"x"}"#, "\"valid\" is missing"),
        ] {
            let mistake = try #require(throws: LabelledCase.Mistake.self) { try read(line) }
            #expect(mistake.description.contains(message), "\(line): \(mistake)")
        }
    }
}

@Suite struct ProportionTests {
    @Test("Wilson's interval agrees with published values")
    func wilson() {
        // R. G. Newcombe, "Two-sided confidence intervals for the single proportion", Statistics in Medicine 17 (1998), table I, method 3.
        for (count, of, low, high) in [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)] {
            let interval = Proportion(count, of: of).interval
            #expect(abs(interval.lowerBound - low) < 1e-4 && abs(interval.upperBound - high) < 1e-4, "\(count)/\(of): \(interval)")
        }
        #expect(Proportion().value == nil && Proportion().interval == 0...1)
        #expect(Proportion(3, of: 3).interval.upperBound == 1)
    }

    @Test("Byar's limits are near the exact Poisson ones")
    func byar() {
        // Exact: 0 → 0…3.689, 1 → 0.0253…5.572, 10 → 4.795…18.39.
        for (count, low, high) in [(0, 0.0, 3.689), (1, 0.0253, 5.572), (10, 4.795, 18.39)] {
            let interval = ByteRate(count, bytes: 1_000_000_000).intervalPerGB!
            #expect(abs(interval.lowerBound - low) < 0.03 && abs(interval.upperBound - high) < 0.07, "\(count): \(interval)")
        }
        #expect(ByteRate(5, bytes: 500_000_000).perGB == 10)
        #expect(ByteRate().perGB == nil && ByteRate().intervalPerGB == nil)
    }

    @Test("F2 counts recall more than F1")
    func fScore() throws {
        let (precision, recall) = (Proportion(5, of: 10), Proportion(10, of: 10))
        let f1 = try #require(FScore(precision: precision, recall: recall, beta: 1))
        let f2 = try #require(FScore(precision: precision, recall: recall, beta: 2))
        #expect(abs(f1.value - 2.0 / 3) < 1e-9 && abs(f2.value - 5 * 0.5 / 3) < 1e-9)
        #expect(f1.interval.contains(f1.value) && f1.interval.lowerBound < f1.value)
        #expect(FScore(precision: Proportion(), recall: recall, beta: 1) == nil)
        #expect(FScore(precision: Proportion(0, of: 1), recall: Proportion(0, of: 1), beta: 1)?.value == 0)
    }

    @Test("What is written is read again, derived figures aside")
    func coding() throws {
        let share = Proportion(1, of: 4)
        #expect(try JSONDecoder().decode(Proportion.self, from: JSONEncoder().encode(share)) == share)
        let rate = ByteRate(2, bytes: 7)
        #expect(try JSONDecoder().decode(ByteRate.self, from: JSONEncoder().encode(rate)) == rate)
    }
}

@Suite struct ScorerTests {
    private static let ruleFile = """
        rules:
          - {id: mail, entity: EMAIL_ADDRESS, pattern: '[a-z]{1,20}@[a-z]{1,20}\\.org'}
          - {id: ssn, entity: US_SSN, pattern: '[0-9]{3}-[0-9]{2}-[0-9]{4}', checks: [ssn-area], context: {words: [ssn], within: 10}}
          - {id: key, entity: API_KEY, pattern: 'key_[a-z]{4,}'}
          - {id: stop, entity: SQL, pattern: 'DROP', action: block}
          - {id: watch, entity: WORD, pattern: 'watch', action: report}
        """

    private func score(_ lines: [String], listing: Int? = nil, showsValues: Bool = false, clean: [TrafficBody] = []) async throws -> Score {
        let folder = try Folder(["pii/a.yaml": Self.ruleFile])
        let corpus = try Corpus(directory: folder.path)
        let rules = try RuleSet(Scorer.maskingOnly(corpus.rules(profiles: ["default"])))
        let cases = try lines.flatMap { try LabelledCase.cases(line: Array($0.utf8)) }
        var score = try await Scorer(corpus, rules: rules) { _ in .text }.score(cases, listing: listing, showsValues: showsValues)
        if !clean.isEmpty { try await score.setClean(clean, rules) }
        return score
    }

    private func row(_ score: Score, _ entity: String) throws -> Score.Row { try #require(score.entities.first { $0.name == entity }) }
    private func rule(_ score: Score, _ id: String) throws -> Score.RuleRow { try #require(score.rules.first { $0.rule == id }) }

    @Test("A value is hidden by any rule, leaked in part, or leaked; the groups are apart")
    func leaks() async throws {
        let score = try await score(
            [
                #"{"id":"1","source":"s","kind":"labelled","exhaustive":true,"text":"to ada@example.org","labels":[[3,18,"EMAIL_ADDRESS","pattern"]]}"#,
                #"{"id":"2","source":"s","kind":"labelled","exhaustive":true,"text":"to x.ada@example.org","labels":[[3,20,"EMAIL_ADDRESS","pattern"]]}"#,
                #"{"id":"3","source":"s","kind":"labelled","exhaustive":true,"text":"DROP to ADA","labels":[[8,11,"EMAIL_ADDRESS","pattern"]]}"#,
                #"{"id":"4","source":"s","kind":"text","entity":"US_SSN","text":"078-05-1120","expect":"detect","spans":[[0,11]],"strength":"strong","bare":true}"#,
                #"{"id":"5","source":"s","kind":"text","entity":"OTHER","text":"ada@example.org","expect":"detect","spans":[[0,15]],"strength":"weak"}"#,
                #"{"id":"6","source":"s","kind":"text","entity":"OTHER","text":"ada@example.org","expect":"detect","spans":null}"#,
            ], listing: 10)
        let mail = try row(score, "EMAIL_ADDRESS")
        #expect(mail.inContext.values == Proportion(2, of: 3) && mail.inContext.inPart == 1)
        #expect(mail.inContext.bytes == Proportion(2 + 3, of: 15 + 17 + 3))
        #expect(mail.recall == Proportion(1, of: 3) && mail.hasRule == true)
        #expect(try row(score, "US_SSN").bare.values == Proportion(1, of: 1))
        let other = try row(score, "OTHER")
        #expect(other.weak.values == Proportion(0, of: 1) && other.unplaced.values == Proportion(0, of: 1) && other.hasRule == false)
        #expect(try rule(score, "mail").recall == Proportion(2, of: 3))
        #expect(score.sources.map(\.inContext.values) == [Proportion(2, of: 3)] && score.domains.map(\.name) == ["personalData"])
        #expect(score.misses?.map(\.id) == ["2", "3", "4"] && score.misses?.first?.isInPart == true)
        #expect(score.misses?.allSatisfy { $0.value == nil } == true)
    }

    @Test("A loose place is hidden when at most half of it is readable")
    func loose() async throws {
        func leaked(_ text: String, _ source: String) async throws -> Proportion {
            let line = #"{"id":"1","source":"s","rule":"r","expect":"detect","text":"\#(text)","spans":[[0,\#(text.utf8.count)]],"span_source":"\#(source)"}"#
            return try row(try await score([line]), "r").inContext.values
        }
        // 6 of 15 letters readable, then 9 of 16.
        #expect(try await leaked("nameof=key_abcdef", "pattern") == Proportion(0, of: 1))
        #expect(try await leaked("nameofkey=key_abcd", "pattern") == Proportion(1, of: 1))
        #expect(try await leaked("nameof=key_abcdef", "template") == Proportion(1, of: 1))
    }

    @Test("Findings are true, false, or cannot be judged")
    func precision() async throws {
        let score = try await score(
            [
                // True, beside a name, in the open.
                #"{"id":"1","source":"s","kind":"labelled","exhaustive":true,"text":"a@b.org, c@d.org, e@f.org","labels":[[0,7,"EMAIL_ADDRESS","pattern"],[9,16,"PERSON","ner"]]}"#,
                // Other entities may be there; this one is not.
                #"{"id":"2","source":"s","kind":"text","entity":"EMAIL_ADDRESS","text":"a@b.org ssn 078-05-1120","expect":"ignore","spans":[]}"#,
                // The label, one of its kind beside it, one of another.
                #"{"id":"3","source":"s","kind":"text","entity":"EMAIL_ADDRESS","text":"a@b.org c@d.org key_abcd","expect":"detect","spans":[[0,7]]}"#,
                #"{"id":"4","source":"t","rule":"theirs","text":"key_abcd","expect":"ignore"}"#,
            ], listing: 10)
        let mail = try rule(score, "mail")
        #expect(mail.findings == 6 && mail.precision == Proportion(2, of: 5) && mail.falseAlarms == 1 && mail.overMaskedBytes == 7)
        let key = try rule(score, "key")
        #expect(key.findings == 2 && key.precision == Proportion(0, of: 1) && key.falseAlarms == 1)
        #expect(try rule(score, "ssn").precision.of == 0)
        #expect(try row(score, "EMAIL_ADDRESS").falseAlarms == Proportion(1, of: 1))
        #expect(try row(score, "theirs").falseAlarms == Proportion(1, of: 1) && row(score, "theirs").hasRule == nil)
        #expect(score.sources.first { $0.name == "s" }?.overMasked == Proportion(7, of: 25))
        #expect(score.falseFindings?.map(\.id) == ["1", "2", "3", "4"])
    }

    @Test("A rule that only reports hides nothing, and its findings count")
    func reports() async throws {
        let score = try await score([
            #"{"id":"1","source":"s","kind":"labelled","exhaustive":true,"text":"watch it","labels":[[0,5,"WORD","pattern"]]}"#,
            #"{"id":"2","source":"s","kind":"labelled","exhaustive":true,"text":"watch it","labels":[]}"#,
        ])
        #expect(try rule(score, "watch").precision == Proportion(1, of: 2) && rule(score, "watch").overMaskedBytes == 0)
        #expect(try row(score, "WORD").inContext.values == Proportion(1, of: 1) && rule(score, "watch").recall == Proportion(1, of: 1))
    }

    @Test("A validator case is judged by its entity's rules without context, or by a check of its name")
    func validators() async throws {
        func line(_ entity: String, _ text: String, _ valid: Bool) -> String {
            #"{"id":"1","source":"s","kind":"validator","entity":"\#(entity)","text":"\#(text)","valid":\#(valid)}"#
        }
        let score = try await score([
            line("SSN", "078-05-1120", true), line("SSN", "666-05-1120", false), line("SSN", "078051120", true), line("LUHN", "4111111111111111", true),
            line("LUHN", "4111111111111112", false), line("NOBODY", "1", true),
        ])
        func row(_ entity: String) -> Score.ValidatorRow? { score.validators.first { $0.entity == entity } }
        #expect(row("SSN")?.right == Proportion(2, of: 3) && row("LUHN")?.right == Proportion(2, of: 2))
        #expect(row("SSN")?.wrong == ["1"] && row("LUHN")?.wrong == [])
        #expect(row("NOBODY")?.right == Proportion() && row("NOBODY")?.untried == 1)
    }

    @Test("All that is found on clean traffic is false")
    func clean() async throws {
        let score = try await score(
            [#"{"id":"1","source":"s","kind":"labelled","text":"x","labels":[]}"#],
            clean: [
                TrafficBody(file: "a", bytes: Array("a@b.org watch ".utf8), format: .text), TrafficBody(file: "a", bytes: Array("x".utf8), format: .text),
                TrafficBody(file: "b", bytes: Array(#"["DROP a@b.org"]"#.utf8), format: .json),
            ])
        let clean = try #require(score.clean)
        #expect(clean.bodies == 3 && clean.findings == ByteRate(4, bytes: 31) && clean.masked == Proportion(7 + 4 + 7, of: 31))
        #expect(clean.files.map(\.findings.count) == [2, 2])
        #expect(try rule(score, "mail").clean == ByteRate(2, bytes: 31) && rule(score, "mail").cleanMaskedBytes == 14)
    }

    @Test("Values are listed only where they are asked for; a score is read as it was written")
    func values() async throws {
        let line = #"{"id":"1","source":"s","kind":"labelled","exhaustive":true,"text":"secret-value a@b.org","labels":[[0,12,"E","pattern"]]}"#
        let quiet = try await score([line], listing: 5)
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let written = try encoder.encode(quiet)
        #expect(!String(decoding: written, as: UTF8.self).contains("secret-value") && !String(decoding: written, as: UTF8.self).contains("a@b.org"))
        #expect(try encoder.encode(try JSONDecoder().decode(Score.self, from: written)) == written)
        let shown = try await score([line], listing: 5, showsValues: true)
        #expect(shown.misses?.first?.value == "secret-value" && shown.falseFindings?.first?.value == "a@b.org")
    }

    @Test("Names that mean the same are one", arguments: [
        ("US_SSN", "SSN", true), ("IBAN_CODE", "IBAN", true), ("DE_TAX_ID", "NATIONAL_ID_DE", true), ("UK_NINO", "NATIONAL_ID_GB", true),
        ("DE_PASSPORT", "GERMAN_IDS", true), ("DE_TAX_ID", "GERMAN_IDS", false), ("DE_TAX_ID", "NATIONAL_ID_AT", false), ("US_SSN", "US_ITIN", false),
    ])
    func names(ours: String, theirs: String, same: Bool) { #expect(EntityNames.isSame(ours, as: theirs) == same) }

    @Test("A planted stream leaks what can still be read of it, and nothing else")
    func plantedStream() async throws {
        let stream = { (text: String) in #"data: {\"choices\":[{\"delta\":{\"content\":\"\#(text)\"}}]}\n\n"# }
        let body = stream("write to ada@ex") + stream("ample.org or k9") + "data: [DONE]\\n\\n"
        let line = #"{"id":"s","source":"s","kind":"planted","category":"pii","what":"EMAIL_ADDRESS","bare":false,"framing":"sse","stream":"\#(body)","values":["ada@example.org","k9"]}"#
        let folder = try Folder(["pii/a.yaml": "rules: [{id: mail, entity: EMAIL_ADDRESS, pattern: '[a-z]{1,20}@[a-z]{1,20}\\.org'}]\n"])
        let corpus = try Corpus(directory: folder.path)
        let score = try await Scorer(corpus, rules: corpus.ruleSet(profiles: ["default"])) { _ in .text }.score(LabelledCase.cases(line: Array(line.utf8)), listing: 9)
        #expect(score.sources[0].inContext.values == Proportion(1, of: 2))
        #expect(score.misses?.map(\.entity) == ["EMAIL_ADDRESS"] && score.domains.map(\.name) == ["personalData"])
    }

    @Test("Ranges lose what others cover")
    func ranges() {
        #expect((2..<10).subtracting([0..<3, 5..<6, 6..<7, 9..<20]) == [3..<5, 7..<9])
        #expect((2..<10).subtracting([]) == [2..<10] && (2..<10).subtracting([0..<10]) == [])
    }

    @Test("The shared cases are read whole and scored the same each time", .enabled(if: sharedCases != nil))
    func shared() async throws {
        let folder = try #require(sharedCases)
        var cases: [LabelledCase] = []
        for name in ["pii/iban-registry", "pii/faker-values", "pii/dd-sds", "secrets/noseyparker"] {
            let lines = try Data(contentsOf: folder.appending(path: name + ".jsonl")).split(separator: 0x0A)
            let read = try lines.flatMap { try LabelledCase.cases(line: $0) }
            #expect(read.count == lines.count, "\(name)")
            cases += read
        }
        let corpus = try Corpus(directory: shippedCorpus)
        let rules = try RuleSet(Scorer.maskingOnly(corpus.rules(profiles: ["default"])))
        func run() async throws -> Data {
            let encoder = JSONEncoder()
            encoder.outputFormatting = .sortedKeys
            return try encoder.encode(try await Scorer(corpus, rules: rules) { $0.first == UInt8(ascii: "{") ? .json : .text }.score(cases, listing: 1000))
        }
        let first = try await run()
        #expect(try await run() == first)
        let score = try JSONDecoder().decode(Score.self, from: first)
        let ibans = try #require(score.sources.first { $0.name == "iban-registry" })
        #expect(ibans.inContext.values == Proportion(0, of: 24) && ibans.falseAlarms == Proportion(0, of: 24))
    }
}
