"""Core protocol: OPTIONS."""

from levels import must, should
from uploads import VERSION, Tus

SECTION = "Core / OPTIONS"


@must
def test_the_versions_are_told(tus: Tus) -> None:
    """OPTIONS succeeds with 200 or 204 and tells Tus-Version."""
    answer = tus.announced
    assert answer.status in (200, 204), answer
    assert VERSION in answer.elements("Tus-Version"), answer


@must
def test_the_request_s_version_is_ignored(tus: Tus) -> None:
    """OPTIONS ignores Tus-Resumable in the request, even a version that is not spoken."""
    answer = tus.ask("OPTIONS", tus.creation_url, version="0.0.1")
    assert answer.status in (200, 204) and answer.elements("Tus-Version"), answer
    assert answer.elements("Tus-Extension") == tus.extensions, answer


@should
def test_extensions_can_be_detected(tus: Tus) -> None:
    """What a server offers is detected by OPTIONS: Tus-Extension lists it."""
    assert tus.extensions, f"no Tus-Extension: {tus.announced}"
