"""Stays are measured against the vehicle's own."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from detectors.turnaround import Turnaround
from tests.detectors.bench import Bench, Traffic, at, commuter, explained


def after(hours: float) -> Traffic:
    """The commuter, back `hours` after going out on the last day."""
    return commuter().then(at(60, 7.0, "outbound")).then(at(60, 7.0 + hours))


def test_back_within_minutes_is_a_quick_turnaround() -> None:
    """The sentence gives the stay and the usual ones; from the bound on there is no evidence."""
    p, finding = explained(Bench(Turnaround()), after(0.5))
    assert p < 1e-4
    assert finding.typology == "quick_turnaround"
    assert finding.sentence == "Back after 30 min; this vehicle usually stays away 8.2 to 12 h (44 earlier stays)."
    assert finding.without is not None
    bound, unit = finding.without.removeprefix("above ").split()
    assert unit == "h"
    for hours in np.linspace(float(bound), 10.0, 5).tolist():
        answers = Bench(Turnaround()).run(after(hours))
        assert answers.p[-1] > 0.02
        assert answers.p[-1] > 0.15 or answers.llr[-1] < 0.0


def test_two_days_away_is_a_long_stay() -> None:
    """On the other side, with its own word."""
    p, finding = explained(Bench(Turnaround()), after(48.0))
    assert p < 1e-3
    assert finding.typology == "long_stay"
    assert finding.without is not None
    assert finding.without.startswith("below ")


def test_the_usual_stay_is_ordinary() -> None:
    """Ten hours, as ever."""
    assert explained(Bench(Turnaround()), after(10.0))[0] > 0.3


@given(st.floats(0.01, 100.0))
def test_a_bound_lies_between_the_stay_and_the_habit(hours: float) -> None:
    """`without` never names a stay farther from the habit than the one observed, nor one beyond its middle."""
    _, finding = explained(Bench(Turnaround()), after(hours))
    if finding.without is None:
        return
    word, number, unit = finding.without.split()
    bound = float(number) * {"s": 1 / 3600, "min": 1 / 60, "h": 1.0, "days": 24.0}[unit]
    assert finding.usual is not None
    middle = (finding.usual[0] * finding.usual[1]) ** 0.5 / 60
    if word == "above":
        assert hours - 0.1 <= bound <= middle * 1.01
    else:
        assert middle * 0.99 <= bound <= hours + 0.1


def test_a_new_habit_is_learnt_within_a_few_stays() -> None:
    """Who takes up part-time work is ordinary after a few weeks."""
    traffic = commuter()
    for day in range(60, 75):
        traffic = traffic.then(at(day, 7.0, "outbound")).then(at(day, 10.0))
    p = Bench(Turnaround()).run(traffic).p[-30:][1::2]
    assert p[0] < 1e-3
    assert p[-1] > 0.05


def test_a_late_record_makes_no_stay() -> None:
    """What comes after its successor is not measured, and does not bend what follows."""
    traffic = commuter().then(at(60, 7.0, "outbound")).then(at(60, 17.0))
    late = commuter().then(at(60, 7.0, "outbound")).then(at(59, 20.0)).then(at(60, 17.0))
    p, with_late = Bench(Turnaround()).run(traffic).p, Bench(Turnaround()).run(late).p
    assert np.isnan(with_late[-2])
    assert with_late[-1] == p[-1]
