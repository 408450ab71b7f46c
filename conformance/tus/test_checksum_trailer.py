"""Extension checksum-trailer."""

import base64
import hashlib
from collections.abc import Callable

import pytest
from levels import extension, may, must
from uploads import Tus, eventually, number, refused

SECTION = "Checksum / trailer"
offered = extension("checksum-trailer")
TRAILER = "Upload-Checksum"


def sha1(data: bytes) -> str:
    """`Upload-Checksum` of these bytes."""
    return "sha1 " + base64.b64encode(hashlib.sha1(data).digest()).decode()


@must
def test_it_is_announced(tus: Tus) -> None:
    """A server that takes the checksum as a trailer lists checksum-trailer in Tus-Extension, and no other does."""
    url = tus.create(3)
    verified = tus.patch(url, 0, b"abc", trailers={TRAILER: sha1(b"other")}).status == 460
    assert verified == tus.offers("checksum-trailer"), f"verified: {verified}; announced: {tus.extensions}"


@must
@offered
@pytest.mark.parametrize("size", [3, 200_000])
def test_a_right_trailer_is_taken(tus: Tus, payload: Callable[[int], bytes], size: int) -> None:
    """A chunk whose checksum follows in a trailer, and is right, is taken."""
    data = payload(size)
    answer = tus.patch(tus.create(size + 1), 0, data, trailers={TRAILER: sha1(data)})
    assert answer.status == 204 and number(answer, "Upload-Offset") == size, answer


@must
@offered
@pytest.mark.parametrize("size", [3, 200_000])
def test_a_wrong_trailer_changes_nothing(tus: Tus, payload: Callable[[int], bytes], size: int) -> None:
    """A chunk whose checksum follows in a trailer, and is wrong, is discarded; the offset stays."""
    url = tus.create(size)
    answer = tus.patch(url, 0, payload(size), trailers={TRAILER: sha1(b"other")})
    assert refused(answer), answer
    assert tus.offset(url) == 0


@may
@offered
def test_a_mismatch_is_460(tus: Tus) -> None:
    """The code for a chunk that does not match its trailer is 460."""
    answer = tus.patch(tus.create(3), 0, b"abc", trailers={TRAILER: sha1(b"other")})
    assert answer.status == 460, answer


@must
@offered
@pytest.mark.parametrize("value", ["rot13 YWJj", "sha1", "sha1 not*base64"])
def test_a_trailer_that_cannot_be_verified_changes_nothing(tus: Tus, value: str) -> None:
    """A trailer with an algorithm that is not supported, or malformed, discards the chunk."""
    url = tus.create(3)
    answer = tus.patch(url, 0, b"abc", trailers={TRAILER: value})
    assert refused(answer), answer
    assert tus.offset(url) == 0


@must
@offered
def test_nothing_is_kept_without_the_trailer(tus: Tus, payload: Callable[[int], bytes]) -> None:
    """When the link breaks before the announced trailer has come, nothing of the chunk is acknowledged."""
    data = payload(300_000)
    url = tus.create(len(data))
    tus.cut(url, 0, data[:200_000], None, announced=TRAILER)
    head = eventually(lambda: tus.head(url), lambda answer: answer.status in (200, 204))
    assert number(head, "Upload-Offset") == 0, head


@must
@offered
def test_a_later_chunk_can_have_one_too(tus: Tus) -> None:
    """Each PATCH has its own checksum: a wrong one takes nothing of what was verified before."""
    url = tus.create(6)
    assert tus.patch(url, 0, b"abc", trailers={TRAILER: sha1(b"abc")}).status == 204
    assert refused(tus.patch(url, 3, b"def", trailers={TRAILER: sha1(b"abc")}))
    assert tus.offset(url) == 3
    assert tus.patch(url, 3, b"def", trailers={TRAILER: sha1(b"def")}).status == 204
