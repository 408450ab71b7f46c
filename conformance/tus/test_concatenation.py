"""Extension concatenation."""

from urllib.parse import urlsplit

import pytest
from content import find
from levels import extension, must, not_observable, should
from uploads import Tus, eventually, metadata, number, refused
from wire import Answer

SECTION = "Concatenation"
offered = extension("concatenation")


def partial(tus: Tus, data: bytes, **fields: str) -> str:
    """A complete partial upload."""
    url = tus.create(len(data), Upload_Concat="partial", **fields)
    tus.append(url, 0, data)
    return url


def path(url: str) -> str:
    """An upload's address without its server."""
    return urlsplit(url).path


def final(*urls: str) -> str:
    """`Upload-Concat` of a final upload of these parts."""
    return "final;" + " ".join(urls)


def concatenate(tus: Tus, *urls: str, **fields: str) -> str:
    """A final upload's address."""
    return tus.create(None, Upload_Concat=final(*urls), **fields)


def settled(tus: Tus, url: str) -> Answer:
    """HEAD of a final upload, once its bytes are there."""
    return eventually(
        lambda: tus.head(url), lambda head: head.get("Upload-Offset") == (head.get("Upload-Length") or "")
    )


@must
def test_it_is_announced(tus: Tus) -> None:
    """A server that concatenates lists concatenation in Tus-Extension, and no other does."""
    created = tus.post({"Upload-Length": "1", "Upload-Concat": "partial"})
    known = created.status == 201 and tus.head(created.link("Location") or "").get("Upload-Concat") == "partial"
    assert known == tus.offers("concatenation"), f"partial: {known}; announced: {tus.extensions}"


@must
@offered
@pytest.mark.parametrize("size", [0, 2, 4])
def test_a_partial_tells_its_offset(tus: Tus, size: int) -> None:
    """HEAD of a partial upload tells Upload-Offset."""
    url = tus.create(4, Upload_Concat="partial")
    if size:
        tus.append(url, 0, b"abcd"[:size])
    assert tus.offset(url) == size


@must
@offered
@pytest.mark.parametrize("size", [0, 4], ids=["new", "complete"])
def test_a_partial_says_that_it_is_one(tus: Tus, size: int) -> None:
    """HEAD of a partial upload repeats Upload-Concat: partial."""
    url = tus.create(4, Upload_Concat="partial")
    if size:
        tus.append(url, 0, b"abcd")
    head = tus.head(url)
    assert head.get("Upload-Concat") == "partial", head


@should
@offered
def test_a_partial_is_not_processed_alone(tus: Tus) -> None:
    """A complete partial upload becomes nothing by itself: no content is named for it."""
    url = tus.create(4, Upload_Concat="partial")
    answer = tus.append(url, 0, b"abcd")
    assert answer.get("Content-Location") is None, answer


@must
@offered
@pytest.mark.parametrize("address", [path, lambda url: url], ids=["relative", "absolute"])
def test_a_final_is_created(tus: Tus, address) -> None:
    """A final upload names its parts by relative or absolute addresses and is acknowledged with 201 and Location."""
    answer = tus.post({"Upload-Concat": final(address(partial(tus, b"abc")), address(partial(tus, b"de")))})
    assert answer.status == 201 and answer.link("Location"), answer


@must
@offered
def test_its_length_is_the_sum(tus: Tus) -> None:
    """A final upload's length is the sum of its parts' lengths."""
    head = settled(tus, concatenate(tus, path(partial(tus, b"abc")), path(partial(tus, b"de"))))
    assert number(head, "Upload-Length") == 5, head


@must
@offered
def test_its_offset_is_its_length(tus: Tus) -> None:
    """Once concatenated, Upload-Offset and Upload-Length are told and equal."""
    head = settled(tus, concatenate(tus, path(partial(tus, b"abc")), path(partial(tus, b"de"))))
    assert number(head, "Upload-Offset") == number(head, "Upload-Length"), head


@must
@offered
def test_it_says_what_it_is_made_of(tus: Tus) -> None:
    """HEAD of a final upload repeats Upload-Concat as the creation gave it."""
    value = final(path(partial(tus, b"abc")), path(partial(tus, b"de")))
    head = settled(tus, tus.create(None, Upload_Concat=value))
    assert head.get("Upload-Concat") == value, head


@must
@offered
@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1)], ids=["as created", "another order"])
def test_the_parts_are_in_the_order_of_the_list(tus: Tus, order: tuple[int, ...]) -> None:
    """The parts' bytes follow each other in the order of the list, whatever order they were made in."""
    parts = [b"first-", b"second--", b"third---!"]
    urls = [partial(tus, part) for part in parts]
    url = concatenate(tus, *(path(urls[index]) for index in order))
    settled(tus, url)
    wanted = b"".join(parts[index] for index in order)
    content = find(tus, url, wanted) or not_observable("uploads are not served")
    assert content.get().body == wanted


@must
@offered
def test_a_patch_of_a_final_is_403(tus: Tus) -> None:
    """A PATCH of a final upload is answered with 403."""
    url = concatenate(tus, path(partial(tus, b"abc")), path(partial(tus, b"de")))
    settled(tus, url)
    answer = tus.patch(url, 5, b"f")
    assert answer.status == 403, answer


@must
@offered
def test_a_patch_of_a_final_changes_nothing(tus: Tus) -> None:
    """A PATCH of a final upload modifies neither it nor its parts."""
    parts = [partial(tus, b"abc"), partial(tus, b"de")]
    url = concatenate(tus, *map(path, parts))
    settled(tus, url)
    tus.patch(url, 0, b"xxxxx")
    assert number(tus.head(url), "Upload-Length") == number(tus.head(url), "Upload-Offset") == 5
    for part, size in zip(parts, (3, 2), strict=True):
        head = tus.head(part)
        assert head.status in (404, 410) or number(head, "Upload-Offset") == size, head
    content = find(tus, url, b"abcde")
    if content:
        assert content.get().body == b"abcde"


@must
@offered
@pytest.mark.parametrize("own", ["", metadata(filename="whole.txt")], ids=["none of its own", "its own"])
def test_the_parts_metadata_are_not_its_own(tus: Tus, own: str) -> None:
    """The parts' metadata are not transferred to the final upload: it has those of its own creation, or none."""
    parts = [path(partial(tus, b"abc", Upload_Metadata=metadata(filename="part.txt"))), path(partial(tus, b"de"))]
    head = settled(tus, concatenate(tus, *parts, **({"Upload_Metadata": own} if own else {})))
    assert (head.get("Upload-Metadata") or "") == own, head


@must
@offered
def test_a_length_with_a_final_is_not_believed(tus: Tus) -> None:
    """A final upload must not come with Upload-Length: it is refused, or its length is the sum all the same."""
    value = final(path(partial(tus, b"abc")), path(partial(tus, b"de")))
    answer = tus.post({"Upload-Concat": value, "Upload-Length": "7"})
    if answer.status == 201:
        assert number(settled(tus, answer.link("Location") or ""), "Upload-Length") == 5
    else:
        assert refused(answer), answer


@must
@offered
@pytest.mark.parametrize("kind", ["unknown", "ordinary", "none", "another word", "no semicolon"])
def test_what_is_no_list_of_parts_is_refused(tus: Tus, kind: str) -> None:
    """Upload-Concat is partial, or final with a list of partial uploads: anything else creates nothing."""
    part = path(partial(tus, b"abc"))
    ordinary = tus.create(3)
    tus.append(ordinary, 0, b"abc")
    value = {
        "unknown": final(part, path(tus.nowhere())),
        "ordinary": final(part, path(ordinary)),
        "none": "final;",
        "another word": "finally;" + part,
        "no semicolon": "final " + part,
    }[kind]
    answer = tus.post({"Upload-Concat": value})
    assert refused(answer) and answer.get("Location") is None, answer
