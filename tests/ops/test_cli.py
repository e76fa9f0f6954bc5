"""What does the command line promise? Help that teaches and is quick, exit codes, one line for each error."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ops.cli import COMMANDS
from tests.ops.running import environment, linewatch, one_line

HEAVY = ("numba", "river", "pyarrow", "pydantic", "numpy", "starlette", "rich")


def test_help_loads_nothing_heavy(tmp_path: Path) -> None:
    """`linewatch --help` imports click and no library that takes long; that is what keeps it under half a second."""
    code = (
        "import sys; sys.argv = ['linewatch', '--help']\nfrom ops.cli import run_cli\nassert run_cli() == 0\n"
        f"assert not [m for m in {HEAVY!r} if m in sys.modules], sys.modules.keys()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment(tmp_path), capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert 0 == done.returncode, done.stderr
    for name in COMMANDS:
        assert f"  {name} " in done.stdout
    assert "Exit codes: 0 done; 1 failed" in done.stdout


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(name: str, tmp_path: Path) -> None:
    """Its help has a text, and comes without running anything."""
    ended = linewatch(tmp_path, name, "--help")
    assert 0 == ended.code, ended.err
    assert len(ended.out.splitlines()) >= 5
    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["replai"], "Did you mean replay?"),
        (["frobnicate"], "lists the commands"),
        (["replay"], "Missing argument 'LOG'"),
        (["replay", "x", "--speed", "0"], "neither `max` nor a number above 0"),
        (["replay", "x", "--speed", "fast"], "neither `max` nor a number above 0"),
        (["replay", "x", "--colour"], "No such option"),
        (["replay", "x", "--alerts", "-", "--state", "s"], "cannot be resumed"),
    ],
)
def test_wrong_usage_ends_with_2(words: list[str], says: str, tmp_path: Path) -> None:
    """And says what would be right."""
    ended = linewatch(tmp_path, *words)
    assert (2, True) == (ended.code, says in ended.err), ended.err
    assert "Traceback" not in ended.err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["missing.jsonl"], "cannot read the log missing.jsonl"),
        (["."], "cannot read the log"),
        (["log.jsonl", "--set", "latenes_ms=1"], "did you mean lateness_ms?"),
        (["log.jsonl", "--config", "none.toml"], "none.toml"),
        (["log.jsonl", "--ports", "none.csv"], "none.csv"),
        (["log.jsonl", "--alerts", "log.jsonl"], "named twice"),
        (["log.jsonl", "--alerts", "no/where.jsonl"], "the folder no is not there"),
        (["log.jsonl", "--alerts", "."], "it is a folder"),
        (["log.jsonl", "--assessments", "rows.txt"], ".csv or .parquet"),
        (["log.jsonl", "--state", "log.jsonl"], "cannot write log.jsonl"),
        (["log.jsonl", "--set", "plate_key_file=/dev/null/key"], "plate key"),
        (["log.jsonl", "--set", "detectors=astrology"], "astrology"),
    ],
)
def test_what_cannot_be_done_ends_with_1_and_one_line(words: list[str], says: str, tmp_path: Path) -> None:
    """Which file or setting, why, what to do; the log is untouched."""
    (tmp_path / "log.jsonl").write_text("{}\n")
    ended = linewatch(tmp_path, "replay", *words, env={"LINEWATCH_PLATE_KEY": None})
    one_line(ended, says)
    assert "{}\n" == (tmp_path / "log.jsonl").read_text()


def test_doctor_names_every_setting_and_ends_with_0_when_all_is_well(tmp_path: Path) -> None:
    """The value in force and where it came from."""
    ended = linewatch(tmp_path, "doctor", "--set", "operators=3", env={"LINEWATCH_LATENESS_MS": "500"})
    assert 0 == ended.code, ended.out + ended.err
    rows = {line.split()[0]: line.split()[1:] for line in ended.out.splitlines() if line.strip()}
    assert ["3", "flag"] == rows["operators"]
    assert ["500", "environment"] == rows["lateness_ms"]
    assert "nothing wrong" in ended.out


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--set", "latenes_ms=1"], "did you mean lateness_ms?"),
        (["--ports", "none.csv"], "none.csv"),
        (["--set", "ingest_host=0.0.0.0"], "set ingest_token"),
        (["--set", "data_folder=/dev/null/x"], "cannot be written"),
    ],
)
def test_doctor_says_what_is_wrong_and_ends_with_1(words: list[str], says: str, tmp_path: Path) -> None:
    """All findings are listed, the wrong ones with what to do."""
    ended = linewatch(tmp_path, "doctor", *words)
    assert (1, "") == (ended.code, ended.err)
    assert says in ended.out
    assert "1 wrong" in ended.out


def test_doctor_leaves_no_trace(tmp_path: Path) -> None:
    """It looks, and makes neither a key nor a folder."""
    ended = linewatch(tmp_path, "doctor", env={"LINEWATCH_PLATE_KEY": None})
    assert 0 == ended.code, ended.out
    assert [] == list(tmp_path.iterdir())
