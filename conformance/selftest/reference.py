"""A small tus server that does all the suite asks for, in memory, and can be told to do one thing wrong.

It exists so that the suite's tests can be seen to pass and to fail without any other program.
"""

import base64
import hashlib
import itertools
import re
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import quote, urlsplit

from selection import select

VERSION = "1.0.0"
BYTES = "application/offset+octet-stream"
MOST = 2**40
EXTENSIONS = [
    "creation",
    "creation-with-upload",
    "creation-defer-length",
    "expiration",
    "checksum",
    "checksum-trailer",
    "termination",
    "concatenation",
    "concatenation-unfinished",
]
PAIRS = re.compile(r"[^ ,]+(?: (?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?)?")


class Refusal(Exception):
    """An answer that ends a request."""

    def __init__(self, status: int, **fields: str) -> None:
        super().__init__(status)
        self.status = status
        self.fields = {name.replace("_", "-"): value for name, value in fields.items()}


@dataclass
class Upload:
    """An upload and its bytes; a final one has its parts'."""

    expires: datetime
    metadata: str | None
    concat: str | None
    length: int | None = None
    data: bytearray = field(default_factory=bytearray)
    parts: list["Upload"] = field(default_factory=list)
    modified: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def is_final(self) -> bool:
        return (self.concat or "").startswith("final")

    @property
    def size(self) -> int | None:
        """Its length, if that is known."""
        if not self.is_final:
            return self.length
        sizes = [part.size for part in self.parts]
        return None if None in sizes else sum(size for size in sizes if size is not None)

    @property
    def content(self) -> bytes:
        return b"".join(part.content for part in self.parts) if self.is_final else bytes(self.data)

    @property
    def complete(self) -> bool:
        return self.size == len(self.content) and all(part.complete for part in self.parts)


class Server(ThreadingHTTPServer):
    """The uploads, and what is to go wrong."""

    daemon_threads = True

    def __init__(self, fault: str | None, expiry: float, stall: float) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.fault, self.expiry, self.stall = fault, expiry, stall
        self.uploads: dict[str, Upload] = {}
        self.numbers = itertools.count(1000)
        self.lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/files"


class Handler(BaseHTTPRequestHandler):
    """One request."""

    server: Server
    protocol_version = "HTTP/1.1"

    def setup(self) -> None:
        self.timeout = self.server.stall
        super().setup()

    def log_message(self, *_: object) -> None:
        pass

    def wrong(self, fault: str) -> bool:
        """Whether this is the thing to do wrong."""
        return self.server.fault == fault

    def handle_any(self) -> None:
        self.trailers: dict[str, str] = {}
        self.close_connection = True
        method = self.command
        if not self.wrong("the method is not overridden"):
            method = self.headers.get("X-HTTP-Method-Override", method)
        try:
            act = {
                "OPTIONS": self.options,
                "POST": self.create,
                "HEAD": self.head,
                "PATCH": self.append,
                "DELETE": self.remove,
                "GET": self.read,
            }.get(method)
            if act is None:
                raise Refusal(405)
            if method != "OPTIONS" and "/content" not in self.path and not self.wrong("any version will do"):
                if self.headers.get("Tus-Resumable") != VERSION:
                    raise Refusal(412, Tus_Version=VERSION)
            act()
        except Refusal as refusal:
            self.answer(refusal.status, refusal.fields)
        except (ConnectionError, TimeoutError):
            pass

    do_GET = do_HEAD = do_POST = do_PATCH = do_PUT = do_DELETE = do_OPTIONS = handle_any

    def answer(self, status: int, fields: dict[str, str | None], body: bytes = b"") -> None:
        self.send_response(status)
        shown = {"Tus-Resumable": VERSION, "Connection": "close"} | fields
        if self.wrong("no version in refusals") and status >= 400:
            del shown["Tus-Resumable"]
        if status not in (204, 304):
            shown.setdefault("Content-Length", str(len(body)))
        for name, value in shown.items():
            if value is not None:
                self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def number(self, name: str, most: int = 2**63) -> int | None:
        value = self.headers.get(name)
        if value is None:
            return None
        if not re.fullmatch(r"[0-9]+", value):
            if self.wrong("any number will do"):
                return 0
            raise Refusal(400)
        if int(value) > most and not self.wrong("no limit"):
            raise Refusal(413)
        return int(value)

    def found(self) -> Upload:
        upload = self.server.uploads.get(urlsplit(self.path).path.split("/")[2])
        if upload is None:
            raise Refusal(404)
        if upload.expires < datetime.now(UTC) and not self.wrong("nothing expires"):
            raise Refusal(410)
        return upload

    def body(self) -> tuple[bytes, bool]:
        """What arrived, and whether it is all of it."""
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            wanted = int(self.headers.get("Content-Length") or 0)
            data = b""
            while len(data) < wanted and (piece := self.rfile.read1(wanted - len(data))):
                data += piece
            return data, len(data) == wanted
        data = b""
        while line := self.rfile.readline():
            size = int(line, 16)
            if size == 0:
                while (line := self.rfile.readline()) not in (b"\r\n", b""):
                    name, _, value = line.decode("latin-1").partition(":")
                    self.trailers[name.strip().lower()] = value.strip()
                return data, True
            data += self.rfile.read(size)
            self.rfile.readline()
        return data, False

    def verify(self, data: bytes, whole: bool) -> None:
        """Refuses a chunk whose checksum is wrong or cannot be verified."""
        announced = "upload-checksum" in self.headers.get("Trailer", "").lower()
        given = self.headers.get("Upload-Checksum") or self.trailers.get("upload-checksum")
        if self.wrong("trailers are not read") and announced:
            return
        if given is None and not announced or self.wrong("checksums are not verified"):
            return
        algorithm, _, value = (given or "").partition(" ")
        if not whole and self.wrong("half a chunk is kept unverified"):
            return
        if algorithm not in ("sha1", "sha256") or not whole:
            raise Refusal(400)
        digest = base64.b64encode(hashlib.new(algorithm, data).digest()).decode()
        if value != digest:
            raise Refusal(400 if len(value) != len(digest) else 460)

    def take(self, upload: Upload, offset: int) -> None:
        data, whole = self.body()
        if self.wrong("a broken body is thrown away") and not whole:
            return
        early = self.wrong("a chunk is kept before it is verified")
        if early:
            upload.data[offset:] = data
        self.verify(data, whole)
        if (
            upload.length is not None
            and offset + len(data) > upload.length
            and not self.wrong("an upload may outgrow itself")
        ):
            raise Refusal(413)
        upload.data[offset:] = data[:-1] if self.wrong("the last byte is lost") else data

    def place(self, upload: Upload, name: str) -> str | None:
        """Where the bytes are, below; a part alone has none to show."""
        return f"/files/{name}" if upload.complete and upload.concat != "partial" else None

    def expires(self, upload: Upload) -> str | None:
        if self.wrong("no expiry is told"):
            return None
        return (
            upload.expires.strftime("%c")
            if self.wrong("another kind of date")
            else format_datetime(upload.expires, usegmt=True)
        )

    def options(self) -> None:
        offered = [
            name for name in EXTENSIONS if not (self.wrong("an extension is not announced") and name == "creation")
        ]
        self.answer(
            204,
            {
                "Tus-Version": VERSION,
                "Tus-Extension": ",".join(offered),
                "Tus-Max-Size": str(MOST),
                "Tus-Checksum-Algorithm": "sha256" if self.wrong("no sha1") else "sha1,sha256",
            },
        )

    def create(self) -> None:
        length, deferred = self.number("Upload-Length", MOST), self.headers.get("Upload-Defer-Length")
        concat, metadata = self.headers.get("Upload-Concat"), self.headers.get("Upload-Metadata")
        if deferred not in (None, "1"):
            raise Refusal(400)
        final = concat is not None and concat != "partial"
        if not self.wrong("no length is needed") and (length is None) + (deferred is None) != (2 if final else 1):
            raise Refusal(400)
        if metadata is not None and not self.wrong("any metadata will do"):
            pairs = metadata.split(",")
            if not all(map(PAIRS.fullmatch, pairs)) or len({pair.split(" ")[0] for pair in pairs}) < len(pairs):
                raise Refusal(400)
        upload = Upload(datetime.now(UTC) + timedelta(seconds=self.server.expiry), metadata, concat, length)
        if final:
            upload.parts = self.named(concat or "")
            if self.wrong("the parts are sorted"):
                upload.parts.sort(key=lambda part: len(part.content))
            if self.wrong("the parts' metadata are taken over"):
                upload.metadata = metadata or upload.parts[0].metadata
        fields: dict[str, str | None] = {"Upload-Expires": self.expires(upload)}
        if self.headers.get("Content-Type") == BYTES:
            self.take(upload, 0)
            fields["Upload-Offset"] = str(len(upload.data))
        name = str(next(self.server.numbers))
        self.server.uploads[name] = upload
        fields["Content-Location"] = self.place(upload, name)
        self.answer(200 if self.wrong("a creation is 200") else 201, fields | {"Location": "/files/" + name})

    def named(self, concat: str) -> list[Upload]:
        if not concat.startswith("final;"):
            raise Refusal(400)
        names = [urlsplit(url).path.rpartition("/")[2] for url in concat.removeprefix("final;").split(" ")]
        parts = [self.server.uploads.get(name) for name in names]
        if not all(part and part.concat == "partial" for part in parts):
            raise Refusal(400)
        return [part for part in parts if part]

    def head(self) -> None:
        if "/content" in self.path:
            return self.read()
        upload = self.found()
        size, told = upload.size, not upload.is_final or upload.complete or self.wrong("a final's offset is told early")
        self.answer(
            200,
            {
                "Upload-Offset": str(len(upload.content)) if told else None,
                "Upload-Length": None if size is None or self.wrong("no length is told") else str(size),
                "Upload-Defer-Length": "1" if size is None and not upload.is_final else None,
                "Upload-Metadata": None if self.wrong("metadata are forgotten") else upload.metadata,
                "Upload-Concat": None if self.wrong("concatenation is not told") else upload.concat,
                "Cache-Control": None if self.wrong("caches may keep it") else "no-store",
                "Upload-Expires": self.expires(upload),
                "Content-Location": self.place(upload, self.path.split("/")[2]),
            },
        )

    def append(self) -> None:
        upload = self.found()
        if upload.is_final:
            raise Refusal(400 if self.wrong("a final is not forbidden") else 403)
        if self.headers.get("Content-Type") != BYTES and not self.wrong("any type will do"):
            raise Refusal(415)
        offset = self.number("Upload-Offset")
        if offset is None:
            raise Refusal(400)
        if offset != len(upload.data) and not self.wrong("any offset will do"):
            raise Refusal(409)
        length = self.number("Upload-Length", MOST)
        if length is not None:
            if upload.length not in (None, length) and not self.wrong("a length may change") or length < offset:
                raise Refusal(400)
            upload.length = length
        self.take(upload, min(offset, len(upload.data)))
        self.answer(
            204,
            {
                "Upload-Offset": None if self.wrong("no new offset") else str(len(upload.data)),
                "Upload-Expires": self.expires(upload),
                "Content-Location": self.place(upload, self.path.split("/")[2]),
            },
        )

    def remove(self) -> None:
        self.found()
        if not self.wrong("nothing is terminated"):
            del self.server.uploads[urlsplit(self.path).path.split("/")[2]]
        self.answer(204, {})

    def read(self) -> None:
        upload = self.found()
        if not upload.complete or not self.path.endswith("/content"):
            raise Refusal(404)
        pairs = dict(pair.partition(" ")[::2] for pair in (upload.metadata or "").split(",") if pair)
        name = base64.b64decode(pairs.get("filename", "")).decode() or "unnamed"
        plain = re.sub(r"[^ !#$&-\[\]-~]|%", "_", name)
        shown = f'attachment; filename="{plain}"' + (
            "" if plain == name else f"; filename*=UTF-8''{quote(name, safe='')}"
        )
        self.answer(*select(self, upload.content, upload.modified, shown))
