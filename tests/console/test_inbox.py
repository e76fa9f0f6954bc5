"""What becomes of records from Kafka in the store: each once, the useless ones left out, the later place kept?"""

from __future__ import annotations

import datetime as dt
import json
import threading
from typing import Any, NoReturn

import pytest
from sqlalchemy import ColumnElement, func, select

from console.database import Database
from console.inbox import Inbox, Reading
from console.tables import alerts, crossings, positions, traffic
from ops.configure import load
from ops.wiring import build_codec
from schemas.plates import Pseudonymiser
from schemas.ports import Ports
from stream.topic_reader import News
from stream.topics import Topics
from tests.console.stored import START, Clock, alert

TOPICS = Topics.of("linewatch")


@pytest.fixture
def told() -> list[str]:
    """What was said."""
    return []


@pytest.fixture
def inbox(database: Database, clock: Clock, told: list[str]) -> Inbox:
    """One that is handed what a reader would give."""
    ports = Ports.open()
    codec = build_codec(load().settings, ports, Pseudonymiser(bytes(32)))
    return Inbox(database, nobody, Reading(TOPICS, codec, ports, 30.0), clock, told.append)


def nobody(*_: object) -> NoReturn:
    """No reader is wanted."""
    raise AssertionError


def crossing(number: int, days_ago: float = 0.0) -> bytes:
    """A line of JSON."""
    moment = (START - dt.timedelta(days=days_ago)).isoformat()
    row = {"crossing_id": f"c{number}", "occurred_at": moment, "port": "2504", "lane": "1", "direction": "inbound"}
    return json.dumps(row | {"vehicle": f"{number:032x}"}).encode()


def count(database: Database, of: ColumnElement[Any]) -> int:
    """Rows, or the sum of a column."""
    with database.read() as connection:
        return int(connection.execute(select(of)).scalar_one() or 0)


def test_what_comes_twice_is_there_once(inbox: Inbox, database: Database) -> None:
    """Alerts, crossings and the counts of traffic, as after a crash or from another console."""
    values = {TOPICS.alerts: [alert(1).to_json(), alert(2).to_json()], TOPICS.crossings: [crossing(1), crossing(2)]}
    for _ in range(2):
        inbox.take(News(values, {(TOPICS.alerts, 0): 2, (TOPICS.crossings, 0): 2}))
    assert 2 == count(database, func.count(alerts.c.alert_id))
    assert 2 == count(database, func.count(crossings.c.crossing_id))
    assert 2 == count(database, func.sum(traffic.c.count))


def test_the_later_place_counts(inbox: Inbox, database: Database) -> None:
    """Of two consoles that read one topic the slower one takes nothing back."""
    for at in (7, 5):
        inbox.take(News({}, {(TOPICS.alerts, 0): at}))
    assert 7 == count(database, positions.c.offset)


def test_records_that_cannot_be_used_stop_nothing(inbox: Inbox, database: Database, told: list[str]) -> None:
    """No JSON, no alert, an alert that the database does not take: left out and counted, the place is behind them."""
    odd = json.loads(alert(3).to_json()) | {"crossing_id": "\x00", "lane": "\x00"}
    values = [b"no json", b"{}", b"", json.dumps(odd).encode(), alert(4).to_json()]
    inbox.take(News({TOPICS.alerts: values, TOPICS.crossings: [b"\xff", crossing(1)]}, {(TOPICS.alerts, 0): 5}))
    stored = count(database, func.count(alerts.c.alert_id))
    assert 1 == count(database, func.count(crossings.c.crossing_id))
    assert len(values) + 1 == stored + inbox.skipped
    assert 5 == count(database, positions.c.offset)
    assert [f"records from Kafka that cannot be used, so far: {inbox.skipped}"] == told


def test_crossings_older_than_wanted_go(inbox: Inbox, database: Database) -> None:
    """Counted back from the newest."""
    inbox.take(News({TOPICS.crossings: [crossing(1, 31), crossing(2, 29), crossing(3)]}, {(TOPICS.crossings, 0): 3}))
    assert 2 == count(database, func.count(crossings.c.crossing_id))


def test_what_must_not_happen_is_told(inbox: Inbox) -> None:
    """A console whose alerts have stopped for good must not look alive."""
    failed = threading.Event()
    inbox.on_failure = failed.set
    inbox.start()
    assert failed.wait(30)
    assert isinstance(inbox.failed, AssertionError)
    inbox.close()
