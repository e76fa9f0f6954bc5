"""How are many times put into a few numbers? Nearest-rank percentiles: each is a time that was measured."""

from __future__ import annotations

import math
from collections.abc import Sequence

SHARES = (0.5, 0.99, 0.999)


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` of all do not exceed; nan where there are none.

    >>> [percentile([4.0, 1.0, 3.0, 2.0], share) for share in (0.0, 0.5, 0.75, 0.76, 1.0)]
    [1.0, 2.0, 3.0, 4.0, 4.0]
    """
    if not values:
        return math.nan
    ordered = sorted(values)
    rank = math.ceil(round(share * len(ordered), 9))  # 0.29 * 100 is a little more than 29
    return ordered[max(0, rank - 1)]


def spread(values: Sequence[float]) -> list[float]:
    """p50, p99, p99.9 and the largest."""
    return [*(percentile(values, share) for share in SHARES), percentile(values, 1.0)]
