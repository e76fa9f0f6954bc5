"""Where does what was decided wait for people? In the console's database; this is the sink that puts it there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, select

from console import feed, history, snoozes
from console.database import Database, upsert
from console.history import Crossed
from console.tables import alerts, controls, notices

if TYPE_CHECKING:
    from schemas.models import Alert, Control, Notice
    from schemas.ports import Ports
    from stream.pipeline import Decided

PUT = 500  # rows of one statement: SQLite limits how many values it takes
FLUSH_MS = 1_000
MOST_WAITING = 20_000  # crossings


class AlertStore:
    """A sink of alerts, notices, the control sample, and the crossings that they are looked at beside.

    Delivery: exactly once: what comes again, by its id, replaces itself. `body` holds the alert's canonical JSON bytes;
    `issued_ms` when it was first stored, beside the alert and never in it. What an operator has done with it stays.
    Alerts are on disk when `write` returns; crossings wait for the next alert, a second, or the checkpoint.
    """

    name = "store"

    def __init__(
        self, database: Database, ports: Ports, *, clock: Callable[[], int], history_days: float = 90.0
    ) -> None:
        """`clock` gives ms since 1970; with 0 `history_days` no crossing is kept."""
        self._database, self._ports, self._clock, self._days = database, ports, clock, history_days
        self._waiting: list[Crossed] = []
        self._newest_ms = 0
        self._flushed_ms = clock()

    def write(self, decided: Decided) -> None:
        """Store what was decided, in one transaction. Unavailable when the database cannot."""
        if self._days > 0:
            for assessed in decided.assessed:
                self._waiting += history.of_batch(assessed.batch, self._ports)
        urgent = decided.alerts or decided.notices or decided.control or len(self._waiting) > MOST_WAITING
        if urgent or (self._waiting and self._clock() - self._flushed_ms > FLUSH_MS):
            self._flush(decided.alerts, decided.notices, decided.control)

    def _flush(
        self, some: Sequence[Alert] = (), said: Sequence[Notice] = (), drawn: Sequence[Control] = ()
    ) -> None:  # fmt: skip
        with self._database.begin() as connection:
            history.record(connection, self._waiting)
            put(connection, some, self._clock())
            put_notices(connection, said, self._clock())
            put_controls(connection, drawn)
        self._newest_ms = max([self._newest_ms, *(one.occurred_ms for one in self._waiting)])
        self._waiting, self._flushed_ms = [], self._clock()

    def position(self) -> int:
        """Always 0: all that was written is safe now, and coming again changes nothing."""
        if self._waiting:
            self._flush()
        with self._database.begin() as connection:
            history.forget(connection, self._newest_ms, self._days)
        return 0

    def truncate(self, position: int) -> None:
        """Nothing to cut: what is written again replaces itself."""

    def finish(self) -> None:
        """Nothing is left waiting."""
        self.position()

    def close(self) -> None:
        """The database belongs to the caller."""


def put(connection: Connection, some: Sequence[Alert], now_ms: int) -> None:
    """Store alerts, and tell open consoles of those that are new and not hidden by a snooze."""
    if not some:
        return
    hidden = snoozes.hiding(connection, some, now_ms)
    rows = {a.alert_id: _row(a, now_ms) | {"hidden_by": hidden.get(a.alert_id)} for a in some}  # the last of each
    known = select(alerts.c.alert_id).where(alerts.c.alert_id.in_(rows))
    there = set(connection.execute(known).scalars())
    _replace(connection, alerts, rows.values(), "alert_id", ("issued_ms", "hidden_by"))
    fresh = [(a, str(row["port"])) for a, row in rows.items() if a not in there and a not in hidden]
    feed.tell(connection, now_ms, "alert", fresh)


def put_notices(connection: Connection, some: Sequence[Notice], now_ms: int) -> None:
    """Store notices, each for its audience, and tell open consoles."""
    rows = {
        one.notice_id: {
            "notice_id": one.notice_id, "occurred_ms": round(one.occurred_at.timestamp() * 1000), "kind": one.kind,
            "audience": one.audience, "port": one.port, "sentence": one.sentence, "body": one.to_json(),
        }
        for one in some
    }  # fmt: skip
    _replace(connection, notices, rows.values(), "notice_id")
    told = [(one.notice_id, one.port or "") for one in some if one.audience == "operator"]
    feed.tell(connection, now_ms, "notice", told)


def put_controls(connection: Connection, some: Sequence[Control]) -> None:
    """Store which crossings the random sample drew."""
    rows = {
        one.crossing_id: {
            "crossing_id": one.crossing_id, "occurred_ms": round(one.occurred_at.timestamp() * 1000),
            "port": one.port, "lane": one.lane,
        }
        for one in some
    }  # fmt: skip
    _replace(connection, controls, rows.values(), "crossing_id")


def _replace(
    connection: Connection, table: Any, rows: Iterable[dict[str, Any]], key: str, keep: Sequence[str] = ()
) -> None:
    """Insert rows; of those that are there already replace all but the columns to `keep`."""
    rows = list(rows)
    for first in range(0, len(rows), PUT):
        statement = upsert(connection, table)
        fresh = {name: statement.excluded[name] for name in rows[0] if name != key and name not in keep}
        statement = statement.on_conflict_do_update(index_elements=[key], set_=fresh)
        connection.execute(statement, rows[first : first + PUT])


def _row(alert: Alert, now_ms: int) -> dict[str, Any]:
    return {
        "alert_id": alert.alert_id,
        "crossing_id": alert.crossing_id,
        "occurred_ms": round(alert.occurred_at.timestamp() * 1000),
        "port": alert.port,
        "lane": alert.lane,
        "vehicle": alert.vehicle,
        "vehicle_class": alert.vehicle_class,
        "severity": alert.severity,
        "score": alert.score,
        "priority": alert.priority,
        "body": alert.to_json(),
        "issued_ms": now_ms,
    }
