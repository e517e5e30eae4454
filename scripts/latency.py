#!/usr/bin/env python3
"""Measures what the gateway adds to the delay of an event, with many event streams open at once on loopback.

    scripts/latency.py PROGRAM     LATENCY_STREAMS=n, LATENCY_EVENTS=n a second over all of them, LATENCY_SECONDS=n, LATENCY_ROUNDS=n

A vendor in a process of its own sends deltas of a chat completion, evenly in time, each on the next stream. A client reads them, straight from the
vendor and through the gateway in turns. Delays are from before the vendor's write to after the client's read, on one clock. An event whose text could
go on to be a match waits for what decides it: its delay counts from the last write on its stream. What the gateway adds is the difference of the
percentiles. Exit status 1 if its 99th percentile is over the limit, or an event is missing.
"""

import json
import mmap
import multiprocessing
import os
import re
import select
import socket
import statistics
import struct
import sys
import tempfile
import time
import zlib
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "Tests/EndToEnd"))
os.environ["SLUICE"] = sys.argv[1] if len(sys.argv) > 1 else ".build/release/sluice"

from processes import Gateway  # noqa: E402

STREAMS = int(os.environ.get("LATENCY_STREAMS", "1000"))
RATE = int(os.environ.get("LATENCY_EVENTS", "1000"))
SECONDS = float(os.environ.get("LATENCY_SECONDS", "10"))
ROUNDS = int(os.environ.get("LATENCY_ROUNDS", "3"))
LIMIT_MS = 1.0
EVENTS = int(RATE * SECONDS)
WARM_UP = RATE
# A number in letters, which no rule takes for anything.
MARK = re.compile(rb'marker ([a-j]+)["\\]')
# What is measured: the stream's coding, and how each delta ends: in what no rule goes on from, or in a word.
CASES = {"decided at once": ("identity", "\n"), "decided by the next": ("identity", ""), "in gzip": ("gzip", "\n")}


def event(number, end):
    mark = "".join(chr(97 + int(digit)) for digit in str(number))
    choice = {"index": 0, "delta": {"content": f" marker {mark}{end}"}, "finish_reason": None}
    chunk = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}
    return b"data: " + json.dumps(chunk).encode() + b"\n\n"


def sleep_until(moment):
    wait = moment - time.perf_counter()
    if wait > 0:
        time.sleep(wait)


def serve(listener, sent, go, end):
    """The vendor: one stream for each connection, then events on them in turn, and their ends. `sent` gets the time of each write."""
    streams = []
    for _ in range(STREAMS):
        connection, _ = listener.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        head = b""
        while b"\r\n\r\n" not in head:
            head += connection.recv(65536)
        coded = b"gzip" in head.lower().split(b"accept-encoding:")[1].split(b"\r\n")[0]
        coder = zlib.compressobj(6, zlib.DEFLATED, 31) if coded else None
        answer = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n"
        connection.sendall(answer + (b"Content-Encoding: gzip\r\n\r\n" if coder else b"\r\n"))
        streams.append((connection, coder))
    go.wait()
    began = time.perf_counter()
    for number in range(EVENTS + WARM_UP):
        connection, coder = streams[number % STREAMS]
        data = event(number, end)
        if coder:
            data = coder.compress(data) + coder.flush(zlib.Z_SYNC_FLUSH)
        data = b"%x\r\n%b\r\n" % (len(data), data)
        sleep_until(began + number / RATE)
        struct.pack_into("Q", sent, number * 8, time.perf_counter_ns())
        connection.sendall(data)
    for number in range(EVENTS + WARM_UP, EVENTS + WARM_UP + STREAMS):
        connection, coder = streams[number % STREAMS]
        rest = coder.flush() if coder else b""
        sleep_until(began + number / RATE)
        struct.pack_into("Q", sent, number * 8, time.perf_counter_ns())
        connection.sendall((b"%x\r\n%b\r\n" % (len(rest), rest) if rest else b"") + b"0\r\n\r\n")


class Reader:
    """One client's side of a stream."""

    def __init__(self, socket, coding):
        self.socket = socket
        self.decoder = zlib.decompressobj(31) if coding == "gzip" else None
        self.raw = self.text = b""
        self.has_head = False

    def read(self):
        """The marks that came with what there is to read."""
        data = self.socket.recv(65536)
        assert data, "a stream ended early"
        self.raw += data
        if not self.has_head:
            _, found, rest = self.raw.partition(b"\r\n\r\n")
            if not found:
                return []
            self.raw, self.has_head = rest, True
        while True:
            size, found, rest = self.raw.partition(b"\r\n")
            length = int(size, 16) if found else 0
            if not length or len(rest) < length + 2:
                break
            self.text += self.decoder.decompress(rest[:length]) if self.decoder else rest[:length]
            self.raw = rest[length + 2 :]
        marks = list(MARK.finditer(self.text))
        if marks:
            self.text = self.text[marks[-1].end() :]
        return [mark[1] for mark in marks]


def measure(port, path, fields, listener, coding, end):
    """Delays of all events after the first ones, in milliseconds, sorted."""
    sent = mmap.mmap(-1, 8 * (EVENTS + WARM_UP + STREAMS))
    go = multiprocessing.Event()
    vendor = multiprocessing.Process(target=serve, args=(listener, sent, go, end), daemon=True)
    vendor.start()
    poll = select.epoll()
    clients = {}
    request = f"GET {path} HTTP/1.1\r\nHost: a\r\n{fields}Accept-Encoding: {coding}\r\n\r\n".encode()
    for _ in range(STREAMS):
        client = socket.create_connection(("127.0.0.1", port))
        client.sendall(request)
        client.setblocking(False)
        poll.register(client, select.EPOLLIN)
        clients[client.fileno()] = Reader(client, coding)
    time.sleep(1)
    go.set()
    delays, seen, ended = [], 0, 0
    # Events that no other follows come with their stream's end.
    while seen < EVENTS + WARM_UP:
        ready = poll.poll(30)
        assert ready, f"{EVENTS + WARM_UP - seen} events did not come"
        for descriptor, _ in ready:
            texts = clients[descriptor].read()
            now = time.perf_counter_ns()
            for mark in texts:
                number = int(bytes(letter - 49 for letter in mark))
                seen += 1
                if number >= WARM_UP:
                    delays.append((now - last_written(sent, number, now)) / 1e6)
    vendor.join(30)
    assert vendor.exitcode == 0, "the vendor failed"
    poll.close()
    for client in clients.values():
        client.socket.close()
    return sorted(delays)


def last_written(sent, number, now):
    """When the vendor wrote the event with this number, or, if that waited, what it last wrote on that stream before `now`."""
    written = struct.unpack_from("Q", sent, number * 8)[0]
    while number < EVENTS + WARM_UP:
        number += STREAMS
        later = struct.unpack_from("Q", sent, number * 8)[0]
        if not 0 < later < now:
            break
        written = later
    return written


def percentile(delays, part):
    return delays[min(len(delays) - 1, int(part * len(delays)))]


with tempfile.TemporaryDirectory(prefix="sluice-latency.") as folder:
    folder = Path(folder)
    key_file = folder / "vendor.key"
    key_file.touch(0o600)
    key_file.write_text("the-vendors-own-key")
    listener = socket.create_server(("127.0.0.1", 0), backlog=STREAMS)
    port = listener.getsockname()[1]
    gateway = Gateway(folder, f"http://127.0.0.1:{port}", key_file)
    failed = False
    try:
        print(f"{STREAMS} streams, {RATE} events a second, {SECONDS:g} s, {ROUNDS} rounds; delays in ms, the median of the rounds")
        print(f"{'':41}{'p50':>8}{'p99':>8}{'p99.9':>8}{'most':>8}")
        for name, (coding, end) in CASES.items():
            rounds = {"straight": [], "through the gateway": []}
            for _ in range(ROUNDS):
                for way in rounds:
                    through = way != "straight"
                    delays = measure(
                        gateway.port if through else port, "/vendor/chat" if through else "/chat",
                        f"Authorization: Bearer {gateway.key}\r\n" if through else "", listener, coding, end,
                    )  # fmt: skip
                    rounds[way].append([percentile(delays, part) for part in (0.5, 0.99, 0.999, 1)])
            rows = {way: [statistics.median(column) for column in zip(*kept)] for way, kept in rounds.items()}
            rows["added"] = [b - a for a, b in zip(rows["straight"], rows["through the gateway"])]
            for way, row in rows.items():
                print(f"{name + ', ' + way:41}" + "".join(f"{value:8.2f}" for value in row))
            failed = failed or rows["added"][1] > LIMIT_MS
        print(f"gateway: {gateway.process.memory_kib() / 1024:.0f} MiB resident, {gateway.process.memory_kib('VmHWM') / 1024:.0f} MiB at most")
    finally:
        gateway.end()
        listener.close()
    if failed:
        sys.exit(f"error: the 99th percentile of the added delay is over {LIMIT_MS:g} ms")
