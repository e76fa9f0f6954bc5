"""Are the hard negatives there, and innocent? Every kind, listed apart from the stories, in ordinary lives."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest

from evaluation.simulator import Traffic, generate
from evaluation.simulator.benign import SAMPLE, SETTLED
from evaluation.simulator.trips import BENIGN, LIVES
from schemas.batch import VEHICLE_CLASSES

Rows = np.ndarray[tuple[int], np.dtype[np.int64]]


@pytest.fixture(scope="module")
def traffic() -> Traffic:
    """A quarter over 30 ports with a change of the clock, a new bridge and a closed port in it."""
    return generate(seed=6, days=90, vehicles=10_000, ports=30, planted_rate=0.002, crossings=200_000)


@pytest.fixture(scope="module")
def noted(traffic: Traffic) -> dict[str, Rows]:
    """Rows by kind."""
    found = defaultdict(list)
    for crossing, label, _ in traffic.benign:
        found[label.removeprefix("benign:")].append(int(crossing.rsplit("-", 1)[1]))
    return {kind: np.array(rows, np.int64) for kind, rows in found.items()}


def test_every_kind_is_listed_apart_from_the_anomalies(traffic: Traffic, noted: dict[str, Rows]) -> None:
    """Every hard negative occurs by its name; no crossing is two of them, and none is an anomaly."""
    assert set(BENIGN) - {""} == set(noted)
    listed = [crossing for crossing, _, _ in traffic.benign]
    assert len(listed) == len(set(listed))
    assert not set(listed) & {crossing for crossing, _, _ in traffic.labels}


def test_samples_are_of_settled_vehicles_and_bounded(traffic: Traffic, noted: dict[str, Rows]) -> None:
    """Ordinary crossings are noted from a third of the log on, some thousands at most, none of a vehicle in a story."""
    playing = {int(traffic.vehicle[int(crossing.rsplit("-", 1)[1])]) for crossing, _, _ in traffic.labels}
    for note in LIVES.values():
        rows = noted[BENIGN[note]]
        assert 10 < len(rows) <= SAMPLE
        assert ((traffic.time_ms[rows] - traffic.places.start_ms) / 86_400_000).min() > SETTLED * 90 - 1
        assert not playing & set(traffic.vehicle[rows].tolist())


def test_nurses_work_at_night_and_commuters_by_day(traffic: Traffic, noted: dict[str, Rows]) -> None:
    """The hours are those of the trade."""
    dark = {}
    for kind in ("night_shift", "commuter"):
        rows = noted[kind]
        hour = traffic.places.to_local(traffic.time_ms[rows], traffic.port[rows]) % 86_400_000 / 3_600_000
        dark[kind] = np.mean((hour > 19) | (hour < 5))
    assert dark["night_shift"] > 2.5 * dark["commuter"]
    shuttles = traffic.vehicle_class[noted["shuttle"]]
    assert {VEHICLE_CLASSES.index("bus")} == set(shuttles.tolist())


def test_two_cars_of_a_household_are_close(traffic: Traffic, noted: dict[str, Rows]) -> None:
    """Near every joint crossing there is another one of the household, unless it was not read."""
    rows = noted["household"]
    near = 0
    for row in rows[:300].tolist():
        low, high = np.searchsorted(traffic.time_ms, traffic.time_ms[row] + np.array([-240_000, 240_000])).tolist()
        same = (traffic.port[low:high] == traffic.port[row]) & (traffic.vehicle[low:high] != traffic.vehicle[row])
        near += bool(same.any())
    assert near > 0.9 * min(300, len(rows))


def test_a_one_day_trip_goes_to_another_port_and_back(traffic: Traffic, noted: dict[str, Rows]) -> None:
    """Out and back over the same port within half a day, by daylight."""
    trips = defaultdict(list)
    for row in noted["one_day_trip"].tolist():
        trips[int(traffic.vehicle[row])].append(row)
    whole = [rows for rows in trips.values() if len(rows) == 2]
    assert len(whole) > 0.8 * len(trips)
    for go, back in whole:
        assert traffic.port[go] == traffic.port[back]
        assert 0 < traffic.time_ms[back] - traffic.time_ms[go] < 12 * 3_600_000
        assert traffic.direction[go] != traffic.direction[back]
