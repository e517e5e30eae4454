// Every place in which an API streams text: a value in pieces there is masked as in one piece.

import Engine
import Foundation
import Testing

@Suite("Places of text in streams")
struct SplitPlaceTests {
    /// Events, by the vendors' references. `@` stands for a piece, quotes and all, wherever an API says it; `%` for the event's number.
    private static let events: [(format: Format, event: String)] = [
        (.sse, #"{"choices":[{"index":0,"delta":{"content":@,"refusal":null,"tool_calls":null}}]}"#),
        (.sse, #"{"choices":[{"delta":{"role":"assistant","content":@}}]}"#),
        (.sse, #"{"choices":[{"index":0,"delta":{"refusal":@}}]}"#),
        (.sse, #"{"choices":[{"index":0,"delta":{"reasoning":@,"reasoning_details":[{"type":"reasoning.text","text":@,"index":0}]}}]}"#),
        (.sse, #"{"choices":[{"index":0,"delta":{"reasoning":@,"reasoning_details":[{"type":"reasoning.summary","summary":@}]}}],"n":%}"#),
        (.sse, #"{"choices":[{"index":0,"delta":{"reasoning_content":@,"thinking_blocks":[{"type":"thinking","thinking":@}]}}]}"#),
        (.sse, #"{"choices":[{"index":0,"delta":{"content":"","reasoning_content":@,"provider_specific_fields":{"reasoning_content":@,"thinking_blocks":[{"thinking":@}]}}}]}"#),
        (.sse, #"{"choices":[{"index":0,"delta":{"content":@}},{"index":1,"delta":{"content":@}}]}"#),
        (.sse, #"{"choices":[{"index":0,"delta":{"tool_calls":[{"index":1,"function":{"arguments":@}},{"index":2,"custom":{"input":@}}]}}]}"#),
        (.sse, #"{"choices":[{"index":0,"delta":{"tool_calls":[{"id":"","function":{"arguments":@}}]}}]}"#),
        (.sse, #"{"choices":[{"index":0,"delta":{"function_call":{"arguments":@}}}]}"#),
        (.sse, #"{"choices":[{"index":0,"delta":{"audio":{"id":"a","transcript":@}}}]}"#),
        (.sse, #"{"choices":[{"index":0,"delta":{"content":[{"type":"reference","reference_ids":[1]},{"type":"text","text":@}]}}]}"#),
        (.sse, #"{"choices":[{"index":0,"delta":{"content":[{"type":"thinking","thinking":[{"type":"text","text":@}]}]}}]}"#),
        (.sse, #"{"choices":[{"index":0,"text":@,"logprobs":null}]}"#),
        (.sse, #"{"type":"response.output_text.delta","item_id":"i","output_index":0,"content_index":0,"sequence_number":%,"delta":@}"#),
        (.sse, #"{"type":"response.output_text.delta","item_id":"i%","output_index":0,"delta":@,"obfuscation":"x%"}"#),
        (.sse, #"{"type":"response.reasoning_summary_text.delta","item_id":"i","summary_index":1,"delta":@}"#),
        (.sse, #"{"type":"response.mcp_call_arguments.delta","output_index":0,"delta":@}"#),
        (.sse, #"{"type":"response.code_interpreter_call_code.delta","output_index":0,"delta":@}"#),
        (.sse, #"{"type":"response.shell_call_output_content.delta","output_index":0,"delta":{"stdout":@,"stderr":@}}"#),
        (.sse, #"{"object":"thread.message.delta","id":"m","delta":{"content":[{"index":0,"type":"text","text":{"value":@}}]}}"#),
        (.sse, #"{"object":"thread.run.step.delta","id":"s","delta":{"step_details":{"tool_calls":[{"index":0,"code_interpreter":{"input":@,"outputs":[{"index":0,"logs":@}]}}]}}}"#),
        (.sse, #"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":@}}"#),
        (.sse, #"{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":@}}"#),
        (.sse, #"{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":@}}"#),
        (.sse, #"{"type":"completion","completion":@,"stop_reason":null}"#),
        (.jsonArray, #"{"candidates":[{"content":{"parts":[{"text":@}]},"finishReason":"STOP","index":0}],"usageMetadata":{"totalTokenCount":%}}"#),
        (.sse, #"{"candidates":[{"content":{"parts":[{"text":@,"thought":true,"thoughtSignature":"s"}]}}]}"#),
        (.sse, #"{"candidates":[{"content":{"parts":[{"text":@},{"thought":true,"text":@}]}}]}"#),
        (.sse, #"{"candidates":[{"content":{"parts":[{"executableCode":{"language":"PYTHON","code":@}}]}}]}"#),
        (.jsonArray, #"{"candidates":[{"content":{"parts":[{"codeExecutionResult":{"outcome":"OUTCOME_OK","output":@}}]}}]}"#),
        (.sse, #"{"candidates":[{"content":{"parts":[{"functionCall":{"partialArgs":[{"jsonPath":"$.a","stringValue":@},{"jsonPath":"$.b","stringValue":@}]}}]}}]}"#),
        (.sse, #"{"response":{"candidates":[{"content":{"parts":[{"text":@}]}}]},"traceId":"t"}"#),
        (.sse, #"{"event_type":"content.delta","index":0,"delta":{"type":"text","text":@}}"#),
        (.sse, #"{"event_type":"content.delta","index":0,"delta":{"type":"thought_summary","content":{"type":"text","text":@}}}"#),
        (.sse, #"{"event_type":"step.delta","index":0,"delta":{"type":"arguments_delta","arguments":@}}"#),
        (.ndjson, #"{"contentBlockDelta":{"contentBlockIndex":0,"delta":{"toolUse":{"input":@}}}}"#),
        (.eventstream, #"{"contentBlockDelta":{"contentBlockIndex":0,"delta":{"text":@}}}"#),
        (.eventstream, #"{"contentBlockDelta":{"contentBlockIndex":0,"delta":{"toolResult":[{"text":@}]},"p":"%"}}"#),
        (.eventstream, #"{"contentBlockDelta":{"contentBlockIndex":0,"delta":{"citation":{"sourceContent":[{"text":@}]}}}}"#),
        (.eventstream, #"{"outputText":@,"index":0,"completionReason":null}"#),
        (.eventstream, #"{"generation":@,"generation_token_count":%,"stop_reason":null}"#),
        (.eventstream, #"{"outputs":[{"text":@,"stop_reason":null},{"text":@,"stop_reason":null}]}"#),
        (.eventstream, #"{"text":@,"is_finished":false}"#),
        (.eventstream, #"{"completion":@,"stop_reason":null,"stop":null}"#),
        (.eventstream, #"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":@}}"#),
        (.sse, #"{"output":{"text":@}}"#),
        (.sse, #"{"output":{"choices":[{"message":{"content":@,"reasoning_content":@}}]}}"#),
        (.sse, #"{"type":"content-delta","index":0,"delta":{"message":{"content":{"text":@}}}}"#),
        (.sse, #"{"type":"content-delta","index":0,"delta":{"message":{"content":{"thinking":@}}}}"#),
        (.sse, #"{"type":"tool-plan-delta","delta":{"message":{"tool_plan":@}}}"#),
        (.sse, #"{"type":"tool-call-delta","index":0,"delta":{"message":{"tool_calls":{"function":{"arguments":@}}}}}"#),
        (.ndjson, #"{"is_finished":false,"event_type":"text-generation","text":@}"#),
        (.ndjson, #"{"is_finished":false,"event_type":"tool-calls-chunk","tool_call_delta":{"index":0,"parameters":@}}"#),
        (.sse, #"{"type":"message.output.delta","id":"m","output_index":0,"content_index":0,"content":@}"#),
        (.sse, #"{"type":"message.output.delta","id":"m","output_index":0,"content_index":0,"content":{"type":"text","text":@}}"#),
        (.sse, #"{"type":"message.output.delta","id":"m","output_index":0,"content":{"type":"thinking","thinking":[{"text":@}]}}"#),
        (.sse, #"{"type":"function.call.delta","id":"f","output_index":1,"created_at":"%","name":"n","tool_call_id":"t","arguments":@}"#),
        (.sse, #"{"type":"tool.execution.delta","id":"f","output_index":1,"name":"n","arguments":@}"#),
        (.ndjson, #"{"model":"m","created_at":"%","message":{"role":"assistant","content":@,"thinking":@},"done":false}"#),
        (.ndjson, #"{"model":"m","response":@,"thinking":@,"done":false}"#),
        (.sse, #"{"index":%,"token":{"id":%,"text":@},"generated_text":null}"#),
        (.sse, #"{"index":0,"content":@,"tokens":[%],"stop":false}"#),
        (.sse, #"{"type":"text-delta","id":"0","delta":@}"#),
        (.sse, #"{"type":"tool-input-delta","toolCallId":"t","inputTextDelta":@}"#),
        (.sse, #"{"event":"message","task_id":"t","answer":@}"#),
        (.sse, #"{"jsonrpc":"2.0","id":1,"result":{"append":true,"artifact":{"artifactId":"a","parts":[{"kind":"text","text":@}]}}}"#),
    ]

    private static let said = "Hi: ann.lee@mail.example.org \"pays\"\n4111 1111 1111 1111, é."
    private static let masked = "Hi: [REDACTED:EMAIL] \"pays\"\n**** **** **** 1111, é."

    private static func quoted(_ text: String) -> String {
        String(decoding: try! JSONSerialization.data(withJSONObject: text, options: .fragmentsAllowed), as: UTF8.self)
    }

    /// The strings that stand where `like` has one that is `@`, in order.
    private static func pieces(_ value: Any?, like shape: Any) -> [String] {
        switch shape {
        case let shape as [String: Any]: shape.keys.sorted().flatMap { pieces((value as? [String: Any])?[$0], like: shape[$0]!) }
        case let shape as [Any]: shape.indices.flatMap { place in pieces((value as? [Any]).flatMap { place < $0.count ? $0[place] : nil }, like: shape[place]) }
        case let shape as String where shape == "@": [value as? String ?? "no string"]
        default: []
        }
    }

    @Test("A value in pieces is masked as in one piece, wherever an API streams text", arguments: events.indices, Effort.seeds(4))
    func split(place: Int, seed: UInt64) throws {
        let (format, event) = Self.events[place]
        var random = SeededGenerator(seed: seed &* 1000 &+ UInt64(place))
        var stream: [UInt8] = []
        var rest = Array(Self.said.unicodeScalars)[...]
        var count = 0
        while !rest.isEmpty {
            let piece = rest.prefix(random.within(1...9))
            rest = rest.dropFirst(piece.count)
            let json = event.replacing("@", with: Self.quoted(String(String.UnicodeScalarView(piece)))).replacing("%", with: "\(count)")
            switch format {
            case .sse: stream += "data: \(json)\n\n".utf8
            case .eventstream: stream += ReferenceMessage(event: json).bytes
            case .jsonArray: stream += "\(count == 0 ? "[" : ",")\(json)".utf8
            default: stream += "\(json)\n".utf8
            }
            count += 1
        }
        if format == .jsonArray { stream += "]".utf8 }
        let output = try MaskerRun(EventStreamTests.rules(), format, stream, .random(of: stream.count, using: &random)).result.output
        let events =
            switch format {
            case .sse: ClientEvent.parse(output)
            case .eventstream: try ClientEvent.messages(output)
            case .jsonArray: try ClientEvent.elements(output)
            default: ClientEvent.lines(output)
            }
        #expect(events.count == count)
        let shape = try JSONSerialization.jsonObject(with: Data(event.replacing("@", with: "\"@\"").replacing("%", with: "0").utf8))
        let read = events.map { Self.pieces($0.json, like: shape) }
        for text in read[0].indices {
            #expect(read.map { $0[text] }.joined() == Self.masked, "seed \(seed): \(event)")
        }
    }
}
