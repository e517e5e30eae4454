// Answers in the form of OpenAI's chat completions, whose streamed deltas split a card number.
//
// Source: https://platform.openai.com/docs/api-reference/chat

import Foundation
import NIOCore

/// The part of a chat request that the demonstration reads.
struct ChatRequest: Decodable {
    var model: String?
    var stream: Bool?
}

/// One answer, the same for every request with the same seed.
struct ChatCompletion {
    let model: String
    private let text: String
    private let seed: UInt64
    let planted: [PlantedValue]

    init(model: String, seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let card = grouped(random.cardNumber(), by: " ")
        let email = random.emailAddress()
        self.model = model
        self.seed = seed
        text = "I found one customer. The card on file is \(card) and receipts go to \(email). Shall I go on?"
        planted = [PlantedValue(entity: "CREDIT_CARD", value: card), PlantedValue(entity: "EMAIL_ADDRESS", value: email)]
    }

    /// The whole answer as one JSON document.
    func document() throws -> ByteBuffer {
        try encodedJSON(
            Answer(
                id: id, object: "chat.completion", created: created, model: model,
                choices: [.init(message: .init(role: "assistant", content: text), finish_reason: "stop")],
                usage: .init(prompt_tokens: 12, completion_tokens: 24, total_tokens: 36)))
    }

    /// The answer as server-sent events of a few characters each, with the events that open and close it.
    func events() throws -> [ByteBuffer] {
        var deltas = [Answer.Message(role: "assistant", content: "")]
        var rest = text[...]
        while !rest.isEmpty {
            deltas.append(.init(content: String(rest.prefix(5))))
            rest = rest.dropFirst(5)
        }
        var events = try deltas.map { try event(delta: $0, finishReason: nil) }
        events.append(try event(delta: .init(), finishReason: "stop"))
        events.append(ByteBuffer(string: "data: [DONE]\n\n"))
        return events
    }

    private var id: String { "chatcmpl-demo\(seed)" }
    private var created: Int { 1_700_000_000 }

    private func event(delta: Answer.Message, finishReason: String?) throws -> ByteBuffer {
        var event = ByteBuffer(string: "data: ")
        var body = try encodedJSON(
            Answer(id: id, object: "chat.completion.chunk", created: created, model: model, choices: [.init(delta: delta, finish_reason: finishReason)]))
        event.writeBuffer(&body)
        event.writeString("\n\n")
        return event
    }

    private struct Answer: Encodable {
        var id: String
        var object: String
        var created: Int
        var model: String
        var choices: [Choice]
        var usage: Usage?

        struct Choice: Encodable {
            var index = 0
            var message: Message?
            var delta: Message?
            var finish_reason: String?
        }

        struct Message: Encodable {
            var role: String?
            var content: String?
        }

        struct Usage: Encodable {
            var prompt_tokens: Int
            var completion_tokens: Int
            var total_tokens: Int
        }
    }
}

/// `value` as JSON with sorted keys, so that the same value is always the same bytes.
func encodedJSON(_ value: some Encodable) throws -> ByteBuffer {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return ByteBuffer(bytes: try encoder.encode(value))
}
