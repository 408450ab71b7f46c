"""The command line's options, the server under test, and the results as a file."""

import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from content import Content, find
from levels import NOT_OBSERVABLE, NOT_OFFERED, not_offered
from uploads import Tus, metadata, number
from wire import Wire

SIZE = 100_003


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("conformance")
    group.addoption("--tus", metavar="URL", help="where uploads are created")
    group.addoption("--range", metavar="URL", help="a file to ask ranges of (else the suite uploads one)")
    group.addoption("--file", metavar="PATH", type=Path, help="what --range serves")
    group.addoption("--header", metavar="FIELD", action="append", default=[], help="'Name: value' for every request")
    group.addoption(
        "--expiry", metavar="SECONDS", type=float, default=0.0, help="wait this long for an upload to expire"
    )
    group.addoption("--stall", metavar="SECONDS", type=float, default=0.0, help="a stalled body is given up within")
    group.addoption("--everything", action="store_true", help="what is not offered has failed")
    group.addoption("--results", metavar="PATH", type=Path, help="write what came of each test, as JSON")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--range") and not config.getoption("--file"):
        raise pytest.UsageError("--range needs --file: the bytes that are served there")
    if not config.getoption("--tus") and not config.getoption("--range"):
        raise pytest.UsageError("name a server: --tus URL, or --range URL --file PATH")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # What waits for a deadline comes last: the deadline passes meanwhile.
    items.sort(key=lambda item: item.get_closest_marker("extension") is not None and "removed_after" in item.name)


def fields_of(config: pytest.Config) -> dict[str, str]:
    """The fields that every request carries."""
    fields = {}
    for line in config.getoption("--header"):
        name, colon, value = line.partition(":")
        if not colon:
            raise pytest.UsageError(f"--header wants 'Name: value', not {line!r}")
        fields[name.strip()] = value.strip()
    return fields


@pytest.fixture(scope="session")
def wire(pytestconfig: pytest.Config) -> Wire:
    return Wire(fields_of(pytestconfig))


@pytest.fixture(scope="session")
def tus(pytestconfig: pytest.Config, wire: Wire) -> Tus:
    url = pytestconfig.getoption("--tus")
    return Tus(wire, url) if url else not_offered("tus")


@pytest.fixture(autouse=True)
def demanded(request: pytest.FixtureRequest) -> None:
    """Ends a test of what this server does not offer."""
    marks = list(request.node.iter_markers("extension"))
    if marks and request.config.getoption("--tus"):
        server: Tus = request.getfixturevalue("tus")
        for name in (name for mark in marks for name in mark.args):
            if not server.offers(name):
                not_offered(name)
    if request.node.get_closest_marker("ranges") and not request.getfixturevalue("honours_ranges"):
        not_offered("ranges")


@pytest.fixture(scope="session")
def honours_ranges(file: Content) -> bool:
    """Whether the server answers the simplest range with 206."""
    return file.get({"Range": "bytes=0-0"}).status == 206


@pytest.fixture(scope="session")
def payload() -> Callable[[int], bytes]:
    """Bytes that differ everywhere, the same in every run."""
    return lambda size, seed=7: random.Random(seed).randbytes(size)


@pytest.fixture(scope="session")
def upload(tus: Tus) -> Callable[..., Content]:
    """Uploads bytes in one go, with metadata, and finds where they are served."""

    def whole(data: bytes, **pairs: str) -> Content:
        fields = {"Upload-Length": str(len(data))} | ({"Upload-Metadata": metadata(**pairs)} if pairs else {})
        created = tus.post(fields)
        assert created.status == 201, f"nothing was created: {created}"
        url = created.link("Location")
        assert url, f"no Location: {created}"
        finished = tus.append(url, 0, data)
        assert number(finished, "Upload-Offset") == len(data), f"not all was taken: {finished}"
        return find(tus, url, data, finished) or not_offered("reading what was uploaded")

    return whole


@pytest.fixture(scope="session")
def expiring(tus: Tus) -> str:
    """An upload that nobody goes on with."""
    return tus.create(10)


@pytest.fixture(scope="session", autouse=True)
def begin(request: pytest.FixtureRequest) -> None:
    """Starts the clock of the upload that is to expire before anything else."""
    if request.config.getoption("--tus") and request.config.getoption("--expiry"):
        request.getfixturevalue("expiring")


@pytest.fixture(scope="session")
def file(pytestconfig: pytest.Config, wire: Wire, request: pytest.FixtureRequest) -> Content:
    """The file whose ranges are asked for."""
    url = pytestconfig.getoption("--range")
    if url:
        return Content(wire, url, pytestconfig.getoption("--file").read_bytes())
    data = request.getfixturevalue("payload")(SIZE)
    return request.getfixturevalue("upload")(data, filename="ranges.bin", filetype="application/octet-stream")


class Results:
    """Gathers what came of each test, in the order in which they ran."""

    def __init__(self, everything: bool) -> None:
        self.everything = everything
        self.rows: list[dict[str, str]] = []

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo) -> Iterator[None]:
        report = yield
        if report.when == "call" or report.outcome != "passed":
            outcome, detail = report.outcome, ""
            if report.skipped:
                detail = str(call.excinfo.value)
                outcome = next((kind for kind in (NOT_OFFERED, NOT_OBSERVABLE) if detail.startswith(kind)), "failed: ")
                outcome, detail = outcome.removesuffix(": "), detail.removeprefix(outcome)
            elif report.failed:
                detail = str(call.excinfo.value).split("\nassert ")[0].split("\n +")[0]
            if report.skipped and self.everything and outcome == NOT_OFFERED.removesuffix(": "):
                report.outcome, report.longrepr = "failed", f"--everything: {outcome}: {detail}"
            level = item.get_closest_marker("level")
            self.rows.append(
                {
                    "id": item.nodeid.removeprefix("conformance/"),
                    "section": item.module.SECTION,
                    "level": level.args[0],
                    "requirement": (item.function.__doc__ or "").strip(),
                    "case": item.callspec.id if hasattr(item, "callspec") else "",
                    "outcome": outcome,
                    "detail": detail,
                }
            )
        return report


def pytest_sessionstart(session: pytest.Session) -> None:
    session.config.pluginmanager.register(Results(session.config.getoption("--everything")), "results")


def pytest_itemcollected(item: pytest.Item) -> None:
    level = item.get_closest_marker("level")
    if level is None or not item.function.__doc__ or not hasattr(item.module, "SECTION"):
        raise pytest.UsageError(f"{item.nodeid}: a test says its level, its section and its requirement")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    results: Results = config.pluginmanager.get_plugin("results")
    for level in ("MUST", "SHOULD", "MAY"):
        counts: dict[str, int] = {}
        for row in results.rows:
            if row["level"] == level:
                counts[row["outcome"]] = counts.get(row["outcome"], 0) + 1
        if counts:
            terminalreporter.write_line(f"{level}: " + ", ".join(f"{count} {name}" for name, count in counts.items()))
    skipped = sorted(
        {f"{row['outcome']}: {row['detail']}" for row in results.rows if row["outcome"].startswith("not ")}
    )
    for reason in skipped:
        terminalreporter.write_line(f"  {reason}")


def pytest_sessionfinish(session: pytest.Session) -> None:
    path = session.config.getoption("--results")
    if path:
        results: Results = session.config.pluginmanager.get_plugin("results")
        path.write_text(json.dumps(results.rows, ensure_ascii=False, indent=1) + "\n")
