"""One plate at two ports, faster than a vehicle goes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.base import Parameters
from detectors.impossible_journey import ImpossibleJourney, distance_km, pair_row
from tests.detectors.bench import HOUR, MONDAY, Bench, Traffic, at, commuter, crossings, explained

SEATTLE, VANCOUVER, DETROIT = 1, 2, 3
PLACED = Parameters(
    port_latitude=np.array([0.0, 47.6, 49.3, 42.3]), port_longitude=np.array([0.0, -122.3, -123.1, -83.0])
)


def journey(minutes: float, to: int = DETROIT, confidence: float = 1.0) -> Traffic:
    """The commuter, then elsewhere so many minutes after its last crossing at port 1."""
    return commuter().then(at(60, 7.0)).then(at(60, 7.0 + minutes / 60, port=to, read_confidence=confidence))


def test_detroit_ten_minutes_after_seattle_is_impossible() -> None:
    """The sentence gives time, distance and speed; after the time of the counterfactual it would be ordinary."""
    p, finding = explained(Bench(ImpossibleJourney(PLACED)), journey(10))
    assert p < 1e-6
    assert finding.sentence.startswith("At port P1 and 10 min later at port P3, 3")
    assert finding.without is not None
    days = float(finding.without.removeprefix("after ").split()[0])
    assert finding.without == f"after {days:g} days or more between them" or " h or more" in finding.without
    hours = days * (24 if "days" in finding.without else 1)
    assert Bench(ImpossibleJourney(PLACED)).run(journey(60 * hours)).p[-1] >= 0.25


def test_three_hours_to_vancouver_are_possible() -> None:
    """210 km."""
    assert Bench(ImpossibleJourney(PLACED)).run(journey(180, VANCOUVER)).p[-1] > 0.2


def test_a_poor_read_explains_the_pair() -> None:
    """The probability of a misread is a floor under p."""
    p = Bench(ImpossibleJourney(PLACED)).run(journey(10, confidence=0.5)).p[-1]
    assert p == pytest.approx(0.01, rel=1e-3)


def test_the_same_port_is_no_journey() -> None:
    """And is not evaluated."""
    assert np.isnan(Bench(ImpossibleJourney(PLACED)).run(journey(10, 1)).p[-1])


def test_a_late_record_is_told_in_the_order_of_time() -> None:
    """Detroit at six, reported after Seattle at seven: the sentence goes from Detroit to Seattle."""
    traffic = commuter().then(at(60, 7.0)).then(at(60, 6.0, port=DETROIT))
    p, finding = explained(Bench(ImpossibleJourney(PLACED)), traffic)
    assert p < 1e-3
    assert finding.sentence.startswith("At port P3 and 60 min later at port P1, ")


def many(n: int, minutes: float, seed: int = 5) -> Traffic:
    """Vehicles that go from port 1 to port 2 in about so many minutes."""
    rng = np.random.default_rng(seed)
    start = MONDAY + np.sort(rng.integers(0, 30 * 24 * HOUR, n))
    there = start + (minutes * 60_000 * rng.lognormal(0.0, 0.2, n)).astype(np.int64)
    times = np.concatenate([start, there])
    traffic = crossings(times, np.tile(np.arange(1, n + 1), 2), port=np.repeat([1, 2], n))
    return traffic.take(np.argsort(times, kind="stable"))


def test_distances_are_learnt_where_the_registry_has_none() -> None:
    """Ports without a place: 100 journeys of two hours make five minutes odd; before any, nothing is said."""
    bench = Bench(ImpossibleJourney())
    assert np.isnan(bench.run(many(100, 120.0).take(slice(0, 12))).p).all()
    bench = Bench(ImpossibleJourney())
    bench.run(many(100, 120.0))
    later = crossings([MONDAY + 40 * 24 * HOUR, MONDAY + 40 * 24 * HOUR + 300_000], 200, port=[1, 2])
    p, finding = explained(bench, later)
    assert p < 0.02
    assert ", where none of 85 recent journeys were as fast: " in finding.sentence
    usual = crossings([MONDAY + 41 * 24 * HOUR, MONDAY + 41 * 24 * HOUR + 7_200_000], 201, port=[1, 2])
    assert bench.run(usual).p[-1] > 0.2


@given(st.integers(0, 1023), st.integers(0, 1023))
def test_rows_of_pairs_are_unique_and_stay(a: int, b: int) -> None:
    """Each ordered pair of the first n ports has its own row below n squared."""
    row = pair_row(a, b)
    n = max(a, b) + 1
    assert (n - 1) ** 2 <= row < n * n
    assert row != pair_row(b, a) or a == b


def test_all_pairs_fill_the_table() -> None:
    """No row is left out and none is used twice."""
    assert sorted(pair_row(a, b) for a in range(30) for b in range(30)) == list(range(900))


def test_distances_are_great_circles() -> None:
    """Against known ones, and unknown where a place is unknown."""
    assert distance_km(47.6, -122.3, 42.3, -83.0) == pytest.approx(3100, rel=0.02)
    assert distance_km(0.0, 0.0, 0.0, 180.0) == pytest.approx(np.pi * 6371.0)
    assert distance_km(10.0, 20.0, 10.0, 20.0) == 0.0
    assert np.isnan(distance_km(np.nan, 0.0, 1.0, 1.0))
