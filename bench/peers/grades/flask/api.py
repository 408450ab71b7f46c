"""The HTTP end of both routes: `PEER_ROUTE=redis` stores by itself, `PEER_ROUTE=grpc` hands on to PEER_SERVERS."""

import functools
import os
import pathlib
import sys

import MySQLdb
import orjson
import redis
from flask import Flask, Response, request

import records

ROUTE = os.environ["PEER_ROUTE"]
DEADLINE_S = 10
app = Flask(__name__)


# Made in the worker, after the fork: neither connections nor gRPC's threads survive one.
@functools.cache
def hand():
    if ROUTE == "redis":
        return records.Store().insert
    import grpc

    sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent))
    messages, services = grpc.protos_and_services("grades.proto")
    channel = grpc.insecure_channel(f"ipv4:{os.environ['PEER_SERVERS']}", [("grpc.lb_policy_name", "round_robin")])
    stub = services.IngestStub(channel)

    def send(values):
        return stub.Insert(messages.Record(**dict(zip(records.FIELDS, values))), timeout=DEADLINE_S).id

    return send


def answer(status, body):
    return Response(orjson.dumps(body), status, {"X-Bedel-Route": ROUTE}, "application/json")


@app.post("/api/v1/grades")
@app.post("/api/v1/grades/route1")
@app.post("/api/v1/grades/route2")
def record():
    try:
        values = records.check(orjson.loads(request.get_data(cache=False)))
    except records.Wrong as wrong:
        return answer(422, {"field": str(wrong)})
    except orjson.JSONDecodeError:
        return answer(400, {"detail": "no JSON"})
    try:
        return answer(201, {"id": hand()(values), "route": ROUTE})
    except (MySQLdb.Error, redis.RedisError) as error:
        return answer(503, {"detail": str(error)})


@app.get("/healthz")
@app.get("/readyz")
def ready():
    return answer(200, {"ready": True})


if ROUTE == "grpc":
    import grpc

    @app.errorhandler(grpc.RpcError)
    def unreachable(error):
        return answer(503, {"detail": error.details()})
