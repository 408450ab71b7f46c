"""Extension checksum."""

import base64
import hashlib
import re
from collections.abc import Callable

import pytest
from content import find
from levels import extension, may, must
from uploads import BYTES, Tus, eventually, number, refused

SECTION = "Checksum"
offered = extension("checksum")

COMPUTABLE = {"md5", "sha1", "sha224", "sha256", "sha384", "sha512"}


def checksum(data: bytes, algorithm: str = "sha1") -> str:
    """`Upload-Checksum` of these bytes."""
    return f"{algorithm} {base64.b64encode(hashlib.new(algorithm, data).digest()).decode()}"


WRONG = checksum(b"other bytes")


@must
def test_it_is_announced(tus: Tus) -> None:
    """A server that verifies checksums lists checksum in Tus-Extension, and no other does."""
    url = tus.create(3)
    verified = tus.patch(url, 0, b"abc", Upload_Checksum=WRONG).status == 460
    assert verified == tus.offers("checksum"), f"verified: {verified}; announced: {tus.extensions}"


@must
@offered
def test_the_algorithms_are_told(tus: Tus) -> None:
    """OPTIONS tells Tus-Checksum-Algorithm, a comma-separated list."""
    assert tus.announced.elements("Tus-Checksum-Algorithm"), tus.announced


@must
@offered
def test_sha1_is_among_them(tus: Tus) -> None:
    """At least sha1 is supported."""
    assert "sha1" in tus.announced.elements("Tus-Checksum-Algorithm"), tus.announced


@must
@offered
def test_their_names_are_in_lower_case(tus: Tus) -> None:
    """An algorithm's name is ASCII without capitals."""
    for name in (tus.announced.get("Tus-Checksum-Algorithm") or "").split(","):
        assert re.fullmatch(r"[!-@\[-~]+", name.strip()), tus.announced


@must
@offered
def test_sha1_is_verified(tus: Tus) -> None:
    """A chunk with its right sha1 is taken."""
    answer = tus.patch(tus.create(5), 0, b"abc", Upload_Checksum=checksum(b"abc"))
    assert answer.status == 204 and number(answer, "Upload-Offset") == 3, answer


@must
@offered
def test_each_algorithm_that_is_told_is_verified(tus: Tus) -> None:
    """Each algorithm that the server lists tells right bytes from wrong ones."""
    for algorithm in COMPUTABLE.intersection(tus.announced.elements("Tus-Checksum-Algorithm")):
        url = tus.create(6)
        assert tus.patch(url, 0, b"abc", Upload_Checksum=checksum(b"abc", algorithm)).status == 204, algorithm
        assert refused(tus.patch(url, 3, b"def", Upload_Checksum=checksum(b"abc", algorithm))), algorithm
        assert tus.offset(url) == 3, algorithm


@must
@offered
@pytest.mark.parametrize("first", [0, 4], ids=["first chunk", "later chunk"])
def test_a_wrong_checksum_changes_nothing(tus: Tus, payload: Callable[[int], bytes], first: int) -> None:
    """A chunk that does not match is discarded: the offset stays, and the right bytes can follow."""
    data = payload(90_000)
    url = tus.create(len(data))
    if first:
        tus.append(url, 0, data[:first])
    answer = tus.patch(url, first, b"\0" * 50_000, Upload_Checksum=WRONG)
    assert refused(answer), answer
    assert tus.offset(url) == first
    finished = tus.patch(url, first, data[first:], Upload_Checksum=checksum(data[first:]))
    assert finished.status == 204 and number(finished, "Upload-Offset") == len(data), finished
    content = find(tus, url, data, finished)
    if content:
        assert content.get().body == data, "other bytes came back"


@must
@offered
def test_a_wrong_last_chunk_completes_nothing(tus: Tus) -> None:
    """A last chunk that does not match leaves the upload unfinished."""
    url = tus.create(6)
    tus.append(url, 0, b"abc")
    assert refused(tus.patch(url, 3, b"def", Upload_Checksum=WRONG))
    head = tus.head(url)
    assert number(head, "Upload-Offset") == 3 and head.get("Content-Location") is None, head


@may
@offered
def test_a_mismatch_is_460(tus: Tus) -> None:
    """The code for a chunk that does not match is 460."""
    answer = tus.patch(tus.create(3), 0, b"abc", Upload_Checksum=WRONG)
    assert answer.status == 460, answer


@must
@offered
@pytest.mark.parametrize(
    "value",
    [
        "rot13 " + base64.b64encode(b"abc").decode(),
        "SHA1 " + checksum(b"abc").split(" ")[1],
        "sha1",
        "sha1 not*base64",
        "sha1 " + base64.b64encode(b"too short").decode(),
        "sha1  " + checksum(b"abc").split(" ")[1] + " more",
    ],
    ids=["unknown algorithm", "capitals", "no checksum", "not Base64", "another length", "three words"],
)
def test_a_checksum_that_cannot_be_verified_changes_nothing(tus: Tus, value: str) -> None:
    """Upload-Checksum is a supported algorithm, a space, and Base64: with anything else the chunk is discarded."""
    url = tus.create(3)
    answer = tus.patch(url, 0, b"abc", Upload_Checksum=value)
    assert refused(answer), answer
    assert tus.offset(url) == 0


@may
@offered
def test_an_unknown_algorithm_is_400(tus: Tus) -> None:
    """The code for an algorithm that is not supported is 400."""
    answer = tus.patch(tus.create(3), 0, b"abc", Upload_Checksum="rot13 YWJj")
    assert answer.status == 400, answer


@must
@offered
@pytest.mark.parametrize("declared", [500_000, None], ids=["Content-Length", "chunked"])
def test_nothing_is_kept_unverified(tus: Tus, payload: Callable[[int], bytes], declared: int | None) -> None:
    """A chunk is verified once all of it is received: when the link breaks before, none of it is acknowledged."""
    data = payload(500_000)
    url = tus.create(len(data))
    tus.cut(url, 0, data[:300_000], declared, Upload_Checksum=checksum(data))
    head = eventually(lambda: tus.head(url), lambda answer: answer.status in (200, 204))
    assert number(head, "Upload-Offset") == 0, head
    assert tus.patch(url, 0, data, Upload_Checksum=checksum(data)).status == 204


@must
@offered
@extension("creation-with-upload")
def test_a_creation_is_verified_too(tus: Tus) -> None:
    """With bytes in a creation the rules of PATCH apply: a chunk that does not match is not taken."""
    fields = {"Upload-Length": "6", "Content-Type": BYTES, "Upload-Checksum": WRONG}
    answer = tus.post(fields, b"abc")
    if answer.status == 201:
        assert tus.offset(answer.link("Location") or "") == 0, "the bytes were taken"
    else:
        assert refused(answer), answer
    answer = tus.post(fields | {"Upload-Checksum": checksum(b"abc")}, b"abc")
    assert answer.status == 201 and number(answer, "Upload-Offset") == 3, answer
