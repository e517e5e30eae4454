"""The openai SDK, pointed at the gateway with the gateway's key, works as it does with the vendor."""

import json
import time

import openai
import pytest

QUESTION = [{"role": "user", "content": "Which card is on file?"}]


@pytest.fixture
def client(gateway):
    client = openai.OpenAI(base_url=gateway.url + "/vendor/v1", api_key=gateway.key, timeout=30, max_retries=0)
    yield client
    client.close()


def planted(vendor, seed=21):
    return [value["value"] for value in json.loads(vendor.get(f"/v1/planted?seed={seed}"))["values"]]


def test_a_completion_is_masked(client, vendor):
    answer = client.chat.completions.create(model="demo", messages=QUESTION, extra_query={"seed": 21})
    text = answer.choices[0].message.content
    assert answer.model == "demo" and answer.usage.total_tokens == 36
    assert text.startswith("I found one customer. The card on file is ") and text.endswith(" Shall I go on?")
    assert [value for value in planted(vendor) if value in text] == []


def test_a_wrong_key_is_an_authentication_error(gateway):
    with openai.OpenAI(base_url=gateway.url + "/vendor/v1", api_key="wrong", timeout=30, max_retries=0) as client:
        with pytest.raises(openai.AuthenticationError):
            client.chat.completions.create(model="demo", messages=QUESTION)


def test_a_denied_request_is_a_permission_error(gateway):
    with openai.OpenAI(base_url=gateway.url + "/vendor/v1", api_key=gateway.keys["stranger"], timeout=30, max_retries=0) as client:
        with pytest.raises(openai.PermissionDeniedError) as denied:
            client.chat.completions.create(model="demo", messages=QUESTION)
    assert denied.value.response.headers["sluice-denied"] == "policy"


def test_a_streamed_completion_arrives_event_by_event(client):
    stream = client.chat.completions.create(model="demo", messages=QUESTION, stream=True, extra_query={"seed": 21})
    events = list(stream)
    assert events[0].choices[0].delta.role == "assistant"
    assert events[-1].choices[0].finish_reason == "stop"
    text = "".join(event.choices[0].delta.content or "" for event in events)
    assert text.startswith("I found one customer. The card on file is ")


def test_the_events_of_a_stream_are_not_held_back(client):
    stream = client.chat.completions.create(model="demo", messages=QUESTION, stream=True, extra_query={"seed": 21, "interval_ms": 50})
    arrivals = []
    for _ in stream:
        arrivals.append(time.monotonic())
    # More than twenty events, 50 ms apart: they come as they are made, not all at the end.
    assert len(arrivals) > 20
    assert arrivals[-1] - arrivals[0] > 0.5


@pytest.mark.parametrize("seed", range(21, 27))
def test_a_value_split_over_the_deltas_of_a_stream_is_masked(client, vendor, seed):
    stream = client.chat.completions.create(model="demo", messages=QUESTION, stream=True, extra_query={"seed": seed})
    text = "".join(event.choices[0].delta.content or "" for event in stream)
    assert [value for value in planted(vendor, seed) if value in text] == []
    assert text.startswith("I found one customer. The card on file is ") and text.endswith(" Shall I go on?")
