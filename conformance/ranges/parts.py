"""What a 206 holds: its ranges, read strictly."""

import re
from dataclasses import dataclass

from content import Content
from wire import Answer

CONTENT_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+|\*)")


@dataclass(frozen=True)
class Part:
    """Some bytes, and where they are from; both ends count."""

    first: int
    last: int
    length: str
    data: bytes
    fields: dict[str, str]


def part(content_range: str | None, data: bytes, fields: dict[str, str]) -> Part:
    """One range, from its `Content-Range`."""
    match = CONTENT_RANGE.fullmatch(content_range or "")
    assert match, f"no Content-Range of bytes: {content_range!r}"
    return Part(int(match[1]), int(match[2]), match[3], data, fields)


def boundary(answer: Answer) -> str:
    """The boundary of a `multipart/byteranges`."""
    kind, _, parameters = (answer.get("Content-Type") or "").partition(";")
    assert kind.strip().lower() == "multipart/byteranges", f"not multipart/byteranges: {answer}"
    match = re.search(r"""(?i)\bboundary=(?:"([^"]+)"|([^\s;"]+))""", parameters)
    assert match, f"no boundary: {answer}"
    return match[1] or match[2]


def is_multipart(answer: Answer) -> bool:
    """Whether the answer says that it has several parts."""
    return (answer.get("Content-Type") or "").lower().startswith("multipart/")


def parts(answer: Answer) -> list[Part]:
    """The ranges of a 206, in their order, in one part or several."""
    assert answer.status == 206, f"206 expected: {answer}"
    if not is_multipart(answer):
        return [part(answer.get("Content-Range"), answer.body, dict(answer.fields))]
    delimiter = b"\r\n--" + boundary(answer).encode()
    pieces = (b"\r\n" + answer.body).split(delimiter)
    assert pieces[-1].startswith(b"--"), "the last boundary is not closed"
    found = []
    for piece in pieces[1:-1]:
        head, blank, data = piece.partition(b"\r\n\r\n")
        assert blank, f"a part without an end of its fields: {piece[:80]!r}"
        lines = [line.partition(":") for line in head.decode("latin-1").split("\r\n") if line.strip()]
        fields = {name.strip().lower(): value.strip() for name, _, value in lines}
        found.append(part(fields.get("content-range"), data, fields))
    return found


def check(answer: Answer, file: Content) -> list[Part]:
    """The ranges of a 206, each of which must hold exactly the bytes that it names."""
    found = parts(answer)
    assert found, f"no part at all: {answer}"
    for one in found:
        assert one.first <= one.last < len(file.data), f"no such range: {one.first}-{one.last}"
        assert one.length in (str(len(file.data)), "*"), f"the file has {len(file.data)} bytes, not {one.length}"
        assert one.data == file.data[one.first : one.last + 1], f"{one.first}-{one.last}: other bytes"
    return found


def covered(found: list[Part]) -> set[int]:
    """Every position that the parts hold."""
    return {position for one in found for position in range(one.first, one.last + 1)}


def whole(answer: Answer, file: Content) -> None:
    """The answer must be the whole file."""
    assert answer.status == 200, f"200 expected: {answer}"
    assert answer.body == file.data, f"not the whole file: {answer}"
