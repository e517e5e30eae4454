"""Recorded streams of model APIs come through byte for byte, compressed or not, and their vendors' clients read in them what they read without the gateway."""

import json
import os
from pathlib import Path

import anthropic
import openai
import pytest
from google import genai

from processes import FEW_RULES, ROOT, Gateway
from scripted_vendor import DECODERS

SHARED = Path(os.environ.get("SLUICE_SHARED", ROOT.parent / "shared"))


def recorded():
    """The streams of ../shared/cases/sse, by name."""
    found = {}
    for name in ("anthropic-sdk", "vercel-ai"):
        file = SHARED / f"cases/sse/{name}.jsonl"
        for line in file.read_text().splitlines() if file.exists() else []:
            record = json.loads(line)
            if record["framing"] == "sse":
                found[record["id"]] = record
    return found


RECORDED = recorded()
pytestmark = pytest.mark.skipif(not RECORDED, reason="there are no shared cases; SLUICE_SHARED names their folder")


@pytest.fixture(scope="module")
def gateway(tmp_path_factory, scripted, vendor):
    # With rules that find nothing in these streams.
    gateway = Gateway(tmp_path_factory.mktemp("recorded"), scripted.url, vendor.key_file, profiles=FEW_RULES)
    yield gateway
    gateway.end()


def read(api, base, key):
    """Everything the vendor's client makes of a stream, or the error it ends with."""
    seen = []
    try:
        if api.startswith("openai"):
            with openai.OpenAI(base_url=base + "/v1", api_key=key, timeout=30, max_retries=0) as client:
                if api == "openai-chat":
                    stream = client.chat.completions.create(model="m", messages=[], stream=True)
                else:
                    stream = client.responses.create(model="m", input="", stream=True)
                seen += [event.model_dump_json(warnings=False) for event in stream]
        elif api == "anthropic-messages":
            with anthropic.Anthropic(base_url=base, api_key=key, timeout=30, max_retries=0) as client:
                with client.messages.stream(model="m", max_tokens=9, messages=[{"role": "user", "content": "?"}]) as stream:
                    seen += [event.model_dump_json(warnings=False) for event in stream]
        else:
            client = genai.Client(api_key=key, http_options={"base_url": base, "api_version": "v1beta", "timeout": 30_000})
            for event in client.models.generate_content_stream(model="m", contents="?"):
                event.sdk_http_response = None
                seen.append(event.model_dump_json(warnings=False))
    except Exception as error:  # One stream was recorded for the error that its client ends with.
        seen.append(type(error).__name__)
    return seen


PATHS = {
    "openai-chat": "/v1/chat/completions",
    "openai-responses": "/v1/responses",
    "anthropic-messages": "/v1/messages",
    "gemini-generate": "/v1beta/models/m:streamGenerateContent",
}


@pytest.mark.parametrize("name", RECORDED)
def test_a_recorded_stream_comes_through(scripted, gateway, name):
    record = RECORDED[name]
    stream = record["stream"].encode()
    pieces = [stream[at : at + 997] for at in range(0, len(stream), 997)]
    for coding in (None, "gzip", "zstd"):
        scripted.play("/stream", pieces, coding=coding)
        result = gateway.curl("/stream", *(["-H", f"Accept-Encoding: {coding}"] if coding else []))
        assert (result.status, result.error) == (200, None)
        assert (DECODERS[coding](result.body) if coding else result.body) == stream
    path = PATHS.get(record["api"])
    if not path:
        return
    reads = []
    for base, key in ((scripted.url, "any"), (gateway.url + "/vendor", gateway.key)):
        scripted.play(path, pieces, coding="gzip")
        reads.append(read(record["api"], base, key))
    assert reads[0] == reads[1]
    assert reads[0][-1].startswith("{") or "invalid" in record["file"]
