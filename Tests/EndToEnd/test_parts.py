"""Forms with files, tables, and what a connection makes of rules: hashes that other programs can make too."""

import csv
import hashlib
import hmac
import io
import json
import secrets

import pytest

from processes import FEW_RULES, Gateway

CARD = "4111 1111" + " 1111 1111"
KEY = secrets.token_hex(32)


@pytest.fixture(scope="module")
def parts_gateway(tmp_path_factory, scripted, vendor):
    folder = tmp_path_factory.mktemp("parts")
    key = folder / "hash.key"
    key.touch(0o600)
    key.write_text(KEY + "\n")
    gateway = Gateway(
        folder, scripted.url, vendor.key_file, profiles=FEW_RULES, settings="hash_key: file:hash.key",
        connection="mask_requests: true\n    unknown_content: pass\n    actions: {CREDIT_CARD: hash}",
    )
    yield gateway
    gateway.end()


def label(value):
    """What stands for a value, made by another program."""
    digits = hmac.new(KEY.encode(), value.encode(), hashlib.sha256).hexdigest()[:16]
    letters = "".join(chr(ord("a") + int(digit, 16)) for digit in digits)
    return f"[CREDIT_CARD:hmac:{letters[:8]}-{letters[8:]}]"


def test_a_form_with_files_is_masked_on_its_way(parts_gateway, scripted, tmp_path):
    escaped = CARD.replace("4", "\\u0034", 1)
    (tmp_path / "a.json").write_text('{"card": "%s"}' % escaped)
    (tmp_path / "a.csv").write_text(f'"card, or so",x\r\n"{CARD}",1\r\n')
    picture = b"\x89PNG" + CARD.encode()
    (tmp_path / "a.png").write_bytes(picture)
    scripted.play("/upload", [b"{}"], "application/json")
    result = parts_gateway.curl(
        "/upload", "-F", f"note=card {CARD}", "-F", f"json=@{tmp_path}/a.json;type=application/json", "-F", f"table=@{tmp_path}/a.csv;type=text/csv",
        "-F", f"picture=@{tmp_path}/a.png;type=image/png",
    )
    assert result.status == 200, result
    _, fields, body = scripted.requests[-1]
    assert int(fields["content-length"]) == len(body)
    boundary = fields["content-type"].split("boundary=")[1].encode()
    parts = [part.split(b"\r\n\r\n", 1)[1][:-2] for part in body.split(b"--" + boundary)[1:-1]]
    assert parts == [f"card {label(CARD)}".encode(), json.dumps({"card": label(CARD)}).encode(), f'"card, or so",x\r\n"{label(CARD)}",1\r\n'.encode(), picture]
    evidence = parts_gateway.exchange(result)["evidence"]["request"]
    assert evidence["bytes_unscanned"] == len(picture)
    assert evidence["bytes_scanned"] == evidence["bytes_in"] - len(picture)
    assert evidence["masked"] == {"payment-card": 3} or sum(evidence["masked"].values()) == 3


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_a_table_stays_a_table_and_can_be_joined(parts_gateway, scripted, size):
    rows = [["id", "pan", "note"], ["1", CARD, 'say "card", then go'], ["2", "none", f"old card\n{CARD}"], ["3", CARD, ""]]
    sent = io.StringIO()
    csv.writer(sent).writerows(rows)
    body = sent.getvalue().encode()
    scripted.play("/table", [body[at : at + size] for at in range(0, len(body), size)], "text/csv; charset=utf-8")
    result = parts_gateway.curl("/table")
    assert result.status == 200
    received = list(csv.reader(io.StringIO(result.body.decode(), newline="")))
    assert [[cell.replace(label(CARD), CARD) for cell in row] for row in received] == rows
    assert [row[1] for row in received] == ["pan", label(CARD), received[2][1], label(CARD)]
    assert CARD not in result.body.decode()


def test_a_part_that_is_no_text_is_refused_where_the_connection_says_so(start_gateway, scripted, tmp_path):
    (tmp_path / "a.png").write_bytes(b"\x89PNG")
    gateway = start_gateway(scripted.url)
    before = len(scripted.requests)
    result = gateway.curl("/upload", "-F", f"picture=@{tmp_path}/a.png;type=image/png")
    assert (result.status, result.headers["sluice-denied"]) == (403, "blocked-by-rule")
    assert json.loads(result.body)["rule"] == "unscannable-part"
    assert len(scripted.requests) == before


def test_a_rule_that_hashes_needs_a_key(start_gateway, scripted):
    gateway = start_gateway(scripted.url)
    gateway.connection = "actions: {CREDIT_CARD: hash}"
    gateway.write_configuration()
    said = gateway.command("config", "check", "--json", status=2)
    assert "has the action hash, and there is no key for it" in said and "hash_key: env:" in said
    gateway.connection = "actions: {CREDIT_CART: hash}"
    gateway.write_configuration()
    said = gateway.command("config", "check", "--json", status=2)
    assert "did you mean" in said and "CREDIT_CARD" in said
