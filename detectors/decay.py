"""How fast is history forgotten? Exponential decay with a half-life, applied when a row is next touched."""

from __future__ import annotations

import math

from detectors.compiled import njit


@njit(cache=True)
def decay_factor(elapsed_s: float, half_life_s: float) -> float:
    """2^(-elapsed / half-life); 1 for an elapsed time that is not positive (a late record).

    >>> decay_factor(60.0, 60.0)
    0.5
    """
    if elapsed_s <= 0.0:
        return 1.0
    return math.exp(-0.6931471805599453 * elapsed_s / half_life_s)
