"""`make run` is the first thing a stranger sees: the whole tour, on the program under test."""

import os
import signal
import subprocess

from processes import PROGRAM, ROOT, Process, curl


def test_the_tour_shows_masking_refusal_approval_and_the_record():
    done = subprocess.run(
        [ROOT / "scripts/run.sh", PROGRAM], capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL,
        env={**os.environ, "RUN_ONCE": "1"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "[REDACTED:" in done.stdout
    assert "Sluice-Denied: operation" in done.stdout
    assert "Sluice-Denied: approval-required, Sluice-Review: " in done.stdout
    counts = [line.split(": ", 1)[1] for line in done.stdout.splitlines() if line.startswith("the vendor carried out: ")]
    assert counts == ['{"deletes":0,"statements":0}'] * 2 + ['{"deletes":1,"statements":0}']
    assert "tour-agent" in done.stdout.split("5. All of it is on record")[1]


def test_the_tour_goes_on_serving_until_it_is_interrupted(tmp_path):
    tour = Process(
        [ROOT / "scripts/run.sh", PROGRAM], tmp_path / "tour.out", env={**os.environ, "RUN_ONCE": "", "TMPDIR": str(tmp_path)}, start_new_session=True
    )
    try:
        tour.await_line(r"Serving until Ctrl-C", patience=120)
        key = tour.await_line(r"export KEY=(\S+)")[1]
        gateway = tour.await_line(r"gateway +(http://\S+)")[1]
        assert curl(gateway + "/vendor/customers?bytes=3000", key=key).status == 200
        # As a terminal does it: to every process of the group.
        os.killpg(tour.pid, signal.SIGINT)
        assert tour.wait() == 130
    finally:
        tour.end()
    assert curl(gateway + "/.well-known/sluice/health").status == 0
    assert not list(tmp_path.glob("sluice-tour.*"))
