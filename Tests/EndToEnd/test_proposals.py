"""What a model proposes to run is judged while its answer streams: nothing of a command that is blocked reaches the client."""

import json

import pytest

import model_streams
from processes import FEW_RULES, Gateway

DESTROY = "cd /srv && rm -rf " + "/etc"
HARMLESS = "cd /srv && ls -l"
TEXT = "I look at it first."

STREAMS = {"chat": model_streams.chat, "responses": model_streams.responses, "messages": model_streams.messages}


@pytest.fixture(scope="module")
def gateway(tmp_path_factory, vendor, scripted):
    gateway = Gateway(tmp_path_factory.mktemp("proposals"), scripted.url, vendor.key_file, profiles=FEW_RULES.replace("]", ", commands]"))
    yield gateway
    gateway.end()


def arguments(command):
    return json.dumps({"description": "tidies up", "command": command})


def events(body):
    """The data of the events of a stream, as JSON where it is."""
    lines = [line[5:].strip() for line in body.decode().splitlines() if line.startswith("data:")]
    return [line if line == "[DONE]" else json.loads(line) for line in lines]


def is_error(api, event):
    """Whether an event is the one with which this API says that an answer failed."""
    if api == "chat":
        return event["error"]["code"] == "sluice_blocked"
    if api == "responses":
        return event["type"] == "error" and event["code"] == "sluice_blocked"
    return event["type"] == "error" and event["error"]["type"] == "permission_error"


@pytest.mark.parametrize("size", [1, 7, 1000])
@pytest.mark.parametrize("api", STREAMS)
def test_a_blocked_command_in_a_tool_call_never_reaches_the_client(gateway, scripted, api, size):
    pieces = list(STREAMS[api](TEXT, 9, ("bash", arguments(DESTROY))))
    scripted.play(f"/{api}", pieces)
    result = gateway.curl(f"/{api}", "-X", "POST", data="{}")
    assert result.status == 200
    for word in ("srv", "/etc", "rm -rf"):
        assert word not in result.body.decode()
    *before, last = events(result.body)
    assert is_error(api, last), last
    # What was said before is there, as it came.
    said = b"".join(pieces)
    head = result.body[: result.body.rindex(b"data:")].rsplit(b"event:", 1)[0] if api != "chat" else result.body[: result.body.rindex(b"data:")]
    assert said.startswith(head) and len(before) > len(TEXT) / 9
    record = gateway.exchange(result)
    assert "files.remove-recursively" in json.dumps(record["outcome"]) + json.dumps(record["evidence"]), record


@pytest.mark.parametrize("api", STREAMS)
def test_a_blocked_command_in_a_code_block_never_reaches_the_client(gateway, scripted, api):
    scripted.play(f"/{api}", STREAMS[api](f"Like this:\n\n```bash\n{DESTROY}\n```\n\nDone.", 3))
    result = gateway.curl(f"/{api}", "-X", "POST", data="{}")
    assert "Lik" in result.body.decode() and is_error(api, events(result.body)[-1])
    assert "srv" not in result.body.decode() and "rm " not in result.body.decode()


@pytest.mark.parametrize("api", STREAMS)
def test_a_harmless_command_comes_through_as_it_is(gateway, scripted, api):
    pieces = list(STREAMS[api](f"```bash\n{HARMLESS}\n```\n", 3, ("bash", arguments(HARMLESS))))
    scripted.play(f"/{api}", pieces)
    result = gateway.curl(f"/{api}", "-X", "POST", data="{}")
    assert result.body == b"".join(pieces)


BODIES = {
    "a tool call": {"choices": [{"message": {"role": "assistant", "content": TEXT, "tool_calls": [{"function": {"name": "bash", "arguments": "COMMAND"}}]}}]},
    "a code block": {"content": [{"type": "text", "text": "Run:\n```sh\nCOMMAND\n```"}]},
    "a program": {"content": [{"type": "text", "text": "Run:\n```python\nimport os\nos.system('COMMAND')\n```"}]},
    "words": {"item": {"command": ["bash", "-c", "COMMAND"]}},
}


@pytest.mark.parametrize("case", BODIES)
def test_a_json_body_ends_before_a_blocked_command(gateway, scripted, case):
    def body(command):
        written = arguments(command) if case == "a tool call" else command
        return json.dumps({"id": 1, "x": BODIES[case]}).replace("COMMAND", json.dumps(written)[1:-1]).encode()

    answer = body(DESTROY)
    scripted.play("/body", [answer[i : i + 5] for i in range(0, len(answer), 5)], kind="application/json")
    result = gateway.curl("/body", "-X", "POST", data="{}")
    assert result.error or result.status >= 400, result
    assert "srv" not in result.body.decode() and answer.startswith(result.body if result.status == 200 else b"")
    record = gateway.exchange(result)
    assert "files.remove-recursively" in json.dumps(record["outcome"]) + json.dumps(record["evidence"]), record
    scripted.play("/body", [body(HARMLESS)], kind="application/json")
    assert gateway.curl("/body", "-X", "POST", data="{}").body == body(HARMLESS)
