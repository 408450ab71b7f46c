"""Extension concatenation-unfinished."""

from urllib.parse import urlsplit

import pytest
from content import find
from levels import extension, must, not_observable, should
from uploads import Tus, eventually, number
from wire import Answer

SECTION = "Concatenation / unfinished"
offered = extension("concatenation-unfinished")


def unfinished(tus: Tus) -> tuple[list[str], str]:
    """Two partial uploads of six and four bytes, half of the first there, and the answer's final upload of both."""
    parts = [tus.create(6, Upload_Concat="partial"), tus.create(4, Upload_Concat="partial")]
    tus.append(parts[0], 0, b"abc")
    return parts, "final;" + " ".join(urlsplit(part).path for part in parts)


def begun(tus: Tus) -> tuple[list[str], str]:
    """The same, and the address of the final upload."""
    parts, value = unfinished(tus)
    return parts, tus.create(None, Upload_Concat=value)


def finish(tus: Tus, parts: list[str], url: str) -> Answer:
    """Sends the rest of the parts, the last one first; HEAD of the final upload afterwards."""
    tus.append(parts[1], 0, b"ghij")
    tus.append(parts[0], 3, b"def")
    return eventually(
        lambda: tus.head(url), lambda head: head.get("Upload-Offset") == head.get("Upload-Length") == "10"
    )


@must
@extension("concatenation")
def test_it_is_announced(tus: Tus) -> None:
    """A server that takes unfinished parts lists concatenation-unfinished in Tus-Extension, and no other does."""
    taken = tus.post({"Upload-Concat": unfinished(tus)[1]}).status == 201
    assert taken == tus.offers("concatenation-unfinished"), f"taken: {taken}; announced: {tus.extensions}"


@must
@offered
def test_concatenation_is_offered_too(tus: Tus) -> None:
    """It is part of concatenation and not offered without it."""
    assert tus.offers("concatenation"), tus.announced


@should
@offered
def test_no_offset_is_told_before_the_end(tus: Tus) -> None:
    """HEAD of a final upload tells no Upload-Offset while parts are unfinished."""
    head = tus.head(begun(tus)[1])
    assert head.status in (200, 204) and head.get("Upload-Offset") is None, head


@must
@offered
def test_the_length_is_told_if_it_can_be_known(tus: Tus) -> None:
    """HEAD of a final upload tells Upload-Length as soon as every part's length is known."""
    assert number(tus.head(begun(tus)[1]), "Upload-Length") == 10


@must
@offered
def test_it_says_what_it_is_made_of(tus: Tus) -> None:
    """HEAD of an unfinished final upload repeats Upload-Concat as the creation gave it."""
    value = unfinished(tus)[1]
    head = tus.head(tus.create(None, Upload_Concat=value))
    assert head.get("Upload-Concat") == value, head


@must
@offered
def test_it_is_finished_by_its_parts(tus: Tus) -> None:
    """When the last part is complete so is the final upload: Upload-Offset and Upload-Length are the sum."""
    parts, url = begun(tus)
    head = finish(tus, parts, url)
    assert number(head, "Upload-Offset") == number(head, "Upload-Length") == 10, head


@must
@offered
def test_the_parts_are_in_the_order_of_the_list(tus: Tus) -> None:
    """The bytes are in the order of the list, not in that in which the parts were finished."""
    parts, url = begun(tus)
    finish(tus, parts, url)
    content = find(tus, url, b"abcdefghij") or not_observable("uploads are not served")
    assert content.get().body == b"abcdefghij"


@must
@offered
def test_a_patch_of_a_final_is_403(tus: Tus) -> None:
    """A PATCH of an unfinished final upload is answered with 403."""
    answer = tus.patch(begun(tus)[1], 0, b"x")
    assert answer.status == 403, answer


@must
@offered
def test_a_patch_of_a_final_changes_nothing(tus: Tus) -> None:
    """A PATCH of an unfinished final upload leaves its parts as they were."""
    parts, url = begun(tus)
    tus.patch(url, 0, b"x")
    assert [tus.offset(part) for part in parts] == [3, 0]


@must
@offered
@extension("creation-defer-length")
@pytest.mark.parametrize("size", [2, 9])
def test_a_part_s_length_may_come_later(tus: Tus, size: int) -> None:
    """A part of deferred length is finished when its length is known and reached, and the final upload with it."""
    part = tus.create(None, Upload_Concat="partial", Upload_Defer_Length="1")
    url = tus.create(None, Upload_Concat="final;" + urlsplit(part).path)
    assert tus.patch(part, 0, b"123456789"[:size], Upload_Length=str(size)).status == 204
    head = eventually(lambda: tus.head(url), lambda answer: answer.get("Upload-Offset") == str(size))
    assert number(head, "Upload-Offset") == number(head, "Upload-Length") == size, head
