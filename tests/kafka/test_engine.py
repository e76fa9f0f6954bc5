"""Does the engine bring every record, in order, whatever is paused, resumed and handed over meanwhile?"""

from __future__ import annotations

import asyncio
import itertools
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import pytest

from stream.faust_engine import Engine, Reach
from stream.kafka_clients import Connection

pytestmark = [pytest.mark.xdist_group("kafka"), pytest.mark.slow]

PARTITIONS, EACH = 4, 30_000
AT_ONCE = 100  # records of each partition
PATIENCE_S, SESSION_S, POLL_S = 60, 6, 0.01


class Reader:
    """What an engine drives: notes what came, and in which order. `kept` stands for everybody's checkpoints."""

    def __init__(self, kept: dict[int, int]) -> None:
        self.kept, self.next = kept, dict[int, int]()
        self.gaps: list[tuple[int, int, int]] = []  # partition, offset that was expected, offset that came
        self.resting = True
        self.asked = 0  # to take over
        self.flowed: list[bool] = []  # whether records could come in meanwhile
        self.is_flowing: Callable[[], bool] = lambda: False
        self.batches = itertools.count(1)
        self.dropped: set[int] = set()  # batches that go nowhere
        self.may_take_over = threading.Event()
        self.may_take_over.set()

    def take(self, _: str, partition: int, records: list[Any]) -> None:
        """Records follow those before, or were read before."""
        if next(self.batches) in self.dropped:
            return
        for record in records:
            if record.offset > self.next[partition]:
                self.gaps.append((partition, self.next[partition], record.offset))
            self.next[partition] = max(self.next[partition], record.offset + 1)

    def position(self, _: str, partition: int) -> int | None:
        """After the last."""
        return None if self.resting else self.next.get(partition)

    def give_up(self) -> None:
        """Everything is kept."""
        self.resting = True
        self.kept.update(self.next)

    def rest(self) -> None:
        """Nothing is watched."""

    def take_over(self, partitions: Mapping[str, set[int]]) -> None:
        """Go on from what was kept."""
        self.asked += 1
        self.flowed.append(self.is_flowing())
        assert self.may_take_over.wait(PATIENCE_S)
        (mine,) = partitions.values()
        self.next = {number: self.kept[number] for number in mine}
        self.resting = False


class Member:
    """An engine of the group, until `stop` or the first gap."""

    def __init__(self, connection: Connection, prefix: str, folder: Path, kept: dict[int, int]) -> None:
        self.reader, self.topic, self._stopped = Reader(kept), f"{prefix}.read", False
        reach = Reach(connection.bootstrap)
        self.engine = Engine(reach, prefix, [self.topic], self.reader, folder=folder, session_s=SESSION_S)

        self.reader.is_flowing = lambda: bool(cast("Any", self.engine.app.consumer).flow_active)

    async def run(self, turn: Callable[[], None] = lambda: None) -> None:
        """`turn` is called all the time."""

        async def pump() -> None:
            await asyncio.sleep(0.001)
            turn()

        await self.engine.run(pump, lambda: self._stopped or bool(self.reader.gaps))

    def stop(self) -> None:
        """Leave."""
        self._stopped = True

    @property
    def rebalances(self) -> int:
        """That have begun."""
        return self.engine.app.rebalancing_count


def test_nothing_is_lost_where_partitions_are_paused_and_resumed(
    connection: Connection, prefix: str, tmp_path: Path
) -> None:  # fmt: skip
    """Faust drops what it has fetched of a partition that was paused meanwhile; a worker pauses when it is behind."""
    member = Member(connection, prefix, tmp_path, dict.fromkeys(range(PARTITIONS), 0))
    reader, turns = member.reader, itertools.count()
    with topic(connection, member.topic) as send:
        for _ in range(EACH // AT_ONCE):
            send()

    def turn() -> None:
        if reader.next:
            member.engine.pause(member.topic, set(range(PARTITIONS)) if next(turns) % 2 else set())
        if min(reader.next.values(), default=0) == EACH:
            member.stop()

    asyncio.run(asyncio.wait_for(member.run(turn), PATIENCE_S))
    assert [] == reader.gaps
    assert dict.fromkeys(range(PARTITIONS), EACH) == reader.next


def test_what_goes_nowhere_is_brought_again(connection: Connection, prefix: str, tmp_path: Path) -> None:
    """Whatever is dropped between the fetch and the driver: what follows it is not handed over, and all is sought."""
    member = Member(connection, prefix, tmp_path, dict.fromkeys(range(PARTITIONS), 0))
    reader = member.reader
    reader.dropped = {2, 3, 5}
    with topic(connection, member.topic) as send:
        for _ in range(EACH // AT_ONCE):
            send()

    def turn() -> None:
        if min(reader.next.values(), default=0) == EACH:
            member.stop()

    asyncio.run(asyncio.wait_for(member.run(turn), PATIENCE_S))
    assert [] == reader.gaps
    assert next(reader.batches) > max(reader.dropped)


def test_nothing_is_lost_where_a_rebalance_begins_before_the_one_before_has_ended(
    connection: Connection, prefix: str, tmp_path: Path
) -> None:  # fmt: skip
    """Two join, the second while the first member is still taking over.

    Faust then resumes for the first rebalance in the middle of the second, and what it brings goes nowhere.
    """
    kept = dict.fromkeys(range(PARTITIONS), 0)
    members = first, second, third = [Member(connection, prefix, tmp_path, kept) for _ in range(3)]
    readers = [member.reader for member in members]

    async def run(send: Callable[[], None]) -> None:
        async def until(condition: Callable[[], object]) -> None:
            while not condition() and not any(reader.gaps for reader in readers):
                send()
                await asyncio.sleep(POLL_S)

        running = [asyncio.create_task(first.run())]
        await until(lambda: len(first.reader.next) == PARTITIONS)
        first.reader.may_take_over.clear()
        running.append(asyncio.create_task(second.run()))
        await until(lambda: first.reader.asked == 2)
        running.append(asyncio.create_task(third.run()))
        await until(lambda: first.rebalances == 3)
        first.reader.may_take_over.set()
        await until(lambda: first.reader.asked == 3 and all(reader.next and not reader.resting for reader in readers))
        there = [dict(reader.next) for reader in readers]
        further = lambda r, before: all(r.next[n] > at + AT_ONCE for n, at in before.items())  # noqa: E731
        await until(lambda: all(map(further, readers, there)))
        for member in members:
            member.stop()
        await asyncio.gather(*running)

    with topic(connection, first.topic) as send:
        asyncio.run(asyncio.wait_for(run(send), PATIENCE_S))
    assert [[], [], []] == [reader.gaps for reader in readers]
    assert [False, False] == first.reader.flowed[1:]


@contextmanager
def topic(connection: Connection, name: str) -> Iterator[Callable[[], None]]:
    """A topic; what it gives sends small records to each partition."""
    admin, producer = connection.admin(), connection.producer()

    def send() -> None:
        for number in range(AT_ONCE * PARTITIONS):
            producer.send(name, b"%d" % number * 20, partition=number % PARTITIONS)

    try:
        admin.create_topics({name: {"num_partitions": PARTITIONS, "replication_factor": 1}})
        admin.wait_for_topics([name])
        yield send
        producer.flush()
    finally:
        producer.close()
        admin.close()
