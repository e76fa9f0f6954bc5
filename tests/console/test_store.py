"""Does the alert database keep every alert once, whatever happens in between?"""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from console import history
from console.database import Database
from console.store import AlertStore
from console.tables import alerts, crossings, traffic
from ops.configure import load
from ops.wiring import build_codec, build_pipeline, build_ports
from schemas.plates import Pseudonymiser
from schemas.ports import Ports
from stream.pipeline import Decided
from tests.console.stored import Clock
from tests.ops.running import LOOSE_FLAGS, write_log


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> tuple[Decided, Ports]:
    """Real alerts, and their crossings."""
    settings = load(flags=LOOSE_FLAGS).settings
    ports = build_ports(settings)
    pipeline = build_pipeline(settings, ports)
    log = write_log(tmp_path_factory.mktemp("log") / "log.jsonl").read_bytes()
    decided = pipeline.push(build_codec(settings, ports, Pseudonymiser(bytes(32))).decode(log).batch)
    assert len(decided.alerts) > 5
    return decided, ports


def test_alerts_are_stored_as_their_canonical_bytes(
    database: Database, clock: Clock, found: tuple[Decided, Ports]
) -> None:
    """What is in the database is what the alert file holds."""
    store = AlertStore(database, found[1], clock=clock)
    store.write(found[0])
    assert {alert.to_json() for alert in found[0].alerts} == set(bodies(database))


def test_what_comes_again_replaces_itself(database: Database, clock: Clock, found: tuple[Decided, Ports]) -> None:
    """After a crash the same comes again: the same rows, first seen when they were first stored, counted once."""
    (decided, ports), first = found, clock()
    for _ in range(2):
        store = AlertStore(database, ports, clock=clock, history_days=4000)
        store.write(decided)
        store.finish()
        clock.pass_s(60)
    assert len(decided.alerts) == len(bodies(database))
    crossed = sum(len(assessed.batch) for assessed in decided.assessed)
    with database.read() as connection:
        assert {first} == set(connection.execute(select(alerts.c.issued_ms)).scalars())
        assert crossed == connection.execute(select(func.count()).select_from(crossings)).scalar()
        assert crossed == connection.execute(select(func.sum(traffic.c.count))).scalar()


def test_crossings_are_let_go_of(database: Database, clock: Clock, found: tuple[Decided, Ports]) -> None:
    """Counted from the newest; with no days none is kept at all."""
    decided, ports = found
    store = AlertStore(database, ports, clock=clock, history_days=5)
    store.write(decided)
    store.finish()
    newest = max(int(assessed.batch.time_ms.max()) for assessed in decided.assessed)
    with database.read() as connection:
        oldest = connection.execute(select(func.min(crossings.c.occurred_ms))).scalar_one()
    assert newest - 5 * history.DAY_MS <= oldest <= newest - 4 * history.DAY_MS


def test_no_crossing_is_kept_where_none_is_wanted(
    database: Database, clock: Clock, found: tuple[Decided, Ports]
) -> None:
    """The alerts are."""
    store = AlertStore(database, found[1], clock=clock, history_days=0)
    store.write(found[0])
    store.finish()
    with database.read() as connection:
        assert 0 == connection.execute(select(func.count()).select_from(crossings)).scalar()
    assert len(found[0].alerts) == len(bodies(database))


def bodies(database: Database) -> list[bytes]:
    """What is stored of every alert."""
    with database.read() as connection:
        return [bytes(body) for body in connection.execute(select(alerts.c.body)).scalars()]
