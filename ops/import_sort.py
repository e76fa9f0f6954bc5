"""How are lines put in order of event time when they do not fit in memory? An external merge sort.

Lines are collected until they fill the allowance, sorted and written to a temporary folder as one run; the runs are
then merged. The sort is stable: equal times keep the order they came in, so the result never depends on the allowance.
"""

from __future__ import annotations

import heapq
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

Timed = tuple[int, bytes]  # (time in ms UTC, one line without its newline)

FAN_IN = 64  # runs merged at once: open files stay few, whatever the allowance
OVERHEAD = 120  # bytes that a (time, line) pair takes in memory besides its text


class Sorter:
    """Takes lines with their times, gives them back in order of time. Use as a context: it owns a temporary folder.

    `memory` is the allowance in bytes; `folder` is where the temporary folder is made (the disk of the output).
    """

    def __init__(self, folder: Path, memory: int) -> None:
        self._parent = folder
        self._memory = memory
        self._held: list[Timed] = []
        self._size = 0
        self._runs: list[Path] = []
        self._made = 0
        self._temp: tempfile.TemporaryDirectory[str] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        if self._temp is not None:
            self._temp.cleanup()

    @property
    def runs(self) -> int:
        """How many runs were written to disk."""
        return self._made

    def add(self, time_ms: int, line: bytes) -> None:
        """One more line. Raises OSError where the disk does not take the run."""
        self._held.append((time_ms, line))
        self._size += len(line) + OVERHEAD
        if self._size > self._memory:
            self._spill()

    def __iter__(self) -> Iterator[bytes]:
        """All lines in order of time, once."""
        self._held.sort(key=_time)
        while len(self._runs) >= FAN_IN:  # merge neighbours, so that equal times keep their order
            groups = [self._runs[i : i + FAN_IN] for i in range(0, len(self._runs), FAN_IN)]
            self._runs = [self._merge(group) for group in groups]
        sources: list[Iterable[Timed]] = [_read(run) for run in self._runs]
        for _, line in heapq.merge(*sources, self._held, key=_time):
            yield line

    def _spill(self) -> None:
        self._held.sort(key=_time)
        self._runs.append(self._write(self._held))
        self._held = []
        self._size = 0

    def _merge(self, group: list[Path]) -> Path:
        merged = self._write(heapq.merge(*(_read(run) for run in group), key=_time))
        for run in group:
            run.unlink()
        return merged

    def _write(self, pairs: Iterable[Timed]) -> Path:
        if self._temp is None:
            self._temp = tempfile.TemporaryDirectory(prefix=".linewatch-sort-", dir=self._parent)
        self._made += 1
        path = Path(self._temp.name) / f"{self._made:06}"
        with path.open("wb") as file:
            file.writelines(b"%d %b\n" % pair for pair in pairs)
        return path


def _time(pair: Timed) -> int:
    return pair[0]


def _read(path: Path) -> Iterator[Timed]:
    with path.open("rb") as file:
        for record in file:
            time_ms, _, line = record.rstrip(b"\n").partition(b" ")
            yield int(time_ms), line
