"""Does the alert database keep every alert once, whatever happens in between?"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from console.store import AlertStore
from ops.configure import load
from ops.wiring import build_codec, build_pipeline, build_ports
from schemas.errors import ConfigError, Unavailable
from schemas.plates import Pseudonymiser
from stream.pipeline import Decided
from tests.ops.running import LOOSE_FLAGS, write_log


@pytest.fixture(scope="module")
def decided(tmp_path_factory: pytest.TempPathFactory) -> Decided:
    """Real alerts."""
    settings = load(flags=LOOSE_FLAGS).settings
    ports = build_ports(settings)
    pipeline = build_pipeline(settings, ports)
    log = write_log(tmp_path_factory.mktemp("log") / "log.jsonl").read_bytes()
    found = pipeline.push(build_codec(settings, ports, Pseudonymiser(bytes(32))).decode(log).batch)
    assert len(found.alerts) > 5
    return found


@pytest.fixture
def store(tmp_path: Path) -> Iterator[AlertStore]:
    """An empty database, at a clock that stands still."""
    made = AlertStore(tmp_path / "a.sqlite", clock=lambda: 1_000)
    yield made
    made.close()


def test_alerts_are_stored_as_their_canonical_bytes(store: AlertStore, decided: Decided) -> None:
    """What is in the database is what the alert file holds."""
    store.write(decided)
    assert {alert.to_json() for alert in decided.alerts} == set(store.bodies())


def test_an_alert_that_comes_again_replaces_itself(store: AlertStore, decided: Decided, tmp_path: Path) -> None:
    """After a crash the same alerts come again: the same rows, first seen when they were first stored."""
    store.write(decided)
    later = AlertStore(tmp_path / "a.sqlite", clock=lambda: 2_000)
    later.write(decided)
    assert len(decided.alerts) == len(later.bodies())
    later.close()
    with sqlite3.connect(tmp_path / "a.sqlite") as db:
        assert [(1_000,)] == db.execute("SELECT DISTINCT issued_ms FROM alerts").fetchall()
    db.close()


@pytest.mark.usefixtures("store")
def test_a_database_of_another_version_is_refused(tmp_path: Path) -> None:
    """It says what to do."""
    with sqlite3.connect(tmp_path / "a.sqlite") as db:
        db.execute("UPDATE schema_version SET version = 99")
    db.close()
    with pytest.raises(ConfigError, match="schema version 99"):
        AlertStore(tmp_path / "a.sqlite", clock=lambda: 0)


def test_a_file_that_is_no_database_is_an_error(tmp_path: Path) -> None:
    """Not a traceback, and the file stays as it is."""
    (tmp_path / "a.sqlite").write_bytes(b"not a database" * 100)
    with pytest.raises(Unavailable, match=r"a\.sqlite cannot be used"):
        AlertStore(tmp_path / "a.sqlite", clock=lambda: 0)
    assert (tmp_path / "a.sqlite").read_bytes().startswith(b"not a database")
