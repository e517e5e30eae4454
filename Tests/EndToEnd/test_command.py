"""The command without a gateway: exit statuses, streams and what it prints, as scripts rely on them."""

import json
import os
import subprocess

import pytest

from processes import PATIENCE, PROGRAM, ROOT

CARD = "4111 1111" + " 1111 1111"


def sluice(*arguments, data="", status=0, **options):
    """Runs the command in the repository, where it finds the shipped corpus."""
    done = subprocess.run([PROGRAM, *arguments], input=data, capture_output=True, text=True, timeout=3 * PATIENCE, cwd=ROOT, **options)
    assert done.returncode == status, f"status {done.returncode}\n{done.stdout}{done.stderr}"
    return done


@pytest.mark.parametrize("size", [1, 5, 1000])
def test_a_pipe_is_masked_however_it_is_cut(size):
    done = sluice("mask", "--profile", "pci", "--chunk-size", str(size), "--stats", data=f"pay with {CARD}, please\n")
    assert done.stdout == "pay with [REDACTED:CREDIT_CARD], please\n"
    stats = json.loads(done.stderr)
    assert stats["bytes_in"] == 37 and stats["bytes_out"] == len(done.stdout)
    assert stats["masked"] == {"payment-card": 1}
    assert {"p50", "p99", "max"} == set(stats["held"])


def test_json_stays_json():
    done = sluice("mask", "--profile", "pci", data=json.dumps({"number": int(CARD.replace(" ", "")), "ok": True}))
    assert json.loads(done.stdout) == {"number": "[REDACTED:CREDIT_CARD]", "ok": True}


def test_a_batch_answers_each_line_with_its_offsets():
    lines = [{"id": "a", "text": f"x {CARD}"}, {"id": "b", "text": "nothing"}]
    done = sluice("mask", "--profile", "pci", "--batch", data="".join(json.dumps(line) + "\n" for line in lines))
    first, second = map(json.loads, done.stdout.splitlines())
    assert (first["id"], first["masked"], first["blocked"]) == ("a", "x [REDACTED:CREDIT_CARD]", None)
    assert first["spans"] == [[2, 21, "payment-card", "CREDIT_CARD"]]
    assert (second["masked"], second["spans"]) == ("nothing", [])


def test_a_blocked_command_ends_the_output_with_status_3():
    done = sluice("mask", "--profile", "commands", data="select 1; drop table customers; select 2", status=3)
    assert done.stdout == "" and 'rule "sql.drop-table"' in done.stderr


def test_nothing_of_a_command_in_a_tool_call_is_released():
    pieces = ['{"comm', 'and": "', *"cd /srv; X=rm; $X -rf $HOME", '"}']
    events = [{"type": "content_block_delta", "index": 1, "delta": {"type": "input_json_delta", "partial_json": piece}} for piece in pieces]
    stream = "".join(f"event: content_block_delta\ndata: {json.dumps(event)}\n\n" for event in events)
    done = sluice("mask", "--profile", "commands", "--format", "sse", "--chunk-size", "7", data=stream, status=3)
    released, error = done.stdout.split("event: error\n")
    assert released == "".join(f"event: content_block_delta\ndata: {json.dumps(event)}\n\n" for event in events[:2])
    assert "sluice_blocked" in error and "files.remove-recursively" in done.stderr
    # Where commands are only reported it passes.
    done = sluice("mask", "--profile", "commands", "--action", "proposed-command=report", "--format", "sse", "--findings", data=stream)
    assert done.stdout == stream and json.loads(done.stderr)["action"] == "reported"


@pytest.mark.parametrize("body", ["SELECT * FROM logs WHERE m = 'drop table x'", '{"command": "rm -rf /tmp/work"}', "never run rm -rf / there", "```python\nshutil.rmtree(x)\n```\n"])
def test_what_only_speaks_of_a_command_passes(body):
    assert sluice("mask", "--profile", "commands", data=body).stdout == body


def test_findings_are_listed_without_their_value_and_set_the_status(tmp_path):
    file = tmp_path / "log.txt"
    file.write_text(f"line one\ncard {CARD}\n")
    done = sluice("scan", "--profile", "pci", "--json", str(file), status=1)
    finding = json.loads(done.stdout.splitlines()[0])
    assert CARD not in done.stdout and finding["rule"] == "payment-card"
    file.write_text("nothing here\n")
    assert sluice("scan", "--profile", "pci", str(file)).stdout == ""


def test_wrong_usage_has_status_2_and_a_hint():
    done = sluice("mask", "--profile", "no-such-profile", status=2)
    assert done.stdout == "" and "error:" in done.stderr and "hint:" in done.stderr
    assert sluice("mask", "--no-such-flag", status=2).stdout == ""


def test_the_example_configuration_is_right(tmp_path):
    # Its credentials come from the environment; any will do.
    environment = {**os.environ, "BILLING_TOKEN": "a" * 20, "SEARCH_KEY": "b" * 20}
    done = sluice("config", "check", "--config", str(ROOT / "config.example.yaml"), env=environment)
    assert "is right" in done.stdout


def test_a_new_key_is_accepted_by_a_configuration(start_gateway):
    made = json.loads(sluice("key", "new", "--name", "fresh", "--groups", "agents", "--json").stdout)
    gateway = start_gateway()
    text = gateway.config.read_text().replace("people:", f"  - {{name: fresh, hash: {made['hash']}, groups: [agents]}}\npeople:")
    gateway.process.stop()
    gateway.config.write_text(text)
    gateway.restart()
    assert gateway.curl("/customers", key=made["key"]).status == 200
