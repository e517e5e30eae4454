// The event with which a model stream ends that a rule has blocked: the one that says so in the API whose stream it is.
//
// Sources: OpenAI "Chat completions: streaming" (an `error` object in the data is raised by the clients) and "Responses: error event"; Anthropic "Streaming
// messages: error events"; Google "google.rpc.Status" as the error of a stream's last message; AWS "ConverseStreamOutput: modelStreamErrorException"; Cohere
// "Chat v2: message-end" (`finish_reason` ERROR); Ollama "Errors: errors while streaming"; JSON-RPC 2.0 §5.1.

enum StreamError {
    /// Named in every one of them, for programs.
    private static let code = "sluice_blocked"
    private static let message = "sluice_blocked: the gateway ended this answer, because it holds something that its rules block"

    /// Of Bedrock's `ModelStreamErrorException`.
    private static let errorMembers = #"{"message":"\#(message)","originalStatusCode":403,"originalMessage":"\#(message)"}"#

    /// The last event of a stream.
    ///
    /// - Parameters:
    ///   - api: nil where the stream did not tell.
    ///   - framing: of the stream.
    ///   - isFirst: no event stands before it.
    ///   - sequenceNumber: that of the event in whose place it stands, in OpenAI's responses.
    ///   - requestID: of the JSON-RPC request, as JSON.
    static func event(_ api: ModelAPI?, _ framing: EventFraming.Kind, isFirst: Bool, sequenceNumber: Int?, requestID: [UInt8]?) -> [UInt8] {
        var name: String?
        let data: String
        switch api {
        case .openAIChat:
            data = #"{"error":{"message":"\#(message)","type":"permission_error","param":null,"code":"\#(code)"}}"#
        case .openAIResponses:
            name = "error"
            let number = sequenceNumber.map { #","sequence_number":\#($0)"# } ?? ""
            data = #"{"type":"error","code":"\#(code)","message":"\#(message)","param":null\#(number)}"#
        case .anthropic:
            name = "error"
            data = #"{"type":"error","error":{"type":"permission_error","message":"\#(message)"}}"#
        case .gemini:
            data = #"{"error":{"code":403,"message":"\#(message)","status":"PERMISSION_DENIED"}}"#
        case .bedrock:
            data = #"{"modelStreamErrorException":\#(errorMembers)}"#
        case .cohere:
            name = "message-end"
            data = #"{"type":"message-end","delta":{"finish_reason":"ERROR","error":"\#(message)"}}"#
        case .ollama:
            data = #"{"error":"\#(message)"}"#
        case .modelContextProtocol:
            name = "message"
            let id = requestID.map { String(decoding: $0, as: UTF8.self) } ?? "null"
            data = #"{"jsonrpc":"2.0","id":\#(id),"error":{"code":-32001,"message":"\#(message)","data":{"code":"\#(code)"}}}"#
        case nil:
            // Raised by clients that look for an `error` member, and by those that look for an event of that name.
            name = "error"
            data = #"{"type":"error","error":{"type":"permission_error","code":"\#(code)","message":"\#(message)"}}"#
        }
        switch framing {
        case .lines: return Array((data + "\n").utf8)
        case .elements: return Array(((isFirst ? "[" : ",\n") + data + "]").utf8)
        case .messages: return AmazonMessage.exception("modelStreamErrorException", errorMembers)
        case .serverSent: return Array(((name.map { "event: \($0)\n" } ?? "") + "data: " + data + "\n\n").utf8)
        }
    }

    /// The number that an event of OpenAI's responses has in its stream.
    static func sequenceNumber(of event: [UInt8]) -> Int? {
        let name = Array("\"sequence_number\":".utf8)
        for start in event.indices where event[start...].starts(with: name) {
            return Int(String(decoding: event[(start + name.count)...].drop { $0 == 0x20 }.prefix { (0x30...0x39).contains($0) }, as: UTF8.self))
        }
        return nil
    }
}
