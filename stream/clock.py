"""How far has a source come in event time, and which place does a crossing take there?

The source's clock is the newest time that one stray record alone could not have made up.

A recorded log may hold a line from a reader whose clock stood in 2090. Were it believed, every later crossing would be
late and every shared sum stand still. So a crossing over `LEAP_MS` ahead of its source moves the source on only when
the next leap of that source agrees with it; until then it is assessed with what is known, and waits at the port. After
a true silence of months the second crossing confirms the first.

A crossing that is older than its source's clock by more than the allowed lateness is *late*: it takes the place of the
watermark that it met. So no place lies below the watermark of its source, and what has passed that is complete.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

LEAP_MS = 30 * 86_400_000
NEVER = np.iinfo(np.int64).min // 2


def places(time_ms: NDArray[np.int64], before_ms: NDArray[np.int64], lateness_ms: int) -> NDArray[np.int64]:
    """The time each crossing counts for, int64 [n]: its own, or the watermark that it met where it was late.

    `before_ms` is its source's clock before it came.

    >>> places(np.array([90, 99]), np.array([100, 100]), 5).tolist()
    [95, 99]
    """
    return np.maximum(time_ms, before_ms - lateness_ms)


class EventClock:
    """One source's clock; the result depends on the order of its crossings only, not on how they were cut."""

    def __init__(self) -> None:
        self.newest = NEVER
        self.ahead = NEVER  # a leap that nothing has confirmed yet

    def reached(self, time_ms: NDArray[np.int64]) -> NDArray[np.int64]:
        """How far the source has come with each crossing, int64 [n]; below the crossing's own time where it leapt."""
        if not len(time_ms):
            return time_ms
        if self.newest == NEVER:
            self.newest = int(time_ms[0])
        if int(time_ms.max()) <= self.newest + LEAP_MS:  # no leap: nearly always
            out = np.maximum(np.maximum.accumulate(time_ms), self.newest)
        else:
            out = np.array([self._step(t) for t in time_ms.tolist()], np.int64)
        self.newest = int(out[-1])
        return out

    def before(self, reached_ms: NDArray[np.int64], newest_ms: int) -> NDArray[np.int64]:
        """The clock before each crossing, int64 [n], from what `reached` gave; it stood at `newest_ms` until then."""
        return np.concatenate([np.full(1, newest_ms, np.int64), reached_ms])[: len(reached_ms)]

    def _step(self, time_ms: int) -> int:
        if time_ms <= self.newest + LEAP_MS:
            self.newest = max(self.newest, time_ms)
        elif self.ahead != NEVER and abs(time_ms - self.ahead) <= LEAP_MS:
            self.newest, self.ahead = max(time_ms, self.ahead), NEVER
        else:
            self.ahead = time_ms
        return self.newest
