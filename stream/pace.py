"""When is each crossing of a log due, if event time may not pass faster than so many times the wall clock?"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from stream.clock import NEVER


class Pace:
    """The first crossing is due at once, the others as much later as they happened, divided by `speed`.

    >>> Pace(2).due_s(np.array([NEVER, 1000, 1000, 9000]), now=70.0).tolist()
    [70.0, 70.0, 70.0, 74.0]
    """

    def __init__(self, speed: float) -> None:
        self._speed = speed
        self._start: tuple[float, int] | None = None

    def due_s(self, reached_ms: NDArray[np.int64], now: float) -> NDArray[np.float64]:
        """By the clock that says `now`, float64 [n], never falling.

        `reached_ms` is the log's clock, which a stray time does not move: a line from 2090 is not waited for.
        """
        begun = reached_ms > NEVER
        if self._start is None and begun.any():
            self._start = now, int(reached_ms[np.argmax(begun)])
        if self._start is None:
            return np.full(len(reached_ms), now)
        wall, event_ms = self._start
        return np.where(begun, wall + (reached_ms - event_ms) / (1000 * self._speed), wall)
