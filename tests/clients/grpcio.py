"""grpcio: learns the service by reflection, then keeps grades by single calls and by a stream, in clear and within TLS."""

import os
import pathlib
import random
import urllib.parse

import grpc
import requests
from google.protobuf import descriptor_pool, message_factory
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

SERVICE = "bedel.grades.v1.GradeIngest"
STREAMED, WRONG = 2_000, (0, 999, 1_999)
PATIENCE = 60

url, token = os.environ["BEDEL_URL"], os.environ["BEDEL_TOKEN"]
authorized = (("authorization", "Bearer " + token),)
first = random.randrange(10**9, 10**12)


def grade(carnet, **other):
    return {"carnet": carnet, "nombre": f"Alumno {carnet}", "curso": "SO1", "nota": 90, "semestre": "2S", "year": 2023} | other


class Service:
    """The calls of the service, from what the server tells of them."""

    def __init__(self, channel):
        database = ProtoReflectionDescriptorDatabase(channel)
        self.services = set(database.get_services())
        pool = descriptor_pool.DescriptorPool(database)
        self.calls = {}
        for name in (SERVICE, "grpc.health.v1.Health"):
            for method in pool.FindServiceByName(name).methods:
                request = message_factory.GetMessageClass(method.input_type)
                answer = message_factory.GetMessageClass(method.output_type)
                kind = channel.stream_unary if method.client_streaming else channel.unary_unary
                call = kind(f"/{name}/{method.name}", request.SerializeToString, answer.FromString)
                self.calls[method.name] = (call, request)

    def __call__(self, name, message, metadata=authorized, timeout=PATIENCE):
        call, request = self.calls[name]
        sent = request(**message) if isinstance(message, dict) else (request(**one) for one in message)
        return call(sent, metadata=metadata, timeout=timeout)


def refused(call):
    try:
        call()
    except grpc.RpcError as error:
        return error
    raise AssertionError("it was to be refused")


def stored(carnet):
    found = requests.get(f"{url}/api/v1/grades", params={"carnet": carnet}, headers=dict([("Authorization", "Bearer " + token)]), timeout=PATIENCE)
    return [(one["nota"], one["route"]) for one in found.json()["items"]]


def single(service, carnet):
    outcomes = [service("Record", grade(carnet, nota=nota)).outcome for nota in (90, 90, 70)]
    assert outcomes == [1, 2, 3], f"created, replayed, corrected: {outcomes}"
    assert stored(carnet) == [(70, "grpc")], stored(carnet)


def refusals(service):
    error = refused(lambda: service("Record", grade(first), metadata=()))
    assert error.code() == grpc.StatusCode.UNAUTHENTICATED, error
    error = refused(lambda: service("Record", grade(first), metadata=(("authorization", "Bearer nonsense"),)))
    assert error.code() == grpc.StatusCode.UNAUTHENTICATED, error
    for field, value in (("nota", 101), ("carnet", 0), ("curso", "XX9"), ("semestre", "3S"), ("year", 1), ("nombre", "")):
        error = refused(lambda: service("Record", grade(first) | {field: value}))
        assert error.code() == grpc.StatusCode.INVALID_ARGUMENT and error.details().startswith(field + ":"), error
        details = dict(error.trailing_metadata())["grpc-status-details-bin"]
        assert field.encode() in details, details
        missing = grade(first)
        del missing[field]
        error = refused(lambda: service("Record", missing))
        assert error.code() == grpc.StatusCode.INVALID_ARGUMENT and error.details().startswith(field + ":"), error
    assert stored(first) == [], "nothing wrong was stored"
    # One that is given up may be stored all the same: its answer is what nobody waited for.
    error = refused(lambda: service("Record", grade(first + 3), timeout=0.000001))
    assert error.code() == grpc.StatusCode.DEADLINE_EXCEEDED, error


def streamed(service):
    carnets = range(first + 10, first + 10 + STREAMED)
    records = [grade(carnet, nota=101 if place in WRONG else 60) for place, carnet in enumerate(carnets)]
    for created, replayed in ((STREAMED - len(WRONG), 0), (0, STREAMED - len(WRONG))):
        told = service("RecordStream", records)
        counts = (told.received, told.created, told.replayed, told.corrected, told.refused)
        assert counts == (STREAMED, created, replayed, 0, len(WRONG)), counts
        assert tuple(refusal.place for refusal in told.refusals) == WRONG
        assert {fault.field for refusal in told.refusals for fault in refusal.faults} == {"nota"}
    assert stored(carnets[-2]) == [(60, "grpc")]


def doors():
    yield grpc.insecure_channel(urllib.parse.urlsplit(url).netloc)
    certificate = pathlib.Path(os.environ["BEDEL_DATA"], "keys", "tls.crt").read_bytes()
    names = (("grpc.ssl_target_name_override", "localhost"),)
    secure = urllib.parse.urlsplit(os.environ["BEDEL_TLS_URL"]).netloc
    yield grpc.secure_channel(secure, grpc.ssl_channel_credentials(certificate), names)


for place, channel in enumerate(doors()):
    service = Service(channel)
    assert {SERVICE, "grpc.health.v1.Health"} <= service.services, service.services
    assert service("Check", {"service": SERVICE}).status == 1, "it serves"
    single(service, first + 1 + place)
refusals(service)
streamed(service)
print(f"{STREAMED} records streamed twice")
