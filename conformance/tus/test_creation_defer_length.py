"""Extension creation-defer-length."""

from collections.abc import Callable

import pytest
from content import find
from levels import extension, must, not_offered, should
from uploads import Tus, number, refused

SECTION = "Creation / Upload-Defer-Length"
offered = extension("creation-defer-length")


@must
def test_it_is_announced(tus: Tus) -> None:
    """A server that takes a deferred length lists creation-defer-length in Tus-Extension, and no other does."""
    created = tus.post({"Upload-Defer-Length": "1"}).status == 201
    assert created == tus.offers("creation-defer-length"), f"deferred: {created}; announced: {tus.extensions}"


@must
@offered
@pytest.mark.parametrize("sent", [0, 4])
def test_head_says_that_it_is_deferred(tus: Tus, sent: int) -> None:
    """While the length is not known HEAD tells Upload-Defer-Length: 1, also after some bytes."""
    url = tus.create(None, Upload_Defer_Length="1")
    if sent:
        tus.append(url, 0, b"abcd")
    head = tus.head(url)
    assert head.get("Upload-Defer-Length") == "1" and head.get("Upload-Length") is None, head


@should
@offered
@pytest.mark.parametrize("value", ["0", "2", "true", "-1"])
def test_another_value_is_400(tus: Tus, value: str) -> None:
    """Any value of Upload-Defer-Length but 1 is answered with 400."""
    answer = tus.post({"Upload-Defer-Length": value})
    assert answer.status == 400, answer


@must
@offered
def test_a_patch_sets_the_length(tus: Tus) -> None:
    """The length comes with a later PATCH; from then on HEAD tells it and calls it deferred no more."""
    url = tus.create(None, Upload_Defer_Length="1")
    assert tus.patch(url, 0, b"abc", Upload_Length="9").status == 204
    head = tus.head(url)
    assert number(head, "Upload-Length") == 9 and head.get("Upload-Defer-Length") is None, head


@must
@offered
def test_a_length_that_was_set_stays(tus: Tus) -> None:
    """A length, once set, does not change: a later PATCH with another cannot move it."""
    url = tus.create(None, Upload_Defer_Length="1")
    assert tus.patch(url, 0, b"abc", Upload_Length="9").status == 204
    answer = tus.patch(url, 3, b"def", Upload_Length="12")
    assert answer.status == 204 or refused(answer), answer
    assert number(tus.head(url), "Upload-Length") == 9


@must
@offered
def test_a_length_of_the_creation_stays(tus: Tus) -> None:
    """A length that the creation gave does not change by a PATCH with another."""
    url = tus.create(9)
    answer = tus.patch(url, 0, b"abc", Upload_Length="12")
    assert answer.status == 204 or refused(answer), answer
    assert number(tus.head(url), "Upload-Length") == 9


@must
@offered
def test_a_length_is_not_below_the_offset(tus: Tus) -> None:
    """A length is the size of the whole upload: one below what is there already is not taken."""
    url = tus.create(None, Upload_Defer_Length="1")
    tus.append(url, 0, b"abcdef")
    answer = tus.patch(url, 6, b"", Upload_Length="3")
    assert refused(answer), answer
    head = tus.head(url)
    assert head.get("Upload-Length") is None or number(head, "Upload-Length") >= number(head, "Upload-Offset"), head


@must
@offered
@pytest.mark.parametrize("value", ["-1", "x", "1.5"])
def test_a_late_length_is_a_number(tus: Tus, value: str) -> None:
    """A length that comes with a PATCH must be a non-negative integer: another value is refused, nothing is taken."""
    url = tus.create(None, Upload_Defer_Length="1")
    answer = tus.patch(url, 0, b"abc", Upload_Length=value)
    assert refused(answer), answer
    head = tus.head(url)
    assert number(head, "Upload-Offset") == 0 and head.get("Upload-Length") is None, head


@must
@offered
def test_a_late_length_may_be_too_large(tus: Tus) -> None:
    """A length that comes with a PATCH and exceeds the largest is answered with 413."""
    url = tus.create(None, Upload_Defer_Length="1")
    answer = tus.patch(url, 0, b"abc", Upload_Length=str(tus.most + 1))
    assert answer.status == 413, answer


@must
@offered
@pytest.mark.parametrize("when", ["with the last bytes", "after the last bytes"])
def test_it_becomes_complete(tus: Tus, payload: Callable[[int], bytes], when: str) -> None:
    """An upload whose length was deferred is complete when the length is known and reached, with the right bytes."""
    data = payload(20_000)
    url = tus.create(None, Upload_Defer_Length="1")
    tus.append(url, 0, data[:15_000])
    if when == "with the last bytes":
        finished = tus.patch(url, 15_000, data[15_000:], Upload_Length="20000")
    else:
        tus.append(url, 15_000, data[15_000:])
        finished = tus.patch(url, 20_000, b"", Upload_Length="20000")
    assert finished.status == 204 and number(finished, "Upload-Offset") == 20_000, finished
    assert number(tus.head(url), "Upload-Length") == 20_000
    content = find(tus, url, data, finished) or not_offered("reading what was uploaded")
    assert content.get().body == data, "other bytes came back"
