"""RFC 9110 as the reference does it: preconditions, then ranges."""

import base64
import hashlib
import re
from datetime import datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import Protocol

LIMIT = 32


class Asking(Protocol):
    """The request."""

    command: str
    headers: dict[str, str]

    def wrong(self, fault: str) -> bool:
        """Whether this is the thing to do wrong."""


Chosen = tuple[int, dict[str, str | None], bytes]


def date(value: str | None) -> datetime | None:
    """A date of any of the three forms; `None` for anything else."""
    try:
        found = parsedate_to_datetime(value or "")
    except ValueError:
        return None
    return found if re.match(r"[A-Z][a-z]+,? ", value or "") else None


def ranges(text: str, size: int) -> list[tuple[int, int]] | None:
    """What is asked for and there, both ends counting; `None` if it is malformed."""
    unit, equals, specs = text.partition("=")
    found = []
    if unit.lower() != "bytes" or not equals:
        return None
    elements = [spec.strip() for spec in specs.split(",") if spec.strip()]
    for spec in elements:
        match = re.fullmatch(r"(\d*)-(\d*)", spec, re.ASCII)
        if not match or not (match[1] or match[2]) or match[1] and match[2] and int(match[2]) < int(match[1]):
            return None
        if match[1]:
            found.append((int(match[1]), min(int(match[2] or size), size - 1)))
        else:
            found.append((max(size - int(match[2]), 0), size - 1))
    kept = [(first, last) for first, last in found if first <= last]
    return kept if elements else None


def select(asking: Asking, data: bytes, modified: datetime, disposition: str) -> Chosen:
    """The answer to a GET or HEAD of these bytes."""
    given, wrong = asking.headers, asking.wrong
    modified = modified.replace(microsecond=0)
    etag = '"' + hashlib.sha1(data).hexdigest() + '"'
    digest = base64.b64encode(hashlib.sha256(b"" if wrong("another digest") else data).digest()).decode()
    fields: dict[str, str | None] = {
        "ETag": etag,
        "Last-Modified": format_datetime(modified, usegmt=True),
        "Content-Type": "application/octet-stream",
        "Content-Disposition": disposition,
        "Repr-Digest": f"sha-256=:{digest}:",
        "Accept-Ranges": "bytes",
        "Cache-Control": "no-cache",
        "Content-Length": str(len(data)),
    }

    def tags(name: str) -> list[str]:
        return re.findall(r'\*|(?:W/)?"[^"]*"', ",".join(given.get_all(name)))  # type: ignore[attr-defined]

    unmodified, since = date(given.get("If-Unmodified-Since")), date(given.get("If-Modified-Since"))
    if "If-Match" in given:
        if not {etag, "*"} & set(tags("If-Match")) and not wrong("If-Match is ignored"):
            return 412, {}, b""
    elif unmodified and compare(modified, unmodified) > 0:
        return 412, {}, b""
    if "If-None-Match" in given:
        weak = [tag if wrong("If-None-Match is strong") else tag.removeprefix("W/") for tag in tags("If-None-Match")]
        if {etag, "*"} & set(weak):
            return 304, fields | {"Content-Type": None, "Content-Length": None}, b""
    elif since and compare(modified, since) <= 0:
        return 304, fields | {"Content-Type": None, "Content-Length": None}, b""
    if asking.command == "HEAD" and not wrong("HEAD has ranges") or "Range" not in given:
        return 200, fields, data
    condition = given.get("If-Range")
    if condition is not None and not wrong("If-Range is ignored"):
        moment = date(condition)
        weak = condition.removeprefix("W/") == etag and wrong("If-Range is weak")
        if condition != etag and not weak and (moment is None or compare(moment, modified) != 0):
            return 200, fields, data
    return part(asking, data, fields)


def part(asking: Asking, data: bytes, fields: dict[str, str | None]) -> Chosen:
    """The answer to a Range that counts."""
    size, wrong = len(data), asking.wrong
    wanted = ranges(asking.headers["Range"], size)
    if wanted is None:
        return (206 if wrong("nonsense is a range") else 200), fields, data
    if not wanted or len(wanted) > LIMIT:
        return 416, {"Content-Range": None if wrong("416 without a length") else f"bytes */{size}"}, b""
    if wrong("one too few"):
        wanted = [(first, max(first, last - 1)) for first, last in wanted]
    if len(wanted) == 1:
        ((first, last),) = wanted
        shown = f"bytes {first}-{last + wrong('Content-Range is off by one')}/{size}"
        etag = fields["ETag"] if not wrong("the tag varies with the range") else f'"{first}-{last}"'
        body = data[first : last + 1]
        return 206, fields | {"Content-Range": shown, "Content-Length": str(len(body)), "ETag": etag}, body
    if wrong("parts are sorted"):
        wanted.sort()
    pieces = []
    for first, last in wanted:
        head = (
            f"--limit\r\nContent-Type: application/octet-stream\r\nContent-Range: bytes {first}-{last}/{size}\r\n\r\n"
        )
        pieces.append(head.encode() + data[first : last + 1] + b"\r\n")
    body = b"".join(pieces) + (b"" if wrong("the last boundary is open") else b"--limit--\r\n")
    kind = "multipart/byteranges; boundary=limit"
    return 206, fields | {"Content-Type": kind, "Content-Length": str(len(body))}, body


def compare(one: datetime, other: datetime) -> int:
    """Which of two moments is later: -1, 0 or 1; a date without a zone is in GMT."""
    first, second = (moment.replace(tzinfo=None) for moment in (one, other))
    return (first > second) - (first < second)
