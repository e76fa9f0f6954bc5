"""How do alerts come from Kafka into the store? A thread reads the topics; rows and places are one transaction.

Delivery: each record once, whatever is killed: what was not committed is read again from the place that was. Several
consoles may do this for one database: what comes twice replaces itself, and the later place counts.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import closing
from typing import NamedTuple, Protocol, TypeVar

from pydantic import BaseModel, ValidationError
from sqlalchemy import Connection, case, select
from sqlalchemy.exc import DataError, IntegrityError

from console import history
from console.database import Database, upsert
from console.history import DAY_MS
from console.store import put, put_controls, put_notices
from console.tables import positions
from schemas.codec import Codec
from schemas.errors import LinewatchError
from schemas.models import Alert, Control, Notice
from schemas.ports import Ports
from stream.topic_reader import News, Place, TopicReader
from stream.topics import Topics

REFUSED = (DataError, IntegrityError, ValueError, OverflowError)  # what the database or its driver cannot take
POLL_MS = 250
PAUSE_S, LONGEST_PAUSE_S = 0.5, 30.0
FORGET_MS = 60_000
M = TypeVar("M", bound=BaseModel)
T = TypeVar("T")


class Open(Protocol):
    """Makes a reader; Unavailable when no broker answers."""

    def __call__(self, known: dict[Place, int], since_ms: dict[str, int | None], /) -> TopicReader:
        """From the known places, else from that time on."""


class Reading(NamedTuple):
    """How records are understood."""

    topics: Topics
    codec: Codec  # of crossings
    ports: Ports
    history_days: float


class Inbox:
    """Follows the topics from `start` to `close`."""

    def __init__(
        self, database: Database, opens: Open, reading: Reading, now: Callable[[], int], told: Callable[[str], None]
    ) -> None:
        """`now` is ms since 1970; `told` hears once that Kafka or the database is away, and that it is back.

        `failed` is set by what must not happen; then `on_failure` is called: without alerts a console must not live on.
        """
        self._database, self._opens, self._reading, self._now, self._told = database, opens, reading, now, told
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="inbox", daemon=True)
        self.failed: Exception | None = None
        self.on_failure: Callable[[], None] = self._stop.set
        self._newest_ms = self._forgot_ms = 0
        self.skipped = 0  # records that cannot be used
        self._say_at = 1

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def close(self) -> None:
        """Store what is under way, then stop."""
        self._stop.set()
        self._thread.join(timeout=LONGEST_PAUSE_S)

    def _run(self) -> None:
        try:
            self._follow()
        except Exception as problem:  # noqa: BLE001 (told to whoever waits for the end)
            self.failed = problem
            self.on_failure()

    def _follow(self) -> None:
        pause_s, away = PAUSE_S, False
        while not self._stop.is_set():
            try:
                with closing(self._open()) as reader:
                    if away:
                        self._told("alerts come again")
                    pause_s, away = PAUSE_S, False
                    while not self._stop.is_set():
                        self.take(reader.poll(POLL_MS))
            except LinewatchError as problem:
                if not away:
                    self._told(f"no alerts come, it is tried again: {problem}")
                away = True
                self._stop.wait(pause_s)
                pause_s = min(2 * pause_s, LONGEST_PAUSE_S)

    def _open(self) -> TopicReader:
        topics, days = self._reading.topics, self._reading.history_days
        since_ms: dict[str, int | None] = {topics.alerts: None, topics.notices: None, topics.control: None}
        if days > 0:
            since_ms[topics.crossings] = self._now() - round(days * DAY_MS)
        with self._database.read() as connection:
            known = {(row.topic, row.partition): row.offset for row in connection.execute(select(positions))}
        return self._opens(known, since_ms)

    def take(self, news: News) -> None:
        """Store what came, and how far that is."""
        if not news.positions:
            return
        with self._database.begin() as connection:
            self._alerts(connection, news)
            self._crossings(connection, news)
            _note(connection, news.positions)
        if self.skipped >= self._say_at:  # now and then: a producer may write nothing else
            self._told(f"records from Kafka that cannot be used, so far: {self.skipped}")
            self._say_at = 2 * self.skipped

    def _alerts(self, connection: Connection, news: News) -> None:
        topics, now = self._reading.topics, self._now()
        some = self._read(Alert, news, topics.alerts)
        self._put(connection, some, lambda part: put(connection, part, now))
        said = self._read(Notice, news, topics.notices)
        self._put(connection, said, lambda part: put_notices(connection, part, now))
        drawn = self._read(Control, news, topics.control)
        self._put(connection, drawn, lambda part: put_controls(connection, part))

    def _read(self, model: type[M], news: News, topic: str) -> list[M]:
        found = []
        for value in news.values.get(topic, ()):
            try:
                found.append(model.model_validate_json(value))
            except ValidationError:
                self.skipped += 1
        return found

    def _crossings(self, connection: Connection, news: News) -> None:
        values = news.values.get(self._reading.topics.crossings)
        if not values:
            return
        decoded = self._reading.codec.decode(b"\n".join(values))
        self.skipped += len(decoded.rejects)
        some = history.of_batch(decoded.batch, self._reading.ports)
        self._put(connection, some, lambda part: history.record(connection, part))
        newest_ms = min(self._now(), max((one.occurred_ms for one in some), default=0))  # a wrong clock forgets nothing
        self._newest_ms = max(self._newest_ms, newest_ms)
        if self._now() - self._forgot_ms > FORGET_MS:
            history.forget(connection, self._newest_ms, self._reading.history_days)
            self._forgot_ms = self._now()

    def _put(self, connection: Connection, some: Sequence[T], put: Callable[[Sequence[T]], None]) -> None:
        """All at once; one by one where the database refuses one of them."""
        try:
            with connection.begin_nested():
                put(some)
        except REFUSED:
            for one in some:
                try:
                    with connection.begin_nested():
                        put([one])
                except REFUSED:
                    self.skipped += 1


def _note(connection: Connection, moved: dict[Place, int]) -> None:
    """The later place counts."""
    rows = [{"topic": topic, "partition": number, "offset": at} for (topic, number), at in moved.items()]
    added = upsert(connection, positions)
    old, new = positions.c.offset, added.excluded.offset
    later = case((new > old, new), else_=old)
    connection.execute(added.on_conflict_do_update(index_elements=["topic", "partition"], set_={"offset": later}), rows)
