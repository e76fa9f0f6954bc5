"""Is compiled code taken from the cache while, and only while, nothing that went into it has changed?"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

FIRST = """
from detectors.compiled import njit
from schemas.numbers import FACTOR

@njit(cache=True)
def first(x):
    return FACTOR * x
"""
SECOND = """
from detectors import first as one
from detectors.compiled import njit

@njit(cache=True)
def second(x):
    return one.first(x) + 1
"""
CALL = "from detectors.second import second; print(second(10), sum(second.stats.cache_hits.values()))"


def call(folder: Path) -> tuple[int, int]:
    """The result in a fresh process, and how many compiled functions came from the cache."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("NUMBA", "PYTHON"))}
    command = [sys.executable, "-c", CALL]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=True)
    result, hits = done.stdout.split()
    return int(result), int(hits)


@pytest.fixture
def tree(tmp_path: Path, repository: Path) -> Path:
    """A small project: a number in one room, two compiled functions in another."""
    for room in ("schemas", "detectors"):
        (tmp_path / room).mkdir()
        (tmp_path / room / "__init__.py").touch()
    compiled = (repository / "detectors" / "compiled.py").read_text(encoding="utf-8")
    (tmp_path / "detectors" / "compiled.py").write_text(compiled, encoding="utf-8")
    (tmp_path / "detectors" / "first.py").write_text(FIRST, encoding="utf-8")
    (tmp_path / "detectors" / "second.py").write_text(SECOND, encoding="utf-8")
    (tmp_path / "schemas" / "numbers.py").write_text("FACTOR = 2\n", encoding="utf-8")
    return tmp_path


def test_a_function_is_compiled_again_when_what_it_calls_has_changed(tree: Path) -> None:
    """Neither the function in another file nor a constant in a third one is taken from an old cache."""
    assert [(21, 0), (21, 1)] == [call(tree), call(tree)]
    (tree / "schemas" / "numbers.py").write_text("FACTOR = 3\n", encoding="utf-8")
    assert [(31, 0), (31, 1)] == [call(tree), call(tree)]
    (tree / "detectors" / "first.py").write_text(FIRST.replace("* x", "* x + 5"), encoding="utf-8")
    assert [(36, 0), (36, 1)] == [call(tree), call(tree)]


def test_no_file_takes_the_decorator_from_numba_itself(repository: Path) -> None:
    """It would be compiled right and cached wrong."""
    files = [*(repository / "detectors").glob("*.py"), *(repository / "stream").glob("*.py")]
    wrong = [f.name for f in files if "from numba import njit" in f.read_text(encoding="utf-8")]
    assert [] == wrong
