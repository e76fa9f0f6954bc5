"""Many crossings in a short time are a burst for a vehicle that crosses seldom, unless the whole port is busy."""

from __future__ import annotations

import math

import numpy as np
import pytest

from detectors.base import Context
from detectors.combination import adds_nothing
from detectors.frequency_burst import KEPT, FrequencyBurst
from tests.detectors.bench import DAY, HOUR, MONDAY, PORTS, Bench, Traffic, commuter, crossings, explained

WEEKLY = crossings(MONDAY + np.arange(20) * 7 * DAY, 0, port=1, direction=np.arange(20) % 2)
LAST = 19 * 7 * DAY


def burst(count: int, every: int = HOUR) -> Traffic:
    """The weekly visitor, then `count` crossings in a row three days after its last."""
    times = MONDAY + LAST + 3 * DAY + np.arange(count) * every
    return WEEKLY.then(crossings(times, 0, port=1, direction=np.arange(count) % 2))


def test_nine_crossings_in_a_day_are_a_burst_for_a_weekly_visitor() -> None:
    """The sentence counts those before this one; with as few as the counterfactual says there is no burst."""
    p, finding = explained(Bench(FrequencyBurst()), burst(10))
    assert p < 1e-4
    assert finding.sentence == "Crossed 9 times in the 24 h before this one; its usual is 0.1 (29 earlier crossings)."
    assert finding.without is not None
    few = 0 if "none" in finding.without else int(finding.without.split()[1])
    assert adds_nothing(explained(Bench(FrequencyBurst()), burst(few + 1))[0], math.nan)


def test_a_daily_commuter_is_no_burst() -> None:
    """Two a day, as ever."""
    assert explained(Bench(FrequencyBurst()), commuter())[0] > 0.2


def test_a_full_memory_says_so() -> None:
    """More than sixteen in a day are said as sixteen or more."""
    numbers = {"count": KEPT, "window_d": 1, "usual": 1.0, "surge": 1.0, "quiet_count": 4, "seen": 57}
    sentence = FrequencyBurst().explain(numbers, Context("1", str, "inbound")).sentence
    assert sentence == "Crossed 16 or more times in the 24 h before this one; its usual is 1 (57 earlier crossings)."
    _, finding = explained(Bench(FrequencyBurst()), burst(40, HOUR // 4))
    assert finding.sentence.startswith("Crossed 40 times in the 7 days before this one; its usual is 1 (59 ")


def test_what_comes_after_a_late_record_is_not_counted_into_it() -> None:
    """A record older than the newest is not evaluated; the next one is, and counts it once."""
    late = crossings([MONDAY + LAST + DAY], 0, port=1)
    answers = Bench(FrequencyBurst()).run(burst(3).then(late))
    assert np.isnan(answers.p[-1])
    assert not np.isnan(answers.p[-2])


def test_counts_hold_over_the_turn_of_days() -> None:
    """Each crossing of a run over eight days sees those of its own 24 hours, and of the week at most."""
    answers = Bench(FrequencyBurst()).run(burst(16, 12 * HOUR))
    day = answers.evidence[20:, 1] == 1.0
    count = answers.evidence[20:, 0]
    assert (count[day] <= 2).all()
    assert (count[~day] <= 14).all()
    assert count.max() >= 12


def crowd(per_hour: int, days: int, start: int, vehicle: int) -> Traffic:
    """Vehicles at port 1, each seen once."""
    n = per_hour * 24 * days
    times = start + np.arange(n) * (HOUR // per_hour)
    return crossings(times, vehicle + np.arange(n), port=1)


def test_a_holiday_at_the_port_excuses_a_burst() -> None:
    """The same crossings are less odd when the whole port is busy, not when one vehicle makes it look busy."""
    start = int(burst(1).columns["time_ms"][-1])
    before = crowd(2, 10, start - 12 * DAY, 1)
    lead = WEEKLY.then(before)
    lead = lead.take(np.argsort(lead.columns["time_ms"], kind="stable"))
    own = burst(10).take(slice(20, None))

    def p_after(more: Traffic) -> float:
        bench = Bench(FrequencyBurst(), keys=6000, ports=PORTS)
        bench.run(lead.then(more))
        return float(bench.run(own).p[-1])

    quiet = p_after(crowd(2, 2, start - 2 * DAY, 1000))
    busy = p_after(crowd(20, 2, start - 2 * DAY, 1000))
    one = crowd(20, 2, start - 2 * DAY, 1000)
    flooded = p_after(Traffic(np.full(len(one), 5000), one.columns).with_columns(vehicle_class=1))
    assert busy > 2 * quiet
    assert flooded < 1.2 * quiet


@pytest.mark.parametrize(
    ("quiet", "text"),
    [(3.0, "with 3 or fewer in 24 h"), (0.0, "with none in 24 h"), (math.nan, None)],
)
def test_counterfactuals_read_well(quiet: float, text: str | None) -> None:
    """Also where there is none."""
    numbers = {"count": 9, "window_d": 1, "usual": 1.2, "surge": 1.0, "quiet_count": quiet, "seen": 57}
    assert FrequencyBurst().explain(numbers, Context("1", str, "inbound")).without == text
