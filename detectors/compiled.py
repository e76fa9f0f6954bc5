"""How is the hot path compiled, and when is compiled code too old? `njit`, whose cache knows what was compiled in.

numba keeps compiled functions on disk and takes one up again while the text of *its own file* is the same
(`numba/core/caching.py`, 0.68). What it calls from other files, and their constants, are compiled into it all the
same: after a change of `calibration.py` alone the cached `judge` would go on with the old ranks, after an upgrade
in the field too. Here the stamp of a cached function covers every file of ours that its file imports, directly or not.
"""

from __future__ import annotations

import ast
import hashlib
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numba
from numba.core import caching

ROOMS = ("schemas", "detectors", "stream")
LOCATORS = ("Given", "InTree", "UserWide")  # numba's own order: NUMBA_CACHE_DIR, beside the source, the user's folder


class _WithImports:
    """A locator whose stamp covers what the file imports from the rooms."""

    _py_file: str

    def get_source_stamp(self) -> str:
        """Changes with any of the files."""
        return _stamp(self._py_file)


class Given(_WithImports, caching.UserProvidedCacheLocator):  # type: ignore[misc]
    """In the folder of NUMBA_CACHE_DIR."""


class InTree(_WithImports, caching.InTreeCacheLocator):  # type: ignore[misc]
    """In `__pycache__` beside the source."""


class UserWide(_WithImports, caching.UserWideCacheLocator):  # type: ignore[misc]
    """Where the source cannot be written to."""


def njit(**options: Any) -> Callable[[Callable[..., Any]], Any]:
    """numba's `njit`; with `cache=True` the cache is the one described above."""

    def decorate(function: Callable[..., Any]) -> Any:
        before = numba.config.CACHE_LOCATOR_CLASSES
        numba.config.CACHE_LOCATOR_CLASSES = ",".join(f"{__name__}.{name}" for name in LOCATORS)
        try:
            return numba.njit(**options)(function)
        finally:
            numba.config.CACHE_LOCATOR_CLASSES = before

    return decorate


@cache
def _stamp(file: str) -> str:
    """SHA-256 over the file and all that it imports from the rooms, in the order of their paths."""
    files: set[str] = set()
    new = {file}
    while new:
        files |= new
        new = {found for one in new for found in _imported(one)} - files
    digest = hashlib.sha256()
    for one in sorted(files):
        digest.update(_digest(one))
    return digest.hexdigest()


@cache
def _digest(file: str) -> bytes:
    return hashlib.sha256(Path(file).read_bytes()).digest()


@cache
def _imported(file: str) -> frozenset[str]:
    """Files of the rooms that a file imports and that are loaded: they are, before it compiles anything."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(Path(file).read_bytes())):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    modules = (sys.modules.get(name) for name in names if name.split(".", 1)[0] in ROOMS)
    return frozenset(module.__file__ for module in modules if module is not None and module.__file__)
