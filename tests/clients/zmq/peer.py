"""A peer made of pyzmq alone, for the tests of crates/rooms: `peer.py KIND JSON`; what it got goes out, a JSON line each.

The JSON has `endpoint`, `seconds`, for CURVE `key` (a NAME.key file) and for clients `server` (a NAME.pub file);
`identity`, `socket` and `plain` where a kind wants them.
"""

import json
import sys
import time

import zmq


def keys(path):
    with open(path, encoding="ascii") as file:
        return [line.strip().encode() for line in file if line.strip()]


def secure(socket, spec, serving=False):
    if "plain" in spec:
        socket.plain_username, socket.plain_password = b"admin", b"admin"
    elif "key" in spec:
        socket.curve_publickey, socket.curve_secretkey = keys(spec["key"])
        if serving:
            socket.curve_server = True
        else:
            (socket.curve_serverkey,) = keys(spec["server"])
    socket.linger = 1000
    # An attempt that fails is one attempt: the tests count them.
    socket.reconnect_ivl = spec.get("reconnect_ms", 100)
    if "identity" in spec:
        socket.setsockopt(zmq.IDENTITY, spec["identity"].encode())
    return socket


def say(**line):
    print(json.dumps(line), flush=True)


def receive(socket, seconds):
    if not socket.poll(int(seconds * 1000)):
        return None
    return socket.recv_multipart()


def talk(context, spec):
    """REQ or DEALER: sends each message (a list of frames) and waits for its answer; `count` answers are due."""
    socket = secure(context.socket(getattr(zmq, spec["socket"])), spec)
    socket.connect(spec["endpoint"])
    for frames in spec["messages"]:
        socket.send_multipart([frame.encode() for frame in frames])
        answer = receive(socket, spec["seconds"])
        say(frames=None if answer is None else [frame.decode() for frame in answer])
        if answer is None and spec["socket"] == "REQ":
            return


def transact(context, spec):
    """A faculty towards a server, REQ or DEALER: SOL, PROP, ACK, RES."""
    socket = secure(context.socket(getattr(zmq, spec["socket"])), spec)
    socket.connect(spec["endpoint"])
    socket.send_string(json.dumps(spec["solicitation"]))
    proposal = json.loads(receive(socket, spec["seconds"])[-1])
    say(**proposal)
    if proposal["type"] != "PROP":
        return
    ids = {name: proposal[name] for name in ("request_id", "transaction_id")}
    socket.send_string(json.dumps({"type": "ACK", "accept": spec.get("accept", True), **ids}))
    say(**json.loads(receive(socket, spec["seconds"])[-1]))


def subscribe(context, spec):
    socket = secure(context.socket(zmq.SUB), spec)
    socket.subscribe(b"HB")
    socket.connect(spec["endpoint"])
    for _ in range(spec["count"]):
        frames = receive(socket, spec["seconds"])
        say(frames=None if frames is None else [frame.decode() for frame in frames])


def faculty(context, spec):
    """A REP that accepts whatever is asked, without a server."""
    socket = secure(context.socket(zmq.REP), spec, serving=True)
    socket.bind(spec["endpoint"])
    say(ready=True)
    for _ in range(spec["count"]):
        asked = json.loads(receive(socket, spec["seconds"])[0])
        rooms = [f"S-{number:03}" for number in range(1, asked["classrooms"] + 1)]
        socket.send_string(json.dumps(resolution(asked, "pyzmq-1", rooms, [])))
        say(**asked)


def resolution(asked, transaction, classrooms, labs):
    return {
        "type": "RES", "request_id": asked["request_id"], "transaction_id": transaction, "epoch": 1,
        "status": "ACCEPTED", "reason": None, "detail": None,
        "classrooms": classrooms, "labs": labs, "mobile_labs": [],
    }


def server(context, spec):
    """A ROUTER that grants everything and a PUB that says so, in both kinds of frames."""
    router = secure(context.socket(zmq.ROUTER), spec, serving=True)
    router.bind(spec["endpoint"])
    publisher = secure(context.socket(zmq.PUB), spec, serving=True)
    publisher.bind(spec["heartbeats"])
    say(ready=True)
    granted, seq, due, until = {}, 0, 0.0, time.monotonic() + spec["seconds"]
    while time.monotonic() < until:
        if time.monotonic() >= due:
            seq, due = seq + 1, time.monotonic() + 0.1
            beat = {"server": "pyzmq", "role": "primary", "active": True, "epoch": 1, "seq": seq,
                    "endpoint": spec["endpoint"]}
            publisher.send_multipart([b"HB", json.dumps(beat).encode()])
        if not router.poll(50):
            continue
        *route, payload = router.recv_multipart()
        asked = json.loads(payload)
        say(frames=len(route), **asked)
        if asked["type"] == "SOL":
            rooms = {"classrooms": [f"S-{number:03}" for number in range(1, asked["classrooms"] + 1)],
                     "labs": [f"L-{number:02}" for number in range(1, asked["labs"] + 1)]}
            granted[asked["request_id"]] = rooms
            answer = {"type": "PROP", "request_id": asked["request_id"], "transaction_id": "t-1", "epoch": 1,
                      "mobile_labs": [], "expires_in_ms": 5000, **rooms}
        else:
            answer = resolution(asked, asked["transaction_id"], **granted[asked["request_id"]])
        router.send_multipart([*route, json.dumps(answer).encode()])


if __name__ == "__main__":
    with zmq.Context() as context:
        globals()[sys.argv[1]](context, json.loads(sys.argv[2]))
        context.destroy(linger=1000)
