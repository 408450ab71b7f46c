"""The gRPC end of route 1: one process a port of PEER_SERVERS."""

import os
import pathlib
import signal
import sys
from concurrent import futures

THREADS = int(os.environ["PEER_THREADS"])


def serve(address):
    import grpc

    import records

    sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent))
    messages, services = grpc.protos_and_services("grades.proto")
    store = records.Store()

    class Ingest(services.IngestServicer):
        def Insert(self, request, context):
            try:
                return messages.Inserted(id=store.insert([getattr(request, field) for field in records.FIELDS]))
            except Exception as error:  # Whatever it was, the caller learns of it.
                context.abort(grpc.StatusCode.UNAVAILABLE, str(error))

    server = grpc.server(futures.ThreadPoolExecutor(THREADS))
    services.add_IngestServicer_to_server(Ingest(), server)
    if server.add_insecure_port(address) == 0:
        sys.exit(f"cannot listen on {address}")
    server.start()
    signal.signal(signal.SIGTERM, lambda *_: server.stop(1))
    server.wait_for_termination()


if __name__ == "__main__":
    children = []
    for address in os.environ["PEER_SERVERS"].split(","):
        child = os.fork()
        if child == 0:
            serve(address)
            os._exit(0)
        children.append(child)
    signal.signal(signal.SIGTERM, lambda *_: [os.kill(child, signal.SIGTERM) for child in children])
    codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    sys.exit(any(codes))
