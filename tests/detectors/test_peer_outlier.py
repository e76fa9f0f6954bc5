"""The whole picture against the peers of one port and class."""

from __future__ import annotations

import numpy as np

from detectors.peer_outlier import PeerOutlier
from tests.detectors.bench import FEATURES, MONDAY, Bench, Traffic, crossings, explained


def usual(n: int, port: int = 1, vehicle_class: int = 0, seed: int = 1) -> Traffic:
    """Crossings whose answers are all low."""
    features = np.random.default_rng(seed).uniform(0.1, 0.4, (n, FEATURES))
    times = MONDAY + np.arange(n) * 60_000
    return crossings(times, np.arange(n) % 250, features=features, port=port, vehicle_class=vehicle_class)


def one(value: float, port: int = 1, vehicle_class: int = 0) -> Traffic:
    """One more crossing with every answer at `value`."""
    features = np.full((1, FEATURES), value)
    return crossings([MONDAY + 10**9], 251, features=features, port=port, vehicle_class=vehicle_class)


def test_a_combination_never_seen_is_isolated() -> None:
    """Its p is smaller than that of a usual one, and the sentence says among how many."""
    odd, finding = explained(Bench(PeerOutlier(FEATURES)), usual(1000).then(one(0.97)))
    ordinary, _ = explained(Bench(PeerOutlier(FEATURES)), usual(1000).then(one(0.25)))
    assert odd < ordinary
    assert finding.sentence.startswith(
        "The combination of 4 answers is isolated among this port and class (isolation 1.00 of 1; 1000 crossings"
    )
    assert finding.seen == 1000


def test_nothing_is_said_before_the_first_window_is_full() -> None:
    """At this port and in this class; others do not count."""
    assert np.isnan(Bench(PeerOutlier(FEATURES)).run(usual(249).then(one(0.9))).p).all()
    bench = Bench(PeerOutlier(FEATURES))
    bench.run(usual(1000))
    assert np.isnan(bench.run(one(0.9, port=2)).p[0])
    assert np.isnan(bench.run(one(0.9, vehicle_class=1).with_columns(crossing_key=1)).p[0])
    assert not np.isnan(bench.run(one(0.9).with_columns(crossing_key=2)).p[0])


def test_one_vehicle_cannot_make_its_combination_usual() -> None:
    """A thousand repeats within an hour: all but the first few are scored without being learnt."""
    n = 1000
    again = crossings(MONDAY + 10**9 + np.arange(n), 251, features=np.full((n, FEATURES), 0.97), port=1)
    answers = Bench(PeerOutlier(FEATURES)).run(usual(1000).then(again))
    assert answers.evidence[-1, 2] <= 1000 + 12
    assert answers.p[-1] == answers.p[1012]
