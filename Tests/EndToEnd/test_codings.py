"""Compressed bodies, made and read by other programs: Python, PyPI's brotli and zstandard, nginx, curl."""

import gzip
import json
import time

import openai
import pytest

from processes import FEW_RULES, ROOT, Gateway, Process, curl, eventually, free_port
from scripted_vendor import CODERS, DECODERS

NGINX = ROOT / ".build-nginx/usr/sbin/nginx"
CARD = "4111 1111" + " 1111 1111"


@pytest.fixture(scope="module")
def coding_gateway(tmp_path_factory, scripted, vendor):
    gateway = Gateway(tmp_path_factory.mktemp("codings"), scripted.url, vendor.key_file, profiles=FEW_RULES)
    yield gateway
    gateway.end()


@pytest.mark.parametrize("coder", CODERS)
@pytest.mark.parametrize("size", [1, 100, 100_000])
def test_what_others_coded_is_masked_and_coded_again(coding_gateway, scripted, coder, size):
    body = json.dumps([{"row": row, "card": CARD if row % 7 == 0 else "none"} for row in range(200)]).encode()
    pieces = [body[at : at + size] for at in range(0, len(body), size)] if size > 1 else [body[at : at + 1] for at in range(300)] + [body[300:]]
    coding = coder.split()[-1]
    for accepted in (coding, "identity", None):
        scripted.play("/list", pieces, "application/json", coder)
        fields = ["-H", f"Accept-Encoding: {accepted}"] if accepted else []
        result = coding_gateway.curl("/list", *fields)
        assert (result.status, result.error) == (200, None)
        assert result.headers.get("content-encoding") == (coding if accepted == coding else None)
        received = json.loads(DECODERS[coding](result.body) if accepted == coding else result.body)
        assert len(received) == 200 and [row["row"] for row in received] == list(range(200))
        assert [row["card"] for row in received if row["row"] % 7] == ["none"] * 171
        assert not any(CARD in row["card"] for row in received)
    evidence = coding_gateway.exchange(result)["evidence"]["response"]
    assert evidence["bytes_scanned"] == len(body) and evidence["bytes_in"] != len(body)


def test_curl_decompresses_what_it_gets(coding_gateway, scripted):
    for coding in ("gzip", "deflate", "br", "zstd"):
        scripted.play("/text", [b"card ", CARD.encode(), b", done\n"], "text/plain", coding)
        result = coding_gateway.curl("/text", "--compressed")
        assert (result.status, result.error) == (200, None)
        assert result.headers["content-encoding"] == coding
        assert result.body.startswith(b"card ") and result.body.endswith(b", done\n") and CARD.encode() not in result.body
        assert "gzip" in scripted.requests[-1][1]["accept-encoding"]


def test_a_coding_that_nobody_undoes_is_refused(coding_gateway, scripted, start_gateway):
    for _ in range(2):
        scripted.play("/own", [CARD.encode()], "text/plain", label="own")
    result = coding_gateway.curl("/own")
    assert (result.status, result.headers["sluice-denied"]) == (502, "content-encoding")
    passing = start_gateway(scripted.url, connection="unknown_content: pass")
    result = passing.curl("/own")
    assert (result.status, result.body, result.headers["content-encoding"]) == (200, CARD.encode(), "own")
    evidence = passing.exchange(result)["evidence"]["response"]
    assert (evidence["bytes_scanned"], evidence["bytes_unscanned"]) == (0, len(CARD))


def test_a_truncated_answer_is_cut_off_and_on_record(coding_gateway, scripted):
    whole = gzip.compress(json.dumps([{"row": row} for row in range(20_000)]).encode(), 1)
    scripted.play("/cut", [whole[:-1000]], "application/json", label="gzip")
    result = coding_gateway.curl("/cut")
    assert result.status == 200 and result.error is not None
    assert coding_gateway.exchange(result)["outcome"] == {"kind": "upstream-failed", "detail": "content-corrupt"}
    scripted.play("/cut", [b"no gzip at all"], "application/json", label="gzip")
    result = coding_gateway.curl("/cut")
    assert (result.status, result.headers["sluice-denied"]) == (502, "content-corrupt")


def test_a_bomb_stops_and_memory_stays_what_it_was(start_gateway, scripted):
    block = b" " * (1 << 20)
    made = gzip.compress(block * 512, 9)
    gateway = start_gateway(scripted.url)
    before = gateway.process.memory_kib("VmHWM")
    scripted.play("/bomb", [made], "application/json", label="gzip")
    result = gateway.curl("/bomb", "-o", "/dev/null")
    assert result.status == 200 and result.error is not None
    recorded = gateway.exchange(result)
    assert recorded["outcome"] == {"kind": "refused", "detail": "content-expansion"}
    assert recorded["evidence"]["response"]["bytes_scanned"] < (8 << 20) + 260 * len(made)
    # Where the operator allows it, all of it passes, and still in the same memory.
    allowing = start_gateway(scripted.url, settings="limits: {expansion: 100000}")
    scripted.play("/bomb", [made], "application/json", label="gzip")
    result = allowing.curl("/bomb", "--compressed", "--limit-rate", "200M", "-o", "/dev/null", "-H", "Accept-Encoding: identity")
    assert (result.status, result.error) == (200, None)
    assert allowing.exchange(result)["evidence"]["response"]["bytes_scanned"] == 512 << 20
    for grown in (gateway.process.memory_kib("VmHWM") - before, allowing.process.memory_kib("VmHWM") - before):
        assert grown < 48 << 10


def test_a_coded_request_is_scanned_and_arrives_decoded(gateway, vendor):
    harmless = json.dumps({"query": "select name from customers"}).encode()
    fields = ["-H", "Content-Type: application/json", "-H"]
    for coder in CODERS:
        coding = CODERS[coder]()
        body = coding.add(harmless) + coding.end()
        assert gateway.curl("/sql", *fields, f"Content-Encoding: {coder.split()[-1]}", data=body).status == 200
        assert vendor.requests()[-1]["body"] == harmless.decode()
    before = vendor.executed()
    gzipped = gzip.compress(json.dumps({"query": "drop" + " table customers"}).encode())
    result = gateway.curl("/sql", *fields, "Content-Encoding: gzip", data=gzipped)
    assert (result.status, result.headers["sluice-denied"]) == (403, "operation")
    result = gateway.curl("/sql", *fields, "Content-Encoding: gzip", data=gzip.compress(harmless)[:-4])
    assert (result.status, result.headers["sluice-denied"]) == (400, "request-content")
    assert vendor.executed() == before


@pytest.fixture(scope="module")
def compressing_nginx(tmp_path_factory, vendor):
    """nginx in front of the vendor, compressing what passes."""
    folder = tmp_path_factory.mktemp("nginx")
    port = free_port()
    (folder / "nginx.conf").write_text(
        f"""
daemon off; master_process off; pid {folder}/pid; error_log stderr warn;
events {{}}
http {{
  access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u;
  scgi_temp_path {folder}/s;
  server {{
    listen 127.0.0.1:{port};
    gzip on; gzip_min_length 1; gzip_proxied any; gzip_types application/json application/x-ndjson text/event-stream;
    location / {{ proxy_pass {vendor.url}; proxy_http_version 1.1; proxy_buffering off; }}
  }}
}}
"""
    )
    process = Process([str(NGINX), "-p", str(folder), "-c", str(folder / "nginx.conf")], folder / "nginx.out")
    eventually(lambda: process.child.poll() is None and curl(f"http://127.0.0.1:{port}/customers").status in (200, 401), what="nginx")
    yield f"http://127.0.0.1:{port}"
    process.end()


def test_a_vendor_behind_a_compressing_nginx_is_masked(compressing_nginx, start_gateway):
    gateway = start_gateway(compressing_nginx)
    for path in ("/customers?bytes=300000&seed=4&chunk=ragged", "/events.ndjson?bytes=100000&seed=4&chunk=1000"):
        plain = gateway.curl(path)
        compressed = gateway.curl(path, "--compressed")
        assert compressed.headers["content-encoding"] == "gzip" and "content-encoding" not in plain.headers
        assert (compressed.status, compressed.error, compressed.body) == (200, None, plain.body)
        evidence = gateway.exchange(compressed)["evidence"]["response"]
        assert evidence["bytes_in"] < evidence["bytes_scanned"] / 2 and sum(evidence["masked"].values()) > 10
        raw = gateway.curl(path, "-H", "Accept-Encoding: gzip")
        assert gzip.decompress(raw.body) == plain.body


def test_compressed_events_are_not_held_back(start_gateway, compressing_nginx):
    gateway = start_gateway(compressing_nginx)
    with openai.OpenAI(base_url=gateway.url + "/vendor/v1", api_key=gateway.key, timeout=30, max_retries=0) as client:
        arrivals = []
        question = [{"role": "user", "content": "Which card is on file?"}]
        with client.chat.completions.with_streaming_response.create(
            model="demo", messages=question, stream=True, extra_query={"seed": 21, "interval_ms": 50}
        ) as response:
            assert response.headers["content-encoding"] == "gzip"
            for line in response.iter_lines():
                if line.startswith("data:"):
                    arrivals.append(time.monotonic())
        assert len(arrivals) > 20
        assert arrivals[-1] - arrivals[0] > 0.5
