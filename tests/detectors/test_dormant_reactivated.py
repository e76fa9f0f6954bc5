"""A vehicle that was silent for months and is back at work."""

from __future__ import annotations

import numpy as np

from detectors.dormant_reactivated import DormantReactivated
from tests.detectors.bench import DAY, MONDAY, Bench, at, commuter, crossings, explained


def test_two_crossings_after_a_silence_are_odd_for_a_commuter() -> None:
    """Said at the second within 72 hours, with the gap that was usual before the silence."""
    habit = commuter().then(at(180, 7.0, "outbound"))
    assert Bench(DormantReactivated()).run(habit).p[-1] == 1.0
    p, finding = explained(Bench(DormantReactivated()), habit.then(at(180, 17.0)))
    assert p < 0.02
    assert finding.sentence == (
        "Silent for 121 days, then again within 10 h of coming back; its usual gap is 14 h (89 earlier crossings)."
    )
    assert finding.without == "after a silence under 45 days"
    shorter = commuter().then(at(100, 7.0, "outbound")).then(at(100, 17.0))
    assert Bench(DormantReactivated()).run(shorter).p[-1] == 1.0


def test_one_visit_after_a_silence_says_nothing() -> None:
    """The next crossing comes a week later."""
    later = commuter().then(at(180, 7.0, "outbound")).then(at(187, 17.0))
    assert Bench(DormantReactivated()).run(later).p[-1] == 1.0


def test_who_comes_every_summer_is_not_odd() -> None:
    """Silences of 100 days between visits of a day are its habit."""
    times = MONDAY + np.repeat(np.arange(8) * 100 * DAY, 2) + np.tile([0, 8 * 3_600_000], 8)
    assert Bench(DormantReactivated()).run(crossings(times)).p[-1] > 0.05


def test_a_silence_without_gaps_before_it_is_not_judged() -> None:
    """Seen once, then four times in a few days three months later: nothing was its usual gap."""
    times = MONDAY + np.array([0, 100 * DAY, 100 * DAY + 1, 101 * DAY, 102 * DAY, 102 * DAY + 3_600_000])
    p = Bench(DormantReactivated()).run(crossings(times)).p
    assert p[-2:].tolist() == [1.0, 1.0]


def test_back_to_the_habit_it_is_ordinary_again() -> None:
    """Three days after the return nothing is said any more."""
    traffic = commuter()
    for day in range(180, 190):
        traffic = traffic.then(at(day, 7.0, "outbound")).then(at(day, 17.0))
    p = Bench(DormantReactivated()).run(traffic).p[-20:]
    assert p[1] < 0.02
    assert (p[8:] == 1.0).all()


def test_a_late_record_is_no_silence() -> None:
    """One that is older than the newest is not evaluated and changes nothing."""
    traffic = commuter().then(at(180, 7.0, "outbound"))
    late = traffic.then(at(100, 7.0)).then(at(180, 17.0))
    p = Bench(DormantReactivated()).run(late).p
    assert np.isnan(p[-2])
    assert p[-1] == Bench(DormantReactivated()).run(traffic.then(at(180, 17.0))).p[-1]
