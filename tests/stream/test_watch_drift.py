"""Is a detector that drifts calibrated anew and said once, and are alerts that move seen?"""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import chi2_contingency

from detectors import calibration
from stream.port_stage import Calibrator
from stream.watch_drift import BURN_IN, LEAST_KEPT, DriftWatch, MixWatch, g_test
from stream.words import Word

DAY = 24


def odd_answers(rng: np.random.Generator, hour: int, columns: int, share: float = 0.1) -> NDArray[np.int64]:
    """Answers of an hour: more by day, and more of them odd by night; the last column at `share`."""
    n = rng.poisson(20 + 300 * np.exp(-(((hour % DAY - 13) / 5) ** 2)), columns)
    p = np.full(columns, 0.1 + 0.04 * np.cos(2 * np.pi * hour / DAY))
    p[-1] += share - 0.1
    return np.stack([n, rng.binomial(n, p)], axis=1)


def drifts(shifted: float, seed: int) -> list[tuple[int, int, float, Word | None]]:
    """Hour, column, share kept and word of what drifts in 100 days, the last column from day 50 on."""
    rng, watch, found = np.random.default_rng(seed), DriftWatch(10), []
    for hour in range(100 * DAY):
        answers = odd_answers(rng, hour, 10, shifted if hour >= 50 * DAY else 0.1)
        found += [(hour, *drift) for drift in watch.step(hour, answers)]
    return found


@pytest.mark.parametrize("seed", range(3))
def test_nights_and_days_are_no_drift(seed: int) -> None:
    """Ten detectors, 100 days, a share of odd answers that is twice as high by night: nothing."""
    assert [] == drifts(0.1, seed)


@pytest.mark.parametrize("share", [0.2, 0.05])
def test_a_drift_is_said_once_and_forgets(share: float) -> None:
    """Within a day and a half, of that column only; a part of what was seen is kept."""
    found = drifts(share, 1)
    assert {9} == {column for _, column, _, _ in found}
    assert 50 * DAY < found[0][0] < 50 * DAY + 36
    assert all(LEAST_KEPT <= keep < 1 for _, _, keep, _ in found)
    said = [word for _, _, _, word in found if word is not None and word.hour < 57 * DAY]
    assert 1 == len(said)
    assert said[0].observed == pytest.approx(share, abs=0.08)


def test_nothing_drifts_while_calibration_begins() -> None:
    """The first week of traffic is compared with nothing."""
    rng, watch = np.random.default_rng(1), DriftWatch(1)
    for hour in range(BURN_IN):
        assert [] == list(watch.step(hour, odd_answers(rng, hour, 1, 0.1 if hour < 100 else 0.9)))


def test_a_column_that_forgets_keeps_enough_to_rank_among() -> None:
    """Its histogram is scaled, its shape and how often it answered are kept; a cohort of few crossings loses none."""
    calibrator = Calibrator(2)
    calibrator.counts.totals[:, 3] = 50_000.0
    calibrator.counts.totals[:, calibration.TOTAL] = 50_000.0
    calibrator.counts.totals[:, calibration.ANSWERED] = 50_000.0
    calibrator.counts.totals[2, [3, calibration.TOTAL]] = 600.0
    calibrator.forget(0, 0.2)
    mass = calibrator.counts.totals[:, calibration.TOTAL]
    assert [10_000.0, 10_000.0, 600.0] == mass[:3].tolist()
    assert (mass[calibration.ROWS :] == 50_000.0).all()
    assert (calibrator.counts.totals[:, 3] == mass).all()
    assert (calibrator.counts.totals[:, calibration.ANSWERED] == 50_000.0).all()


def mix(days: int, moved_from: int, seed: int) -> list[Word]:
    """Two detectors at four ports; from a day on the first one's alerts move from port 0 to port 2."""
    rng, watch, words = np.random.default_rng(seed), MixWatch(2), list[Word]()
    for hour in range(days * DAY):
        rate = np.array([[0.2, 0.1], [0.1, 0.1], [0.05, 0.1], [0.05, 0.1]])
        if hour >= moved_from * DAY:
            rate[[0, 2], 0] = 0.05, 0.2
        words += watch.step(hour, rng.poisson(rate))
    return words


@pytest.mark.parametrize("seed", range(5))
def test_a_stable_mix_says_nothing(seed: int) -> None:
    """Half a year."""
    assert [] == mix(180, 999, seed)


def test_alerts_that_move_are_said_once_with_where_from_and_to() -> None:
    """Within ten days; then the new mix is the usual one."""
    (word,) = mix(120, 60, 1)
    assert ("displacement", 2, 0, 0) == (word.kind, word.port, word.other, word.column)
    assert 60 * DAY < word.hour < 70 * DAY
    assert word.usual[0] == pytest.approx(0.125, abs=0.05)
    assert word.observed > 0.3


def test_a_gap_in_the_log_moves_nothing() -> None:
    """Three months without a line: the alerts before it are the past."""
    rng, watch, words = np.random.default_rng(1), MixWatch(1), list[Word]()
    for hour in [*range(60 * DAY), *range(150 * DAY, 200 * DAY)]:
        words += watch.step(hour, rng.poisson(np.array([[0.2], [0.1], [0.1]])))
    assert [] == words


@pytest.mark.parametrize("columns", [2, 5, 30])
def test_the_g_test_is_scipys(columns: int) -> None:
    """Two rows of few and of many ports."""
    rng = np.random.default_rng(columns)
    for _ in range(50):
        rows = rng.poisson(40 * rng.uniform(0.6, 1.4, (2, columns))).astype(float)
        exact = chi2_contingency(rows, correction=False, lambda_="log-likelihood").pvalue
        assert g_test(rows[0], rows[1]) == pytest.approx(max(exact, 1e-15), rel=1e-6)
