// Commands in event streams: an event in which a blocked command begins never leaves, however the command is spread over events.

import Engine
import Foundation
import Testing

/// How one API streams the arguments of a tool, or a command.
private struct Proposal: CustomStringConvertible, Sendable {
    var description: String
    var format: Format = .sse
    /// What is streamed: the arguments around a command, or the command alone.
    var isCommand = false
    var language = "shell"
    var before: [String] = []
    /// The event with a piece, given as a JSON string.
    var piece: @Sendable (String) -> String
    /// The events that follow, given the whole as a JSON string.
    var after: @Sendable (String) -> [String]
    var error: String

    func stream(_ pieces: [String], whole: String) -> [String] {
        (before + pieces.map { piece(Self.quoted($0)) } + after(Self.quoted(whole))).map { format == .sse ? "data: \($0)\n\n" : $0 + "\n" }
    }

    static func quoted(_ text: String) -> String {
        String(decoding: try! JSONSerialization.data(withJSONObject: text, options: [.fragmentsAllowed, .withoutEscapingSlashes]), as: UTF8.self)
    }

    static let all: [Proposal] = [
        Proposal(
            description: "OpenAI chat completions", before: [#"{"id":"c","choices":[{"index":0,"delta":{"role":"assistant","content":"I run it"}}]}"#],
            piece: { #"{"id":"c","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":\#($0)}}]},"finish_reason":null}]}"# },
            after: { _ in [#"{"id":"c","choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}"#, "[DONE]"] }, error: "sluice_blocked"),
        Proposal(
            description: "OpenAI responses", before: [#"{"type":"response.created","sequence_number":0}"#],
            piece: { #"{"type":"response.function_call_arguments.delta","sequence_number":4,"item_id":"i","output_index":1,"delta":\#($0),"obfuscation":"abc"}"# },
            after: {
                [
                    #"{"type":"response.function_call_arguments.done","sequence_number":5,"output_index":1,"arguments":\#($0)}"#,
                    #"{"type":"response.output_item.done","sequence_number":6,"output_index":1,"item":{"type":"function_call","arguments":\#($0)}}"#,
                ]
            }, error: #""sequence_number":4"#),
        Proposal(
            description: "OpenAI shell call", isCommand: true,
            piece: { #"{"type":"response.shell_call_command.delta","output_index":1,"command_index":0,"delta":\#($0)}"# },
            after: { [#"{"type":"response.shell_call_command.done","output_index":1,"command_index":0,"command":\#($0)}"#] }, error: "sluice_blocked"),
        Proposal(
            description: "OpenAI code interpreter", isCommand: true, language: "code",
            piece: { #"{"type":"response.code_interpreter_call_code.delta","output_index":1,"delta":\#($0)}"# },
            after: { [#"{"type":"response.code_interpreter_call_code.done","output_index":1,"code":\#($0)}"#] }, error: "sluice_blocked"),
        Proposal(
            description: "OpenAI custom tool", isCommand: true, piece: { #"{"type":"response.custom_tool_call_input.delta","output_index":1,"delta":\#($0)}"# },
            after: { _ in [#"{"type":"response.custom_tool_call_input.done","output_index":1}"#] }, error: "sluice_blocked"),
        Proposal(
            description: "Anthropic messages",
            before: [
                #"{"type":"message_start","message":{"id":"m"}}"#, #"{"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"t","name":"bash","input":{}}}"#,
                #"{"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":""}}"#,
            ],
            piece: { #"{"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":\#($0)}}"# },
            after: { _ in [#"{"type":"content_block_stop","index":1}"#, #"{"type":"message_stop"}"#] }, error: "permission_error"),
        Proposal(
            description: "Gemini, an argument in parts", isCommand: true,
            piece: {
                #"{"candidates":[{"content":{"parts":[{"functionCall":{"name":"sh","partialArgs":[{"jsonPath":"$.command","stringValue":\#($0)}],"willContinue":true}}]},"index":0}]}"#
            }, after: { _ in [#"{"candidates":[{"content":{"parts":[]},"finishReason":"STOP","index":0}]}"#] }, error: "PERMISSION_DENIED"),
        Proposal(
            description: "Bedrock", format: .ndjson, before: [#"{"messageStart":{"role":"assistant"}}"#],
            piece: { #"{"contentBlockDelta":{"contentBlockIndex":1,"delta":{"toolUse":{"input":\#($0)}}}}"# },
            after: { _ in [#"{"contentBlockStop":{"contentBlockIndex":1}}"#, #"{"messageStop":{"stopReason":"tool_use"}}"#] }, error: "modelStreamErrorException"),
        Proposal(
            description: "Cohere", before: [#"{"type":"message-start","id":"m"}"#],
            piece: { #"{"type":"tool-call-delta","index":0,"delta":{"message":{"tool_calls":{"function":{"arguments":\#($0)}}}}}"# },
            after: { _ in [#"{"type":"tool-call-end","index":0}"#, #"{"type":"message-end","delta":{"finish_reason":"TOOL_CALL"}}"#] }, error: #""finish_reason":"ERROR""#),
        Proposal(
            description: "OpenRouter, reasoning in two places, a code block",
            piece: { #"{"id":"c","choices":[{"index":0,"delta":{"reasoning":\#($0),"reasoning_details":[{"type":"reasoning.text","text":\#($0),"index":0}]},"finish_reason":null}]}"# },
            after: { _ in [#"{"id":"c","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#, "[DONE]"] }, error: "sluice_blocked"),
        Proposal(
            description: "Ollama, a code block", format: .ndjson, piece: { #"{"model":"m","message":{"role":"assistant","content":\#($0)},"done":false}"# },
            after: { _ in [#"{"model":"m","message":{"role":"assistant","content":""},"done":true}"#] }, error: "sluice_blocked"),
    ]
}

@Suite("Commands in event streams")
struct CommandStreamTests {
    /// What a proposal says around a command, so that the command begins in a piece of its own.
    private static func around(_ proposal: Proposal) -> (String, String) {
        if proposal.isCommand { return ("", "") }
        return proposal.description.contains("code block") ? ("Run:\n", "```bash\n") : (#"{"x": 1, "command" : ""#, "")
    }

    private static func text(_ proposal: Proposal, _ command: String) -> (head: String, rest: String) {
        let (head, fence) = around(proposal)
        if proposal.isCommand { return ("", command) }
        if !fence.isEmpty { return (head, fence + command + "\n```\nDone.") }
        return (head, command + #"", "y":[2]}"#)
    }

    @Test("Nothing of a blocked command is released, whatever the deltas and the cuts", arguments: Proposal.all, [1, 3, 100])
    private func blocked(proposal: Proposal, size: Int) throws {
        let (head, rest) = Self.text(proposal, "cd /srv && ls; EVIL")
        let pieces = head.isEmpty ? [] : [head]
        var parts = pieces
        var characters = rest[...]
        while !characters.isEmpty {
            parts.append(String(characters.prefix(size)))
            characters = characters.dropFirst(size)
        }
        let events = proposal.stream(parts, whole: head + rest)
        let body = Array(events.joined().utf8)
        let whole = try MaskerRun(TestJudge.set(), proposal.format, body).result
        let safe = events.prefix(proposal.before.count + pieces.count).joined()
        let output = String(decoding: whole.output, as: UTF8.self)
        #expect(whole.blocked?.rule == "evil.\(proposal.language)")
        #expect(output.hasPrefix(safe), "\(output)")
        let last = output.dropFirst(safe.count)
        #expect(last.contains("sluice_blocked") && last.contains(proposal.error) && !last.contains("srv"), "\(last)")
        for cuts in [Cuts.every(1, of: body.count), .every(17, of: body.count)] {
            if let what = difference(try MaskerRun(TestJudge.set(), proposal.format, body, cuts).result, whole) { Issue.record("\(cuts)\n\(what)") }
        }
        // With nothing to block it comes through as it is.
        let (_, harmless) = Self.text(proposal, "cd /srv && ls; WARN")
        let other = Array(proposal.stream(pieces + harmless.map(String.init), whole: head + harmless).joined().utf8)
        let run = try MaskerRun(TestJudge.set(), proposal.format, other, .every(11, of: other.count))
        #expect(run.result.output == other)
        #expect(run.result.findings.contains { $0.rule == "warn.\(proposal.language)" && $0.outcome == .reported })
    }

    private static func chat(_ text: String, member: String = "content") -> String { #"data: {"choices":[{"index":0,"delta":{"\#(member)":\#(Proposal.quoted(text))}}]}"# + "\n\n" }

    @Test("A command in one event, in a document or in a text, is found")
    func oneEvent() throws {
        for data in [
            #"{"candidates":[{"content":{"parts":[{"functionCall":{"name":"sh","args":{"command":"EVIL"}}}]}}]}"#,
            #"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"sh","arguments":{"command":"EVIL"}}}"#,
            #"{"message":{"role":"assistant","content":"","tool_calls":[{"function":{"arguments":{"command":["E","VI L"]}}}]},"done":false}"#,
            #"{"other":"{\"command\":\"EVIL\"}"}"#, "see\ndata: ```bash\ndata: EVIL\ndata: ```",
        ] {
            let body = Array("data: {\"a\":1}\n\ndata: \(data)\n\n".utf8)
            let run = try MaskerRun(TestJudge.set(), .sse, body)
            #expect(run.result.blocked?.rule == "evil.shell", "\(data)")
            #expect(run.result.output.starts(with: Array("data: {\"a\":1}\n\n".utf8)) && !String(decoding: run.result.output, as: UTF8.self).contains("EVIL"), "\(data)")
        }
    }

    @Test(
        "A value that differs from that of the event before is read where a command may stand",
        arguments: [
            (#""command":"VALUE""#, "EVIL", true), (#""args":["x","VALUE"]"#, "EVIL", true), (#""note":"VALUE""#, #"{\"command\":\"EVIL\"}"#, true),
            (#""note":"VALUE""#, #"\u007b\"command\":\"EVIL\"}"#, true), (#""command":"run","args":"VALUE""#, "EVIL", true), (#""note":"VALUE""#, "EVIL", false),
        ])
    func varyingValue(member: String, evil: String, isRead: Bool) throws {
        let events = ["ls", "cd", evil, "cd"].map { #"data: {"choices":[{"index":0,"delta":{"content":"a"}}],"# + member.replacing("VALUE", with: $0) + "}\n\n" }
        let run = try MaskerRun(TestJudge.set(), .sse, Array(events.joined().utf8))
        #expect(run.result.blocked?.rule == (isRead ? "evil.shell" : nil), "\(member)")
    }

    @Test("A code block that is open when another text speaks is judged as it is, and again with what follows")
    func turns() throws {
        let start = Self.chat("see\n") + Self.chat("```sh\nE")
        let other = Self.chat("hm", member: "reasoning")
        let harmless = try MaskerRun(TestJudge.set(), .sse, Array((start + other).utf8), .every(1, of: (start + other).utf8.count))
        #expect(harmless.result.output == Array((start + other).utf8))
        let body = Array((start + other + Self.chat("VI") + Self.chat("L\n```\n")).utf8)
        let run = try MaskerRun(TestJudge.set(), .sse, body)
        #expect(run.result.blocked?.rule == "evil.shell")
        #expect(String(decoding: run.result.output, as: UTF8.self).hasPrefix(start + other))
        let evil = try MaskerRun(TestJudge.set(), .sse, Array((Self.chat("see\n") + Self.chat("```sh\nEVIL") + other).utf8))
        #expect(evil.result.blocked?.rule == "evil.shell")
        #expect(String(decoding: evil.result.output, as: UTF8.self).hasPrefix(Self.chat("see\n")) && !String(decoding: evil.result.output, as: UTF8.self).contains("EVIL"))
    }

    @Test("What waits for a mask and what waits for a verdict leave in order")
    func both() throws {
        let set = try TestJudge.set([Rule(id: "mail", entity: "M", pattern: "[a-z]{1,9}@[a-z]{1,9}[.][a-z]{2}")])
        let texts = ["write ann@", "b.de now\n``", "`sh\nls x@", "y.de\n``", "`\nbye"]
        let body = Array(texts.map { Self.chat($0) }.joined().utf8)
        let run = try MaskerRun(set, .sse, body, .every(1, of: body.count))
        let masked = ["write [REDACTED:M]", " now\n``", "`sh\nls [REDACTED:M]", "\n``", "`\nbye"]
        #expect(String(decoding: run.result.output, as: UTF8.self) == masked.map { Self.chat($0) }.joined())
    }

    @Test("Commands of some kilobytes, a byte in each event, wait whole; longer ones are judged as far as they have come", arguments: [2_000, 30_000])
    func long(count: Int) throws {
        let proposal = Proposal.all[0]
        let (head, _) = Self.text(proposal, "")
        for (end, isBlocked) in [("EVIL", true), ("ls", false)] {
            let command = String(repeating: "echo some words; ", count: count / 17) + end + #""}"#
            let events = proposal.stream([head] + command.map(String.init), whole: "")
            let body = Array(events.joined().utf8)
            let run = try MaskerRun(TestJudge.set(), .sse, body, .every(1000, of: body.count))
            if isBlocked {
                #expect(run.result.blocked?.rule == "evil.shell")
                if count == 2_000 { #expect(String(decoding: run.result.output, as: UTF8.self).components(separatedBy: "\n\n").count == 4) }
                #expect(!String(decoding: run.result.output, as: UTF8.self).contains(#""L""#))
            } else {
                #expect(run.result.output == body)
            }
            #expect(try MaskerRun(TestJudge.set(), .sse, body).result == run.result)
        }
    }

    @Test("Recorded streams come through as they are", .enabled(if: SharedInputs.arePresent))
    func recorded() throws {
        for file in ["anthropic-sdk", "vercel-ai"] {
            for recorded in try ModelStreamTests.streams(file) {
                let run = try MaskerRun(TestJudge.set(), recorded.format, recorded.stream, .every(100, of: recorded.stream.count))
                #expect(run.result.output == recorded.stream, "\(recorded)")
            }
        }
    }

    @Test("Random streams come out the same in every cut, and as without a judge up to the event in which the first command is held", arguments: Effort.seeds(150))
    func random(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let words = ["EVIL", "E", "VIL", " ", "ls", "WARN", "\n", "```", "```sh\n", "\n```\n", "a@b.cd", "{\"command\":\"", "\"", "}", "\\", "x\n", "~~~\n"]
        var stream = ""
        for _ in 0..<random.within(1...25) {
            let text = (0..<random.within(0...3)).map { _ in random.pick(words) }.joined()
            stream += random.oneIn(6) ? "data: {\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\(Proposal.quoted(text))}}]}}]}\n\n" : Self.chat(text)
            if random.oneIn(15) { stream += "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n" }
        }
        let body = Array(stream.utf8)
        let rules = [Rule(id: "mail", entity: "M", pattern: "[a-z]{1,9}@[a-z]{1,9}[.][a-z]{2}")]
        let set = try TestJudge.set(rules)
        let whole = try MaskerRun(set, .sse, body).result
        for cuts in [Cuts.every(1, of: body.count), .every(7, of: body.count), .random(of: body.count, using: &random)] {
            if let what = difference(try MaskerRun(set, .sse, body, cuts).result, whole) { Issue.record("seed \(seed), \(cuts)\n\(stream)\n\(what)") }
        }
        let plain = try MaskerRun(RuleSet(rules), .sse, body).result.output
        let text = String(decoding: whole.output, as: UTF8.self)
        if whole.blocked == nil {
            #expect(whole.output == plain, "seed \(seed)")
            // Each text as its client puts it together, judged by the reference.
            for (_, text) in ReferenceClient.texts("openai-chat", ClientEvent.parse(body).filter { !$0.data.isEmpty }) where !stream.contains("stop") && !stream.contains("arguments") {
                if !InnerDocument.isOne(Array(text.utf8)) {
                    // What was text for the engine from its start on.
                    let found = ReferenceCommands(text: Array(text.utf8)).verdicts.filter { $0.blocks && $0.rule != "evil.line" }
                    #expect(found.isEmpty, "seed \(seed)\n\(stream)")
                }
            }
        } else {
            let released = text.components(separatedBy: "\n\n").dropLast(2).joined(separator: "\n\n")
            #expect(String(decoding: plain, as: UTF8.self).hasPrefix(released), "seed \(seed)\n\(stream)")
        }
    }
}
