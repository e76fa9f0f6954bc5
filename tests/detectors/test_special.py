"""The building blocks against scipy, over arguments wider than the detectors use."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special as sc
from scipy import stats

from detectors.decay import decay_factor
from detectors.features import DECADES, HIGH, LOW, features
from detectors.fold import fold, gather
from detectors.phrase import amount, duration, duration_range, said
from detectors.special import (
    SMALLEST_P,
    beta_tail,
    bounded_p,
    negative_binomial_tail,
    normal_cdf,
    student_log_density,
    student_tail,
)

shapes = st.floats(1e-2, 3e3)
shares = st.floats(1e-9, 1.0 - 1e-9)


def close(got: float, expected: float, relative: float = 1e-9, absolute: float = 1e-14) -> bool:
    """Equal to nine digits, or both within what rounding leaves near zero."""
    return math.isclose(got, expected, rel_tol=relative, abs_tol=absolute)


@given(shapes, shapes, shares)
def test_incomplete_beta_equals_scipys(a: float, b: float, x: float) -> None:
    """I_x(a, b) to 1e-9 relative, 1e-14 absolute, for parameters up to 3,000."""
    assert close(beta_tail(a, b, x), float(sc.betainc(a, b, x)))


@given(shapes, shapes)
def test_incomplete_beta_at_its_ends(a: float, b: float) -> None:
    """0 at 0, 1 at 1, and beyond."""
    assert [beta_tail(a, b, x) for x in (-1.0, 0.0, 1.0, 2.0)] == [0.0, 0.0, 1.0, 1.0]


@given(st.floats(-50.0, 50.0), st.floats(0.5, 500.0))
def test_student_tail_equals_scipys(t: float, df: float) -> None:
    """Both tails of Student's t; within a millionth of the centre to 2e-8, where 1 - t^2 / df leaves no more digits."""
    absolute = 2e-8 if abs(t) < 1e-6 * math.sqrt(df) else 1e-14
    assert close(student_tail(t, df), 2.0 * float(stats.t.sf(abs(t), df)), 2e-9, absolute)


def test_student_tail_of_extremes() -> None:
    """1 at the centre, symmetric, never negative, 0 only where the probability is below what a float holds."""
    assert student_tail(0.0, 5.0) == 1.0
    assert student_tail(-3.0, 5.0) == student_tail(3.0, 5.0)
    assert 0.0 <= student_tail(1e200, 5.0) < 1e-300
    assert close(student_tail(1e6, 4.0), 2.0 * float(stats.t.sf(1e6, 4.0)))


@given(st.floats(-50.0, 50.0), st.floats(0.5, 500.0), st.floats(1e-3, 1e3))
def test_student_log_density_equals_scipys(t: float, df: float, scale: float) -> None:
    """Of a scaled t at `scale * t`."""
    assert close(student_log_density(t, df, scale), float(stats.t.logpdf(scale * t, df, scale=scale)), absolute=1e-9)


@given(st.integers(1, 500), st.floats(0.05, 500.0), st.floats(0.01, 500.0), st.floats(0.01, 60.0))
def test_negative_binomial_tail_equals_scipys(k: int, shape: float, rate: float, exposure: float) -> None:
    """P(N >= k) of the Gamma-Poisson mixture."""
    expected = float(stats.nbinom.sf(k - 1, shape, rate / (rate + exposure)))
    assert close(negative_binomial_tail(k, shape, rate, exposure), expected)


def test_negative_binomial_tail_is_the_sum_of_its_terms() -> None:
    """Against the Poisson mixture summed term by term, and 1 for no count at all."""
    below = sum(stats.nbinom.pmf(n, 2.5, 3.0 / (3.0 + 7.0)) for n in range(12))
    assert close(negative_binomial_tail(12, 2.5, 3.0, 7.0), 1.0 - float(below), absolute=1e-12)
    assert negative_binomial_tail(0.0, 2.5, 3.0, 7.0) == 1.0
    assert negative_binomial_tail(-1.0, 2.5, 3.0, 7.0) == 1.0


@given(st.floats(0.1, 200.0), st.floats(0.1, 3.0), st.floats(0.1, 50.0), st.floats(0.1, 50.0))
def test_negative_binomial_tail_falls_with_the_count(k: float, step: float, shape: float, rate: float) -> None:
    """Quasi-counts lie between their neighbours."""
    assert negative_binomial_tail(k + step, shape, rate, 1.0) <= negative_binomial_tail(k, shape, rate, 1.0)


@given(st.floats(-37.0, 37.0))
def test_normal_cdf_equals_scipys(x: float) -> None:
    """Deep into the lower tail."""
    assert close(normal_cdf(x), float(sc.ndtr(x)), absolute=1e-300)


@given(st.floats())
def test_bounded_p_is_a_p_value_or_nan(p: float) -> None:
    """Within [SMALLEST_P, 1]; NaN stays NaN and never becomes the smallest p."""
    bounded = bounded_p(p)
    assert math.isnan(bounded) if math.isnan(p) else SMALLEST_P <= bounded <= 1.0
    assert not SMALLEST_P <= p <= 1.0 or bounded == p


@given(st.floats(-1e9, 1e9), st.floats(1.0, 1e8))
def test_decay_is_a_power_of_two(elapsed: float, half_life: float) -> None:
    """2^(-elapsed / half-life), and 1 for what comes late."""
    expected = 2.0 ** (-elapsed / half_life) if elapsed > 0 else 1.0
    assert close(decay_factor(elapsed, half_life), expected, absolute=1e-300)


@given(st.integers(0, 100), st.integers(1, 100), st.floats(1.0, 5000.0), st.booleans())
def test_fold_decays_by_the_periods_between(start: int, after: int, half_life: float, counts_periods: bool) -> None:
    """Two folds equal the formula; rows that are not named stay; `undo` holds what stood there."""
    totals, last = np.zeros((4, 3)), np.zeros(4, np.int64)
    index, undo = np.array([1, 3]), np.zeros((2, 3))
    sums = np.array([[5, 2, 0], [1, 1, 0]])
    fold(totals, last, index, sums, start, half_life, counts_periods, undo)
    first = totals.copy()
    fold(totals, last, index[:1], sums[:1], start + after, half_life, counts_periods, undo)
    added = np.array([5.0, 2.0, 1.0 if counts_periods else 0.0])
    np.testing.assert_allclose(totals[1], added * 2.0 ** (-after / half_life) + added, rtol=1e-12)
    assert totals[[0, 2]].tolist() == np.zeros((2, 3)).tolist()
    assert totals[3].tolist() == first[3].tolist()
    assert undo[0].tolist() == first[1].tolist()
    assert last.tolist() == [0, start + after, 0, start]


def test_gather_moves_what_was_touched_and_leaves_zeros() -> None:
    """Touched rows come out once, in order; a row that was touched with nothing is named too."""
    sums = np.arange(12).reshape(4, 3)
    sums[0] = 0
    touched = np.array([1, 0, 1, 0], np.uint8)
    index, out = np.empty(2, np.int64), np.empty((2, 3), np.int64)
    assert gather(sums, touched, index, out) == 2
    assert index.tolist() == [0, 2]
    assert out.tolist() == [[0, 0, 0], [6, 7, 8]]
    assert touched.tolist() == [0, 0, 0, 0]
    assert sums.tolist() == [[0, 0, 0], [3, 4, 5], [0, 0, 0], [9, 10, 11]]


def test_features_lie_between_zero_and_one() -> None:
    """A ratio of LOW .. HIGH nats, or a p of 1 .. 1e-6 where there is none; NaN where nothing was evaluated."""
    p = np.array([[1.0, 0.5], [10.0**-DECADES, 1e-15], [np.nan, 1e-3]])
    llr = np.array([[LOW, np.nan], [HIGH, np.nan], [np.nan, (LOW + HIGH) / 2]])
    got = features(p, llr, np.array([1, 0]))
    expected = [[math.log10(2) / 6, 0.0], [1.0, 1.0], [0.5, math.nan]]
    np.testing.assert_allclose(got, expected, rtol=1e-12)
    wild = features(np.full((1, 1), 1e-15), np.array([[1e9]]), np.array([0]))
    assert wild.tolist() == [[1.0]]


durations = st.floats(0.0, 400 * 86400.0)


@given(durations)
def test_bounds_round_the_right_way(seconds: float) -> None:
    """An upper bound is said no smaller, a lower one no larger than it is, and both within one step of it."""
    step = max(1.0, 0.1 * seconds)
    assert -1e-6 <= said(seconds, up=True) - seconds <= step + 1e-6
    assert -1e-6 <= seconds - said(seconds, up=False) <= step + 1e-6
    assert abs(said(seconds) - seconds) <= step / 2 + 1e-6


@given(durations, st.sampled_from([None, True, False]))
def test_what_is_said_is_what_is_meant(seconds: float, up: bool | None) -> None:
    """`said` is the number of seconds that the words of `duration` mean."""
    number, unit = duration(seconds, up).split()
    scale = {"s": 1.0, "min": 60.0, "h": 3600.0, "days": 86400.0}[unit]
    assert said(seconds, up) == float(number) * scale


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0, "0 s"), (89.0, "89 s"), (90.0, "1.5 min"), (5399.0, "90 min"), (5400.0, "1.5 h"), (172_800.0, "2 days")],
)
def test_units_change_where_they_read_best(seconds: float, text: str) -> None:
    """The largest unit that still leaves a number above one."""
    assert duration(seconds) == text


def test_ranges_name_the_unit_once() -> None:
    """Unless the ends differ in it; a rounding to the next ten drops its decimal."""
    assert duration_range(25200, 39600) == "7 to 11 h"
    assert duration_range(60, 7200) == "60 s to 2 h"
    assert amount(9.96) == "10"
    assert math.isnan(said(math.nan))
