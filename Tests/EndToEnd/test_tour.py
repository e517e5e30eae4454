"""`make run` is the first thing a stranger sees: the whole tour, on the program under test."""

import os
import subprocess

from processes import PROGRAM, ROOT


def test_the_tour_shows_masking_refusal_approval_and_the_record():
    done = subprocess.run(
        [ROOT / "scripts/run.sh", PROGRAM], capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL,
        env={**os.environ, "RUN_ONCE": "1"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "[REDACTED:" in done.stdout
    assert "Sluice-Denied: blocked-by-rule" in done.stdout
    assert "Sluice-Denied: approval-required, Sluice-Review: " in done.stdout
    counts = [line.split(": ", 1)[1] for line in done.stdout.splitlines() if line.startswith("the vendor carried out: ")]
    assert counts == ['{"deletes":0,"statements":0}'] * 2 + ['{"deletes":1,"statements":0}']
    assert "tour-agent" in done.stdout.split("5. All of it is on record")[1]
