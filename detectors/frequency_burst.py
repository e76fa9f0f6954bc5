"""Does this vehicle cross more often than it does? `frequency_burst`: in 24 hours or 7 days, beyond its own rate.

Model. Crossings before this one in each window against a Gamma-Poisson with the vehicle's decayed rate, the
peers' rate as a prior of one crossing, and two corrections learnt from the peers: a dispersion (crossings come in
pairs and on working days) and the port's present surge (a holiday is not a burst). Negative-binomial upper tail,
the smaller of the two windows, doubled.

Source: Gelman et al., Bayesian Data Analysis, 2.6 (Gamma-Poisson); McCullagh & Nelder 1989, 6.2 (quasi-Poisson).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from detectors.base import Columns, Context, Defaults, Finding, Out, Parameters, Shared, SharedSpec
from detectors.compiled import njit
from detectors.decay import decay_factor
from detectors.special import bounded_p, negative_binomial_tail
from schemas.batch import VEHICLE_CLASSES, Array

CLASSES = len(VEHICLE_CLASSES)
KEPT = 16  # crossings remembered for the 24-hour window; more are said as "16 or more"
DAYS = 8
DAY_S = 86400
FIXED = 65536.0
EXPOSURE, COUNT, DISPERSION, SAMPLES = 0, 1, 2, 3  # columns of a class row
VOLUME, PERIODS = 0, 1  # columns of a port row
ROW = np.dtype(
    [
        ("times", "u4", (KEPT,)),
        ("days", "u1", (DAYS,)),
        ("n", "f4"),
        ("exposure_d", "f4"),
        ("last_s", "u4"),
        ("at", "i1"),
    ]
)


@njit(cache=True)
def surge_of(recent, settled, row):  # type: ignore[no-untyped-def]
    """How busy the port is: its crossings an active hour of late against its long run, within 1..4."""
    if recent[row, PERIODS] < 1.0 or settled[row, PERIODS] < 48.0:
        return 1.0
    ratio = (recent[row, VOLUME] / recent[row, PERIODS]) / (settled[row, VOLUME] / settled[row, PERIODS])
    return min(4.0, max(1.0, ratio))


@njit(cache=True)
def counts(row, now_s):  # type: ignore[no-untyped-def]
    """Crossings of the vehicle in the 24 hours and in the 7 days before `now_s`."""
    day_count, week_count = 0, 0
    for k in range(KEPT):
        day_count += 0 < row.times[k] <= now_s < row.times[k] + DAY_S
    today = now_s // DAY_S
    last = row.last_s // DAY_S
    for back in range(7):
        if today - back <= last and last - (today - back) < DAYS:
            week_count += row.days[(today - back) % DAYS]
    return day_count, max(week_count, day_count)


@njit(cache=True)
def note(row, now_s):  # type: ignore[no-untyped-def]
    """Remember a crossing in both windows."""
    today, last = now_s // DAY_S, row.last_s // DAY_S
    if today > last:
        for k in range(min(DAYS, today - last)):
            row.days[(today - k) % DAYS] = 0
    if last - today < DAYS:
        row.days[today % DAYS] = min(255, row.days[today % DAYS] + 1)
    row.times[row.at] = now_s
    row.at = (row.at + 1) % KEPT


@njit(cache=True)
def quiet_count(day_count, week_count, in_a_day, shape, rate, surge, spread):  # type: ignore[no-untyped-def]
    """The largest count in the telling window with which neither window would be odd; NaN for none.

    Not odd is a doubled tail above 0.5. Crossings taken from the day are taken from the week as well; those taken
    from the week may all be of other days; and the vehicle's rate would not know of them either.
    """
    quiet = math.nan
    count = day_count if in_a_day else week_count
    for k in range(count):
        own = max(1.0, shape - (count - k)) / spread
        day = k if in_a_day else min(k, day_count)
        week = week_count - (day_count - k) if in_a_day else k
        day_tail = negative_binomial_tail(day / spread, own, rate, surge)
        if min(day_tail, negative_binomial_tail(week / spread, own, rate, 7.0 * surge)) <= 0.25:
            break
        quiet = k
    return quiet


@njit(cache=True)
def assess(  # type: ignore[no-untyped-def]
    rows, slots, time_ms, port, vehicle_class, seen, fresh, age_ms, prior, tally, touched, recent, recent_tally,
    recent_touched, settled, settled_tally, settled_touched, p, llr, evidence, min_seen, half_life_s
):  # fmt: skip
    """The compiled walk: per crossing, in order, fill the outputs, then learn."""
    for i in range(len(slots)):
        row = rows[slots[i]]
        now_s = time_ms[i] // 1000
        cls = vehicle_class[i]
        elapsed_d = max(0.0, (now_s - row.last_s) / 86400.0) if seen[i] > 0 else 0.0
        factor = decay_factor(elapsed_d * 86400.0, half_life_s)
        n, exposure_d = row.n * factor, row.exposure_d * factor + elapsed_d
        peer_gap_d = (prior[cls, EXPOSURE] / FIXED + 20.0 * 7.0) / (prior[cls, COUNT] + 20.0)
        spread = max(1.0, (prior[cls, DISPERSION] / FIXED + 20.0) / (prior[cls, SAMPLES] + 20.0))
        shape, rate = 1.0 + n, peer_gap_d + exposure_d
        day_count, week_count = counts(row, now_s)
        if seen[i] >= min_seen and age_ms[i] >= 7 * DAY_S * 1000 and now_s >= row.last_s:
            surge = surge_of(recent, settled, port[i])
            day_tail = negative_binomial_tail(day_count / spread, shape / spread, rate, surge)
            week_tail = negative_binomial_tail(week_count / spread, shape / spread, rate, 7.0 * surge)
            p[i] = bounded_p(2.0 * min(day_tail, week_tail))
            in_a_day = day_tail <= week_tail
            window_d = 1.0 if in_a_day else 7.0
            count = day_count if in_a_day else week_count
            evidence[i, 0] = count
            evidence[i, 1] = window_d
            evidence[i, 2] = window_d * max(0.0, n - count) / max(exposure_d - window_d, 1.0)  # before the window
            evidence[i, 3] = surge
            evidence[i, 5] = seen[i]
            if p[i] < 0.05:
                evidence[i, 4] = quiet_count(day_count, week_count, in_a_day, shape, rate, surge, spread)
        if fresh[i] and seen[i] > 0:
            tally[cls, EXPOSURE] += int(round(FIXED * min(60.0, elapsed_d)))
            tally[cls, COUNT] += 1
            if seen[i] >= min_seen:
                mean = max(0.05, shape / rate)
                tally[cls, DISPERSION] += int(round(FIXED * min(9.0, (day_count - mean) ** 2 / mean)))
                tally[cls, SAMPLES] += 1
            touched[cls] = 1
        # a vehicle counts once an hour, or its own burst would pass for a busy port
        if seen[i] == 0 or now_s // 3600 > row.last_s // 3600:
            here = port[i]
            recent_tally[here, VOLUME] += 1
            recent_touched[here] = 1
            settled_tally[here, VOLUME] += 1
            settled_touched[here] = 1
        note(row, now_s)
        if now_s >= row.last_s or seen[i] == 0:
            row.n = n + 1.0
            row.exposure_d = exposure_d
            row.last_s = now_s


@dataclass(frozen=True)
class FrequencyBurst(Defaults):
    """See the module."""

    parameters: Parameters = field(default_factory=Parameters)
    name: str = "frequency_burst"
    typologies: tuple[str, ...] = ("frequency_burst",)
    reads: tuple[str, ...] = ("time_ms", "port", "vehicle_class")
    row: np.dtype[Any] = ROW
    evidence: tuple[str, ...] = ("count", "window_d", "usual", "surge", "quiet_count", "seen")
    shared: tuple[SharedSpec, ...] = (
        SharedSpec(4, lambda ports: CLASSES),
        SharedSpec(2, lambda ports: ports, half_life_days=1.0, counts_periods=True),
        SharedSpec(2, lambda ports: ports, counts_periods=True),
    )
    source: str = "Gelman et al., Bayesian Data Analysis, 2.6; McCullagh & Nelder 1989, 6.2"
    min_seen: int = 6

    def assess(
        self, rows: Array, slots: Array, batch: Mapping[str, Array], known: Columns, shared: Shared, out: Out
    ) -> None:
        """Score, then learn; see the module for the model."""
        views = [array for view in shared for array in view]
        assess(rows, slots, *(batch[c] for c in self.reads), *known, *views, *out,
               self.min_seen, self.parameters.half_life_days * 86400.0)  # fmt: skip

    def explain(self, evidence: Mapping[str, float], context: Context) -> Finding:
        """The count in the window against its mean there.

        >>> numbers = {"count": 9, "window_d": 1, "usual": 1.2, "surge": 1.0, "quiet_count": 4, "seen": 57}
        >>> FrequencyBurst().explain(numbers, Context("2504", str, "inbound")).sentence
        'Crossed 9 times in the 24 h before this one; its usual is 1.2 (57 earlier crossings).'
        """
        count, seen = int(evidence["count"]), int(evidence["seen"])
        window = "24 h" if evidence["window_d"] == 1 else "7 days"
        more = " or more" if window == "24 h" and count >= KEPT else ""
        usual = f"{evidence['usual']:.1f}".removesuffix(".0")
        sentence = (
            f"Crossed {count}{more} times in the {window} before this one; "
            f"its usual is {usual} ({seen} earlier crossings)."
        )
        quiet = evidence["quiet_count"]
        without = (
            None
            if math.isnan(quiet)
            else f"with {int(quiet)} or fewer in {window}"
            if quiet
            else f"with none in {window}"
        )
        return Finding("frequency_burst", float(count), f"crossings in {window}", None, seen, sentence, without)
