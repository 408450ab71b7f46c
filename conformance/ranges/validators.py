"""What a file is compared by, and dates near it."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime

import pytest
from content import Content
from levels import not_offered

OTHER = '"surely-another-tag"'


@dataclass(frozen=True)
class Validators:
    """A file's strong entity tag and the moment it was changed."""

    etag: str | None
    modified: datetime | None

    @property
    def tag(self) -> str:
        """The entity tag; the test is over if there is none, or a weak one."""
        if self.etag is None or self.etag.startswith("W/"):
            not_offered("a strong ETag")
        return self.etag

    def date(self, seconds: int = 0) -> str:
        """`Last-Modified`, or a moment so many seconds later; the test is over if there is none."""
        if self.modified is None:
            not_offered("Last-Modified")
        return format_datetime(self.modified + timedelta(seconds=seconds), usegmt=True)

    def fill(self, fields: dict[str, str]) -> dict[str, str]:
        """Fields in which SAME, WEAK, EXACT, BEFORE and AFTER stand for this file's."""
        filled = {}
        for name, value in fields.items():
            if "SAME" in value or "WEAK" in value:
                value = value.replace("SAME", self.tag).replace("WEAK", "W/" + self.tag)
            for word, seconds in (("EXACT", 0), ("BEFORE", -3600), ("AFTER", 1)):
                if value == word:
                    value = self.date(seconds)
            filled[name] = value
        return filled


@pytest.fixture(scope="session")
def validators(file: Content) -> Validators:
    """The file's validators, once its date is old enough to be a strong one (§8.8.2.2)."""
    answer = file.get()
    value = answer.get("Last-Modified")
    modified = parsedate_to_datetime(value) if value else None
    while modified and datetime.now(UTC) < modified + timedelta(seconds=2):
        time.sleep(0.2)
    return Validators(answer.get("ETag"), modified)
