"""Does the system keep its promises, whatever it finds? Calibration, the alert budget, lift over chance, and gaps."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from evaluation import metrics
from evaluation.bench import HOUR_MS, Bench
from evaluation.results import Budget, Calibration, Estimate, Lift, PortBudget, Unevaluated, figure, finite, share_of
from schemas.dispositions import FOUND, NOT_EXAMINED
from schemas.models import Disposition
from stream import selection

LEVELS = (0.1, 0.01, 1e-3, 1e-4)


def calibration(bench: Bench) -> dict[str, Calibration]:
    """Of the combined score, then of each detector: how often p lies below each level on unlabelled crossings."""
    scores = bench.scores
    combined = _calibration((10.0 ** -scores.score[bench.ordinary]).astype(np.float32))
    own = {name: _calibration(scores.p[bench.ordinary, k]) for k, name in enumerate(scores.layout.names)}
    return {"combined": combined, **own}


def _calibration(p: NDArray[np.float32]) -> Calibration:
    evaluated, below = metrics.shares_below(p, LEVELS)
    names = [f"{level:g}" for level in LEVELS]
    shares = [count / evaluated if evaluated else float("nan") for count in below]
    return Calibration(
        evaluated=evaluated,
        below=dict(zip(names, below, strict=True)),
        share=dict(zip(names, map(finite, shares), strict=True)),
        ratio={name: finite(x / level) for name, level, x in zip(names, LEVELS, shares, strict=True)},
    )


class Allowance(NamedTuple):
    """What the settings allow each port: alerts an hour on average, and at most in one hour."""

    per_hour: float
    cap: int


def budget(bench: Bench, allowed: Allowance, port_names: list[str]) -> Budget:
    """Alerts per port and hour of the scored period, quiet hours included; ports without any crossing are left out."""
    scores, split = bench.scores, bench.split
    hours = max(1, -(-(split.end_ms - split.split_ms) // HOUR_MS))
    at = bench.scored & scores.alerted
    hour = (scores.time_ms[at] - split.split_ms) // HOUR_MS
    port = scores.port[at].astype(np.int64)
    crossings = np.bincount(scores.port[bench.scored], minlength=len(port_names))
    keys, counts = np.unique(port * (hours + 1) + hour, return_counts=True)
    by_port = {}
    used = np.unique(scores.port).tolist()
    for code, name in sorted(((code, port_names[code]) for code in used), key=lambda item: item[1]):
        mine = counts[keys // (hours + 1) == code]
        alerts = int(mine.sum())
        by_port[name] = PortBudget(
            int(crossings[code]), alerts, figure(alerts / hours), int((mine > allowed.cap).sum())
        )
    sizes = Counter(counts.tolist())
    places = hours * len(used)
    sizes[0] = places - len(counts)
    return Budget(
        per_hour_allowed=allowed.per_hour, cap_per_hour=allowed.cap, hours=places,
        per_hour_mean=figure(float(counts.sum()) / max(places, 1)),
        per_hour_max=int(counts.max()) if len(counts) else 0,
        hours_above_cap=share_of(int((counts > allowed.cap).sum()), places),
        by_port=by_port, hours_by_alerts={str(k): sizes[k] for k in sorted(sizes)},
    )  # fmt: skip


def lift(bench: Bench, dispositions: list[Disposition]) -> Lift | None:
    """Hits among alerts over hits in the random control sample; None without a random sample.

    A hit is a seizure, another violation or a possible victim; what nobody examined counts nowhere. Where no alert has
    a disposition, the labels say which alerts of the scored period were right, and which of the sample.
    """
    examined = [d for d in dispositions if d.outcome != NOT_EXAMINED]
    drawn = [d for d in examined if d.selected_by == "random"]
    if not drawn:
        return None
    asked = [d.outcome in FOUND for d in examined if d.selected_by == "alert"]
    judged_by, hits = "dispositions", sum(d.outcome in FOUND for d in drawn)
    if not asked:
        judged_by = "labels"
        asked = bench.labelled[bench.scored & bench.scores.alerted].tolist()
        rows = bench.scores.rows_of([d.crossing_id for d in drawn])
        hits = int(bench.labelled[rows[rows >= 0]].sum())
    found = selection.lift((sum(asked), len(asked)), (hits, len(drawn)))
    return Lift(
        alerts=share_of(sum(asked), len(asked)),
        random=share_of(hits, len(drawn)),
        judged_by=judged_by,
        lift=Estimate(finite(found.ratio), finite(found.low), finite(found.high)),
    )


def not_evaluated(bench: Bench) -> list[Unevaluated]:
    """Typologies nobody could look for in this log: no detector claims them, or none of those that do had an answer."""
    scores = bench.scores
    labelled = Counter(bench.planted.label.tolist())
    silent = [bool(np.isnan(scores.p[:, k]).all()) for k in range(scores.p.shape[1])]
    claims: dict[str, list[int]] = {}
    for k, detector in enumerate(scores.layout.detectors):
        for typology in detector.typologies:
            claims.setdefault(typology, []).append(k)
    found = []
    for typology in sorted({*claims, *labelled}):
        columns = claims.get(typology, [])
        if not columns:
            found.append(Unevaluated(typology, "no detector claims it", labelled[typology]))
        elif all(silent[k] for k in columns):
            found.append(Unevaluated(typology, _why(bench, columns), labelled[typology]))
    return found


def _why(bench: Bench, columns: list[int]) -> str:
    needs = sorted({name for k in columns for name in bench.scores.layout.detectors[k].needs})
    missing = [name for name in needs if name not in bench.scores.columns]
    if needs and len(missing) == len(needs):
        return f"no crossing carries {' or '.join(missing)}"
    return "no crossing had enough history"
