"""HTTP/1.1 at its edges: what is not clear is refused, and what is clear is answered in order."""

import json
import re
import time

import pytest

from processes import raw


def request(gateway, path="/vendor/customers?bytes=2000", *fields, method="GET", body=""):
    lines = [f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{gateway.port}", f"Authorization: Bearer {gateway.key}", *fields]
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()


# Each must be answered with 4xx or 501 and a closed connection, or closed without an answer; none may reach the vendor.
MALFORMED = {
    "no HTTP at all": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 hello\r\n\r\n",
    "no version": b"GET /vendor/customers\r\n\r\n",
    "another protocol": b"GET /vendor/customers RTSP/1.0\r\nHost: a\r\n\r\n",
    "version 2.0": b"GET /vendor/customers HTTP/2.0\r\nHost: a\r\n\r\n",
    "a space in the target": b"GET /vendor/cust omers HTTP/1.1\r\nHost: a\r\n\r\n",
    "a space before the colon": b"GET /vendor/customers HTTP/1.1\r\nHost : a\r\n\r\n",
    "a nul in a field": b"GET /vendor/customers HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n",
    "a folded field": b"GET /vendor/customers HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n",
    "no host": b"GET /vendor/customers HTTP/1.1\r\n\r\n",
    "two hosts": b"GET /vendor/customers HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    "two lengths": b"POST /vendor/sql HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
    "a length that is a list": b"POST /vendor/sql HTTP/1.1\r\nHost: a\r\nContent-Length: 3, 3\r\n\r\nabc",
    "a length with a sign": b"POST /vendor/sql HTTP/1.1\r\nHost: a\r\nContent-Length: +3\r\n\r\nabc",
    "a length that overflows": b"POST /vendor/sql HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999999\r\n\r\nabc",
    "length and chunked": b"POST /vendor/sql HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a coding after chunked": b"POST /vendor/sql HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
    "an unknown coding": b"POST /vendor/sql HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "a chunk size that is no number": b"POST /vendor/sql HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n",
    "chunked in HTTP/1.0": b"POST /vendor/sql HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a tunnel": b"CONNECT example.com:443 HTTP/1.1\r\nHost: example.com\r\n\r\n",
    "an absolute target elsewhere": b"GET http://other.example/vendor/customers HTTP/1.1\r\nHost: a\r\n\r\n",
    "an upgrade": b"GET /vendor/customers HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
}


@pytest.mark.parametrize("data", MALFORMED.values(), ids=MALFORMED.keys())
def test_malformed_requests_are_refused(gateway, vendor, data):
    before = vendor.settled()
    # With a valid key, so that only the form can be what is refused.
    head, rest = data.split(b"\r\n", 1)
    keyed = head + b"\r\nAuthorization: Bearer " + gateway.key.encode() + b"\r\n" + rest
    answer = raw(gateway.port, keyed, half_close=True)
    if answer:
        status = int(re.match(rb"HTTP/1\.1 (\d+)", answer)[1])
        assert 400 <= status < 500 or status in (501, 505), answer
        assert answer.count(b"HTTP/1.1 ") == 1, "what follows a malformed request is not read as another"
    assert len(vendor.requests()) == before


def test_two_pipelined_requests_are_answered_in_order(gateway):
    answers = raw(
        gateway.port,
        request(gateway, "/vendor/customers?bytes=3000&seed=1&chunk=ragged") + request(gateway, "/vendor/status/404", "Connection: close"),
    )
    statuses = re.findall(rb"HTTP/1\.1 (\d+)", answers)
    assert statuses == [b"200", b"404"]
    assert answers.index(b'"has_more":false') < answers.rindex(b"HTTP/1.1 404")


def test_many_requests_share_a_connection(gateway):
    answers = raw(gateway.port, request(gateway, "/vendor/status/404") * 20 + request(gateway, "/vendor/status/500", "Connection: close"))
    assert re.findall(rb"HTTP/1\.1 (\d+)", answers) == [b"404"] * 20 + [b"500"]


def test_a_pipelined_request_after_a_refused_one_is_judged_by_itself(gateway):
    refused = request(gateway, "/vendor/sql", "Content-Type: application/json", "Content-Length: 30", method="POST", body='{"query":"drop table customers"')
    answers = raw(gateway.port, refused + request(gateway, "/vendor/status/404", "Connection: close"))
    assert re.findall(rb"HTTP/1\.1 (\d+)", answers)[:1] == [b"403"]


def test_a_head_that_is_too_large_is_refused(gateway):
    answer = raw(gateway.port, request(gateway, "/vendor/customers", "X-Long: " + "a" * 100_000))
    assert answer.startswith(b"HTTP/1.1 431") and b"header-too-large" in answer


def test_a_body_that_is_too_large_is_refused(start_gateway, vendor):
    gateway = start_gateway(settings="limits: {request_body: 64 KiB}")
    before = vendor.settled()
    for arguments in ([], ["-H", "Transfer-Encoding: chunked"]):
        result = gateway.curl("/upload", "-X", "POST", "-H", "Content-Type: text/plain", *arguments, data="a" * 100_000)
        assert (result.status, result.headers["sluice-denied"]) == (413, "body-too-large")
    assert len(vendor.requests()) == before


def test_a_large_upload_arrives_whole(gateway):
    result = gateway.curl("/upload", "-X", "POST", "-H", "Content-Type: text/plain", "-H", "Expect: 100-continue", data="abc " * 250_000)
    assert (result.status, result.json["bytes"]) == (200, 1_000_000)


def test_a_head_that_never_ends_times_out(start_gateway):
    gateway = start_gateway(settings="timeouts: {head: 1s}")
    began = time.monotonic()
    answer = raw(gateway.port, b"GET /vendor/customers HTTP/1.1\r\nHost: a\r\n")
    assert time.monotonic() - began < 15
    assert answer == b"" or answer.startswith(b"HTTP/1.1 408")


def test_a_connection_without_a_request_is_closed(start_gateway):
    gateway = start_gateway(settings="timeouts: {head: 1s, idle: 1s}")
    assert raw(gateway.port, b"", patience=20) == b""


def test_http_1_0_gets_a_body_that_ends_with_the_connection(gateway):
    head = f"GET /vendor/customers?bytes=3000&chunk=ragged HTTP/1.0\r\nAuthorization: Bearer {gateway.key}\r\n\r\n".encode()
    fields, body = raw(gateway.port, head).split(b"\r\n\r\n", 1)
    assert b"200" in fields.split(b"\r\n")[0]
    assert b"transfer-encoding" not in fields.lower()
    assert json.loads(body)["has_more"] is False
