"""Is every kind of bad input a dead letter or one clear line, with nothing lost and no traceback?"""

from __future__ import annotations

import gzip
import json
import os
import resource
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import zstandard

from tests.ops.running import LOOSE, Ended, linewatch, one_line, start, wait_for, write_log

GOOD: dict[str, Any] = {
    "crossing_id": "c1", "occurred_at": "2026-01-05T08:00:00Z", "port": "2504", "lane": "1", "direction": "inbound",
    "vehicle": "v1",
}  # fmt: skip


def line(**changes: Any) -> bytes:
    """A good crossing with changes; None takes a field out."""
    fields = {key: value for key, value in {**GOOD, **changes}.items() if value is not None}
    return json.dumps(fields).encode()


BAD: dict[str, tuple[bytes, str]] = {
    "truncated line": (line()[:-20], "json"),
    "wrong type": (line(crossing_id=7), "wrong_type"),
    "missing field": (line(port=None), "missing_field"),
    "naive time": (line(occurred_at="2026-01-05T08:00:00"), "naive_time"),
    "1970": (line(occurred_at="1970-01-01T00:00:00Z"), "time_range"),
    "the far future": (line(occurred_at="2999-01-01T00:00:00Z"), "time_range"),
    "no time at all": (line(occurred_at="yesterday"), "bad_time"),
    "NaN confidence": (line().replace(b"}", b', "read_confidence": NaN}'), "json"),
    "confidence above 1": (line(read_confidence=1.5), "out_of_range"),
    "direction": (line(direction="sideways"), "out_of_range"),
    "another schema": (line(schema="crossing/2"), "schema_version"),
    "a megabyte": (line(make="x" * 1_100_000), "too_long"),
    "two megabytes": (b"x" * 2_100_000, "too_long"),
    "binary junk": (bytes(range(128, 256)).replace(b"\n", b""), "not_utf8"),
    "zeros": (bytes(500), "json"),
    "an array": (b"[1, 2]", "not_object"),
    "deep": (b"[" * 5_000, "too_deep"),
}


def counts(ended: Ended) -> dict[str, int]:
    """The numbers of the summary table."""
    rows = (text.split() for text in ended.out.split("calibrated")[0].splitlines())
    return {row[0]: int(row[1].replace(",", "")) for row in rows if len(row) > 1 and row[1].replace(",", "").isdigit()}


def test_every_kind_of_bad_line_is_a_dead_letter_and_the_rest_goes_on(tmp_path: Path) -> None:
    """Each bad line between two good ones: its reason, line and offset; lines = accepted + rejected + duplicates."""
    rows: list[bytes] = []
    for number, (bad, _) in enumerate(BAD.values()):
        rows += [line(crossing_id=f"c{number}", vehicle=f"v{number}"), bad, b""]
    rows.append(line(crossing_id="c0", vehicle="v0"))  # a duplicate
    (tmp_path / "log.jsonl").write_bytes(b"\n".join(rows))
    ended = linewatch(tmp_path, "replay", "log.jsonl", "--dead-letter", "rejects.jsonl")
    assert (0, "") == (ended.code, ended.err)
    found = counts(ended)
    assert (2 * len(BAD) + 1, len(BAD), len(BAD), 1) == tuple(
        found[key] for key in ("lines", "accepted", "rejected", "duplicates")
    )
    rejects = [json.loads(row) for row in (tmp_path / "rejects.jsonl").read_bytes().splitlines()]
    starts = [sum(len(row) + 1 for row in rows[:k]) for k in range(len(rows))]
    expected = [(reason, 3 * k + 2, starts[3 * k + 1], len(bad)) for k, (bad, reason) in enumerate(BAD.values())]
    assert expected == [(r["reason"], r["line"], r["offset"], r["length"]) for r in rejects]


def test_unknown_ports_are_rejects_with_a_registry_and_registered_without(tmp_path: Path) -> None:
    """`--ports us` knows 2504 and not 0000."""
    (tmp_path / "log.jsonl").write_bytes(b"\n".join([line(), line(crossing_id="c2", port="0000")]))
    assert 2 == counts(linewatch(tmp_path, "replay", "log.jsonl"))["accepted"]
    found = counts(linewatch(tmp_path, "replay", "log.jsonl", "--ports", "us"))
    assert (1, 1) == (found["accepted"], found["unknown_port"])


@pytest.mark.parametrize("content", [b"", b"\n\n", gzip.compress(b"", mtime=0)])
def test_an_empty_file_is_no_error(content: bytes, tmp_path: Path) -> None:
    """Nothing in, nothing out, 0."""
    (tmp_path / "log").write_bytes(content)
    ended = linewatch(tmp_path, "replay", "log", "--alerts", "alerts.jsonl", "--assessments", "rows.parquet")
    assert (0, 0, "") == (ended.code, counts(ended)["lines"], ended.err)
    assert b"" == (tmp_path / "alerts.jsonl").read_bytes()
    assert (tmp_path / "rows.parquet").exists()


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.ZstdCompressor().compress], ids=["gzip", "zstd"])
def test_a_truncated_archive_is_used_as_far_as_it_goes_and_then_fails(pack: Any, tmp_path: Path) -> None:
    """Every line that can be read counts, the summary says so, the error what to do; the whole file then goes on."""
    rows = b"".join(line(crossing_id=os.urandom(20).hex()) + b"\n" for _ in range(4_000))
    whole = pack(rows)
    (tmp_path / "log").write_bytes(whole[: len(whole) // 2])
    ended = linewatch(tmp_path, "replay", "log", "--state", "state", "--dead-letter", "rejects.jsonl")
    one_line(ended, "ends early", "get the whole file and run again")
    found = counts(ended)
    assert 100 < found["lines"] == found["accepted"] + found["rejected"]


def test_binary_junk_is_rejected_line_by_line(tmp_path: Path) -> None:
    """A file that is no log at all: every line a dead letter, 0, no traceback."""
    (tmp_path / "log").write_bytes(os.urandom(300_000))
    ended = linewatch(tmp_path, "replay", "log")
    found = counts(ended)
    assert (0, "", 0) == (ended.code, ended.err, found["accepted"])
    assert found["lines"] == found["rejected"]


def test_standard_input_gives_what_the_file_gives(tmp_path: Path) -> None:
    """`-` as the log, `-` for the alerts: alerts alone on standard output, the summary beside it."""
    log = write_log(tmp_path / "log.jsonl", vehicles=800)
    linewatch(tmp_path, "replay", log, "--alerts", "alerts.jsonl", *LOOSE)
    ended = linewatch(tmp_path, "replay", "-", "--alerts", "-", *LOOSE, stdin=log.read_bytes())
    assert 0 == ended.code, ended.err
    assert (tmp_path / "alerts.jsonl").read_text() == ended.out
    assert "accepted" in ended.err


def test_a_reader_that_goes_away_is_no_traceback(tmp_path: Path) -> None:
    """`linewatch ... | head` ends quietly."""
    log = write_log(tmp_path / "log.jsonl", vehicles=800)
    child = start(tmp_path, "replay", log, "--alerts", "-", *LOOSE, stdout=subprocess.PIPE)
    assert child.stdout is not None
    child.stdout.close()
    assert child.stderr is not None
    err = child.stderr.read()
    child.stderr.close()
    assert (1, "") == (child.wait(), err)


# --- disks -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log whose assessments do not fit into the small disks below."""
    return write_log(tmp_path_factory.mktemp("log") / "log.jsonl", vehicles=800)


WORDS = ("--alerts", "out/alerts.jsonl", "--assessments", "out/rows.csv", "--state", "out/state", "--dead-letter",
         "rejects.jsonl", "--set", "batch_lines=500", "--set", "checkpoint_every_crossings=1000", *LOOSE)  # fmt: skip


@pytest.fixture(scope="module")
def whole(log: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What an undisturbed run writes."""
    folder = tmp_path_factory.mktemp("whole")
    (folder / "out").mkdir()
    ended = linewatch(folder, "replay", log, *WORDS)
    assert 0 == ended.code, ended.err
    return written(folder)


def written(folder: Path) -> dict[str, bytes]:
    """Both outputs."""
    return {name: (folder / "out" / name).read_bytes() for name in ("alerts.jsonl", "rows.csv")}


def test_a_file_size_limit_is_told_and_nothing_is_lost(log: Path, whole: dict[str, bytes], tmp_path: Path) -> None:
    """A quota stops the run with one line, whatever file meets it; without it the same command ends as it should."""
    (tmp_path / "out").mkdir()
    quota = len(whole["rows.csv"]) * 2 // 3

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (quota, quota))

    one_line(
        linewatch(tmp_path, "replay", log, *WORDS, before=limited), "cannot write out", "File too large", "ulimit -f"
    )
    ended = linewatch(tmp_path, "replay", log, *WORDS)
    assert 0 == ended.code, ended.err
    assert whole == written(tmp_path)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder `out` on a disk of 2 MB."""
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("mounting a small disk needs root; the file size limit above covers the same code")
    folder = tmp_path / "out"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)], check=True)
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_is_told_and_nothing_is_lost(
    log: Path, whole: dict[str, bytes], small_disk: Path, tmp_path: Path
) -> None:
    """One line, the last checkpoint stands; after making room the same command goes on to the same bytes."""
    (small_disk / "ballast").write_bytes(bytes(1_000_000))
    one_line(linewatch(tmp_path, "replay", log, *WORDS), "No space left on device", "free some space")
    subprocess.run(["mount", "-o", "remount,size=200m", str(small_disk)], check=True)
    ended = linewatch(tmp_path, "replay", log, *WORDS)
    assert 0 == ended.code, ended.err
    assert whole == written(tmp_path)


def test_an_output_folder_that_vanishes_is_told(log: Path, tmp_path: Path) -> None:
    """It is noticed at the next checkpoint, with one line."""
    (tmp_path / "out").mkdir()
    child = start(tmp_path, "replay", log, *WORDS, "--progress", "lines", stdout=subprocess.DEVNULL)
    wait_for(child, "checkpoints=1 ")
    shutil.rmtree(tmp_path / "out")
    _, err = child.communicate(timeout=240)
    last = err.splitlines()[-1]
    assert 1 == child.returncode, err
    assert last.startswith("linewatch: ")
    assert "out/" in last
    assert "Traceback" not in err
