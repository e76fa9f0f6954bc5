"""Does `linewatch replay --dispositions` learn, say what it found, and survive being killed?"""

from __future__ import annotations

import datetime as dt
import json
import signal
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.ops.running import LOOSE, linewatch, one_line, start, wait_for, write_log

SMALL = ("--set", "batch_lines=500", "--set", "checkpoint_every_crossings=2000", "--set", "control_share=0.05")
OUTPUTS = ("alerts.jsonl", "control.jsonl", "notices.jsonl", "rejects.jsonl")


def rows(path: Path) -> list[dict[str, Any]]:
    """The objects of a file of JSON lines."""
    return [json.loads(line) for line in path.read_text().splitlines()]


def words(log: Path, *more: str) -> list[str]:
    """The replay of the tests, with its outputs named relative to where it runs."""
    named = ["--alerts", "alerts.jsonl", "--control", "control.jsonl", "--notices", "notices.jsonl"]
    return ["replay", str(log), *named, "--dead-letter", "rejects.jsonl", *LOOSE, *SMALL, *more]


def outputs(folder: Path) -> dict[str, bytes]:
    """The bytes of every output."""
    return {name: (folder / name).read_bytes() for name in OUTPUTS if (folder / name).exists()}


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small border."""
    return write_log(tmp_path_factory.mktemp("log") / "log.jsonl", vehicles=4_500, planted_rate=0.04)


@pytest.fixture(scope="module")
def said(log: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every alert was looked at after half an hour and every control; bad lines between, in no order of time."""
    folder = tmp_path_factory.mktemp("first")
    ended = linewatch(folder, *words(log))
    assert 0 == ended.code, ended.err
    first = [row["reasons"][0]["typology"] for row in rows(folder / "alerts.jsonl")]
    useful = Counter(first).most_common(1)[0][0]
    lines = []
    for by, name in (("alert", "alerts.jsonl"), ("random", "control.jsonl")):
        for n, row in enumerate(rows(folder / name)):
            at = dt.datetime.fromisoformat(row["occurred_at"]) + dt.timedelta(minutes=30)
            found = by == "alert" and row["reasons"][0]["typology"] == useful
            lines.append(
                {"disposition_id": f"{by}-{n}", "crossing_id": row["crossing_id"], "alert_id": None,
                 "outcome": "seizure" if found else "cleared", "selected_by": by, "by": "o-1", "at": at.isoformat()}
            )  # fmt: skip
    lines.sort(key=lambda line: line["disposition_id"])
    lines[3:3] = [{"disposition_id": "bad"}, lines[0] | {"disposition_id": "b2", "at": "2026-01-31T08:15:00"}]
    path = folder / "said.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


@pytest.fixture(scope="module")
def alone(log: Path, said: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The folder and the summary of an uninterrupted run with dispositions."""
    folder = tmp_path_factory.mktemp("alone")
    ended = linewatch(folder, *words(log, "--dispositions", str(said)))
    assert 0 == ended.code, ended.err
    return folder, ended.out


def test_the_summary_says_what_was_found_and_the_lift(alone: tuple[Path, str], said: Path) -> None:
    """Among alerts, at random, and how many times more often, with its interval."""
    summary = alone[1]
    count = len(rows(said)) - 2
    assert f"dispositions              {count:,}" in summary
    for text in ("  rejected                2\n", "found among alerts", "found at random", "\nlift  "):
        assert text in summary
    assert "unmatched" not in summary


def test_alerts_get_a_priority_and_nothing_of_the_sample(alone: tuple[Path, str]) -> None:
    """The queue is ordered once enough was looked at; an alert never says that its crossing was drawn."""
    alerts = rows(alone[0] / "alerts.jsonl")
    assert "priority" not in alerts[0]
    assert 0 <= alerts[-1]["priority"] <= 1
    drawn = {row["crossing_id"] for row in rows(alone[0] / "control.jsonl")}
    assert drawn
    fields = {frozenset(alert) - {"priority"} for alert in alerts}
    assert 1 == len(fields)


def test_bad_dispositions_go_to_the_dead_letter(alone: tuple[Path, str]) -> None:
    """With the line of their own file, and that it was that file."""
    found = [(row["source"], row["line"], row["reason"]) for row in rows(alone[0] / "rejects.jsonl")]
    assert [("dispositions", 4, "missing_field"), ("dispositions", 5, "naive_time")] == found


@pytest.mark.crash
def test_killed_and_resumed_gives_the_same_bytes(
    log: Path, said: Path, alone: tuple[Path, str], tmp_path: Path
) -> None:
    """Killed with signal 9 twice on the way: alerts, control sample, notices and dead letter are those of one run."""
    command = words(log, "--dispositions", str(said), "--state", "state", "--progress", "lines")
    for blocks in (8, 20):
        child = start(tmp_path, *command, stdout=subprocess.DEVNULL)
        for _ in range(blocks):
            wait_for(child, "progress lines=")
        child.kill()
        child.communicate()
        assert -signal.SIGKILL == child.returncode
    ended = linewatch(tmp_path, *command)
    assert 0 == ended.code, ended.err
    assert "resumed after" in ended.out
    assert outputs(alone[0]) == outputs(tmp_path)
    one_line(linewatch(tmp_path, *words(log, "--state", "state")), "whether dispositions are given")


def test_dispositions_that_are_also_an_output_are_refused(log: Path, tmp_path: Path) -> None:
    """Nothing is overwritten."""
    ended = linewatch(tmp_path, "replay", log, "--dispositions", "d.jsonl", "--alerts", "d.jsonl")
    one_line(ended, "named twice")


def test_a_live_run_hears_dispositions_too(log: Path, said: Path, tmp_path: Path) -> None:
    """From a file that is followed; its bad lines are in the dead letter, and the state goes on where it stood."""
    command = ["run", "--source", log, "--dispositions", said, "--notices", "n.jsonl", "--data", "data",
               "--progress", "lines", *LOOSE]  # fmt: skip
    for _ in range(2):
        child = start(tmp_path, *command, stdout=subprocess.DEVNULL)
        wait_for(child, "ready: ")
        wait_for(child, "progress lines=")
        child.send_signal(signal.SIGTERM)
        child.communicate(timeout=240)
        assert 0 == child.returncode
    found = [row["source"] for row in rows(tmp_path / "data" / f"{log.name}.rejects.jsonl")]
    assert ["dispositions", "dispositions"] == found
    assert (tmp_path / "n.jsonl").exists()
