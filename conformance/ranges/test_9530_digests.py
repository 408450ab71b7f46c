"""RFC 9530: digests of the whole and of what was sent, where they are given."""

import base64
import hashlib
import re

import pytest
from content import Content
from levels import must, not_offered
from wire import Answer

SECTION = "RFC 9530 Digest Fields"

KNOWN = {"sha-256": hashlib.sha256, "sha-512": hashlib.sha512}
REQUESTS = {
    "GET": ("GET", {}),
    "HEAD": ("HEAD", {}),
    "one range": ("GET", {"Range": "bytes=10-19"}),
    "several ranges": ("GET", {"Range": "bytes=10-19,50000-50009"}),
}


def digests(answer: Answer, name: str) -> dict[str, bytes]:
    """A digest field's algorithms and values."""
    found = {}
    for element in answer.elements(name):
        match = re.fullmatch(r"([a-z0-9*_.-]+)=:([A-Za-z0-9+/]+=*):", element)
        assert match, f"no digest as a structured field: {answer}"
        found[match[1]] = base64.b64decode(match[2], validate=True)
    return found or not_offered(name)


@must
@pytest.mark.parametrize("case", REQUESTS)
def test_repr_digest_is_of_the_whole(file: Content, case: str) -> None:
    """Repr-Digest is the digest of the whole file, also with a part of it and with HEAD."""
    method, fields = REQUESTS[case]
    for algorithm, value in digests(file.get(fields, method=method), "Repr-Digest").items():
        if algorithm in KNOWN:
            assert value == KNOWN[algorithm](file.data).digest()


@must
def test_only_what_is_safe_is_used(file: Content) -> None:
    """No deprecated algorithm stands for integrity: sha-256 or sha-512 is among those given."""
    assert KNOWN.keys() & digests(file.get(), "Repr-Digest").keys()


@must
@pytest.mark.parametrize("case", ["GET", "one range", "several ranges"])
def test_content_digest_is_of_what_was_sent(file: Content, case: str) -> None:
    """Content-Digest, if given, is the digest of the bytes of this very answer."""
    method, fields = REQUESTS[case]
    answer = file.get(fields, method=method)
    if answer.get("Content-Digest") is not None:
        for algorithm, value in digests(answer, "Content-Digest").items():
            if algorithm in KNOWN:
                assert value == KNOWN[algorithm](answer.body).digest()
