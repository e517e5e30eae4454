// Which strings of a model API's events are pieces of one text that its reader puts together.
//
// Sources: the vendors' references for streaming: OpenAI "Chat completions: chunk object", "Completions" and "Responses: streaming events",
// Anthropic "Streaming messages", Google "generateContent: streamGenerateContent", Cohere "Chat: stream events". Mistral, Groq, vLLM and others
// send OpenAI's chunks.

/// A string in an event that goes on, and is gone on with, in other events.
struct ChannelPiece {
    /// Names the channel within the stream: the path and the indices on it.
    var channel: String
    /// Index into the texts of the event.
    var text: Int
}

/// What one event says about channels.
struct ChannelReading {
    var pieces: [ChannelPiece] = []
    /// Channels whose names begin like this get nothing more; an empty one ends all.
    var ended: [String] = []

    /// Paths of members that carry pieces. `[]` is any element of an array.
    private static let paths: Set<String> = [
        "choices[].delta.content", "choices[].delta.reasoning_content", "choices[].delta.reasoning", "choices[].delta.refusal",
        "choices[].delta.tool_calls[].function.arguments", "choices[].delta.function_call.arguments", "choices[].text",
        "delta", "delta.text", "delta.thinking", "delta.partial_json",
        "candidates[].content.parts[].text",
        "delta.message.content.text", "delta.message.content.thinking", "delta.message.tool_calls.function.arguments",
    ]
    /// Members that tell channels of the same path apart.
    private static let indices: Set<String> = ["index", "output_index", "content_index", "item_id"]

    /// Reads the strings and structure of a whole JSON document.
    ///
    /// - Parameter texts: its texts as ``JSONTokenizer`` found them.
    init(_ payload: UnsafeBufferPointer<UInt8>, texts: [JSONText]) {
        var levels: [Level] = []
        var number = 0
        var found: [(path: [Int], name: String, text: Int)] = []
        var labels: [(object: Int, name: String, value: String)] = []
        var type = ""
        var finished: [[Int]] = []
        var position = 0
        func string(_ range: Range<Int>) -> String { String(decoding: payload[range], as: UTF8.self) }

        for index in 0...texts.count {
            let text = index < texts.count ? texts[index] : nil
            while position < (text?.start ?? payload.count) {
                switch payload[position] {
                case UInt8(ascii: "{"):
                    number += 1
                    levels.append(Level(number: number, isObject: true))
                case UInt8(ascii: "["):
                    number += 1
                    levels.append(Level(number: number, isObject: false))
                case UInt8(ascii: "}"), UInt8(ascii: "]"): _ = levels.popLast()
                case UInt8(ascii: ","): if let top = levels.indices.last, levels[top].isObject { levels[top].key = nil }
                default: break
                }
                position += 1
            }
            guard let text, let top = levels.last else { continue }
            position = text.end
            let value = text.start..<text.end
            if text.kind == .number {
                if let key = top.key, Self.indices.contains(key) { labels.append((top.number, key, string(value))) }
                continue
            }
            if top.isObject, top.key == nil {
                levels[levels.count - 1].key = string(value)
                continue
            }
            let name = levels.map { $0.isObject ? "." + ($0.key ?? "") : "[]" }.joined().dropFirst()
            if Self.paths.contains(String(name)) {
                found.append((levels.map(\.number), String(name), index))
            } else if let key = top.key {
                if Self.indices.contains(key) { labels.append((top.number, key, string(value))) }
                if name == "type" { type = string(value) }
                if name == "choices[].finish_reason" || name == "candidates[].finishReason" { finished.append(levels.map(\.number)) }
            }
        }

        func suffix(_ path: [Int]) -> String {
            labels.filter { path.contains($0.object) }.map { "|\($0.name)=\($0.value)" }.joined()
        }
        pieces = found.map { ChannelPiece(channel: $0.name.prefix { $0 != "[" && $0 != "." } + suffix($0.path) + "|" + $0.name, text: $0.text) }
        ended = finished.flatMap { ["choices" + suffix($0) + "|", "candidates" + suffix($0) + "|"] }
        let top = levels.isEmpty ? suffix([1]) : ""
        if type == "content_block_stop" { ended.append("delta" + top + "|") }
        if type.hasPrefix("response."), type.hasSuffix(".done") { ended.append("delta" + top + "|") }
        if ["message_stop", "message-end", "response.completed", "response.failed", "response.incomplete"].contains(type) { ended.append("") }
    }

    /// The answer that a channel is a part of, where its texts come one after the other: a choice of OpenAI's chunks. Nil for others.
    static func answer(of channel: String) -> String? {
        let parts = channel.split(separator: "|", maxSplits: 2)
        return parts.count > 2 && parts[0] == "choices" ? String(parts[1]) : nil
    }

    private struct Level {
        var number: Int
        var isObject: Bool
        var key: String?
    }
}
