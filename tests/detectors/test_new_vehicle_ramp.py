"""A new vehicle that crosses far more often than new ones do is odd, once the log is old enough to know what is new."""

from __future__ import annotations

import re

import numpy as np

from detectors.new_vehicle_ramp import AGES, BINS, DAYS, NewVehicleRamp, age_of, bin_of
from tests.detectors.bench import DAY, HOUR, MONDAY, Bench, Traffic, crossings, explained

LAST = 110


def town(weekly: float = 3.0, seed: int = 9) -> Traffic:
    """Two hundred vehicles, one first seen each half day, that cross about three times a week; something each hour."""
    rng = np.random.default_rng(seed)
    times, vehicles = [MONDAY + np.arange(LAST * 24) * HOUR], [np.zeros(LAST * 24, np.int64) + 255]
    for v in range(1, 200):
        start = MONDAY + v * DAY // 2
        own = start + np.cumsum(rng.exponential(7 * DAY / weekly, 60)).astype(np.int64)
        times.append(np.append(start, own))
        vehicles.append(np.full(61, v))
    when, who = np.concatenate(times), np.concatenate(vehicles)
    order = np.argsort(when, kind="stable")
    order = order[when[order] < MONDAY + LAST * DAY]
    return crossings(when[order], who[order])


def newcomer(count: int, days: float, start: int = LAST) -> Traffic:
    """Vehicle 0, first seen on day `start`, with `count` crossings in `days`."""
    return crossings(MONDAY + start * DAY + np.linspace(0, days * DAY, count).astype(np.int64), 0)


def bench() -> Bench:
    """A bench that knows the town."""
    made = Bench(NewVehicleRamp())
    made.run(town())
    return made


def test_five_crossings_a_day_are_odd_for_a_new_vehicle() -> None:
    """The sentence says how new and how often."""
    made, own = bench(), newcomer(61, 12.1)
    answers = made.run(own)
    most = int(np.nanargmin(answers.p))
    assert answers.p[most] < 0.01
    finding = next(made.findings(own, answers, [most]))
    assert re.fullmatch(
        r"First seen [0-9.]+ days ago and \d\d crossings since; 0\.\d+ % of .* behind them\.", finding.sentence
    )


def test_three_a_week_are_ordinary() -> None:
    """As others began."""
    assert explained(bench(), newcomer(6, 12.0))[0] > 0.2


def test_a_month_after_it_is_new_no_more() -> None:
    """Its own habits say more by then."""
    assert np.isnan(bench().run(newcomer(90, 40.0)).p[-1])


def test_where_commuters_buy_cars_a_commuter_is_ordinary() -> None:
    """The same newcomer among those who cross twice a day from the start."""
    made = Bench(NewVehicleRamp())
    made.run(town(weekly=14.0))
    assert explained(made, newcomer(25, 12.0))[0] > 0.2


def test_when_the_log_begins_nobody_is_new() -> None:
    """Nothing is said, nor learnt, of vehicles first seen in its first thirty days."""
    made = Bench(NewVehicleRamp())
    early = town()
    p = made.run(early).p
    assert np.isnan(p[early.columns["time_ms"] < MONDAY + DAYS * DAY]).all()
    first = early.take(early.columns["time_ms"] < MONDAY + 50 * DAY)
    assert not np.isnan(p[len(first) :]).all()
    young = Bench(NewVehicleRamp())
    young.run(first.take(first.vehicle < 60))
    assert not any(table.totals[:, :BINS].any() for table in [next(young.bank.tables())])


def test_ages_and_counts_have_bins() -> None:
    """From the first day to the thirtieth, from one crossing to many thousands."""
    assert [0, 1, 3, 4, 5, 7, 9, 9] == [age_of(day * DAY) for day in (0, 1, 2, 3, 4, 8, 16, 29)]
    assert AGES - 1 == age_of(29 * DAY)
    assert [0, 4, 6, BINS - 1] == [bin_of(count) for count in (1, 2, 3, 100_000)]
