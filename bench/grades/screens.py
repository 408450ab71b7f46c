"""How long a grade takes from its acknowledgement to a thousand screens: socket.io-client, grades at a steady rate."""

import json
import os
import subprocess
import sys

import servers

WANTED_MS = 500.0
HEAD = ["database", "screens", "grades/s", "p50 ms", "p95 ms", "p99 ms", "slowest ms", "wanted p95"]
CLIENTS = servers.ROOT / "tests/clients"


def measure(campus, sockets, grades, rate):
    """What `sockets.mjs` found at this campus."""
    if not (CLIENTS / "node_modules/socket.io-client").is_dir():
        subprocess.run(["npm", "ci", "--silent", "--prefix", CLIENTS], check=True, stdout=subprocess.DEVNULL)
    variables = {"BEDEL_URL": campus.url, "BEDEL_USERNAME": "admin", "BEDEL_PASSWORD": servers.PASSWORD}
    command = ["node", servers.ROOT / "bench/grades/sockets.mjs", sockets, grades, rate]
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False,
                          env=os.environ | variables)
    if done.returncode != 0:
        sys.exit(f"sockets.mjs: {done.stderr}")
    return json.loads(done.stdout)


def table(found):
    """The rows of the report, and what falls short; `found` has what each database came to."""
    rows, short = [], []
    for database, one in found.items():
        times = [f"{one[name]:.0f}" for name in ("p50_ms", "p95_ms", "p99_ms", "most_ms")]
        rows.append([database, one["sockets"], one["rate"], *times, WANTED_MS])
        if one["p95_ms"] > WANTED_MS:
            short.append(f"{database}: p95 {one['p95_ms']:.0f} ms until a screen shows a grade, wanted {WANTED_MS:.0f}")
        if one["missed"]:
            short.append(f"{database}: {one['missed']} grades were not shown on a screen")
    return rows, short
