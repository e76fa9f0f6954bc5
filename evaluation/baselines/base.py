"""What is a baseline? Something else that ranks the same crossings, given the same columns, in the same order.

It scores every crossing before it learns from it, as Linewatch does. A slow one is given a sample: every labelled
crossing, and of the others a share drawn by a keyed hash, which then weigh as many as they stand for.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from evaluation.scores import Scores

Tick = Callable[[int], None]  # told how many crossings are done
Rows = NDArray[np.int64]
F8 = NDArray[np.float64]


class Baseline(NamedTuple):
    """`run(scores, rows, tick)` scores the crossings `rows` (rising); `about` is read by people in the report."""

    name: str
    title: str
    about: str
    run: Callable[[Scores, Rows, Tick], F8]
    most: int | None = None  # crossings it is given at most; None = all
    library: str = ""  # module that must be installed


class Sample(NamedTuple):
    """Rows that are given, and the weight of every crossing of the log (0 = not given)."""

    rows: Rows
    weight: F8 | None  # None where all are given


def sample(scores: Scores, labelled: NDArray[np.bool_], most: int | None) -> Sample:
    """At most about `most` crossings: all that are `labelled`, others by a keyed hash of their id."""
    n, kept = len(scores), int(labelled.sum())
    if most is None or n <= most:
        return Sample(np.arange(n), None)
    chance = max(most - kept, 1) / (n - kept)
    drawn = labelled | (uniform(scores.crossing_key, 1) < chance)
    return Sample(np.flatnonzero(drawn), np.where(labelled, 1.0, np.where(drawn, 1.0 / chance, 0.0)))


def uniform(keys: NDArray[np.uint64], salt: int) -> F8:
    """A number in [0, 1) that depends on the key and the salt alone (splitmix64, Steele et al. 2014).

    >>> uniform(np.array([1, 2], np.uint64), 0).round(3)
    array([0.567, 0.591])
    """
    with np.errstate(over="ignore"):
        z = keys + np.uint64(0x9E3779B97F4A7C15) * np.uint64(salt + 1)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z ^= z >> np.uint64(31)
    return (z >> np.uint64(11)).astype(np.float64) / 2.0**53
