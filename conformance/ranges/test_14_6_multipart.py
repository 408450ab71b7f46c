"""RFC 9110 §14.6 and §15.3.7.2: several parts in one answer."""

import pytest
from content import Content
from levels import must, not_observable, should
from parts import boundary, check, is_multipart
from wire import Answer

SECTION = "RFC 9110 §14.6, §15.3.7.2 multipart/byteranges"
pytestmark = pytest.mark.ranges

APART = "bytes=100-199,40000-40099,-100"


def several(file: Content, value: str = APART) -> Answer:
    """An answer of several parts; the test is over if this server sends none."""
    answer = file.get({"Range": value})
    if answer.status != 206 or not is_multipart(answer):
        not_observable("several ranges that are far apart are not answered in several parts")
    return answer


@must
def test_the_type_names_a_boundary(file: Content) -> None:
    """Several parts are of the type multipart/byteranges with a boundary."""
    assert boundary(several(file))


@must
def test_the_boundary_is_well_formed(file: Content) -> None:
    """A boundary has 1 to 70 characters of those that MIME allows and does not end with a space."""
    text = boundary(several(file))
    assert 1 <= len(text) <= 70 and not text.endswith(" "), text
    assert all(letter.isascii() and (letter.isalnum() or letter in "'()+_,-./:=? ") for letter in text), text


@must
def test_the_boundary_is_not_in_the_bytes(file: Content) -> None:
    """The boundary occurs in none of the parts: one for each of them, and one that closes."""
    answer = several(file)
    assert answer.body.count(b"--" + boundary(answer).encode()) == len(check(answer, file)) + 1


@must
def test_each_part_says_which_bytes(file: Content) -> None:
    """Each part has a Content-Range of its own and holds what it names."""
    found = check(several(file), file)
    assert sorted((part.first, part.last) for part in found) == [
        (100, 199),
        (40000, 40099),
        (len(file.data) - 100, len(file.data) - 1),
    ]


@must
def test_the_whole_answer_has_no_content_range(file: Content) -> None:
    """An answer of several parts has no Content-Range among its own fields."""
    answer = several(file)
    assert answer.get("Content-Range") is None, answer


@should
def test_each_part_has_the_file_s_type(file: Content) -> None:
    """Each part has the Content-Type that the whole file would have."""
    kind = file.get(method="HEAD").get("Content-Type")
    if kind is None:
        not_observable("the file has no Content-Type")
    for part in check(several(file), file):
        assert part.fields.get("content-type") == kind, part.fields


@should
def test_the_parts_are_in_the_order_asked(file: Content) -> None:
    """The parts come in the order in which their ranges were asked for."""
    found = check(several(file, "bytes=50000-50099,100-199"), file)
    assert [part.first for part in found] == [50000, 100]


@must
def test_the_length_is_that_of_all_parts(file: Content) -> None:
    """Content-Length, if there is one, is that of all parts with what is between them."""
    answer = several(file)
    assert answer.get("Content-Length") in (None, str(len(answer.body))), answer


@must
def test_what_is_not_there_has_no_part(file: Content) -> None:
    """A range that cannot be satisfied beside others has no part."""
    size = len(file.data)
    found = check(several(file, f"bytes=0-9,{size}-{size + 9},50000-50009"), file)
    assert sorted((part.first, part.last) for part in found) == [(0, 9), (50000, 50009)]
