"""Does a very regular vehicle break its routine? `broken_routine`: hour, stay or lane; its driver may be a victim.

Model, for weekdays and each direction apart: the mean local hour on the circle, the mean logarithm of the stay that
the crossing ends, and their mean absolute deviations b, all with a gain of 1/n down to 1/`MEMORY`; and the share of
crossings in the lane it uses most. A vehicle is asked about when it crosses in this direction at nearly the same time
(b at most `REGULAR_H`) and has done so `LEAST` times. For the hour, and for the stay where that is regular too, a
deviation d has the tail of a Laplace distribution whose scale is as uncertain as after m = `TAIL` deviations, for even
a regular life has days of its own:

    P(D >= d) = (1 + d / (m b)) ^ -m

and another lane, where one is nearly always used, the share of other lanes. The product of those asked has the p-value
of a product of uniforms (Fisher). A vehicle that goes on breaking its routine is soon no regular one any more, and
neither asked about nor alerted on again. Half-lives play no part: memory counts in crossings.

Source: Laplace with a Gamma posterior of its rate, Gelman et al., Bayesian Data Analysis, 2.6; Fisher 1932,
Statistical Methods for Research Workers, 21.1.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from detectors.base import DAY_MS, HOUR_MS, Columns, Context, Defaults, Finding, Out, Parameters, Shared, SharedSpec
from detectors.compiled import njit
from detectors.phrase import clock, duration, percent
from detectors.special import bounded_p
from schemas.batch import Array

MEMORY = 16.0
TAIL = 4.0
FEW = 3.0  # crossings that the most irregular of the regular weigh as a prior
LEAST = 10
REGULAR_H = 0.75  # hours
REGULAR_STAY = 0.15  # nats: 15 % more or less
REGULAR_LANE = 0.9
LEAST_H, LEAST_STAY = 1.0 / 6.0, 0.03  # a deviation is never said to be usually smaller: ten minutes, 3 %
REACH = 4.0  # mean deviations that one crossing can pull at the most
HOUR_UNIT, SPREAD_UNIT, LOG_UNIT, SHARE_UNIT = 24.0 / 65536.0, 1e-3, 5e-4, 1.0 / 250.0  # of the row's numbers
BY_HOUR, BY_STAY, BY_LANE = 0.0, 1.0, 2.0
ROW = np.dtype(
    [
        ("hour", "u2", (2,)),
        ("hour_off", "u2", (2,)),
        ("stay", "u2", (2,)),
        ("stay_off", "u2", (2,)),
        ("count", "u1", (2,)),
        ("lane", "u2"),
        ("kept", "u1"),
        ("last_s", "u4"),
        ("last", "i1"),
    ]
)


@njit(cache=True)
def stored(value, unit):  # type: ignore[no-untyped-def]
    """A number in whole units, within two bytes."""
    return min(65535, max(0, int(round(value / unit))))


@njit(cache=True)
def tail(off, usual):  # type: ignore[no-untyped-def]
    """P(D >= off) where the mean deviation is `usual`."""
    return math.exp(-TAIL * math.log1p(off / (TAIL * usual)))


@njit(cache=True)
def together(by_hour, by_stay, by_lane):  # type: ignore[no-untyped-def]
    """P(product of uniforms <= the product of those asked); 1 stands for one that was not.

    >>> round(together(0.01, 0.2, 1.0), 4), round(together(0.01, 1.0, 1.0), 4)
    (0.0144, 0.01)
    """
    others = (by_stay < 1.0) + (by_lane < 1.0)
    x = by_hour * by_stay * by_lane
    t = -math.log(max(x, 1e-300))
    return x * (1.0 + (t if others >= 1 else 0.0) + (0.5 * t * t if others >= 2 else 0.0))


@njit(cache=True)
def shrunk(off, n, most):  # type: ignore[no-untyped-def]
    """A mean deviation from few crossings, shrunk to the most that is regular."""
    m = min(n, MEMORY)
    return (m * off + FEW * most) / (m + FEW)


@njit(cache=True)
def apart(hour, mean):  # type: ignore[no-untyped-def]
    """From `mean` to `hour` on the circle, in (-12, 12]."""
    return 12.0 - (12.0 - (hour - mean)) % 24.0


@njit(cache=True)
def learn_hour(row, way, off, usual, n):  # type: ignore[no-untyped-def]
    """Move the mean hour and its mean deviation, in units of the row."""
    gain = 1.0 / min(n + 1.0, MEMORY)
    pull = off if n < LEAST else min(max(off, -REACH * usual), REACH * usual)
    mean = (row.hour[way] * HOUR_UNIT + gain * pull) % 24.0
    row.hour[way] = int(mean / HOUR_UNIT) & 65535
    row.hour_off[way] = stored(row.hour_off[way] * SPREAD_UNIT * (1.0 - gain) + gain * abs(pull), SPREAD_UNIT)


@njit(cache=True)
def learn_stay(row, way, log_stay, n):  # type: ignore[no-untyped-def]
    """Move the mean log stay and its mean deviation; the first stay is the mean."""
    if row.stay[way] == 0:
        row.stay[way] = stored(log_stay, LOG_UNIT)
    gain = 1.0 / min(n + 1.0, MEMORY)
    mean = row.stay[way] * LOG_UNIT
    usual = max(LEAST_STAY, row.stay_off[way] * LOG_UNIT)
    off = log_stay - mean
    pull = off if n < LEAST else min(max(off, -REACH * usual), REACH * usual)
    row.stay[way] = stored(mean + gain * pull, LOG_UNIT)
    row.stay_off[way] = stored(row.stay_off[way] * LOG_UNIT * (1.0 - gain) + gain * abs(pull), LOG_UNIT)


@njit(cache=True)
def learn_lane(row, lane):  # type: ignore[no-untyped-def]
    """Move the share of the usual lane; one used less than a quarter of the time is replaced."""
    share = row.kept * SHARE_UNIT
    share += ((1.0 if row.lane == lane else 0.0) - share) / MEMORY
    if share < 0.25:
        row.lane, share = lane, 0.5
    row.kept = int(round(share / SHARE_UNIT))


@njit(cache=True)
def assess(  # type: ignore[no-untyped-def]
    rows, slots, time_ms, local_ms, direction, lane_key, seen, p, llr, evidence
):  # fmt: skip
    """The compiled walk: per crossing, in order, fill the outputs, then learn."""
    for i in range(len(slots)):
        row = rows[slots[i]]
        now_s = time_ms[i] // 1000
        day = local_ms[i] // DAY_MS
        if now_s < row.last_s:
            continue
        way = direction[i]
        stay_s = now_s - row.last_s
        ends_stay = seen[i] > 0 and row.last != way
        row.last_s, row.last = now_s, way
        if (day + 3) % 7 >= 5:
            continue
        hour = (local_ms[i] - day * DAY_MS) / HOUR_MS
        log_stay = math.log(max(1.0, stay_s))
        lane = int(lane_key[i] % np.uint64(65536))
        n = row.count[way]
        if n == 0:
            row.hour[way] = int(hour / HOUR_UNIT) & 65535
        off = apart(hour, row.hour[way] * HOUR_UNIT)
        usual = max(LEAST_H, shrunk(row.hour_off[way] * SPREAD_UNIT, n, REGULAR_H))
        if n >= LEAST and usual <= REGULAR_H:
            by_hour, by_stay, by_lane = tail(abs(off), usual), 1.0, 1.0
            mean_stay, usual_stay = (
                row.stay[way] * LOG_UNIT,
                max(LEAST_STAY, shrunk(row.stay_off[way] * LOG_UNIT, n, REGULAR_STAY)),
            )
            if ends_stay and row.stay[way] > 0 and usual_stay <= REGULAR_STAY:
                by_stay = tail(abs(log_stay - mean_stay), usual_stay)
            if row.kept * SHARE_UNIT >= REGULAR_LANE:
                by_lane = 1.0 if row.lane == lane else max(1.0 - row.kept * SHARE_UNIT, 1.0 / (n + 2.0))
            least = min(by_hour, by_stay, by_lane)
            p[i] = bounded_p(together(by_hour, by_stay, by_lane))
            which = BY_HOUR if least == by_hour else BY_STAY if least == by_stay else BY_LANE
            evidence[i, 0] = which
            evidence[i, 1] = hour
            evidence[i, 2] = row.hour[way] * HOUR_UNIT
            evidence[i, 3] = usual
            evidence[i, 4] = stay_s
            evidence[i, 5] = math.exp(mean_stay)
            evidence[i, 6] = row.kept * SHARE_UNIT
            evidence[i, 7] = min(by_stay, by_lane)
            evidence[i, 8] = seen[i]
        learn_hour(row, way, off, usual, float(n))
        if ends_stay:
            learn_stay(row, way, log_stay, float(n))
        learn_lane(row, lane)
        row.count[way] = min(255, n + 1)


@dataclass(frozen=True)
class BrokenRoutine(Defaults):
    """See the module."""

    parameters: Parameters = field(default_factory=Parameters)
    name: str = "broken_routine"
    echo: bool = True  # an hour or a stay that is odd by itself, of a vehicle that keeps to its own
    typologies: tuple[str, ...] = ("broken_routine",)
    reads: tuple[str, ...] = ("time_ms", "local_ms", "direction", "lane_key")
    row: np.dtype[Any] = ROW
    evidence: tuple[str, ...] = (
        "which",
        "hour",
        "usual_hour",
        "usual_off_h",
        "stay_s",
        "usual_stay_s",
        "lane_share",
        "others_p",
        "seen",
    )
    shared: tuple[SharedSpec, ...] = ()
    source: str = (
        "Gelman et al., Bayesian Data Analysis, 2.6; Fisher 1932, Statistical Methods for Research Workers, 21.1"
    )

    def assess(
        self, rows: Array, slots: Array, batch: Mapping[str, Array], known: Columns, shared: Shared, out: Out
    ) -> None:
        """Score, then learn; see the module for the model."""
        assess(rows, slots, *(batch[c] for c in self.reads), known.seen, *out)

    def explain(self, evidence: Mapping[str, float], context: Context) -> Finding:
        """What was broken, against the routine; always with the reminder whom it may be about.

        >>> numbers = {"which": 0.0, "hour": 3.25, "usual_hour": 17.1, "usual_off_h": 0.2, "others_p": 1.0, "seen": 57}
        >>> BrokenRoutine().explain(numbers, Context("2504", str, "inbound")).sentence
        'Possible victim: inbound at 03:15, though on weekdays nearly always at about 17:06, give or take 12 min (57
        earlier crossings).'
        """
        seen, hour, mean = int(evidence["seen"]), evidence["hour"], evidence["usual_hour"]
        at, usual = clock(hour), duration(3600.0 * evidence["usual_off_h"])
        if evidence["which"] == BY_LANE:
            often = percent(evidence["lane_share"])
            sentence = (
                f"Possible victim: {context.direction} at {at} in another lane, though in {often} of its crossings "
                f"it takes one and the same ({seen} earlier crossings)."
            )
            return Finding("broken_routine", None, None, None, seen, sentence, None)
        if evidence["which"] == BY_STAY:
            stay, mean_stay = evidence["stay_s"], evidence["usual_stay_s"]
            where = "away" if context.direction == "inbound" else "inside"
            sentence = (
                f"Possible victim: {context.direction} after {duration(stay)}, though on weekdays it nearly always "
                f"stays {where} {duration(mean_stay)} ({seen} earlier crossings)."
            )
            usual_min = round(mean_stay / 60, 1)
            return Finding("broken_routine", round(stay / 60, 1), "min", (usual_min, usual_min), seen, sentence, None)
        sentence = (
            f"Possible victim: {context.direction} at {at}, though on weekdays nearly always at about {clock(mean)}, "
            f"give or take {usual} ({seen} earlier crossings)."
        )
        off = evidence["usual_off_h"]
        window = (round((mean - off) % 24.0, 2), round((mean + off) % 24.0, 2))
        without = f"at about {clock(mean)}" if evidence["others_p"] > 0.5 else None
        return Finding("broken_routine", round(hour, 2), "h", window, seen, sentence, without)
