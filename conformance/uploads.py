"""The requests of tus 1.0.0, made as a good client makes them; what a test changes, it passes."""

import base64
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

from levels import not_offered
from wire import Answer, Wire

VERSION = "1.0.0"
BYTES = "application/offset+octet-stream"
# How long a server may take for what it does after its answer.
PATIENCE = 10.0


def metadata(**pairs: str) -> str:
    """`Upload-Metadata` with these names and values."""
    return ",".join(f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in pairs.items())


def eventually(look: Callable[[], Answer], good: Callable[[Answer], bool]) -> Answer:
    """The first answer that is good; the last one, if none is in time."""
    end = time.monotonic() + PATIENCE
    while True:
        answer = look()
        if good(answer) or time.monotonic() > end:
            return answer
        time.sleep(0.1)


def number(answer: Answer, name: str) -> int:
    """A field that must be a non-negative integer."""
    value = answer.get(name)
    assert value is not None, f"no {name}: {answer}"
    assert value.isascii() and value.isdigit(), f"{name} is no non-negative integer: {answer}"
    return int(value)


def refused(answer: Answer) -> bool:
    """Whether the fault is said to be the client's."""
    return 400 <= answer.status < 500


@dataclass(frozen=True)
class Tus:
    """A tus server: where uploads are created, and how to talk to it."""

    wire: Wire
    creation_url: str

    @cached_property
    def announced(self) -> Answer:
        """The answer to OPTIONS."""
        return self.wire.ask("OPTIONS", self.creation_url)

    @property
    def extensions(self) -> list[str]:
        """What `Tus-Extension` lists."""
        return self.announced.elements("Tus-Extension")

    def offers(self, extension: str) -> bool:
        """Whether an extension is announced."""
        return extension in self.extensions

    @property
    def most(self) -> int:
        """`Tus-Max-Size`; the test is over if there is none."""
        return (
            number(self.announced, "Tus-Max-Size")
            if self.announced.get("Tus-Max-Size")
            else not_offered("a largest size")
        )

    def ask(
        self,
        method: str,
        url: str,
        fields: Mapping[str, str] | None = None,
        body: bytes | None = None,
        *,
        version: str = VERSION,
        chunked: bool = False,
        trailers: Mapping[str, str] | None = None,
    ) -> Answer:
        """A request with `Tus-Resumable`."""
        given = {"Tus-Resumable": version} | dict(fields or {})
        return self.wire.ask(method, url, given, body, chunked=chunked, trailers=trailers)

    def post(self, fields: Mapping[str, str], body: bytes | None = None, **how: str) -> Answer:
        """A request to create an upload, whatever comes of it."""
        return self.ask("POST", self.creation_url, fields, body, **how)

    def create(self, length: int | None, **fields: str) -> str:
        """A new upload's address; `Upload-Concat` and the like are given as `Upload_Concat`."""
        given = {name.replace("_", "-"): value for name, value in fields.items()}
        if length is not None:
            given["Upload-Length"] = str(length)
        answer = self.post(given)
        assert answer.status == 201, f"nothing was created: {answer}"
        url = answer.link("Location")
        assert url, f"no Location: {answer}"
        return url

    def head(self, url: str) -> Answer:
        """Where an upload stands."""
        return self.ask("HEAD", url)

    def offset(self, url: str) -> int:
        """`Upload-Offset` of an upload that is there."""
        answer = self.head(url)
        assert answer.status in (200, 204), f"the upload is not there: {answer}"
        return number(answer, "Upload-Offset")

    def patch(
        self,
        url: str,
        offset: int,
        body: bytes,
        *,
        chunked: bool = False,
        trailers: Mapping[str, str] | None = None,
        **fields: str,
    ) -> Answer:
        """A request to append bytes, whatever comes of it."""
        given = {"Content-Type": BYTES, "Upload-Offset": str(offset)}
        given |= {name.replace("_", "-"): value for name, value in fields.items()}
        return self.ask("PATCH", url, given, body, chunked=chunked, trailers=trailers)

    def append(self, url: str, offset: int, body: bytes) -> Answer:
        """Appends bytes, which must succeed."""
        answer = self.patch(url, offset, body)
        assert answer.status == 204, f"the bytes were not taken: {answer}"
        return answer

    def cut(
        self, url: str, offset: int, sent: bytes, declared: int | None, announced: str | None = None, **fields: str
    ) -> None:
        """A PATCH whose connection breaks after `sent`."""
        given = {"Tus-Resumable": VERSION, "Content-Type": BYTES, "Upload-Offset": str(offset)}
        given |= {name.replace("_", "-"): value for name, value in fields.items()}
        self.wire.cut("PATCH", url, given, sent, declared, announced)

    def nowhere(self) -> str:
        """The address of an upload that never was: that of a real one, with its name turned into another."""
        url = self.create(1)
        head, _, name = url.rpartition("/")
        other = "".join("1" if letter == "0" else "0" if letter.isdigit() else letter for letter in name)
        return f"{head}/{other if other != name else os.urandom(16).hex()}"
