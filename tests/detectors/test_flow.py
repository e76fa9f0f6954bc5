"""Are the tails of a forecast those of the negative binomial, and does what is learnt follow traffic?"""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import nbinom

from detectors import flow
from detectors.flow_count import (
    CONFIDENCE,
    GRAIN,
    MOST_LANES,
    READS,
    READS_A_TEST,
    SLOTS,
    SQUARES,
    TESTS,
    confidence,
    count,
    table,
)  # fmt: skip


@pytest.mark.parametrize("mean", [0.3, 7.0, 900.0])
@pytest.mark.parametrize("phi", [0.01, 0.2, 2.0])
def test_tails_are_scipys(mean: float, phi: float) -> None:
    """Both ends, at counts below, at and above the mean."""
    size = 1 / phi
    for n in np.round([0, 0.2 * mean, mean, 3 * mean]):
        reference = nbinom(size, size / (size + mean))
        assert flow.low_tail(n, mean, phi) == pytest.approx(reference.cdf(n), rel=1e-6, abs=1e-12)
        assert flow.high_tail(n, mean, phi) == pytest.approx(reference.sf(n - 1), rel=1e-6, abs=1e-12)


def learnt(weeks: int, seed: int = 1) -> NDArray[np.void]:
    """One series with a busy day, busier on one day of the week."""
    rows, out, rng = np.zeros(1, flow.ROW), np.zeros((1, 3, 6)), np.random.default_rng(seed)
    for hour in range(weeks * flow.WEEK):
        flow.assess(rows, rng.poisson(mean_of(hour), 1).astype(float), np.array([hour % flow.WEEK]), out)
        flow.learn(rows, np.array([hour % flow.WEEK]), np.zeros(1, np.bool_))
    return rows


def mean_of(hour: int) -> float:
    """Crossings expected in an hour."""
    return (20.0 + 80.0 * (8 <= hour % 24 < 20)) * (2.0 if hour // 24 % 7 == 6 else 1.0)


def test_the_shape_of_a_week_is_learnt() -> None:
    """Every hour within a fifth after ten weeks; after one already better than the mean of all hours."""
    rows = learnt(10)
    shape = np.array([flow.shape(rows[0], hour) for hour in range(flow.WEEK)])
    means = np.array([mean_of(hour) for hour in range(flow.WEEK)])
    assert np.abs(shape / means - 1).max() < 0.2
    early = learnt(1)
    shape = np.array([flow.shape(early[0], hour) for hour in range(flow.WEEK)])
    assert np.abs(np.log(shape / means)).mean() < 0.15


def test_a_frozen_series_learns_nothing() -> None:
    """Its shape, levels and spread stay."""
    rows = learnt(3)
    before, out = rows.copy(), np.zeros((1, 3, 6))
    flow.assess(rows, np.zeros(1), np.array([0]), out)
    flow.learn(rows, np.array([0]), np.ones(1, np.bool_))
    for name in ("cell", "seen", "fast", "slow", "spread", "hours"):
        assert (before[name] == rows[name]).all(), name


def test_an_adopted_level_is_usual_and_so_is_the_one_before() -> None:
    """A third of the traffic for a day, adopted: neither that nor what was before is odd, nothing is far worse."""
    rows, out = learnt(6), np.zeros((1, 3, 6))
    for hour in range(24):
        flow.assess(rows, np.array([mean_of(hour) / 3]), np.array([hour]), out)
    assert out[0, 2, flow.LOW] < 1e-6
    flow.adopt(rows[0], 100)
    for share, odd in ((1 / 3, False), (1.0, False), (0.02, True)):
        for hour in range(24):
            flow.assess(rows, np.array([mean_of(hour) * share]), np.array([hour]), out)
        assert odd == bool((out[0, :, : flow.HIGH + 1] < 1e-6).any()), share


def test_crossings_are_counted_by_port_lane_and_answer() -> None:
    """In two batches: the lane table keeps its rows, new lanes are marked once, NaN is no answer."""
    port, way = np.array([0, 0, 1, 0], np.int32), np.array([0, 0, 1, 0], np.int8)
    lane, read = np.array([5, 6, 5, 5], np.uint64), np.array([1.0, 0.5, 0.25, 0.5], np.float32)
    calibrated = np.array([[0.05, np.nan], [0.5, np.nan], [0.01, np.nan], [np.nan, 0.2]])
    keys, slots = np.zeros(MOST_LANES, np.uint64), table(np.zeros(0, np.uint64))
    flows, lanes, odd = np.zeros((2, 2), np.int64), np.zeros((MOST_LANES, 3), np.int64), np.zeros((3, 2), np.int64)
    new = np.zeros(4, np.bool_)
    p, fresh = np.array([0.05, 0.5, 0.01, 1.0]), np.ones(4, np.uint8)
    used = count(port, way, lane, read, fresh, calibrated, p, keys, slots, 0, flows, lanes, odd, new)
    assert [True, True, True, False] == new.tolist()
    used = count(port, way, lane, read, fresh, calibrated, p, keys, table(keys[:used]), used, flows, lanes, odd, new)
    assert not new.any()
    assert (3, [[6, 0], [0, 2]]) == (used, flows.tolist())
    assert [[4, 3000, 2500000], [2, 1000, 500000], [2, 500, 125000]] == lanes[:3].tolist()
    assert [[6, 4], [2, 0], [6, 4]] == odd.tolist()
    assert SLOTS == len(slots)
    before = flows.copy()
    fresh[:] = 0  # a vehicle that was counted often enough this hour
    count(port, way, lane, read, fresh, calibrated, p, keys, table(keys[:used]), used, flows, lanes, odd, new)
    assert np.array_equal(before, flows)


def test_confidence_is_compared_with_the_lanes_own_past() -> None:
    """A fall far beyond its spread is found; it is not learnt, so it is found again."""
    state, found = np.zeros((1, 7)), np.zeros((1, 4))
    reads = np.zeros((1, 3), np.int64)

    def hour(mean: float) -> float:
        n = READS_A_TEST
        reads[0, [READS, CONFIDENCE, SQUARES]] = n, int(n * mean * GRAIN), int(n * (mean**2 + 0.0004) * GRAIN**2)
        confidence(state, reads, found)
        return float(found[0, 3])

    assert all(np.isnan(hour(0.95)) for _ in range(TESTS))
    assert abs(hour(0.949)) < 1
    assert hour(0.7) < -6
    assert hour(0.7) < -6
    assert found[0, :2].tolist() == pytest.approx([0.7, 0.95], abs=0.001)
