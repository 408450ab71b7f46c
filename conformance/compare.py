"""Writes the report from two servers' results: compare.py OURS.json THEIRS.json DEATHS."""

import json
import sys
from collections import Counter
from pathlib import Path

LEVELS = ["MUST", "SHOULD", "MAY"]
OUTCOMES = ["passed", "failed", "not offered", "not observable"]

Row = dict[str, str]


def functions(rows: list[Row]) -> dict[tuple[str, str], list[Row]]:
    """The cases of each test, by the test's id and its level."""
    found: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        found.setdefault((row["id"].split("[")[0], row["level"]), []).append(row)
    return found


def verdict(cases: list[Row]) -> str:
    """What came of a test's cases, in a cell."""
    counts = Counter(case["outcome"] for case in cases)
    tried = counts["passed"] + counts["failed"]
    if counts["failed"]:
        return "**fails**" if tried == 1 else f"**fails {counts['failed']} of {tried}**"
    if counts["passed"]:
        return "passes" if tried == 1 else f"passes {tried}"
    return "not offered" if counts["not offered"] else "not observable"


def counts(rows: list[Row]) -> list[str]:
    """A line for each level: how many cases ended how."""
    lines = []
    for level in LEVELS:
        found = Counter(row["outcome"] for row in rows if row["level"] == level)
        if found:
            lines.append(" | ".join(str(found[outcome]) for outcome in OUTCOMES))
    return lines


def place(item: tuple[tuple[str, str], list[Row]]) -> tuple[bool, bool, str]:
    """Where a test's line stands: tus first, its core before its extensions, then by its file."""
    path = item[0][0].split("::")[0]
    return not path.startswith("tus/"), not path.startswith("tus/test_core"), path


def cell(text: str) -> str:
    """Text that is safe in a table."""
    return text.replace("|", "\\|").replace("\n", " ").strip()


def failures(rows: list[Row]) -> list[str]:
    """Each failed case, with what was seen."""
    lines = []
    for row in rows:
        if row["outcome"] == "failed":
            seen = cell(" ".join(row["detail"].split()))
            lines.append(f"- {row['level']} `{row['id']}`: {seen[:240]}{'…' if len(seen) > 240 else ''}")
    return lines or ["None."]


def main() -> None:
    """Prints the report."""
    ours, theirs = (json.loads(Path(path).read_text()) for path in sys.argv[1:3])
    deaths = int(sys.argv[3])
    peers = json.loads((Path(__file__).parent / "peers/package.json").read_text())["dependencies"]
    name = f"@tus/server {peers['@tus/server']}"
    print(f"""# Conformance

tus 1.0.0 with its extensions, and RFC 9110 ranges and conditions, by `conformance/`: over HTTP only, the same tests
for both servers. Written by `conformance/report` from one run of each: Bedel through its gateway, {name}
with its file store {peers["@tus/file-store"]}. A number is that of a test's cases. *Not offered*: the server does not
claim to do it. *Not observable*: it may, but nothing is seen of it from outside. A MAY says which of several answers
that are allowed is expected.
""")
    if deaths:
        print(f"""{name} answered all this only because its process was kept alive: {deaths} times it threw an error
that nobody caught while it refused a body, which ends a Node process (`conformance/peers/server.mjs`). It serves what
was uploaded at the upload's own address, where HEAD is that of tus, so HEAD of the bytes is not offered.
""")
    print("## Counts\n")
    print("| level | server | " + " | ".join(OUTCOMES) + " |")
    print("|---" * (len(OUTCOMES) + 2) + "|")
    present = [level for level in LEVELS if any(row["level"] == level for row in ours)]
    for level, mine, other in zip(present, counts(ours), counts(theirs), strict=True):
        print(f"| {level} | Bedel | {mine} |\n| {level} | @tus/server | {other} |")
    peer, section = functions(theirs), ""
    for (test, level), cases in sorted(functions(ours).items(), key=place):
        if cases[0]["section"] != section:
            section = cases[0]["section"]
            print(f"\n## {section}\n\n| requirement | level | Bedel | @tus/server |\n|---|---|---|---|")
        print(f"| {cell(cases[0]['requirement'])} | {level} | {verdict(cases)} | {verdict(peer[test, level])} |")
    print("\n## What failed: Bedel\n")
    print("\n".join(failures(ours)))
    print("\n## What failed: @tus/server\n")
    print("\n".join(failures(theirs)))


main()
