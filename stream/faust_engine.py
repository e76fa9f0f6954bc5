"""How does Faust run a worker? It joins the group, brings records and partitions; what is done with them is elsewhere.

The only file that knows Faust. Measured of faust-streaming 0.15.3 (docs/decisions/0013-kafka-and-faust.md):

* An event of its own costs 60 to 80 us. `_Consumer.getmany` therefore gives Faust one message for each partition and
  fetch, whose value is the list of its records; subscription, groups, flow control and agents are Faust's own.
* With concurrency over 1, or with its own acknowledgements, it commits past what is not in a checkpoint. Both agents
  have concurrency 1 and topics without acknowledgements; the group's offset is committed with the checkpoint
  (`stream/publisher.py`), and after a rebalance every partition is read from where its state stands.
* An exception in an agent would acknowledge and skip the message: agents only hand over, and what fails in a turn ends
  the worker.
* Its tables, its web server and its leader topic are off; partitions are dealt out by Kafka's sticky assignor.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple, Protocol, cast

import faust
from aiokafka.coordinator.assignors.sticky.sticky_assignor import StickyPartitionAssignor
from aiokafka.errors import IllegalStateError
from faust.tables.recovery import RebalanceAgain
from faust.transport.drivers import aiokafka as driver
from faust.types.auth import AuthProtocol
from faust.types.tuples import TP, ConsumerMessage

from stream.kafka_clients import Connection

QUIET = ("faust", "mode", "aiokafka")
REST_S = 0.05  # between two looks whether a rebalance has ended
FETCH_BYTES = 524_288  # of a partition at a time: a second of crossings at full speed, so that no turn is long


class Driven(Protocol):
    """What the engine drives. `take` and `position` come in the loop's thread, the two that block in another."""

    def take(self, topic: str, partition: int, records: list[Any]) -> None:
        """Records that came, in order."""

    def position(self, topic: str, partition: int) -> int | None:
        """From where on records are wanted; None when none are: not here, or being handed over."""

    def give_up(self) -> None:
        """A rebalance begins: make everything safe."""

    def rest(self) -> None:
        """A rebalance is still under way; what this raises ends the run."""

    def take_over(self, partitions: Mapping[str, set[int]]) -> None:
        """It has ended: have these partitions of each topic, and no others."""


class Reach(NamedTuple):
    """Where the brokers are, and how one is let in: what Faust and aiokafka want for it."""

    bootstrap: tuple[str, ...]
    credentials: Any = None


def credentials(connection: Connection, context: ssl.SSLContext | None) -> Any:
    """For `Reach`: how the connection's login is said to Faust."""
    if not connection.security.startswith("SASL"):
        return faust.SSLCredentials(context)
    given = faust.SASLCredentials(
        username=connection.username, password=connection.password, mechanism=connection.mechanism, ssl_context=context
    )
    given.protocol = AuthProtocol.SASL_SSL if context is not None else AuthProtocol.SASL_PLAINTEXT
    return given


class _Thread(driver.AIOKafkaConsumerThread):
    def _create_worker_consumer(self, transport: Any) -> Any:
        consumer = super()._create_worker_consumer(transport)
        # Faust deals partitions anew from nothing at each rebalance: every worker would restore most of its state
        consumer._partition_assignment_strategy = [StickyPartitionAssignor]
        return consumer

    async def seek_here(self, partition: TP, offset: int) -> None:
        """Called in this thread. IllegalStateError when the partition has gone."""
        self.seek(partition, offset)


class _Batch(NamedTuple):
    """Records of one partition that follow each other, and from which offset on nothing is missing before them."""

    since: int | None  # None: nobody knows
    records: list[Any]


class _Consumer(driver.Consumer):
    """Faust's, with one message a partition and fetch (see the module), and with a proof that nothing is missing.

    Each batch says from where on it was read without a gap. One that does not follow what the driver has is not handed
    over: whatever Faust dropped before it, everything is sought again where the states stand.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.astray = False  # seek before the next fetch
        self._read_to: dict[TP, int] = {}  # since the last seek
        self._seeks = 0  # begun and ended
        self._seeking = asyncio.Lock()

    def _new_consumer_thread(self) -> Any:
        return _Thread(self, loop=self.loop, beacon=self.beacon)

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, Any]]:  # noqa: ASYNC109 (Faust's signature)
        """As Faust's own, but nothing that was fetched of a partition that is paused meanwhile is dropped."""
        if self.astray and self.flow_active:
            with suppress(IllegalStateError):  # a partition has gone meanwhile
                await self._go_back()
        seeks = self._seeks
        fetched: Any = await self._wait_next_records(timeout)  # Faust's types say less than it may give
        generation = self.app.consumer_generation_id
        records, _ = fetched
        if not records:  # for a second, so that what came before has been handed over
            self.astray = self.astray or any(self._wanted(tp, end) < end for tp, end in self._read_to.items())
            return
        if not self.flow_active or self.astray or seeks != self._seeks or self._seeking.locked():
            self.astray = True  # whether these were read before or after a seek, nobody knows
            return
        batches = {tp: _Batch(self._read_to.get(tp), found) for tp, found in records.items()}
        self._read_to.update({tp: found[-1].offset + 1 for tp, found in records.items()})
        for tp, batch in batches.items():
            if self._is_stale(generation):
                break
            last: Any = batch.records[-1]
            yield tp, ConsumerMessage(
                tp.topic, tp.partition, last.offset, last.timestamp / 1000, last.timestamp_type, None, None,
                cast("Any", batch), None, 0, 0, tp, generation_id=generation,
            )  # fmt: skip

    async def _getmany(self, active_partitions: set[TP] | None, timeout: float) -> Any:  # noqa: ASYNC109 (likewise)
        """The consumer's thread gets a set of its own: `pause` changes Faust's while that thread goes through it."""
        return await super()._getmany(None if active_partitions is None else set(active_partitions), timeout)

    def _is_stale(self, generation: int) -> bool:
        """Whether a rebalance has begun since records were fetched: they are read again by whoever has them then."""
        return not self.flow_active or self.app.consumer_generation_id != generation

    async def perform_seek(self) -> None:
        """To the committed offsets, as Faust does, and then to where our states stand."""
        await super().perform_seek()
        await self._go_back()
        if not cast("_App", self.app).is_settled:
            raise RebalanceAgain  # or Faust would resume in the middle of it

    async def _go_back(self) -> None:
        """To where the states stand, in all partitions that are here and not being handed over."""
        async with self._seeking:
            self.astray = True
            self._seeks += 1
            self._read_to.clear()
            for tp in self.assignment():
                offset = self._wanted(tp, -1)
                if offset >= 0:
                    await self.seek(tp, offset)
                    self._read_to[tp] = offset
            self._seeks += 1
            self.astray = False

    def _wanted(self, tp: TP, otherwise: int) -> int:
        """From where on the driver wants records; `otherwise` where it wants none."""
        offset = cast("_App", self.app).driven.position(tp.topic, tp.partition)
        return otherwise if offset is None else offset

    async def _seek(self, partition: TP, offset: int) -> None:
        """In the consumer's thread: Faust seeks from here, and takes away what that thread is looking at."""
        await self._thread.call_thread(cast("_Thread", self._thread).seek_here, partition, offset)


class _Transport(driver.Transport):
    Consumer = _Consumer


class _App(faust.App):
    driven: Driven
    settled = 0  # the newest rebalance after which the partitions were taken over

    @property
    def is_settled(self) -> bool:
        """Whether no other has begun since."""
        return self.settled == self.rebalancing_count

    def _new_transport(self) -> Any:
        return _Transport(self.conf.broker_consumer, self)


class Engine:
    """One member of the group. `run` until `stop` is called or `pump` raises."""

    def __init__(
        self, reach: Reach, group: str, topics: list[str], driven: Driven, *, folder: Path, session_s: float
    ) -> None:
        """`folder`: Faust makes one for its tables, of which there are none."""
        for name in QUIET:
            if logging.getLogger(name).level == logging.NOTSET:
                logging.getLogger(name).setLevel(logging.CRITICAL)
        self.app = _App(
            group, broker=[f"kafka://{address}" for address in reach.bootstrap], broker_credentials=reach.credentials,
            datadir=folder, autodiscover=False, web_enabled=False, topic_disable_leader=True, topic_allow_declare=False,
            consumer_auto_offset_reset="earliest", consumer_max_fetch_size=FETCH_BYTES,
            broker_session_timeout=session_s, broker_heartbeat_interval=session_s / 5,
            broker_request_timeout=max(30.0, session_s + 5),
        )  # fmt: skip
        self.app.driven = self._driven = driven
        self._busy = asyncio.Lock()  # a rebalance is under way
        self._failure: Exception | None = None
        self._have_partitions = asyncio.Condition()
        self._taking: asyncio.Task[None] | None = None  # kept, or it could be collected before it is done
        for name in topics:
            channel = self.app.topic(name, value_serializer="raw", key_serializer="raw", acks=False)
            self.app.agent(channel, name=f"{name}.agent", concurrency=1)(self._agent)
        self.app.on_partitions_revoked.connect(self._revoked, weak=False)
        self.app.on_rebalance_complete.connect(self._wait_for_partitions, weak=False)
        self.app.on_partitions_assigned.connect(self._assigned, weak=False)  # type: ignore[arg-type]
        self._topics = topics

    async def _agent(self, stream: Any) -> None:
        async for event in stream.noack().events():
            topic, partition, (since, records) = event.message.topic, event.message.partition, event.message.value
            try:
                wanted = self._driven.position(topic, partition)
                if wanted is not None and (since is None or since > wanted):
                    cast("_Consumer", self.app.consumer).astray = True
                elif wanted is not None:
                    self._driven.take(topic, partition, records)
            except Exception as problem:  # noqa: BLE001 - Faust would go on with the next message; `run` ends with it
                self._failure = self._failure or problem

    async def _revoked(self, *_: Any, **__: Any) -> None:
        async with self._busy:
            await asyncio.get_running_loop().run_in_executor(None, self._driven.give_up)

    async def _assigned(self, _: Any, *args: Any, **__: Any) -> None:
        assigned: set[TP] = args[0]
        partitions = {name: {tp.partition for tp in assigned if tp.topic == name} for name in self._topics}
        # not awaited: aiokafka sends no heartbeats until this returns, and states may take longer than a session
        self._taking = asyncio.create_task(self._take_over(partitions, self.app.rebalancing_count))

    async def _take_over(self, partitions: Mapping[str, set[int]], rebalance: int) -> None:
        async with self._busy:
            try:
                await asyncio.get_running_loop().run_in_executor(None, self._driven.take_over, partitions)
            except Exception as problem:  # noqa: BLE001 - `run` ends with it
                self._failure = self._failure or problem
            self.app.settled = rebalance
        async with self._have_partitions:
            self._have_partitions.notify_all()

    async def _wait_for_partitions(self, *_: Any, **__: Any) -> None:
        """Faust asks here before it seeks and resumes, which it would do while the states are still being restored.

        It would also do so when the next rebalance has begun meanwhile, and what it then brings would go nowhere.
        """
        async with self._have_partitions:
            await self._have_partitions.wait_for(lambda: self.app.is_settled)

    def end_of(self, topic: str, partition: int) -> int | None:
        """The end of a partition as the last fetch told it."""
        tp = TP(topic, partition)
        try:
            return self.app.consumer.highwater(tp) if tp in self.app.consumer.assignment() else None
        except (KeyError, AssertionError, AttributeError):
            return None

    def pause(self, topic: str, partitions: set[int]) -> None:
        """Fetch nothing of just these partitions of a topic for now."""
        consumer: Any = self.app.consumer
        mine = {tp for tp in consumer.assignment() if tp.topic == topic}
        wanted = {tp for tp in mine if tp.partition in partitions}
        paused = mine & consumer._paused_partitions
        if wanted - paused:
            consumer.pause_partitions(wanted - paused)
        if paused - wanted:
            consumer.resume_partitions(paused - wanted)

    async def run(self, pump: Callable[[], Any], stop: Callable[[], bool]) -> None:
        """Join the group, call `pump` again and again outside of rebalances, and leave. What `pump` raises ends it."""
        await self.app.start()
        try:
            while self._failure is None and not stop() and not self.app.should_stop:
                if self._busy.locked():
                    self._driven.rest()
                    await asyncio.sleep(REST_S)
                    continue
                async with self._busy:
                    await pump()
            if self._failure is not None:
                raise self._failure
            if self.app._crash_reason is not None:
                raise self.app._crash_reason
        finally:
            await self.app.stop()
