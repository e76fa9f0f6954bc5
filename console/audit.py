"""Who did what, when and why, and has anybody changed that since? An append-only list, chained by hashes.

Each entry's hash covers its own fields and the hash before it (SHA-256 over canonical JSON), so an entry that was
changed, taken out or put in between breaks the chain at that place; `verify` finds it. Who can write to the database
can write the whole chain anew: therefore the last hash is to be noted elsewhere now and then (`linewatch audit verify`
prints it, and takes an earlier one to look for).
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, desc, insert, select

from console.database import next_of
from console.tables import audit

BEGINNING = "0" * 64
COUNTER = "audit"
PAGE = 5_000
DAY_MS = 86_400_000
PROGRAM = "linewatch_program"  # an option of a connection: the id of the token that a program shows; entries name it


class Entry(NamedTuple):
    """One thing that somebody did."""

    seq: int
    at_ms: int
    user: str
    action: str
    subject: str  # what it was done to: an alert, a vehicle, a user, a search
    why: str
    detail: str  # JSON
    hash: str


class Wanted(NamedTuple):
    """Which entries; an empty field wants all."""

    user: str = ""
    action: str = ""  # how it begins: `alert.` is everything that was done to alerts
    subject: str = ""  # how it begins
    day: str = ""  # YYYY-MM-DD, in UTC

    def where(self) -> list[ColumnElement[bool]]:
        """What SQL is to look for. ValueError for what is no day."""
        found: list[ColumnElement[bool]] = []
        if self.user:
            found.append(audit.c.user == self.user)
        if self.action:
            found.append(audit.c.action.startswith(self.action, autoescape=True))
        if self.subject:
            found.append(audit.c.subject.startswith(self.subject, autoescape=True))
        if self.day:
            begin = dt.datetime.strptime(self.day, "%Y-%m-%d").replace(tzinfo=dt.UTC)
            from_ms = round(begin.timestamp() * 1_000)
            found.append(audit.c.at_ms.between(from_ms, from_ms + DAY_MS - 1))
        return found

    def said(self) -> dict[str, str]:
        """The fields that want something."""
        return {name: value for name, value in self._asdict().items() if value}


EVERYTHING = Wanted()


class Verified(NamedTuple):
    """What `verify` found."""

    entries: int
    last: str  # hash
    broken_at: int | None  # seq of the first entry that does not follow from those before; None: all do
    found: bool  # whether the hash that was looked for is there


def digest(before: str, entry: Entry) -> str:
    """The hash of an entry that follows the hash `before`."""
    fields = [before, entry.seq, entry.at_ms, entry.user, entry.action, entry.subject, entry.why, entry.detail]
    return hashlib.sha256(json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()).hexdigest()


def add(
    connection: Connection, at_ms: int, user: str, action: str, subject: str, *, why: str = "",
    detail: Mapping[str, Any] | None = None,
) -> Entry:  # fmt: skip
    """Append an entry in the caller's transaction: what is done and that it was done stand or fall together."""
    token = connection.get_execution_options().get(PROGRAM)
    detail = dict(detail or {}) | ({"token": token} if token else {})
    seq = next_of(connection, COUNTER)
    before = connection.execute(select(audit.c.hash).where(audit.c.seq == seq - 1)).scalar() or BEGINNING
    text = json.dumps(detail, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    entry = Entry(seq, at_ms, user, action, subject, why, text, "")
    entry = entry._replace(hash=digest(before, entry))
    connection.execute(insert(audit).values(entry._asdict()))
    return entry


def entries(connection: Connection, after: int = 0) -> Iterator[Entry]:
    """All entries after a number, in order."""
    while rows := following(connection, after):
        yield from rows
        after = rows[-1].seq


def following(
    connection: Connection, after: int, wanted: Wanted = EVERYTHING, upto: int | None = None
) -> list[Entry]:  # fmt: skip
    """The next `PAGE` entries after a number, in order, and up to another."""
    some = select(audit).where(audit.c.seq > after, *wanted.where()).order_by(audit.c.seq).limit(PAGE)
    if upto is not None:
        some = some.where(audit.c.seq <= upto)
    return [Entry(**row) for row in connection.execute(some).mappings()]


def newest(
    connection: Connection, count: int, *, before: int | None = None, wanted: Wanted = EVERYTHING
) -> list[Entry]:  # fmt: skip
    """The last entries, newest first."""
    some = select(audit).where(*wanted.where()).order_by(desc(audit.c.seq)).limit(count)
    if before is not None:
        some = some.where(audit.c.seq < before)
    return [Entry(**row) for row in connection.execute(some).mappings()]


def verify(connection: Connection, known: str | None = None) -> Verified:
    """Follow the chain from its beginning; `known` is a hash that was noted earlier and must be in it."""
    count, before, broken = 0, BEGINNING, None
    found = known in (None, BEGINNING)
    for entry in entries(connection):
        count += 1
        if broken is None and (entry.seq != count or entry.hash != digest(before, entry)):
            broken = entry.seq
        before = entry.hash
        found = found or entry.hash == known
    return Verified(count, before, broken, found)
