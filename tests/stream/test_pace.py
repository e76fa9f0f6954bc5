"""When is a crossing due in a paced run?"""

from __future__ import annotations

import numpy as np

from stream.clock import NEVER
from stream.pace import Pace


def test_blocks_go_on_from_the_first_crossing_however_late_they_come() -> None:
    """What was missed is due at once; event time never runs ahead."""
    pace = Pace(10)
    assert [5.0, 5.1] == pace.due_s(np.array([1000, 2000]), now=5.0).tolist()
    assert [5.2, 5.9] == pace.due_s(np.array([3000, 10_000]), now=9.0).tolist()


def test_lines_before_the_first_crossing_are_due_at_once() -> None:
    """A log may begin with lines that cannot be used."""
    pace = Pace(10)
    assert [5.0, 5.0] == pace.due_s(np.array([NEVER, NEVER]), now=5.0).tolist()
    assert [6.0, 6.0, 6.1] == pace.due_s(np.array([NEVER, 1000, 2000]), now=6.0).tolist()
