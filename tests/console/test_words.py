"""Do the examples in the words of the pages hold?"""

from __future__ import annotations

import doctest

from console import words


def test_the_examples_hold() -> None:
    """Each as it stands in its docstring."""
    found = doctest.testmod(words)
    assert (0, 4) == (found.failed, found.attempted)
