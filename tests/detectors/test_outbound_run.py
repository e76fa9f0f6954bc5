"""In for a moment and out by night is odd, unless it is what the vehicle does."""

from __future__ import annotations

import numpy as np

from detectors.outbound_run import OutboundRun
from tests.detectors.bench import DAY, HOUR, MONDAY, Bench, Traffic, at, crossings, explained


def peers() -> Bench:
    """A bench that knows 1,000 stays of some hours; one in twenty ends by night, those after a long evening."""
    rng = np.random.default_rng(8)
    n = 1000
    late = rng.random(n) < 0.05
    into = np.sort(
        MONDAY + rng.integers(0, 40, n) * DAY + (np.where(late, 18.0, rng.uniform(7, 12, n)) * HOUR).astype(int)
    )
    stay = (np.where(late, rng.uniform(4.5, 8, n), rng.lognormal(np.log(4), 0.5, n).clip(0.2, 9)) * HOUR).astype(
        np.int64
    )
    times = np.stack([into, into + stay], axis=1).ravel()
    traffic = crossings(times, np.repeat(1 + np.arange(n) % 200, 2), direction=np.tile([0, 1], n))
    bench = Bench(OutboundRun())
    bench.run(traffic.take(np.argsort(times, kind="stable")))
    return bench


def visit(day: int, hour: float, stay_h: float) -> Traffic:
    """In and out again."""
    return at(day, hour).then(at(day, hour + stay_h, "outbound"))


def test_half_an_hour_inside_by_night_is_odd() -> None:
    """The sentence gives hour, stay and how few do so."""
    p, finding = explained(peers(), visit(45, 23.5, 0.5))
    assert p < 0.01
    assert finding.sentence.startswith("Out at 00:00 after 30 min inside; 0.")


def test_a_long_evening_is_less_odd() -> None:
    """As others who go home late."""
    assert explained(peers(), visit(45, 18.0, 6.0))[0] > 0.02


def test_by_day_and_on_the_way_in_the_question_is_not_asked() -> None:
    """However short the stay."""
    assert np.isnan(peers().run(visit(45, 12.0, 0.5).then(at(46, 1.0))).p).all()


def test_who_always_does_so_is_no_news() -> None:
    """A worker who fetches the night shift."""
    own = visit(41, 23.0, 0.5)
    for day in range(42, 90):
        own = own.then(visit(day, 23.0, 0.5))
    p = peers().run(own).p
    assert p[-1] > 0.1
    assert p[1] < 0.01


def test_a_repeat_of_the_direction_ends_no_stay() -> None:
    """Out, and out again: where it was meanwhile is not known."""
    assert np.isnan(peers().run(at(45, 23.0, "outbound").then(at(45, 23.5, "outbound"))).p).all()
