"""Are the baselines fair? They look back only, give the same twice, and a sample stands for the whole."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from evaluation.baselines import rules
from evaluation.baselines.base import sample, uniform
from evaluation.baselines.catalogue import BASELINES, choose
from evaluation.baselines.models import raw_features
from evaluation.baselines.rules import RULES, Lives
from evaluation.scores import Scores
from schemas.errors import ConfigError
from tests.evaluation.columns import scores_of


def _silent(_: int) -> None:
    """Nobody watches."""


def traffic(n: int, **columns: Any) -> Scores:
    """Some vehicles over some ports, with features; the first k crossings are the same for every n above k."""
    rng = np.random.default_rng(5)
    hours = np.sort(rng.uniform(0, 900, 300))[:n]
    keys, ports = rng.integers(1, 12, 300)[:n], rng.integers(0, 3, 300)[:n]
    directions, p = rng.integers(0, 2, 300)[:n], rng.random((300, 3))
    p[rng.random((300, 3)) < 0.2] = np.nan
    return scores_of(
        hours.tolist(), [0.0] * n, vehicle_key=keys, port=ports, direction=directions, p=p[:n], **columns
    )  # fmt: skip


@pytest.mark.parametrize("baseline", BASELINES, ids=lambda b: b.name)
def test_a_baseline_scores_before_it_learns(baseline: Any) -> None:
    """What comes later changes no score of a second run, and not everything is alike."""
    n, part = 300, 270  # the first window of the trees is 250 long
    whole = baseline.run(traffic(n), np.arange(n), _silent)
    begun = baseline.run(traffic(part), np.arange(part), _silent)
    assert (n, True) == (len(whole), bool(np.isfinite(whole).all()))
    assert begun.tolist() == whole[:part].tolist()
    assert len(set(whole.tolist())) > 10


@pytest.mark.parametrize("baseline", [b for b in BASELINES if b.name not in {"random", "rules"}], ids=lambda b: b.name)
def test_a_model_finds_what_is_plainly_odd(baseline: Any) -> None:
    """A crossing unlike a few hundred before it scores above nearly all of them: the score is the right way up."""
    scores = traffic(300)
    scores.features[:] = np.random.default_rng(2).uniform(0.1, 0.3, scores.features.shape)
    scores.features[290] = 1.0
    scores.columns["read_confidence"][:] = 1.0
    scores.columns["read_confidence"][290] = 0.0
    scores.columns["lane_type"][290] = 5
    scores.columns["vehicle_class"][290] = 5
    found = baseline.run(scores, np.arange(300), _silent)
    assert found[290] >= np.quantile(found[100:], 0.97)


def broken(rule: str, scores: Scores) -> list[int]:
    """Which crossings break a rule."""
    lives = Lives(scores)
    found = np.zeros(len(scores), int)
    found[lives.order] = RULES[rule](lives)
    return np.flatnonzero(found).tolist()


@pytest.mark.parametrize(
    ("rule", "hours", "columns", "expected"),
    [
        ("more than 6 crossings in 24 hours", [0, 1, 2, 3, 4, 5, 6, 29.5], {}, [6]),
        ("back within the hour", [0, 0.5, 1.4, 3], {"direction": [0, 1, 1, 0]}, [1]),
        ("back after more than 30 days", [0, 721], {"direction": [0, 1]}, [1]),
        ("the same direction twice", [0, 1, 2], {"direction": [0, 0, 1]}, [1]),
        ("between midnight and 04:00", [0, 15.9, 16, 19.9, 20], {}, [2, 3]),
        ("unseen for 60 days", [0, 1441, 1442], {}, [1]),
        ("first time at this port, after 10 crossings elsewhere", range(13), {"port": [0] * 11 + [1, 1]}, [11]),
        ("at another port within 60 minutes", [0, 0.9, 2], {"port": [0, 1, 2]}, [1]),
        ("declared empty, over 18 t", [0, 1, 2], {"vehicle_class": [3, 3, 0], "laden": [0, 1, 0],
                                                   "weight_kg": [20e3, 20e3, 20e3]}, [0]),
        ("weight 30 % off the last one", [0, 1, 2, 3], {"weight_kg": [10e3, 12e3, 8e3, np.nan]}, [2]),
        ("registered or sold under 30 days ago", [0, 1], {"registered_on": [20_440, np.iinfo(np.int32).min]}, [0]),
        ("colour, make or model differ from last time", [0, 1, 2, 3], {"colour": [5, 5, 6, 0]}, [2]),
        ("a trailer new to the tractor, after 5 crossings", range(8), {"trailer": [1, 2, 1, 2, 1, 2, 3, 0]}, [6]),
    ],
)  # fmt: skip
def test_rules_as_an_officer_would_read_them(rule: str, hours: Any, columns: Any, expected: list[int]) -> None:
    """One vehicle from 08:00 on."""
    scores = scores_of([float(h) for h in hours], [0.0] * len(hours), **columns)
    assert expected == broken(rule, scores)


def test_rules_of_one_vehicle_do_not_look_at_another() -> None:
    """Two vehicles in turn, each always the other way than the one before it on the road."""
    scores = scores_of([0, 0.1, 5, 5.1], [0.0] * 4, vehicle_key=[1, 2, 1, 2], direction=[0, 1, 1, 0])
    assert [] == broken("back within the hour", scores)
    assert [] == broken("the same direction twice", scores)


def test_every_rule_breaks_on_some_traffic_or_lacks_its_field() -> None:
    """None is written so that it can never break."""
    n = 300
    rng = np.random.default_rng(3)
    hours = np.append(np.sort(rng.uniform(0, 200, n - 2)), [2000.0, 2000.1])
    scores = scores_of(
        hours.tolist(), [0.0] * n, vehicle_key=rng.integers(1, 4, n), port=rng.integers(0, 2, n),
        direction=rng.integers(0, 2, n), vehicle_class=rng.integers(0, 5, n), rental=rng.integers(0, 2, n),
        registered_on=rng.integers(20_000, 20_500, n), driver=rng.integers(1, 50, n), trailer=rng.integers(1, 50, n),
        laden=rng.integers(0, 2, n), weight_kg=rng.uniform(1e3, 4e4, n), prequeue_lane=rng.integers(1, 3, n),
        colour=rng.integers(1, 3, n), carrier=rng.integers(1, 90, n), read_confidence=rng.random(n),
    )  # fmt: skip
    never = [rule for rule in RULES if not broken(rule, scores)]
    assert ["first time at this port, after 10 crossings elsewhere"] == never  # two ports are soon known; tested above


def test_the_score_of_the_rules_is_their_count() -> None:
    """Whole numbers order first, the fraction stays below one."""
    scores = scores_of([0, 1, 2], [0.0] * 3, direction=[0, 0, 0], read_confidence=[1, 1, 0.1])
    assert [0, 1, 2] == np.floor(rules.run(scores, np.arange(3), _silent)).astype(int).tolist()


def test_a_sample_keeps_what_is_named_and_stands_for_the_rest() -> None:
    """Every named crossing; the weights sum to about all; the same twice."""
    n = 20_000
    scores = scores_of([float(k) for k in range(n)], [0.0] * n)
    named = np.zeros(n, bool)
    named[:50] = True
    given = sample(scores, named, 2_000)
    assert given.weight is not None
    assert set(range(50)) <= set(given.rows.tolist())
    assert 1_800 < len(given.rows) < 2_200
    assert pytest.approx(n, rel=0.05) == given.weight.sum()
    assert given.rows.tolist() == sample(scores, named, 2_000).rows.tolist()
    assert sample(scores, named, None).weight is None


def test_the_keyed_hash_is_uniform() -> None:
    """And another salt gives another number."""
    keys = np.arange(1, 50_001, dtype=np.uint64)
    found = uniform(keys, 0)
    assert np.abs(np.bincount((found * 20).astype(int), minlength=20) - 2_500).max() < 250
    assert abs(np.corrcoef(found, uniform(keys, 1))[0, 1]) < 0.02


def test_raw_features_are_what_is_written_on_the_crossing() -> None:
    """In [0, 1]; an optional field has its column where some crossing carries it."""
    plain = raw_features(traffic(50))
    assert (50, 8) == plain.shape
    assert 0 <= plain.min() <= plain.max() <= 1
    assert (50, 9) == raw_features(traffic(50, weight_kg=np.full(50, 9e3))).shape


def test_baselines_are_chosen_by_name() -> None:
    """All without a name, none with `none`, in the order of the catalogue; an unknown one is named."""
    assert [b.name for b in BASELINES] == [b.name for part in choose(()) for b in part]
    assert ["rules", "hst"] == [b.name for b in choose(("hst", "rules"))[0]]
    assert ([], []) == choose(("none",))
    with pytest.raises(ConfigError, match="Known baselines: random, rules"):
        choose(("magic",))
