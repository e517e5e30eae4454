"""A request that needs a person's consent: refused with a review id, approved, and then run once."""

import json
import signal
from concurrent.futures import ThreadPoolExecutor

from processes import curl


def ask(gateway, customer, *arguments, **options):
    return gateway.curl(f"/customers/{customer}", "-X", "DELETE", *arguments, **options)


def opened_review(result):
    """The review's id, from a refusal that tells an agent how to go on."""
    assert result.status == 403, result
    assert result.headers["sluice-denied"] == "approval-required"
    problem = result.json
    assert problem["next"] == "wait"
    assert problem["review"] == result.headers["sluice-review"]
    assert problem["wait"].startswith(f"/.well-known/sluice/reviews/{problem['review']}")
    return problem["review"]


def test_a_delete_runs_once_after_approval(gateway, vendor):
    before = vendor.executed()["deletes"]
    review = opened_review(ask(gateway, "cus_once"))
    assert opened_review(ask(gateway, "cus_once")) == review, "asking again opens no second review"
    assert vendor.executed()["deletes"] == before

    assert review in gateway.command("review", "list")
    gateway.command("review", "approve", review)
    assert vendor.executed()["deletes"] == before, "an approval by itself runs nothing"

    result = ask(gateway, "cus_once")
    assert (result.status, result.json["deleted"]) == (200, True)
    assert vendor.executed()["deletes"] == before + 1

    again = opened_review(ask(gateway, "cus_once"))
    assert again != review
    assert vendor.executed()["deletes"] == before + 1


def test_of_racing_resends_one_runs(gateway, vendor):
    before = vendor.executed()["deletes"]
    gateway.command("review", "approve", opened_review(ask(gateway, "cus_race")))
    with ThreadPoolExecutor(12) as pool:
        results = list(pool.map(lambda _: ask(gateway, "cus_race"), range(12)))
    assert sorted(result.status for result in results) == [200] + 11 * [403]
    assert vendor.executed()["deletes"] == before + 1


def test_an_approval_is_for_that_request_of_that_identity(gateway, vendor):
    before = vendor.executed()["deletes"]
    review = opened_review(ask(gateway, "cus_mine"))
    gateway.command("review", "approve", review)
    assert opened_review(ask(gateway, "cus_other")) != review
    assert opened_review(ask(gateway, "cus_mine?force=1")) != review
    assert opened_review(ask(gateway, "cus_mine", key="second-agent")) != review
    assert opened_review(ask(gateway, "cus_mine", "-H", "Content-Type: application/json", data='{"soft": true}')) != review
    assert vendor.executed()["deletes"] == before
    assert ask(gateway, "cus_mine").status == 200


def test_a_denied_request_does_not_run(gateway, vendor):
    before = vendor.executed()["deletes"]
    review = opened_review(ask(gateway, "cus_denied"))
    gateway.command("review", "deny", review, "--note", "not today")
    result = ask(gateway, "cus_denied")
    assert (result.status, result.headers["sluice-denied"]) == (403, "review-denied")
    assert vendor.executed()["deletes"] == before


def test_an_agent_can_wait_for_the_decision(gateway):
    refusal = ask(gateway, "cus_wait")
    review = opened_review(refusal)
    page = gateway.url + refusal.json["wait"]
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(curl, page, key=gateway.key)
        assert not waiting.done()
        gateway.command("review", "approve", review)
        result = waiting.result(20)
    assert (result.status, result.json["state"], result.json["next"]) == (200, "approved", "resend")
    assert curl(page, key=gateway.keys["stranger"]).status == 404, "a review is shown to those it concerns"
    assert curl(page).status == 401


def test_reviews_and_approvals_survive_a_kill(start_gateway, vendor):
    gateway = start_gateway()
    before = vendor.executed()["deletes"]
    pending = opened_review(ask(gateway, "cus_pending"))
    approved = opened_review(ask(gateway, "cus_approved"))
    gateway.command("review", "approve", approved)
    gateway.process.stop(signal.SIGKILL)
    gateway.restart()
    assert ask(gateway, "cus_approved").status == 200
    assert opened_review(ask(gateway, "cus_pending")) == pending
    assert vendor.executed()["deletes"] == before + 1


def test_a_review_is_listed_without_secrets(gateway):
    card = "4111 1111" + " 1111 1111"
    review = opened_review(ask(gateway, "cus_list", data=json.dumps({"card": card}), *["-H", "Content-Type: application/json"]))
    listed = gateway.command("review", "list", "--json")
    shown = gateway.command("review", "show", review)
    assert review in listed and "cus_list" in shown
    for secret in [card, card.replace(" ", ""), *gateway.keys.values()]:
        assert secret not in listed + shown
