"""What is known of one vehicle? Its crossings, who crosses beside it, its alerts and what was decided."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection, and_, desc, select

from console.history import DAY_MS
from console.tables import alerts, crossings, dispositions
from schemas.models import Alert

BESIDE_MS = 120_000  # as the typology `convoy` has it
BESIDE_DAYS = 3
LOOKED_AT = 60  # of the vehicle's last crossings, in search of companions
COMPANIONS = 6
HISTORY = 2_000  # crossings of one vehicle that are looked at, at most


class Crossing(NamedTuple):
    """One of a vehicle's crossings."""

    crossing_id: str
    occurred_ms: int
    local_ms: int  # the port's wall clock as if it were UTC
    port: str
    lane: str
    direction: str
    lane_type: str
    vehicle_class: str


class Companion(NamedTuple):
    """Another vehicle that crosses beside this one: at one port, in one direction, within two minutes."""

    vehicle: str
    days: int  # on which they did
    times: int


class Company(NamedTuple):
    """Who crosses beside a vehicle, and who of them beside each other."""

    looked_at: int  # crossings of the vehicle
    companions: list[Companion]  # most days first
    pairs: list[tuple[int, int]]  # of companions, by their places in the list, on as many days


class Found(NamedTuple):
    """An alert of a vehicle, and how it was decided."""

    alert: Alert
    outcome: str | None
    hidden: bool


def history(connection: Connection, vehicle: str, until_ms: int | None = None, limit: int = HISTORY) -> list[Crossing]:
    """A vehicle's last crossings that are kept, up to a moment, oldest first."""
    columns = [crossings.c[name] for name in Crossing._fields]
    wanted = select(*columns).where(crossings.c.vehicle == vehicle)
    if until_ms is not None:
        wanted = wanted.where(crossings.c.occurred_ms <= until_ms)
    newest = wanted.order_by(desc(crossings.c.occurred_ms), crossings.c.crossing_id).limit(limit)
    return [Crossing(*row) for row in connection.execute(newest)][::-1]


def company(connection: Connection, vehicle: str, until_ms: int | None = None) -> Company:
    """Who crossed beside a vehicle on `BESIDE_DAYS` days or more of its last crossings.

    What is near in time at a large port is often chance: the typologies `convoy` and `spotter` weigh that, this shows.
    """
    mine = history(connection, vehicle, until_ms, LOOKED_AT)
    met: dict[str, dict[int, int]] = {}  # who -> on which of those crossings -> day
    for place, one in enumerate(mine):
        near = and_(
            crossings.c.port == one.port,
            crossings.c.direction == one.direction,
            crossings.c.occurred_ms.between(one.occurred_ms - BESIDE_MS, one.occurred_ms + BESIDE_MS),
            crossings.c.vehicle != vehicle,
        )
        for other in connection.execute(select(crossings.c.vehicle).where(near).distinct()).scalars():
            met.setdefault(str(other), {})[place] = one.local_ms // DAY_MS
    often = [Companion(other, len(set(at.values())), len(at)) for other, at in met.items()]
    often = sorted((c for c in often if c.days >= BESIDE_DAYS), key=lambda c: (-c.days, -c.times, c.vehicle))[
        :COMPANIONS
    ]
    days = [set(met[c.vehicle].items()) for c in often]
    pairs = [
        (a, b)
        for a in range(len(often))
        for b in range(a + 1, len(often))
        if len({day for _, day in days[a] & days[b]}) >= BESIDE_DAYS
    ]
    return Company(len(mine), often, pairs)


def alerts_of(connection: Connection, vehicle: str, limit: int = 100) -> list[Found]:
    """A vehicle's alerts, newest first."""
    mine = select(alerts).where(alerts.c.vehicle == vehicle)
    rows = (
        connection.execute(mine.order_by(desc(alerts.c.occurred_ms), alerts.c.alert_id).limit(limit)).mappings().all()
    )
    outcomes = _outcomes(connection, [row["alert_id"] for row in rows])
    return [
        Found(Alert.model_validate_json(row["body"]), outcomes.get(row["alert_id"]), row["hidden_by"] is not None)
        for row in rows
    ]


def _outcomes(connection: Connection, some: Sequence[str]) -> dict[str, str]:
    stand = and_(dispositions.c.alert_id.in_(some), dispositions.c.undone_ms.is_(None))
    wanted = select(dispositions.c.alert_id, dispositions.c.outcome).where(stand).order_by(dispositions.c.at_ms)
    return {str(alert_id): str(outcome) for alert_id, outcome in connection.execute(wanted)}


def known(connection: Connection, vehicle: str) -> bool:
    """Whether anything is known of it."""
    tables = (crossings, alerts)
    return any(
        connection.execute(select(table.c.vehicle).where(table.c.vehicle == vehicle).limit(1)).first() is not None
        for table in tables
    )
