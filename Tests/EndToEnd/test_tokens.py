"""Values that an agent sends reach the vendor as tokens, and come back to that agent alone."""

import json

import openai
import pytest

from processes import FEW_RULES, Gateway

CARD = "4111 1111" + " 1111 1111"
OTHER = "5555 5555" + " 5555 4444"


@pytest.fixture(scope="module")
def token_gateway(tmp_path_factory, scripted, vendor):
    gateway = Gateway(
        tmp_path_factory.mktemp("tokens"), scripted.url, vendor.key_file, profiles=FEW_RULES, connection="mask_requests: true\n    actions: {CREDIT_CARD: token}"
    )
    yield gateway
    gateway.end()


def issue(gateway, scripted, value=CARD):
    """Sends a value, and gives the token that the vendor saw."""
    scripted.play("/note", [b"{}"], "application/json")
    result = gateway.curl("/note", "-H", "Content-Type: application/json", data=json.dumps({"note": f"card {value}"}))
    assert result.status == 200, result
    note = json.loads(scripted.requests[-1][2])["note"]
    assert value not in note and note.startswith("card [CREDIT_CARD:token:")
    return note.removeprefix("card "), result


def test_a_token_comes_back_to_who_sent_the_value_and_to_nobody_else(token_gateway, scripted):
    token, sent = issue(token_gateway, scripted)
    assert issue(token_gateway, scripted)[0] == token
    body = json.dumps({"known": token, "vendor's own": OTHER, "sent, and not as a token": CARD, "invented": token[:-10] + "aaaaaaaa]"})
    for pieces in ([body.encode()], [body.encode()[at : at + 1] for at in range(len(body))]):
        scripted.play("/echo", pieces, "application/json")
        answer = token_gateway.curl("/echo")
        label = "[REDACTED:CREDIT_CARD]"
        assert answer.json == {"known": CARD, "vendor's own": label, "sent, and not as a token": label, "invented": token[:-10] + "aaaaaaaa]"}
        scripted.play("/echo", pieces, "application/json")
        assert token_gateway.curl("/echo", key="second-agent").json["known"] == token
    for result in (sent, answer):
        token_gateway.exchange(result)
    assert CARD not in token_gateway.command("session", "export", "--all")
    for segment in token_gateway.folder.rglob("*"):
        if segment.is_file() and "gateway" not in segment.name:
            assert CARD.encode() not in segment.read_bytes(), f"a value is on record in {segment}"


def test_a_token_over_the_pieces_of_an_answer_comes_back_whole(token_gateway, scripted):
    token, _ = issue(token_gateway, scripted)

    def event(text, **more):
        choice = {"index": 0, "delta": {"content": text}, "finish_reason": None} | more
        return b"data: " + json.dumps({"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}).encode() + b"\n\n"

    texts = ["Your card ", *[token[at : at + 3] for at in range(0, len(token), 3)], f" is not {OTHER[:9]}", OTHER[9:], "."]
    stream = b"".join(map(event, texts)) + event("", finish_reason="stop") + b"data: [DONE]\n\n"
    scripted.play("/chat/completions", [stream[at : at + 50] for at in range(0, len(stream), 50)])
    client = openai.OpenAI(base_url=token_gateway.url + "/vendor", api_key=token_gateway.key, max_retries=0)
    answer = "".join(
        chunk.choices[0].delta.content or "" for chunk in client.chat.completions.create(model="m", messages=[{"role": "user", "content": f"Is {CARD} mine?"}], stream=True)
    )
    assert answer == f"Your card {CARD} is not [REDACTED:CREDIT_CARD]."
    assert json.loads(scripted.requests[-1][2])["messages"][0]["content"] == f"Is {token} mine?"


def test_after_a_restart_tokens_stay_tokens(start_gateway, scripted):
    gateway = start_gateway(scripted.url, connection="mask_requests: true\n    actions: {CREDIT_CARD: token}")
    token, _ = issue(gateway, scripted)
    gateway.process.end()
    gateway.restart()
    scripted.play("/echo", [json.dumps([token]).encode()], "application/json")
    assert gateway.curl("/echo").json == [token]
    assert issue(gateway, scripted)[0] != token
