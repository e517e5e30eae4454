#!/usr/bin/env python3
"""Streams a large response through the gateway, masked and recorded, and checks the most memory the gateway ever had.

    scripts/soak.py PROGRAM        SOAK_GB=n for another size than 10

Prints what it measured. Exit status 1 if memory went over the limit, a byte is missing, or the vendor's bytes came through unmasked.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "Tests/EndToEnd"))
os.environ["SLUICE"] = sys.argv[1] if len(sys.argv) > 1 else ".build/release/sluice"

from processes import Gateway, Vendor  # noqa: E402

PEAK_LIMIT_MIB = 128
gigabytes = float(os.environ.get("SOAK_GB", "10"))
size = int(gigabytes * 1e9)


def cpu_seconds(pid):
    user, system = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


with tempfile.TemporaryDirectory(prefix="sluice-soak.") as folder:
    folder = Path(folder)
    vendor = Vendor(folder)
    gateway = None
    try:
        # The rules must be at work: a small list first, whose planted cards must not come through.
        gateway = Gateway(folder, vendor.url, vendor.key_file)
        sample = gateway.curl("/customers?bytes=200000&chunk=ragged").body.decode()
        leaked = [value for value in vendor.planted("bytes=200000", {"CREDIT_CARD", "EMAIL_ADDRESS"}) if value in sample]
        assert not leaked, f"{len(leaked)} planted values came through"
        idle = gateway.process.memory_kib()

        began, before = time.monotonic(), cpu_seconds(gateway.process.pid)
        client = subprocess.Popen(
            ["curl", "-sS", "--noproxy", "*", "--max-time", str(600 + 600 * gigabytes), "-o", "/dev/null", "-D", str(folder / "head"),
             "-w", "%{http_code} %{size_download}", "-H", f"Authorization: Bearer {gateway.key}",
             f"{gateway.url}/vendor/customers?bytes={size}&chunk=ragged"],
            stdout=subprocess.PIPE, text=True,
        )
        shown = began
        while client.poll() is None:
            time.sleep(0.2)
            if time.monotonic() - shown > 30:
                shown = time.monotonic()
                sent = int(re.search(r"wchar: (\d+)", Path(f"/proc/{vendor.process.pid}/io").read_text())[1]) / 1e9
                print(f"  {shown - began:5.0f} s: {sent:.2f} GB from the vendor, {gateway.process.memory_kib() // 1024} MiB resident", flush=True)
        status, received = (client.stdout.read().split() + ["none", "0"])[:2]
        seconds, cpu = time.monotonic() - began, cpu_seconds(gateway.process.pid) - before
        peak = gateway.process.memory_kib("VmHWM")
        exchange = re.search(r"(?im)^sluice-exchange: (\S+)", (folder / "head").read_text())[1]
        assert gateway.outcome(exchange)["kind"] == "completed"
        evidence = next(known for known in gateway.exchanges() if known["id"] == exchange)["evidence"]["response"]
    finally:
        if gateway:
            gateway.end()
        vendor.process.end()

report = {
    "bytes_in": evidence["bytes_in"], "bytes_out": int(received), "seconds": round(seconds, 1), "gb_per_second": round(size / 1e9 / seconds, 3),
    "gateway_cpu_seconds_per_gb": round(cpu / gigabytes, 2), "idle_mib": idle // 1024, "peak_mib": peak // 1024,
    "held_at_most": evidence["most_held"], "masked": sum(evidence["masked"].values()),
}
print(json.dumps(report))
failures = [
    message
    for failed, message in [
        (client.returncode != 0 or status != "200", f"curl ended with {client.returncode}, status {status}"),
        (evidence["bytes_in"] != size or evidence["bytes_scanned"] != size, "not every byte was scanned"),
        (evidence["bytes_out"] != int(received), "what was recorded is not what was received"),
        (peak > PEAK_LIMIT_MIB * 1024, f"peak memory {peak // 1024} MiB is over {PEAK_LIMIT_MIB} MiB"),
    ]
    if failed
]
for failure in failures:
    print("error:", failure, file=sys.stderr)
sys.exit(1 if failures else 0)
