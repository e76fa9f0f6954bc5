"""Coming at hours when hardly anybody does, again and again, is told from doing so for years."""

from __future__ import annotations

import numpy as np

from detectors.night_choke_point import NightChokePoint
from tests.detectors.bench import DAY, HOUR, MONDAY, Bench, Traffic, crossings, explained


def daytime(days: int = 40, each: int = 200) -> Traffic:
    """Peers at port 1 who cross by day, one in forty by night."""
    rng = np.random.default_rng(5)
    hours = np.where(rng.random(days * each) < 1 / 40, rng.uniform(0, 5, days * each), rng.normal(13, 3, days * each))
    times = MONDAY + np.repeat(np.arange(days), each) * DAY + (hours % 24 * HOUR).astype(np.int64)
    return sorted_by_time(crossings(times, 1 + rng.integers(0, 200, len(times)), port=1))


def sorted_by_time(traffic: Traffic) -> Traffic:
    """In order."""
    return traffic.take(np.argsort(traffic.columns["time_ms"], kind="stable"))


def vehicle(hours: list[float]) -> Traffic:
    """Vehicle 0, once a day, at these local hours, the last on day 39."""
    day = np.arange(40 - len(hours), 40)
    return crossings(MONDAY + day * DAY + (np.array(hours) * HOUR).astype(np.int64), 0, port=1)


def last(hours: list[float]) -> tuple[float, str]:
    """p and sentence of the vehicle's last crossing, among the others."""
    bench = Bench(NightChokePoint())
    peers, own = daytime(), vehicle(hours)
    bench.run(peers.take(peers.columns["time_ms"] < MONDAY + 20 * DAY))
    p, finding = explained(bench, own)
    return p, finding.sentence


def test_three_nights_of_five_are_odd_for_who_comes_by_day() -> None:
    """The sentence tells how few cross then, and how often it did."""
    p, sentence = last([13.0] * 15 + [3.2, 13.0, 2.5, 14.0, 3.1])
    assert p < 3e-3
    assert sentence.startswith("At 03:06 on a weekday at port P1, when ")
    assert sentence.endswith("; so were 3 of its last 5 crossings, and new for it (19 earlier crossings).")


def test_two_nights_are_not_enough() -> None:
    """Nor is one: the third makes the pattern."""
    assert last([13.0] * 17 + [3.2, 13.0, 3.1])[0] > 0.1


def test_a_nurse_on_nights_is_ordinary() -> None:
    """Who came by night all along stays quiet, however few do."""
    assert last([3.0, 3.3, 2.7, 3.1] * 5)[0] > 0.02


def test_by_day_the_question_is_not_asked() -> None:
    """Whatever the nights before were."""
    bench = Bench(NightChokePoint())
    bench.run(daytime())
    assert np.isnan(bench.run(vehicle([3.0, 3.1, 3.2, 3.0, 3.1, 13.0])).p[-1])


def test_the_first_nights_of_a_log_are_not_asked_about() -> None:
    """Where hardly any night was seen, none is usual and none is odd."""
    week = daytime(days=7)
    nights = crossings(MONDAY + np.arange(7) * DAY + 3 * HOUR, 0, port=1)
    assert np.isnan(Bench(NightChokePoint()).run(sorted_by_time(week.then(nights))).p).all()
