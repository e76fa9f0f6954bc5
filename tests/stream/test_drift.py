"""Is the compiled ADWIN that the watches use river's own, and does it go on where it was saved?"""

from __future__ import annotations

import numpy as np
from river.drift import ADWIN

from stream.drift import DELTA, Drift

NUMBERS = np.concatenate([np.random.default_rng(4).normal(mean, 1, 400) for mean in (0, 0, 1.5, -1, -1, 0.2)]).tolist()


def test_it_is_rivers_adwin() -> None:
    """The same changes at the same numbers as `river.drift.ADWIN`, window for window."""
    mine, theirs = Drift(), ADWIN(delta=DELTA, clock=1, grace_period=12)  # type: ignore[no-untyped-call]
    changes = 0
    for number in NUMBERS:
        before = theirs.width if not theirs.drift_detected else 0
        theirs.update(number)  # type: ignore[no-untyped-call]
        expected = theirs.width / (before + 1) if theirs.drift_detected else None
        assert expected == mine.update(7, number)
        changes += expected is not None
    assert changes >= 3


def test_saved_and_loaded_in_the_middle() -> None:
    """The changes found are those of one that was never saved; nothing is nothing."""
    whole, parts = Drift(), Drift()
    for number in NUMBERS:
        again = Drift()
        again.load(parts.dump())
        parts = again
        assert whole.update(1, number) == parts.update(1, number)
    empty = Drift()
    empty.load(b"")
    assert b"" == empty.dump()
