"""How do open consoles hear of changes within a second? One reader of the feed, a bounded queue for each console.

Events are server-sent events whose ids are the feed's numbers: a browser that comes back says the last one it had, and
gets what came since. One whose queue is full, or that was away for longer than the feed goes back, is told to reload.
A comment goes out when nothing has for `HEARTBEAT_S`, so that proxies and browsers know that the line is open. A feed
whose session ended (logged out, disabled, too old) is told to reload and ends within `CHECK_S`.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import TypeVar

from anyio import CapacityLimiter, to_thread

from console import feed
from console.accounts import Accounts
from console.database import Database
from console.feed import Event
from schemas.errors import Unavailable

POLL_S = 0.25
CHECK_S = 2.0
HEARTBEAT_S = 15.0
THREADS = 2
WAITING = 2 * feed.MOST  # events of one console: more than one reading of the feed hands out, after a standstill too
RETRY_MS = 1_000
T = TypeVar("T")
RELOAD = b"event: reload\ndata: {}\n\n"


class Live:
    """Reads the feed while anybody listens. Everything here runs in one event loop."""

    def __init__(self, database: Database, now: Callable[[], int]) -> None:
        self._database, self._now = database, now
        self._listeners: dict[asyncio.Queue[Event | None], str | None] = {}  # with the token of its session
        self._reader: asyncio.Task[None] | None = None
        self._at = 0
        self._closing = asyncio.Event()
        self._threads = CapacityLimiter(THREADS)

    async def _apart(self, ask: Callable[..., T], *given: object) -> T:
        """In threads of the feed's own: it does not wait while pages use all others."""
        return await to_thread.run_sync(ask, *given, limiter=self._threads)

    @property
    def open(self) -> int:
        """How many listen now."""
        return len(self._listeners)

    async def newest(self) -> int:
        """The number of the newest event: to be taken before a page is read, and listened after."""
        return await self._apart(lambda: self._ends()[1])

    async def listen(self, port: str | None, last: int, token: str | None = None) -> AsyncIterator[bytes]:
        """The stream for one console, of one port or all, from after event `last`; it ends with `token`'s session."""
        queue: asyncio.Queue[Event | None] = asyncio.Queue(WAITING)
        yield f"retry: {RETRY_MS}\n\n".encode()
        self._listeners[queue] = token  # before `_since` reads, so that nothing falls between the two
        try:
            missed, at = await self._apart(self._since, last)
            self._start(at)
            if missed is None:
                yield RELOAD
                missed = []
            for event in missed:
                if port is None or event.port == port:
                    yield _line(event)
            while not self._closing.is_set():
                try:
                    event_or_end = await asyncio.wait_for(queue.get(), HEARTBEAT_S)
                except TimeoutError:
                    yield b": open\n\n"
                    continue
                if event_or_end is None:
                    yield RELOAD
                    return
                if event_or_end.seq > at and (port is None or event_or_end.port == port):
                    yield _line(event_or_end)
        finally:
            self._listeners.pop(queue, None)

    def _ends(self) -> tuple[int, int]:
        with self._database.read() as connection:
            return feed.ends(connection)

    def _since(self, last: int) -> tuple[list[Event] | None, int]:
        """What came after an event, None where it is too long ago; and the number of the newest."""
        with self._database.read() as connection:
            oldest, newest = feed.ends(connection)
            if not oldest <= last <= newest or newest - last > feed.MOST:
                return None, newest
            return feed.since(connection, last), newest

    def _start(self, at: int) -> None:
        if self._reader is None or self._reader.done():
            self._at = at
            self._reader = asyncio.create_task(self._read())

    async def _read(self) -> None:
        clock = asyncio.get_running_loop().time
        checked = clock()
        while self._listeners and not self._closing.is_set():
            with suppress(Unavailable):  # it may answer again
                for event in await self._apart(self._next):
                    self._at = event.seq
                    for queue in list(self._listeners):
                        self._hand(queue, event)
                if clock() - checked >= CHECK_S:
                    await self._check()
                    checked = clock()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._closing.wait(), POLL_S)

    def _next(self) -> list[Event]:
        with self._database.read() as connection:
            return feed.since(connection, self._at)

    async def _check(self) -> None:
        """End the feeds whose session has ended; one question for all."""
        listeners = [(queue, token) for queue, token in self._listeners.items() if token is not None]
        standing = await self._apart(self._standing, [token for _, token in listeners])
        for queue, token in listeners:
            if token not in standing:
                self._end(queue)

    def _standing(self, tokens: list[str]) -> set[str]:
        with self._database.read() as connection:
            return Accounts(connection, self._now).standing(tokens)

    def _hand(self, queue: asyncio.Queue[Event | None], event: Event) -> None:
        if queue.full():  # it does not read: it gets a fresh start instead of everything
            self._end(queue)
        else:
            queue.put_nowait(event)

    def _end(self, queue: asyncio.Queue[Event | None]) -> None:
        self._listeners.pop(queue, None)
        if queue.full():
            queue.get_nowait()
        queue.put_nowait(None)

    async def close(self) -> None:
        """End all streams; what is being read is read first."""
        self._closing.set()
        for queue in self._listeners:
            if not queue.full():
                queue.put_nowait(None)
        if self._reader is not None:
            await self._reader


def _line(event: Event) -> bytes:
    data = json.dumps({"kind": event.kind, "alert": event.alert_id, "port": event.port, "at_ms": event.at_ms})
    return f"id: {event.seq}\nevent: change\ndata: {data}\n\n".encode()
