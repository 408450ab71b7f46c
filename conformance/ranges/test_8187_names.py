"""RFC 8187 and RFC 6266: a file's name in Content-Disposition, for files that the suite uploads itself."""

import re
from collections.abc import Callable
from urllib.parse import unquote

import pytest
from content import Content
from levels import must, not_offered, should
from uploads import Tus
from wire import Answer

SECTION = "RFC 6266, RFC 8187 Content-Disposition"

PLAIN = "plain-name.txt"
NAMES = {
    "accents": "matemáticas.pdf",
    "a dash and an ordinal": "examen – 2º.pdf",
    "another script": "試験.pdf",
    "beyond the first plane": "📚.pdf",
    "quotes": 'a "quoted" name.txt',
    "a semicolon": "a;b.txt",
    "a percent sign": "100%25.txt",
    "an apostrophe": "l'été.txt",
    "plus and spaces": "a + b.txt",
}

TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
QUOTED = r'"(?:[^"\\]|\\.)*"'
PARAMETER = re.compile(rf"\s*;\s*({TOKEN})\s*=\s*({TOKEN}|{QUOTED})\s*")
EXTENDED = re.compile(r"UTF-8'[A-Za-z0-9-]*'((?:[!#$&+.^_`|~0-9A-Za-z-]|%[0-9A-Fa-f]{2})*)", re.IGNORECASE)


@pytest.fixture
def served(tus: Tus, upload: Callable[..., Content]) -> Callable[[str], str]:
    """`Content-Disposition` of a file uploaded by this name."""

    def disposition(name: str) -> str:
        answer: Answer = upload(b"some bytes", filename=name).get()
        return answer.get("Content-Disposition") or not_offered("Content-Disposition")

    return disposition


def parameters(disposition: str) -> dict[str, str]:
    """The parameters, read strictly."""
    match = re.match(TOKEN, disposition)
    assert match, f"no kind: {disposition!r}"
    rest, found = disposition[match.end() :], {}
    while rest.strip():
        match = PARAMETER.match(rest)
        assert match, f"not a parameter: {rest!r} in {disposition!r}"
        assert match[1].lower() not in found, f"twice: {disposition!r}"
        found[match[1].lower()] = match[2]
        rest = rest[match.end() :]
    return found


@must
@pytest.mark.parametrize("case", NAMES)
def test_it_can_be_read(served: Callable[[str], str], case: str) -> None:
    """The field is a kind and parameters, each a token or a quoted string, none of them twice."""
    parameters(served(NAMES[case]))


@should
@pytest.mark.parametrize("case", NAMES)
def test_it_is_ascii(served: Callable[[str], str], case: str) -> None:
    """A field's value keeps to US-ASCII (RFC 9110 §5.5)."""
    disposition = served(NAMES[case])
    assert disposition.isascii(), disposition


@must
@pytest.mark.parametrize("case", NAMES)
def test_the_name_comes_back(served: Callable[[str], str], case: str) -> None:
    """filename*, if given, is UTF-8 in percent signs and the name that was uploaded; else filename is."""
    given = parameters(served(NAMES[case]))
    if "filename*" in given:
        match = EXTENDED.fullmatch(given["filename*"])
        assert match, f"no extended value: {given}"
        name = unquote(match[1], errors="strict")
    else:
        name = given.get("filename") or not_offered("names")
        name = re.sub(r"\\(.)", r"\1", name[1:-1]) if name.startswith('"') else name
    assert name == NAMES[case], given


@should
def test_old_clients_get_a_name_too(served: Callable[[str], str]) -> None:
    """Beside filename* there is a filename for clients that do not know it, and it comes first."""
    names = [name for name in parameters(served(NAMES["accents"])) if name.startswith("filename")]
    assert names in (["filename", "filename*"], ["filename"]), names


@must
def test_a_plain_name_is_plain(served: Callable[[str], str]) -> None:
    """A name of ASCII letters comes back in filename."""
    assert parameters(served(PLAIN)).get("filename", "").strip('"') == PLAIN
