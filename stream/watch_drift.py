"""Do the detectors still mean what they meant? ADWIN on each one's calibrated p, and the mix of alerts over the ports.

Drift: a calibrated p is below 0.1 in a tenth of ordinary crossings, whatever the hour. For each detector, and for the
combination, the share of an hour is compared with the decayed share of its hour of day; at least `BLOCK` answers make
one number for ADWIN, in standard deviations. Where ADWIN drops the older part of its window, and the share has moved
by `MOVED`, the calibration forgets as much as ADWIN dropped (its histogram is scaled, at most to `LEAST_KEPT`): what
is usual is then measured on what comes now, and the level shift does not alert on every vehicle.

Displacement: for each detector the alerts of the last week, by port, against those of the month before: a G-test of
the two rows (Sokal & Rohlf 1995, 17.4). It is said where one port's share has
risen and another's fallen by `MOVED_AWAY`, once, and then the new mix is the usual one.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detectors.flow_count import ODD
from detectors.special import bounded_p
from stream.drift import Drift
from stream.words import Word

BLOCK = 200
DAILY = 0.97  # a day 23 days ago counts half in the share of an hour
STEADY = 100.0  # answers that hold it at `ODD`
BURN_IN = 7 * 24  # hours of traffic before anything is compared: calibration itself begins with nothing
MOVED = 0.03
RECENT = 0.8  # of the running share: the last five blocks or so
LEAST_KEPT = 0.1
QUIET = 7 * 24
WEEK = 7
MONTHLY = 0.5 ** (1 / 28)
LEAST_NOW, LEAST_BEFORE = 20, 40  # alerts
MOVED_AWAY, ODD_MIX = 0.15, 1e-5


class DriftWatch:
    """One ADWIN a column; the last column is the combination."""

    def __init__(self, columns: int) -> None:
        self.usual = np.zeros((24, columns, 2))  # answers and odd ones by hour of day, decayed
        self.block = np.zeros((columns, 3))  # answers, odd ones, odd ones expected
        self.off = np.zeros(columns)  # the running difference of shares
        self.quiet = np.zeros(columns, np.int64)
        self.hours = 0
        self.drift = Drift()

    def step(self, hour: int, odd: NDArray[np.int64]) -> Iterator[tuple[int, float, Word | None]]:
        """Columns that drifted with `odd[columns, 2]` of this hour: which, how much to keep, and what to say."""
        if not odd[:, 0].any():
            return
        self.hours += 1
        cell = self.usual[hour % 24]
        expected = (cell[:, 1] + STEADY * ODD) / (cell[:, 0] + STEADY)
        self.block += np.stack([odd[:, 0], odd[:, 1], odd[:, 0] * expected], axis=1)
        cell *= DAILY
        cell += odd
        for j in np.flatnonzero(self.block[:, 0] >= BLOCK).tolist():
            n, found, usual = self.block[j].tolist()
            self.block[j] = 0.0
            if self.hours <= BURN_IN:
                continue
            self.off[j] += (1 - RECENT) * ((found - usual) / n - self.off[j])
            kept = self.drift.update(j, (found - usual) / math.sqrt(n * ODD * (1 - ODD)))
            if kept is None or abs(self.off[j]) < MOVED:
                continue
            share = usual / n
            word = Word("drift", "detector", hour, observed=share + float(self.off[j]), usual=(share, share), column=j)
            yield j, max(kept, LEAST_KEPT), word if self.quiet[j] <= hour else None
            self.quiet[j] = hour + QUIET

    def save(self) -> tuple[dict[str, Any], dict[str, Any], bytes]:
        """Arrays, plain values and river's objects, for a checkpoint."""
        arrays = {"usual": self.usual, "block": self.block, "off": self.off, "drift_quiet": self.quiet}
        return arrays, {"hours": self.hours}, self.drift.dump()

    def load(self, arrays: Mapping[str, Any], values: Mapping[str, Any], blob: bytes) -> None:
        """The inverse of `save`."""
        self.usual, self.block, self.off = arrays["usual"], arrays["block"], arrays["off"]
        self.quiet, self.hours = arrays["drift_quiet"], values["hours"]
        self.drift.load(blob)


class MixWatch:
    """Alerts by port and by the detector that said most."""

    def __init__(self, columns: int) -> None:
        self.days = np.zeros((WEEK + 1, 0, columns))  # today at 0
        self.before = np.zeros((0, columns))
        self.today = -1
        self.quiet = np.zeros(columns, np.int64)

    def step(self, hour: int, alerts: NDArray[np.int64]) -> Iterator[Word]:
        """What the day that has ended shows; `alerts[ports, D]` of this hour."""
        more = len(alerts) - len(self.before)
        if more > 0:
            self.days = np.pad(self.days, ((0, 0), (0, more), (0, 0)))
            self.before = np.pad(self.before, ((0, more), (0, 0)))
        while self.today < hour // 24:
            if self.today >= 0 and self.days[0].any():
                yield from self._compare(hour)
            self.before = self.before * MONTHLY + self.days[-1]
            self.days = np.roll(self.days, 1, axis=0)
            self.days[0] = 0.0
            first = hour // 24 - WEEK  # days without any alert: after a week nothing is left to be moved
            self.today = hour // 24 if self.today < 0 else max(self.today + 1, first)
        self.days[0, : len(alerts)] += alerts

    def _compare(self, hour: int) -> Iterator[Word]:
        recent = self.days[:WEEK].sum(axis=0)
        for j in np.flatnonzero((recent.sum(axis=0) >= LEAST_NOW) & (self.before.sum(axis=0) >= LEAST_BEFORE)).tolist():
            now, then = recent[:, j], self.before[:, j]
            moved = now / now.sum() - then / then.sum()
            if self.quiet[j] > hour or moved.max() < MOVED_AWAY or moved.min() > -MOVED_AWAY:
                continue
            p = g_test(now, then)
            if p < ODD_MIX:
                to, away = int(moved.argmax()), int(moved.argmin())
                share = float(then[to] / then.sum())
                yield Word("displacement", "mix", hour, to, p=p, observed=float(now[to] / now.sum()),
                           usual=(share, share), hours=WEEK * 24, column=j, other=away)  # fmt: skip
                self.quiet[j] = hour + 14 * 24
                self.before[:, j] = now * then.sum() / now.sum()

    def save(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Arrays and plain values, for a checkpoint."""
        return {"days": self.days, "before": self.before, "mix_quiet": self.quiet}, {"today": self.today}

    def load(self, arrays: Mapping[str, Any], values: Mapping[str, Any]) -> None:
        """The inverse of `save`."""
        self.days, self.before, self.quiet = arrays["days"], arrays["before"], arrays["mix_quiet"]
        self.today = values["today"]


def g_test(now: NDArray[np.float64], then: NDArray[np.float64]) -> float:
    """The chance of two rows of counts at least this different, were the shares the same.

    >>> f"{g_test(np.array([10.0, 40.0]), np.array([60.0, 60.0])):.5f}"
    '0.00019'
    """
    table = np.stack([now, then])[:, (now + then) > 0]
    expected = table.sum(axis=1, keepdims=True) * table.sum(axis=0) / table.sum()
    g = 2.0 * float((table * np.log(np.where(table > 0, table, 1.0) / expected)).sum())
    return float(bounded_p(chi_square_tail(g, table.shape[1] - 1)))


def chi_square_tail(x: float, free: int) -> float:
    """P(chi-square with so many degrees of freedom >= x), by its finite sum (Abramowitz & Stegun 26.4.4-5)."""
    if x <= 0 or free < 1:
        return 1.0
    half = x / 2
    if free % 2:
        logs = [-half + (k - 0.5) * math.log(half) - math.lgamma(k + 0.5) for k in range(1, free // 2 + 1)]
        return math.erfc(math.sqrt(half)) + sum(map(math.exp, logs))
    return sum(math.exp(-half + k * math.log(half) - math.lgamma(k + 1.0)) for k in range(free // 2))
