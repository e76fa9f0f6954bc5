"""How far has a source come in event time? The newest time that one stray record alone could not have made up.

A recorded log may hold a line from a reader whose clock stood in 2090. Were it believed, every later crossing would be
late and every shared sum stand still. So a crossing over `LEAP_MS` ahead of its source moves the source on only when
the next leap of that source agrees with it; until then it is assessed with what is known, and waits at the port. After
a true silence of months the second crossing confirms the first.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

LEAP_MS = 30 * 86_400_000
NEVER = np.iinfo(np.int64).min // 2


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

    def _step(self, time_ms: int) -> int:
        if time_ms <= self.newest + LEAP_MS:
            self.newest = max(self.newest, time_ms)
        elif self.ahead != NEVER and abs(time_ms - self.ahead) <= LEAP_MS:
            self.newest, self.ahead = max(time_ms, self.ahead), NEVER
        else:
            self.ahead = time_ms
        return self.newest
