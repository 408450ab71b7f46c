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


def both(part, head, rows, databases):
    """The rows of the databases that were measured now, and those of the others as they were written, in their order."""
    path = FOLDER / f"grades-{part}.csv"
    was, *lines = csv.reader(path.read_text().splitlines()) if path.exists() else [head]
    measured = {row[0] for row in rows}
    kept = [line for line in lines if line[0] not in measured] if was == list(head) else []
    return sorted([*rows, *kept], key=lambda row: databases.index(row[0]))


def write(part, about, head, rows):
    """Puts a part into `grades.md` and its figures into `grades-PART.csv`."""
    path = FOLDER / "grades.md"
    text = path.read_text() if path.exists() else ""
    sections = dict(re.findall(r"^## (.+?)\n\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL))
    sections[TITLES[part]] = f"{about}\n{markdown(head, rows)}\n"
    kept = [f"## {title}\n\n{sections[title].strip()}\n" for title in TITLES.values() if title in sections]
    path.write_text("# Grades\n\nWritten by `bench/grades/run`, a section a part.\n\n" + "\n".join(kept))
    with (FOLDER / f"grades-{part}.csv").open("w", newline="") as out:
        csv.writer(out, lineterminator="\n").writerows([head, *rows])
