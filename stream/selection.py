"""Who was looked at, by which choice, and how much better than chance was it? Weights for learning, and the lift.

Alerts are chosen by the detectors, the control sample by chance, others by officers. Of each choice the probability of
having been looked at is estimated: looked-at alerts over alerts, looked-at controls over crossings, crossings picked by
officers over crossings. An example weighs the inverse of its probability (Horvitz & Thompson 1952), relative to an
alert and cut at `MOST` (truncated importance sampling, Ionides 2008): one crossing of a thousand would count a thousand
times otherwise, and a single seizure there would be the model. The choice by alert or chance depends on the answers and
a hash alone, so the weights decide where a line that cannot fit everywhere fits best (Shimodaira 2000).

Lift: the rate of finds among alerts over the rate in the control sample. Each rate with Wilson's interval (1927); the
ratio with Katz' log interval (1978) on counts + 0.5 of finds and + 0.5 of looks (Walter 1975), which stands where
nothing was found at random.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from schemas.dispositions import FOUND, NOT_EXAMINED, SELECTED_BY, Given

MOST = 10.0
Z95 = 1.959964


class Rate(NamedTuple):
    """Finds among crossings looked at, with a 95 % interval; NaN where nobody looked."""

    found: int
    looked: int
    rate: float
    low: float
    high: float


class Lift(NamedTuple):
    """How many times more often something is found among alerts than at random, with a 95 % interval."""

    alert: Rate
    random: Rate
    ratio: float
    low: float
    high: float


class Looked:
    """Counts of looks and finds by choice, and of what there was to choose from."""

    def __init__(self) -> None:
        self.looked = dict.fromkeys(SELECTED_BY, 0)
        self.found = dict.fromkeys(SELECTED_BY, 0)
        self.crossings = self.alerts = 0

    def count(self, one: Given) -> None:
        """A disposition; one without a look does not count."""
        if one.outcome != NOT_EXAMINED:
            self.looked[one.selected_by] += 1
            self.found[one.selected_by] += one.outcome in FOUND

    def add(self, crossings: int, alerts: int) -> None:
        """More to choose from."""
        self.crossings += crossings
        self.alerts += alerts

    def totals(self) -> tuple[int, int]:
        """Finds and looks in all."""
        return sum(self.found.values()), sum(self.looked.values())

    def weight(self, selected_by: str) -> float:
        """The weight of an example, 1 for an alert."""
        if selected_by == "alert":
            return 1.0
        of_alerts = min(1.0, (self.looked["alert"] + 1) / (self.alerts + 1))
        of_all = min(1.0, (self.looked[selected_by] + 1) / (self.crossings + 1))
        return min(MOST, max(1.0, of_alerts / of_all))

    def save(self) -> list[Any]:
        """Plain values."""
        return [self.looked, self.found, self.crossings, self.alerts]

    def load(self, saved: list[Any]) -> None:
        """The inverse of `save`."""
        looked, found, self.crossings, self.alerts = saved
        self.looked, self.found = dict(looked), dict(found)


def rate(found: int, looked: int) -> Rate:
    """A share with Wilson's 95 % interval.

    >>> rate(3, 100)
    Rate(found=3, looked=100, rate=0.03, low=0.01025, high=0.08452)
    """
    if looked == 0:
        return Rate(0, 0, math.nan, math.nan, math.nan)
    p, z2 = found / looked, Z95**2 / looked
    centre = (p + z2 / 2) / (1 + z2)
    half = Z95 / (1 + z2) * math.sqrt(p * (1 - p) / looked + z2 / (4 * looked))
    return Rate(found, looked, p, round(max(0.0, centre - half), 5), round(min(1.0, centre + half), 5))


def lift(alert: tuple[int, int], random: tuple[int, int]) -> Lift:
    """Lift of alerts over the control sample from (finds, looks) of each; NaN where one of them has no look.

    >>> found = lift((41, 310), (1, 300))
    >>> round(found.ratio, 1), round(found.low, 1), round(found.high, 1)
    (26.8, 5.3, 135.5)
    """
    (a, n), (b, m) = alert, random
    rates = rate(a, n), rate(b, m)
    if not n or not m:
        return Lift(*rates, math.nan, math.nan, math.nan)
    ratio = ((a + 0.5) / (n + 0.5)) / ((b + 0.5) / (m + 0.5))
    error = math.sqrt(1 / (a + 0.5) - 1 / (n + 0.5) + 1 / (b + 0.5) - 1 / (m + 0.5))
    factor = math.exp(Z95 * error)
    return Lift(*rates, ratio, ratio / factor, ratio * factor)


def lift_of(counts: dict[str, int]) -> Lift:
    """The lift of dispositions counted by "outcome selected_by", as a run counts them."""
    by: dict[str, tuple[int, int]] = {}
    for choice in ("alert", "random"):
        mine = {key.split()[0]: n for key, n in counts.items() if key.endswith(f" {choice}")}
        looked = sum(n for outcome, n in mine.items() if outcome != NOT_EXAMINED)
        by[choice] = (sum(n for outcome, n in mine.items() if outcome in FOUND), looked)
    return lift(by["alert"], by["random"])
