"""Does `linewatch simulate` write what it says, say what it wrote, and explain what it cannot do?"""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from evaluation.simulator import generate
from tests.ops.running import linewatch, one_line

SMALL = ("--seed", 3, "--days", 20, "--vehicles", 600, "--ports", "2504,2404")
FILES = [
    "benign.csv", "crossings.jsonl", "dispositions.jsonl", "episodes.csv", "events.csv", "labels.csv", "outages.csv",
    "roster.json",
]  # fmt: skip


def test_it_writes_the_log_and_the_truth_and_says_what_comes_next(tmp_path: Path) -> None:
    """Eight files; the log is that of `generate` with the same arguments; the summary counts its lines."""
    done = linewatch(tmp_path, "simulate", *SMALL, "--planted-rate", 0.01, "--out", "border")
    assert (0, "") == (done.code, done.out)
    assert FILES == sorted(path.name for path in (tmp_path / "border").iterdir())
    traffic = generate(3, 20, 600, ["2504", "2404"], 0.01)
    assert (tmp_path / "border" / "crossings.jsonl").read_bytes() == b"".join(traffic.lines())
    assert f"{len(traffic):,} crossings" in done.lines[0]
    assert "linewatch replay border/crossings.jsonl --ports us" in done.lines[-1]
    with (tmp_path / "border" / "episodes.csv").open(newline="") as lines:
        assert len(traffic.episodes) == len(list(csv.DictReader(lines))) > 0


def test_what_it_writes_can_be_replayed(tmp_path: Path) -> None:
    """Every line is accepted, and the dispositions name crossings of the log."""
    linewatch(tmp_path, "simulate", *SMALL, "--out", "border")
    log = tmp_path / "border" / "crossings.jsonl"
    done = linewatch(tmp_path, "replay", log, "--ports", "us", "--alerts", "alerts.jsonl")
    assert 0 == done.code
    assert "  rejected                0" in done.out.splitlines()
    known = {json.loads(line)["crossing_id"] for line in log.read_text().splitlines()}
    decided = (tmp_path / "border" / "dispositions.jsonl").read_text().splitlines()
    assert {json.loads(line)["crossing_id"] for line in decided} <= known


def test_an_earlier_simulation_is_replaced(tmp_path: Path) -> None:
    """The second run into a folder leaves the files that it alone would have left."""
    linewatch(tmp_path, "simulate", *SMALL, "--days", 40, "--out", "one")
    linewatch(tmp_path, "simulate", *SMALL, "--out", "one")
    linewatch(tmp_path, "simulate", *SMALL, "--out", "other")
    for name in FILES:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "other" / name).read_bytes()
    assert FILES == sorted(path.name for path in (tmp_path / "one").iterdir())


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("--ports", "9999"), "9999"),
        (("--ports", "2504,2504"), "each port once"),
        (("--ports", "0"), "1 to 1000"),
        (("--ports", ""), "at least one"),
        (("--start", "tomorrow"), "%Y-%m-%d"),
        (("--misreads", "2"), "0<=x<=0.5"),
    ],
)
def test_wrong_usage_says_what_was_required(tmp_path: Path, words: tuple[str, str], text: str) -> None:
    """Exit code 2, the option and what it takes; nothing is written."""
    done = linewatch(tmp_path, "simulate", *words, "--out", "border")
    assert 2 == done.code
    assert text in done.err
    assert not (tmp_path / "border").exists()


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """One line with the path; exit code 1."""
    (tmp_path / "file").write_text("")
    one_line(linewatch(tmp_path, "simulate", *SMALL, "--out", "file/border"), "file/border")
