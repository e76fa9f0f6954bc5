"""A calibrated p below x happens in a fraction x of crossings, whatever the answers look like."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from detectors import calibration as cal
from detectors.special import SMALLEST_P
from schemas.batch import Array
from stream.port_stage import Calibrator

COHORT = 3


def taught(surprises: Array, cohort: int = COHORT, column: int = 0) -> Calibrator:
    """A calibrator that has published these surprises."""
    calibrator = Calibrator(2)
    view = calibrator.counts.view(10)
    for x in surprises.tolist():
        cal.collect(x, column, cohort, view.tally, view.touched)
    part = calibrator.counts.collect(10)
    assert part is not None
    calibrator.publish(10, [part])
    return calibrator


def ends(calibrator: Calibrator, x: float, cohort: int = COHORT, column: int = 0) -> tuple[float, float]:
    """The lower and the upper end of the rank."""
    low, high = cal.rank(x, column, cohort, calibrator.counts.totals, calibrator.above, calibrator.tails)
    return float(low), float(high)


def ranked(calibrator: Calibrator, surprises: Array) -> Array:
    """The randomised rank of each surprise, drawn by the number of the crossing."""
    out = []
    for key, x in enumerate(surprises.tolist()):
        low, high = ends(calibrator, x)
        out.append(low + cal.uniform(np.uint64(key), 0) * (high - low))
    return np.array(out)


SHAPES: dict[str, Callable[[np.random.Generator, int], Array]] = {
    "honest p-values": lambda rng, n: rng.exponential(1.0, n),
    "overconfident": lambda rng, n: rng.exponential(3.0, n),
    "nine in ten are exactly 1": lambda rng, n: np.where(rng.random(n) < 0.9, 0.0, rng.exponential(2.0, n)),
    "three values only": lambda rng, n: rng.choice([0.0, 2.0, 7.0], n, p=[0.7, 0.25, 0.05]),
    "never below a third": lambda rng, n: rng.uniform(0.0, 1.0, n),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_calibrated_p_is_uniform(shape: str) -> None:
    """Against the uniform: no gap above 1 %, and the shares below 1e-2 and 1e-3 within 20 % and four deviations."""
    rng = np.random.default_rng(1)
    draw = SHAPES[shape]
    p = ranked(taught(draw(rng, 100_000)), draw(rng, 100_000))
    assert ((p > 0.0) & (p <= 1.0)).all()
    assert stats.kstest(p, "uniform").statistic < 0.01
    assert abs((p < 1e-2).mean() - 1e-2) < 0.2 * 1e-2
    assert abs((p < 1e-3).sum() - 100) < 20 + 4 * math.sqrt(2 * 100)  # the histogram is a sample as well


def test_tail_goes_on_where_the_counts_end() -> None:
    """Beyond the last 40 counts the p-value falls on as they do: continuous, falling, right within a factor of 2."""
    calibrator = taught(np.random.default_rng(2).exponential(2.0, 50_000))
    edge = float(calibrator.tails[1 + COHORT, cal.EDGE])
    assert 2.0 * math.log(50_000 / cal.TAIL_MASS) == pytest.approx(edge, abs=1.0)
    assert ends(calibrator, edge - 1e-9)[0] == pytest.approx(ends(calibrator, edge)[0])
    beyond = [ends(calibrator, edge + step) for step in range(8)]
    assert all(low == high for low, high in beyond)
    assert beyond == sorted(beyond, reverse=True)
    assert 0.5 < beyond[6][0] / math.exp(-(edge + 6) / 2.0) < 2.0


@lru_cache(maxsize=1)
def known() -> Calibrator:
    """One that has seen honest p-values."""
    return taught(np.random.default_rng(3).exponential(1.0, 5_000))


@given(st.floats(0.0, 200.0))
def test_rank_is_ordered_and_bounded(x: float) -> None:
    """SMALLEST_P <= low <= high <= 1 for any surprise, and a larger one never has a larger rank."""
    for calibrator in (known(), Calibrator(2)):
        low, high = ends(calibrator, x)
        assert SMALLEST_P <= low <= high <= 1.0
        larger_low, larger_high = ends(calibrator, x + 0.5)
        assert larger_low <= low
        assert larger_high <= high


def test_own_cohort_then_all_then_the_p_value_itself() -> None:
    """A cohort with fewer than LEAST crossings takes the pooled row; before that has them, exp(-x) is the answer."""
    few = int(cal.LEAST) - 1
    x = 3.0
    assert ends(Calibrator(2), x) == (math.exp(-x), math.exp(-x))
    assert ends(taught(np.full(few, 5.0)), x) == (math.exp(-x), math.exp(-x))
    enough = taught(np.full(few + 1, 5.0))
    assert ends(enough, x, cohort=COHORT)[1] == 1.0
    assert ends(enough, x, cohort=COHORT) == ends(enough, x, cohort=COHORT + 1)
    assert ends(enough, x, column=1) == (math.exp(-x), math.exp(-x))


def test_two_cohorts_keep_their_own_ranks() -> None:
    """What is rare among cars is not rare because trucks never do it."""
    calibrator = Calibrator(1)
    view = calibrator.counts.view(10)
    for cohort, x in ((1, 1.0), (2, 6.0)):
        for _ in range(1000):
            cal.collect(x, 0, cohort, view.tally, view.touched)
    part = calibrator.counts.collect(10)
    assert part is not None
    calibrator.publish(10, [part])
    assert ends(calibrator, 6.0, cohort=1)[1] < 1e-2
    assert ends(calibrator, 6.0, cohort=2)[1] == pytest.approx(1.0, abs=1e-2)
    assert ends(calibrator, 6.0, cohort=9)[1] == pytest.approx(0.5, abs=1e-3)


def test_old_counts_fade() -> None:
    """After a half-life a row holds half of what it held; a row that nobody touches costs nothing."""
    calibrator = taught(np.full(1000, 5.0))
    view = calibrator.counts.view(10 + int(cal.HALF_LIFE_DAYS) * 24)
    cal.collect(5.0, 0, COHORT, view.tally, view.touched)
    part = calibrator.counts.collect(10 + int(cal.HALF_LIFE_DAYS) * 24)
    assert part is not None
    calibrator.publish(10 + int(cal.HALF_LIFE_DAYS) * 24, [part])
    assert calibrator.counts.totals[1 + COHORT, cal.TOTAL] == pytest.approx(501.0)


@given(st.integers(0, 2**64 - 1), st.integers(0, 50))
def test_draws_are_fixed_by_the_key(key: int, salt: int) -> None:
    """The same key and number give the same draw in (0, 1], another number another draw."""
    u = cal.uniform(np.uint64(key), salt)
    assert 0.0 < u <= 1.0
    assert u == cal.uniform(np.uint64(key), salt)
    assert u != cal.uniform(np.uint64(key), salt + 1)


def test_draws_are_uniform() -> None:
    """Over keys that follow each other as over numbers."""
    keys = [cal.uniform(np.uint64(k), 0) for k in range(20_000)]
    salts = [cal.uniform(np.uint64(12345), k) for k in range(20_000)]
    assert stats.kstest(keys, "uniform").pvalue > 1e-3
    assert stats.kstest(salts, "uniform").pvalue > 1e-3
    assert abs(np.corrcoef(keys, [cal.uniform(np.uint64(k), 1) for k in range(20_000)])[0, 1]) < 0.03
