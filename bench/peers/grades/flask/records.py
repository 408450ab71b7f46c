"""What both routes do with a record: check it, insert it, count it."""

import os
import threading

import MySQLdb
import orjson
import redis

COURSES = {"SO1", "BD1", "LFP", "SA", "AYD1"}
SEMESTERS = {"1S", "2S"}
FIELDS = ("carnet", "nombre", "curso", "nota", "semestre", "year")
INSERT = "INSERT INTO grades (carnet, nombre, curso, nota, semestre, year) VALUES (%s, %s, %s, %s, %s, %s)"


class Wrong(ValueError):
    """The record is not one; the text names the field."""


def integer(value, least, most):
    return type(value) is int and least <= value <= most


def check(record):
    """The record's values in the order of FIELDS."""
    if not isinstance(record, dict):
        raise Wrong("an object is expected")
    carnet, nombre, curso, nota, semestre, year = values = [record.get(field) for field in FIELDS]
    good = (
        integer(carnet, 1, 2**63 - 1),
        isinstance(nombre, str) and 0 < len(nombre) <= 200,
        isinstance(curso, str) and curso in COURSES,
        integer(nota, 0, 100),
        isinstance(semestre, str) and semestre in SEMESTERS,
        integer(year, 1900, 2200),
    )
    if not all(good):
        raise Wrong(FIELDS[good.index(False)])
    return values


class Store:
    """A connection to MySQL for each thread, kept open, and a pool of them to Redis."""

    def __init__(self):
        self.threads = threading.local()
        self.live = redis.Redis.from_url(os.environ["PEER_REDIS"])

    def connection(self):
        found = getattr(self.threads, "connection", None)
        if found is None:
            found = self.threads.connection = MySQLdb.connect(
                host=os.environ["PEER_SQL_HOST"],
                port=int(os.environ["PEER_SQL_PORT"]),
                user=os.environ["PEER_SQL_USER"],
                password=os.environ["PEER_SQL_PASSWORD"],
                database=os.environ["PEER_SQL_DATABASE"],
                charset="utf8mb4",
                autocommit=True,
            )
        return found

    def insert(self, values):
        """Inserts one record, durably, and counts it; gives its id."""
        try:
            cursor = self.connection().cursor()
            cursor.execute(INSERT, values)
            cursor.close()
        except MySQLdb.OperationalError:
            self.threads.connection = None
            raise
        carnet, nombre, curso, nota, semestre, year = values
        pipe = self.live.pipeline(transaction=False)
        pipe.incr("grades:total")
        pipe.hincrby("grades:count", f"{curso}:{semestre}:{year}", 1)
        pipe.lpush("grades:recent", orjson.dumps(dict(zip(FIELDS, values))))
        pipe.ltrim("grades:recent", 0, 49)
        pipe.execute()
        return cursor.lastrowid
