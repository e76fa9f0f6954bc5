"""Taking up the hours at which officers change is told from always having worked such hours."""

from __future__ import annotations

import numpy as np

from detectors.base import Parameters
from detectors.catalogue import build
from detectors.shift_change import ShiftChange, nearest
from tests.detectors.bench import DAY, HOUR, MONDAY, Bench, Traffic, crossings, explained

ROSTER = Parameters(shift_changes=(360, 840, 1320))


def daily(hours: list[float]) -> Traffic:
    """Vehicle 0, once a day at these hours."""
    return crossings(MONDAY + np.arange(len(hours)) * DAY + (np.array(hours) * HOUR).astype(np.int64), 0, port=1)


def test_taking_up_the_hours_of_shift_changes_is_odd() -> None:
    """The sentence names the change, how near, and how many."""
    p, finding = explained(Bench(ShiftChange(ROSTER)), daily([11.0] * 20 + [6.05, 13.95, 9.0, 22.1, 5.9, 14.07]))
    assert p < 1e-3
    assert finding.sentence.startswith("Within 5 min of the shift change at 14:00, as were 5 of its last 8 crossings ")


def test_who_always_went_to_work_at_six_is_ordinary() -> None:
    """A nurse's or a factory's hours are the changes of many rosters."""
    assert explained(Bench(ShiftChange(ROSTER)), daily([5.95, 14.05] * 20))[0] > 0.3


def test_a_new_job_at_such_hours_is_odd_for_some_weeks_only() -> None:
    """The new habit excuses itself."""
    p = Bench(ShiftChange(ROSTER)).run(daily([11.0] * 40 + [6.0] * 40)).p
    assert np.nanmin(p) < 1e-6
    assert p[-1] > 0.05


def test_elsewhere_in_the_day_the_question_is_not_asked() -> None:
    """Eleven minutes away."""
    assert np.isnan(Bench(ShiftChange(ROSTER)).run(daily([6.0] * 20 + [6.19])).p[-1])


def test_midnight_is_near_midnight() -> None:
    """From both sides."""
    assert (4.0, 1) == nearest(1436.0, np.array([720.0, 0.0]))
    assert (3.0, 0) == nearest(0.0, np.array([1437.0, 720.0]))


def test_without_a_roster_it_is_not_there() -> None:
    """The pipeline has the detector only where the setting names times."""
    assert "shift_change" in [d.name for d in build(ROSTER)]
    assert "shift_change" not in [d.name for d in build(Parameters())]
