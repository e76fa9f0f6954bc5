"""Is every room where it belongs? Reads the source as a tree; each broken rule is named with its file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.source_tree import Source, calls, import_time, imports, read

ROOT = Path(__file__).resolve().parent.parent

# room -> the rooms it may import, itself aside
MAY_IMPORT: dict[str, set[str]] = {
    "schemas": set(),
    "detectors": {"schemas"},
    "stream": {"schemas", "detectors"},
    "evaluation": {"schemas", "detectors", "stream"},
    "console": {"schemas", "detectors", "stream"},
    "ops": {"schemas", "detectors", "stream", "evaluation", "console"},
}
NEVER_IN_A_ROOM = {"tests", "benchmarks", "docs"}

# third-party module -> prefixes of the paths that may import it
ONLY_UNDER: dict[str, tuple[str, ...]] = {
    "numba": ("detectors/", "stream/state.py"),
    "sqlite3": ("console/",),
    "starlette": ("console/",),
    "sqlalchemy": ("console/",),
    "alembic": ("console/",),
    "argon2": ("console/",),
    "authlib": ("console/sign_on.py",),
    "joserfc": ("console/",),
    "fastapi": ("console/api/",),
    "uvicorn": ("console/",),
    "kafka": ("stream/",),
    "confluent_kafka": ("stream/",),
    "aiokafka": ("stream/",),
    "faust": ("stream/",),
    "grafana_client": ("ops/grafana/",),
    "grafana_foundation_sdk": ("ops/grafana/",),  # a development dependency: writes the dashboards' files
    "prometheus_client": ("ops/",),
    "structlog": ("ops/",),
    "scipy": (),  # tests compare with it; no room needs it
    "hypothesis": (),
    "pytest": (),
    "pickle": ("detectors/river_state.py",),  # state is arrays; river's models alone have no other complete form
}
AT_MOST_ONE_FILE = ("faust",)

# Calls that make a result depend on the run, and where they are allowed, with the reason.
DETERMINISTIC = ("schemas/", "detectors/", "stream/", "evaluation/")
NOT_IN_THE_CORE = {
    "hash": "changes from run to run (PYTHONHASHSEED): use xxhash",
    "time.time": "wall clock",
    "time.time_ns": "wall clock",
    "time.monotonic": "clock",
    "time.perf_counter": "clock",
    "datetime.now": "wall clock",
    "datetime.utcnow": "wall clock",
    "datetime.today": "wall clock",
    "date.today": "wall clock",
    "uuid.uuid1": "random",
    "uuid.uuid4": "random",
    "random.random": "unseeded random",
    "random.randint": "unseeded random",
    "np.random.rand": "unseeded random",
    "np.random.seed": "global random state",
    "os.urandom": "random",
    "secrets.token_bytes": "random",
    "secrets.token_hex": "random",
}
ALLOWED: dict[tuple[str, str], str] = {
    ("schemas/plates.py", "secrets.token_hex"): "the plate key is made once, on first run, and never changes a result",
    ("stream/publisher.py", "time.monotonic"): "gives up a transaction that hangs, and a thread that does not end",
    (
        "stream/runner.py",
        "time.monotonic",
    ): "paces a replay, times checkpoints and idle flushes of a live run; metrics",
}

IMPORT_TIME_ALLOWED: dict[tuple[str, str], str] = {}

MAX_LINES = 300  # "about 250": one idea per file
GENERATED_OR_DATA: set[str] = set()  # files that may be longer, because they are tables


SOURCES = read(ROOT, list(MAY_IMPORT))


def wrong_directions(sources: list[Source]) -> list[str]:
    """Imports from a room that stands further down the chain, or from what is no room."""
    wrong = []
    for source in sources:
        for line, module in imports(source):
            top = module.split(".", 1)[0]
            if top in NEVER_IN_A_ROOM or (
                top in MAY_IMPORT and top != source.room and top not in MAY_IMPORT[source.room]
            ):
                may = ", ".join(sorted(MAY_IMPORT[source.room])) or "no other room"
                wrong.append(f"{source.path}:{line}: {source.room}/ imports {module}; it may import {may}")
    return wrong


def wrong_libraries(sources: list[Source]) -> list[str]:
    """Imports of a library outside the place it is kept in."""
    return [
        f"{source.path}:{line}: imports {module}; allowed only in {', '.join(ONLY_UNDER[top]) or 'tests'}"
        for source in sources
        for line, module in imports(source)
        if (top := module.split(".", 1)[0]) in ONLY_UNDER and not source.path.startswith(ONLY_UNDER[top] or ("//",))
    ]


def wrong_calls(sources: list[Source]) -> list[str]:
    """Calls in the deterministic rooms that give another answer in another run."""
    return [
        f"{source.path}:{line}: {name}() in the deterministic core ({NOT_IN_THE_CORE[name]})"
        for source in sources
        if source.path.startswith(DETERMINISTIC)
        for line, name in calls(source)
        if name in NOT_IN_THE_CORE and (source.path, name) not in ALLOWED
    ]


def nothing(wrong: list[str]) -> None:
    """Fail with one line a breach."""
    assert not wrong, "\n" + "\n".join(wrong)


def test_rooms_import_one_way() -> None:
    """schemas <- detectors <- stream <- evaluation, console <- ops, and no room imports tests or benchmarks."""
    nothing(wrong_directions(SOURCES))


def test_libraries_stay_in_their_rooms() -> None:
    """Numba, SQL, the web framework and Kafka are each imported in their one place only."""
    nothing(wrong_libraries(SOURCES))


@pytest.mark.parametrize("library", AT_MOST_ONE_FILE)
def test_an_engine_is_imported_in_one_file(library: str) -> None:
    """An engine at the edge is behind one file, so that it can be replaced."""
    files = {s.path for s in SOURCES for _, module in imports(s) if module.split(".", 1)[0] == library}
    assert len(files) <= 1, f"{library} is imported in {sorted(files)}"


def test_the_core_asks_no_clock_and_no_chance() -> None:
    """The same log gives the same bytes: no wall clock, hash() or unseeded random in the deterministic rooms."""
    nothing(wrong_calls(SOURCES))


def test_importing_a_module_does_nothing() -> None:
    """No module opens a file, reads the environment, prints or configures anything when it is imported."""
    wrong = [
        f"{s.path}:{line}: {name} runs on import; move it into a function called from ops/"
        for s in SOURCES
        for line, name in import_time(s)
        if (s.path, name) not in IMPORT_TIME_ALLOWED
    ]
    nothing(wrong)


def test_every_allowance_is_still_needed() -> None:
    """An allowed exception whose call is gone is removed from the list."""
    used = {(s.path, name) for s in SOURCES for _, name in calls(s)}
    present = {s.path for s in SOURCES}
    assert [] == [key for key in ALLOWED if key[0] in present and key not in used]


def test_files_hold_one_idea() -> None:
    """A file is about 250 lines at most; a longer one holds more than one idea."""
    nothing([f"{s.path}:{s.lines}: at most {MAX_LINES} lines" for s in SOURCES if s.lines > MAX_LINES])


BROKEN = {
    "schemas/a.py": "import detectors.base\n",
    "stream/b.py": "def f():\n    from console import store\n    import sqlite3\n",
    "detectors/c.py": "from time import time as now\nx = now()\ny = hash('a')\nimport numpy\nnumpy.random.rand(3)\n",
    "ops/d.py": "import os\nKEY = os.environ['KEY']\nTEXT = open('x').read()\nimport tests.conftest\n",
    "evaluation/e.py": "from datetime import datetime\nclass A:\n    t = datetime.now()\n",
}


def test_each_rule_finds_a_planted_breach(tmp_path: Path) -> None:
    """The checks above see what they are there for: file and line of every planted breach are named."""
    for path, text in BROKEN.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8")
    sources = read(tmp_path, list(MAY_IMPORT))
    places = [m.split(" ", 1)[0] for m in (*wrong_directions(sources), *wrong_libraries(sources))]
    assert ["schemas/a.py:1:", "stream/b.py:2:", "ops/d.py:4:", "stream/b.py:3:"] == places
    assert ["detectors/c.py:2:", "detectors/c.py:3:", "detectors/c.py:5:", "evaluation/e.py:3:"] == sorted(
        m.split(" ", 1)[0] for m in wrong_calls(sources)
    )
    assert [("ops/d.py", 2), ("ops/d.py", 3)] == [(s.path, line) for s in sources for line, _ in import_time(s)]
