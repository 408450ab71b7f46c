"""Core protocol: the header fields."""

import re

import pytest
from levels import must, not_observable, should
from uploads import BYTES, VERSION, Tus, number, refused
from wire import Answer

SECTION = "Core / Headers"

NO_NUMBERS = ["-1", "+1", "1.0", "1e1", "0x1", "one", "1 1"]


def answers(tus: Tus) -> dict[str, Answer]:
    """An answer of each kind, good and bad."""
    url = tus.create(10)
    return {
        "POST 201": tus.post({"Upload-Length": "10"}),
        "HEAD": tus.head(url),
        "PATCH 204": tus.patch(url, 0, b"12345"),
        "PATCH at a wrong offset": tus.patch(url, 9, b"1"),
        "PATCH of another type": tus.ask("PATCH", url, {"Content-Type": "text/plain", "Upload-Offset": "5"}, b"6"),
        "HEAD of nothing": tus.head(tus.nowhere()),
        "POST without a length": tus.post({}),
        "another version": tus.ask("HEAD", url, version="0.2.2"),
    }


@must
@pytest.mark.parametrize(
    "kind",
    [
        "POST 201",
        "HEAD",
        "PATCH 204",
        "PATCH at a wrong offset",
        "PATCH of another type",
        "HEAD of nothing",
        "POST without a length",
        "another version",
    ],
)
def test_tus_resumable_is_in_every_answer(tus: Tus, kind: str) -> None:
    """Every answer but that to OPTIONS carries Tus-Resumable with the server's version."""
    answer = answers(tus)[kind]
    assert answer.get("Tus-Resumable") in tus.announced.elements("Tus-Version"), f"no known Tus-Resumable: {answer}"


@must
@pytest.mark.parametrize("method", ["POST", "HEAD", "PATCH", "DELETE"])
def test_an_unknown_version_is_412_with_tus_version(tus: Tus, method: str) -> None:
    """A version the server does not speak is answered with 412 and the versions that it does."""
    url = tus.creation_url if method == "POST" else tus.create(1)
    fields = {"POST": {"Upload-Length": "1"}, "PATCH": {"Content-Type": BYTES, "Upload-Offset": "0"}}.get(method, {})
    answer = tus.ask(method, url, fields, b"x" if method == "PATCH" else None, version="0.2.2")
    assert answer.status == 412, f"412 expected: {answer}"
    assert VERSION in answer.elements("Tus-Version"), f"no Tus-Version: {answer}"


@must
def test_an_unknown_version_appends_nothing(tus: Tus) -> None:
    """A PATCH in a version the server does not speak is not processed."""
    url = tus.create(3)
    tus.ask("PATCH", url, {"Content-Type": BYTES, "Upload-Offset": "0"}, b"abc", version="9.9.9")
    assert tus.offset(url) == 0, "the bytes were taken"


@must
def test_an_unknown_version_deletes_nothing(tus: Tus) -> None:
    """A DELETE in a version the server does not speak is not processed."""
    url = tus.create(3)
    tus.ask("DELETE", url, version="9.9.9")
    assert tus.head(url).status in (200, 204), "the upload is gone"


@must
def test_an_unknown_version_creates_nothing(tus: Tus) -> None:
    """A POST in a version the server does not speak is not processed."""
    answer = tus.post({"Upload-Length": "3"}, version="9.9.9")
    assert answer.status != 201 and answer.get("Location") is None, f"something was created: {answer}"


@must
def test_tus_version_is_a_list_of_versions(tus: Tus) -> None:
    """Tus-Version is a comma-separated list of the versions spoken."""
    versions = (tus.announced.get("Tus-Version") or "").split(",")
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version.strip()) for version in versions), tus.announced
    assert VERSION in tus.announced.elements("Tus-Version"), tus.announced


@must
def test_tus_extension_is_a_list_of_names(tus: Tus) -> None:
    """Tus-Extension is a comma-separated list of names, and absent if there are none."""
    value = tus.announced.get("Tus-Extension")
    if value is not None:
        names = [name.strip() for name in value.split(",")]
        assert all(re.fullmatch(r"[a-z0-9-]+", name) for name in names), f"not a list of names: {value!r}"


@must
def test_tus_max_size_is_a_number(tus: Tus) -> None:
    """Tus-Max-Size is a non-negative integer."""
    assert tus.most >= 0


@should
def test_a_known_limit_is_announced(tus: Tus) -> None:
    """A server with a hard limit says it in Tus-Max-Size."""
    if tus.post({"Upload-Length": str(2**52)}).status == 201:
        not_observable("an upload of 4 PiB may be created, so no limit is known")
    assert tus.announced.get("Tus-Max-Size"), "4 PiB are refused but no limit is announced"


@must
@pytest.mark.parametrize("value", NO_NUMBERS)
def test_upload_offset_is_a_number(tus: Tus, value: str) -> None:
    """Upload-Offset must be a non-negative integer: another value is refused and nothing is appended."""
    url = tus.create(20)
    answer = tus.ask("PATCH", url, {"Content-Type": BYTES, "Upload-Offset": value}, b"abc")
    assert refused(answer), f"not refused: {answer}"
    assert tus.offset(url) == 0, f"bytes were taken at {value!r}"


@must
@pytest.mark.parametrize("value", NO_NUMBERS)
def test_upload_length_is_a_number(tus: Tus, value: str) -> None:
    """Upload-Length must be a non-negative integer: another value is refused and nothing is created."""
    answer = tus.post({"Upload-Length": value})
    assert refused(answer) and answer.get("Location") is None, f"not refused: {answer}"


@must
def test_an_upload_never_outgrows_its_length(tus: Tus) -> None:
    """Upload-Length is the size of the whole upload: bytes beyond it never count."""
    url = tus.create(4)
    tus.patch(url, 0, b"123456")
    head = tus.head(url)
    assert number(head, "Upload-Offset") <= number(head, "Upload-Length") == 4, head


@must
@pytest.mark.parametrize("actual", ["POST", "GET", "PUT", "DELETE"])
def test_a_method_may_be_overridden_with_patch(tus: Tus, actual: str) -> None:
    """X-HTTP-Method-Override is the request's method, whatever the actual one is (PATCH)."""
    url = tus.create(3)
    fields = {"Content-Type": BYTES, "Upload-Offset": "0", "X-HTTP-Method-Override": "PATCH"}
    answer = tus.ask(actual, url, fields, b"abc")
    assert answer.status == 204, f"not taken as PATCH: {answer}"
    assert tus.offset(url) == 3, "nothing was appended"


@must
@pytest.mark.parametrize("actual", ["POST", "PATCH"])
def test_a_method_may_be_overridden_with_head(tus: Tus, actual: str) -> None:
    """X-HTTP-Method-Override is the request's method, whatever the actual one is (HEAD)."""
    url = tus.create(3)
    answer = tus.ask(actual, url, {"X-HTTP-Method-Override": "HEAD"})
    assert answer.status in (200, 204) and number(answer, "Upload-Length") == 3, f"not taken as HEAD: {answer}"


@must
@pytest.mark.extension("termination")
@pytest.mark.parametrize("actual", ["POST", "PATCH"])
def test_a_method_may_be_overridden_with_delete(tus: Tus, actual: str) -> None:
    """X-HTTP-Method-Override is the request's method, whatever the actual one is (DELETE)."""
    url = tus.create(3)
    answer = tus.ask(actual, url, {"X-HTTP-Method-Override": "DELETE"})
    assert answer.status == 204, f"not taken as DELETE: {answer}"
    assert tus.head(url).status in (404, 410), "the upload is still there"
