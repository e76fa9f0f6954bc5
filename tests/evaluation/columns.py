"""How does a test make the scores of a few crossings? By hand: one row a crossing, everything else ordinary."""

from __future__ import annotations

from typing import Any

import numpy as np

from detectors.base import Parameters
from detectors.catalogue import build
from evaluation.labels import Label, Truth
from evaluation.scores import Scores, Shown
from schemas.batch import DETECTOR_COLUMNS, dtype_of
from schemas.keys import keys64
from stream.stages import Layout

HOUR_MS = 3_600_000
START_MS = 1_767_600_000_000  # 2026-01-05 08:00 UTC
DETECTORS = ("odd_hour", "new_port", "turnaround")


def scores_of(hours: list[float], score: list[float], **columns: Any) -> Scores:
    """Crossings c0, c1, … at these hours, scored -log10 p; of one vehicle unless `vehicle_key` says otherwise."""
    n = len(hours)
    layout = Layout(build(Parameters(), DETECTORS))
    ids = [f"c{k}" for k in range(n)]
    found: dict[str, Any] = {name: np.zeros(n, dtype_of(name)) for name in ("port", "direction", "lane_key")}
    found |= {name: np.zeros(n, dtype_of(name)) for name in ("lane_type", "vehicle_class")}
    found["time_ms"] = START_MS + (np.array(hours) * HOUR_MS).astype(np.int64)
    found["local_ms"] = found["time_ms"]
    found["vehicle_key"] = np.ones(n, np.uint64)
    found["crossing_key"] = keys64(ids)
    found["read_confidence"] = np.ones(n, np.float32)
    p = columns.pop("p", np.full((n, len(layout.names)), np.nan))
    more_notices = columns.pop("notices", [])
    alerted = np.array(columns.pop("alerted", [False] * n))
    found |= {name: np.array(values, DETECTOR_COLUMNS[name][0]) for name, values in columns.items()}
    evidence = np.zeros(len(layout.evidence_names), np.float32)
    shown = {k: Shown(name, f"v{found['vehicle_key'][k]}", "1", p[k], evidence) for k, name in enumerate(ids)}
    return Scores(
        layout, found, np.array(score, float), alerted, np.zeros(n, bool), np.asarray(p, np.float32),
        np.asarray(p, np.float32), list(layout.names), shown, more_notices,
    )  # fmt: skip


def truth_of(
    labels: dict[str, tuple[str, str]], benign: dict[str, tuple[str, str]] | None = None, **more: Any
) -> Truth:
    """Labels as crossing -> (label, episode)."""
    rows = [Label(crossing, *what) for crossing, what in labels.items()]
    innocent = [Label(crossing, *what) for crossing, what in (benign or {}).items()]
    return Truth(rows, innocent, more.get("strength", {}), more.get("dispositions", []), more.get("events", []))
