"""How do records get to Kafka so that none is missing, and none stands before an earlier one of its partition?

What is written of a partition is always a beginning of what was sent: a record is written after all before it, or not
at all. So a crash, or a broker that does not come back, leaves no gap, and whoever begins again from a place that was
acknowledged completes the partition; what then stands in it twice has the same mark twice.

kafka-python alone does not promise that. When a batch times out or its number in the sequence is refused, its
idempotent producer starts a new epoch and goes on with the next batch (`Sender._dispatch_error`, 3.0.12). Here the
first failure stops the producer, in the thread that writes, before it takes another batch.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from contextlib import closing
from typing import Any

from kafka import TopicPartition, errors

from schemas.errors import Unavailable
from stream.kafka_clients import Connection

PATIENCE_S = 120.0
LATEST_ACK_MS = 600_000  # the library must not give up a batch before we do: it would go on with the next
ASK_S = 0.25
LEAVE_S = 10.0  # when asked to stop, what is on its way gets so long


class Delivery:
    """A producer that writes a beginning of what it was given, in order within each partition.

    Delivery: after `flush` everything sent before is acknowledged, once; after an exception or a crash each partition
    holds a beginning of it. A broker may be away for `patience_s`.
    """

    def __init__(
        self,
        connection: Connection,
        topics: Iterable[str] = (),
        *,
        linger_ms: int = 20,
        patience_s: float = PATIENCE_S,
        leave_s: float = LEAVE_S,
        stop: threading.Event | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """Unavailable when no broker answers. Once `stop` is set a flush waits `leave_s` only.

        `topics` are asked for now, so that no first record has to wait for a broker that is away just then.
        """
        self._connection, self._patience_s, self._leave_s, self._now = connection, patience_s, leave_s, now
        self._stop = stop or threading.Event()
        self._failure: BaseException | None = None
        self._last: dict[tuple[str, int], Any] = {}  # the future of the last record
        self._ends: dict[tuple[str, int], int] = {}
        with connection.explained("connecting"):
            self._producer = connection.producer(linger_ms=linger_ms, latest_ack_ms=LATEST_ACK_MS)
        try:
            for topic in topics:
                self.partitions(topic)
        except BaseException:
            self.close()
            raise

    def partitions(self, topic: str) -> int:
        """How many partitions the topic has."""
        with self._connection.explained(f"writing {topic}"):
            return len(self._producer.partitions_for(topic))

    def send(self, topic: str, value: bytes, *, key: bytes | None = None, partition: int = 0) -> None:
        """One record, on its way."""
        self.send_all(topic, [(value, key, partition, [])])

    def send_all(self, topic: str, records: Iterable[tuple[bytes, bytes | None, int, list[tuple[str, bytes]]]]) -> None:
        """Records (value, key, partition, headers), on their way; Unavailable when an earlier one failed."""
        send, fail, last = self._producer.send, self._fail, self._last
        try:
            for value, key, partition, headers in records:
                future = send(topic, value=value, key=key, headers=headers, partition=partition)
                future.add_errback(fail)
                last[topic, partition] = future
        except errors.KafkaError as problem:  # closed by a failure, or larger than any request may be
            raise self._explained(self._failure or problem) from problem
        if self._failure is not None:
            raise self._explained(self._failure)

    def _fail(self, problem: BaseException) -> None:
        """In the library's thread, on the first failure: nothing after it may be written."""
        if self._failure is None:
            self._failure = problem
            # what KafkaProducer.close(timeout=0) would do, if it did not wait for all records before (3.0.12)
            self._producer._sender.force_close()

    def flush(self) -> None:
        """Return when all that was sent is acknowledged; Unavailable when that failed or took too long."""
        deadline = self._now() + self._patience_s
        while self._failure is None:
            try:
                self._producer.flush(timeout=ASK_S)
                break
            except (errors.KafkaTimeoutError, errors.UnknownError):  # not yet
                if self._stop.is_set():
                    deadline = min(deadline, self._now() + self._leave_s)
                if self._now() > deadline:
                    self._fail(errors.KafkaTimeoutError("what was sent is not acknowledged"))
        if self._failure is not None:
            raise self._explained(self._failure)
        for (topic, partition), future in self._last.items():
            offset = future.value.offset
            # a broker that has forgotten where it wrote a batch says that it has it, and no more
            self._ends[topic, partition] = offset + 1 if offset >= 0 else self._end_now(topic, partition)
        self._last.clear()

    def _end_now(self, topic: str, partition: int) -> int:
        place = TopicPartition(topic, partition)
        with self._connection.explained(f"asking for the end of {topic}"), closing(self._connection.consumer()) as asks:
            return int(asks.end_offsets([place])[place])

    def ends(self, topic: str) -> dict[int, int]:
        """Partition -> the offset after the last record that was flushed, for those that got any."""
        return {partition: end for (name, partition), end in self._ends.items() if name == topic}

    def _explained(self, problem: BaseException) -> Exception:
        found = self._connection.explain(problem, "writing")
        return found if isinstance(problem, errors.KafkaError) else Unavailable(f"writing: {problem}")

    def close(self) -> None:
        """Let go of the broker at once; call `flush` first for what must arrive."""
        self._producer._sender.force_close()
        self._producer.close(timeout=LEAVE_S)
