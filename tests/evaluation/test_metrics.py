"""Are the figures right? Against values worked out by hand, and against scikit-learn and scipy."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest
from sklearn.metrics import average_precision_score  # type: ignore[import-untyped]

from evaluation.metrics import Normals, average_precision, precision_recall, share, shares_below, thresholds

SCORES = st.lists(st.integers(0, 9), min_size=1, max_size=30)  # few values: many ties


def test_average_precision_by_hand() -> None:
    """Planted at ranks 1, 3 and 6 of 6: (1/1 + 2/3 + 3/6) / 3."""
    found = average_precision(np.array([9.0, 7.0, 4.0]), Normals(np.array([8.0, 6.0, 5.0])))
    assert pytest.approx((1 + 2 / 3 + 3 / 6) / 3) == found


def test_ties_count_against_the_ranking() -> None:
    """One planted among four equals: whoever takes one takes all four."""
    assert 0.25 == average_precision(np.array([1.0]), Normals(np.ones(3)))


@given(SCORES, SCORES)
def test_average_precision_is_that_of_scikit_learn(planted: list[int], ordinary: list[int]) -> None:
    """With ties wherever they fall."""
    y = [1] * len(planted) + [0] * len(ordinary)
    expected = average_precision_score(y, np.array(planted + ordinary))
    found = average_precision(np.array(planted, float), Normals(np.array(ordinary, float)))
    assert pytest.approx(expected, rel=1e-12) == found


@given(SCORES, st.lists(st.tuples(st.integers(0, 9), st.integers(1, 5)), min_size=1, max_size=20))
def test_a_weight_counts_like_so_many_crossings(planted: list[int], ordinary: list[tuple[int, int]]) -> None:
    """An ordinary crossing of weight 3 is three ordinary crossings, as scikit-learn's sample weights are."""
    scores, weights = np.array(ordinary, float).T
    repeated = Normals(np.repeat(scores, weights.astype(int)))
    weighted = Normals(scores, weights)
    positives = np.array(planted, float)
    found = average_precision(positives, weighted)
    assert pytest.approx(average_precision(positives, repeated), rel=1e-12) == found
    expected = average_precision_score(
        [1] * len(planted) + [0] * len(ordinary), np.append(positives, scores),
        sample_weight=np.append(np.ones(len(planted)), weights),
    )  # fmt: skip
    assert pytest.approx(expected, rel=1e-9) == found


def test_nothing_planted_has_no_precision() -> None:
    """Neither a figure nor a curve."""
    assert math.isnan(average_precision(np.empty(0), Normals(np.ones(3))))
    recall, precision = precision_recall(np.empty(0), Normals(np.ones(3)))
    assert (0, 0) == (len(recall), len(precision))


def test_a_curve_ends_where_everything_is_found() -> None:
    """Recall 1 at the base rate of what is scored above the last planted one; long curves are thinned."""
    rng = np.random.default_rng(1)
    recall, precision = precision_recall(rng.random(5000), Normals(rng.random(50_000)))
    assert 200 >= len(recall) == len(precision)
    assert 1.0 == recall[-1]
    assert pytest.approx(5000 / 55_000, rel=0.02) == precision[-1]


@given(SCORES, st.lists(st.floats(0.001, 1), min_size=1, max_size=5))
def test_a_threshold_lets_through_no_more_than_its_rate(scores: list[int], rates: list[float]) -> None:
    """And the next lower score would let through more."""
    values = np.array(scores, float)
    for rate, threshold in zip(rates, thresholds(np.array(rates), values).tolist(), strict=True):
        assert np.mean(values >= threshold) <= rate + 1e-12
        lower = values[values < threshold]
        assert not len(lower) or np.mean(values >= lower.max()) > rate


def test_no_scores_have_no_threshold() -> None:
    """Nothing alerts."""
    assert [math.inf] == thresholds(np.array([0.5]), np.empty(0)).tolist()


@given(st.integers(0, 40), st.integers(1, 40))
def test_wilson_is_that_of_scipy(found: int, of: int) -> None:
    """The whole interval, at 0 and at all as well."""
    found = min(found, of)
    expected = binomtest(found, of).proportion_ci(0.95, method="wilson")
    estimate, low, high = share(found, of)
    assert pytest.approx((found / of, expected.low, expected.high), abs=1e-9) == (estimate, low, high)


def test_shares_of_p_values() -> None:
    """Strictly below; what was not evaluated does not count."""
    p = np.array([np.nan, 0.001, 0.01, 0.5, 0.0005], np.float64)
    assert (4, [3, 2, 1]) == shares_below(p, (0.1, 0.01, 0.001))
