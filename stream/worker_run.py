"""How does a worker run on an engine? It hands records over, takes turns, rests in rebalances, notices when stuck."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, NamedTuple

from schemas.errors import Unavailable
from stream.exchange import FIRST
from stream.intake import Record
from stream.kafka_clients import Connection
from stream.messages import MARK_HEADER, Mark
from stream.topic_log import Tail, read_all
from stream.topics import Topics
from stream.worker import Worker

TICK_S = 0.02  # a turn is taken at least so often: idle partitions, checkpoints
PACE_S = 0.02  # from one turn to the next, so that a turn finds a batch worth its price
APART_S = 30.0  # so often, what has come to stay is kept from the garbage collector
CYCLES = 50  # of the loop between two turns that took longer than that


REST = 5  # times the patience: so long may partitions be handed over and restored


class Watchdog:
    """Says when a worker has something to read and has not moved for `patience_s`, or rests for `REST` times that."""

    def __init__(self, now: Callable[[], float], patience_s: float) -> None:
        self._now, self._patience_s = now, patience_s
        self._moved, self._since = -1, now()
        self._resting_since: float | None = None

    def look(self, moved: int, *, behind: bool) -> None:
        """Unavailable when it is stuck: whoever started the worker starts it again, and its partitions move on."""
        now = self._now()
        if moved != self._moved or not behind or self._resting_since is not None:
            self._moved, self._since, self._resting_since = moved, now, None
        if now - self._since > self._patience_s:
            raise Unavailable(
                f"the worker has not moved for {self._patience_s:.0f} s although records wait; it ends to be started "
                "again (setting worker_stuck_s)"
            )

    def rest(self) -> None:
        """Partitions are being handed over; Unavailable when that does not end."""
        now = self._now()
        since = self._resting_since = now if self._resting_since is None else self._resting_since
        if now - since > REST * self._patience_s:
            raise Unavailable(
                f"the worker has waited {REST * self._patience_s:.0f} s for its partitions; it ends to be "
                f"started again ({REST} times the setting worker_stuck_s)"
            )


class EngineView(NamedTuple):
    """What a run asks of the engine."""

    end_of: Callable[[str, int], int | None]
    pause: Callable[[str, set[int]], None]


class WorkerRun:
    """A worker as the engine drives it (`stream.faust_engine.Driven`)."""

    def __init__(self, worker: Worker, connection: Connection, topics: Topics, watchdog: Watchdog) -> None:
        self.worker, self._connection, self._topics, self._watchdog = worker, connection, topics, watchdog
        self.ready = threading.Event()  # partitions are here
        self.report: Callable[[], None] = lambda: None  # called at every turn
        self._resting = threading.Event()
        self._wake: asyncio.Event | None = None  # set by all that comes
        self._word: asyncio.Event | None = None  # and this by the words of others
        self._loop: asyncio.AbstractEventLoop | None = None
        self._began = self._apart_at = 0.0  # the last turn, by the loop's clock; the last `_set_apart`
        self._tail: Tail | None = None
        self._engine: EngineView | None = None

    @property
    def working(self) -> bool:
        """Partitions are here and not being handed over."""
        return self.ready.is_set() and not self._resting.is_set()

    def drive(self, engine: EngineView) -> None:
        """The engine that this runs on."""
        self._engine = engine
        self.worker.end_of = engine.end_of

    def take(self, topic: str, partition: int, records: list[Any]) -> None:
        """Records from the engine, that follow those before."""
        if topic == self._topics.crossings:
            self.worker.take_crossings(partition, [_record(record) for record in records])
        else:
            self.worker.take_packets(partition, [(record.offset, record.value or b"") for record in records])
        if self._wake is not None:
            self._wake.set()

    def position(self, topic: str, partition: int) -> int | None:
        """From where on records are wanted. In a rebalance none are: they are read again from where the state is."""
        return None if self._resting.is_set() else self.worker.position(topic, partition)

    def give_up(self) -> None:
        """Save everything: after this any partition may be somebody else's."""
        self._resting.set()
        self.worker.tenants.save_all()

    def take_over(self, partitions: Mapping[str, set[int]]) -> None:
        """Have these partitions."""
        topics, tenants = self._topics, self.worker.tenants
        if self._tail is not None:
            self._tail.close()
        if self.worker.ports.is_open:
            self.worker.ports.learn(self.worker.agreed.codes())
        start = tenants.settle(partitions[topics.crossings], partitions[topics.assessed])
        for record in read_all(self._connection, topics.exchange, start=start):
            self.worker.take_word(record.offset, record.value)
        starts = {topics.exchange: tenants.exchange_to}
        if FIRST in tenants.at_ports:
            first = tenants.at_ports[FIRST]
            # those that are there are heard before any crossing of their time is decided
            for record in read_all(self._connection, topics.dispositions, start=first.dispositions_from, strict=False):
                self.worker.take_disposition(record)
            starts[topics.dispositions] = first.dispositions_from
        self._tail = Tail(self._connection, starts, self._hear)
        self.worker.settled()
        gc.unfreeze()
        _set_apart()
        self._resting.clear()
        self.ready.set()

    def _hear(self, topic: str, record: Any) -> None:
        """In the tail's thread."""
        self.worker.heard.append((topic, record))
        if self._loop is not None and self._wake is not None and self._word is not None:
            with suppress(RuntimeError):  # the loop has ended meanwhile
                self._loop.call_soon_threadsafe(self._word.set)
                self._loop.call_soon_threadsafe(self._wake.set)

    async def pump(self) -> None:
        """One turn, when there is something to do or a tick has passed."""
        if self._wake is None or self._word is None or self._loop is None:
            self._wake, self._word, self._loop = asyncio.Event(), asyncio.Event(), asyncio.get_running_loop()
        early_s = self._began + PACE_S - self._loop.time()
        if early_s > 0 and not self.worker.heard:
            with suppress(TimeoutError):  # what other partitions say opens hours: it is not kept waiting
                await asyncio.wait_for(self._word.wait(), early_s)
        else:
            for _ in range(CYCLES):  # the engine hands a message over in several steps, and each waits for its cycle
                await asyncio.sleep(0)
        if not self.worker.owes:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), TICK_S)
        self._wake.clear()
        self._word.clear()
        if self._resting.is_set() or not self.ready.is_set():
            self.rest()
            return
        self._began = self._loop.time()
        if self._began - self._apart_at > APART_S:
            self._apart_at = self._began
            _set_apart()
        self.worker.turn()
        self.report()
        assert self._engine is not None
        self._engine.pause(self._topics.crossings, self.worker.overfull())
        self._watchdog.look(self.worker.moved, behind=self.worker.behind())
        if self._tail is not None and self._tail.failed is not None:
            raise self._connection.explain(self._tail.failed, "following the exchange")

    def rest(self) -> None:
        """The engine is in a rebalance. Unavailable when it has been for too long."""
        self._watchdog.rest()

    def close(self) -> None:
        """Save everything and let go. Unavailable when it cannot be written, unless that was known before."""
        self._resting.set()
        publisher = self.worker.publisher
        was_well = publisher.failed is None
        if was_well:
            self.worker.tenants.save_all()
        if self._tail is not None:
            self._tail.close()
        publisher.close()
        if was_well and (publisher.failed is not None or publisher.unwritten):
            why = publisher.failed or "the broker does not answer"
            raise Unavailable(f"the worker ends with work that is not written ({why}); who goes on does it again")


def _set_apart() -> None:
    """What is here now stays; the garbage collector would look through all of it again and again (100 ms each time)."""
    gc.collect()
    gc.freeze()


def _record(record: Any) -> Record:
    mark = None
    for name, value in record.headers:
        if name == MARK_HEADER:
            try:
                mark = Mark.decode(value)
            except ValueError:
                mark = None
    return Record(record.offset, record.timestamp, record.value, mark)
