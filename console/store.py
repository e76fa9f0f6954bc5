"""Where do alerts wait for an operator? In the console's database; this is the sink that puts them there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, select
from sqlalchemy.dialects.sqlite import insert

from console import feed
from console.database import Database
from console.tables import alerts

if TYPE_CHECKING:
    from schemas.models import Alert
    from stream.pipeline import Decided

PUT = 500  # rows of one statement: SQLite limits how many values it takes


class AlertStore:
    """A sink of alerts. Delivery: exactly once: an alert that comes again, by its `alert_id`, replaces itself.

    `body` holds the alert's canonical JSON bytes; `issued_ms` when it was first stored, beside the alert and never in
    it. What an operator has done with it stays. Every write is synced before it returns.
    """

    name = "store"

    def __init__(self, database: Database, *, clock: Callable[[], int]) -> None:
        """`clock` gives ms since 1970."""
        self._database, self._clock = database, clock

    def write(self, decided: Decided) -> None:
        """Store the alerts in one transaction. Unavailable when the database cannot."""
        if decided.alerts:
            with self._database.begin() as connection:
                put(connection, decided.alerts, self._clock())

    def bodies(self) -> list[bytes]:
        """The canonical JSON of every alert, in order of event time and id."""
        with self._database.read() as connection:
            wanted = select(alerts.c.body).order_by(alerts.c.occurred_ms, alerts.c.alert_id)
            return [bytes(body) for body in connection.execute(wanted).scalars()]

    def position(self) -> int:
        """Always 0: every write is already safe, and coming again changes nothing."""
        return 0

    def truncate(self, position: int) -> None:
        """Nothing to cut: what is written again replaces itself."""

    def finish(self) -> None:
        """Nothing waits."""

    def close(self) -> None:
        """Let go of the database."""
        self._database.close()


def put(connection: Connection, some: Sequence[Alert], now_ms: int) -> None:
    """Store alerts, and tell open consoles of those that are new."""
    rows = {alert.alert_id: _row(alert, now_ms) for alert in some}  # the last of each, should one come twice
    known = select(alerts.c.alert_id).where(alerts.c.alert_id.in_(rows))
    there = set(connection.execute(known).scalars())
    for first in range(0, len(rows), PUT):
        _upsert(connection, list(rows.values())[first : first + PUT])
    feed.tell(connection, now_ms, "alert", [(a, row["port"]) for a, row in rows.items() if a not in there])


def _upsert(connection: Connection, rows: list[dict[str, Any]]) -> None:
    statement = insert(alerts)
    fresh = {name: statement.excluded[name] for name in rows[0] if name not in ("alert_id", "issued_ms")}
    connection.execute(statement.on_conflict_do_update(index_elements=["alert_id"], set_=fresh), rows)


def _row(alert: Alert, now_ms: int) -> dict[str, Any]:
    return {
        "alert_id": alert.alert_id,
        "crossing_id": alert.crossing_id,
        "occurred_ms": round(alert.occurred_at.timestamp() * 1000),
        "port": alert.port,
        "lane": alert.lane,
        "vehicle": alert.vehicle,
        "severity": alert.severity,
        "score": alert.score,
        "priority": alert.priority,
        "body": alert.to_json(),
        "issued_ms": now_ms,
    }
