"""Is a reader that is down told from traffic that is low, and is whatever begins said once?"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from detectors.flow import WEEK
from stream.spells import PATIENCE
from stream.watch_flow import FlowWatch
from stream.words import Word

PORTS, LANES = 4, 3  # lanes a direction
LEARNT = 6 * WEEK  # hours before something happens
Change = Callable[[int, NDArray[np.float64]], None]  # hour since, means of [ports, 2, lanes], changed in place


def nothing(_: int, __: NDArray[np.float64]) -> None:
    """An ordinary time."""


def means(hour: int) -> NDArray[np.float64]:
    """Two rushes a day, later on weekends and more of it; ports of different size."""
    of_day, weekend = hour % 24, hour // 24 % 7 >= 5
    at = of_day - 2 * weekend
    rush = np.exp(-(((at - 8) / 3.5) ** 2)) + 0.8 * np.exp(-(((at - 17) / 4) ** 2)) + 0.05
    size = np.array([400.0, 150.0, 60.0, 15.0])[:, None, None]
    return np.broadcast_to(size * rush * (1.3 if weekend else 1.0) / LANES, (PORTS, 2, LANES)).copy()


def watched(change: Change, hours: int, seed: int = 1, low: int = -1) -> tuple[list[Word], FlowWatch]:
    """What is said in the `hours` after six quiet weeks; reads of lane `low` lose confidence then."""
    rng, watch = np.random.default_rng(seed), FlowWatch()
    watch.lanes.lane_of = [(p, d, f"L{k}") for p in range(PORTS) for d in (0, 1) for k in range(LANES)]
    level, words = np.ones((PORTS, 1, 1)), list[Word]()
    for hour in range(LEARNT + hours):
        if hour % 24 == 0:
            level = 1 + 0.9 * (level - 1) + rng.normal(0, 0.04, level.shape)
        expected = means(hour) * level
        if hour >= LEARNT:
            change(hour - LEARNT, expected)
        counts = rng.negative_binomial(40, 40 / (40 + np.maximum(expected, 1e-12))).reshape(-1)
        confidence = np.where(np.arange(len(counts)) == low, 0.6 if hour >= LEARNT else 0.95, 0.95)
        total = (1000 * (confidence * counts + rng.normal(0, 0.04, len(counts)) * np.sqrt(counts))).astype(np.int64)
        reads = np.stack([counts, total, (1000 * confidence).astype(np.int64) ** 2 * counts + 1600 * counts], axis=1)
        flow = counts.reshape(PORTS, 2, LANES).sum(axis=2)
        words += watch.step(hour, flow, reads, np.full(PORTS, hour % WEEK))
    return words, watch


def kinds(words: list[Word]) -> list[tuple[str, str, int]]:
    """What was said, and of which port."""
    return [(word.kind, word.about, word.port) for word in words]


def between(first: int, last: int, factor: float, *where: int) -> Change:
    """Means times `factor` from hour `first` up to `last`, at a port, its direction or its lane."""

    def change(hour: int, expected: NDArray[np.float64]) -> None:
        if first <= hour < last:
            expected[where] *= factor

    return change


@pytest.mark.parametrize("seed", range(4))
def test_ordinary_months_are_silent(seed: int) -> None:
    """Rushes, weekends, weeks of different height and four sizes of port: ten weeks without a word."""
    assert [] == watched(nothing, 10 * WEEK, seed)[0]


def test_a_direction_that_is_silent_while_the_other_flows_is_a_reader() -> None:
    """Said once, within hours, with the gap from its first hour to its last."""
    words, watch = watched(between(8, 32, 0.0, 1, 1), 3 * WEEK)
    assert [("reader_fault", "direction", 1)] == kinds(words)
    assert 1 == words[0].direction
    assert words[0].hour - (LEARNT + 8) <= 2
    ((port, way, first, last),) = watch.gaps
    assert (1, 1) == (port, way)
    assert abs(first - (LEARNT + 8)) <= 6
    assert abs(last - (LEARNT + 32)) <= 4


def test_a_second_outage_days_later_is_said_again() -> None:
    """Both of them, each once."""

    def change(hour: int, expected: NDArray[np.float64]) -> None:
        if 8 <= hour < 20 or 104 <= hour < 116:
            expected[0, 0] = 0

    assert [("reader_fault", "direction", 0)] * 2 == kinds(watched(change, 2 * WEEK)[0])


def test_a_port_with_little_of_everything_is_traffic() -> None:
    """A port all but closed for two days: less traffic, said once, and not about its readers or lanes."""
    assert [("flow_anomaly", "less", 2)] == kinds(watched(between(8, 56, 0.02, 2), 3 * WEEK)[0])


def test_a_silent_lane_is_a_reader() -> None:
    """One lane of three, while the port flows."""
    words, _ = watched(between(8, 40, 0.0, 0, 0, 1), 2 * WEEK)
    assert [("reader_fault", "lane", 0)] == kinds(words)
    assert ("L1", 0) == (words[0].lane, words[0].direction)


def test_reads_that_lose_confidence_are_a_reader() -> None:
    """A lane at 0.60 that was at 0.95; after three days that is how it is."""
    words, _ = watched(nothing, 2 * WEEK, low=1)
    assert [("reader_fault", "confidence", 0)] == kinds(words)
    assert words[0].observed == pytest.approx(0.6, abs=0.05)
    assert words[0].usual == pytest.approx((0.95, 0.95), abs=0.06)


@pytest.mark.parametrize("factor", [0.35, 2.5])
def test_a_holiday_week_is_one_notice(factor: float) -> None:
    """At its beginning; its end is a return to what was usual, and no news."""
    words, _ = watched(between(8, 8 + WEEK, factor, 0), 5 * WEEK)
    assert [("flow_anomaly", 0)] == [(word.kind, word.port) for word in words]


def test_a_level_that_stays_is_one_notice() -> None:
    """Half the traffic goes elsewhere for good: one notice each where it left and where it came."""

    def change(_: int, expected: NDArray[np.float64]) -> None:
        expected[0] *= 0.4
        expected[1] *= 2.6

    said = [(word.kind, word.port) for word in watched(change, 8 * WEEK)[0]]
    assert [("flow_anomaly", 0), ("flow_anomaly", 1)] == sorted(said)


def test_a_shift_too_small_for_a_day_is_found_by_its_duration() -> None:
    """A third more for weeks: never much in an hour, found by ADWIN within three days, said once."""
    words, _ = watched(between(0, 4 * WEEK, 1.45, 0), 4 * WEEK)
    assert [("flow_anomaly", "shift", 0)] == kinds(words)
    assert words[0].hour < LEARNT + 72


def test_a_closure_and_its_reopening_are_one_notice_each() -> None:
    """Closed for two months; both ends are said, nothing between."""
    words, _ = watched(between(0, 8 * WEEK, 0.0, 1), 11 * WEEK)
    assert [("flow_anomaly", 1)] * 2 == [(word.kind, word.port) for word in words]
    assert ["less", "more"] == [word.about for word in words]
    assert abs(words[1].hour - (LEARNT + 8 * WEEK)) <= 24


def test_a_port_that_opens_is_one_notice() -> None:
    """A port that was never seen begins to carry traffic weeks later; for two weeks it counts as young."""
    young: list[list[int]] = []
    rng, watch, words = np.random.default_rng(3), FlowWatch(), list[Word]()
    for hour in range(LEARNT + 4 * WEEK):
        expected = means(hour).sum(axis=2)
        if hour < LEARNT:
            expected = expected[:3]
        words += watch.step(
            hour, rng.poisson(expected), np.zeros((0, 3), np.int64), np.full(len(expected), hour % WEEK)
        )
        young.append(watch.young())
    assert [("flow_anomaly", "new", 3)] == kinds(words)
    assert [] == young[LEARNT - 1]
    assert [3] == young[LEARNT + 24]
    assert [] == young[-1]


def test_patience_ends() -> None:
    """An outage that does not end is the usual after three days: nothing is taken back any more."""
    words, watch = watched(between(8, 9999, 0.0, 1, 1), 3 * WEEK)
    assert [("reader_fault", "direction", 1)] == kinds(words)
    ((_, _, first, last),) = watch.gaps
    assert last - first <= PATIENCE + 8
