"""What crosses in the tests of the ports' pages? Traffic made by hand: so many at a port in an hour, on its clock."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterator

from console import history
from console.database import Database
from console.history import HOUR_MS, Crossed
from console.store import put_notices
from schemas.models import Notice
from schemas.zones import load_zone
from tests.console.stored import DIGEST

HOUR = dt.timedelta(hours=1)
WEEK = dt.timedelta(weeks=1)
NUMBERS = itertools.count()


def ms(moment: dt.datetime) -> int:
    """Since 1970."""
    return round(moment.timestamp() * 1000)


def crossed(
    hour: dt.datetime, count: int, *, port: str = "2504", lane: str = "1", direction: str = "inbound",
    zone: str = "America/Tijuana", confidence: float = 0.9,
) -> Iterator[Crossed]:  # fmt: skip
    """So many in the hour that begins then."""
    offset = hour.astimezone(load_zone(zone)).utcoffset() or dt.timedelta()
    for k in range(count):
        at_ms = ms(hour) + k * HOUR_MS // max(count, 1)
        number = f"v{next(NUMBERS)}"
        local_ms = at_ms + round(offset.total_seconds() * 1000)
        yield Crossed(
            number, at_ms, f"c-{number}", local_ms, port, lane, direction, "general", "passenger", confidence
        )  # fmt: skip


def record(database: Database, *some: Iterator[Crossed]) -> None:
    """Store it as the pipeline does."""
    with database.begin() as connection:
        history.record(connection, itertools.chain(*some))


def notice(
    number: int, at: dt.datetime, *, kind: str = "displacement", audience: str = "supervisor", port: str | None = "2504"
) -> Notice:  # fmt: skip
    """One."""
    return Notice.model_validate(
        {
            "schema": "notice/1", "notice_id": f"n-{number}", "occurred_at": at, "kind": kind, "audience": audience,
            "port": port, "sentence": f"Sentence {number} of {audience}.", "config": DIGEST,
        }
    )  # fmt: skip


def say(database: Database, *some: Notice) -> None:
    """Store notices."""
    with database.begin() as connection:
        put_notices(connection, some, 0)
