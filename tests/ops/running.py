"""How do the tests run `linewatch` for real? In a subprocess, with a home of its own, on generated traffic."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evaluation.simulator import generate

REPOSITORY = Path(__file__).resolve().parents[2]
PLATE_KEY = "5a" * 32
# a budget that lets a small log alert, and checkpoints often enough to be killed between them
LOOSE_FLAGS = ("budget_per_hour=60", "budget_cap_per_hour=256", "floor_p=0.02")
LOOSE = tuple(word for flag in LOOSE_FLAGS for word in ("--set", flag))


def write_log(path: Path, *, seed: int = 5, days: int = 40, vehicles: int = 2_000, planted_rate: float = 0.02) -> Path:
    """A small border's traffic with planted stories, always the same bytes for the same arguments."""
    traffic = generate(seed=seed, days=days, vehicles=vehicles, ports=4, planted_rate=planted_rate)
    path.write_bytes(b"".join(traffic.lines()))
    return path


def environment(home: Path) -> dict[str, str]:
    """The environment of a child: nothing of ours, a fixed plate key, the repository on the path."""
    kept = {name: os.environ[name] for name in ("PATH", "NUMBA_CACHE_DIR") if name in os.environ}
    return {**kept, "HOME": str(home), "PYTHONPATH": str(REPOSITORY), "LINEWATCH_PLATE_KEY": PLATE_KEY}


@dataclass(frozen=True)
class Ended:
    """How a child ended."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        """Its standard error."""
        return self.err.splitlines()


def linewatch(
    folder: Path, *words: object, stdin: bytes = b"", env: Mapping[str, str | None] | None = None,
    before: Callable[[], Any] | None = None,
) -> Ended:  # fmt: skip
    """Run a command in `folder` to its end; None in `env` takes a variable out, `before` runs in the child."""
    wanted = {**environment(folder), **(env or {})}
    done = subprocess.run(
        [sys.executable, "-m", "ops.cli", *map(str, words)], cwd=folder, input=stdin, capture_output=True,
        env={name: value for name, value in wanted.items() if value is not None}, preexec_fn=before, timeout=240,
        check=False,
    )  # fmt: skip
    return Ended(done.returncode, done.stdout.decode(), done.stderr.decode())


def start(folder: Path, *words: object, env: dict[str, str] | None = None, **pipes: Any) -> subprocess.Popen[str]:
    """Start a command whose standard error is read line by line."""
    return subprocess.Popen(
        [sys.executable, "-m", "ops.cli", *map(str, words)], cwd=folder, stderr=subprocess.PIPE, text=True,
        env={**environment(folder), **(env or {})}, **pipes,
    )  # fmt: skip


def wait_for(child: subprocess.Popen[str], text: str) -> str:
    """The first line of the child's standard error that holds `text`; fails when it ends without one."""
    assert child.stderr is not None
    seen = []
    for line in child.stderr:
        seen.append(line)
        if text in line:
            return line
    raise AssertionError(f"{text!r} never came: {''.join(seen)}")


def one_line(ended: Ended, *texts: str) -> None:
    """The command failed with 1 and one line that holds all `texts`, and no traceback."""
    assert 1 == ended.code, ended.err
    assert 1 == len(ended.lines), ended.err
    assert ended.lines[0].startswith("linewatch: ")
    for text in texts:
        assert text in ended.err, ended.err
