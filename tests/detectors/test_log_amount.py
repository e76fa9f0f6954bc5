"""An amount is measured by the peers first and by its own habit in the end."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from detectors.combination import adds_nothing
from detectors.log_amount import (
    WIDTH,
    calm_amount,
    collect,
    moments_with,
    peers_of,
    predictive,
    ratio_of,
    tail_of,
)

MU, WITHIN, BETWEEN = 9.0, 0.01, 0.25


def test_the_peers_are_learnt_back() -> None:
    """Mean, variance of the means and variance within, from 400 entities of 30 amounts each."""
    rng = np.random.default_rng(1)
    tally, touched = np.zeros((1, WIDTH), np.int64), np.zeros(1, np.uint8)
    for _ in range(400):
        centre = rng.normal(MU, math.sqrt(BETWEEN))
        n, mean, m2 = 0.0, 0.0, 0.0
        for y in rng.normal(centre, math.sqrt(WITHIN), 30):
            collect(tally, touched, 0, y, n, mean, MU, WITHIN, BETWEEN)
            n, mean, m2 = moments_with(y, n, mean, m2, centre, math.sqrt(WITHIN))
    mu, within, between = peers_of(tally.astype(float), 0, 5.0)
    assert mu == pytest.approx(MU, abs=0.1)
    assert within == pytest.approx(WITHIN, rel=0.25)
    assert between == pytest.approx(BETWEEN, rel=0.25)
    assert touched[0] == 1


def test_from_the_peers_to_its_own() -> None:
    """With nothing behind it the prediction is the peers', with twenty amounts its own mean and spread."""
    centre, scale, _ = predictive(0.0, 0.0, 0.0, MU, WITHIN, BETWEEN)
    assert centre == MU
    assert scale == pytest.approx(math.sqrt(WITHIN + BETWEEN))
    centre, scale, df = predictive(20.0, 10.0, 20 * 0.0025, MU, WITHIN, BETWEEN)
    assert centre == pytest.approx(10.0, abs=0.002)
    assert scale == pytest.approx(0.058, rel=0.1)
    assert df == 8.0


@pytest.mark.parametrize("t", [-4.0, -1.0, 0.0, 0.5, 3.0, 40.0])
def test_tails_are_those_of_scipy(t: float) -> None:
    """Both sides, or the upper one."""
    assert tail_of(t, 8.0, False) == pytest.approx(2 * stats.t.sf(abs(t), 8.0))
    assert tail_of(t, 8.0, True) == pytest.approx(stats.t.sf(t, 8.0))


@pytest.mark.parametrize("y", [10.6, 9.4])
def test_a_calm_amount_lies_between_and_adds_nothing(y: float) -> None:
    """Between the amount and the centre, and from there on inward there is no evidence."""
    centre, scale, df = 10.0, 0.06, 8.0
    calm = math.log(calm_amount(y, centre, scale, df, MU, WITHIN, BETWEEN, False))
    assert min(y, centre) <= calm <= max(y, centre)
    for at in np.linspace(centre, calm, 7):
        ratio = ratio_of(at, centre, scale, df, MU, WITHIN, BETWEEN)
        assert adds_nothing(tail_of((at - centre) / scale, df, False), ratio)


def test_one_absurd_amount_does_not_bend_a_habit() -> None:
    """It counts as four scales off, and no habit weighs more than some twenty amounts."""
    n, mean, m2 = 20.0, 10.0, 20 * 0.0036
    _, moved, _ = moments_with(30.0, n, mean, m2, 10.0, 0.06)
    assert moved == pytest.approx(10.0, abs=0.012)
    for _ in range(50):
        n, mean, m2 = moments_with(10.0, n, mean, m2, 10.0, 0.06)
    assert n <= 21.0
