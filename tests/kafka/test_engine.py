"""Does the engine bring every record, in order, whatever is paused and resumed meanwhile?"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from stream.faust_engine import Engine, Reach
from stream.kafka_clients import Connection

pytestmark = [pytest.mark.xdist_group("kafka"), pytest.mark.slow]

PARTITIONS, EACH = 4, 30_000
PATIENCE_S = 60


class Reader:
    """What an engine drives: notes what came, and in which order."""

    def __init__(self) -> None:
        self.next = dict.fromkeys(range(PARTITIONS), 0)
        self.gaps: list[tuple[int, int, int]] = []  # partition, offset that was expected, offset that came
        self.here = False

    def take(self, _: str, partition: int, records: list[Any]) -> None:
        """Records follow those before."""
        for record in records:
            if record.offset != self.next[partition]:
                self.gaps.append((partition, self.next[partition], record.offset))
            self.next[partition] = record.offset + 1

    def position(self, _: str, partition: int) -> int:
        """After the last."""
        return self.next[partition]

    def give_up(self) -> None:
        """Nothing is kept."""

    def rest(self) -> None:
        """Nothing is watched."""

    def take_over(self, partitions: Mapping[str, set[int]]) -> None:
        """All of them."""
        self.here = any(partitions.values())


def test_nothing_is_lost_where_partitions_are_paused_and_resumed(
    connection: Connection, prefix: str, tmp_path: Path
) -> None:  # fmt: skip
    """Faust drops what it has fetched of a partition that was paused meanwhile; a worker pauses when it is behind."""
    topic = f"{prefix}.read"
    with_topic(connection, topic)
    reader = Reader()
    engine = Engine(Reach(connection.bootstrap), prefix, [topic], reader, folder=tmp_path, session_s=6)
    turns = itertools.count()

    async def pump() -> None:
        await asyncio.sleep(0.001)
        if reader.here:
            engine.pause(topic, set(range(PARTITIONS)) if next(turns) % 2 else set())

    async def run() -> None:
        ended = lambda: bool(reader.gaps) or min(reader.next.values()) == EACH  # noqa: E731
        await asyncio.wait_for(engine.run(pump, ended), PATIENCE_S)

    asyncio.run(run())
    assert [] == reader.gaps
    assert dict.fromkeys(range(PARTITIONS), EACH) == reader.next


def with_topic(connection: Connection, topic: str) -> None:
    """A topic full of small records."""
    admin, producer = connection.admin(), connection.producer()
    try:
        admin.create_topics({topic: {"num_partitions": PARTITIONS, "replication_factor": 1}})
        admin.wait_for_topics([topic])
        for number in range(EACH):
            for partition in range(PARTITIONS):
                producer.send(topic, b"%d" % number * 20, partition=partition)
        producer.flush()
    finally:
        producer.close()
        admin.close()
