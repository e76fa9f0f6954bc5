"""Do the pages say what they should?"""

from __future__ import annotations

import doctest
from types import ModuleType

import pytest

from console import charts, pictures, usual, words
from schemas.models import Reason


@pytest.mark.parametrize("module", [words, pictures, usual, charts])
def test_the_examples_hold(module: ModuleType) -> None:
    """Each as it stands in its docstring."""
    found = doctest.testmod(module)
    assert 0 == found.failed < found.attempted


@pytest.mark.parametrize(
    ("observed", "unit", "usual_range", "seen", "then"),
    [
        (2.72, "h", (22.5, 6.0), "02:43", "22:30 to 06:00"),
        (38, "min", (42, 66), "38 min", "42 to 66 min"),
        (2880, "min", (300, 420), "2 days", "5 to 7 h"),
        ("left", None, None, "left", "not known"),
        (None, "h", None, "not known", "not known"),
    ],
)
def test_what_was_seen_is_said_as_people_say_it(
    observed: float | str | None, unit: str | None, usual_range: tuple[float, float] | None, seen: str, then: str
) -> None:
    """An hour of the day as a clock has it, long times in hours and days."""
    reason = Reason(
        detector="odd_hour@1", typology="odd_hour", p_value=0.01, share=1.0, sentence="As it says.", observed=observed,
        unit=unit, usual=None if usual_range is None else [*usual_range],
    )  # fmt: skip
    assert (seen, then) == (words.observed(reason), words.usual(reason))
