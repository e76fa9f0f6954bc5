"""What do the port's detectors see of a crossing? Each vehicle-stage answer squeezed into [0, 1], NaN = not evaluated.

A likelihood ratio of -5 .. 10 nats, or a p-value of 1 .. 1e-6 where there is none, goes to 0 .. 1.
"""

from __future__ import annotations

import math

import numpy as np

from detectors.compiled import njit
from schemas.batch import Array

LOW, HIGH = -5.0, 10.0  # nats
DECADES = 6.0


@njit(cache=True)
def fill(p, llr, columns, out):  # type: ignore[no-untyped-def]
    """Write `out[n, len(columns)]`."""
    for i in range(p.shape[0]):
        for k in range(len(columns)):
            j = columns[k]
            if math.isnan(p[i, j]):
                out[i, k] = math.nan
            elif math.isnan(llr[i, j]):
                out[i, k] = min(1.0, -math.log10(p[i, j]) / DECADES)
            else:
                out[i, k] = min(1.0, max(0.0, (llr[i, j] - LOW) / (HIGH - LOW)))


def features(p: Array, llr: Array, columns: Array) -> Array:
    """The feature matrix [n, len(columns)] of the answers in `columns`."""
    out = np.empty((len(p), len(columns)))
    fill(p, llr, columns, out)
    return out
