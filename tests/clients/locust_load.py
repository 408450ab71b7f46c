"""Locust without its page, through the scripts of load/locust: its own report counts grades by both routes and by one of
them, files up and down, and grades sent to a server that is not Bedel."""

import http.server
import json
import os
import pathlib
import re
import subprocess
import threading
import urllib.request

URL = os.environ["BEDEL_URL"]
LOAD = pathlib.Path(__file__).resolve().parents[2] / "load/locust"
USERS, RECORDS = 8, 40
# So many that no two of the records are of one student.
STUDENTS = 10**12
# A row of the report that Locust prints at its end: name, requests, failures.
ROW = re.compile(r"^POST +(grade(?:, \w+)?) +(\d+) +(\d+)\(", re.MULTILINE)


def stored():
    headers = {"Authorization": "Bearer " + os.environ["BEDEL_TOKEN"]}
    with urllib.request.urlopen(urllib.request.Request(URL + "/api/v1/grades/stats/passing", headers=headers)) as answer:
        return sum(json.load(answer).values())


def grades(url, *more):
    """The requests of each row of the report, none of which failed."""
    done = subprocess.run([LOAD / "grades", "--url", url, "--users", str(USERS), "--records", str(RECORDS), "--seconds", "120",
                           "--students", str(STUDENTS), *more], check=True, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    rows = ROW.findall(done.stdout)
    assert all(failures == "0" for _, _, failures in rows), done.stdout
    counts = {row: int(requests) for row, requests, _ in rows if row != "grade, refused"}
    assert sum(counts.values()) == USERS * RECORDS, counts
    return counts


class AnotherServer(http.server.BaseHTTPRequestHandler):
    """Takes grades and knows neither tokens nor routes."""

    protocol_version = "HTTP/1.1"
    records = []

    def do_POST(self):
        assert self.path == "/api/v1/grades", self.path
        self.records.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(201)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def elsewhere():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), AnotherServer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        counts = grades(f"http://127.0.0.1:{server.server_address[1]}")
        server.shutdown()
    assert counts == {"grade": USERS * RECORDS} and len(AnotherServer.records) == USERS * RECORDS, counts
    fields = {"carnet", "nombre", "curso", "nota", "semestre", "year"}
    assert all(record.keys() == fields for record in AnotherServer.records)


def main():
    before = stored()
    split = grades(URL)
    assert split.keys() == {"grade, grpc", "grade, redis"}, split
    assert stored() - before == USERS * RECORDS, "what Locust counted is stored"
    assert grades(URL, "--route", "redis").keys() == {"grade, redis"}
    elsewhere()
    done = subprocess.run([LOAD / "run", "--url", URL, "--users", "2", "--rounds", "1", "--sizes", "1-1"],
                          check=True, capture_output=True, text=True)
    for kind, requests in {"put": 2, "get": 2, "range": 4, "delete": 2, "all": 10}.items():
        assert re.search(rf"^\| {kind} \| {requests} \| 0 \|", done.stdout, re.MULTILINE), done.stdout
    print(split)


main()
