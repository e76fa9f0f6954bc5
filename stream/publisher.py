"""How does what a worker has to say get to Kafka?

* `send`: packets for the port stage and words for the exchange. Idempotent, at least once: after a crash the same is
  said again, and whoever hears it knows it by its offsets.
* `commit`: alerts, notices, rejects, checkpoints. In a transaction of the partition they belong to. Opening a
  partition's outlet fences whoever had it before: a worker that was only thought dead can commit nothing any more.

What is sent has a lane of its own, and so has each outlet (`stream/lanes.py`): an alert waits for what its own
partition said before, not for the checkpoint of another. A checkpoint is committed after everything that was sent
before it is acknowledged, so what it holds as done has been said. Delivery of what is committed: exactly once for
readers of committed records, where the caller leaves out what `Home.said` knows to have been committed after the
checkpoint that it goes on from.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from kafka import KafkaProducer, TopicPartition, errors
from kafka.structs import OffsetAndMetadata

from stream.delivery import Delivery
from stream.kafka_clients import Connection
from stream.lanes import Job, Lane, Output

FENCED = (errors.ProducerFencedError, errors.InvalidProducerEpochError)
TRANSACTION_MS = 60_000
PROBE_MS = 7_500
PROBES, CHECKPOINT_PROBES = 2, 8  # a transaction that takes longer is given up when the broker answers so often
CLOSE_S = 30.0
BACKOFF_MS = 5  # a broker that still ends the transaction before asks to try again; the library's 100 is far too long


@dataclass
class Outlet:
    """A partition's transactions, from `Publisher.open` on."""

    name: str
    producer: KafkaProducer
    lane: Lane
    ends: dict[str, int] = field(default_factory=dict)  # topic -> the offset after the last record committed here
    lost: bool = False  # fenced: another worker has the partition


class Publisher:
    """Writes what it is given until `close`; `failed` is set by what cannot be written."""

    def __init__(
        self, connection: Connection, group: str, topics: tuple[str, ...], *, on_lost: Callable[[Outlet], None]
    ) -> None:
        """`topics`: those that `send` writes. Unavailable when no broker answers."""
        self._connection, self._group, self._on_lost = connection, group, on_lost
        self._delivery = Delivery(connection, topics, linger_ms=0)
        self.failed: BaseException | None = None
        self._speech = Lane("speech", self._say, self._fail)
        self._outlets: list[Outlet] = []

    def open(self, name: str) -> Outlet:
        """Take over the transactions called `name`: what an earlier owner had not committed is undone."""
        with self._connection.explained(f"taking over {name}"):
            producer = self._connection.producer(
                transactional_id=name, linger_ms=0, transaction_timeout_ms=TRANSACTION_MS, retry_backoff_ms=BACKOFF_MS
            )
            producer.init_transactions()
        outlet = Outlet(name, producer, Lane(name, lambda job: self._write(outlet, job), self._fail))
        self._outlets.append(outlet)
        return outlet

    def send(self, outputs: list[Output]) -> None:
        """Say it, at least once."""
        self._speech.put(Job(outputs))

    def commit(
        self, outlet: Outlet, outputs: list[Output], *, position: tuple[str, int, int] | None = None,
        done: Callable[[], None] | None = None,
    ) -> None:  # fmt: skip
        """Write it in one transaction; with `position`, a checkpoint, also the group's offset. Then call `done`."""
        said = None
        if position is not None:
            said = threading.Event()
            self._speech.put(Job([], done=said.set))
        outlet.lane.put(Job(outputs, position, said, done))

    def wait(self) -> None:
        """Return when everything said so far is written, or something failed."""
        reached = [threading.Event() for _ in range(1 + len(self._outlets))]
        lanes = [self._speech, *(outlet.lane for outlet in self._outlets)]
        for lane, event in zip(lanes, reached, strict=True):
            lane.put(Job([], done=event.set))
        for event in reached:
            self._await(event)

    @property
    def unwritten(self) -> int:
        """What was said and is not written yet."""
        return self._speech.waiting + sum(outlet.lane.waiting for outlet in self._outlets)

    def _await(self, event: threading.Event) -> bool:
        """Whether it came; not, when something failed."""
        while not event.wait(0.1):
            if self.failed is not None:
                return False
        return True

    def _fail(self, problem: BaseException) -> None:
        self.failed = self.failed or problem

    def _say(self, job: Job) -> None:
        """In the lane of what is sent; `done` is called when all before it is acknowledged."""
        self._send(job.outputs)
        if job.done is not None:
            self._delivery.flush()
            job.done()

    def _write(self, outlet: Outlet, job: Job) -> None:
        """In the outlet's lane."""
        if job.after is not None and not self._await(job.after):
            return
        if not outlet.lost and (job.outputs or job.position is not None):
            try:
                self._commit(outlet, job)
            except FENCED:
                outlet.lost = True
                self._on_lost(outlet)
        if job.done is not None:
            job.done()

    def _send(self, outputs: list[Output]) -> None:
        by_topic: dict[str, list[Any]] = {}
        for topic, partition, key, value, headers in outputs:
            by_topic.setdefault(topic, []).append((_bytes(value), key, partition, headers))
        for topic, records in by_topic.items():
            self._delivery.send_all(topic, records)

    def _commit(self, outlet: Outlet, job: Job) -> None:
        producer, sent = outlet.producer, []
        probes = PROBES if job.position is None else CHECKPOINT_PROBES  # which may be large
        try:
            producer.begin_transaction()
            for topic, partition, key, value, headers in job.outputs:
                made = None if value is None else _bytes(value)
                sent.append((topic, producer.send(topic, made, key=key, headers=headers, partition=partition)))
            if job.position is not None:
                topic, partition, offset = job.position
                place = {TopicPartition(topic, partition): OffsetAndMetadata(offset, "", -1)}
                self._finish(
                    producer, probes, producer._transaction_manager.send_offsets_to_transaction(place, self._group)
                )
            self._finish(producer, probes, producer._transaction_manager.begin_commit())
        except FENCED:
            raise
        except errors.KafkaError as problem:
            if any(kind.__name__ in str(problem) for kind in FENCED):  # the library's word for an earlier failure
                raise errors.ProducerFencedError(str(problem)) from problem
            raise self._connection.explain(problem, f"writing for {outlet.name}") from problem
        for topic, future in sent:
            outlet.ends[topic] = future.value.offset + 1

    def _finish(self, producer: KafkaProducer, probes: int, result: Any) -> None:
        """Wait for a step of a transaction, as long as the broker is away, but not for ever when it is there.

        The library (3.0.12) waits for ever, and after a broker or a network was away there are batches that it never
        sends. Who goes on after that is whoever is started next.
        """
        producer._sender.wakeup()
        deadline, answered = time.monotonic() + TRANSACTION_MS / 1000, 0
        while not result.wait(PROBE_MS):
            answered = answered + 1 if self._answers() else 0
            if answered == probes or time.monotonic() > deadline:
                raise errors.KafkaTimeoutError("a transaction is not done, although the broker had time for it")

    def _answers(self) -> bool:
        try:
            self._connection.consumer().close()
        except errors.KafkaError:
            return False
        return True

    def shut(self, outlet: Outlet) -> None:
        """The partition is somebody else's now."""
        self._outlets.remove(outlet)
        outlet.lane.end()
        outlet.producer.close(timeout=1)

    def close(self) -> None:
        """Write what is left, then end."""
        lanes = [*(outlet.lane for outlet in self._outlets), self._speech]
        for lane in lanes:
            lane.end()
        deadline = time.monotonic() + CLOSE_S
        for lane in lanes:
            lane.join(max(0.0, deadline - time.monotonic()))
        self._delivery.close()


def _bytes(value: bytes | Callable[[], bytes] | None) -> bytes:
    assert value is not None
    return value if isinstance(value, bytes) else value()
