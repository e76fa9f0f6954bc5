"""How does an open console hear what changes? From a list of events, each with a number, that it reads on from.

`tell` adds to the list within the transaction that makes the change; `since` reads on from a number. Events say what
happened to which alert; what it looks like now is read from the alert. After `KEPT_MS` they go, and who comes back
later than that reloads (`oldest`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection, delete, func, insert, select

from console.database import next_of
from console.tables import counters, feed

COUNTER = "feed"
KEPT_MS = 3_600_000
MOST = 1_000  # events read at a time


class Event(NamedTuple):
    """Something happened to an alert: `alert` it came, `held`, `open` again, `decided`, `undone`."""

    seq: int
    at_ms: int
    kind: str
    alert_id: str
    port: str


def tell(connection: Connection, now_ms: int, kind: str, what: Sequence[tuple[str, str]]) -> None:
    """Add an event for each (alert_id, port)."""
    if not what:
        return
    first = next_of(connection, COUNTER, len(what))
    rows = [Event(first + k, now_ms, kind, alert_id, port)._asdict() for k, (alert_id, port) in enumerate(what)]
    connection.execute(insert(feed), rows)
    if first % MOST < len(what):
        connection.execute(delete(feed).where(feed.c.at_ms < now_ms - KEPT_MS))


def since(connection: Connection, seq: int) -> list[Event]:
    """Events after a number, in order, `MOST` at most."""
    wanted = select(feed).where(feed.c.seq > seq).order_by(feed.c.seq).limit(MOST)
    return [Event(**row) for row in connection.execute(wanted).mappings()]


def ends(connection: Connection) -> tuple[int, int]:
    """The number before the oldest event that is kept, and the number of the newest; equal when there is none."""
    oldest, newest = connection.execute(select(func.min(feed.c.seq), func.max(feed.c.seq))).one()
    if newest is not None:
        return int(oldest) - 1, int(newest)
    last = connection.execute(select(counters.c.value).where(counters.c.name == COUNTER)).scalar_one()
    return int(last), int(last)
