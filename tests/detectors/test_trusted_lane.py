"""The first use of a trusted lane, and a use at an hour of its own, are told from a member's daily trip."""

from __future__ import annotations

import numpy as np

from detectors.trusted_lane import COMMERCIAL_TRUSTED, FULL, TRUSTED, TrustedLane
from tests.detectors.bench import DAY, MONDAY, Bench, Traffic, at, commuter, crossings, explained


def peers() -> Bench:
    """A bench that knows 200 vehicles of which two moved to the trusted lane."""
    rng = np.random.default_rng(7)
    vehicle = 1 + rng.integers(0, 200, 6000)
    times = MONDAY + np.sort(rng.integers(0, 50 * DAY, 6000))
    moved = (vehicle <= 2) & (times > MONDAY + 40 * DAY)
    bench = Bench(TrustedLane())
    bench.run(crossings(times, vehicle, lane_type=np.where(moved, TRUSTED, 0)))
    return bench


def member(days: int = 60) -> Traffic:
    """The commuter, in the trusted lane."""
    return commuter(days).with_columns(lane_type=TRUSTED)


def test_the_first_use_is_as_rare_as_among_the_class() -> None:
    """Two of thousands of crossings, and said so."""
    p, finding = explained(peers(), commuter().then(at(60, 7.0, lane_type=TRUSTED)))
    assert p < 2e-3
    assert finding.sentence.startswith("First time in a trusted lane, after 88 crossings; 0.")


def test_the_way_back_is_half_as_odd_and_the_next_trip_is_not_asked_about() -> None:
    """There is no routine yet."""
    uses = at(60, 7.0, lane_type=TRUSTED)
    for hour in (17.0, 31.0):
        uses = uses.then(at(60, hour, lane_type=TRUSTED))
    first, second, third = peers().run(commuter().then(uses)).p[-3:]
    assert 2 * first <= second < 4 * first  # its own first use is known by then
    assert np.isnan(third)


def test_a_new_member_from_the_start_is_not_asked_about() -> None:
    """Who came to us in the trusted lane has no other habit."""
    assert np.isnan(peers().run(member(3)).p).all()


def test_a_members_daily_trip_is_ordinary() -> None:
    """At its hours."""
    answers = peers().run(member())
    assert np.nanmin(answers.p[20:]) > 0.2


def test_a_member_at_three_in_the_morning_breaks_its_routine() -> None:
    """In either kind of trusted lane."""
    p, finding = explained(peers(), member().then(at(60, 3.0, lane_type=COMMERCIAL_TRUSTED)))
    assert p < 0.02
    assert "In a trusted lane at 03:00; " in finding.sentence
    assert finding.without == "in another lane"


def test_counts_are_halved_before_they_overflow() -> None:
    """A shuttle of many hundred trips keeps its routine."""
    times = MONDAY + np.arange(4 * FULL) * DAY
    bench = Bench(TrustedLane())
    p = bench.run(crossings(times, 0, lane_type=TRUSTED)).p
    assert np.nanmin(p[20:]) > 0.2
    assert bench.rows["trusted_lane"]["count"].max() <= FULL
