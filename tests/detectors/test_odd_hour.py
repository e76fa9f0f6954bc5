"""An hour that is odd for this vehicle is told from one that is not."""

from __future__ import annotations

import numpy as np

from detectors.hour_cells import FULL
from detectors.odd_hour import OddHour
from tests.detectors.bench import DAY, HOUR, MONDAY, Bench, at, commuter, crossings, explained


def test_three_at_night_is_odd_for_a_commuter() -> None:
    """The sentence names the hour and the habit of that direction, and the hours of the habit would be no evidence."""
    p, finding = explained(Bench(OddHour()), commuter().then(at(60, 3.25)))
    assert p < 0.003
    assert finding.sentence.startswith(
        "Inbound at 03:15 on a weekday; then this vehicle usually comes inbound from 16:00 to 18:00"
    )
    assert finding.without is not None
    hours = [int(part[:2]) for part in finding.without.removeprefix("from ").split(" to ")]
    for hour in range(hours[0], hours[1]):
        assert explained(Bench(OddHour()), commuter().then(at(60, hour + 0.5)))[0] > 0.15


def test_the_usual_hour_is_ordinary() -> None:
    """Both ways."""
    assert explained(Bench(OddHour()), commuter().then(at(60, 17.1)))[0] > 0.2
    assert explained(Bench(OddHour()), commuter().then(at(60, 7.1, "outbound")))[0] > 0.2


def test_the_way_home_at_the_hour_of_the_way_out_is_odd() -> None:
    """Directions have habits of their own."""
    assert explained(Bench(OddHour()), commuter().then(at(60, 7.0, "inbound")))[0] < 0.03


def test_a_night_nurse_is_no_anomaly() -> None:
    """Whoever always crosses at three in the morning does so again."""
    nurse = commuter(out_h=21.0, back_h=3.0)
    nurse = nurse.take(np.argsort(nurse.columns["time_ms"], kind="stable"))
    assert explained(Bench(OddHour()), nurse.then(at(60, 3.0)))[0] > 0.2


def test_a_saturday_names_the_days_the_habit_is_of() -> None:
    """A vehicle that never crosses on weekend days has no usual hour there, and the sentence says so."""
    p, finding = explained(Bench(OddHour()), commuter().then(at(61, 3.0)))
    assert p < 0.02
    assert (
        "on a weekend day, when it seldom crosses; on weekdays this vehicle usually comes inbound" in finding.sentence
    )


def test_a_new_habit_is_learnt_within_a_few_crossings() -> None:
    """After a change of shift the tenth crossing at the new hour is no longer odd."""
    days = [60, 63, 64, 65, 66, 67, 70, 71, 72, 73, 74]
    traffic = commuter()
    for day in days:
        traffic = traffic.then(at(day, 3.0))
    p = Bench(OddHour()).run(traffic).p[-len(days) :]
    assert p[0] < 0.03
    assert p[10] > 0.1


def test_further_from_the_habit_is_odder() -> None:
    """And the longer the habit was kept, the odder: both by more than the vehicle itself can tell."""
    peers = commuter(days=200)
    for vehicle in range(1, 12):
        lapses = [at(30 + 7 * k, 17.0 + 2.0 * (1 + k % 2) ** 0.5, vehicle=vehicle) for k in range(4)]
        own = commuter(days=200, seed=vehicle)
        peers = peers.then(crossings(own.columns["time_ms"], vehicle, direction=own.columns["direction"], port=1))
        for lapse in lapses:
            peers = peers.then(lapse)
    peers = peers.take(np.argsort(peers.columns["time_ms"], kind="stable"))
    near, far = (explained(Bench(OddHour()), peers.then(at(204, hour)))[0] for hour in (19.5, 3.0))
    assert far < near < 0.05
    assert explained(Bench(OddHour()), commuter(days=30).then(at(32, 3.0)))[0] > far


def test_a_clock_change_leaves_the_habit() -> None:
    """When the wall clock jumps an hour, wall-clock hours count: the commuter stays ordinary, a late record as well."""
    habit = commuter()
    summer = at(60, 16.0).with_columns(local_ms=MONDAY + 60 * DAY + 17 * HOUR)
    late = at(59, 17.0)
    p = Bench(OddHour()).run(habit.then(summer).then(late)).p[-2:]
    assert (p > 0.2).all()


def test_counts_never_overflow() -> None:
    """10,000 crossings in one hour leave the cells below their limit, and that hour the usual one."""
    times = MONDAY + np.arange(10_000) * 300
    bench = Bench(OddHour())
    p = bench.run(crossings(times, 0, port=1)).p
    row = bench.rows["odd_hour"][0]
    assert 1000 < row["hours"].max() <= row["days"].max() <= FULL
    assert row["hours"][1].max() == 0
    assert p[-1] > 0.3
