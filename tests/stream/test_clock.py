"""Does one stray time move the stream's clock? Only a second one that agrees does."""

from __future__ import annotations

import dataclasses

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from schemas.batch import CrossingBatch
from stream.clock import LEAP_MS, EventClock
from tests.stream.logs import CONFIG, border, single

DAY_MS = 86_400_000
times = st.lists(st.integers(0, 400).map(lambda day: day * DAY_MS), max_size=30)


def reached(parts: list[list[int]]) -> list[int]:
    """How far one clock has come with each of these times, given in parts."""
    clock = EventClock()
    return [t for part in parts for t in clock.reached(np.array(part, np.int64)).tolist()]


def test_one_stray_time_moves_nothing() -> None:
    """A record from 2090 leaves the source where it was, and what follows is not late."""
    assert [0, 1, 1, 2, 3] == reached([[0, 1, 100 * LEAP_MS, 2, 3]])


def test_a_second_time_that_agrees_confirms_a_leap() -> None:
    """After a true silence of months the source goes on with its second crossing."""
    later = 5 * LEAP_MS
    assert [0, 0, later + 7, later + 8] == reached([[0, later, later + 7, later + 8]])


def test_two_stray_times_that_disagree_move_nothing() -> None:
    """Each waits for one that agrees with it."""
    assert [0, 0, 0, 1] == reached([[0, 10 * LEAP_MS, 50 * LEAP_MS, 1]])


@given(times, st.integers(0, 30))
def test_cuts_do_not_matter(days: list[int], cut: int) -> None:
    """The clock is the same however the source was cut into batches."""
    assert reached([days]) == reached([days[:cut], days[cut:]])


@given(times)
def test_the_clock_never_goes_back_and_never_beyond_what_was_seen(days: list[int]) -> None:
    """It rises, and stands at a time that some crossing had."""
    out = reached([days])
    assert out == sorted(out)
    assert set(out) <= set(days)


def stray(batch: CrossingBatch, place: int, time_ms: int) -> CrossingBatch:
    """The batch with one crossing at another time."""
    at = batch.time_ms.copy()
    at[place] = time_ms
    return dataclasses.replace(batch, time_ms=at, local_ms=batch.local_ms + (at - batch.time_ms))


def test_a_log_with_one_stray_time_gives_the_other_alerts_all_the_same() -> None:
    """No crossing is lost or late for it, and nearly all alerts are those of the log without it."""
    batch, names = border()
    runs = []
    for log in (batch, stray(batch, 300, 4_000_000_000_000)):
        pipeline = single(CONFIG, names)
        decided = [pipeline.push(log), pipeline.flush()]
        assert len(log) == pipeline.counters["accepted"] + pipeline.counters["duplicates"]
        assert sum(len(part.score) for d in decided for part in d.assessed) == pipeline.counters["accepted"]
        runs.append(({alert.crossing_id for d in decided for alert in d.alerts}, pipeline.counters["late"]))
    (alerts, late), (with_stray, late_with_stray) = runs
    assert late == late_with_stray
    assert len(alerts) > 10
    assert len(alerts ^ with_stray) <= 0.2 * len(alerts)
