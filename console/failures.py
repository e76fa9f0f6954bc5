"""How long must somebody wait who failed to log in? Longer after each failure, by name and by address."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlalchemy import Connection, delete, insert, select, update

from console.tables import failures

TRIES, PAUSE_MS, LONGEST_PAUSE_MS = 5, 1_000, 900_000


class Failures:
    """On a connection of the caller's transaction; `now` is ms since 1970."""

    def __init__(self, connection: Connection, now: Callable[[], int]) -> None:
        self._db, self._now = connection, now

    def wait_s(self, keys: Sequence[str]) -> int:
        """Seconds until one with any of these keys may try again, rounded up; 0 for at once."""
        return max(-(-self._wait_ms(key) // 1000) for key in keys)

    def note(self, keys: Sequence[str]) -> None:
        """One more failure of each."""
        for key in keys:
            self._note(key)

    def forget(self, keys: Sequence[str]) -> None:
        """They did not fail this time."""
        self._db.execute(delete(failures).where(failures.c.key.in_(keys)))

    def _wait_ms(self, key: str) -> int:
        row = self._db.execute(select(failures).where(failures.c.key == key)).mappings().first()
        if row is None or row["count"] < TRIES:
            return 0
        pause = min(LONGEST_PAUSE_MS, PAUSE_MS << min(20, int(row["count"]) - TRIES))
        return max(0, int(row["since_ms"]) + pause - self._now())

    def _note(self, key: str) -> None:
        row = self._db.execute(select(failures).where(failures.c.key == key)).mappings().first()
        if row is None:
            self._db.execute(insert(failures).values(key=key, count=1, since_ms=self._now()))
        else:
            fresh = self._now() - row["since_ms"] > 2 * LONGEST_PAUSE_MS
            count = 1 if fresh else row["count"] + 1
            self._db.execute(update(failures).where(failures.c.key == key).values(count=count, since_ms=self._now()))


def of_name(name: str) -> str:
    """The key of a user name."""
    return f"name {name[:64]}"


def of_address(address: str) -> str:
    """The key of a network address."""
    return f"address {address[:64]}"
