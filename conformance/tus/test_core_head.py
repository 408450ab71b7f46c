"""Core protocol: HEAD."""

from collections.abc import Callable

import pytest
from levels import must, should
from uploads import Tus, number

SECTION = "Core / HEAD"


@must
@pytest.mark.parametrize("size", [0, 1, 99, 100])
def test_the_offset_is_always_there(tus: Tus, payload: Callable[[int], bytes], size: int) -> None:
    """HEAD always tells Upload-Offset: at nothing, on the way, and when the upload is complete."""
    url = tus.create(100)
    if size:
        tus.append(url, 0, payload(size))
    assert number(tus.head(url), "Upload-Offset") == size


@must
def test_an_empty_upload_stands_at_nothing(tus: Tus) -> None:
    """HEAD of an upload of no bytes, complete from the start, tells offset 0 and length 0."""
    head = tus.head(tus.create(0))
    assert number(head, "Upload-Offset") == 0 and number(head, "Upload-Length") == 0, head


@must
@pytest.mark.parametrize("sent", [0, 5, 10])
def test_the_length_is_there_if_known(tus: Tus, sent: int) -> None:
    """HEAD tells Upload-Length if it is known."""
    url = tus.create(10)
    if sent:
        tus.append(url, 0, b"0123456789"[:sent])
    assert number(tus.head(url), "Upload-Length") == 10


@must
@pytest.mark.parametrize("sent", [0, 10])
def test_no_cache_may_keep_it(tus: Tus, sent: int) -> None:
    """HEAD's answer forbids caches with Cache-Control: no-store."""
    url = tus.create(10)
    if sent:
        tus.append(url, 0, b"0123456789")
    head = tus.head(url)
    assert "no-store" in [directive.lower() for directive in head.elements("Cache-Control")], head


@should
def test_what_is_not_there_is_said_so(tus: Tus) -> None:
    """HEAD of an unknown upload is 404, 410 or 403."""
    assert (answer := tus.head(tus.nowhere())).status in (403, 404, 410), answer


@should
def test_what_is_not_there_has_no_offset(tus: Tus) -> None:
    """HEAD of an unknown upload tells no Upload-Offset."""
    answer = tus.head(tus.nowhere())
    assert answer.get("Upload-Offset") is None, answer
