"""A booth far from the lane one queued in is told from the next one, and from ports where all lanes mix."""

from __future__ import annotations

import numpy as np

from detectors.lane_switch import BUCKETS, LaneSwitch
from tests.detectors.bench import DAY, MONDAY, Bench, Traffic, crossings, explained

LANES = 8


def port(strays: float, names: int = 0) -> Bench:
    """A bench that knows a month of port 1: eight lanes; one in five takes the next booth, `strays` any other.

    Lanes before the booths are numbered `names` higher than those they lead to.
    """
    rng = np.random.default_rng(6)
    n = 8000
    times = MONDAY + np.sort(rng.integers(0, 30 * DAY, n))
    lane = rng.integers(0, LANES, n)
    draw = rng.random(n)
    booth = np.where(draw < strays, rng.integers(0, LANES, n), np.where(draw < strays + 0.2, (lane + 1) % LANES, lane))
    bench = Bench(LaneSwitch())
    bench.run(crossings(times, 1 + rng.integers(0, 200, n), port=1, lane_key=1 + booth, prequeue_lane=1 + lane + names))
    return bench


def own(steps: list[int], names: int = 0) -> Traffic:
    """Vehicle 0, once a day from lane 3, to a booth so many lanes away."""
    times = MONDAY + (30 + np.arange(len(steps))) * DAY
    return crossings(times, 0, port=1, lane_key=3 + np.array(steps), prequeue_lane=3 + names)


def test_a_far_booth_is_odd_where_nobody_goes_so_far() -> None:
    """The sentence says how few do; had it kept its lane, nothing would be said."""
    p, finding = explained(port(0.01), own([0] * 10 + [4]))
    assert p < 0.05
    assert finding.sentence.startswith("At another booth than the lane it queued in leads to; at port P1 ")
    assert np.isnan(port(0.01).run(own([0] * 10 + [0])).p[-1])


def test_twice_within_five_is_odder_than_once() -> None:
    """And counted."""
    once, _ = explained(port(0.01), own([0] * 10 + [4]))
    twice, finding = explained(port(0.01), own([0] * 10 + [4, 0, 4]))
    assert twice < once / 5
    assert "(2 of its last 5 crossings, 12 earlier ones)" in finding.sentence


def test_the_next_booth_is_ordinary() -> None:
    """One in five takes it."""
    assert explained(port(0.01), own([0] * 10 + [1]))[0] > 0.2


def test_where_all_lanes_mix_it_is_ordinary() -> None:
    """A port that opens and closes lanes all day."""
    assert explained(port(1.0), own([0] * 10 + [4, 0, 4]))[0] > 0.2


def test_who_always_did_is_no_news() -> None:
    """A habit as old as its record."""
    assert explained(port(0.01), own([4] * 60))[0] > 0.1


def test_lanes_with_other_names_are_known_by_where_they_lead() -> None:
    """Where no booth is called like the lane before it, the usual one is still usual."""
    bench = port(0.01, names=10)
    assert bench.run(own([0] * 10, names=10)).p[-1] == 1.0
    assert explained(bench, own([0] * 10 + [4], names=10))[0] < 0.05
    assert LANES + 10 < BUCKETS
