"""Extension termination."""

from collections.abc import Callable

import pytest
from content import find
from levels import extension, must, not_observable, should
from uploads import Tus

SECTION = "Termination"
offered = extension("termination")


def end(tus: Tus, url: str) -> None:
    """Terminates an upload; the test is over if the server refuses, which another test reports."""
    if tus.ask("DELETE", url).status != 204:
        not_observable("complete uploads are not terminated")


@must
def test_it_is_announced(tus: Tus) -> None:
    """A server that terminates uploads lists termination in Tus-Extension, and no other does."""
    url = tus.create(3)
    done = tus.ask("DELETE", url).status == 204 and tus.head(url).status in (404, 410)
    assert done == tus.offers("termination"), f"terminated: {done}; announced: {tus.extensions}"


@must
@offered
@pytest.mark.parametrize("size", [0, 3, 6], ids=["new", "unfinished", "complete"])
def test_success_is_204(tus: Tus, size: int) -> None:
    """DELETE of an upload, finished or not, is answered with 204."""
    url = tus.create(6)
    if size:
        tus.append(url, 0, b"abcdef"[:size])
    answer = tus.ask("DELETE", url)
    assert answer.status == 204, answer


@should
@offered
@pytest.mark.parametrize("method", ["HEAD", "PATCH", "DELETE"])
@pytest.mark.parametrize("size", [3, 6], ids=["unfinished", "complete"])
def test_afterwards_it_is_404_or_410(tus: Tus, method: str, size: int) -> None:
    """Every later request for a terminated upload is answered with 404 or 410."""
    url = tus.create(6)
    tus.append(url, 0, b"abcdef"[:size])
    end(tus, url)
    answer = tus.patch(url, size, b"abcdef"[size:]) if method == "PATCH" else tus.ask(method, url)
    assert answer.status in (404, 410), answer


@should
@offered
def test_its_bytes_are_freed(tus: Tus, payload: Callable[[int], bytes]) -> None:
    """What a complete upload held is freed: its bytes are served no more."""
    data = payload(5000)
    url = tus.create(len(data))
    content = find(tus, url, data, tus.append(url, 0, data))
    if content is None:
        not_observable("uploads are not served")
    end(tus, url)
    answer = content.get()
    assert answer.status in (404, 410), answer
