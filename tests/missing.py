"""What becomes of a test whose component is not on this machine? In CI it fails; elsewhere it skips, and says why."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest


def missing(why: str) -> NoReturn:
    """`why` says what is missing and, where that is known, what installs it."""
    if os.environ.get("CI") == "true":
        pytest.fail(why)
    pytest.skip(why)
