"""The suite passes on a server that does everything right, and fails on each thing done wrong."""

import json
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from reference import Server

HERE = Path(__file__).parent
EXPIRY, STALL = 8.0, 3.0
WORKERS = 4

# What the reference can do wrong, and the tests that must notice, each in one case at least.
FAULTS = {
    "the method is not overridden": ["overridden_with_patch", "overridden_with_head", "overridden_with_delete"],
    "any version will do": [
        "unknown_version_is_412",
        "unknown_version_appends",
        "unknown_version_deletes",
        "unknown_version_creates",
    ],
    "no version in refusals": ["tus_resumable_is_in_every_answer"],
    "any number will do": ["upload_offset_is_a_number", "upload_length_is_a_number"],
    "no limit": ["too_large_is_413", "late_length_may_be_too_large"],
    "nothing expires": ["removed_after and HEAD"],
    "checksums are not verified": [
        "wrong_checksum_changes_nothing",
        "each_algorithm",
        "cannot_be_verified",
        "creation_is_verified",
    ],
    "trailers are not read": [
        "wrong_trailer_changes_nothing",
        "nothing_is_kept_without_the_trailer",
        "later_chunk_can_have_one",
    ],
    "half a chunk is kept unverified": ["nothing_is_kept_unverified"],
    "a broken body is thrown away": ["what_arrived_is_kept and chunked"],
    "a chunk is kept before it is verified": ["wrong_last_chunk", "wrong_checksum_changes_nothing"],
    "an upload may outgrow itself": ["never_outgrows"],
    "the last byte is lost": ["new_offset_is_the_sum", "applied_where_they_belong", "offset_is_always_there"],
    "no expiry is told": ["creation_tells_it", "every_patch_tells_it", "creation_with_bytes_tells_it"],
    "another kind of date": ["is_an_http_date"],
    "an extension is not announced": [
        "test_creation.py and it_is_announced",
        "it_is_offered",
        "creation_is_offered_too",
    ],
    "no sha1": ["sha1_is_among_them"],
    "no length is needed": ["a_length_is_demanded", "length_is_not_deferred_too"],
    "any metadata will do": ["bad_metadata"],
    "the parts are sorted": ["test_concatenation.py and order_of_the_list"],
    "the parts' metadata are taken over": ["parts_metadata_are_not_its_own"],
    "a creation is 200": ["test_creation.py and success_is_201"],
    "no length is told": ["length_is_there_if_known", "location_names_the_upload"],
    "a final's offset is told early": ["no_offset_is_told_before"],
    "metadata are forgotten": ["metadata_come_back"],
    "concatenation is not told": ["partial_says_that_it_is_one", "says_what_it_is_made_of"],
    "caches may keep it": ["no_cache_may_keep_it"],
    "a final is not forbidden": ["patch_of_a_final_is_403"],
    "any type will do": ["another_content_type_is_415", "another_content_type_changes_nothing"],
    "any offset will do": ["wrong_offset_is_409", "wrong_offset_changes_nothing"],
    "a length may change": ["length_that_was_set_stays", "length_of_the_creation_stays"],
    "no new offset": ["success_tells_the_new_offset"],
    "nothing is terminated": ["afterwards_it_is_404", "bytes_are_freed"],
    "another digest": ["repr_digest_is_of_the_whole"],
    "If-Match is ignored": ["if_match", "conditions_and_ranges"],
    "If-None-Match is strong": ["if_none_match"],
    "HEAD has ranges": ["only_get_has_ranges"],
    "If-Range is ignored": ["test_13_1_5_if_range.py and false"],
    "If-Range is weak": ["test_13_1_5_if_range.py and test_false"],
    "nonsense is a range": ["malformed_is_ignored", "unknown_unit_is_ignored"],
    "416 without a length": ["it_tells_the_length"],
    "one too few": ["test_one_range", "several_ranges", "parts_make_the_whole"],
    "Content-Range is off by one": ["content_range_says_which_bytes", "test_one_range"],
    "the tag varies with the range": ["has_what_a_200_would_have", "parts_make_the_whole"],
    "parts are sorted": ["parts_are_in_the_order_asked"],
    "the last boundary is open": ["each_part_says_which_bytes", "boundary_is_not_in_the_bytes"],
}


@contextmanager
def serving(fault: str | None) -> Iterator[Server]:
    """The reference, with a fault or without, while the block runs."""
    server = Server(fault, EXPIRY, STALL)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def tried(server: Server, results: Path, *options: str) -> list[dict[str, str]]:
    """What the suite says of the server."""
    suite = HERE.parent
    command = [
        sys.executable,
        "-m",
        "pytest",
        "--config-file",
        suite / "pytest.ini",
        "--rootdir",
        suite,
        "--quiet",
        "--tb=no",
        "--tus",
        server.url,
        "--results",
        results,
        *options,
        suite / "tus",
        suite / "ranges",
    ]
    run = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    assert run.returncode in (0, 1), run.stdout + run.stderr
    return json.loads(results.read_text())


def test_everything_passes_where_everything_is_right(tmp_path: Path) -> None:
    with serving(None) as server:
        rows = tried(
            server, tmp_path / "results", "--expiry", str(2 * EXPIRY), "--stall", str(2 * STALL), "--everything"
        )
    assert [row for row in rows if row["outcome"] in ("failed", "not offered")] == []
    assert len(rows) > 400


def failed_with(fault: str, results: Path) -> list[str]:
    """The tests that fail on the reference with a fault, among those that must."""
    options = ["-k", " or ".join(f"({name})" for name in FAULTS[fault])]
    if fault == "nothing expires":
        options += ["--expiry", str(EXPIRY + 2)]
    with serving(fault) as server:
        return [row["id"] for row in tried(server, results, *options) if row["outcome"] == "failed"]


@pytest.fixture(scope="module")
def failed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Future[list[str]]]]:
    """The same for every fault, several at a time."""
    folder = tmp_path_factory.mktemp("results")
    with ThreadPoolExecutor(WORKERS) as pool:
        yield {fault: pool.submit(failed_with, fault, folder / str(n)) for n, fault in enumerate(FAULTS)}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_noticed(fault: str, failed: dict[str, Future[list[str]]]) -> None:
    tests = failed[fault].result()
    for name in FAULTS[fault]:
        words = name.split(" and ")
        assert any(all(word in test for word in words) for test in tests), f"{name} did not notice: {tests}"


def test_a_stalled_body_that_is_never_given_up_is_noticed(tmp_path: Path) -> None:
    with serving(None) as server:
        rows = tried(server, tmp_path / "results", "-k", "stalled", "--stall", str(STALL / 3))
    assert [row["outcome"] for row in rows] == ["failed"]


def test_every_fault_is_tried() -> None:
    sources = "".join((HERE / name).read_text() for name in ("reference.py", "selection.py"))
    known = {text or other for text, other in re.findall(r"""wrong\((?:"([^"]+)"|'([^']+)')\)""", sources)}
    assert known == FAULTS.keys()
