"""The flattened Half-Space Trees say exactly what river's own say."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from river.anomaly import HalfSpaceTrees

from detectors import half_space
from detectors.base import Columns, Out
from detectors.catalogue import FEATURES
from detectors.peer_outlier import PeerOutlier
from schemas.batch import Array


def points(seed: int, n: int, features: int, missing: float) -> Array:
    """Random points, the first one whole, so that river knows every feature when it draws its trees."""
    rng = np.random.default_rng(seed)
    x = rng.random((n, features))
    x[rng.random((n, features)) < missing] = np.nan
    x[np.isnan(x).all(axis=1), 0] = 0.5  # our detector does not look at a crossing without any answer
    x[0] = 0.5
    return x


def ours(detector: PeerOutlier, x: Array, fresh: Array | None = None) -> tuple[Array, Array]:
    """Scores of one port and class in order (NaN in the first window), and its state."""
    n = len(x)
    rows = np.zeros(1, detector.row)
    evidence = np.full((n, len(detector.evidence)), np.nan)
    known = Columns(np.zeros(n, np.uint32), np.ones(n, np.uint8) if fresh is None else fresh, np.zeros(n, np.int64))
    batch = {"features": x, "vehicle_class": np.zeros(n, np.int8)}
    detector.assess(
        rows, np.zeros(n, np.int32), batch, known, (), Out(np.full(n, np.nan), np.full(n, np.nan), evidence)
    )
    return evidence[:, 0], rows


def rivers(detector: PeerOutlier, x: Array) -> list[float]:
    """river's `score_one`, then `learn_one`, of each point; missing features are left out of the dict."""
    model: Any = HalfSpaceTrees(
        n_trees=detector.trees, height=detector.height, window_size=detector.window, seed=detector.seed
    )
    names = half_space.feature_names(detector.features)
    scores = []
    for row in x.tolist():
        point = {name: value for name, value in zip(names, row, strict=True) if not math.isnan(value)}
        scores.append(model.score_one(point))
        model.learn_one(point)
    return scores


@pytest.mark.parametrize("missing", [0.0, 0.3, 0.8])
@pytest.mark.parametrize(("seed", "trees", "height", "window"), [(1, 10, 8, 250), (7, 3, 1, 10), (42, 5, 4, 97)])
def test_scores_equal_rivers_exactly(seed: int, trees: int, height: int, window: int, missing: float) -> None:
    """Every score after the first window is the same float, over many turns of the window, features missing or not."""
    detector = PeerOutlier(6, trees=trees, height=height, window=window, seed=seed)
    x = points(seed, 2000, 6, missing)
    scores, _ = ours(detector, x)
    assert np.isnan(scores[:window]).all()
    assert not np.isnan(scores[window:]).any()
    assert scores[window:].tolist() == rivers(detector, x)[window:]


@settings(max_examples=15)
@given(
    seed=st.integers(0, 2**31 - 1),
    trees=st.integers(1, 6),
    height=st.integers(1, 6),
    window=st.integers(2, 60),
    features=st.integers(1, 9),
    missing=st.floats(0.0, 0.9),
)
def test_any_forest_equals_rivers(
    seed: int, trees: int, height: int, window: int, features: int, missing: float
) -> None:
    """Whatever the size of the forest, its seed and the share of missing features."""
    detector = PeerOutlier(features, trees=trees, height=height, window=window, seed=seed)
    x = points(seed, 300, features, missing)
    scores, _ = ours(detector, x)
    assert scores[window:].tolist() == rivers(detector, x)[window:]


@settings(max_examples=10)
@given(grid=st.integers(1, 4), seed=st.integers(0, 1000))
def test_ties_and_points_on_a_threshold_go_the_same_way(grid: int, seed: int) -> None:
    """Values on a coarse grid, ends of the range included, give the same scores."""
    detector = PeerOutlier(4, trees=4, height=5, window=20, seed=seed)
    x = np.round(points(seed, 300, 4, 0.2) * grid) / grid
    scores, _ = ours(detector, x)
    assert scores[20:].tolist() == rivers(detector, x)[20:]


def test_the_default_forest_is_what_river_draws() -> None:
    """The arrays in the repository, read so that a start need not import river, are those that river draws."""
    default = PeerOutlier(len(FEATURES))
    drawn = half_space.draw(
        default.features, trees=default.trees, height=default.height, window=default.window, seed=default.seed
    )
    assert half_space.DRAWN.exists()
    with np.load(half_space.DRAWN) as kept:  # if this differs: python -m detectors.draw_trees
        assert kept["parameters"].tolist() == [
            default.features, default.trees, default.height, default.window, default.seed
        ]  # fmt: skip
    assert default.forest.feature.tolist() == drawn.feature.tolist()
    assert default.forest.threshold.tolist() == drawn.threshold.tolist()


def test_a_crossing_that_is_not_fresh_is_scored_but_not_learnt() -> None:
    """Points that may not be learnt get the score they would get, and leave no trace."""
    detector = PeerOutlier(4, trees=4, height=5, window=50)
    x = points(5, 400, 4, 0.2)
    fresh = np.ones(400, np.uint8)
    fresh[200:] = 0
    scores, rows = ours(detector, x, fresh)
    _, before = ours(detector, x[:200])
    assert rows.tobytes() == before.tobytes()
    assert not np.isnan(scores[200:]).any()
    assert ours(detector, np.concatenate([x[:200], x[300:301]]))[0][200] == scores[300]


def test_an_isolated_combination_scores_higher_than_a_common_one() -> None:
    """After many points in one corner, one in the opposite corner is the more unusual."""
    detector = PeerOutlier(4)
    corner = np.random.default_rng(0).uniform(0.0, 0.2, (600, 4))
    scores, _ = ours(
        detector, np.concatenate([np.full((1, 4), 0.5), corner, np.full((1, 4), 0.1), np.full((1, 4), 0.95)])
    )
    assert scores[-1] > scores[-2] + 0.1
