"""Where is the real Prometheus that tests run? Skips where there is none and says what to install; in CI that fails."""

from __future__ import annotations

import os
import shutil

import pytest


def promtool() -> str:
    """The path of promtool."""
    return _found("promtool")


def prometheus() -> str:
    """The path of the server."""
    return _found("prometheus")


def _found(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        text = f"{name} is not on the PATH: `make prometheus` installs it (Debian's package prometheus)"
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(text)
    return path
