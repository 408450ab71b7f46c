"""An upload over WebSocket and the same over HTTP, both in Python, so that the protocol is all that differs.

python_peers.py serve-websocket|serve-http FOLDER     prints its port, stores each upload as FOLDER/received
python_peers.py send-websocket|send-http PORT FILE    sends the file, waits until it is stored
"""

import asyncio
import http.client
import http.server
import pathlib
import sys

from websockets.asyncio.client import connect
from websockets.asyncio.server import serve

# What a browser's File.slice and FileSender's workers send at once is of this order.
BLOCK = 256 << 10


def say(port):
    print(port, flush=True)


async def serve_websocket(folder):
    async def receive(socket):
        length = 0
        with open(folder / "received", "wb") as out:
            async for message in socket:
                if isinstance(message, str):
                    await socket.send(str(length))
                    break
                out.write(message)
                length += len(message)

    async with serve(receive, "127.0.0.1", 0, compression=None, max_size=2 * BLOCK) as server:
        say(server.sockets[0].getsockname()[1])
        await server.serve_forever()


async def send_websocket(port, path):
    async with connect(f"ws://127.0.0.1:{port}", compression=None) as socket:
        with open(path, "rb") as source:
            while block := source.read(BLOCK):
                await socket.send(block)
        await socket.send("end")
        return int(await socket.recv())


class Receiver(http.server.BaseHTTPRequestHandler):
    folder = None

    def do_PUT(self):  # the name is the base class's
        left = int(self.headers["Content-Length"])
        with open(self.folder / "received", "wb") as out:
            while left:
                block = self.rfile.read(min(left, BLOCK))
                out.write(block)
                left -= len(block)
        self.send_response(201)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def serve_http(folder):
    Receiver.folder = folder
    server = http.server.HTTPServer(("127.0.0.1", 0), Receiver)
    say(server.server_port)
    server.serve_forever()


def send_http(port, path):
    connection = http.client.HTTPConnection("127.0.0.1", port, blocksize=BLOCK)
    size = pathlib.Path(path).stat().st_size
    with open(path, "rb") as source:
        connection.request("PUT", "/received", source, {"Content-Length": str(size)})
    return size if connection.getresponse().status == 201 else 0


def main():
    what, *rest = sys.argv[1:]
    if what == "serve-websocket":
        asyncio.run(serve_websocket(pathlib.Path(rest[0])))
    elif what == "serve-http":
        serve_http(pathlib.Path(rest[0]))
    else:
        sent = asyncio.run(send_websocket(rest[0], rest[1])) if what == "send-websocket" else send_http(int(rest[0]), rest[1])
        sys.exit(0 if sent == pathlib.Path(rest[1]).stat().st_size else "not all of it was stored")


main()
