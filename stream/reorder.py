"""In which order does the port stage take crossings of many partitions? By event time, ties by `crossing_id`.

A crossing waits until the watermark has passed it: the newest event time that every source has reached, minus the
allowed lateness. One that comes after that is *late*: it is taken next, marked and counted. The order depends on
the arrival order of each source only, never on how the stream was cut into batches:

* a punctual crossing has the key (its time, 0, crossing_id);
* a late one has (the watermark it met, 1, its number of arrival);
* what is released is strictly below the watermark, and nothing punctual can come there any more.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stream.assessment import Assessment
from stream.clock import NEVER

I8 = NDArray[np.int64]


class Ordered(NamedTuple):
    """Released crossings, the time they count for in the order, and which were late."""

    rows: Assessment
    at_ms: I8
    late: NDArray[np.bool_]


class Reorder:
    """The buffer; `sources` is the number of partitions it merges."""

    def __init__(self, lateness_ms: int, sources: int = 1) -> None:
        self.lateness_ms = lateness_ms
        self.newest = np.full(sources, NEVER, np.int64)
        self.arrivals = 0
        self._waiting: list[tuple[Assessment, I8, I8]] = []  # rows, at_ms, arrival number or -1 where punctual

    def push(self, rows: Assessment, source: int = 0) -> Ordered | None:
        """Take rows of one source in their order of arrival; give what the watermark has passed."""
        time_ms = rows.batch.time_ms
        if len(time_ms):
            others = np.delete(self.newest, source)
            reached = np.maximum.accumulate(np.concatenate([self.newest[source : source + 1], rows.reached_ms]))
            low = np.minimum(reached, others.min()) if len(others) else reached
            before = low[:-1] - self.lateness_ms
            late = time_ms < before
            arrival = np.where(late, np.arange(self.arrivals, self.arrivals + len(time_ms)), -1)
            self.arrivals += len(time_ms)
            self.newest[source] = reached[-1]
            self._waiting.append((rows, np.where(late, before, time_ms), arrival))
        return self._release(int(self.newest.min()) - self.lateness_ms)

    def reach(self, time_ms: int, source: int = 0) -> Ordered | None:
        """A source says that it has reached a time without a crossing (punctuation)."""
        self.newest[source] = max(int(self.newest[source]), time_ms)
        return self._release(int(self.newest.min()) - self.lateness_ms)

    def flush(self) -> Ordered | None:
        """Release everything: the end of the input, or a port that fell idle."""
        return self._release(np.iinfo(np.int64).max)

    def _release(self, watermark: int) -> Ordered | None:
        if not self._waiting:
            return None
        at_ms = np.concatenate([w[1] for w in self._waiting])
        arrival = np.concatenate([w[2] for w in self._waiting])
        ids = np.concatenate([w[0].batch.crossing_id for w in self._waiting])
        ready = at_ms < watermark
        order = ordering(at_ms, arrival, ids, np.flatnonzero(ready))
        if (order == np.arange(len(order))).all():  # they came in order, as nearly always: nothing to sort
            released = self._take_first(len(order))
        else:
            rows = Assessment.concat([w[0] for w in self._waiting])
            released = rows.take(order)
            self._waiting = [] if ready.all() else [(rows.take(~ready), at_ms[~ready], arrival[~ready])]
        return Ordered(released, at_ms[order], arrival[order] >= 0) if len(order) else None

    def _take_first(self, count: int) -> Assessment:
        """Take away what came first of all that waits."""
        taken, left = [], []
        for rows, at_ms, arrival in self._waiting:
            first, rest = slice(0, count), slice(count, None)
            if count >= len(at_ms):
                taken.append(rows)
            else:
                left.append((rows.take(rest), at_ms[rest], arrival[rest]))
                taken += [rows.take(first)] if count else []
            count = max(0, count - len(at_ms))
        self._waiting = left
        return Assessment.concat(taken or [rows])

    def waiting(self) -> tuple[Assessment, I8, I8] | None:
        """What waits, for a checkpoint."""
        if not self._waiting:
            return None
        return (
            Assessment.concat([w[0] for w in self._waiting]),
            np.concatenate([w[1] for w in self._waiting]),
            np.concatenate([w[2] for w in self._waiting]),
        )

    def restore(self, newest: I8, arrivals: int, waiting: tuple[Assessment, I8, I8] | None) -> None:
        """The inverse of `newest`, `arrivals` and `waiting()`."""
        self.newest, self.arrivals = newest, arrivals
        self._waiting = [waiting] if waiting is not None else []


def ordering(at_ms: I8, arrival: I8, crossing_id: NDArray[Any], index: I8) -> I8:
    """The members of `index` sorted by (at_ms, late, crossing_id or arrival)."""
    order = index[np.argsort(at_ms[index], kind="stable")]
    starts = np.flatnonzero(np.diff(at_ms[order], prepend=NEVER, append=NEVER))
    ties = np.flatnonzero(np.diff(starts) > 1)
    for first, last in zip(starts[ties].tolist(), starts[ties + 1].tolist(), strict=True):
        run = order[first:last].tolist()
        run.sort(key=lambda i: (arrival[i] >= 0, max(arrival[i], 0), crossing_id[i]))
        order[first:last] = run
    return order
