"""What do general anomaly detectors make of the same crossings? river's, and PySAD's as the peer library.

Each is run as its own documentation says, one crossing at a time, scored before it learns: none is made faster or
changed. "Raw" features are what is written on the crossing; "the same features" are the vehicle-relative answers that
Linewatch's own models look at (`detectors/features.py`), so that the difference is the models, not the features.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from evaluation.baselines.base import F8, Rows, Tick, uniform
from evaluation.baselines.rules import Lives
from evaluation.scores import Scores
from schemas.batch import LANE_TYPES, VEHICLE_CLASSES

SEED = 7
BLOCK = 2_000
DAY_MS = 86_400_000
# optional field -> what stands for 1; present values only
SCALES = {"weight_kg": 60_000.0, "occupants": 60.0, "wait_s": 14_400.0, "inspection_s": 7_200.0, "declared_value": 1e6}


class RiverModel(Protocol):
    """What is used of river."""

    def score_one(self, x: dict[Any, float]) -> float:
        """Higher is odder."""

    def learn_one(self, x: dict[Any, float]) -> None:
        """Take it in."""


def raw_features(scores: Scores) -> NDArray[np.float32]:
    """[n, 8 or more] in [0, 1]: clock, weekday, port, direction, lane type, class, confidence, time since the last."""
    lives = Lives(scores)
    gap = np.empty(len(scores))
    gap[lives.order] = np.minimum(1.0, np.log1p(lives.gap_ms / 3.6e6) / math.log1p(24 * 365))
    columns = [
        scores.local_ms % DAY_MS / DAY_MS,
        (scores.local_ms // DAY_MS + 3) % 7 / 7,
        uniform(scores.port.astype(np.uint64) + np.uint64(1), 2),  # a number for each port, spread over [0, 1)
        scores.direction,
        scores.lane_type / len(LANE_TYPES),
        scores.vehicle_class / len(VEHICLE_CLASSES),
        scores.read_confidence,
        gap,
    ]
    for name, scale in SCALES.items():
        if name in scores.columns:
            column = scores.columns[name].astype(np.float64)
            columns.append(np.where(column < 0, np.nan, np.minimum(1.0, column / scale)))
    return np.stack(columns, axis=1).astype(np.float32)


def half_space_raw(scores: Scores, rows: Rows, tick: Tick) -> F8:
    """river's Half-Space Trees over raw features."""
    from river.anomaly import HalfSpaceTrees  # noqa: PLC0415 (river takes a second to import)

    return _river(HalfSpaceTrees(seed=SEED), raw_features(scores)[rows], tick)


def half_space(scores: Scores, rows: Rows, tick: Tick) -> F8:
    """river's Half-Space Trees over the same features."""
    from river.anomaly import HalfSpaceTrees  # noqa: PLC0415

    return _river(HalfSpaceTrees(seed=SEED), scores.features[rows], tick)


def one_class(scores: Scores, rows: Rows, tick: Tick) -> F8:
    """river's one-class support vector machine over the same features, scaled as river's own example does."""
    from river.anomaly import OneClassSVM  # noqa: PLC0415
    from river.preprocessing import StandardScaler  # noqa: PLC0415

    return _river(StandardScaler() | OneClassSVM(nu=0.1), scores.features[rows], tick)


def xstream(scores: Scores, rows: Rows, tick: Tick) -> F8:
    """PySAD's xStream (Manzoor et al. 2018) over the same features."""
    from pysad.models import xStream  # noqa: PLC0415

    model = xStream(random_state=SEED)  # type: ignore[no-untyped-call]
    return _pysad(model, scores.features[rows], tick)


def random_cut(scores: Scores, rows: Rows, tick: Tick) -> F8:
    """PySAD's Robust Random Cut Forest (Guha et al. 2016) over the same features."""
    from pysad.models import RobustRandomCutForest  # noqa: PLC0415

    model = RobustRandomCutForest(num_trees=40, tree_size=256, random_state=SEED)  # type: ignore[no-untyped-call]
    return _pysad(model, scores.features[rows], tick)


def _river(model: RiverModel, table: NDArray[np.float32], tick: Tick) -> F8:
    """An absent feature is 0: river draws its trees from the features of the first crossing, so all must be there."""
    found = np.empty(len(table))
    at = 0
    for block in _blocks(np.nan_to_num(table, nan=0.0)):
        for row in block.tolist():
            x = dict(enumerate(row))
            found[at] = model.score_one(x)
            model.learn_one(x)
            at += 1
        tick(at)
    return np.nan_to_num(found)


def _pysad(model: Any, table: NDArray[np.float32], tick: Tick) -> F8:
    """An absent feature is 0 here too."""
    found = np.zeros(len(table))
    at = 0
    for block in _blocks(np.nan_to_num(table, nan=0.0).astype(np.float64)):
        for row in block:
            if at:  # PySAD's models cannot score before they have learnt something
                found[at] = model.score_partial(row)
            model.fit_partial(row)
            at += 1
        tick(at)
    return np.nan_to_num(found)


def _blocks(table: NDArray[Any]) -> Iterator[NDArray[Any]]:
    for start in range(0, len(table), BLOCK):
        yield table[start : start + BLOCK]
