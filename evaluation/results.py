"""What is in metrics.json? The shapes below, written by msgspec; docs/evaluation.md explains them.

Shares and scores are plain numbers, times are hours or RFC 3339 texts in UTC; what could not be computed is null.
Dictionaries stand in a fixed order, so equal inputs give equal bytes.
"""

from __future__ import annotations

import math
from typing import Any

import msgspec

from evaluation.metrics import share

SCHEMA = "metrics/1"


class Share(msgspec.Struct, frozen=True):
    """`found` of `of`, with a 95 % interval (Wilson)."""

    found: float
    of: float
    share: float | None
    low: float
    high: float


def share_of(found: float, of: float) -> Share:
    """Count and share with its interval; the share of none of none is null."""
    estimate, low, high = share(found, of)
    return Share(float(found), float(of), finite(estimate), figure(low), figure(high))


def figure(value: float) -> float:
    """Six significant digits: what is beyond them differs between machines."""
    return float(f"{value:.6g}")


def finite(value: float) -> float | None:
    """The figure, or None for NaN and infinity, which JSON has not."""
    return figure(value) if math.isfinite(value) else None


class Estimate(msgspec.Struct, frozen=True):
    """A number with a 95 % interval; null is unknown or unbounded."""

    estimate: float | None
    low: float | None
    high: float | None


class Detected(msgspec.Struct, frozen=True):
    """What a set of alerts found of some labelled crossings, in the scored period."""

    events: Share  # labelled crossings alerted
    episodes: Share  # episodes begun in the scored period with a labelled crossing alerted
    hours_to_detect_median: float | None  # from an episode's first labelled crossing to its first alert, of those found
    hours_to_detect_p90: float | None


class AtRate(msgspec.Struct, frozen=True):
    """One threshold, chosen on the earlier period so that a given share of its crossings would alert."""

    threshold: float | None
    alert_rate: float | None  # what it gave in the scored period
    precision: float | None
    lift: float | None  # precision over the base rate: against looking at crossings at random
    found: Detected


class Typology(msgspec.Struct, frozen=True):
    """One kind of planted crossing against all ordinary ones."""

    crossings: int  # labelled, in the scored period
    episodes: int
    base_rate: float | None
    average_precision: float | None
    linewatch_average_precision: float | None  # Linewatch's on the crossings that this ranking was given
    at: dict[str, Detected]  # alert rate -> what was found; with "alerts": by the pipeline's own alerts
    strengths: dict[str, Share]  # strength -> episodes found at the first alert rate
    own_average_precision: float | None = None  # of the detectors that claim it, alone
    ranked_by: str = ""  # where not the combined score: the detector whose answers stay out of it


class Curve(msgspec.Struct, frozen=True):
    """Points of a curve."""

    x: list[float]
    y: list[float]


class Ranking(msgspec.Struct, frozen=True):
    """Linewatch or a baseline: one score for every crossing."""

    title: str
    about: str
    scored: int  # crossings it was given: all, or a sample whose ordinary crossings are weighted
    average_precision: float | None
    linewatch_average_precision: float | None  # Linewatch's on the crossings that this ranking was given
    base_rate: float | None
    at: dict[str, AtRate]
    typologies: dict[str, Typology]
    benign: dict[str, dict[str, Share]]  # alert rate -> kind of hard negative -> crossings alerted
    precision_recall: Curve  # x recall, y precision
    recall_by_rate: Curve  # x share of crossings alerted, y share of labelled crossings found
    found_within: Curve  # x hours since an episode's first labelled crossing, y share found, at the first alert rate


def lead(one: Ranking | Typology) -> float | None:
    """How many times this ranking's average precision Linewatch has on the same crossings; None where neither has any.

    On a sample every average precision is too high, alike for both, since few ordinary crossings are left at the top.
    """
    ours, theirs = one.linewatch_average_precision or 0.0, one.average_precision or 0.0
    if not ours and not theirs:
        return None
    return ours / theirs if theirs else math.inf


class Benign(msgspec.Struct, frozen=True):
    """A hard negative: innocent, though it looks odd."""

    crossings: Share  # alerted by the pipeline's own alerts
    first: Share  # the same, first crossing of each episode only
    at: dict[str, Share]  # at an alert rate


class Calibration(msgspec.Struct, frozen=True):
    """How often an answer's calibrated p lies below each level, on crossings that are not labelled."""

    evaluated: int
    below: dict[str, int]
    share: dict[str, float | None]
    ratio: dict[str, float | None]  # share over level: 1 is perfect


class PortBudget(msgspec.Struct, frozen=True):
    """Alerts of one port in the scored period."""

    crossings: int
    alerts: int
    per_hour: float
    hours_above_cap: int


class Budget(msgspec.Struct, frozen=True):
    """Alerts against what operators were promised; hours are those of the scored period, quiet ones included."""

    per_hour_allowed: float
    cap_per_hour: int
    hours: int
    per_hour_mean: float
    per_hour_max: int
    hours_above_cap: Share
    by_port: dict[str, PortBudget]
    hours_by_alerts: dict[str, int]  # alerts in one hour at one port -> how many such hours


class Lift(msgspec.Struct, frozen=True):
    """Alerts against the random control sample; the interval is that of `stream.selection.lift`."""

    alerts: Share  # alerts that were right
    random: Share  # crossings drawn at random that held something
    judged_by: str  # "dispositions", or "labels" where no alert has a disposition
    lift: Estimate


class PortEvent(msgspec.Struct, frozen=True):
    """A port that closed, opened again or opened for the first time, and the first notice of it."""

    port: str
    what: str  # closure, reopening, bridge
    at: str
    noticed_as: str | None  # kind of the first notice of that port in the days after it
    hours_until: float | None


class Notices(msgspec.Struct, frozen=True):
    """What was said of readers, ports and detectors in the scored period."""

    count: dict[str, int]  # kind -> how many
    per_port_week: float | None  # all kinds
    events: list[PortEvent]  # of events.csv
    elsewhere: int  # flow anomalies that no such event explains


class Log(msgspec.Struct, frozen=True):
    """What was replayed."""

    name: str
    crossings: int
    vehicles: int
    ports: int
    first: str
    last: str
    labelled: int
    episodes: int
    unmatched: int  # labels whose crossing is not in the log: rejected, a duplicate, or missing
    benign: int
    alerts: int
    config: str
    detectors: list[str]


class Periods(msgspec.Struct, frozen=True):
    """Warm-up, then the period that thresholds are chosen on, then the scored period."""

    thresholds_from: str
    scored_from: str
    until: str
    scored_crossings: int


class Unevaluated(msgspec.Struct, frozen=True):
    """A typology that could not be looked for in this log."""

    typology: str
    why: str
    labelled: int


class Results(msgspec.Struct, frozen=True):
    """metrics.json."""

    schema: str
    log: Log
    periods: Periods
    rates: list[str]
    rankings: dict[str, Ranking]  # "linewatch" first, then the baselines
    alerts: AtRate  # the pipeline's own alerts, with its floor, budget and guard
    benign: dict[str, Benign]
    calibration: dict[str, Calibration]  # "combined", then the detectors
    budget: Budget
    lift: Lift | None
    notices: Notices
    not_evaluated: list[Unevaluated]


def to_json(results: Results) -> bytes:
    """UTF-8, indented, keys in the order above."""
    return msgspec.json.format(msgspec.json.encode(results), indent=1) + b"\n"


def json_schema() -> dict[str, Any]:
    """JSON Schema of metrics.json."""
    return msgspec.json.schema(Results)
