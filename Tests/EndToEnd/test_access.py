"""Who may do what: keys, policies, and commands that no policy can allow."""

import json

import pytest

from processes import curl


def refused(result, status, reason):
    """A refusal is a problem document (RFC 9457) and says its reason to programs."""
    assert result.status == status, result
    assert result.headers["sluice-denied"] == reason
    assert result.headers["content-type"] == "application/problem+json"
    problem = result.json
    assert problem["status"] == status
    assert problem["title"] and problem["detail"]
    return problem


@pytest.mark.parametrize("key", [None, "", "wrong", "slk_" + "A" * 43], ids=["none", "empty", "wrong", "well-formed"])
def test_without_a_valid_key_the_vendor_is_not_asked(gateway, vendor, key):
    before = vendor.settled()
    result = gateway.curl("/customers", key=key)
    refused(result, 401, "unauthenticated")
    assert result.headers["www-authenticate"].startswith("Bearer")
    assert len(vendor.requests()) == before


def test_the_vendors_own_key_is_no_key_of_the_gateway(gateway, vendor):
    refused(gateway.curl("/customers", key=vendor.key), 401, "unauthenticated")


def test_a_valid_key_that_no_policy_names_is_denied(gateway, vendor):
    before = vendor.settled()
    refused(gateway.curl("/customers", key="stranger"), 403, "policy")
    assert len(vendor.requests()) == before
    denied = gateway.ended(lambda exchange: exchange.get("identity") == "stranger")
    assert (denied["decision"], denied["outcome"]["kind"]) == ("deny", "refused")


def test_a_connection_that_does_not_exist_is_not_found(gateway):
    refused(curl(gateway.url + "/nobody/customers", key=gateway.key), 404, "unknown-connection")


@pytest.mark.parametrize("path", ["/../vendor/customers", "/%2e%2e/customers", "/a/..%2f../customers", "/customers/%2e%2e/sql"])
def test_a_path_that_could_mean_another_one_does_not_get_around_a_policy(start_gateway, vendor, path):
    gateway = start_gateway(
        policies="""
  - {name: use, groups: [agents], connections: [vendor], decision: allow}
  - {name: no lists, groups: ["*"], connections: ["*"], paths: ["/customers/**", "/sql"], decision: deny}
"""
    )
    before = vendor.settled()
    result = gateway.curl(path, "--path-as-is")
    assert result.status in (400, 403, 404), result
    assert "sluice-denied" in result.headers
    assert len(vendor.requests()) == before


def test_a_destructive_statement_is_stopped_before_the_vendor_sees_a_byte(gateway, vendor):
    executed, requests = vendor.executed(), vendor.settled()
    problem = refused(
        gateway.curl("/sql", "-H", "Content-Type: application/json", data=json.dumps({"query": "DROP TABLE customers"})),
        403, "operation",
    )
    assert "DROP" not in json.dumps(problem), "a refusal never repeats the value found"
    assert problem["rule"]
    assert vendor.executed() == executed
    # Only /executed, asked twice, came since.
    assert {request["uri"] for request in vendor.requests()[requests:]} == {"/executed"}


def test_a_destructive_statement_is_found_wherever_the_body_is_cut(gateway, vendor):
    before = vendor.executed()
    padding = " " * 9000
    body = json.dumps({"comment": padding, "query": "select 1;\ndrop \n table customers", "more": padding})
    escaped = body.replace("drop", "\\u0064rop")
    for text in (body, escaped):
        result = gateway.curl("/sql", "-H", "Content-Type: application/json", "-H", "Transfer-Encoding: chunked", data=text)
        refused(result, 403, "operation")
    assert vendor.executed() == before


def test_a_harmless_statement_runs(gateway, vendor):
    before = vendor.executed()["statements"]
    result = gateway.curl("/sql", "-H", "Content-Type: application/json", data=json.dumps({"query": "select name from customers"}))
    assert (result.status, result.json["executed"]) == (200, before + 1)


def test_a_request_body_that_cannot_be_scanned_is_refused(gateway, vendor):
    before = vendor.executed()
    refused(gateway.curl("/sql", "-H", "Content-Type: application/octet-stream", data=b"\0\1drop table"), 415, "request-content")
    refused(
        gateway.curl("/sql", "-H", "Content-Type: application/json", "-H", "Content-Encoding: compress", data=b"\x1f\x9d"), 415, "request-content"
    )
    assert vendor.executed() == before


def test_no_record_and_no_output_holds_a_key(gateway, vendor):
    gateway.exchange(gateway.curl("/customers?bytes=2000"))
    text = json.dumps(gateway.exchanges()) + gateway.process.said()
    for secret in [vendor.key, *gateway.keys.values()]:
        assert secret not in text
