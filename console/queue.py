"""What waits for an operator, who looks at it, and what was decided? The queue of alerts.

Highest first: by priority where something was learnt, then by score. Whoever opens an alert holds it for `HOLD_MS`, so
that two never work on the same; looking again holds it longer, deciding or leaving lets go. A decision can be taken
back for `UNDO_MS`; after that the pipeline is told of it (`due`). Every step is in the audit.
"""

from __future__ import annotations

import functools
import secrets
from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple, cast

from sqlalchemy import ColumnElement, Connection, Select, and_, case, desc, func, insert, or_, select, update

from console import audit, feed
from console.accounts import User
from console.tables import alerts, controls, dispositions, users
from schemas.models import Alert

Outcome = Literal["cleared", "referred_nothing", "seizure", "other_violation", "possible_victim", "not_examined"]
MAY_LOOK = ("operator", "supervisor", "analyst", "auditor", "admin")
MAY_DECIDE = ("operator", "supervisor")
WAITS = and_(alerts.c.decided_ms.is_(None), alerts.c.hidden_by.is_(None))
# the order of the queue: what it goes by, and whether the largest is first
ORDER = (
    (func.coalesce(alerts.c.priority, -1.0), True), (alerts.c.score, True), (alerts.c.occurred_ms, False),
    (alerts.c.alert_id, False),
)  # fmt: skip
FIRST = tuple(desc(key) if down else key for key, down in ORDER)
HOUR_MS = 3_600_000
HOLD_MS = 120_000
UNDO_MS = 30_000
PAGE = 100
PARSED = 500  # alerts kept for the next page, some 10 kB each
# outcome -> the reasons that may be given for it
CODES: dict[str, tuple[str, ...]] = {
    "cleared": ("known_traveller", "documents_plausible", "purpose_plausible", "other"),
    "referred_nothing": ("searched_nothing_found", "questioned_nothing_found", "other"),
    "seizure": ("narcotics", "currency", "weapons", "goods", "other"),
    "other_violation": ("documents", "customs_declaration", "vehicle", "immigration", "other"),
    "possible_victim": ("trafficking_signs", "asked_for_help", "other"),
    "not_examined": ("no_staff", "vehicle_gone", "other"),
}
NOTE_CHARACTERS = 1_000


class Line(NamedTuple):
    """An alert as a line of the queue."""

    alert: Alert
    held_by: str | None  # a user's name, while it is held
    assigned_to: str | None
    hidden_by: str | None  # a snooze


class Decision(NamedTuple):
    """What somebody decided."""

    disposition_id: str
    alert_id: str
    crossing_id: str
    outcome: Outcome
    code: str
    note: str
    by: str
    at_ms: int


class ConflictError(Exception):
    """Somebody else was faster, or time is up; the text may be shown."""


class Queue:
    """As one user sees it, on a connection of the caller's transaction."""

    def __init__(self, connection: Connection, user: User, now: Callable[[], int]) -> None:
        self._db, self._user, self._now = connection, user, now

    # -- looking ----------------------------------------------------------------------------------------------------

    def waiting(self, port: str | None = None, limit: int = PAGE) -> list[Line]:
        """Alerts without a decision, highest first."""
        first = self._open(port).limit(limit).subquery()  # ids alone: sorting all bodies would cost memory
        rows = select(alerts).join(first, first.c.alert_id == alerts.c.alert_id).order_by(*FIRST)
        return [self._line(row) for row in self._db.execute(rows).mappings()]

    def count(self, port: str | None = None) -> int:
        """How many wait."""
        wanted = select(func.count()).select_from(alerts).where(WAITS)
        return int(self._db.execute(wanted if port is None else wanted.where(alerts.c.port == port)).scalar_one())

    def ports(self) -> list[tuple[str, int]]:
        """Ports with alerts, and how many wait at each."""
        waits = func.sum(case((WAITS, 1), else_=0))
        wanted = select(alerts.c.port, waits).group_by(alerts.c.port).order_by(alerts.c.port)
        return [(str(port), int(count)) for port, count in self._db.execute(wanted)]

    def around(self, alert_id: str, port: str | None = None) -> tuple[str | None, str | None]:
        """The alerts before and after one among the first that wait; None at an end, or where it does not wait."""
        ids = [str(a) for a in self._db.execute(self._open(port).limit(PAGE)).scalars()]
        place = ids.index(alert_id) if alert_id in ids else len(ids)
        return (ids[place - 1] if 0 < place < len(ids) else None), (ids[place + 1] if place + 1 < len(ids) else None)

    def hidden(self, port: str | None = None) -> int:
        """How many snoozes keep out of the queue."""
        wanted = select(func.count()).select_from(alerts)
        wanted = wanted.where(alerts.c.decided_ms.is_(None), alerts.c.hidden_by.is_not(None))
        return int(self._db.execute(wanted if port is None else wanted.where(alerts.c.port == port)).scalar_one())

    def last_hour(self, border_ms: int, port: str | None = None) -> tuple[str, int] | None:
        """The port with most alerts in the hour before a moment at the border, and how many; None: there was none."""
        wanted = select(alerts.c.port, func.count()).where(
            alerts.c.occurred_ms > border_ms - HOUR_MS, alerts.c.occurred_ms <= border_ms
        )
        if port is not None:
            wanted = wanted.where(alerts.c.port == port)
        most = self._db.execute(wanted.group_by(alerts.c.port).order_by(desc(func.count()), alerts.c.port)).first()
        return None if most is None else (str(most[0]), int(most[1]))

    def _open(self, port: str | None) -> Select[str]:
        """The ids of those that wait, in their order."""
        wanted = select(alerts.c.alert_id).where(WAITS)
        if port is not None:
            wanted = wanted.where(alerts.c.port == port)
        return wanted.order_by(*FIRST)

    def _line(self, row: Any) -> Line:
        held = row["held_by"] if (row["held_until_ms"] or 0) > self._now() else None
        return Line(parsed(row["body"]), held, row["assigned_to"], row["hidden_by"])

    # -- working ----------------------------------------------------------------------------------------------------

    def next(self, port: str | None = None) -> str | None:
        """The id of the first alert that nobody else holds or was given."""
        mine = or_(alerts.c.assigned_to.is_(None), alerts.c.assigned_to == self._user.name)
        return self._db.execute(self._open(port).where(self._free(), mine).limit(1)).scalar()

    def open(self, alert_id: str, *, hold: bool) -> Line | None:
        """Look at an alert; with `hold` hold it, if it is free and undecided; None when there is none."""
        now, held = self._now(), 0
        if hold:
            taken = update(alerts).where(alerts.c.alert_id == alert_id, alerts.c.decided_ms.is_(None), self._free())
            still = and_(alerts.c.held_by == self._user.name, alerts.c.held_until_ms > now)
            since = case((still, func.coalesce(alerts.c.held_since_ms, now)), else_=now)  # looking again is no new look
            hold_it = {"held_by": self._user.name, "held_since_ms": since, "held_until_ms": now + HOLD_MS}
            held = self._db.execute(taken.values(hold_it)).rowcount
        row = self._db.execute(select(alerts).where(alerts.c.alert_id == alert_id)).mappings().first()
        if row is None:
            return None
        audit.add(self._db, now, self._user.name, "alert.view", f"alert {alert_id}", detail={"held": bool(held)})
        if held:
            feed.tell(self._db, now, "held", [(alert_id, row["port"])])
        return self._line(row)

    def leave(self, alert_id: str) -> None:
        """Let go of an alert."""
        mine = and_(alerts.c.alert_id == alert_id, alerts.c.held_by == self._user.name)
        port = self._db.execute(select(alerts.c.port).where(mine, alerts.c.decided_ms.is_(None))).scalar()
        if port is not None:
            self._db.execute(update(alerts).where(mine).values(held_by=None, held_until_ms=None))
            feed.tell(self._db, self._now(), "open", [(alert_id, port)])

    def assign(self, alert_id: str, to: str | None) -> None:
        """Give an alert to a user, or to nobody in particular. ConflictError for who cannot decide."""
        if to is not None and to not in staff(self._db):
            raise ConflictError(f"There is no operator or supervisor {to!r}.")
        waits = and_(alerts.c.alert_id == alert_id, alerts.c.decided_ms.is_(None))
        given = update(alerts).where(waits).values(assigned_to=to, held_by=None, held_until_ms=None)
        port = self._db.execute(given.returning(alerts.c.port)).scalar()
        if port is None:
            raise ConflictError("It is decided already, or there is no such alert.")
        audit.add(self._db, self._now(), self._user.name, "alert.assign", f"alert {alert_id}", detail={"to": to})
        feed.tell(self._db, self._now(), "assigned", [(alert_id, port)])

    def decide(self, alert_id: str, outcome: str, code: str, note: str = "") -> Decision:
        """Decide an alert that this user holds. ConflictError when it is held by somebody else or decided already."""
        if code not in CODES.get(outcome, ()):
            raise ConflictError(f"The outcome {outcome!r} has no reason {code!r}.")
        if len(note) > NOTE_CHARACTERS:
            raise ConflictError(f"A note has {NOTE_CHARACTERS} characters at most; this has {len(note)}.")
        now = self._now()
        row = self._db.execute(select(alerts).where(alerts.c.alert_id == alert_id)).mappings().first()
        if row is None:
            raise ConflictError("There is no such alert.")
        mine = row["held_by"] == self._user.name
        decided = update(alerts).where(
            alerts.c.alert_id == alert_id, alerts.c.decided_ms.is_(None), alerts.c.held_by == self._user.name
        )
        if not self._db.execute(decided.values(decided_ms=now, held_until_ms=None)).rowcount:
            raise ConflictError(
                "It is decided already." if row["decided_ms"] or mine else "Open the alert before you decide it."
            )
        seen = row["held_since_ms"] or now
        made = Decision(
            f"d-{secrets.token_hex(12)}", alert_id, row["crossing_id"], cast("Outcome", outcome), code, note,
            self._user.pseudonym, now,
        )  # fmt: skip
        self._db.execute(
            insert(dispositions).values(made._asdict() | {"selected_by": "alert", "seen_ms": min(int(seen), now)})
        )
        told = {"disposition": made.disposition_id, "outcome": outcome, "code": code}
        audit.add(self._db, now, self._user.name, "alert.decide", f"alert {alert_id}", why=note, detail=told)
        feed.tell(self._db, now, "decided", [(alert_id, row["port"])])
        return made

    def undo(self, disposition_id: str) -> str:
        """Take one's own decision back, within `UNDO_MS`; the alert's id, which is open again and held."""
        now = self._now()
        mine = and_(
            dispositions.c.disposition_id == disposition_id,
            dispositions.c.by == self._user.pseudonym,
            dispositions.c.undone_ms.is_(None),
            dispositions.c.sent_ms.is_(None),
            dispositions.c.at_ms >= now - UNDO_MS,
        )
        if not self._db.execute(update(dispositions).where(mine).values(undone_ms=now)).rowcount:
            raise ConflictError(f"Only your own decision can be taken back, for {UNDO_MS // 1000} s.")
        of = dispositions.c.disposition_id == disposition_id
        alert_id = str(self._db.execute(select(dispositions.c.alert_id).where(of)).scalar_one())
        again = update(alerts).where(alerts.c.alert_id == alert_id)
        self._db.execute(
            again.values(decided_ms=None, held_by=self._user.name, held_since_ms=now, held_until_ms=now + HOLD_MS)
        )
        port = self._db.execute(select(alerts.c.port).where(alerts.c.alert_id == alert_id)).scalar_one()
        audit.add(
            self._db, now, self._user.name, "alert.undo", f"alert {alert_id}", detail={"disposition": disposition_id}
        )
        feed.tell(self._db, now, "undone", [(alert_id, port)])
        return alert_id

    def _free(self) -> ColumnElement[bool]:
        """Alerts that nobody else holds."""
        over = alerts.c.held_until_ms <= self._now()
        return or_(
            alerts.c.held_by.is_(None), alerts.c.held_by == self._user.name, over, alerts.c.held_until_ms.is_(None)
        )


@functools.lru_cache(maxsize=PARSED)
def parsed(body: bytes) -> Alert:
    """An alert from its canonical JSON; open consoles ask for the same ones again and again."""
    return Alert.model_validate_json(body)


def staff(connection: Connection) -> list[str]:
    """Who may decide."""
    may = users.c.role.in_(MAY_DECIDE), users.c.disabled_ms.is_(None)
    return [str(name) for name in connection.execute(select(users.c.name).where(*may).order_by(users.c.name)).scalars()]


def drawn(connection: Connection, crossing_id: str) -> bool:
    """Whether the random control sample drew it: to be shown of what is decided only."""
    return connection.execute(select(controls).where(controls.c.crossing_id == crossing_id)).first() is not None


def history(connection: Connection, alert_id: str) -> list[Decision]:
    """The decisions on an alert that stand, oldest first."""
    stand = and_(dispositions.c.alert_id == alert_id, dispositions.c.undone_ms.is_(None))
    return _decisions(connection, stand)


def due(connection: Connection, now_ms: int) -> list[Decision]:
    """Decisions that can no longer be taken back and of which the pipeline was not told."""
    ripe = and_(
        dispositions.c.sent_ms.is_(None), dispositions.c.undone_ms.is_(None), dispositions.c.at_ms < now_ms - UNDO_MS
    )
    return _decisions(connection, ripe)


def sent(connection: Connection, some: Sequence[Decision], now_ms: int) -> None:
    """The pipeline was told of these."""
    ids = [one.disposition_id for one in some]
    connection.execute(update(dispositions).where(dispositions.c.disposition_id.in_(ids)).values(sent_ms=now_ms))


def _decisions(connection: Connection, where: ColumnElement[bool]) -> list[Decision]:
    columns = [dispositions.c[name] for name in Decision._fields]
    wanted = select(*columns).where(where).order_by(dispositions.c.at_ms, dispositions.c.disposition_id)
    return [Decision(*row) for row in connection.execute(wanted)]
