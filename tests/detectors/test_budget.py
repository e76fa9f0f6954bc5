"""Alerts keep to the operators' attention: a rate in the long run, a cap in any hour, a floor for the score."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.budget import RING, ROW, STEP, note_alert, threshold_at, within_cap
from schemas.batch import Array
from tests.detectors.bench import HOUR, MONDAY

FLOOR = 3.0


def decide(now_ms: Array, score: Array, *, budget: float = 6.0, cap: int = 12) -> Array:
    """Times of the alerts, by the rules of `judge`."""
    row = np.zeros(1, ROW)[0]
    alerts = []
    for now, value in zip(now_ms.tolist(), score.tolist(), strict=True):
        if value >= threshold_at(row, now, FLOOR, budget) and within_cap(row, now, cap):
            note_alert(row, now)
            alerts.append(now)
    return np.array(alerts, np.int64)


def most_in_an_hour(times: Array) -> int:
    """The largest number of alerts in any 60 minutes."""
    return int((np.searchsorted(times, times + HOUR) - np.arange(len(times))).max())


def test_the_threshold_starts_at_the_floor_and_rises_with_alerts() -> None:
    """By one step each."""
    row = np.zeros(1, ROW)[0]
    assert threshold_at(row, MONDAY, FLOOR, 6.0) == FLOOR
    for count in range(1, 5):
        note_alert(row, MONDAY)
        assert threshold_at(row, MONDAY, FLOOR, 6.0) == pytest.approx(FLOOR + count * STEP)


def test_the_threshold_sinks_with_event_time_to_the_floor_and_not_below() -> None:
    """By the step times the budget each hour, however the hour is cut; time that goes back changes nothing."""
    row = np.zeros(1, ROW)[0]
    threshold_at(row, MONDAY, FLOOR, 6.0)
    for _ in range(20):
        note_alert(row, MONDAY)
    for minute in range(61):
        now = threshold_at(row, MONDAY + minute * 60_000, FLOOR, 6.0)
    assert now == pytest.approx(FLOOR + 14 * STEP)
    assert threshold_at(row, MONDAY, FLOOR, 6.0) == now
    assert threshold_at(row, MONDAY + 100 * HOUR, FLOOR, 6.0) == FLOOR


@given(st.integers(1, 30), st.floats(1.0, 100.0), st.integers(0, 2**31))
def test_no_more_than_the_cap_in_any_hour_under_flooding(cap: int, budget: float, seed: int) -> None:
    """A critical score every few seconds for five hours gives at most `cap` alerts in any 60 minutes."""
    rng = np.random.default_rng(seed)
    now = MONDAY + np.sort(rng.integers(0, 5 * HOUR, 2000))
    alerts = decide(now, np.full(2000, 100.0), budget=budget, cap=cap)
    assert most_in_an_hour(alerts) == cap
    assert len(alerts) >= 4 * cap


def test_a_cap_beyond_the_ring_is_held_at_the_ring() -> None:
    """What is remembered bounds what can be allowed."""
    now = MONDAY + np.arange(1000) * 1000
    assert len(decide(now, np.full(1000, 100.0), budget=1e6, cap=10**6)) == RING


def test_the_long_run_keeps_to_the_budget() -> None:
    """200 crossings an hour whose score is exponential: 6 alerts an hour over forty days, within 5 %."""
    rng = np.random.default_rng(4)
    hours = 40 * 24
    now = MONDAY + np.sort(rng.integers(0, hours * HOUR, 200 * hours))
    score = rng.exponential(1.0, len(now)) + 1.5
    alerts = decide(now, score)
    settled = alerts[alerts > MONDAY + 5 * 24 * HOUR]
    assert len(settled) / (hours - 120) == pytest.approx(6.0, rel=0.05)
    assert most_in_an_hour(alerts) <= 12


def test_quiet_traffic_is_not_raised_to_the_budget() -> None:
    """Where nothing passes the floor nothing alerts, however long it stays quiet."""
    now = MONDAY + np.arange(5000) * HOUR
    assert len(decide(now, np.full(5000, FLOOR - 1e-9))) == 0
