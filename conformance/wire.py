"""HTTP/1.1 as it is on the wire: nothing is added, followed, decoded or tried again."""

import http.client
import socket
import ssl
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

TIMEOUT = 30.0
CHUNK = 8192
# The fields that a message about an answer shows.
TELLING = ("upload-", "tus-", "content-", "etag", "last-", "accept-", "location", "cache-", "repr-")
# How long a connection that will break lives on after its last byte, so that a proxy can pass on what it has.
LAST_GASP = 0.3


@dataclass(frozen=True, repr=False)
class Answer:
    """A response: field names in lower case, lines of the same name apart."""

    status: int
    fields: tuple[tuple[str, str], ...]
    body: bytes
    method: str
    url: str

    def lines(self, name: str) -> list[str]:
        """Every line of a field."""
        return [value for key, value in self.fields if key == name.lower()]

    def get(self, name: str) -> str | None:
        """A field's value, its lines joined as a list; `None` if it is not there."""
        lines = self.lines(name)
        return ", ".join(lines) if lines else None

    def elements(self, name: str) -> list[str]:
        """A comma-separated field's elements."""
        return [element.strip() for element in (self.get(name) or "").split(",") if element.strip()]

    def link(self, name: str) -> str | None:
        """A field that holds an address, made absolute."""
        value = self.get(name)
        return None if value is None else urljoin(self.url, value)

    def __repr__(self) -> str:
        # pytest keeps both ends of a long one, so what tells most comes first.
        fields = "; ".join(f"{name}: {value}" for name, value in self.fields if name.startswith(TELLING))
        return f"{self.method} -> {self.status}, {len(self.body)} bytes; {fields}"


class Wire:
    """Sends requests, each on a connection of its own, with the fields that the server wants in all of them."""

    def __init__(self, fields: Mapping[str, str] | None = None) -> None:
        self._fields = dict(fields or {})

    def ask(
        self,
        method: str,
        url: str,
        fields: Mapping[str, str] | Iterable[tuple[str, str]] = (),
        body: bytes | None = None,
        *,
        chunked: bool = False,
        trailers: Mapping[str, str] | None = None,
    ) -> Answer:
        """One request and its answer. `body` gets a `Content-Length`, or chunks if told so or if it has trailers."""
        chunked = chunked or trailers is not None
        connection = self._begin(method, url, fields, None if chunked or body is None else len(body), chunked, trailers)
        try:
            try:
                connection.send(_chunks(body or b"", trailers) if chunked else body or b"")
            except (BrokenPipeError, ConnectionResetError):
                pass  # refused early: the answer may be there already
            response = connection.getresponse()
            lines = tuple((name.lower(), value.strip()) for name, value in response.getheaders())
            return Answer(response.status, lines, response.read(), method, url)
        finally:
            connection.close()

    def cut(
        self,
        method: str,
        url: str,
        fields: Mapping[str, str],
        sent: bytes,
        declared: int | None,
        announced: str | None = None,
    ) -> None:
        """Sends fewer bytes than `declared` (or chunks without an end, if that is `None`) and breaks the connection."""
        trailers = None if announced is None else {announced: ""}
        connection = self._begin(method, url, fields, declared, declared is None, trailers)
        connection.send(sent if declared is not None else _chunk(sent))
        time.sleep(LAST_GASP)
        connection.sock.shutdown(socket.SHUT_WR)
        # The server's answer or its closing says that it has seen all of it.
        try:
            while connection.sock.recv(CHUNK):
                pass
        except (ConnectionResetError, TimeoutError):
            pass
        connection.close()

    def stall(
        self, method: str, url: str, fields: Mapping[str, str], sent: bytes, declared: int, patience: float
    ) -> bool:
        """Sends fewer bytes than `declared`, then nothing; whether the server closes within `patience` seconds."""
        connection = self._begin(method, url, fields, declared, False, None)
        try:
            connection.send(sent)
            connection.sock.settimeout(patience)
            while connection.sock.recv(CHUNK):
                pass
            return True
        except ConnectionResetError:
            return True
        except TimeoutError:
            return False
        finally:
            connection.close()

    def _begin(
        self,
        method: str,
        url: str,
        fields: Mapping[str, str] | Iterable[tuple[str, str]],
        length: int | None,
        chunked: bool,
        trailers: Mapping[str, str] | None,
    ) -> http.client.HTTPConnection:
        parts = urlsplit(url)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        if parts.scheme == "https":
            context = ssl.create_default_context()
            connection: http.client.HTTPConnection = http.client.HTTPSConnection(
                parts.netloc, timeout=TIMEOUT, context=context
            )
        else:
            connection = http.client.HTTPConnection(parts.netloc, timeout=TIMEOUT)
        connection.putrequest(method, target, skip_accept_encoding=True)
        given = list(fields.items()) if isinstance(fields, Mapping) else list(fields)
        for name, value in [*self._fields.items(), *given]:
            connection.putheader(name, value)
        if chunked:
            connection.putheader("Transfer-Encoding", "chunked")
        elif length is not None:
            connection.putheader("Content-Length", str(length))
        elif method not in ("GET", "HEAD", "OPTIONS"):
            connection.putheader("Content-Length", "0")
        if trailers is not None:
            connection.putheader("Trailer", ", ".join(trailers))
        connection.endheaders()
        return connection


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def _chunks(body: bytes, trailers: Mapping[str, str] | None) -> bytes:
    chunks = b"".join(_chunk(body[at : at + CHUNK]) for at in range(0, len(body), CHUNK))
    fields = "".join(f"{name}: {value}\r\n" for name, value in (trailers or {}).items())
    return chunks + b"0\r\n" + fields.encode("latin-1") + b"\r\n"
