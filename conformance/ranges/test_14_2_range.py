"""RFC 9110 §14.2 to §14.4: when `Range` counts, and what is said about ranges."""

import pytest
from content import Content
from levels import may, must, should
from parts import check, whole

SECTION = "RFC 9110 §14.2–14.4 Range, Accept-Ranges, Content-Range"
pytestmark = pytest.mark.ranges


@must
@pytest.mark.parametrize("value", ["bytes=0-9", "bytes=-1", "bytes=0-0,-1", "bytes=999999999-"])
def test_only_get_has_ranges(file: Content, value: str) -> None:
    """Range means something to GET alone: HEAD ignores it."""
    answer = file.get({"Range": value}, method="HEAD")
    assert answer.status == 200 and answer.get("Content-Range") is None, answer
    assert answer.get("Content-Length") in (None, str(len(file.data))), answer


@must
def test_without_range_it_is_the_whole(file: Content) -> None:
    """A GET without Range is answered with the whole file."""
    whole(file.get(), file)


@may
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_ranges_are_announced(file: Content, method: str) -> None:
    """Accept-Ranges: bytes says that ranges are served."""
    assert "bytes" in file.get(method=method).elements("Accept-Ranges")


@must
@pytest.mark.parametrize("value", ["bytes=0-0", "bytes=100-", "bytes=-7"])
def test_content_range_says_which_bytes(file: Content, value: str) -> None:
    """A 206 of one part says in Content-Range which bytes it holds, and holds them."""
    check(file.get({"Range": value}), file)


@should
@pytest.mark.parametrize("value", ["bytes=0-0", "bytes=-7", "bytes=0-0,5000-5000"])
def test_content_range_says_the_whole_length(file: Content, value: str) -> None:
    """Content-Range tells the length of the whole file if it is known."""
    for part in check(file.get({"Range": value}), file):
        assert part.length == str(len(file.data))
