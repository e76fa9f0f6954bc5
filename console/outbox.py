"""How does the pipeline learn what was decided? By a line each, in a file that it follows or in Kafka.

A decision goes out when it can no longer be taken back. Delivery: at least once; after a crash between that and the
database a line comes again, and the pipeline drops a repeated `disposition_id`.
"""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from console import queue
from console.database import Database
from console.queue import Decision
from schemas.errors import Unavailable
from schemas.models import Disposition


class Outbox:
    """Hands lines to `append`, which returns when they are safe; `now` is ms since 1970."""

    def __init__(self, database: Database, append: Callable[[Sequence[bytes]], None], now: Callable[[], int]) -> None:
        self._database, self._append, self._now = database, append, now

    def deliver(self) -> int:
        """Write what is due, and note that it was written; how many. Unavailable when that cannot be."""
        with self._database.read() as connection:
            some = queue.due(connection, self._now())
        if some:  # outside of a transaction: it may take long, and others must write meanwhile
            self._append([line(one) for one in some])
            with self._database.begin() as connection:
                queue.sent(connection, some, self._now())
        return len(some)


class DecisionFile:
    """A file that the pipeline follows, synced after each time."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __call__(self, lines: Sequence[bytes]) -> None:
        """Append lines. Unavailable when the disk is not."""
        data = b"".join(lines)
        try:
            with self._path.open("a+b") as file:
                if file.seek(0, os.SEEK_END):
                    file.seek(-1, os.SEEK_END)
                    if file.read(1) != b"\n":  # a crash cut the last line short: it comes again, on a line of its own
                        data = b"\n" + data
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
        except OSError as problem:
            raise Unavailable(f"{self._path} cannot be written ({problem.strerror})") from None


def line(decision: Decision) -> bytes:
    """The contract's disposition, with the reason's code before the note."""
    note = f"{decision.code}: {decision.note}" if decision.note else decision.code
    made = Disposition(
        disposition_id=decision.disposition_id,
        crossing_id=decision.crossing_id,
        alert_id=decision.alert_id,
        outcome=decision.outcome,
        selected_by="alert",
        by=decision.by,
        at=dt.datetime.fromtimestamp(decision.at_ms / 1000, dt.UTC),
        note=note,
    )
    return json.dumps(made.model_dump(mode="json"), separators=(",", ":"), ensure_ascii=False).encode() + b"\n"
