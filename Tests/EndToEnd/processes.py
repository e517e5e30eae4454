"""The processes a test starts: the demonstration vendor and the gateway, each in a folder of the test's own."""

import getpass
import hashlib
import json
import os
import re
import secrets
import signal
import socket
import subprocess
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = os.environ.get("SLUICE", str(ROOT / ".build/debug/sluice"))
# How long anything that should happen at once may take on a busy machine, in seconds.
PATIENCE = 60


def eventually(condition, patience=PATIENCE, what="the condition"):
    """Returns the first true value of `condition()`, or fails once `patience` seconds have passed."""
    deadline = time.monotonic() + patience
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, f"{what} did not come true within {patience} s"
        time.sleep(0.05)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Process:
    """A child process that is ended with its test, and whose output is kept in a file."""

    def __init__(self, arguments, output: Path, **options):
        self.output = output
        self._file = output.open("ab")
        self.child = subprocess.Popen(
            arguments, stdout=self._file, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, **options
        )

    @property
    def pid(self):
        return self.child.pid

    def said(self):
        return self.output.read_text(errors="replace")

    def await_line(self, pattern, skip=0, patience=PATIENCE):
        """Waits for output that matches `pattern` after the first `skip` characters; returns the match."""

        def found():
            match = re.search(pattern, self.said()[skip:])
            if not match and self.child.poll() is not None:
                raise AssertionError(f"it ended with status {self.child.returncode} and said:\n{self.said()}")
            return match

        return eventually(found, patience, f"output like {pattern!r}")

    def memory_kib(self, field="VmRSS"):
        """`VmRSS` is resident now, `VmHWM` the most there ever was."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(re.search(rf"{field}:\s+(\d+) kB", status)[1])

    def send(self, number):
        self.child.send_signal(number)

    def stop(self, number=signal.SIGTERM, patience=PATIENCE):
        """Ends the process and returns its exit status."""
        if self.child.poll() is None:
            self.child.send_signal(number)
        return self.wait(patience)

    def wait(self, patience=PATIENCE):
        """Waits for the process to end by itself and returns its exit status."""
        try:
            status = self.child.wait(patience)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait(PATIENCE)
            raise AssertionError(f"it did not end within {patience} s and was killed; it said:\n{self.said()}")
        finally:
            self._file.close()
        return status

    def end(self):
        """Ends the process whatever state it is in."""
        if self.child.poll() is None:
            self.child.kill()
            self.child.wait(PATIENCE)
        self._file.close()


class Vendor:
    """The demonstration vendor. Its key is known here and to the gateway, never to a client of the gateway."""

    def __init__(self, folder: Path):
        self.key = secrets.token_hex(20)
        self.log = folder / "vendor-requests.jsonl"
        key_file = folder / "vendor.key"
        key_file.touch(0o600)
        key_file.write_text(self.key)
        self.key_file = key_file
        self.process = Process(
            [PROGRAM, "demo-vendor", "--key-file", str(key_file), "--requests-log", str(self.log)],
            folder / "vendor.out",
        )
        self.url = self.process.await_line(r"listening on (http://\S+)")[1]
        self.port = int(self.url.rsplit(":", 1)[1])

    def requests(self):
        """What reached the vendor, oldest first."""
        return [json.loads(line) for line in self.log.read_text().splitlines()] if self.log.exists() else []

    def settled(self):
        """How many requests have reached the vendor, once none has for a moment: that of a client that went away may still be on its way."""
        count, known = len(self.requests()), -1
        while count != known:
            time.sleep(0.2)
            known, count = count, len(self.requests())
        return count

    def get(self, path):
        """Asks the vendor directly."""
        result = curl(self.url + path, key=self.key)
        assert result.status == 200, result
        return result.body

    def planted(self, query, entities=None):
        """The values that the list with this query holds, as its reader sees them."""
        values = json.loads(self.get("/planted?" + query))["values"]
        return [value["value"] for value in values if entities is None or value["entity"] in entities]

    def executed(self):
        return json.loads(self.get("/executed"))


# Rules that are quick to load, for tests that are not about what is found.
FEW_RULES = "[pci]"
ALL_RULES = "[default, commands]"

POLICIES = """
  - {name: use, groups: [agents], connections: [vendor], decision: allow}
  - name: deletes
    groups: [agents]
    connections: [vendor]
    methods: [DELETE]
    paths: ["/customers/*"]
    decision: approve
    approvers: [leads]
    reason: deletes need a person's consent
"""


class Gateway:
    """`sluice serve` with a configuration and a data directory of its own.

    `agent` may use the connection `vendor`; `stranger` has a valid key, and no policy names its group.
    """

    def __init__(
        self, folder: Path, upstream, key_file, *, profiles=ALL_RULES, policies=POLICIES, connection="", settings="", listen=""
    ):
        self.folder = folder
        self.upstream = upstream
        self.key_file = key_file
        self.port = free_port()
        self.scheme = "https" if "tls" in listen else "http"
        self.url = f"{self.scheme}://127.0.0.1:{self.port}"
        self.config = folder / "sluice.yaml"
        self.keys = {name: "slk_" + secrets.token_urlsafe(32) for name in ("agent", "second-agent", "stranger")}
        self.profiles, self.policies = profiles, policies
        self.connection, self.settings, self.listen = connection, settings, listen
        self.write_configuration()
        self.process = None
        self.start()

    @property
    def key(self):
        return self.keys["agent"]

    def write_configuration(self):
        hashes = {name: hashlib.sha256(key.encode()).hexdigest() for name, key in self.keys.items()}
        self.config.write_text(
            f"""
listen: {{host: 127.0.0.1, port: {self.port}{self.listen}}}
data: data
corpus: {ROOT / "corpus"}
{self.settings}
connections:
  - name: vendor
    upstream: {self.upstream}
    credential: {{kind: bearer, from: "file:{self.key_file}"}}
    profiles: {self.profiles}
    {self.connection}
keys:
  - {{name: agent, hash: "sha256:{hashes["agent"]}", groups: [agents]}}
  - {{name: second-agent, hash: "sha256:{hashes["second-agent"]}", groups: [agents]}}
  - {{name: stranger, hash: "sha256:{hashes["stranger"]}", groups: [strangers]}}
people:
  - {{name: operator, os_user: {getpass.getuser()}, groups: [leads]}}
policies:{self.policies}
"""
        )

    def start(self):
        self.process = Process([PROGRAM, "serve", "--config", str(self.config)], self.folder / "gateway.out")
        self.process.await_line(r"listening on ")
        return self

    def restart(self):
        self.output_before = len(self.process.said())
        self.process = Process([PROGRAM, "serve", "--config", str(self.config)], self.folder / "gateway.out")
        self.process.await_line(r"listening on ", skip=self.output_before)

    def command(self, *arguments, status=0):
        """Runs `sluice … --config …` and returns its standard output."""
        done = subprocess.run(
            [PROGRAM, *arguments, "--config", str(self.config)],
            capture_output=True, text=True, timeout=PATIENCE, stdin=subprocess.DEVNULL,
        )
        assert done.returncode == status, f"{arguments}: status {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout

    def curl(self, path, *arguments, key="agent", **options):
        """A request to the connection `vendor`, with the key of that name, or with none."""
        return curl(f"{self.url}/vendor{path}", *arguments, key=self.keys.get(key, key), **options)

    def exchanges(self):
        """All exchanges that the index knows, oldest first, with those that had no valid key."""
        exported = self.command("session", "export", "--all").splitlines()
        return sorted(map(json.loads, exported), key=lambda exchange: exchange["id"])

    def exchange(self, result, patience=PATIENCE):
        """What is on record of the exchange with this result, once it has ended. The index is a moment behind the response."""
        return self.ended(lambda exchange: exchange["id"] == result.headers["sluice-exchange"], patience)

    def ended(self, matches, patience=PATIENCE):
        """The last exchange that `matches`, once it is on record with its outcome."""

        def known():
            found = [exchange for exchange in self.exchanges() if matches(exchange)]
            return found and found[-1].get("outcome") and found[-1]

        return eventually(known, patience, "an exchange on record with its outcome")

    def outcome(self, exchange, patience=PATIENCE):
        """The outcome on record of the exchange of that id, once it has one."""
        return self.ended(lambda known: known["id"] == exchange, patience)["outcome"]

    def end(self):
        if self.process:
            self.process.end()


class Result:
    """What curl got."""

    def __init__(self, status, headers, body, error):
        self.status = status
        # By lower-case name; a repeated field is joined.
        self.headers = headers
        self.body = body
        # Why the transfer is not complete, or nothing.
        self.error = error

    @property
    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"status {self.status}, {self.headers}, {len(self.body)} bytes {self.body[:300]!r}, {self.error}"


def curl(url, *arguments, key=None, data=None, timeout=PATIENCE):
    """Runs curl, which must end by itself within `timeout` seconds."""
    command = ["curl", "--silent", "--show-error", "--noproxy", "*", "--max-time", str(timeout), "--dump-header", "/dev/fd/2"]
    if key is not None:
        command += ["--header", f"Authorization: Bearer {key}"]
    if data is not None:
        command += ["--data-binary", "@-"]
    done = subprocess.run(
        command + [*arguments, "--", url], capture_output=True, input=data.encode() if isinstance(data, str) else data, timeout=timeout + 10
    )
    lines = done.stderr.decode("latin-1").replace("\r", "").split("\n")
    # The last head: before it there may be `100 Continue`.
    heads = [index for index, line in enumerate(lines) if line.startswith("HTTP/")]
    status, headers = 0, {}
    if heads:
        status = int(lines[heads[-1]].split()[1])
        for line in lines[heads[-1] + 1 :]:
            if ":" not in line or line.startswith("curl:"):
                break
            name, value = line.split(":", 1)
            name = name.lower()
            headers[name] = headers[name] + ", " + value.strip() if name in headers else value.strip()
    error = next((line for line in lines if line.startswith("curl:")), None)
    assert (error is None) == (done.returncode == 0), lines
    return Result(status, headers, done.stdout, error)


def raw(port, data, *, half_close=False, patience=PATIENCE):
    """Sends bytes over a new connection and returns all that comes until the other side closes it."""
    with socket.create_connection(("127.0.0.1", port), timeout=patience) as connection:
        connection.sendall(data)
        if half_close:
            connection.shutdown(socket.SHUT_WR)
        received = b""
        deadline = time.monotonic() + patience
        while True:
            connection.settimeout(max(0.01, deadline - time.monotonic()))
            try:
                part = connection.recv(65536)
            except ConnectionResetError:
                return received
            if not part:
                return received
            received += part
