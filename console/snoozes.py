"""What does a snooze hide? A vehicle's alerts of one typology, until a moment, for a reason.

Scoring goes on, and what a snooze hides is stored, marked with it, and shown beside it. An alert is hidden when every
one of its typologies is snoozed: something new about the vehicle comes through. When somebody ends a snooze, what it
hid and nobody decided waits in the queue again; when it runs out, only what comes from then on does.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, and_, desc, func, insert, select, update

from console import audit, feed
from console.accounts import User
from console.queue import ConflictError
from console.tables import alerts, snoozes
from schemas.models import Alert

LONGEST_DAYS = 90
REASON_CHARACTERS = 500
DAY_MS = 86_400_000
TYPOLOGY = re.compile(r"[a-z][a-z0-9_]{0,63}")


class Snooze(NamedTuple):
    """One, with how many alerts it hid."""

    snooze_id: str
    vehicle: str
    typology: str
    by: str
    why: str
    at_ms: int
    until_ms: int
    ended_ms: int | None
    hid: int


def hiding(connection: Connection, some: Sequence[Alert], now_ms: int) -> dict[str, str]:
    """Of those alerts the ones that are hidden now: alert id -> snooze id (of its first typology)."""
    vehicles = {alert.vehicle for alert in some}
    active = and_(snoozes.c.until_ms > now_ms, snoozes.c.ended_ms.is_(None))
    wanted = select(snoozes.c.vehicle, snoozes.c.typology, snoozes.c.snooze_id).where(active)
    wanted = wanted.where(snoozes.c.vehicle.in_(vehicles)).order_by(snoozes.c.at_ms)
    found = {(vehicle, typology): str(snooze) for vehicle, typology, snooze in connection.execute(wanted)}
    return {
        alert.alert_id: found[alert.vehicle, alert.typologies[0]]
        for alert in some
        if found and alert.typologies and all((alert.vehicle, typology) in found for typology in alert.typologies)
    }


class Snoozes:
    """As one user sees and makes them, on a connection of the caller's transaction."""

    def __init__(self, connection: Connection, user: User, now: Callable[[], int]) -> None:
        self._db, self._user, self._now = connection, user, now

    def add(self, vehicle: str, typologies: Sequence[str], days: float, why: str) -> list[str]:
        """Snooze a vehicle's typologies; the snoozes' ids. ConflictError without a reason, or for too long."""
        if not why or len(why) > REASON_CHARACTERS:
            raise ConflictError(f"A snooze needs a reason, of {REASON_CHARACTERS} characters at most.")
        if not 0 < days <= LONGEST_DAYS:
            raise ConflictError(f"A snooze lasts {LONGEST_DAYS} days at most.")
        if not typologies or not all(TYPOLOGY.fullmatch(name) for name in typologies):
            raise ConflictError("Choose what is to be snoozed.")
        if self._db.execute(select(alerts.c.vehicle).where(alerts.c.vehicle == vehicle).limit(1)).first() is None:
            raise ConflictError("This vehicle has no alert that could be snoozed.")
        now = self._now()
        until = now + round(days * DAY_MS)
        made = []
        for typology in typologies:
            snooze_id = f"s-{secrets.token_hex(12)}"
            made.append(snooze_id)
            row = {"vehicle": vehicle, "typology": typology, "by": self._user.name, "why": why}
            self._db.execute(insert(snoozes).values(snooze_id=snooze_id, at_ms=now, until_ms=until, **row))
            detail = {"snooze": snooze_id, "typology": typology, "until_ms": until}
            audit.add(self._db, now, self._user.name, "snooze.add", f"vehicle {vehicle}", why=why, detail=detail)
        self._hide(vehicle, now)
        return made

    def _hide(self, vehicle: str, now: int) -> None:
        """What waits already is hidden too."""
        some = self._undecided(vehicle, alerts.c.hidden_by.is_(None))
        hidden = hiding(self._db, some, now)
        for alert_id, snooze_id in hidden.items():
            gone = update(alerts).where(alerts.c.alert_id == alert_id)
            self._db.execute(gone.values(hidden_by=snooze_id, held_by=None, held_until_ms=None))
        feed.tell(self._db, now, "hidden", [(alert.alert_id, alert.port) for alert in some if alert.alert_id in hidden])

    def end(self, snooze_id: str) -> None:
        """End one early; what it hid waits again. ConflictError for one that has ended."""
        now = self._now()
        mine = and_(snoozes.c.snooze_id == snooze_id, snoozes.c.ended_ms.is_(None))
        ended = update(snoozes).where(mine).values(ended_ms=now).returning(snoozes.c.vehicle, snoozes.c.typology)
        found = self._db.execute(ended).first()
        if found is None:
            raise ConflictError("There is no such snooze, or it has ended.")
        hidden = self._undecided(found.vehicle, alerts.c.hidden_by.is_not(None))
        back = [(alert.alert_id, alert.port) for alert in hidden if found.typology in alert.typologies]
        again = update(alerts).where(alerts.c.alert_id.in_([alert_id for alert_id, _ in back]))
        self._db.execute(again.values(hidden_by=None))
        audit.add(self._db, now, self._user.name, "snooze.end", f"snooze {snooze_id}", detail={"back": len(back)})
        feed.tell(self._db, now, "open", back)

    def _undecided(self, vehicle: str, where: ColumnElement[bool]) -> list[Alert]:
        wanted = select(alerts.c.body).where(alerts.c.vehicle == vehicle, alerts.c.decided_ms.is_(None), where)
        return [Alert.model_validate_json(body) for body in self._db.execute(wanted).scalars()]

    def get(self, snooze_id: str) -> Snooze | None:
        """One of them."""
        row = self._db.execute(self._wanted().where(snoozes.c.snooze_id == snooze_id)).first()
        return None if row is None else Snooze._make(row)

    def _wanted(self) -> Select[Any]:
        hid = select(func.count()).where(alerts.c.hidden_by == snoozes.c.snooze_id).scalar_subquery()
        return select(*(snoozes.c[name] for name in Snooze._fields[:-1]), hid)

    def all(self, *, vehicle: str | None = None, active: bool = False, limit: int = 200) -> list[Snooze]:
        """Newest first; with `active` those that hide something now."""
        wanted = self._wanted().order_by(desc(snoozes.c.at_ms), snoozes.c.snooze_id).limit(limit)
        if vehicle is not None:
            wanted = wanted.where(snoozes.c.vehicle == vehicle)
        if active:
            wanted = wanted.where(snoozes.c.ended_ms.is_(None), snoozes.c.until_ms > self._now())
        return [Snooze._make(row) for row in self._db.execute(wanted)]

    def hidden(self, snooze_id: str, limit: int = 200) -> list[Alert]:
        """What one hid, newest first."""
        wanted = (
            select(alerts.c.body)
            .where(alerts.c.hidden_by == snooze_id)
            .order_by(desc(alerts.c.occurred_ms))
            .limit(limit)
        )
        return [Alert.model_validate_json(body) for body in self._db.execute(wanted).scalars()]
