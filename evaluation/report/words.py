"""What do the figures say in plain words, and what should be changed? Rules from figures to sentences, nothing else."""

from __future__ import annotations

import math
from typing import NamedTuple

from evaluation.results import Ranking, Results, Share, Typology, lead

MANY = 20  # below so many, a share is too uncertain to act on
QUIET = 0.001  # the share of a hard negative that may alert
QUIET_FIRST = {"one_day_trip": 0.01}  # of first occurrences
BAND = 0.2  # calibration
LEAST_EXPECTED = 20  # p-values expected below a level, for a ratio to mean something
GOOD_EPISODES = 0.8


class Advice(NamedTuple):
    """What to change, and the figure that says so."""

    what: str
    why: str


def percent(share: float | None, digits: int = 1) -> str:
    """A share as text.

    >>> percent(0.0033, 2), percent(None), percent(0.00004)
    ('0.33%', '-', '0.004%')
    """
    if share is None:
        return "-"
    if 0 < share < 0.0005:
        return f"{100 * share:.1g}%"
    return f"{100 * share:.{digits}f}%"


def number(value: float | None) -> str:
    """Three digits, or a dash.

    >>> number(0.12345), number(1234.5), number(None)
    ('0.123', '1,234', '-')
    """
    if value is None:
        return "-"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def of(share: Share) -> str:
    """Count, total and share.

    >>> of(Share(3, 4, 0.75, 0.3, 0.95))
    '3 of 4 (75%)'
    """
    return f"{share.found:,.0f} of {share.of:,.0f}" + (
        f" ({percent(share.share, 0)})" if share.share is not None else ""
    )


def hours(value: float | None) -> str:
    """Hours as people say them.

    >>> hours(None), hours(0.0), hours(5.2), hours(50)
    ('-', 'at once', '5.2 h', '2.1 days')
    """
    if value is None:
        return "-"
    if value < 1 / 60:
        return "at once"
    return f"{value:.1f} h" if value < 48 else f"{value / 24:.1f} days"


def best_baseline(found: Results) -> Ranking | None:
    """The baseline that comes closest to Linewatch on the same crossings, or passes it."""
    return min(list(found.rankings.values())[1:], key=_behind, default=None)


def best_for(found: Results, label: str) -> tuple[Ranking, Typology] | None:
    """The same for one typology."""
    rows = [(ranking, ranking.typologies[label]) for ranking in list(found.rankings.values())[1:]]
    return min(rows, key=lambda row: _behind(row[1]), default=None)


def _behind(one: Ranking | Typology) -> float:
    times = lead(one)
    return math.inf if times is None else times


def headline(found: Results) -> list[str]:
    """The findings, the most important first."""
    ours, rate = next(iter(found.rankings.values())), found.rates[0]
    at = ours.at[rate]
    first = (
        f"Looking at the oddest {rate} of crossings, {of(at.found.episodes)} of the planted stories and "
        f"{of(at.found.events)} of their crossings were found; half of the stories found were found "
        f"{_within(at.found.hours_to_detect_median)}."
    )
    said = [first]
    if at.alert_rate is not None and at.precision is not None and at.lift is not None:
        said.append(
            f"The threshold was chosen earlier and gave {percent(at.alert_rate, 2)} in the scored period. Of 100 "
            f"crossings it picked {100 * at.precision:.0f} were planted: {at.lift:,.0f} times what 100 at random hold."
        )
    other = best_baseline(found)
    if other is not None:
        sampled = other.scored < found.log.crossings
        where = f" (on a sample, where Linewatch has {number(other.linewatch_average_precision)})" if sampled else ""
        said.append(
            f"Average precision is {number(ours.average_precision)}; the best baseline, {other.title}, reaches "
            f"{number(other.average_precision)}{_times(lead(other))}{where}, and finds "
            f"{of(other.at[rate].found.episodes)} of the stories."
        )
    said.append(
        f"With its floor, budget and guard the system gave {found.log.alerts:,} alerts in the whole log, "
        f"{number(found.budget.per_hour_mean)} an hour and port in the scored period, and these alerts found "
        f"{of(found.alerts.found.episodes)} of the stories."
    )
    loud = [kind for kind, row in found.benign.items() if _loud(kind, row.crossings, row.first)]
    said.append(
        f"Innocent look-alikes that alert more than they may: {', '.join(loud)}." if loud
        else "None of the innocent look-alikes alerts more than it may."
        if found.benign else "The log lists no hard negatives, so false alarms on look-alikes were not measured."
    )  # fmt: skip
    return said


def _within(median: float | None) -> str:
    return "at once" if median is None or median < 1 / 60 else f"within {hours(median)}"


def _times(times: float | None) -> str:
    """How a baseline compares, where the two differ clearly."""
    if times is None or math.isinf(times) or 0.9 < times < 1.1:
        return ""
    return f", {times:.1f} times less than Linewatch" if times > 1 else f", {1 / times:.1f} times more than Linewatch"


def _loud(kind: str, crossings: Share, first: Share) -> bool:
    """Whether a hard negative alerts more than it may, beyond doubt (the lower end of the interval)."""
    if kind in QUIET_FIRST:
        return first.low > QUIET_FIRST[kind]
    return crossings.low > QUIET


def advice(found: Results) -> list[Advice]:
    """What to change, the largest loss first."""
    ours, rate = next(iter(found.rankings.values())), found.rates[0]
    unheard = {row.typology for row in found.not_evaluated}
    said = [
        Advice(f"Build a detector for {row.typology}, or take the label out.", f"{row.labelled} crossings; {row.why}.")
        for row in found.not_evaluated if row.labelled and row.why.startswith("no detector")
    ]  # fmt: skip
    said += [
        Advice(f"Record what {row.typology} needs.", f"{row.labelled} planted crossings were not judged: {row.why}.")
        for row in found.not_evaluated if row.labelled and not row.why.startswith("no detector")
    ]  # fmt: skip
    losses = []
    for label, row in ours.typologies.items():
        lost = row.at[rate].episodes.of - row.at[rate].episodes.found
        if label not in unheard and lost and (row.at[rate].episodes.share or 0.0) < GOOD_EPISODES:
            losses.append((-lost, label, _typology_advice(found, label, row, rate)))
    said += [one for _, _, one in sorted(losses)]
    for kind, benign in found.benign.items():
        if _loud(kind, benign.crossings, benign.first):
            said.append(Advice(f"Quieten {kind}.", f"{of(benign.crossings)} of these innocent crossings alerted."))
    said += _calibration_advice(found)
    if found.budget.hours_above_cap.found:
        said.append(Advice("Hold the cap.", f"{of(found.budget.hours_above_cap)} of the hours went above it."))
    return said


def _typology_advice(found: Results, label: str, row: Typology, rate: str) -> Advice:
    own, combined = row.own_average_precision or 0.0, row.average_precision or 0.0
    why = f"{of(row.at[rate].episodes)} of its episodes found; average precision {number(combined)}"
    if own > 1.5 * combined and own > 0.02:
        return Advice(
            f"{label}: sharpen its detector's p, or give it more weight.",
            f"{why}, but {number(own)} by its own detector alone: what others find odd stands above it.",
        )
    best = best_for(found, label)
    if best is not None and _behind(best[1]) <= 1:
        theirs = number(best[1].average_precision)
        return Advice(f"{label}: learn from {best[0].title}.", f"{why}; {best[0].title} reaches {theirs}.")
    return Advice(f"{label}: look at its misses below.", f"{why}; no baseline does better.")


def _calibration_advice(found: Results) -> list[Advice]:
    said = []
    for name, row in found.calibration.items():
        ratio = row.ratio["0.001"]
        if ratio is None or row.evaluated * 0.001 < LEAST_EXPECTED or abs(ratio - 1) <= BAND:
            continue
        word = "too often" if ratio > 1 else "too seldom"
        said.append(
            Advice(
                f"Calibrate {name}.",
                f"p < 0.001 happens {word}: {number(ratio)} times its share, {row.evaluated:,} seen.",
            )
        )
    return said
