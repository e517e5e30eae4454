// Recorded streams of model APIs, and the same with values planted in them: nothing of a value can be put together from what comes out.

import Engine
import Foundation
import Testing

@Suite("Model streams")
struct ModelStreamTests {
    struct Recorded: CustomStringConvertible {
        var name: String
        var api: String
        var format: Format
        var stream: [UInt8]
        var values: [String] = []
        var isTool = false
        var description: String { name }

        var events: [ClientEvent] { Self.events(stream, format) }
        static func events(_ stream: [UInt8], _ format: Format) -> [ClientEvent] { format == .sse ? ClientEvent.parse(stream) : ClientEvent.lines(stream) }
    }

    /// The streams of a file of `cases/sse`.
    static func streams(_ file: String) throws -> [Recorded] {
        let data = try Data(contentsOf: SharedInputs.folder!.appendingPathComponent("cases/sse/\(file).jsonl"))
        return try data.split(separator: 0x0A).map { line in
            let record = try JSONSerialization.jsonObject(with: Data(line)) as! [String: Any]
            func text(_ value: Any?) -> String {
                let text = value as? String ?? ""
                return record["enc"] as? String == "b64" ? String(decoding: Data(base64Encoded: text)!, as: UTF8.self) : text
            }
            return Recorded(
                name: "\(record["id"]!)", api: record["api"] as! String, format: record["framing"] as? String == "ndjson" ? .ndjson : .sse,
                stream: Array(text(record["stream"]).utf8), values: (record["values"] as? [Any] ?? []).map(text).filter { !$0.isEmpty },
                isTool: record["where"] as? String == "tool")
        }
    }

    /// A pattern that matches just this text.
    private func pattern(of value: String) -> String {
        value.unicodeScalars.map { scalar in
            switch scalar {
            case "\n": #"\n"#
            case "\r": #"\r"#
            case "\t": #"\t"#
            case _ where scalar.isASCII && !CharacterSet.alphanumerics.contains(scalar): #"\x"# + String(scalar.value + 0x100, radix: 16).suffix(2)
            default: String(scalar)
            }
        }.joined()
    }

    @Test("No planted value can be read in what clients put together, nor in events that say it again", .enabled(if: SharedInputs.arePresent))
    func planted() throws {
        var count = 0
        for recorded in try Self.streams("planted-streams") {
            let rules = try recorded.values.enumerated().map { index, value in Rule(id: "v\(index)", entity: "VALUE", pattern: pattern(of: value)) }
            let set = try RuleSet(rules)
            let whole = try MaskerRun(set, recorded.format, recorded.stream)
            for cuts in [Cuts.every(1, of: recorded.stream.count), .every(7, of: recorded.stream.count), .every(256, of: recorded.stream.count)] {
                #expect(try MaskerRun(set, recorded.format, recorded.stream, cuts).result == whole.result, "\(recorded)")
            }
            let events = Recorded.events(whole.result.output, recorded.format)
            let before = recorded.events
            #expect(events.count == before.count && zip(events, before).allSatisfy { $0.type == $1.type && $0.id == $1.id }, "\(recorded)")
            var readable = ReferenceClient.texts(recorded.api, events).values.flatMap(ReferenceClient.strings)
            for (event, original) in zip(events, before) {
                #expect((event.json == nil) == (original.json == nil), "\(recorded)")
                readable += event.json.map(ReferenceClient.strings) ?? [event.data]
            }
            for value in recorded.values { #expect(!readable.contains { $0.contains(value) }, "\(recorded): \(recorded.api) \(recorded.isTool)") }
            #expect(!whole.result.findings.isEmpty, "\(recorded)")
            // The arguments of a tool are still a document.
            if recorded.isTool {
                for (channel, text) in ReferenceClient.texts(recorded.api, before) where JSONSerialization.isDocument(text) {
                    let masked = ReferenceClient.texts(recorded.api, events)[channel] ?? ""
                    #expect(JSONSerialization.isDocument(masked), "\(recorded): \(shown(Array(masked.utf8)))")
                }
            }
            count += 1
        }
        #expect(count > 150)
    }

    @Test("What a recorded stream says again in its closing events is masked as in the pieces", .enabled(if: SharedInputs.arePresent))
    func closingEvents() throws {
        let set = try RuleSet([Rule(id: "word", entity: "WORD", pattern: #"\b[a-z]{7}\b"#), Rule(id: "two", entity: "TWO", pattern: "the [a-z]{1,9}")])
        var count = 0
        for recorded in try Self.streams("planted-streams") + Self.streams("vercel-ai") where recorded.api == "openai-responses" {
            let events = ClientEvent.parse(try MaskerRun(set, .sse, recorded.stream, .every(100, of: recorded.stream.count)).result.output)
            let texts = ReferenceClient.texts(recorded.api, events)
            let originals = ReferenceClient.texts(recorded.api, recorded.events)
            for (event, original) in zip(events, recorded.events) {
                guard let json = event.json as? [String: Any], let type = json["type"] as? String, type.hasSuffix("_text.done") else { continue }
                let channel = [type.replacing(".done", with: ".delta"), json["output_index"], json["content_index"], json["summary_index"], nil]
                    .map { $0.map { "\($0)" } ?? "-" }.joined(separator: " ")
                // Values were planted in the pieces of some streams only.
                if let text = texts[channel], (original.json as? [String: Any])?["text"] as? String == originals[channel] {
                    #expect(json["text"] as? String == text, "\(recorded)")
                    count += 1
                }
            }
        }
        #expect(count > 20)
    }

    @Test("Recorded streams come through byte for byte when there is nothing to mask, and leave as they come", .enabled(if: SharedInputs.arePresent))
    func recorded() throws {
        let set = try RuleSet([
            Rule(id: "never", entity: "NEVER", pattern: #"\bNeVeR-[0-9]{4,8}-sEeN\b"#),
            Rule(id: "address", entity: "ADDRESS", pattern: #"\b[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}\.invalid\b"#),
        ])
        for recorded in try Self.streams("vercel-ai") + Self.streams("anthropic-sdk") {
            for size in [recorded.stream.count, 1, 7, 1000] {
                let run = try MaskerRun(set, recorded.format, recorded.stream, .every(size, of: recorded.stream.count))
                #expect(run.result.output == recorded.stream, "\(recorded), chunks of \(size)")
                #expect(run.result.findings.isEmpty)
                #expect((run.held.max() ?? 0) <= 64 * 1024)
            }
        }
    }
}

extension JSONSerialization {
    fileprivate static func isDocument(_ text: String) -> Bool {
        text.first == "{" && (try? jsonObject(with: Data(text.utf8))) != nil
    }
}
