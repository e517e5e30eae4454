"""The vendors' own clients and an agent read masked streams: texts, tool calls and closing events."""

import asyncio
import json
import secrets
import urllib.request

import anthropic
import boto3
import botocore.config
import botocore.exceptions
import openai
import pytest
from google import genai

import model_streams
from processes import Gateway

QUESTION = "What is on file?"
SIZES = [1, 5, "seed 1", "seed 2", 1000]
CODINGS = [None, "gzip"]


def card():
    """A number that passes for a payment card's: Luhn's check holds."""
    digits = [4] + [secrets.randbelow(10) for _ in range(14)]
    total = sum(sum(divmod(digit * 2, 10)) if place % 2 == 0 else digit for place, digit in enumerate(digits))
    return "".join(map(str, digits)) + str(-total % 10)


class Planted:
    """Values made for one test, a text that says them, and a tool call that carries them."""

    def __init__(self):
        self.card, self.mail = card(), f"anna.{secrets.token_hex(4)}@example.org"
        self.spaced = " ".join(self.card[at : at + 4] for at in range(0, 16, 4))
        self.values = [self.card, self.mail, self.spaced]
        self.text = f"I found Anna: card {self.spaced}, also written {self.card}. Write to {self.mail}, please. That is all."
        self.tool = ("pay", json.dumps({"card": self.card, "note": f'for "{self.mail}"', "amount": 17, "tags": ["a", {"b": None}]}))

    def readable_in(self, *texts):
        return [value for value in self.values for text in texts if value in text]

    def check_text(self, text):
        assert text.startswith("I found Anna: card ") and text.endswith(", please. That is all."), text
        assert self.readable_in(text) == []

    def check_arguments(self, arguments):
        """Of a tool call: the document that it was, with the values masked."""
        assert self.readable_in(json.dumps(arguments)) == []
        assert list(arguments) == ["card", "note", "amount", "tags"]
        assert (arguments["amount"], arguments["tags"]) == (17, ["a", {"b": None}])
        assert arguments["note"].startswith('for "') and arguments["note"].endswith('"')


@pytest.fixture(scope="module")
def gateway(tmp_path_factory, scripted, vendor):
    gateway = Gateway(tmp_path_factory.mktemp("clients"), scripted.url, vendor.key_file, profiles="[default]")
    yield gateway
    gateway.end()


@pytest.fixture
def planted():
    return Planted()


@pytest.fixture
def openai_client(gateway):
    with openai.OpenAI(base_url=gateway.url + "/vendor/v1", api_key=gateway.key, timeout=30, max_retries=0) as client:
        yield client


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("size", SIZES)
def test_openai_chat(scripted, openai_client, planted, size, coding):
    scripted.play("/v1/chat/completions", list(model_streams.chat(planted.text, size, planted.tool)), coding=coding)
    text, arguments, finish, usage = "", "", None, None
    for chunk in openai_client.chat.completions.create(model="m", messages=[{"role": "user", "content": QUESTION}], stream=True):
        usage = chunk.usage or usage
        for choice in chunk.choices:
            text += choice.delta.content or ""
            finish = choice.finish_reason or finish
            for call in choice.delta.tool_calls or []:
                arguments += call.function.arguments or ""
    planted.check_text(text)
    planted.check_arguments(json.loads(arguments))
    assert (finish, usage.total_tokens) == ("tool_calls", 18)


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("size", SIZES)
def test_openai_responses(scripted, openai_client, planted, size, coding):
    scripted.play("/v1/responses", list(model_streams.responses(planted.text, size, planted.tool)), coding=coding)
    text, arguments, numbers, seen = "", "", [], []
    for event in openai_client.responses.create(model="m", input=QUESTION, stream=True):
        numbers.append(event.sequence_number)
        if event.type == "response.output_text.delta":
            text += event.delta
        elif event.type == "response.function_call_arguments.delta":
            arguments += event.delta
        else:
            seen.append(event.model_dump_json())
    planted.check_text(text)
    planted.check_arguments(json.loads(arguments))
    assert planted.readable_in(*seen) == []
    # The closing events say what the deltas said.
    assert event.type == "response.completed" and numbers == list(range(len(numbers)))
    planted.check_text(event.response.output_text)
    planted.check_arguments(json.loads(event.response.output[1].arguments))
    assert event.response.usage.total_tokens == 18


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("size", SIZES)
def test_anthropic_messages(scripted, gateway, planted, size, coding):
    scripted.play("/v1/messages", list(model_streams.messages(planted.text, size, planted.tool)), coding=coding)
    with anthropic.Anthropic(base_url=gateway.url + "/vendor", api_key=gateway.key, timeout=30, max_retries=0) as client:
        tool = {"name": "pay", "description": "pays", "input_schema": {"type": "object"}}
        with client.messages.stream(model="m", max_tokens=100, messages=[{"role": "user", "content": QUESTION}], tools=[tool]) as stream:
            seen = [event.model_dump_json() for event in stream]
            message = stream.get_final_message()
    assert planted.readable_in(*seen) == []
    planted.check_text(message.content[0].text)
    planted.check_arguments(message.content[1].input)
    assert (message.stop_reason, message.usage.output_tokens) == ("tool_use", 11)


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("size", SIZES)
def test_google_genai(scripted, gateway, planted, size, coding):
    scripted.play("/v1beta/models/m:streamGenerateContent", list(model_streams.gemini(planted.text, size, planted.tool)), coding=coding)
    client = genai.Client(api_key=gateway.key, http_options={"base_url": gateway.url + "/vendor", "api_version": "v1beta", "timeout": 30_000})
    text, calls, last = "", [], None
    for last in client.models.generate_content_stream(model="m", contents=QUESTION):
        for part in last.candidates[0].content.parts or []:
            text += part.text or ""
            if part.function_call:
                calls.append(part.function_call)
    planted.check_text(text)
    assert [call.name for call in calls] == ["pay"]
    planted.check_arguments(calls[0].args)
    assert (last.candidates[0].finish_reason.value, last.usage_metadata.total_token_count) == ("STOP", 18)


@pytest.mark.parametrize("size", SIZES)
def test_gemini_without_alt_sse(scripted, gateway, planted, size):
    path = "/v1beta/models/m:streamGenerateContent"
    pieces = model_streams.elements(model_streams.gemini(planted.text, size, planted.tool))
    scripted.play(path, pieces, "application/json; charset=UTF-8")
    request = urllib.request.Request(gateway.url + "/vendor" + path, b"{}", {"Authorization": f"Bearer {gateway.key}", "Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as response:
        chunks = json.load(response)
    assert len(chunks) == len(pieces) - 1
    parts = [part for chunk in chunks for part in chunk["candidates"][0]["content"]["parts"]]
    planted.check_text("".join(part.get("text", "") for part in parts))
    planted.check_arguments([part["functionCall"]["args"] for part in parts if "functionCall" in part][0])


def bedrock_client(gateway):
    settings = botocore.config.Config(signature_version=botocore.UNSIGNED, retries={"total_max_attempts": 1}, read_timeout=30)
    client = boto3.client(
        "bedrock-runtime", endpoint_url=gateway.url + "/vendor", region_name="us-east-1", aws_access_key_id="none", aws_secret_access_key="none", config=settings
    )
    client.meta.events.register("before-send.bedrock-runtime", lambda request, **rest: request.headers.__setitem__("Authorization", f"Bearer {gateway.key}"))
    return client


@pytest.fixture
def bedrock(gateway):
    client = bedrock_client(gateway)
    yield client
    client.close()


BINARY = "application/vnd.amazon.eventstream"


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("size", SIZES)
def test_bedrock_converse(scripted, bedrock, planted, size, coding):
    scripted.play("/model/m/converse-stream", list(model_streams.converse(planted.text, size, planted.tool)), BINARY, coding)
    answer = bedrock.converse_stream(modelId="m", messages=[{"role": "user", "content": [{"text": QUESTION}]}])
    text, reasoning, arguments, seen = "", "", "", []
    for event in answer["stream"]:
        seen.append(json.dumps(event))
        delta = event.get("contentBlockDelta", {}).get("delta", {})
        text += delta.get("text", "")
        reasoning += delta.get("reasoningContent", {}).get("text", "")
        arguments += delta.get("toolUse", {}).get("input", "")
    planted.check_text(text)
    planted.check_text(reasoning)
    planted.check_arguments(json.loads(arguments))
    assert planted.readable_in(*seen) == []
    assert event["metadata"]["usage"]["totalTokens"] == 18


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", [BINARY, "text/plain"])
def test_bedrock_invoke(scripted, bedrock, planted, size, kind):
    # Without its content type, the stream is known by its first message.
    path, pieces = "/model/m/invoke-with-response-stream", list(model_streams.invoked(model_streams.messages(planted.text, size, planted.tool)))
    scripted.play(path, pieces, kind)
    answer = bedrock.invoke_model_with_response_stream(modelId="m", body=b"{}")
    text, arguments, seen = "", "", []
    for event in answer["body"]:
        said = event["chunk"]["bytes"].decode()
        seen.append(said)
        delta = json.loads(said).get("delta", {})
        text += delta.get("text", "")
        arguments += delta.get("partial_json", "")
    planted.check_text(text)
    planted.check_arguments(json.loads(arguments))
    assert planted.readable_in(*seen) == [] and len(seen) == len(pieces)


def test_bedrock_raises_what_a_rule_blocks(scripted, start_gateway, planted):
    gateway = start_gateway(scripted.url, connection="actions: {CREDIT_CARD: block}")
    scripted.play("/model/m/converse-stream", list(model_streams.converse(planted.text, 3)), BINARY)
    answer = bedrock_client(gateway).converse_stream(modelId="m", messages=[{"role": "user", "content": [{"text": QUESTION}]}])
    text = ""
    with pytest.raises(botocore.exceptions.EventStreamError, match="sluice_blocked") as raised:
        for event in answer["stream"]:
            text += event.get("contentBlockDelta", {}).get("delta", {}).get("text", "")
    assert raised.value.response["Error"]["Code"] == "modelStreamErrorException"
    assert "I found Anna: card".startswith(text) and text.startswith("I found")


@pytest.mark.parametrize("streams", [False, True], ids=["whole", "streamed"])
def test_an_autogen_agent_uses_a_tool(scripted, gateway, planted, streams):
    from autogen_agentchat.agents import AssistantAgent
    from autogen_ext.models.openai import OpenAIChatCompletionClient

    path = "/v1/chat/completions"
    scripted.answers.pop(path, None)
    if streams:
        scripted.play(path, list(model_streams.chat("", "seed 7", planted.tool)))
        scripted.play(path, list(model_streams.chat(planted.text, "seed 8")))
    else:

        def answer(message, finish):
            usage = {"prompt_tokens": 7, "completion_tokens": 11, "total_tokens": 18}
            choices = [{"index": 0, "message": {"role": "assistant", **message}, "finish_reason": finish}]
            document = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "m", "choices": choices, "usage": usage}
            return [json.dumps(document).encode()]

        call = {"id": "call_1", "type": "function", "function": {"name": planted.tool[0], "arguments": planted.tool[1]}}
        scripted.play(path, answer({"content": None, "tool_calls": [call]}, "tool_calls"), "application/json")
        scripted.play(path, answer({"content": planted.text}, "stop"), "application/json")
    paid = []

    def pay(card: str, note: str, amount: int, tags: list) -> str:
        """Pays an amount from a card."""
        paid.append({"card": card, "note": note, "amount": amount, "tags": tags})
        return "paid 17"

    async def run():
        information = {"vision": False, "function_calling": True, "json_output": False, "family": "unknown", "structured_output": False}
        client = OpenAIChatCompletionClient(
            model="m", base_url=gateway.url + "/vendor/v1", api_key=gateway.key, model_info=information, timeout=30, max_retries=0
        )
        agent = AssistantAgent("agent", model_client=client, tools=[pay], reflect_on_tool_use=True, model_client_stream=streams)
        try:
            return await agent.run(task=QUESTION)
        finally:
            await client.close()

    before = len(scripted.requests)
    result = asyncio.run(asyncio.wait_for(run(), 60))
    assert len(paid) == 1
    planted.check_arguments(paid[0])
    planted.check_text(result.messages[-1].content)
    # The vendor was told what the tool said, in answer to its own call.
    assert len(scripted.requests) - before == 2
    told = [message for message in json.loads(scripted.requests[-1][2])["messages"] if message["role"] == "tool"]
    assert [(message["tool_call_id"], message["content"]) for message in told] == [("call_1", "paid 17")]
