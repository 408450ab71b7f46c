"""RFC 9110 §13.1.1 to §13.1.4: one precondition at a time."""

from email.utils import parsedate_to_datetime

import pytest
from content import Content
from levels import must, not_observable, not_offered, should
from parts import whole
from validators import OTHER, Validators

SECTION = "RFC 9110 §13.1 Preconditions"

MATCH = {
    "the same": ("SAME", 200),
    "any": ("*", 200),
    "in a list": ('"a", SAME, "b"', 200),
    "in a list with a comma in a tag": ('"a,b", SAME', 200),
    "another": (OTHER, 412),
    "others": ('"a", "b"', 412),
    "weak": ("WEAK", 412),
}

NONE_MATCH = {
    "the same": ("SAME", 304),
    "weak": ("WEAK", 304),
    "any": ("*", 304),
    "in a list": ('"a", SAME, "b"', 304),
    "weak in a list": ('W/"a", WEAK', 304),
    "another": (OTHER, 200),
    "others": ('"a", W/"b"', 200),
}


@must
@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("case", MATCH)
def test_if_match(file: Content, validators: Validators, case: str, method: str) -> None:
    """If-Match compares strongly: the request is performed only if a tag matches, else it is 412."""
    value, wanted = MATCH[case]
    answer = file.get(validators.fill({"If-Match": value}), method=method)
    assert answer.status == wanted, answer


@must
@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("case", NONE_MATCH)
def test_if_none_match(file: Content, validators: Validators, case: str, method: str) -> None:
    """If-None-Match compares weakly: 304 if a tag matches, else the request is performed."""
    value, wanted = NONE_MATCH[case]
    answer = file.get(validators.fill({"If-None-Match": value}), method=method)
    assert answer.status == wanted, answer


@must
def test_if_none_match_in_two_lines(file: Content, validators: Validators) -> None:
    """Two lines of If-None-Match are one list."""
    answer = file.get([("If-None-Match", '"a"'), ("If-None-Match", validators.tag)])
    assert answer.status == 304, answer


@should
@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("value", ["EXACT", "AFTER"])
def test_if_modified_since_not_modified(file: Content, validators: Validators, value: str, method: str) -> None:
    """If-Modified-Since with the file's date or a later one is answered with 304."""
    answer = file.get(validators.fill({"If-Modified-Since": value}), method=method)
    assert answer.status == 304, answer


@must
def test_if_modified_since_modified(file: Content, validators: Validators) -> None:
    """If-Modified-Since with an earlier date performs the request."""
    whole(file.get(validators.fill({"If-Modified-Since": "BEFORE"})), file)


@must
@pytest.mark.parametrize("form", ["%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"], ids=["RFC 850", "asctime"])
def test_old_forms_of_a_date_are_understood(file: Content, validators: Validators, form: str) -> None:
    """A date in either of the obsolete forms is understood (§5.6.7)."""
    moment = parsedate_to_datetime(validators.date()).strftime(form)
    answer = file.get({"If-Modified-Since": moment})
    assert answer.status == 304, answer


@must
@pytest.mark.parametrize("value", ["yesterday", "0", "2026-01-01T00:00:00Z", "Mon, 32 Jan 2035 00:00:00 GMT"])
@pytest.mark.parametrize("name", ["If-Modified-Since", "If-Unmodified-Since"])
def test_what_is_no_date_is_ignored(file: Content, name: str, value: str) -> None:
    """If-Modified-Since and If-Unmodified-Since are ignored if they hold no date."""
    whole(file.get({name: value}), file)


@must
@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("value", ["EXACT", "AFTER"])
def test_if_unmodified_since_unmodified(file: Content, validators: Validators, value: str, method: str) -> None:
    """If-Unmodified-Since with the file's date or a later one performs the request."""
    answer = file.get(validators.fill({"If-Unmodified-Since": value}), method=method)
    assert answer.status == 200, answer


@must
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_if_unmodified_since_modified(file: Content, validators: Validators, method: str) -> None:
    """If-Unmodified-Since with an earlier date is answered with 412."""
    answer = file.get(validators.fill({"If-Unmodified-Since": "BEFORE"}), method=method)
    assert answer.status == 412, answer


@must
@pytest.mark.parametrize("name", ["ETag", "Cache-Control", "Date", "Expires", "Content-Location", "Vary"])
def test_a_304_has_what_a_200_would_have(file: Content, validators: Validators, name: str) -> None:
    """A 304 has the ETag, Cache-Control, Date, Expires, Content-Location and Vary that a 200 would have (§15.4.5)."""
    wanted = file.get().get(name)
    if wanted is None:
        not_observable(f"a 200 has no {name}")
    answer = file.get({"If-None-Match": validators.tag})
    assert answer.status == 304, answer
    assert answer.get(name) == wanted or name == "Date" and answer.get(name), answer


@should
@pytest.mark.parametrize("name", ["Content-Type", "Content-Encoding", "Content-Language"])
def test_a_304_has_no_more_than_that(file: Content, validators: Validators, name: str) -> None:
    """A 304 has no other fields about the file (§15.4.5)."""
    answer = file.get({"If-None-Match": validators.tag})
    assert answer.status == 304 and answer.get(name) is None, answer


@must
def test_a_304_claims_no_other_length(file: Content, validators: Validators) -> None:
    """A 304 has no bytes, and a Content-Length only if it is the whole file's (§8.6)."""
    answer = file.get({"If-None-Match": validators.tag})
    assert answer.status == 304 and answer.body == b"", answer
    assert answer.get("Content-Length") in (None, str(len(file.data))), answer


@must
@pytest.mark.parametrize(
    "fields",
    [
        {"If-Match": OTHER},
        {"If-None-Match": "*"},
        {"If-Unmodified-Since": "Sat, 01 Jan 2000 00:00:00 GMT"},
        {"Range": "bytes=0-0"},
        {"Range": "bytes=0-0", "If-Range": OTHER},
    ],
    ids=lambda fields: ", ".join(fields),
)
def test_what_is_not_there_has_no_conditions(file: Content, fields: dict[str, str]) -> None:
    """Preconditions are ignored where the answer without them would be neither 2xx nor 412 (§13.2.1)."""
    head, _, name = file.url.rpartition("/")
    url = f"{head}/{name}-that-is-not-there"
    without = file.wire.ask("GET", url)
    if without.status < 400:
        not_offered("an address without a file")
    answer = file.wire.ask("GET", url, fields)
    assert answer.status == without.status, answer
