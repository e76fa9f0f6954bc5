"""How does the work in the console stand, in numbers? Read from the database when somebody asks.

A decision counts once it can no longer be taken back, so that no count ever falls.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, case, func, select

from console.queue import UNDO_MS, WAITS
from console.tables import alerts, dispositions, snoozes


class Figures(NamedTuple):
    """Of one moment."""

    decided: dict[str, int]  # outcome -> decisions
    took: list[int]  # decisions that took up to so many seconds but not the one before; the last: longer
    took_s: float  # seconds of all of them
    waiting: dict[str, int]  # port -> alerts that wait
    oldest_s: float  # of those, since it came; 0 for none
    snoozes: int
    hidden: int  # undecided alerts that snoozes hide
    unsent: int  # decisions of which the pipeline has yet to be told


def figures(connection: Connection, now_ms: int, bounds_s: Sequence[float]) -> Figures:
    """The numbers at `now_ms`; `bounds_s` are the rising bounds of `took`."""
    stands = and_(dispositions.c.undone_ms.is_(None), dispositions.c.at_ms < now_ms - UNDO_MS)
    took, took_s = _took(connection, stands, bounds_s)
    outcomes = select(dispositions.c.outcome, func.count()).where(stands).group_by(dispositions.c.outcome)
    waits = select(alerts.c.port, func.count()).where(WAITS).group_by(alerts.c.port)
    oldest = connection.execute(select(func.min(alerts.c.issued_ms)).where(WAITS)).scalar()
    active = and_(snoozes.c.until_ms > now_ms, snoozes.c.ended_ms.is_(None))
    hidden = and_(alerts.c.decided_ms.is_(None), alerts.c.hidden_by.is_not(None))
    return Figures(
        decided={str(outcome): int(n) for outcome, n in connection.execute(outcomes)},
        took=took,
        took_s=took_s,
        waiting={str(port): int(n) for port, n in connection.execute(waits)},
        oldest_s=0.0 if oldest is None else (now_ms - int(oldest)) / 1000,
        snoozes=_count(connection, active),
        hidden=_count(connection, hidden),
        unsent=_count(connection, and_(dispositions.c.sent_ms.is_(None), dispositions.c.undone_ms.is_(None))),
    )


def _took(connection: Connection, stands: ColumnElement[bool], bounds_s: Sequence[float]) -> tuple[list[int], float]:
    """From an alert's arrival to its decision: how many up to each bound, and seconds in all."""
    ms = dispositions.c.at_ms - alerts.c.issued_ms
    place = case(*((ms <= round(1000 * bound), k) for k, bound in enumerate(bounds_s)), else_=len(bounds_s))
    both = dispositions.join(alerts, dispositions.c.alert_id == alerts.c.alert_id)
    wanted = select(place.label("place"), func.count(), func.sum(ms)).select_from(both).where(stands).group_by("place")
    took, total = [0] * (len(bounds_s) + 1), 0.0
    for k, count, sum_ms in connection.execute(wanted):
        took[int(k)] = int(count)
        total += int(sum_ms) / 1000
    return took, total


def _count(connection: Connection, where: ColumnElement[bool]) -> int:
    return int(connection.execute(select(func.count()).where(where)).scalar_one())
