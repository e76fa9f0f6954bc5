"""Does the console have what the workers say, once, whatever is killed, and do they hear what is decided?"""

from __future__ import annotations

import json
import re
import signal
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from stream.kafka_clients import Connection
from tests.console.stored import PASSWORD
from tests.kafka.cluster import Case, Child, Cluster
from tests.ops.running import linewatch
from tests.ops.test_run_console import UNDO_MS, decide

pytestmark = [pytest.mark.xdist_group("kafka"), pytest.mark.slow]
GARBAGE = b'{"schema": "alert/1", "alert_id": 7}'


class Store:
    """The console's database, as another process sees it."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "data" / "console.sqlite"

    def ask(self, question: str) -> list[Any]:
        """Rows; of one column their values."""
        with closing(sqlite3.connect(self._path, timeout=60)) as db, db:
            rows = db.execute(question).fetchall()
        return [row[0] if len(row) == 1 else row for row in rows]

    def bodies(self, table: str) -> list[str]:
        """The JSON of alerts or notices, sorted."""
        return sorted(body.decode() for body in self.ask(f"SELECT body FROM {table}"))  # noqa: S608 (two words)


def start(workers: Cluster) -> Child:
    """A console over a database of the test's, which answers."""
    child = workers.command("console", "--kafka", "--data", "data", "--set", "console_port=0")
    said(workers, child, "ready: ")
    return child


def said(workers: Cluster, child: Child, pattern: str) -> str:
    """A part of what the child says, once it has."""
    workers.until(lambda: re.search(pattern, "\n".join(child.lines)), pattern)
    found = re.search(pattern, "\n".join(child.lines))
    assert found
    return found[0]


def test_alerts_come_once_and_decisions_go_out(
    workers: Cluster, disordered: Case, connection: Connection, tmp_path: Path
) -> None:
    """A console killed while it reads has, after another start, what one process says of the log, and no row twice."""
    store, console = Store(tmp_path), start(workers)
    workers.worker()
    workers.produce(disordered.log, dispositions=True)
    workers.until(lambda: any(store.ask("SELECT count(*) FROM alerts")), "an alert is stored")
    console.kill()
    with closing(connection.producer()) as producer:
        producer.send(workers.topics.alerts, value=GARBAGE, partition=0).get(timeout=60)
    console = start(workers)
    counts = workers.settled()
    expected = disordered.answer.said
    workers.until(lambda: len(store.bodies("alerts")) == len(expected.alerts), "every alert is stored")
    workers.until(lambda: store.ask("SELECT count(*) FROM crossings") == [counts["accepted"]], "every crossing is")
    workers.until(lambda: store.ask("SELECT count(*) FROM controls") == [len(expected.control)], "every drawn one is")
    assert expected.alerts == store.bodies("alerts")
    assert expected.notices == store.bodies("notices")
    assert store.ask("SELECT count(*) FROM crossings") == store.ask("SELECT sum(count) FROM traffic")
    said(workers, console, r"records from Kafka that cannot be used, so far: \d+")
    decided = decide_first(workers, console, tmp_path)
    workers.until(lambda: decided <= sent(workers), "the decision is in the topic")
    console.signal(signal.SIGTERM)
    console.ended(0)


def decide_first(workers: Cluster, console: Child, folder: Path) -> set[str]:
    """An operator decides the first alert, and so much time goes by that it stands; the decision's id."""
    address = said(workers, console, r"ready: (http://[0-9.:]+)").removeprefix("ready: ")
    added = linewatch(folder, "users", "add", "ana", "--data", "data")
    with httpx.Client(base_url=address, headers={"origin": address}, follow_redirects=True, timeout=60) as ana:
        assert "/queue" == ana.post(added.out.strip(), data={"password": PASSWORD}).url.path
        decide(ana)
    store = Store(folder)
    store.ask(f"UPDATE dispositions SET at_ms = at_ms - {UNDO_MS}")  # noqa: S608 (a number)
    return set(store.ask("SELECT disposition_id FROM dispositions"))


def sent(workers: Cluster) -> set[str]:
    """The ids in the topic."""
    return {json.loads(value)["disposition_id"] for value in workers.committed(workers.topics.dispositions)}
