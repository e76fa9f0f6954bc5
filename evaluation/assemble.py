"""How do scores and truth become the results? Measures Linewatch and every baseline on one bench, and the promises."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from evaluation import health, results
from evaluation.baselines.base import Baseline, sample
from evaluation.bench import RATES, Bench, Ranked, Split, own_score
from evaluation.labels import Truth
from evaluation.notices import notices
from evaluation.scores import Scores
from schemas.errors import ConfigError
from schemas.models import moment_of, rfc3339

OURS = "linewatch"
Show = Callable[[str, int], Callable[[int], None]]  # (what begins, of how many) -> told how far it is


class Setup(NamedTuple):
    """What the results say about the run beside its figures."""

    log_name: str
    port_names: list[str]
    allowed: health.Allowance
    config_id: str
    warm_up: float
    split: float


def prepare(scores: Scores, truth: Truth, setup: Setup) -> Bench:
    """The bench of a log; ConfigError where labels and log do not belong together or a period is empty."""
    split = Split.of(scores.time_ms, setup.warm_up, setup.split)
    apart = frozenset(
        label for label in {row.label for row in truth.labels} if _only_for_integrity(scores, label)
    )  # fmt: skip
    bench = Bench(scores, truth, split, apart)
    if not len(bench.planted.row):
        raise ConfigError(
            f"none of the {len(truth.labels):,} labels names a crossing of {setup.log_name}: the labels belong to "
            "another log. Give the labels that were written with this one."
        )
    if not len(bench.positives) or not bench.choosing.any():
        raise ConfigError(
            f"no labelled crossing after {_text(split.split_ms)}, where the scored period begins; lower --split."
        )
    return bench


def _only_for_integrity(scores: Scores, label: str) -> bool:
    claims = [d.audience for d in scores.layout.detectors if label in d.typologies]
    return bool(claims) and all(audience == "integrity" for audience in claims)


def assemble(bench: Bench, baselines: Sequence[Baseline], setup: Setup, show: Show) -> results.Results:
    """All figures. Deterministic: the same scores and truth give the same results."""
    scores = bench.scores
    instead = {label: own for label in sorted(bench.apart) if (own := own_score(scores, label)) is not None}
    about = "The combined p-value of all detectors, as it stands in the assessments."
    ours = Ranked(OURS, "Linewatch", about, scores.score, None, instead)
    rankings = {OURS: bench.ranking(ours, ours, scores.alerted)}
    for baseline in baselines:
        given = sample(scores, bench.labelled, baseline.most)
        found = np.full(len(scores), np.nan)
        found[given.rows] = baseline.run(scores, given.rows, show(baseline.title, len(given.rows)))
        ranked = Ranked(baseline.name, baseline.title, baseline.about, found, given.weight)
        rankings[baseline.name] = bench.ranking(ranked, ours)
    alerts = bench.benign_alerted(scores.alerted)
    first = bench.benign_alerted(scores.alerted, first=True)
    at = {rate: rankings[OURS].benign[rate] for rate in RATES}
    return results.Results(
        schema=results.SCHEMA,
        log=_log(bench, setup),
        periods=results.Periods(
            thresholds_from=_text(bench.split.warm_ms),
            scored_from=_text(bench.split.split_ms),
            until=_text(bench.split.end_ms),
            scored_crossings=int(bench.scored.sum()),
        ),
        rates=list(RATES),
        rankings=rankings,
        alerts=bench.at(scores.alerted, None, float("nan")),
        benign={
            kind: results.Benign(alerts[kind], first[kind], {rate: at[rate][kind] for rate in RATES}) for kind in alerts
        },
        calibration=health.calibration(bench),
        budget=health.budget(bench, setup.allowed, setup.port_names),
        lift=health.lift(bench, bench.truth.dispositions),
        notices=notices(bench, setup.port_names),
        not_evaluated=health.not_evaluated(bench),
    )


def _log(bench: Bench, setup: Setup) -> results.Log:
    scores = bench.scores
    return results.Log(
        name=setup.log_name,
        crossings=len(scores),
        vehicles=len(np.unique(scores.vehicle_key)),
        ports=len(np.unique(scores.port)),
        first=_text(int(scores.time_ms.min())),
        last=_text(int(scores.time_ms.max())),
        labelled=int(bench.labelled.sum()),
        episodes=len(set(bench.planted.episode.tolist())),
        unmatched=bench.planted.unmatched,
        benign=len(np.unique(bench.benign.row)),
        alerts=int(scores.alerted.sum()),
        config=setup.config_id,
        detectors=list(scores.layout.names),
    )


def _text(time_ms: int) -> str:
    return rfc3339(moment_of(time_ms))
