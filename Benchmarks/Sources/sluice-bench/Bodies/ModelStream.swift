// A model's answer as it streams: server-sent events with OpenAI's chat chunks, each with a few dozen bytes of text.
//
// Source: OpenAI API reference, "Chat completions: chunk object"; framing by the HTML standard, "Server-sent events".

enum ModelStream {
    static func make(_ shape: BodyShape) -> [UInt8] {
        var random = SplitMix(state: shape.seed)
        let id = random.string(29, of: Alphabet.alphanumeric)
        var writer = JSONWriter(escapes: shape.escapes, seed: shape.seed, capacity: shape.bytes + 1000)
        var answer: Substring = ""
        while writer.bytes.count < shape.bytes {
            while answer.utf8.count < shape.delta { answer += Prose.sentence(shape, &random) + " " }
            // The first characters that come to `delta` bytes or just over.
            var length = 0
            let piece = answer.prefix { character in
                defer { length += character.utf8.count }
                return length < shape.delta
            }
            answer = answer[piece.endIndex...]
            event(id, &writer) { writer in
                writer.raw(#"{"content":"#)
                writer.string(String(piece))
                writer.raw("}")
            } finish: {
                "null"
            }
        }
        event(id, &writer) {
            $0.raw("{}")
        } finish: {
            #""stop""#
        }
        writer.raw("data: [DONE]\n\n")
        return writer.bytes
    }

    private static func event(_ id: String, _ writer: inout JSONWriter, delta: (inout JSONWriter) -> Void, finish: () -> String) {
        writer.raw(#"data: {"id":"chatcmpl-\#(id)","object":"chat.completion.chunk","created":1790000000,"model":"gpt-5","choices":[{"index":0,"delta":"#)
        delta(&writer)
        writer.raw(#","logprobs":null,"finish_reason":\#(finish())}]}"# + "\n\n")
    }
}
