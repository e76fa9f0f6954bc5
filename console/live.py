"""How do open consoles hear of changes within a second? One reader of the feed, a bounded queue for each console.

Events are server-sent events whose ids are the feed's numbers: a browser that comes back says the last one it had, and
gets what came since. One whose queue is full, or that was away for longer than the feed goes back, is told to reload.
A comment goes out when nothing has for `HEARTBEAT_S`, so that proxies and browsers know that the line is open.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress

from starlette.concurrency import run_in_threadpool

from console import feed
from console.database import Database
from console.feed import Event
from schemas.errors import Unavailable

POLL_S = 0.25
HEARTBEAT_S = 15.0
WAITING = 500  # events of one console
RETRY_MS = 1_000
RELOAD = b"event: reload\ndata: {}\n\n"


class Live:
    """Reads the feed while anybody listens. Everything here runs in one event loop."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._listeners: set[asyncio.Queue[Event | None]] = set()
        self._reader: asyncio.Task[None] | None = None
        self._at = 0
        self._closing = asyncio.Event()

    async def listen(self, port: str | None, last: int | None) -> AsyncIterator[bytes]:
        """The stream for one console, of one port or all, from after event `last` or from now on."""
        queue: asyncio.Queue[Event | None] = asyncio.Queue(WAITING)
        yield f"retry: {RETRY_MS}\n\n".encode()
        missed, at = await run_in_threadpool(self._since, last)
        if missed is None:
            yield RELOAD
            missed = []
        self._listeners.add(queue)
        self._start(at)
        try:
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
            self._listeners.discard(queue)

    def _since(self, last: int | None) -> tuple[list[Event] | None, int]:
        """What came after an event, None where it is too long ago; and the number of the newest."""
        with self._database.read() as connection:
            oldest, newest = feed.ends(connection)
            if last is None:
                return [], newest
            if not oldest <= last <= newest or newest - last > feed.MOST:
                return None, newest
            return feed.since(connection, last), newest

    def _start(self, at: int) -> None:
        if self._reader is None or self._reader.done():
            self._at = at
            self._reader = asyncio.create_task(self._read())

    async def _read(self) -> None:
        while self._listeners and not self._closing.is_set():
            try:
                events = await run_in_threadpool(self._next)
            except Unavailable:  # it may answer again
                events = []
            for event in events:
                self._at = event.seq
                for queue in list(self._listeners):
                    self._hand(queue, event)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._closing.wait(), POLL_S)

    def _next(self) -> list[Event]:
        with self._database.read() as connection:
            return feed.since(connection, self._at)

    def _hand(self, queue: asyncio.Queue[Event | None], event: Event) -> None:
        if queue.full():  # it does not read: it gets a fresh start instead of everything
            self._listeners.discard(queue)
            queue.get_nowait()
            queue.put_nowait(None)
        else:
            queue.put_nowait(event)

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
