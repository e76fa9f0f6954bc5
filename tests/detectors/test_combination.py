"""Evidence is never worth more than its p-value allows: every term bets on an e-value."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate

from detectors.combination import BET, GRAIN, MOST, MOST_LLR, adds_nothing, e_of_p, term_of
from detectors.special import SMALLEST_P

p_values = st.floats(SMALLEST_P, 1.0)
ratios = st.floats(-50.0, 50.0)
e_values = st.floats(0.01, 1e12)


def mean_of(factor: Callable[[float], float]) -> float:
    """The mean over a uniform p, down to the smallest; terms are rounded, so the sum is taken on a fine fixed grid."""
    edges = np.exp(-np.linspace(0.0, -math.log(SMALLEST_P), 20_001))
    middles = np.sqrt(edges[:-1] * edges[1:])
    return float(np.sum([factor(p) for p in middles.tolist()] * -np.diff(edges)))


def e(p: float) -> float:
    """e(p) from p alone."""
    return float(e_of_p(p, math.log(p)))


def test_the_calibrator_is_an_e_value() -> None:
    """Its mean under a uniform p is 1 but for what lies below the smallest p: the integral of e(p) dp by quadrature."""
    mean, error = integrate.quad(lambda y: e(math.exp(-y)) * math.exp(-y), 0.0, -math.log(SMALLEST_P), limit=400)
    beyond = 1.0 / -math.log(SMALLEST_P)  # of 1 / (p ln^2 p), all that matters there
    assert error < 1e-6
    assert mean + beyond == pytest.approx(1.0, abs=1e-6)
    assert mean + SMALLEST_P * e(SMALLEST_P) < 1.0  # smaller p-values are said as the smallest


@given(p_values, p_values)
def test_a_smaller_p_is_more_evidence(p: float, q: float) -> None:
    """e falls from the smallest p to 1, where it is a half, without a step where the formula changes."""
    assert (e(min(p, q)) - e(max(p, q))) >= -1e-9 * e(min(p, q))
    assert e(p) >= 0.5
    assert e(0.99) == pytest.approx(e(math.nextafter(0.99, 1.0)), abs=2e-5)


@pytest.mark.parametrize("power", [1.0, 2.0, 5.0])
def test_a_term_with_a_likelihood_ratio_is_an_e_value(power: float) -> None:
    """Weighted geometric means of e-values are e-values (Hoelder): E[exp(term)] <= 1 on normal traffic.

    Own p uniform; the peers' density over it is power * p^(power - 1), a proper likelihood ratio for the same p.
    """

    def factor(p: float) -> float:
        llr = math.log(power) + (power - 1.0) * math.log(p)
        return math.exp(term_of(e(p), e(p), llr))

    assert mean_of(factor) <= 1.0 + 1e-6


def test_a_term_without_one_is_an_e_value_under_any_dependence() -> None:
    """Own and calibrated p equal, opposed or independent: the mean of exp(term) stays at most 1."""

    def factor(p: float, q: float) -> float:
        return math.exp(term_of(e(p), e(q), math.nan))

    assert mean_of(lambda p: factor(p, p)) <= 1.0 + 1e-6
    assert mean_of(lambda p: factor(p, max(SMALLEST_P, 1.0 - p))) <= 1.0 + 1e-6


@given(e_values, e_values, st.one_of(ratios, st.just(math.nan)))
def test_terms_are_bounded_and_whole_grains(own: float, calibrated: float, llr: float) -> None:
    """Between what a lost bet costs and what the largest e-value brings; rounded to the grain."""
    term = term_of(own, calibrated, llr)
    assert math.log(1.0 - BET) - 1 / GRAIN <= term <= math.log(1.0 - BET + BET * MOST) + 1 / GRAIN
    assert (term * GRAIN).is_integer()


@given(e_values, e_values, ratios, st.floats(1.0, 100.0))
def test_more_evidence_never_lowers_a_term(own: float, calibrated: float, llr: float, more: float) -> None:
    """In each of the three."""
    term = term_of(own, calibrated, llr)
    assert term_of(own * more, calibrated, llr) >= term
    assert term_of(own, calibrated * more, llr) >= term
    assert term_of(own, calibrated, llr + more) >= term
    assert term_of(own, calibrated, 2 * MOST_LLR) == term_of(own, calibrated, MOST_LLR)


@given(p_values, st.one_of(ratios, st.just(math.nan)))
def test_adds_nothing_means_a_term_that_is_not_positive(p: float, llr: float) -> None:
    """What a counterfactual promises, in terms of the score."""
    assert adds_nothing(p, llr) == (term_of(e(p), e(p), llr) <= 0.0)
    assert adds_nothing(1.0, 0.0)
    assert not adds_nothing(1e-3, math.nan)
