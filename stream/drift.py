"""Has a series of numbers changed? river's ADWIN, one for each key, made when its first number comes.

ADWIN keeps a window of recent numbers and drops its older part where the means of the two parts differ by more than
chance allows (Bifet & Gavalda 2007, Learning from time-changing data with adaptive windowing, SDM). Numbers here are in
standard deviations, cut at `REACH`. It is the compiled class inside of river 0.26's `drift.ADWIN`, taken directly:
`river.drift` brings scikit-learn along and takes a second to import, which every replay would pay. A test holds that
both find the same.
"""

from __future__ import annotations

from typing import Any

from river._river_rust.drift import AdaptiveWindowing

from detectors import river_state

DELTA = 1e-5  # chance of a false alarm at a cut; a border has some thousand series-days a month
REACH = 8.0


class Drift:
    """ADWINs by key."""

    def __init__(self) -> None:
        self.windows: dict[int, Any] = {}

    def update(self, key: int, value: float) -> float | None:
        """Take a number; where the series has changed the share of the window that is still kept, else None.

        After a change the window begins anew, as `river.drift.ADWIN` has it.
        """
        window = self.windows.get(key)
        if window is None:
            window = self.windows[key] = _new()
        before = window.get_width()
        if not window.update(min(REACH, max(-REACH, value))):
            return None
        del self.windows[key]
        return float(window.get_width() / (before + 1))

    def dump(self) -> bytes:
        """For a checkpoint; nothing where there is nothing."""
        return river_state.dump(dict(self.windows)) if self.windows else b""

    def load(self, blob: bytes) -> None:
        """The inverse of `dump`."""
        self.windows = river_state.load(blob, "drift", AdaptiveWindowing) if blob else {}


def _new() -> Any:
    return AdaptiveWindowing(delta=DELTA, clock=1, max_buckets=5, min_window_length=5, grace_period=12)
