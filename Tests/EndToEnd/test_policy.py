"""Policies: explained as they are enforced, and exchanged while requests are under way."""

import json
import signal
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from processes import PATIENCE, PROGRAM, eventually, raw

ALLOW = "policies:\n  - {{name: use, groups: [agents], connections: [vendor], paths: [{0}], decision: allow}}\n"
ONE, OTHER = ALLOW.format("/customers"), ALLOW.format("/search")


def version(*texts):
    """As docs/POLICY.md says: what `cat FOLDER/*.yaml | sha256sum` begins with."""
    done = subprocess.run(["sha256sum"], input="".join(texts).encode(), capture_output=True, check=True)
    return done.stdout.decode()[:12]


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "policies"
    folder.mkdir()
    (folder / "use.yaml").write_text(ONE)
    return folder


@pytest.fixture
def gateway(start_gateway, folder):
    gateway = start_gateway(policies=f" {{folder: {folder}}}")
    assert f"policies {version(ONE)}" in gateway.process.said()
    return gateway


def replace(file, text):
    """In one step, as a deployment would."""
    new = file.with_name(file.name + ".new")
    new.write_text(text)
    new.rename(file)


def explain(gateway, *arguments, name="agent"):
    return json.loads(gateway.command("policy", "explain", "--as", name, "--json", *arguments))


def test_a_changed_file_is_in_force_without_being_asked_and_records_say_since_when(gateway, folder):
    before = gateway.curl("/customers")
    assert before.status == 200
    assert explain(gateway, "GET", "/vendor/customers")["version"] == version(ONE)
    more = "policies:\n  - {name: closed, groups: [agents], connections: [vendor], decision: deny}\n"
    (folder / "more.yaml").write_text(more)
    eventually(lambda: gateway.curl("/customers").status == 403, what="the new policy")
    after = gateway.exchange(gateway.curl("/customers"))
    assert (after["policy"], after["policy_version"]) == ("closed", version(more, ONE))
    assert gateway.exchange(before)["policy_version"] == version(ONE)
    shown = explain(gateway, "GET", "/vendor/customers")
    assert (shown["version"], shown["decision"], shown["policy"]) == (version(more, ONE), "deny", "closed")


@pytest.mark.parametrize("wrong", ["policies: 7\n", "policies:\n  - {groups: [agnts], connections: [vendor], decision: allow}\n", "\tx: [\n", ""])
def test_a_wrong_bundle_leaves_the_old_one_in_force_and_is_told_once(gateway, folder, wrong):
    before = len(gateway.process.said())
    replace(folder / "use.yaml", wrong)
    gateway.process.await_line(rf"the old configuration stays in force, with policies {version(ONE)}:\s*\n?error: .*use\.yaml", skip=before)
    time.sleep(2)
    assert gateway.process.said()[before:].count("stays in force") == 1
    result = gateway.curl("/customers")
    assert (result.status, gateway.exchange(result)["policy_version"]) == (200, version(ONE))
    # The same file again is no change, and a right one is.
    replace(folder / "use.yaml", OTHER)
    eventually(lambda: gateway.curl("/customers").status == 403, what="the right bundle")


def test_a_folder_that_vanishes_leaves_the_old_one_in_force(gateway, folder):
    before = len(gateway.process.said())
    folder.rename(folder.with_name("away"))
    gateway.process.await_line(r"stays in force, with policies", skip=before)
    assert gateway.curl("/customers").status == 200


def test_without_watching_a_signal_is_needed(start_gateway, folder):
    gateway = start_gateway(policies=f" {{folder: {folder}, watch: false}}")
    replace(folder / "use.yaml", OTHER)
    time.sleep(2)
    assert gateway.curl("/customers").status == 200
    gateway.process.send(signal.SIGHUP)
    eventually(lambda: gateway.curl("/customers").status == 403, what="the new policy")


def test_every_request_is_decided_by_one_version_while_versions_are_exchanged(start_gateway, tmp_path):
    # Behind a link, two files each: to mix them would allow both paths, or neither.
    deny = "policies:\n  - {{name: closed, groups: [agents], connections: [vendor], paths: [{0}], decision: deny}}\n"
    everything = ALLOW.format("/**")
    versions = {}
    for name, closed in (("one", "/search"), ("other", "/customers")):
        (tmp_path / name).mkdir()
        files = {"a.yaml": deny.format(closed), "b.yaml": everything.replace("use", "use-" + name)}
        for file, text in files.items():
            (tmp_path / name / file).write_text(text)
        versions[version(*files.values())] = (closed, "use-" + name)
    link = tmp_path / "policies"
    link.symlink_to("one")
    gateway = start_gateway(policies=f" {{folder: {link}}}")
    with ThreadPoolExecutor(4) as pool:
        stop = False

        def ask(path):
            asked = 0
            while not stop:
                gateway.curl(path)
                asked += 1
            return asked

        asking = [pool.submit(ask, path) for path in ("/customers", "/search") * 2]
        for turn in range(4):
            target = "other" if turn % 2 == 0 else "one"
            new = tmp_path / "new-link"
            new.symlink_to(target)
            before = gateway.process.said().count("reloaded")
            new.rename(link)
            eventually(lambda: gateway.process.said().count("reloaded") > before, what="a reload")
        stop = True
        assert sum(one.result(PATIENCE) for one in asking) > 20
    recorded = [exchange for exchange in gateway.exchanges() if exchange.get("outcome")]
    assert {exchange["policy_version"] for exchange in recorded} == set(versions)
    for exchange in recorded:
        closed, use = versions[exchange["policy_version"]]
        expected = ("deny", "closed") if exchange["target"].startswith(closed) or exchange["target"].startswith("/vendor" + closed) else ("allow", use)
        assert (exchange["decision"], exchange["policy"]) == expected, exchange


TRICKS = [
    "/vendor/customers", "/vendor//customers", "/vendor/./customers", "/vendor/x/../customers", "/vendor/x/%2e%2e/customers", "/vendor/%2E%2E;a/customers", "/vendor/x%2Fcustomers",
    "/vendor/%63ustomers", "/vendor/%2563ustomers", "/vendor/customers;a=b", "/vendor/CUSTOMERS", "/vendor/customers/", "/vendor/customers%00", "http://127.0.0.1/vendor/customers", "/%76endor/customers",
    "/vendor/x\\customers", "/vendor/" + "a" * 70000,
]


@pytest.mark.parametrize("target", TRICKS, ids=lambda target: target[:40])
def test_a_path_trick_is_explained_as_it_is_decided(start_gateway_once, target):
    gateway = start_gateway_once
    request = f"GET {target} HTTP/1.1\r\nHost: gateway\r\nAuthorization: Bearer {gateway.key}\r\nConnection: close\r\n\r\n"
    head = raw(gateway.port, request.encode()).split(b"\r\n\r\n")[0].decode("latin-1").lower()
    status = int(head.split()[1])
    denied = next((line.split(": ")[1] for line in head.split("\r\n") if line.startswith("sluice-denied: ")), None)
    shown = explain(gateway, "GET", target)
    if denied in ("malformed-request", "header-too-large"):
        # What ends before the head is read whole is no question of policy.
        assert shown["decision"] in ("refuse", "allow", "deny")
        return
    assert (shown.get("reason"), shown.get("answer", {"status": status})["status"]) == (denied, status)


@pytest.fixture(scope="module")
def start_gateway_once(tmp_path_factory, vendor):
    from processes import FEW_RULES, Gateway

    gateway = Gateway(
        tmp_path_factory.mktemp("tricks"), vendor.url, vendor.key_file, profiles=FEW_RULES,
        policies="""
  - {name: use, groups: [agents], connections: [vendor], decision: allow}
  - {name: closed, groups: [agents], connections: [vendor], paths: ["/customers", "/customers/**"], decision: deny}
""",
    )
    yield gateway
    gateway.end()


def test_a_policy_that_can_never_decide_keeps_the_gateway_from_starting(start_gateway, tmp_path):
    gateway = start_gateway()
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(gateway.config.read_text() + "  - {name: more, groups: [agents], connections: [vendor], methods: [GET], decision: allow}\n")
    line = wrong.read_text().split("name: more")[0].count("\n") + 1
    for arguments in (["config", "check"], ["serve"]):
        done = subprocess.run([PROGRAM, *arguments, "--config", str(wrong)], capture_output=True, text=True, timeout=PATIENCE)
        assert done.returncode == 2
        assert f'wrong.yaml:{line}: policy "more" never decides: wherever it applies, "use" does' in done.stderr, done.stderr
