"""A break of a very regular routine is told from an irregular life, a weekend, and a new job."""

from __future__ import annotations

import numpy as np
import pytest

from detectors.broken_routine import LEAST, BrokenRoutine, apart
from tests.detectors.bench import DAY, HOUR, MONDAY, Bench, Traffic, at, commuter, crossings, explained


def run(traffic: Traffic) -> np.ndarray:
    """p of each crossing."""
    return Bench(BrokenRoutine()).run(traffic).p


def test_a_commuter_at_three_in_the_morning_may_be_a_victim() -> None:
    """The sentence says so, and what it does otherwise."""
    p, finding = explained(Bench(BrokenRoutine()), commuter().then(at(60, 3.25, "outbound")))
    assert p < 2e-3
    assert finding.sentence.startswith(
        "Possible victim: outbound at 03:15, though on weekdays nearly always at about 0"
    )
    assert finding.without is not None
    assert finding.without.startswith("at about 0")


def test_a_stay_cut_short_is_a_break_as_well() -> None:
    """Back at noon after ten hours all along: here the stay is the plainer sign, as the hour is."""
    wide = commuter(80, back_h=17.0)
    traffic = wide.then(at(80, 7.0, "outbound")).then(at(80, 7.2))
    p, finding = explained(Bench(BrokenRoutine()), traffic)
    assert p < 1e-3
    assert "Possible victim: inbound a" in finding.sentence


def test_another_lane_than_always_is_a_small_sign() -> None:
    """With the lane's share."""
    p, finding = explained(Bench(BrokenRoutine()), commuter(80).then(at(80, 7.0, "outbound", lane_key=9)))
    assert 0.01 < p < 0.7
    assert " in another lane, though in " in finding.sentence


def test_the_usual_day_is_ordinary() -> None:
    """Some minutes more or less."""
    p = run(commuter())
    assert np.nanmin(p) > 0.01
    assert np.nanmedian(p) > 0.5


def test_an_irregular_vehicle_is_not_asked_about() -> None:
    """Who comes at any hour breaks nothing."""
    rng = np.random.default_rng(3)
    times = MONDAY + np.arange(80) * DAY + rng.integers(6 * HOUR, 20 * HOUR, 80)
    assert np.isnan(run(crossings(times, 0))).all()


def test_weekends_are_another_life() -> None:
    """Neither asked about nor learnt from."""
    assert np.isnan(run(commuter().then(at(61, 3.0)).then(at(62, 3.0)))[-2:]).all()


def test_a_new_job_alerts_for_some_days_only() -> None:
    """Soon it is no longer a regular vehicle, and later one again, with other hours."""
    traffic = commuter(60)
    for day in range(63, 133):
        if day % 7 < 5:
            traffic = traffic.then(at(day, 12.0, "outbound")).then(at(day, 22.0))
    p = run(traffic)[len(commuter(60)) :]
    assert p[0] < 5e-3
    assert np.isnan(p[24:40]).all()
    assert not (p[40:] < 0.05).any()


@pytest.mark.parametrize(("hour", "mean", "off"), [(23.5, 0.5, -1.0), (0.5, 23.5, 1.0), (13.0, 1.0, 12.0)])
def test_hours_lie_on_a_circle(hour: float, mean: float, off: float) -> None:
    """Midnight is no edge."""
    assert off == apart(hour, mean)


def test_it_takes_some_weeks_to_be_regular() -> None:
    """Before that many crossings in a direction nothing is said."""
    assert np.isnan(run(commuter())[: 2 * LEAST]).all()
