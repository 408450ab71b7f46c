"""RFC 9110 §15.3.7: the fields of a 206."""

import pytest
from content import Content
from levels import must, not_observable
from uploads import number

SECTION = "RFC 9110 §15.3.7 206 Partial Content"
pytestmark = pytest.mark.ranges

VALUES = {"one range": "bytes=10-19", "several": "bytes=10-19,50000-50009"}


@must
@pytest.mark.parametrize("name", ["ETag", "Cache-Control", "Expires", "Content-Location", "Vary"])
@pytest.mark.parametrize("case", VALUES)
def test_it_has_what_a_200_would_have(file: Content, name: str, case: str) -> None:
    """ETag, Cache-Control, Expires, Content-Location and Vary are the same as in a 200."""
    wanted = file.get().get(name)
    if wanted is None:
        not_observable(f"a 200 has no {name}")
    answer = file.get({"Range": VALUES[case]})
    assert answer.status == 206 and answer.get(name) == wanted, answer


@must
@pytest.mark.parametrize(
    "name", ["Last-Modified", "Content-Type", "Content-Encoding", "Content-Disposition", "Repr-Digest"]
)
def test_it_has_the_other_fields_too(file: Content, name: str) -> None:
    """Without If-Range, every other field about the file is there as in a 200."""
    wanted = file.get().get(name)
    if wanted is None:
        not_observable(f"a 200 has no {name}")
    answer = file.get({"Range": VALUES["one range"]})
    assert answer.status == 206 and answer.get(name) == wanted, answer


@must
@pytest.mark.parametrize("case", VALUES)
def test_it_has_a_date(file: Content, case: str) -> None:
    """A 206 has a Date."""
    answer = file.get({"Range": VALUES[case]})
    assert answer.status == 206 and answer.get("Date"), answer


@must
def test_its_length_is_that_of_the_part(file: Content) -> None:
    """Content-Length is the length of the part, not of the file."""
    answer = file.get({"Range": "bytes=10-19"})
    assert answer.status == 206 and len(answer.body) == 10, answer
    assert answer.get("Content-Length") is None or number(answer, "Content-Length") == 10, answer


@must
@pytest.mark.parametrize("size", [1, 7])
def test_parts_make_the_whole(file: Content, size: int) -> None:
    """Parts with the same strong ETag make up the whole file."""
    step = len(file.data) // size + 1
    answers = [file.get({"Range": f"bytes={first}-{first + step - 1}"}) for first in range(0, len(file.data), step)]
    assert len({answer.get("ETag") for answer in answers}) == 1
    assert b"".join(answer.body for answer in answers) == file.data
