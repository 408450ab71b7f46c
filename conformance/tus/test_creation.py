"""Extension creation."""

import base64
import re

import pytest
from content import places
from levels import extension, must, should
from uploads import Tus, metadata, number, refused

SECTION = "Creation"

KEY = r"[^ ,]+"
VALUE = r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?"
PAIRS = re.compile(f"{KEY}(?: {VALUE})?(?:,{KEY}(?: {VALUE})?)*")


@should
def test_it_is_offered(tus: Tus) -> None:
    """Servers should implement creation."""
    assert tus.offers("creation"), tus.announced


@must
def test_it_is_announced(tus: Tus) -> None:
    """A server that creates uploads lists creation in Tus-Extension."""
    created = tus.post({"Upload-Length": "1"}).status == 201
    assert created == tus.offers("creation"), f"POST creates: {created}; announced: {tus.extensions}"


@must
@extension("creation")
def test_success_is_201(tus: Tus) -> None:
    """A creation is acknowledged with 201."""
    answer = tus.post({"Upload-Length": "1"})
    assert answer.status == 201, answer


@must
@extension("creation")
def test_location_names_the_upload(tus: Tus) -> None:
    """Location is the address of the new upload, absolute or relative."""
    answer = tus.post({"Upload-Length": "4"})
    url = answer.link("Location")
    assert url, f"no Location: {answer}"
    assert number(tus.head(url), "Upload-Length") == 4


@must
@extension("creation")
def test_a_new_upload_stands_at_nothing(tus: Tus) -> None:
    """A new upload's offset is 0, and the core protocol carries it to its end."""
    url = tus.create(3)
    assert tus.offset(url) == 0
    assert number(tus.append(url, 0, b"abc"), "Upload-Offset") == 3


@must
@extension("creation")
def test_a_length_is_demanded(tus: Tus) -> None:
    """A creation says its length or that it is deferred: with neither it is refused."""
    answer = tus.post({})
    assert refused(answer) and answer.get("Location") is None, answer


@must
@extension("creation")
def test_a_length_is_not_deferred_too(tus: Tus) -> None:
    """A creation says one of the two: a length that is also deferred is refused."""
    answer = tus.post({"Upload-Length": "3", "Upload-Defer-Length": "1"})
    assert refused(answer) and answer.get("Location") is None, answer


@must
@extension("creation")
def test_a_known_length_is_not_called_deferred(tus: Tus) -> None:
    """Upload-Defer-Length is absent where the length is known."""
    head = tus.head(tus.create(3))
    assert head.get("Upload-Defer-Length") is None, head


@must
@extension("creation")
def test_too_large_is_413(tus: Tus) -> None:
    """A length above the server's largest is answered with 413."""
    answer = tus.post({"Upload-Length": str(tus.most + 1)})
    assert answer.status == 413, answer


@must
@extension("creation")
@pytest.mark.parametrize(
    "value",
    [
        metadata(filename="plain.txt"),
        metadata(filename="matemáticas – 2º.txt", filetype="text/plain"),
        metadata(note="x" * 600),
        metadata(filename="a.txt") + ",is_confidential",
    ],
    ids=["one", "two, not ASCII", "long", "without a value"],
)
def test_metadata_come_back_from_head(tus: Tus, value: str) -> None:
    """HEAD tells Upload-Metadata with the value that the creation gave."""
    answer = tus.head(tus.create(1, Upload_Metadata=value))
    assert re.sub(r"\s*,\s*", ",", answer.get("Upload-Metadata") or "") == value, answer


@must
@extension("creation")
@pytest.mark.parametrize(
    "value",
    [
        "filename not*base64",
        "filename YQ",
        " YQ==",
        "filename  YQ==",
        "name YQ==,,type Yg==",
        "name YQ==,name Yg==",
    ],
    ids=["not Base64", "not padded", "no key", "two spaces", "empty pair", "the same key twice"],
)
def test_bad_metadata_are_never_told(tus: Tus, value: str) -> None:
    """Upload-Metadata is pairs of a unique key and a Base64 value: what is not is refused, or not repeated by HEAD."""
    answer = tus.post({"Upload-Length": "1", "Upload-Metadata": value})
    if answer.status != 201:
        assert refused(answer), answer
        return
    head = tus.head(answer.link("Location") or "")
    told = head.get("Upload-Metadata")
    if told is not None:
        assert PAIRS.fullmatch(re.sub(r"\s*,\s*", ",", told)), f"told as it came: {head}"
        keys = [pair.split(" ")[0] for pair in re.split(r"\s*,\s*", told)]
        assert len(keys) == len(set(keys)), f"a key twice: {head}"


@should
@extension("creation")
@pytest.mark.parametrize("key", ["filename", "filetype"])
def test_metadata_smuggle_no_fields(tus: Tus, key: str) -> None:
    """Values are validated or sanitised before they become field values: a line break in one smuggles nothing in."""
    value = "a/b\r\nX-Smuggled: yes\r\n\r\nbody"
    answer = tus.post({"Upload-Length": "3", "Upload-Metadata": f"{key} {base64.b64encode(value.encode()).decode()}"})
    if answer.status != 201:
        assert refused(answer), answer
        return
    url = answer.link("Location") or ""
    for place in places(tus, url, tus.append(url, 0, b"abc")):
        served = tus.wire.ask("GET", place)
        assert served.status < 500 and served.get("X-Smuggled") is None, served
    assert tus.head(url).get("X-Smuggled") is None, tus.head(url)
