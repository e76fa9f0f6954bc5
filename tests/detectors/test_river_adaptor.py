"""Any river anomaly detector joins by its dotted name; a wrong name or parameter is said before the stream starts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from river.anomaly import HalfSpaceTrees

from detectors.river_adaptor import RiverAdaptor
from schemas.errors import ConfigError
from tests.detectors.bench import FEATURES, MONDAY, Bench, Traffic, crossings

NAMES = tuple(f"answer{k}" for k in range(FEATURES))
CLASSES: dict[str, dict[str, Any]] = {
    "river.anomaly.HalfSpaceTrees": {"n_trees": 5, "height": 5, "window_size": 50, "seed": 3},
    "river.anomaly.OneClassSVM": {"nu": 0.1},
    "river.anomaly.LODA": {},
    "river.anomaly.LocalOutlierFactor": {"n_neighbors": 10},
}


def adaptor(path: str, params: dict[str, Any] | None = None) -> RiverAdaptor:
    """One under the name `mine`."""
    return RiverAdaptor("mine", path, params or {}, NAMES)


def corner(n: int, port: int = 0) -> Traffic:
    """Crossings of many vehicles at one port, a minute apart, whose features lie close together."""
    features = np.random.default_rng(1).uniform(0.1, 0.3, (n, FEATURES))
    return crossings(MONDAY + np.arange(n) * 60_000, np.arange(n) % 200, features=features, port=port)


@pytest.mark.parametrize("path", CLASSES)
def test_what_river_finds_odd_has_the_smaller_p(path: str) -> None:
    """After 200 points in one corner, one in the opposite corner is odder than another in the same."""
    traffic = corner(202)
    traffic.columns["features"][201] = 0.95
    answers = Bench(adaptor(path, CLASSES[path])).run(traffic)
    assert 0.0 < answers.p[201] < answers.p[200] <= 1.0
    assert answers.evidence[201].tolist()[1] == 201


def test_scores_are_rivers_own() -> None:
    """The same model fed by hand gives the same scores, `fill` standing for what was not evaluated."""
    path = "river.anomaly.HalfSpaceTrees"
    traffic = corner(150)
    traffic.columns["features"][::7, 1] = np.nan
    answers = Bench(adaptor(path, CLASSES[path])).run(traffic)
    model: Any = HalfSpaceTrees(**CLASSES[path])
    expected = []
    for row in np.nan_to_num(traffic.columns["features"], nan=0.0).tolist():
        x = dict(zip(NAMES, row, strict=True))
        expected.append(model.score_one(x))
        model.learn_one(x)
    assert np.isnan(answers.p[0])
    assert answers.evidence[1:, 0].tolist() == np.array(expected[1:], np.float32).tolist()


def test_each_port_has_its_own_model() -> None:
    """What one port has learnt says nothing of another."""
    path = "river.anomaly.HalfSpaceTrees"
    bench = Bench(adaptor(path, CLASSES[path]))
    bench.run(corner(100))
    there = corner(1, port=3)
    assert np.isnan(bench.run(there.with_columns(crossing_key=5)).p[0])


def test_a_crossing_without_answers_is_neither_scored_nor_learnt() -> None:
    """All features NaN: no p, and the count of what was learnt stays."""
    path = "river.anomaly.HalfSpaceTrees"
    traffic = corner(60)
    traffic.columns["features"][50] = np.nan
    answers = Bench(adaptor(path, CLASSES[path])).run(traffic)
    assert np.isnan(answers.p[50])
    assert answers.evidence[51, 1] == 50


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("sklearn.ensemble.IsolationForest", 'a dotted name below "river." is required'),
        ("os.system", 'a dotted name below "river." is required'),
        ("river.anomaly.HalfSpaceTree", "is not in the installed river"),
        ("river.anomalies.HalfSpaceTrees", "is not in the installed river"),
        ("river.linear_model.LogisticRegression", "is no unsupervised anomaly detector"),
        ("river.anomaly.base", "river.anomaly"),
    ],
)
def test_a_wrong_path_is_refused_with_what_was_required(path: str, says: str) -> None:
    """The message names the key of the configuration, what came and what to do."""
    with pytest.raises(ConfigError) as refused:
        adaptor(path)
    assert str(refused.value).startswith("river_detectors.mine.class: ")
    assert says in str(refused.value)
    assert path in str(refused.value)


def test_a_wrong_parameter_is_refused_with_those_there_are() -> None:
    """At the start, not at the first crossing."""
    with pytest.raises(ConfigError, match=r"river_detectors\.mine\.params: .*trees.*takes: n_trees, height") as refused:
        adaptor("river.anomaly.HalfSpaceTrees", {"trees": 5})
    assert "window_size" in str(refused.value)


def test_a_model_without_a_seed_gets_one() -> None:
    """Two runs of the same log give the same bytes, though river would draw a new seed each time."""
    first, again = (Bench(adaptor("river.anomaly.LODA")).run(corner(120)).p for _ in range(2))
    assert first.tobytes() == again.tobytes()
