"""How are single durations counted by bucket?"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

from ops.metrics import Spread


class Histogram:
    """Counts of the values up to each bucket, and their sum."""

    def __init__(self, buckets: Sequence[float]) -> None:
        self._buckets = buckets
        self._counts = [0] * (len(buckets) + 1)
        self._total = 0.0

    def take(self, value: float) -> None:
        """Count one; below 0 (clocks of two machines) is 0."""
        value = max(0.0, value)
        self._counts[bisect_left(self._buckets, value)] += 1
        self._total += value

    def spread(self) -> Spread:
        """As it is now."""
        return Spread(list(self._counts), self._total)
