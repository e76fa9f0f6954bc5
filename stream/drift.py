"""Has a series of numbers changed? river's ADWIN, one for each key, made when its first number comes.

ADWIN keeps a window of recent numbers and drops its older part where the means of the two parts differ by more than
chance allows (Bifet & Gavalda 2007, Learning from time-changing data with adaptive windowing, SDM; river 0.26
`drift.ADWIN`). Numbers here are in standard deviations, cut at `REACH`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from detectors import river_state

if TYPE_CHECKING:
    from river.drift import ADWIN

DELTA = 1e-5  # chance of a false alarm at a cut; a border has some thousand series-days a month
REACH = 8.0


class Drift:
    """ADWINs by key."""

    def __init__(self) -> None:
        self.windows: dict[int, ADWIN] = {}

    def update(self, key: int, value: float) -> float | None:
        """Take a number; where the series has changed the share of the window that is still kept, else None."""
        window = self.windows.get(key)
        if window is None:
            window = self.windows[key] = _new()
        before = window.width
        window.update(min(REACH, max(-REACH, value)))  # type: ignore[no-untyped-call]
        return float(window.width / (before + 1)) if window.drift_detected else None

    def dump(self) -> bytes:
        """For a checkpoint; nothing where there is nothing."""
        return river_state.dump(dict(self.windows)) if self.windows else b""

    def load(self, blob: bytes) -> None:
        """The inverse of `dump`."""
        self.windows = river_state.load(blob, "drift", type(_new())) if blob else {}


def _new() -> ADWIN:
    from river.drift import ADWIN  # noqa: PLC0415 (a second; no command but those that decide crossings needs it)

    return ADWIN(delta=DELTA, clock=1, grace_period=12)  # type: ignore[no-untyped-call]
