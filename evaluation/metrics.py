"""How are the figures of an evaluation computed? Small pure functions over arrays; nothing here knows a crossing.

Ties are counted against the ranking: a threshold takes all crossings of equal score or none. Where a baseline was run
on a sample, its ordinary crossings carry weights, and every count below is a sum of weights.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

F8 = NDArray[np.float64]

Z = 1.959963984540054  # two-sided 95 %


class Normals:
    """The scores of ordinary crossings, sorted once, asked many times how many lie at or above a value."""

    def __init__(self, scores: F8, weights: F8 | None = None) -> None:
        order = np.argsort(scores, kind="stable")
        self._scores = scores[order]
        weights = np.ones(len(scores)) if weights is None else weights[order]
        self._from = np.append(np.cumsum(weights[::-1])[::-1], 0.0)
        self.total = float(self._from[0])

    def at_least(self, values: F8) -> F8:
        """Weight of the ordinary crossings scored at or above each value."""
        found: F8 = self._from[np.searchsorted(self._scores, values, side="left")]
        return found


def average_precision(positives: F8, normals: Normals) -> float:
    """Mean precision at the score of each positive; NaN for none.

    AP = sum_n (R_n - R_{n-1}) P_n over distinct thresholds, as in scikit-learn's `average_precision_score` (Manning,
    Raghavan & Schütze 2008, Introduction to Information Retrieval, 8.4), not interpolated.

    >>> average_precision(np.array([0.9, 0.3]), Normals(np.array([0.5, 0.1])))
    0.8333333333333333
    """
    if not len(positives):
        return math.nan
    hits, precision = _precision(positives, normals)
    assert len(hits) == len(positives)
    return float(precision.mean())


def precision_recall(positives: F8, normals: Normals, points: int = 200) -> tuple[F8, F8]:
    """(recall, precision) at the score of each positive, from the highest; thinned to about `points`."""
    hits, precision = _precision(positives, normals)
    keep = _thin(len(hits), points)
    return (hits / max(len(positives), 1))[keep], precision[keep]


def _precision(positives: F8, normals: Normals) -> tuple[F8, F8]:
    """Positives found, and precision, at each positive's score, from the highest to the lowest."""
    falling = np.sort(positives)[::-1]
    hits = len(falling) - np.searchsorted(falling[::-1], falling, side="left").astype(np.float64)
    return hits, hits / (hits + normals.at_least(falling))


def _thin(n: int, points: int) -> NDArray[np.int64]:
    return np.unique(np.linspace(0, n - 1, min(n, points)).round().astype(np.int64)) if n else np.empty(0, np.int64)


def thresholds(rates: F8, scores: F8, weights: F8 | None = None) -> F8:
    """For each rate the lowest score at or above which at most that share of the crossings lies; infinite for none.

    >>> thresholds(np.array([0.5, 0.25]), np.array([1.0, 2.0, 3.0, 3.0]))
    array([ 3., inf])
    """
    values = np.unique(scores)
    normals = Normals(scores, weights)
    rising = -normals.at_least(values)  # minus the weight at or above: rises with the score
    first = np.searchsorted(rising, -rates * normals.total * (1 + 1e-12), side="left")
    return np.append(values, np.inf)[first]


class Interval(NamedTuple):
    """An estimate with its 95 % interval."""

    estimate: float
    low: float
    high: float


def share(count: float, total: float) -> Interval:
    """A share with Wilson's interval (Wilson 1927; Brown, Cai & DasGupta 2001); NaN for none of none.

    >>> [round(x, 4) for x in share(8, 10)]
    [0.8, 0.4902, 0.9433]
    """
    if total <= 0:
        return Interval(math.nan, 0.0, 1.0)
    p, z2 = count / total, Z * Z
    middle = (p + z2 / (2 * total)) / (1 + z2 / total)
    half = Z * math.sqrt(p * (1 - p) / total + z2 / (4 * total * total)) / (1 + z2 / total)
    return Interval(p, 0.0 if count == 0 else middle - half, 1.0 if count == total else middle + half)


def shares_below(p: NDArray[np.floating], levels: tuple[float, ...]) -> tuple[int, list[int]]:
    """How many p-values there are (NaN aside), and how many of them lie below each level."""
    evaluated = p[~np.isnan(p)]
    return len(evaluated), [int((evaluated < level).sum()) for level in levels]
