"""Starting, reloading, stopping, and being killed."""

import re
import signal
import socket
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from processes import PATIENCE, PROGRAM, curl, eventually

SLOW = "/slow?bytes=40000&chunk=2000&interval_ms=150"


def test_killed_in_the_middle_of_a_response_the_record_says_so(start_gateway):
    gateway = start_gateway()
    completed = [gateway.curl(f"/customers?bytes=3000&seed={seed}").headers["sluice-exchange"] for seed in range(10)]

    with ThreadPoolExecutor(1) as pool:
        streaming = pool.submit(gateway.curl, SLOW)
        eventually(lambda: len(gateway.exchanges()) == 11, what="the streamed exchange on record")
        time.sleep(0.5)
        gateway.process.stop(signal.SIGKILL)
        cut_off = streaming.result(PATIENCE)
    assert cut_off.status == 200 and cut_off.error

    gateway.restart()
    assert gateway.exchange(cut_off)["outcome"]["kind"] == "interrupted"
    recorded = {exchange["id"]: exchange for exchange in gateway.exchanges()}
    for exchange in completed:
        assert recorded[exchange]["outcome"]["kind"] == "completed", "nothing acknowledged is lost"
    assert gateway.curl("/customers").status == 200


def test_what_was_released_before_a_kill_is_on_record(start_gateway):
    gateway = start_gateway()
    with ThreadPoolExecutor(1) as pool:
        streaming = pool.submit(gateway.curl, SLOW)
        time.sleep(1.5)
        gateway.process.stop(signal.SIGKILL)
        cut_off = streaming.result(PATIENCE)
    assert cut_off.body and cut_off.error
    gateway.restart()
    recorded = gateway.exchange(cut_off)["response"]["body"].encode()
    assert recorded.startswith(cut_off.body), "the record holds what the client got"


def test_killed_again_and_again_nothing_completed_is_lost(start_gateway):
    gateway = start_gateway()
    completed = []
    for _ in range(4):
        with ThreadPoolExecutor(4) as pool:
            running = [pool.submit(gateway.curl, f"/customers?bytes=2000&seed={seed}") for seed in range(24)]
            time.sleep(0.3)
            gateway.process.stop(signal.SIGKILL)
            for result in (future.result(PATIENCE) for future in running):
                if result.status == 200 and not result.error:
                    completed.append(result.headers["sluice-exchange"])
        gateway.restart()
    recorded = {exchange["id"]: exchange["outcome"]["kind"] for exchange in gateway.exchanges()}
    assert completed
    assert {exchange: recorded.get(exchange) for exchange in completed} == dict.fromkeys(completed, "completed")


def test_a_second_gateway_on_the_same_data_is_refused(start_gateway):
    gateway = start_gateway()
    second = gateway.folder / "second.yaml"
    second.write_text(gateway.config.read_text().replace(f"port: {gateway.port}", "port: 0"))
    done = subprocess.run([PROGRAM, "serve", "--config", str(second)], capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 2, done.stderr
    assert "error:" in done.stderr
    assert gateway.curl("/customers").status == 200


def test_a_reload_changes_policies_and_keeps_connections(start_gateway):
    gateway = start_gateway()
    assert gateway.curl("/customers", key="stranger").status == 403
    with ThreadPoolExecutor(1) as pool:
        streaming = pool.submit(gateway.curl, SLOW)
        time.sleep(0.5)
        gateway.policies += "\n  - {groups: [strangers], connections: [vendor], decision: allow}\n"
        gateway.write_configuration()
        gateway.process.send(signal.SIGHUP)
        eventually(lambda: gateway.curl("/customers", key="stranger").status == 200, what="the new policy")
        result = streaming.result(PATIENCE)
    assert (result.status, result.error) == (200, None)


@pytest.mark.parametrize(
    "wrong", ["policies: 7\n", "surprise: true\n", "\tconnections: [\n", ""], ids=["type", "unknown key", "no YAML", "empty"]
)
def test_a_wrong_configuration_keeps_the_old_one(start_gateway, wrong):
    gateway = start_gateway()
    before = len(gateway.process.said())
    gateway.config.write_text(gateway.config.read_text() + wrong if wrong else "")
    gateway.process.send(signal.SIGHUP)
    gateway.process.await_line(r"the old configuration stays in force", skip=before)
    assert gateway.curl("/customers").status == 200
    assert gateway.curl("/customers", key="stranger").status == 403
    checked = subprocess.run([PROGRAM, "config", "check", "--config", str(gateway.config)], capture_output=True, text=True, timeout=PATIENCE)
    assert checked.returncode == 2
    assert "error:" in checked.stderr and "hint:" in checked.stderr


def test_a_wrong_configuration_does_not_start(start_gateway, tmp_path):
    gateway = start_gateway()
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(gateway.config.read_text().replace("decision: allow", "decision: alow"))
    done = subprocess.run([PROGRAM, "serve", "--config", str(wrong)], capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 2
    line = wrong.read_text().split("alow")[0].count("\n") + 1
    assert re.search(rf"error: .*wrong\.yaml:{line}: ", done.stderr), done.stderr
    assert 'did you mean "allow"' in done.stderr


def test_told_to_stop_it_ends_what_is_under_way_and_takes_nothing_new(start_gateway):
    gateway = start_gateway()
    with ThreadPoolExecutor(1) as pool:
        streaming = pool.submit(gateway.curl, SLOW)
        time.sleep(0.7)
        gateway.process.send(signal.SIGTERM)
        eventually(lambda: curl(gateway.url + "/.well-known/sluice/health", timeout=2).status != 200, what="the closed door")
        result = streaming.result(PATIENCE)
    assert (result.status, result.error) == (200, None)
    assert result.json["has_more"] is False
    assert gateway.process.wait() == 0
    gateway.restart()
    assert gateway.outcome(result.headers["sluice-exchange"])["kind"] == "completed"


def test_told_to_stop_it_does_not_wait_for_ever(start_gateway):
    gateway = start_gateway(settings="timeouts: {drain: 1s}")
    with ThreadPoolExecutor(1) as pool:
        streaming = pool.submit(gateway.curl, "/slow?bytes=1000000&chunk=100&interval_ms=200")
        time.sleep(0.7)
        began = time.monotonic()
        gateway.process.stop(signal.SIGTERM)
        assert time.monotonic() - began < 15
        result = streaming.result(PATIENCE)
    assert result.error, "what was cut off must not look complete"
    gateway.restart()
    assert gateway.outcome(result.headers["sluice-exchange"])["kind"] == "interrupted"


def test_an_idle_gateway_stops_at_once(start_gateway):
    gateway = start_gateway()
    # Held open by a client that asks for nothing.
    with socket.create_connection(("127.0.0.1", gateway.port)):
        began = time.monotonic()
        assert gateway.process.stop(signal.SIGTERM) == 0
        assert time.monotonic() - began < 10


def test_the_next_start_takes_the_rules_from_the_cache(start_gateway):
    gateway = start_gateway(settings="cache: compiled")
    folder = gateway.folder / "compiled"
    kept = {file: file.read_bytes() for file in folder.iterdir()}
    assert len(kept) == 2, "what the profiles select, and that compiled"
    assert folder.stat().st_mode & 0o777 == 0o700 and {file.stat().st_mode & 0o777 for file in kept} == {0o600}
    assert not any(gateway.key_file.read_bytes() in content for content in kept.values()), "no credential is kept"

    gateway.process.stop(signal.SIGTERM)
    gateway.restart()
    assert gateway.curl("/customers").status == 200
    assert {file: file.read_bytes() for file in folder.iterdir()} == kept

    for file, content in kept.items():
        gateway.process.stop(signal.SIGTERM)
        file.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
        gateway.restart()
        assert re.search(file.name + r" is not used: .*damaged", gateway.process.said())
        assert gateway.curl("/customers").status == 200
        assert file.read_bytes() == content, "written anew"
