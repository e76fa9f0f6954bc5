"""Does the alert database keep every alert once, whatever happens in between?"""

from __future__ import annotations

import pytest
from sqlalchemy import select

from console.database import Database
from console.store import AlertStore
from console.tables import alerts
from ops.configure import load
from ops.wiring import build_codec, build_pipeline, build_ports
from schemas.plates import Pseudonymiser
from stream.pipeline import Decided
from tests.console.stored import Clock
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


def test_alerts_are_stored_as_their_canonical_bytes(database: Database, clock: Clock, decided: Decided) -> None:
    """What is in the database is what the alert file holds."""
    store = AlertStore(database, clock=clock)
    store.write(decided)
    assert {alert.to_json() for alert in decided.alerts} == set(store.bodies())


def test_an_alert_that_comes_again_replaces_itself(database: Database, clock: Clock, decided: Decided) -> None:
    """After a crash the same alerts come again: the same rows, first seen when they were first stored."""
    store, first = AlertStore(database, clock=clock), clock()
    store.write(decided)
    clock.pass_s(60)
    store.write(decided)
    assert len(decided.alerts) == len(store.bodies())
    with database.read() as connection:
        assert {first} == set(connection.execute(select(alerts.c.issued_ms)).scalars())
