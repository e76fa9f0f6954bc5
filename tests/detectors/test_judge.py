"""What the parts of the decision promise: facts are counted once, answers by their rank among all."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from detectors import calibration
from detectors.judge import share_echoes

NAN = float("nan")
TERMS = arrays(np.float64, 6, elements=st.one_of(st.floats(-1, 14, width=32), st.just(NAN)))


def shared(terms: list[float], echo: list[bool]) -> tuple[float, list[float]]:
    """The sum and the terms afterwards."""
    array = np.array(terms)
    return float(share_echoes(array, np.array(echo))), array.tolist()


def test_an_echo_and_what_it_echoes_are_one_fact() -> None:
    """They share the larger of the two; other answers stay as they are."""
    total, terms = shared([3.0, 2.0, 1.5, -0.1], [False, False, True, False])
    assert total == pytest.approx(3.0 + 2.0 - 0.1, abs=1e-5)
    assert terms == pytest.approx([2.0, 2.0, 1.0, -0.1], abs=1e-5)


def test_an_echo_without_what_it_echoes_stands_alone() -> None:
    """A combination that no single question finds odd."""
    assert shared([-0.1, 4.0], [False, True]) == (3.9, [-0.1, 4.0])


@given(TERMS, arrays(np.bool_, 6))
def test_the_sum_is_of_the_terms_and_never_more_than_without_echoes(terms: np.ndarray, echo: np.ndarray) -> None:
    """Terms add up to the score, no sign changes, and the largest is never lost."""
    plain = terms.copy()
    total = share_echoes(terms, echo)
    assert total == pytest.approx(np.nansum(terms), abs=1e-5)
    assert total <= np.nansum(plain) + 1e-5
    assert np.array_equal(np.isnan(terms), np.isnan(plain))
    assert (np.nan_to_num(terms) * np.nan_to_num(plain) >= 0).all()
    if np.nanmax(np.append(plain, 0)) > 0:
        positive = np.nansum(np.maximum(terms, 0))
        assert positive >= np.nanmax(plain) - 1e-5


def test_a_question_seldom_asked_counts_by_its_rank_among_all() -> None:
    """A tenth of the crossings were evaluated: the share is a tenth; a new question is held at `LEAST_SHARE`."""
    totals = np.zeros((4 * calibration.ROWS, calibration.ANSWERED + 1))
    totals[3 * calibration.ROWS + 1, calibration.ANSWERED] = 10_000.0
    totals[0 * calibration.ROWS + 1, calibration.ANSWERED] = 1_000.0
    shares = [calibration.share_evaluated(column, 3, 0, totals) for column in range(2)]
    assert shares[0] == pytest.approx(0.1, rel=1e-2)
    assert shares[1] == calibration.LEAST_SHARE
    assert calibration.share_evaluated(0, 3, 0, np.zeros_like(totals)) == 1.0
