"""How well does a ranking find what was planted? One bench for Linewatch and every baseline: same rows, same rules.

Time is cut in three: warm-up (models learn, nothing counts), the period that thresholds are chosen on, the scored
period. A threshold for an alert rate is the quantile of *all* scores of the earlier period, since nobody knows labels
beforehand; what it gives later is what it gives. Average precision and curves need no threshold.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from evaluation import metrics, results
from evaluation.labels import Label, Truth
from evaluation.results import figure, finite, share_of
from evaluation.scores import Scores

HOUR_MS = 3_600_000
RATES = {"0.33%": 0.0033, "1%": 0.01}
WAITS = (0.1, 0.5, 1.0, 3.0, 8.0, 24.0, 72.0, 168.0, 336.0, 720.0, 2160.0)  # hours
GRID = np.geomspace(1e-4, 0.2, 60)  # alert rates of the recall curve

F8 = NDArray[np.float64]
Rows = NDArray[np.int64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Ranked:
    """A score for every crossing, higher is odder. NaN where a baseline was not given the crossing (weight 0)."""

    name: str
    title: str
    about: str
    score: F8
    weight: F8 | None = None  # of each crossing, where a sample was scored: 1 / its chance to be in it
    instead: Mapping[str, F8] = field(default_factory=dict)  # typology -> the score that it is ranked by


@dataclass(frozen=True)
class Split:
    """The three periods, in ms of event time."""

    warm_ms: int
    split_ms: int
    end_ms: int

    @classmethod
    def of(cls, time_ms: NDArray[np.int64], warm_up: float, split: float) -> Split:
        """Cut where shares `warm_up` and `split` of the time have passed."""
        first, last = int(time_ms.min()), int(time_ms.max())
        span = last - first
        return cls(first + int(warm_up * span), first + int(split * span), last)


class Marked:
    """Labelled crossings of one kind of label file that are in the log, as columns in event order."""

    def __init__(self, rows: list[Label], scores: Scores) -> None:
        found = scores.rows_of([row.crossing_id for row in rows])
        order = np.argsort(found, kind="stable")
        order = order[found[order] >= 0]
        self.unmatched = len(rows) - len(order)
        self.row: Rows = found[order]
        self.label = np.array([row.label for row in rows], object)[order]
        self.episode = np.array([row.episode for row in rows], object)[order]

    def of(self, label: str | None) -> tuple[Rows, NDArray[np.object_]]:
        """Rows and episodes of one label, or of all."""
        which = slice(None) if label is None else self.label == label
        return self.row[which], self.episode[which]


class Bench:
    """Scores, truth and periods of one log; `ranking` measures one score over all of it."""

    def __init__(self, scores: Scores, truth: Truth, split: Split, apart: frozenset[str] = frozenset()) -> None:
        """`apart` labels are ranked alone, and are neither right nor wrong overall."""
        self.scores, self.truth, self.split, self.apart = scores, truth, split, apart
        self.planted = Marked(truth.labels, scores)
        labelled = np.zeros(len(scores), bool)
        labelled[self.planted.row] = True
        planted = {label.crossing_id for label in truth.labels}
        self.benign = Marked([row for row in truth.benign if row.crossing_id not in planted], scores)
        self.labelled = labelled
        self.choosing = (scores.time_ms >= split.warm_ms) & (scores.time_ms < split.split_ms)
        self.scored = scores.time_ms >= split.split_ms
        self.ordinary = self.scored & ~labelled
        self.labels = sorted(set(self.planted.label.tolist()))
        counted, _ = self._counted()
        self.positives = np.unique(counted[self.scored[counted]])

    def ranking(self, ranked: Ranked, beside: Ranked, alerted: Mask | None = None) -> results.Ranking:
        """All figures of a ranking; `beside` is Linewatch's, `alerted` are its own alerts, given with its own score."""
        score, weight = ranked.score, ranked.weight
        normals = self.normals(score, weight)
        found = score[self.positives]
        recall, precision = metrics.precision_recall(found, normals)
        thresholds = self.thresholds(score, weight)
        masks = {rate: score >= threshold for rate, threshold in thresholds.items()}
        at = {rate: self.at(mask, weight, thresholds[rate]) for rate, mask in masks.items()}
        return results.Ranking(
            title=ranked.title,
            about=ranked.about,
            scored=int((~np.isnan(score)).sum()),
            average_precision=finite(metrics.average_precision(found, normals)),
            linewatch_average_precision=self._beside(beside.score, ranked, self.positives),
            base_rate=finite(len(self.positives) / max(len(self.positives) + normals.total, 1)),
            at=at,
            typologies={label: self._typology(label, ranked, beside, masks, alerted) for label in self.labels},
            benign={rate: self.benign_alerted(mask, ~np.isnan(score)) for rate, mask in masks.items()},
            precision_recall=_curve(recall, precision),
            recall_by_rate=self._recall_curve(score, weight),
            found_within=self._wait_curve(masks[next(iter(RATES))]),
        )

    def normals(self, score: F8, weight: F8 | None) -> metrics.Normals:
        """The ordinary crossings of the scored period under a score."""
        given = self.ordinary & ~np.isnan(score)
        return metrics.Normals(score[given], None if weight is None else weight[given])

    def thresholds(self, score: F8, weight: F8 | None) -> dict[str, float]:
        """The threshold for each alert rate, chosen on the earlier period."""
        given = self.choosing & ~np.isnan(score)
        rates = np.array(list(RATES.values()))
        found = metrics.thresholds(rates, score[given], None if weight is None else weight[given])
        return dict(zip(RATES, found.tolist(), strict=True))

    def at(self, mask: Mask, weight: F8 | None, threshold: float) -> results.AtRate:
        """What these alerts are worth over all labels in the scored period."""
        scored = self.scored.astype(np.float64) if weight is None else self.scored * weight
        alerts, total = float(scored[mask].sum()), float(scored.sum())
        hits = float(mask[self.positives].sum())
        base = len(self.positives) / total if total else 0.0
        precision = hits / alerts if alerts else float("nan")
        return results.AtRate(
            threshold=finite(threshold),
            alert_rate=finite(alerts / total) if total else None,
            precision=finite(precision),
            lift=finite(precision / base) if base else None,
            found=self.detected(mask, None),
        )

    def detected(self, mask: Mask, label: str | None) -> results.Detected:
        """Events, episodes and time to detect, of one label or of all that count overall."""
        rows, episodes = self.planted.of(label) if label is not None else self._counted()
        events = np.unique(rows[self.scored[rows]])
        begun, waited = self.waits(mask, rows, episodes)
        hours = np.array([wait for wait in waited.values() if wait is not None])
        return results.Detected(
            events=share_of(int(mask[events].sum()), len(events)),
            episodes=share_of(len(hours), len(begun)),
            hours_to_detect_median=finite(float(np.median(hours))) if len(hours) else None,
            hours_to_detect_p90=finite(float(np.quantile(hours, 0.9))) if len(hours) else None,
        )

    def _counted(self) -> tuple[Rows, NDArray[np.object_]]:
        """Rows and episodes of all labels that count overall."""
        counted = ~np.isin(self.planted.label.astype(str), list(self.apart))
        return self.planted.row[counted], self.planted.episode[counted]

    def waits(self, mask: Mask, rows: Rows, episodes: NDArray[np.object_]) -> tuple[list[str], dict[str, float | None]]:
        """Episodes begun in the scored period, and for each the hours until its first alert, None where it has none."""
        first: dict[str, int] = {}
        waited: dict[str, float | None] = {}
        for row, episode in zip(rows.tolist(), episodes.tolist(), strict=True):  # in event order
            first.setdefault(episode, row)
            if not self.scored[first[episode]]:
                continue
            waited.setdefault(episode, None)
            if mask[row] and waited[episode] is None:
                waited[episode] = int(self.scores.time_ms[row] - self.scores.time_ms[first[episode]]) / HOUR_MS
        return list(waited), waited

    def benign_alerted(self, mask: Mask, given: Mask | None = None, *, first: bool = False) -> dict[str, results.Share]:
        """For each kind of hard negative, the share of its crossings alerted in the scored period.

        `given`: the crossings that were scored at all. `first`: of each episode the first crossing only.
        """
        counted = self.scored if given is None else self.scored & given
        found = {}
        for kind in sorted(set(self.benign.label.tolist())):
            rows, episodes = self.benign.of(kind)
            if first:
                rows = rows[np.unique(episodes.astype(str), return_index=True)[1]]
            rows = np.unique(rows[counted[rows]])
            found[kind] = share_of(int(mask[rows].sum()), len(rows))
        return found

    def _typology(
        self, label: str, ranked: Ranked, beside: Ranked, masks: Mapping[str, Mask], alerted: Mask | None
    ) -> results.Typology:
        score = ranked.instead.get(label)
        if score is not None:
            masks = {rate: score >= threshold for rate, threshold in self.thresholds(score, None).items()}
        score = ranked.score if score is None else score
        normals = self.normals(score, ranked.weight)
        rows, _ = self.planted.of(label)
        rows = np.unique(rows[self.scored[rows]])
        at = {rate: self.detected(mask, label) for rate, mask in masks.items()}
        if alerted is not None:
            at["alerts"] = self.detected(alerted, label)
        first = next(iter(RATES))
        return results.Typology(
            crossings=len(rows),
            episodes=int(at[first].episodes.of),
            base_rate=finite(len(rows) / (len(rows) + normals.total)) if normals.total else None,
            average_precision=finite(metrics.average_precision(score[rows], normals)),
            linewatch_average_precision=self._beside(beside.instead.get(label, beside.score), ranked, rows),
            at=at,
            strengths=self._by_strength(masks[first], label),
            own_average_precision=self._own(label, rows) if alerted is not None else None,
            ranked_by=", ".join(self.claimed_by(label)) if label in ranked.instead else "",
        )

    def _beside(self, score: F8, ranked: Ranked, rows: Rows) -> float | None:
        """Average precision of another score on the crossings that this ranking was given."""
        given = np.where(np.isnan(ranked.score), np.nan, score)
        return finite(metrics.average_precision(score[rows], self.normals(given, ranked.weight)))

    def claimed_by(self, label: str) -> list[str]:
        """Names of the detectors that may give a typology."""
        return [d.name for d in self.scores.layout.detectors if label in d.typologies]

    def _own(self, label: str, rows: Rows) -> float | None:
        score = own_score(self.scores, label)
        return None if score is None else finite(metrics.average_precision(score[rows], self.normals(score, None)))

    def _by_strength(self, mask: Mask, label: str) -> dict[str, results.Share]:
        _, waited = self.waits(mask, *self.planted.of(label))
        strengths = self.truth.strength
        counts: dict[float, list[bool]] = {}
        for episode, wait in waited.items():
            if episode in strengths:
                counts.setdefault(strengths[episode], []).append(wait is not None)
        return {f"{strength:g}": share_of(sum(hits), len(hits)) for strength, hits in sorted(counts.items())}

    def _recall_curve(self, score: F8, weight: F8 | None) -> results.Curve:
        given = self.scored & ~np.isnan(score)
        thresholds = metrics.thresholds(GRID, score[given], None if weight is None else weight[given])
        found = np.sort(score[self.positives])
        recall = (len(found) - np.searchsorted(found, thresholds, side="left")) / max(len(found), 1)
        return _curve(GRID, recall)

    def _wait_curve(self, mask: Mask) -> results.Curve:
        begun, waited = self.waits(mask, *self._counted())
        hours = np.sort([wait for wait in waited.values() if wait is not None])
        found = np.searchsorted(hours, np.array(WAITS), side="right") / max(len(begun), 1)
        return _curve(np.array(WAITS), found)


def own_score(scores: Scores, label: str) -> F8 | None:
    """-log10 of the smallest calibrated p among the detectors that claim a typology; None where none does."""
    columns = [k for k, d in enumerate(scores.layout.detectors) if label in d.typologies]
    if not columns:
        return None
    with np.errstate(invalid="ignore"):
        least = np.nan_to_num(scores.p[:, columns], nan=1.0).min(axis=1)
    found: F8 = -np.log10(least.astype(np.float64)) + 0.0
    return found


def _curve(x: F8, y: F8) -> results.Curve:
    return results.Curve([figure(v) for v in x.tolist()], [figure(v) for v in y.tolist()])
