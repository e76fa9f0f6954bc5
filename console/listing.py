"""Which alerts are there, a page at a time? By what became of them, and how each one stands.

The order of the waiting is that of the queue's page; the others are newest first.
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, desc, select

from console import queue
from console.cursor import Order, after, read, write
from console.queue import WAITS
from console.tables import alerts
from schemas.models import Alert

Which = Literal["waiting", "decided", "hidden"]
WHERE: dict[Which, ColumnElement[bool]] = {
    "waiting": WAITS,
    "decided": alerts.c.decided_ms.is_not(None),
    "hidden": and_(alerts.c.decided_ms.is_(None), alerts.c.hidden_by.is_not(None)),
}
ORDER: dict[Which, Order] = {
    "waiting": queue.ORDER,
    "decided": ((alerts.c.occurred_ms, True), (alerts.c.alert_id, False)),
    "hidden": ((alerts.c.occurred_ms, True), (alerts.c.alert_id, False)),
}
TYPES: dict[Which, tuple[type, ...]] = {
    "waiting": (float, float, int, str), "decided": (int, str), "hidden": (int, str),
}  # fmt: skip


class Standing(NamedTuple):
    """An alert, and how it stands."""

    alert: Alert
    held_by: str | None  # a user's name, while it is held
    held_until_ms: int | None
    assigned_to: str | None
    hidden_by: str | None  # a snooze
    decided_ms: int | None
    issued_ms: int  # when it was first stored


def page(
    connection: Connection, which: Which, now_ms: int, *, port: str | None, limit: int, cursor: str | None
) -> tuple[list[Standing], str | None]:
    """So many alerts, and the cursor of those that follow; None at the end. CursorError for one of another list."""
    order = ORDER[which]
    wanted = select(alerts, *(key.label(f"key_{k}") for k, (key, _) in enumerate(order))).where(WHERE[which])
    if port is not None:
        wanted = wanted.where(alerts.c.port == port)
    if cursor is not None:
        wanted = wanted.where(after(order, read(cursor, which, TYPES[which])))
    wanted = wanted.order_by(*(desc(key) if down else key for key, down in order)).limit(limit + 1)
    rows = connection.execute(wanted).mappings().all()
    more = len(rows) > limit
    keys = [rows[limit - 1][f"key_{k}"] for k in range(len(order))] if more else []
    return [_standing(row, now_ms) for row in rows[:limit]], write(which, keys) if more else None


def one(connection: Connection, alert_id: str, now_ms: int) -> Standing | None:
    """How an alert stands; None when there is none."""
    row = connection.execute(select(alerts).where(alerts.c.alert_id == alert_id)).mappings().first()
    return None if row is None else _standing(row, now_ms)


def _standing(row: Any, now_ms: int) -> Standing:
    held = (row["held_until_ms"] or 0) > now_ms and row["decided_ms"] is None
    return Standing(
        Alert.model_validate_json(row["body"]), row["held_by"] if held else None,
        row["held_until_ms"] if held else None, row["assigned_to"], row["hidden_by"], row["decided_ms"],
        row["issued_ms"],
    )  # fmt: skip
