"""Where the bytes of a finished upload can be read: tus leaves that to the server, so each known way is tried."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

from levels import not_offered
from uploads import Tus
from wire import Answer, Wire

# Each says where the bytes might be, from the answer that finished the upload and the upload's own address.
WAYS: dict[str, Callable[[str | None, str], str | None]] = {
    "a resource below Content-Location": lambda place, _: place and place.rstrip("/") + "/content",
    "Content-Location": lambda place, _: place,
    "the upload itself": lambda _, upload: upload,
}


@dataclass(frozen=True)
class Content:
    """Bytes that are known, and where they are served."""

    wire: Wire
    url: str
    data: bytes

    @cached_property
    def has_head(self) -> bool:
        """Whether HEAD means the bytes here: an upload's own address may answer it as tus does."""
        return self.wire.ask("HEAD", self.url).status == 200

    def get(self, fields: dict[str, str] | list[tuple[str, str]] | None = None, method: str = "GET") -> Answer:
        """Asks for them, or about them with HEAD; the test is over where HEAD means something else."""
        if method == "HEAD" and not self.has_head:
            not_offered("HEAD of what can be read")
        return self.wire.ask(method, self.url, fields or {})


def places(tus: Tus, upload: str, finished: Answer | None) -> Iterator[str]:
    """Where the bytes may be, likeliest first."""
    named = finished.link("Content-Location") if finished else None
    named = named or tus.head(upload).link("Content-Location")
    for way in WAYS.values():
        place = way(named, upload)
        if place:
            yield place


def find(tus: Tus, upload: str, data: bytes, finished: Answer | None = None) -> Content | None:
    """The first place that answers with bytes at all; `None` if this server shows none."""
    for place in places(tus, upload, finished):
        answer = tus.wire.ask("GET", place)
        assert answer.status < 500, f"what was uploaded cannot be read: {answer}"
        if answer.status == 200:
            return Content(tus.wire, place, data)
    return None
