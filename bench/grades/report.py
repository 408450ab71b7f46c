"""The report, a section a part: a part that is measured alone replaces its own section and leaves the others."""

import csv
import re

import servers

FOLDER = servers.ROOT / "docs/report"
TITLES = {
    "routes": "Both routes",
    "sql": "SQL alone",
    "million": "A million grades",
    "screens": "A thousand screens",
    "replicas": "The split, and replicas that come and go",
}


def markdown(head, rows):
    return "".join(f"| {' | '.join(map(str, line))} |\n" for line in [head, ["---"] * len(head), *rows])


def write(part, about, head, rows):
    """Puts a part into `grades.md` and its figures into `grades-PART.csv`."""
    path = FOLDER / "grades.md"
    text = path.read_text() if path.exists() else ""
    sections = dict(re.findall(r"^## (.+?)\n\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL))
    sections[TITLES[part]] = f"{about}\n{markdown(head, rows)}\n"
    kept = [f"## {title}\n\n{sections[title]}" for title in TITLES.values() if title in sections]
    path.write_text("# Grades\n\nWritten by `bench/grades/run`, a section a part.\n\n" + "".join(kept).rstrip("\n") + "\n")
    with (FOLDER / f"grades-{part}.csv").open("w", newline="") as out:
        csv.writer(out, lineterminator="\n").writerows([head, *rows])
