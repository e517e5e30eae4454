// A model's answer as it streams: events with a few dozen bytes of text each, as OpenAI's chat completions and responses, Anthropic's tool calls and Ollama send
// them.
//
// Sources: OpenAI API reference, "Chat completions: chunk object" and "Responses: streaming events"; Anthropic, "Streaming messages"; Ollama, "Generate a chat
// message"; framing by the HTML standard, "Server-sent events".

enum ModelStream {
    enum Form {
        /// Events that differ in their text only.
        case chunks
        /// The same with paragraphs, lists and code blocks, some of them with commands.
        case markdown
        /// Every event has a number and padding of its own.
        case responses
        /// The arguments of a tool call: a document whose strings are the text.
        case tools
        /// NDJSON, each line with a time of its own.
        case lines
    }

    static func make(_ shape: BodyShape, _ form: Form) -> [UInt8] {
        var random = SplitMix(state: shape.seed)
        let id = random.string(29, of: Alphabet.alphanumeric)
        var writer = JSONWriter(escapes: shape.escapes, seed: shape.seed, capacity: shape.bytes + 1000)
        var answer: Substring = form == .tools ? "{" : ""
        var number = 0
        while writer.bytes.count < shape.bytes {
            while answer.utf8.count < shape.delta {
                let sentence = Prose.sentence(shape, &random)
                if form == .markdown { answer += block(sentence, number, &random) } else { answer += form == .tools ? "\"note\(number)\":\"\(sentence.filter { $0 != "\"" && $0 != "\\" })\"," : sentence + " " }
                number += 1
            }
            // The first characters that come to `delta` bytes or just over.
            var length = 0
            let piece = answer.prefix { character in
                defer { length += character.utf8.count }
                return length < shape.delta
            }
            answer = answer[piece.endIndex...]
            switch form {
            case .chunks, .markdown:
                event(id, &writer) { writer in
                    writer.raw(#"{"content":"#)
                    writer.string(String(piece))
                    writer.raw("}")
                } finish: {
                    "null"
                }
            case .responses:
                writer.raw("event: response.output_text.delta\ndata: ")
                writer.raw(#"{"type":"response.output_text.delta","sequence_number":\#(number),"item_id":"msg_\#(id)","output_index":0,"content_index":0,"delta":"#)
                writer.string(String(piece))
                writer.raw(#","logprobs":[],"obfuscation":"\#(random.string(12, of: Alphabet.alphanumeric))"}"# + "\n\n")
                number += 1
            case .tools:
                writer.raw("event: content_block_delta\ndata: ")
                writer.raw(#"{"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"#)
                writer.string(String(piece))
                writer.raw("}}\n\n")
            case .lines:
                writer.raw(#"{"model":"llama3.2","created_at":"2026-11-23T01:\#(10 + random.below(50)):\#(10 + random.below(50)).\#(100_000_000 + random.below(900_000_000))Z","#)
                writer.raw(#""message":{"role":"assistant","content":"#)
                writer.string(String(piece))
                writer.raw("},\"done\":false}\n")
            }
        }
        if form != .chunks && form != .markdown { return writer.bytes }
        event(id, &writer) {
            $0.raw("{}")
        } finish: {
            #""stop""#
        }
        writer.raw("data: [DONE]\n\n")
        return writer.bytes
    }

    /// A block of Markdown: of twelve five are paragraphs, five items of lists, one a heading, one is code.
    private static func block(_ sentence: String, _ number: Int, _ random: inout SplitMix) -> String {
        switch random.below(12) {
        case 0: "## \(sentence.prefix(30))\n\n"
        case 1 where random.percent(50): "```python\nfor item in items[:\(number)]:\n    print(item.name, item.total * 1.19)\n```\n\n"
        case 1: "```bash\ncd /srv/app\(number) && git pull --ff-only\nmake -j4 test | tee build.log\n```\n\n"
        case 2...6: "- **Item \(number)**: \(sentence)\n"
        default: sentence + "\n\n"
        }
    }

    private static func event(_ id: String, _ writer: inout JSONWriter, delta: (inout JSONWriter) -> Void, finish: () -> String) {
        writer.raw(#"data: {"id":"chatcmpl-\#(id)","object":"chat.completion.chunk","created":1790000000,"model":"gpt-5","choices":[{"index":0,"delta":"#)
        delta(&writer)
        writer.raw(#","logprobs":null,"finish_reason":\#(finish())}]}"# + "\n\n")
    }
}
