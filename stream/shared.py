"""What have many keys learnt together? Mergeable integer sums, published a period late.

Rule 2 of the architecture: what event-time hour *k* collected is used from hour *k + 2* on. Sums are integers and
merge in any order to the same value, so one process and twelve partitions read the same numbers. A row decays by
the time between the periods in which it was touched; it costs nothing while nobody touches it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detectors.base import HOUR_MS, SharedSpec, SharedView
from detectors.fold import fold, gather, roll

Sums = tuple[NDArray[np.int64], NDArray[np.int64]]  # row numbers [r], and what was added to them [r, width]
LAG = 2  # periods from collection to use


def period_of(time_ms: Any) -> Any:
    """The event-time hour of a time or an array of times."""
    return time_ms // HOUR_MS


class Tally:
    """What one partition collected for one shared table in one period: rows x width integers."""

    def __init__(self, rows: int, width: int) -> None:
        self.sums = np.zeros((rows, width), np.int64)
        self.touched = np.zeros(rows, np.uint8)

    def grow(self, rows: int) -> None:
        """At least `rows` rows."""
        if rows > len(self.touched):
            self.sums = _grown(self.sums, rows)
            self.touched = _grown(self.touched, rows)

    def collected(self) -> Sums:
        """The touched rows and their sums."""
        index = np.flatnonzero(self.touched)
        return index, self.sums[index]

    def take(self) -> Sums:
        """The same, leaving zeros, so that the arrays can serve the next period."""
        rows = int(np.count_nonzero(self.touched))
        index, sums = np.empty(rows, np.int64), np.empty((rows, self.sums.shape[1]), np.int64)
        gather(self.sums, self.touched, index, sums)
        return index, sums


class SharedCounts:
    """One shared table: the published sums, and the tallies of the periods that are still open."""

    def __init__(self, spec: SharedSpec, half_life_days: float) -> None:
        self.spec = spec
        self.half_life_periods = (spec.half_life_days or half_life_days) * 24.0
        self.totals = np.zeros((0, spec.width))
        self.last = np.zeros(0, np.int64)  # period of the last fold of each row
        self.published = -1  # newest period folded into the totals
        self.open: dict[int, Tally] = {}
        self._spare: list[Tally] = []
        self._undo: tuple[NDArray[np.int64], NDArray[np.float64]] | None = None
        self._undo_of = -1
        self._before = np.empty((0, spec.width))

    def grow(self, ports: int) -> None:
        """Room for the rows of `ports` ports."""
        if self.spec.rows(ports) > len(self.last):
            self._grow_rows(self.spec.rows(1 << max(3, (ports - 1).bit_length())))  # double: ports register one by one

    def _grow_rows(self, rows: int) -> None:
        self.totals = _grown(self.totals, rows)
        self.last = _grown(self.last, rows)
        for tally in self.open.values():
            tally.grow(rows)

    def view(self, period: int) -> SharedView:
        """What a detector reads and where it adds in `period`; for a published period that is the next open one."""
        into = max(period, self.published + 1)
        tally = self.open.get(into)
        if tally is None:
            tally = self._spare.pop() if self._spare else Tally(len(self.last), self.spec.width)
            tally.grow(len(self.last))
            self.open[into] = tally
        return SharedView(self.totals, tally.sums, tally.touched)

    def collect(self, period: int) -> Sums | None:
        """Close the tally of a period and hand it over; None if there was none."""
        tally = self.open.pop(period, None)
        if tally is None:
            return None
        sums = tally.take()
        self._spare.append(tally)
        return sums

    def publish(self, period: int, collected: Sequence[Sums]) -> None:
        """Fold what all partitions collected in `period` into the totals; call with rising periods."""
        index, sums = merged(collected) if len(collected) != 1 else collected[0]
        undo = np.empty((len(index), self.spec.width))
        if len(index):
            if index[-1] >= len(self.last):  # another partition knows more ports
                self._grow_rows(int(index[-1]) + 1)
            sums = sums.reshape(len(index), self.spec.width)
            fold(self.totals, self.last, index, sums, period, self.half_life_periods, self.spec.counts_periods, undo)
        self._undo, self._undo_of = (index, undo), period
        self.published = period

    def roll(self, period: int) -> NDArray[np.int64]:
        """`collect` and `publish` of a partition that is alone; returns the rows that changed."""
        tally = self.open.pop(period, None)
        index = np.empty(0, np.int64) if tally is None else np.flatnonzero(tally.touched.view(np.bool_))
        if len(index) > len(self._before):
            self._before = np.empty((2 * len(index), self.spec.width))
        undo = self._before[: len(index)]  # over that of the period before, which is not needed any more
        if tally is not None:
            roll(self.totals, self.last, tally.sums, tally.touched, index, period, self.half_life_periods,
                 self.spec.counts_periods, undo)  # fmt: skip
            self._spare.append(tally)
        self._undo, self._undo_of = (index, undo), period
        self.published = period
        return index

    def swap(self) -> None:
        """Exchange the last fold with what stood before it, for stragglers of the period before; again to return."""
        if self._undo is not None:
            index, before = self._undo
            self._undo = (index, self.totals[index])
            self.totals[index] = before

    def save(self) -> dict[str, NDArray[Any]]:
        """Everything as arrays, for a checkpoint."""
        rows = np.flatnonzero(self.totals.any(axis=1)) if len(self.totals) else np.empty(0, np.int64)
        undo_rows, undo = self._undo or (np.empty(0, np.int64), np.empty((0, self.spec.width)))
        arrays: dict[str, NDArray[Any]] = {
            "shape": np.array([len(self.last), self.published, self._undo_of]),
            "rows": rows, "totals": self.totals[rows], "last": self.last[rows], "undo_rows": undo_rows, "undo": undo,
            "open": np.array(sorted(self.open), np.int64),
        }  # fmt: skip
        for period, tally in self.open.items():
            arrays[f"open{period}_rows"], arrays[f"open{period}_sums"] = tally.collected()
        return arrays

    def load(self, arrays: dict[str, NDArray[Any]]) -> None:
        """The inverse of `save`."""
        rows, self.published, self._undo_of = (int(x) for x in arrays["shape"])
        self.totals = np.zeros((rows, self.spec.width))
        self.last = np.zeros(rows, np.int64)
        self.totals[arrays["rows"]], self.last[arrays["rows"]] = arrays["totals"], arrays["last"]
        self._undo = (arrays["undo_rows"], arrays["undo"]) if self._undo_of >= 0 else None
        self.open = {}
        for period in arrays["open"].tolist():
            tally = self.open[period] = Tally(rows, self.spec.width)
            index = arrays[f"open{period}_rows"]
            tally.sums[index], tally.touched[index] = arrays[f"open{period}_sums"], 1


def merged(collected: Sequence[Sums]) -> Sums:
    """The sums of several partitions as one; integers, so that any order gives the same."""
    if not collected:
        return np.empty(0, np.int64), np.empty((0, 0), np.int64)
    index = np.unique(np.concatenate([rows for rows, _ in collected]))
    sums = np.zeros((len(index), collected[0][1].shape[1]), np.int64)
    for rows, part in collected:
        sums[np.searchsorted(index, rows)] += part
    return index, sums


def _grown(array: NDArray[Any], rows: int) -> NDArray[Any]:
    """A zero-filled copy with `rows` rows."""
    out = np.zeros((rows, *array.shape[1:]), array.dtype)
    out[: len(array)] = array
    return out
