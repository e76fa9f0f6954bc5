"""A port is new for a vehicle that keeps to its own, and not for one that roams."""

from __future__ import annotations

import numpy as np

from detectors.base import Parameters
from detectors.new_port import KNOWN, NewPort
from tests.detectors.bench import DAY, MONDAY, Bench, at, commuter, crossings, explained


def test_a_first_time_elsewhere_is_odd_for_a_settled_vehicle() -> None:
    """The sentence names both ports, and the usual one would be no evidence."""
    p, finding = explained(Bench(NewPort()), commuter().then(at(60, 17.0, port=4)))
    assert p < 0.05
    assert (
        finding.sentence
        == "First time at port P4; 100 % of its recent crossings were at port P1 (88 earlier crossings)."
    )
    assert finding.without == "at port P1"
    assert explained(Bench(NewPort()), commuter().then(at(60, 17.0)))[0] == 1.0


def test_a_vehicle_that_roams_is_not_odd_at_one_more_port() -> None:
    """Novelty is usual for it."""
    n = 40
    roaming = crossings(MONDAY + np.arange(n) * DAY, 0, port=np.arange(n) % 12)
    assert explained(Bench(NewPort(), ports=16), roaming.then(at(41, 0.0, port=13)))[0] > 0.3


def test_no_first_time_is_claimed_where_ports_were_forgotten() -> None:
    """Six ports are remembered; one that made room is not called new, and no share of all crossings is given."""
    n = 10 * (KNOWN + 2)
    traffic = crossings(MONDAY + np.arange(n) * DAY, 0, port=np.arange(n) % (KNOWN + 2))
    _, finding = explained(Bench(NewPort(), ports=16), traffic.then(at(n, 0.0, port=0)))
    assert finding.sentence.startswith("Port P0 is none of the 6 remembered of it; of those it uses port P")
    assert "%" not in finding.sentence


def test_a_known_port_is_not_called_new() -> None:
    """Nor the usual one unusual."""
    _, finding = explained(Bench(NewPort()), commuter().then(at(60, 7.0, port=4)).then(at(60, 17.0, port=4)))
    assert finding.sentence.startswith(
        "Port P4 is not the one it uses most; 98 % of its recent crossings were at port P1"
    )


def test_a_new_home_is_learnt_within_a_few_crossings() -> None:
    """After the fifth crossing at the new port it is not odd any more."""
    traffic = commuter()
    for day in range(60, 68):
        traffic = traffic.then(at(day, 17.0, port=4))
    p = Bench(NewPort()).run(traffic).p[-8:]
    assert p[0] < 0.05
    assert p[5] > 0.05
    assert (np.diff(p) > 0).all()


def test_a_port_long_unused_stays_known() -> None:
    """Counts that have decayed to nothing cause no division by zero and no second first time."""
    detector = NewPort(Parameters(half_life_days=0.5))
    p, finding = explained(Bench(detector), commuter().then(at(400, 7.0)))
    assert p == 1.0
    assert finding.sentence.startswith("Port P1 is the one it uses most")
