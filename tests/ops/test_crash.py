"""Does a replay that is killed again and again write the same bytes as one that is left alone?"""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.ops.running import LOOSE, REPOSITORY, environment, linewatch, one_line, start, wait_for, write_log

OUTPUTS = ("alerts.jsonl", "rows.csv", "rows.parquet", "rejects.jsonl")
SMALL = ("--set", "batch_lines=150", "--set", "checkpoint_every_crossings=600")
pytestmark = pytest.mark.crash


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small border with a bad line every hundred: every output has something in it."""
    path = write_log(tmp_path_factory.mktemp("log") / "log.jsonl", vehicles=1_500)
    lines = path.read_bytes().splitlines(keepends=True)[:6_000]
    for place in range(50, len(lines), 100):
        lines[place] = b'{"crossing_id": %d}\n' % place
    path.write_bytes(b"".join(lines))
    return path


def words(log: Path, table: str, *more: str) -> list[str]:
    """The replay of the tests, with its outputs named relative to where it runs."""
    outputs = ["--alerts", "alerts.jsonl", "--assessments", table, "--dead-letter", "rejects.jsonl"]
    return ["replay", str(log), *outputs, *LOOSE, *SMALL, *more]


def outputs(folder: Path) -> dict[str, bytes]:
    """The bytes of every output that is there."""
    return {name: (folder / name).read_bytes() for name in OUTPUTS if (folder / name).exists()}


@pytest.fixture(scope="module")
def alone(log: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, bytes]]:
    """The outputs of uninterrupted runs without a state folder, by kind of table."""
    found = {}
    for table in ("rows.csv", "rows.parquet"):
        folder = tmp_path_factory.mktemp("alone")
        ended = linewatch(folder, *words(log, table))
        assert 0 == ended.code, ended.err
        found[table] = outputs(folder)
        assert {"alerts.jsonl", table, "rejects.jsonl"} == set(found[table])
        assert found[table]["alerts.jsonl"].count(b"\n") > 5
    return found


def test_killed_with_signal_9_from_outside_and_resumed(
    log: Path, alone: dict[str, dict[str, bytes]], tmp_path: Path
) -> None:
    """The real command, killed after some lines of progress, three times; then the outputs are those of one run."""
    command = words(log, "rows.csv", "--state", "state", "--progress", "lines")
    for blocks in (3, 9, 20):
        child = start(tmp_path, *command, stdout=subprocess.DEVNULL)
        for _ in range(blocks):
            wait_for(child, "progress lines=")
        child.kill()
        child.communicate()
        assert -signal.SIGKILL == child.returncode
    ended = linewatch(tmp_path, *command)
    assert 0 == ended.code, ended.err
    assert "resumed after" in ended.out
    assert alone["rows.csv"] == outputs(tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("table", ["rows.csv", "rows.parquet"])
def test_killed_at_random_moments_many_times(
    table: str, log: Path, alone: dict[str, dict[str, bytes]], tmp_path: Path
) -> None:
    """A timer kills the process wherever it stands, inside a checkpoint too; the bytes stay the same."""
    script = REPOSITORY / "tests" / "ops" / "kill_again.py"
    seed = random.randrange(10**6)
    warm = tmp_path / "warm.jsonl"
    warm.write_bytes(b"".join(log.read_bytes().splitlines(keepends=True)[:2_000]))
    done = subprocess.run(
        [sys.executable, str(script), str(seed), str(warm), *words(log, table, "--state", "state")],
        cwd=tmp_path, env=environment(tmp_path), capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert 0 == done.returncode, f"seed {seed}: {done.stderr}"
    assert json.loads(done.stdout)["kills"] >= 5, f"seed {seed}: {done.stdout}"
    assert alone[table] == outputs(tmp_path), f"seed {seed}"


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_asked_to_stop_it_saves_and_goes_on_later(
    number: signal.Signals, code: int, log: Path, alone: dict[str, dict[str, bytes]], tmp_path: Path
) -> None:
    """Ctrl-C and SIGTERM: a checkpoint, one line that says so, the exit code of the signal; then the same bytes."""
    command = words(log, "rows.csv", "--state", "state", "--progress", "lines")
    child = start(tmp_path, *command, stdout=subprocess.PIPE)
    wait_for(child, "progress lines=")
    child.send_signal(number)
    out, err = child.communicate(timeout=240)
    assert (code, "") == (child.returncode, out)
    assert "the same command goes on from there" in err.splitlines()[-1]
    assert 0 == linewatch(tmp_path, *command).code
    assert alone["rows.csv"] == outputs(tmp_path)


def test_a_finished_run_can_be_repeated_and_a_grown_log_gone_on_with(
    log: Path, alone: dict[str, dict[str, bytes]], tmp_path: Path
) -> None:
    """The last checkpoint lies before the final flush: half a log, then all of it, is as if it had been whole."""
    lines = log.read_bytes().splitlines(keepends=True)
    growing = tmp_path / log.name
    for part in (len(lines) // 2, len(lines), len(lines)):
        growing.write_bytes(b"".join(lines[:part]))
        ended = linewatch(tmp_path, *words(growing, "rows.parquet", "--state", "state"))
        assert 0 == ended.code, ended.err
    assert alone["rows.parquet"] == outputs(tmp_path)


@pytest.fixture(scope="module")
def begun(log: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a finished run and its state."""
    folder = tmp_path_factory.mktemp("begun")
    ended = linewatch(folder, *words(log, "rows.csv", "--state", "state"))
    assert 0 == ended.code, ended.err
    return folder


def test_other_settings_are_refused(begun: Path, log: Path) -> None:
    """A changed half-life would mix two configurations in one output."""
    ended = linewatch(begun, *words(log, "rows.csv", "--state", "state", "--set", "half_life_days=30"))
    one_line(ended, "the settings that change results", "name a new state folder")


def test_another_plate_key_is_refused(begun: Path, log: Path) -> None:
    """With another key every vehicle would be a new one."""
    ended = linewatch(begun, *words(log, "rows.csv", "--state", "state"), env={"LINEWATCH_PLATE_KEY": "5b" * 32})
    one_line(ended, "the plate key")


def test_another_log_is_refused(begun: Path, log: Path, tmp_path: Path) -> None:
    """The folder has read another beginning."""
    other = tmp_path / "log.jsonl"
    other.write_bytes(b"\n" + log.read_bytes())
    one_line(linewatch(begun, *words(other, "rows.csv", "--state", "state")), "is not the log", "new --state folder")


def test_a_shortened_output_is_refused(begun: Path, log: Path) -> None:
    """Somebody cut the alerts: nothing is guessed."""
    alerts = begun / "alerts.jsonl"
    kept = alerts.read_bytes()
    alerts.write_bytes(kept[:-1])
    one_line(linewatch(begun, *words(log, "rows.csv", "--state", "state")), "alerts.jsonl", "was changed")
    alerts.write_bytes(kept)
