"""What a run's samples say: requests, errors, refusals, MB/s and percentiles per kind.

A sample is a row with `timeStamp` (ms since the epoch, when it began), `elapsed` (ms), `label` (the kind),
`responseCode`, `success` (`true` or `false`) and `moved` (bytes of content, either way).
"""

import csv

KINDS = ["put", "get", "range", "delete"]
REFUSED = {"429", "503"}
HEAD = ["kind", "requests", "errors", "refused", "MB/s", "p50 ms", "p90 ms", "p99 ms"]


def read(path):
    """The samples of a file, as text."""
    with open(path, newline="") as table:
        return list(csv.DictReader(table))


def percentile(ordered, share):
    """The smallest value that at least `share` of the values do not exceed."""
    return ordered[max(0, -int(-len(ordered) * share // 1) - 1)]


def summarize(samples):
    """A row per kind and one for all, in the order of HEAD.

    Refusals (429 and 503 that say when to come back) are neither requests served nor errors; percentiles are of what
    was served. MB/s is over the whole run, since the kinds run beside each other.
    """
    if not samples:
        return []
    begin = min(int(sample["timeStamp"]) for sample in samples)
    end = max(int(sample["timeStamp"]) + int(sample["elapsed"]) for sample in samples)
    seconds = max(end - begin, 1) / 1000
    rows = []
    for kind in [*KINDS, "all"]:
        here = [sample for sample in samples if kind in ("all", sample["label"])]
        good = [sample for sample in here if sample["success"] == "true"]
        served = [sample for sample in good if sample["responseCode"] not in REFUSED]
        times = sorted(int(sample["elapsed"]) for sample in served)
        rate = sum(int(sample["moved"]) for sample in served) / 1e6 / seconds
        marks = [percentile(times, share) for share in (0.5, 0.9, 0.99)] if times else ["", "", ""]
        rows.append([kind, len(served), len(here) - len(good), len(good) - len(served), f"{rate:.1f}", *marks])
    return rows


def table(head, rows):
    """Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(map(str, line))} |\n" for line in lines)
