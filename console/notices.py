"""Which notices are for whom? About readers, traffic and detectors; those about officers for `integrity` alone."""

from __future__ import annotations

from sqlalchemy import Connection, desc, select

from console.cursor import Order, after, read, write
from console.tables import notices
from schemas.models import Notice

WIDE = ("operator", "supervisor")
# role -> the audiences whose notices it sees
AUDIENCES: dict[str, tuple[str, ...]] = {
    "operator": ("operator",), "supervisor": WIDE, "analyst": WIDE, "auditor": WIDE, "admin": WIDE,
    "integrity": ("integrity",),
}  # fmt: skip
ORDER: Order = ((notices.c.occurred_ms, True), (notices.c.notice_id, False))


def page(
    connection: Connection, role: str, *, limit: int, cursor: str | None = None
) -> tuple[list[Notice], str | None]:
    """So many for a role, newest first, and the cursor of those that follow. CursorError for a foreign one."""
    wanted = select(notices).where(notices.c.audience.in_(AUDIENCES.get(role, ())))
    if cursor is not None:
        wanted = wanted.where(after(ORDER, read(cursor, "notices", (int, str))))
    wanted = wanted.order_by(desc(notices.c.occurred_ms), notices.c.notice_id).limit(limit + 1)
    rows = connection.execute(wanted).mappings().all()
    last = rows[limit - 1] if len(rows) > limit else None
    found = [Notice.model_validate_json(row["body"]) for row in rows[:limit]]
    return found, None if last is None else write("notices", [last["occurred_ms"], last["notice_id"]])
