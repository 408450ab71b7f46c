"""How binding a requirement is, and the two reasons for which one may not be tried."""

from typing import NoReturn

import pytest

must = pytest.mark.level("MUST")
should = pytest.mark.level("SHOULD")
may = pytest.mark.level("MAY")

NOT_OFFERED = "not offered: "
NOT_OBSERVABLE = "not observable: "


def extension(name: str) -> pytest.MarkDecorator:
    """Only for servers that announce `name` in `Tus-Extension`."""
    return pytest.mark.extension(name)


def not_offered(what: str) -> NoReturn:
    """The server does not claim to do this."""
    pytest.skip(NOT_OFFERED + what)


def not_observable(why: str) -> NoReturn:
    """The server may well do it, but nothing can be seen of it from outside."""
    pytest.skip(NOT_OBSERVABLE + why)
