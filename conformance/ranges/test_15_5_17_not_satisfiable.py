"""RFC 9110 §15.5.17: 416."""

import pytest
from content import Content
from levels import must, not_observable, should

SECTION = "RFC 9110 §15.5.17 416 Range Not Satisfiable"
pytestmark = pytest.mark.ranges

VALUES = ["bytes={n}-", "bytes={n}-{n}", "bytes=-0", "bytes={n}-,-0"]


def fill(value: str, file: Content) -> dict[str, str]:
    """A Range for this file."""
    return {"Range": value.replace("{n}", str(len(file.data)))}


@should
@pytest.mark.parametrize("value", VALUES)
def test_what_is_not_there_is_416(file: Content, value: str) -> None:
    """A valid range that selects nothing is answered with 416."""
    answer = file.get(fill(value, file))
    assert answer.status == 416, answer


@should
@pytest.mark.parametrize("value", VALUES)
def test_it_tells_the_length(file: Content, value: str) -> None:
    """A 416 tells the file's length in Content-Range."""
    answer = file.get(fill(value, file))
    if answer.status != 416:
        not_observable("the answer is no 416")
    assert answer.get("Content-Range") == f"bytes */{len(file.data)}", answer


@must
def test_it_is_not_the_file(file: Content) -> None:
    """A 416 holds none of the file."""
    answer = file.get(fill("bytes={n}-", file))
    if answer.status != 416:
        not_observable("the answer is no 416")
    assert file.data[:64] not in answer.body and answer.get("Content-Length") != str(len(file.data)), answer
