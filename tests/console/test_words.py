"""Do the pages say what they should?"""

from __future__ import annotations

import doctest
from types import ModuleType

import pytest

from console import charts, pictures, usual, words


@pytest.mark.parametrize("module", [words, pictures, usual, charts])
def test_the_examples_hold(module: ModuleType) -> None:
    """Each as it stands in its docstring."""
    found = doctest.testmod(module)
    assert 0 == found.failed < found.attempted
