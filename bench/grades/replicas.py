"""The split of 100,000 grades over both routes, and 1 → 3 → 1 replicas of each role under load."""

import json
import os
import subprocess
import sys
import threading
import time

ROLES = ("grades-grpc-client", "grades-grpc-server", "grades-redis")
# Steady: who scales by load would be in the way of who counts. The gateway is one, as always here.
SETTINGS = {"BEDEL_ORCHESTRATOR__AUTOSCALE_INTERVAL_MS": "3600000"}
THOUSAND = 1_000
HEAD = ["database", "what", "grades", "by grpc", "by redis", "furthest from half in a thousand", "wanted", "failed", "told to come again",
        "p99 ms", "slowest ms"]


def load(program, campus, seed, seconds, rate):
    """Exactly `seconds` × `rate` grades, each sent when due; how they went."""
    command = [program, "bench", "grades", "--url", campus.url, "--json", "--seed", seed, "--connections", 256,
               "--seconds", seconds, "--warm-up", 0, "--rate", rate]
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False,
                          env=os.environ | {"BEDEL_TOKEN": campus.token})
    if not done.stdout:
        sys.exit(f"bedel bench grades: {done.stderr}")
    found = json.loads(done.stdout)
    routes = {name: row["created"] + row["repeated"] for name, row in found["routes"].items()}
    total = found["routes"]["all"]
    return {"routes": routes, "failed": total["failed"] + found["unsent"], "refused": total["refused"],
            "p99_ms": total["p99_ms"], "most_ms": total["max_ms"], "faults": found["faults"]}


def scale(program, campus, role, replicas):
    subprocess.run([program, "scale", role, str(replicas), "--data", campus.data], check=True, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        known = next(one for one in campus.status()["roles"] if one["role"] == role)["replicas"]
        if len(known) == replicas and all(one["state"] == "ready" for one in known):
            return
        time.sleep(0.1)
    sys.exit(f"{role} did not come to {replicas} replicas")


def measure(program, campus, thousands, seconds):
    """A row for the split and one for replicas that come and go."""
    split = [load(program, campus, 7_000_000 + number * THOUSAND, 1, THOUSAND) for number in range(thousands)]
    routes = {route: sum(one["routes"].get(route, 0) for one in split) for route in ("grpc", "redis")}
    furthest = max(abs(one["routes"].get("grpc", 0) - THOUSAND / 2) for one in split)
    rows = [row("split", routes, furthest, 1, split)]
    moving = {}
    loading = threading.Thread(target=lambda: moving.update(load(program, campus, 9_000_000_000, seconds, THOUSAND)))
    loading.start()
    rounds = 0
    while loading.is_alive():
        for role in ROLES:
            for replicas in (3, 1):
                if loading.is_alive():
                    scale(program, campus, role, replicas)
        rounds += 1
    loading.join()
    return [*rows, row(f"1 → 3 → 1 replicas of each role, {rounds} times", moving["routes"], "", "", [moving])]


def row(what, routes, furthest, wanted, loads):
    add = lambda name: sum(one[name] for one in loads)
    faults = {fault: count for one in loads for fault, count in one["faults"].items()}
    return {"cells": [what, routes["grpc"] + routes["redis"], routes["grpc"], routes["redis"], furthest, wanted, add("failed"),
                      add("refused"), f"{max(one['p99_ms'] for one in loads):.1f}", f"{max(one['most_ms'] for one in loads):.0f}"],
            "furthest": furthest or 0, "failed": add("failed"), "refused": add("refused"), "faults": faults}


def table(found):
    """The rows of the report, and what falls short."""
    rows, short = [], []
    for database, measured in found.items():
        for one in measured:
            what = one["cells"][0]
            rows.append([database, *one["cells"]])
            if one["furthest"] > 1:
                short.append(f"{database}, {what}: {one['furthest']:.0f} from half in a thousand, wanted 1")
            if one["failed"] or one["refused"]:
                short.append(f"{database}, {what}: {one['failed']} failed, {one['refused']} refused: {one['faults']}")
    return rows, short
