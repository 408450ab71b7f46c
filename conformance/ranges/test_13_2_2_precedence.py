"""RFC 9110 §13.2.2: which precondition counts when there are several."""

import pytest
from content import Content
from levels import must
from parts import whole
from validators import OTHER, Validators

SECTION = "RFC 9110 §13.2.2 Precedence"

CASES = {
    "If-Match true outranks If-Unmodified-Since false": ({"If-Match": "SAME", "If-Unmodified-Since": "BEFORE"}, 200),
    "If-Match false outranks If-Unmodified-Since true": ({"If-Match": OTHER, "If-Unmodified-Since": "AFTER"}, 412),
    "If-Match false outranks If-None-Match": ({"If-Match": OTHER, "If-None-Match": "SAME"}, 412),
    "If-Match true, then If-None-Match": ({"If-Match": "SAME", "If-None-Match": "SAME"}, 304),
    "If-Match true, then If-Modified-Since": ({"If-Match": "SAME", "If-Modified-Since": "EXACT"}, 304),
    "If-Unmodified-Since false outranks If-None-Match": (
        {"If-Unmodified-Since": "BEFORE", "If-None-Match": "SAME"},
        412,
    ),
    "If-Unmodified-Since true, then If-None-Match": ({"If-Unmodified-Since": "EXACT", "If-None-Match": "SAME"}, 304),
    "If-None-Match true outranks If-Modified-Since": ({"If-None-Match": OTHER, "If-Modified-Since": "AFTER"}, 200),
    "If-None-Match false outranks If-Modified-Since": ({"If-None-Match": "SAME", "If-Modified-Since": "BEFORE"}, 304),
    "all that can be true": (
        {"If-Match": "SAME", "If-Unmodified-Since": "EXACT", "If-None-Match": OTHER, "If-Modified-Since": "EXACT"},
        200,
    ),
}

RANGED = {
    "If-None-Match outranks Range": ({"If-None-Match": "SAME"}, "bytes=0-9", 304),
    "If-None-Match outranks a range that is not there": ({"If-None-Match": "SAME"}, "bytes=999999999-", 304),
    "If-Modified-Since outranks Range": ({"If-Modified-Since": "EXACT"}, "bytes=0-9", 304),
    "If-Match outranks Range": ({"If-Match": OTHER}, "bytes=0-9", 412),
    "If-Match outranks a range that is not there": ({"If-Match": OTHER}, "bytes=999999999-", 412),
    "If-Unmodified-Since outranks Range": ({"If-Unmodified-Since": "BEFORE"}, "bytes=0-9", 412),
    "If-None-Match outranks If-Range": ({"If-None-Match": "SAME", "If-Range": "SAME"}, "bytes=0-9", 304),
    "If-Match outranks If-Range": ({"If-Match": OTHER, "If-Range": "SAME"}, "bytes=0-9", 412),
    "If-Match true, then If-Range false": ({"If-Match": "SAME", "If-Range": OTHER}, "bytes=0-9", 200),
    "If-Match true, then Range": ({"If-Match": "SAME"}, "bytes=0-9", 206),
    "If-None-Match true, then Range": ({"If-None-Match": OTHER}, "bytes=0-9", 206),
    "If-Unmodified-Since true, then Range": ({"If-Unmodified-Since": "EXACT"}, "bytes=0-9", 206),
    "If-Modified-Since true, then Range": ({"If-Modified-Since": "BEFORE"}, "bytes=0-9", 206),
    "all true": ({"If-Match": "SAME", "If-None-Match": OTHER, "If-Range": "SAME"}, "bytes=0-9", 206),
}


@must
@pytest.mark.parametrize("case", CASES)
def test_conditions(file: Content, validators: Validators, case: str) -> None:
    """Preconditions go in order: If-Match or If-Unmodified-Since, then If-None-Match or If-Modified-Since."""
    fields, wanted = CASES[case]
    answer = file.get(validators.fill(fields))
    assert answer.status == wanted, answer
    if wanted == 200:
        whole(answer, file)


@must
@pytest.mark.ranges
@pytest.mark.parametrize("case", RANGED)
def test_conditions_and_ranges(file: Content, validators: Validators, case: str) -> None:
    """Range, with its If-Range, is looked at after all other preconditions."""
    fields, value, wanted = RANGED[case]
    answer = file.get(validators.fill(fields) | {"Range": value})
    assert answer.status == wanted, answer
    if wanted == 200:
        whole(answer, file)
