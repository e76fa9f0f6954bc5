"""How does what a worker has to say get to Kafka? One thread writes it all, in the order in which it was said.

* `send`: packets for the port stage and words for the exchange. Idempotent, at least once: after a crash the same is
  said again, and whoever hears it knows it by its offsets.
* `commit`: alerts, notices, rejects, checkpoints. In a transaction of the partition they belong to. Opening a
  partition's outlet fences whoever had it before: a worker that was only thought dead can commit nothing any more.

A checkpoint is committed after everything that was sent before it is acknowledged, so what it holds as done has been
said. Delivery of what is committed: exactly once for readers of committed records, where the caller leaves out what
`Outlet.said` knows to have been committed after the checkpoint that it goes on from.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from kafka import KafkaProducer, TopicPartition, errors
from kafka.structs import OffsetAndMetadata

from stream.delivery import Delivery
from stream.kafka_clients import Connection

Headers = list[tuple[str, bytes]]
FENCED = (errors.ProducerFencedError, errors.InvalidProducerEpochError)
TRANSACTION_MS = 60_000
MOST_JOBS = 1_000  # taken together
BACKOFF_MS = 5  # a broker that still ends the transaction before asks to try again; the library's 100 is far too long


class Output(NamedTuple):
    """One record; `value` is made in the publisher's thread where it is a function, None deletes the key."""

    topic: str
    partition: int
    key: bytes | None
    value: bytes | Callable[[], bytes] | None
    headers: Headers


@dataclass
class Outlet:
    """A partition's transactions, from `Publisher.open` on."""

    name: str
    producer: KafkaProducer
    ends: dict[str, int] = field(default_factory=dict)  # topic -> the offset after the last record committed here
    lost: bool = False  # fenced: another worker has the partition


class _Job(NamedTuple):
    outlet: Outlet | None  # None: idempotent, outside of transactions
    outputs: list[Output]
    position: tuple[str, int, int] | None  # topic, partition, offset: a checkpoint's
    done: Callable[[], None] | None


class Publisher:
    """Writes what it is given until `close`; `failed` is set by what cannot be written."""

    def __init__(
        self, connection: Connection, group: str, topics: tuple[str, ...], *, on_lost: Callable[[Outlet], None]
    ) -> None:
        """`topics`: those that `send` writes. Unavailable when no broker answers."""
        self._connection, self._group, self._on_lost = connection, group, on_lost
        self._delivery = Delivery(connection, topics, linger_ms=0)
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self.failed: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="publisher", daemon=True)
        self._thread.start()

    def open(self, name: str) -> Outlet:
        """Take over the transactions called `name`: what an earlier owner had not committed is undone."""
        with self._connection.explained(f"taking over {name}"):
            producer = self._connection.producer(
                transactional_id=name, linger_ms=0, transaction_timeout_ms=TRANSACTION_MS, retry_backoff_ms=BACKOFF_MS
            )
            producer.init_transactions()
        return Outlet(name, producer)

    def send(self, outputs: list[Output]) -> None:
        """Say it, at least once."""
        self._jobs.put(_Job(None, outputs, None, None))

    def commit(
        self, outlet: Outlet, outputs: list[Output], *, position: tuple[str, int, int] | None = None,
        done: Callable[[], None] | None = None,
    ) -> None:  # fmt: skip
        """Write it in one transaction; with `position`, a checkpoint, also the group's offset. Then call `done`."""
        self._jobs.put(_Job(outlet, outputs, position, done))

    def wait(self) -> None:
        """Return when everything said so far is written, or something failed."""
        reached = threading.Event()
        self._jobs.put(_Job(None, [], None, reached.set))
        while not reached.wait(0.1) and self._thread.is_alive():
            pass

    def _run(self) -> None:
        try:
            while True:
                jobs = [self._jobs.get()]
                while not self._jobs.empty() and len(jobs) < MOST_JOBS:
                    jobs.append(self._jobs.get())
                for job in together(jobs):
                    if job is None:
                        return
                    self._write(job)
        except BaseException as problem:  # noqa: BLE001 - the worker looks at `failed` and ends; nothing is swallowed
            self.failed = problem

    def _write(self, job: _Job) -> None:
        if job.outlet is None:
            self._send(job.outputs)
        elif not job.outlet.lost:
            try:
                self._commit(job.outlet, job)
            except FENCED:
                job.outlet.lost = True
                self._on_lost(job.outlet)
        if job.done is not None:
            job.done()

    def _send(self, outputs: list[Output]) -> None:
        by_topic: dict[str, list[Any]] = {}
        for topic, partition, key, value, headers in outputs:
            by_topic.setdefault(topic, []).append((_bytes(value), key, partition, headers))
        for topic, records in by_topic.items():
            self._delivery.send_all(topic, records)

    def _commit(self, outlet: Outlet, job: _Job) -> None:
        if job.position is not None:
            self._delivery.flush()
        producer, sent = outlet.producer, []
        try:
            producer.begin_transaction()
            for topic, partition, key, value, headers in job.outputs:
                made = None if value is None else _bytes(value)
                sent.append((topic, producer.send(topic, made, key=key, headers=headers, partition=partition)))
            if job.position is not None:
                topic, partition, offset = job.position
                place = {TopicPartition(topic, partition): OffsetAndMetadata(offset, "", -1)}
                _finish(producer, producer._transaction_manager.send_offsets_to_transaction(place, self._group))
            _finish(producer, producer._transaction_manager.begin_commit())
        except FENCED:
            raise
        except errors.KafkaError as problem:
            if any(kind.__name__ in str(problem) for kind in FENCED):  # the library's word for an earlier failure
                raise errors.ProducerFencedError(str(problem)) from problem
            raise self._connection.explain(problem, f"writing for {outlet.name}") from problem
        for topic, future in sent:
            outlet.ends[topic] = future.value.offset + 1

    def shut(self, outlet: Outlet) -> None:
        """The partition is somebody else's now."""
        outlet.producer.close(timeout=1)

    def close(self) -> None:
        """Write what is left, then end."""
        self._jobs.put(None)
        self._thread.join(timeout=30)
        self._delivery.close()


def together(jobs: Sequence[_Job | None]) -> Iterator[_Job | None]:
    """The same in the same order, outputs of one outlet that follow each other as one job; a checkpoint alone."""
    held: _Job | None = None
    for job in jobs:
        plain = job is not None and job.position is None and job.done is None
        if held is not None and job is not None and plain and job.outlet is held.outlet:
            held.outputs.extend(job.outputs)
            continue
        if held is not None:
            yield held
        held = job if plain else None
        if not plain:
            yield job
    if held is not None:
        yield held


def _finish(producer: KafkaProducer, result: Any) -> None:
    """Wait for a step of a transaction as the library does, but no longer than the broker keeps a transaction.

    The library (3.0.12) waits for ever, and after a network that was away there are batches that it never sends.
    """
    producer._sender.wakeup()
    if not result.wait(TRANSACTION_MS):
        raise errors.KafkaTimeoutError(f"a transaction was not done after {TRANSACTION_MS // 1000} s")


def _bytes(value: bytes | Callable[[], bytes] | None) -> bytes:
    assert value is not None
    return value if isinstance(value, bytes) else value()
