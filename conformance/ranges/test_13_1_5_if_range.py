"""RFC 9110 §13.1.5: If-Range."""

import pytest
from content import Content
from levels import must, should
from parts import check, covered, whole
from validators import OTHER, Validators

SECTION = "RFC 9110 §13.1.5 If-Range"
pytestmark = pytest.mark.ranges

FALSE = {
    "another tag": OTHER,
    "the same tag, weak": "WEAK",
    "a list with the same tag": '"a", SAME',
    "any": "*",
    "a later date": "AFTER",
    "an earlier date": "BEFORE",
    "no tag and no date": "something",
    "empty tag": '""',
}


@should
@pytest.mark.parametrize("value", ["SAME", "EXACT"])
def test_true(file: Content, validators: Validators, value: str) -> None:
    """With the file's strong tag or its exact date, Range is processed."""
    found = check(file.get(validators.fill({"If-Range": value, "Range": "bytes=10-19"})), file)
    assert [(part.first, part.last) for part in found] == [(10, 19)]


@must
@pytest.mark.parametrize("case", FALSE)
def test_false(file: Content, validators: Validators, case: str) -> None:
    """With anything but the file's strong tag or its exact date, Range is ignored: 200 and the whole."""
    whole(file.get(validators.fill({"If-Range": FALSE[case], "Range": "bytes=10-19"})), file)


@must
@pytest.mark.parametrize("value", [OTHER, "SAME", "WEAK", "EXACT"])
def test_without_range_it_is_ignored(file: Content, validators: Validators, value: str) -> None:
    """If-Range without Range is ignored."""
    whole(file.get(validators.fill({"If-Range": value})), file)


@must
@pytest.mark.parametrize("value", ["bytes=999999999-", "bytes=-0", "bytes=0-0,-1"])
def test_false_outranks_any_range(file: Content, validators: Validators, value: str) -> None:
    """If the condition is false it does not matter what Range says: not even 416 is possible."""
    whole(file.get(validators.fill({"If-Range": OTHER, "Range": value})), file)


@should
def test_true_can_be_416(file: Content, validators: Validators) -> None:
    """If the condition is true, a range that selects nothing is answered with 416."""
    answer = file.get(validators.fill({"If-Range": "SAME", "Range": "bytes=999999999-"}))
    assert answer.status == 416, answer


@should
def test_true_with_several_ranges(file: Content, validators: Validators) -> None:
    """If the condition is true, several ranges are processed as without it."""
    answer = file.get(validators.fill({"If-Range": "SAME", "Range": "bytes=0-9,50000-50009"}))
    assert set(range(10)) | set(range(50000, 50010)) <= covered(check(answer, file))
