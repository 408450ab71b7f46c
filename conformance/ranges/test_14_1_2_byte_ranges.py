"""RFC 9110 §14.1.1 and §14.1.2: which bytes a specifier names. In the cases N is the file's length."""

import pytest
from content import Content
from levels import must, should
from parts import check, covered, is_multipart, whole

SECTION = "RFC 9110 §14.1 Range units"
pytestmark = pytest.mark.ranges

# The header's value, and the first and last position it names; negative ones count from the end.
ONE = {
    "first byte": ("bytes=0-0", 0, 0),
    "first 500": ("bytes=0-499", 0, 499),
    "second 500": ("bytes=500-999", 500, 999),
    "last byte by number": ("bytes={n-1}-{n-1}", -1, -1),
    "all by number": ("bytes=0-{n-1}", 0, -1),
    "open from the start": ("bytes=0-", 0, -1),
    "open": ("bytes=100-", 100, -1),
    "open from the last byte": ("bytes={n-1}-", -1, -1),
    "suffix of one": ("bytes=-1", -1, -1),
    "suffix of 500": ("bytes=-500", -500, -1),
    "suffix of all": ("bytes=-{n}", 0, -1),
    "suffix longer than all": ("bytes=-{n+1}", 0, -1),
    "suffix far longer than all": ("bytes=-99999999999999999999", 0, -1),
    "end beyond the last byte": ("bytes={n-500}-{n+500}", -500, -1),
    "end one beyond the last byte": ("bytes=0-{n}", 0, -1),
    "end beyond any number": ("bytes=100-99999999999999999999999", 100, -1),
    "leading zeros": ("bytes=000-0009", 0, 9),
    "unit in capitals": ("Bytes=1-2", 1, 2),
    "empty elements": ("bytes=,5-9,", 5, 9),
    "space after the unit": ("bytes= 5-9", 5, 9),
}

# The header's value and the ranges it names.
SEVERAL = {
    "two": ("bytes=0-99,5000-5099", [(0, 99), (5000, 5099)]),
    "first and last byte": ("bytes=0-0,-1", [(0, 0), (-1, -1)]),
    "spaces at the comma": ("bytes=0-9 , 5000-5009", [(0, 9), (5000, 5009)]),
    "all three forms": ("bytes=10-19,-10,{n-5000}-{n-4000}", [(10, 19), (-10, -1), (-5000, -4000)]),
    "out of order": ("bytes=50000-50099,0-99", [(50000, 50099), (0, 99)]),
    "overlapping": ("bytes=0-99,50-149", [(0, 149)]),
    "one inside the other": ("bytes=0-999,100-199", [(0, 999)]),
    "the same twice": ("bytes=100-199,100-199", [(100, 199)]),
    "touching": ("bytes=0-99,100-199", [(0, 199)]),
    "ten": (
        "bytes=" + ",".join(f"{at}-{at + 9}" for at in range(0, 90000, 9000)),
        [(at, at + 9) for at in range(0, 90000, 9000)],
    ),
    "one of two beyond the end": ("bytes={n}-{n+9},0-9", [(0, 9)]),
    "one of two of no bytes": ("bytes=-0,0-9", [(0, 9)]),
}

UNSATISFIABLE = {
    "begins at the end": "bytes={n}-",
    "begins beyond the end": "bytes={n+1}-{n+9}",
    "begins beyond any number": "bytes=99999999999999999999999-",
    "suffix of no bytes": "bytes=-0",
    "two beyond the end": "bytes={n}-,{n+10}-{n+20}",
}

MALFORMED = {
    "end before the start": "bytes=5-4",
    "one of two with its end before its start": "bytes=0-0,5-4",
    "nothing": "bytes=",
    "a dash alone": "bytes=-",
    "letters": "bytes=a-b",
    "two dashes": "bytes=--1",
    "negative": "bytes=0--1",
    "no dash": "bytes=1",
    "hexadecimal": "bytes=0x0-0x1",
    "a point": "bytes=1.0-2",
    "a sign": "bytes=+1-2",
    "no equals sign": "bytes 0-1",
    "a semicolon": "bytes=0-0;2-2",
    "spaces inside": "bytes=0 - 1",
}

UNKNOWN = ["lines=1-2", "seconds=0-1", "none=0-0", "byte=0-1", "xbytes=0-1"]


def fill(text: str, file: Content) -> str:
    """The header's value for this file."""
    size = len(file.data)
    for name, value in {
        "n": size,
        "n-1": size - 1,
        "n+1": size + 1,
        "n+9": size + 9,
        "n+10": size + 10,
        "n+20": size + 20,
        "n-500": size - 500,
        "n+500": size + 500,
        "n-5000": size - 5000,
        "n-4000": size - 4000,
    }.items():
        text = text.replace("{" + name + "}", str(value))
    return text


def at(position: int, file: Content) -> int:
    """A position, counted from the start."""
    return position if position >= 0 else len(file.data) + position


@should
@pytest.mark.parametrize("case", ONE)
def test_one_range(file: Content, case: str) -> None:
    """A range that can be satisfied is answered with 206 and exactly the bytes it names."""
    value, first, last = ONE[case]
    found = check(file.get({"Range": fill(value, file)}), file)
    assert [(one.first, one.last) for one in found] == [(at(first, file), at(last, file))]


@must
@pytest.mark.parametrize("case", ["first 500", "open", "suffix of 500", "suffix longer than all", "all by number"])
def test_one_range_is_no_multipart(file: Content, case: str) -> None:
    """A request for a single range is never answered with several parts."""
    answer = file.get({"Range": fill(ONE[case][0], file)})
    assert not is_multipart(answer), answer


@should
@pytest.mark.parametrize("case", SEVERAL)
def test_several_ranges(file: Content, case: str) -> None:
    """Several ranges are answered with 206 and every byte they name, in parts that hold what they say."""
    value, ranges = SEVERAL[case]
    answer = file.get({"Range": fill(value, file)})
    wanted = {position for first, last in ranges for position in range(at(first, file), at(last, file) + 1)}
    assert wanted <= covered(check(answer, file))


@must
@pytest.mark.parametrize("case", UNSATISFIABLE)
def test_what_is_not_there_is_never_206(file: Content, case: str) -> None:
    """A range that selects nothing is never answered with a part."""
    answer = file.get({"Range": fill(UNSATISFIABLE[case], file)})
    assert answer.status in (200, 416), answer


@must
@pytest.mark.parametrize("case", MALFORMED)
def test_what_is_malformed_is_ignored_or_rejected(file: Content, case: str) -> None:
    """An invalid specifier is ignored (200) or rejected (400, 416); it never selects a part."""
    answer = file.get({"Range": MALFORMED[case]})
    if answer.status == 200:
        whole(answer, file)
    else:
        assert answer.status in (400, 416), answer


@must
@pytest.mark.parametrize("value", UNKNOWN)
def test_an_unknown_unit_is_ignored(file: Content, value: str) -> None:
    """A Range of a unit the server does not understand is ignored."""
    whole(file.get({"Range": value}), file)


@should
@pytest.mark.parametrize(
    "value",
    [
        "bytes=" + ",".join(["0-"] * 1000),
        "bytes=" + ",".join(f"{position}-{position}" for position in range(0, 2000, 2)),
        "bytes=" + ",".join(f"{position}-{position}" for position in range(2000, 0, -2)),
        "bytes=" + ",".join(["-1"] * 1000),
    ],
    ids=[
        "the whole a thousand times",
        "a thousand bytes",
        "a thousand bytes backwards",
        "the last byte a thousand times",
    ],
)
def test_a_flood_of_ranges_is_not_served(file: Content, value: str) -> None:
    """Egregious sets of ranges are ignored, coalesced or rejected: the answer is at most about as large as the file."""
    answer = file.get({"Range": value})
    assert answer.status in (200, 206, 400, 403, 416, 431), answer
    assert len(answer.body) < 1.5 * len(file.data), f"{len(answer.body)} bytes for a file of {len(file.data)}"
