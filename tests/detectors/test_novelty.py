"""Novelty is measured among those who have met as much that was new."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.novelty import (
    CLASSES,
    KINDS,
    OTHER,
    RATES,
    ROWS,
    cell_of,
    halvings,
    log_ratio,
    novelty_rate,
    place_of,
    remember,
    share_of_set,
)


@given(st.floats(0.0, 1e9), st.integers(1, 20))
def test_halvings_is_the_binary_order_of_magnitude(x: float, most: int) -> None:
    """floor(log2(x)) + 1, within 0 and the most."""
    expected = 0 if x < 1.0 else min(most, math.frexp(x)[1])
    assert expected == halvings(x, most)


@given(st.integers(0, CLASSES - 1), st.floats(0.0, 1e6), st.floats(0.0, 1.0))
def test_every_entity_has_a_cell(vehicle_class: int, n: float, rate: float) -> None:
    """Within the table, whatever it has behind it."""
    row, column = cell_of(vehicle_class, n, rate * n)
    assert 0 <= row < ROWS
    assert column % 2 == 0
    assert 0 <= column < 2 * RATES


@given(st.lists(st.integers(1, 9), max_size=60))
def test_the_last_ones_are_remembered_in_order(values: list[int]) -> None:
    """The latest first, each once; the one unused for longest drops out."""
    known, expected = np.zeros(4, np.uint32), list[int]()
    for value in values:
        assert (place_of(known, np.uint32(value)) >= 0) == (value in expected)
        remember(known, place_of(known, np.uint32(value)), np.uint32(value))
        expected = [value, *(v for v in expected if v != value)][:4]
        assert known[: len(expected)].tolist() == expected


def test_the_rate_is_that_of_the_cell_once_it_is_filled() -> None:
    """Own rate first, the peers' in the end."""
    prior = np.zeros((ROWS, 2 * RATES))
    row, column = cell_of(3, 40.0, 0.0)
    own = novelty_rate(prior, row, column, 40.0, 0.0)
    assert own == pytest.approx(0.5 / 42)
    prior[row, column : column + 2] = 100_000, 3_000
    assert novelty_rate(prior, row, column, 40.0, 0.0) == pytest.approx(0.03, rel=0.01)


@given(st.floats(0.001, 0.999))
def test_the_ratio_is_worth_nothing_on_average(q: float) -> None:
    """Its mean under the entity's own habit is 1: what bets on it gains nothing on normal traffic."""
    assert q * math.exp(log_ratio(q, True)) + (1 - q) * math.exp(log_ratio(q, False)) == pytest.approx(1.0)
    assert log_ratio(q, True) == pytest.approx(math.log(OTHER / q))


@given(st.lists(st.integers(0, 1000), min_size=1 << KINDS, max_size=1 << KINDS))
def test_shares_of_sets_are_p_values(counts: list[int]) -> None:
    """The share of sets at most as frequent holds the set itself; those of all sets sum to 1; none is 0."""
    prior = np.array([counts], float)
    shares = [share_of_set(prior, 0, members) for members in range(1, 1 << KINDS)]
    assert sum(alone for _, alone in shares) == pytest.approx(1.0)
    for tail, alone in shares:
        assert 0.0 < alone <= tail <= 1.0 + 1e-12
    for tail, _ in shares:
        assert sum(alone for t, alone in shares if t <= tail) <= tail + 1e-9
