"""Users that upload a file, download it whole and in two ranges, compare the digests, and delete it.

    locust --locustfile load/locust/files.py --host http://127.0.0.1:8080 --token TOKEN

With `--rounds` each user stops after so many files, and the run with the last of them; without, it goes on until it is
stopped, so that it can be driven from Locust's page. `load/locust/run` starts it without a page.
"""

import base64
import csv
import hashlib
import itertools
import json
import pathlib
import random
import sys
import tempfile
import time
import uuid

import gevent
import urllib3
from locust import User, events, task
from locust.exception import StopUser

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import payload
from figures import REFUSED

BLOCK = 256 << 10


class Failed(Exception):
    """A request was not answered as it must be."""


@events.init_command_line_parser.add_listener
def options(parser):
    parser.add_argument("--token", env_var="BEDEL_TOKEN", default="", is_secret=True, help="whose transfers these are")
    parser.add_argument("--tokens", default="", help="a file with a token in each line: users take them in turn")
    parser.add_argument("--rounds", type=int, default=0, help="files each user sends and fetches; 0: no end")
    parser.add_argument("--sizes", default="1-100", help="of the files, in MB")
    parser.add_argument("--files", default="", help="a folder for the files to send, kept for the next run")
    parser.add_argument("--samples", default="", help="write every sample to this file (CSV)")


class Run:
    """What the users share."""

    def __init__(self, environment):
        chosen = environment.parsed_options
        self.environment = environment
        self.rounds = chosen.rounds
        self.left = chosen.num_users or 1
        self.temporary = None
        if not chosen.files:
            self.temporary = tempfile.TemporaryDirectory(prefix="bedel-locust-")
        self.rows = payload.prepare(chosen.files or self.temporary.name, payload.sizes(chosen.sizes), 12, seed=1)
        tokens = pathlib.Path(chosen.tokens).read_text().split() if chosen.tokens else [chosen.token]
        if not all(tokens) or not tokens:
            sys.exit("a token is needed: --token, --tokens or BEDEL_TOKEN")
        self.tokens = itertools.cycle(tokens)
        self.out = open(chosen.samples, "w", newline="") if chosen.samples else None
        self.writer = csv.writer(self.out, lineterminator="\n") if self.out else None
        if self.writer:
            self.writer.writerow(["timeStamp", "elapsed", "label", "responseCode", "success", "moved", "message"])

    def record(self, kind, began, status, moved, error):
        elapsed = (time.time() - began) * 1000
        name = f"{kind}, refused" if not error and str(status) in REFUSED else kind
        self.environment.events.request.fire(request_type=kind, name=name, response_time=elapsed, response_length=moved,
                                             exception=error, context={}, start_time=began, url=None, response=None)
        if self.writer:
            self.writer.writerow([int(began * 1000), int(elapsed), kind, status, str(error is None).lower(), moved,
                                  str(error or "").replace("\n", " ")[:300]])

    def one_ended(self):
        self.left -= 1
        if self.left == 0:
            self.environment.runner.quit()

    def close(self):
        if self.out:
            self.out.close()
        if self.temporary:
            self.temporary.cleanup()


@events.test_start.add_listener
def begin(environment, **_):
    environment.bedel = Run(environment)


@events.quitting.add_listener
def end(environment, **_):
    if hasattr(environment, "bedel"):
        environment.bedel.close()


class Member(User):
    """Someone with one connection."""

    def __init__(self, environment):
        super().__init__(environment)
        self.shared = environment.bedel
        # The default sends 16 KiB at a time, which would measure Python rather than the campus.
        self.http = urllib3.PoolManager(blocksize=BLOCK, maxsize=1, retries=False, timeout=urllib3.Timeout(10, 120))
        self.authorization = {"Authorization": f"Bearer {next(self.shared.tokens)}"}
        self.done = 0

    @task
    def round(self):
        try:
            self.transfer(random.choice(self.shared.rows))
        except Failed:
            pass  # It is counted; the next file is a new chance.
        self.done += 1
        if self.shared.rounds and self.done >= self.shared.rounds:
            self.shared.one_ended()
            raise StopUser

    def transfer(self, row):
        size, middle, sha256 = row["size"], row["middle"], base64.b64decode(row["sha256"]).hex()

        def kept(_, body):
            expect(json.loads(body)["sha256"], sha256, "sha256")

        with open(row["path"], "rb") as source:
            sent = self.ask("put", "PUT", f"/api/v1/files?name=load-{uuid.uuid4()}.bin", 201, size, kept, source,
                            {"Content-Length": str(size)})
        file, etag = sent["Location"], sent["ETag"]
        whole = hashlib.sha256()

        def same(headers, _):
            expect(headers["Content-Length"], str(size), "Content-Length")
            expect(whole.hexdigest(), sha256, "SHA-256")

        self.ask("get", "GET", f"{file}/content", 200, size, same, whole)
        both = hashlib.sha256()
        for first, last in ((0, middle - 1), (middle, size - 1)):

            def part(headers, _, first=first, last=last):
                expect(headers["Content-Range"], f"bytes {first}-{last}/{size}", "Content-Range")
                if last == size - 1:
                    expect(both.hexdigest(), sha256, "SHA-256 of both")

            ranged = {"Range": f"bytes={first}-{last}", "If-Range": etag}
            self.ask("range", "GET", f"{file}/content", 206, last - first + 1, part, both, ranged)
        self.ask("delete", "DELETE", file, 204, 0, lambda *_: None)

    def ask(self, kind, method, path, wanted, moved, check, content=None, headers=None):
        """One request, again whenever it is refused with a time to come back. Gives the answer's headers.

        `content` is the file to send, or the digest that is told what comes. `check` raises [`Failed`].
        """
        headers = self.authorization | (headers or {})
        while True:
            if method == "PUT":
                content.seek(0)
            began, status = time.time(), 0
            try:
                answer = self.http.request(method, self.environment.host.rstrip("/") + path, headers=headers,
                                           body=content if method == "PUT" else None, preload_content=False)
                status, again = answer.status, answer.headers.get("Retry-After", "")
                if status == wanted and method == "GET":
                    length, body = drain(answer, content), b""
                    expect(length, moved, "length")
                else:
                    body = answer.read()
                answer.release_conn()
                refused = str(status) in REFUSED and again.isdecimal()
                if not refused:
                    expect(status, wanted, body[:200].decode(errors="replace") or "status")
                    check(answer.headers, body)
            except (Failed, urllib3.exceptions.HTTPError, OSError, KeyError, ValueError) as error:
                self.shared.record(kind, began, status, 0, error)
                raise Failed(str(error)) from error
            self.shared.record(kind, began, status, 0 if refused else moved, None)
            if not refused:
                return answer.headers
            gevent.sleep(int(again))


def drain(answer, digest):
    length = 0
    for piece in answer.stream(BLOCK):
        digest.update(piece)
        length += len(piece)
    return length


def expect(seen, wanted, what):
    if seen != wanted:
        raise Failed(f"{what}: {seen} instead of {wanted}")
