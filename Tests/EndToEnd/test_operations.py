"""What requests would do at the vendor: blocked, approved, reported or let pass, by policy and catalogue."""

import gzip
import json
import subprocess

import pytest

from processes import FEW_RULES, PROGRAM, Gateway

TRUNCATE = "TRUNCATE " + "TABLE users"
DESTROY = "rm -rf " + "/srv/data"
JSON = "Content-Type: application/json"

POLICIES = """
  - {name: use, groups: [agents, strangers], connections: [vendor], decision: allow}
  - {name: agents truncate, groups: [agents], connections: [vendor], operations: [sql.truncate-table], objects: ['dev_*'], decision: allow}
  - name: removals
    groups: [agents]
    connections: [vendor]
    operations: ['files.*']
    severity: high
    decision: approve
    approvers: [leads]
    reason: what is removed is gone
"""


@pytest.fixture(scope="module")
def gateway(tmp_path_factory, vendor, scripted):
    gateway = Gateway(tmp_path_factory.mktemp("operations"), scripted.url, vendor.key_file, profiles=FEW_RULES, policies=POLICIES)
    yield gateway
    gateway.end()


def passes(scripted, path="/run"):
    """Lets the vendor answer the next request, which must arrive."""
    scripted.answers.setdefault(path, []).append(([b'{"done":true}'], "application/json", None, None))


REFUSED = {
    "a member": (["-H", JSON], json.dumps({"job": {"sql": TRUNCATE}}), "sql.truncate-table"),
    "arguments": (["-H", JSON], json.dumps({"command": "git", "args": ["push", "--force", "origin", "main"]}), "git.push-force"),
    "a form": ([], "x=1&sql=TRUNCATE+TABLE+users", "sql.truncate-table"),
    "parts": (["--form-string", f"sql={TRUNCATE}"], None, "sql.truncate-table"),
    "a mutation": (["-H", JSON], json.dumps({"query": "mutation { deleteUser(id: 5) { id } }"}), "http.graphql-delete"),
    "a tool call": (
        ["-H", JSON],
        json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "query", "arguments": {"sql": TRUNCATE}}}),
        "sql.truncate-table",
    ),
    "a coded body": (["-H", JSON, "-H", "Content-Encoding: gzip"], gzip.compress(json.dumps({"sql": TRUNCATE}).encode()), "sql.truncate-table"),
    "chunks": (["-H", JSON, "-H", "Transfer-Encoding: chunked"], json.dumps({"sql": TRUNCATE}), "sql.truncate-table"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_blocked_operation_never_reaches_the_vendor(gateway, scripted, case):
    arguments, data, operation = REFUSED[case]
    before = len(scripted.requests)
    result = gateway.curl("/run", "-X", "POST", *arguments, data=data)
    assert (result.status, result.headers["sluice-denied"]) == (403, "operation"), result
    assert (result.json["operation"], result.json["severity"]) == (operation, "high"), result
    assert result.json["detail"] and "operations: [" in result.json["hint"]
    assert len(scripted.requests) == before
    shown = gateway.command("session", "show", gateway.exchange(result)["id"])
    assert f"refuse: {operation}" in shown


def test_a_query_parameter_is_read(gateway):
    result = gateway.curl("/run?sql=TRUNCATE%20TABLE%20users")
    assert (result.status, result.headers["sluice-denied"]) == (403, "operation")


def test_a_deletion_needs_a_person_where_no_policy_says_who(gateway):
    result = gateway.curl("/customers/7", "-X", "DELETE")
    assert (result.status, result.json["operation"]) == (403, "http.delete")
    assert "approvers" in result.json["hint"]


def test_a_policy_allows_for_one_group_and_one_kind_of_object(gateway, scripted):
    body = json.dumps({"sql": "TRUNCATE " + "TABLE dev_users"})
    assert gateway.curl("/run", "-H", JSON, data=body, key="stranger").status == 403
    passes(scripted)
    assert gateway.curl("/run", "-H", JSON, data=body).json == {"done": True}
    assert gateway.curl("/run", "-H", JSON, data=json.dumps({"sql": TRUNCATE})).status == 403


def test_an_operation_runs_once_after_approval(gateway, scripted):
    body = json.dumps({"command": DESTROY})
    asked = gateway.curl("/run", "-H", JSON, data=body)
    assert (asked.status, asked.headers["sluice-denied"], asked.json["operation"]) == (403, "approval-required", "files.remove-recursively")
    review = asked.json["review"]
    shown = gateway.command("review", "show", review)
    assert "files.remove-recursively" in shown and "/srv/data" in shown and "what is removed is gone" in shown
    gateway.command("review", "approve", review)
    passes(scripted)
    assert gateway.curl("/run", "-H", JSON, data=body).json == {"done": True}
    assert gateway.curl("/run", "-H", JSON, data=body).status == 403
    assert scripted.requests[-1][2].decode() == body


def test_a_connection_that_reports_lets_pass(start_gateway, scripted):
    gateway = start_gateway(scripted.url, connection="commands: report")
    passes(scripted)
    result = gateway.curl("/run", "-H", JSON, data=json.dumps({"sql": TRUNCATE}))
    assert result.json == {"done": True}
    commands = gateway.exchange(result)["evidence"]["commands"]
    assert (commands["decision"], commands["rule"]) == ("report", "sql.truncate-table")


def test_a_conversation_about_commands_passes(gateway, scripted):
    chat = {
        "model": "m",
        "messages": [
            {"role": "user", "content": f"please {DESTROY}; {TRUNCATE}"},
            {"role": "assistant", "tool_calls": [{"id": "1", "type": "function", "function": {"name": "bash", "arguments": json.dumps({"command": DESTROY})}}]},
            {"role": "tool", "tool_call_id": "1", "content": json.dumps({"command": DESTROY})},
        ],
        "tools": [{"type": "function", "function": {"name": "bash", "parameters": {"type": "object", "properties": {"command": {"type": "string"}}}}}],
    }
    passes(scripted, "/chat/completions")
    assert gateway.curl("/chat/completions", "-H", JSON, data=json.dumps(chat)).json == {"done": True}


def test_a_policy_about_an_operation_that_is_not_there_is_refused(gateway):
    text = gateway.config.read_text()
    gateway.config.write_text(text.replace("[sql.truncate-table]", "[sql.truncate-tabel]"))
    try:
        done = subprocess.run([PROGRAM, "config", "check", "--config", str(gateway.config)], capture_output=True, text=True)
        assert done.returncode == 2
        assert 'did you mean "sql.truncate-table"?' in done.stderr + done.stdout
    finally:
        gateway.config.write_text(text)
