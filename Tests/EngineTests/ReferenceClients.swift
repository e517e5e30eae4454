// What the readers of event streams make of them: the parsing of the HTML standard, and for each API the texts that its clients put together. Slow, obvious, and
// of its own: nothing of it is taken from the engine.

import Foundation

/// One event as a client gets it.
struct ClientEvent: Equatable {
    var type = ""
    var data = ""
    var id: String?

    /// Parses server-sent events (WHATWG HTML §9.2.6). What is not ended by a blank line is given too: a proxy sees it.
    static func parse(_ stream: [UInt8]) -> [ClientEvent] {
        var text = String(decoding: stream, as: UTF8.self)
        if text.unicodeScalars.first == "\u{FEFF}" { text.unicodeScalars.removeFirst() }
        text = text.replacing("\r\n", with: "\n").replacing("\r", with: "\n")
        var events: [ClientEvent] = []
        var event = ClientEvent()
        var data: [String] = []
        var isBegun = false
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.isEmpty {
                event.data = data.joined(separator: "\n")
                if isBegun { events.append(event) }
                (event, data, isBegun) = (ClientEvent(), [], false)
                continue
            }
            isBegun = true
            let colon = line.firstIndex(of: ":")
            let field = line[..<(colon ?? line.endIndex)]
            var value = colon.map { line[line.index(after: $0)...] } ?? ""
            if value.first == " " { value.removeFirst() }
            switch field {
            case "data": data.append(String(value))
            case "event": event.type = String(value)
            case "id": event.id = String(value)
            default: break
            }
        }
        return events
    }

    /// The lines of a body of NDJSON.
    static func lines(_ stream: [UInt8]) -> [ClientEvent] {
        stream.split(separator: 0x0A).map { ClientEvent(data: String(decoding: $0, as: UTF8.self)) }
    }

    /// The elements of a body that is one array.
    static func elements(_ body: [UInt8]) throws -> [ClientEvent] {
        let marked = body.starts(with: [0xEF, 0xBB, 0xBF]) ? body.dropFirst(3) : body[...]
        let elements = try JSONSerialization.jsonObject(with: Data(marked)) as? [Any] ?? []
        return try elements.map { ClientEvent(data: String(decoding: try JSONSerialization.data(withJSONObject: $0, options: .fragmentsAllowed), as: UTF8.self)) }
    }

    /// The messages of one of Amazon's event streams, as its SDKs give them.
    static func messages(_ stream: [UInt8]) throws -> [ClientEvent] {
        try ReferenceMessage.read(stream).map { ClientEvent(type: $0.type, data: String(decoding: try $0.said, as: UTF8.self)) }
    }

    var json: Any? { try? JSONSerialization.jsonObject(with: Data(data.utf8), options: .fragmentsAllowed) }
}

/// A text that a client puts together, and what an event adds to it.
struct ClientDelta {
    var channel: String
    var text: String
}

enum ReferenceClient {
    /// The texts that a client of an API puts together from its events.
    static func texts(_ api: String, _ events: [ClientEvent]) -> [String: String] {
        var texts: [String: String] = [:]
        for event in events {
            guard let json = event.json as? [String: Any] else { continue }
            for delta in deltas(api, json) { texts[delta.channel, default: ""] += delta.text }
        }
        return texts
    }

    /// The names are those of the cases beside the repository.
    static func deltas(_ api: String, _ event: [String: Any]) -> [ClientDelta] {
        var deltas: [ClientDelta] = []
        func add(_ channel: Any?..., text: Any?) {
            guard let text = text as? String else { return }
            deltas.append(ClientDelta(channel: channel.map { $0.map { "\($0)" } ?? "-" }.joined(separator: " "), text: text))
        }
        func object(_ value: Any?) -> [String: Any] { value as? [String: Any] ?? [:] }
        func list(_ value: Any?) -> [[String: Any]] { value as? [[String: Any]] ?? [] }
        switch api {
        case "openai-chat", "openai-completions":
            for choice in list(event["choices"]) {
                let index = choice["index"]
                add(index, "text", text: choice["text"])
                let delta = object(choice["delta"])
                for member in ["content", "reasoning", "reasoning_content", "refusal"] { add(index, member, text: delta[member]) }
                for part in list(delta["content"]) {
                    add(index, "content", text: part["text"])
                    for thought in list(part["thinking"]) { add(index, "thinking", text: thought["text"]) }
                }
                for (place, call) in list(delta["tool_calls"]).enumerated() {
                    add(index, "call", call["index"] ?? place, text: object(call["function"])["arguments"])
                }
                add(index, "function", text: object(delta["function_call"])["arguments"])
                add(index, "audio", text: object(delta["audio"])["transcript"])
            }
        case "openai-responses":
            let type = event["type"] as? String ?? ""
            if type.hasSuffix(".delta") {
                add(type, event["output_index"], event["content_index"], event["summary_index"], event["command_index"], text: event["delta"])
            }
        case "anthropic-messages":
            let delta = object(event["type"] as? String == "content_block_delta" ? event["delta"] : event["content_block"])
            for member in ["text", "thinking", "partial_json"] { add(event["index"], member, text: delta[member]) }
        case "gemini-generate":
            for candidate in list(event["candidates"]) {
                for part in list(object(candidate["content"])["parts"]) {
                    add(candidate["index"], part["thought"] as? Bool == true, text: part["text"])
                    for argument in list(object(part["functionCall"])["partialArgs"]) {
                        add(candidate["index"], argument["jsonPath"], text: argument["stringValue"])
                    }
                }
            }
        case "bedrock-converse":
            let block = object(event["contentBlockDelta"])
            let delta = object(block["delta"])
            add(block["contentBlockIndex"], "text", text: delta["text"])
            add(block["contentBlockIndex"], "input", text: object(delta["toolUse"])["input"])
            for result in list(delta["toolResult"]) { add(block["contentBlockIndex"], "result", text: result["text"]) }
            for source in list(object(delta["citation"])["sourceContent"]) { add(block["contentBlockIndex"], "source", text: source["text"]) }
            add(block["contentBlockIndex"], "reasoning", text: object(delta["reasoningContent"])["text"])
        case "cohere-chat":
            let message = object(object(event["delta"])["message"])
            let content = object(message["content"])
            add(event["index"], "text", text: content["text"])
            add(event["index"], "thinking", text: content["thinking"])
            add("plan", text: message["tool_plan"])
            add(event["index"], "call", text: object(object(message["tool_calls"])["function"])["arguments"])
        case "ollama":
            let message = object(event["message"])
            add("content", text: message["content"])
            add("thinking", text: message["thinking"])
            add("response", text: event["response"])
        default: preconditionFailure("no client of \(api)")
        }
        return deltas
    }

    /// All that can be read in a document: keys, strings, numbers, and what is in strings that are documents.
    static func strings(_ value: Any) -> [String] {
        switch value {
        case let object as [String: Any]: return object.flatMap { [$0.key] + strings($0.value) }
        case let list as [Any]: return list.flatMap(strings)
        case let text as String:
            guard let first = text.first, first == "{" || first == "[",
                let inner = try? JSONSerialization.jsonObject(with: Data(text.utf8), options: .fragmentsAllowed)
            else { return [text] }
            return [text] + strings(inner)
        case let number as NSNumber: return ["\(number)"]
        default: return []
        }
    }
}
