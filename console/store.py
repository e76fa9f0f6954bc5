"""Where do alerts wait for an operator? A SQLite database; the one file that speaks SQL to it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from schemas.errors import ConfigError, Unavailable

if TYPE_CHECKING:
    from stream.pipeline import Decided

SCHEMA_VERSION = 1
SCHEMA = """
BEGIN;
CREATE TABLE schema_version (version INTEGER NOT NULL);
INSERT INTO schema_version VALUES (1);
CREATE TABLE alerts (
    alert_id TEXT PRIMARY KEY,
    crossing_id TEXT NOT NULL,
    occurred_at TEXT NOT NULL,
    port TEXT NOT NULL,
    severity TEXT NOT NULL,
    score REAL NOT NULL,
    body BLOB NOT NULL,
    issued_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX alerts_by_port ON alerts (port, occurred_at);
CREATE INDEX alerts_by_crossing ON alerts (crossing_id);
COMMIT;
"""
UPSERT = """
INSERT INTO alerts (alert_id, crossing_id, occurred_at, port, severity, score, body, issued_ms)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (alert_id) DO UPDATE SET
    crossing_id = excluded.crossing_id, occurred_at = excluded.occurred_at, port = excluded.port,
    severity = excluded.severity, score = excluded.score, body = excluded.body
"""


class AlertStore:
    """A sink of alerts. Delivery: exactly once: an alert that comes again after a crash replaces itself.

    `body` holds the alert's canonical JSON bytes; `issued_ms` when it was first stored (wall clock, ms since 1970),
    beside the alert and never in it. Every write is synced before it returns.
    """

    name = "store"

    def __init__(self, path: Path, *, clock: Callable[[], int]) -> None:
        """`clock` gives ms since 1970. ConfigError for another version's database, Unavailable for an unusable one."""
        self._path, self._clock = path, clock
        with self._trouble():
            self._db = sqlite3.connect(path, isolation_level=None)
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")
            self._db.execute("PRAGMA busy_timeout = 5000")
            self._prepare()

    def _prepare(self) -> None:
        made = self._db.execute("SELECT 1 FROM sqlite_schema WHERE name = 'schema_version'").fetchone()
        if made is None:
            self._db.executescript(SCHEMA)
        (version,) = self._db.execute("SELECT version FROM schema_version").fetchone()
        if version != SCHEMA_VERSION:
            self._db.close()
            raise ConfigError(
                f"{self._path} has schema version {version}, this program uses {SCHEMA_VERSION}. "
                "Use the program that wrote it, or name a new data folder."
            )

    @contextmanager
    def _trouble(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as problem:
            raise Unavailable(f"the alert database {self._path} cannot be used: {problem}.") from None

    def write(self, decided: Decided) -> None:
        """Store the alerts in one transaction."""
        if not decided.alerts:
            return
        now = self._clock()
        rows = [
            (a.alert_id, a.crossing_id, str(a.occurred_at), a.port, a.severity, a.score, a.to_json(), now)
            for a in decided.alerts
        ]
        with self._trouble():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                self._db.executemany(UPSERT, rows)
                self._db.execute("COMMIT")
            except sqlite3.Error:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    def bodies(self) -> list[bytes]:
        """The canonical JSON of every alert, in order of event time and id."""
        with self._trouble():
            rows = self._db.execute("SELECT body FROM alerts ORDER BY occurred_at, alert_id").fetchall()
        return [bytes(body) for (body,) in rows]

    def position(self) -> int:
        """Always 0: every write is already safe, and coming again changes nothing."""
        return 0

    def truncate(self, position: int) -> None:
        """Nothing to cut: what is written again replaces itself."""

    def finish(self) -> None:
        """Nothing waits."""

    def close(self) -> None:
        """Close the database."""
        self._db.close()
