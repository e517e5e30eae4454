"""A vendor's response is masked while it streams, and stays what it was: the same document with some values replaced."""

import json

import pytest

# What the shipped corpus finds by its form; names of persons have none.
FOUND = {"CREDIT_CARD", "EMAIL_ADDRESS", "US_SSN", "IBAN_CODE", "PHONE_NUMBER", "AWS_ACCESS_KEY_ID", "STRIPE_KEY", "SLACK_TOKEN", "JWT"}


def texts(value):
    """Every text of a JSON document as its reader sees it: keys, strings and numbers."""
    if isinstance(value, dict):
        for key, member in value.items():
            yield key
            yield from texts(member)
    elif isinstance(value, list):
        for member in value:
            yield from texts(member)
    elif value is not None and not isinstance(value, bool):
        yield str(value)


def differences(one, other, path=""):
    """Pointers and both values of the leaves in which two documents differ; their shape must be the same."""
    if isinstance(one, dict) and isinstance(other, dict):
        assert list(one) == list(other), f"other keys at {path}"
        for key in one:
            yield from differences(one[key], other[key], f"{path}/{key}")
    elif isinstance(one, list) and isinstance(other, list):
        assert len(one) == len(other), f"another length at {path}"
        for index, (left, right) in enumerate(zip(one, other)):
            yield from differences(left, right, f"{path}/{index}")
    elif one != other or type(one) is not type(other):
        yield path, one, other


@pytest.mark.parametrize("chunk", ["ragged", "1", "7", "65536", None], ids=lambda chunk: f"chunk={chunk}")
def test_masked_json_parses_and_holds_no_planted_value(gateway, vendor, chunk):
    query = "bytes=60000&seed=11" + (f"&chunk={chunk}" if chunk else "")
    sent = json.loads(vendor.get("/customers?" + query))
    result = gateway.curl("/customers?" + query)
    assert (result.status, result.error) == (200, None), result
    assert result.headers["content-type"] == "application/json"
    received = result.json

    planted = vendor.planted("bytes=60000&seed=11", FOUND)
    assert len(planted) > 30
    # Numbers are compared as they stand in the document, where 4.111e15 and its digits are the same number.
    seen = "\n".join(texts(received))
    assert [value for value in planted if value in seen] == []

    changed = list(differences(sent, received))
    assert changed
    for path, before, after in changed:
        assert isinstance(after, str), path
        # Known by the name of its member; the vendor does not count it among what it planted.
        if path.endswith("/postal_code"):
            assert after == "[REDACTED:POSTAL_CODE]", path
            continue
        assert "[REDACTED:" in after or "*" in after, f"{path} was changed into {after!r}"
        assert any(value in str(before) for value in planted), f"{path} was masked, and nothing was planted there: {before!r}"


def test_how_the_body_was_cut_does_not_show(gateway):
    bodies = {gateway.curl(f"/customers?bytes=40000&seed=5&chunk={chunk}").body for chunk in ("ragged", 1, 3, 4096, 40000)}
    assert len(bodies) == 1


def test_every_line_of_ndjson_parses_and_holds_no_planted_value(gateway, vendor):
    result = gateway.curl("/events.ndjson?bytes=40000&seed=12&chunk=ragged")
    assert (result.status, result.error) == (200, None), result
    lines = result.body.splitlines()
    assert len(lines) == len(vendor.get("/events.ndjson?bytes=40000&seed=12").splitlines())
    seen = "\n".join(text for line in lines for text in texts(json.loads(line)))
    planted = vendor.planted("form=lines&bytes=40000&seed=12", FOUND)
    assert planted and [value for value in planted if value in seen] == []


def test_a_body_with_nothing_to_mask_is_byte_identical(gateway, vendor):
    # The head and the first record of this list, which holds no personal data.
    for seed in range(1, 50):
        query = f"bytes=700&seed={seed}"
        if not vendor.planted(query):
            assert gateway.curl("/customers?" + query).body == vendor.get("/customers?" + query)
            return
    pytest.fail("no small list without personal data")


def test_head_has_the_fields_of_get_and_no_body(gateway):
    result = gateway.curl("/customers?bytes=5000", "--head")
    assert (result.status, result.error) == (200, None), result
    assert result.headers["content-type"] == "application/json"


@pytest.mark.parametrize("status", [204, 304, 404, 500])
def test_statuses_without_a_body_pass(gateway, status):
    result = gateway.curl(f"/status/{status}", timeout=10)
    assert (result.status, result.body, result.error) == (status, b"", None)


def test_a_type_that_cannot_be_scanned_is_refused(gateway):
    result = gateway.curl("/file?bytes=3000&type=application/octet-stream")
    assert result.status == 502
    assert result.headers["sluice-denied"] == "content-type"
    assert result.json["status"] == 502


def test_a_type_that_cannot_be_scanned_passes_where_the_operator_says_so(start_gateway, vendor):
    gateway = start_gateway(connection="unknown_content: pass")
    result = gateway.curl("/file?bytes=3000&type=image/png")
    assert (result.status, result.body) == (200, vendor.get("/file?bytes=3000"))
    evidence = gateway.exchange(result)["evidence"]["response"]
    assert (evidence["bytes_unscanned"], evidence["bytes_scanned"]) == (3000, 0)


def test_the_vendor_gets_the_gateways_credential_and_its_echo_is_masked(start_gateway, vendor):
    # With rules that know nothing of credentials, so that only the injected one's own rule can find it.
    gateway = start_gateway()
    result = gateway.curl("/echo-headers", "-H", "X-Trace: 17")
    assert result.status == 200
    echoed = result.json
    assert echoed["x-trace"] == "17"
    assert vendor.key.encode() not in result.body
    assert echoed["authorization"] == "Bearer [REDACTED:INJECTED_CREDENTIAL]"
    assert gateway.key.encode() not in result.body
    last = vendor.requests()[-1]
    assert last["authorized"] is True
    assert gateway.key not in json.dumps(last)


def test_the_record_says_what_was_scanned_and_masked(gateway):
    result = gateway.curl("/customers?bytes=20000&seed=3&chunk=ragged")
    recorded = gateway.exchange(result)
    assert recorded["outcome"]["kind"] == "completed"
    evidence = recorded["evidence"]["response"]
    assert evidence["bytes_in"] == evidence["bytes_scanned"] == 20000
    assert evidence["bytes_out"] == len(result.body)
    assert sum(evidence["masked"].values()) > 5
    assert evidence["most_held"] <= 65536


def test_a_request_is_masked_on_its_way_where_the_operator_says_so(start_gateway, vendor):
    gateway = start_gateway(connection="mask_requests: true")
    card = "4111 1111" + " 1111 1111"
    body = json.dumps({"query": "select 1", "note": f"card {card}"})
    assert gateway.curl("/sql", "-H", "Content-Type: application/json", data=body).status == 200
    seen = json.loads(vendor.requests()[-1]["body"])
    assert seen["query"] == "select 1"
    assert card not in seen["note"] and seen["note"].startswith("card ")
