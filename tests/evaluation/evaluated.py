"""How do the tests evaluate a log? Through the command itself, in this process, on a generated border."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from click.testing import CliRunner

from evaluation.results import Results
from evaluation.simulator import generate
from ops.evaluate import evaluate


@dataclass(frozen=True)
class Evaluated:
    """A log, what was written about it, and what the terminal said."""

    folder: Path
    said: str
    code: int

    @property
    def report(self) -> str:
        """The page."""
        return (self.folder / "out" / "report.html").read_text(encoding="utf-8")

    @property
    def metrics(self) -> bytes:
        """The figures as they stand in the file."""
        return (self.folder / "out" / "metrics.json").read_bytes()

    @property
    def results(self) -> Results:
        """The figures, checked against their own shape."""
        return msgspec.json.decode(self.metrics, type=Results)


def write_border(folder: Path, *, odd_port: str = "", **arguments: Any) -> Path:
    """A generated log with its label files; `odd_port` takes the place of the first port's code."""
    folder.mkdir(parents=True, exist_ok=True)
    traffic = generate(**arguments)
    traffic.write(folder)
    if odd_port:
        log = folder / "crossings.jsonl"
        data = log.read_bytes()
        first = data.split(b'"port":"', 1)[1].split(b'"', 1)[0]
        log.write_bytes(data.replace(b'"port":"' + first + b'"', b'"port":"' + odd_port.encode() + b'"'))
    return folder


def words(folder: Path, *more: str) -> list[str]:
    """The command line that evaluates the log of a folder."""
    return [
        str(folder / "crossings.jsonl"), "--labels", str(folder / "labels.csv"), "--out", str(folder / "out"),
        "--set", f"plate_key_file={folder / 'plate.key'}", *more,
    ]  # fmt: skip


def run_evaluate(folder: Path, *more: str) -> Evaluated:
    """Run it; raises what the command raises."""
    ended = CliRunner().invoke(evaluate, words(folder, *more), standalone_mode=False)
    if ended.exception is not None:
        raise ended.exception
    return Evaluated(folder, ended.output, int(ended.return_value or 0))
