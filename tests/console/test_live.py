"""Does an open console hear of everything, at once, and again after it was away?"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from threading import Event

import anyio
import pytest
from sqlalchemy import Connection

from console import feed, live
from console.accounts import IDLE_MS, Accounts
from console.database import Database
from console.live import RELOAD, Live
from tests.console.stored import Clock, alert, fill, user

WITHIN_S = 10


async def take(stream: AsyncIterator[bytes], count: int) -> list[bytes]:
    """The next blocks that are no heartbeat."""
    blocks: list[bytes] = []
    with anyio.fail_after(WITHIN_S):
        while len(blocks) < count:
            block = await anext(stream)
            if not block.startswith((b":", b"retry")):
                blocks.append(block)
    return blocks


def alerts_of(blocks: list[bytes]) -> list[str]:
    """The alerts that events are about."""
    return [json.loads(block.split(b"data: ")[1])["alert"] for block in blocks]


def run(database: Database, clock: Clock, test: Callable[[Live], Awaitable[None]]) -> None:
    """In an event loop, with a feed that ends."""

    async def all_of_it() -> None:
        feed_of = Live(database, clock)
        try:
            await test(feed_of)
        finally:
            await feed_of.close()

    anyio.run(all_of_it)


def test_what_comes_is_heard_by_all_who_listen(database: Database, clock: Clock) -> None:
    """Of their port, in order, from now on."""
    fill(database, clock, [alert(1)])

    async def test(feed_of: Live) -> None:
        now = await feed_of.newest()
        everything, port = feed_of.listen(None, now), feed_of.listen("2604", now)
        assert [await anext(s) for s in (everything, port)] == [b"retry: 1000\n\n"] * 2
        async with anyio.create_task_group() as tasks:
            heard: dict[str, list[bytes]] = {}

            async def hear(name: str, stream: AsyncIterator[bytes], count: int) -> None:
                heard[name] = await take(stream, count)

            tasks.start_soon(hear, "everything", everything, 3)
            tasks.start_soon(hear, "port", port, 1)
            fill(database, clock, [alert(2), alert(3, port="2604")])
            fill(database, clock, [alert(4)])
        assert ["a-2", "a-3", "a-4"] == alerts_of(heard["everything"])
        assert ["a-3"] == alerts_of(heard["port"])

    run(database, clock, test)


def test_who_was_away_gets_what_came_since(database: Database, clock: Clock) -> None:
    """By the number of the last event."""
    fill(database, clock, [alert(1), alert(2)])

    async def test(feed_of: Live) -> None:
        (first,) = await take(feed_of.listen(None, 0), 1)
        assert first.startswith(b"id: 1\nevent: change\n")
        fill(database, clock, [alert(3)])
        assert ["a-2", "a-3"] == alerts_of(await take(feed_of.listen(None, 1), 2))

    run(database, clock, test)


def test_who_was_away_for_too_long_is_told_to_reload(database: Database, clock: Clock) -> None:
    """Or comes from another database."""
    fill(database, clock, [alert(k) for k in range(feed.MOST + 5)])

    async def test(feed_of: Live) -> None:
        assert [RELOAD] == await take(feed_of.listen(None, 1), 1)
        assert [RELOAD] == await take(feed_of.listen(None, 10**9), 1)

    run(database, clock, test)


def test_who_does_not_read_costs_no_memory(database: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its queue has an end; then it starts afresh, and the others hear on."""
    monkeypatch.setattr(live, "WAITING", 3)

    async def test(feed_of: Live) -> None:
        slow, quick = feed_of.listen(None, 0), feed_of.listen(None, 0)
        for stream in (slow, quick):
            await anext(stream)
        async with anyio.create_task_group() as tasks:
            got: list[bytes] = []

            async def hear() -> None:
                for _ in range(8):
                    got.extend(await take(quick, 1))

            async def begin() -> None:
                got_slow.extend(await take(slow, 1))

            got_slow: list[bytes] = []
            tasks.start_soon(begin)
            tasks.start_soon(hear)
            while len(feed_of._listeners) < 2:
                await anyio.lowlevel.checkpoint()
            for number in range(1, 9):
                fill(database, clock, [alert(number)])
                with anyio.fail_after(WITHIN_S):
                    while len(got) < number:
                        await anyio.lowlevel.checkpoint()
        assert [f"a-{number}" for number in range(1, 9)] == alerts_of(got)
        with anyio.fail_after(WITHIN_S):
            assert RELOAD in [block async for block in slow]

    run(database, clock, test)


def test_old_events_go(database: Database, clock: Clock) -> None:
    """After an hour, when new ones come."""
    fill(database, clock, [alert(1)])
    clock.ms += feed.KEPT_MS + 1
    fill(database, clock, [alert(k) for k in range(2, feed.MOST + 3)])
    with database.read() as connection:
        assert 1 == feed.ends(connection)[0]


def test_what_comes_while_one_begins_to_listen_is_heard(
    database: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the number to begin after and the first wait; by then all others have heard it."""
    ends, heard = feed.ends, Event()

    def ends_and_then_more(connection: Connection) -> tuple[int, int]:
        found = ends(connection)
        fill(database, clock, [alert(2)])
        assert heard.wait(WITHIN_S)
        return found

    async def test(feed_of: Live) -> None:
        first, second = feed_of.listen(None, 0), feed_of.listen(None, 1)
        async with anyio.create_task_group() as tasks:

            async def hear() -> None:
                assert ["a-1"] == alerts_of(await take(first, 1))
                monkeypatch.setattr(feed, "ends", ends_and_then_more)
                tasks.start_soon(hear_late)
                assert ["a-2"] == alerts_of(await take(first, 1))
                heard.set()

            async def hear_late() -> None:
                assert ["a-2"] == alerts_of(await take(second, 1))

            tasks.start_soon(hear)
            fill(database, clock, [alert(1)])

    run(database, clock, test)


@pytest.mark.parametrize("how", ["logged out", "disabled", "idle"])
def test_a_feed_ends_with_its_session(
    how: str, database: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Told to reload, which leads to the login; that of somebody else stays."""
    monkeypatch.setattr(live, "CHECK_S", 0)
    tokens = {}
    for name in ("ana", "ben"):
        made = user(database, clock, name)
        with database.begin() as connection:
            tokens[name] = Accounts(connection, clock).log_in(made, "127.0.0.1")

    def end() -> None:
        with database.begin() as connection:
            accounts = Accounts(connection, clock)
            if how == "logged out":
                accounts.log_out(tokens["ana"])
            elif how == "disabled":
                accounts.disable("ana", by="adm")
            else:
                clock.ms += IDLE_MS // 2
                accounts.renew(tokens["ben"])
                clock.ms += IDLE_MS // 2 + 1

    async def test(feed_of: Live) -> None:
        hers, his = (feed_of.listen(None, 0, tokens[name]) for name in ("ana", "ben"))
        async with anyio.create_task_group() as tasks:

            async def hear() -> None:
                assert ["a-1"] == alerts_of(await take(his, 1))

            tasks.start_soon(hear)
            await anext(hers)
            end()
            with anyio.fail_after(WITHIN_S):
                assert [RELOAD] == [block async for block in hers]
            fill(database, clock, [alert(1)])

    run(database, clock, test)
