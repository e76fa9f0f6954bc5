"""Does `linewatch import` say what it did, and end with the exit code of the contract?"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ops.importer import import_command
from schemas.errors import LinewatchError
from schemas.plates import KEY_VARIABLE

DATA = Path(__file__).parent / "data"
KEY = {KEY_VARIABLE: bytes(range(32)).hex()}


def command(*arguments: str | Path) -> Result:
    """Runs the command in this process, with a plate key in the environment."""
    return CliRunner(env=KEY).invoke(import_command, [str(argument) for argument in arguments])


@pytest.mark.parametrize(
    ("name", "ready", "written", "refused", "vehicles"),
    [
        ("genetec.csv", "genetec", 3, 2, 2),
        ("genetec_sharpv.jsonl", "genetec_sharpv", 2, 0, 2),
        ("nedap.jsonl", "nedap", 2, 0, 1),
    ],
)
def test_the_sample_of_each_reader_is_imported_with_its_ready_map(
    tmp_path: Path, name: str, ready: str, written: int, refused: int, vehicles: int
) -> None:
    """Two spellings of a plate are one vehicle; what is refused is in a file of its own."""
    out = tmp_path / "log.jsonl"
    result = command(DATA / name, "--map", ready, "--out", out)
    assert 0 == result.exit_code, result.output
    assert f"{written} written + {refused} refused" in result.output
    crossings = [json.loads(line) for line in out.read_bytes().splitlines()]
    assert (written, vehicles) == (len(crossings), len({crossing["vehicle"] for crossing in crossings}))
    assert (tmp_path / "log.jsonl.rejects.jsonl").exists() == (refused > 0)
    assert "TEST" not in result.output + "".join(path.read_text("utf-8") for path in tmp_path.iterdir())


def test_the_ready_maps_are_listed() -> None:
    """A name and a line each."""
    result = command("--list-maps")
    assert (0, 5) == (result.exit_code, len(result.output.splitlines()))
    assert result.output.splitlines()[3].startswith("seattle  ")


def test_wrong_usage_is_exit_code_2() -> None:
    """Click says what is missing."""
    result = command(DATA / "nedap.jsonl", "--map", "nedap")
    assert 2 == result.exit_code
    assert "FILE, --map and --out are all needed" in result.output


def test_a_file_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    """The command line turns it into exit code 1."""
    result = command(tmp_path / "none.csv", "--map", "genetec", "--out", tmp_path / "log.jsonl")
    assert isinstance(result.exception, LinewatchError)
    assert str(result.exception).endswith("none.csv cannot be read: No such file or directory")


def test_a_full_disk_leaves_nothing_behind_and_says_so(tmp_path: Path) -> None:
    """/dev/full takes no byte: the log cannot be written there, and there is no traceback."""
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    (tmp_path / ".log.jsonl.part").symlink_to("/dev/full")
    result = command(DATA / "nedap.jsonl", "--map", "nedap", "--out", tmp_path / "log.jsonl")
    assert isinstance(result.exception, LinewatchError)
    assert "No space left on device" in str(result.exception)
    assert [] == list(tmp_path.iterdir())


def test_run_on_its_own_it_keeps_the_exit_codes(tmp_path: Path) -> None:
    """`python -m ops.importer`: 1 and one line on stderr for what a user can cause."""
    arguments = ["no-such-file.csv", "--map", "seatle", "--out", str(tmp_path / "log.jsonl")]
    process = [sys.executable, "-m", "ops.importer", *arguments]
    done = subprocess.run(process, capture_output=True, text=True, check=False)
    assert (1, 1) == (done.returncode, done.stderr.count("\n"))
    assert "--map seatle: no such file and no ready map of that name; did you mean 'seattle'?" in done.stderr
