"""What did vehicles do before, and how much traffic was there? Crossings by vehicle, and counts by reader and hour.

What an alert is looked at beside: nothing here is an input of a detector. A crossing that comes again, by its vehicle,
moment and id, changes nothing, so whoever writes may begin again anywhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from sqlalchemy import Connection, delete, func

from console.database import upsert
from console.tables import crossings, traffic
from schemas.batch import DIRECTIONS, LANE_TYPES, VEHICLE_CLASSES, CrossingBatch
from schemas.ports import Ports

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
TRAFFIC_DAYS = 70  # what is usual is told from eight weeks
PUT = 500  # rows of one statement


class Crossed(NamedTuple):
    """One crossing, as it is kept."""

    vehicle: str
    occurred_ms: int
    crossing_id: str
    local_ms: int  # the port's wall clock as if it were UTC
    port: str
    lane: str
    direction: str
    lane_type: str
    vehicle_class: str
    confidence: float  # kept in the sums of an hour only


def of_batch(batch: CrossingBatch, ports: Ports) -> list[Crossed]:
    """The crossings of a batch."""
    columns = zip(
        batch.vehicle.tolist(), batch.time_ms.tolist(), batch.crossing_id.tolist(), batch.local_ms.tolist(),
        batch.port.tolist(), batch.lane.tolist(), batch.direction.tolist(), batch.lane_type.tolist(),
        batch.vehicle_class.tolist(), batch.read_confidence.tolist(), strict=True,
    )  # fmt: skip
    return [
        Crossed(v, ms, c, local, ports.name_of(p), lane, DIRECTIONS[d], LANE_TYPES[t], VEHICLE_CLASSES[k], read)
        for v, ms, c, local, p, lane, d, t, k, read in columns
    ]


def record(connection: Connection, some: Iterable[Crossed]) -> None:
    """Keep crossings, and count those that are new."""
    rest = iter(some)
    while part := list(islice(rest, PUT)):
        _record(connection, part)


def _record(connection: Connection, some: Sequence[Crossed]) -> None:
    rows = {(one.vehicle, one.occurred_ms, one.crossing_id): one for one in some}
    keys = (crossings.c.vehicle, crossings.c.occurred_ms, crossings.c.crossing_id)
    kept = [one._asdict() for one in rows.values()]
    for row in kept:
        del row["confidence"]
    fresh = connection.execute(upsert(connection, crossings).on_conflict_do_nothing().returning(*keys), kept)
    counts = list(_counts(rows[tuple(key)] for key in fresh))
    if counts:
        added = upsert(connection, traffic)
        new = added.excluded
        later = func.max if connection.dialect.name == "sqlite" else func.greatest
        changes = {
            "count": traffic.c.count + new.count,
            "confidence": traffic.c.confidence + new.confidence,
            "last_ms": later(traffic.c.last_ms, new.last_ms),
        }
        key = ["port", "hour_ms", "lane", "direction"]
        connection.execute(added.on_conflict_do_update(index_elements=key, set_=changes), counts)


def _counts(some: Iterable[Crossed]) -> Iterator[dict[str, object]]:
    """Rows of `traffic`."""
    found: dict[tuple[str, int, str, str], list[Crossed]] = {}
    for one in some:
        hour_ms = one.occurred_ms // HOUR_MS * HOUR_MS
        found.setdefault((one.port, hour_ms, one.lane, one.direction), []).append(one)
    for (port, hour_ms, lane, direction), those in found.items():
        yield {
            "port": port, "hour_ms": hour_ms, "lane": lane, "direction": direction,
            "local_ms": hour_ms + those[0].local_ms - those[0].occurred_ms, "count": len(those),
            "confidence": sum(one.confidence for one in those), "last_ms": max(one.occurred_ms for one in those),
        }  # fmt: skip


def forget(connection: Connection, now_ms: int, days: float) -> None:
    """Let go of crossings older than so many days, and of counts that no page shows."""
    connection.execute(delete(crossings).where(crossings.c.occurred_ms < now_ms - round(days * DAY_MS)))
    connection.execute(delete(traffic).where(traffic.c.hour_ms < now_ms - TRAFFIC_DAYS * DAY_MS))
