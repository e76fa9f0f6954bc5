"""When does a reader of committed records have each alert and each crossing of the control sample?"""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from types import TracebackType
from typing import Any, NamedTuple, Self

from kafka import TopicPartition

from stream.kafka_clients import Connection

POLL_MS = 200


class Arrival(NamedTuple):
    """A record, and when this process had it, seconds since 1970."""

    at: float
    topic: str
    partition: int
    key: str
    value: bytes
    headers: dict[str, str]


class Arrivals:
    """Follows topics from their end on, in a thread, with isolation level read_committed as a console would."""

    def __init__(self, connection: Connection, topics: Mapping[str, int]) -> None:
        """`topics`: how many partitions each has."""
        self.came: list[Arrival] = []
        self.failed: BaseException | None = None
        self._stop = threading.Event()
        places = [TopicPartition(name, k) for name, count in topics.items() for k in range(count)]
        self._consumer = connection.consumer(committed=True)
        self._consumer.assign(places)
        for place, end in self._consumer.end_offsets(places).items():
            self._consumer.seek(place, end)
        self._thread = threading.Thread(target=self._run, name="arrivals", daemon=True)

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                found = self._consumer.poll(timeout_ms=POLL_MS)
                at = time.time()
                for place, records in found.items():
                    self.came += [_arrival(at, place, record) for record in records]
        except Exception as problem:  # noqa: BLE001 - whoever waits for arrivals looks at it
            self.failed = problem

    def since(self, place: int) -> list[Arrival]:
        """Those that came after the first `place`; RuntimeError when reading failed."""
        if self.failed is not None:
            raise RuntimeError(f"the reader of alerts failed: {self.failed!r}")
        return self.came[place:]

    def __enter__(self) -> Self:
        gc.collect()
        gc.freeze()  # the collector would stop this reader for what others keep in memory
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()
        gc.unfreeze()
        with suppress(Exception):
            self._consumer.close()


def _arrival(at: float, place: Any, record: Any) -> Arrival:
    headers = {name: value.decode() for name, value in record.headers}
    return Arrival(at, place.topic, place.partition, (record.key or b"").decode(), record.value or b"", headers)
