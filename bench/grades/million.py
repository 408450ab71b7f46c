"""How long statistics and lists take with a million grades, asked through the gateway of a whole campus."""

import os
import statistics
import subprocess
import sys
import time

import servers

WANTED_MS = 100.0
HEAD = ["database", "question", "grades", "p50 ms", "slowest ms", "wanted"]
ASKS = 30
# The oldest grades of all: whoever looks for them from the newest on sees a million others first.
RARE = [{"carnet": number, "nombre": f"Alumno {number}", "curso": "SO1", "nota": 61, "semestre": "1S", "year": 1999}
        for number in range(1, 31)]
QUESTIONS = {
    "passed and failed": "/grades/stats/passing",
    "passed and failed of a class": "/grades/stats/passing?curso=SO1&semestre=1S&year=2023",
    "courses with most students": "/grades/stats/top-courses?semestre=1S&year=2023",
    "best students": "/grades/stats/top-students",
    "routes": "/grades/stats/routes",
    "newest grades": "/grades",
    "grades of a course": "/grades?curso=LFP",
    "grades of an old class": "/grades?curso=SO1&semestre=1S&year=1999",
    "grades of a student": "/grades?carnet=7",
}


def measure(program, campus, sql, grades):
    """A row for each question. `sql` is the campus's database as its settings name it."""
    for record in RARE:
        campus.post("/grades", record, campus.token)
    command = [program, "bench", "grades-sql", "--data", campus.data, "--records", grades, "--waiting", 1_024,
               "--students", 100 * grades]
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False,
                          env=os.environ | {"BEDEL_SQL__URL": sql})
    if done.returncode != 0:
        sys.exit(f"bedel bench grades-sql: {done.stderr}")
    session = campus.post("/auth/login", {"username": "admin", "password": servers.PASSWORD})["access_token"]
    # Two records in ten thousand are of a student who has that grade.
    there = sum(campus.get("/grades/stats/passing", session).values())
    if there < 0.99 * grades:
        sys.exit(f"{there} grades are there of {grades}")
    if len(campus.get(QUESTIONS["grades of an old class"], session)["items"]) != len(RARE):
        sys.exit("the old class is not whole")
    rows = []
    for question, path in QUESTIONS.items():
        campus.get(path, session)
        times = []
        for _ in range(ASKS):
            began = time.monotonic()
            campus.get(path, session)
            times.append((time.monotonic() - began) * 1e3)
        rows.append([question, there, statistics.median(times), max(times)])
    return rows


def table(found):
    """The rows of the report, and what falls short; `found` has the rows of each database."""
    rows, short = [], []
    for database, measured in found.items():
        for question, there, middle, slowest in measured:
            rows.append([database, question, there, f"{middle:.1f}", f"{slowest:.1f}", WANTED_MS])
            if slowest > WANTED_MS:
                short.append(f"{database}, {question}: {slowest:.0f} ms with {there} grades, wanted {WANTED_MS:.0f}")
    return rows, short
