"""RFC 9110 §8.8 and §9.3.2: the validators that conditions compare, and HEAD."""

import re
from email.utils import parsedate_to_datetime

import pytest
from content import Content
from levels import must, not_observable, not_offered, should

SECTION = "RFC 9110 §8.8 Validators, §9.3.2 HEAD"

ENTITY_TAG = re.compile(r'(?:W/)?"[!#-~\x80-\xff]*"')
IMF_FIXDATE = re.compile(r"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT")


@should
@pytest.mark.parametrize("name", ["ETag", "Last-Modified"])
def test_there_is_one(file: Content, name: str) -> None:
    """A file has an ETag and a Last-Modified."""
    answer = file.get()
    assert answer.get(name), answer


@must
def test_an_etag_is_well_formed(file: Content) -> None:
    """An ETag is a quoted tag, weak or strong."""
    value = file.get().get("ETag") or not_offered("ETag")
    assert ENTITY_TAG.fullmatch(value), value


@must
def test_an_etag_stays(file: Content) -> None:
    """The same bytes have the same ETag, whatever the method."""
    tags = {file.get(method=method).get("ETag") for method in ("GET", "HEAD", "GET")}
    if tags == {None}:
        not_offered("ETag")
    assert len(tags) == 1, tags


@must
def test_a_date_is_well_formed(file: Content) -> None:
    """Last-Modified is a date as HTTP writes it (IMF-fixdate)."""
    value = file.get().get("Last-Modified") or not_offered("Last-Modified")
    assert IMF_FIXDATE.fullmatch(value), value


@must
def test_a_date_is_not_to_come(file: Content) -> None:
    """Last-Modified is not later than Date."""
    answer = file.get()
    value = answer.get("Last-Modified") or not_offered("Last-Modified")
    assert parsedate_to_datetime(value) <= parsedate_to_datetime(answer.get("Date") or ""), answer


@must
def test_head_has_no_bytes(file: Content) -> None:
    """Where GET is answered so is HEAD: without the bytes, and any Content-Length is that of a GET."""
    answer = file.wire.ask("HEAD", file.url)
    assert answer.status == 200 and answer.body == b"", answer
    assert answer.get("Content-Length") in (None, str(len(file.data))), answer


@should
@pytest.mark.parametrize(
    "name",
    [
        "ETag",
        "Last-Modified",
        "Content-Type",
        "Content-Length",
        "Accept-Ranges",
        "Cache-Control",
        "Content-Disposition",
        "Repr-Digest",
        "Vary",
    ],
)
def test_head_has_the_fields_of_get(file: Content, name: str) -> None:
    """HEAD has the same fields as GET."""
    wanted = file.get().get(name)
    if wanted is None:
        not_observable(f"a GET has no {name}")
    answer = file.get(method="HEAD")
    assert answer.get(name) == wanted, answer
