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
    assert explained(Bench(NewPort(), ports=16), roaming.then(at(41, 0.0, port=13)))[0] > 0.2


def test_no_first_time_is_claimed_where_ports_were_forgotten() -> None:
    """Six ports are remembered; one that made room is not called new, and no share of all crossings is given."""
    n = 10 * (KNOWN + 2)
    traffic = crossings(MONDAY + np.arange(n) * DAY, 0, port=np.arange(n) % (KNOWN + 2))
    _, finding = explained(Bench(NewPort(), ports=16), traffic.then(at(n, 0.0, port=0)))
    assert finding.sentence.startswith("Port P0 is none of the 6 remembered of it; of those it uses port P")
    assert "%" not in finding.sentence


def test_a_known_port_is_not_called_new() -> None:
    """Nor the usual one unusual."""
    trip = commuter().then(at(60, 7.0, "outbound", port=4)).then(at(60, 17.0, port=4))
    _, finding = explained(Bench(NewPort()), trip.then(at(61, 17.0, "outbound", port=4)))
    assert finding.sentence.startswith(
        "Port P4 is not the one it uses most; 97 % of its recent crossings were at port P1"
    )


def test_the_way_back_of_the_first_trip_is_as_odd_as_the_way_out() -> None:
    """Once, in the other direction and within two days; it is then that the vehicle can be inspected."""
    out = commuter().then(at(60, 7.0, "outbound", port=4))
    first, _ = explained(Bench(NewPort()), out)
    back, finding = explained(Bench(NewPort()), out.then(at(60, 17.0, port=4)))
    assert back == np.float32(first)
    assert finding.sentence.startswith("Back over port P4, first used 10 h ago; 98 % of its recent crossings")
    for later in (at(60, 17.0, "outbound", port=4), at(63, 17.0, port=4)):
        assert explained(Bench(NewPort()), out.then(later))[0] > back
    twice = out.then(at(60, 17.0, port=4)).then(at(61, 17.0, port=4))
    assert explained(Bench(NewPort()), twice)[0] > back


def test_where_others_of_its_home_go_is_less_odd() -> None:
    """Everybody at port 1 tries port 4, nobody port 5: a new bridge is no anomaly."""
    traffic = commuter(days=90)
    for vehicle in range(1, 30):
        own = commuter(days=90, seed=vehicle)
        port = np.where(np.arange(len(own)) == 60 + vehicle, 4, 1)
        traffic = traffic.then(
            crossings(own.columns["time_ms"], vehicle, direction=own.columns["direction"], port=port)
        )
    traffic = traffic.take(np.argsort(traffic.columns["time_ms"], kind="stable"))
    tried, never = (explained(Bench(NewPort()), traffic.then(at(91, 7.0, port=port)))[0] for port in (4, 5))
    assert never < 0.2 * tried


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
    assert p > 0.999
    assert finding.sentence.startswith("Port P1 is the one it uses most")
