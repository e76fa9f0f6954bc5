"""A plate badly read again and again is told from a worn one, and from a dirty lens."""

from __future__ import annotations

import numpy as np

from detectors.base import Context
from detectors.read_evasion import ReadEvasion
from tests.detectors.bench import DAY, MONDAY, Bench, crossings, explained


def peers(low: float = 0.9) -> Bench:
    """A bench that knows a month of port 1, where reads have confidence `low` to 0.99."""
    rng = np.random.default_rng(4)
    times = MONDAY + np.sort(rng.integers(0, 30 * DAY, 6000))
    bench = Bench(ReadEvasion())
    confidence = rng.uniform(low, 0.99, 6000)
    bench.run(crossings(times, 1 + rng.integers(0, 200, 6000), port=1, read_confidence=confidence))
    return bench


def last(confidences: list[float], bench: Bench | None = None) -> tuple[float, str]:
    """p and sentence of the last of vehicle 0's reads, one a day."""
    times = MONDAY + (30 + np.arange(len(confidences))) * DAY
    p, finding = explained(bench or peers(), crossings(times, 0, port=1, read_confidence=confidences))
    return p, finding.sentence


def test_three_bad_reads_of_five_are_odd() -> None:
    """The sentence says how bad, and how many."""
    p, sentence = last([0.95] * 20 + [0.4, 0.95, 0.5, 0.95, 0.45])
    assert p < 1e-4
    assert sentence.startswith("Read with confidence 0.45, as low as 0")
    assert sentence.endswith("; so were 3 of its last 5 reads, and new for it (24 earlier crossings).")


def test_one_bad_read_is_a_misread() -> None:
    """Rain, not evasion."""
    assert last([0.95] * 24 + [0.4])[0] > 0.3


def test_a_worn_plate_is_no_news() -> None:
    """Badly read for years is its habit."""
    assert last([0.45] * 60)[0] > 0.05


def test_a_dirty_lens_is_everybodys() -> None:
    """Where all are read badly nobody evades."""
    assert last([0.9] * 20 + [0.4] * 5, peers(low=0.2))[0] > 0.05


def test_full_confidence_is_not_asked_about() -> None:
    """It stands for a reader that says none."""
    assert np.isnan(Bench(ReadEvasion()).run(crossings(MONDAY + np.arange(40) * DAY, 0)).p).all()


def test_a_habit_is_not_called_new() -> None:
    """A sentence of an unremarkable answer does not accuse."""
    numbers = {"confidence": 0.9, "share": 0.5, "judged": 0.6, "count": 3, "seen": 9}
    sentence = ReadEvasion().explain(numbers, Context("1", str, "inbound")).sentence
    assert "not all low, or it is always read so" in sentence
