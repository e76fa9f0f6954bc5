"""Crossings that are made by hand: a vehicle that keeps its hours, and one that crosses beside it."""

from __future__ import annotations

from collections.abc import Iterator

from console.database import Database
from console.history import DAY_MS, HOUR_MS, Crossed, record
from tests.console.stored import START

MONDAY_MS = round(START.timestamp() * 1000) // DAY_MS * DAY_MS  # 2 November 2026
MINUTE_MS = 60_000
EAST_MS = -5 * HOUR_MS  # the port's wall clock against UTC


def crossed(
    vehicle: str, day: int, hour: float, *, port: str = "2504", direction: str = "inbound", lane: str = "01",
    confidence: float = 0.9,
) -> Crossed:  # fmt: skip
    """One at an hour of the port's wall clock, `day` days before that Monday."""
    local_ms = MONDAY_MS - day * DAY_MS + round(hour * HOUR_MS)
    at_ms = local_ms - EAST_MS
    return Crossed(
        vehicle, at_ms, f"{vehicle}-{at_ms}", local_ms, port, lane, direction, "general", "passenger", confidence
    )


def commuter(vehicle: str, days: int, *, shift_s: int = 0, every: int = 1) -> Iterator[Crossed]:
    """In at seven, out at five, on so many days."""
    for day in range(1, days + 1, every):
        yield crossed(vehicle, day, 7 + shift_s / 3600)
        yield crossed(vehicle, day, 17 + shift_s / 3600, direction="outbound")


def keep(database: Database, *some: Crossed) -> None:
    """Store crossings."""
    with database.begin() as connection:
        record(connection, some)
