// Which strings of a model API's events are pieces of one text that its reader puts together: the table, one row for each kind of text.
//
// To add a vendor: a row for each member that carries pieces, with the members that tell its texts apart; what ends them; and, if its errors have a form of
// their own, a case of `ModelAPI` with its event in `StreamErrors.swift`. `EventReader.swift` reads events by this table.
//
// Sources, by the name of the reference:
// OpenAI "Chat completions: chunk object", "Completions", "Responses: streaming events", "Assistants: streaming"; Azure, Groq, DeepSeek, xAI, Perplexity, vLLM
// and others send the same chunks with members of their own. Mistral "Chat completion: streaming" (content as an array of chunks). OpenRouter "Reasoning
// tokens". Anthropic "Streaming messages". Google "generateContent: streamGenerateContent", "FunctionCall: PartialArg" and "Interactions: streaming". LiteLLM "Reasoning content". Mistral "Agents and conversations: streaming". AWS
// "ConverseStreamOutput", "InvokeAgent: PayloadPart" and "Inference request parameters and response fields" of each model. Cohere "Chat v2: streaming" and "Chat v1: streaming". Ollama "Generate a chat message", "Generate a completion". Hugging Face "Text generation inference: StreamResponse".
// llama.cpp server "completion". Vercel "AI SDK UI: stream protocol". Alibaba "DashScope API reference". Dify "Chat messages: streaming". "Agent2Agent protocol: TaskArtifactUpdateEvent". Model Context Protocol "Transports: streamable HTTP" (no deltas: each message is whole).

/// Whose stream it is, as far as its events tell.
enum ModelAPI: Sendable {
    /// Chat completions and completions, and all who send the same chunks: Mistral among them.
    case openAIChat
    case openAIResponses
    case anthropic
    case gemini
    case bedrock
    case cohere
    case ollama
    /// JSON-RPC over streamable HTTP.
    case modelContextProtocol
}

/// Texts that are told apart, and end, in the same way.
enum ChannelFamily: UInt8 {
    case chat, responses, blocks, bedrock, candidates, cohere, ollama, others

    /// The texts of one answer follow each other, though no event says that one has ended.
    var takesTurns: Bool { hasAnswers || self == .cohere || self == .ollama }
    /// There can be several answers: the first label says which.
    var hasAnswers: Bool { self == .chat || self == .candidates }
}

/// What tells two channels of a family apart.
enum ChannelLabel {
    /// The member at this path. Where there is none: for an `index` of an array's element its position, else nothing.
    case member(String)
    /// The first of these members of the document that is there.
    case first([String])
    /// The event's type without what says that it is a piece or the end: `response.output_text` of `response.output_text.delta`.
    case stem
}

/// A member that carries pieces. `[]` in a path is any element of an array, `*` any member that has no row.
struct ChannelRow {
    var path: String
    var family: ChannelFamily
    /// Pieces of one name, and with the same labels, are one text.
    var name: String
    var labels: [ChannelLabel]
    /// Only in events that have one of these members; in all if there are none.
    var requires: [String]

    init(_ path: String, _ family: ChannelFamily, _ name: String, _ labels: [ChannelLabel], requires: String...) {
        self.path = path
        self.family = family
        self.name = name
        self.labels = labels
        self.requires = requires
    }
}

/// What ends channels.
struct ChannelEnd {
    enum Cause {
        /// The event's type.
        case type(String)
        /// Any type that ends like this and is not named.
        case typeEnding(String)
        /// A string that is not empty, or `true`.
        case member(String)
    }
    var cause: Cause
    /// Of whom; nil: all channels end.
    var family: ChannelFamily?
    /// Those with these labels end.
    var labels: [ChannelLabel]

    init(_ cause: Cause, _ family: ChannelFamily? = nil, _ labels: [ChannelLabel] = []) {
        self.cause = cause
        self.family = family
        self.labels = labels
    }
}

enum ModelChannels {
    private static let choice = ChannelLabel.member("choices[].index")
    private static let block = ChannelLabel.member("index")
    private static let candidate = ChannelLabel.member("candidates[].index")
    private static let bedrockBlock = ChannelLabel.member("contentBlockDelta.contentBlockIndex")
    /// Some gateways give every event another `item_id`: the position is what clients go by.
    private static let item = ChannelLabel.first(["output_index", "item_id", "id", "toolCallId"])
    private static let inItem: [ChannelLabel] = [
        item, .stem, .member("content_index"), .member("summary_index"), .member("command_index"),
    ]

    private static let inContent: [ChannelLabel] = [.member("index"), .member("output_index"), .member("content_index")]

    static let rows: [ChannelRow] = [
        // OpenAI chat completions, and what others add to its `delta`.
        .init("choices[].delta.content", .chat, "content", [choice]),
        .init("choices[].delta.content[].text", .chat, "content", [choice]),
        .init("choices[].delta.content[].thinking[].text", .chat, "thinking", [choice]),
        .init("choices[].delta.reasoning_details[].text", .chat, "details", [choice, .member("choices[].delta.reasoning_details[].index")]),
        .init("choices[].delta.reasoning_details[].summary", .chat, "summary", [choice, .member("choices[].delta.reasoning_details[].index")]),
        .init("choices[].delta.tool_calls[].function.arguments", .chat, "arguments", [choice, .member("choices[].delta.tool_calls[].index")]),
        .init("choices[].delta.tool_calls[].custom.input", .chat, "input", [choice, .member("choices[].delta.tool_calls[].index")]),
        .init("choices[].delta.function_call.arguments", .chat, "function", [choice]),
        .init("choices[].delta.audio.transcript", .chat, "transcript", [choice]),
        .init("choices[].delta.thinking_blocks[].thinking", .chat, "thinking_blocks", [choice]),
        .init("choices[].delta.provider_specific_fields.reasoning_content", .chat, "provider", [choice]),
        .init("choices[].delta.provider_specific_fields.thinking_blocks[].thinking", .chat, "provider_blocks", [choice]),
        // refusal, reasoning, reasoning_content, reasoning_text, thinking, …
        .init("choices[].delta.*", .chat, "*", [choice]),
        // OpenAI completions.
        .init("choices[].text", .chat, "text", [choice]),

        // OpenAI responses: output_text, refusal, reasoning_text, reasoning_summary_text, function_call_arguments, mcp_call_arguments,
        // code_interpreter_call_code, custom_tool_call_input, shell_call_command, audio.transcript. AI SDK: text, reasoning, tool-input.
        .init("delta", .responses, "", inItem),
        .init("delta.stdout", .responses, "stdout", inItem),
        .init("delta.stderr", .responses, "stderr", inItem),
        .init("inputTextDelta", .responses, "", inItem),
        // OpenAI assistants.
        .init("delta.content[].text.value", .responses, "value", [item, .member("delta.content[].index")]),
        .init(
            "delta.step_details.tool_calls[].function.arguments", .responses, "arguments", [item, .member("delta.step_details.tool_calls[].index")]),
        .init(
            "delta.step_details.tool_calls[].code_interpreter.input", .responses, "input",
            [item, .member("delta.step_details.tool_calls[].index")]),

        .init(
            "delta.step_details.tool_calls[].code_interpreter.outputs[].logs", .responses, "logs",
            [item, .member("delta.step_details.tool_calls[].index"), .member("delta.step_details.tool_calls[].code_interpreter.outputs[].index")]),

        // Anthropic messages; `delta.text` and what follows `delta.content` of Gemini's interactions too.
        .init("content_block.text", .blocks, "text", [block]),
        .init("delta.text", .blocks, "text", [block]),
        .init("content_block.thinking", .blocks, "thinking", [block]),
        .init("delta.thinking", .blocks, "thinking", [block]),
        .init("delta.partial_json", .blocks, "partial_json", [block]),
        .init("delta.content", .blocks, "content", [block]),
        .init("delta.content.text", .blocks, "summary", [block]),
        .init("delta.arguments", .blocks, "arguments", [block]),

        // Gemini. Thoughts and answers are put together apart; an argument of a call that comes in parts is named by its path.
        .init("candidates[].content.parts[].text", .candidates, "text", [candidate, .member("candidates[].content.parts[].thought")]),
        .init(
            "candidates[].content.parts[].functionCall.partialArgs[].stringValue", .candidates, "argument",
            [candidate, .member("candidates[].content.parts[].functionCall.partialArgs[].jsonPath")]),

        .init("candidates[].content.parts[].executableCode.code", .candidates, "code", [candidate]),
        .init("candidates[].content.parts[].codeExecutionResult.output", .candidates, "result", [candidate]),
        .init(
            "response.candidates[].content.parts[].text", .candidates, "text",
            [.member("response.candidates[].index"), .member("response.candidates[].content.parts[].thought")]),

        // Amazon Bedrock, Converse.
        .init("contentBlockDelta.delta.text", .bedrock, "text", [bedrockBlock]),
        .init("contentBlockDelta.delta.toolUse.input", .bedrock, "input", [bedrockBlock]),
        .init("contentBlockDelta.delta.reasoningContent.text", .bedrock, "reasoning", [bedrockBlock]),
        .init("contentBlockDelta.delta.toolResult[].text", .bedrock, "result", [bedrockBlock]),
        .init("contentBlockDelta.delta.citation.sourceContent[].text", .bedrock, "source", [bedrockBlock]),
        // Text in binary messages: InvokeAgent's.
        .init("chunk.bytes", .bedrock, "bytes", []),
        // The models' own events in those of InvokeModelWithResponseStream: Amazon Titan, Meta Llama, Mistral, Cohere Command, Anthropic's text completions.
        .init("outputText", .others, "output", [.member("index")], requires: "completionReason"),
        .init("generation", .others, "generation", [], requires: "generation_token_count"),
        .init("outputs[].text", .others, "outputs", [.member("outputs[].index")], requires: "outputs[].stop_reason"),
        .init("completion", .others, "completion", [], requires: "stop_reason"),

        // Cohere v2, and v1.
        .init("delta.message.content.text", .cohere, "text", [block]),
        .init("delta.message.content.thinking", .cohere, "thinking", [block]),
        .init("delta.message.tool_calls.function.arguments", .cohere, "arguments", [block]),
        .init("delta.message.tool_plan", .cohere, "plan", []),
        .init("text", .cohere, "v1", [], requires: "event_type", "is_finished"),
        .init("tool_call_delta.parameters", .cohere, "parameters", [.member("tool_call_delta.index")]),

        // Ollama.
        .init("message.content", .ollama, "content", [], requires: "done"),
        .init("message.thinking", .ollama, "thinking", [], requires: "done"),
        .init("response", .ollama, "response", [], requires: "done"),
        .init("thinking", .ollama, "thoughts", [], requires: "done"),

        // Mistral conversations; llama.cpp.
        .init("content", .others, "content", inContent, requires: "stop", "output_index"),
        .init("content.text", .others, "content", inContent, requires: "output_index"),
        .init("content.thinking[].text", .others, "thinking", inContent, requires: "output_index"),
        .init("arguments", .others, "arguments", [.member("output_index"), .member("id")], requires: "tool_call_id", "name"),

        // Alibaba DashScope; Amazon's RetrieveAndGenerateStream. The whole answer so far is no text that goes on, but masked as one.
        .init("output.text", .others, "text", []),
        .init("output.choices[].message.content", .others, "message", [.member("output.choices[].index")]),
        .init("output.choices[].message.reasoning_content", .others, "reasoning", [.member("output.choices[].index")]),
        // Dify; agents' artifacts (A2A).
        .init("answer", .others, "answer", [], requires: "task_id", "message_id"),
        .init("result.artifact.parts[].text", .others, "artifact", [.member("result.artifact.artifactId")]),

        // Hugging Face text generation inference.
        // Its `index` counts tokens.
        .init("token.text", .others, "token", [], requires: "generated_text"),
    ]

    /// Channels that are commands as a whole, by a part of their names: a row's, or that of an event's type. The input of a tool of the caller's own may be anything.
    static let commands: [(family: ChannelFamily, part: String, language: String, isCertain: Bool)] = [
        (.responses, "response.shell_call_command", "shell", true), (.responses, "response.code_interpreter_call_code", "code", true),
        (.responses, "response.custom_tool_call_input", "shell", false), (.responses, "input", "code", true), (.chat, "input", "shell", false),
    ]

    /// Members that `*` does not stand for: said once, not put together.
    static let notPieces = ["choices[].delta.role", "choices[].delta.id", "choices[].delta.type", "choices[].delta.name", "choices[].delta.object"]

    /// Not among them: `finishReason` of Gemini, which some versions send with every piece; its texts end with the body.
    static let ends: [ChannelEnd] = [
        .init(.member("choices[].finish_reason"), .chat, [choice]),
        .init(.type("content_block_stop"), .blocks, [block]),
        .init(.type("step.stop"), .blocks, [block]),
        .init(.type("message_stop")),
        .init(.type("interaction.completed")),
        .init(.type("response.output_item.done"), .responses, [item]),
        .init(.type("response.completed")),
        .init(.type("response.failed")),
        .init(.type("response.incomplete")),
        .init(.typeEnding(".done"), .responses, inItem),
        .init(.typeEnding("-end"), .responses, inItem),
        .init(.type("content-end"), .cohere, [block]),
        .init(.type("tool-call-end"), .cohere, [block]),
        .init(.type("message-end")),
        .init(.type("stream-end")),
        .init(.member("contentBlockStop.contentBlockIndex"), .bedrock, [.member("contentBlockStop.contentBlockIndex")]),
        .init(.member("messageStop.stopReason")),
        .init(.member("done")),
        .init(.member("generated_text")),
        .init(.member("stop")),
    ]

    /// Members by which an API is known.
    static let members: [(path: String, api: ModelAPI)] = [
        ("choices", .openAIChat), ("candidates", .gemini), ("jsonrpc", .modelContextProtocol), ("done", .ollama),
        ("messageStart", .bedrock), ("contentBlockStart", .bedrock), ("contentBlockDelta", .bedrock),
    ]

    /// Types of events by which an API is known; those that end in `.` or `-` are beginnings.
    static let types: [(type: String, api: ModelAPI)] = [
        ("response.", .openAIResponses), ("message_start", .anthropic), ("content_block_start", .anthropic), ("content_block_delta", .anthropic),
        ("message-start", .cohere), ("content-", .cohere), ("tool-plan-delta", .cohere), ("tool-call-", .cohere), ("citation-", .cohere),
        ("interaction.", .gemini), ("step.", .gemini),
    ]

    /// Ends what an event's type says of its pieces.
    static let stemEndings = [".delta", ".done", "-delta", "-start", "-end"]
    /// Members that say again, token by token, what a text says: emptied in an event of which something is masked.
    static let tokenLists = ["logprobs", "logprobsResult", "top_tokens"]
}
