"""Users that register random grades, one record a request, over both routes or one of them.

    locust --locustfile load/locust/grades.py --host http://127.0.0.1:8080 --token TOKEN

Records have the ranges of the load of document 003. A row of the statistics is a route, as the answer names it. A 429 or
503 with `Retry-After` is waited for and sent again, and is a row of its own; sending again is safe, a grade is the same
grade however often it comes. With `--records` each user stops after so many, and the run with the last of them; without,
it goes on until it is stopped, so that it can be driven from Locust's page. `load/locust/grades` starts it without a page.
"""

import itertools
import pathlib
import random
import sys

import gevent
from locust import FastHttpUser, constant, events, task
from locust.exception import StopUser

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from figures import REFUSED

COURSES = ["SO1", "BD1", "LFP", "SA", "AYD1"]
SEMESTERS = ["1S", "2S"]
GRADES = [50, 60, 70, 80, 90, 100]
YEAR = 2023
BEFORE_FIRST = 200_000_000
PATHS = {"split": "/api/v1/grades", "grpc": "/api/v1/grades/route1", "redis": "/api/v1/grades/route2"}


@events.init_command_line_parser.add_listener
def options(parser):
    parser.add_argument("--token", env_var="BEDEL_TOKEN", default="", is_secret=True, help="who registers the grades")
    parser.add_argument("--tokens", default="", help="a file with a token in each line: users take them in turn")
    parser.add_argument("--route", choices=PATHS, default="split", help="split leaves it to the gateway")
    parser.add_argument("--students", type=int, default=1_000_000, help="how many there are; fewer means more corrections")
    parser.add_argument("--records", type=int, default=0, help="records each user sends; 0: no end")


class Run:
    """What the users share."""

    def __init__(self, environment):
        chosen = environment.parsed_options
        self.environment = environment
        self.path = PATHS[chosen.route]
        self.students, self.records = chosen.students, chosen.records
        self.left = chosen.num_users or 1
        tokens = pathlib.Path(chosen.tokens).read_text().split() if chosen.tokens else [chosen.token]
        self.tokens = itertools.cycle(tokens)

    def one_ended(self):
        self.left -= 1
        if self.left == 0:
            self.environment.runner.quit()


@events.test_start.add_listener
def begin(environment, **_):
    environment.grades = Run(environment)


class Professor(FastHttpUser):
    """Someone who enters grades as fast as they are answered."""

    wait_time = constant(0)
    connection_timeout = 10.0
    network_timeout = 30.0

    def on_start(self):
        self.shared = self.environment.grades
        token = next(self.shared.tokens)
        # An address without accounts, such as another implementation's, takes none.
        self.authorization = {"Authorization": f"Bearer {token}"} if token else {}
        self.done = 0

    @task
    def record(self):
        student = random.randint(1, self.shared.students)
        self.register({
            "carnet": BEFORE_FIRST + student,
            "nombre": f"Alumno {student}",
            "curso": random.choice(COURSES),
            "nota": random.choice(GRADES),
            "semestre": random.choice(SEMESTERS),
            "year": YEAR,
        })
        self.done += 1
        if self.shared.records and self.done >= self.shared.records:
            self.shared.one_ended()
            raise StopUser

    def register(self, record):
        again = 0
        while again is not None:
            gevent.sleep(again)
            again = self.send(record)

    def send(self, record):
        """One request; gives the seconds after which it is to be sent again, if it is."""
        with self.client.post(self.shared.path, json=record, headers=self.authorization, name="grade",
                              catch_response=True) as answer:
            again = (answer.headers or {}).get("Retry-After", "")
            if str(answer.status_code) in REFUSED and again.isdecimal():
                answer.request_meta["name"] = "grade, refused"
                answer.success()
                return int(again)
            route = (answer.headers or {}).get("X-Bedel-Route")
            if answer.status_code not in (200, 201):
                answer.failure(f"status {answer.status_code}: {(answer.text or '')[:200]}")
            else:
                # Another implementation need not say how it came in.
                if route:
                    answer.request_meta["name"] = f"grade, {route}"
                answer.success()
            return None
