"""What does a partition of a topic hold now, from some offset to its end? And what comes after?

`read_all` is for what is read whole at a start: the codes of ports, the exchange, a checkpoint. `Tail` follows topics
of one partition from there on, in a thread.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from typing import Any

from kafka import TopicPartition, errors

from schemas.errors import Unavailable
from stream.kafka_clients import Connection

POLL_MS = 500
PATIENCE_S = 120.0  # how long the broker may be away in the middle


def read_all(
    connection: Connection, topic: str, partition: int = 0, *, start: int | None = None, committed: bool = False,
    strict: bool = True, now: Callable[[], float] = time.monotonic, patience_s: float = PATIENCE_S,
) -> Iterator[Any]:  # fmt: skip
    """The library's records (`offset`, `key`, `value`, `headers`, `timestamp`) up to what is the end at the call.

    Every record that is kept, in order, once; from `start`, or from the first that is kept. `committed`: only those of
    committed transactions. Unavailable when nothing comes for `patience_s`, or, if `strict`, when `start` is not kept.
    """
    place = TopicPartition(topic, partition)
    doing = f"reading {topic}"
    with connection.explained(doing), closing(connection.consumer(committed=committed)) as consumer:
        consumer.assign([place])
        first, end = consumer.beginning_offsets([place])[place], consumer.end_offsets([place])[place]
        if strict and start is not None and start < first:
            raise Unavailable(f"{doing}: it is kept from offset {first} on, {start} was asked for. Keep it for longer.")
        consumer.seek(place, first if start is None else max(start, first))
        heard = now()
        while consumer.position(place) < end:
            for records in consumer.poll(timeout_ms=POLL_MS).values():
                for record in records:
                    if record.offset < end:
                        yield record
                heard = now()
            if now() - heard > patience_s:
                raise Unavailable(f"{doing}: nothing came for {patience_s:.0f} s. Run it again.")


def start_of(connection: Connection, topic: str, partition: int) -> int:
    """The offset of the first record that is kept."""
    place = TopicPartition(topic, partition)
    with connection.explained(f"reading {topic}"), closing(connection.consumer()) as consumer:
        return int(consumer.beginning_offsets([place])[place])


def end_of(connection: Connection, topic: str, partition: int) -> int:
    """The offset after the last record of committed transactions."""
    place = TopicPartition(topic, partition)
    with connection.explained(f"reading {topic}"), closing(connection.consumer(committed=True)) as consumer:
        return int(consumer.end_offsets([place])[place])


class Tail:
    """Follows partition 0 of topics, from the offsets given; `heard(topic, record)` is called in its thread.

    Delivery: every record once, in order within a topic. While the broker is away nothing comes.
    """

    def __init__(self, connection: Connection, starts: Mapping[str, int], heard: Callable[[str, Any], None]) -> None:
        """Unavailable when no broker answers."""
        self.failed: BaseException | None = None
        self._heard, self._stop = heard, threading.Event()
        with connection.explained("following the exchange"):
            self._consumer = connection.consumer(fetch_max_wait_ms=POLL_MS)
        places = {TopicPartition(topic, 0): start for topic, start in starts.items()}
        self._consumer.assign(list(places))
        for place, start in places.items():
            self._consumer.seek(place, start)
        self._thread = threading.Thread(target=self._run, name="tail", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                for place, records in self._consumer.poll(timeout_ms=POLL_MS).items():
                    for record in records:
                        self._heard(place.topic, record)
        except (errors.KafkaError, OSError) as problem:
            self.failed = problem
        finally:
            self._consumer.close()

    def close(self) -> None:
        """Stop following."""
        self._stop.set()
        self._thread.join(timeout=10)
