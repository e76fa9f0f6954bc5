"""How long until the first answer? `linewatch --help` and a replay of ten lines, as processes, warm and cold."""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.child import environment
from benchmarks.figures import Figure, Result
from benchmarks.log import generated_log
from benchmarks.scale import TINY, Scale

LINES = 10


def run(scale: Scale, cache: Path) -> Result:
    """The figures. A warm start comes after one that nobody times; a cold one has no compiled code at all."""
    log = generated_log(cache, crossings=TINY.crossings, vehicles=TINY.vehicles, ports=TINY.ports)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        few = folder / "ten.jsonl"
        few.write_bytes(b"".join(log.read_bytes().splitlines(keepends=True)[:LINES]))
        replay = ["replay", str(few), "--alerts", str(folder / "alerts.jsonl"), "--progress", "none"]
        cold = [started(replay, NUMBA_CACHE_DIR=str(folder / "compiled"))] if scale.cold else []
        started(["--help"])
        started(replay)
        help_runs = [started(["--help"]) for _ in range(2 * scale.starts)]
        replays = [started(replay) for _ in range(scale.starts)]
    figures = [
        Figure("`linewatch --help`, warm", [wall for wall, _ in help_runs], "s", at_most=0.5),
        Figure("`linewatch --help`, processor time", [busy for _, busy in help_runs], "s"),
        Figure("`linewatch replay` of ten lines, warm", [wall for wall, _ in replays], "s", at_most=2.0),
        Figure("`linewatch replay` of ten lines, processor time", [busy for _, busy in replays], "s"),
    ]
    if cold:
        figures.append(Figure("`linewatch replay` of ten lines, nothing compiled yet", [cold[0][0]], "s"))
    return Result(figures)


def started(arguments: list[str], **variables: str) -> tuple[float, float]:
    """Seconds by the wall clock and of processor time of one `linewatch`; RuntimeError when it fails."""
    before, start = _children_s(), time.perf_counter()
    program = "from ops.cli import main; main()"  # what the console script runs
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], env=environment(**variables), capture_output=True, check=False
    )
    wall = time.perf_counter() - start
    if done.returncode:
        raise RuntimeError(f"linewatch {' '.join(arguments)} failed: {done.stderr.decode()}")
    return wall, _children_s() - before


def _children_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
