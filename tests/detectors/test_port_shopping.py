"""Trying one port after the other is told from one trip elsewhere, and from going everywhere all the time."""

from __future__ import annotations

import numpy as np

from detectors.port_shopping import PortShopping
from tests.detectors.bench import HOUR, Answers, Bench, Traffic, at, commuter, explained


def shopping(ports: list[int]) -> Traffic:
    """The commuter of port 1, then a crossing a day at these ports, at noon."""
    traffic = commuter()
    for day, port in enumerate(ports, start=60):
        traffic = traffic.then(at(day, 12.0, port=port))
    return traffic


def run(traffic: Traffic) -> Answers:
    """On a fresh bench."""
    return Bench(PortShopping()).run(traffic)


def test_three_ports_in_a_week_are_odd_for_a_commuter() -> None:
    """More so the fourth."""
    p, finding = explained(Bench(PortShopping()), shopping([2, 3]))
    assert p < 1e-2
    assert finding.sentence.startswith("Port P3 is its third port within 7 days; it usually takes another one 0.")
    assert explained(Bench(PortShopping()), shopping([2, 3, 4]))[0] < p / 5


def test_one_day_elsewhere_is_an_outing() -> None:
    """A second port is answered, and ordinary: the innocent trip to a far town."""
    assert run(shopping([2])).p[-1] == 1.0


def test_at_home_the_question_is_not_asked() -> None:
    """Also right after other ports."""
    assert np.isnan(run(shopping([2, 3, 1])).p[-1])


def test_who_goes_everywhere_is_ordinary() -> None:
    """A trucker over five ports all the time."""
    traffic = at(0, 12.0, port=0)
    for day in range(1, 120):
        traffic = traffic.then(at(day, 12.0, port=day * 2 % 5))
    answered = run(traffic).p[60:]
    assert np.nanmin(answered) > 0.02


def test_another_port_right_after_queueing_is_odd() -> None:
    """Only where a lane before the booth was read; the sentence says how soon after."""
    hop = at(60, 12.0, port=1, prequeue_lane=7).then(at(60, 12.5, port=2))
    p, finding = explained(Bench(PortShopping()), commuter().then(hop))
    assert p < 0.02
    assert "30 min after it had queued at another one" in finding.sentence
    assert run(commuter().then(hop.with_columns(prequeue_lane=0))).p[-1] == 1.0
    late = hop.with_columns(time_ms=hop.columns["time_ms"] + np.array([0, 2 * HOUR]))
    assert run(commuter().then(late)).p[-1] == 1.0
