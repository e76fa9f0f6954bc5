"""Did it stay as long as it usually does? `quick_turnaround` and `long_stay`, abroad and inside, from one model.

A stay is the time since this vehicle's last crossing in the opposite direction. Its logarithm is modelled, for
stays abroad and inside apart, with decayed mean and spread (Normal-Inverse-Gamma). The prior of the spread is the
pooled *within-vehicle* variance, learnt from the peers; the peers' mean enters only weakly. Predictive: Student-t

    df = min(N0 + n, MOST_DF),  scale^2 = (N0 s_pooled^2 + m2) / (N0 + n) * (1 + 1 / (K0 + n))

The p-value is two-sided; the side names the typology. The evidence is log(peers / own), where the peers' density
is their histogram over `BINS` logarithmic bins of the same class and kind of stay.

Source: Murphy (2007), Conjugate Bayesian analysis of the Gaussian distribution, section 3.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from detectors.base import Columns, Context, Defaults, Finding, Out, Parameters, Shared, SharedSpec
from detectors.combination import adds_nothing
from detectors.compiled import njit
from detectors.decay import decay_factor
from detectors.phrase import duration, duration_range, said
from detectors.special import bounded_p, student_log_density, student_tail
from schemas.batch import VEHICLE_CLASSES, Array

CLASSES = len(VEHICLE_CLASSES)
BINS = 64
LOW = math.log(30.0)  # 30 s, the left edge of the histogram; 2 years is the right one
WIDTH = (math.log(2 * 365 * 86400.0) - LOW) / BINS
TOTAL, SQUARES, FREEDOM, SUM = BINS, BINS + 1, BINS + 2, BINS + 3
FIXED = 65536.0  # fixed-point scale of sums that are not counts
K0 = 0.3  # weight of the peers' mean, in stays
N0 = 4.0  # weight of the pooled within-vehicle variance, in degrees of freedom
MOST_DF = 8.0  # stays have heavier tails than the normal, however many were seen (raw p < 1e-4 came 4 times too often)
CALM_REACH = 3.0  # scales from the centre within which a counterfactual is looked for, in steps
CALM_STEPS = 16
DEFAULT_VARIANCE = 0.5  # of log stay within a vehicle, before anything is published
ROW = np.dtype(
    [
        ("n", "f4", (2,)),
        ("mean", "f4", (2,)),
        ("m2", "f4", (2,)),
        ("count", "u2", (2,)),
        ("last_s", "u4"),
        ("last", "i1"),
    ]
)


@njit(cache=True)
def bin_of(y):  # type: ignore[no-untyped-def]
    """The histogram bin of a log stay."""
    return min(BINS - 1, max(0, int((y - LOW) / WIDTH)))


@njit(cache=True)
def peer_log_density(prior, row, y):  # type: ignore[no-untyped-def]
    """Log density of the peers' stays at `y`: their histogram, shrunk to a flat one."""
    return math.log((prior[row, bin_of(y)] + 0.5) / (prior[row, TOTAL] + 0.5 * BINS) / WIDTH)


@njit(cache=True)
def predictive(n, mean, m2, prior, row):  # type: ignore[no-untyped-def]
    """Mean, scale and degrees of freedom of the vehicle's next log stay, and the pooled variance."""
    peer_mean = (prior[row, SUM] / FIXED + 10.0 * math.log(6 * 3600.0)) / (prior[row, TOTAL] + 10.0)
    pooled = (prior[row, SQUARES] / FIXED + 20.0 * DEFAULT_VARIANCE) / (prior[row, FREEDOM] + 20.0)
    df = N0 + n
    variance = (N0 * pooled + m2) / df * (1.0 + 1.0 / (K0 + n))
    return (K0 * peer_mean + n * mean) / (K0 + n), math.sqrt(variance), min(df, MOST_DF), pooled


@njit(cache=True)
def calm_stay(y, mean, scale, df, prior, row):  # type: ignore[no-untyped-def]
    """The log stay nearest to `y`, towards the mean, from which on there is no evidence any more; NaN for none."""
    reach = min(max(y - mean, -CALM_REACH * scale), CALM_REACH * scale)
    calm = math.nan
    for k in range(CALM_STEPS):
        at = mean + reach * k / CALM_STEPS
        t = (at - mean) / scale
        ratio = peer_log_density(prior, row, at) - student_log_density(t, df, scale)
        if not adds_nothing(bounded_p(student_tail(t, df)), ratio):
            return calm
        calm = at
    return calm


@njit(cache=True)
def assess(  # type: ignore[no-untyped-def]
    rows, slots, time_ms, direction, vehicle_class, seen, fresh, prior, tally, touched, p, llr, evidence,
    min_stays, half_life_s
):  # fmt: skip
    """The compiled walk: per crossing, in order, fill the outputs, then learn."""
    for i in range(len(slots)):
        row = rows[slots[i]]
        now_s = time_ms[i] // 1000
        known = seen[i] > 0 and row.last != direction[i] and now_s >= row.last_s
        if known:
            kind = direction[i]  # inbound ends a stay abroad (0), outbound a stay inside (1)
            shared_row = 2 * vehicle_class[i] + kind
            y = math.log(max(1.0, now_s - row.last_s))
            n, mean, m2 = row.n[kind], row.mean[kind], row.m2[kind]
            centre, scale, df, pooled = predictive(n, mean, m2, prior, shared_row)
            if row.count[kind] >= min_stays:
                t = (y - centre) / scale
                p[i] = bounded_p(student_tail(t, df))
                llr[i] = peer_log_density(prior, shared_row, y) - student_log_density(t, df, scale)
                evidence[i, 0] = now_s - row.last_s
                evidence[i, 1] = kind
                evidence[i, 2] = math.exp(centre - 1.2816 * scale)
                evidence[i, 3] = math.exp(centre + 1.2816 * scale)
                evidence[i, 4] = (
                    math.exp(calm_stay(y, centre, scale, df, prior, shared_row))
                    if llr[i] > 1.0 or p[i] < 0.1
                    else math.nan
                )
                evidence[i, 5] = row.count[kind]
            if fresh[i]:
                tally[shared_row, bin_of(y)] += 1
                tally[shared_row, TOTAL] += 1
                tally[shared_row, SUM] += int(round(FIXED * min(y, LOW + BINS * WIDTH)))
                if row.count[kind] >= 2:  # an unbiased sample of the within-vehicle variance, cut at 9 times the pooled
                    square = (y - mean) ** 2 * n / (n + 1.0)
                    tally[shared_row, SQUARES] += int(round(FIXED * min(square, 9.0 * pooled)))
                    tally[shared_row, FREEDOM] += 1
                touched[shared_row] = 1
            factor = decay_factor(now_s - row.last_s, half_life_s)
            for k in range(2):
                row.n[k] *= factor
                row.m2[k] *= factor
            # Welford's update; an outlier counts as 4 scales at the most, so that one stay cannot bend the habit
            reach = 4.0 * scale
            moved = min(max(y, centre - reach), centre + reach) if row.count[kind] >= min_stays else y
            delta = moved - row.mean[kind]
            row.n[kind] += 1.0
            row.mean[kind] += delta / row.n[kind]
            row.m2[kind] += delta * (moved - row.mean[kind])
            row.count[kind] = min(row.count[kind] + 1, 65535)
        if now_s >= row.last_s:
            row.last = direction[i]
            row.last_s = now_s


@dataclass(frozen=True)
class Turnaround(Defaults):
    """See the module."""

    parameters: Parameters = field(default_factory=Parameters)
    name: str = "turnaround"
    typologies: tuple[str, ...] = ("quick_turnaround", "long_stay")
    reads: tuple[str, ...] = ("time_ms", "direction", "vehicle_class")
    row: np.dtype[Any] = ROW
    evidence: tuple[str, ...] = ("stay_s", "inside", "usual_from_s", "usual_to_s", "calm_s", "seen")
    shared: tuple[SharedSpec, ...] = (SharedSpec(BINS + 4, lambda ports: 2 * CLASSES),)
    source: str = "Murphy 2007, Conjugate Bayesian analysis of the Gaussian distribution, section 3"
    min_stays: int = 3

    def assess(
        self, rows: Array, slots: Array, batch: Mapping[str, Array], known: Columns, shared: Shared, out: Out
    ) -> None:
        """Score, then learn; see the module for the model."""
        assess(rows, slots, *(batch[c] for c in self.reads), known.seen, known.fresh, *shared[0], *out,
               self.min_stays, self.parameters.half_life_days * 86400.0)  # fmt: skip

    def explain(self, evidence: Mapping[str, float], context: Context) -> Finding:
        """The stay against the middle 80 % of what its own history predicts.

        >>> numbers = {"stay_s": 2280, "inside": 0, "usual_from_s": 25200, "usual_to_s": 39600, "seen": 57}
        >>> numbers["calm_s"] = 10800
        >>> finding = Turnaround().explain(numbers, Context("2504", str, "inbound"))
        >>> finding.sentence, finding.without
        ('Back after 38 min; this vehicle usually stays away 7 to 11 h (57 earlier stays).', 'above 3 h')
        """
        stay, seen = evidence["stay_s"], int(evidence["seen"])
        low, high, calm = evidence["usual_from_s"], evidence["usual_to_s"], evidence["calm_s"]
        quick = stay < math.sqrt(low * high)
        verb, where = ("Left again", "inside") if evidence["inside"] else ("Back", "away")
        usually = f"this vehicle usually stays {where} {duration_range(low, high)}"
        sentence = f"{verb} after {duration(stay)}; {usually} ({seen} earlier stays)."
        without = None if math.isnan(calm) else f"{'above' if quick else 'below'} {duration(calm, up=quick)}"
        if quick != (said(calm, up=quick) <= math.sqrt(low * high)):
            without = None  # a bound rounded past the middle of a narrow habit would no longer hold
        usual = (round(low / 60, 1), round(high / 60, 1))
        typology = "quick_turnaround" if quick else "long_stay"
        return Finding(typology, round(stay / 60, 1), "min", usual, seen, sentence, without)
