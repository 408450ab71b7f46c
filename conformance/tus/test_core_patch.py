"""Core protocol: PATCH."""

from collections.abc import Callable

import pytest
from content import find
from levels import must, not_observable, not_offered, should
from uploads import BYTES, Tus, eventually, number, refused
from wire import Answer

SECTION = "Core / PATCH"


@should
def test_bytes_are_applied_where_they_belong(tus: Tus, payload: Callable[[int], bytes]) -> None:
    """The bytes of several PATCHes are applied at their offsets: they come back as they were sent."""
    data = payload(70_000)
    url = tus.create(len(data))
    for first, end in [(0, 1), (1, 30_000), (30_000, 70_000)]:
        finished = tus.append(url, first, data[first:end])
    content = find(tus, url, data, finished) or not_offered("reading what was uploaded")
    assert content.get().body == data, "other bytes came back"


@should
def test_a_chunked_body_is_taken(tus: Tus) -> None:
    """A PATCH whose length is not declared (chunked transfer) is accepted like any other."""
    url = tus.create(10)
    answer = tus.patch(url, 0, b"0123456", chunked=True)
    assert answer.status == 204 and number(answer, "Upload-Offset") == 7, answer


@should
def test_an_empty_body_changes_nothing(tus: Tus) -> None:
    """A PATCH of no bytes at the right offset is accepted and leaves the offset."""
    url = tus.create(10)
    answer = tus.patch(url, 0, b"")
    assert answer.status == 204 and number(answer, "Upload-Offset") == 0, answer


@should
@pytest.mark.parametrize("kind", ["text/plain", "application/octet-stream", "application/offset+octet-streams", None])
def test_another_content_type_is_415(tus: Tus, kind: str | None) -> None:
    """A PATCH of another content type, or of none, is answered with 415."""
    url = tus.create(3)
    answer = tus.ask("PATCH", url, {"Upload-Offset": "0"} | ({"Content-Type": kind} if kind else {}), b"abc")
    assert answer.status == 415, answer


@must
def test_another_content_type_changes_nothing(tus: Tus) -> None:
    """A PATCH must be of the type application/offset+octet-stream: bytes of another are not taken."""
    url = tus.create(3)
    tus.ask("PATCH", url, {"Upload-Offset": "0", "Content-Type": "application/json"}, b"abc")
    assert tus.offset(url) == 0


@must
@pytest.mark.parametrize("offset", [0, 4, 6, 10, 1000])
def test_a_wrong_offset_is_409(tus: Tus, offset: int) -> None:
    """A PATCH at another offset than the upload's is answered with 409."""
    url = tus.create(10)
    tus.append(url, 0, b"01234")
    answer = tus.patch(url, offset, b"x")
    assert answer.status == 409, answer


@must
@pytest.mark.parametrize("offset", [0, 4, 6])
def test_a_wrong_offset_changes_nothing(tus: Tus, offset: int) -> None:
    """A PATCH at another offset leaves the upload as it was, its offset and its bytes."""
    url = tus.create(10)
    tus.append(url, 0, b"01234")
    tus.patch(url, offset, b"xyz")
    assert tus.offset(url) == 5
    finished = tus.append(url, 5, b"56789")
    content = find(tus, url, b"0123456789", finished)
    if content:
        assert content.get().body == b"0123456789", "other bytes came back"


@must
def test_an_offset_is_demanded(tus: Tus) -> None:
    """Upload-Offset must equal the upload's offset: a PATCH without it is refused and changes nothing."""
    url = tus.create(3)
    answer = tus.ask("PATCH", url, {"Content-Type": BYTES}, b"abc")
    assert refused(answer), answer
    assert tus.offset(url) == 0


@must
@pytest.mark.parametrize("size", [1, 10])
def test_success_is_204(tus: Tus, size: int) -> None:
    """A PATCH that succeeds is acknowledged with 204, also the last one."""
    answer = tus.patch(tus.create(10), 0, b"0123456789"[:size])
    assert answer.status == 204, answer


@must
def test_success_tells_the_new_offset(tus: Tus) -> None:
    """The acknowledgement carries Upload-Offset."""
    assert number(tus.patch(tus.create(10), 0, b"0123"), "Upload-Offset") == 4


@must
def test_the_new_offset_is_the_sum(tus: Tus, payload: Callable[[int], bytes]) -> None:
    """The new offset is the old one and the bytes that were received, PATCH after PATCH, and HEAD agrees."""
    url, offset = tus.create(1_000_000), 0
    for size in (1, 2, 65_536, 99, 300_000):
        answer = tus.append(url, offset, payload(size))
        offset += size
        assert number(answer, "Upload-Offset") == offset == tus.offset(url)


@should
def test_nothing_to_append_to_is_404(tus: Tus) -> None:
    """A PATCH of an upload that is not there is answered with 404."""
    answer = tus.patch(tus.nowhere(), 0, b"abc")
    assert answer.status == 404, answer


@should
@pytest.mark.parametrize("declared", [1_000_000, None], ids=["Content-Length", "chunked"])
def test_what_arrived_is_kept(tus: Tus, payload: Callable[[int], bytes], declared: int | None) -> None:
    """When the connection breaks, as much as possible of what was received is stored."""
    data = payload(300_000)
    url = tus.create(1_000_000)
    tus.cut(url, 0, data, declared)
    head = eventually(lambda: tus.head(url), lambda answer: answer.get("Upload-Offset") == "300000")
    assert number(head, "Upload-Offset") == 300_000, head


@should
def test_a_broken_upload_goes_on(tus: Tus, payload: Callable[[int], bytes]) -> None:
    """After a network error the upload goes on where HEAD says, and the bytes are right."""
    data = payload(400_000)
    url = tus.create(len(data))
    tus.cut(url, 0, data[:150_000], len(data))

    def resume() -> Answer:
        offset = tus.offset(url)
        return tus.patch(url, offset, data[offset:])

    finished = eventually(resume, lambda answer: answer.status == 204)
    assert number(finished, "Upload-Offset") == len(data), finished
    content = find(tus, url, data, finished)
    if content:
        assert content.get().body == data, "other bytes came back"


@should
def test_a_stalled_body_is_given_up(tus: Tus, pytestconfig: pytest.Config) -> None:
    """A body that no longer moves runs into a timeout, and the server closes the connection."""
    patience = pytestconfig.getoption("--stall")
    if not patience:
        not_observable("the server's timeout is not known; --stall SECONDS says it")
    fields = {"Tus-Resumable": "1.0.0", "Content-Type": BYTES, "Upload-Offset": "0"}
    assert tus.wire.stall("PATCH", tus.create(100), fields, b"x", 100, patience), f"still open after {patience} s"
