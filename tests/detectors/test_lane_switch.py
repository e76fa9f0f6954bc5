"""Leaving the lane one queued in, again and again, is told from ports where many do."""

from __future__ import annotations

import numpy as np

from detectors.lane_switch import LaneSwitch
from tests.detectors.bench import DAY, MONDAY, Bench, Traffic, crossings, explained


def peers(rate: float) -> Bench:
    """A bench that knows a month of port 1, where `rate` of the crossings switch."""
    rng = np.random.default_rng(6)
    times = MONDAY + np.sort(rng.integers(0, 30 * DAY, 4000))
    switch = rng.random(4000) < rate
    bench = Bench(LaneSwitch())
    bench.run(crossings(times, 1 + rng.integers(0, 200, 4000), port=1, lane_key=3, prequeue_lane=3 + switch))
    return bench


def own(switches: list[int]) -> Traffic:
    """Vehicle 0, once a day."""
    times = MONDAY + (30 + np.arange(len(switches))) * DAY
    return crossings(times, 0, port=1, lane_key=3, prequeue_lane=3 + np.array(switches))


NEW_WAY = [0] * 20 + [1, 0, 1, 1, 1, 0, 1, 1]


def test_six_switches_of_eight_are_odd_where_few_switch() -> None:
    """The sentence counts them; had it kept its lane, nothing would be said."""
    p, finding = explained(peers(0.05), own(NEW_WAY))
    assert p < 1e-5
    assert finding.sentence.startswith("Left the lane it queued in on 6 of its last 8 crossings; at port P1 that ")
    assert np.isnan(peers(0.05).run(own([*NEW_WAY, 0])).p[-1])


def test_where_many_switch_it_is_ordinary() -> None:
    """A port that opens and closes lanes all day."""
    assert explained(peers(0.6), own(NEW_WAY))[0] > 0.2


def test_who_always_did_is_no_news() -> None:
    """A habit as old as its record says nothing new."""
    assert explained(peers(0.05), own([1, 1, 0, 1] * 12))[0] > 0.1


def test_a_lane_with_other_names_falls_silent() -> None:
    """Where no booth is called like the lane before it, all crossings switch."""
    assert explained(peers(1.0), own([1] * 12))[0] > 0.9
