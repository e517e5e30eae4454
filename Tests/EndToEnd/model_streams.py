"""Answers of model APIs as their vendors stream them, around texts that a test gives. Formats: the vendors' API references."""

import base64
import binascii
import json
import random
import struct


def split(text, size):
    """`text` in pieces of `size` characters, or, for a size like "seed 3", of random lengths from one to nine."""
    if isinstance(size, int):
        return [text[at : at + size] for at in range(0, len(text), size)]
    chance, pieces = random.Random(size), []
    while text:
        length = chance.randint(1, 9)
        pieces.append(text[:length])
        text = text[length:]
    return pieces


def event(data, name=None):
    return ((f"event: {name}\n" if name else "") + f"data: {json.dumps(data)}\n\n").encode()


def chat(text, size, tool=None):
    """OpenAI chat completions. `tool` is a name and arguments as a string of JSON."""

    def chunk(delta, finish=None):
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return event({"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]})

    yield chunk({"role": "assistant", "content": ""})
    for piece in split(text, size):
        yield chunk({"content": piece})
    if tool:
        name, arguments = tool
        yield chunk({"tool_calls": [{"index": 0, "id": "call_1", "type": "function", "function": {"name": name, "arguments": ""}}]})
        for piece in split(arguments, size):
            yield chunk({"tool_calls": [{"index": 0, "function": {"arguments": piece}}]})
    yield chunk({}, "tool_calls" if tool else "stop")
    usage = {"prompt_tokens": 7, "completion_tokens": 11, "total_tokens": 18}
    yield event({"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [], "usage": usage})
    yield b"data: [DONE]\n\n"


def responses(text, size, tool=None):
    """OpenAI responses."""
    number = -1

    def numbered(kind, **members):
        nonlocal number
        number += 1
        return event({"type": kind, "sequence_number": number, **members}, kind)

    def response(status, output, usage=None):
        return {
            "id": "resp_1", "object": "response", "created_at": 1, "status": status, "error": None, "incomplete_details": None, "instructions": None,
            "metadata": {}, "model": "m", "output": output, "parallel_tool_calls": True, "temperature": 1, "tool_choice": "auto", "tools": [],
            "top_p": 1, "usage": usage,
        }  # fmt: skip

    yield numbered("response.created", response=response("in_progress", []))
    message = {"id": "msg_1", "type": "message", "role": "assistant", "status": "in_progress", "content": []}
    yield numbered("response.output_item.added", output_index=0, item=message)
    place = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
    yield numbered("response.content_part.added", **place, part={"type": "output_text", "text": "", "annotations": []})
    for piece in split(text, size):
        yield numbered("response.output_text.delta", **place, delta=piece, logprobs=[])
    yield numbered("response.output_text.done", **place, text=text, logprobs=[])
    part = {"type": "output_text", "text": text, "annotations": []}
    yield numbered("response.content_part.done", **place, part=part)
    message = message | {"status": "completed", "content": [part]}
    yield numbered("response.output_item.done", output_index=0, item=message)
    output = [message]
    if tool:
        name, arguments = tool
        call = {"id": "fc_1", "type": "function_call", "call_id": "call_1", "name": name, "arguments": "", "status": "in_progress"}
        yield numbered("response.output_item.added", output_index=1, item=call)
        for piece in split(arguments, size):
            yield numbered("response.function_call_arguments.delta", item_id="fc_1", output_index=1, delta=piece)
        yield numbered("response.function_call_arguments.done", item_id="fc_1", output_index=1, name=name, arguments=arguments)
        call = call | {"arguments": arguments, "status": "completed"}
        yield numbered("response.output_item.done", output_index=1, item=call)
        output.append(call)
    details = {"input_tokens_details": {"cached_tokens": 0}, "output_tokens_details": {"reasoning_tokens": 0}}
    usage = {"input_tokens": 7, "output_tokens": 11, "total_tokens": 18} | details
    yield numbered("response.completed", response=response("completed", output, usage))


def messages(text, size, tool=None):
    """Anthropic messages."""

    def typed(kind, **members):
        return event({"type": kind, **members}, kind)

    usage = {"input_tokens": 7, "output_tokens": 1}
    message = {"id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": [], "stop_reason": None, "stop_sequence": None}
    yield typed("message_start", message=message | {"usage": usage})
    yield typed("content_block_start", index=0, content_block={"type": "text", "text": ""})
    yield typed("ping")
    for piece in split(text, size):
        yield typed("content_block_delta", index=0, delta={"type": "text_delta", "text": piece})
    yield typed("content_block_stop", index=0)
    if tool:
        name, arguments = tool
        yield typed("content_block_start", index=1, content_block={"type": "tool_use", "id": "toolu_1", "name": name, "input": {}})
        for piece in split(arguments, size):
            yield typed("content_block_delta", index=1, delta={"type": "input_json_delta", "partial_json": piece})
        yield typed("content_block_stop", index=1)
    yield typed("message_delta", delta={"stop_reason": "tool_use" if tool else "end_turn", "stop_sequence": None}, usage={"output_tokens": 11})
    yield typed("message_stop")


def gemini(text, size, tool=None):
    """Gemini generateContent, streamed. Its calls come whole, with arguments as an object."""

    def content(parts, **members):
        candidate = {"content": {"parts": parts, "role": "model"}, "index": 0, **members}
        usage = {"promptTokenCount": 7, "candidatesTokenCount": 11, "totalTokenCount": 18}
        return event({"candidates": [candidate], "usageMetadata": usage, "modelVersion": "m", "responseId": "r"})

    for piece in split(text, size):
        yield content([{"text": piece}])
    if tool:
        name, arguments = tool
        yield content([{"functionCall": {"name": name, "args": json.loads(arguments)}}])
    yield content([{"text": ""}], finishReason="STOP")


def elements(events):
    """The events of :func:`gemini` as it streams them without `alt=sse`: elements of one array."""
    documents = [b"".join(line.removeprefix(b"data: ") for line in event.splitlines()) for event in events]
    return [(b",\r\n" if place else b"[") + document for place, document in enumerate(documents)] + [b"\n]\n"]


def message(kind, payload, role="event"):
    """One message of an Amazon event stream."""
    fields = {f":{role}-type": kind, ":content-type": "application/json", ":message-type": role}
    head = b"".join(struct.pack("!B", len(name)) + name.encode() + struct.pack("!BH", 7, len(value)) + value.encode() for name, value in fields.items())
    prelude = struct.pack("!II", len(head) + len(payload) + 16, len(head))
    checked = prelude + struct.pack("!I", binascii.crc32(prelude)) + head + payload
    return checked + struct.pack("!I", binascii.crc32(checked))


def converse(text, size, tool=None):
    """Amazon Bedrock's ConverseStream."""

    def said(kind, **members):
        return message(kind, json.dumps(members | {"p": "abcdefghijkl"}).encode())

    yield said("messageStart", role="assistant")
    for piece in split(text, size):
        yield said("contentBlockDelta", contentBlockIndex=0, delta={"text": piece})
    yield said("contentBlockStop", contentBlockIndex=0)
    for piece in split(text, size):
        yield said("contentBlockDelta", contentBlockIndex=1, delta={"reasoningContent": {"text": piece}})
    yield said("contentBlockStop", contentBlockIndex=1)
    if tool:
        name, arguments = tool
        yield said("contentBlockStart", contentBlockIndex=2, start={"toolUse": {"toolUseId": "tooluse_1", "name": name}})
        for piece in split(arguments, size):
            yield said("contentBlockDelta", contentBlockIndex=2, delta={"toolUse": {"input": piece}})
        yield said("contentBlockStop", contentBlockIndex=2)
    yield said("messageStop", stopReason="tool_use" if tool else "end_turn")
    yield said("metadata", usage={"inputTokens": 7, "outputTokens": 11, "totalTokens": 18}, metrics={"latencyMs": 5})


def invoked(events):
    """The events of :func:`messages` as Bedrock's InvokeModelWithResponseStream sends them."""
    for event in events:
        data = event.split(b"data: ", 1)[1].strip()
        yield message("chunk", json.dumps({"bytes": base64.b64encode(data).decode(), "p": "abcdef"}).encode())
