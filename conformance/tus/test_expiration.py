"""Extension expiration."""

import re
import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import pytest
from levels import extension, must, not_observable, should
from uploads import BYTES, Tus
from wire import Answer

SECTION = "Expiration"
pytestmark = extension("expiration")

IMF_FIXDATE = re.compile(
    r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} \d\d:\d\d:\d\d GMT"
)


def answers(tus: Tus) -> dict[str, Answer]:
    """Answers about uploads that are not finished."""
    created = tus.post({"Upload-Length": "10"})
    return {"POST": created, "PATCH": tus.append(created.link("Location") or "", 0, b"abc")}


@must
def test_a_creation_tells_it(tus: Tus) -> None:
    """Upload-Expires is in the answer to POST, since it is known then."""
    answer = answers(tus)["POST"]
    assert answer.get("Upload-Expires"), answer


@must
def test_every_patch_tells_it(tus: Tus) -> None:
    """Upload-Expires is in the answer to every PATCH of an upload that is going to expire."""
    url = tus.create(10)
    for offset in range(3):
        answer = tus.append(url, offset, b"x")
        assert answer.get("Upload-Expires"), answer


@must
@extension("creation-with-upload")
def test_a_creation_with_bytes_tells_it(tus: Tus) -> None:
    """Upload-Expires is in the answer to a POST that brings bytes but not all."""
    answer = tus.post({"Upload-Length": "10", "Content-Type": BYTES}, b"abc")
    assert answer.get("Upload-Expires"), answer


@must
@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_it_is_an_http_date(tus: Tus, method: str) -> None:
    """Upload-Expires is a date as HTTP writes it (IMF-fixdate)."""
    answer = answers(tus)[method]
    assert IMF_FIXDATE.fullmatch(answer.get("Upload-Expires") or ""), answer


@must
@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_it_is_still_to_come(tus: Tus, method: str) -> None:
    """Upload-Expires is when the upload will expire, which has not happened yet."""
    answer = answers(tus)[method]
    expires, now = (parsedate_to_datetime(answer.get(name) or "") for name in ("Upload-Expires", "Date"))
    assert expires > now, answer


@should
@pytest.mark.parametrize("method", ["HEAD", "PATCH"])
def test_what_was_removed_after_it_is_404_or_410(
    tus: Tus, expiring: str, pytestconfig: pytest.Config, method: str
) -> None:
    """Once an upload has expired and is removed, it is answered with 404 or 410."""
    patience = pytestconfig.getoption("--expiry")
    if not patience:
        not_observable("uploads expire too late to wait for; --expiry SECONDS waits")
    end = time.monotonic() + patience
    head = tus.head(expiring)
    expires = head.get("Upload-Expires")
    if expires:
        left = (parsedate_to_datetime(expires) - datetime.now(UTC)).total_seconds()
        assert left < patience, f"expires in {left} s only"
    while head.status in (200, 204) and time.monotonic() < end:
        time.sleep(0.5)
        head = tus.head(expiring)
    answer = head if method == "HEAD" else tus.patch(expiring, 0, b"abc")
    assert answer.status in (404, 410), answer
