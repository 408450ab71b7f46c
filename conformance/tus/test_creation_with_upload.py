"""Extension creation-with-upload."""

from collections.abc import Callable

import pytest
from content import find
from levels import extension, must, not_offered, should
from uploads import BYTES, Tus, number, refused

SECTION = "Creation With Upload"
offered = extension("creation-with-upload")


@must
def test_it_is_announced(tus: Tus) -> None:
    """A server that takes bytes with the creation lists creation-with-upload in Tus-Extension, and no other does."""
    answer = tus.post({"Upload-Length": "5", "Content-Type": BYTES}, b"abc")
    taken = answer.get("Upload-Offset") == "3"
    assert taken == tus.offers("creation-with-upload"), f"taken: {taken}; announced: {tus.extensions}"


@must
@offered
def test_creation_is_offered_too(tus: Tus) -> None:
    """It is not offered without creation."""
    assert tus.offers("creation"), tus.announced


@must
@offered
@pytest.mark.parametrize("size", [0, 3, 10], ids=["nothing", "some", "all"])
def test_the_offset_is_told(tus: Tus, size: int) -> None:
    """The answer is 201 and carries Upload-Offset with what was accepted, and HEAD agrees."""
    answer = tus.post({"Upload-Length": "10", "Content-Type": BYTES}, b"0123456789"[:size])
    assert answer.status == 201, answer
    offset = number(answer, "Upload-Offset")
    assert offset <= size, f"more than was sent: {answer}"
    assert tus.offset(answer.link("Location") or "") == offset


@should
@offered
@pytest.mark.parametrize("chunked", [False, True], ids=["Content-Length", "chunked"])
def test_as_much_as_possible_is_accepted(tus: Tus, payload: Callable[[int], bytes], chunked: bool) -> None:
    """All bytes are accepted where nothing stands against it."""
    fields = {"Upload-Length": "300000", "Content-Type": BYTES}
    answer = tus.ask("POST", tus.creation_url, fields, payload(200_000), chunked=chunked)
    assert answer.status == 201 and number(answer, "Upload-Offset") == 200_000, answer


@must
@offered
def test_it_goes_on_with_patch(tus: Tus, payload: Callable[[int], bytes]) -> None:
    """What the creation brought is the upload's beginning; PATCH goes on from there."""
    data = payload(50_000)
    answer = tus.post({"Upload-Length": "50000", "Content-Type": BYTES}, data[:20_000])
    url, offset = answer.link("Location") or "", number(answer, "Upload-Offset")
    finished = tus.append(url, offset, data[offset:])
    content = find(tus, url, data, finished) or not_offered("reading what was uploaded")
    assert content.get().body == data, "other bytes came back"


@must
@offered
def test_the_whole_may_come_at_once(tus: Tus, payload: Callable[[int], bytes]) -> None:
    """An upload whose bytes all came with the creation is complete."""
    data = payload(50_000)
    answer = tus.post({"Upload-Length": "50000", "Content-Type": BYTES}, data)
    assert answer.status == 201 and number(answer, "Upload-Offset") == 50_000, answer
    content = find(tus, answer.link("Location") or "", data, answer) or not_offered("reading what was uploaded")
    assert content.get().body == data, "other bytes came back"


@must
@offered
def test_bytes_of_another_type_do_not_count(tus: Tus) -> None:
    """A body must be of the type application/offset+octet-stream, as with PATCH: another is no part of the upload."""
    answer = tus.post({"Upload-Length": "3", "Content-Type": "text/plain"}, b"abc")
    if answer.status == 201:
        assert tus.offset(answer.link("Location") or "") == 0, "the bytes were taken"
    else:
        assert refused(answer), answer


@must
@offered
def test_bytes_beyond_the_length_do_not_count(tus: Tus) -> None:
    """More bytes than Upload-Length says are refused, or those beyond it are not accepted."""
    answer = tus.post({"Upload-Length": "3", "Content-Type": BYTES}, b"abcdef")
    if answer.status == 201:
        assert number(answer, "Upload-Offset") <= 3, answer
    else:
        assert refused(answer), answer


@must
@offered
@extension("creation-defer-length")
def test_the_length_may_be_deferred(tus: Tus) -> None:
    """A deferred length goes together with bytes: Upload-Offset is told all the same."""
    answer = tus.post({"Upload-Defer-Length": "1", "Content-Type": BYTES}, b"abc")
    assert answer.status == 201 and number(answer, "Upload-Offset") <= 3, answer
    assert tus.head(answer.link("Location") or "").get("Upload-Defer-Length") == "1"
