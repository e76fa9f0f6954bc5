"""In which order does the port stage take crossings of many partitions? By event time, ties by `crossing_id`.

A crossing waits until the watermark has passed it: the newest event time that every source has reached, minus the
allowed lateness. One that is *late* has the place of the watermark it met at its source (`stream/clock.py`); it is
marked and counted. So the key of a crossing is (its place, whether late, `crossing_id`): the order follows from what
each source sent and in which order, never from how the sources interleave or how the stream was cut into batches.
What is released lies strictly below the watermark, and no crossing can come to a place there any more.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stream.assessment import Assessment
from stream.clock import NEVER

I8 = NDArray[np.int64]
EVER = np.iinfo(np.int64).max // 2


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
        self._waiting: list[Assessment] = []

    @property
    def watermark(self) -> int:
        """What lies below is complete."""
        return int(self.newest.min()) - self.lateness_ms

    def push(self, rows: Assessment, source: int = 0) -> Ordered | None:
        """Take rows of one source in their order of arrival; give what the watermark has passed."""
        self.take(rows, source)
        return self.release()

    def reach(self, time_ms: int, source: int = 0) -> Ordered | None:
        """A source says that it has reached a time without a crossing (punctuation)."""
        self.newest[source] = max(int(self.newest[source]), time_ms)
        return self.release()

    def flush(self) -> Ordered | None:
        """Release everything: the end of the input, or a port that fell idle."""
        return self.release(EVER)

    def take(self, rows: Assessment, source: int = 0) -> None:
        """Take rows of one source without a look at what may go."""
        if len(rows.reached_ms):
            self.newest[source] = max(int(self.newest[source]), int(rows.reached_ms[-1]))
            self.wait(rows)

    def wait(self, rows: Assessment) -> None:
        """Take rows of any sources; how far those have come is to be said in `newest`."""
        self._waiting.append(rows)

    def put_back(self, rows: Assessment) -> None:
        """Have rows wait again that were released and not decided."""
        self._waiting.insert(0, rows)

    def release(self, watermark: int | None = None) -> Ordered | None:
        """What lies below the watermark, in order; None for nothing."""
        if not self._waiting:
            return None
        watermark = self.watermark if watermark is None else watermark
        at_ms = np.concatenate([w.place_ms for w in self._waiting])
        ready = at_ms < watermark
        if not ready.any():
            return None
        late = at_ms > np.concatenate([w.batch.time_ms for w in self._waiting])
        ids = np.concatenate([w.batch.crossing_id for w in self._waiting])
        order = ordering(at_ms, late, ids, np.flatnonzero(ready))
        if (order == np.arange(len(order))).all():  # they came in order, as nearly always: nothing to sort
            released = self._take_first(len(order))
        else:
            rows = Assessment.concat(self._waiting)
            released = rows.take(order)
            self._waiting = [] if ready.all() else [rows.take(~ready)]
        return Ordered(released, at_ms[order], late[order])

    def _take_first(self, count: int) -> Assessment:
        """Take away what came first of all that waits."""
        taken, left = [], []
        for rows in self._waiting:
            size = len(rows.place_ms)
            if count >= size:
                taken.append(rows)
            else:
                left.append(rows.take(slice(count, None)))
                taken += [rows.take(slice(0, count))] if count else []
            count = max(0, count - size)
        self._waiting = left
        return Assessment.concat(taken)

    def waiting(self) -> Assessment | None:
        """What waits, for a checkpoint."""
        return Assessment.concat(self._waiting) if self._waiting else None

    def restore(self, newest: I8, waiting: Assessment | None) -> None:
        """The inverse of `newest` and `waiting()`."""
        self.newest = newest
        self._waiting = [waiting] if waiting is not None else []


def ordering(at_ms: I8, late: NDArray[np.bool_], crossing_id: NDArray[Any], index: I8) -> I8:
    """The members of `index` sorted by (at_ms, late, crossing_id)."""
    order = index[np.argsort(at_ms[index], kind="stable")]
    starts = np.flatnonzero(np.diff(at_ms[order], prepend=NEVER, append=NEVER))
    ties = np.flatnonzero(np.diff(starts) > 1)
    for first, last in zip(starts[ties].tolist(), starts[ties + 1].tolist(), strict=True):
        run = order[first:last].tolist()
        run.sort(key=lambda i: (late[i], crossing_id[i]))
        order[first:last] = run
    return order
