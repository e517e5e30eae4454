// Random event streams: what a client puts together of each text equals the text masked by the reference, and so does everything else in the events.

import Engine
import Foundation
import Testing

/// How one API says a piece of a text.
private struct Speech {
    var api: String
    var format: Format = .sse
    /// Answers that are given at once, each text of them after the other; or texts that come in any order.
    var takesTurns = false
    var kinds: Int
    /// The event that says a piece: answer, kind, the piece as a JSON string, further members.
    var event: @Sendable (Int, Int, String, String) -> String
    /// What follows the last piece of a text, which is given whole as a JSON string.
    var end: (@Sendable (Int, Int, String) -> String)? = nil

    static let all: [Speech] = [
        Speech(api: "openai-chat", takesTurns: true, kinds: 5) { answer, kind, piece, more in
            let delta = [
                #"{"reasoning_content":\#(piece)}"#, #"{"content":\#(piece)}"#, #"{"refusal":\#(piece)}"#,
                #"{"tool_calls":[{"index":0,"id":"c","function":{"arguments":\#(piece)}}]}"#, #"{"tool_calls":[{"index":1,"function":{"arguments":\#(piece)}}]}"#,
            ][kind]
            return #"{\#(more)"choices":[{"index":\#(answer),"delta":\#(delta),"finish_reason":null}]}"#
        },
        Speech(api: "openai-chat", takesTurns: true, kinds: 2) { answer, kind, piece, more in
            let part = [#"{"type":"thinking","thinking":[{"type":"text","text":\#(piece)}]}"#, #"{"type":"text","text":\#(piece)}"#][kind]
            return #"{"choices":[{"delta":{"content":[\#(part)],"index":0},"index":\#(answer)}],\#(more)"model":"m"}"#
        },
        Speech(api: "openai-completions", takesTurns: true, kinds: 1) { answer, _, piece, more in
            #"{\#(more)"choices":[{"text":\#(piece),"index":\#(answer),"logprobs":null}]}"#
        },
        Speech(api: "openai-responses", kinds: 4) { answer, kind, piece, more in
            let type = ["output_text", "reasoning_summary_text", "function_call_arguments", "refusal"][kind]
            return #"{"type":"response.\#(type).delta",\#(more)"item_id":"i","output_index":\#(answer),"content_index":0,"delta":\#(piece)}"#
        } end: { answer, kind, whole in
            let type = ["output_text", "reasoning_summary_text", "function_call_arguments", "refusal"][kind]
            return #"{"type":"response.\#(type).done","output_index":\#(answer),"content_index":0,"whole":\#(whole)}"#
        },
        Speech(api: "anthropic-messages", kinds: 3) { answer, kind, piece, more in
            let member = ["text", "thinking", "partial_json"][kind]
            return #"{"type":"content_block_delta",\#(more)"index":\#(answer * 3 + kind),"delta":{"type":"d","\#(member)":\#(piece)}}"#
        } end: { answer, kind, _ in
            #"{"type":"content_block_stop","index":\#(answer * 3 + kind)}"#
        },
        Speech(api: "gemini-generate", takesTurns: true, kinds: 2) { answer, kind, piece, more in
            let thought = kind == 0 ? #""thought":true,"# : ""
            return #"{"candidates":[{"content":{"parts":[{\#(thought)"text":\#(piece)}],"role":"model"},"index":\#(answer),"finishReason":"STOP"}],\#(more)"x":1}"#
        },
        Speech(api: "bedrock-converse", format: .ndjson, kinds: 3) { answer, kind, piece, more in
            let delta = [#"{"text":\#(piece)}"#, #"{"toolUse":{"input":\#(piece)}}"#, #"{"reasoningContent":{"text":\#(piece)}}"#][kind]
            return #"{\#(more)"contentBlockDelta":{"contentBlockIndex":\#(answer * 3 + kind),"delta":\#(delta)}}"#
        },
        Speech(api: "bedrock-converse", format: .eventstream, kinds: 4) { answer, kind, piece, more in
            let delta = [
                #"{"text":\#(piece)}"#, #"{"toolUse":{"input":\#(piece)}}"#, #"{"reasoningContent":{"text":\#(piece)}}"#,
                #"{"citation":{"title":"t","sourceContent":[{"text":\#(piece)}]}}"#,
            ][kind]
            return #"{"contentBlockDelta":{\#(more)"contentBlockIndex":\#(answer * 4 + kind),"delta":\#(delta),"p":"abcd"}}"#
        },
        Speech(api: "anthropic-messages", format: .eventstream, kinds: 2) { answer, kind, piece, more in
            #"{"type":"content_block_delta","index":\#(answer * 2 + kind),\#(more)"delta":{"type":"d","\#(["text", "partial_json"][kind])":\#(piece)}}"#
        } end: { answer, kind, _ in
            #"{"type":"content_block_stop","index":\#(answer * 2 + kind)}"#
        },
        Speech(api: "gemini-generate", format: .jsonArray, takesTurns: true, kinds: 2) { answer, kind, piece, more in
            let thought = kind == 0 ? #""thought":true,"# : ""
            return "{\n" + #""candidates":[{"content":{"parts":[{\#(thought)"text":\#(piece)}],"role":"model"},"index":\#(answer)}],"# + "\r\n" + #"\#(more)"x":[{},"]"]}"#
        },
        Speech(api: "cohere-chat", takesTurns: true, kinds: 3) { answer, kind, piece, more in
            let message = [
                #"{"tool_plan":\#(piece)}"#, #"{"tool_calls":{"function":{"arguments":\#(piece)}}}"#, #"{"content":{"text":\#(piece)}}"#,
            ][kind]
            return #"{\#(more)"type":"content-delta","index":0,"delta":{"message":\#(message)}}"#
        },
        Speech(api: "ollama", format: .ndjson, takesTurns: true, kinds: 2) { _, kind, piece, more in
            #"{"model":"m",\#(more)"message":{"role":"assistant","\#(["thinking", "content"][kind])":\#(piece)},"done":false}"#
        },
    ]

    var hasOneAnswer: Bool { ["cohere-chat", "ollama"].contains(api) }
    /// The members that carry pieces.
    static let carriers: Set<String> = [
        "content", "text", "delta", "arguments", "partial_json", "thinking", "input", "tool_plan", "reasoning_content", "refusal", "whole",
    ]
}

@Suite("Random event streams")
struct RandomEventTests {
    private static let patterns: [(String, Rule.Action)] = [
        ("[A-C]{2,5}", .redact(label: nil)), ("X[A-C ]{0,6}Y", .redact(label: "<\"x\">")), ("[0-9]{4,9}", .mask(.init(keepLast: 2))),
        ("Q(?<mask>[A-C]+)Z?", .redact(label: nil)), ("#[A-C]+", .remove), ("é[A-C]", .mask(.init())), (#"\bCAB\b"#, .redact(label: nil)),
        ("[XYZ]{3,}", .redact(label: "long")), ("A\"[A-C]", .redact(label: nil)), ("[A-C]\\n[A-C]", .redact(label: nil)), ("[B#]{2}", .report),
    ]
    private static let words = [
        "A", "B", "C", "AB", "CAB", "X", "Y", "XAAY", "Q", "QAZ", "Z", "#", "#B", "12", "3456", "0", " ", "é", "éA", "😀", "\"", "A\"", "\\", "\n", "{", "[{", "w",
    ]

    private static func rules(_ random: inout SeededGenerator) -> [Rule] {
        (0..<random.within(1...3)).map { index in
            let (pattern, action) = random.pick(patterns)
            return Rule(id: "r\(index)", entity: "e\(index)", pattern: pattern, action: action, priority: random.below(2))
        }
    }

    private static func text(_ random: inout SeededGenerator) -> String { (0..<random.within(0...14)).map { _ in random.pick(words) }.joined() }

    /// A text as a JSON string, with more escapes than there need be.
    private static func quoted(_ text: String, _ random: inout SeededGenerator) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            if random.oneIn(8) {
                for unit in String(scalar).utf16 { quoted += #"\u"# + String(UInt32(unit) + 0x10000, radix: 16).suffix(4) }
            } else {
                switch scalar {
                case "\"": quoted += #"\""#
                case "\\": quoted += #"\\"#
                case "\n": quoted += #"\n"#
                default: quoted.unicodeScalars.append(scalar)
                }
            }
        }
        return quoted + "\""
    }

    private static func document(_ random: inout SeededGenerator, depth: Int = 0) -> String {
        let members = (0..<random.within(1...3)).map { index in
            let value =
                switch random.below(depth < 2 ? 5 : 4) {
                case 0: "\(random.below(100_000))"
                case 1: "[\(quoted(text(&random), &random)), null]"
                case 4: quoted(document(&random, depth: depth + 1), &random)
                default: quoted(text(&random), &random)
                }
            return "\"m\(index)\":" + (random.oneIn(3) ? " " : "") + value
        }
        let whole = "{" + members.joined(separator: ",") + "}"
        return random.oneIn(6) ? String(whole.unicodeScalars.prefix(random.below(whole.unicodeScalars.count))) : whole
    }

    /// What a string that says `text` says when it is masked.
    private static func masked(_ text: String, _ reference: ReferenceMasker) throws -> String {
        let body = Array(String(decoding: try JSONSerialization.data(withJSONObject: text, options: [.fragmentsAllowed, .withoutEscapingSlashes]), as: UTF8.self).utf8)
        let json = try JSONSerialization.jsonObject(with: Data(reference.mask(body).output), options: .fragmentsAllowed)
        return try #require(json as? String)
    }

    /// A document whose members that carry pieces say nothing.
    private static func emptied(_ value: Any) -> Any {
        switch value {
        case let object as [String: Any]:
            return Dictionary(uniqueKeysWithValues: object.map { ($0.key, Speech.carriers.contains($0.key) && $0.value is String ? "" : emptied($0.value)) })
        case let list as [Any]: return list.map(emptied)
        default: return value
        }
    }

    @Test("What a client puts together, and all else in the events, is masked as by the reference", arguments: Effort.seeds(200))
    func speech(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let rules = Self.rules(&random)
        let set = try RuleSet(rules)
        let reference = try ReferenceMasker(rules, format: .json)
        let speech = Speech.all[Int(seed) % Speech.all.count]

        // Each lane gives its pieces in order.
        struct Piece {
            var answer: Int
            var kind: Int
            var text: String
            var isEnd = false
        }
        var texts: [String] = []
        var lanes: [[Piece]] = []
        for answer in 0..<(speech.hasOneAnswer ? 1 : random.within(1...3)) {
            var lane: [Piece] = []
            for kind in 0..<speech.kinds where random.oneIn(2) || speech.kinds == 1 {
                let text = random.oneIn(3) ? Self.document(&random) : Self.text(&random)
                texts.append(text)
                var rest = Array(text.unicodeScalars)[...]
                while !rest.isEmpty {
                    let piece = rest.prefix(random.oneIn(4) ? 12 : random.within(0...3))
                    lane.append(Piece(answer: answer, kind: kind, text: String(String.UnicodeScalarView(piece))))
                    rest = rest.dropFirst(piece.count)
                }
                if speech.end != nil, random.oneIn(2) { lane.append(Piece(answer: answer, kind: kind, text: text, isEnd: true)) }
                if !speech.takesTurns {
                    lanes.append(lane)
                    lane = []
                }
            }
            lanes.append(lane)
        }
        var stream = Array((speech.format == .sse ? random.pick(["", ": hello\n\n", "\u{FEFF}", "retry: 10\n\n"]) : "").utf8)
        var emptyEvents: [String] = []
        while lanes.contains(where: { !$0.isEmpty }) {
            let lane = lanes.indices.filter { !lanes[$0].isEmpty }.randomElement(using: &random)!
            let piece = lanes[lane].removeFirst()
            var more = random.oneIn(2) ? #""note":\#(Self.quoted(Self.text(&random), &random)),"# : ""
            if random.oneIn(2) { more += #""created":\#(random.below(200_000)),"# }
            let whole = Self.quoted(piece.text, &random)
            let json = piece.isEnd ? speech.end!(piece.answer, piece.kind, whole) : speech.event(piece.answer, piece.kind, whole, more)
            emptyEvents.append(piece.isEnd ? speech.end!(piece.answer, piece.kind, "\"\"") : speech.event(piece.answer, piece.kind, "\"\"", more))
            switch speech.format {
            case .sse:
                let line = random.pick(["\n", "\n", "\r\n", "\r"])
                let named = random.oneIn(2) ? "event: e\(line)" : ""
                stream += (named + "data:" + random.pick([" ", ""]) + json + line + line).utf8
            case .eventstream: stream += ReferenceMessage(event: json).bytes
            case .jsonArray: stream += ((stream.isEmpty ? random.pick(["[", "\u{FEFF} [\n"]) : random.pick([",", "\r\n, ", ",\n"])) + json).utf8
            default: stream += (json + random.pick(["\n", "\r\n"])).utf8
            }
        }
        if speech.format == .sse, random.oneIn(2) { stream += "data: [DONE]\n\n".utf8 }
        if speech.format == .jsonArray { stream += (stream.isEmpty ? "[]" : random.pick(["]", "\n]\n"])).utf8 }

        let body = stream
        let output = try MaskerRun(set, speech.format, body).result.output
        for cuts in [Cuts.every(1, of: body.count), .every(7, of: body.count), .random(of: body.count, using: &random)] {
            #expect(try MaskerRun(set, speech.format, body, cuts).result.output == output, "seed \(seed), \(speech.api), \(cuts)")
        }
        func events(_ stream: [UInt8]) throws -> [ClientEvent] {
            let events =
                switch speech.format {
                case .sse: ClientEvent.parse(stream)
                case .eventstream: try ClientEvent.messages(stream)
                case .jsonArray: try ClientEvent.elements(stream)
                default: ClientEvent.lines(stream)
                }
            return events.filter { !$0.data.isEmpty && $0.data != "[DONE]" }
        }
        let before = try events(body)
        let after = try events(output)
        #expect(after.count == before.count && after.count == emptyEvents.count, "seed \(seed), \(speech.api)")
        let clear = ReferenceClient.texts(speech.api, before)
        let read = ReferenceClient.texts(speech.api, after)
        #expect(clear.values.filter { !$0.isEmpty }.sorted() == texts.filter { !$0.isEmpty }.sorted())
        for (channel, text) in clear {
            let expected = try Self.masked(text, reference)
            #expect(read[channel] == expected, "seed \(seed), \(speech.api) \(channel): \(text.debugDescription)\n\(shown(rules))")
        }
        for (event, empty) in zip(after, emptyEvents) {
            let expected = try JSONSerialization.jsonObject(with: Data(reference.mask(Array(empty.utf8)).output))
            let got = try #require(event.json, "seed \(seed), \(speech.api): \(event.data)")
            #expect((Self.emptied(got) as? NSObject) == (Self.emptied(expected) as? NSObject), "seed \(seed), \(speech.api): \(event.data)\n\(shown(rules))")
            if let whole = (got as? [String: Any])?["whole"] as? String {
                #expect(read.values.contains(whole) || whole.isEmpty, "seed \(seed), \(speech.api): \(whole)")
            }
        }
    }

    @Test("The data of an event is its lines joined, and is masked as that", arguments: Effort.seeds(100))
    func joinedLines(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let rules = Self.rules(&random)
        let set = try RuleSet(rules)
        let end = random.pick(["\n", "\r\n", "\r"])
        var stream = random.pick(["", "\u{FEFF}"])
        var expected: [ClientEvent] = []
        for number in 0..<random.within(1...5) {
            var data = random.oneIn(3) ? Self.document(&random) : Self.text(&random) + "\n" + Self.text(&random)
            if random.oneIn(3) { data = data.replacing(",", with: ",\n").replacing("{", with: "{\n") }
            data = data.replacing("\u{2028}", with: "")
            if random.oneIn(3) { stream += ": \(number)\(end)" }
            if random.oneIn(3) { stream += "id: \(number)\(end)event: name\(end)" }
            let hasID = stream.hasSuffix("event: name\(end)")
            for line in data.split(separator: "\n", omittingEmptySubsequences: false) { stream += "data: \(line)\(end)" }
            if random.oneIn(3) { stream += "unknown\(end)" }
            stream += end
            let first = data.unicodeScalars.first { $0 != " " && $0 != "\n" }
            let isJSON = first == "{" || first == "[" || (try? JSONSerialization.jsonObject(with: Data(data.utf8), options: .fragmentsAllowed)) != nil
            let masked = try ReferenceMasker(rules, format: isJSON ? .json : .text).mask(Array(data.utf8)).output
            expected.append(ClientEvent(type: hasID ? "name" : "", data: String(decoding: masked, as: UTF8.self), id: hasID ? "\(number)" : nil))
        }
        let body = Array(stream.utf8)
        for cuts in [Cuts.whole, .every(1, of: body.count), .random(of: body.count, using: &random)] {
            let output = try MaskerRun(set, .sse, body, cuts).result.output
            #expect(ClientEvent.parse(output) == expected, "seed \(seed), \(cuts): \(shown(body))\n\(shown(rules))")
        }
    }

    @Test("A match over lines between which another field stands leaves the field where it is")
    func fieldBetween() throws {
        let set = try RuleSet([Rule(id: "key", entity: "KEY", pattern: "BEGIN[a-z\\n]{1,90}END")])
        let body = Array("data: BEGINab\nid: 7\ndata: cdEND rest\n\ndata: BEGIN\ndata: xy\ndata: END.\n\n".utf8)
        for size in [1, 9, 100] {
            let output = try MaskerRun(set, .sse, body, .every(size, of: body.count)).result.output
            #expect(String(decoding: output, as: UTF8.self) == "data: [REDACTED:KEY]\nid: 7\ndata:  rest\n\ndata: [REDACTED:KEY].\n\n")
        }
    }

    @Test("The cases of other parsers come through as they are", .enabled(if: SharedInputs.arePresent))
    func parserCases() throws {
        let set = try RuleSet([Rule(id: "never", entity: "NEVER", pattern: "never-[0-9]{4}")])
        for file in ["sse-contract", "eventsource-parser"] {
            let cases = try Data(contentsOf: SharedInputs.folder!.appendingPathComponent("cases/sse/\(file).jsonl"))
            for line in cases.split(separator: 0x0A) {
                let record = try JSONSerialization.jsonObject(with: Data(line)) as! [String: Any]
                let chunks = (record["chunks_b64"] as! [String]).map { [UInt8](Data(base64Encoded: $0)!) }
                let body = chunks.flatMap { $0 }
                var ends = chunks.reduce(into: [0]) { $0.append($0.last! + $1.count) }
                ends.removeLast()
                for cuts in [Cuts(offsets: Array(ends.dropFirst())), .every(1, of: body.count)] {
                    let run = try MaskerRun(set, .sse, body, cuts)
                    #expect(run.result.output == body, "\(record["id"] ?? "")")
                }
            }
        }
    }
}
