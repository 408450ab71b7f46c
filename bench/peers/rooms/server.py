#!/usr/bin/env python3
"""The server of the rooms' design as one would write it first: pyzmq and SQLite, one transaction a message.

    server.py --listen tcp://127.0.0.1:5555 --heartbeats tcp://127.0.0.1:7000 --database rooms.db [--keys DIR] [--workers N]

See README.md beside this file.
"""

import argparse
import json
import pathlib
import re
import sqlite3
import threading
import time
import uuid

import zmq
import zmq.auth.thread

CLASSROOMS = [f"S-{number:03}" for number in range(1, 381)]
LABS = [f"L-{number:02}" for number in range(1, 61)]
ACK_TIMEOUT_S = 5.0
HEARTBEAT_S = 0.25
SEMESTER = re.compile(r"[0-9]{4}-(10|20|30)")
SCHEMA = """
CREATE TABLE IF NOT EXISTS requests (
    id TEXT PRIMARY KEY, faculty TEXT NOT NULL, request_id TEXT NOT NULL, program TEXT NOT NULL, semester TEXT NOT NULL,
    classrooms INTEGER NOT NULL, labs INTEGER NOT NULL, state TEXT NOT NULL, rooms TEXT NOT NULL, deadline REAL NOT NULL,
    UNIQUE (faculty, request_id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS assignments (
    semester TEXT NOT NULL, room TEXT NOT NULL, request TEXT NOT NULL, PRIMARY KEY (semester, room)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS assignments_by_request ON assignments (request);
CREATE INDEX IF NOT EXISTS proposals ON requests (deadline) WHERE state = 'PROPOSED';
"""


def keys(path):
    return [line.strip().encode() for line in path.read_text(encoding="ascii").splitlines() if line.strip()]


class Admitted:
    """The public keys of the faculties, for pyzmq's authenticator."""

    def __init__(self, folder):
        self.known = {keys(path)[0] for path in folder.glob("faculty-*.pub")}

    def callback(self, _domain, key):
        return key in self.known


class Records:
    """The database; every message is one durable transaction."""

    def __init__(self, path):
        self.sql = sqlite3.connect(path, isolation_level=None, timeout=30, cached_statements=256)
        self.sql.execute("PRAGMA journal_mode = WAL")
        self.sql.execute("PRAGMA synchronous = FULL")
        self.sql.execute("PRAGMA cache_size = -65536")
        self.sql.executescript(SCHEMA)

    def within(self, decide, message):
        self.sql.execute("BEGIN IMMEDIATE")
        try:
            answer = decide(message)
        except BaseException:
            self.sql.execute("ROLLBACK")
            raise
        self.sql.execute("COMMIT")
        return answer

    def solicit(self, asked):
        known = self.sql.execute("SELECT id, state, rooms, deadline FROM requests WHERE faculty = ? AND request_id = ?",
                                 (asked["faculty"], asked["request_id"])).fetchone()
        if known:
            return said(asked["request_id"], *known)
        semester = asked["semester"]
        taken = {room for (room,) in self.sql.execute("SELECT room FROM assignments WHERE semester = ?", (semester,))}
        classrooms = [room for room in CLASSROOMS if room not in taken]
        labs = [room for room in LABS if room not in taken][:asked["labs"]]
        wanted, mobile = asked["classrooms"], asked["labs"] - len(labs)
        enough = len(classrooms) >= wanted + mobile
        rooms = [classrooms[:wanted], labs, classrooms[wanted:wanted + mobile]] if enough else [[], [], []]
        identity, state, deadline = uuid.uuid4().hex, "PROPOSED" if enough else "DENIED", time.time() + ACK_TIMEOUT_S
        written = json.dumps(rooms)
        self.sql.execute("INSERT INTO requests VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                         (identity, asked["faculty"], asked["request_id"], asked["program"], semester, wanted, asked["labs"],
                          state, written, deadline))
        self.sql.executemany("INSERT INTO assignments VALUES (?, ?, ?)",
                             [(semester, room, identity) for kind in rooms for room in kind])
        return said(asked["request_id"], identity, state, written, deadline)

    def acknowledge(self, given):
        identity = given["transaction_id"]
        known = self.sql.execute("SELECT state, rooms, deadline FROM requests WHERE id = ?", (identity,)).fetchone()
        if not known:
            return resolution(given["request_id"], None, "CANCELED", "UNKNOWN_TRANSACTION")
        state, rooms, deadline = known
        if state == "PROPOSED":
            state = "EXPIRED" if deadline < time.time() else "ACCEPTED" if given["accept"] else "REJECTED"
            self.settle(identity, state)
        return said(given["request_id"], identity, state, rooms, deadline)

    def settle(self, identity, state):
        self.sql.execute("UPDATE requests SET state = ? WHERE id = ?", (state, identity))
        if state != "ACCEPTED":
            self.sql.execute("DELETE FROM assignments WHERE request = ?", (identity,))

    def expire(self, now):
        due = self.sql.execute("SELECT id FROM requests WHERE state = 'PROPOSED' AND deadline < ?", (now,)).fetchall()
        for (identity,) in due:
            self.settle(identity, "EXPIRED")


def resolution(request_id, transaction, status, reason=None, rooms=((), (), ()), detail=None):
    return {"type": "RES", "request_id": request_id, "transaction_id": transaction, "epoch": 1, "status": status,
            "reason": reason, "detail": detail, "classrooms": rooms[0], "labs": rooms[1], "mobile_labs": rooms[2]}


def said(request_id, transaction, state, written, deadline):
    if state in ("PROPOSED", "ACCEPTED"):
        rooms = json.loads(written)
    if state == "PROPOSED":
        left = max(0, int((deadline - time.time()) * 1000))
        return {"type": "PROP", "request_id": request_id, "transaction_id": transaction, "epoch": 1, "classrooms": rooms[0],
                "labs": rooms[1], "mobile_labs": rooms[2], "expires_in_ms": left}
    if state == "ACCEPTED":
        return resolution(request_id, transaction, "ACCEPTED", rooms=rooms)
    if state == "DENIED":
        return resolution(request_id, None, "DENIED", "INSUFFICIENT_ROOMS")
    return resolution(request_id, transaction, "CANCELED", state)


def checked(message):
    """What must be right before anything is done; else the field that is not."""
    def text(field):
        return isinstance(message.get(field), str) and 0 < len(message[field]) <= 64

    if message.get("type") == "ACK":
        wrong = next((field for field in ("request_id", "transaction_id") if not text(field)), None)
        return wrong or (None if isinstance(message.get("accept"), bool) else "accept")
    if message.get("type") != "SOL":
        return "type"
    wrong = next((field for field in ("request_id", "faculty", "program", "semester") if not text(field)), None)
    if wrong or not SEMESTER.fullmatch(message["semester"]):
        return wrong or "semester"
    return next((field for field in ("classrooms", "labs")
                 if type(message.get(field)) is not int or not 0 <= message[field] <= 10_000), None)


def answer(records, payload):
    try:
        message = json.loads(payload)
        wrong = checked(message)
    except (ValueError, AttributeError):
        message, wrong = {}, "type"
    if wrong:
        return resolution(str(message.get("request_id", "")), None, "DENIED", "INVALID", detail=wrong)
    decide = records.solicit if message["type"] == "SOL" else records.acknowledge
    return records.within(decide, message)


def serve(socket, database):
    """Answers what comes, one message after the other, and ends what is due in between."""
    records, due = Records(database), 0.0
    while True:
        if socket.poll(int(HEARTBEAT_S * 1000)):
            *route, payload = socket.recv_multipart()
            socket.send_multipart([*route, json.dumps(answer(records, payload)).encode()])
        now = time.time()
        if now >= due:
            records.within(records.expire, now)
            due = now + HEARTBEAT_S


def beat(context, endpoint, service, secure):
    publisher = secure(context.socket(zmq.PUB))
    publisher.bind(endpoint)
    seq = 0
    while True:
        seq += 1
        told = {"server": "peer", "role": "primary", "active": True, "epoch": 1, "seq": seq, "endpoint": service}
        publisher.send_multipart([b"HB", json.dumps(told).encode()])
        time.sleep(HEARTBEAT_S)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--listen", required=True)
    parser.add_argument("--heartbeats", required=True)
    parser.add_argument("--database", required=True)
    parser.add_argument("--keys", type=pathlib.Path)
    parser.add_argument("--workers", type=int, default=0)
    arguments = parser.parse_args()
    context = zmq.Context()
    if arguments.keys:
        authenticator = zmq.auth.thread.ThreadAuthenticator(context)
        authenticator.start()
        authenticator.configure_curve_callback("*", credentials_provider=Admitted(arguments.keys))

    def secure(socket):
        if arguments.keys:
            socket.curve_publickey, socket.curve_secretkey = keys(arguments.keys / "server.key")
            socket.curve_server = True
        return socket

    Records(arguments.database)
    router = secure(context.socket(zmq.ROUTER))
    router.bind(arguments.listen)
    threading.Thread(target=beat, args=(context, arguments.heartbeats, arguments.listen, secure), daemon=True).start()
    print("ready", flush=True)
    if not arguments.workers:
        serve(router, arguments.database)
    workers = context.socket(zmq.DEALER)
    workers.bind("inproc://workers")
    for _ in range(arguments.workers):
        # A DEALER and not a REP: faculties may have a DEALER, whose messages have no empty frame.
        socket = context.socket(zmq.DEALER)
        socket.connect("inproc://workers")
        threading.Thread(target=serve, args=(socket, arguments.database), daemon=True).start()
    zmq.proxy(router, workers)


main()
