"""What do the console's tests share? A database with alerts that were made by hand, a clock that stands, users."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Callable, Sequence

from argon2 import PasswordHasher
from sqlalchemy import delete, update

from console.accounts import Accounts, User
from console.database import Database
from console.store import put
from console.tables import invitations, users
from schemas.models import Alert, Reason

DIGEST = "sha256:" + "0" * 64
START = dt.datetime(2026, 11, 2, 8, 0, tzinfo=dt.UTC)
PASSWORD = "a long sentence is good"  # noqa: S105 (the tests' own)


class Clock:
    """Ms since 1970 that the test sets."""

    def __init__(self) -> None:
        self.ms = round(START.timestamp() * 1000)

    def __call__(self) -> int:
        """Now."""
        return self.ms

    def pass_s(self, seconds: float) -> None:
        """Time goes by."""
        self.ms += round(1000 * seconds)


def alert(
    number: int, *, score: float = 4.0, port: str = "2504", severity: str = "high", priority: float | None = None
) -> Alert:  # fmt: skip
    """One with two reasons."""
    reasons = [
        Reason(
            detector="turnaround@1", typology="quick_turnaround", p_value=2e-5, share=0.75, observed=38, unit="min",
            usual=[420, 660], seen=57, sentence=f"Back after 38 min, vehicle {number}; usually 7 to 11 h.",
        ),
        Reason(detector="new_port@1", typology="new_port", p_value=1e-3, share=0.25, sentence="Never seen here."),
    ]  # fmt: skip
    return Alert.model_validate(
        {
            "schema": "alert/1", "alert_id": f"a-{number}", "crossing_id": f"c-{number}",
            "occurred_at": START + dt.timedelta(seconds=number), "vehicle": f"{number:032x}", "port": port,
            "lane": "12", "direction": "inbound", "p_value": 10**-score, "score": score, "severity": severity,
            "typologies": ["quick_turnaround", "new_port"], "reasons": reasons, "not_evaluated": ["driver_churn"],
            "threshold": 3.5, "config": DIGEST, "detectors": DIGEST, "priority": priority,
        }
    )  # fmt: skip


def fill(database: Database, clock: Callable[[], int], some: Sequence[Alert]) -> None:
    """Store alerts."""
    with database.begin() as connection:
        put(connection, some, clock())


def user(database: Database, clock: Callable[[], int], name: str, role: str = "operator") -> User:
    """A user who has chosen the password; hashed once, since that is made to take long."""
    with database.begin() as connection:
        accounts = Accounts(connection, clock)
        accounts.add(name, role, by="test")
        connection.execute(update(users).where(users.c.name == name).values(password=_hashed()))
        connection.execute(delete(invitations).where(invitations.c.name == name))
        return next(one for one, _ in accounts.all() if one.name == name)


@functools.cache
def _hashed() -> str:
    """At the least cost: a hash says itself how long it takes, and hundreds of tests log in."""
    return PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
