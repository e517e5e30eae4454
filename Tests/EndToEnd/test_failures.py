"""Clients that go away or crawl, vendors that stall, break off or lie: the exchange ends, visibly and on record."""

import json
import socket
import threading
import time

import pytest

from processes import PATIENCE, eventually, free_port


class RawVendor:
    """A vendor that answers every connection with the same bytes, whatever was asked."""

    def __init__(self, answer, close=True):
        self.answer, self.close = answer, close
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.open = []
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            connection.settimeout(PATIENCE)
            connection.recv(65536)
            connection.sendall(self.answer)
            if self.close:
                connection.close()
            else:
                self.open.append(connection)

    def end(self):
        # shutdown wakes the thread that waits in accept.
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for connection in self.open:
            connection.close()


@pytest.fixture
def raw_vendor():
    started = []

    def start(answer, **options):
        started.append(RawVendor(answer, **options))
        return started[-1]

    yield start
    for vendor in started:
        vendor.end()


def last_outcome(gateway):
    """The outcome of the exchange that began last, once it has one."""
    return eventually(lambda: (exchanges := gateway.exchanges()) and exchanges[-1].get("outcome"), what="an outcome on record")


def open_slowly(gateway, path, receive_buffer=4096):
    """Sends a request over a socket that takes little at a time."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    connection.settimeout(PATIENCE)
    connection.connect(("127.0.0.1", gateway.port))
    connection.sendall(f"GET /vendor{path} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {gateway.key}\r\n\r\n".encode())
    return connection


def test_a_client_that_goes_away_ends_the_exchange(start_gateway):
    gateway = start_gateway()
    connection = open_slowly(gateway, "/slow?bytes=2000000&chunk=1000&interval_ms=20")
    assert connection.recv(1000).startswith(b"HTTP/1.1 200")
    connection.close()
    assert last_outcome(gateway)["kind"] == "client-gone"
    assert gateway.curl("/customers").status == 200


def test_a_client_that_goes_away_before_the_answer_ends_the_exchange(start_gateway, raw_vendor):
    gateway = start_gateway(raw_vendor(b"", close=False).url)
    connection = open_slowly(gateway, "/customers")
    eventually(gateway.exchanges, what="an exchange on record")
    connection.close()
    assert last_outcome(gateway)["kind"] == "client-gone"


def test_a_client_that_reads_one_byte_a_second_costs_little_memory(start_gateway):
    gateway = start_gateway()
    gateway.curl("/customers?bytes=1000000&chunk=ragged")
    before = gateway.process.memory_kib()
    connection = open_slowly(gateway, "/customers?bytes=2000000000&chunk=ragged")
    for _ in range(5):
        assert len(connection.recv(1)) == 1
        time.sleep(1)
    # The vendor could send 2 GB; what is in flight is bounded by the buffers.
    assert gateway.process.memory_kib() - before < 64 * 1024
    assert gateway.curl("/customers?bytes=20000").status == 200, "others are served meanwhile"
    connection.close()
    assert eventually(
        lambda: [exchange for exchange in gateway.exchanges() if (exchange.get("outcome") or {}).get("kind") == "client-gone"],
        what="the slow exchange's outcome",
    )


def test_a_client_that_stops_reading_times_out(start_gateway):
    gateway = start_gateway(settings="timeouts: {idle: 2s}")
    connection = open_slowly(gateway, "/customers?bytes=200000000&chunk=ragged")
    assert last_outcome(gateway) == {"kind": "timed-out", "detail": "client"}
    connection.close()


@pytest.mark.parametrize("chunk", ["&chunk=ragged", ""], ids=["chunked", "length"])
def test_a_vendor_that_breaks_off_is_seen_by_the_client(gateway, chunk):
    result = gateway.curl(f"/break?bytes=50000{chunk}")
    assert result.status == 200
    assert result.error, "the body must not look complete"
    assert gateway.outcome(result.headers["sluice-exchange"])["kind"] == "upstream-failed"


def test_a_vendor_that_stalls_times_out(start_gateway):
    gateway = start_gateway(settings="timeouts: {idle: 1s, head: 1s}")
    began = time.monotonic()
    result = gateway.curl("/stall?bytes=50000&chunk=ragged")
    assert result.error, "the body must not look complete"
    assert 1 <= time.monotonic() - began < 15
    assert gateway.outcome(result.headers["sluice-exchange"])["kind"] == "timed-out"


def test_an_exchange_has_a_total_time(start_gateway):
    gateway = start_gateway(settings="timeouts: {total: 2s}")
    result = gateway.curl("/slow?bytes=100000&chunk=100&interval_ms=100")
    assert result.error
    assert gateway.outcome(result.headers["sluice-exchange"])["kind"] == "timed-out"


def test_a_vendor_that_is_not_there_is_reported(start_gateway):
    gateway = start_gateway(f"http://127.0.0.1:{free_port()}")
    result = gateway.curl("/customers")
    assert (result.status, result.headers["sluice-denied"]) == (502, "vendor-unreachable")
    assert last_outcome(gateway)["kind"] == "upstream-failed"


def test_a_vendor_that_never_answers_times_out(start_gateway, raw_vendor):
    gateway = start_gateway(raw_vendor(b"", close=False).url, settings="timeouts: {head: 1s}")
    result = gateway.curl("/customers")
    assert (result.status, result.headers["sluice-denied"]) == (504, "vendor-timeout")


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
BAD_ANSWERS = {
    "nothing": b"",
    "no HTTP": b"SSH-2.0-OpenSSH_9.2\r\n",
    "half a head": b"HTTP/1.1 200 OK\r\nContent-Ty",
    "two lengths": HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    "length and chunked": HEAD + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    "a bad chunk size": HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\nxyz\r\n",
    "an endless head": b"HTTP/1.1 200 OK\r\n" + b"X-Long: " + b"a" * 200_000,
}


@pytest.mark.parametrize("answer", BAD_ANSWERS.values(), ids=BAD_ANSWERS.keys())
def test_a_vendor_that_breaks_the_protocol_is_not_passed_on_as_whole(start_gateway, raw_vendor, answer):
    gateway = start_gateway(raw_vendor(answer).url)
    result = gateway.curl("/customers")
    assert result.status == 502 or result.error, result
    assert last_outcome(gateway)["kind"] == "upstream-failed"


def test_what_a_vendor_sends_after_its_answer_reaches_nobody(start_gateway, raw_vendor):
    second = HEAD + b"Content-Length: 13\r\n\r\n{\"stale\":true}"
    gateway = start_gateway(raw_vendor(HEAD + b"Content-Length: 2\r\n\r\n{}" + second, close=False).url)
    for _ in range(2):
        result = gateway.curl("/customers")
        assert b"stale" not in result.body, result


def test_an_answer_that_nobody_asked_for_ends_the_connection(start_gateway):
    """A second answer comes while the connection is idle; the next request must not get it, nor wait for another on that connection."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(PATIENCE)

    def serve():
        connections = []
        for number in range(2):
            connection, _ = listener.accept()
            connections.append(connection)
            connection.recv(65536)
            connection.sendall(HEAD + b"Content-Length: 12\r\n\r\n{\"number\":%d}" % number)
            if number == 0:
                time.sleep(0.3)
                connection.sendall(HEAD + b"Content-Length: 14\r\n\r\n{\"stale\":true}")
        time.sleep(0.5)
        for connection in connections:
            connection.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    gateway = start_gateway(f"http://127.0.0.1:{listener.getsockname()[1]}", settings="timeouts: {head: 5s}")
    assert gateway.curl("/customers").json == {"number": 0}
    time.sleep(1)
    assert gateway.curl("/customers").json == {"number": 1}
    thread.join(PATIENCE)
    listener.close()


@pytest.mark.parametrize("coding, denied", [("compress", "content-encoding"), ("gzip", "content-corrupt"), ("br, own", "content-encoding")])
def test_an_answer_in_an_unknown_coding_or_not_in_its_own_is_refused(start_gateway, raw_vendor, coding, denied):
    answer = HEAD + b"Content-Encoding: " + coding.encode() + b"\r\nContent-Length: 4\r\n\r\n\x1f\x8b\x08\x00"
    result = start_gateway(raw_vendor(answer).url).curl("/customers")
    assert (result.status, result.headers["sluice-denied"]) == (502, denied)


@pytest.mark.parametrize("cut", range(0, 24, 3))
def test_a_value_that_arrives_in_two_pieces_is_masked(start_gateway, cut):
    """Sent by hand in two writes with a pause, so that the pieces reach the gateway one by one."""
    card = "4111 1111" + " 1111 1111"
    body = json.dumps({"card": card}).encode()
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(PATIENCE)

    def serve():
        connection, _ = listener.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.recv(65536)
        connection.sendall(HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body[: 5 + cut])
        time.sleep(0.3)
        connection.sendall(body[5 + cut :])
        connection.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    result = start_gateway(f"http://127.0.0.1:{listener.getsockname()[1]}").curl("/customers")
    thread.join(PATIENCE)
    listener.close()
    assert card not in result.json["card"] and card.encode() not in result.body
